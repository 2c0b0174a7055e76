//! T2: a submission gets its verdict, its findings, its letter and its filing, in one transaction.
//!
//! Promises: what a judgement rests on (the standing) is read in the transaction that writes the verdict, so two submissions
//! of one sender cannot both be the first; a verdict is written once, and a letter of a kind once a submission.

use std::borrow::Cow;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::bounces::{self, Linked, Proof};
use super::breaker;
use super::files::Files;
use super::intake::{Kept, Sighting};
use super::raw::{self, Packed};
use super::seconds;
use super::sent_letters;
use super::standing::{sender, standing, thread};
use super::{StoreError, without_waiting_for_the_disk};
use crate::desk::gate::{Handling, HoldReason};
use crate::desk::letter::Letter;
use crate::desk::notice::Notice;
use crate::desk::rules::Rules;
use crate::desk::standing::{Breaker, Standing};
use crate::desk::text::date::utc_text;
use crate::desk::text::fold::printable;
use crate::desk::words::ReplyKind;
use crate::desk::{Conclusion, Reading, Reply};

/// A submission that waits for its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub id: i64,
    pub account: String,
    pub receipt: String,
    pub sha256: String,
    pub raw: Raw,
    /// Bytes of the whole mail.
    pub size: usize,
    pub content: Kept,
    pub sighting: Sighting,
    /// UTC seconds.
    pub received: i64,
    /// Judgements begun, this one included.
    pub attempts: u32,
}

/// The bytes of a mail that waits.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// Still in hand from when it was stored.
    AtHand(Vec<u8>),
    /// As its rows hold it; unpacked by whoever reads it.
    Packed(Packed),
    /// In its file; read by whoever judges it.
    InFile,
    /// Not to be had: it was read and let go, or no row holds it, since somebody removed them or the file is damaged.
    Gone,
}

impl std::fmt::Debug for Raw {
    /// Bodies never reach a log by accident.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtHand(bytes) => write!(formatter, "AtHand({} bytes)", bytes.len()),
            Self::Packed(packed) => packed.fmt(formatter),
            Self::InFile => formatter.write_str("InFile"),
            Self::Gone => formatter.write_str("Gone"),
        }
    }
}

impl Pending {
    /// The mail's bytes, or those of its header block.
    ///
    /// # Errors
    /// [`StoreError::Row`] when its rows or its file are damaged or gone.
    pub fn bytes(&self, files: &Files) -> Result<Cow<'_, [u8]>, StoreError> {
        let size = match self.content {
            Kept::Whole => self.size,
            Kept::Headers => 0,
        };
        match &self.raw {
            Raw::AtHand(bytes) => Ok(Cow::Borrowed(bytes)),
            Raw::Packed(packed) => packed.unpacked(size).map(Cow::Owned),
            Raw::InFile => files.kept(&self.sha256)?.map(Cow::Owned).ok_or_else(gone),
            Raw::Gone => Err(gone()),
        }
    }

    /// Lets the bytes go, once they were read.
    pub fn let_go(&mut self) {
        self.raw = Raw::Gone;
    }
}

/// A mail whose bytes are gone is never judged as an empty one.
fn gone() -> StoreError {
    StoreError::Row("the bytes of the mail are gone".to_owned())
}

/// Which submissions are taken for judging.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// Mails at most.
    pub mails: usize,
    /// Bytes of mails at most, but always one mail.
    pub bytes: usize,
    /// Whether one that was begun before may be taken, where no other waits.
    pub begun_too: bool,
    /// The bytes of a submission, where somebody has them still.
    pub at_hand: &'w dyn Fn(i64) -> Option<Vec<u8>>,
}

impl std::fmt::Debug for Wanted<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { mails, bytes, begun_too, at_hand: _ } = self;
        formatter.debug_struct("Wanted").field("mails", mails).field("bytes", bytes).field("begun_too", begun_too).finish_non_exhaustive()
    }
}

/// Judgements of one mail that may be begun. One that ended the process or failed twice is not begun again: a person reads the mail.
pub const MOST_ATTEMPTS: u32 = 2;

/// Takes submissions for judging and counts the attempt, before anything parses them. Mails that were being judged when the
/// process ended come one at a time, so that a poison mail takes no other with it.
///
/// # Errors
/// [`StoreError`].
pub fn take_pending(connection: &mut Connection, wanted: Wanted<'_>) -> Result<Vec<Pending>, StoreError> {
    // A count that a power cut takes back does no harm: it is there for mails that end the process.
    without_waiting_for_the_disk(connection, |connection| take(connection, wanted))
}

