//! T3 and T4: letters are claimed before a socket is touched, and settled with the server's own words.
//!
//! Promises: a letter whose bytes may have left is never sent again by itself, unless the configuration says `resend`; what a
//! crash leaves behind is sorted out at the start by the state that was committed last.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{StoreError, bounces, breaker, latest, seconds};
use crate::desk::bounce::{is_unknown_address, permanent_status};
use crate::desk::text::date::utc_text;

/// A letter that was taken for sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub id: i64,
    pub attempts: u32,
    pub envelope_from: Option<String>,
    pub recipient: String,
    pub bytes: Vec<u8>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Sent {
        words: String,
    },
    /// Again at this time, UTC seconds.
    Deferred {
        until: i64,
        words: String,
    },
    Refused {
        words: String,
    },
    /// Sent whole and never answered: an operator decides.
    Unknown {
        words: String,
    },
}

/// A letter that was on its way in so many attempts without an answer is left to an operator, whatever the configuration says.
const MOST_RESENDS: u32 = 5;

/// What becomes of letters that a crash left in the phase `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterCrash {
    Hold,
    Resend,
}

/// How the letters of an account leave today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Road {
    pub account: String,
    /// The relay's key: the account whose own server takes the letters; empty where the office's does.
    pub relay: String,
    /// None is the null path.
    pub envelope_from: Option<String>,
}

/// Gives every letter that has not left to the relay that its account has today; those of accounts that are no longer configured to the
/// office's own. Letters that came back count as well: they may be sent again.
///
/// # Errors
/// [`StoreError`].
pub fn readdress(connection: &mut Connection, roads: &[Road]) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut statement = transaction.prepare(
        "SELECT r.id, r.relay, s.account FROM replies r CROSS JOIN submissions s ON s.id = r.submission
         WHERE r.state NOT IN ('sent', 'cancelled') OR r.state = 'sent' AND EXISTS (SELECT 1 FROM bounces b WHERE b.reply = r.id)",
    )?;
    let open = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    drop(statement);
    for (id, relay, account) in open {
        let road = roads.iter().find(|road| road.account == account);
        let today = road.map_or("", |road| road.relay.as_str());
        if relay != today {
            let envelope_from = road.and_then(|road| road.envelope_from.as_deref());
            transaction.execute("UPDATE replies SET relay = ?2, envelope_from = ?3 WHERE id = ?1", params![id, today, envelope_from])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Sorts out what a crash left in letters of this relay: `sending` never reached the data phase and is queued again; `data` may have been
/// delivered. Returns how many letters are unknown now.
///
/// # Errors
/// [`StoreError`].
pub fn recover(connection: &mut Connection, relay: &str, after_crash: AfterCrash, now: i64) -> Result<usize, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let at = utc_text(now);
    let again = "UPDATE replies SET state = 'queued', next_attempt_at = ?1, changed_at = ?1 WHERE relay = ?2";
    transaction.execute(&format!("{again} AND state = 'sending'"), params![at, relay])?;
    if after_crash == AfterCrash::Resend {
        transaction.execute(&format!("{again} AND state = 'data' AND attempts < ?3"), params![at, relay, MOST_RESENDS])?;
    }
    breaker::hold_returned(&transaction)?;
    let unknown = transaction.execute(
        "UPDATE replies SET state = 'unknown', hold_reason = NULL, next_attempt_at = NULL, changed_at = ?1,
            server_words = 'the daemon ended while the letter was on its way; whether it was delivered is unknown' WHERE state = 'data' AND relay = ?2",
        params![at, relay],
    )?;
    transaction.commit()?;
    Ok(unknown)
}

/// Takes the letter that is due first: counts the attempt and sets the state, committed before this returns.
///
/// # Errors
/// [`StoreError`].
pub fn claim(connection: &mut Connection, relay: &str, now: i64) -> Result<Option<Taken>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken = transaction
        .prepare_cached(
            "SELECT id, attempts + 1, envelope_from, recipient, bytes FROM replies
             WHERE state = 'queued' AND relay = ?2 AND (next_attempt_at <= ?1 OR next_attempt_at > ?3) ORDER BY next_attempt_at, id LIMIT 1",
        )?
        .query_row(params![utc_text(now), relay, latest(now)], |row| {
            Ok(Taken { id: row.get(0)?, attempts: row.get(1)?, envelope_from: row.get(2)?, recipient: row.get(3)?, bytes: row.get(4)? })
        })
        .optional()?;
    if let Some(taken) = &taken {
        transaction
            .prepare_cached("UPDATE replies SET state = 'sending', attempts = attempts + 1, changed_at = ?2 WHERE id = ?1")?
            .execute(params![taken.id, utc_text(now)])?;
    }
    transaction.commit()?;
    Ok(taken)
}

/// Notes that the letter's bytes are about to leave.
///
/// # Errors
/// [`StoreError`].
pub fn enter_data(connection: &Connection, id: i64, now: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE replies SET state = 'data', changed_at = ?2 WHERE id = ?1 AND state = 'sending'")?
        .execute(params![id, utc_text(now)])?;
    Ok(())
}

