//! A mail as a person sees it: sender, recipients, subject, date, text; and its RFC 5322 form.
//!
//! Promises: [`Letter`] is what a forwarder quotes and what [`Seen`] says back; nothing else is known of an original.
//! Rejected: building originals with the product's own mail crate; an error shared by writer and reader would be invisible.

use serde_json::{Value, json};

use super::encode::{Charset, HeaderForm, Transfer};
use super::entity::Entity;
use super::moment::Moment;

/// A name and an address, either of which may be unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Display name, decoded.
    pub name: Option<String>,
    /// `local@domain`.
    pub address: Option<String>,
}

impl Mailbox {
    /// A mailbox with both.
    #[must_use]
    pub fn new(name: &str, address: &str) -> Self {
        Self { name: Some(name.to_owned()), address: Some(address.to_owned()) }
    }

    /// A bare address.
    #[must_use]
    pub fn bare(address: &str) -> Self {
        Self { name: None, address: Some(address.to_owned()) }
    }

    /// A name without an address, as Exchange writes colleagues.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), address: None }
    }

    /// The address, else the name.
    #[must_use]
    pub fn address_or_name(&self) -> Option<&str> {
        self.address.as_deref().or(self.name.as_deref())
    }

    /// The golden form.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"name": self.name, "address": self.address})
    }

    /// A header value.
    #[must_use]
    pub fn header(&self, form: HeaderForm) -> Vec<u8> {
        let address = self.address.as_deref().unwrap_or_default();
        match &self.name {
            None => address.as_bytes().to_vec(),
            Some(name) => {
                let mut value = form.phrase(name);
                value.extend_from_slice(format!(" <{address}>").as_bytes());
                value
            }
        }
    }
}

/// A mail that may become an original.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Sender.
    pub from: Mailbox,
    /// Recipients.
    pub to: Vec<Mailbox>,
    /// Further recipients.
    pub cc: Vec<Mailbox>,
    /// Subject, decoded.
    pub subject: String,
    /// When it was sent.
    pub sent: Moment,
    /// Visible text, LF line ends, none at the end.
    pub body: String,
    /// With angle brackets.
    pub message_id: String,
}

impl Letter {
    /// The header fields that an original carries, in the order in which servers write them.
    #[must_use]
    pub fn headers(&self, form: HeaderForm) -> Vec<(String, Vec<u8>)> {
        let mut headers = vec![
            ("Date".to_owned(), self.sent.rfc5322().into_bytes()),
            ("From".to_owned(), self.from.header(form)),
            ("To".to_owned(), joined(&self.to, form)),
        ];
        if !self.cc.is_empty() {
            headers.push(("Cc".to_owned(), joined(&self.cc, form)));
        }
        headers.push(("Subject".to_owned(), form.text(&self.subject)));
        headers.push(("Message-ID".to_owned(), self.message_id.clone().into_bytes()));
        headers.push(("MIME-Version".to_owned(), b"1.0".to_vec()));
        headers
    }

    /// The whole original as one text/plain entity.
    #[must_use]
    pub fn entity(&self, charset: Charset, transfer: Transfer) -> Entity {
        let form = HeaderForm::Base64(charset);
        let mut entity = Entity::text("plain", charset, transfer, &format!("{}\n", self.body));
        entity.put_on_top(self.headers(form));
        entity
    }

    /// Raw bytes with LF line ends, in the given charset.
    #[must_use]
    pub fn raw(&self, charset: Charset, transfer: Transfer) -> Vec<u8> {
        self.entity(charset, transfer).bytes()
    }

    /// What a reader of the raw original knows of it.
    #[must_use]
    pub fn seen(&self, carried: Carried) -> Seen {
        let date = super::moment::DateForm::Rfc5322.write(self.sent);
        Seen {
            from: Some(self.from.clone()),
            to: some(&self.to),
            cc: some(&self.cc),
            subject: Some(self.subject.clone()),
            date: date.meaning,
            date_text: Some(date.text),
            body: Some(self.body.clone()),
            carried,
            depth: u32::from(carried != Carried::Direct),
        }
    }
}

/// How an original came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// In the text.
    Inline,
    /// As message/rfc822.
    Attached,
    /// As an .eml under another media type.
    File,
    /// The submission itself.
    Direct,
    /// As the text of a PDF.
    Print,
}

impl Carried {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Attached => "attached",
            Self::File => "file",
            Self::Direct => "direct",
            Self::Print => "print",
        }
    }

    /// The strength of the proof, as far as it can be known without DNS.
    #[must_use]
    pub fn evidence(self) -> &'static str {
        match self {
            Self::Inline => "quoted",
            Self::Attached | Self::File | Self::Direct => "attached",
            Self::Print => "printed",
        }
    }
}

/// What the carried form of a letter still says.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `None` where the carried text names no sender.
    pub from: Option<Mailbox>,
    /// `None` where it names no recipients.
    pub to: Option<Vec<Mailbox>>,
    /// `None` where it names none.
    pub cc: Option<Vec<Mailbox>>,
    /// `None` where it has no subject line.
    pub subject: Option<String>,
    /// RFC 3339.
    pub date: Option<String>,
    /// As written.
    pub date_text: Option<String>,
    /// `None` leaves the body out of the comparison.
    pub body: Option<String>,
    /// How it came.
    pub carried: Carried,
    /// Forwards around it.
    pub depth: u32,
}

impl Seen {
    /// The golden form.
    #[must_use]
    pub fn json(&self) -> Value {
        let list = |mailboxes: &Option<Vec<Mailbox>>| mailboxes.as_ref().map(|all| all.iter().map(Mailbox::json).collect::<Vec<_>>());
        let mut value = json!({
            "from": self.from.as_ref().map(Mailbox::json),
            "to": list(&self.to),
            "cc": list(&self.cc),
            "subject": self.subject,
            "date": self.date,
            "date_text": self.date_text,
            "carried": self.carried.word(),
            "depth": self.depth,
        });
        if let (Some(body), Some(fields)) = (&self.body, value.as_object_mut()) {
            fields.insert("body".to_owned(), json!(body.trim()));
        }
        value
    }

    /// The same at another depth.
    #[must_use]
    pub fn at_depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }
}

fn some(mailboxes: &[Mailbox]) -> Option<Vec<Mailbox>> {
    if mailboxes.is_empty() { None } else { Some(mailboxes.to_vec()) }
}

fn joined(mailboxes: &[Mailbox], form: HeaderForm) -> Vec<u8> {
    let all: Vec<Vec<u8>> = mailboxes.iter().map(|mailbox| mailbox.header(form)).collect();
    all.join(&b",\n "[..])
}
