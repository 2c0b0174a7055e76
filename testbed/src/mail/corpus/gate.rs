//! When nobody is answered: automatic mail, lists, bounces, mail that only looks like an applicant's.
//!
//! Promises: gates are shown on mails that would otherwise be answered, and for each family a neighbour that must be answered.
//! Rejected: testing gates on accepted mails only; those get no answer anyway.

use super::Build;
use crate::mail::encode::{Charset, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::layout::clients::{GMAIL_WEB, OUTLOOK_WINDOWS};
use crate::mail::letter::{Carried, Mailbox};
use crate::mail::notice::{Sort, Stars};
use crate::mail::submission::{DESK, Mail, Scene, Submission, plain};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("auto-replied-out-of-office", |name| ignored(name, "不在のお知らせ", &[("Auto-Submitted", "auto-replied")])),
    ("auto-generated-report", |name| ignored(name, "日次レポート", &[("Auto-Submitted", "auto-generated")])),
    ("auto-replied-with-comment-and-upper-case", |name| {
        ignored(name, "不在", &[("Auto-Submitted", "Auto-Replied (vacation); owner=\"x\"")])
    }),
    ("vacation-responder-without-headers", |name| ignored(name, "自動応答: 申請のご案内", &[])),
    ("vacation-responder-english-without-headers", |name| ignored(name, "Automatic reply: Notice", &[])),
    ("x-autoreply-header", |name| ignored(name, "休業のお知らせ", &[("X-Autoreply", "yes")])),
    ("x-autoresponder-header", |name| ignored(name, "受け付けました", &[("X-Autoresponder", "example 1.0")])),
    ("precedence-bulk", |name| ignored(name, "新商品のご案内", &[("Precedence", "bulk")])),
    ("precedence-junk", |name| ignored(name, "ご案内", &[("Precedence", "junk")])),
    ("precedence-auto-reply", |name| ignored(name, "ご連絡", &[("Precedence", "auto_reply")])),
    ("mailing-list-post", |name| {
        ignored(
            name,
            "[kaigo-ml:123] 研修会",
            &[("List-Id", "<kaigo-ml.example.jp>"), ("List-Post", "<mailto:kaigo-ml@example.jp>"), ("Precedence", "list")],
        )
    }),
    ("mailing-list-japanese-headers", |name| ignored(name, "(care 45) お知らせ", &[("X-ML-Name", "care"), ("X-ML-Count", "45")])),
    ("newsletter-with-unsubscribe", |name| {
        ignored(name, "介護だより 5月号", &[("List-Unsubscribe", "<https://news.example.jp/stop>"), ("Precedence", "bulk")])
    }),
    ("null-return-path", |name| ignored(name, "お知らせ", &[("Return-Path", "<>"), ("Auto-Submitted", "auto-replied")])),
    ("bounce-with-the-notice-inside", bounce),
    ("bounce-without-the-original", bounce_headers_only),
    ("mailer-daemon-without-report", |name| ignored_from(name, Mailbox::new("Mail Delivery System", "MAILER-DAEMON@mx.example.jp"))),
    ("read-receipt", read_receipt),
    ("rule-forward-auto-submitted-with-notice", |name| {
        noticed(name, ONE, &[("Auto-Submitted", "auto-generated"), ("X-MS-Exchange-Generated-Message-Source", "Mailbox Rules Agent")])
    }),
    ("rule-forward-auto-submitted-with-acceptance", |name| noticed(name, Sort::Acceptance, &[("Auto-Submitted", "auto-forwarded")])),
    ("rule-forward-auto-submitted-with-receipt", |name| noticed(name, Sort::Receipt, &[("Auto-Submitted", "auto-generated")])),
    ("list-post-with-notice", |name| noticed(name, ONE, &[("List-Id", "<office.example.jp>")])),
    ("null-return-path-with-receipt", |name| noticed(name, Sort::Receipt, &[("Return-Path", "<>")])),
    ("precedence-bulk-with-receipt", |name| noticed(name, Sort::Receipt, &[("Precedence", "bulk")])),
    ("suppress-oof-with-receipt", |name| noticed(name, Sort::Receipt, &[("X-Auto-Response-Suppress", "DR, OOF, AutoReply")])),
    ("no-reply-sender-with-receipt", |name| from_address(name, "no-reply@office.example.co.jp")),
    ("root-sender-with-receipt", |name| from_address(name, "root@server.example.co.jp")),
    ("owner-sender-with-receipt", |name| from_address(name, "owner-staff@lists.example.co.jp")),
    ("reply-to-another-organisation-with-receipt", reply_elsewhere),
    ("redirected-receipt-is-never-answered", redirected_receipt),
    ("auto-submitted-no-is-a-person", |name| answered(name, &[("Auto-Submitted", "no")])),
    ("auto-submitted-no-with-comment-is-a-person", |name| answered(name, &[("Auto-Submitted", "No (typed by hand)")])),
    ("suppress-ndr-only-is-a-person", |name| answered(name, &[("X-Auto-Response-Suppress", "NDR, RN")])),
    ("precedence-first-class-is-a-person", |name| answered(name, &[("Precedence", "first-class")])),
];