/// Puts a letter back as if it had never been claimed.
///
/// # Errors
/// [`StoreError`].
pub fn return_unspent(connection: &Connection, id: i64, now: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE replies SET state = 'queued', attempts = attempts - 1, changed_at = ?2 WHERE id = ?1 AND state = 'sending'",
        )?
        .execute(params![id, utc_text(now)])?;
    breaker::hold_returned(connection)
}

/// Writes down how an attempt ended. An address that the server calls unknown (5.1.x, RFC 3463 section 3.2) is left alone for a while.
///
/// # Errors
/// [`StoreError`].
pub fn settle(connection: &mut Connection, id: i64, settled: &Settled, now: i64) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (state, due, words) = match settled {
        Settled::Sent { words } => ("sent", None, words),
        Settled::Deferred { until, words } => ("queued", Some(utc_text(*until)), words),
        Settled::Refused { words } => ("refused", None, words),
        Settled::Unknown { words } => ("unknown", None, words),
    };
    transaction
        .prepare_cached(
            "UPDATE replies SET state = ?2, next_attempt_at = ?3, server_words = ?4, changed_at = ?5,
                hold_reason = CASE ?2 WHEN 'queued' THEN hold_reason END WHERE id = ?1",
        )?
        .execute(params![id, state, due, words, utc_text(now)])?;
    breaker::hold_returned(&transaction)?;
    if let Settled::Refused { words } = settled
        && let status = permanent_status(words)
        && status.is_some()
        && is_unknown_address(status.as_deref(), words)
    {
        bounces::note_refusal(&transaction, id, status.as_deref(), words, now)?;
    }
    transaction.commit()?;
    Ok(())
}

/// When the next letter falls due, UTC seconds.
///
/// # Errors
/// [`StoreError`].
pub fn next_due(connection: &Connection, relay: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(next_attempt_at) FROM replies WHERE state = 'queued' AND relay = ?1";
    let due: Option<String> = connection.prepare_cached(sql)?.query_row(params![relay], |row| row.get(0))?;
    due.as_deref().map(seconds).transpose()
}

/// What an operator may do with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Held letters go out.
    Release,
    /// Letters that have not left are never sent.
    Cancel,
    /// Refused and unknown letters, and sent ones that came back, go out again.
    Retry,
}

impl Order {
    /// The word of the command line and the audit.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
        }
    }

    /// The states in which the order makes sense, and the state that it leads to.
    const fn states(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Release => (&["held"], "queued"),
            Self::Cancel => (&["held", "queued", "unknown", "refused"], "cancelled"),
            Self::Retry => (&["refused", "unknown", "queued"], "queued"),
        }
    }
}

/// The letters that wait for a person, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn held(connection: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare("SELECT id FROM replies WHERE state = 'held' ORDER BY id")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("there is no letter {id}; `uketsuke outbox list` shows them")]
    Unknown { id: i64 },
    #[error("letter {id} is {state}, so `{order}` does not apply; it applies to letters that are {applies}")]
    NotApplicable { id: i64, state: String, order: &'static str, applies: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries out an operator's order, and writes it into the audit.
///
/// # Errors
/// [`OrderError`]; then nothing was changed.
pub fn order(connection: &mut Connection, id: i64, order: Order, actor: &str, now: i64) -> Result<(), OrderError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
    let state: Option<String> = transaction
        .query_row("SELECT state FROM replies WHERE id = ?1", params![id], |row| row.get(0))
        .optional()
        .map_err(StoreError::from)?;
    let state = state.ok_or(OrderError::Unknown { id })?;
    let (applies, becomes) = order.states();
    let is_back = order == Order::Retry && state == "sent" && came_back(&transaction, id)?;
    if !is_back && !applies.contains(&state.as_str()) {
        let applies = applies.join(", ") + if order == Order::Retry { ", or sent and proven to have come back" } else { "" };
        return Err(OrderError::NotApplicable { id, state, order: order.word(), applies });
    }
    let at = utc_text(now);
    let due = (becomes == "queued").then(|| at.clone());
    transaction
        .execute(
            "UPDATE replies SET state = ?2, hold_reason = NULL, next_attempt_at = ?3, changed_at = ?4 WHERE id = ?1",
            params![id, becomes, due, at],
        )
        .map_err(StoreError::from)?;
    transaction
        .execute(
            "INSERT INTO audit (at, actor, action, object, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![at, actor, format!("outbox {}", order.word()), format!("reply {id}"), format!("{state} → {becomes}")],
        )
        .map_err(StoreError::from)?;
    if order == Order::Retry {
        // Whatever copy of it stands in the folder for sent mail is of the first time.
        transaction
            .execute("UPDATE replies SET copy = 'done' WHERE id = ?1 AND ?2 = 'sent'", params![id, state])
            .map_err(StoreError::from)?;
        bounces::lift(&transaction, id)?;
    }
    transaction.commit().map_err(StoreError::from)?;
    Ok(())
}

/// Whether a letter was sent and came back.
fn came_back(connection: &Connection, id: i64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM bounces b JOIN replies r ON r.id = b.reply WHERE r.id = ?1 AND b.proven = 1 AND b.at >= r.changed_at";
    Ok(connection.prepare_cached(sql)?.exists(params![id])?)
}
