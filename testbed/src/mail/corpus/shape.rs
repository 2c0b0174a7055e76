//! Header blocks and bodies as they get bent on their way: odd labels, wrapped values, broken and joined lines.
//!
//! Promises: each case bends one thing of a forward that a person reads without effort. Where an original's text cannot come
//! back exactly (lines were broken for good), its body is not compared.
//! Rejected: bending the layouts of all clients; what bends a line does not ask which client wrote it.

use serde_json::Value;

use super::Build;
use crate::mail::encode::{Charset, HeaderForm, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::Verdict;
use crate::mail::layout::clients::{APPLE_IOS, GMAIL_WEB, OUTLOOK_WINDOWS, ROUNDCUBE};
use crate::mail::layout::{Inline, Layout, MailboxForm, Quote, Row};
use crate::mail::letter::Mailbox;
use crate::mail::moment::DateForm;
use crate::mail::notice::{Sort, Stars};
use crate::mail::submission::{Scene, Submission, forwarded};

const ONE: Sort = Sort::Completion(Stars::One);
const UNSAID: Sort = Sort::Completion(Stars::Unsaid);

pub const TABLE: &[(&str, Build)] = &[
    ("labels-with-spaces-around-the-colon", |name| {
        rows(name, &[Row::From("差出人 : "), Row::Date("送信日時 : "), Row::To("宛先 : "), Row::Subject("件名 : ")])
    }),
    ("labels-with-no-break-spaces", |name| {
        rows(
            name,
            &[
                Row::From("差出人\u{a0}:\u{a0}"),
                Row::Date("送信日時:\u{a0}"),
                Row::To("宛先:\u{a0}"),
                Row::Subject("\u{a0}件名\u{a0}:\u{a0}"),
            ],
        )
    }),
    ("labels-with-zero-width-spaces", |name| {
        rows(
            name,
            &[
                Row::From("\u{200b}差出人:\u{200b} "),
                Row::Date("\u{feff}送信日時: "),
                Row::To("宛\u{200b}先: "),
                Row::Subject("件名\u{200c}: "),
            ],
        )
    }),
    ("labels-in-lenticular-brackets-without-colon", |name| {
        rows(name, &[Row::From("【差出人】"), Row::Date("【日時】"), Row::To("【宛先】"), Row::Subject("【件名】")])
    }),
    ("labels-in-square-brackets-with-colon", |name| {
        rows(name, &[Row::Subject("[件名]： "), Row::From("[差出人]： "), Row::To("[宛先]： "), Row::Date("[送信日時]： ")])
    }),
    ("labels-after-other-bullets", |name| {
        rows(name, &[Row::From("○差出人："), Row::To("○宛先："), Row::Date("○日時："), Row::Subject("○件名：")])
    }),
    ("labels-after-hyphen-bullets", |name| {
        rows(name, &[Row::From("- 差出人: "), Row::Date("- 日時: "), Row::To("- 宛先: "), Row::Subject("- 件名: ")])
    }),
    ("lines-with-trailing-spaces", |name| bent(name, &OUTLOOK_WINDOWS, |text| text.replace('\n', "  \n"))),
    ("vertical-bar-quote-marks", vertical_bars),
    ("recipients-wrapped-after-each-semicolon", |name| recipients(name, ";\n")),
    ("recipients-wrapped-before-each-semicolon", |name| recipients(name, "\n ; ")),
    ("recipients-wrapped-without-any-separator", |name| recipients(name, "\n    ")),
    ("long-subject-wrapped-in-the-last-header-line", long_subject),
    ("all-labels-on-one-line", one_line),
    ("all-labels-on-one-line-in-japanese", one_line_japanese),
    ("encoded-words-in-a-pasted-header-block", pasted_source),
    ("sender-in-full-width-parentheses", |name| sender_written(name, |person, address| format!("{person}（{address}）"))),
    ("sender-as-mailto-inside-angles", |name| sender_written(name, |person, address| format!("{person} <{address} [mailto:{address}]>"))),
    ("date-that-nobody-can-read", unreadable_date),
    ("date-with-hour-and-minute-signs", |name| dated(name, |text| text.replace("10:00", "10時00分"))),
    ("date-weekday-in-parentheses-after-slashes", |name| dated(name, |_| "2026/05/01 (金) 10:00".to_owned())),
    ("date-month-name-before-the-year-half-day-last", |name| dated(name, |_| "金曜日, 5月 1, 2026 10:00 午前".to_owned())),
    ("attribution-wrapped-over-three-lines", |name| {
        attributed(name, |sender, _| format!("2026年5月1日(金) 10:00 {} <\n{}>\n:\n", sender.0, sender.1), |body| body)
    }),
    ("attribution-in-english-wrapped-over-three-lines", |name| {
        attributed(name, |sender, _| format!("On Fri, May 1, 2026 at 10:00 AM\n{} <{}>\nwrote:\n", sender.0, sender.1), |body| body)
    }),
    ("reply-quote-thunderbird-attribution-of-a-name", |name| by_name(name, |person| format!("On 2026/05/01 10:00, {person} wrote:\n"))),
    ("reply-quote-thunderbird-japanese-attribution-of-a-name", |name| {
        by_name(name, |person| format!("2026/05/01 10:00、{person} さんは書きました:\n"))
    }),
    ("reply-quote-becky-attribution-on-two-lines", |name| {
        attributed(name, |sender, _| format!("On Fri, 01 May 2026 10:00:00 +0900\n{} <{}> wrote:\n", sender.0, sender.1), |body| body)
    }),
    ("reply-quote-apple-attribution-with-narrow-space", |name| {
        attributed(name, |sender, _| format!("On May 1, 2026, at 10:00\u{202f}AM, {} <{}> wrote:\n", sender.0, sender.1), |body| body)
    }),
    ("reply-quote-whose-long-lines-lost-their-mark", |name| {
        attributed(
            name,
            |sender, _| format!("2026年5月1日(金) 10:00 {} <{}>:\n", sender.0, sender.1),
            |body| body.replace("保管してください", "保管して\nください"),
        )
    }),
    ("flowed-text-with-the-id-broken-by-delsp", flowed_id),
    ("flowed-text-with-wrapped-labels-in-a-quote", flowed_quote),
    ("flowed-text-with-stuffed-spaces", flowed_stuffed),
    ("flowed-text-with-an-empty-label-before-another", flowed_empty_label),
    ("quoted-printable-soft-breaks-inside-every-word", soft_breaks),
    ("own-words-below-the-forward", below),
    ("sent-from-a-telephone-above-the-forward", |name| {
        let mut scene = Scene::named(name, ONE);
        scene.message = "ご確認ください。\n\niPhoneから送信".to_owned();
        forwarded(&scene, &APPLE_IOS)
    }),
    ("subject-of-the-submission-rewritten", |name| {
        let scene = Scene::named(name, ONE);
        let (mut mail, inline) = scene.forward(&GMAIL_WEB);
        mail.subject = "申請書類の件".to_owned();
        Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
    }),
];

fn rows(name: &str, rows: &'static [Row]) -> Submission {
    forwarded(&Scene::named(name, ONE), &Layout { rows, ..OUTLOOK_WINDOWS })
}

/// The forward with its text changed; its body is compared, since only white space changes.
fn bent(name: &str, layout: &Layout, bend: fn(&str) -> String) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = layout.render(&scene.letter);
    let mail = scene.text_mail(&scene.forward_subject(layout), &bend(&scene.above(&inline)));
    let expected = scene.expect(&mail, Verdict::Accepted, &inline.seen).json_without(&["message"]);
    Submission { raw: mail.raw(), expected }
}