fn take(connection: &mut Connection, wanted: Wanted<'_>) -> Result<Vec<Pending>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut taken = pending(&transaction, "s.attempts = 0 ORDER BY s.id", wanted)?;
    if taken.is_empty() && wanted.begun_too {
        // One that fails for ever keeps no other waiting.
        taken = pending(&transaction, "s.attempts > 0 ORDER BY s.attempts, s.id", Wanted { mails: 1, ..wanted })?;
    }
    for submission in &taken {
        transaction.prepare_cached("UPDATE submissions SET attempts = attempts + 1 WHERE id = ?1")?.execute(params![submission.id])?;
    }
    transaction.commit()?;
    Ok(taken)
}

fn pending(transaction: &Transaction<'_>, condition_and_order: &'static str, wanted: Wanted<'_>) -> Result<Vec<Pending>, StoreError> {
    let sql = format!(
        "SELECT s.id, s.receipt, s.sha256, s.content, s.sighting, s.received_at, s.attempts, s.size, s.account, s.kept
         FROM submissions s WHERE s.verdict IS NULL AND {condition_and_order} LIMIT ?1"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut rows = statement.query(params![i64::try_from(wanted.mails).unwrap_or(i64::MAX)])?;
    let mut taken: Vec<Pending> = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = rows.next()? {
        let size = usize::try_from(row.get::<_, i64>(7)?).unwrap_or(usize::MAX);
        bytes = bytes.saturating_add(size);
        if bytes > wanted.bytes && !taken.is_empty() {
            break;
        }
        let content = if row.get_ref(3)?.as_str().is_ok_and(|word| word == "headers") { Kept::Headers } else { Kept::Whole };
        let id = row.get(0)?;
        let kept = match (wanted.at_hand)(id) {
            Some(bytes) => Some(Raw::AtHand(bytes)),
            None if row.get_ref(9)?.as_str().is_ok_and(|word| word == "file") => Some(Raw::InFile),
            None => raw::kept(transaction, id)?.map(Raw::Packed),
        };
        taken.push(Pending {
            id,
            account: row.get(8)?,
            receipt: row.get(1)?,
            sha256: row.get(2)?,
            content,
            sighting: Sighting::of_word(&row.get::<_, String>(4)?)?,
            received: seconds(&row.get::<_, String>(5)?)?,
            attempts: row.get::<_, u32>(6)?.saturating_add(1),
            raw: kept.unwrap_or(Raw::Gone),
            size,
        });
    }
    Ok(taken)
}

/// Gives back what was taken and could not be concluded, which is not the mails' fault.
///
/// # Errors
/// [`StoreError`].
pub fn give_back(connection: &mut Connection, ids: &[i64]) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in ids {
        transaction
            .prepare_cached("UPDATE submissions SET attempts = attempts - 1 WHERE id = ?1 AND verdict IS NULL AND attempts > 0")?
            .execute(params![id])?;
    }
    transaction.commit()?;
    Ok(())
}

/// What a judgement writes beside its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub conclusion: Conclusion,
    pub letter: Option<Outgoing>,
    /// `keyword` or `move`, and its target.
    pub filing: Option<(&'static str, String)>,
}

/// A letter for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub kind: ReplyKind,
    pub letter: Letter,
    /// The account whose own server takes it; empty where the office's does.
    pub relay: String,
    /// None is the null path.
    pub envelope_from: Option<String>,
    pub handling: Handling,
    /// Whether a copy goes into the folder for sent mail.
    pub copy: bool,
}

/// What a judge makes of a submission and its standing.
pub type Judge<'j> = dyn Fn(&Pending, &Reading, &Standing) -> Written + 'j;

/// What became of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concluded {
    /// In the order of the group.
    pub written: Vec<Written>,
    /// Letters that came back.
    pub bounced: Vec<Linked>,
    /// The group's letters tripped the breaker; letters in the hour before.
    pub tripped: Option<u32>,
}

/// Concludes a group of submissions in one transaction, in their order. `now` in UTC seconds.
///
/// # Errors
/// [`StoreError`]; then none of the group is concluded.
pub fn conclude(
    connection: &mut Connection,
    group: &[(Pending, Reading)],
    rules: &Rules,
    rules_version: &str,
    judge: &Judge<'_>,
    now: i64,
) -> Result<Concluded, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut concluded = Concluded { written: Vec::with_capacity(group.len()), bounced: Vec::new(), tripped: None };
    for (pending, reading) in group {
        let mut standing = standing(&transaction, reading, rules, pending.sighting, now)?;
        standing.answered_before = sent_letters::answers(&transaction, &pending.sha256)?;
        let bounced = reading.bounce.as_ref().map(|bounce| bounces::link(&transaction, bounce, now)).transpose()?.flatten();
        standing.reports_our_letter = bounced.as_ref().is_some_and(|linked| linked.proof == Proof::MessageId);
        let written = judge(pending, reading, &standing);
        let is_halting = written.letter.as_ref().is_some_and(|letter| letter.handling == Handling::Held(HoldReason::Breaker));
        if is_halting && standing.breaker == Breaker::Closed {
            breaker::trip(&transaction, standing.letters_last_hour, now)?;
            concluded.tripped = Some(standing.letters_last_hour);
        }
        write(&transaction, pending, reading, &written, rules, rules_version, now)?;
        if let (Some(bounce), Some(linked)) = (&reading.bounce, bounced) {
            bounces::note(&transaction, pending.id, bounce, &linked, now)?;
            concluded.bounced.push(linked);
        }
        concluded.written.push(written);
    }
    transaction.commit()?;
    Ok(concluded)
}

