//! What a watcher remembers from one connection to the next; everything else is in the ledger.
//!
//! Promises: survives a panic in the connection's task, which is when it matters. Rejected: keeping it in the ledger; it is only
//! about how to ask, and after a restart it is learnt again within a few round trips.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::copies::Attempts;
use super::error::MailboxError;
use super::folder::Question;
use super::ledger::FailureKind;
use super::reconcile::Progress;
use super::suspects::{Blame, PATIENCE, Suspects};
use super::windows::{Depth, Stride, Window};

/// Shared by the watcher and its connections' tasks. Never locked across an await.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Notes>);

/// The notes themselves.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub suspects: Suspects,
    pub stride: Stride,
    /// The window that is being asked about.
    pub listing: Option<Window>,
    /// UIDs whose size and date the server cannot say.
    pub undetailed: BTreeSet<u32>,
    /// How often the server failed to say whether a UID exists.
    unlisted: BTreeMap<u32, u32>,
    pub last_mail: LastMail,
    pub looks: u64,
    /// The letters in the folder for sent mail were made known in this run.
    pub knows_letters: bool,
    /// How often that was begun.
    pub learning: u32,
    pub copies: Attempts,
    /// Folders that stand under another name than the operator's.
    pub names: BTreeMap<String, String>,
    pub reconciled: Option<Instant>,
    pub reconciling: Progress,
    /// UIDVALIDITY that all of this is about.
    pub uidvalidity: u32,
}

/// How often in a row the question for the folder's last mail was not answered: a date, or anything else, that breaks the parser would do so
/// at every look. After the second time only its UID is asked for, as long as the process and the numbering last; after two more, the mail
/// before it now and then: it alone waits then, until another one comes behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LastMail {
    unanswered: u8,
}

impl LastMail {
    /// What to ask for. A lost line is not the mail's fault; two in a row may be.
    pub(super) fn question(self) -> Question {
        match self.unanswered {
            0 | 1 => Question::Detailed,
            2 | 3 => Question::Bare,
            _ => Question::OneBefore,
        }
    }

    pub(super) fn asked(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    pub(super) fn answered(&mut self, question: Question) {
        self.unanswered = match question {
            Question::Detailed => 0,
            Question::Bare => self.unanswered.min(2),
            Question::OneBefore => self.unanswered,
        };
    }

    /// The answer stays away for another reason.
    fn forgive(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// A look is over; it may be another mail the next time.
    pub(super) fn looked(&mut self) {
        self.unanswered = self.unanswered.min(3);
    }
}

impl Memory {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        // The notes are plain values; a panic between two of their lines leaves nothing broken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    /// A folder was opened; what is known about another numbering is forgotten.
    pub(super) fn opened(&mut self, uidvalidity: u32) {
        if self.uidvalidity != uidvalidity {
            *self = Self {
                uidvalidity,
                looks: self.looks,
                knows_letters: self.knows_letters,
                learning: self.learning,
                copies: std::mem::take(&mut self.copies),
                names: std::mem::take(&mut self.names),
                ..Self::default()
            };
        }
    }

    /// The server could not list a window.
    pub(super) fn listing_failed(&mut self) -> Blame {
        let Some(window) = self.listing.take() else { return Blame::Nobody };
        if window.from == window.to {
            self.undetailed.insert(window.from);
            if window.depth == Depth::Bare {
                *self.unlisted.entry(window.from).or_default() += 1;
            }
        }
        self.stride.stumbled();
        Blame::Somebody
    }

    /// The server has listed a window.
    pub(super) fn listed(&mut self) {
        if let Some(Window { from, to, depth: Depth::Bare }) = self.listing.take() {
            self.unlisted.retain(|uid, _| !(from..=to).contains(uid));
        }
    }

    /// This mail came, or is known to be gone: nothing is held against it any more.
    pub(super) fn resolved(&mut self, uid: u32) {
        self.suspects.cleared(uid);
        self.unlisted.remove(&uid);
    }

    /// The server says nothing of these UIDs, nor of any other: it is none's fault.
    pub(super) fn none_listed(&mut self, uids: Range<u32>) {
        self.unlisted.retain(|uid, _| !uids.contains(uid));
    }

    /// Where the comparison goes on. A single UID that was not answered is left out.
    pub(super) fn resume_comparison(&mut self) -> Progress {
        let (progress, silent) = self.reconciling.resumed();
        if let Some(uid) = silent {
            *self.unlisted.entry(uid).or_default() += 1;
        }
        self.reconciling = progress;
        progress
    }

    /// Whether it is no use to ask once more if a UID exists. Only a fetch can tell then.
    pub(super) fn is_unlistable(&self, uid: u32) -> bool {
        self.first_unlistable(uid, uid).is_some()
    }

    /// The first UID of a range of which that is so.
    pub(super) fn first_unlistable(&self, from: u32, to: u32) -> Option<u32> {
        let mut within = self.unlisted.range(from..).take_while(|(uid, _)| **uid <= to);
        within.find(|(_, failures)| **failures >= PATIENCE).map(|(uid, _)| *uid)
    }

    /// The connection is over: what was asked for and did not come is suspect.
    pub(super) fn connection_failed(&mut self, error: &MailboxError) -> Blame {
        if error.kind() == FailureKind::Throttled {
            // Nobody's fault: the same is asked for again after the pause.
            self.listing = None;
            self.suspects.asked(&[]);
            self.reconciling.forgive();
            self.last_mail.forgive();
            return Blame::Nobody;
        }
        self.resume_comparison();
        match (self.listing_failed(), self.suspects.settle(&error.to_string())) {
            (Blame::Nobody, Blame::Nobody) => Blame::Nobody,
            _ => Blame::Somebody,
        }
    }
}
