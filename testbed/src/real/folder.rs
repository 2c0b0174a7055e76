//! The temporary folder of one instance.
//!
//! Promises: the folder goes with its handle; servers that drop their privileges can pass through it to what is theirs, others cannot list
//! it. Rejected: 0700 as `tempfile` makes it; Postfix's daemons run as another user and would not reach their queue.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::fault::Fault;

pub(super) struct Folder(TempDir);

/// Whom a file or folder shall belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Folder {
    pub(super) fn new(name: &str) -> Result<Self, Fault> {
        Self::inside(&std::env::temp_dir(), name)
    }

    /// The same in this folder, where hard links can be made to what lies beside it.
    pub(super) fn inside(parent: &Path, name: &str) -> Result<Self, Fault> {
        let made = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(parent);
        let folder = Self(made.map_err(|source| Fault::Prepare { path: parent.to_owned(), source })?);
        permit(folder.path(), 0o711)?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The random name, which tells this instance from all others.
    pub(super) fn name(&self) -> String {
        self.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf, Fault> {
        let path = self.join(name);
        at(&path, fs::write(&path, content))?;
        Ok(path)
    }

    /// Makes a folder with this mode; with an owner if this process may give files away.
    pub(super) fn make(&self, name: &str, mode: u32, owner: Option<Owner>) -> Result<PathBuf, Fault> {
        let path = self.join(name);
        at(&path, fs::create_dir_all(&path))?;
        give(&path, owner)?;
        permit(&path, mode)?;
        Ok(path)
    }
}

pub(super) fn permit(path: &Path, mode: u32) -> Result<(), Fault> {
    at(path, fs::set_permissions(path, Permissions::from_mode(mode)))
}

pub(super) fn give(path: &Path, owner: Option<Owner>) -> Result<(), Fault> {
    match owner {
        Some(owner) => at(path, chown(path, Some(owner.uid), Some(owner.gid))),
        None => Ok(()),
    }
}

/// An I/O error with the path that it is about.
pub(super) fn at<T>(path: &Path, outcome: io::Result<T>) -> Result<T, Fault> {
    outcome.map_err(|source| Fault::Prepare { path: path.to_owned(), source })
}
