//! The rows: the only shared state of the office, and the only truth.
//!
//! One connection writes, on its own thread; what it runs is synchronous, so no transaction spans an await. Readers open the
//! file read-only. WAL with `synchronous=FULL`: what was committed survives a power cut.
//! Rejected: a pool of writing connections; SQLite has one writer anyway, and a queue in front of it is fair and visible.

pub mod bounces;
pub mod breaker;
mod checkpoint;
pub mod conclusion;
pub mod files;
pub mod health;
pub mod intake;
pub mod outbox;
pub mod query;
pub mod raw;
mod schema;
pub mod sent_letters;
pub mod standing;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use self::files::Files;
use crate::desk::text::date::utc_text;

/// Why the store cannot do its work. Each text ends with what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store's disk is full; free some space: nothing is lost, mails stay on the server and judging goes on by itself")]
    DiskFull,
    #[error("the store is in use by another uketsuke; stop that one first (systemctl status uketsuke)")]
    InUse,
    #[error("the store is locked by another program; close what has the file open (a database browser, a backup) and try again")]
    Locked,
    #[error("the file belongs to another program; name a new file in [store] path, or move this one away")]
    Foreign,
    #[error("the file was written by a newer uketsuke (version {version} of its tables); install that version again")]
    Newer { version: u32 },
    #[error("the file was written by an older uketsuke; the daemon brings it up to date when it starts (systemctl restart uketsuke)")]
    Older,
    #[error("the file is damaged ({detail}); stop the daemon, keep the file, and restore the last backup")]
    Damaged { detail: String },
    #[error("the file {} cannot be opened ({detail}); its folder must exist and belong to the service's user", path.display())]
    CannotOpen { path: PathBuf, detail: String },
    #[error("the store cannot be written ({detail}); the file and its folder must be writable for the service's user")]
    ReadOnly { detail: String },
    #[error("the store failed: {0}")]
    Sqlite(rusqlite::Error),
    #[error("the store's thread has ended")]
    Closed,
    #[error("a row of the store cannot be read: {0}")]
    Row(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { detail: error.to_string() },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { detail: error.to_string() },
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// Whether what was to be written or read is at fault, and not the file, its disk or its neighbours: it fails again, however often it
    /// is tried.
    #[must_use]
    pub fn is_about_rows(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(code) => matches!(code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig),
                // Values that SQLite cannot take, or that are none of ours. A statement that does not fit the tables is the file's fault.
                None => matches!(
                    error,
                    rusqlite::Error::FromSqlConversionFailure(..)
                        | rusqlite::Error::IntegralValueOutOfRange(..)
                        | rusqlite::Error::Utf8Error(..)
                        | rusqlite::Error::NulError(..)
                        | rusqlite::Error::InvalidColumnType(..)
                        | rusqlite::Error::ToSqlConversionFailure(..)
                ),
            },
            Self::DiskFull
            | Self::InUse
            | Self::Locked
            | Self::Foreign
            | Self::Newer { .. }
            | Self::Older
            | Self::Damaged { .. }
            | Self::CannotOpen { .. }
            | Self::ReadOnly { .. }
            | Self::Closed => false,
        }
    }
}

/// What the writing thread runs.
type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Jobs that may wait for the writer; more make their senders wait.
const WAITING_JOBS: usize = 64;

/// How long a statement waits for another program's lock.
const BUSY: Duration = Duration::from_secs(5);

/// A handle to the writing connection. Cheap to clone; the thread ends when the last handle is gone.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    path: PathBuf,
    files: Arc<Files>,
}

/// Ends with the store's last handle; joining it waits for the last commit and the final checkpoint.
pub type WriterThread = std::thread::JoinHandle<()>;

impl Store {
    /// Opens, locks and migrates the file, and starts its writing thread.
    ///
    /// # Errors
    /// [`StoreError`] with the remedy.
    pub fn open(path: &Path) -> Result<(Self, WriterThread), StoreError> {
        let lock = lock(path)?;
        let mut connection = connect(path)?;
        schema::migrate(&mut connection)?;
        let files = Files::beside(path);
        files.open()?;
        erase(&connection, &files)?;
        let checkpoints = checkpoint::beside(&mut connection, path)?;
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_JOBS);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                while let Some(job) = waiting.blocking_recv() {
                    job(&mut connection);
                }
                checkpoint::end(&mut connection, checkpoints);
                drop(connection);
                drop(lock);
            })
            .map_err(|error| StoreError::CannotOpen { path: path.to_path_buf(), detail: error.to_string() })?;
        Ok((Self { jobs, path: path.to_path_buf(), files: Arc::new(files) }, thread))
    }

    /// Runs a job on the writing connection and waits for it.
    ///
    /// # Errors
    /// The job's own, or [`StoreError::Closed`].
    pub async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // The asker may have gone; the work is done all the same.
            let _gone = answer.send(job(connection));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Hands a job to the writing connection without waiting; dropped when the queue is full. For health facts only: its commit waits for
    /// no disk, so that no mail waits for a fact; a power cut may take the last ones back.
    pub fn write_later<F>(&self, job: F)
    where
        F: FnOnce(&mut Connection) -> Result<(), StoreError> + Send + 'static,
    {
        let job: Job = Box::new(move |connection| {
            if let Err(error) = without_waiting_for_the_disk(connection, job) {
                tracing::warn!(%error, "A health fact could not be written.");
            }
        });
        if self.jobs.try_send(job).is_err() {
            tracing::debug!("The store is busy; a health fact was dropped.");
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The large mails beside it.
    #[must_use]
    pub fn files(&self) -> Arc<Files> {
        Arc::clone(&self.files)
    }
}

/// Removes the files of submissions that somebody deleted; one that cannot be removed is tried again at the next start.
fn erase(connection: &Connection, files: &Files) -> Result<(), StoreError> {
    let names: Vec<String> =
        connection.prepare("SELECT sha256 FROM erased_files")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        // Another account may have had the same mail, or the mailbox had it still.
        let is_kept: bool =
            connection
                .query_row("SELECT EXISTS (SELECT 1 FROM submissions WHERE sha256 = ?1 AND kept = 'file')", [&name], |row| row.get(0))?;
        if !is_kept && let Err(error) = files.remove(&name) {
            tracing::warn!(%error, "The file of an erased mail could not be removed; it is tried again at the next start.");
            continue;
        }
        connection.execute("DELETE FROM erased_files WHERE sha256 = ?1", [&name])?;
    }
    Ok(())
}

