//! The watcher: connects, looks, files, waits, and comes back after every failure.
//!
//! Promises: ends only when asked to; one bad mail, one bad answer or a panic in the parser costs a connection and never the watch.
//! Rejected: returning errors to the supervisor; it could only start us again, without the memory of what went wrong.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout};

use super::connect;
use super::copies;
use super::error::MailboxError;
use super::folder::Access;
use super::guard::Beat;
use super::ledger::{Event, FailureKind, Ledger, Place};
use super::look::{Looked, Visit};
use super::memory::Memory;
use super::name;
use super::pause::Retry;
use super::session::Session;
use super::settings::{FilingRules, Settings};
use super::suspects::Blame;
use super::wait::{self, Bells, Idled, Woke};

/// Looks in a row that may find nothing although the server cried news, before we slow down.
const FALSE_ALARMS: u32 = 3;

/// Watches one folder until `stop` says true (or its sender is gone). `nudge` tells that filings wait.
///
/// Never fails: every failure is observed by the ledger, waited out and tried again.
pub async fn watch<L: Ledger>(settings: Settings, ledger: Arc<L>, mut stop: watch::Receiver<bool>, nudge: Arc<Notify>) {
    let watcher = Arc::new(Watcher { settings, ledger, memory: Memory::default(), nudge });
    let mut retry = Retry::new(watcher.settings.pauses);
    let started = Instant::now();
    loop {
        let wait = retry.login(started.elapsed());
        if watcher.rest(wait, &stop).await == Woke::Stopping {
            break;
        }
        let looks = watcher.memory.notes().looks;
        let Err(error) = watcher.connection(&mut stop).await else { break };
        let blame = watcher.memory.notes().connection_failed(&error);
        if watcher.memory.notes().looks != looks {
            retry.succeeded();
        }
        if blame == Blame::Somebody {
            retry.advanced();
        }
        let wait = retry.after(error.kind(), error.suggested_pause(), random_fraction());
        watcher.report(&error, wait);
        if watcher.rest(wait, &stop).await == Woke::Stopping {
            break;
        }
    }
    watcher.observe(Event::Stopped);
}

struct Watcher<L> {
    settings: Settings,
    ledger: Arc<L>,
    memory: Memory,
    nudge: Arc<Notify>,
}

impl<L: Ledger> Watcher<L> {
    fn observe(&self, event: Event) {
        self.ledger.observe(&self.settings.account, event);
    }

    fn report(&self, error: &MailboxError, wait: Duration) {
        let kind = error.kind();
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        self.observe(Event::Failed { kind, sentence: error.to_string(), retry_at: utc_now().saturating_add(seconds) });
    }

    /// Stays away for a while, with heartbeats. Filings have to wait, too.
    async fn rest(&self, wait: Duration, stop: &watch::Receiver<bool>) -> Woke {
        let nobody = Notify::new();
        let beat = || self.ledger.beat(&self.settings.account);
        let mut bells = Bells { intervals: self.settings.intervals, stop: stop.clone(), nudge: &nobody, beat: &beat };
        let now = Instant::now();
        wait::pause(&mut bells, now.checked_add(wait).unwrap_or(now)).await
    }

    /// One connection, in a task of its own: a panic in the parser below us (imap-proto 0.17: `INTERNALDATE NIL`, a letter beyond
    /// ASCII right after a response code) is then a lost connection. `Ok` means that the stop was obeyed.
    async fn connection(self: &Arc<Self>, stop: &mut watch::Receiver<bool>) -> Result<(), MailboxError> {
        let watcher = Arc::clone(self);
        let inner_stop = stop.clone();
        let mut task = Owned(tokio::spawn(async move { watcher.attend(inner_stop).await }));
        tokio::select! {
            joined = &mut task.0 => return outcome(joined),
            () = wait::stopped(stop) => {}
        }
        // It has seen the stop as well and is taking leave; a server that does not let go is left without a word.
        match timeout(self.settings.deadlines.farewell, &mut task.0).await {
            Ok(joined) => drop(outcome(joined)),
            Err(_) => {
                tracing::warn!(account = %self.settings.account, "The mailbox's server did not let go in time; it was left without a word.")
            }
        }
        Ok(())
    }

    async fn attend(&self, stop: watch::Receiver<bool>) -> Result<(), MailboxError> {
        let (ledger, account) = (Arc::clone(&self.ledger), self.settings.account.clone());
        let beat: Beat = Arc::new(move || ledger.beat(&account));
        let mut session = connect::open(&self.settings, beat).await?;
        self.observe(Event::Connected { capabilities: session.capabilities().to_vec() });
        self.learn_letters(&mut session).await?;
        let outcome = self.stay(&mut session, &stop).await;
        session.logout().await;
        outcome
    }

