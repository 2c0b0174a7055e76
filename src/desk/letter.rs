//! From a rendered text to the bytes that go over the wire, made once and kept.
//!
//! Promises: every value that reaches a header is ours or a syntactically valid message id; nothing of the sender's text
//! is echoed; the same submission gives the same Message-ID, so that a letter sent twice by accident is recognised as one.

use std::fmt::Write as _;

use email_encoding::headers::writer::EmailWriter;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::gate::{LOOP_HEADER, MESSAGE_ID_START};
use super::template::Rendered;

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The office's name, as the From shows it.
    pub name: String,
    /// The watched mailbox's address.
    pub address: String,
    /// Where a person reads.
    pub reply_to: Option<String>,
}

/// To whom, about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion<'a> {
    pub recipient: &'a str,
    pub receipt: &'a str,
    /// The submission's fingerprint: makes the Message-ID the same whenever it is made.
    pub fingerprint: &'a str,
    pub message_id: Option<&'a str>,
    /// The submission's own references, the oldest first.
    pub references: &'a [String],
    /// UTC seconds.
    pub now: i64,
}

/// A letter, ready for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub message_id: String,
    pub recipient: String,
    pub subject: String,
    /// RFC 5322, CRLF; ASCII but for a local part in To.
    pub bytes: Vec<u8>,
}

/// Composes a letter; `label` says in its Message-ID what it is: the kind's word.
#[must_use]
pub fn compose(label: &str, rendered: &Rendered, sender: &Sender, occasion: &Occasion<'_>) -> Letter {
    let domain = sender.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let short: String = occasion.fingerprint.chars().take(FINGERPRINT).collect();
    let message_id = format!("{MESSAGE_ID_START}{}.{label}.{short}@{domain}>", occasion.receipt);
    let mut head = String::new();
    field(&mut head, "Date", &date(occasion.now));
    mailbox_field(&mut head, "From", &sender.name, &sender.address);
    // A local part beyond ASCII stands there as it is (RFC 6532): such a letter goes only to servers that take it so.
    field(&mut head, "To", occasion.recipient);
    if let Some(reply_to) = &sender.reply_to {
        field(&mut head, "Reply-To", reply_to);
    }
    encoded_field(&mut head, "Subject", &rendered.subject);
    field(&mut head, "Message-ID", &message_id);
    let parent = occasion.message_id.filter(|id| is_message_id(id));
    if let Some(parent) = parent {
        field(&mut head, "In-Reply-To", parent);
    }
    let references = references(occasion.references, parent);
    if !references.is_empty() {
        field(&mut head, "References", &references.join("\r\n "));
    }
    for (name, value) in [
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
        (LOOP_HEADER, sender.address.as_str()),
        ("Content-Language", "ja"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "base64"),
    ] {
        field(&mut head, name, value);
    }
    head.push_str("\r\n");
    let text = rendered.text.replace("\r\n", "\n").replace('\n', "\r\n");
    let mut body = String::new();
    // Writing to a String cannot fail.
    let _infallible = email_encoding::body::base64::encode(text.as_bytes(), &mut body);
    body.push_str("\r\n");
    Letter { message_id, recipient: occasion.recipient.to_owned(), subject: rendered.subject.clone(), bytes: (head + &body).into_bytes() }
}

