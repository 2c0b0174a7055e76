//! The desk against damage: corpus mails cut, doubled, flipped and spliced at random, and originals of any script sent through
//! every client's layout.
//!
//! The seed is printed, and `UKETSUKE_SEED` sets it: a failure can be repeated. Rejected: comparing verdicts of mutated mails;
//! what a damaged mail deserves is for a person to say, that it is judged is for the desk.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use testbed::mail::layout::{MailboxForm, Quote, abroad, clients};
use testbed::mail::letter::{Letter, Mailbox};
use testbed::mail::moment::{DateForm, Moment};
use testbed::mail::{Layout, Random};
use uketsuke::config::shipped_rules;
use uketsuke::desk::original::Original;
use uketsuke::desk::words::{Carried, FindingCode};
use uketsuke::desk::{self, letter};
use uketsuke::judges::{Extent, Mail, read};

/// The damage run ends after this, or after so many mails.
const AT_MOST: Duration = Duration::from_secs(6);
const MOST_MAILS: usize = 6_000;
const EXTRACTIONS: usize = 1_500;

fn seeded(what: &str) -> Random {
    let seed = std::env::var("UKETSUKE_SEED").ok().and_then(|seed| seed.parse().ok());
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = seed.unwrap_or_else(|| u64::from(since_1970.subsec_nanos()));
    println!("{what}: UKETSUKE_SEED={seed}");
    Random::new(seed)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), &mut paths);
    paths.sort();
    let mails: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("readable")).collect();
    assert!(mails.len() >= 300, "the corpus has only {} mails", mails.len());
    mails
}

fn place(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(u64::try_from(length).unwrap_or(u64::MAX).saturating_add(1))).unwrap_or(0)
}

/// Bytes that parsers trip over.
const BURRS: [&[u8]; 16] = [
    b"\n\n",
    b"\r",
    b"\0",
    b"--",
    b"=?utf-8?B?",
    b"?=",
    b"\x1b$B",
    b"Content-Type: multipart/mixed; boundary=\n",
    b"Content-Type: message/rfc822\n\n",
    b"<",
    b"\"",
    b"> ",
    b"From: ",
    b"\xe3\x80",
    b"=\n",
    b"begin 644 ",
];

fn mutated(random: &mut Random, mails: &[Vec<u8>]) -> Vec<u8> {
    let mut mail = random.choose(mails).cloned().unwrap_or_default();
    for _ in 0..=random.below(4) {
        let (one, other) = (place(random, mail.len()), place(random, mail.len()));
        let (from, to) = (one.min(other), one.max(other));
        match random.below(6) {
            0 => mail.truncate(one),
            1 => {
                let piece: Vec<u8> = mail[from..to.min(from + 2_000)].to_vec();
                mail.splice(from..from, piece);
            }
            2 => {
                for _ in 0..8 {
                    let at = place(random, mail.len());
                    let bit = 1 << random.below(8);
                    if let Some(byte) = mail.get_mut(at) {
                        *byte ^= bit;
                    }
                }
            }
            3 => {
                let donor = random.choose(mails).cloned().unwrap_or_default();
                let at = place(random, donor.len());
                mail.truncate(one);
                mail.extend_from_slice(&donor[at..]);
            }
            4 => drop(mail.drain(from..to.min(from + 300))),
            _ => {
                let burr = random.choose(&BURRS).copied().unwrap_or_default();
                mail.splice(one..one, burr.repeat(1 + place(random, 20)));
            }
        }
        mail.truncate(200_000);
    }
    mail
}

#[test]
fn no_damage_makes_the_desk_panic_or_leak_into_a_letter() {
    let mut random = seeded("damage");
    let rules = shipped_rules().expect("the shipped rules are valid");
    let mails = corpus();
    let started = Instant::now();
    let mut judged = 0;
    while judged < MOST_MAILS && started.elapsed() < AT_MOST {
        let mail = mutated(&mut random, &mails);
        let reading = read(&Mail { bytes: &mail, extent: Extent::Whole }, &rules);
        let is_unjudged = reading.findings.iter().any(|finding| finding.code == FindingCode::Unjudgeable);
        assert!(!is_unjudged, "a panic inside the desk on:\n{}", String::from_utf8_lossy(&mail));
        assert!(reading.references.iter().all(|id| letter::is_message_id(id)), "{:?}", reading.references);
        let conclusion = desk::conclude(&reading, &rules, &desk::standing::Standing::default(), 0, 0);
        assert!(conclusion.findings.iter().filter_map(|finding| finding.line.as_ref()).all(|line| !line.chars().any(char::is_control)));
        judged += 1;
    }
    println!("{judged} mails in {:?}", started.elapsed());
    assert!(judged >= 200, "only {judged} mails were judged");
}

/// Words of several scripts; none of them is a header label or a separator.
const WORDS: [&[&str]; 6] = [
    &["介護", "施設", "申込", "完了", "番号", "①", "㈱", "ﾃｽﾄ", "確認しました。", "～", "「例」"],
    &["report", "meeting", "Tuesday", "a-b", "x_y", "50%", "e.g.", "(draft)", "#7", "=", "**"],
    &["отчёт", "завтра", "спасибо"],
    &["報告", "明天", "谢谢"],
    &["보고서", "내일", "감사"],
    &["báo", "cáo", "ngày", "😀", "é"],
];

