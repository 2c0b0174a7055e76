//! The daemon: starts the parts, answers systemd, and ends them in order.
//!
//! Only here does one module know all stations, and only here are tasks spawned. Start: store, recovery of the outbox, tasks,
//! READY after every part was heard. Stop: watchers say DONE and LOGOUT, the clerk ends its group, the courier its dialogue;
//! who is late is named; then the store is tidied and closed.

mod board;
mod clerk;
mod guarded;
mod halt;
mod ledger;
mod notify;
mod outbox;
mod reload;
mod shelf;
mod signals;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::board::{Board, State};
use self::clerk::Clerk;
use self::guarded::guarded;
use self::ledger::{Ledger, part_of};
use self::outbox::Outbox;
use self::reload::differs;
use self::signals::Signals;
use self::writing::Route;
use crate::clock;
use crate::config::{self, ConfigError, Configuration, Judging, Relay};
use crate::courier::{self, OnUnknown, Surroundings};
use crate::mailbox;
use crate::store::health::Fact;
use crate::store::outbox::{AfterCrash, readdress, recover};
use crate::store::{Store, StoreError, WriterThread, health};

/// READY is told at the latest after this, with a line that says what is still awaited. systemd's own patience is 90 s.
const READY_AT_LATEST: Duration = Duration::from_secs(60);
/// How often the supervisor looks around when nothing happens. Seldom: each look wakes a sleeping machine.
const TICK: Duration = Duration::from_secs(40);
/// A part that ended by itself is started again after this.
const RESTART_PAUSE: Duration = Duration::from_secs(5);
/// The clerk must be heard at least this often.
const CLERK_LIMIT: Duration = Duration::from_secs(300);
/// The part of the board and of `status` that tells of a file which was refused.
const CONFIGURATION: &str = "configuration";
/// The daemon's own name in the table `health`.
const DAEMON: &str = "daemon";
/// The store's name on the board, and how often it must be heard: a statement may wait 5 s for another program's lock, a group of
/// large mails may take seconds on a slow disk.
const STORE: &str = "store";
const STORE_LIMIT: Duration = Duration::from_secs(150);
/// How often the store is asked whether it is there.
const PULSE: Duration = Duration::from_secs(60);
/// What the store gets to close after everybody has left; systemd's patience is the grace time and ten seconds.
const CLOSING: Duration = Duration::from_secs(8);
/// Beyond the longest wait that a station may legally make.
const MARGIN: Duration = Duration::from_secs(60);

/// Why the daemon could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("the store {} cannot be used: {source}", path.display())]
    Store { path: PathBuf, source: StoreError },
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
    #[error("{} did not end within the grace time; nothing is lost, but look at the log above", .0.join(", "))]
    Late(Vec<String>),
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// [`DaemonError`] with the remedy.
pub async fn run(configuration: Configuration, path: &Path) -> Result<(), DaemonError> {
    let store_error = |source| DaemonError::Store { path: configuration.store.clone(), source };
    let (store, writer) = Store::open(&configuration.store).map_err(store_error)?;
    prepare(&store, &configuration).await.map_err(store_error)?;
    let office = Office::new(store, configuration, path.to_path_buf());
    office.supervise(writer).await
}

/// Sorts out what an earlier run left.
async fn prepare(store: &Store, configuration: &Configuration) -> Result<(), StoreError> {
    let mut parts: Vec<String> = configuration.accounts.iter().map(|account| part_of(&account.account)).collect();
    parts.push(clerk::PART.to_owned());
    parts.extend(configuration.relays.iter().map(|relay| outbox::part_of(relay.key())));
    store.write(move |connection| health::forget_others(connection, &parts)).await?;
    let has_own = configuration.relays.iter().any(|relay| relay.key().is_empty());
    let roads: Vec<_> = Route::all(configuration).into_iter().map(|route| route.road).collect();
    store.write(move |connection| readdress(connection, &roads)).await?;
    for relay in &configuration.relays {
        sort_out(store, relay.key(), relay.settings.on_unknown).await?;
    }
    if has_own { Ok(()) } else { sort_out(store, "", OnUnknown::Hold).await }
}

