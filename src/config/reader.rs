//! Reads a table of the configuration key by key, and keeps every problem instead of stopping at the first.
//!
//! Rejected: deriving `Deserialize` for the whole file; serde ends at the first unknown key or wrong type, and an operator who
//! mends a file at night should see all of it at once.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

use config::{Value, ValueKind};
use serde::de::DeserializeOwned;

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key with its section, as `smtp.port` or `accounts[0].host`.
    pub key: String,
    /// The value as written; never a secret.
    pub value: Option<String>,
    /// What is wrong, and the remedy.
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(formatter, "{} = {value}: {}", self.key, self.sentence),
            None => write!(formatter, "{}: {}", self.key, self.sentence),
        }
    }
}

/// All problems found so far.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    pub fn push(&mut self, key: impl Into<String>, value: Option<String>, sentence: impl Into<String>) {
        self.found.push(Problem { key: key.into(), value, sentence: sentence.into() });
    }

    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.found
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// A table whose keys are taken one by one; what is left at the end is unknown.
pub struct Section<'p> {
    path: String,
    values: HashMap<String, Value>,
    known: Vec<&'static str>,
    pub problems: &'p mut Problems,
}

impl<'p> Section<'p> {
    /// Opens the table at `path`.
    pub fn new(path: impl Into<String>, value: Option<Value>, problems: &'p mut Problems) -> Self {
        let path = path.into();
        let values = match value.map(|value| value.kind) {
            None | Some(ValueKind::Nil) => HashMap::new(),
            Some(ValueKind::Table(table)) => table.into_iter().collect(),
            Some(other) => {
                problems.push(path.clone(), Some(other.to_string()), format!("must be a table; write its keys below [{path}]"));
                HashMap::new()
            }
        };
        Self { path, values, known: Vec::new(), problems }
    }

    /// The full name of a key, for problems.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Reports a problem of a key.
    pub fn refuse(&mut self, name: &str, value: impl fmt::Display, sentence: impl Into<String>) {
        let key = self.key(name);
        self.problems.push(key, Some(format!("\"{value}\"")), sentence);
    }

    /// Takes the raw value of a key.
    pub fn raw(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.values.remove(name)
    }

    /// Takes a key of any type that serde reads; `expected` completes "must be …".
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str, default: T, expected: &str) -> T {
        let Some(value) = self.raw(name) else { return default };
        let shown = shown(&value);
        match value.try_deserialize() {
            Ok(taken) => taken,
            Err(_) => {
                let key = self.key(name);
                self.problems.push(key, Some(shown), format!("must be {expected}"));
                default
            }
        }
    }

    /// Takes a text. A number or a switch in its place is refused: quotes were forgotten.
    pub fn text(&mut self, name: &'static str, default: &str) -> String {
        let Some(value) = self.raw(name) else { return default.to_owned() };
        match value.kind {
            ValueKind::String(text) => text,
            _ => {
                let key = self.key(name);
                self.problems.push(key, Some(shown(&value)), "must be a text in quotes");
                default.to_owned()
            }
        }
    }

    /// Takes a text that must not be empty.
    pub fn required(&mut self, name: &'static str, remedy: &str) -> String {
        let text = self.text(name, "");
        if text.trim().is_empty() {
            let key = self.key(name);
            self.problems.push(key, None, format!("is missing; {remedy}"));
        }
        text
    }

    /// Takes a list of texts.
    pub fn texts(&mut self, name: &'static str) -> Vec<String> {
        self.take(name, Vec::new(), "a list of texts in quotes, as [\"a\", \"b\"]")
    }

    /// Takes a whole number within the range.
    pub fn number(&mut self, name: &'static str, default: u64, range: RangeInclusive<u64>, unit: &str) -> u64 {
        let Some(value) = self.raw(name) else { return default };
        let expected = format!("must be a whole number from {} to {} ({unit})", range.start(), range.end());
        let number = match value.kind {
            ValueKind::I64(number) => u64::try_from(number).ok(),
            ValueKind::U64(number) => Some(number),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let key = self.key(name);
                self.problems.push(key, Some(shown(&value)), expected);
                default
            }
        }
    }

    /// Reports every key that nobody has taken.
    pub fn finish(self) {
        let mut unknown: Vec<&String> = self.values.keys().collect();
        unknown.sort();
        for name in unknown {
            let hint = nearest(name, &self.known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            self.problems.push(format!("{}.{name}", self.path), None, format!("is not a key of uketsuke{hint}"));
        }
    }
}

/// The value as the operator wrote it, cut short.
fn shown(value: &Value) -> String {
    let text = match &value.kind {
        ValueKind::String(text) => format!("\"{text}\""),
        ValueKind::Array(_) => "[…]".to_owned(),
        ValueKind::Table(_) => "{…}".to_owned(),
        other => other.to_string(),
    };
    crate::desk::text::fold::printable(&text, 80)
}

/// The known key with the fewest differences, where it is near enough to be a slip.
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let folded = name.replace('_', "-").to_lowercase();
    known
        .iter()
        .map(|key| (strsim::damerau_levenshtein(&folded, key), *key))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, key)| key)
}