/// The start of the submission's fingerprint that a Message-ID of ours was made from.
#[must_use]
pub fn fingerprint_in(message_id: &str) -> Option<&str> {
    let (left, _) = message_id.strip_prefix(MESSAGE_ID_START)?.rsplit_once('@')?;
    let (_, fingerprint) = left.rsplit_once('.')?;
    (fingerprint.len() == FINGERPRINT && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(fingerprint)
}

/// Characters of the fingerprint in a Message-ID: 64 bits, which nobody guesses.
pub const FINGERPRINT: usize = 16;

fn field(head: &mut String, name: &str, value: &str) {
    let _infallible = write!(head, "{name}: {value}\r\n");
}

fn encoded_field(head: &mut String, name: &str, value: &str) {
    let start = format!("{name}: ");
    let length = start.len();
    head.push_str(&start);
    let mut writer = EmailWriter::new(head, length, 0, false);
    let _infallible =
        if value.is_ascii() { writer.folding().write_str(value) } else { email_encoding::headers::rfc2047::encode(value, &mut writer) };
    drop(writer);
    head.push_str("\r\n");
}

fn mailbox_field(head: &mut String, name: &str, shown: &str, address: &str) {
    let start = format!("{name}: ");
    let length = start.len();
    head.push_str(&start);
    let mut writer = EmailWriter::new(head, length, 0, false);
    if !shown.is_empty() {
        let _infallible = if shown.is_ascii() {
            email_encoding::headers::quoted_string::encode(shown, &mut writer)
        } else {
            email_encoding::headers::rfc2047::encode(shown, &mut writer)
        };
        writer.space();
    }
    let _infallible = write!(writer.folding(), "<{address}>");
    drop(writer);
    head.push_str("\r\n");
}

/// RFC 5322 section 3.3, in Japan's time.
fn date(now: i64) -> String {
    let timestamp = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH);
    let japan = TimeZone::fixed(jiff::tz::Offset::constant(9));
    timestamp.to_zoned(japan).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// RFC 5322 section 3.6.4 says that References may grow; RFC 5537 section 3.4.4 how to trim it: the first and the last ones.
const MOST_REFERENCES: usize = 10;
/// RFC 5322 section 2.1.1, for the whole value.
const MOST_REFERENCE_OCTETS: usize = 998;

fn references<'a>(of_submission: &'a [String], parent: Option<&'a str>) -> Vec<&'a str> {
    let mut ids: Vec<&str> = of_submission.iter().map(String::as_str).filter(|id| is_message_id(id)).collect();
    ids.retain(|id| Some(*id) != parent);
    ids.extend(parent);
    while ids.len() > MOST_REFERENCES || ids.iter().map(|id| id.len() + 1).sum::<usize>() > MOST_REFERENCE_OCTETS && ids.len() > 1 {
        ids.remove(usize::from(ids.len() > 2));
    }
    ids
}

/// Whether the text is a message id that may be written into a header: `<left@right>`, printable ASCII, no blanks, of
/// bearable length (RFC 5322 section 3.6.4).
#[must_use]
pub fn is_message_id(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) else { return false };
    let Some((left, right)) = inside.split_once('@') else { return false };
    text.len() <= 250
        && !left.is_empty()
        && !right.is_empty()
        && inside.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::message::Message;
    use crate::desk::rules::Limits;

    fn letter(references: &[String], message_id: Option<&str>) -> String {
        let rendered = Rendered {
            subject: "【受付番号 20261123-000001】SECURITY ACTIONのメールを確認できませんでした".to_owned(),
            text: "山田様\n\nこんにちは。\n".to_owned(),
        };
        let sender =
            Sender {
                name: "ICT導入支援事業費補助金事務局".to_owned(), address: "desk@office.example.jp".to_owned(), reply_to: None
            };
        let occasion = Occasion {
            recipient: "taro@applicant.example.jp",
            receipt: "20261123-000001",
            fingerprint: "0123456789abcdef0123",
            message_id,
            references,
            now: 1_795_000_000,
        };
        String::from_utf8(compose("missing", &rendered, &sender, &occasion).bytes).expect("ASCII")
    }

    #[test]
    fn a_letter_reads_back_as_it_was_written() {
        let bytes = letter(&[], Some("<a@applicant.example.jp>"));
        let message = Message::parse(bytes.as_bytes(), &Limits::default());
        assert_eq!(
            message.headers.text("subject").as_deref(),
            Some("【受付番号 20261123-000001】SECURITY ACTIONのメールを確認できませんでした")
        );
        assert_eq!(
            message.headers.mailboxes("from").first().and_then(|from| from.name.clone()).as_deref(),
            Some("ICT導入支援事業費補助金事務局")
        );
        assert_eq!(
            message.headers.text("message-id").as_deref(),
            Some("<uketsuke.20261123-000001.missing.0123456789abcdef@office.example.jp>")
        );
        assert_eq!(message.headers.text("message-id").as_deref().and_then(fingerprint_in), Some("0123456789abcdef"));
        assert_eq!(fingerprint_in("<uketsuke.1.test.0@office.example.jp>"), None);
        assert_eq!(message.headers.text("in-reply-to").as_deref(), Some("<a@applicant.example.jp>"));
        assert_eq!(message.headers.text("auto-submitted").as_deref(), Some("auto-replied"));
        assert_eq!(message.parts.first().map(|part| part.text(1_000).text).as_deref(), Some("山田様\r\n\r\nこんにちは。\r\n"));
    }

    #[test]
    fn no_line_is_longer_than_a_mail_may_have() {
        let many: Vec<String> = (0..40).map(|n| format!("<{n}-{}@applicant.example.jp>", "x".repeat(60))).collect();
        let bytes = letter(&many, Some("<last@applicant.example.jp>"));
        assert!(bytes.split("\r\n").all(|line| line.len() <= 120), "{bytes}");
        let references = Message::parse(bytes.as_bytes(), &Limits::default()).headers.text("references").expect("there");
        assert!(references.starts_with("<0-") && references.ends_with("<last@applicant.example.jp>") && references.len() <= 998);
    }

    #[test]
    fn a_foreign_id_that_is_none_is_not_repeated() {
        for id in ["<a b@x>", "<a@x>\r\nBcc: y@example.jp", "a@x", "<>", "<@x>", "<é@x>"] {
            assert!(!letter(&[id.to_owned()], Some(id)).contains("In-Reply-To"), "{id}");
        }
    }
}
