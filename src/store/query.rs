//! What `status`, `list`, `show` and `outbox` read. Read-only, beside a running daemon.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::StoreError;
use super::breaker::{self, Tripped};
use super::files::Files;
use super::raw;

/// The health of everything, as rows tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub parts: Vec<Part>,
    pub mailboxes: Vec<Mailbox>,
    /// Submissions by verdict's word.
    pub verdicts: Vec<(String, u64)>,
    /// Submissions that wait for their verdict, and since when the oldest.
    pub waiting: u64,
    pub waiting_since: Option<String>,
    /// Letters by state's word.
    pub letters: Vec<(String, u64)>,
    pub quarantined: u64,
    /// Filings that a server refused.
    pub filings_refused: u64,
    /// Applicants whose letter cannot be addressed.
    pub unreachable: u64,
    /// Submissions with `missing` or `wrong_type` that got no letter, by the gate's word.
    pub withheld: Vec<(String, u64)>,
    /// That all letters are being held.
    pub breaker: Option<Tripped>,
    /// Letters that have waited for their time for more than an hour.
    pub overdue: u64,
    /// Letters that came back in the last week and were not sent again.
    pub bounced: u64,
}

/// A part of the office, as it last spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub part: String,
    pub state: String,
    pub sentence: Option<String>,
    pub changed_at: String,
    pub last_success_at: Option<String>,
    pub retry_at: Option<String>,
    pub mails: Option<u32>,
    pub next_uid: Option<u32>,
}

/// Where reading of a folder stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    pub account: String,
    pub folder: String,
    pub uidvalidity: u32,
    pub next_uid: u32,
    pub moved_at: String,
    /// Mails from before we came that are still to be read, up to this UID.
    pub backlog_until: Option<u32>,
}

/// Collects the status.
///
/// # Errors
/// [`StoreError`].
pub fn status(connection: &Connection) -> Result<Status, StoreError> {
    let waiting = connection
        .query_row("SELECT count(*), min(stored_at) FROM submissions WHERE verdict IS NULL", [], |row| Ok((count(row, 0)?, row.get(1)?)))?;
    let withheld = rows(
        connection,
        "SELECT reply_gate, count(*) FROM submissions WHERE verdict IN ('missing', 'wrong_type') AND reply_gate IS NOT NULL
         GROUP BY reply_gate ORDER BY reply_gate",
        counted,
    )?;
    Ok(Status {
        parts: parts(connection)?,
        mailboxes: rows(
            connection,
            "SELECT account, folder, uidvalidity, next_uid, moved_at, backlog_until FROM cursors ORDER BY account, folder",
            |row| {
                Ok(Mailbox {
                    account: row.get(0)?,
                    folder: row.get(1)?,
                    uidvalidity: row.get(2)?,
                    next_uid: row.get(3)?,
                    moved_at: row.get(4)?,
                    backlog_until: row.get(5)?,
                })
            },
        )?,
        verdicts: rows(
            connection,
            "SELECT verdict, count(*) FROM submissions WHERE verdict IS NOT NULL GROUP BY verdict ORDER BY verdict",
            counted,
        )?,
        waiting: waiting.0,
        waiting_since: waiting.1,
        letters: rows(connection, "SELECT state, count(*) FROM replies GROUP BY state ORDER BY state", counted)?,
        quarantined: number(connection, "SELECT count(*) FROM quarantine")?,
        filings_refused: number(connection, "SELECT count(*) FROM filings WHERE state = 'refused'")?,
        unreachable: withheld.iter().find(|(gate, _)| gate == "address").map_or(0, |(_, number)| *number),
        withheld,
        overdue: number(
            connection,
            "SELECT count(*) FROM replies WHERE state = 'queued' AND next_attempt_at < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour')",
        )?,
        breaker: breaker::tripped(connection)?,
        bounced: number(
            connection,
            "SELECT count(DISTINCT r.id) FROM bounces b CROSS JOIN replies r ON r.id = b.reply
             WHERE r.state = 'sent' AND b.proven = 1 AND b.at >= r.changed_at AND b.at > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-7 days')",
        )?,
    })
}

fn rows<T>(connection: &Connection, sql: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let found = statement.query_map([], read)?.collect::<Result<Vec<T>, _>>()?;
    Ok(found)
}

fn parts(connection: &Connection) -> Result<Vec<Part>, StoreError> {
    rows(
        connection,
        "SELECT part, state, sentence, changed_at, last_success_at, retry_at, mails, next_uid FROM health ORDER BY part",
        |row| {
            Ok(Part {
                part: row.get(0)?,
                state: row.get(1)?,
                sentence: row.get(2)?,
                changed_at: row.get(3)?,
                last_success_at: row.get(4)?,
                retry_at: row.get(5)?,
                mails: row.get(6)?,
                next_uid: row.get(7)?,
            })
        },
    )
}