fn phrase(random: &mut Random, most: u64) -> String {
    let script = random.choose(&WORDS).copied().unwrap_or_default();
    let count = 1 + random.below(most);
    (0..count).map(|_| random.pick(script)).collect::<Vec<_>>().join(" ")
}

fn body(random: &mut Random) -> String {
    let mut lines: Vec<String> =
        (0..=random.below(9)).map(|_| if random.below(4) == 0 { String::new() } else { phrase(random, 6) }).collect();
    // The first and the last line are seen; what is empty there, nobody can tell from the gap.
    lines.insert(0, format!("{} begins", random.digits(4)));
    lines.push(format!("{} ends", random.digits(4)));
    lines.join("\n")
}

fn mailbox(random: &mut Random) -> Mailbox {
    let names = ["山之端 太郎", "Hana Tanaka", "事務局", "Отдел", "Nguyen Van A", "李小龙"];
    let domains = ["example.co.jp", "example.jp", "mail.example.jp"];
    Mailbox::new(random.pick(&names), &format!("u{}@{}", random.digits(3), random.pick(&domains)))
}

fn letter_of(random: &mut Random) -> Letter {
    Letter {
        from: mailbox(random),
        to: (0..=random.below(3)).map(|_| mailbox(random)).collect(),
        cc: (0..random.below(3)).map(|_| mailbox(random)).collect(),
        subject: phrase(random, 7),
        sent: Moment::japan(1_775_001_600 + i64::try_from(random.below(15_000_000)).unwrap_or(0)),
        body: body(random),
        message_id: "<original@example.jp>".to_owned(),
    }
}

fn same(found: Option<&uketsuke::desk::text::address::Mailbox>, written: Option<&Mailbox>) -> bool {
    found.map(|mailbox| (mailbox.name.as_deref(), mailbox.address.as_deref()))
        == written.map(|mailbox| (mailbox.name.as_deref(), mailbox.address.as_deref()))
}

fn differences(found: &Original, inline: &testbed::mail::layout::Inline, layout: &Layout) -> Vec<String> {
    let seen = &inline.seen;
    let mut wrong = Vec::new();
    if !same(found.from.as_ref(), seen.from.as_ref()) {
        wrong.push(format!("from {:?}, wrote {:?}", found.from, seen.from));
    }
    for (field, found, written) in [("to", &found.to, &seen.to), ("cc", &found.cc, &seen.cc)] {
        let written = written.clone().unwrap_or_default();
        if found.len() != written.len() || !found.iter().zip(&written).all(|(found, written)| same(Some(found), Some(written))) {
            wrong.push(format!("{field} {found:?}, wrote {written:?}"));
        }
    }
    if found.subject != seen.subject {
        wrong.push(format!("subject {:?}, wrote {:?}", found.subject, seen.subject));
    }
    let date = found.date.as_ref().map(desk::text::date::Dated::rfc3339);
    if date != seen.date {
        wrong.push(format!("date {date:?}, wrote {:?}", seen.date));
    }
    if layout.quote != Quote::IndentedBody && seen.body.as_deref() != Some(found.body.as_str()) {
        wrong.push(format!("body {:?}, wrote {:?}", found.body, seen.body));
    }
    wrong
}

#[test]
fn whatever_original_goes_through_a_clients_layout_comes_back_exactly() {
    let mut random = seeded("extraction");
    let rules = shipped_rules().expect("the shipped rules are valid");
    // Names alone say less than was written, and a day that may be a month is another test's matter.
    let is_exact = |layout: &Layout| layout.mailbox != MailboxForm::NameOnly && layout.date != DateForm::Ambiguous;
    let layouts: Vec<Layout> = clients::WHOLE.iter().chain(abroad::ABROAD).copied().filter(is_exact).collect();
    assert!(layouts.len() > 40, "only {} layouts", layouts.len());
    for round in 0..EXTRACTIONS {
        let Some(layout) = layouts.get(round % layouts.len()) else { continue };
        let original = letter_of(&mut random);
        let inline = layout.render(&original);
        let words = format!("{} above\n{} below", phrase(&mut random, 5), phrase(&mut random, 5));
        let raw = format!(
            "From: taro@applicant.example.jp\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\n{}\n",
            inline.text
        );
        let reading = desk::read(raw.as_bytes(), &rules);
        let [found] = reading.originals.as_slice() else { panic!("{}: {} originals in\n{raw}", layout.name, reading.originals.len()) };
        assert_eq!((found.carried, found.depth), (Carried::Inline, 1), "{}", layout.name);
        let wrong = differences(found, &inline, layout);
        assert!(wrong.is_empty(), "{}:\n{}\nin\n{raw}", layout.name, wrong.join("\n"));
        assert_eq!(reading.message, words, "{}", layout.name);
    }
}
