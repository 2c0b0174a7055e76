//! A ledger in memory, as strict as the real one: one transaction a batch, a UID or a content is kept once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use uketsuke::mailbox::{
    Arrival, Batch, Content, Cursor, Event, FailureKind, Filed, Filing, Ledger, LedgerError, Place, Receipt, SentLetter, Sighting,
};

/// What the rows would hold.
#[derive(Debug, Default, Clone)]
pub struct Rows {
    pub cursor: Option<Cursor>,
    /// Kept mails in the order in which they came.
    pub kept: Vec<Arrival>,
    /// Every (uidvalidity, uid) ever handed over.
    pub known: BTreeSet<(u32, u32)>,
    pub quarantine: BTreeMap<u32, String>,
    pub absent: Vec<u32>,
    /// Quarantined UIDs whose retry is due.
    pub due: BTreeSet<u32>,
    pub filings: Vec<Filing>,
    pub filed: Vec<(i64, Filed)>,
    pub events: Vec<Event>,
    /// UIDs of each batch, and the cursor that came with it.
    pub batches: Vec<(Vec<u32>, u32)>,
    pub again: usize,
    pub beats: usize,
    /// So many transactions fail from now on.
    pub failing: usize,
    /// Sent letters whose copy is wanted, and what became of each.
    pub letters: Vec<SentLetter>,
    pub copied: Vec<(i64, Filed)>,
    /// Message-IDs of the folder for sent mail, once for each time that it was read.
    pub learnt: Vec<Vec<String>>,
}

impl Rows {
    pub fn bodies(&self) -> Vec<String> {
        self.kept.iter().map(body).collect()
    }

    pub fn looks(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Looked { .. })).count()
    }

    pub fn failures(&self) -> Vec<(FailureKind, String)> {
        let failed = |event: &Event| match event {
            Event::Failed { kind, sentence, .. } => Some((*kind, sentence.clone())),
            _ => None,
        };
        self.events.iter().filter_map(failed).collect()
    }
}

pub fn body(arrival: &Arrival) -> String {
    match &arrival.content {
        Content::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Content::HeadersOnly(bytes) => format!("header only: {}", String::from_utf8_lossy(bytes)),
    }
}

/// Something that happens while a batch is being stored.
type Hook = (usize, Box<dyn FnOnce() + Send>);

pub struct MemoryLedger {
    hook: Mutex<Option<Hook>>,
    at_question: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    rows: Mutex<Rows>,
    bell: watch::Sender<u64>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self { hook: Mutex::default(), at_question: Mutex::default(), rows: Mutex::default(), bell: watch::Sender::new(0) }
    }
}

impl MemoryLedger {
    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    /// Runs this when so many batches have been stored.
    pub fn at_receipt(&self, count: usize, act: impl FnOnce() + Send + 'static) {
        *self.hook.lock().unwrap() = Some((count, Box::new(act)));
    }

    /// Runs this when it is first asked which UIDs it knows.
    pub fn at_question(&self, act: impl FnOnce() + Send + 'static) {
        *self.at_question.lock().unwrap() = Some(Box::new(act));
    }

    fn run_hook(&self) {
        let mut hook = self.hook.lock().unwrap();
        if hook.as_ref().is_some_and(|(count, _)| self.rows().batches.len() >= *count)
            && let Some((_, act)) = hook.take()
        {
            act();
        }
    }

    /// Waits until the rows are as wished, looked at after every change.
    pub async fn until(&self, what: &str, condition: impl Fn(&Rows) -> bool) {
        let mut bell = self.bell.subscribe();
        let wait = async {
            while !condition(&self.rows()) {
                bell.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), wait).await.is_err() {
            let mut rows = self.rows().clone();
            rows.kept.truncate(5);
            rows.known.clear();
            rows.events.truncate(8);
            panic!("not seen in time: {what}; rows: {rows:?}");
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Rows) -> T) -> T {
        let outcome = change(&mut self.rows());
        self.bell.send_modify(|count| *count += 1);
        outcome
    }
}

