//! The refresh token in force: the configured one, until the endpoint exchanges it (RFC 6749, 6).
//!
//! Promises: an exchanged token is on the disk before the access token that came with it is used: the old one may be worthless from then
//! on. One that cannot be written is kept in memory and written as soon as it can be. One that the operator configures anew wins over an
//! older exchange. The file belongs to the service alone (mode 600), also when root has logged in by `check`.
//! Rejected: the store; `show`, backups and reports read it, and none of them should meet a credential.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::fingerprint::sha256;
use crate::secret::Secret;

/// The token and where its successors are kept.
#[derive(Debug)]
pub struct RefreshToken {
    configured: Secret,
    file: PathBuf,
    /// A successor that is not on the disk yet.
    unwritten: Mutex<Option<Secret>>,
}

impl RefreshToken {
    /// The token that the operator configured, and the file for what it is exchanged for.
    #[must_use]
    pub fn new(configured: Secret, file: PathBuf) -> Self {
        Self { configured, file, unwritten: Mutex::default() }
    }

    /// The token that the operator configured.
    #[must_use]
    pub fn configured(&self) -> Secret {
        self.configured.clone()
    }

    /// The token in force. A file that descends from another configured token does not count.
    ///
    /// # Errors
    /// What the file system says of a file that is there and cannot be read: the configured token may be worthless by now.
    pub fn current(&self) -> io::Result<Secret> {
        if let Some(unwritten) = self.unwritten().clone() {
            return Ok(unwritten);
        }
        let kept = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self.configured()),
            Err(error) => return Err(error),
        };
        let mut lines = kept.lines();
        Ok(match (lines.next(), lines.next()) {
            (Some(ancestor), Some(token)) if ancestor == self.ancestor() && !token.is_empty() => Secret::new(token.to_owned()),
            _ => self.configured(),
        })
    }

    /// Makes sure that a successor could be kept, and keeps one that could not be kept before. To be called before the endpoint is asked:
    /// afterwards it is too late.
    ///
    /// # Errors
    /// What the file system says.
    pub fn make_ready(&self) -> io::Result<()> {
        let unwritten = self.unwritten().clone();
        match unwritten {
            Some(successor) => self.exchange(&successor),
            None => self.fresh_file().map(drop),
        }
    }

    /// Keeps a successor; when it cannot be written it is in force all the same.
    ///
    /// # Errors
    /// What the file system says.
    pub fn exchange(&self, successor: &Secret) -> io::Result<()> {
        *self.unwritten() = Some(successor.clone());
        let mut file = self.fresh_file()?;
        writeln!(file, "{}\n{}", self.ancestor(), successor.expose())?;
        file.sync_all()?;
        fs::rename(self.fresh_path(), &self.file)?;
        File::open(self.folder())?.sync_all()?;
        *self.unwritten() = None;
        Ok(())
    }

    /// Forgets the successors, so that the configured token is in force again.
    ///
    /// # Errors
    /// What the file system says.
    pub fn fall_back(&self) -> io::Result<()> {
        *self.unwritten() = None;
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// An empty file beside the real one, which belongs to whom the folder belongs.
    fn fresh_file(&self) -> io::Result<File> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.fresh_path())?;
        let (mine, folder) = (file.metadata()?, fs::metadata(self.folder())?);
        if mine.uid() != folder.uid() {
            fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
        }
        Ok(file)
    }

    fn fresh_path(&self) -> PathBuf {
        self.file.with_extension("new")
    }

    fn folder(&self) -> &Path {
        self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
    }

    fn unwritten(&self) -> std::sync::MutexGuard<'_, Option<Secret>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which configured token a file descends from, without telling the token.
    fn ancestor(&self) -> String {
        sha256(&[self.configured.expose().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn current(token: &RefreshToken) -> String {
        token.current().expect("read").expose().to_owned()
    }

    #[test]
    fn a_successor_survives_and_a_newly_configured_token_wins() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("refresh-token-desk");
        let first = RefreshToken::new(secret("r1"), file.clone());
        first.make_ready().expect("ready");
        assert_eq!(current(&first), "r1");
        first.exchange(&secret("r2")).expect("kept");
        first.exchange(&secret("r3")).expect("kept");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        let again = RefreshToken::new(secret("r1"), file.clone());
        assert_eq!(current(&again), "r3");
        assert_eq!(current(&RefreshToken::new(secret("other"), file)), "other");
        again.fall_back().expect("forgotten");
        again.fall_back().expect("forgotten twice");
        assert_eq!(current(&again), "r1");
    }

    #[test]
    fn a_successor_that_cannot_be_written_is_in_force_and_written_later() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let later = folder.path().join("later");
        let token = RefreshToken::new(secret("r1"), later.join("refresh-token-desk"));
        assert!(token.make_ready().is_err(), "nobody may be asked yet");
        assert!(token.exchange(&secret("r2")).is_err());
        assert_eq!(current(&token), "r2");
        fs::create_dir(&later).expect("made");
        token.make_ready().expect("written");
        assert_eq!(current(&RefreshToken::new(secret("r1"), later.join("refresh-token-desk"))), "r2");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_no_reason_to_use_the_configured_token() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("refresh-token-desk");
        fs::create_dir(&file).expect("a folder in its place");
        assert!(RefreshToken::new(secret("r1"), file).current().is_err());
    }
}
