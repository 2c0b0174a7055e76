//! Large mails at rest: each a file of its own beside the store, as it was received, named by its SHA-256.
//!
//! Promises: a file under its name is whole and on the disk before a row speaks of it; the same mail is the same file, so a mail that is
//! fetched again after a crash leaves nothing behind; what is read back is compared with its name. Any tool reads and checks them.
//! Rejected: large mails as rows. A page of a row is written twice, copied five times and checksummed, on the one thread that commits
//! (<https://sqlite.org/intern-v-extern-blob.html> draws the line at 100 kB); and compressing base64, which saves a quarter.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::fingerprint::sha256;

/// A mail above this size is a file. Bytes.
pub const LARGE: usize = 64 * 1024;

/// The name of a file that is being written begins with this.
const UNFINISHED: &str = ".unfinished-";

/// The folder of the large mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Those beside a store.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        let mut folder = store.as_os_str().to_owned();
        folder.push(".mails");
        Self { folder: PathBuf::from(folder) }
    }

    /// Makes the folder where there is none, and removes what a crash left half written in it.
    ///
    /// # Errors
    /// [`StoreError`] with the remedy.
    pub fn open(&self) -> Result<(), StoreError> {
        let cannot = |error| self.failed(error);
        self.make().map_err(cannot)?;
        for entry in fs::read_dir(&self.folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_file(entry.path()).map_err(cannot)?;
            }
        }
        Ok(())
    }

    fn make(&self) -> std::io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        sync(self.folder.parent().unwrap_or(Path::new(".")))
    }

    /// Keeps a mail; returns when it is on the disk. `name` is its SHA-256.
    ///
    /// # Errors
    /// [`StoreError`] with the remedy; then nothing is kept.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let written = match self.write(name, bytes) {
            // Somebody took the folder away.
            Err(error) if error.kind() == ErrorKind::NotFound => self.make().and_then(|()| self.write(name, bytes)),
            written => written,
        };
        written.map_err(|error| self.failed(error))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.path(name);
        if matches!(self.kept(name), Ok(Some(_))) {
            // Whoever put it there may not have waited for the disk: an operator with a backup.
            File::open(&path)?.sync_all()?;
        } else {
            let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_data()?;
            // Hardly ever read again: the room in memory is left to what is.
            if let Err(error) = rustix::fs::fadvise(file.as_file(), 0, None, rustix::fs::Advice::DontNeed) {
                tracing::debug!(%error, "The system keeps a mail's file in memory.");
            }
            file.persist(&path)?;
        }
        // A name that a crash left unwritten is one that only we have seen.
        sync(&self.folder)
    }

    /// A mail as it was received; none where there is no such file.
    ///
    /// # Errors
    /// [`StoreError::Row`] when the file holds something else; another [`StoreError`] when it cannot be read now and perhaps can be later.
    pub fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) if sha256(&[&bytes]) == name => Ok(Some(bytes)),
            Ok(_) => Err(StoreError::Row(format!("the mail in {} is damaged", path.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::CannotOpen { path, detail: error.to_string() }),
        }
    }

    /// Removes a mail, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] with the remedy.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(error)),
            Ok(()) | Err(_) => sync(&self.folder).map_err(|error| self.failed(error)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.eml"))
    }

    fn failed(&self, error: std::io::Error) -> StoreError {
        let detail = error.to_string();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => StoreError::ReadOnly { detail },
            _ => StoreError::CannotOpen { path: self.folder.clone(), detail },
        }
    }
}

/// Has a folder's names written to the disk.
fn sync(folder: &Path) -> std::io::Result<()> {
    // The parent of a relative path of one name.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
