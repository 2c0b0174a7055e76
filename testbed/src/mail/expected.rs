//! What the product must say about a generated mail: the object of `classify --json`, written by whoever made the mail.
//!
//! Promises: no value here ever comes from running the product. A key that is left out is not compared.
//! Rejected: recording the product's first output and reviewing it by eye; errors that everybody overlooks become law.

use serde_json::{Map, Value, json};

use super::letter::Seen;
use super::submission::Mail;

/// The contract's verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A notice of an accepted kind.
    Accepted,
    /// No SECURITY ACTION mail.
    Missing,
    /// One of another kind.
    WrongType,
    /// A person must decide.
    Review,
    /// Not an applicant's submission.
    Ignored,
}

impl Verdict {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::Review => "review",
            Self::Ignored => "ignored",
        }
    }

    fn reply(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::Accepted | Self::Review | Self::Ignored => "none",
        }
    }
}

/// An expectation under construction.
#[derive(Debug, Clone)]
pub struct Expected {
    value: Map<String, Value>,
    findings: Vec<String>,
    notices: Vec<Value>,
    originals: Vec<Value>,
}

impl Expected {
    /// Of a mail: its own header fields and the verdict; the reply follows from the verdict.
    #[must_use]
    pub fn new(mail: &Mail, verdict: Verdict) -> Self {
        let mut value = Map::new();
        value.insert("message_id".to_owned(), json!(mail.message_id));
        value.insert("from".to_owned(), json!(mail.from.address));
        value.insert("subject".to_owned(), json!(mail.subject));
        value.insert("verdict".to_owned(), json!(verdict.word()));
        value.insert("reply".to_owned(), json!(verdict.reply()));
        Self { value, findings: Vec::new(), notices: Vec::new(), originals: Vec::new() }
    }

    /// Adds findings by their codes.
    #[must_use]
    pub fn findings(mut self, codes: &[&str]) -> Self {
        self.findings.extend(codes.iter().map(|code| (*code).to_owned()));
        self
    }

    /// Adds a notice.
    #[must_use]
    pub fn notice(mut self, notice: Value) -> Self {
        self.notices.push(notice);
        self
    }

    /// Adds an original.
    #[must_use]
    pub fn original(mut self, seen: &Seen) -> Self {
        self.originals.push(seen.json());
        self
    }

    /// What the forwarder wrote above the outermost original; an empty message is not compared.
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.value.insert("message".to_owned(), json!(text.trim()));
        }
        self
    }

    /// A gate holds: no reply, whatever the verdict.
    #[must_use]
    pub fn without_reply(mut self) -> Self {
        self.value.insert("reply".to_owned(), json!("none"));
        self
    }

    /// The object; findings sorted, each code once for each time it is expected.
    #[must_use]
    pub fn json(mut self) -> Value {
        self.findings.sort();
        let findings: Vec<Value> = self.findings.iter().map(|code| json!({"code": code, "class": class(code)})).collect();
        self.value.insert("findings".to_owned(), json!(findings));
        self.value.insert("notices".to_owned(), json!(self.notices));
        self.value.insert("originals".to_owned(), json!(self.originals));
        Value::Object(self.value)
    }

    /// The object without the keys that depend on taste or layout in this case.
    #[must_use]
    pub fn json_without(self, keys: &[&str]) -> Value {
        let mut value = self.json();
        if let Some(fields) = value.as_object_mut() {
            for key in keys {
                fields.remove(*key);
            }
        }
        value
    }
}

/// The class of a finding where one star is asked for.
fn class(code: &str) -> &'static str {
    match code {
        "no_notice" | "wrong_kind" | "one_star_stated" | "encrypted_attachment" => "defect",
        "sender_unstated"
        | "subject_unstated"
        | "received_after_deadline"
        | "other_notice_too"
        | "several_notices"
        | "star_level_unstated" => "note",
        _ => "doubt",
    }
}
