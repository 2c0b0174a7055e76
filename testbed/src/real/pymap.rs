//! A private pymap: an IMAP server in Python that shares no line with the others, with its mailbox in memory.
//!
//! Promises: one user on one loopback port, without TLS; INBOX is empty and UIDs begin at 101; it keeps no keywords.
//! Rejected: its Maildir backend; Dovecot's is tested already, and files would be one more thing to clean up.

use std::path::PathBuf;

use super::fault::Fault;
use super::folder::Folder;
use super::port;
use super::process::{Group, Plan, Process};
use super::program::{find, plain_name};

/// A running pymap; dropping it ends the process.
pub struct Pymap {
    process: Process,
    #[expect(dead_code, reason = "held so that the folder is removed with the handle")]
    folder: Folder,
    port: u16,
}

impl Pymap {
    /// Starts pymap and waits until it greets. Blocks the thread for about half a second.
    ///
    /// # Errors
    /// Python or pymap is not installed (scripts/install-test-servers does so), or it does not start; the error holds its log.
    pub fn start(user: &str, password: &str) -> Result<Self, Fault> {
        plain_name("the user", user)?;
        plain_name("the password", password)?;
        port::while_taken(|| Self::start_once(user, password))
    }

    fn start_once(user: &str, password: &str) -> Result<Self, Fault> {
        let packages = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/test-servers/pymap");
        let script = packages.join("bin/pymap");
        if !script.is_file() {
            return Err(Fault::Missing { program: "pymap", package: "pymap (from PyPI)" });
        }
        let folder = Folder::new("pymap")?;
        let [port] = port::free()?;
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut arguments = vec![format!("PYTHONPATH={}", packages.display()), "python3".to_owned(), script.display().to_string()];
        arguments.extend(words(&["--host", "127.0.0.1", "--port", &port.to_string(), "--no-tls", "dict"]));
        arguments.extend(words(&["--demo-user", user, "--demo-password", password]));
        let process = Process::start(&Plan {
            name: "pymap",
            program: find("env", "coreutils")?,
            arguments,
            group: Group::Made,
            output: folder.join("output"),
            log: folder.join("log"),
        })?;
        process.greets(&[port], "* OK")?;
        Ok(Self { process, folder, port })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All that pymap has said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}