/// Runs a job whose commit may be taken back by a power cut, but not by the end of the process (`synchronous=NORMAL` in WAL mode).
fn without_waiting_for_the_disk<T>(
    connection: &mut Connection,
    job: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    let outcome = job(connection);
    let waits_again = connection.execute_batch("PRAGMA synchronous = FULL").or_else(|_| {
        // SQLite refuses it within a transaction, which a failed job may have left open.
        connection.execute_batch("ROLLBACK; PRAGMA synchronous = FULL")
    });
    outcome.and_then(|done| Ok(waits_again.map(|()| done)?))
}

/// One daemon a store: the lock vanishes with the process, however it ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    let cannot = |error: std::io::Error| StoreError::CannotOpen { path: path.to_path_buf(), detail: error.to_string() };
    let file = File::options().create(true).truncate(false).write(true).open(lock_path(path)).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Whether a daemon holds the store now. Asks the kernel who holds the lock, without taking it.
#[must_use]
pub fn is_served(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(lock_path(path)) else { return false };
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata).to_string();
    // `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF` (proc(5)); the sixth column ends with the inode.
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().filter_map(|line| line.split_whitespace().nth(5)).any(|file| file.rsplit(':').next() == Some(inode.as_str()))
}

/// Opens the writing connection with everything that keeps the rows safe.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| opening(path, error))?;
    connection.busy_timeout(BUSY)?;
    // First of all: the journal's mode is written into the file.
    schema::refuse_others(&connection)?;
    // Without it SQLite plans several of our statements again at every new value that is bound to them: a tenth of all work.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA journal_size_limit = {};
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;",
        checkpoint::KEPT
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn opening(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => StoreError::CannotOpen { path: path.to_path_buf(), detail: error.to_string() },
        _ => error.into(),
    }
}

/// Opens the file for reading alone: `status`, `list`, `show`. Works while the daemon runs.
///
/// # Errors
/// [`StoreError`] with the remedy; also when the file does not exist yet.
pub fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| opening(path, error))?;
    connection.busy_timeout(BUSY)?;
    ours(&connection)?;
    Ok(connection)
}

/// Opens the file for an operator's command (`outbox release` …) beside a running daemon.
///
/// # Errors
/// [`StoreError`] with the remedy; also when the file does not exist yet.
pub fn open_for_operator(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| opening(path, error))?;
    connection.busy_timeout(BUSY)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;")?;
    ours(&connection)?;
    Ok(connection)
}

fn ours(connection: &Connection) -> Result<(), StoreError> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application != schema::APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    schema::refuse_others(connection)?;
    if schema::is_current(connection)? { Ok(()) } else { Err(StoreError::Older) }
}

/// How far ahead times of rows are believed, in seconds: twice the longest wait, that of a mail in quarantine. What waits for a later time
/// was put off by a clock that ran ahead (or the clock is behind now), and waits no longer. That a letter was sent is believed whatever its
/// time: nobody gets a second one because a clock is wrong.
const FURTHEST_AHEAD: i64 = 2 * 86_400;

/// The latest time of a row that is believed.
fn latest(now: i64) -> String {
    utc_text(now.saturating_add(FURTHEST_AHEAD))
}

/// A point in time of a row, in UTC seconds.
fn seconds(text: &str) -> Result<i64, StoreError> {
    text.parse::<jiff::Timestamp>()
        .map(|timestamp| timestamp.as_second())
        .map_err(|_| StoreError::Row(format!("{text:?} is no RFC 3339 time")))
}

/// A database of its own for tests that need no file.
#[cfg(test)]
fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().expect("opened");
    connection.execute_batch("PRAGMA foreign_keys = ON").expect("set");
    schema::migrate(&mut connection).expect("migrated");
    connection
}

#[cfg(test)]
mod tests;
