//! The courier's day: claim, deliver, settle, rest.
//!
//! Promises: one letter at a time; told to stop, it returns a letter that was not offered yet, and waits a little for the last answer to one
//! that was; the heart beats only while a bounded wait is under way, so a store that hangs is noticed by the watchdog.
//! Rejected: a pool of connections. Offices send a few dozen letters a day, and servers take parallel sessions of one account for an attack.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tracing::{error, info, warn};

use super::backoff::{self, Next};
use super::classify::{self, Fate};
use super::failure::Failure;
use super::letter::Letter;
use super::outbox::{Claimed, Event, LetterId, Outbox, OutboxError, Outcome, TroubleKind};
use super::pace::Pace;
use super::reply::Reply;
use super::session::Session;
use super::settings::{OnUnknown, Settings};

/// Relays cut sessions off after 20 to 100 letters; a new session costs less than such a surprise.
const LETTERS_PER_SESSION: u32 = 20;
/// A session is kept over a pause of the pace no longer than this: many servers hang up after half a minute.
const KEPT_OPEN: Duration = Duration::from_secs(10);

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Called every [`super::Rhythm::heartbeat`] while the courier is in a wait that has a deadline.
pub type Heartbeat = Arc<dyn Fn() + Send + Sync>;

/// What the daemon lends to the courier.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "two of its fields are closures, which have nothing to show")]
pub struct Surroundings {
    pub clock: Clock,
    /// A letter was put into the outbox. Only a hint: a lost one costs [`super::Rhythm::poll`].
    pub nudge: Arc<Notify>,
    /// Becomes true when the daemon stops; a vanished sender counts as true.
    pub stop: watch::Receiver<bool>,
    pub heartbeat: Heartbeat,
}

/// Why the courier cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the outbox failed at {step}, so no letters are sent until it works again; mend what the store says")]
pub struct CourierError {
    step: &'static str,
    source: OutboxError,
}

fn failed(step: &'static str) -> impl FnOnce(OutboxError) -> CourierError {
    move |source| CourierError { step, source }
}

/// Sends letters until told to stop.
///
/// # Errors
/// [`CourierError`] when the outbox fails: without rows nothing may be sent.
pub async fn run<O: Outbox>(settings: &Settings, outbox: &O, surroundings: Surroundings) -> Result<(), CourierError> {
    let pace = Pace::new(settings.letters_per_minute);
    let mut courier = Courier { settings, outbox, surroundings, session: None, pace, troubles: 0 };
    info!(server = %settings.name, "The courier is ready to send letters.");
    let outcome = courier.work().await;
    courier.close().await;
    info!(server = %settings.name, "The courier has stopped.");
    outcome
}

struct Courier<'a, O> {
    settings: &'a Settings,
    outbox: &'a O,
    surroundings: Surroundings,
    session: Option<Session>,
    pace: Pace,
    /// Troubles since the last letter that went through.
    troubles: u32,
}

/// What came of offering a letter.
enum Offered {
    Taken(Reply),
    Failed(Failure),
    /// We were told to stop before the server saw a byte of it.
    Stopped,
}

/// A failed preparation, and the session if it is still of use.
struct Unprepared {
    failure: Failure,
    session: Option<Session>,
}

