//! The refresh token in force: the configured one, until the endpoint exchanges it (RFC 6749, 6).
//!
//! Promises: an exchanged token is on the disk before the access token that came with it is used: the old one may be worthless from then
//! on. One that the operator configures anew wins over an older exchange. The file belongs to the service alone (mode 600).
//! Rejected: the store; `show`, backups and reports read it, and none of them should meet a credential.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// The token and where its successors are kept.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    configured: Secret,
    file: PathBuf,
}

impl RefreshToken {
    /// The token that the operator configured, and the file for what it is exchanged for.
    #[must_use]
    pub fn new(configured: Secret, file: PathBuf) -> Self {
        Self { configured, file }
    }

    /// The token in force. A file that descends from another configured token, or cannot be read, does not count.
    #[must_use]
    pub fn current(&self) -> Secret {
        let kept = fs::read_to_string(&self.file).ok();
        let mut lines = kept.iter().flat_map(|text| text.lines());
        match (lines.next(), lines.next()) {
            (Some(ancestor), Some(token)) if ancestor == self.ancestor() && !token.is_empty() => Secret::new(token.to_owned()),
            _ => self.configured.clone(),
        }
    }

    /// Keeps a successor.
    ///
    /// # Errors
    /// What the file system says.
    pub fn exchange(&self, successor: &Secret) -> io::Result<()> {
        let fresh = self.file.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        writeln!(file, "{}\n{}", self.ancestor(), successor.expose())?;
        file.sync_all()?;
        fs::rename(&fresh, &self.file)?;
        self.file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    /// Forgets the successors, so that the configured token is in force again.
    ///
    /// # Errors
    /// What the file system says.
    pub fn fall_back(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether a successor is in force.
    #[must_use]
    pub fn is_exchanged(&self) -> bool {
        self.current() != self.configured
    }

    /// Which configured token a file descends from, without telling the token.
    fn ancestor(&self) -> String {
        Sha256::digest(self.configured.expose()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_successor_survives_and_a_newly_configured_token_wins() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("refresh-token-desk");
        let first = RefreshToken::new(secret("r1"), file.clone());
        assert_eq!((first.current(), first.is_exchanged()), (secret("r1"), false));
        first.exchange(&secret("r2")).expect("kept");
        first.exchange(&secret("r3")).expect("kept");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        let again = RefreshToken::new(secret("r1"), file.clone());
        assert_eq!((again.current(), again.is_exchanged()), (secret("r3"), true));
        let renewed = RefreshToken::new(secret("other"), file);
        assert_eq!(renewed.current(), secret("other"));
        again.fall_back().expect("forgotten");
        again.fall_back().expect("forgotten twice");
        assert_eq!(again.current(), secret("r1"));
    }
}
