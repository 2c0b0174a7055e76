//! What the store already knows about a sender, a thread and a notice.

use std::sync::LazyLock;

use regex::Regex;
use rusqlite::{Connection, params};

use super::intake::Sighting;
use super::{StoreError, bounces, breaker, latest, seconds};
use crate::desk::Reading;
use crate::desk::rules::Rules;
use crate::desk::standing::{Arrival, Breaker, Standing};
use crate::desk::text::address::local_and_domain;
use crate::desk::text::date::utc_text;
use crate::desk::text::fold::fold;

const HOUR: i64 = 60 * 60;

/// Letters to one sender that the gates look back at.
const LETTERS_REMEMBERED: i64 = 50;

/// States of a letter that an applicant may have got or may still get.
const COUNTED: &str = "state <> 'cancelled'";

/// Collects the standing of a submission. `now` in UTC seconds.
///
/// # Errors
/// [`StoreError`].
pub fn standing(connection: &Connection, reading: &Reading, rules: &Rules, sighting: Sighting, now: i64) -> Result<Standing, StoreError> {
    let sender = sender(reading);
    let domain = local_and_domain(&sender).map(|(_, domain)| domain.to_owned()).unwrap_or_default();
    let hour_ago = utc_text(now.saturating_sub(HOUR));
    let latest = latest(now);
    let thread = thread(reading);
    let mut standing = Standing {
        settled: exists(connection, SETTLED, &sender)?,
        letters_to_sender: letters_to(connection, &sender)?,
        letters_in_thread: count(
            connection,
            &format!("SELECT count(*) FROM replies r JOIN submissions s ON s.id = r.submission WHERE s.thread = ?1 AND r.{COUNTED}"),
            &[&thread],
        )?,
        letters_to_domain_last_hour: count(
            connection,
            &format!(
                "SELECT count(*) FROM replies WHERE created_at > ?1 AND created_at <= ?2 AND substr(recipient, -length(?3) - 1) = '@' || ?3 AND {COUNTED}"
            ),
            &[&hour_ago, &latest, &domain],
        )?,
        letters_last_hour: count(
            connection,
            &format!("SELECT count(*) FROM replies WHERE created_at > ?1 AND created_at <= ?2 AND {COUNTED}"),
            &[&breaker::resumed_at(connection, &latest)?.unwrap_or_default().max(hour_ago), &latest],
        )?,
        breaker: if breaker::tripped(connection)?.is_some() { Breaker::Tripped } else { Breaker::Closed },
        bounced_at: bounces::suspended_at(connection, &sender)?.as_deref().map(seconds).transpose()?,
        roster_names: roster_names(connection, &sender)?,
        arrival: match sighting {
            Sighting::Live => Arrival::Live,
            Sighting::FirstSync => Arrival::FirstSync,
            Sighting::Rescan => Arrival::Rescan,
        },
        ..Standing::default()
    };
    for receipt in receipts(reading) {
        let sql = "SELECT 1 FROM replies r JOIN submissions s ON s.id = r.submission WHERE s.receipt = ?1";
        standing.answers_our_letter |= exists(connection, sql, &receipt)?;
    }
    for id in &reading.references {
        standing.answers_our_letter |= exists(connection, "SELECT 1 FROM replies WHERE message_id = ?1", id)?;
    }
    for notice in &reading.notices.notices {
        if let Some(id) = notice.well_formed_id(rules)
            && held_by_other(connection, "n.declaration_id", id, &sender)?
        {
            standing.ids_held_by_others.push(id.to_owned());
        }
        if let Some(message_id) = &notice.original.message_id
            && held_by_other(connection, "n.original_message_id", message_id, &sender)?
        {
            standing.originals_held_by_others.push(message_id.clone());
        }
    }
    Ok(standing)
}

/// An accepted submission of this sender, or of another address of the same applicant.
const SETTLED: &str = "SELECT 1 FROM submissions WHERE sender = ?1 AND verdict = 'accepted'
     UNION ALL SELECT 1 FROM applicant_addresses a CROSS JOIN submissions s ON s.applicant = a.applicant WHERE a.address = ?1 AND s.verdict = 'accepted'
     LIMIT 1";

/// Receipt numbers in the subject: who answers our letter without a word about its id still repeats its subject.
fn receipts(reading: &Reading) -> Vec<String> {
    let subject = reading.subject.as_deref().map(fold).unwrap_or_default();
    RECEIPT.find_iter(&subject).take(4).map(|receipt| receipt.as_str().to_owned()).collect()
}

/// As the intake numbers them: the day, and at least six digits.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by the tests")]
static RECEIPT: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9]{8}-[0-9]{6,12}").expect("valid"));

/// The sender's address in lower case; empty where there is none.
pub(super) fn sender(reading: &Reading) -> String {
    reading.from.as_ref().and_then(|from| from.address.as_deref()).unwrap_or_default().to_lowercase()
}

/// The Message-ID that the conversation began with.
pub(super) fn thread(reading: &Reading) -> String {
    reading.references.first().or(reading.message_id.as_ref()).cloned().unwrap_or_default()
}

fn exists(connection: &Connection, sql: &str, value: &str) -> Result<bool, StoreError> {
    if value.is_empty() {
        return Ok(false);
    }
    Ok(connection.prepare_cached(sql)?.exists(params![value])?)
}

fn count(connection: &Connection, sql: &str, values: &[&str]) -> Result<u32, StoreError> {
    if values.iter().any(|value| value.is_empty()) {
        return Ok(0);
    }
    let found: i64 = connection.prepare_cached(sql)?.query_row(rusqlite::params_from_iter(values), |row| row.get(0))?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

fn letters_to(connection: &Connection, sender: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = format!(
        "SELECT kind, created_at FROM replies WHERE recipient = ?1 AND {COUNTED} ORDER BY created_at DESC LIMIT {LETTERS_REMEMBERED}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![sender], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut letters = Vec::new();
    for row in rows {
        let (kind, at) = row?;
        letters.push((kind, seconds(&at)?));
    }
    Ok(letters)
}

fn roster_names(connection: &Connection, sender: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT a.corporation, a.office FROM applicants a JOIN applicant_addresses b ON b.applicant = a.id WHERE b.address = ?1",
    )?;
    let rows = statement.query_map(params![sender], |row| Ok([row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?]))?;
    let mut names = Vec::new();
    for row in rows {
        names.extend(row?.into_iter().flatten());
    }
    Ok(names)
}

/// Whether another sender's submission, accepted or waiting for a person, states the same value.
fn held_by_other(connection: &Connection, column: &'static str, value: &str, sender: &str) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT 1 FROM notices n JOIN submissions s ON s.id = n.submission WHERE {column} = ?1 AND s.sender <> ?2 AND s.verdict IN ('accepted', 'review') LIMIT 1"
    );
    Ok(connection.prepare_cached(&sql)?.exists(params![value, sender])?)
}
