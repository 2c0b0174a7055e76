//! From time to time, all UIDs of the folder against all UIDs known: the net below the cursor.
//!
//! Promises: a mail that slipped through (a server that showed it late, or below the cursor) is taken within a day; new mails do not wait
//! for it: it steps aside and goes on where it was. Rejected: doing without; several servers have been seen to let mails appear out of order.

use std::time::Instant;

use super::error::MailboxError;
use super::folder;
use super::ledger::{Event, Ledger};
use super::look::Visit;

/// UIDs known to the ledger that are compared at once.
const WIDTH: u32 = 5_000;

/// UIDs that the server does not list even alone; beyond so many it lists nothing, and the comparison is left for the next time.
const MOST_LEFT_OUT: usize = 100;

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
    /// UIDs of which the server says nothing.
    left_out: usize,
}

impl Progress {
    /// Where to go on: around what was not answered. The next try is half as wide, and a single UID is left out.
    fn resumed(self) -> Self {
        let (at, width) = (self.at.max(1), if self.width == 0 { WIDTH } else { self.width });
        match (self.is_asking, width) {
            (false, _) => Self { at, width, ..self },
            (true, 1) => Self { at, width, is_asking: false, ..self }.without(at),
            (true, _) => Self { at, width: width / 2, is_asking: false, ..self },
        }
    }

    /// Behind a UID that is left out.
    fn without(self, uid: u32) -> Self {
        Self { at: uid.saturating_add(1), left_out: self.left_out.saturating_add(1), ..self }
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
        let most = usize::try_from(WIDTH).unwrap_or(usize::MAX);
        let mut progress = self.memory.notes().reconciling.resumed();
        while progress.at <= end && progress.left_out < MOST_LEFT_OUT {
            self.beat();
            let Progress { at, width, .. } = progress;
            let mut to = at.saturating_add(width.saturating_sub(1)).min(end);
            match self.memory.notes().first_unlistable(at, to) {
                // It was tried when the cursor came by, and is tried again in quarantine.
                Some(uid) if uid == at => {
                    progress = progress.without(uid);
                    continue;
                }
                Some(uid) => to = uid.saturating_sub(1),
                None => {}
            }
            let asking = Progress { width: to.saturating_sub(at).saturating_add(1), is_asking: true, ..progress };
            self.memory.notes().reconciling = asking;
            let listed = match folder::uids(self.session, at, to, most).await {
                // More than the server lists at once, or one of which it says nothing.
                Err(error) if error.wants_less() => {
                    progress = asking.resumed();
                    continue;
                }
                outcome => outcome?,
            };
            // A full answer may have been cut, so it counts only up to its last UID.
            let seen_to = if listed.len() < most { to } else { listed.last().copied().unwrap_or(to) };
            progress.width = if listed.is_empty() { width.saturating_mul(2) } else { width.saturating_mul(2).min(WIDTH) };
            if !listed.is_empty() {
                let known = self.ledger.known_uids(&self.place, at, seen_to).await?;
                for uid in listed.into_iter().filter(|uid| known.binary_search(uid).is_err()) {
                    if self.is_stopping() {
                        return Ok(Walked::Aside);
                    }
                    // Its own failure is no reason to ask for fewer.
                    self.memory.notes().reconciling = progress;
                    progress.found = progress.found.saturating_add(self.take_singly(uid).await?);
                }
            }
            match seen_to.checked_add(1) {
                Some(next) => progress.at = next,
                None => break,
            }
            self.memory.notes().reconciling = progress;
            // After a window, so that every turn does at least one, however much arrives.
            if self.is_stopping() || self.session.view().growths != growths {
                return Ok(Walked::Aside);
            }
        }
        self.memory.notes().reconciling = progress;
        Ok(Walked::ToTheEnd)
    }
}