fn write(
    transaction: &Transaction<'_>,
    pending: &Pending,
    reading: &Reading,
    written: &Written,
    rules: &Rules,
    rules_version: &str,
    now: i64,
) -> Result<(), StoreError> {
    let conclusion = &written.conclusion;
    let gate = match conclusion.reply {
        Reply::Due(..) => None,
        Reply::None(gate) => Some(gate.word()),
    };
    let changed = transaction
        .prepare_cached(
            "UPDATE submissions SET verdict = ?2, judged_at = ?3, rules_version = ?4, message_id = ?5, thread = ?6, sender = ?7, sender_name = ?8,
                subject = ?9, reply = ?10, reply_gate = ?11,
                applicant = (SELECT applicant FROM applicant_addresses WHERE address = ?7 ORDER BY applicant LIMIT 1)
             WHERE id = ?1 AND verdict IS NULL",
        )?
        .execute(params![
            pending.id,
            conclusion.verdict.word(),
            utc_text(now),
            rules_version,
            reading.message_id.as_deref().map(|id| printable(id, 998)),
            thread(reading),
            sender(reading),
            reading.from.as_ref().and_then(|from| from.name.as_deref()).map(|name| printable(name, 200)),
            reading.subject.as_deref().map(|subject| printable(subject, 500)),
            conclusion.reply.word(),
            gate,
        ])?;
    if changed == 0 {
        // Concluded before: its findings and its letter stand already.
        return Ok(());
    }
    for finding in &conclusion.findings {
        transaction
            .prepare_cached("INSERT INTO findings (submission, code, class, text, line) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![pending.id, finding.code.word(), finding.class.word(), finding.text, finding.line])?;
    }
    for notice in &reading.notices.notices {
        write_notice(transaction, pending.id, notice, rules)?;
    }
    if let Some(outgoing) = &written.letter {
        write_letter(transaction, pending.id, outgoing, now)?;
    }
    if let Some((action, target)) = &written.filing {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO filings (submission, action, target, state, changed_at) VALUES (?1, ?2, ?3, 'waiting', ?4)",
            )?
            .execute(params![pending.id, action, target, utc_text(now)])?;
    }
    Ok(())
}

fn write_notice(transaction: &Transaction<'_>, submission: i64, notice: &Notice, rules: &Rules) -> Result<(), StoreError> {
    let original = &notice.original;
    transaction
        .prepare_cached(
            "INSERT INTO notices (submission, kind, stars, declaration_id, user_number, company, person, evidence, original_from, original_date,
                original_subject, original_message_id, carried, depth)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            submission,
            notice.kind,
            notice.stars,
            notice.well_formed_id(rules),
            notice.user_number.as_ref().map(crate::desk::notice::field::UserNumber::masked),
            notice.addressee.company,
            notice.addressee.person,
            notice.evidence.word(),
            original.from.as_ref().and_then(|from| from.shown()).map(|from| printable(from, 320)),
            original.date.as_ref().map(crate::desk::text::date::Dated::rfc3339),
            original.subject.as_deref().map(|subject| printable(subject, 500)),
            original.message_id.as_deref().map(|id| printable(id, 998)),
            original.carried.word(),
            original.depth,
        ])?;
    Ok(())
}

fn write_letter(transaction: &Transaction<'_>, submission: i64, outgoing: &Outgoing, now: i64) -> Result<(), StoreError> {
    let (state, reason, due) = match outgoing.handling {
        Handling::AtOnce => ("queued", None, Some(utc_text(now))),
        Handling::Held(reason) => ("held", Some(reason.word()), None),
    };
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO replies (submission, kind, state, hold_reason, message_id, relay, envelope_from, recipient, subject, bytes,
                next_attempt_at, copy, created_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
        )?
        .execute(params![
            submission,
            outgoing.kind.word(),
            state,
            reason,
            outgoing.letter.message_id,
            outgoing.relay,
            outgoing.envelope_from,
            outgoing.letter.recipient.to_lowercase(),
            outgoing.letter.subject,
            outgoing.letter.bytes,
            due,
            outgoing.copy.then_some("wanted"),
            utc_text(now),
        ])?;
    Ok(())
}