impl Ledger for MemoryLedger {
    async fn cursor(&self, _account: &str, _folder: &str) -> Result<Option<Cursor>, LedgerError> {
        Ok(self.rows().cursor)
    }

    type Prepared = Batch;

    async fn prepare(&self, batch: Batch) -> Result<Batch, LedgerError> {
        Ok(batch)
    }

    async fn receive(&self, batches: Vec<Batch>) -> Result<Receipt, LedgerError> {
        // A real transaction takes a moment; so the watcher has to cope with waiting for it.
        tokio::task::yield_now().await;
        self.run_hook();
        self.change(|rows| {
            if rows.failing > 0 {
                rows.failing -= 1;
                return Err(LedgerError { sentence: "the disk is full; make room".to_owned() });
            }
            let mut receipt = Receipt::default();
            for batch in batches {
                let Batch { place, arrivals, quarantined, absent, next_uid, backlog } = batch;
                let uidvalidity = place.uidvalidity;
                rows.batches.push((arrivals.iter().map(|arrival| arrival.uid).collect(), next_uid));
                for arrival in arrivals {
                    rows.quarantine.remove(&arrival.uid);
                    rows.due.remove(&arrival.uid);
                    let fresh = rows.known.insert((uidvalidity, arrival.uid));
                    let familiar = rows.kept.iter().any(|kept| kept.content == arrival.content);
                    if familiar && (arrival.sighting == Sighting::Rescan || !fresh) {
                        rows.again += 1;
                        receipt.known += 1;
                    } else {
                        rows.kept.push(arrival);
                        receipt.stored += 1;
                    }
                }
                for mail in quarantined {
                    rows.known.insert((uidvalidity, mail.uid));
                    rows.due.remove(&mail.uid);
                    rows.quarantine.insert(mail.uid, mail.reason);
                }
                for uid in absent {
                    rows.absent.push(uid);
                    rows.quarantine.remove(&uid);
                    rows.due.remove(&uid);
                }
                rows.cursor = Some(Cursor { uidvalidity, next_uid, backlog });
            }
            Ok(receipt)
        })
    }

    async fn known_uids(&self, place: &Place, from: u32, to: u32) -> Result<Vec<u32>, LedgerError> {
        if let Some(act) = self.at_question.lock().unwrap().take() {
            act();
        }
        let rows = self.rows();
        Ok(rows.known.range((place.uidvalidity, from)..=(place.uidvalidity, to)).map(|(_, uid)| *uid).collect())
    }

    async fn due_quarantine(&self, _place: &Place, _now: i64) -> Result<Vec<u32>, LedgerError> {
        Ok(self.rows().due.iter().copied().collect())
    }

    async fn filings(&self, _place: &Place, limit: usize) -> Result<Vec<Filing>, LedgerError> {
        Ok(self.rows().filings.iter().take(limit).cloned().collect())
    }

    async fn filed(&self, id: i64, outcome: Filed) -> Result<(), LedgerError> {
        self.change(|rows| {
            rows.filings.retain(|filing| filing.id != id);
            rows.filed.push((id, outcome));
        });
        Ok(())
    }

    async fn letters_to_copy(&self, _account: &str, limit: usize) -> Result<Vec<SentLetter>, LedgerError> {
        Ok(self.rows().letters.iter().take(limit).cloned().collect())
    }

    async fn copied(&self, id: i64, outcome: Filed) -> Result<(), LedgerError> {
        self.change(|rows| {
            rows.letters.retain(|letter| letter.id != id);
            rows.copied.push((id, outcome));
        });
        Ok(())
    }

    async fn learn_letters(&self, _account: &str, ids: Vec<String>) -> Result<(), LedgerError> {
        self.change(|rows| rows.learnt.push(ids));
        Ok(())
    }

    fn observe(&self, _account: &str, event: Event) {
        self.change(|rows| rows.events.push(event));
    }

    fn beat(&self, _account: &str) {
        self.change(|rows| rows.beats += 1);
    }
}
