//! T1: mails become submissions, and the cursor moves, in one transaction.
//!
//! Promises: the same mail is never two submissions. A UID that was handed over before is not stored again, unless the
//! server gave the UID to another mail; bytes that are known already are recognised under any UID, since a changed
//! UIDVALIDITY, a restored server or a mail that was moved out and back must not be judged and answered twice.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::files::{Files, LARGE};
use super::raw::{self, Packed};
use super::{StoreError, latest};
use crate::desk::text::date::utc_text;
use crate::fingerprint::sha256;

/// One mail as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub uid: u32,
    /// INTERNALDATE, UTC seconds.
    pub internal_date: Option<i64>,
    /// Of the whole mail.
    pub size: u64,
    /// Fingerprint of the bytes: the same mail, the same fingerprint.
    pub sha256: String,
    pub raw: AtRest,
    pub content: Kept,
    pub sighting: Sighting,
}

impl Incoming {
    /// Packs a mail for its rows, or puts a large one into its file. Takes a while, so it is done beside the store's thread. `size` in bytes
    /// is that of the whole mail, `bytes` is what of it is kept.
    ///
    /// # Errors
    /// [`StoreError`] with the remedy when a file cannot be written; [`StoreError::Row`] when there is no memory for the compressor.
    pub fn laid_down(
        files: &Files,
        uid: u32,
        internal_date: Option<i64>,
        size: u64,
        (content, bytes): (Kept, &[u8]),
        sighting: Sighting,
    ) -> Result<Self, StoreError> {
        let sha256 = fingerprint(bytes, content, size);
        let raw = if content == Kept::Whole && bytes.len() > LARGE {
            files.keep(&sha256, bytes)?;
            AtRest::File
        } else {
            AtRest::Rows(Packed::of(bytes)?)
        };
        Ok(Self { uid, internal_date, size, sha256, raw, content, sighting })
    }
}

/// Where a mail's bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtRest {
    Rows(Packed),
    /// Named by the mail's fingerprint.
    File,
}

impl AtRest {
    const fn word(&self) -> &'static str {
        match self {
            Self::Rows(_) => "rows",
            Self::File => "file",
        }
    }
}

/// How much of a mail is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Whole,
    /// Over the size limit: its header block alone.
    Headers,
}

impl Kept {
    const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Headers => "headers",
        }
    }
}

/// Under which circumstances a mail was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    Live,
    FirstSync,
    Rescan,
}

impl Sighting {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::FirstSync => "first_sync",
            Self::Rescan => "rescan",
        }
    }

    pub(super) fn of_word(word: &str) -> Result<Self, StoreError> {
        match word {
            "live" => Ok(Self::Live),
            "first_sync" => Ok(Self::FirstSync),
            "rescan" => Ok(Self::Rescan),
            other => Err(StoreError::Row(format!("{other:?} is no sighting"))),
        }
    }
}

/// A folder in one numbering of its mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub folder: String,
    pub uidvalidity: u32,
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub uidvalidity: u32,
    pub next_uid: u32,
    pub backlog: Option<(u32, Sighting)>,
}

/// What one transaction takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub place: Place,
    pub mails: Vec<Incoming>,
    /// UID and reason of mails that the server could not hand out.
    pub quarantined: Vec<(u32, String)>,
    /// UIDs that are confirmed gone.
    pub absent: Vec<u32>,
    pub next_uid: u32,
    pub backlog: Option<(u32, Sighting)>,
}

/// Takes batches, one after the other, in one transaction. `now` in UTC seconds; `zone` numbers the receipts by the office's day.
/// Returns the submission that each mail became, in the order of the mails; none where it was one already.
///
/// # Errors
/// [`StoreError`]; then nothing of the batches was taken and the cursor stays.
pub fn receive(
    connection: &mut Connection,
    batches: &[Batch],
    zone: &jiff::tz::TimeZone,
    now: i64,
) -> Result<Vec<Option<i64>>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut taken = Vec::with_capacity(batches.iter().map(|batch| batch.mails.len()).sum());
    for batch in batches {
        for mail in &batch.mails {
            taken.push(receive_mail(&transaction, &batch.place, mail, zone, now)?);
        }
        for (uid, reason) in &batch.quarantined {
            quarantine(&transaction, &batch.place, *uid, reason, now)?;
        }
        for uid in &batch.absent {
            release(&transaction, &batch.place, *uid)?;
        }
        move_cursor(&transaction, batch, now)?;
    }
    transaction.commit()?;
    Ok(taken)
}

