//! The mails of a test and what must become of them, by the generator's word.

use serde_json::Value;
use testbed::imap::Folder;
use testbed::mail::{Submission, demo_dozen};

/// Mails that are delivered together.
#[derive(Debug, Clone)]
pub struct Post {
    pub mails: Vec<Submission>,
}

/// What the rows must say of one mail.
pub fn row_of(mail: &Submission) -> String {
    format!("{}|{}|{}", text(mail, "message_id"), text(mail, "verdict"), text(mail, "reply"))
}

/// A field of the expectation.
pub fn text(mail: &Submission, key: &str) -> String {
    mail.expected.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Post {
    /// A dozen of every sort: accepted, missing, wrong type, review, ignored.
    pub fn dozen(seed: u64) -> Self {
        Self { mails: demo_dozen(seed).into_iter().map(|(_, mail)| mail).collect() }
    }

    /// An INBOX that holds these mails.
    pub fn inbox(&self) -> Folder {
        Folder::named("INBOX").holding(self.mails.iter().map(|mail| mail.raw.clone()))
    }

    /// One mail more.
    pub fn and(mut self, mail: Submission) -> Self {
        self.mails.push(mail);
        self
    }

    /// The same without the mail of this UID in an INBOX of [`Post::inbox`].
    pub fn without(mut self, uid: usize) -> Self {
        self.mails.remove(uid - 1);
        self
    }

    /// The same in an office that answers nobody.
    pub fn unanswered(mut self) -> Self {
        for mail in &mut self.mails {
            mail.expected["reply"] = Value::from("none");
        }
        self
    }

    /// The rows, sorted.
    pub fn rows(&self) -> Vec<String> {
        let mut rows: Vec<String> = self.mails.iter().map(row_of).collect();
        rows.sort();
        rows
    }

    /// The addresses that get a letter, sorted.
    pub fn answered(&self) -> Vec<String> {
        let is_answered = |mail: &&Submission| text(mail, "reply") != "none";
        let mut addresses: Vec<String> = self.mails.iter().filter(is_answered).map(|mail| text(mail, "from").to_lowercase()).collect();
        addresses.sort();
        addresses
    }
}
