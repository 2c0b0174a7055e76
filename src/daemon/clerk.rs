//! The clerk: takes what waits, has it read on every core, concludes it in order.
//!
//! Promises: an attempt is committed before a mail is parsed; a mail that ended the process or could not be concluded twice is not
//! parsed again but goes to a person, and keeps no other waiting; a store that fails delays, and loses nothing. Rows are the truth: the bell
//! may ring or not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::board::{Board, State};
use super::halt;
use super::shelf::Shelf;
use super::writing::{Route, Writing};
use crate::clock;
use crate::config::Judging;
use crate::desk::standing::Standing;
use crate::desk::words::Class;
use crate::desk::{self, Reading};
use crate::judges::{self, Extent, Mail};
use crate::store::bounces::Proof;
use crate::store::conclusion::{self, Concluded, MOST_ATTEMPTS, Pending, Wanted};
use crate::store::files::Files;
use crate::store::intake::Kept;
use crate::store::{Store, StoreError, breaker};

/// The clerk's name on the board and in the table `health`.
pub const PART: &str = "clerk";

/// The circuit breaker's name on the board, and what the board says while it holds letters.
pub const BREAKER: &str = "breaker";
const HALTED: &str =
    "more letters than total-an-hour would have gone out, so all are held; see `uketsuke status`, then `uketsuke outbox resume`";

/// Mails judged in one group, and their bytes. A group is one transaction while there is a backlog.
const GROUP_MAILS: usize = 256;
const GROUP_BYTES: usize = 2 * 1024 * 1024;

/// A single mail up to this size is taken for one that came alone. Bytes.
const ALONE: usize = 64 * 1024;

/// Without a bell the clerk looks by itself this often.
const POLL: Duration = Duration::from_secs(60);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(5);

/// Everything that the clerk works with.
#[derive(Debug)]
pub struct Clerk {
    pub store: Store,
    pub board: Arc<Board>,
    /// The rules and letters in force; a reload replaces them.
    pub judging: watch::Receiver<Arc<Judging>>,
    /// How letters leave and mails are filed, by account.
    pub routes: Vec<Route>,
    pub threads: usize,
    /// Rings when mails wait.
    pub arrivals: Arc<Notify>,
    /// Where mails lie that were just stored.
    pub shelf: Arc<Shelf>,
    /// Rung when a letter waits, by relay.
    pub letters: Vec<(String, Arc<Notify>)>,
    /// Rung when a filing waits, by account.
    pub filings: Vec<(String, Arc<Notify>)>,
    pub stop: watch::Receiver<bool>,
    /// Attempts that a failing store neither let end nor let give back, by submission.
    pub forgiven: BTreeMap<i64, u32>,
}

/// Mails that were read and wait for their conclusion, with the rules that they were read by.
struct Group {
    mails: Vec<(Pending, Reading)>,
    judging: Arc<Judging>,
}

impl Group {
    /// Whether reading ahead is worth it, and allowed: a single small mail has come alone.
    fn has_others_behind(&self) -> bool {
        let bytes: usize = self.mails.iter().map(|(pending, _)| pending.size).sum();
        let is_backlog = self.mails.len() > 1 || bytes > ALONE;
        is_backlog && self.mails.iter().all(|(pending, _)| pending.attempts == 1)
    }

    fn ids(&self) -> Vec<i64> {
        self.mails.iter().map(|(pending, _)| pending.id).collect()
    }
}

/// Why a group was not concluded as a whole.
struct Failed {
    /// Those whose fault it is not. All others of the group are concluded, or at fault themselves.
    undone: Vec<i64>,
    error: StoreError,
}

/// What one turn brought.
struct Turn {
    /// Nothing waited.
    was_idle: bool,
    /// The next group, read.
    read: Option<Group>,
}

