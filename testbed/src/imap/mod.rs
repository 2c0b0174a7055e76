//! An IMAP4rev1 server on loopback that keeps its mails in memory and misbehaves on request.
//!
//! ```no_run
//! use testbed::imap::{Folder, Options, Server, What, When};
//!
//! let server = Server::start(Options {
//!     folders: vec![Folder::named("INBOX").holding(["Subject: one\r\n\r\n"])],
//!     script: vec![When::command("UID FETCH").nth(2).then(What::CutAfterLines(1))],
//!     ..Options::default()
//! });
//! let uid = server.deliver("Subject: two\r\n\r\n");
//! assert_eq!((server.messages("INBOX").len(), uid), (2, 2));
//! ```
//!
//! Promises: it speaks RFC 3501 with UIDPLUS, MOVE, IDLE, ID and SASL-IR correctly unless the script says otherwise; nothing waits for ever;
//! dropping the handle ends it. Flag changes of one session are not told to another.
//! Rejected: only Dovecot; no real server cuts its answer after the third line because a test wants it.

pub mod base64;
mod change;
mod command;
mod fetch;
mod folders;
pub(crate) mod login;
mod perform;
mod reply;
mod script;
mod session;
mod set;
mod state;
mod view;

use std::sync::Arc;
use std::time::Duration;

pub use script::{Occurrence, Rule, What, When};
pub use state::{Folder, Message, Sent, State, internal_date};

use crate::tls::Security;
use crate::tls::listener::Listener;
use login::Login;
use session::{House, serve};
use state::Shared;

/// How the server is set up. The default is plaintext, one empty INBOX, no script.
pub struct Options {
    pub security: Security,
    pub user: String,
    pub password: String,
    /// Accepted by AUTHENTICATE XOAUTH2 and OAUTHBEARER; offer them in `capabilities`.
    pub token: Option<String>,
    /// `STARTTLS` and `LOGINDISABLED` are added by themselves where they belong.
    pub capabilities: Vec<String>,
    /// INBOX exists even if it is not named.
    pub folders: Vec<Folder>,
    pub uidvalidity: u32,
    pub script: Vec<Rule>,
    /// The longest silence of a client, the longest handshake, the longest stall.
    pub patience: Duration,
    /// One more connection is closed at once.
    pub connections_at_most: usize,
}

impl Default for Options {
    fn default() -> Self {
        let capabilities = ["IMAP4rev1", "IDLE", "UIDPLUS", "MOVE", "ID", "SASL-IR", "AUTH=PLAIN"];
        Self {
            security: Security::Plaintext,
            user: "desk@office.example.jp".to_owned(),
            password: "himitsu \"no\" \\ kotoba".to_owned(),
            token: None,
            capabilities: capabilities.map(str::to_owned).to_vec(),
            folders: Vec::new(),
            uidvalidity: 1_700_000_000,
            script: Vec::new(),
            patience: Duration::from_secs(120),
            connections_at_most: 64,
        }
    }
}

/// What a test waited for did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("what the test waits for did not happen within {} ms; {connections} connections so far, the last commands were: {}", deadline.as_millis(), last.join(" | "))]
pub struct Late {
    deadline: Duration,
    connections: usize,
    last: Vec<String>,
}

/// The running server. Dropping it ends every session.
pub struct Server {
    house: Arc<House>,
    listener: Listener,
}

impl Server {
    /// Starts the server on a loopback port.
    ///
    /// # Panics
    /// When there is no port or no thread to be had.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let house = Arc::new(House {
            shared: Shared::new(State::new(options.folders, options.uidvalidity, options.script)),
            security: options.security,
            login: Login { user: options.user, password: options.password, token: options.token },
            capabilities: options.capabilities,
            patience: options.patience,
        });
        let shared = Arc::clone(&house);
        let listener =
            Listener::start("testbed-imap", options.connections_at_most, move |stream, number| serve(Arc::clone(&shared), stream, number));
        Self { house, listener }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Puts a mail into INBOX, received now; idling sessions are told. Returns its UID.
    pub fn deliver(&self, bytes: impl Into<Vec<u8>>) -> u32 {
        self.deliver_message("INBOX", Message::new(0, bytes))
    }

    /// Puts a mail into a folder, which is made if need be.
    pub fn deliver_to(&self, folder: &str, bytes: impl Into<Vec<u8>>) -> u32 {
        self.deliver_message(folder, Message::new(0, bytes))
    }

    /// The same with date and flags of the test's choice; the UID is always the next one.
    pub fn deliver_message(&self, folder: &str, message: Message) -> u32 {
        self.house.shared.change(|state| state.shelf(folder).add(message))
    }

    /// Takes a mail out of INBOX, as another client would. Nothing happens if it is not there.
    pub fn expunge(&self, uid: u32) {
        self.house.shared.change(|state| state.shelf("INBOX").remove(uid));
    }

    /// The messages of a folder by UID.
    #[must_use]
    pub fn messages(&self, folder: &str) -> Vec<Message> {
        self.house.shared.look(|state| state.messages(folder))
    }

    /// The flags of a mail in INBOX; none if it is not there.
    #[must_use]
    pub fn flags(&self, uid: u32) -> Vec<String> {
        let found = self.messages("INBOX").into_iter().find(|message| message.uid == uid);
        found.map_or_else(Vec::new, |message| message.flags.into_iter().collect())
    }

    /// Renumbers the mails of every folder from 1; sessions get BYE.
    pub fn set_uidvalidity(&self, uidvalidity: u32) {
        self.house.shared.change(|state| state.renumber(uidvalidity));
    }

    /// Adds a rule; it counts from now on.
    pub fn add_rule(&self, rule: Rule) {
        self.house.shared.change(|state| state.rules.push(rule));
    }

    /// What clients sent, in order of time, passwords and all.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.house.shared.look(|state| state.sent().iter().map(|sent| sent.text.clone()).collect())
    }

    /// Connections ever accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.house.shared.look(State::connections)
    }

    /// Sessions that wait in IDLE.
    #[must_use]
    pub fn idling(&self) -> usize {
        self.house.shared.look(State::idling)
    }

    /// Ends every connection at once, without BYE or `close_notify`.
    pub fn drop_connections(&self) {
        self.house.shared.sever();
    }

    /// Waits until the condition holds; it is looked at after every change.
    ///
    /// # Errors
    /// [`Late`] with the last commands, for the reader of a failed test.
    pub async fn wait_until(&self, condition: impl Fn(&State) -> bool, deadline: Duration) -> Result<(), Late> {
        let mut bell = self.house.shared.bell();
        let wait = async {
            while !self.house.shared.look(&condition) {
                if bell.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(deadline, wait).await.map_err(|_| {
            let commands = self.commands();
            let last = commands.get(commands.len().saturating_sub(10)..).unwrap_or_default().to_vec();
            Late { deadline, connections: self.connections(), last }
        })
    }
}
