use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn the_corpus_is_the_same_each_time() {
    let first: Vec<_> = cases().into_iter().map(|case| (case.station, case.name, case.submission.raw, case.submission.expected)).collect();
    let second: Vec<_> = cases().into_iter().map(|case| (case.station, case.name, case.submission.raw, case.submission.expected)).collect();
    assert_eq!(first, second);
}

#[test]
fn every_case_has_a_name_of_its_own_and_every_station_has_cases() {
    let mut names = BTreeSet::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases() {
        assert!(names.insert((case.station, case.name.clone())), "{}/{} occurs twice", case.station, case.name);
        *counts.entry(case.station).or_default() += 1;
    }
    assert!(names.len() >= 130, "{counts:?}");
    assert_eq!(counts.len(), 7, "{counts:?}");
}

#[test]
fn every_verdict_is_expected_somewhere() {
    let verdicts: BTreeSet<String> =
        cases().iter().filter_map(|case| case.submission.expected.get("verdict").and_then(Value::as_str).map(str::to_owned)).collect();
    assert_eq!(verdicts.into_iter().collect::<Vec<_>>(), ["accepted", "ignored", "missing", "review", "wrong_type"]);
}

#[test]
fn files_have_lf_line_ends_but_where_the_case_is_about_cr() {
    for case in cases().iter().filter(|case| !case.name.contains("bare-cr")) {
        assert!(!case.submission.raw.windows(2).any(|pair| pair == b"\r\n"), "{}", case.name);
    }
}

#[test]
fn nobody_real_is_named() {
    for case in cases() {
        let from = case.submission.expected.get("from").and_then(Value::as_str).unwrap_or_default().to_owned();
        let domain = from.rsplit_once('@').map_or("", |(_, domain)| domain);
        let invented = domain.ends_with("example.co.jp") || domain.ends_with("example.jp") || domain == "ipa.go.jp" || domain.is_empty();
        assert!(invented, "{}: {from}", case.name);
    }
}

#[test]
fn an_accepted_mail_has_a_notice_and_no_doubt() {
    for case in cases() {
        let expected = &case.submission.expected;
        if expected.get("verdict").and_then(Value::as_str) != Some("accepted") {
            continue;
        }
        assert!(expected["notices"].as_array().is_none_or(|notices| !notices.is_empty()), "{}", case.name);
        let doubts = expected["findings"].as_array().map_or(0, |all| all.iter().filter(|finding| finding["class"] != "note").count());
        assert_eq!(doubts, 0, "{}", case.name);
    }
}

#[test]
fn the_writer_puts_two_files_a_case_below_its_station() {
    let folder = tempfile::tempdir().unwrap();
    let count = write(folder.path()).unwrap();
    let files: usize = fs::read_dir(folder.path()).unwrap().map(|station| fs::read_dir(station.unwrap().path()).unwrap().count()).sum();
    assert_eq!(files, 2 * count);
}