/// The one number that a query returns.
fn number(connection: &Connection, sql: &str) -> Result<u64, StoreError> {
    Ok(connection.query_row(sql, [], |row| count(row, 0))?)
}

fn counted(row: &Row<'_>) -> rusqlite::Result<(String, u64)> {
    Ok((row.get(0)?, count(row, 1)?))
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

/// One submission with everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub id: i64,
    pub receipt: String,
    pub account: String,
    pub folder: String,
    pub uid: u32,
    pub sha256: String,
    pub size: u64,
    pub received_at: String,
    pub verdict: Option<String>,
    pub judged_at: Option<String>,
    pub message_id: Option<String>,
    pub sender: Option<String>,
    pub sender_name: Option<String>,
    pub subject: Option<String>,
    pub reply: Option<String>,
    pub reply_gate: Option<String>,
    pub applicant: Option<String>,
    pub reviewed_by: Option<String>,
    pub findings: Vec<Finding>,
    pub notices: Vec<Notice>,
    pub letters: Vec<Letter>,
}

/// A stored finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: String,
    pub class: String,
    pub text: String,
    pub line: Option<String>,
}

/// A stored notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub kind: String,
    pub stars: Option<u8>,
    pub declaration_id: Option<String>,
    pub user_number: Option<String>,
    pub company: Option<String>,
    pub person: Option<String>,
    pub evidence: String,
    pub original_from: Option<String>,
    pub original_date: Option<String>,
    pub original_subject: Option<String>,
    pub carried: String,
    pub depth: u8,
}

/// A letter of the outbox, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    pub id: i64,
    pub submission: i64,
    pub kind: String,
    pub state: String,
    pub recipient: String,
    pub subject: String,
    pub message_id: String,
    pub attempts: u32,
    pub next_attempt_at: Option<String>,
    pub server_words: Option<String>,
    /// Why a held letter is held.
    pub hold_reason: Option<String>,
    /// What the last bounce of it says.
    pub bounced: Option<String>,
    /// What a mail says that calls its address unreachable and does not prove that it knows the letter.
    pub bounce_unproven: Option<String>,
    pub created_at: String,
    pub changed_at: String,
}

/// Which submissions `list` shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub verdict: Option<String>,
    /// Application number or sender's address.
    pub applicant: Option<String>,
    /// Received at or after, RFC 3339 in UTC.
    pub since: Option<String>,
    pub limit: Option<u32>,
}

const COLUMNS: &str = "s.id, coalesce(s.receipt, ''), s.account, s.folder, s.uid, s.sha256, s.size, s.received_at, s.verdict, s.judged_at, s.message_id, s.sender,
     s.sender_name, s.subject, s.reply, s.reply_gate, a.application_number, s.reviewed_by";

/// The newest submissions that the filter lets through.
///
/// # Errors
/// [`StoreError`].
pub fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Submission>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM submissions s LEFT JOIN applicants a ON a.id = s.applicant
         WHERE (?1 IS NULL OR s.verdict = ?1) AND (?2 IS NULL OR a.application_number = ?2 OR s.sender = lower(?2)) AND (?3 IS NULL OR s.received_at >= ?3)
         ORDER BY s.id DESC LIMIT ?4"
    );
    let mut statement = connection.prepare(&sql)?;
    let limit = filter.limit.map_or(Sql::Integer(-1), |limit| Sql::Integer(i64::from(limit)));
    let mut found =
        statement.query_map(params![filter.verdict, filter.applicant, filter.since, limit], submission)?.collect::<Result<Vec<_>, _>>()?;
    for submission in &mut found {
        complete(connection, submission)?;
    }
    Ok(found)
}

/// One submission.
///
/// # Errors
/// [`StoreError`].
pub fn show(connection: &Connection, id: i64) -> Result<Option<Submission>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM submissions s LEFT JOIN applicants a ON a.id = s.applicant WHERE s.id = ?1");
    let found = connection.query_row(&sql, params![id], submission).optional()?;
    let Some(mut submission) = found else { return Ok(None) };
    complete(connection, &mut submission)?;
    Ok(Some(submission))
}

/// The mail as it was received; none where it was not kept.
///
/// # Errors
/// [`StoreError`].
pub fn raw(connection: &Connection, files: &Files, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    if let Some(packed) = raw::kept(connection, id)? {
        return packed.unpacked(0).map(Some);
    }
    let name: Option<String> =
        connection.query_row("SELECT sha256 FROM submissions WHERE id = ?1 AND kept = 'file'", params![id], |row| row.get(0)).optional()?;
    name.map_or(Ok(None), |name| files.kept(&name))
}

