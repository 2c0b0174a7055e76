//! What the watcher is told: one account, one folder, and every number with its unit.
//!
//! Promises: plain data with defaults that suit a real office; nothing here reads a file or the environment.
//! Rejected: handing the configuration itself down; a watcher that knows its layout breaks whenever a key is renamed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ledger::Action;
use crate::token::{Credentials, Mechanism};
use crate::wire::{Proxy, Security, Trust};

/// Everything that one watcher needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's name for the account; the key of its rows.
    pub account: String,
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub trust: Trust,
    pub proxy: Option<Proxy>,
    pub user: String,
    pub credentials: Credentials,
    pub login: LoginMethod,
    /// The watched folder, as people write it; encoded for the wire by us.
    pub folder: String,
    pub filing: FilingRules,
    /// Where copies of our letters are kept; none: nowhere.
    pub sent_folder: Option<String>,
    pub limits: Limits,
    pub intervals: Intervals,
    pub deadlines: Deadlines,
    pub pauses: Pauses,
}

/// How the password or the token is shown to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoginMethod {
    /// A password by `AUTHENTICATE PLAIN` where it is offered, else by `LOGIN`. Never both: a wrong password must cost one attempt, not
    /// two. A token by the first mechanism for tokens that is offered.
    #[default]
    Auto,
    /// RFC 4616.
    Plain,
    /// RFC 3501, 6.2.3.
    Login,
    /// A token by this mechanism.
    Token(Mechanism),
}

/// What happens to a mail on the server once it is judged. The keys are verdict words (`accepted`, `missing`, …).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FilingRules {
    /// Nothing; the folder is opened read-only.
    #[default]
    None,
    /// A keyword (user flag) per verdict.
    Keywords(BTreeMap<String, String>),
    /// A folder per verdict.
    Folders(BTreeMap<String, String>),
}

impl FilingRules {
    /// What these rules do with a mail of the given verdict; nothing where the verdict is not listed.
    #[must_use]
    pub fn action(&self, verdict: &str) -> Option<Action> {
        match self {
            Self::None => None,
            Self::Keywords(targets) => targets.get(verdict).map(|keyword| Action::Keyword(keyword.clone())),
            Self::Folders(targets) => targets.get(verdict).map(|folder| Action::MoveTo(folder.clone())),
        }
    }
}

/// Sizes that keep memory flat, whatever the server holds or claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A larger mail is handed over with its header only. Bytes.
    pub largest_mail: u64,
    /// Bodies asked for in one command, together. Bytes.
    pub batch_bytes: u64,
    /// Bodies asked for in one command, at most.
    pub batch_mails: usize,
    /// A mail above this size is fetched in pieces of this size, one that did not come in smaller ones. Bytes.
    pub piece: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { largest_mail: 25 * 1024 * 1024, batch_bytes: 4 * 1024 * 1024, batch_mails: 200, piece: 4 * 1024 * 1024 }
    }
}

/// How often things are looked at when nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// Where the server has no IDLE.
    pub poll: Duration,
    /// After this time IDLE is ended, the folder opened afresh and looked at, even if keepalives arrive (some servers forget an IDLE).
    pub idle_refresh: Duration,
    /// All UIDs of the folder are compared with those known.
    pub reconcile: Duration,
    /// [`super::Ledger::beat`] is called at least this often while the watcher waits. While it works, whatever
    /// arrives is a beat, so the longest pause between two is [`Deadlines::silence`].
    pub heartbeat: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(60),
            idle_refresh: Duration::from_secs(300),
            reconcile: Duration::from_secs(24 * 3600),
            heartbeat: Duration::from_secs(60),
        }
    }
}

/// When a server counts as gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// TCP connect and TLS handshake, each; the greeting, too.
    pub connect: Duration,
    /// One short command, from its first byte to its tagged answer.
    pub command: Duration,
    /// One command that carries bodies or long lists.
    pub bulk: Duration,
    /// No byte at all while an answer is awaited, or none taken while a command is sent.
    pub silence: Duration,
    /// LOGOUT, and whatever was going on when the stop was asked for.
    pub farewell: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            bulk: Duration::from_secs(600),
            silence: Duration::from_secs(60),
            farewell: Duration::from_secs(5),
        }
    }
}

/// How long to stay away after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    pub first: Duration,
    pub longest: Duration,
    /// After a refused login, doubled each time: a wrong password every minute gets an address banned.
    pub authentication_first: Duration,
    pub authentication_longest: Duration,
    /// The server's own suggestion is followed up to this.
    pub throttle_longest: Duration,
    /// Logins allowed in a burst, and the time in which one of them comes back.
    pub login_burst: u32,
    pub login_refill: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
            authentication_first: Duration::from_secs(300),
            authentication_longest: Duration::from_secs(3600),
            throttle_longest: Duration::from_secs(1800),
            login_burst: 20,
            login_refill: Duration::from_secs(15),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_without_a_target_is_left_where_it_is() {
        let rules = FilingRules::Folders(BTreeMap::from([("accepted".to_owned(), "受付済".to_owned())]));
        assert_eq!(rules.action("accepted"), Some(Action::MoveTo("受付済".to_owned())));
        assert_eq!(rules.action("review"), None);
        assert_eq!(FilingRules::None.action("accepted"), None);
    }
}