/// Some webmail marks a quotation with bars: whether those count as quote marks is the reader's taste.
fn vertical_bars(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut inline = ROUNDCUBE.render(&scene.letter);
    let quoted: String = inline.text.lines().map(|line| format!("| {line}\n")).collect();
    inline.seen.body = None;
    let mail = scene.text_mail("転送します", &format!("{}\n\n{quoted}", scene.message));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json_without(&["message"]) }
}

fn recipients(name: &str, between: &'static str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    for _ in 0..5 {
        let colleague = scene.applicant.colleague(&mut scene.random);
        scene.letter.to.push(colleague);
    }
    scene.letter.cc = (1..=4).map(|number| Mailbox::new(&format!("担当{number}課"), &format!("section{number}@example.co.jp"))).collect();
    forwarded(&scene, &Layout { between, ..OUTLOOK_WINDOWS })
}

/// Outlook writes the subject last; a gateway broke it at column 76.
fn long_subject(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.subject = "[社外からのメールです。取扱いにご注意ください] 【SECURITY ACTION】一つ星：自己宣言完了のお知らせ".to_owned();
    let mut inline = OUTLOOK_WINDOWS.render(&scene.letter);
    inline.text = inline.text.replace("完了のお知らせ\n", "完了の\nお知らせ\n");
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// Yahoo! Mail's text part: the header block lost its line ends.
fn one_line(name: &str) -> Submission {
    joined_block(
        name,
        &Layout {
            above: "----- Forwarded Message -----\n",
            rows: &[Row::From("From: "), Row::To("To: "), Row::Date("Sent: "), Row::Subject("Subject: ")],
            date: DateForm::EnglishAt,
            ..GMAIL_WEB
        },
    )
}

fn one_line_japanese(name: &str) -> Submission {
    joined_block(name, &OUTLOOK_WINDOWS)
}

fn joined_block(name: &str, layout: &Layout) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut inline = layout.render(&scene.letter);
    let block = layout.render(&crate::mail::letter::Letter { body: String::new(), ..scene.letter.clone() }).text;
    let lines: Vec<&str> = block.trim_start_matches(layout.above).trim_end().lines().collect();
    inline.text = format!("{}{}\n\n{}", layout.above, lines.join(" "), scene.letter.body);
    let mail = scene.text_mail(&scene.forward_subject(layout), &scene.above(&inline));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// The applicant opened the source of the mail and pasted it.
fn pasted_source(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let headers: String = scene
        .letter
        .headers(HeaderForm::Base64(Charset::Utf8))
        .into_iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(&value)))
        .collect();
    let text = format!(
        "{}\n\nReceived: from mx.example.jp (mx.example.jp [192.0.2.1])\n\tby mail.example.co.jp; Fri, 1 May 2026 10:00:00 +0900\n{headers}\n{}\n",
        scene.message, scene.letter.body
    );
    let mail = scene.text_mail("ソースを貼ります", &text);
    let seen = scene.letter.seen(crate::mail::letter::Carried::Inline);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &seen).json_without(&["originals", "message"]) }
}

