//! All mails inside a submission: attached, as files, inline, or the submission itself.
//!
//! Promises: every container is opened one level at a time within the limits; what cannot be opened but could hold a
//! proof is reported as an attachment, never passed over.
//! Rejected: looking only at the first forward; applicants forward for several offices in one mail.

mod attached;
pub mod attribution;
mod block;
mod dress;
mod finder;
mod glance;
pub mod inline;
pub mod label;
mod reading;
pub mod separator;
mod survey;

use std::borrow::Cow;
use std::sync::Arc;

use self::finder::Finder;
use super::message::Message;
use super::message::limits::Admission;
use super::rules::Rules;
use super::text::address::{Mailbox, mailbox, mailboxes};
use super::text::date::{Dated, date};
use super::text::encoded_word::decode_header;
use super::text::fold::visible;
use super::words::Carried;

pub use attached::{Attachment, Sort};

/// A mail found inside a submission, or the submission itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub from: Option<Mailbox>,
    pub to: Recipients,
    pub cc: Recipients,
    pub subject: Option<String>,
    pub date: Option<Dated>,
    /// The date as written.
    pub date_text: Option<String>,
    pub message_id: Option<String>,
    pub carried: Carried,
    /// How many forwards lie around it; 0 for the submission itself.
    pub depth: u8,
    /// Its own visible text, quote marks peeled, trimmed.
    pub body: String,
    /// Fields that must be single and are not (RFC 5322 section 3.6), of a whole mail.
    pub doubled_fields: Vec<&'static str>,
}

impl Original {
    /// A text without the lines that say whose mail it was.
    #[must_use]
    pub fn of_text(body: String) -> Self {
        Self {
            from: None,
            to: Recipients::default(),
            cc: Recipients::default(),
            subject: None,
            date: None,
            date_text: None,
            message_id: None,
            carried: Carried::Inline,
            depth: 1,
            body,
            doubled_fields: Vec::new(),
        }
    }
}

/// To whom an original went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipients {
    Read(Vec<Mailbox>),
    /// As a forwarded header block has them. The judgement asks for none of them, so they are read for who shows them.
    Written(String),
}

impl Default for Recipients {
    fn default() -> Self {
        Self::Read(Vec::new())
    }
}

impl Recipients {
    fn of_block(written: Option<String>) -> Self {
        written.map_or_else(Self::default, Self::Written)
    }

    /// The mailboxes, in the order of the list.
    #[must_use]
    pub fn mailboxes(&self) -> Cow<'_, [Mailbox]> {
        match self {
            Self::Read(list) => Cow::Borrowed(list),
            // The pasted source of a mail has its encoded-words still; they are names, never addresses.
            Self::Written(list) => mailboxes(list).into_iter().map(Mailbox::decoded).collect(),
        }
    }
}

/// Everything found in a submission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents<'a> {
    /// Outermost first.
    pub originals: Vec<Arc<Original>>,
    /// Originals of HTML parts whose plain alternative was read instead.
    pub alternates: Vec<Arc<Original>>,
    /// Originals in the text of print-outs, each with the name of its file.
    pub prints: Vec<(Arc<Original>, String)>,
    /// What the submitter wrote above the outermost original.
    pub message: String,
    /// The submitter's texts as they stand: for a notice pasted without its header lines.
    pub texts: Vec<Cow<'a, str>>,
    /// A plain part holds none of the originals that its HTML alternative has.
    pub is_plain_without: bool,
    /// Text of HTML parts that a reader cannot see.
    pub hidden: String,
    pub attachments: Vec<Attachment>,
    /// A text that could not be read: what it calls itself.
    pub illegible: Vec<String>,
    /// A nested mail that was refused by the limits.
    pub refused: Option<Admission>,
}

impl Contents<'_> {
    /// The submitter's whole text with quote marks peeled.
    #[must_use]
    pub fn peeled(&self) -> String {
        self.joined(|peeled, text| reading::peel(peeled, text, 0))
    }

    /// The lines with quote marks alone, peeled.
    #[must_use]
    pub fn quoted(&self) -> String {
        self.joined(|quoted, text| reading::peel(quoted, text, 1))
    }

    /// What stands above the first quoted line.
    #[must_use]
    pub fn unquoted(&self) -> String {
        self.joined(reading::take_unquoted).trim().to_owned()
    }

    fn joined(&self, append: impl Fn(&mut String, &str)) -> String {
        let mut joined = String::with_capacity(self.texts.iter().map(|text| text.len() + 1).sum());
        for (at, text) in self.texts.iter().enumerate() {
            if at > 0 {
                joined.push('\n');
            }
            append(&mut joined, text);
        }
        joined
    }
}

/// Finds everything in a parsed submission.
#[must_use]
pub fn find<'a>(message: &Message<'a>, rules: &Rules) -> Contents<'a> {
    if message
        .headers
        .raw("content-type")
        .is_some_and(|value| value.trim_ascii_start().get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/report")))
    {
        // A bounce also holds a message/rfc822: it is what we sent, not a forward.
        return Contents::default();
    }
    Finder::new(rules).find(message, is_direct(message, rules).then_some(Carried::Direct))
}

/// Whether the submission itself is the original: it comes from a sender of notices (redirected, resent or forwarded by a rule).
fn is_direct(message: &Message<'_>, rules: &Rules) -> bool {
    message.headers.senders().iter().filter_map(|from| from.address.as_deref()).any(|address| rules.is_sender(address))
}

fn quoted(found: inline::Inline, depth: u8) -> Original {
    Original {
        from: found.from.as_deref().and_then(mailbox).map(Mailbox::decoded),
        to: Recipients::of_block(found.to),
        cc: Recipients::of_block(found.cc),
        subject: found
            .subject
            .map(|subject| if subject.contains("=?") { decode_header(subject.as_bytes()).text } else { subject })
            .map(|subject| visible(subject).into_owned()),
        date: found.date.as_deref().and_then(date),
        date_text: found.date,
        message_id: None,
        carried: Carried::Inline,
        depth: depth.saturating_add(found.depth),
        body: found.body,
        doubled_fields: Vec::new(),
    }
}
