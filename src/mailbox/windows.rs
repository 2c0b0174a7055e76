//! Which UIDs are asked for next: bounded windows, wide over gaps, narrow around what the server cannot list.
//!
//! Promises: every UID between start and end falls into exactly one window; a numbering with holes of millions costs a few dozen
//! commands. Rejected: `n:*`, which returns the last mail when nothing is new (RFC 3501, 6.4.8), and UIDs per command without
//! bound.

/// UIDs in one detailed listing.
pub(super) const DETAILED: u32 = 500;

/// A bounded range of UIDs to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub from: u32,
    pub to: u32,
    pub depth: Depth,
}

/// What is asked about each UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Size and date.
    Detailed,
    /// Only which UIDs exist; used to cross gaps.
    Bare,
}

/// The width of the next window; grows over gaps, shrinks around trouble, outlives connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stride {
    width: u32,
}

impl Default for Stride {
    fn default() -> Self {
        Self { width: DETAILED }
    }
}

impl Stride {
    /// The next window, or nothing when `at` is past `end`.
    pub(super) fn window(self, at: u32, end: u32) -> Option<Window> {
        if at > end {
            return None;
        }
        let to = at.saturating_add(self.width.saturating_sub(1)).min(end);
        let depth = if self.width > DETAILED { Depth::Bare } else { Depth::Detailed };
        Some(Window { from: at, to, depth })
    }

    /// The window held nothing: a gap, crossed in ever longer steps.
    pub(super) fn crossed_gap(&mut self) {
        self.width = self.width.saturating_mul(2);
    }

    /// The window held mails.
    pub(super) fn met_mails(&mut self) {
        self.width = if self.width >= DETAILED { DETAILED } else { self.width.saturating_mul(2).min(DETAILED) };
    }

    /// The server could not list the window: the next try is half as wide, and no stride over a gap.
    pub(super) fn stumbled(&mut self) {
        self.width = (self.width.min(DETAILED) / 2).max(1);
    }
}

/// Writes UIDs as an IMAP sequence set, runs compressed (RFC 3501, 9: `sequence-set`). The input is ascending.
pub(super) fn uid_set(uids: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &uid in uids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            Some((_, last)) if *last == uid => {}
            _ => runs.push((uid, uid)),
        }
    }
    let words: Vec<String> =
        runs.into_iter().map(|(from, to)| if from == to { from.to_string() } else { format!("{from}:{to}") }).collect();
    words.join(",")
}

/// Octets of a command, its tag and its other words excluded, that every server takes (RFC 2683, 3.2.1.5 says 1,000 in all).
const SET_OCTETS: usize = 900;

/// Splits ascending UIDs so that each set, written out, keeps a command under 1,000 octets.
pub(super) fn uid_sets(uids: &[u32]) -> Vec<&[u32]> {
    // A UID takes at most 10 digits and a comma, so a chunk of this size fits however little it compresses.
    let certain = SET_OCTETS / 11;
    let mut sets = Vec::new();
    let mut rest = uids;
    while !rest.is_empty() {
        let mut taken = rest.len();
        while taken > certain && rest.get(..taken).is_some_and(|some| uid_set(some).len() > SET_OCTETS) {
            taken = (taken / 2).max(certain);
        }
        let (head, tail) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
        sets.push(head);
        rest = tail;
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_compressed() {
        for (uids, expected) in [
            (vec![], ""),
            (vec![7], "7"),
            (vec![1, 2, 3], "1:3"),
            (vec![1, 3, 4, 9], "1,3:4,9"),
            (vec![5, 5, 6], "5:6"),
            (vec![u32::MAX - 1, u32::MAX], "4294967294:4294967295"),
        ] {
            assert_eq!(uid_set(&uids), expected);
        }
    }

    #[test]
    fn sets_stay_below_the_octets_and_lose_no_uid() {
        let sparse: Vec<u32> = (0..1_000).map(|n| 4_000_000_000 + n * 2).collect();
        let sets = uid_sets(&sparse);
        assert!(sets.iter().all(|set| uid_set(set).len() <= SET_OCTETS));
        assert_eq!(sets.concat(), sparse);
        let dense: Vec<u32> = (1..=1_000).collect();
        assert_eq!(uid_sets(&dense).len(), 1);
    }

    #[test]
    fn windows_cover_every_uid_once() {
        let stride = Stride::default();
        let mut at = 1;
        let mut covered = Vec::new();
        while let Some(window) = stride.window(at, 1_201) {
            covered.extend(window.from..=window.to);
            at = window.to + 1;
        }
        assert_eq!(covered, (1..=1_201).collect::<Vec<u32>>());
    }

    #[test]
    fn a_gap_of_four_billion_takes_few_windows() {
        let mut stride = Stride::default();
        let mut at = 1_u32;
        let mut windows = 0;
        while let Some(window) = stride.window(at, u32::MAX) {
            windows += 1;
            stride.crossed_gap();
            match window.to.checked_add(1) {
                Some(next) => at = next,
                None => break,
            }
        }
        assert!(windows <= 24, "{windows}");
    }

    #[test]
    fn a_stumble_halves_down_to_one_and_success_grows_back() {
        let mut stride = Stride::default();
        let mut widths = Vec::new();
        for _ in 0..10 {
            stride.stumbled();
            widths.push(stride.window(10, 10_000).map(|window| window.to - window.from + 1).unwrap());
        }
        assert_eq!(widths, [250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
        for _ in 0..10 {
            stride.met_mails();
        }
        assert_eq!(stride, Stride::default());
    }

    #[test]
    fn mails_after_a_gap_end_the_wide_windows() {
        let mut stride = Stride::default();
        stride.crossed_gap();
        assert_eq!(stride.window(1, 5_000), Some(Window { from: 1, to: 1_000, depth: Depth::Bare }));
        stride.met_mails();
        assert_eq!(stride.window(1, 5_000), Some(Window { from: 1, to: 500, depth: Depth::Detailed }));
    }
}
