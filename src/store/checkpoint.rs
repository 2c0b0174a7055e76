//! Checkpoints: what was committed into the write-ahead log goes into the file, beside the writer and not in its way.
//!
//! Promises: nothing is committed or lost here; a checkpoint that fails is tried again, and the log keeps what it holds. One that has grown
//! long is emptied by the writer itself, so it stays bounded unless a reader stays in its transaction.
//! Rejected: SQLite's own checkpoints after a commit; while a full mailbox is drained the writer spent a third of its time on them.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::StoreError;

/// Pages that the log has grown by before they are moved: 4 MiB, as SQLite does it.
const PORTION: i32 = 1_000;

/// Pages of a log that the writer empties itself: 32 MiB.
const LONG: i32 = 8_000;

/// Bytes of the log's file that are kept when it begins again: those of a long one. Blocks that are given back each time are got anew each
/// time.
pub(super) const KEPT: u32 = 32 * 1024 * 1024;

/// The thread that moves pages; it ends with the bell, which the writer's connection has.
pub(super) type Thread = JoinHandle<()>;

/// Has the log of the writer's connection checkpointed by a connection of its own.
///
/// # Errors
/// [`StoreError`] when the file cannot be opened once more, or no thread can be started.
pub(super) fn beside(writer: &mut Connection, path: &Path) -> Result<Thread, StoreError> {
    let connection = super::connect(path)?;
    // One ring waits at most: a checkpoint takes whatever is there.
    let (bell, rings) = sync_channel::<()>(1);
    let thread = std::thread::Builder::new()
        .name("checkpoint".to_owned())
        .spawn(move || {
            while rings.recv().is_ok() {
                if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                    tracing::warn!(%error, "Pages of the store could not be moved into its file; nothing is lost, it is tried again.");
                }
            }
        })
        .map_err(|error| StoreError::CannotOpen { path: path.to_path_buf(), detail: error.to_string() })?;
    ring_at_commits(writer, bell)?;
    Ok(thread)
}

fn ring_at_commits(writer: &mut Connection, bell: SyncSender<()>) -> Result<(), StoreError> {
    let (mut rung_at, mut last) = (0, 0);
    writer.wal_hook(Some(move |log: &mut rusqlite::hooks::Wal, pages: i32| {
        if pages <= last {
            // The log was emptied and begins again.
            rung_at = 0;
        }
        last = pages;
        if pages >= LONG {
            // The bell is left alone, so that the pages which are being moved are the last ones that hinder.
            if let Err(error) = log.checkpoint() {
                // Most likely the other connection is at it.
                tracing::debug!(%error, "The long log could not be emptied; the next commit tries again.");
            }
        } else if pages.saturating_sub(rung_at) >= PORTION {
            rung_at = pages;
            // Whoever was rung for has not begun yet, and takes these pages, too.
            let _rung_already = bell.try_send(());
        }
        Ok(())
    }))?;
    Ok(())
}

/// Waits for the checkpoint that is under way, and moves the rest.
pub(super) fn end(writer: &mut Connection, thread: Thread) {
    let nobody: Option<fn(&mut rusqlite::hooks::Wal, i32) -> rusqlite::Result<()>> = None;
    if writer.wal_hook(nobody).is_ok() && thread.join().is_err() {
        tracing::warn!("The thread that checkpoints the store failed.");
    }
    // SQLite tells of a reader in the way in the answer, and not as an error.
    match writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)) {
        Ok(0) => {}
        Ok(_) => tracing::warn!("Somebody reads the store, so it could not be tidied up at the end; that happens at the next start."),
        Err(error) => tracing::warn!(%error, "The store could not be tidied up at the end; that happens at the next start."),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn writer(&self) -> Connection {
            let mut writer = super::super::connect(&self.path()).expect("opened");
            super::super::schema::migrate(&mut writer).expect("migrated");
            writer.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)").expect("made");
            writer
        }

        fn path(&self) -> std::path::PathBuf {
            self.0.path().join("uketsuke.db")
        }
    }

    /// Commits a row of a megabyte.
    fn write(writer: &Connection) {
        writer.execute("INSERT INTO notes (text) VALUES (zeroblob(?1))", params![1 << 20]).expect("written");
    }

    /// Pages in the log, and how many of them are in the file.
    fn pages(connection: &Connection) -> (i32, i32) {
        connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get(1)?, row.get(2)?))).expect("asked")
    }

    #[test]
    fn pages_are_moved_beside_the_writer() {
        let folder = Folder::new();
        let mut writer = folder.writer();
        let thread = beside(&mut writer, &folder.path()).expect("started");
        for _ in 0..8 {
            write(&writer);
        }
        // Until it was rung for, moved and heard of.
        let started = std::time::Instant::now();
        while pages(&writer).1 < PORTION {
            assert!(started.elapsed() < std::time::Duration::from_secs(60), "nobody moves them");
            std::thread::yield_now();
        }
        end(&mut writer, thread);
        assert_eq!(std::fs::metadata(folder.path().with_extension("db-wal")).map(|log| log.len()).unwrap_or(0), 0, "all of it is moved");
        assert!(writer.query_row("SELECT count(*) FROM notes", [], |row| Ok(row.get::<_, i64>(0)? == 8)).expect("read"));
    }

    #[test]
    fn a_log_that_nobody_moves_is_emptied_by_the_writer() {
        let folder = Folder::new();
        let mut writer = folder.writer();
        // Nobody hears this bell.
        let (bell, _rings) = sync_channel(1);
        ring_at_commits(&mut writer, bell).expect("set");
        let mut longest = 0;
        for _ in 0..70 {
            write(&writer);
            longest = longest.max(pages(&writer).0);
        }
        assert!((LONG..LONG + 300).contains(&longest), "{longest}");
        assert!(pages(&writer).0 < LONG, "it began again");
    }

    #[test]
    fn a_reader_who_stays_delays_the_end_of_a_log_and_loses_nothing() {
        let folder = Folder::new();
        let mut writer = folder.writer();
        let thread = beside(&mut writer, &folder.path()).expect("started");
        let reader = super::super::connect(&folder.path()).expect("opened");
        reader.execute_batch("BEGIN; SELECT count(*) FROM notes").expect("reads");
        for _ in 0..70 {
            write(&writer);
        }
        assert!(pages(&writer).0 > LONG);
        reader.execute_batch("COMMIT").expect("done");
        for _ in 0..2 {
            write(&writer);
        }
        assert!(pages(&writer).0 < LONG, "it began again");
        end(&mut writer, thread);
    }
}
