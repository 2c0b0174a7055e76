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

#[test]
fn the_files_in_the_repository_are_those_of_the_generator() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    let mut expected = BTreeSet::new();
    for case in cases() {
        let path = folder.join(case.station).join(format!("{}.eml", case.name));
        let held = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run the corpus binary", path.display()));
        assert_eq!(held, case.submission.raw, "{} differs; run the corpus binary", path.display());
        let golden: Value = serde_json::from_slice(&fs::read(path.with_extension("golden")).unwrap()).unwrap();
        assert_eq!(golden, case.submission.expected, "{}", path.display());
        expected.insert(path.clone());
        expected.insert(path.with_extension("golden"));
    }
    let stations = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let held: BTreeSet<_> = stations.flat_map(|station| fs::read_dir(station).unwrap().map(|entry| entry.unwrap().path())).collect();
    assert_eq!(held.symmetric_difference(&expected).collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new());
}

#[test]
fn every_inline_body_can_be_read_in_its_mail() {
    for case in cases().into_iter().filter(|case| case.station == "original" || case.station == "notice") {
        let Ok(text) = String::from_utf8(case.submission.raw) else { continue };
        if !text.contains("Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit") {
            continue;
        }
        let bare = |text: &str| text.chars().filter(|character| !character.is_whitespace() && *character != '>').collect::<String>();
        for original in
            case.submission.expected["originals"].as_array().into_iter().flatten().filter(|original| original["carried"] == "inline")
        {
            for key in ["body", "date_text"] {
                let Some(value) = original[key].as_str() else { continue };
                assert!(bare(&text).contains(&bare(value)) || case.name.contains("attached"), "{}: {key}", case.name);
            }
        }
    }
}

#[test]
fn every_text_can_be_written_in_its_charset() {
    use crate::mail::encode::Charset;
    for case in cases().into_iter().filter(|case| case.station == "charset") {
        let charset = match case.name.as_str() {
            name if name.contains("shift-jis") || name.contains("932") || name.contains("31j") || name.contains("sjis") => {
                Charset::ShiftJis
            }
            name if name.contains("euc") => Charset::EucJp,
            name if name.contains("2022") || name.contains("cp5022") => Charset::Iso2022Jp,
            _ => Charset::Utf8,
        };
        for original in case.submission.expected["originals"].as_array().into_iter().flatten() {
            let body = original["body"].as_str().unwrap();
            assert!(charset.holds(body), "{}: {charset:?}", case.name);
        }
    }
}
