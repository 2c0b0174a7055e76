//! The fences of the house: the desk is pure, and each outside library has one door.
//!
//! Read from the sources as text, with comments and test modules left out: a fence must hold for code that does not compile
//! yet. Rejected: one crate a station; the fences would hold, and every change of a type would touch six manifests.

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

struct Source {
    /// Below `src/`, with `/`.
    path: String,
    /// Without comments and without `mod tests`.
    code: String,
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All sources but the files of tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let sources: Vec<Source> = paths
        .iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests"))
        .map(|path| {
            let text = fs::read_to_string(path).expect("UTF-8");
            Source {
                path: path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/"),
                code: without_comments_and_tests(&text),
            }
        })
        .collect();
    assert!(sources.len() > 50, "only {} sources were found", sources.len());
    sources
}

/// Line comments and doc comments go; everything from the `#[cfg(test)]` that opens `mod tests` on goes, as tests stand last.
fn without_comments_and_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let begins_tests = line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.trim_start().starts_with("mod "));
        if begins_tests {
            break;
        }
        let is_comment = line.trim_start().starts_with("//");
        let line = if is_comment { String::new() } else { without_literals(line) };
        code.push_str(line.split(" // ").next().unwrap_or(&line));
        code.push('\n');
    }
    code
}

/// What stands between quotation marks names nothing (a log filter, a sentence).
fn without_literals(line: &str) -> String {
    let mut kept = String::new();
    let mut is_inside = false;
    let mut before = ' ';
    for character in line.chars() {
        if character == '"' && before != '\\' && before != '\'' {
            is_inside = !is_inside;
        }
        if !is_inside {
            kept.push(character);
        }
        before = if character == '\\' && before == '\\' { ' ' } else { character };
    }
    kept
}

/// Whether the word stands in the code on its own, not as a part of another.
fn names(code: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn offenders(sources: &[Source], is_inside: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let found = sources
        .iter()
        .filter(|source| is_inside(&source.path))
        .flat_map(|source| words.iter().filter(|word| names(&source.code, word)).map(|word| format!("{}: {word}", source.path)));
    found.collect()
}

const NOBODY: Vec<String> = Vec::new();

#[test]
fn the_desk_is_pure() {
    let impure = [
        "tokio",
        "async",
        "await",
        "rusqlite",
        "lettre",
        "async_imap",
        "rustls",
        "socket2",
        "tracing",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::io",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "Zoned::now",
        "static mut",
        "thread_local",
    ];
    // Readers of formats take their bytes from memory through the traits of `std::io`, which move nothing by themselves.
    let from_memory = "use std::io::{Cursor, Read};";
    let mut sources = sources();
    for source in sources.iter_mut().filter(|source| source.path.starts_with("desk/file/")) {
        source.code = source.code.replacen(from_memory, "", 1);
    }
    assert_eq!(offenders(&sources, |path| path.starts_with("desk/"), &impure), NOBODY);
}

#[test]
fn the_desk_knows_nobody() {
    let others = [
        "crate::mailbox",
        "crate::store",
        "crate::courier",
        "crate::daemon",
        "crate::cli",
        "crate::clock",
        "crate::judges",
        "crate::wire",
        "crate::secret",
        "crate::token",
    ];
    assert_eq!(offenders(&sources(), |path| path.starts_with("desk/"), &others), NOBODY);
    // The desk's own tests, which are cut off here, take the shipped rules from the configuration; its code does not.
    let config = offenders(&sources(), |path| path.starts_with("desk/") && path != "desk/mod.rs", &["crate::config"]);
    assert_eq!(config, NOBODY);
}

#[test]
fn each_library_has_one_door() {
    let sources = sources();
    for (word, door) in [
        ("async_imap", "mailbox/session"),
        ("rusqlite", "store/"),
        ("html5gum", "desk/text/html"),
        ("lettre", "courier/"),
        ("minijinja", "desk/template"),
        ("hyper", "token/endpoint"),
        ("jsonwebtoken", "token/grant"),
    ] {
        assert!(
            sources.iter().any(|source| source.path.starts_with(door) && names(&source.code, word)),
            "nobody behind {door} names {word}: the fence guards nothing"
        );
        assert_eq!(offenders(&sources, |path| !path.starts_with(door), &[word]), NOBODY, "{word} belongs behind {door}");
    }
}

#[test]
fn stations_do_not_name_each_other() {
    let sources = sources();
    let stations = ["mailbox", "courier", "store"];
    for station in stations {
        for other in stations.iter().filter(|other| **other != station) {
            let word = format!("crate::{other}");
            assert_eq!(offenders(&sources, |path| path.starts_with(&format!("{station}/")), &[&word]), NOBODY);
        }
    }
    for user in ["crate::daemon", "crate::cli"] {
        let inside = |path: &str| stations.iter().any(|station| path.starts_with(&format!("{station}/")));
        assert_eq!(offenders(&sources, inside, &[user]), NOBODY);
    }
}

#[test]
fn files_are_small() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source.code.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_eq!(long, NOBODY, "500 lines without tests are the ceiling");
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let silent: Vec<String> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| !fs::read_to_string(root.join(path)).expect("readable").starts_with("//!"))
        .collect();
    assert_eq!(silent, NOBODY, "a file begins with its module doc");
}

#[test]
fn the_reader_of_sources_leaves_out_comments_and_tests() {
    let code = without_comments_and_tests(
        "//! tokio\nuse a; // tokio\nlet c = \"tokio \\\" tokio\";\nfn b() {}\n#[cfg(test)]\nmod tests {\n tokio }\n",
    );
    assert!(!names(&code, "tokio") && names(&code, "use a;"), "{code}");
    assert!(names("use tokio::x;", "tokio") && !names("my_tokio", "tokio") && !names("tokios", "tokio"));
}
