//! How often, and how much, the desk allocates for a mail, beside mail-parser: `make bench`.
//!
//! A bench of its own: an allocator that counts takes time for it, and from whoever allocates more it takes more.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod mails;

use std::error::Error;
use std::hint::black_box;

use mail_parser::MessageParser;
use uketsuke::config::shipped_rules;
use uketsuke::desk::original::inline::extract;
use uketsuke::desk::standing::Standing;
use uketsuke::desk::{conclude, read};

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` and `cargo bench` both come here; only the latter measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let rules = shipped_rules()?;
    let (bodies, submissions) = (mails::bodies(), mails::submissions());
    println!("allocations a mail");
    report("extraction", &bodies, |body| drop(black_box(extract(body, 16))));
    report("whole judgement", &submissions, |raw| {
        let reading = read(raw, &rules);
        let conclusion = conclude(&reading, &rules, &Standing::default(), 0, 0);
        black_box((reading, conclusion));
    });
    report("mail-parser, parsing alone", &submissions, |raw| drop(black_box(MessageParser::default().parse(raw))));
    Ok(())
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]
fn report<T>(what: &str, mails: &[T], read: impl Fn(&T)) {
    // Tables are built at first use; they are no mail's.
    mails.iter().for_each(&read);
    let all = allocation_counter::measure(|| mails.iter().for_each(&read));
    let each = |total: u64| total as f64 / mails.len() as f64;
    println!("  {what:<28} {:>9.0}  {:>6.1} kB in all", each(all.count_total), each(all.bytes_total) / 1e3);
}
