//! Reading the notice: kinds, subjects, labels, numbers.
//!
//! Promises: each case changes one thing in an otherwise plain forward. A value that may be shown in two right ways is not compared.
//! Rejected: several mistakes in one mail; which finding belongs to which could not be told.

use serde_json::{Value, json};

use super::Build;
use crate::mail::expected::Verdict;
use crate::mail::layout::clients::{APPLE_IOS, GMAIL_WEB, OUTLOOK_WINDOWS, THUNDERBIRD};
use crate::mail::layout::{Layout, MailboxForm, Row};
use crate::mail::letter::Mailbox;
use crate::mail::moment::wide;
use crate::mail::notice::{OFFICE_ADDRESS, OFFICE_NAME, Sort, Stars};
use crate::mail::submission::{Scene, Submission, forwarded};

const ONE: Sort = Sort::Completion(Stars::One);
const UNSAID: Sort = Sort::Completion(Stars::Unsaid);

pub const TABLE: &[(&str, Build)] = &[
    ("completion-one-star", |name| as_is(name, ONE)),
    ("completion-two-stars", |name| as_is(name, Sort::Completion(Stars::Two))),
    ("completion-level-unstated", |name| as_is(name, UNSAID)),
    ("acceptance-has-no-number-and-no-level", |name| as_is(name, Sort::Acceptance)),
    ("receipt-is-of-another-kind", |name| as_is(name, Sort::Receipt)),
    ("newsletter-is-of-another-kind", |name| as_is(name, Sort::Newsletter)),
    ("unknown-notice-with-a-declaration-id", |name| as_is(name, Sort::Unknown)),
    ("subject-half-width-colon", |name| titled(name, "【SECURITY ACTION】一つ星:自己宣言完了のお知らせ")),
    ("subject-spaces-around-the-colon", |name| titled(name, "【SECURITY ACTION】 一つ星 ： 自己宣言完了のお知らせ")),
    ("subject-full-width-space-after-bracket", |name| titled(name, "【SECURITY ACTION】　一つ星：自己宣言完了のお知らせ")),
    ("subject-doubled-bracket", |name| titled(name, "【【SECURITY ACTION】一つ星：自己宣言完了のお知らせ")),
    ("subject-full-width-letters", |name| titled(name, "【ＳＥＣＵＲＩＴＹ　ＡＣＴＩＯＮ】一つ星：自己宣言完了のお知らせ")),
    ("subject-with-a-stack-of-prefixes", |name| titled(name, "Fwd: 転送: FW：【SECURITY ACTION】一つ星：自己宣言完了のお知らせ")),
    ("subject-with-external-tag", |name| titled(name, "[External] 【SECURITY ACTION】一つ星：自己宣言完了のお知らせ")),
    ("subject-lost-body-intact", subject_lost),
    ("body-cut-subject-intact", body_cut),
    ("kind-conflict-subject-acceptance-body-completion", kind_conflict),
    ("id-starts-with-four", |name| numbered(name, "41234500077")),
    ("id-starts-with-five", |name| numbered(name, "51234500088")),
    ("id-of-ten-digits", |name| numbered(name, "4123450099")),
    ("id-full-width-digits", |name| id_written(name, |id| format!("自己宣言ID:{}", wide(id)))),
    ("id-with-spaces", |name| id_written(name, |id| format!("自己宣言ID: {}", grouped(id, ' ')))),
    ("id-with-hyphens", |name| id_written(name, |id| format!("自己宣言ID:{}", grouped(id, '-')))),
    ("id-on-the-line-after-its-label", |name| id_written(name, |id| format!("自己宣言ID:\n{id}"))),
    ("id-label-with-full-width-colon-and-space", |name| id_written(name, |id| format!("自己宣言ID　：　{id}"))),
    ("id-label-in-full-width-letters", |name| id_written(name, |id| format!("自己宣言ＩＤ：{id}"))),
    ("id-label-with-bullet", |name| id_written(name, |id| format!("■自己宣言ID：{id}"))),
    ("id-cut-short", |name| bad_id(name, "自己宣言ID:41234", &["declaration_id_malformed"])),
    ("id-left-empty", |name| bad_id(name, "自己宣言ID:", &["declaration_id_unreadable"])),
    ("id-line-missing", |name| bad_id(name, "", &["declaration_id_unreadable"])),
    ("id-is-the-user-number", id_is_user_number),
    ("manual-sample-page-values", sample_values),
    ("sender-of-a-subdomain", |name| sent_by(name, Mailbox::new(OFFICE_NAME, "noreply@mail.ipa.go.jp"), Verdict::Accepted, &[])),
    ("sender-outside-the-domain", |name| {
        sent_by(name, Mailbox::new(OFFICE_NAME, "info@security-action.example.jp"), Verdict::Review, &["sender_outside_domain"])
    }),
    ("sender-domain-only-ends-alike", |name| {
        sent_by(name, Mailbox::new(OFFICE_NAME, "info@fake-ipa.go.jp.example.jp"), Verdict::Review, &["sender_outside_domain"])
    }),
    ("sender-address-in-the-display-name-only", |name| {
        sent_by(name, Mailbox::new(OFFICE_ADDRESS, "info@office.example.jp"), Verdict::Review, &["sender_outside_domain"])
    }),
    ("sender-name-only", sender_name_only),
    ("company-line-with-office", company_with_office),
    ("company-line-with-bracketed-legal-form", |name| company(name, "(株)ひだまり丘ケアサービス")),
    ("person-with-full-width-space", person_full_width_space),
    ("person-sama-without-space", person_without_space),
];

