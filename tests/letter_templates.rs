//! The shipped letters: what they say, and that every mail reader in an office can show it.
//!
//! Whole letters are compared in `tests/letters/*.txt`; a changed word shows up as a changed file. `UPDATE_LETTERS=1 cargo test` rewrites them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use minijinja::{Environment, UndefinedBehavior, Value, context};

const KINDS: [&str; 3] = ["missing", "wrong_type", "accepted"];
const COMPLETION: &str = "【SECURITY ACTION】一つ星/二つ星：自己宣言完了のお知らせ";
const ACCEPTANCE: &str = "【SECURITY ACTION】申込受理のご連絡";
const CONFIRMATION: &str = "【SECURITY ACTION】受付確認のお知らせ";

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for kind in KINDS {
        let text = fs::read_to_string(repository().join(format!("config/templates/{kind}.txt"))).unwrap();
        environment.add_template_owned(kind, text).unwrap();
    }
    environment
}

/// The variables of one letter, all of them set.
fn variables(stars: u8, found: &[&'static str], findings: &[&'static str], known: Known) -> Value {
    let (deadline, contact) = match known {
        Known::All => (Some("2026年12月18日（金）17時"), Some("電話 03-0000-0000（平日 9時から17時まで）")),
        Known::Least => (None, None),
    };
    let accepted = match known {
        Known::All => vec![COMPLETION, ACCEPTANCE],
        Known::Least => vec![COMPLETION],
    };
    context! {
        office => "ICT導入支援事業費補助金事務局", programme => "ICT導入支援事業費補助金", receipt => "R-000123",
        received_at => "2026年11月23日 10:15", deadline, contact, accepted_subjects => accepted, required_stars => stars, found => found.to_vec(), findings => findings.to_vec(),
    }
}

#[derive(Clone, Copy)]
enum Known {
    All,
    Least,
}

/// Every branch of every template is taken by at least one of these.
fn letters() -> BTreeMap<&'static str, String> {
    let environment = environment();
    let render = |kind: &str, values: Value| environment.get_template(kind).unwrap().render(values).unwrap();
    BTreeMap::from([
        ("missing-usual", render("missing", variables(2, &[], &["no_notice"], Known::All))),
        ("missing-least", render("missing", variables(1, &[], &["no_notice"], Known::Least))),
        ("missing-encrypted", render("missing", variables(2, &[], &["no_notice", "encrypted_attachment"], Known::All))),
        ("missing-picture", render("missing", variables(2, &[], &["no_notice", "picture_attached"], Known::All))),
        ("missing-pdf", render("missing", variables(2, &[], &["pdf_attached"], Known::All))),
        ("missing-sample", render("missing", variables(2, &[], &["sample_values"], Known::All))),
        ("wrong_type-sample", render("wrong_type", variables(2, &[COMPLETION], &["sample_values"], Known::All))),
        ("wrong_type-kind", render("wrong_type", variables(2, &[CONFIRMATION], &["wrong_kind"], Known::All))),
        ("wrong_type-one-star", render("wrong_type", variables(2, &[COMPLETION], &["one_star_stated"], Known::All))),
        ("wrong_type-least", render("wrong_type", variables(1, &[], &["wrong_kind", "encrypted_attachment"], Known::Least))),
        ("accepted-usual", render("accepted", variables(2, &[COMPLETION], &[], Known::All))),
        ("accepted-least", render("accepted", variables(1, &[], &[], Known::Least))),
    ])
}

#[test]
fn each_letter_reads_as_it_was_signed_off() {
    let folder = repository().join("tests/letters");
    let update = std::env::var_os("UPDATE_LETTERS").is_some();
    for (name, text) in letters() {
        let file = folder.join(format!("{name}.txt"));
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, format!("{text}\n")).unwrap();
        }
        let signed_off = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(format!("{text}\n"), signed_off, "{name} differs from tests/letters; if it is meant, run with UPDATE_LETTERS=1");
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, letters().len(), "a file of tests/letters has no letter");
}

