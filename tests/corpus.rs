//! Every mail of `tests/corpus` is judged, with LF and with CRLF line ends, and compared with what its generator knows of it.

#![allow(
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

use serde_json::Value;
use uketsuke::cli::judgement::{Bodies, classified};
use uketsuke::config::shipped_rules;
use uketsuke::desk::examine;
use uketsuke::desk::rules::{ReplyMode, Rules};
use uketsuke::desk::standing::Standing;

/// 2026-11-23 00:00 UTC: after every date of the corpus but those that are meant to lie in the future.
const NOW: i64 = 1_795_392_000;

fn rules() -> Rules {
    let mut rules = shipped_rules().expect("the shipped rules are valid");
    rules.gates.mode = ReplyMode::Send;
    rules
}

fn mails(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            mails(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

fn corpus() -> Vec<PathBuf> {
    let mut found = Vec::new();
    mails(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), &mut found);
    assert!(found.len() >= 120, "the corpus has only {} mails", found.len());
    found
}

/// Everything that the expectation names must be so; what it does not name is not compared. Arrays are compared whole.
fn differences(expected: &Value, actual: &Value, place: &str, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (key, value) in expected {
                differences(value, actual.get(key).unwrap_or(&Value::Null), &format!("{place}.{key}"), found);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                differences(expected, actual, &format!("{place}[{index}]"), found);
            }
        }
        _ if expected == actual => {}
        _ => found.push(format!("{place}: expected {expected}, got {actual}")),
    }
}

fn judged(raw: &[u8], rules: &Rules) -> Value {
    let (reading, conclusion) = examine(raw, rules, &Standing::default(), NOW, NOW);
    let mut object = classified("", &reading, &conclusion, rules, Bodies::Shown, 0);
    if let Some(findings) = object["findings"].as_array_mut() {
        findings.sort_by_key(|finding| finding["code"].as_str().map(str::to_owned));
    }
    object
}

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + raw.len() / 40);
    for (index, byte) in raw.iter().enumerate() {
        if *byte == b'\n' && (index == 0 || raw[index - 1] != b'\r') {
            wire.push(b'\r');
        }
        wire.push(*byte);
    }
    wire
}

#[test]
fn every_mail_is_judged_as_its_generator_says() {
    let rules = rules();
    let mut wrong = Vec::new();
    let mails = corpus();
    for path in &mails {
        let raw = fs::read(path).expect("readable");
        let golden = fs::read(path.with_extension("golden")).unwrap_or_else(|_| panic!("{} has no .golden", path.display()));
        let expected: Value = serde_json::from_slice(&golden).expect("valid JSON");
        for (ends, bytes) in [("LF", raw.clone()), ("CRLF", with_crlf(&raw))] {
            let mut found = Vec::new();
            differences(&expected, &judged(&bytes, &rules), "", &mut found);
            if !found.is_empty() {
                wrong.push(format!("{} ({ends})\n    {}", path.display(), found.join("\n    ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} judgements differ:\n{}", wrong.len(), mails.len() * 2, wrong.join("\n"));
}
