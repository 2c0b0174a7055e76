//! Courier and Cyrus, each in a root folder of its own: their packages cannot be installed beside Dovecot's.
//!
//! Promises: each instance has a copy of the root folder (hard links; what is written is written anew), one user, and one loopback port
//! without TLS; INBOX is empty. Rejected: one instance for all tests; what one leaves another would find.

use std::path::PathBuf;

use super::fault::Fault;
use super::folder::Folder;
use super::port;
use super::process::{Group, Plan, Process};
use super::program::{Privilege, find, plain_name};

/// A server that lives in a root folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rooted {
    Courier,
    Cyrus,
}

impl Rooted {
    const fn name(self) -> &'static str {
        match self {
            Self::Courier => "courier",
            Self::Cyrus => "cyrus",
        }
    }

    /// Prepares the copy, starts the server and stays with it.
    const fn script(self) -> &'static str {
        match self {
            Self::Courier => include_str!("courier.sh"),
            Self::Cyrus => include_str!("cyrus.sh"),
        }
    }

    /// What its greeting says.
    const fn greeting(self) -> &'static str {
        match self {
            Self::Courier => "Courier-IMAP ready",
            Self::Cyrus => "Cyrus IMAP",
        }
    }
}

/// A running server; dropping it ends the processes and removes the copy.
pub struct RootedServer {
    // Declared before the folder, hence dropped before it.
    process: Process,
    #[expect(dead_code, reason = "held so that the copy is removed with the handle")]
    folder: Folder,
    port: u16,
}

impl RootedServer {
    /// Starts the server and waits until it greets. Blocks the thread for about a second.
    ///
    /// # Errors
    /// The root folder is not there (`scripts/install-test-servers more` unpacks it), this process is not root's, or the server does not
    /// start; the error holds what it said.
    pub fn start(server: Rooted, user: &str, password: &str) -> Result<Self, Fault> {
        plain_name("the user", user)?;
        plain_name("the password", password)?;
        if Privilege::of_this_process() == Privilege::Ordinary {
            return Err(Fault::NeedsRoot { name: server.name() });
        }
        port::while_taken(|| Self::start_once(server, user, password))
    }

    fn start_once(server: Rooted, user: &str, password: &str) -> Result<Self, Fault> {
        let roots = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/test-servers");
        let original = roots.join(server.name());
        if !original.is_dir() {
            return Err(Fault::NoRoot { name: server.name() });
        }
        let folder = Folder::inside(&roots, server.name())?;
        let [port] = port::free()?;
        let [from, to] = [original.as_path(), folder.path()].map(|path| path.display().to_string());
        let words = ["-c", server.script(), server.name(), &from, &to, &port.to_string(), user, password];
        let process = Process::start(&Plan {
            name: server.name(),
            program: find("sh", "dash")?,
            arguments: words.iter().map(|word| (*word).to_owned()).collect(),
            group: Group::Made,
            output: folder.join("output"),
            log: folder.join("log"),
        })?;
        process.greets(&[port], server.greeting())?;
        Ok(Self { process, folder, port })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All that the server has said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}
