//! How fast the desk reads, on one core, beside mail-parser in the same run: `make bench`.
//!
//! Two figures. Extraction alone: a text body with a forward in it to originals, for every client's layout. The whole judgement of
//! generated submissions of some 6 kB, beside mail-parser parsing the same bytes, decoded texts included. The ratios are what may be
//! compared between machines; rounds alternate, and the fastest of each counts, so that a busy neighbour spoils neither.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod mails;

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use uketsuke::config::shipped_rules;
use uketsuke::desk::original::inline::extract;
use uketsuke::desk::rules::Rules;
use uketsuke::desk::standing::Standing;
use uketsuke::desk::{conclude, read};

/// Enough for one quiet round of each on a machine with busy neighbours; fifteen were not.
const ROUNDS: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` and `cargo bench` both come here; only the latter measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    extraction();
    judgement(&shipped_rules()?);
    Ok(())
}

fn extraction() {
    let bodies = mails::bodies();
    let wire: Vec<Vec<u8>> = bodies
        .iter()
        .map(|body| format!("From: a@example.jp\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}").into_bytes())
        .collect();
    let found: usize = bodies.iter().map(|body| extract(body, 16).originals.len()).sum();
    let (ours, theirs) = side_by_side(
        || bodies.iter().for_each(|body| drop(black_box(extract(body, 16)))),
        || wire.iter().for_each(|raw| drop(black_box(MessageParser::default().parse(raw)))),
    );
    let sizes: Vec<usize> = bodies.iter().map(String::len).collect();
    println!("extraction: {} plain forwarded bodies, median {} bytes, {found} originals", bodies.len(), median(sizes));
    report("extraction", bodies.len(), ours, theirs);
}

fn judgement(rules: &Rules) {
    let mails = mails::submissions();
    let judge = |raw: &[u8]| {
        let reading = read(raw, rules);
        let conclusion = conclude(&reading, rules, &Standing::default(), 0, 0);
        black_box((reading, conclusion));
    };
    let (ours, theirs) = side_by_side(
        || mails.iter().for_each(|raw| judge(raw)),
        || mails.iter().for_each(|raw| drop(black_box(MessageParser::default().parse(raw)))),
    );
    println!("judgement: {} submissions, median {} bytes", mails.len(), median(mails.iter().map(Vec::len).collect()));
    report("whole judgement", mails.len(), ours, theirs);
}

/// The fastest of alternating rounds, of each.
fn side_by_side(mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let timed = |what: &mut dyn FnMut()| {
        let started = Instant::now();
        what();
        started.elapsed()
    };
    let mut fastest = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        fastest = (fastest.0.min(timed(&mut one)), fastest.1.min(timed(&mut other)));
    }
    fastest
}

fn median(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]
fn report(what: &str, count: usize, ours: Duration, theirs: Duration) {
    let rate = |elapsed: Duration| count as f64 / elapsed.as_secs_f64();
    let each = |elapsed: Duration| elapsed.as_secs_f64() * 1e6 / count as f64;
    println!("  {what:<28} {:>9.0} a second  {:>6.1} us each", rate(ours), each(ours));
    println!("  {:<28} {:>9.0} a second  {:>6.1} us each", "mail-parser, parsing alone", rate(theirs), each(theirs));
    println!("  ratio of the rates           {:>9.2}", rate(ours) / rate(theirs));
}
