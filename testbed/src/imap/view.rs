//! A session's view of its folder: which message has which number, and what it was told.
//!
//! Promises: numbers change only where the client may expect it (RFC 3501 7.4.1), arrivals are told once.
//! Rejected: numbers computed from the folder at each command; with two sessions they would shift under a running FETCH.

use std::collections::BTreeSet;

use super::reply::Line;
use super::state::{Shelf, State};

/// Whether the folder may be changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    ReadWrite,
    ReadOnly,
}

/// Whether EXPUNGE may be sent now; not while FETCH, STORE or SEARCH are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Removals {
    Told,
    Withheld,
}

pub(super) struct View {
    pub(super) folder: String,
    pub(super) mode: Mode,
    /// Ascending; the place plus one is the sequence number.
    pub(super) uids: Vec<u32>,
    generation: u64,
}

impl View {
    pub(super) fn of(folder: String, shelf: &Shelf, mode: Mode) -> Self {
        Self { folder, mode, uids: shelf.messages.keys().copied().collect(), generation: shelf.generation }
    }

    /// What happened since the client was told last.
    pub(super) fn news(&mut self, state: &State, removals: Removals) -> Vec<Line> {
        let Some(shelf) = state.folders.get(&self.folder).filter(|shelf| shelf.generation != self.generation) else { return Vec::new() };
        let mut lines = Vec::new();
        let gone: BTreeSet<u32> = self.uids.iter().copied().filter(|uid| !shelf.messages.contains_key(uid)).collect();
        if removals == Removals::Told {
            let mut sequence = 1;
            for uid in &self.uids {
                if gone.contains(uid) {
                    lines.push(Line::text(format!("* {sequence} EXPUNGE")));
                } else {
                    sequence += 1;
                }
            }
            self.uids.retain(|uid| !gone.contains(uid));
        }
        let last = self.uids.last().copied().unwrap_or(0);
        let known = self.uids.len();
        self.uids.extend(shelf.messages.range(last.saturating_add(1)..).map(|(uid, _)| *uid));
        if self.uids.len() > known {
            lines.push(Line::text(format!("* {} EXISTS", self.uids.len())));
        }
        if removals == Removals::Told || gone.is_empty() {
            self.generation = shelf.generation;
        }
        lines
    }
}
