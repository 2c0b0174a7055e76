//! Where a look begins, and as what the mails it meets count: the arithmetic of UIDVALIDITY, UIDNEXT and our own cursor.
//!
//! Promises: never jumps forward; whatever is in doubt is read again and left to the ledger to recognise by content.
//! Rejected: setting the cursor to the server's UIDNEXT after a renumbering (it skips what came in between), and trusting
//! UIDNEXT at all for what is new (Courier and 163.com omit it, others lie).

use super::ledger::{Backlog, Cursor, Sighting};
use super::windows::DETAILED;

/// Where the look begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub from: u32,
    pub backlog: Option<Backlog>,
    pub start: Start,
}

/// Why it begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// At our cursor.
    Resumed,
    /// We have never seen this folder.
    First,
    /// UIDVALIDITY is another one (RFC 3501, 2.3.1.1).
    Renumbered { was: u32 },
    /// UIDNEXT went down under the same UIDVALIDITY.
    Rewound { was_next_uid: u32 },
}

/// Plans a look. `uidnext` is what a SELECT has just said, if it said so; `last` is the UID of the folder's last mail.
pub(super) fn plan(known: Option<Cursor>, uidvalidity: u32, uidnext: Option<u32>, last: Option<u32>) -> Plan {
    let Some(cursor) = known else {
        return Plan { from: 1, backlog: backlog(last, Sighting::FirstSync), start: Start::First };
    };
    if cursor.uidvalidity != uidvalidity {
        return Plan { from: 1, backlog: backlog(last, Sighting::Rescan), start: Start::Renumbered { was: cursor.uidvalidity } };
    }
    match uidnext {
        // Both signs are required: UIDNEXT alone may be a lie, and a missing last mail alone is a deletion.
        Some(uidnext) if uidnext < cursor.next_uid && last.unwrap_or(0) < cursor.next_uid.saturating_sub(1) => Plan {
            // One window more than UIDNEXT says: mails may have come between the restore and our noticing it.
            from: uidnext.saturating_sub(DETAILED).max(1),
            backlog: Some(Backlog { until: cursor.next_uid.saturating_sub(1), sighting: Sighting::Rescan }),
            start: Start::Rewound { was_next_uid: cursor.next_uid },
        },
        _ => Plan { from: cursor.next_uid.max(1), backlog: cursor.backlog, start: Start::Resumed },
    }
}

/// As what the mail with this UID counts.
pub(super) fn sighting(uid: u32, backlog: Option<Backlog>) -> Sighting {
    match backlog {
        Some(backlog) if uid <= backlog.until => backlog.sighting,
        _ => Sighting::Live,
    }
}

/// The backlog that remains once everything below `next_uid` is resolved.
pub(super) fn remaining(backlog: Option<Backlog>, next_uid: u32) -> Option<Backlog> {
    backlog.filter(|backlog| backlog.until >= next_uid)
}

fn backlog(last: Option<u32>, sighting: Sighting) -> Option<Backlog> {
    last.map(|until| Backlog { until, sighting })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURSOR: Cursor = Cursor { uidvalidity: 7, next_uid: 1_000, backlog: None };

    fn rescan(until: u32) -> Option<Backlog> {
        Some(Backlog { until, sighting: Sighting::Rescan })
    }

    #[test]
    fn looks_begin_where_nothing_can_be_missed() {
        let first = Some(Backlog { until: 40, sighting: Sighting::FirstSync });
        let rewound = Start::Rewound { was_next_uid: 1_000 };
        let old = Some(Cursor { uidvalidity: 6, ..CURSOR });
        for (name, known, uidnext, last, from, backlog, start) in [
            ("never seen", None, Some(41), Some(40), 1, first, Start::First),
            ("never seen and empty", None, Some(41), None, 1, None, Start::First),
            ("renumbered", old, Some(41), Some(40), 1, rescan(40), Start::Renumbered { was: 6 }),
            ("renumbered and empty", old, None, None, 1, None, Start::Renumbered { was: 6 }),
            ("nothing new", Some(CURSOR), Some(1_000), Some(999), 1_000, None, Start::Resumed),
            ("UIDNEXT omitted", Some(CURSOR), None, Some(999), 1_000, None, Start::Resumed),
            ("UIDNEXT lies low", Some(CURSOR), Some(5), Some(999), 1_000, None, Start::Resumed),
            ("last mail deleted", Some(CURSOR), Some(1_000), Some(3), 1_000, None, Start::Resumed),
            ("all mails deleted", Some(CURSOR), Some(1_000), None, 1_000, None, Start::Resumed),
            ("restored from a backup", Some(CURSOR), Some(900), Some(899), 400, rescan(999), rewound),
            ("restored and nearly empty", Some(CURSOR), Some(3), Some(2), 1, rescan(999), rewound),
            ("restored and empty", Some(CURSOR), Some(1), None, 1, rescan(999), rewound),
        ] {
            assert_eq!(plan(known, 7, uidnext, last), Plan { from, backlog, start }, "{name}");
        }
    }

    #[test]
    fn a_crash_during_the_first_look_does_not_make_old_mail_new() {
        let backlog = Some(Backlog { until: 40, sighting: Sighting::FirstSync });
        let resumed = plan(Some(Cursor { uidvalidity: 7, next_uid: 21, backlog }), 7, None, Some(42));
        assert_eq!(resumed.from, 21);
        assert_eq!([40, 41].map(|uid| sighting(uid, resumed.backlog)), [Sighting::FirstSync, Sighting::Live]);
        assert_eq!(remaining(backlog, 40), backlog);
        assert_eq!(remaining(backlog, 41), None);
    }
}
