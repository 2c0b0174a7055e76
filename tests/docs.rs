//! The documents do not lie: what they list is what there is, and what they show is what happens.
//!
//! Promises: a column, word, key, default, finding, gate, log line, command, link, example or query that changes in the code fails here
//! until the documents follow; and what the documents invent fails, too.
//! Rejected: generating the documents; the sentences beside the names are the point of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use uketsuke::config::{self, ConfigError};
use uketsuke::desk::gate::Gate;
use uketsuke::desk::words::{Carried, Evidence, FindingCode, ReplyKind, Verdict};

const DOCUMENTS: [&str; 13] = [
    "README.md",
    "README.ja.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/configuration.md",
    "docs/forwards.md",
    "docs/operations.md",
    "docs/replies.md",
    "docs/schema.md",
    "docs/threats.md",
    "docs/verdicts.md",
    "tests/corpus/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text below the heading of level two that begins so, up to the next one.
fn section<'d>(document: &'d str, heading: &str) -> &'d str {
    let start = document.find(&format!("\n## {heading}")).unwrap_or_else(|| panic!("there is no section {heading}"));
    let below = &document[start + 1..];
    below[3..].find("\n## ").map_or(below, |end| &below[..end + 3])
}

/// Rows of tables whose first cell is one code word: the word, and the cells after it.
fn rows(markdown: &str) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for line in markdown.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<String> =
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_end_matches('|').trim().to_owned()).collect();
        let word = cells[0].split('`').nth(1).expect("a code word").to_owned();
        assert!(found.insert(word.clone(), cells[1..].to_vec()).is_none(), "{word} stands twice");
    }
    found
}

/// The contents of fenced blocks of a language.
fn blocks<'d>(document: &'d str, language: &str) -> Vec<&'d str> {
    let fence = format!("```{language}\n");
    document.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().expect("never empty")).collect()
}

/// Everything that is written as code: inline, indented and fenced.
fn code(document: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_fenced = false;
    for line in document.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced || line.starts_with("    ") {
            found.push(line.to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

fn set<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    words.into_iter().map(|word| word.as_ref().to_owned()).collect()
}

fn schema() -> String {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("src/store/schema")).expect("readable").map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| fs::read_to_string(file).expect("readable")).collect()
}

fn database() -> Connection {
    let connection = Connection::open_in_memory().expect("opened");
    connection.execute_batch(&schema()).expect("the schema is valid");
    connection
}

fn strings(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("valid");
    statement.query_map([], |row| row.get(0)).expect("runs").collect::<Result<_, _>>().expect("texts")
}

#[test]
fn every_table_and_column_is_documented_and_no_other() {
    let document = text("docs/schema.md");
    let connection = database();
    let tables = strings(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let documented = set(document.lines().filter_map(|line| line.strip_prefix("## `")).map(|line| line.trim_end_matches('`')));
    assert_eq!(documented, set(&tables));
    for table in tables {
        let columns = strings(&connection, &format!("SELECT name FROM pragma_table_info('{table}')"));
        assert_eq!(set(rows(section(&document, &format!("`{table}`"))).keys()), set(columns), "columns of {table}");
    }
}

#[test]
fn every_word_of_a_column_is_documented_beside_it() {
    let document = text("docs/schema.md");
    let mut table = String::new();
    let mut words = 0;
    for line in schema().lines().map(|line| line.split("--").next().unwrap_or_default().trim()) {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            table = rest.split_whitespace().next().expect("a name").to_owned();
        }
        let mut definition = line.split_whitespace();
        if let Some(rest) = line.strip_prefix("ALTER TABLE ") {
            table = rest.split_whitespace().next().expect("a name").to_owned();
            definition.nth(4);
        }
        if !line.contains(" CHECK (") || !line.contains(" IN ('") {
            continue;
        }
        let column = definition.next().expect("a name");
        let row =
            rows(section(&document, &format!("`{table}`"))).remove(column).unwrap_or_else(|| panic!("{table}.{column} is not documented"));
        for word in line.split('\'').skip(1).step_by(2) {
            assert!(row.concat().contains(&format!("`{word}`")), "{table}.{column}: {word} is not documented");
            words += 1;
        }
    }
    assert!(words > 30, "only {words} words were found in the schema");
}

#[test]
fn every_finding_is_documented_with_its_class() {
    let documented: BTreeMap<String, String> =
        rows(section(&text("docs/verdicts.md"), "Findings")).into_iter().map(|(code, cells)| (code, cells[0].clone())).collect();
    let known: BTreeMap<String, String> =
        FindingCode::ALL.iter().map(|code| (code.word().to_owned(), code.class().word().to_owned())).collect();
    assert_eq!(documented, known);
}

