//! What each part of the office last said of itself, for `status`.

use rusqlite::{Connection, params};

use super::StoreError;
use crate::desk::text::date::utc_text;

/// One fact about a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    /// `account:NAME`, `courier`, `clerk` or `daemon`.
    pub part: String,
    pub state: String,
    pub sentence: Option<String>,
    /// The fact is a success at this time, UTC seconds.
    pub success_at: Option<i64>,
    /// UTC seconds.
    pub retry_at: Option<i64>,
    /// Mails in the folder, and its next UID.
    pub mails: Option<u32>,
    pub next_uid: Option<u32>,
}

/// Writes a fact over the part's last one; successes and counts that the new one does not tell stay.
///
/// # Errors
/// [`StoreError`].
pub fn note(connection: &Connection, fact: &Fact, now: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO health (part, state, sentence, changed_at, last_success_at, retry_at, mails, next_uid) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET state = excluded.state, sentence = excluded.sentence, changed_at = excluded.changed_at, retry_at = excluded.retry_at,
                last_success_at = coalesce(excluded.last_success_at, last_success_at), mails = coalesce(excluded.mails, mails), next_uid = coalesce(excluded.next_uid, next_uid)",
        )?
        .execute(params![
            fact.part,
            fact.state,
            fact.sentence,
            utc_text(now),
            fact.success_at.map(utc_text),
            fact.retry_at.map(utc_text),
            fact.mails,
            fact.next_uid,
        ])?;
    Ok(())
}

/// Forgets the parts of an earlier run: an account that is no longer configured must not look sick for ever.
///
/// # Errors
/// [`StoreError`].
pub fn forget_others(connection: &Connection, parts: &[String]) -> Result<(), StoreError> {
    let known: Vec<String> = {
        let mut statement = connection.prepare("SELECT part FROM health")?;
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for part in known.iter().filter(|part| !parts.contains(part)) {
        connection.execute("DELETE FROM health WHERE part = ?1", params![part])?;
    }
    Ok(())
}
