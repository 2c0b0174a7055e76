//! Walks a submission: its texts, then its files, and each mail among them in turn.
//!
//! Promises: every container is opened one level at a time within the limits; what cannot be opened is put aside under its name.
//! Rejected: a walk over one tree of all containers; a mail inside an Outlook file is properties, not bytes.

use std::borrow::Cow;
use std::sync::Arc;

use super::attached::{self, Attachment, Sort};
use super::{Contents, Original, Recipients, quoted, reading};
use crate::desk::file::archive::{self, Refusal};
use crate::desk::file::mapi::{self, MapiMail, Party};
use crate::desk::file::{Reach, outlook, pdf, tnef};
use crate::desk::message::header::Headers;
use crate::desk::message::limits::Admission;
use crate::desk::message::part::Part;
use crate::desk::message::{Message, without_leading_blanks};
use crate::desk::rules::Rules;
use crate::desk::text::address::Mailbox;
use crate::desk::text::charset::Legibility;
use crate::desk::text::date::{Dated, date};
use crate::desk::text::fold::visible;
use crate::desk::words::Carried;

pub(super) struct Finder<'r, 'a> {
    rules: &'r Rules,
    contents: Contents<'a>,
    originals: Vec<Original>,
    /// The mail whose files are being opened.
    holder: Holder,
    /// Mails that were opened.
    nested: usize,
    /// Files that were unpacked or read: each may hold the next, and none needs to be deep to be many.
    containers: usize,
}

