//! From time to time, all UIDs of the folder against all UIDs known: the net below the cursor.
//!
//! Promises: a mail that slipped through (a server that showed it late, or below the cursor) is taken within a day; new mails do not wait
//! for it: it steps aside and goes on where it was. Rejected: doing without; several servers have been seen to let mails appear out of order.

use std::ops::Range;
use std::time::Instant;

use super::error::MailboxError;
use super::folder;
use super::ledger::{Event, Ledger};
use super::look::Visit;

/// UIDs known to the ledger that are compared at once.
const WIDTH: u32 = 5_000;

/// UIDs in a row that the server does not list even alone: then it lists nothing, and the comparison is left for the next time.
const MOST_SILENT: usize = 100;

/// How far a comparison has come; survives a lost connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The next UID, and how many are asked for at once; 0 before it begins.
    at: u32,
    width: u32,
    /// A window was asked for, and its answer has not come: it may be what ended the connection.
    is_asking: bool,
    /// Mails that had been overlooked.
    found: usize,
    /// UIDs of which the server says nothing, and how many of them were the last ones asked for.
    left_out: usize,
    silent: usize,
}

impl Progress {
    /// Where to go on, around what was not answered: the next try is half as wide. A single UID is left out; which one.
    pub(super) fn resumed(self) -> (Self, Option<u32>) {
        let (at, width) = (self.at.max(1), if self.width == 0 { WIDTH } else { self.width });
        let progress = Self { at, width, is_asking: false, ..self };
        match (self.is_asking, width) {
            (false, _) => (progress, None),
            (true, 1) => (Self { silent: self.silent.saturating_add(1), ..progress }.without(at), Some(at)),
            (true, _) => (Self { width: width / 2, ..progress }, None),
        }
    }

    /// The answer stays away for another reason.
    pub(super) fn forgive(&mut self) {
        self.is_asking = false;
    }

    /// Behind a UID that is left out.
    fn without(self, uid: u32) -> Self {
        Self { at: uid.saturating_add(1), left_out: self.left_out.saturating_add(1), ..self }
    }

    /// While the window up to `to` is asked for.
    fn asking(self, to: u32) -> Self {
        Self { width: to.saturating_sub(self.at).saturating_add(1), is_asking: true, ..self }
    }

    /// The UIDs that were left out last, one after the other.
    fn last_silent(self) -> Range<u32> {
        self.at.saturating_sub(u32::try_from(self.silent).unwrap_or(u32::MAX))..self.at
    }

    /// Behind a window that was compared.
    fn behind(self, to: u32, was_empty: bool) -> Self {
        let width = self.width.saturating_mul(2);
        Self { at: to.saturating_add(1), width: if was_empty { width } else { width.min(WIDTH) }, ..self }
    }
}

/// How a comparison ended for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walked {
    ToTheEnd,
    /// New mails have come, or the stop.
    Aside,
}

impl<L: Ledger> Visit<'_, L> {
    /// Reconciles if it is time: at the first connection of a process, then once an interval.
    /// `growths` is the folder's count of arrivals when the look before it began: what has come since then goes first.
    pub(super) async fn reconcile_when_due(&mut self, growths: u64) -> Result<(), MailboxError> {
        let last = self.memory.notes().reconciled;
        if last.is_some_and(|moment| moment.elapsed() < self.settings.intervals.reconcile) {
            return Ok(());
        }
        if self.reconcile(growths).await? == Walked::ToTheEnd {
            let mut notes = self.memory.notes();
            notes.reconciled = Some(Instant::now());
            let Progress { found, left_out, .. } = std::mem::take(&mut notes.reconciling);
            drop(notes);
            self.observe(Event::Reconciled { found, left_out });
        }
        Ok(())
    }

    async fn reconcile(&mut self, growths: u64) -> Result<Walked, MailboxError> {
        let Some(cursor) = self.ledger.cursor(&self.place.account, &self.place.folder).await? else { return Ok(Walked::ToTheEnd) };
        let end = cursor.next_uid.saturating_sub(1);
        let mut progress = self.memory.notes().resume_comparison();
        while progress.at <= end && progress.silent < MOST_SILENT {
            let to = progress.at.saturating_add(progress.width.saturating_sub(1)).min(end);
            let unlistable = self.memory.notes().first_unlistable(progress.at, to);
            progress = match unlistable {
                // It was tried three times, when the cursor came by or in comparisons.
                Some(uid) if uid == progress.at => progress.without(uid),
                Some(uid) => self.compare(progress, uid.saturating_sub(1)).await?,
                None => self.compare(progress, to).await?,
            };
            self.memory.notes().reconciling = progress;
            // After a window, so that every turn does at least one, however much arrives.
            if self.is_stopping() || self.session.view().growths != growths {
                return Ok(Walked::Aside);
            }
        }
        if progress.silent >= MOST_SILENT {
            self.memory.notes().none_listed(progress.last_silent());
        }
        Ok(Walked::ToTheEnd)
    }

    /// Compares the next window, up to `to`, and takes what had been overlooked; where it goes on.
    async fn compare(&mut self, progress: Progress, to: u32) -> Result<Progress, MailboxError> {
        self.beat();
        let most = usize::try_from(WIDTH).unwrap_or(usize::MAX);
        self.memory.notes().reconciling = progress.asking(to);
        let listed = match folder::uids(self.session, progress.at, to, most).await {
            // More than the server lists at once, or one of which it says nothing.
            Err(error) if error.wants_less() => return Ok(self.memory.notes().resume_comparison()),
            outcome => outcome?,
        };
        // Whatever fails from here on is no reason to ask for fewer.
        let mut progress = Progress { silent: 0, ..progress };
        self.memory.notes().reconciling = progress;
        // A full answer may have been cut, so it counts only up to its last UID.
        let seen_to = if listed.len() < most { to } else { listed.last().copied().unwrap_or(to) };
        let was_empty = listed.is_empty();
        if !was_empty {
            let known = self.ledger.known_uids(&self.place, progress.at, seen_to).await?;
            for uid in listed.into_iter().filter(|uid| known.binary_search(uid).is_err()) {
                if self.is_stopping() {
                    return Ok(progress);
                }
                progress.found = progress.found.saturating_add(self.take_singly(uid).await?);
                self.memory.notes().reconciling = progress;
            }
        }
        Ok(progress.behind(seen_to, was_empty))
    }
}