#[test]
fn every_gate_is_documented_for_developers_and_for_operators() {
    let gates = set(Gate::ALL.iter().map(|gate| gate.word()));
    assert_eq!(set(rows(section(&text("docs/replies.md"), "Gates")).keys()), gates);
    let japanese = code(section(&text("README.ja.md"), "返信が送られないとき"));
    let missing: Vec<&String> = gates.iter().filter(|gate| !japanese.contains(gate)).collect();
    assert!(missing.is_empty(), "{missing:?} are not explained in README.ja.md");
}

#[test]
fn verdicts_evidence_carriage_and_letters_are_documented() {
    let verdicts = set(Verdict::ALL.iter().map(|verdict| verdict.word()));
    assert_eq!(set(rows(section(&text("README.md"), "How a verdict comes about")).keys()), verdicts);
    assert_eq!(set(rows(section(&text("README.ja.md"), "判定の種類")).keys()), verdicts);
    assert_eq!(set(rows(section(&text("README.md"), "Evidence")).keys()), set(Evidence::ALL.iter().map(|evidence| evidence.word())));
    assert_eq!(
        set(rows(section(&text("docs/verdicts.md"), "Evidence and carriage")).keys()),
        set(Carried::ALL.iter().map(|carried| carried.word()))
    );
    let letters = text("docs/replies.md");
    let letters = section(&letters, "Letters").split("| variable |").next().expect("never empty").to_owned();
    assert_eq!(set(rows(&letters).keys()), set(ReplyKind::ALL.iter().map(|kind| kind.word())));
}

/// Keys and values of the shipped configuration by section; of repeated sections the first.
fn shipped() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut name = String::new();
    for line in config::SHIPPED
        .lines()
        .map(|line| line.strip_prefix("#= ").unwrap_or(line))
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
    {
        if line.starts_with('[') {
            name = if sections.contains_key(line) { String::new() } else { line.to_owned() };
        } else {
            let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{line} is no key"));
            sections.entry(name.clone()).or_default().insert(key.to_owned(), value.to_owned());
        }
    }
    sections.remove("");
    sections
}

#[test]
fn every_key_is_documented_with_its_default_and_no_other() {
    let document = text("docs/configuration.md");
    let mut sections = shipped();
    let targets = sections.remove("[accounts.targets]").expect("there");
    assert!(targets.keys().all(|verdict| section(&document, "`[[accounts]]`").contains(&format!("`{verdict}`"))));
    for table in ["targets", "oauth2", "smtp"] {
        sections.get_mut("[[accounts]]").expect("there").insert(table.to_owned(), "none".to_owned());
    }
    assert_eq!(sections.len(), 8, "{:?}", sections.keys());
    for (name, keys) in sections {
        let below = section(&document, &format!("`{name}`"));
        let documented = rows(below.split("### ").next().expect("never empty"));
        assert_eq!(set(documented.keys()), set(keys.keys()), "keys of {name}");
        for (key, value) in keys.into_iter().filter(|(key, _)| name != "[[notices]]" && documented[key][0] != "none") {
            assert_eq!(documented[&key][0], format!("`{value}`"), "{name} {key}");
        }
    }
}

#[test]
fn every_key_of_the_access_tokens_stands_in_the_file_and_in_the_document() {
    let document = text("docs/configuration.md");
    let below = document.split("### Access tokens").nth(1).expect("there").split("\n## ").next().expect("never empty");
    let block = config::SHIPPED.split("#   [accounts.oauth2]").nth(1).expect("there").split("#   [accounts.").next().expect("never empty");
    let shown = |line: &'static str| {
        let key = line.strip_prefix("#   ")?.split_once(" = ")?.0.trim();
        key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-').then(|| key.to_owned())
    };
    let shipped: BTreeSet<String> = block.lines().filter_map(shown).collect();
    assert!(shipped.len() > 8, "{shipped:?}");
    assert_eq!(rows(below).into_keys().collect::<BTreeSet<String>>(), shipped);
}

#[test]
fn configurations_in_the_documents_are_valid_but_for_their_passwords() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("example.toml");
    let mut count = 0;
    for document in DOCUMENTS {
        for block in blocks(&text(document), "toml") {
            fs::write(&path, block).expect("written");
            let Err(ConfigError::Problems { problems, .. }) = config::load(&path) else {
                panic!("{document}: no account can have a password here\n{block}")
            };
            let others: Vec<String> = problems
                .iter()
                .filter(|problem| !problem.key.ends_with(".password") && problem.key != "accounts")
                .map(ToString::to_string)
                .collect();
            assert!(others.is_empty(), "{document}: {others:?}");
            count += 1;
        }
    }
    assert!(count >= 3, "only {count} examples were found");
}