fn submission(row: &Row<'_>) -> rusqlite::Result<Submission> {
    Ok(Submission {
        id: row.get(0)?,
        receipt: row.get(1)?,
        account: row.get(2)?,
        folder: row.get(3)?,
        uid: row.get(4)?,
        sha256: row.get(5)?,
        size: count(row, 6)?,
        received_at: row.get(7)?,
        verdict: row.get(8)?,
        judged_at: row.get(9)?,
        message_id: row.get(10)?,
        sender: row.get(11)?,
        sender_name: row.get(12)?,
        subject: row.get(13)?,
        reply: row.get(14)?,
        reply_gate: row.get(15)?,
        applicant: row.get(16)?,
        reviewed_by: row.get(17)?,
        findings: Vec::new(),
        notices: Vec::new(),
        letters: Vec::new(),
    })
}

fn complete(connection: &Connection, submission: &mut Submission) -> Result<(), StoreError> {
    let mut findings = connection.prepare_cached("SELECT code, class, text, line FROM findings WHERE submission = ?1 ORDER BY id")?;
    submission.findings = findings
        .query_map(params![submission.id], |row| {
            Ok(Finding { code: row.get(0)?, class: row.get(1)?, text: row.get(2)?, line: row.get(3)? })
        })?
        .collect::<Result<_, _>>()?;
    let mut notices = connection.prepare_cached(
        "SELECT kind, stars, declaration_id, user_number, company, person, evidence, original_from, original_date, original_subject, carried, depth
         FROM notices WHERE submission = ?1 ORDER BY id",
    )?;
    submission.notices = notices
        .query_map(params![submission.id], |row| {
            Ok(Notice {
                kind: row.get(0)?,
                stars: row.get(1)?,
                declaration_id: row.get(2)?,
                user_number: row.get(3)?,
                company: row.get(4)?,
                person: row.get(5)?,
                evidence: row.get(6)?,
                original_from: row.get(7)?,
                original_date: row.get(8)?,
                original_subject: row.get(9)?,
                carried: row.get(10)?,
                depth: row.get(11)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    submission.letters = letters(connection, "submission = ?1", submission.id)?;
    Ok(())
}

const LETTER_COLUMNS: &str =
    "id, submission, kind, state, recipient, subject, message_id, attempts, next_attempt_at, server_words, hold_reason,
     (SELECT words FROM bounces b WHERE b.reply = replies.id AND b.proven = 1 AND b.at >= replies.changed_at ORDER BY b.rowid DESC LIMIT 1),
     (SELECT words FROM bounces b WHERE b.reply = replies.id AND b.proven = 0 AND b.at >= replies.changed_at ORDER BY b.rowid DESC LIMIT 1),
     created_at, changed_at";

fn letters(connection: &Connection, condition: &'static str, value: i64) -> Result<Vec<Letter>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {LETTER_COLUMNS} FROM replies WHERE {condition} ORDER BY id"))?;
    let found = statement.query_map(params![value], letter)?.collect::<Result<_, _>>()?;
    Ok(found)
}

fn letter(row: &Row<'_>) -> rusqlite::Result<Letter> {
    Ok(Letter {
        id: row.get(0)?,
        submission: row.get(1)?,
        kind: row.get(2)?,
        state: row.get(3)?,
        recipient: row.get(4)?,
        subject: row.get(5)?,
        message_id: row.get(6)?,
        attempts: row.get(7)?,
        next_attempt_at: row.get(8)?,
        server_words: row.get(9)?,
        hold_reason: row.get(10)?,
        bounced: row.get(11)?,
        bounce_unproven: row.get(12)?,
        created_at: row.get(13)?,
        changed_at: row.get(14)?,
    })
}

/// The letters that are not settled, and the newest settled ones, the newest last.
///
/// # Errors
/// [`StoreError`].
pub fn outbox(connection: &Connection, settled: u32) -> Result<Vec<Letter>, StoreError> {
    let sql = format!(
        "SELECT {LETTER_COLUMNS} FROM replies WHERE state NOT IN ('sent', 'cancelled')
         UNION SELECT * FROM (SELECT {LETTER_COLUMNS} FROM replies WHERE state IN ('sent', 'cancelled') ORDER BY id DESC LIMIT ?1) ORDER BY id"
    );
    let mut statement = connection.prepare(&sql)?;
    let found = statement.query_map(params![settled], letter)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// One letter, with its bytes as they are sent.
///
/// # Errors
/// [`StoreError`].
pub fn letter_of(connection: &Connection, id: i64) -> Result<Option<(Letter, Vec<u8>)>, StoreError> {
    let Some(letter) = letters(connection, "id = ?1", id)?.into_iter().next() else { return Ok(None) };
    let bytes = connection.query_row("SELECT bytes FROM replies WHERE id = ?1", params![id], |row| row.get(0))?;
    Ok(Some((letter, bytes)))
}
