//! Mails that were just stored, for the clerk, who reads them next: bytes that lie here need not be read back and unpacked.
//!
//! Promises: bounded in bytes, and only a short cut. What does not lie here is read from the store, so nothing depends on it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes that may lie here, two groups of the clerk: more would only wait longer. A larger mail is never laid down.
pub const ROOM: usize = 4 * 1024 * 1024;

/// The shelf between the watchers and the clerk.
#[derive(Default)]
pub struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    mails: BTreeMap<i64, Vec<u8>>,
    bytes: usize,
}

impl std::fmt::Debug for Shelf {
    /// Bodies never reach a log by accident.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shelf")
    }
}

impl Shelf {
    /// Lays down a submission's bytes, if they are given and there is room. To be called on the store's thread after the submission was committed: whoever
    /// takes the submission there later finds them.
    pub fn put(&self, submission: i64, bytes: Option<Vec<u8>>) {
        // First of all: whatever lies here under this number is another mail's.
        drop(self.take(submission));
        let Some(bytes) = bytes else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes.saturating_add(bytes.len()) <= ROOM {
            kept.bytes = kept.bytes.saturating_add(bytes.len());
            kept.mails.insert(submission, bytes);
        }
    }

    /// Takes a submission's bytes away.
    pub fn take(&self, submission: i64) -> Option<Vec<u8>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.mails.remove(&submission)?;
        kept.bytes = kept.bytes.saturating_sub(bytes.len());
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken_once_and_what_has_no_room_is_not_kept() {
        let shelf = Shelf::default();
        shelf.put(1, Some(vec![1; ROOM]));
        shelf.put(2, Some(vec![2]));
        assert_eq!(shelf.take(2), None);
        assert_eq!(shelf.take(1).map(|bytes| bytes.len()), Some(ROOM));
        assert_eq!(shelf.take(1), None);
        shelf.put(2, Some(vec![2]));
        shelf.put(2, Some(vec![3]));
        assert_eq!(shelf.take(2), Some(vec![3]));
        for other in [Some(vec![0; ROOM + 1]), None] {
            shelf.put(3, Some(vec![0; ROOM]));
            shelf.put(3, other);
            assert_eq!(shelf.take(3), None, "another mail of that number");
        }
    }
}