/// The submission that a mail becomes; none where it is one already.
fn receive_mail(
    transaction: &Transaction<'_>,
    place: &Place,
    mail: &Incoming,
    zone: &jiff::tz::TimeZone,
    now: i64,
) -> Result<Option<i64>, StoreError> {
    release(transaction, place, mail.uid)?;
    if let Some(submission) = known(transaction, place, &mail.sha256)? {
        sight(transaction, place, mail.uid, submission)?;
        move_to(transaction, place, mail.uid, submission)?;
        return Ok(None);
    }
    let submission = insert(transaction, place, mail, zone, now)?;
    sight(transaction, place, mail.uid, submission)?;
    Ok(Some(submission))
}

/// Header blocks alone are told apart by the size of their mails.
fn fingerprint(bytes: &[u8], content: Kept, size: u64) -> String {
    match content {
        Kept::Whole => sha256(&[bytes]),
        Kept::Headers => sha256(&[bytes, &size.to_be_bytes()]),
    }
}

/// The submission that this mail already is.
fn known(transaction: &Transaction<'_>, place: &Place, sha256: &str) -> Result<Option<i64>, StoreError> {
    let mut statement = transaction.prepare_cached("SELECT id FROM submissions WHERE account = ?1 AND sha256 = ?2 ORDER BY id LIMIT 1")?;
    Ok(statement.query_row(params![place.account, sha256], |row| row.get(0)).optional()?)
}

fn insert(transaction: &Transaction<'_>, place: &Place, mail: &Incoming, zone: &jiff::tz::TimeZone, now: i64) -> Result<i64, StoreError> {
    let received = mail.internal_date.filter(|date| *date > 0 && *date <= now.saturating_add(60)).unwrap_or(now);
    // As SQLite numbers rows itself; known beforehand, since the receipt holds the number.
    let id: i64 = transaction.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM submissions")?.query_row([], |row| row.get(0))?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO submissions (account, folder, uidvalidity, uid, sha256, size, content, sighting, received_at, stored_at, id, receipt,
            kept)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(params![
        place.account,
        place.folder,
        place.uidvalidity,
        mail.uid,
        mail.sha256,
        i64::try_from(mail.size).unwrap_or(i64::MAX),
        mail.content.word(),
        mail.sighting.word(),
        utc_text(received),
        utc_text(now),
        id,
        receipt(id, received, zone),
        mail.raw.word(),
    ])?;
    if let AtRest::Rows(packed) = &mail.raw {
        raw::keep(transaction, id, packed)?;
    }
    Ok(id)
}

/// The number that the applicant is told: the office's day of receipt and a running number, which no two submissions share.
fn receipt(id: i64, received: i64, zone: &jiff::tz::TimeZone) -> String {
    let day = jiff::Timestamp::from_second(received)
        .map(|timestamp| timestamp.to_zoned(zone.clone()).strftime("%Y%m%d").to_string())
        .unwrap_or_default();
    format!("{day}-{id:06}")
}

/// Notes where a submission was seen.
fn sight(transaction: &Transaction<'_>, place: &Place, uid: u32, submission: i64) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO sightings (account, folder, uidvalidity, uid, submission) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![place.account, place.folder, place.uidvalidity, uid, submission])?;
    Ok(())
}

/// The newest place is where filing will look for a submission.
fn move_to(transaction: &Transaction<'_>, place: &Place, uid: u32, submission: i64) -> Result<(), StoreError> {
    transaction.prepare_cached("UPDATE submissions SET folder = ?2, uidvalidity = ?3, uid = ?4 WHERE id = ?1")?.execute(params![
        submission,
        place.folder,
        place.uidvalidity,
        uid
    ])?;
    Ok(())
}

/// Waits between the attempts to fetch a quarantined mail, in seconds; the last one repeats.
const QUARANTINE_WAITS: [i64; 5] = [60, 600, 3_600, 21_600, 86_400];

fn quarantine(transaction: &Transaction<'_>, place: &Place, uid: u32, reason: &str, now: i64) -> Result<(), StoreError> {
    let attempts: Option<i64> = transaction
        .prepare_cached("SELECT attempts FROM quarantine WHERE account = ?1 AND folder = ?2 AND uidvalidity = ?3 AND uid = ?4")?
        .query_row(params![place.account, place.folder, place.uidvalidity, uid], |row| row.get(0))
        .optional()?;
    let attempts = attempts.unwrap_or(0);
    let step = usize::try_from(attempts).unwrap_or(usize::MAX).min(QUARANTINE_WAITS.len() - 1);
    let wait = QUARANTINE_WAITS.get(step).copied().unwrap_or(86_400);
    transaction
        .prepare_cached(
            "INSERT INTO quarantine (account, folder, uidvalidity, uid, reason, attempts, first_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)
             ON CONFLICT DO UPDATE SET reason = excluded.reason, attempts = attempts + 1, next_at = excluded.next_at",
        )?
        .execute(params![place.account, place.folder, place.uidvalidity, uid, reason, utc_text(now), utc_text(now.saturating_add(wait))])?;
    Ok(())
}

