//! The store as the mailbox's ledger: translates between their words, and adds nothing.

use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::Notify;

use super::board::{Board, State};
use super::shelf::{self, Shelf};
use crate::clock;
use crate::config::Start;
use crate::mailbox::{self, Action, Event, Filed, Filing, LedgerError, Receipt, SentLetter};
use crate::store::files::Files;
use crate::store::health::{self, Fact};
use crate::store::intake::{self, Incoming, Kept, Sighting};
use crate::store::sent_letters::{self, Learnt};
use crate::store::{Store, StoreError};

/// What `status` says while the newest mail of a folder cannot be had.
const NEWEST_SILENT: &str = "the server says nothing of the folder's newest mail, so that one is not taken; look at it with a mail program, \
                             and move it away and back, or send a mail behind it";

/// The rows of one office, as its watchers see them.
#[derive(Debug)]
pub struct Ledger {
    pub store: Store,
    pub board: Arc<Board>,
    /// Rings when mails wait for judgement.
    pub arrivals: Arc<Notify>,
    /// Where the clerk finds what was just stored.
    pub shelf: Arc<Shelf>,
    pub zone: TimeZone,
    pub start: Start,
}

/// The name of an account's part on the board and in the table `health`.
#[must_use]
pub fn part_of(account: &str) -> String {
    format!("account:{account}")
}

fn failed(error: StoreError) -> LedgerError {
    LedgerError { sentence: error.to_string() }
}

/// So much is packed within some tens of microseconds; another thread takes longer to wake. Bytes.
const QUICK: usize = 16 * 1024;

impl Ledger {
    /// Packs the arrivals; more than a few kilobytes on a thread that may be busy for a while: neither the wire nor the store's thread
    /// waits for it.
    async fn packed(&self, arrivals: Vec<mailbox::Arrival>) -> Result<(Vec<Incoming>, Vec<Option<Vec<u8>>>), StoreError> {
        let (start, files) = (self.start, self.store.files());
        let bytes: usize = arrivals.iter().map(|arrival| arrival.content.bytes().len()).sum();
        let pack = move || {
            let packed = arrivals.into_iter().map(|arrival| {
                let incoming = incoming(&arrival, start, &files)?;
                let bytes = arrival.content.into_bytes();
                Ok((incoming, (bytes.len() <= shelf::ROOM).then_some(bytes)))
            });
            Ok(packed.collect::<Result<Vec<_>, StoreError>>()?.into_iter().unzip())
        };
        if bytes <= QUICK {
            return pack();
        }
        tokio::task::spawn_blocking(pack).await.map_err(|error| StoreError::Row(format!("mails could not be packed: {error}")))?
    }

    /// What the board and `status` say of an account in trouble.
    fn fails(&self, part: String, sentence: String, retry_at: Option<i64>) {
        self.board.say(&part, State::Sick(sentence.clone()));
        self.write_fact(Fact { part, state: "failing".to_owned(), sentence: Some(sentence), retry_at, ..Fact::default() });
    }

    fn write_fact(&self, fact: Fact) {
        let now = clock::now();
        self.store.write_later(move |connection| health::note(connection, &fact, now));
    }
}

/// A batch that is ready, and the bytes of its mails for whoever reads them next; none of those that have no room on the shelf.
pub struct Prepared {
    batch: intake::Batch,
    bytes: Vec<Option<Vec<u8>>>,
}

impl std::fmt::Debug for Prepared {
    /// Bodies never reach a log by accident.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.batch.fmt(formatter)
    }
}

fn incoming(arrival: &mailbox::Arrival, start: Start, files: &Files) -> Result<Incoming, StoreError> {
    let content: (Kept, &[u8]) = match &arrival.content {
        mailbox::Content::Whole(bytes) => (Kept::Whole, bytes),
        mailbox::Content::HeadersOnly(bytes) => (Kept::Headers, bytes),
    };
    Incoming::laid_down(files, arrival.uid, arrival.internal_date, arrival.size, content, sighted(arrival.sighting, start))
}

/// Mails of the first look are new ones where the operator wants them answered.
const fn sighted(sighting: mailbox::Sighting, start: Start) -> Sighting {
    match (sighting, start) {
        (mailbox::Sighting::Live, _) | (mailbox::Sighting::FirstSync, Start::All) => Sighting::Live,
        (mailbox::Sighting::FirstSync, Start::Now) => Sighting::FirstSync,
        (mailbox::Sighting::Rescan, _) => Sighting::Rescan,
    }
}