/// Sorts out the letters that were on their way when the courier ended, with the daemon or without it.
async fn sort_out(store: &Store, relay: &str, on_unknown: OnUnknown) -> Result<(), StoreError> {
    let after_crash = match on_unknown {
        OnUnknown::Resend => AfterCrash::Resend,
        OnUnknown::Hold => AfterCrash::Hold,
    };
    let relay = relay.to_owned();
    let unknown = store.write(move |connection| recover(connection, &relay, after_crash, clock::now())).await?;
    if unknown > 0 {
        tracing::warn!(
            letters = unknown,
            "Letters were on their way when sending was interrupted; look at `uketsuke outbox list` and decide."
        );
    }
    Ok(())
}

/// Everything that runs.
struct Office {
    store: Store,
    configuration: Configuration,
    path: PathBuf,
    board: Arc<Board>,
    ledger: Arc<Ledger>,
    judging: watch::Sender<Arc<Judging>>,
    arrivals: Arc<Notify>,
    /// By relay.
    letters: Vec<(String, Arc<Notify>)>,
    filings: Vec<(String, Arc<Notify>)>,
    stop: watch::Sender<bool>,
}

/// A task that ended, by name.
type Ended = String;

impl Office {
    fn new(store: Store, configuration: Configuration, path: PathBuf) -> Self {
        let board = Arc::new(Board::default());
        board.enrol(CONFIGURATION, Duration::MAX);
        board.say(CONFIGURATION, State::Well);
        board.enrol(clerk::BREAKER, Duration::MAX);
        board.say(clerk::BREAKER, State::Well);
        let arrivals = Arc::new(Notify::new());
        let ledger = Arc::new(Ledger {
            store: store.clone(),
            board: Arc::clone(&board),
            arrivals: Arc::clone(&arrivals),
            shelf: Arc::default(),
            zone: configuration.judging.office.zone.clone(),
            start: configuration.judging.start,
        });
        let filings = configuration.accounts.iter().map(|account| (account.account.clone(), Arc::new(Notify::new()))).collect();
        let (judging, _) = watch::channel(Arc::new(configuration.judging.clone()));
        let (stop, _) = watch::channel(false);
        let letters = configuration.relays.iter().map(|relay| (relay.key().to_owned(), Arc::new(Notify::new()))).collect();
        Self { store, path, board, ledger, judging, arrivals, letters, filings, stop, configuration }
    }

    async fn supervise(self, writer: WriterThread) -> Result<(), DaemonError> {
        let mut signals = Signals::new().map_err(DaemonError::Signals)?;
        let mut tasks: JoinSet<Ended> = JoinSet::new();
        let mut names = Vec::new();
        for account in &self.configuration.accounts {
            names.push(part_of(&account.account));
            self.spawn_watcher(account.clone(), Duration::ZERO, &mut tasks);
        }
        names.push(clerk::PART.to_owned());
        self.spawn_clerk(Duration::ZERO, &mut tasks);
        self.spawn_pulse(&mut tasks);
        for relay in &self.configuration.relays {
            names.push(outbox::part_of(relay.key()));
            self.spawn_courier(relay.clone(), Duration::ZERO, &mut tasks);
        }
        tracing::info!(version = env!("CARGO_PKG_VERSION"), accounts = self.configuration.accounts.len(), "The office is open.");
        self.until_stopped(&mut signals, &mut tasks).await;
        notify::stopping("ending what is under way");
        tracing::info!("The office closes.");
        let late = self.close(&mut tasks, names).await;
        drop(tasks);
        drop(self);
        // The thread ends when the last handle is gone; a blocked one must not keep us for ever.
        let joined = tokio::time::timeout(CLOSING, tokio::task::spawn_blocking(move || writer.join())).await;
        if joined.is_err() {
            tracing::warn!("The store did not close in time; it is sorted out at the next start.");
        }
        if late.is_empty() { Ok(()) } else { Err(DaemonError::Late(late)) }
    }

