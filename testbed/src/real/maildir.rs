//! Mails laid into a Maildir as a delivery agent does it.
//!
//! Promises: a reader sees a mail whole or not at all (written in `tmp`, renamed into `new`), and bulk deliveries arrive in their order.
//! Rejected: IMAP APPEND; a mail that came by delivery is what the product meets, and 20,000 APPENDs take a minute.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::fault::Fault;
use super::folder::{Folder, Owner, at, give};

/// Makes the three folders of an empty Maildir.
pub(super) fn make(folder: &Folder, user: &str, owner: Option<Owner>) -> Result<(), Fault> {
    for part in ["", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"] {
        folder.make(&format!("mail/{user}{part}"), 0o700, owner)?;
    }
    Ok(())
}

/// Lays the mails down, the first one first; returns their files.
pub(super) fn deliver<B: AsRef<[u8]>>(
    maildir: &Path,
    owner: Option<Owner>,
    mails: impl IntoIterator<Item = B>,
) -> Result<Vec<PathBuf>, Fault> {
    let mut written = Vec::new();
    for mail in mails {
        let name = unique_name();
        let path = maildir.join("tmp").join(&name);
        at(&path, fs::write(&path, mail))?;
        give(&path, owner)?;
        written.push((path, maildir.join("new").join(&name)));
    }
    for (from, to) in &written {
        at(to, fs::rename(from, to))?;
    }
    Ok(written.into_iter().map(|(_, to)| to).collect())
}

/// Forgets what Dovecot knows of the folder; the next SELECT has a new UIDVALIDITY. `dovecot-uidvalidity` stays: it keeps the new value
/// above the old one, also within the same second.
pub(super) fn forget_uids(maildir: &Path) -> Result<(), Fault> {
    for entry in at(maildir, fs::read_dir(maildir))? {
        let path = at(maildir, entry)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
            at(&path, fs::remove_file(&path))?;
        }
    }
    Ok(())
}

/// Dovecot gives UIDs to new mails in the order of time and then of the name, so the counter has leading zeros.
fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}.M{:06}P{}Q{count:08}.testbed", since.as_secs(), since.subsec_micros(), std::process::id())
}
