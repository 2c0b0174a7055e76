//! The circuit breaker: when more letters would go out than an office ever sends, all of them wait for a person.
//!
//! Promises: it trips in the transaction that writes the first letter too many, and takes every letter along that has not left; it is
//! closed by an operator alone, never by time.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;

use super::StoreError;
use crate::desk::text::date::utc_text;

/// That letters are being held, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tripped {
    pub tripped_at: String,
    /// Letters in the hour before.
    pub letters: u32,
}

/// Whether letters are being held.
///
/// # Errors
/// [`StoreError`].
pub fn tripped(connection: &Connection) -> Result<Option<Tripped>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT tripped_at, letters FROM breaker WHERE resumed_at IS NULL ORDER BY id DESC LIMIT 1")?;
    Ok(statement.query_row([], |row| Ok(Tripped { tripped_at: row.get(0)?, letters: row.get(1)? })).optional()?)
}

/// When sending was last resumed, up to the time `latest`: letters from before do not count again. One of years to come would let every
/// letter pass until then.
pub(super) fn resumed_at(connection: &Connection, latest: &str) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT max(resumed_at) FROM breaker WHERE resumed_at <= ?1")?;
    Ok(statement.query_row(params![latest], |row| row.get(0))?)
}

/// Trips it: every letter that waits for its time waits for a person instead. To be called in the transaction that writes the letter.
pub(super) fn trip(connection: &Connection, letters: u32, now: i64) -> Result<(), StoreError> {
    let at = utc_text(now);
    connection.execute("INSERT INTO breaker (tripped_at, letters) VALUES (?1, ?2)", params![at, letters])?;
    connection.execute(
        "UPDATE replies SET state = 'held', hold_reason = 'breaker', next_attempt_at = NULL, changed_at = ?1 WHERE state = 'queued'",
        params![at],
    )?;
    // Those that are on their way may come back untaken.
    connection.execute("UPDATE replies SET hold_reason = 'breaker' WHERE state IN ('sending', 'data')", [])?;
    Ok(())
}

/// Letters that were on their way when it tripped and would wait for their next time wait for a person instead.
pub(super) fn hold_returned(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE replies SET state = 'held', next_attempt_at = NULL WHERE state = 'queued' AND hold_reason = 'breaker'")?
        .execute([])?;
    Ok(())
}

/// Closes it again and writes that into the audit; the held letters stay held. False where nothing was halted.
///
/// # Errors
/// [`StoreError`].
pub fn resume(connection: &mut Connection, actor: &str, now: i64) -> Result<bool, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let at = utc_text(now);
    let resumed =
        transaction.execute("UPDATE breaker SET resumed_at = ?1, resumed_by = ?2 WHERE resumed_at IS NULL", params![at, actor])?;
    if resumed > 0 {
        // Letters still on their way may come back: nobody waits for them any more.
        transaction.execute("UPDATE replies SET hold_reason = NULL WHERE state IN ('sending', 'data')", [])?;
        transaction.execute(
            "INSERT INTO audit (at, actor, action, object, detail) VALUES (?1, ?2, 'outbox resume', 'breaker', NULL)",
            params![at, actor],
        )?;
    }
    transaction.commit()?;
    Ok(resumed > 0)
}
