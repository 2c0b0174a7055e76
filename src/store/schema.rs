//! The tables, and how an older file becomes a newer one.
//!
//! Promises: migrations only append; each shares a transaction with its version bump, so that a crash leaves one version or
//! the next, never something between. A file of another program is refused before anything is written to it.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// `PRAGMA application_id`: "UKTS". A SQLite file with another id is not ours.
pub const APPLICATION_ID: i32 = 0x554B_5453;

/// The versions, the oldest first; `PRAGMA user_version` counts them.
const MIGRATIONS: &[&str] = &[include_str!("schema/001.sql"), include_str!("schema/002.sql"), include_str!("schema/003.sql")];

/// Refuses a file that is not ours to change. Reads only.
///
/// # Errors
/// [`StoreError::Foreign`] for another program's file, [`StoreError::Newer`] for a newer uketsuke's, else what SQLite says.
pub fn refuse_others(connection: &Connection) -> Result<(), StoreError> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && objects > 0 {
        return Err(StoreError::Foreign);
    }
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > newest() { Err(StoreError::Newer { version }) } else { Ok(()) }
}

/// Whether the file has today's tables.
///
/// # Errors
/// What SQLite says.
pub fn is_current(connection: &Connection) -> Result<bool, StoreError> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(version == newest())
}

fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Brings the file to the newest version.
///
/// # Errors
/// Those of [`refuse_others`], and what SQLite says.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    refuse_others(connection)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (next, migration) in (1_u32..).zip(MIGRATIONS).filter(|(next, _)| *next > version) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}
