//! All mails inside a submission: attached, as files, inline, or the submission itself.
//!
//! Promises: every container is opened one level at a time within the limits; what cannot be opened but could hold a
//! proof is reported as an attachment, never passed over.
//! Rejected: looking only at the first forward; applicants forward for several offices in one mail.

mod attached;
pub mod attribution;
pub mod inline;
pub mod label;

use super::message::Message;
use super::message::limits::Admission;
use super::message::part::Part;
use super::rules::Rules;
use super::text::address::{Mailbox, mailbox, mailboxes};
use super::text::charset::Legibility;
use super::text::date::{Dated, date};
use super::text::fold::visible;
use super::text::html;
use super::text::line::lines;
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
    /// The submitter's whole text with quote marks peeled: for a notice pasted without its header lines.
    pub peeled: String,
    /// The lines with quote marks alone, peeled.
    pub quoted: String,
    /// What stands above the first quoted line.
    pub unquoted: String,
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
        let texts = self.read(message);
        let preface =
            texts.iter().map(|text| text.chosen.preface.as_str()).filter(|preface| !preface.is_empty()).collect::<Vec<_>>().join("\n\n");
        if depth == 0 {
            self.contents.peeled = texts.iter().map(|text| text.peeled.as_str()).collect::<Vec<_>>().join("\n");
            self.contents.hidden = texts.iter().map(|text| text.hidden.as_str()).collect();
            self.contents.quoted = texts.iter().map(|text| text.quoted.as_str()).collect::<Vec<_>>().join("\n");
            self.contents.unquoted = texts.iter().map(|text| text.unquoted.as_str()).collect::<Vec<_>>().join("\n").trim().to_owned();
            if own.is_none() {
                self.contents.message.clone_from(&preface);
            }
        }
        if let Some(carried) = own {
            let original = whole(message, carried, depth, preface);
            self.contents.originals.push(original);
        }
        for text in texts {
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
                other => self
                    .contents
                    .attachments
                    .push(Attachment { sort: other, name: part.name.clone().unwrap_or_else(|| part.content_type.clone()) }),
            }
        }
    }

    fn open_mail(&mut self, part: &Part<'_>, carried: Carried, depth: u8) {
        self.nested += 1;
        if depth >= self.rules.limits.depth || self.nested > self.rules.limits.nested_mails {
            self.contents.refused = Some(Admission::TooComplex);
            return;
        }
        let bytes = part.bytes();
        let inner = Message::parse(&bytes, &self.rules.limits);
        if inner.admission != Admission::Whole {
            self.contents.refused = Some(inner.admission);
        }
        self.walk(&inner, depth.saturating_add(1), Some(carried));
    }

    /// Reads the texts of a mail: plain ones, and HTML where it has no plain alternative.
    fn read(&mut self, message: &Message<'_>) -> Vec<Text> {
        let deepest = self.rules.limits.depth;
        let mut texts: Vec<Text> = Vec::new();
        for (index, part) in message.parts.iter().enumerate() {
            if attached::sort(part, &self.rules.limits) != Sort::Text {
                continue;
            }
            let decoded = part.text(self.rules.limits.text_bytes);
            if decoded.legibility == Legibility::Illegible {
                self.contents.illegible.push(part.charset.clone().unwrap_or_else(|| part.content_type.clone()));
            }
            if part.is_html() {
                let rendered = html::render(&decoded.text);
                let found = inline::extract(&rendered.visible, deepest);
                match texts.iter_mut().find(|text| message.are_alternatives(text.index, index)) {
                    Some(text) => self.contents.is_plain_without |= text.add_html(found, &rendered),
                    None => texts.push(Text::of_html(index, found, rendered)),
                }
            } else {
                texts.push(Text::of_plain(index, inline::extract(&decoded.text, deepest), &decoded.text));
            }
        }
        texts
    }
}

/// One text that a reader sees, from a plain part or an HTML part.
struct Text {
    index: usize,
    chosen: inline::Extracted,
    alternate: Option<inline::Extracted>,
    peeled: String,
    quoted: String,
    unquoted: String,
    hidden: String,
}

impl Text {
    fn of_plain(index: usize, chosen: inline::Extracted, text: &str) -> Self {
        Self {
            index,
            chosen,
            alternate: None,
            peeled: peeled(text, 0),
            quoted: peeled(text, 1),
            unquoted: unquoted(text),
            hidden: String::new(),
        }
    }

    fn of_html(index: usize, chosen: inline::Extracted, rendered: html::Rendered) -> Self {
        let text = &rendered.visible;
        Self {
            index,
            chosen,
            alternate: None,
            peeled: peeled(text, 0),
            quoted: peeled(text, 1),
            unquoted: unquoted(text),
            hidden: rendered.hidden,
        }
    }

    /// The HTML alternative is chosen when the plain text is empty or holds no original while the HTML does; true in the latter case.
    fn add_html(&mut self, found: inline::Extracted, rendered: &html::Rendered) -> bool {
        self.hidden.push_str(&rendered.hidden);
        let plain_is_empty = self.peeled.trim().is_empty();
        let plain_is_without = self.chosen.originals.is_empty() && !found.originals.is_empty();
        if plain_is_empty || plain_is_without {
            let html = Self::of_html(self.index, found, rendered.clone());
            *self = Self { hidden: std::mem::take(&mut self.hidden), ..html };
        } else {
            self.alternate = Some(found);
        }
        plain_is_without && !plain_is_empty
    }
}

/// The lines of at least this quote level, without any quote marks.
fn peeled(text: &str, least: u8) -> String {
    lines(text).iter().filter(|line| line.level >= least).map(|line| line.text.trim_end()).collect::<Vec<_>>().join("\n")
}

/// The lines above the first quoted one.
fn unquoted(text: &str) -> String {
    lines(text).iter().take_while(|line| line.level == 0).map(|line| line.whole.trim_end()).collect::<Vec<_>>().join("\n")
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
        doubled_fields: ["from", "subject", "date", "message-id"].into_iter().filter(|name| headers.count(name) > 1).collect(),
    }
}

fn quoted(found: inline::Inline, depth: u8) -> Original {
    Original {
        from: found.from.as_deref().and_then(mailbox),
        to: found.to.as_deref().map(mailboxes).unwrap_or_default(),
        cc: found.cc.as_deref().map(mailboxes).unwrap_or_default(),
        subject: found.subject.map(|subject| visible(&subject)),
        date: found.date.as_deref().and_then(date),
        date_text: found.date,
        message_id: None,
        carried: Carried::Inline,
        depth: depth.saturating_add(found.depth),
        body: found.body,
        doubled_fields: Vec::new(),
    }
}
