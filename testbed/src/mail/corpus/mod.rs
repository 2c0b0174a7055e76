//! The golden corpus: one mail a fact, the fact in its file name.
//!
//! Promises: every case is a function of its name; adding or removing one changes no other file. [`cases`] is the whole list,
//! [`write()`] puts it below a folder. Rejected: editing the files by hand; nobody could then tell a fix from a slip.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::submission::Submission;

mod charset;
mod container;
mod damage;
mod deceit;
mod gate;
mod hostile;
mod markup;
mod nesting;
mod notice;
mod original;
mod shape;
mod thread;
mod verdict;

/// One file pair of the corpus.
#[derive(Debug, Clone)]
pub struct Case {
    /// The folder: which station of the desk it tests.
    pub station: &'static str,
    /// The file name without its ending: what it shows.
    pub name: String,
    /// Raw bytes with LF line ends, and the golden object.
    pub submission: Submission,
}

/// Makes a case from its own name.
type Build = fn(&str) -> Submission;

/// Every case, in the order of the stations.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut all = original::cases();
    for (station, table) in [
        ("original", original::TABLE),
        ("original", nesting::TABLE),
        ("original", shape::TABLE),
        ("original", markup::TABLE),
        ("notice", notice::TABLE),
        ("charset", charset::TABLE),
        ("container", container::TABLE),
        ("container", thread::CONTAINERS),
        ("verdict", verdict::TABLE),
        ("verdict", markup::VERDICTS),
        ("verdict", thread::TABLE),
        ("gate", gate::TABLE),
        ("gate", thread::GATES),
        ("hostile", hostile::TABLE),
        ("hostile", damage::TABLE),
        ("hostile", deceit::TABLE),
    ] {
        all.extend(table.iter().map(|(name, build)| Case { station, name: (*name).to_owned(), submission: build(name) }));
    }
    all
}

/// Writes `DIR/<station>/<name>.eml` and `.golden` for every case; returns how many.
///
/// # Errors
/// Those of the file system.
pub fn write(folder: &Path) -> io::Result<usize> {
    let cases = cases();
    for case in &cases {
        let station = folder.join(case.station);
        fs::create_dir_all(&station)?;
        fs::write(station.join(format!("{}.eml", case.name)), &case.submission.raw)?;
        let golden = serde_json::to_string_pretty(&case.submission.expected).map_err(io::Error::other)?;
        fs::write(station.join(format!("{}.golden", case.name)), format!("{golden}\n"))?;
    }
    Ok(cases.len())
}

/// A golden value without one key of an inner object, where that key depends on taste.
fn without(mut value: Value, inner: &str, key: &str) -> Value {
    if let Some(fields) = value.get_mut(inner).and_then(Value::as_object_mut) {
        fields.remove(key);
    }
    value
}

#[cfg(test)]
mod tests;