impl Clerk {
    /// Works until told to stop.
    pub async fn work(mut self) {
        let mut read = None;
        while !*self.stop.borrow() {
            self.board.beat(PART);
            match self.turn(read.take()).await {
                Ok(Turn { was_idle: true, .. }) => {
                    self.board.say(PART, State::Well);
                    self.look_at_the_breaker().await;
                    self.rest(POLL).await;
                }
                Ok(turn) => {
                    self.board.say(PART, State::Well);
                    read = turn.read;
                }
                Err(error) => {
                    tracing::error!(%error, "Judging is interrupted; it goes on by itself.");
                    self.board.say(PART, State::Sick(error.to_string()));
                    self.look_at_the_breaker().await;
                    self.rest(PAUSE).await;
                }
            }
        }
        if let Some(group) = read {
            let ids = group.ids();
            let concluded = self.conclude(group).await;
            if let Err(error) = self.settle(ids, Vec::new(), concluded).await {
                tracing::error!(%error, "The last mails that were read are judged after the next start.");
            }
        }
    }

    /// An operator may have resumed sending; nobody else tells the board.
    async fn look_at_the_breaker(&self) {
        match self.store.write(|connection| breaker::tripped(connection)).await {
            Ok(Some(_)) => self.board.say(BREAKER, State::Sick(HALTED.to_owned())),
            Ok(None) => self.board.say(BREAKER, State::Well),
            // The next group meets the same fault and says so.
            Err(error) => tracing::debug!(%error, "The breaker could not be looked at."),
        }
    }

    async fn rest(&mut self, time: Duration) {
        tokio::select! {
            () = self.arrivals.notified() => {}
            () = tokio::time::sleep(time) => {}
            _ = self.stop.changed() => {}
        }
    }

    /// Concludes the group that was read; where more are likely to wait, while the next one is read.
    ///
    /// Only mails that were never begun before are read or concluded beside others: one that may have ended the process is alone, so that
    /// nobody else is blamed.
    async fn turn(&mut self, read: Option<Group>) -> Result<Turn, StoreError> {
        let Some(group) = read else {
            let read = self.read(true).await;
            let read = self.given_back(read).await?;
            return Ok(Turn { was_idle: read.is_none(), read });
        };
        let ids = group.ids();
        if !group.has_others_behind() {
            let concluded = self.conclude(group).await;
            self.settle(ids, Vec::new(), concluded).await?;
            return Ok(Turn { was_idle: false, read: None });
        }
        // Taken first: the store's thread writes the conclusions while these are read.
        let (next, concluded) = tokio::join!(biased; self.read(false), self.conclude(group));
        let ahead = match &next {
            Ok(group) => group.as_ref().map(Group::ids).unwrap_or_default(),
            Err(failed) => failed.undone.clone(),
        };
        self.settle(ids, ahead, concluded).await?;
        Ok(Turn { was_idle: false, read: self.given_back(next).await? })
    }

    /// What was read; where the store failed, what was taken is given back.
    async fn given_back(&mut self, read: Result<Option<Group>, Failed>) -> Result<Option<Group>, StoreError> {
        match read {
            Ok(group) => Ok(group),
            Err(failed) => self.settle(Vec::new(), Vec::new(), Err(failed)).await.map(|()| None),
        }
    }

    /// Takes a group and reads it; none where nothing waits.
    async fn read(&self, begun_too: bool) -> Result<Option<Group>, Failed> {
        let nobody = |error| Failed { undone: Vec::new(), error };
        let shelf = Arc::clone(&self.shelf);
        let taken = self.store.write(move |connection| {
            let at_hand = |submission| shelf.take(submission);
            conclusion::take_pending(connection, Wanted { mails: GROUP_MAILS, bytes: GROUP_BYTES, begun_too, at_hand: &at_hand })
        });
        let taken = taken.await.map_err(nobody)?;
        if taken.is_empty() {
            return Ok(None);
        }
        halt::after("taken");
        let judging = Arc::clone(&self.judging.borrow());
        let (threads, rules) = (self.threads, Arc::clone(&judging));
        let files = self.store.files();
        let poison = taken.iter().find(|pending| self.is_poison(pending)).map(|pending| pending.id);
        let ids: Vec<i64> = taken.iter().map(|pending| pending.id).collect();
        let read = tokio::task::spawn_blocking(move || {
            let readings = readings(&taken, &files, &rules, threads, poison)?;
            let read = taken
                .into_iter()
                .zip(readings)
                .map(|(mut pending, reading)| {
                    pending.let_go();
                    (pending, reading)
                })
                .collect::<Vec<_>>();
            Ok(read)
        });
        // A mail that ended the threads is one to count.
        let read = read.await.map_err(|error| nobody(StoreError::Row(format!("the judging threads failed: {error}"))))?;
        let mails = read.map_err(|error| Failed { undone: ids, error })?;
        Ok(Some(Group { mails, judging }))
    }

