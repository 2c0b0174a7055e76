//! Letters that came back: which one a bounce speaks of, and whether its address is left alone from now on.
//!
//! Promises: an address is suspended only by a bounce that names our letter's Message-ID and this address; a bounce that names an
//! address alone is shown as unproven and changes nothing, since anybody can write one.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::desk::bounce::{Bounce, Failure};
use crate::desk::text::date::utc_text;

/// A bounced letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub reply: i64,
    pub recipient: String,
    pub proof: Proof,
}

/// How sure it is that the bounce is about the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It names the letter's Message-ID, which the office made.
    MessageId,
    /// It names an address that a letter went to not long ago.
    Address,
}

/// A bounce comes within the five days that mail systems try (RFC 5321 section 4.5.4.1), and some slack. Seconds.
const LATEST: i64 = 14 * 24 * 60 * 60;

/// Finds the letter that a bounce speaks of.
pub(super) fn link(connection: &Connection, bounce: &Bounce, now: i64) -> Result<Option<Linked>, StoreError> {
    let mut by_id = connection.prepare_cached("SELECT id, recipient FROM replies WHERE message_id = ?1")?;
    for id in &bounce.letters {
        let found = by_id.query_row(params![id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((reply, recipient)) = found {
            return Ok(Some(Linked { reply, recipient, proof: Proof::MessageId }));
        }
    }
    let mut by_address = connection.prepare_cached(
        "SELECT id FROM replies WHERE recipient = ?1 AND state IN ('data', 'sent', 'unknown') AND changed_at > ?2 ORDER BY id DESC LIMIT 1",
    )?;
    let since = utc_text(now.saturating_sub(LATEST));
    for address in &bounce.addresses {
        if let Some(reply) = by_address.query_row(params![address, since], |row| row.get(0)).optional()? {
            return Ok(Some(Linked { reply, recipient: address.clone(), proof: Proof::Address }));
        }
    }
    Ok(None)
}

/// Writes down that a letter came back, as a mail says.
pub(super) fn note(connection: &Connection, submission: i64, bounce: &Bounce, linked: &Linked, now: i64) -> Result<(), StoreError> {
    let is_proven = linked.proof == Proof::MessageId;
    let suspends = is_proven && bounce.failure == Failure::UnknownAddress && bounce.addresses.contains(&linked.recipient);
    // A second one of the same sort says nothing new, and anybody can write thousands.
    let sql = "INSERT INTO bounces (address, at, words, reply, submission, status, suspends, proven)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (
             SELECT 1 FROM bounces WHERE reply = ?4 AND proven = ?8 AND suspends = ?7 AND at >= (SELECT changed_at FROM replies WHERE id = ?4))";
    connection.prepare_cached(sql)?.execute(params![
        linked.recipient,
        utc_text(now),
        bounce.words,
        linked.reply,
        submission,
        bounce.status,
        suspends,
        is_proven
    ])?;
    Ok(())
}

/// Writes down that the SMTP server called a letter's address unknown.
pub(super) fn note_refusal(connection: &Connection, reply: i64, status: Option<&str>, words: &str, now: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO bounces (address, at, words, reply, status) SELECT recipient, ?2, ?3, ?1, ?4 FROM replies WHERE id = ?1",
        )?
        .execute(params![reply, utc_text(now), words, status])?;
    Ok(())
}

/// When the address was last called unknown.
pub(super) fn suspended_at(connection: &Connection, address: &str) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT max(at) FROM bounces WHERE address = ?1 AND suspends = 1")?;
    Ok(statement.query_row(params![address], |row| row.get(0))?)
}

/// An operator sends the letter again, so the address may be written to.
pub(super) fn lift(connection: &Connection, reply: i64) -> Result<(), StoreError> {
    connection.execute("UPDATE bounces SET suspends = 0 WHERE address = (SELECT recipient FROM replies WHERE id = ?1)", params![reply])?;
    Ok(())
}
