//! Reading costs what the mail is long: eight times the text takes about eight times as long, whatever the text is made of.
//!
//! Measured as a ratio within one run, so that a slow machine changes nothing: the square would give sixty-four.
//! Rejected: limits in seconds; they fail on a busy machine and pass on a fast one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use testbed::mail::Random;
use testbed::mail::entity::Entity;
use testbed::mail::files::{self, Lock, zip};
use testbed::mail::outlook::{BodyForm, Sample, winmail};
use uketsuke::config::shipped_rules;
use uketsuke::desk::read;
use uketsuke::desk::rules::Rules;
use uketsuke::desk::words::FindingCode;

const FACTOR: usize = 8;
/// Between eight (linear) and sixty-four (square), with room for caches and neighbours.
const MOST: f64 = 24.0;
/// Elements are read to a depth of 256, so below that each unit may cost more than the one before it: growth is measured beyond.
const FEWEST: usize = 512;
/// Short runs are mostly noise.
const LONG_ENOUGH: Duration = Duration::from_millis(4);
const ROUNDS: usize = 3;
/// More than any mail's text that is read (2 MiB).
const MOST_BYTES: usize = 2_000_000;

fn mail(content_type: &str, body: &str) -> Vec<u8> {
    format!("From: taro@applicant.example.jp\nSubject: x\nMIME-Version: 1.0\nContent-Type: {content_type}\n\n{body}").into_bytes()
}

fn fastest(raw: &[u8], rules: &Rules) -> Duration {
    let measured = (0..ROUNDS).map(|_| {
        let started = processor_time();
        let reading = read(raw, rules);
        assert!(reading.originals.len() <= 1_000, "{} originals", reading.originals.len());
        processor_time() - started
    });
    measured.min().unwrap_or_default()
}

/// Of this thread: on the clock, what is short fits into one turn of the processor, and what is long waits for its neighbours' turns.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().expect("not negative"), time.tv_nsec.try_into().expect("below a billion"))
}

/// Finds a length that takes long enough to be measured, then compares it with eight times the length.
fn grows_linearly(name: &str, content_type: &str, unit: &str) {
    let rules = shipped_rules().expect("the shipped rules are valid");
    let build = |count: usize| mail(content_type, &unit.repeat(count));
    let mut count = FEWEST;
    let mut short = fastest(&build(count), &rules);
    while short < LONG_ENOUGH && unit.len() * count * 2 * FACTOR <= MOST_BYTES {
        count *= 2;
        short = fastest(&build(count), &rules);
    }
    let long = fastest(&build(count * FACTOR), &rules);
    let ratio = long.as_secs_f64() / short.as_secs_f64().max(0.000_1);
    assert!(ratio < MOST, "{name}: {count} units take {short:?}, {FACTOR} times as many take {long:?} ({ratio:.1} times)");
}

#[test]
fn plain_texts_of_labels_rules_and_quotes_cost_their_length() {
    for (name, unit) in [
        ("a sender's label", "From: x\n"),
        ("a label that is not needed", "Reply-To: x\n"),
        ("many labels that are not needed", "Reply-To: x\nImportance: x\nMIME-Version: 1\n"),
        ("header blocks", "From: a@example.jp\nDate: b\n\n"),
        ("header blocks of the office", "From: a@ipa.go.jp\nSubject: [SECURITY ACTION]\n\nx\n"),
        ("blocks that end", "From: a@ipa.go.jp\nDate: b\n\n> x\ny\n"),
        ("a label and a rule", "From: x\n__________\n"),
        ("a block without sender and a rule", "Subject: a\nTo: b\n__________\n"),
        ("rules", "__________\n"),
        ("a list that never ends", "To: a,\nb,\n"),
        ("an address that never ends", "To: <\na\n"),
        ("an address list", "a@example.jp,\n"),
        ("attributions", "Taro wrote:\n\n"),
        ("dates that may begin an attribution", "2026年5月1日 10:00 Taro\n"),
        ("a label without its number", "自己宣言ID:\n\n"),
        ("quote marks in one line", ">"),
        ("quoted lines", "> > > a\n"),
        ("colons in one line", "From: "),
        ("brackets", "【差出人】"),
        ("separators", "----- Original Message -----\n"),
        ("encoded words", "Subject: =?a?B?\n"),
        ("blank lines", "\n"),
        ("combining marks", "か\u{3099}\u{301}"),
    ] {
        grows_linearly(name, "text/plain; charset=utf-8", unit);
    }
}

