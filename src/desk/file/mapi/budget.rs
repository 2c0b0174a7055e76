//! What is left of the bounds while a file is read.
//!
//! Promises: one budget for a whole file, so that a thousand embedded mails get no more than one.
//! Rejected: bounds for each mail; hostile files multiply them.

use super::Bounds;
use crate::desk::file::Reach;

/// Recipients in all mails of one file; larger than any list that a mail server lets pass.
const MOST_RECIPIENTS: usize = 2_000;

/// Mails inside each other, whatever the bounds say: readers and `Drop` recurse.
const DEEPEST: u8 = 32;

#[derive(Debug)]
pub struct Budget {
    depth: u8,
    members: usize,
    recipients: usize,
    bytes: usize,
    reach: Reach,
}

impl Budget {
    #[must_use]
    pub fn new(bounds: &Bounds) -> Self {
        Self {
            depth: bounds.depth.min(DEEPEST),
            members: bounds.members,
            recipients: MOST_RECIPIENTS,
            bytes: bounds.bytes,
            reach: Reach::Whole,
        }
    }

    /// How many of the wanted bytes may be decoded; they are paid for by asking.
    pub fn take(&mut self, wanted: usize) -> usize {
        let granted = wanted.min(self.bytes);
        self.bytes -= granted;
        if granted < wanted {
            self.reach = Reach::Cut;
        }
        granted
    }

    /// Bytes that are left, without paying for them.
    #[must_use]
    pub fn left(&self) -> usize {
        self.bytes
    }

    /// Pays for one attachment, or says no.
    #[must_use]
    pub fn member(&mut self) -> bool {
        spend(&mut self.members, &mut self.reach)
    }

    /// Pays for one recipient, or says no.
    #[must_use]
    pub fn recipient(&mut self) -> bool {
        spend(&mut self.recipients, &mut self.reach)
    }

    /// Goes one mail further in, or says that it is too deep. Who was let in comes [`back`](Self::back).
    #[must_use]
    pub fn deeper(&mut self) -> bool {
        match self.depth.checked_sub(1) {
            Some(rest) => {
                self.depth = rest;
                true
            }
            None => {
                self.cut();
                false
            }
        }
    }

    /// Comes out of a mail again.
    pub fn back(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    /// Notes that something was left out.
    pub fn cut(&mut self) {
        self.reach = Reach::Cut;
    }

    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }
}

fn spend(left: &mut usize, reach: &mut Reach) -> bool {
    match left.checked_sub(1) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => {
            *reach = Reach::Cut;
            false
        }
    }
}