#[test]
fn queries_in_the_documents_run() {
    let mut count = 0;
    for document in DOCUMENTS {
        for block in blocks(&text(document), "sql") {
            for statement in block.split_inclusive(';').filter(|statement| !statement.trim().is_empty()) {
                let connection = database();
                connection.prepare(statement).unwrap_or_else(|error| panic!("{document}: {error}\n{statement}"));
                count += 1;
            }
        }
    }
    assert!(count >= 10, "only {count} statements were found");
}

/// Runs a shell line with the built binary as `cargo run --`, the shipped rules and a deadline of a minute.
fn printed(line: &str) -> String {
    let line = line.replace("cargo run --", "\"$UKETSUKE\"");
    let output = Command::new("timeout")
        .args(["60", "sh", "-c", &line])
        .env("UKETSUKE", env!("CARGO_BIN_EXE_uketsuke"))
        .env("UKETSUKE_CONFIG", root().join("config/uketsuke.toml"))
        .env("LC_ALL", "C")
        .current_dir(root())
        .output()
        .expect("coreutils' timeout and sh are there");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn examples_print_what_the_documents_show() {
    let mut count = 0;
    for document in DOCUMENTS {
        for block in blocks(&text(document), "console") {
            let (command, expected) = block.split_once('\n').expect("a command and its output");
            let command = command.strip_prefix("$ ").expect("a prompt");
            assert_eq!(printed(command), expected, "{document}: {command}");
            count += 1;
        }
    }
    assert!(count >= 3, "only {count} examples were found");
}

#[test]
fn commands_in_the_documents_exist_and_all_are_named() {
    let help = printed("cargo run -- --help");
    let below = help.split("Commands:\n").nth(1).expect("a list").split("\n\n").next().expect("never empty");
    let known = set(below
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next()));
    assert!(known.contains("classify") && known.len() >= 7, "{known:?}");
    let mut named = BTreeSet::new();
    for document in DOCUMENTS {
        for piece in code(&text(document)) {
            for (at, _) in piece.match_indices("uketsuke ").filter(|(at, _)| *at == 0 || piece[..*at].ends_with([' ', '/'])) {
                let next = piece[at..].split_whitespace().nth(1).unwrap_or_default();
                if next.len() > 1 && next.chars().all(|character| character.is_ascii_lowercase()) {
                    assert!(known.contains(next), "{document} names the command {next}: {piece}");
                    named.insert(next.to_owned());
                }
            }
            named.extend(known.get(piece.as_str()).cloned());
        }
    }
    named.insert("help".to_owned());
    assert_eq!(named, known);
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).expect("readable"));
        }
    }
}

#[test]
fn sentences_of_the_daemon_are_quoted_as_they_are_written() {
    let mut code = String::new();
    sources(&root().join("src"), &mut code);
    let operations = text("docs/operations.md");
    let japanese = text("README.ja.md");
    let mut count = 0;
    for table in [section(&operations, "Log lines"), section(&operations, "Troubles"), section(&japanese, "よくある困りごと")] {
        for line in table.lines().filter(|line| line.starts_with("| `")) {
            // The first cell's quotations; `…` stands for what the sentence fills in.
            let cell = line.trim_matches('|').split(" | ").next().expect("never empty");
            for piece in
                cell.split('`').skip(1).step_by(2).flat_map(|quoted| quoted.split('…')).map(str::trim).filter(|piece| !piece.is_empty())
            {
                assert!(code.contains(piece), "no source says: {piece}");
                count += 1;
            }
        }
    }
    assert!(count >= 30, "only {count} sentences were found");
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for document in DOCUMENTS {
        let folder = root().join(document).parent().expect("a folder").to_path_buf();
        let text = text(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|target| !target.starts_with("http")) {
            let path = target.split('#').next().unwrap_or_default();
            assert!(folder.join(path).exists(), "{document} links to {target}, which is not there");
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} links were found");
}

#[test]
fn every_document_is_read_by_these_tests() {
    let there = set(fs::read_dir(root().join("docs"))
        .expect("readable")
        .map(|entry| format!("docs/{}", entry.expect("readable").file_name().to_string_lossy())));
    let read = set(DOCUMENTS.iter().filter(|document| document.starts_with("docs/")));
    assert_eq!(there, read);
}

#[test]
fn the_list_of_forwards_is_what_the_tables_say() {
    assert!(text("docs/forwards.md") == testbed::mail::layout::catalogue::document(), "docs/forwards.md is stale: run `make forwards`");
}