fn topped(mut mail: Mail, top: &[(&str, &str)]) -> Mail {
    for (name, value) in top {
        mail = mail.with_top(name, value);
    }
    mail
}

fn ignored(name: &str, subject: &str, top: &[(&str, &str)]) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = topped(scene.text_mail(subject, "いつもお世話になっております。\nこのメールは自動で送っています。\n"), top);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json() }
}

fn ignored_from(name: &str, from: Mailbox) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut mail = scene.text_mail("Returned mail: see transcript for details", "The following address failed:\n  nobody@example.co.jp\n");
    mail.from = from;
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json() }
}

fn report(scene: &Scene, returned: Entity) -> Mail {
    let status = Entity::ready(
        &[("Content-Type", "message/delivery-status")],
        b"Reporting-MTA: dns; mx.example.jp\n\nFinal-Recipient: rfc822; nobody@example.co.jp\nAction: failed\nStatus: 5.1.1\n",
    );
    let parts = [plain("The mail could not be delivered.\n"), status, returned];
    let mut mail =
        scene.mail("Undelivered Mail Returned to Sender", Entity::multipart("report; report-type=delivery-status", "=_report", &parts));
    mail.from = Mailbox::new("Mail Delivery System", "MAILER-DAEMON@mx.example.jp");
    topped(mail, &[("Return-Path", "<>"), ("Auto-Submitted", "auto-replied")])
}

/// A bounce is no forward, whatever it returns.
fn bounce(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = report(&scene, Entity::message(&scene.letter.raw(Charset::Utf8, Transfer::Base64)));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json_without(&["notices", "originals", "findings"]) }
}

fn bounce_headers_only(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let returned = Entity::ready(
        &[("Content-Type", "text/rfc822-headers")],
        b"From: shinsei@ict-hojo.example.jp\nSubject: a letter\nMessage-ID: <letter@ict-hojo.example.jp>\n",
    );
    let mail = report(&scene, returned);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json_without(&["originals"]) }
}

fn read_receipt(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let notification = Entity::ready(
        &[("Content-Type", "message/disposition-notification")],
        b"Final-Recipient: rfc822; hanako@example.co.jp\nDisposition: manual-action/MDN-sent-manually; displayed\n",
    );
    let parts = [plain("開封しました。\n"), notification];
    let mail = scene.mail("開封済み: ご案内", Entity::multipart("report; report-type=disposition-notification", "=_receipt", &parts));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json() }
}

/// Judged as any other, but not answered.
fn noticed(name: &str, sort: Sort, top: &[(&str, &str)]) -> Submission {
    let scene = Scene::named(name, sort);
    let (mail, inline) = scene.forward(&OUTLOOK_WINDOWS);
    let mail = topped(mail, top);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, scene.verdict(), &inline.seen).without_reply().json() }
}

/// Another registered domain than the sender's, whichever list of suffixes the reader uses.
fn reply_elsewhere(name: &str) -> Submission {
    let scene = Scene::named(name, Sort::Receipt);
    let under_co_jp = scene.applicant.mailbox.address.as_deref().is_some_and(|address| address.ends_with("example.co.jp"));
    noticed(name, Sort::Receipt, &[("Reply-To", if under_co_jp { "someone@example.jp" } else { "someone@example.co.jp" })])
}

fn from_address(name: &str, address: &str) -> Submission {
    let mut scene = Scene::named(name, Sort::Receipt);
    scene.applicant.mailbox = Mailbox::bare(address);
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::WrongType, &inline.seen).without_reply().json() }
}

/// From is the office itself: an answer would go there.
fn redirected_receipt(name: &str) -> Submission {
    let mut scene = Scene::named(name, Sort::Receipt);
    scene.message = String::new();
    let applicant = scene.applicant.mailbox.address.clone().unwrap_or_default();
    let mut mail = scene.mail(&scene.letter.subject, plain(&format!("{}\n", scene.letter.body)));
    mail.from = scene.letter.from.clone();
    let sent = scene.letter.sent.later(3_600).rfc5322();
    let mail = topped(mail, &[("Resent-From", &applicant), ("Resent-To", DESK), ("Resent-Date", &sent)]);
    let mut seen = scene.letter.seen(Carried::Direct);
    seen.to = Some(vec![Mailbox::bare(DESK)]);
    let written = crate::mail::moment::DateForm::Rfc5322.write(mail.sent);
    (seen.date, seen.date_text) = (written.meaning, Some(written.text));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::WrongType, &seen).without_reply().json() }
}

/// Headers that look automatic and are not: the forgotten forward is asked for.
fn answered(name: &str, top: &[(&str, &str)]) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = topped(scene.text_mail("SECURITY ACTIONの件", "転送します。よろしくお願いします。\n"), top);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json() }
}