    /// Once a run, before anything is read: which letters were sent already.
    async fn learn_letters(&self, session: &mut Session) -> Result<(), MailboxError> {
        let Some(folder) = self.settings.sent_folder.as_ref().filter(|_| !self.memory.notes().knows_letters) else { return Ok(()) };
        if self.memory.notes().learning >= copies::MOST_ATTEMPTS {
            let sentence = format!("the connection broke each time that {folder} was read");
            self.observe(Event::SentUnread { sentence });
        } else {
            let learnt = copies::learn(session, &self.memory, &self.settings.account, folder, self.ledger.as_ref()).await;
            // A store that fails is no fault of the folder.
            if learnt.as_ref().is_err_and(|error| error.kind() != FailureKind::Store) {
                self.memory.notes().learning += 1;
            }
            learnt?;
        }
        self.memory.notes().knows_letters = true;
        Ok(())
    }

    /// Works in the folder until the stop (`Ok`) or a failure.
    async fn stay(&self, session: &mut Session, stop: &watch::Receiver<bool>) -> Result<(), MailboxError> {
        let mut idle = session.offers("IDLE");
        let mut false_alarms = 0_u32;
        loop {
            // Fresh eyes: UIDVALIDITY, UIDNEXT and the number of mails as of now.
            name::open(session, &self.memory, &self.settings.folder, self.access()).await?;
            let uidvalidity = session.view().uidvalidity;
            self.memory.notes().opened(uidvalidity);
            let now = Instant::now();
            let refresh = now.checked_add(self.settings.intervals.idle_refresh).unwrap_or(now);
            loop {
                let Looked::Through { growths, received } = self.work(session, stop, uidvalidity).await? else { return Ok(()) };
                if session.view().growths != growths {
                    continue;
                }
                false_alarms = if received > 0 { 0 } else { false_alarms };
                self.observe(if idle { Event::Idling } else { Event::Polling });
                let woke = self.wait(session, stop, &mut idle, refresh).await?;
                match woke {
                    Woke::Stopping => return Ok(()),
                    Woke::Refresh => break,
                    Woke::Nudged => {}
                    Woke::News => false_alarms = false_alarms.saturating_add(1),
                }
                // A server that cries news without end must not keep us busy without end.
                if idle && false_alarms > FALSE_ALARMS && self.rest(self.settings.pauses.first, stop).await == Woke::Stopping {
                    return Ok(());
                }
            }
        }
    }

    /// Everything there is to do in the open folder, in the order of its urgency.
    async fn work(&self, session: &mut Session, stop: &watch::Receiver<bool>, uidvalidity: u32) -> Result<Looked, MailboxError> {
        let place = Place { account: self.settings.account.clone(), folder: self.settings.folder.clone(), uidvalidity };
        let mut visit =
            Visit { session, settings: &self.settings, ledger: self.ledger.as_ref(), memory: &self.memory, stop, place, newest: None };
        let looked = visit.look().await?;
        let Looked::Through { growths, .. } = looked else { return Ok(looked) };
        visit.file().await?;
        visit.copy_letters().await?;
        visit.retry_quarantined(utc_now()).await?;
        visit.reconcile_when_due(growths).await?;
        if visit.is_stopping() { Ok(Looked::Interrupted) } else { Ok(looked) }
    }

    async fn wait(
        &self,
        session: &mut Session,
        stop: &watch::Receiver<bool>,
        idle: &mut bool,
        refresh: Instant,
    ) -> Result<Woke, MailboxError> {
        let beat = || self.ledger.beat(&self.settings.account);
        let mut bells = Bells { intervals: self.settings.intervals, stop: stop.clone(), nudge: &self.nudge, beat: &beat };
        if *idle {
            match wait::idle(session, &mut bells).await? {
                Idled::Woke(woke) => return Ok(woke),
                Idled::Refused => {
                    *idle = false;
                    self.observe(Event::Polling);
                }
            }
        }
        wait::poll(session, &mut bells, refresh).await
    }

    fn access(&self) -> Access {
        match self.settings.filing {
            FilingRules::None => Access::ReadOnly,
            FilingRules::Keywords(_) | FilingRules::Folders(_) => Access::ReadWrite,
        }
    }
}

/// A task that ends with its owner.
struct Owned(JoinHandle<Result<(), MailboxError>>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn outcome(joined: Result<Result<(), MailboxError>, JoinError>) -> Result<(), MailboxError> {
    match joined {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(MailboxError::Panicked { reason: "a panic in the IMAP parser".to_owned() }),
        Err(_) => Err(MailboxError::Panicked { reason: "the connection's task was cancelled".to_owned() }),
    }
}

/// The standard library's hash keys are random; spreading pauses needs no more.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    let small = u32::try_from(bits >> 32).unwrap_or(0);
    f64::from(small) / f64::from(u32::MAX)
}

fn utc_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
