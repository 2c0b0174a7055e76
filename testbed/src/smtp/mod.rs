//! An SMTP server on loopback that keeps every letter and fails in any phase on request.
//!
//! ```no_run
//! use testbed::smtp::{Options, Phase, Rule, Sink, What};
//!
//! let sink = Sink::start(Options {
//!     script: vec![Rule::at(Phase::Rcpt, What::reply("451 4.3.0 Try again later")).nth(1)],
//!     ..Options::default()
//! });
//! assert_eq!((sink.letters().len(), sink.connections()), (0, 0));
//! ```
//!
//! Promises: a letter is kept exactly if the sink took responsibility for it (or the script says so); parameters of extensions that were not
//! offered are refused, as a strict relay does; nothing waits for ever; dropping the handle ends it.
//! Rejected: accepting whatever comes; a client that forgets AUTH or sends NOTIFY to a server without DSN must fail here first.

mod script;
mod session;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use crate::imap::Occurrence;
pub use script::{Phase, Rule, What};

use crate::imap::login::Login;
use crate::tls::Security;
use crate::tls::listener::Listener;

/// The account that must log in before it may send.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: String,
    pub password: String,
    /// Accepted by AUTH XOAUTH2 and OAUTHBEARER, which are offered only if there is one.
    pub token: Option<String>,
}

/// How the sink is set up. The default is plaintext, no login, all extensions, no script.
pub struct Options {
    pub security: Security,
    /// `None`: nobody has to log in, and AUTH is not offered.
    pub account: Option<Account>,
    /// STARTTLS and AUTH are added by themselves where they belong.
    pub extensions: Vec<String>,
    pub script: Vec<Rule>,
    /// The longest silence of a client, the longest handshake, the longest stall.
    pub patience: Duration,
    /// One more connection is closed at once.
    pub connections_at_most: usize,
    /// The largest body in octets; a larger one is answered 552.
    pub octets_at_most: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            security: Security::Plaintext,
            account: None,
            extensions: ["8BITMIME", "DSN", "SIZE", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"].map(str::to_owned).to_vec(),
            script: Vec::new(),
            patience: Duration::from_secs(120),
            connections_at_most: 64,
            octets_at_most: 64 * 1024 * 1024,
        }
    }
}

/// A letter that the sink has kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The connection that brought it, counted from 1.
    pub connection: usize,
    /// Without the angle brackets; empty for `<>`.
    pub envelope_from: String,
    pub recipients: Vec<String>,
    /// As sent with MAIL, such as `BODY=8BITMIME`.
    pub mail_parameters: Vec<String>,
    /// As sent with each RCPT, such as `NOTIFY=NEVER`.
    pub rcpt_parameters: Vec<Vec<String>>,
    /// The user that had logged in.
    pub account: Option<String>,
    /// The body with its line ends, the dots unstuffed.
    pub data: Vec<u8>,
}

/// The letters that a test waited for did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("{seen} letters came within {} ms, {wanted} were waited for; the last lines of the dialogue were: {}", deadline.as_millis(), last.join(" | "))]
pub struct Late {
    deadline: Duration,
    wanted: usize,
    seen: usize,
    last: Vec<String>,
}

/// Everything that a test may ask for, seen at one moment.
#[derive(Default)]
pub struct State {
    letters: Vec<Letter>,
    dialogue: Vec<String>,
    connections: usize,
    rules: Vec<Rule>,
    fired: usize,
}

impl State {
    #[must_use]
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// `C: ` and `S: ` before each line; a body is one line that tells its length.
    #[must_use]
    pub fn dialogue(&self) -> &[String] {
        &self.dialogue
    }

    /// Connections ever accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// How often a rule of the script decided.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.fired
    }
}

/// What every session of a sink shares.
struct House {
    state: Mutex<State>,
    bell: watch::Sender<u64>,
    security: Security,
    account: Option<Login>,
    extensions: Vec<String>,
    patience: Duration,
    octets_at_most: usize,
}

impl House {
    fn look<T>(&self, view: impl FnOnce(&State) -> T) -> T {
        view(&self.lock())
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let outcome = change(&mut self.lock());
        self.bell.send_modify(|rings| *rings += 1);
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running sink. Dropping it ends every session.
pub struct Sink {
    house: Arc<House>,
    listener: Listener,
}

impl Sink {
    /// Starts the sink on a loopback port.
    ///
    /// # Panics
    /// When there is no port or no thread to be had.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let house = Arc::new(House {
            state: Mutex::new(State { rules: options.script, ..State::default() }),
            bell: watch::Sender::new(0),
            security: options.security,
            account: options.account.map(|account| Login { user: account.user, password: account.password, token: account.token }),
            extensions: options.extensions,
            patience: options.patience,
            octets_at_most: options.octets_at_most,
        });
        let shared = Arc::clone(&house);
        let listener = Listener::start("testbed-smtp", options.connections_at_most, move |stream, number| {
            session::serve(Arc::clone(&shared), stream, number)
        });
        Self { house, listener }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// The letters kept so far, in order of time.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.house.look(|state| state.letters.clone())
    }

    /// Connections ever accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.house.look(State::connections)
    }

    /// Both sides' lines, passwords and all; see [`State::dialogue`].
    #[must_use]
    pub fn dialogue(&self) -> Vec<String> {
        self.house.look(|state| state.dialogue.clone())
    }

    /// Adds a rule; it counts from now on.
    pub fn add_rule(&self, rule: Rule) {
        self.house.change(|state| state.rules.push(rule));
    }

    /// Waits until so many letters are kept, and returns all of them.
    ///
    /// # Errors
    /// [`Late`] with the end of the dialogue, for the reader of a failed test.
    pub async fn wait_for(&self, letters: usize, deadline: Duration) -> Result<Vec<Letter>, Late> {
        self.wait_until(|state| state.letters.len() >= letters, deadline).await.map_err(|late| Late { wanted: letters, ..late })?;
        Ok(self.letters())
    }

    /// Waits until the condition holds; it is looked at after every change.
    ///
    /// # Errors
    /// [`Late`] with the end of the dialogue; the number wanted is that of the letters already there.
    pub async fn wait_until(&self, condition: impl Fn(&State) -> bool, deadline: Duration) -> Result<(), Late> {
        let mut bell = self.house.bell.subscribe();
        let wait = async {
            while !self.house.look(&condition) {
                if bell.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(deadline, wait).await.map_err(|_| {
            let (dialogue, seen) = (self.dialogue(), self.letters().len());
            let last = dialogue.get(dialogue.len().saturating_sub(10)..).unwrap_or_default().to_vec();
            Late { deadline, wanted: seen, seen, last }
        })
    }
}
