//! What the watcher needs from whoever keeps the rows: the [`Ledger`], and the values that cross that border.
//!
//! Promises: everything that must survive a crash goes through here, and nothing else does; a wake-up that gets lost costs one
//! poll interval, never a mail. Rejected: letting the watcher write SQL; then its tests would need a store, and a hostile
//! server's conversation could not be replayed against eight lines of memory.

use std::future::Future;

/// The keeper of the rows. Every method may be called again with the same arguments after a crash or a lost connection.
pub trait Ledger: Send + Sync + 'static {
    /// Where reading of this folder goes on; `None` before the first look.
    fn cursor(&self, account: &str, folder: &str) -> impl Future<Output = Result<Option<Cursor>, LedgerError>> + Send;

    /// A batch, ready for its transaction.
    type Prepared: Send;

    /// Does what takes time and needs no transaction: it goes on while the batch before is received and the one after is fetched.
    fn prepare(&self, batch: Batch) -> impl Future<Output = Result<Self::Prepared, LedgerError>> + Send;

    /// T1: the arrivals, the quarantine and the new cursor of some batches, one after the other, in one transaction.
    ///
    /// A UID that is already known *with the same content* is not stored again; with other content it is a new submission.
    /// An arrival marked [`Sighting::Rescan`] may be an old acquaintance under a new UID (UIDVALIDITY changed, or the server was
    /// restored): it is recognised by content, and its new UID is remembered; if nobody knows it, it is a new submission like any
    /// other. A [`Sighting::Live`] mail of which every byte, the trace fields included, is known under another UID is the same mail,
    /// too: Dovecot 2.3.19 gives new UIDs under the same UIDVALIDITY when its index is lost while a session is open, seen 2026-11.
    ///
    /// A UID in quarantine leaves it when it arrives or is absent. The cursor may go down as well as up: `next_uid` and `backlog`
    /// are stored as given.
    fn receive(&self, batches: Vec<Self::Prepared>) -> impl Future<Output = Result<Receipt, LedgerError>> + Send;

    /// Every UID from `from` to `to` that was ever handed to [`Ledger::receive`] (stored, recognised or quarantined), ascending.
    fn known_uids(&self, place: &Place, from: u32, to: u32) -> impl Future<Output = Result<Vec<u32>, LedgerError>> + Send;

    /// The quarantined UIDs whose next attempt is due at `now` (UTC seconds).
    fn due_quarantine(&self, place: &Place, now: i64) -> impl Future<Output = Result<Vec<u32>, LedgerError>> + Send;

    /// Judged mails that wait for their filing, oldest first.
    fn filings(&self, place: &Place, limit: usize) -> impl Future<Output = Result<Vec<Filing>, LedgerError>> + Send;

    /// T5: the server has answered. `id` is that of the [`Filing`].
    fn filed(&self, id: i64, outcome: Filed) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Letters of this account that were sent and whose copy is wanted, oldest first.
    fn letters_to_copy(&self, account: &str, limit: usize) -> impl Future<Output = Result<Vec<SentLetter>, LedgerError>> + Send;

    /// A letter's copy was put into the folder for sent mail, or will never be. `id` is that of the [`SentLetter`].
    fn copied(&self, id: i64, outcome: Filed) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Message-IDs of the newest mails in the folder for sent mail, whoever wrote them.
    fn learn_letters(&self, account: &str, ids: Vec<String>) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// A fact for `status`. Must return at once.
    fn observe(&self, account: &str, event: Event);

    /// The watcher is alive. Must return at once; called often: while waiting once a [`super::Intervals::heartbeat`], else with
    /// whatever the server sends.
    fn beat(&self, account: &str);
}

/// The ledger failed (disk full, store locked …). The watcher keeps the cursor where it is and tries again later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct LedgerError {
    /// A full sentence with the remedy.
    pub sentence: String,
}

/// One folder in one numbering of its mails: a UID means something only here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub account: String,
    pub folder: String,
    pub uidvalidity: u32,
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub uidvalidity: u32,
    /// Every UID below it is resolved: stored, quarantined, or confirmed absent.
    pub next_uid: u32,
    /// UIDs at or above `next_uid` that were there before we came, if any.
    pub backlog: Option<Backlog>,
}

/// UIDs that do not count as freshly delivered. It is kept with the cursor, or a crash during the first look would turn the
/// office's old mail into new submissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// The last UID of the backlog.
    pub until: u32,
    /// [`Sighting::FirstSync`] or [`Sighting::Rescan`].
    pub sighting: Sighting,
}

