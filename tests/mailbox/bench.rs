//! The watcher on the bench: settings for a scripted server, started and stopped by a test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use testbed::imap::{Folder, Message, Options, Rule, Server};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uketsuke::mailbox::{self, Deadlines, FilingRules, Intervals, Limits, LoginMethod, Pauses, Settings};
use uketsuke::secret::Secret;
use uketsuke::token::Credentials;
use uketsuke::wire::{Security, Trust};

use crate::ledger::MemoryLedger;

/// Long enough for a busy machine, short enough for a person.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Settings for a server on this port, impatient wherever that does not change the outcome.
pub fn settings(port: u16) -> Settings {
    let options = Options::default();
    Settings {
        account: "office".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plaintext,
        trust: trust(),
        proxy: None,
        user: options.user,
        credentials: password_of(options.password),
        login: LoginMethod::Auto,
        folder: "INBOX".to_owned(),
        filing: FilingRules::None,
        sent_folder: None,
        limits: Limits::default(),
        intervals: Intervals { poll: Duration::from_millis(20), heartbeat: Duration::from_millis(50), ..Intervals::default() },
        deadlines: Deadlines { farewell: Duration::from_secs(2), ..Deadlines::default() },
        pauses: Pauses {
            first: Duration::from_millis(2),
            longest: Duration::from_millis(20),
            authentication_first: Duration::from_millis(100),
            authentication_longest: Duration::from_millis(200),
            throttle_longest: Duration::from_millis(300),
            login_burst: 1_000,
            ..Pauses::default()
        },
    }
}

pub fn password_of(password: impl Into<String>) -> Credentials {
    Credentials::Password(Secret::new(password.into()))
}

/// Some authority; plaintext connections never ask it.
fn trust() -> Trust {
    trust_of(&testbed::tls::Authority::new())
}

pub fn trust_of(authority: &testbed::tls::Authority) -> Trust {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("authority.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    Trust::of_file(&path).unwrap()
}

/// A server with these mails in its INBOX and this script.
pub fn server(mails: usize, script: Vec<Rule>) -> Server {
    Server::start(Options { folders: vec![inbox(mails)], script, ..Options::default() })
}

pub fn inbox(mails: usize) -> Folder {
    Folder::named("INBOX").holding((1..=mails).map(mail))
}

pub fn mail(number: usize) -> String {
    format!("Subject: mail {number}\r\n\r\nHello {number}\r\n")
}

pub fn mails(count: usize) -> Vec<String> {
    (1..=count).map(mail).collect()
}

/// A message with a UID of the test's choice.
pub fn message(uid: u32, number: usize) -> Message {
    Message::new(uid, mail(number))
}

/// An INBOX with these messages under their own UIDs.
pub fn inbox_of(messages: impl IntoIterator<Item = Message>) -> Folder {
    Folder { name: "INBOX".to_owned(), messages: messages.into_iter().collect() }
}

/// A running watcher.
pub struct Bench {
    pub ledger: Arc<MemoryLedger>,
    pub nudge: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Bench {
    pub fn start(settings: Settings) -> Self {
        Self::with(settings, Arc::default())
    }

    pub fn with(settings: Settings, ledger: Arc<MemoryLedger>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let nudge = Arc::new(Notify::new());
        let task = tokio::spawn(mailbox::watch(settings, Arc::clone(&ledger), stopping, Arc::clone(&nudge)));
        Self { ledger, nudge, stop, task }
    }

    /// Asks for the stop and waits for it.
    pub async fn stop(self) -> Arc<MemoryLedger> {
        self.stop.send(true).unwrap();
        tokio::time::timeout(DEADLINE, self.task).await.expect("the watcher must stop in time").expect("the watcher must not panic");
        self.ledger
    }
}