fn as_is(name: &str, sort: Sort) -> Submission {
    forwarded(&Scene::named(name, sort), &GMAIL_WEB)
}

fn titled(name: &str, subject: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.subject = subject.to_owned();
    forwarded(&scene, &OUTLOOK_WINDOWS)
}

fn numbered(name: &str, id: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.notice.declaration_id = id.to_owned();
    scene.letter = scene.notice.letter();
    forwarded(&scene, &THUNDERBIRD)
}

fn id_written(name: &str, write: fn(&str) -> String) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let id = scene.notice.declaration_id.clone();
    scene.letter.body = scene.letter.body.replace(&format!("自己宣言ID:{id}"), &write(&id));
    forwarded(&scene, &APPLE_IOS)
}

fn grouped(id: &str, between: char) -> String {
    let digits: Vec<char> = id.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(&between.to_string())
}

fn bad_id(name: &str, line: &str, findings: &[&str]) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.body = scene.letter.body.replace(&format!("自己宣言ID:{}", scene.notice.declaration_id), line);
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    let mut expected = scene.expect(&mail, Verdict::Review, &inline.seen).findings(findings).json();
    set_first_notice(&mut expected, "declaration_id", if line.ends_with("41234") { None } else { Some(Value::Null) });
    Submission { raw: mail.raw(), expected }
}

/// Starts with 4 and has ten digits: only the comparison with 利用者番号 tells.
fn id_is_user_number(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.notice.user_number = "4890123456".to_owned();
    scene.notice.declaration_id = "4890123456".to_owned();
    scene.letter = scene.notice.letter();
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    let mut expected = scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["declaration_id_is_user_number"]).json();
    set_first_notice(&mut expected, "declaration_id", None);
    Submission { raw: mail.raw(), expected }
}

fn sample_values(name: &str) -> Submission {
    let mut scene = Scene::named(name, UNSAID);
    scene.notice.user_number = "9999999999".to_owned();
    scene.notice.declaration_id = "4999999999".to_owned();
    scene.notice.company = "会社名".to_owned();
    scene.notice.person = "○○○".to_owned();
    scene.letter = scene.notice.letter();
    scene.letter.body = scene.letter.body.replace("○○○ 様", "○○○様");
    let (mail, inline) = scene.forward(&OUTLOOK_WINDOWS);
    let mut expected = scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["sample_values"]).json();
    for key in ["company", "person"] {
        set_first_notice(&mut expected, key, None);
    }
    Submission { raw: mail.raw(), expected }
}

fn sent_by(name: &str, from: Mailbox, verdict: Verdict, findings: &[&str]) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.from = from;
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, verdict, &inline.seen).findings(findings).json() }
}

fn sender_name_only(name: &str) -> Submission {
    let scene = Scene::named(name, Sort::Acceptance);
    let (mail, inline) = scene.forward(&Layout { mailbox: MailboxForm::NameOnly, ..OUTLOOK_WINDOWS });
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).findings(&["sender_unstated"]).json() }
}

fn subject_lost(name: &str) -> Submission {
    let scene = Scene::named(name, UNSAID);
    let layout = Layout { rows: &[Row::From("差出人: "), Row::Date("Date: "), Row::To("To: ")], ..GMAIL_WEB };
    let inline = layout.render(&scene.letter);
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).findings(&["subject_unstated"]).json() }
}

/// An acceptance, so that no missing number adds a second doubt.
fn body_cut(name: &str) -> Submission {
    let mut scene = Scene::named(name, Sort::Acceptance);
    scene.letter.body = scene.letter.body.lines().take(2).collect::<Vec<_>>().join("\n");
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["body_cut"]).json() }
}

/// Neither the subject nor the body states a level, so that the note comes by either kind.
fn kind_conflict(name: &str) -> Submission {
    let mut scene = Scene::named(name, UNSAID);
    scene.letter.subject = "【SECURITY ACTION】申込受理のご連絡".to_owned();
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    Submission {
        raw: mail.raw(),
        expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["kind_conflict"]).json_without(&["notices"]),
    }
}

fn company(name: &str, company: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.notice.company = company.to_owned();
    scene.letter = scene.notice.letter();
    forwarded(&scene, &GMAIL_WEB)
}

fn company_with_office(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    company(name, &format!("{} {}", scene.applicant.corporation, scene.applicant.office))
}

/// The full-width space may be shown as written or folded: the person is not compared.
fn person_full_width_space(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let written = scene.notice.person.replace(' ', "　");
    scene.letter.body = scene.letter.body.replace(&format!("{} 様", scene.notice.person), &format!("{written}　様"));
    let mut submission = forwarded(&scene, &GMAIL_WEB);
    set_first_notice(&mut submission.expected, "person", None);
    submission
}

fn person_without_space(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let person = scene.notice.person.replace(' ', "");
    scene.letter.body = scene.letter.body.replace(&format!("{} 様", scene.notice.person), &format!("{person}様"));
    scene.notice.person = person;
    forwarded(&scene, &GMAIL_WEB)
}

/// Sets a field of the first expected notice, or leaves it out of the comparison.
fn set_first_notice(expected: &mut Value, key: &str, value: Option<Value>) {
    let first = expected.get_mut("notices").and_then(|notices| notices.get_mut(0)).and_then(Value::as_object_mut);
    let Some(fields) = first else { return };
    match value {
        Some(value) => fields.insert(key.to_owned(), json!(value)),
        None => fields.remove(key),
    };
}