impl<O: Outbox> Courier<'_, O> {
    async fn work(&mut self) -> Result<(), CourierError> {
        while !self.is_stopping() {
            let wait = self.pace.wait(Instant::now());
            if !wait.is_zero() {
                if wait > KEPT_OPEN {
                    self.close().await;
                }
                self.rest(wait).await;
                continue;
            }
            match self.outbox.claim(self.now()).await.map_err(failed("claim"))? {
                Some(claimed) => self.deliver(&claimed).await?,
                None => self.await_letters().await?,
            }
        }
        Ok(())
    }

    async fn deliver(&mut self, claimed: &Claimed) -> Result<(), CourierError> {
        let letter = match Letter::parse(claimed) {
            Ok(letter) => letter,
            Err(error) => {
                warn!(letter = %claimed.id, "A letter cannot be offered to any server; see its words.");
                return self.settle(claimed.id, Outcome::Refused { words: error.to_string() }).await;
            }
        };
        self.pace.count(Instant::now());
        match self.offer(claimed.id, &letter).await? {
            Offered::Taken(reply) => self.note_delivery(claimed.id, &reply).await,
            Offered::Failed(failure) => self.note_failure(claimed, &failure).await,
            Offered::Stopped => self.outbox.return_unspent(claimed.id).await.map_err(failed("return_unspent")),
        }
    }

    /// The dialogue about one letter. Afterwards `session` holds what can carry the next one.
    async fn offer(&mut self, id: LetterId, letter: &Letter) -> Result<Offered, CourierError> {
        let kept = self.session.take();
        let preparing = self.beating(prepared(self.settings, kept, letter));
        let mut session = tokio::select! {
            biased;
            () = stopped(self.surroundings.stop.clone()) => return Ok(Offered::Stopped),
            outcome = preparing => match outcome {
                Ok(session) => session,
                Err(unprepared) => {
                    self.session = unprepared.session;
                    return Ok(Offered::Failed(unprepared.failure));
                }
            },
        };
        self.outbox.entering_data(id).await.map_err(failed("entering_data"))?;
        let outcome = self.beating(session.transmit(letter, self.surroundings.stop.clone())).await;
        match outcome {
            Ok(reply) => {
                self.session = Some(session);
                Ok(Offered::Taken(reply))
            }
            Err(failure) => {
                self.session = self.beating(kept_after(&failure, session)).await;
                Ok(Offered::Failed(failure))
            }
        }
    }

    async fn note_delivery(&mut self, id: LetterId, reply: &Reply) -> Result<(), CourierError> {
        // The row first: whatever follows may fail, but the letter is delivered.
        self.settle(id, Outcome::Delivered { words: reply.to_string() }).await?;
        info!(letter = %id, server = %self.settings.name, "A letter was delivered to the server.");
        self.outbox.observe(Event::Sent { id }).await;
        self.note_health().await;
        if self.session.as_ref().is_some_and(|session| session.letters() >= LETTERS_PER_SESSION) {
            self.close().await;
        }
        Ok(())
    }

    async fn note_failure(&mut self, claimed: &Claimed, failure: &Failure) -> Result<(), CourierError> {
        let judgement = classify::judge(failure);
        match self.outcome(claimed.attempt, judgement.fate, failure) {
            Some(outcome) => self.settle(claimed.id, outcome).await?,
            None => self.outbox.return_unspent(claimed.id).await.map_err(failed("return_unspent"))?,
        }
        let (phase, code) = (failure.phase().map(|phase| phase.to_string()), failure.code());
        warn!(letter = %claimed.id, attempt = claimed.attempt, fate = ?judgement.fate, phase, code, "A letter was not delivered.");
        match judgement.trouble {
            Some(kind) => self.pause(kind, failure).await,
            // The server dealt with this letter as it should; refusing one is no trouble.
            None => self.note_health().await,
        }
        Ok(())
    }

    async fn note_health(&mut self) {
        if self.troubles > 0 {
            self.troubles = 0;
            self.outbox.observe(Event::Recovered).await;
        }
    }

    /// The row that a fate makes; None returns the letter unspent.
    fn outcome(&self, attempt: u32, fate: Fate, failure: &Failure) -> Option<Outcome> {
        let words = failure.words();
        let next = match backoff::next_attempt(&self.settings.rhythm, attempt) {
            Next::After(wait) => Some(later(self.now(), wait)),
            Next::GiveUp => None,
        };
        match (fate, next) {
            (Fate::Untouched, _) => None,
            (Fate::Later, Some(until)) => Some(Outcome::Deferred { until, words }),
            (Fate::Later, None) => Some(Outcome::Refused { words: format!("given up after {attempt} attempts; the last answer: {words}") }),
            (Fate::Never, _) => Some(Outcome::Refused { words }),
            (Fate::Unknown, next) => {
                let resend_at = match self.settings.on_unknown {
                    OnUnknown::Hold => None,
                    OnUnknown::Resend => next,
                };
                Some(Outcome::Unknown { resend_at, words })
            }
        }
    }

    async fn pause(&mut self, kind: TroubleKind, failure: &Failure) {
        self.close().await;
        self.troubles = self.troubles.saturating_add(1);
        let pause = backoff::pause(&self.settings.rhythm, kind, self.troubles);
        let (server, word, seconds) = (&self.settings.name, kind.word(), pause.as_secs());
        // The server's words may hold an address: they go to the status, not to the log.
        match kind {
            TroubleKind::Authentication | TroubleKind::Policy => {
                error!(%server, kind = word, code = failure.code(), seconds, "The SMTP server refuses us; all letters wait. See `uketsuke status`.");
            }
            TroubleKind::Network | TroubleKind::Tls | TroubleKind::Server => {
                warn!(%server, kind = word, code = failure.code(), seconds, "The SMTP server is in trouble; all letters wait. See `uketsuke status`.");
            }
        }
        let retry_at = later(self.now(), pause);
        self.outbox.observe(Event::Trouble { kind, sentence: failure.to_string(), retry_at }).await;
        self.rest(pause).await;
    }

    async fn settle(&self, id: LetterId, outcome: Outcome) -> Result<(), CourierError> {
        self.outbox.settle(id, outcome, self.now()).await.map_err(failed("settle"))
    }

    /// Nothing is due: hang up, then wait for the next due time, a nudge or the poll, whichever comes first.
    async fn await_letters(&mut self) -> Result<(), CourierError> {
        self.close().await;
        let now = self.now();
        let due = self.outbox.next_due(now).await.map_err(failed("next_due"))?;
        let poll = self.settings.rhythm.poll;
        let wait = due.map_or(poll, |due| Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).min(poll));
        // A row that says "due" but cannot be claimed must not spin us.
        let wait = wait.max(Duration::from_millis(10));
        let nudge = Arc::clone(&self.surroundings.nudge);
        tokio::select! {
            () = self.rest(wait) => {}
            () = nudge.notified() => {}
        }
        Ok(())
    }

    /// Waits, but not longer than until the stop. Nudges do not shorten it: a refused account is not to be tried again because mail came in.
    async fn rest(&self, wait: Duration) {
        tokio::select! {
            () = self.beating(tokio::time::sleep(wait)) => {}
            () = stopped(self.surroundings.stop.clone()) => {}
        }
    }

    async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            self.beating(session.quit()).await;
        }
    }

    /// Runs work that has its own deadline, with a beating heart.
    async fn beating<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        let mut beat = tokio::time::interval(self.settings.rhythm.heartbeat);
        loop {
            tokio::select! {
                biased;
                outcome = &mut work => return outcome,
                _ = beat.tick() => (self.surroundings.heartbeat)(),
            }
        }
    }

    fn is_stopping(&self) -> bool {
        *self.surroundings.stop.borrow() || self.surroundings.stop.has_changed().is_err()
    }

    fn now(&self) -> Timestamp {
        (self.surroundings.clock)()
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _told_or_orphaned = stop.wait_for(|stopped| *stopped).await;
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// A session at which the server waits for the letter's text: the kept one, or a new one where that has grown old.
async fn prepared(settings: &Settings, kept: Option<Session>, letter: &Letter) -> Result<Session, Unprepared> {
    if let Some(mut session) = kept {
        match session.envelope(letter).await {
            Ok(()) => return Ok(session),
            Err(failure) if classify::is_stale(&failure) => {}
            Err(failure) => {
                let session = kept_after(&failure, session).await;
                return Err(Unprepared { failure, session });
            }
        }
    }
    let mut session = Session::open(settings).await.map_err(|failure| Unprepared { failure, session: None })?;
    match session.envelope(letter).await {
        Ok(()) => Ok(session),
        Err(failure) => {
            let session = kept_after(&failure, session).await;
            Err(Unprepared { failure, session })
        }
    }
}

/// The session after a failure, wiped clean, if it can carry another letter.
async fn kept_after(failure: &Failure, mut session: Session) -> Option<Session> {
    if classify::is_session_sound(failure) {
        return match session.reset().await {
            Ok(()) => Some(session),
            Err(_) => None,
        };
    }
    if failure.code().is_some_and(|code| code != 421) {
        session.quit().await;
    }
    None
}
