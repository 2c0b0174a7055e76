//! Why a real server is not there.
//!
//! Promises: every sentence says what to do next, and a server's own log stands in it: its folder is gone when the sentence is read.
//! Rejected: a panic at the place; the caller knows which test it is and can still clean up.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// A real server did not start, or a mail could not be laid into its folder.
#[derive(thiserror::Error)]
pub enum Fault {
    /// A program is not installed.
    #[error("{program} is missing; install the Debian package {package}, or run scripts/install-test-servers as root")]
    Missing { program: &'static str, package: &'static str },
    /// Postfix's master binds, chowns and changes users; Courier and Cyrus live in root folders. Unlike Dovecot they have no unprivileged
    /// mode.
    #[error("{name} runs only as root: it changes users, or its root folder; run the tests as root, for example in a container or by sudo")]
    NeedsRoot { name: &'static str },
    /// A server in a root folder that nobody has unpacked.
    #[error("{name} is not unpacked; run `scripts/install-test-servers more` as root")]
    NoRoot { name: &'static str },
    /// A helper program could not be run, or it answered that it failed.
    #[error("`{command}` failed: {reason}; run it by hand to see why")]
    Helper { command: String, reason: String },
    /// A file or folder of the instance could not be made.
    #[error("{path} could not be prepared; see that the temporary folder (TMPDIR) is writable, has room and a path under 50 characters")]
    Prepare { path: PathBuf, source: io::Error },
    /// A keeper thread could not be made.
    #[error("no thread could be made to watch {name}; see the machine's limits (ulimit -u)")]
    Thread { name: &'static str, source: io::Error },
    /// A version with a configuration of its own.
    #[error("{name} {version} is not known to the testbed, only {known}; add its configuration to testbed/src/real")]
    Version { name: &'static str, version: String, known: &'static str },
    /// The identity provider, part of this process, could not listen.
    #[error("no port on 127.0.0.1 could be opened for the testbed's identity provider; see the machine's limits (ulimit -n)")]
    Provider { source: io::Error },
    /// No free ports in the range that the testbed uses.
    #[error("no {wanted} free ports on 127.0.0.1 between {first} and {last}; end what occupies them")]
    Ports { wanted: usize, first: u16, last: u16 },
    /// The program could not be run at all.
    #[error("{name} could not be run; see that {program} and setpriv (Debian package util-linux) are programs that this user may run")]
    Spawn { name: &'static str, program: PathBuf, source: io::Error },
    /// The program ended before it answered.
    #[error("{name} ended with {status} before it answered; mend what its log names:\n{log}")]
    Ended { name: &'static str, status: ExitStatus, log: String },
    /// The program runs and does not answer.
    #[error("{name} did not greet on port {port} within {waited:?}; its log may say why:\n{log}")]
    Silent { name: &'static str, port: u16, waited: Duration, log: String },
    /// A mail for a user that the options did not name.
    #[error("Dovecot has no user {user}; name the user in the options")]
    UnknownUser { user: String },
    /// The identity provider could not tell whose token it is.
    #[error("{user} has the same token as a user before; give each user a token of its own, or none")]
    SharedToken { user: String },
    /// A domain, user or address with a character that would change a configuration file.
    #[error("{what} {value:?} cannot stand in a server's configuration; use letters, digits and the signs @ . - _ + only")]
    Name { what: &'static str, value: String },
}

impl Fault {
    /// Another process took a port between our look and the server's bind; other ports may be free.
    pub(super) fn is_a_taken_port(&self) -> bool {
        matches!(self, Self::Ended { log, .. } if log.contains("Address already in use"))
    }
}

/// As the sentence: tests unwrap, and a derived `Debug` would fold a server's log into one line of `\n`.
impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")?;
        match self.source() {
            Some(source) => write!(formatter, " ({source})"),
            None => Ok(()),
        }
    }
}
