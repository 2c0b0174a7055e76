//! Mails that were broken on their way, and mails that are too much of something.
//!
//! Promises: whatever is compared holds for every reasonable repair of the damage. Rejected: files of megabytes; they are built
//! by [`crate::mail::hostile`] when needed.

use super::Build;
use super::nesting::chain;
use crate::mail::encode::{Charset, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::layout::Layout;
use crate::mail::layout::clients::{GMAIL_WEB, OUTLOOK_WINDOWS, THUNDERBIRD};
use crate::mail::letter::Carried;
use crate::mail::notice::{Sort, Stars};
use crate::mail::submission::{Scene, Submission, plain};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("illegible-text-of-wrong-bytes", illegible),
    ("truncated-base64-text", truncated_base64),
    ("nul-bytes-between-the-lines", |name| edited(name, |text| text.replace("\n\n", "\n\0\n"))),
    ("bare-cr-line-ends", bare_cr),
    ("missing-final-boundary", missing_final_boundary),
    ("ten-levels-of-forwards", ten_levels),
    ("header-folded-in-odd-places", odd_folding),
    ("header-fields-in-odd-case-and-without-space", odd_case),
    ("very-long-line-above-the-forward", |name| with_message(name, &"長い行です。".repeat(400))),
    ("two-hundred-quote-marks", |name| with_message(name, &format!("{} 深い引用", ">".repeat(200)))),
    ("many-look-alike-label-lines-above", |name| with_message(name, &"宛先: 事務局\n".repeat(60))),
    ("boundary-never-occurs", boundary_never_occurs),
    ("empty-mail", |name| bare(name, "")),
    ("white-space-only-body", |name| bare(name, "  \n\t\n　\n")),
];

/// Bytes that are no text in any multi-byte charset, under a label that promises text.
fn illegible(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mut bytes = b"SECURITY ACTION ".to_vec();
    bytes.extend(scene.random.noise(600).into_iter().map(|byte| if byte % 3 == 0 { 0xfe } else { 0xff }));
    let mail = scene.mail("Fwd: お知らせ", Entity::new("text/plain; charset=utf-8", Transfer::Base64, &bytes));
    Submission {
        raw: mail.raw(),
        expected: Expected::new(&mail, Verdict::Review).findings(&["illegible"]).json_without(&["message", "originals"]),
    }
}

/// Cut in the middle of the notice: subject read, body cut; the exact doubts depend on the byte.
fn truncated_base64(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let whole = Transfer::Base64.encode(scene.above(&inline).as_bytes());
    let until = scene.above(&inline).find("手続きが").unwrap_or(0) * 4 / 3;
    let cut = whole.get(..until).unwrap_or(&whole);
    let entity = Entity::ready(&[("Content-Type", "text/plain; charset=UTF-8"), ("Content-Transfer-Encoding", "base64")], cut);
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), entity);
    let expected = Expected::new(&mail, Verdict::Review).message(&scene.message);
    Submission { raw: mail.raw(), expected: expected.json_without(&["findings", "notices", "originals"]) }
}

/// The verdict holds, whatever becomes of the odd bytes in the shown text.
fn edited(name: &str, edit: fn(&str) -> String) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let (mut mail, inline) = scene.forward(&GMAIL_WEB);
    scene.message = String::new();
    let text = edit(&scene.above(&inline));
    mail.entity = plain(&text);
    let mut seen = inline.seen;
    seen.body = None;
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &seen).json() }
}

/// Classic Mac line ends in the body; they survive in the file.
fn bare_cr(name: &str) -> Submission {
    edited(name, |text| text.replace('\n', "\r"))
}

fn missing_final_boundary(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let parts = [plain(&format!("{}\n", scene.message)), Entity::message(&scene.letter.raw(Charset::Iso2022Jp, Transfer::SevenBit))];
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_open_end", &parts));
    let mut raw = mail.raw();
    raw.truncate(raw.len().saturating_sub("--=_open_end--\n".len()));
    Submission { raw, expected: scene.expect(&mail, Verdict::Accepted, &scene.letter.seen(Carried::Attached)).json() }
}

fn ten_levels(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let layouts: Vec<&Layout> = (0..10).map(|place| if place % 2 == 0 { &GMAIL_WEB } else { &THUNDERBIRD }).collect();
    let (text, seen, _) = chain(&mut scene, &layouts);
    let mail = scene.text_mail("Fwd: 何度も転送されたメール", &format!("{}\n\n{text}\n", scene.message));
    let mut expected = Expected::new(&mail, Verdict::Accepted).message(&scene.message);
    for original in &seen {
        expected = expected.original(original);
    }
    if let Some(innermost) = seen.last() {
        expected = expected.notice(scene.notice.json(innermost));
    }
    Submission { raw: mail.raw(), expected: expected.json() }
}

fn odd_folding(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let (mut mail, inline) = scene.forward(&OUTLOOK_WINDOWS);
    mail.subject = "Fwd: SECURITY ACTION completion notice".to_owned();
    let folded = String::from_utf8_lossy(&mail.raw())
        .replace("Subject: Fwd: SECURITY ACTION completion notice", "Subject:\n Fwd:\n\tSECURITY\n  ACTION completion\n notice")
        .replace("Content-Type: text/plain; charset=UTF-8", "Content-Type:\n\ttext/plain\n ;\n charset\n =\n\tUTF-8")
        .replace("Message-ID: ", "Message-ID:\n ");
    // How much white space a fold leaves is the reader's choice.
    let expected = scene.expect(&mail, Verdict::Accepted, &inline.seen).json_without(&["subject"]);
    Submission { raw: folded.into_bytes(), expected }
}

fn odd_case(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    let text = String::from_utf8_lossy(&mail.raw())
        .replacen("Subject: ", "SUBJECT:", 1)
        .replacen("From: ", "from:", 1)
        .replacen("Content-Type: ", "content-TYPE:", 1)
        .replacen("Content-Transfer-Encoding: 8bit", "CONTENT-TRANSFER-ENCODING:8BIT", 1);
    Submission { raw: text.into_bytes(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn with_message(name: &str, words: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = words.to_owned();
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json_without(&["message"]) }
}

/// A multipart without a single part: what it held cannot be known.
fn boundary_never_occurs(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let entity = Entity::ready(&[("Content-Type", "multipart/mixed; boundary=\"=_nowhere\"")], scene.above(&inline).as_bytes());
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), entity);
    let expected = Expected::new(&mail, Verdict::Review);
    Submission { raw: mail.raw(), expected: expected.json_without(&["verdict", "reply", "findings", "notices", "originals", "message"]) }
}

fn bare(name: &str, text: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = scene.text_mail("転送", text);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json() }
}
