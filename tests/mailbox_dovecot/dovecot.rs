//! The testbed's private Dovecot, as these tests speak of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use testbed::real::{Account, Dovecot as Real, DovecotOptions};
use testbed::tls::Authority;

/// The only user and the password.
const USER: &str = "desk";
const PASSWORD: &str = "himitsu";

/// A running Dovecot with one mailbox.
pub struct Dovecot {
    real: Real,
    folder: tempfile::TempDir,
}

impl Dovecot {
    pub fn start() -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        authority.write_pem(&folder.path().join("authority.pem")).unwrap();
        let account = Account { user: USER.to_owned(), password: PASSWORD.to_owned(), token: None };
        let real = Real::start(DovecotOptions { users: vec![account], authority: &authority }).unwrap_or_else(|fault| panic!("{fault}"));
        Self { real, folder }
    }

    pub fn port(&self) -> u16 {
        self.real.imap_port()
    }

    pub fn tls_port(&self) -> u16 {
        self.real.imaps_port()
    }

    pub fn pid(&self) -> u32 {
        self.real.process_id()
    }

    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    pub fn fill(&self, mails: &[String]) {
        self.real.bulk_deliver(USER, mails).unwrap();
    }

    pub fn renumber(&self) {
        self.real.reset_uidvalidity(USER).unwrap();
    }

    /// Mails in a folder of the maildir.
    pub fn count(&self, folder: &str) -> usize {
        self.files(folder).len()
    }

    /// The flag letters of each mail in INBOX.
    pub fn flags(&self) -> Vec<String> {
        self.files("").into_iter().map(|name| name.rsplit_once(":2,").map_or(String::new(), |(_, flags)| flags.to_owned())).collect()
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let maildir = self.real.maildir(USER).unwrap().join(folder);
        let names = |part: &str| {
            fs::read_dir(maildir.join(part)).map_or_else(
                |_| Vec::new(),
                |entries| entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect(),
            )
        };
        [names("new"), names("cur")].concat()
    }
}

/// Kills the imap processes of this master, and of no other.
pub fn kill_sessions_of(master: u32) {
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let status = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((before, after)) = status.rsplit_once(") ") else { continue };
        let parent = after.split(' ').nth(1).and_then(|parent| parent.parse::<u32>().ok());
        if before.ends_with("(imap") && parent == Some(master) {
            // It may have ended by itself meanwhile.
            let _maybe_gone = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}
