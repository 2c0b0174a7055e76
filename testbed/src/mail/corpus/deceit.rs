//! Senders that are not who they seem, and header lines that want to be more than one.
//!
//! Promises: a mail of the right words from the wrong sender goes to a person, never through.
//! Rejected: telling which of two contradicting fields is true; a person decides.

use super::Build;
use crate::mail::encode::{Charset, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::layout::clients::{GMAIL_WEB, OUTLOOK_WINDOWS};
use crate::mail::letter::Mailbox;
use crate::mail::notice::{OFFICE_ADDRESS, OFFICE_NAME, Sort, Stars};
use crate::mail::submission::{Scene, Submission, plain};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("inline-from-a-domain-that-begins-alike", |name| inline(name, "info@ipa.go.jp.evil.example")),
    ("inline-from-a-domain-with-a-hyphen", |name| inline(name, "info@ipa-go.example.jp")),
    ("inline-from-a-domain-in-cyrillic-letters", |name| inline(name, "info@\u{456}\u{440}\u{430}.go.jp")),
    ("inline-from-an-address-with-the-domain-before-the-sign", |name| inline(name, "ipa.go.jp@evil.example")),
    ("attached-from-a-domain-that-begins-alike", |name| {
        attached(name, "SECURITY ACTION <info@ipa.go.jp.evil.example>", "sender_outside_domain")
    }),
    ("attached-from-a-name-that-is-the-address", |name| {
        attached(name, "\"security-action-info@ipa.go.jp\" <info@evil.example>", "sender_outside_domain")
    }),
    ("attached-from-a-comment-that-is-the-address", |name| {
        attached(name, "info@evil.example (security-action-info@ipa.go.jp)", "sender_outside_domain")
    }),
    ("attached-from-an-encoded-name-that-is-the-address", |name| {
        // "<security-action-info@ipa.go.jp>," as an encoded-word: a name, never an address (RFC 2047 section 6.2).
        attached(name, "=?UTF-8?B?PHNlY3VyaXR5LWFjdGlvbi1pbmZvQGlwYS5nby5qcD4s?= <info@evil.example>", "sender_outside_domain")
    }),
    ("attached-from-an-encoded-name-beside-raw-letters", |name| {
        attached(name, "事務局 =?UTF-8?B?PHNlY3VyaXR5LWFjdGlvbi1pbmZvQGlwYS5nby5qcD4s?= <info@evil.example>", "sender_outside_domain")
    }),
    ("attached-from-two-mailboxes", |name| {
        attached(name, "SECURITY ACTION <security-action-info@ipa.go.jp>, info@evil.example", "headers_conflict")
    }),
    ("attached-from-two-addresses-in-one-mailbox", |name| {
        attached(name, "info <info@evil.example> <security-action-info@ipa.go.jp>", "headers_conflict")
    }),
    ("direct-from-two-mailboxes", direct_two),
    ("inline-from-a-name-that-is-the-address", named_inline),
    ("inline-from-a-stranger-as-mailto-inside-angles", |name| {
        written(name, "SECURITY ACTION事務局 <info@evil.example [mailto:info@evil.example]>")
    }),
    ("inline-from-a-stranger-in-full-width-parentheses", |name| written(name, "SECURITY ACTION事務局（info@evil.example）")),
    ("inline-from-a-stranger-in-no-form-at-all", |name| written(name, "SECURITY ACTION事務局 info@evil.example さん")),
    ("inline-from-a-stranger-in-broken-angles", |name| written(name, "SECURITY ACTION事務局 <info @evil.example>")),
    ("references-that-want-to-inject", references),
];

fn inline(name: &str, address: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.from = Mailbox::new(OFFICE_NAME, address);
    let (mail, inline) = scene.forward(&OUTLOOK_WINDOWS);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["sender_outside_domain"]).json() }
}

/// The notice's own bytes but for its From.
fn attached(name: &str, from: &str, finding: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let original = scene.letter.entity(Charset::Utf8, Transfer::Base64).with_changed("From", Some(from));
    let mail =
        scene.mail("添付します", Entity::multipart("mixed", "=_mixed", &[plain("添付します。\n"), Entity::message(&original.bytes())]));
    let expected = Expected::new(&mail, Verdict::Review).findings(&[finding]).json_without(&["notices", "originals", "message"]);
    Submission { raw: mail.raw(), expected }
}

/// The submission says that the office and somebody else wrote it.
fn direct_two(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut mail = scene.mail(&scene.letter.subject, plain(&format!("{}\n", scene.letter.body)));
    mail.from = Mailbox::bare(&format!("{OFFICE_ADDRESS}, info@evil.example"));
    let expected =
        Expected::new(&mail, Verdict::Review).findings(&["headers_conflict"]).json_without(&["notices", "originals", "message", "from"]);
    Submission { raw: mail.raw(), expected }
}

/// However the sender is written: an address that is there and is not the office's goes to a person.
fn written(name: &str, from: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut inline = OUTLOOK_WINDOWS.render(&scene.letter);
    inline.text = inline.text.replace(&format!("{OFFICE_NAME} <{OFFICE_ADDRESS}>"), from);
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    let expected =
        scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["sender_outside_domain"]).json_without(&["notices", "originals"]);
    Submission { raw: mail.raw(), expected }
}

/// In a quoted header line, too, a name in quotation marks is a name.
fn named_inline(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.from = Mailbox::new(OFFICE_ADDRESS, "info@evil.example");
    let layout = crate::mail::Layout { mailbox: crate::mail::layout::MailboxForm::QuotedName, ..GMAIL_WEB };
    let (mail, inline) = scene.forward(&layout);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["sender_outside_domain"]).json() }
}

/// Ids with blanks, line ends and foreign fields: none of it may stop the judgement.
fn references(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    let mail = mail
        .with_top("References", "<a@example.jp>\n\t<b c@example.jp> Bcc:\n evil@example.jp =?UTF-8?Q?=0D=0ABcc:_x@example.jp?=")
        .with_top("In-Reply-To", "<x@y> \"<z@\u{2028}w>\"");
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}
