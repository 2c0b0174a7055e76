//! All mails inside a submission: attached, as files, inline, or the submission itself.
//!
//! Promises: every container is opened one level at a time within the limits; what cannot be opened but could hold a
//! proof is reported as an attachment, never passed over.
//! Rejected: looking only at the first forward; applicants forward for several offices in one mail.

mod attached;
pub mod attribution;
mod block;
mod dress;
pub mod inline;
pub mod label;
mod reading;
pub mod separator;
mod survey;

use super::file::archive::{self, Refusal};
use super::message::limits::Admission;
use super::message::part::Part;
use super::message::{Message, without_leading_blanks};
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
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
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

/// Everything found in a submission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Outermost first.
    pub originals: Vec<Original>,
    /// Originals of HTML parts whose plain alternative was read instead.
    pub alternates: Vec<Original>,
    /// What the submitter wrote above the outermost original.
    pub message: String,
    /// The submitter's texts as they stand: for a notice pasted without its header lines.
    pub texts: Vec<String>,
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

impl Contents {
    /// The submitter's whole text with quote marks peeled.
    #[must_use]
    pub fn peeled(&self) -> String {
        self.joined(|text| reading::peeled(text, 0))
    }

    /// The lines with quote marks alone, peeled.
    #[must_use]
    pub fn quoted(&self) -> String {
        self.joined(|text| reading::peeled(text, 1))
    }

    /// What stands above the first quoted line.
    #[must_use]
    pub fn unquoted(&self) -> String {
        self.joined(reading::unquoted).trim().to_owned()
    }

    fn joined(&self, of: impl Fn(&str) -> String) -> String {
        self.texts.iter().map(|text| of(text)).collect::<Vec<_>>().join("\n")
    }
}

/// Finds everything in a parsed submission.
#[must_use]
pub fn find(message: &Message<'_>, rules: &Rules) -> Contents {
    let mut finder = Finder { rules, contents: Contents::default(), nested: 0 };
    if message
        .headers
        .raw("content-type")
        .is_some_and(|value| value.trim_ascii_start().get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/report")))
    {
        // A bounce also holds a message/rfc822: it is what we sent, not a forward.
        return finder.contents;
    }
    let own = if is_direct(message, rules) { Some(Carried::Direct) } else { None };
    finder.walk(message, 0, own);
    finder.contents
}

/// Whether the submission itself is the original: it comes from a sender of notices (redirected, resent or forwarded by a rule).
fn is_direct(message: &Message<'_>, rules: &Rules) -> bool {
    message.headers.mailboxes("from").iter().filter_map(|from| from.address.as_deref()).any(|address| rules.is_sender(address))
}

struct Finder<'r> {
    rules: &'r Rules,
    contents: Contents,
    nested: usize,
}

