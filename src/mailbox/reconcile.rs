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

/// How far a comparison has come; survives a lost connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The next UID, and how many are asked for at once; 0 before it begins.
    at: u32,
    width: u32,
    /// Mails that had been overlooked.
    found: usize,
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
            let Progress { found, .. } = std::mem::take(&mut notes.reconciling);
            drop(notes);
            self.observe(Event::Reconciled { found });
        }
        Ok(())
    }

    async fn reconcile(&mut self, growths: u64) -> Result<Walked, MailboxError> {
        let Some(cursor) = self.ledger.cursor(&self.place.account, &self.place.folder).await? else { return Ok(Walked::ToTheEnd) };
        let end = cursor.next_uid.saturating_sub(1);
        let most = usize::try_from(WIDTH).unwrap_or(usize::MAX);
        let Progress { at, width, .. } = self.memory.notes().reconciling;
        let (mut at, mut width) = (at.max(1), if width == 0 { WIDTH } else { width });
        while at <= end {
            self.beat();
            let to = at.saturating_add(width.saturating_sub(1)).min(end);
            let listed = match folder::uids(self.session, at, to, most).await {
                // More than the server lists at once.
                Err(error) if error.wants_less() && at < to => {
                    width = to.saturating_sub(at).div_ceil(2);
                    continue;
                }
                outcome => outcome?,
            };
            // A full answer may have been cut, so it counts only up to its last UID.
            let seen_to = if listed.len() < most { to } else { listed.last().copied().unwrap_or(to) };
            width = if listed.is_empty() { width.saturating_mul(2) } else { width.saturating_mul(2).min(WIDTH) };
            if !listed.is_empty() {
                let known = self.ledger.known_uids(&self.place, at, seen_to).await?;
                for uid in listed.into_iter().filter(|uid| known.binary_search(uid).is_err()) {
                    if self.is_stopping() {
                        return Ok(Walked::Aside);
                    }
                    let taken = self.take_singly(uid).await?;
                    let mut notes = self.memory.notes();
                    notes.reconciling.found = notes.reconciling.found.saturating_add(taken);
                }
            }
            match seen_to.checked_add(1) {
                Some(next) => at = next,
                None => break,
            }
            let mut notes = self.memory.notes();
            notes.reconciling = Progress { at, width, ..notes.reconciling };
            drop(notes);
            // After a window, so that every turn does at least one, however much arrives.
            if self.is_stopping() || self.session.view().growths != growths {
                return Ok(Walked::Aside);
            }
        }
        Ok(Walked::ToTheEnd)
    }
}
