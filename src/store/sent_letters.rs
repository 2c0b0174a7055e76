//! Copies in the folder for sent mail: which are to be made, and which stand there although the store knows nothing of them.
//!
//! Promises: a letter that stands there was sent, whatever an older store says; no second one is written about the same mail. A letter
//! whose copy this store made itself, and that an operator sends again, is not taken for one.

use rusqlite::{Connection, TransactionBehavior, params};

use super::StoreError;
use crate::desk::letter::{FINGERPRINT, fingerprint_in};
use crate::desk::text::date::utc_text;

/// A letter whose copy is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub id: i64,
    pub bytes: Vec<u8>,
}

/// Letters of this account that were sent and not copied yet, oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn wanted(connection: &Connection, account: &str, limit: usize) -> Result<Vec<Wanted>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT r.id, r.bytes FROM replies r CROSS JOIN submissions s ON s.id = r.submission
         WHERE r.copy = 'wanted' AND r.state = 'sent' AND s.account = ?1 ORDER BY r.id LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(params![account, limit], |row| Ok(Wanted { id: row.get(0)?, bytes: row.get(1)? }))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A copy was made, or will never be.
///
/// # Errors
/// [`StoreError`].
pub fn copied(connection: &Connection, id: i64, is_refused: bool) -> Result<(), StoreError> {
    let word = if is_refused { "refused" } else { "done" };
    connection.prepare_cached("UPDATE replies SET copy = ?2 WHERE id = ?1")?.execute(params![id, word])?;
    Ok(())
}

/// What the folder taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Learnt {
    /// Letters that the store had as unsent, or not known whether.
    pub sent: usize,
    /// Letters that the store did not know at all.
    pub unknown: usize,
}

/// Takes the Message-IDs of a folder for sent mail; those that are not ours do not count.
///
/// # Errors
/// [`StoreError`].
pub fn learn(connection: &mut Connection, ids: &[String], now: i64) -> Result<Learnt, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut learnt = Learnt::default();
    let at = utc_text(now);
    for (id, fingerprint) in ids.iter().filter_map(|id| Some((id, fingerprint_in(id)?))) {
        if !transaction.prepare_cached("SELECT 1 FROM replies WHERE message_id = ?1")?.exists(params![id])? {
            let sql = "INSERT OR IGNORE INTO sent_letters (message_id, fingerprint, learnt_at) VALUES (?1, ?2, ?3)";
            learnt.unknown += transaction.prepare_cached(sql)?.execute(params![id, fingerprint, at])?;
            continue;
        }
        learnt.sent += transaction
            .prepare_cached(
                "UPDATE replies SET state = 'sent', hold_reason = NULL, next_attempt_at = NULL, copy = 'done', changed_at = ?2,
                    server_words = 'found in the folder for sent mail'
                 WHERE message_id = ?1 AND state IN ('held', 'queued', 'unknown') AND copy IS NOT 'done'",
            )?
            .execute(params![id, at])?;
        transaction
            .prepare_cached("UPDATE replies SET copy = 'done' WHERE message_id = ?1 AND copy = 'wanted' AND state = 'sent'")?
            .execute(params![id])?;
    }
    transaction.commit()?;
    Ok(learnt)
}

/// Whether a letter about the mail of this sha256 stands in such a folder and in no row.
pub(super) fn answers(connection: &Connection, sha256: &str) -> Result<bool, StoreError> {
    let start = sha256.get(..FINGERPRINT).unwrap_or(sha256);
    Ok(connection.prepare_cached("SELECT 1 FROM sent_letters WHERE fingerprint = ?1")?.exists(params![start])?)
}
