//! Mails that try to deceive.
//!
//! Promises: never "accepted" for what a person would not see or would not believe. Rejected: comparing every finding of a
//! forged mail; how many alarms ring matters less than that one does.

use super::{Build, without};
use crate::mail::encode::{Charset, HeaderForm, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::html::lines;
use crate::mail::layout::clients::GMAIL_WEB;
use crate::mail::letter::{Carried, Mailbox};
use crate::mail::notice::{OFFICE_NAME, Sort, Stars};
use crate::mail::submission::{Mail, Scene, Submission, forwarded, plain};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("zero-width-characters-inside-the-subject", |name| {
        disguised(name, "【SECURITY ACTION】一つ星：自己\u{200b}宣言\u{200d}完了の\u{feff}お知らせ")
    }),
    ("bidi-controls-inside-the-subject", |name| {
        disguised(name, "\u{202a}【SECURITY ACTION】\u{2066}一つ星：自己宣言完了のお知らせ\u{2069}\u{202c}")
    }),
    ("cyrillic-letter-inside-the-subject", |name| {
        let mut scene = Scene::named(name, ONE);
        scene.letter.subject = "【SECURITY \u{410}CTION】一つ星：自己宣言完了のお知らせ".to_owned();
        let (mail, inline) = scene.forward(&GMAIL_WEB);
        Submission {
            raw: mail.raw(),
            expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["mixed_scripts", "subject_unstated"]).json(),
        }
    }),
    ("greek-letter-inside-the-id", |name| {
        let mut scene = Scene::named(name, ONE);
        scene.letter.body = scene.letter.body.replacen("自己宣言ID", "自己宣言\u{399}D", 1);
        let (mail, _) = scene.forward(&GMAIL_WEB);
        let expected = Expected::new(&mail, Verdict::Review).json_without(&["notices", "originals", "findings", "message"]);
        Submission { raw: mail.raw(), expected }
    }),
    ("notice-only-in-hidden-html", hidden_html),
    ("notice-only-in-white-html", |name| hidden_by(name, "color:#ffffff;background-color:#ffffff")),
    ("notice-only-in-zero-sized-html", |name| hidden_by(name, "font-size:0px;line-height:0")),
    ("notice-only-in-an-html-comment", comment_html),
    ("parts-disagree-notice-only-in-html", parts_disagree),
    ("duplicate-from-in-attached-original", |name| {
        doubled(name, "From", "=?UTF-8?B?5YG9?= <other@example.jp>", &["notices", "originals", "findings"])
    }),
    ("duplicate-subject-in-attached-original", |name| doubled(name, "Subject", "another subject", &["notices", "originals", "findings"])),
    ("duplicate-date-in-attached-original", |name| doubled(name, "Date", "Fri, 1 May 2026 10:00:00 +0900", &["notices", "originals"])),
    ("duplicate-message-id-in-attached-original", |name| doubled(name, "Message-ID", "<second@example.jp>", &[])),
    ("duplicate-from-in-the-submission", duplicate_from_outside),
    ("office-name-with-a-strangers-address", strangers_address),
    ("direct-from-a-look-alike-domain", look_alike_direct),
    ("spreadsheet-formula-as-company", |name| company(name, "=HYPERLINK(\"https://evil.example.jp\",\"株式会社\")")),
    ("terminal-escape-as-company", |name| company_uncompared(name, "株式会社\u{1b}[31mあか\u{1b}[0m")),
    ("html-tags-as-company", |name| company(name, "<script>alert(1)</script>株式会社")),
    ("header-injection-in-encoded-subject", injected_subject),
    ("own-receipt-number-like-text", |name| saying(name, "受付番号: 000123\nVerdict: accepted\nX-Loop: none")),
    ("forged-authentication-results-inside", |name| saying(name, "Authentication-Results: mx.example.jp; dkim=pass header.d=ipa.go.jp")),
];

/// Stripped for comparison; whether shown with or without is not this case's matter.
fn disguised(name: &str, subject: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.subject = subject.to_owned();
    let inline = GMAIL_WEB.render(&scene.letter);
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    let notice = without(scene.notice.json(&inline.seen), "original", "subject");
    let expected = Expected::new(&mail, Verdict::Accepted).message(&scene.message).notice(notice).json_without(&["originals"]);
    Submission { raw: mail.raw(), expected }
}

fn html_mail(scene: &Scene, document: &str) -> Mail {
    scene.mail("ご連絡", Entity::text("html", Charset::Utf8, Transfer::Base64, document))
}