fn sender_written(name: &str, write: fn(&str, &str) -> String) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut inline = OUTLOOK_WINDOWS.render(&scene.letter);
    let (person, address) = (scene.letter.from.name.clone().unwrap_or_default(), scene.letter.from.address.clone().unwrap_or_default());
    inline.text = inline.text.replace(&format!("{person} <{address}>"), &write(&person, &address));
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn unreadable_date(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut inline = OUTLOOK_WINDOWS.render(&scene.letter);
    let written = inline.seen.date_text.take().unwrap_or_default();
    inline.text = inline.text.replace(&written, "きのうの朝");
    (inline.seen.date, inline.seen.date_text) = (None, Some("きのうの朝".to_owned()));
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// 2026-05-01 10:00 in Tokyo, a Friday, written in a way that no layout has.
fn dated(name: &str, write: fn(&str) -> String) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.sent = crate::mail::moment::Moment::japan(1_777_597_200);
    let mut inline = Layout { date: DateForm::NoWeekday, ..OUTLOOK_WINDOWS }.render(&scene.letter);
    let before = inline.seen.date_text.take().unwrap_or_default();
    let written = write(&before);
    inline.text = inline.text.replace(&before, &written);
    inline.seen.date_text = Some(written);
    let mail = scene.text_mail("転送します", &scene.above(&inline));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// A reply's quotation below an attribution; the body has wrapped lines, so it is not compared.
fn attributed(name: &str, above: fn((&str, &str), &Scene) -> String, bend: fn(String) -> String) -> Submission {
    let mut scene = Scene::named(name, UNSAID);
    scene.letter.sent = crate::mail::moment::Moment::japan(1_777_597_200);
    let office = scene.letter.from.clone();
    let (person, address) = (office.name.clone().unwrap_or_default(), office.address.clone().unwrap_or_default());
    let body: String =
        scene.letter.body.lines().map(|line| if line.is_empty() { ">\n".to_owned() } else { format!("> {line}\n") }).collect();
    let mut seen = scene.letter.seen(crate::mail::letter::Carried::Inline);
    (seen.to, seen.cc, seen.subject, seen.body) = (None, None, None, None);
    seen.date = Some("2026-05-01T10:00:00+09:00".to_owned());
    let inline = Inline { text: format!("{}\n{}", above((&person, &address), &scene), bend(body)), seen };
    let mail = scene.text_mail("Re: 自己宣言の件", &scene.above(&inline));
    let expected = scene.expect(&mail, Verdict::Accepted, &inline.seen).findings(&["subject_unstated"]).json_without(&["originals"]);
    Submission { raw: mail.raw(), expected }
}

/// Only the name is in the attribution: the address is not stated.
fn by_name(name: &str, above: fn(&str) -> String) -> Submission {
    let mut scene = Scene::named(name, UNSAID);
    scene.letter.sent = crate::mail::moment::Moment::japan(1_777_597_200);
    let person = scene.letter.from.name.clone().unwrap_or_default();
    let mut seen = scene.letter.seen(crate::mail::letter::Carried::Inline);
    (seen.from, seen.to, seen.cc, seen.subject) = (Some(Mailbox::named(&person)), None, None, None);
    seen.date = Some("2026-05-01T10:00:00+09:00".to_owned());
    seen.date_text = Some("2026/05/01 10:00".to_owned());
    let text = format!("{}\n{}", above(&person), crate::mail::layout::quoted(&scene.letter.body, "> "));
    let mail = scene.text_mail("Re: 自己宣言の件", &format!("{}\n\n{text}\n", scene.message));
    Submission {
        raw: mail.raw(),
        expected: scene.expect(&mail, Verdict::Accepted, &seen).findings(&["sender_unstated", "subject_unstated"]).json(),
    }
}

fn flowed(scene: &Scene, inline: &Inline, parameters: &str, text: &str) -> Submission {
    let entity = Entity::new(&format!("text/plain; charset=UTF-8; format=flowed{parameters}"), Transfer::EightBit, text.as_bytes());
    let mail = scene.mail("Fwd: お知らせ", entity);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json_without(&["message"]) }
}