fn place(place: &mailbox::Place) -> intake::Place {
    intake::Place { account: place.account.clone(), folder: place.folder.clone(), uidvalidity: place.uidvalidity }
}

const fn kept(sighting: mailbox::Sighting) -> Sighting {
    match sighting {
        mailbox::Sighting::Live => Sighting::Live,
        mailbox::Sighting::FirstSync => Sighting::FirstSync,
        mailbox::Sighting::Rescan => Sighting::Rescan,
    }
}

const fn met(sighting: Sighting) -> mailbox::Sighting {
    match sighting {
        Sighting::Live => mailbox::Sighting::Live,
        Sighting::FirstSync => mailbox::Sighting::FirstSync,
        Sighting::Rescan => mailbox::Sighting::Rescan,
    }
}

impl mailbox::Ledger for Ledger {
    async fn cursor(&self, account: &str, folder: &str) -> Result<Option<mailbox::Cursor>, LedgerError> {
        let (account, folder) = (account.to_owned(), folder.to_owned());
        let found = self.store.write(move |connection| intake::cursor(connection, &account, &folder)).await.map_err(failed)?;
        Ok(found.map(|cursor| mailbox::Cursor {
            uidvalidity: cursor.uidvalidity,
            next_uid: cursor.next_uid,
            backlog: cursor.backlog.map(|(until, sighting)| mailbox::Backlog { until, sighting: met(sighting) }),
        }))
    }

    type Prepared = Prepared;

    async fn prepare(&self, batch: mailbox::Batch) -> Result<Prepared, LedgerError> {
        let (mails, bytes) = self.packed(batch.arrivals).await.map_err(failed)?;
        let batch = intake::Batch {
            place: place(&batch.place),
            mails,
            quarantined: batch.quarantined.into_iter().map(|quarantined| (quarantined.uid, quarantined.reason)).collect(),
            absent: batch.absent,
            next_uid: batch.next_uid,
            backlog: batch.backlog.map(|backlog| (backlog.until, kept(backlog.sighting))),
        };
        Ok(Prepared { batch, bytes })
    }

    async fn receive(&self, prepared: Vec<Prepared>) -> Result<Receipt, LedgerError> {
        let (batches, bytes): (Vec<_>, Vec<_>) = prepared.into_iter().map(|Prepared { batch, bytes }| (batch, bytes)).unzip();
        let (zone, shelf) = (self.zone.clone(), Arc::clone(&self.shelf));
        let taken = self.store.write(move |connection| {
            let taken = intake::receive(connection, &batches, &zone, clock::now())?;
            for (submission, bytes) in taken.iter().zip(bytes.into_iter().flatten()) {
                if let Some(submission) = submission {
                    shelf.put(*submission, bytes);
                }
            }
            Ok(taken)
        });
        let taken = taken.await.map_err(failed)?;
        let stored = taken.iter().flatten().count();
        if stored > 0 {
            super::halt::after("T1");
            self.arrivals.notify_one();
        }
        Ok(Receipt { stored, known: taken.len().saturating_sub(stored) })
    }

    async fn known_uids(&self, at: &mailbox::Place, from: u32, to: u32) -> Result<Vec<u32>, LedgerError> {
        let at = place(at);
        self.store.write(move |connection| intake::known_uids(connection, &at, from, to)).await.map_err(failed)
    }

    async fn due_quarantine(&self, at: &mailbox::Place, now: i64) -> Result<Vec<u32>, LedgerError> {
        let at = place(at);
        self.store.write(move |connection| intake::due_quarantine(connection, &at, now)).await.map_err(failed)
    }

    async fn filings(&self, at: &mailbox::Place, limit: usize) -> Result<Vec<Filing>, LedgerError> {
        let at = place(at);
        let waiting = self.store.write(move |connection| intake::filings(connection, &at, limit)).await.map_err(failed)?;
        Ok(waiting
            .into_iter()
            .map(|waiting| Filing {
                id: waiting.submission,
                uid: waiting.uid,
                action: if waiting.action == "move" { Action::MoveTo(waiting.target) } else { Action::Keyword(waiting.target) },
            })
            .collect())
    }