fn release(transaction: &Transaction<'_>, place: &Place, uid: u32) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM quarantine WHERE account = ?1 AND folder = ?2 AND uidvalidity = ?3 AND uid = ?4")?
        .execute(params![place.account, place.folder, place.uidvalidity, uid])?;
    Ok(())
}

fn move_cursor(transaction: &Transaction<'_>, batch: &Batch, now: i64) -> Result<(), StoreError> {
    let (until, sighting) = batch.backlog.unzip();
    transaction
        .prepare_cached(
            "INSERT INTO cursors (account, folder, uidvalidity, next_uid, backlog_until, backlog_sighting, moved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET uidvalidity = excluded.uidvalidity, next_uid = excluded.next_uid,
                backlog_until = excluded.backlog_until, backlog_sighting = excluded.backlog_sighting, moved_at = excluded.moved_at",
        )?
        .execute(params![
            batch.place.account,
            batch.place.folder,
            batch.place.uidvalidity,
            batch.next_uid,
            until,
            sighting.map(Sighting::word),
            utc_text(now),
        ])?;
    Ok(())
}

/// Where reading of a folder goes on.
///
/// # Errors
/// [`StoreError`].
pub fn cursor(connection: &Connection, account: &str, folder: &str) -> Result<Option<Cursor>, StoreError> {
    let row = connection
        .prepare_cached("SELECT uidvalidity, next_uid, backlog_until, backlog_sighting FROM cursors WHERE account = ?1 AND folder = ?2")?
        .query_row(params![account, folder], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<u32>>(2)?, row.get::<_, Option<String>>(3)?))
        })
        .optional()?;
    let Some((uidvalidity, next_uid, until, sighting)) = row else { return Ok(None) };
    let backlog = match (until, sighting) {
        (Some(until), Some(sighting)) => Some((until, Sighting::of_word(&sighting)?)),
        _ => None,
    };
    Ok(Some(Cursor { uidvalidity, next_uid, backlog }))
}

/// Every UID from `from` to `to` that was handed over or quarantined, ascending.
///
/// # Errors
/// [`StoreError`].
pub fn known_uids(connection: &Connection, place: &Place, from: u32, to: u32) -> Result<Vec<u32>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT uid FROM sightings WHERE account = ?1 AND folder = ?2 AND uidvalidity = ?3 AND uid BETWEEN ?4 AND ?5
         UNION SELECT uid FROM quarantine WHERE account = ?1 AND folder = ?2 AND uidvalidity = ?3 AND uid BETWEEN ?4 AND ?5 ORDER BY uid",
    )?;
    let rows = statement.query_map(params![place.account, place.folder, place.uidvalidity, from, to], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The quarantined UIDs whose next attempt is due.
///
/// # Errors
/// [`StoreError`].
pub fn due_quarantine(connection: &Connection, place: &Place, now: i64) -> Result<Vec<u32>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT uid FROM quarantine WHERE account = ?1 AND folder = ?2 AND uidvalidity = ?3 AND (next_at <= ?4 OR next_at > ?5)
         ORDER BY uid LIMIT 100",
    )?;
    let rows =
        statement.query_map(params![place.account, place.folder, place.uidvalidity, utc_text(now), latest(now)], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One judged mail that waits for its keyword or its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub submission: i64,
    pub uid: u32,
    /// `keyword` or `move`.
    pub action: String,
    pub target: String,
}

/// Mails of this place that wait for their filing, the oldest first. A UID that was given to another mail since is not theirs any more.
///
/// # Errors
/// [`StoreError`].
pub fn filings(connection: &Connection, place: &Place, limit: usize) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT f.submission, s.uid, f.action, f.target FROM filings f JOIN submissions s ON s.id = f.submission
         JOIN sightings g ON g.account = s.account AND g.folder = s.folder AND g.uidvalidity = s.uidvalidity AND g.uid = s.uid AND g.submission = s.id
         WHERE f.state = 'waiting' AND s.account = ?1 AND s.folder = ?2 AND s.uidvalidity = ?3 ORDER BY f.submission LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![place.account, place.folder, place.uidvalidity, limit], |row| {
        Ok(Waiting { submission: row.get(0)?, uid: row.get(1)?, action: row.get(2)?, target: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// T5: the server has answered; `refusal` is its sentence where it did not obey.
///
/// # Errors
/// [`StoreError`].
pub fn filed(connection: &Connection, submission: i64, refusal: Option<&str>, now: i64) -> Result<(), StoreError> {
    let state = if refusal.is_some() { "refused" } else { "done" };
    connection.prepare_cached("UPDATE filings SET state = ?2, sentence = ?3, changed_at = ?4 WHERE submission = ?1")?.execute(params![
        submission,
        state,
        refusal,
        utc_text(now)
    ])?;
    Ok(())
}
