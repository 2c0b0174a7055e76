//! The desk: the whole judgement of a submission, as a function of its arguments.
//!
//! No clock, no file, no network, no database, no `async`: what the desk must know is handed in (`Rules`, `Standing`, `now`).
//! Bad mail is a value (a `Finding`), never an error; the desk cannot fail, and what it could not read goes to `review`.
//! The judgement has two halves: [`read`] needs only the bytes and runs on every core; [`conclude`] needs what the store knows and is
//! called inside the store's transaction, so that two submissions of one sender cannot both be the first.

pub mod bounce;
pub mod check;
pub mod file;
pub mod gate;
pub mod letter;
pub mod message;
pub mod notice;
pub mod original;
pub mod rules;
pub mod standing;
pub mod template;
pub mod text;
pub mod verdict;
pub mod words;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use self::bounce::Bounce;
use self::check::Finding;
use self::gate::{Gate, Handling};
use self::message::Message;
use self::notice::Notices;
use self::original::Original;
use self::rules::Rules;
use self::standing::Standing;
use self::text::address::Mailbox;
use self::verdict::Origin;
use self::words::{FindingCode, ReplyKind, Verdict};

/// A submission as read: everything that its bytes and the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub message_id: Option<String>,
    pub from: Option<Mailbox>,
    pub subject: Option<String>,
    /// Message-IDs of In-Reply-To and References, the oldest first.
    pub references: Vec<String>,
    /// What the submitter wrote above the outermost original.
    pub message: String,
    /// Outermost first.
    pub originals: Vec<Arc<Original>>,
    pub notices: Notices,
    pub findings: Vec<Finding>,
    /// What it says about a letter that did not arrive.
    pub bounce: Option<Bounce>,
    /// The first gate that its headers close.
    pub held: Option<Gate>,
    pub origin: Origin,
}

/// A judged submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    pub reply: Reply,
}

/// Whether a letter is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Due(ReplyKind, Handling),
    /// None, and the gate that holds.
    None(Gate),
}

impl Reply {
    /// `none`, or the letter's kind.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Due(kind, _) => kind.word(),
            Self::None(_) => "none",
        }
    }
}

/// Reads a submission: the half of the judgement that the bytes alone allow.
#[must_use]
pub fn read(raw: &[u8], rules: &Rules) -> Reading {
    let message = Message::parse(raw, &rules.limits);
    let mut contents = original::find(&message, rules);
    let subject = message.headers.subject().map(|subject| text::fold::visible(subject.text.trim()).into_owned());
    let notices = notice::recognise(&contents, subject.as_deref(), rules);
    let mut findings = check::of_contents(message.admission, &contents, &notices, rules);
    if !message.headers.are_legible() {
        findings.push(Finding::new(FindingCode::Illegible, Some("Subject, From")));
    }
    let held = gate::by_headers(&message.headers, rules);
    // A quotation without attribution is the original, not the submitter's words.
    let words = match &notices.pasted {
        Some(pasted) if pasted.body == contents.quoted().trim() => contents.unquoted(),
        _ => std::mem::take(&mut contents.message),
    };
    let mut originals = contents.originals;
    originals.extend(contents.prints.into_iter().filter(|(print, _)| print.from.is_some()).map(|(print, _)| print));
    originals.extend(notices.pasted.clone());
    if originals.is_empty() {
        originals.extend(notices.notices.iter().map(|notice| notice.original.clone()));
    }
    Reading {
        message_id: message.headers.text("message-id").filter(|id| !id.is_empty()).map(Cow::into_owned),
        from: message.headers.senders().first().cloned(),
        references: references(&message),
        subject,
        message: words,
        originals,
        findings,
        bounce: bounce::read(&message),
        held,
        origin: gate::origin(&message.headers, held, rules),
        notices,
    }
}

/// A reading of a submission whose reading failed: nobody has read it, so a person must.
#[must_use]
pub fn unread(reason: &str) -> Reading {
    Reading {
        message_id: None,
        from: None,
        subject: None,
        references: Vec::new(),
        message: String::new(),
        originals: Vec::new(),
        notices: Notices::default(),
        findings: vec![Finding::new(FindingCode::Unjudgeable, Some(reason))],
        bounce: None,
        held: Some(Gate::Verdict),
        origin: Origin::Applicant,
    }
}

/// Concludes what was read, with what the store knows. `received` and `now` are UTC seconds.
#[must_use]
pub fn conclude(reading: &Reading, rules: &Rules, standing: &Standing, received: i64, now: i64) -> Conclusion {
    let mut findings = reading.findings.clone();
    findings.extend(check::of_standing(&reading.notices, rules, standing, received));
    let origin = if standing.reports_our_letter { Origin::Echo } else { reading.origin };
    let verdict = verdict::decide(&reading.notices, origin, rules, &mut findings);
    let sender = reading.from.as_ref().and_then(|from| from.address.as_deref()).unwrap_or_default();
    let reply = match verdict::letter_for(verdict, rules) {
        None => Reply::None(Gate::Verdict),
        Some(kind) => match reading.held.or_else(|| gate::by_standing(kind, sender, rules, standing, received, now)) {
            Some(gate) => Reply::None(gate),
            None => Reply::Due(kind, gate::handling(rules, standing)),
        },
    };
    Conclusion { verdict, findings, reply }
}

/// The whole judgement at once. `received` and `now` are UTC seconds.
#[must_use]
pub fn examine(raw: &[u8], rules: &Rules, standing: &Standing, received: i64, now: i64) -> (Reading, Conclusion) {
    let reading = read(raw, rules);
    let conclusion = conclude(&reading, rules, standing, received, now);
    (reading, conclusion)
}

/// Ids that are kept: a thread is recognised by its last ones, and each costs a look-up in the store.
const MOST_REFERENCES: usize = 64;

fn references(message: &Message<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for name in ["references", "in-reply-to"] {
        for value in message.headers.all_text(name) {
            let new = value.split_whitespace().filter(|id| letter::is_message_id(id) && known.insert((*id).to_owned()));
            ids.extend(new.map(str::to_owned));
        }
    }
    ids.split_off(ids.len().saturating_sub(MOST_REFERENCES))
}

/// Rules for the desk's own tests: the shipped ones, with an office and a trusted host.
#[cfg(test)]
pub(crate) fn sample_rules() -> Rules {
    let mut rules = crate::config::shipped_rules().expect("the shipped rules are valid");
    rules.gates.mode = rules::ReplyMode::Send;
    rules.gates.own_addresses = vec!["desk@office.example.jp".to_owned()];
    rules.gates.trusted_authserv_ids = vec!["mx.office.example.jp".to_owned()];
    rules
}

#[cfg(test)]
mod tests;