    /// A failure of the store is not the mails' fault: the attempt does not count. A full disk may refuse even this, so it is remembered
    /// here, too. Those that were read `ahead` meanwhile are given back as well, and kept where all went well.
    async fn settle(&mut self, ids: Vec<i64>, ahead: Vec<i64>, concluded: Result<(), Failed>) -> Result<(), StoreError> {
        let Err(Failed { mut undone, error }) = concluded else {
            self.forgiven.retain(|id, _| !ids.contains(id));
            return Ok(());
        };
        undone.extend(ahead);
        let given_back = {
            let undone = undone.clone();
            self.store.write(move |connection| conclusion::give_back(connection, &undone)).await
        };
        if given_back.is_err() {
            for id in undone {
                *self.forgiven.entry(id).or_default() += 1;
            }
        }
        Err(error)
    }

    /// Whether judging this mail ended the process or failed twice; failures of the store that were outlived do not count.
    fn is_poison(&self, pending: &Pending) -> bool {
        pending.attempts.saturating_sub(self.forgiven.get(&pending.id).copied().unwrap_or(0)) > MOST_ATTEMPTS
    }

    /// Concludes a group, all of it or nothing; where a row of one mail is at fault, one after the other, so that the others keep their
    /// order and nobody else is blamed.
    async fn conclude(&self, group: Group) -> Result<(), Failed> {
        let ids = group.ids();
        match self.conclude_together(group).await {
            Ok(()) => Ok(()),
            Err((error, Some(group))) if error.is_about_rows() && ids.len() > 1 => self.conclude_singly(group).await,
            Err((error, Some(_))) if error.is_about_rows() => Err(Failed { undone: Vec::new(), error }),
            Err((error, _)) => Err(Failed { undone: ids, error }),
        }
    }

    async fn conclude_singly(&self, group: Group) -> Result<(), Failed> {
        let ids = group.ids();
        let Group { mails, judging } = group;
        let mut fault = None;
        for (place, mail) in mails.into_iter().enumerate() {
            match self.conclude_together(Group { mails: vec![mail], judging: Arc::clone(&judging) }).await {
                Ok(()) => {}
                Err((error, _)) if error.is_about_rows() => fault = Some(error),
                Err((error, _)) => return Err(Failed { undone: ids.into_iter().skip(place).collect(), error }),
            }
        }
        fault.map_or(Ok(()), |error| Err(Failed { undone: Vec::new(), error }))
    }

    /// The group comes back where the store refused it.
    async fn conclude_together(&self, group: Group) -> Result<(), (StoreError, Option<Group>)> {
        let writing = Writing { judging: Arc::clone(&group.judging), routes: self.routes.clone(), now: clock::now() };
        let (group, concluded) = self
            .store
            .write(move |connection| {
                let judge = |pending: &Pending, reading: &Reading, standing: &Standing| writing.written(pending, reading, standing);
                let Judging { rules, version, .. } = &*writing.judging;
                let concluded = conclusion::conclude(connection, &group.mails, rules, version, &judge, writing.now);
                Ok((group, concluded))
            })
            .await
            .map_err(|error| (error, None))?;
        match concluded {
            Ok(concluded) => {
                halt::after("T2");
                self.announce(&group.mails, &concluded);
                Ok(())
            }
            Err(error) => Err((error, Some(group))),
        }
    }

