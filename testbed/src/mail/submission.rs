//! A submission under construction: the applicant's own mail around whatever it carries.
//!
//! Promises: a [`Scene`] is a function of its name or seed; [`Mail::raw`] writes LF line ends, [`Submission::wire`] CRLF.
//! Rejected: a global counter for identifiers; the order in which cases are made would then show in their bytes.

use serde_json::Value;

use super::encode::{Charset, HeaderForm, Transfer, with_crlf};
use super::entity::Entity;
use super::expected::{Expected, Verdict};
use super::layout::{Inline, Layout};
use super::letter::{Letter, Mailbox, Seen};
use super::moment::Moment;
use super::notice::{Notice, Sort};
use super::people::Applicant;
use super::random::Random;

/// The address that is watched.
pub const DESK: &str = "shinsei@ict-hojo.example.jp";

/// A raw mail and what must be said about it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The bytes.
    pub raw: Vec<u8>,
    /// The object of `classify --json --bodies` without `path`, `elapsed_us` and the findings' texts.
    pub expected: Value,
}

impl Submission {
    /// With CRLF line ends, as servers hold it.
    #[must_use]
    pub fn wire(self) -> Self {
        Self { raw: with_crlf(&self.raw), ..self }
    }
}

/// An applicant's mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The applicant.
    pub from: Mailbox,
    /// Decoded.
    pub subject: String,
    /// When it was sent.
    pub sent: Moment,
    /// With angle brackets.
    pub message_id: String,
    /// Fields above all others: name and value.
    pub top: Vec<(String, String)>,
    /// How words beyond ASCII enter the header.
    pub header_form: HeaderForm,
    /// The content.
    pub entity: Entity,
}

impl Mail {
    /// Raw bytes with LF line ends.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        let mut headers: Vec<(String, Vec<u8>)> = self.top.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
        headers.push(("Date".to_owned(), self.sent.rfc5322().into_bytes()));
        headers.push(("From".to_owned(), self.from.header(self.header_form)));
        headers.push(("To".to_owned(), DESK.as_bytes().to_vec()));
        headers.push(("Subject".to_owned(), self.header_form.text(&self.subject)));
        headers.push(("Message-ID".to_owned(), self.message_id.clone().into_bytes()));
        headers.push(("MIME-Version".to_owned(), b"1.0".to_vec()));
        let mut entity = self.entity.clone();
        entity.put_on_top(headers);
        entity.bytes()
    }

    /// The same with a field on top.
    #[must_use]
    pub fn with_top(mut self, name: &str, value: &str) -> Self {
        self.top.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another content.
    #[must_use]
    pub fn with_entity(mut self, entity: Entity) -> Self {
        self.entity = entity;
        self
    }
}

/// Everything that one case is about: who applies, with which notice, saying what.
#[derive(Debug, Clone)]
pub struct Scene {
    /// For further choices.
    pub random: Random,
    /// Who writes.
    pub applicant: Applicant,
    /// The mail of the office.
    pub notice: Notice,
    /// The same as a mail; cases change it before it is carried.
    pub letter: Letter,
    /// What the applicant writes above.
    pub message: String,
}

impl Scene {
    /// The scene of a case's name.
    #[must_use]
    pub fn named(name: &str, sort: Sort) -> Self {
        Self::invented(Random::named(name), sort)
    }

    /// The scene of a seed.
    #[must_use]
    pub fn invented(mut random: Random, sort: Sort) -> Self {
        let applicant = Applicant::invented(&mut random);
        let notice = Notice::invented(&mut random, sort, &applicant);
        let letter = notice.letter();
        let greeting = random.pick(&[
            "お世話になっております。\nSECURITY ACTIONのメールを転送いたします。",
            "いつもお世話になります。\n届いたメールをお送りします。ご確認をお願いいたします。",
            "ご担当者様\n\n申請に必要なメールを転送します。\nよろしくお願いいたします。",
            "お疲れさまです。\n下記のとおり転送いたします。",
        ]);
        let message = format!("{greeting}\n\n{}", applicant.signature());
        Self { random, applicant, notice, letter, message }
    }

    /// The applicant's mail with this subject and content.
    #[must_use]
    pub fn mail(&self, subject: &str, entity: Entity) -> Mail {
        let domain = self
            .applicant
            .mailbox
            .address
            .as_deref()
            .and_then(|address| address.split_once('@'))
            .map_or("example.jp", |(_, domain)| domain);
        let sent = self.notice.sent.later(93_784);
        Mail {
            from: self.applicant.mailbox.clone(),
            subject: subject.to_owned(),
            sent,
            message_id: format!("<{}.{}@{domain}>", sent.digits(), self.notice.user_number),
            top: Vec::new(),
            header_form: HeaderForm::Base64(Charset::Utf8),
            entity,
        }
    }

    /// A text mail in UTF-8.
    #[must_use]
    pub fn text_mail(&self, subject: &str, text: &str) -> Mail {
        self.mail(subject, plain(text))
    }

    /// The subject of a forward by this client.
    #[must_use]
    pub fn forward_subject(&self, layout: &Layout) -> String {
        let end = if layout.prefix.starts_with('[') { "]" } else { "" };
        format!("{}{}{end}", layout.prefix, self.letter.subject)
    }

    /// The message with the forward below it.
    #[must_use]
    pub fn above(&self, inline: &Inline) -> String {
        format!("{}\n\n{}\n", self.message, inline.text)
    }

    /// The mail of an inline forward by this client, and what it carries.
    #[must_use]
    pub fn forward(&self, layout: &Layout) -> (Mail, Inline) {
        let inline = layout.render(&self.letter);
        (self.text_mail(&self.forward_subject(layout), &self.above(&inline)), inline)
    }

    /// The expectation for the one notice of this scene.
    #[must_use]
    pub fn expect(&self, mail: &Mail, verdict: Verdict, seen: &Seen) -> Expected {
        Expected::new(mail, verdict).findings(self.notice.findings()).notice(self.notice.json(seen)).original(seen).message(&self.message)
    }

    /// The verdict on the notice alone.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.notice.sort {
            Sort::Completion(_) | Sort::Acceptance => Verdict::Accepted,
            Sort::Receipt | Sort::Newsletter => Verdict::WrongType,
            Sort::Unknown => Verdict::Review,
        }
    }
}

/// A text/plain part in UTF-8, readable in an editor.
#[must_use]
pub fn plain(text: &str) -> Entity {
    Entity::text("plain", Charset::Utf8, Transfer::EightBit, text)
}

/// A complete forward by one client.
#[must_use]
pub fn forwarded(scene: &Scene, layout: &Layout) -> Submission {
    let (mail, inline) = scene.forward(layout);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, scene.verdict(), &inline.seen).json() }
}

/// The same submission with its own Date near another time (seconds since 1970).
#[must_use]
pub fn with_date(submission: Submission, unix_seconds: i64) -> Submission {
    let date = format!("Date: {}", Moment::japan(unix_seconds).rfc5322()).into_bytes();
    let mut raw = Vec::with_capacity(submission.raw.len());
    let mut waiting = true;
    for line in submission.raw.split_inclusive(|byte| *byte == b'\n') {
        if waiting && line.starts_with(b"Date: ") {
            raw.extend_from_slice(&date);
            raw.extend_from_slice(if line.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
            waiting = false;
        } else {
            waiting = waiting && !line.trim_ascii().is_empty();
            raw.extend_from_slice(line);
        }
    }
    Submission { raw, expected: submission.expected }
}
