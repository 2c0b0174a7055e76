//! Forwards of forwards.
//!
//! Promises: every layer has words of its own, so that a body which swallows its neighbour is seen.
//! Rejected: layers of the same words; they would hide a wrong depth.

use super::Build;
use crate::mail::encode::{Charset, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::layout::Layout;
use crate::mail::layout::Quote;
use crate::mail::layout::clients::{APPLE_IOS, APPLE_MACOS, GMAIL_WEB, OUTLOOK_WEB, OUTLOOK_WINDOWS, ROUNDCUBE, THUNDERBIRD, YAHOO_JAPAN};
use crate::mail::letter::{Carried, Letter, Seen};
use crate::mail::notice::{Sort, Stars};
use crate::mail::submission::{Scene, Submission, plain};

const QUOTING_MAC: Layout = Layout { quote: Quote::BlockAndBody, ..APPLE_MACOS };

pub const TABLE: &[(&str, Build)] = &[
    ("nested-two-outlook-around-gmail", |name| nested(name, &[&OUTLOOK_WINDOWS, &GMAIL_WEB])),
    ("nested-two-gmail-around-outlook", |name| nested(name, &[&GMAIL_WEB, &OUTLOOK_WINDOWS])),
    ("nested-two-outlook-around-outlook-without-separators", |name| nested(name, &[&OUTLOOK_WINDOWS, &OUTLOOK_WINDOWS])),
    ("nested-two-thunderbird-around-yahoo-japan", |name| nested(name, &[&THUNDERBIRD, &YAHOO_JAPAN])),
    ("nested-three-apple-outlook-thunderbird", |name| nested(name, &[&APPLE_IOS, &OUTLOOK_WEB, &THUNDERBIRD])),
    ("nested-three-roundcube-gmail-outlook", |name| nested(name, &[&ROUNDCUBE, &GMAIL_WEB, &OUTLOOK_WINDOWS])),
    ("nested-two-quoted-around-gmail", |name| nested(name, &[&QUOTING_MAC, &GMAIL_WEB])),
    ("nested-three-quoted-in-quoted", |name| nested(name, &[&QUOTING_MAC, &QUOTING_MAC, &GMAIL_WEB])),
    ("nested-inline-inside-attached", inline_inside_attached),
];

/// A chain of forwards, outermost client first; the last one carries the notice.
pub fn chain(scene: &mut Scene, layouts: &[&Layout]) -> (String, Vec<Seen>, Letter) {
    let mut letter = scene.letter.clone();
    let mut own_words = None;
    let mut seen = Vec::new();
    let mut text = String::new();
    for (place, layout) in layouts.iter().enumerate().rev() {
        let inline = layout.render(&letter);
        let mut here = inline.seen.at_depth(u32::try_from(place + 1).unwrap_or(u32::MAX));
        if let Some(words) = own_words.take() {
            here.body = Some(words);
        }
        seen.insert(0, here);
        text = inline.text;
        if place > 0 {
            letter = colleagues_forward(scene, &letter, layout, &text, place);
            own_words = Some(words_of(place));
        }
    }
    (text, seen, letter)
}

fn words_of(place: usize) -> String {
    format!("{place}番目の担当です。届いたメールを転送します。\nよろしくお願いします。")
}

fn colleagues_forward(scene: &mut Scene, letter: &Letter, layout: &Layout, text: &str, place: usize) -> Letter {
    let sender = scene.applicant.colleague(&mut scene.random);
    let sent = letter.sent.later(1_800);
    Letter {
        message_id: format!("<{}.nested@{}>", sent.digits(), "example.co.jp"),
        to: vec![scene.applicant.mailbox.clone()],
        cc: Vec::new(),
        from: sender,
        subject: format!("{}{}", layout.prefix, letter.subject),
        sent,
        body: format!("{}\n\n{text}", words_of(place)),
    }
}

fn nested(name: &str, layouts: &[&Layout]) -> Submission {
    let mut scene = Scene::named(name, Sort::Completion(Stars::One));
    let (text, seen, letter) = chain(&mut scene, layouts);
    let prefix = layouts.first().map_or("Fwd: ", |layout| layout.prefix);
    let mail = scene.text_mail(&format!("{prefix}{}", letter.subject), &format!("{}\n\n{text}\n", scene.message));
    let mut expected = Expected::new(&mail, Verdict::Accepted).message(&scene.message);
    for original in &seen {
        expected = expected.original(original);
    }
    if let Some(innermost) = seen.last() {
        expected = expected.notice(scene.notice.json(innermost));
    }
    Submission { raw: mail.raw(), expected: expected.json() }
}

fn inline_inside_attached(name: &str) -> Submission {
    let mut scene = Scene::named(name, Sort::Completion(Stars::One));
    let inner = GMAIL_WEB.render(&scene.letter);
    let letter = scene.letter.clone();
    let outer = colleagues_forward(&mut scene, &letter, &GMAIL_WEB, &inner.text, 1);
    let parts = [plain(&format!("{}\n", scene.message)), Entity::message(&outer.raw(Charset::Utf8, Transfer::Base64))];
    let mail = scene.mail(&format!("FW: {}", outer.subject), Entity::multipart("mixed", "=_outer", &parts));
    let mut seen = outer.seen(Carried::Attached);
    seen.body = Some(words_of(1));
    let innermost = inner.seen.at_depth(2);
    let expected = Expected::new(&mail, Verdict::Accepted)
        .message(&scene.message)
        .original(&seen)
        .original(&innermost)
        .notice(scene.notice.json(&innermost));
    Submission { raw: mail.raw(), expected: expected.json() }
}