    fn announce(&self, taken: &[(Pending, Reading)], concluded: &Concluded) {
        if let Some(letters) = concluded.tripped {
            tracing::error!(letters, "More letters than total-an-hour would have gone out; all of them are held. See `uketsuke status`.");
            self.board.say(BREAKER, State::Sick(HALTED.to_owned()));
        }
        for bounced in &concluded.bounced {
            match bounced.proof {
                Proof::MessageId => {
                    tracing::warn!(letter = bounced.reply, "A letter came back; see `uketsuke outbox show` and its number.")
                }
                Proof::Address => {
                    tracing::info!(
                        letter = bounced.reply,
                        "A mail says that a letter came back, and does not prove it; see `uketsuke outbox show`."
                    );
                }
            }
        }
        for ((pending, _), written) in taken.iter().zip(&concluded.written) {
            let conclusion = &written.conclusion;
            let doubts = conclusion.findings.iter().filter(|finding| finding.class == Class::Doubt).count();
            tracing::info!(submission = pending.id, verdict = %conclusion.verdict, reply = conclusion.reply.word(), doubts, "Judged a submission.");
            if written.filing.is_some()
                && let Some((_, bell)) = self.filings.iter().find(|(account, _)| *account == pending.account)
            {
                bell.notify_one();
            }
        }
        let is_for =
            |relay: &String| concluded.written.iter().filter_map(|written| written.letter.as_ref()).any(|letter| letter.relay == *relay);
        for (_, bell) in self.letters.iter().filter(|(relay, _)| is_for(relay)) {
            bell.notify_one();
        }
    }
}

/// Reads a group; a mail that ended the process or could not be concluded before, twice, is left to a person.
///
/// # Errors
/// Where the bytes of a mail cannot be had for a while; nothing of the group was read then.
fn readings(taken: &[Pending], files: &Files, judging: &Judging, threads: usize, poison: Option<i64>) -> Result<Vec<Reading>, StoreError> {
    if let Some(poison) = poison {
        tracing::error!(
            submission = poison,
            "Judging this mail failed or ended the process twice; it goes to review unread. Please report this with the mail's structure."
        );
        return Ok(taken.iter().map(|_| desk::unread("judging failed or ended the process twice")).collect());
    }
    let mut unpacked: Vec<Result<Cow<'_, [u8]>, StoreError>> = Vec::with_capacity(taken.len());
    for pending in taken {
        match pending.bytes(files) {
            // A disk that cannot be read now delays a mail and says nothing of it.
            Err(error) if !error.is_about_rows() => return Err(error),
            bytes => unpacked.push(bytes),
        }
    }
    let mails: Vec<Mail<'_>> = taken.iter().zip(&unpacked).map(|(pending, bytes)| mail(pending, bytes)).collect();
    let mut readings: Vec<Reading> = match mails.as_slice() {
        // Starting a thread takes longer than reading a usual mail.
        [mail] => vec![judges::read(mail, &judging.rules)],
        mails => judges::read_all(mails, &judging.rules, threads).into_iter().map(|timed| timed.reading).collect(),
    };
    for ((pending, bytes), reading) in taken.iter().zip(&unpacked).zip(&mut readings) {
        if let Err(error) = bytes {
            tracing::error!(submission = pending.id, %error, "A mail's bytes are damaged in the store; it goes to review unread.");
            *reading = desk::unread("the kept bytes are damaged");
        }
    }
    Ok(readings)
}

fn mail<'b>(pending: &Pending, bytes: &'b Result<Cow<'_, [u8]>, StoreError>) -> Mail<'b> {
    let extent = match pending.content {
        Kept::Whole => Extent::Whole,
        Kept::Headers => Extent::HeadersOnly,
    };
    Mail { bytes: bytes.as_deref().unwrap_or_default(), extent }
}