fn hidden_html(name: &str) -> Submission {
    hidden_by(name, "display:none")
}

fn hidden_by(name: &str, style: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let document =
        format!("<html><body><div>よろしくお願いします。</div><div style=\"{style}\">{}</div></body></html>\n", lines(&inline.text));
    let mail = html_mail(&scene, &document);
    let expected = Expected::new(&mail, Verdict::Review).findings(&["hidden_text"]).json_without(&["notices", "originals", "message"]);
    Submission { raw: mail.raw(), expected }
}

/// A comment is not even hidden text: nobody's client ever shows it.
fn comment_html(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let comment = inline.text.replace("--", "__");
    let mail = html_mail(&scene, &format!("<html><body><div>よろしくお願いします。</div><!-- {comment} --></body></html>\n"));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json() }
}

fn parts_disagree(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let html =
        Entity::text("html", Charset::Utf8, Transfer::Base64, &format!("<html><body>{}</body></html>\n", lines(&scene.above(&inline))));
    let parts = [plain("来週の打ち合わせは10時からでお願いします。\n"), html];
    let mail = scene.mail("打ち合わせ", Entity::multipart("alternative", "=_two_faces", &parts));
    let expected = Expected::new(&mail, Verdict::Review).findings(&["parts_disagree"]).json_without(&["notices", "originals", "message"]);
    Submission { raw: mail.raw(), expected }
}

/// The keys that depend on which of the two values is taken are not compared.
fn doubled(name: &str, field: &str, value: &str, uncompared: &[&str]) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut original = scene.letter.entity(Charset::Utf8, Transfer::Base64);
    original.put_on_top(vec![(field.to_owned(), value.as_bytes().to_vec())]);
    let parts = [plain(&format!("{}\n", scene.message)), Entity::message(&original.bytes())];
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_mixed", &parts));
    let expected = scene.expect(&mail, Verdict::Review, &scene.letter.seen(Carried::Attached)).findings(&["headers_conflict"]);
    Submission { raw: mail.raw(), expected: expected.json_without(uncompared) }
}

/// Two senders: judged, but there is nobody to answer.
fn duplicate_from_outside(name: &str) -> Submission {
    let scene = Scene::named(name, Sort::Receipt);
    let (mail, _) = scene.forward(&GMAIL_WEB);
    let mail = mail.with_top("From", "someone-else@example.jp");
    let expected = Expected::new(&mail, Verdict::WrongType).without_reply();
    Submission { raw: mail.raw(), expected: expected.json_without(&["from", "verdict", "findings", "notices", "originals"]) }
}

fn strangers_address(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.from = Mailbox::new(&format!("{OFFICE_NAME} ipa.go.jp"), "sender@mailer.example.jp");
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["sender_outside_domain"]).json() }
}

/// Looks like a redirected notice, but its From is not under the office's domain: the findings are the judge's, never "accepted".
fn look_alike_direct(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut mail = scene.mail(&scene.letter.subject, plain(&format!("{}\n", scene.letter.body)));
    mail.from = Mailbox::new(OFFICE_NAME, "security-action-info@ipa-go.example.jp");
    let expected = Expected::new(&mail, Verdict::Review).json_without(&["notices", "originals", "findings", "message"]);
    Submission { raw: mail.raw(), expected }
}

fn company(name: &str, company: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.notice.company = company.to_owned();
    scene.letter = scene.notice.letter();
    forwarded(&scene, &GMAIL_WEB)
}

/// A control character may be shown as a symbol or dropped: the verdict must hold, the words are not compared.
fn company_uncompared(name: &str, written: &str) -> Submission {
    let mut submission = company(name, written);
    if let Some(fields) = submission.expected.as_object_mut() {
        for key in ["notices", "originals", "findings", "verdict"] {
            fields.remove(key);
        }
    }
    submission
}

/// A line end smuggled in by an encoded-word must not become a header field of anything.
fn injected_subject(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let (mut mail, inline) = scene.forward(&GMAIL_WEB);
    mail.subject = format!("{}\r\nBcc: victim@example.jp", mail.subject);
    mail.header_form = HeaderForm::Base64(Charset::Utf8);
    let expected = scene.expect(&mail, Verdict::Accepted, &inline.seen).json_without(&["subject"]);
    Submission { raw: mail.raw(), expected }
}

fn saying(name: &str, words: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = words.to_owned();
    forwarded(&scene, &GMAIL_WEB)
}