/// RFC 3676: a space before the line end joins the lines; with `DelSp=yes` it is deleted.
fn flowed_id(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let (first, second) = scene.notice.declaration_id.split_at(6);
    let text = scene.above(&inline).replace(&scene.notice.declaration_id, &format!("{first} \n{second}"));
    flowed(&scene, &inline, "; delsp=yes", &text)
}

fn flowed_quote(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let layout = Layout { quote: Quote::BlockAndBody, ..GMAIL_WEB };
    let inline = layout.render(&scene.letter);
    let text = scene
        .above(&inline)
        .replace("自己宣言完了のお知らせ", "自己宣言 \n> 完了のお知らせ")
        .replace("手続きが完了しました", "手続きが \n> 完了しました");
    flowed(&scene, &inline, "; DelSp=Yes", &text)
}

/// RFC 3676 section 4.4: lines that begin with a space, `>` or `From ` are stuffed with one more space.
fn flowed_stuffed(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = Layout { rows: &[Row::From("From : "), Row::Date("Date : "), Row::To("To : "), Row::Subject("Subject : ")], ..GMAIL_WEB }
        .render(&scene.letter);
    let text = scene.above(&inline).replace("\nFrom ", "\n From ").replace("\n ", "\n  ");
    flowed(&scene, &inline, "", &text)
}

/// A client that leaves the space after an empty `Cc:` did not mean to join it with the next label.
fn flowed_empty_label(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let layout = Layout {
        rows: &[Row::From("差出人: "), Row::Date("日付: "), Row::To("宛先: "), Row::Line("Cc: "), Row::Subject("件名: ")],
        mailbox: MailboxForm::QuotedName,
        ..GMAIL_WEB
    };
    let inline = layout.render(&scene.letter);
    flowed(&scene, &inline, "", &scene.above(&inline))
}

/// Quoted-printable whose every line holds eight bytes.
fn soft_breaks(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = OUTLOOK_WINDOWS.render(&scene.letter);
    let mut encoded = String::new();
    for line in scene.above(&inline).lines() {
        let pieces: Vec<String> = line
            .bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("={byte:02X}") })
            .collect();
        encoded.push_str(&pieces.chunks(8).map(|chunk| chunk.concat()).collect::<Vec<_>>().join("=\n"));
        encoded.push('\n');
    }
    let entity = Entity::ready(
        &[("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")],
        encoded.as_bytes(),
    );
    let mail = scene.mail(&scene.forward_subject(&OUTLOOK_WINDOWS), entity);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// Where the original ends and the applicant goes on, nobody can tell: the body is not compared.
fn below(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut inline = OUTLOOK_WINDOWS.render(&scene.letter);
    inline.seen.body = None;
    let text = format!("{}\n\n以上、ご確認のほどよろしくお願いいたします。\n{}\n", scene.above(&inline), scene.applicant.signature());
    let mail = scene.text_mail("転送します", &text);
    Submission { raw: mail.raw(), expected: without_bodies(scene.expect(&mail, Verdict::Accepted, &inline.seen).json()) }
}

fn without_bodies(mut expected: Value) -> Value {
    for original in expected.get_mut("originals").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = original.as_object_mut() {
            fields.remove("body");
        }
    }
    expected
}
