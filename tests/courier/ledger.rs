//! An outbox in memory that writes down every step in one line, so that a test compares a whole account.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use uketsuke::courier::{Claimed, Event, LetterId, Outbox, OutboxError, Outcome};

/// Which step of the store fails, to see what the courier does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    EnteringData,
    Settle,
    /// `claim` never returns.
    ClaimHangs,
}

struct Row {
    envelope_from: Option<String>,
    recipient: String,
    bytes: Vec<u8>,
    attempts: u32,
    /// None once it is settled for good, or in somebody's hands.
    due: Option<Timestamp>,
}

struct Inner {
    rows: BTreeMap<LetterId, Row>,
    account: Vec<String>,
    now: Timestamp,
}

pub struct Ledger {
    inner: Mutex<Inner>,
    fault: Fault,
    bell: watch::Sender<u64>,
}

/// The ledger's clock starts here and moves only when a test says so.
pub fn start() -> Timestamp {
    "2026-11-23T01:15:00Z".parse().unwrap()
}

impl Ledger {
    pub fn new(fault: Fault) -> Self {
        let inner = Inner { rows: BTreeMap::new(), account: Vec::new(), now: start() };
        Self { inner: Mutex::new(inner), fault, bell: watch::Sender::new(0) }
    }

    /// Puts a letter in, due at once.
    pub fn put(&self, number: i64, envelope_from: Option<&str>, recipient: &str, bytes: &[u8]) {
        let mut inner = self.lock();
        let row = Row {
            envelope_from: envelope_from.map(str::to_owned),
            recipient: recipient.to_owned(),
            bytes: bytes.to_vec(),
            attempts: 0,
            due: Some(inner.now),
        };
        inner.rows.insert(LetterId(number), row);
    }

    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    pub fn advance(&self, seconds: i64) {
        let mut inner = self.lock();
        inner.now = inner.now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
    }

    pub fn account(&self) -> Vec<String> {
        self.lock().account.clone()
    }

    /// How often each letter's attempts are counted at the moment.
    pub fn attempts(&self) -> Vec<u32> {
        self.lock().rows.values().map(|row| row.attempts).collect()
    }

    /// Waits until so many lines of the account begin with one of these words.
    pub async fn wait_for(&self, count: usize, words: &[&str]) {
        let mut bell = self.bell.subscribe();
        let seen = || self.account().iter().filter(|line| words.iter().any(|word| line.starts_with(word))).count();
        let wait = async {
            while seen() < count {
                bell.changed().await.unwrap();
            }
        };
        let late = tokio::time::timeout(Duration::from_secs(30), wait).await.is_err();
        assert!(!late, "{count} of {words:?} were waited for; the account is {:#?}", self.account());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn note(&self, line: String) {
        self.lock().account.push(line);
        self.bell.send_modify(|rings| *rings += 1);
    }
}

fn since_start(time: Timestamp) -> String {
    format!("+{} s", time.duration_since(start()).as_secs())
}

impl Outbox for Ledger {
    async fn claim(&self, now: Timestamp) -> Result<Option<Claimed>, OutboxError> {
        if self.fault == Fault::ClaimHangs {
            self.note("asked".to_owned());
            std::future::pending::<()>().await;
        }
        let claimed = {
            let mut inner = self.lock();
            let due = inner.rows.iter_mut().filter(|(_, row)| row.due.is_some_and(|due| due <= now));
            due.min_by_key(|(id, row)| (row.due, **id)).map(|(id, row)| {
                row.attempts += 1;
                row.due = None;
                Claimed {
                    id: *id,
                    attempt: row.attempts,
                    envelope_from: row.envelope_from.clone(),
                    recipient: row.recipient.clone(),
                    bytes: row.bytes.clone(),
                }
            })
        };
        if let Some(claimed) = &claimed {
            self.note(format!("claimed {}, attempt {}", claimed.id, claimed.attempt));
        }
        Ok(claimed)
    }

    async fn entering_data(&self, id: LetterId) -> Result<(), OutboxError> {
        if self.fault == Fault::EnteringData {
            return Err("the disk is full".into());
        }
        self.note(format!("data {id}"));
        Ok(())
    }

    async fn settle(&self, id: LetterId, outcome: Outcome, _now: Timestamp) -> Result<(), OutboxError> {
        if self.fault == Fault::Settle {
            return Err("the disk is full".into());
        }
        let (due, line) = match outcome {
            Outcome::Delivered { words } => (None, format!("delivered {id}: {words}")),
            Outcome::Deferred { until, words } => (Some(until), format!("deferred {id} until {}: {words}", since_start(until))),
            Outcome::Refused { words } => (None, format!("refused {id}: {words}")),
            Outcome::Unknown { resend_at: None, words } => (None, format!("unknown {id}: {words}")),
            Outcome::Unknown { resend_at: Some(due), words } => {
                (Some(due), format!("unknown {id}, again at {}: {words}", since_start(due)))
            }
        };
        self.lock().rows.get_mut(&id).unwrap().due = due;
        self.note(line);
        Ok(())
    }

    async fn return_unspent(&self, id: LetterId) -> Result<(), OutboxError> {
        {
            let mut inner = self.lock();
            let now = inner.now;
            let row = inner.rows.get_mut(&id).unwrap();
            row.attempts -= 1;
            row.due = Some(now);
        }
        self.note(format!("returned {id}"));
        Ok(())
    }

    async fn next_due(&self, _now: Timestamp) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.lock().rows.values().filter_map(|row| row.due).min())
    }

    async fn observe(&self, event: Event) {
        self.note(match event {
            Event::Sent { id } => format!("sent {id}"),
            Event::Trouble { kind, sentence, .. } => format!("trouble {}: {sentence}", kind.word()),
            Event::Recovered => "recovered".to_owned(),
        });
    }
}