    async fn filed(&self, id: i64, outcome: Filed) -> Result<(), LedgerError> {
        super::halt::after("filing");
        let refusal = match outcome {
            Filed::Done => None,
            Filed::Refused { sentence } => {
                tracing::warn!(submission = id, reason = sentence, "A judged mail could not be filed; it stays where it is.");
                Some(sentence)
            }
        };
        self.store.write(move |connection| intake::filed(connection, id, refusal.as_deref(), clock::now())).await.map_err(failed)?;
        super::halt::after("T5");
        Ok(())
    }

    async fn letters_to_copy(&self, account: &str, limit: usize) -> Result<Vec<SentLetter>, LedgerError> {
        let account = account.to_owned();
        let wanted = self.store.write(move |connection| sent_letters::wanted(connection, &account, limit)).await.map_err(failed)?;
        Ok(wanted.into_iter().map(|letter| SentLetter { id: letter.id, bytes: letter.bytes }).collect())
    }

    async fn copied(&self, id: i64, outcome: Filed) -> Result<(), LedgerError> {
        let is_refused = match outcome {
            Filed::Done => false,
            Filed::Refused { sentence } => {
                tracing::warn!(letter = id, reason = sentence, "A letter was sent, but its copy could not be put into sent-folder.");
                true
            }
        };
        self.store.write(move |connection| sent_letters::copied(connection, id, is_refused)).await.map_err(failed)
    }

    async fn learn_letters(&self, account: &str, ids: Vec<String>) -> Result<(), LedgerError> {
        let learnt = self.store.write(move |connection| sent_letters::learn(connection, &ids, clock::now())).await.map_err(failed)?;
        if learnt != Learnt::default() {
            tracing::warn!(
                account,
                settled = learnt.sent,
                unknown = learnt.unknown,
                "The folder for sent mail holds letters that the store did not have as sent; they are not written again."
            );
        }
        Ok(())
    }

    fn observe(&self, account: &str, event: Event) {
        let part = part_of(account);
        let fact =
            |state: &str, sentence: Option<String>| Fact { part: part.clone(), state: state.to_owned(), sentence, ..Fact::default() };
        match event {
            Event::Connected { .. } => tracing::info!(account, "Logged in to the mailbox."),
            Event::Looked { exists, next_uid, .. } => {
                self.board.say(&part, State::Well);
                self.write_fact(Fact {
                    success_at: Some(clock::now()),
                    mails: Some(exists),
                    next_uid: Some(next_uid),
                    ..fact("watching", None)
                });
            }
            Event::Renumbered { was, uidvalidity } => {
                tracing::warn!(
                    account,
                    was,
                    uidvalidity,
                    "The server renumbered the folder; all mails are read again and recognised by content."
                );
            }
            Event::Rewound { was_next_uid, from } => {
                tracing::warn!(
                    account,
                    was_next_uid,
                    from,
                    "The server went back in its numbering; the mails from there on are read again."
                );
            }
            Event::Reconciled { found, left_out } => {
                if found > 0 {
                    tracing::warn!(account, found, "Mails that had been overlooked were found and taken.");
                }
                if left_out > 0 {
                    tracing::warn!(account, left_out, "Not all mails could be compared; the server does not tell which of them there are.");
                }
            }
            Event::NewestSilent => {
                tracing::warn!(account, "The newest mail of the folder cannot be had; it waits until another comes behind it.");
                self.fails(part, NEWEST_SILENT.to_owned(), None);
            }
            Event::SentUnread { sentence } => {
                tracing::warn!(
                    account,
                    reason = sentence,
                    "The letters in sent-folder cannot be read; a restored store would not know them."
                );
            }
            Event::Quarantined { uid, sentence } => {
                tracing::warn!(account, uid, reason = sentence, "A mail cannot be fetched; it is tried again later.")
            }
            Event::Idling => tracing::debug!(account, "Waiting for news (IDLE)."),
            Event::Polling => tracing::debug!(account, "Waiting for news (polling)."),
            Event::Failed { kind, sentence, retry_at } => {
                tracing::warn!(account, kind = ?kind, reason = sentence, "The mailbox cannot be watched at the moment; it is tried again.");
                self.fails(part, sentence, Some(retry_at));
            }
            Event::Stopped => self.write_fact(fact("stopped", None)),
        }
    }

    fn beat(&self, account: &str) {
        self.board.beat(&part_of(account));
    }
}