/// Under which circumstances a mail was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sighting {
    /// Delivered while we watched, or while we were away for a moment.
    Live,
    /// In the folder before the very first look.
    FirstSync,
    /// Met behind the cursor, or while the folder was read again; most likely known by content.
    Rescan,
}

/// What is received together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub place: Place,
    /// Ascending by UID.
    pub arrivals: Vec<Arrival>,
    pub quarantined: Vec<Quarantined>,
    /// UIDs that the server listed or that were quarantined, and that are confirmed gone. Not every gap in the numbering.
    pub absent: Vec<u32>,
    /// The new cursor.
    pub next_uid: u32,
    /// Goes with the cursor.
    pub backlog: Option<Backlog>,
}

impl Batch {
    /// Bytes of its mails.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |arrival: &Arrival| u64::try_from(arrival.content.bytes().len()).unwrap_or(u64::MAX);
        self.arrivals.iter().map(bytes).fold(0, u64::saturating_add)
    }
}

/// One mail as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub uid: u32,
    /// INTERNALDATE in UTC seconds; `None` where the server gave none that can be read.
    pub internal_date: Option<i64>,
    /// Bytes of the mail: counted where we have it whole, else as the server claims.
    pub size: u64,
    pub content: Content,
    pub sighting: Sighting,
}

/// The bytes of a mail.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Whole(Vec<u8>),
    /// The mail is over the limit; this is its header block (at most 256 KiB of it).
    HeadersOnly(Vec<u8>),
}

impl Content {
    /// What came of the mail.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) | Self::HeadersOnly(bytes) => bytes,
        }
    }

    /// What came of the mail, to keep.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Whole(bytes) | Self::HeadersOnly(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for Content {
    /// Bodies never reach a log by accident.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(formatter, "Whole({} bytes)", bytes.len()),
            Self::HeadersOnly(bytes) => write!(formatter, "HeadersOnly({} bytes)", bytes.len()),
        }
    }
}

/// A mail that the server cannot hand out. The ledger counts the attempts and says when the next is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub uid: u32,
    /// A sentence for the operator.
    pub reason: String,
}

/// What became of some batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipt {
    pub stored: usize,
    /// Known already, by UID or by content.
    pub known: usize,
}

/// One judged mail that waits for its keyword or its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// The submission.
    pub id: i64,
    pub uid: u32,
    pub action: Action,
}

/// A letter that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLetter {
    pub id: i64,
    /// As it was sent.
    pub bytes: Vec<u8>,
}

/// What is done with a judged mail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Keyword(String),
    MoveTo(String),
}

/// How a filing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filed {
    /// The server has said OK.
    Done,
    /// The server refused, or lacks what it takes; a full sentence with the remedy. The mail was left alone.
    Refused { sentence: String },
}

/// Health facts, for `status` and for the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Logged in.
    Connected { capabilities: Vec<String> },
    /// The folder was looked through to its end; the first of these is the first successful look.
    Looked { exists: u32, uidvalidity: u32, next_uid: u32 },
    /// The folder was renumbered; everything is read again and recognised by content.
    Renumbered { was: u32, uidvalidity: u32 },
    /// The server went back in its numbering (restored from a backup); the mails from `from` on are read again.
    Rewound { was_next_uid: u32, from: u32 },
    /// All UIDs were compared; `found` mails had been overlooked and were taken, of `left_out` the server says nothing.
    Reconciled { found: usize, left_out: usize },
    /// The folder was looked through but for its newest mail, of which the server says nothing: it waits until another comes behind it.
    NewestSilent,
    /// The server does not tell which letters stand in the folder for sent mail.
    SentUnread { sentence: String },
    /// A mail could not be had; it will be tried again.
    Quarantined { uid: u32, sentence: String },
    /// Waiting with IDLE.
    Idling,
    /// Waiting by polling, because the server has no IDLE (or refused it).
    Polling,
    /// The connection is over.
    Failed { kind: FailureKind, sentence: String, retry_at: i64 },
    /// The stop was obeyed.
    Stopped,
}

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Nobody at first; it mends itself or the network's keeper acts.
    Network,
    /// The operator: the password is refused.
    Authentication,
    /// Nobody: the server asked for a pause.
    Throttled,
    /// The server's keeper: it does not speak IMAP as it should.
    Protocol,
    /// The operator: a setting does not fit the server (folder, certificate, security).
    Refused,
    /// The operator: the store cannot take mails.
    Store,
}
