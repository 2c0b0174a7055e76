//! What the courier asks of whoever keeps the letters.
//!
//! Promises: every method is one committed step (transactions T3 and T4); when it returns, a crash no longer undoes it.
//! Rejected: a channel of letters. A channel forgets at a crash; rows do not.

use std::future::Future;

use jiff::Timestamp;

/// The number of one letter in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterId(pub i64);

impl std::fmt::Display for LetterId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A letter that was taken for sending: its attempt is counted and its state is `sending`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub id: LetterId,
    /// The number of this attempt, counted from 1 and with this one.
    pub attempt: u32,
    /// None is the null path `<>`.
    pub envelope_from: Option<String>,
    pub recipient: String,
    /// The rendered mail, CRLF line ends, ASCII but for an address in its header.
    pub bytes: Vec<u8>,
}

/// What became of one attempt; `words` are the server's own, or a sentence that says what happened instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took the responsibility for the letter.
    Delivered { words: String },
    /// Not now; nothing was delivered. The attempt stays counted.
    Deferred { until: Timestamp, words: String },
    /// Never; nothing was delivered.
    Refused { words: String },
    /// Sent whole, never answered. With `resend_at` the same bytes go out again then; without, an operator decides.
    Unknown { resend_at: Option<Timestamp>, words: String },
}

/// What status pages and operators should know at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A letter was taken by the server.
    Sent { id: LetterId },
    /// All sending pauses until `retry_at`.
    Trouble { kind: TroubleKind, sentence: String, retry_at: Timestamp },
    /// A letter went through after trouble.
    Recovered,
}

/// Who must act on a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// The server cannot be reached or went away: whoever runs the network, or nobody.
    Network,
    /// No protected connection as configured: the operator, or whoever renews the certificate.
    Tls,
    /// The server answers, but not for now: usually nobody.
    Server,
    /// User or password are refused: the operator.
    Authentication,
    /// The server refuses our sender, our address or our right to relay: the operator.
    Policy,
}

impl TroubleKind {
    /// The word that status, logs and JSON show.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Server => "server",
            Self::Authentication => "authentication",
            Self::Policy => "policy",
        }
    }
}

/// The store's own error; the courier only passes it on.
pub type OutboxError = Box<dyn std::error::Error + Send + Sync>;

/// The letters and their states. An error of any method ends [`super::run`]: without rows nothing may be sent.
pub trait Outbox: Send + Sync {
    /// Takes the letter that is due first, if any is due at `now`: counts the attempt and sets the state `sending` (T3).
    fn claim(&self, now: Timestamp) -> impl Future<Output = Result<Option<Claimed>, OutboxError>> + Send;

    /// Notes that the letter's bytes are about to leave. After a crash from here on the letter's fate is unknown; before, it was not sent.
    fn entering_data(&self, id: LetterId) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Writes down what became of the attempt (T4).
    fn settle(&self, id: LetterId, outcome: Outcome, now: Timestamp) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Puts the letter back as if it had never been claimed: the server was never told about it.
    fn return_unspent(&self, id: LetterId) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// When the next letter falls due; a time at or before `now` means at once, None that nothing waits.
    fn next_due(&self, now: Timestamp) -> impl Future<Output = Result<Option<Timestamp>, OutboxError>> + Send;

    /// Tells what happened; losing one harms nobody.
    fn observe(&self, event: Event) -> impl Future<Output = ()> + Send;
}

/// A shared outbox is an outbox.
impl<O: Outbox> Outbox for std::sync::Arc<O> {
    fn claim(&self, now: Timestamp) -> impl Future<Output = Result<Option<Claimed>, OutboxError>> + Send {
        (**self).claim(now)
    }

    fn entering_data(&self, id: LetterId) -> impl Future<Output = Result<(), OutboxError>> + Send {
        (**self).entering_data(id)
    }

    fn settle(&self, id: LetterId, outcome: Outcome, now: Timestamp) -> impl Future<Output = Result<(), OutboxError>> + Send {
        (**self).settle(id, outcome, now)
    }

    fn return_unspent(&self, id: LetterId) -> impl Future<Output = Result<(), OutboxError>> + Send {
        (**self).return_unspent(id)
    }

    fn next_due(&self, now: Timestamp) -> impl Future<Output = Result<Option<Timestamp>, OutboxError>> + Send {
        (**self).next_due(now)
    }

    fn observe(&self, event: Event) -> impl Future<Output = ()> + Send {
        (**self).observe(event)
    }
}