#[test]
fn a_letter_has_one_subject_line_an_empty_line_and_a_text() {
    for (name, text) in letters() {
        let (subject, rest) = text.split_once('\n').unwrap();
        assert!(subject.starts_with("Subject: 【") && subject.ends_with("（受付番号 R-000123）"), "{name}: {subject}");
        assert!(rest.starts_with("\nご担当者様\n"), "{name}");
        assert!(!text.contains("\n\n\n"), "{name} has a hole");
        assert!(!text.lines().any(|line| line.ends_with(' ')), "{name} has trailing spaces");
        assert!(!text.contains(['{', '}', '%', '\r']), "{name} has left-overs of the template");
    }
}

#[test]
fn every_character_is_in_the_common_japanese_set() {
    for (name, text) in letters() {
        for one in text.chars().filter(|one| *one != '\n') {
            assert!(is_common(one), "{name}: {one:?} shows differently from machine to machine");
        }
    }
    for tricky in ['①', '㈱', 'ｱ', '～', '−', '髙', '🙂', '\u{A0}'] {
        assert!(!is_common(tricky), "{tricky:?} was taken for common");
    }
}

/// ASCII, or JIS X 0208 without the rows that vendors filled by themselves. The wave and the minus are in it, but Windows and others map them apart.
fn is_common(one: char) -> bool {
    if one.is_ascii() {
        return !one.is_ascii_control();
    }
    if matches!(one, '～' | '〜' | '−' | '－' | '―' | '‖' | '\u{FF61}'..='\u{FF9F}') {
        return false;
    }
    let text = one.to_string();
    let (bytes, _, unmappable) = encoding_rs::EUC_JP.encode(&text);
    // Row 13 is NEC's (circled digits, ligatures), rows 89 to 92 are NEC's selection of IBM's.
    !unmappable && matches!(bytes.as_ref(), [row @ 0xA1..=0xF4, _] if *row != 0xAD)
}

#[test]
fn both_requests_say_which_mail_how_to_send_it_and_where_a_lost_one_comes_from() {
    for (name, text) in letters().into_iter().filter(|(name, _)| !name.starts_with("accepted")) {
        for part in
            [COMPLETION, "添付ファイルとして転送", "security-action-info@ipa.go.jp", "行き違い", "受け付け", "This is an automatic reply."]
        {
            assert!(text.contains(part), "{name} lacks {part}");
        }
        assert_eq!(text.contains("■ 提出期限\n2026年12月18日（金）17時"), !name.ends_with("least"), "{name}");
        assert_eq!(text.contains("この補助金では「二つ星」の自己宣言が必要です。"), !name.ends_with("least"), "{name}");
    }
}

#[test]
fn the_english_tail_is_four_to_six_lines() {
    for (name, text) in letters() {
        let (_, tail) = text.split_once("\n----\n").unwrap();
        assert!((4..=6).contains(&tail.trim_end().lines().count()), "{name}");
        assert!(tail.is_ascii(), "{name}");
    }
}

#[test]
fn a_variable_that_nobody_set_is_an_error_and_not_a_gap() {
    let environment = environment();
    for kind in KINDS {
        let rendered = environment.get_template(kind).unwrap().render(context! { office => "事務局" });
        assert!(rendered.is_err(), "{kind}");
    }
}

#[test]
fn stars_may_be_a_number_or_a_text() {
    let environment = environment();
    let template = environment.get_template("missing").unwrap();
    let number = template.render(variables(2, &[], &["no_notice"], Known::All)).unwrap();
    let text = template.render(context! { required_stars => "2", ..variables(2, &[], &["no_notice"], Known::All) }).unwrap();
    assert_eq!(number, text);
}

#[test]
fn the_templates_are_exactly_the_three_that_this_test_knows() {
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&repository().join("config/templates")), ["accepted.txt", "missing.txt", "wrong_type.txt"]);
}