#[test]
fn flowed_texts_cost_their_length() {
    for (name, unit) in [("one paragraph", "a \n"), ("stuffed quotes", ">> a \n > b \n"), ("labels", "Cc: \nFrom: \n")] {
        grows_linearly(name, "text/plain; charset=utf-8; format=flowed; delsp=yes", unit);
    }
}

#[test]
fn html_of_every_sort_costs_its_length() {
    for (name, unit) in [
        ("open blocks", "<div>a"),
        ("open quotations", "<blockquote type=cite>a<br>"),
        ("open paragraphs", "<p>a"),
        ("cells", "<table><tr><td><p>a"),
        ("styles", "<b style=\"color:#fff;font-size:0;display:none\">a"),
        ("end tags", "</div></p></td>"),
        ("hidden text", "<i hidden>a</i>"),
        ("half a tag", "<a b=\"c\" "),
        ("entities", "&lt;&#64;&nbsp;"),
        ("line breaks", "<br>"),
        ("labels in bold", "<b>From:</b> x <b>Date:</b> y <br>"),
    ] {
        grows_linearly(name, "text/html; charset=utf-8", unit);
    }
}

#[test]
fn a_list_of_references_stays_short() {
    let rules = shipped_rules().expect("the shipped rules are valid");
    let ids: String = (0..2_000).map(|number| format!("\n <{number}@example.jp>")).collect();
    let raw = format!("From: a@applicant.example.jp\nReferences:{ids}\nIn-Reply-To: <last@example.jp>\n\nx");
    let references = read(raw.as_bytes(), &rules).references;
    assert_eq!((references.len(), references.last().map(String::as_str)), (64, Some("<last@example.jp>")));
}

#[test]
fn what_is_too_long_to_read_goes_to_a_person() {
    let rules = shipped_rules().expect("the shipped rules are valid");
    for (name, raw) in [
        ("a text over two mebibytes", mail("text/plain", &"a\n".repeat(1_200_000))),
        ("a thousand header blocks", mail("text/plain", &"From: a@example.jp\nDate: b\n\nx\n".repeat(1_000))),
    ] {
        let (_, conclusion) = uketsuke::desk::examine(&raw, &rules, &uketsuke::desk::standing::Standing::default(), 0, 0);
        assert_eq!(conclusion.verdict, uketsuke::desk::words::Verdict::Review, "{name}");
    }
}

/// A winmail.dat inside a winmail.dat, so many times.
fn nested_winmail(levels: usize) -> Vec<u8> {
    let sample = |attachments| Sample {
        from: ("a".to_owned(), "a@example.jp".to_owned()),
        to: Vec::new(),
        cc: Vec::new(),
        subject: "s".to_owned(),
        body: "b".to_owned(),
        html: None,
        sent: 1_777_600_000,
        message_id: "<a@example.jp>".to_owned(),
        form: BodyForm::Unicode,
        attachments,
        embedded: Vec::new(),
    };
    (0..levels).fold(winmail(&sample(Vec::new())), |inner, _| {
        winmail(&sample(vec![("winmail.dat".to_owned(), "application/ms-tnef".to_owned(), inner)]))
    })
}

fn with_files(files: &[Entity]) -> Vec<u8> {
    let mut entity = Entity::multipart("mixed", "=_many", files);
    entity.put_on_top(vec![("From".to_owned(), b"taro@applicant.example.jp".to_vec()), ("Subject".to_owned(), b"x".to_vec())]);
    entity.bytes()
}

fn codes(raw: &[u8]) -> Vec<FindingCode> {
    let rules = shipped_rules().expect("the shipped rules are valid");
    read(raw, &rules).findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn containers_inside_each_other_end_before_the_stack_does() {
    let raw = with_files(&[Entity::attachment("application/ms-tnef", "winmail.dat", &nested_winmail(1_500))]);
    assert!(codes(&raw).contains(&FindingCode::TooComplex));
}

#[test]
fn no_more_containers_are_opened_than_the_limit_allows() {
    let zip = zip("a.txt", &vec![b' '; 10_000], Lock::Open, &mut Random::new(1));
    let zips: Vec<Entity> = (0..150).map(|number| Entity::attachment("application/zip", &format!("{number}.zip"), &zip)).collect();
    assert!(codes(&with_files(&zips)).contains(&FindingCode::TooComplex));
    // A print-out that is not read is still one that a person looks at, and nothing more.
    let prints: Vec<Entity> =
        (0..150).map(|number| Entity::attachment("application/pdf", &format!("{number}.pdf"), &files::pdf())).collect();
    assert!(codes(&with_files(&prints)).iter().all(|code| *code == FindingCode::PdfAttached));
}
