//! The desk and its readers against damage: corpus mails and files cut, doubled, flipped and spliced at random.
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
use std::time::{Duration, Instant};

use testbed::mail::Random;
use testbed::mail::seeds::seeds;
use uketsuke::config::shipped_rules;
use uketsuke::desk::words::FindingCode;
use uketsuke::desk::{self, letter};
use uketsuke::judges::{Extent, Mail, read};

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// The damage run ends after this, or after so many mails.
const AT_MOST: Duration = Duration::from_secs(6);
const MOST_MAILS: usize = 6_000;

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
    let (mut random, seed) = Random::of_this_run();
    println!("UKETSUKE_SEED={seed}");
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

/// As long as each reader gets; the fuzz targets take longer, and follow the branches of the code.
const EACH: Duration = Duration::from_secs(2);
const MOST_FILES: usize = 3_000;

#[test]
fn no_damage_makes_a_reader_panic() {
    let (mut random, seed) = Random::of_this_run();
    println!("UKETSUKE_SEED={seed}");
    let seeds = seeds();
    for (name, read) in targets::TARGETS {
        let files: Vec<Vec<u8>> = seeds.iter().filter(|seed| seed.target == name).map(|seed| seed.bytes.clone()).collect();
        assert!(!files.is_empty(), "{name} has no seeds");
        files.iter().for_each(|file| read(file));
        let started = Instant::now();
        let mut read_files = 0;
        while read_files < MOST_FILES && started.elapsed() < EACH {
            read(&mutated(&mut random, &files));
            read_files += 1;
        }
        println!("{name}: {read_files} files in {:?}", started.elapsed());
        assert!(read_files >= 20, "{name}: only {read_files} files");
    }
}