impl<'r, 'a> Finder<'r, 'a> {
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self { rules, contents: Contents::default(), originals: Vec::new(), holder: Holder::default(), nested: 0, containers: 0 }
    }

    /// Finds everything in the submission; `own` says how it came when it is an original itself.
    pub(super) fn find(mut self, message: &Message<'a>, own: Option<Carried>) -> Contents<'a> {
        let texts = self.walk(message, 0, own.map(|carried| whole(message, carried, 0)));
        // Before those of a winmail.dat.
        self.contents.texts.splice(0..0, texts);
        self.contents.originals = self.originals.into_iter().map(Arc::new).collect();
        self.contents
    }

    /// Walks one mail whose own depth is `depth`; `own` is the original that it is, still without its text. Gives the mail's texts as they
    /// stand.
    fn walk<'m>(&mut self, message: &Message<'m>, depth: u8, own: Option<Original>) -> Vec<Cow<'m, str>> {
        let (mut texts, aside) = reading::read(message, &self.rules.limits);
        self.contents.attachments.extend(aside.attachments);
        self.contents.illegible.extend(aside.illegible);
        self.contents.refused = aside.refused.or(self.contents.refused);
        self.contents.is_plain_without |= aside.is_plain_without;
        let mut prefaces = texts.iter_mut().map(|text| std::mem::take(&mut text.chosen.preface)).filter(|preface| !preface.is_empty());
        let mut preface = prefaces.next().unwrap_or_default();
        for more in prefaces {
            preface.push_str("\n\n");
            preface.push_str(&more);
        }
        if depth == 0 {
            self.contents.hidden.extend(texts.iter().map(|text| text.hidden.as_str()));
        }
        let outer = self.holder;
        let has_text = texts.iter().any(|text| !text.whole.trim().is_empty());
        if let Some(original) = own {
            self.holder = Holder { original: Some(self.originals.len()), has_text };
            self.originals.push(Original { body: preface, ..original });
        } else {
            // The submission, or a file that is the mail around it once more: its text counts where the mail had none.
            self.holder.has_text |= has_text;
            let text = match self.holder.original.and_then(|index| self.originals.get_mut(index)) {
                Some(original) => &mut original.body,
                None => &mut self.contents.message,
            };
            if text.is_empty() {
                *text = preface;
            }
        }
        let mut as_they_stand = Vec::with_capacity(texts.len());
        for text in texts {
            as_they_stand.push(text.whole);
            self.originals.extend(text.chosen.originals.into_iter().map(|found| quoted(found, depth)));
            self.contents
                .alternates
                .extend(text.alternate.into_iter().flat_map(|other| other.originals).map(|found| Arc::new(quoted(found, depth))));
        }
        for part in &message.parts {
            self.open(part, depth, Inside::Mail);
        }
        self.holder = outer;
        as_they_stand
    }

    fn open(&mut self, part: &Part<'_>, depth: u8, inside: Inside) {
        match (attached::sort(part, &self.rules.limits), inside) {
            (Sort::Text, _) => {}
            (Sort::Mail(_), Inside::Archive) => self.open_mail(part, Carried::File, depth),
            (Sort::Mail(carried), Inside::Mail) => self.open_mail(part, carried, depth),
            // One level deep: an archive inside an archive is one that is not opened.
            (Sort::Archive, Inside::Archive) => self.put_aside(Sort::Unread, part),
            (Sort::Pdf, _) => self.open_pdf(part, depth),
            (Sort::Archive | Sort::Outlook | Sort::Tnef, _) if !self.admits_container() => {
                self.contents.refused = Some(Admission::TooComplex);
                self.put_aside(Sort::Unread, part);
            }
            (Sort::Archive, Inside::Mail) => self.open_archive(part, depth),
            (Sort::Outlook, _) => self.open_outlook(part, depth),
            (Sort::Tnef, _) => self.open_tnef(part, depth),
            (other @ (Sort::Picture | Sort::Encrypted | Sort::Unread | Sort::Harmless), _) => self.put_aside(other, part),
        }
    }

    fn put_aside(&mut self, sort: Sort, part: &Part<'_>) {
        self.contents.attachments.push(Attachment { sort, name: shown_name(part) });
    }

    fn open_archive(&mut self, part: &Part<'_>, depth: u8) {
        let bounds = archive::Bounds { members: self.rules.limits.archive_members, bytes: self.rules.limits.archive_bytes };
        let unpacked = archive::unpack(&part.bytes(), bounds, |member| {
            self.open(&Part::of_member(&member.name, &member.bytes), depth, Inside::Archive);
        });
        match unpacked {
            Ok(()) => {}
            Err(Refusal::Encrypted) => self.put_aside(Sort::Encrypted, part),
            Err(Refusal::TooComplex) => self.contents.refused = Some(Admission::TooComplex),
            Err(Refusal::Broken) => self.put_aside(Sort::Unread, part),
        }
    }

    /// Whether one more container may be opened.
    const fn admits_container(&mut self) -> bool {
        self.containers += 1;
        self.containers <= self.rules.limits.containers
    }

    /// Whether one more mail may be opened below this depth.
    fn admits_mail(&mut self, depth: u8) -> bool {
        self.nested += 1;
        let is_admitted = depth < self.rules.limits.depth && self.nested <= self.rules.limits.nested_mails;
        if !is_admitted {
            self.contents.refused = Some(Admission::TooComplex);
        }
        is_admitted
    }

    fn open_mail(&mut self, part: &Part<'_>, carried: Carried, depth: u8) {
        if !self.admits_mail(depth) {
            return;
        }
        let bytes = part.bytes();
        let inner = Message::parse(without_leading_blanks(&bytes), &self.rules.limits);
        if inner.admission != Admission::Whole {
            self.contents.refused = Some(inner.admission);
        }
        let depth = depth.saturating_add(1);
        drop(self.walk(&inner, depth, Some(whole(&inner, carried, depth))));
    }

    fn mapi_bounds(&self) -> mapi::Bounds {
        let limits = &self.rules.limits;
        mapi::Bounds { depth: limits.depth, members: limits.parts, bytes: limits.archive_bytes }
    }

    /// A file of Outlook is a mail that was attached.
    fn open_outlook(&mut self, part: &Part<'_>, depth: u8) {
        match outlook::read(&part.bytes(), &self.mapi_bounds()) {
            Ok(mail) if !is_hollow(&mail) => self.open_mapi(&mail, &shown_name(part), depth),
            Ok(_) | Err(_) => self.put_aside(Sort::Unread, part),
        }
    }

    /// winmail.dat is the mail around it once more, with its files. What it says beyond the text beside it are the files, and the text
    /// itself where there is no other.
    fn open_tnef(&mut self, part: &Part<'_>, depth: u8) {
        let mail = match tnef::read(&part.bytes(), &self.mapi_bounds()) {
            Ok(mail) if !is_hollow(&mail) => mail,
            Ok(_) | Err(_) => return self.put_aside(Sort::Unread, part),
        };
        let mail = if self.holder.has_text { MapiMail { plain: None, html: None, ..mail } } else { mail };
        self.walk_mapi(&mail, &shown_name(part), depth, None);
    }

    fn open_mapi(&mut self, mail: &MapiMail, name: &str, depth: u8) {
        if self.admits_mail(depth) {
            let depth = depth.saturating_add(1);
            self.walk_mapi(mail, name, depth, Some(of_properties(mail, depth)));
        }
    }

    fn walk_mapi(&mut self, mail: &MapiMail, name: &str, depth: u8, own: Option<Original>) {
        if mail.legibility == Legibility::Illegible {
            self.contents.illegible.push(name.to_owned());
        }
        if mail.reach == Reach::Cut {
            self.contents.refused = Some(Admission::TooComplex);
        }
        let texts = [("text/plain", &mail.plain), ("text/html", &mail.html)];
        let mut parts: Vec<Part<'_>> =
            texts.iter().filter_map(|(content_type, text)| Some(Part::of_text(content_type, text.as_deref()?))).collect();
        let alternatives = vec![(0..parts.len()).collect()];
        let mut mails = Vec::new();
        for attachment in &mail.attachments {
            match &attachment.content {
                mapi::Content::Bytes(bytes) => {
                    let part = Part::of_member(attachment.name.as_deref().unwrap_or_default(), bytes);
                    // A mail in there came in a file, whatever it is called.
                    let stated = attachment.content_type.as_deref().filter(|stated| !stated.starts_with("message/"));
                    let content_type = stated.unwrap_or(&part.content_type).to_ascii_lowercase();
                    parts.push(Part { content_type, ..part });
                }
                mapi::Content::Mail(inner) => mails.push(inner),
            }
        }
        let message = Message { headers: Headers::default(), admission: Admission::Whole, parts, alternatives };
        let place = self.contents.texts.len();
        let texts = self.walk(&message, depth, own);
        if depth == 0 {
            self.contents.texts.splice(place..place, texts.into_iter().map(|text| Cow::Owned(text.into_owned())));
        }
        for inner in mails {
            self.open_mapi(inner, name, depth);
        }
    }

    /// The text of a print-out is searched as a text body is; the file stays one that a person must look at.
    fn open_pdf(&mut self, part: &Part<'_>, depth: u8) {
        self.put_aside(Sort::Pdf, part);
        // A person looks at it either way.
        if !self.admits_container() {
            return;
        }
        let Ok(found) = pdf::text(&part.bytes(), &PRINT) else { return };
        let extracted = super::inline::extract(&found.text, self.rules.limits.depth);
        let mut prints: Vec<Original> = extracted.originals.into_iter().map(|inline| quoted(inline, depth)).collect();
        if prints.is_empty() {
            prints.push(Original { depth: depth.saturating_add(1), ..Original::of_text(found.text) });
        }
        let name = shown_name(part);
        self.contents
            .prints
            .extend(prints.into_iter().map(|print| (Arc::new(Original { carried: Carried::Print, ..print }), name.clone())));
    }
}

