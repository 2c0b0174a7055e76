//! A courier at work: its settings, its ledger, and how it is stopped.

use std::sync::Arc;
use std::time::Duration;

use testbed::smtp::{Account, Options, Rule, Sink};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uketsuke::courier::{self, CourierError, Deadlines, Hello, HelloName, Login, OnUnknown, Rhythm, Settings, Surroundings};
use uketsuke::secret::Secret;
use uketsuke::token::Credentials;
use uketsuke::wire::{Security, Trust};

use crate::ledger::{Fault, Ledger};

pub const RECIPIENT: &str = "taro@example.co.jp";
pub const LETTER: &[u8] = b"Subject: =?UTF-8?B?5Y+X5LuY?=\r\n\r\n5Y+X5LuY\r\n";
pub const KEPT: &str = "250 2.0.0 Ok, kept as letter 1";
/// Long enough for a busy machine; whatever is meant to strike is set shorter by its test.
pub const PATIENT: Duration = Duration::from_secs(20);

/// Settings for a sink on this port: plaintext, no login, long deadlines, pauses of a moment.
pub fn settings(port: u16) -> Settings {
    Settings {
        name: "relay".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plaintext,
        trust: Trust::system().unwrap(),
        proxy: None,
        login: None,
        hello: Hello::Named(HelloName::parse("uketsuke.example.jp").unwrap()),
        deadlines: Deadlines { connect: PATIENT, command: PATIENT, final_dot: PATIENT, stopping: PATIENT },
        letters_per_minute: 1000,
        on_unknown: OnUnknown::Hold,
        rhythm: Rhythm {
            account_pauses: vec![Duration::from_millis(20)],
            server_pauses: vec![Duration::from_millis(20)],
            poll: Duration::from_hours(1),
            heartbeat: Duration::from_millis(5),
            ..Rhythm::default()
        },
    }
}

pub fn login() -> Login {
    Login { user: "office".to_owned(), credentials: Credentials::Password(Secret::new("kaki-no-tane".to_owned())) }
}

pub fn account() -> Account {
    Account { user: "office".to_owned(), password: "kaki-no-tane".to_owned(), token: None }
}

pub fn sink(script: Vec<Rule>) -> Sink {
    Sink::start(Options { script, ..Options::default() })
}

/// A running courier.
pub struct Office {
    pub ledger: Arc<Ledger>,
    pub nudge: Arc<Notify>,
    beats: watch::Receiver<usize>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), CourierError>>,
}

impl Office {
    /// Starts a courier on a ledger with so many usual letters.
    pub fn open(settings: Settings, letters: i64) -> Self {
        let ledger = Ledger::new(Fault::None);
        for number in 1..=letters {
            ledger.put(number, None, RECIPIENT, LETTER);
        }
        Self::with(settings, ledger)
    }

    pub fn with(settings: Settings, ledger: Ledger) -> Self {
        let ledger = Arc::new(ledger);
        let (nudge, (counter, beats)) = (Arc::new(Notify::new()), watch::channel(0));
        let (stop, stopped) = watch::channel(false);
        let time = Arc::clone(&ledger);
        let surroundings = Surroundings {
            clock: Arc::new(move || time.now()),
            nudge: Arc::clone(&nudge),
            stop: stopped,
            heartbeat: Arc::new(move || counter.send_modify(|beats| *beats += 1)),
        };
        let outbox = Arc::clone(&ledger);
        let task = tokio::spawn(async move { courier::run(&settings, &outbox, surroundings).await });
        Self { ledger, nudge, beats, stop, task }
    }

    /// Tells the courier to stop, waits until it has, and returns its account.
    pub async fn close(self) -> Vec<String> {
        let ledger = Arc::clone(&self.ledger);
        self.stop.send_replace(true);
        self.end().await.unwrap();
        ledger.account()
    }

    /// Waits until the courier ends by itself (or was told to stop).
    pub async fn end(self) -> Result<(), CourierError> {
        let ended = tokio::time::timeout(PATIENT, self.task).await;
        ended.unwrap_or_else(|_| panic!("the courier does not end; its account is {:#?}", self.ledger.account())).unwrap()
    }

    pub fn beats(&self) -> usize {
        *self.beats.borrow()
    }

    /// Waits until the heart has beaten so many times since the start.
    pub async fn until_beats(&self, beats: usize) {
        let mut heard = self.beats.clone();
        tokio::time::timeout(PATIENT, heard.wait_for(|count| *count >= beats)).await.expect("the heart does not beat").unwrap();
    }

    pub fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }
}