    /// The life of the daemon between its start and its stop.
    async fn until_stopped(&self, signals: &mut Signals, tasks: &mut JoinSet<Ended>) {
        let patience = tokio::time::sleep(READY_AT_LATEST);
        tokio::pin!(patience);
        let mut is_ready = false;
        let tick = notify::watchdog_interval().map_or(TICK, |interval| (interval / 3).min(TICK));
        let mut ticks = tokio::time::interval(tick);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => return,
                _ = signals.interrupt.recv() => return,
                _ = signals.hangup.recv() => self.reload(),
                Some(ended) = tasks.join_next() => self.restart(ended, tasks),
                () = self.board.changed.notified() => {}
                _ = ticks.tick() => self.feed_watchdog(),
                () = &mut patience, if !is_ready => {}
            }
            if !is_ready && (self.board.has_heard_all() || patience.is_elapsed()) {
                is_ready = true;
                notify::ready(&self.board.line());
                tracing::info!(state = self.board.line(), "Ready.");
            } else {
                notify::status(&self.board.line());
            }
        }
    }

    /// Feeds the watchdog only while every part, and the store, is alive.
    fn feed_watchdog(&self) {
        let silent = self.board.silent(Instant::now());
        if silent.is_empty() {
            notify::watchdog();
        } else {
            tracing::error!(silent = silent.join(", "), "Parts of the office do not answer; systemd will restart it if that goes on.");
        }
    }

    /// Asks the store again and again whether it is there. In a task of its own: the supervisor must hear signals while a disk hangs.
    fn spawn_pulse(&self, tasks: &mut JoinSet<Ended>) {
        self.board.enrol(STORE, STORE_LIMIT);
        self.board.say(STORE, board::State::Well);
        let (store, board, mut stop) = (self.store.clone(), Arc::clone(&self.board), self.stop.subscribe());
        tasks.spawn(async move {
            while !*stop.borrow() {
                let asked = store.write(|connection| Ok(connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?));
                tokio::select! {
                    answered = asked => if answered.is_ok() { board.beat(STORE) },
                    _ = stop.changed() => break,
                }
                tokio::select! {
                    () = tokio::time::sleep(PULSE) => {}
                    _ = stop.changed() => {}
                }
            }
            STORE.to_owned()
        });
    }

    fn spawn_watcher(&self, mut account: mailbox::Settings, pause: Duration, tasks: &mut JoinSet<Ended>) {
        let part = part_of(&account.account);
        // A server that does not let go must not make us late.
        account.deadlines.farewell = account.deadlines.farewell.min(self.configuration.grace * 3 / 4);
        // Within a command the watcher beats with whatever arrives, and the command itself has a deadline.
        self.board.enrol(&part, account.deadlines.bulk + MARGIN);
        let bell = bell(&self.filings, &account.account);
        let (ledger, stop) = (Arc::clone(&self.ledger), self.stop.subscribe());
        tasks.spawn(async move {
            tokio::time::sleep(pause).await;
            guarded(mailbox::watch(account, ledger, stop, bell)).await;
            part
        });
    }

    fn spawn_clerk(&self, pause: Duration, tasks: &mut JoinSet<Ended>) {
        self.board.enrol(clerk::PART, CLERK_LIMIT);
        let clerk = Clerk {
            store: self.store.clone(),
            board: Arc::clone(&self.board),
            judging: self.judging.subscribe(),
            routes: Route::all(&self.configuration),
            threads: crate::judges::threads(self.configuration.judging_threads),
            arrivals: Arc::clone(&self.arrivals),
            shelf: Arc::clone(&self.ledger.shelf),
            letters: self.letters.clone(),
            filings: self.filings.clone(),
            stop: self.stop.subscribe(),
            forgiven: std::collections::BTreeMap::new(),
        };
        tasks.spawn(async move {
            tokio::time::sleep(pause).await;
            guarded(clerk.work()).await;
            clerk::PART.to_owned()
        });
    }

    fn spawn_courier(&self, relay: Relay, pause: Duration, tasks: &mut JoinSet<Ended>) {
        let (part, key) = (outbox::part_of(relay.key()), relay.key().to_owned());
        let nudge = bell(&self.letters, relay.key());
        let mut settings = relay.settings;
        // What is on its way when we are stopped gets most of the grace time.
        settings.deadlines.stopping = self.configuration.grace * 3 / 4;
        self.board.enrol(&part, settings.deadlines.final_dot + MARGIN);
        let copying = self.configuration.accounts.iter().filter(|account| account.sent_folder.is_some());
        let copies = copying.map(|account| bell(&self.filings, &account.account)).collect();
        let outbox = Outbox { store: self.store.clone(), board: Arc::clone(&self.board), relay: key, copies };
        let (board, beating) = (Arc::clone(&self.board), part.clone());
        let surroundings = Surroundings {
            clock: Arc::new(jiff::Timestamp::now),
            nudge,
            stop: self.stop.subscribe(),
            heartbeat: Arc::new(move || board.beat(&beating)),
        };
        tasks.spawn(async move {
            tokio::time::sleep(pause).await;
            guarded(async move {
                // An earlier courier of this process may have lost its store in the middle of a letter.
                if let Err(error) = sort_out(&outbox.store, &outbox.relay, settings.on_unknown).await {
                    tracing::error!(error = chain(&error), "Sending cannot begin; it is tried again.");
                } else if let Err(error) = courier::run(&settings, &outbox, surroundings).await {
                    tracing::error!(error = chain(&error), "Sending is interrupted.");
                }
            })
            .await;
            part
        });
    }

    /// A part that ended by itself is started again; what it left half done is in the rows.
    fn restart(&self, ended: Result<Ended, tokio::task::JoinError>, tasks: &mut JoinSet<Ended>) {
        let Ok(part) = ended else { return };
        if *self.stop.borrow() {
            return;
        }
        tracing::error!(part, "A part of the office ended by itself; it is started again.");
        if part == clerk::PART {
            self.spawn_clerk(RESTART_PAUSE, tasks);
        } else if part == STORE {
            self.spawn_pulse(tasks);
        } else if let Some(relay) = self.configuration.relays.iter().find(|relay| outbox::part_of(relay.key()) == part) {
            self.spawn_courier(relay.clone(), RESTART_PAUSE, tasks);
        } else if let Some(account) = self.configuration.accounts.iter().find(|account| part_of(&account.account) == part) {
            self.spawn_watcher(account.clone(), RESTART_PAUSE, tasks);
        }
    }

    /// SIGHUP: new rules and letters, or the old ones and a sentence.
    fn reload(&self) {
        notify::reloading();
        match config::load(&self.path) {
            Ok(fresh) => {
                if differs(&fresh, &self.configuration) {
                    tracing::warn!(
                        "Accounts, SMTP, the store, limits, the log or reply.start were changed, too; those changes take effect at the next restart."
                    );
                }
                self.judging.send_replace(Arc::new(fresh.judging));
                tracing::info!("The rules and letters were read again.");
                self.board.say(CONFIGURATION, State::Well);
                self.note(Fact { part: DAEMON.to_owned(), state: "running".to_owned(), ..Fact::default() });
            }
            Err(error) => {
                say_refused(&error);
                let sentence = "the changed file was refused, the old rules stay in force; mend what the log names and reload again";
                self.board.say(CONFIGURATION, State::Sick(sentence.to_owned()));
                self.note(Fact {
                    part: DAEMON.to_owned(),
                    state: "old rules".to_owned(),
                    sentence: Some(error.to_string()),
                    ..Fact::default()
                });
            }
        }
        notify::ready(&self.board.line());
    }

    fn note(&self, fact: Fact) {
        let now = clock::now();
        self.store.write_later(move |connection| health::note(connection, &fact, now));
    }

    /// Tells every part to end, and names those that do not.
    async fn close(&self, tasks: &mut JoinSet<Ended>, mut names: Vec<String>) -> Vec<String> {
        self.stop.send_replace(true);
        let deadline = tokio::time::Instant::now() + self.configuration.grace;
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, tasks.join_next()).await {
            if let Ok(part) = ended {
                names.retain(|name| *name != part);
            }
        }
        if tasks.is_empty() {
            return Vec::new();
        }
        tasks.abort_all();
        tracing::error!(late = names.join(", "), "Parts of the office did not end in time and were cut off.");
        names
    }
}

/// The bell of this name; one that nobody rings where there is none.
fn bell(bells: &[(String, Arc<Notify>)], name: &str) -> Arc<Notify> {
    bells.iter().find(|(known, _)| known == name).map_or_else(|| Arc::new(Notify::new()), |(_, bell)| Arc::clone(bell))
}

/// An error with everything that led to it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn say_refused(error: &ConfigError) {
    tracing::error!(%error, "The changed configuration was refused; the old rules and letters stay in force.");
}