impl Finder<'_> {
    /// Walks one mail whose own depth is `depth`; `own` says how it was carried when it is an original itself.
    fn walk(&mut self, message: &Message<'_>, depth: u8, own: Option<Carried>) {
        let (texts, aside) = reading::read(message, &self.rules.limits);
        self.contents.attachments.extend(aside.attachments);
        self.contents.illegible.extend(aside.illegible);
        self.contents.refused = aside.refused.or(self.contents.refused);
        self.contents.is_plain_without |= aside.is_plain_without;
        let preface =
            texts.iter().map(|text| text.chosen.preface.as_str()).filter(|preface| !preface.is_empty()).collect::<Vec<_>>().join("\n\n");
        if depth == 0 {
            self.contents.hidden = texts.iter().map(|text| text.hidden.as_str()).collect();
            if own.is_none() {
                self.contents.message.clone_from(&preface);
            }
        }
        if let Some(carried) = own {
            let original = whole(message, carried, depth, preface);
            self.contents.originals.push(original);
        }
        for text in texts {
            if depth == 0 {
                self.contents.texts.push(text.whole);
            }
            self.contents.originals.extend(text.chosen.originals.into_iter().map(|found| quoted(found, depth)));
            self.contents.alternates.extend(text.alternate.into_iter().flat_map(|other| other.originals).map(|found| quoted(found, depth)));
        }
        self.open_files(message, depth);
    }

    fn open_files(&mut self, message: &Message<'_>, depth: u8) {
        for part in &message.parts {
            match attached::sort(part, &self.rules.limits) {
                Sort::Text => {}
                Sort::Mail(carried) => self.open_mail(part, carried, depth),
                Sort::Archive => self.open_archive(part, depth),
                other => self.put_aside(other, part),
            }
        }
    }

    fn put_aside(&mut self, sort: Sort, part: &Part<'_>) {
        self.contents.attachments.push(Attachment { sort, name: part.name.clone().unwrap_or_else(|| part.content_type.clone()) });
    }

    /// Looks into a zip, one level deep: an archive inside an archive is one that is not opened.
    fn open_archive(&mut self, part: &Part<'_>, depth: u8) {
        let bounds = archive::Bounds { members: self.rules.limits.archive_members, bytes: self.rules.limits.archive_bytes };
        let unpacked = archive::unpack(&part.bytes(), bounds, |member| {
            let inside = Part::of_member(&member.name, &member.bytes);
            match attached::sort(&inside, &self.rules.limits) {
                Sort::Mail(_) => self.open_mail(&inside, Carried::File, depth),
                Sort::Archive => self.put_aside(Sort::Unread, &inside),
                other => self.put_aside(other, &inside),
            }
        });
        match unpacked {
            Ok(()) => {}
            Err(Refusal::Encrypted) => self.put_aside(Sort::Encrypted, part),
            Err(Refusal::TooComplex) => self.contents.refused = Some(Admission::TooComplex),
            Err(Refusal::Broken) => self.put_aside(Sort::Unread, part),
        }
    }

    fn open_mail(&mut self, part: &Part<'_>, carried: Carried, depth: u8) {
        self.nested += 1;
        if depth >= self.rules.limits.depth || self.nested > self.rules.limits.nested_mails {
            self.contents.refused = Some(Admission::TooComplex);
            return;
        }
        let bytes = part.bytes();
        let inner = Message::parse(without_leading_blanks(&bytes), &self.rules.limits);
        if inner.admission != Admission::Whole {
            self.contents.refused = Some(inner.admission);
        }
        self.walk(&inner, depth.saturating_add(1), Some(carried));
    }
}

fn whole(message: &Message<'_>, carried: Carried, depth: u8, body: String) -> Original {
    let headers = &message.headers;
    let date_text = headers.text("date").filter(|text| !text.is_empty());
    Original {
        from: headers.mailboxes("from").into_iter().next(),
        to: headers.mailboxes("to"),
        cc: headers.mailboxes("cc"),
        subject: headers.text("subject").map(|subject| visible(&subject)).filter(|subject| !subject.is_empty()),
        date: date_text.as_deref().and_then(date),
        date_text,
        message_id: headers.text("message-id").filter(|id| !id.is_empty()),
        carried,
        depth,
        body,
        doubled_fields: ["from", "subject", "date", "message-id"]
            .into_iter()
            .filter(|name| headers.count(name) > 1 || *name == "from" && headers.names_several_mailboxes(name))
            .collect(),
    }
}

fn quoted(found: inline::Inline, depth: u8) -> Original {
    // The pasted source of a mail has its encoded-words still; they are names, never addresses.
    let all = |text: Option<&str>| text.map(mailboxes).unwrap_or_default().into_iter().map(Mailbox::decoded).collect();
    Original {
        from: found.from.as_deref().and_then(mailbox).map(Mailbox::decoded),
        to: all(found.to.as_deref()),
        cc: all(found.cc.as_deref()),
        subject: found
            .subject
            .map(|subject| visible(&if subject.contains("=?") { decode_header(subject.as_bytes()).text } else { subject })),
        date: found.date.as_deref().and_then(date),
        date_text: found.date,
        message_id: None,
        carried: Carried::Inline,
        depth: depth.saturating_add(found.depth),
        body: found.body,
        doubled_fields: Vec::new(),
    }
}
