//! The store as the courier's outbox: translates between their words, and adds nothing.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::board::{Board, State};
use super::halt;
use crate::clock;
use crate::courier::{self, Claimed, Event, LetterId, OutboxError, Outcome};
use crate::store::health::{self, Fact};
use crate::store::outbox::{self, Settled};
use crate::store::{Store, StoreError};

/// The name of the couriers; the office's own has no other.
const PART: &str = "courier";

/// The letters of one office, as its courier sees them.
#[derive(Debug)]
pub struct Outbox {
    pub store: Store,
    pub board: Arc<Board>,
    /// Whose letters: the key of a relay.
    pub relay: String,
    /// Rung when a letter was sent whose copy may be wanted: the watchers of accounts with a folder for sent mail.
    pub copies: Vec<Arc<Notify>>,
}

/// The name of a relay's courier on the board and in the table `health`.
pub fn part_of(relay: &str) -> String {
    if relay.is_empty() { PART.to_owned() } else { format!("{PART}:{relay}") }
}

fn failed(error: StoreError) -> OutboxError {
    Box::new(error)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl courier::Outbox for Outbox {
    async fn claim(&self, now: Timestamp) -> Result<Option<Claimed>, OutboxError> {
        self.board.say(&part_of(&self.relay), State::Well);
        let (relay, now) = (self.relay.clone(), now.as_second());
        let taken = self.store.write(move |connection| outbox::claim(connection, &relay, now)).await.map_err(failed)?;
        if taken.is_some() {
            halt::after("T3");
        }
        Ok(taken.map(|taken| Claimed {
            id: LetterId(taken.id),
            attempt: taken.attempts,
            envelope_from: taken.envelope_from,
            recipient: taken.recipient,
            bytes: taken.bytes,
        }))
    }

    async fn entering_data(&self, id: LetterId) -> Result<(), OutboxError> {
        self.store.write(move |connection| outbox::enter_data(connection, id.0, clock::now())).await.map_err(failed)?;
        halt::after("data");
        Ok(())
    }

    async fn settle(&self, id: LetterId, outcome: Outcome, now: Timestamp) -> Result<(), OutboxError> {
        halt::after("sent");
        let now = now.as_second();
        let settled = match outcome {
            Outcome::Delivered { words } => Settled::Sent { words },
            Outcome::Deferred { until, words } => Settled::Deferred { until: until.as_second(), words },
            Outcome::Refused { words } => Settled::Refused { words },
            Outcome::Unknown { resend_at: Some(until), words } => Settled::Deferred { until: until.as_second(), words },
            Outcome::Unknown { resend_at: None, words } => Settled::Unknown { words },
        };
        let is_sent = matches!(settled, Settled::Sent { .. });
        self.store.write(move |connection| outbox::settle(connection, id.0, &settled, now)).await.map_err(failed)?;
        halt::after("T4");
        for bell in self.copies.iter().filter(|_| is_sent) {
            bell.notify_one();
        }
        Ok(())
    }

    async fn return_unspent(&self, id: LetterId) -> Result<(), OutboxError> {
        self.store.write(move |connection| outbox::return_unspent(connection, id.0, clock::now())).await.map_err(failed)
    }

    async fn next_due(&self, _now: Timestamp) -> Result<Option<Timestamp>, OutboxError> {
        let relay = self.relay.clone();
        Ok(self.store.write(move |connection| outbox::next_due(connection, &relay)).await.map_err(failed)?.map(at))
    }

    async fn observe(&self, event: Event) {
        let (now, part) = (clock::now(), part_of(&self.relay));
        let fact = match event {
            Event::Sent { .. } | Event::Recovered => {
                self.board.say(&part, State::Well);
                Fact { part, state: "sending".to_owned(), success_at: Some(now), ..Fact::default() }
            }
            Event::Trouble { kind, sentence, retry_at } => {
                self.board.say(&part, State::Sick(sentence.clone()));
                let state = kind.word().to_owned();
                Fact { part, state, sentence: Some(sentence), retry_at: Some(retry_at.as_second()), ..Fact::default() }
            }
        };
        self.store.write_later(move |connection| health::note(connection, &fact, now));
    }
}