/// The mail that the files being opened belong to.
#[derive(Clone, Copy, Default)]
struct Holder {
    /// Its place among the originals; none for the submission.
    original: Option<usize>,
    has_text: bool,
}

/// A print-out of a mail has a page or two.
const PRINT: pdf::Bounds = pdf::Bounds { inflated_bytes: 16 << 20, objects: 200_000, pages: 50, operators: 1_000_000, text_bytes: 1 << 20 };

/// Nothing was read of what there is.
const fn is_hollow(mail: &MapiMail) -> bool {
    matches!(mail.reach, Reach::Cut) && mail.plain.is_none() && mail.html.is_none() && mail.attachments.is_empty()
}

/// What a file lies in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Mail,
    Archive,
}

fn shown_name(part: &Part<'_>) -> String {
    part.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| part.content_type.clone())
}

/// A whole mail by its header fields.
fn whole(message: &Message<'_>, carried: Carried, depth: u8) -> Original {
    let headers = &message.headers;
    let given = |name| headers.text(name).filter(|text| !text.is_empty()).map(Cow::into_owned);
    let date_text = given("date");
    Original {
        from: headers.senders().first().cloned(),
        to: Recipients::Read(headers.mailboxes("to")),
        cc: Recipients::Read(headers.mailboxes("cc")),
        subject: headers.subject().map(|subject| visible(subject.text.trim()).into_owned()).filter(|subject| !subject.is_empty()),
        date: date_text.as_deref().and_then(date),
        date_text,
        message_id: given("message-id"),
        carried,
        depth,
        body: String::new(),
        doubled_fields: ["from", "subject", "date", "message-id"]
            .into_iter()
            .filter(|name| headers.count(name) > 1 || *name == "from" && headers.names_several_mailboxes(name))
            .collect(),
    }
}

/// A whole mail by its MAPI properties. They know the time, not how it was written.
fn of_properties(mail: &MapiMail, depth: u8) -> Original {
    let mailbox = |party: &Party| Mailbox { name: party.name.clone(), address: party.address.clone() };
    let date = mail.sent.and_then(Dated::utc);
    Original {
        from: mail.from.as_ref().map(mailbox),
        to: Recipients::Read(mail.to.iter().map(mailbox).collect()),
        cc: Recipients::Read(mail.cc.iter().map(mailbox).collect()),
        subject: mail.subject.as_deref().map(|subject| visible(subject.trim()).into_owned()).filter(|subject| !subject.is_empty()),
        date_text: date.as_ref().map(Dated::rfc3339),
        date,
        message_id: mail.message_id.clone().filter(|id| !id.is_empty()),
        carried: Carried::File,
        depth,
        body: String::new(),
        doubled_fields: Vec::new(),
    }
}
