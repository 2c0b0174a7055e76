//! The script of the sink: which phase goes wrong, and how.
//!
//! Promises: the first rule that fires decides; a new misbehaviour is one variant of [`What`] and its arm in the session's `react`.
//! Rejected: rules on the text of commands; an SMTP dialogue has named phases, and tests speak of them.

use crate::imap::Occurrence;

/// A step of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The TCP connection stands; TLS has not begun.
    Connect,
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    StartTls,
    /// After the whole exchange of AUTH.
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the final dot.
    Body,
    Quit,
}

/// What the sink does when a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// This reply (several lines with CRLF between them). With a 2yz or 3yz code the command is carried out all the same; after a 421 the
    /// sink closes.
    Reply(String),
    /// An orderly end instead of a reply; nothing is carried out.
    Close,
    /// Never answers, never closes; nothing is carried out.
    Stall,
    /// These octets instead of a reply; nothing is carried out and the dialogue goes on.
    Garbage(Vec<u8>),
    /// Carried out (a body is kept as accepted), but the connection ends before the reply.
    KeepThenClose,
    /// Likewise, but nothing is said and nothing closed.
    KeepThenStall,
}

impl What {
    /// [`What::Reply`].
    #[must_use]
    pub fn reply(text: &str) -> Self {
        Self::Reply(text.to_owned())
    }
}

/// One line of the script. Without further words: always.
#[derive(Debug, Clone)]
pub struct Rule {
    phase: Phase,
    occurrence: Occurrence,
    what: What,
    matched: usize,
}

impl Rule {
    #[must_use]
    pub fn at(phase: Phase, what: What) -> Self {
        Self { phase, occurrence: Occurrence::Always, what, matched: 0 }
    }

    /// Only the n-th time that the phase comes, counted from 1 over all connections.
    #[must_use]
    pub fn nth(self, number: usize) -> Self {
        self.occurring(Occurrence::Nth(number))
    }

    #[must_use]
    pub fn occurring(mut self, occurrence: Occurrence) -> Self {
        self.occurrence = occurrence;
        self
    }
}

/// Asks every rule, counts the matches, and returns what the first one wants.
pub(super) fn decide(rules: &mut [Rule], phase: Phase) -> Option<What> {
    let mut decision = None;
    for rule in rules.iter_mut().filter(|rule| rule.phase == phase) {
        rule.matched += 1;
        if rule.occurrence.holds(rule.matched) && decision.is_none() {
            decision = Some(rule.what.clone());
        }
    }
    decision
}
