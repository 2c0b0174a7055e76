//! Sequence sets (`1:5,9,12:*`), read and written.
//!
//! Promises: `*` is the last message, a range may be given backwards, `9:*` means the last message even when it is below 9 (RFC 3501 6.4.8).
//! Rejected: expanding ranges into numbers; `1:4294967295` is an ordinary request.

use super::reply::Refusal;

/// Whether a command speaks of UIDs or of places in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    Uid,
    Sequence,
}

/// A message of the session's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) sequence: usize,
    pub(super) uid: u32,
}

#[derive(Clone, Copy)]
enum Bound {
    Number(u32),
    Last,
}

/// Finds the messages of `view` (UIDs in ascending order) that the set names.
pub(super) fn members(text: &str, numbering: Numbering, view: &[u32]) -> Result<Vec<Place>, Refusal> {
    let last = match numbering {
        Numbering::Uid => view.last().copied().unwrap_or(0),
        Numbering::Sequence => u32::try_from(view.len()).unwrap_or(u32::MAX),
    };
    let mut found = Vec::new();
    for part in text.split(',') {
        let (first, second) = part.split_once(':').unwrap_or((part, part));
        let (first, second) = (number(bound(first)?, last), number(bound(second)?, last));
        let (low, high) = (first.min(second), first.max(second));
        let (from, to) = match numbering {
            Numbering::Uid => (view.partition_point(|uid| *uid < low), view.partition_point(|uid| *uid <= high)),
            Numbering::Sequence if high > last || low == 0 => return Err(Refusal::Bad("there is no message of that number".to_owned())),
            Numbering::Sequence => (index(low.saturating_sub(1)), index(high)),
        };
        let part = view.get(from..to).unwrap_or_default();
        found.extend(part.iter().zip(from + 1..).map(|(uid, sequence)| Place { sequence, uid: *uid }));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Writes UIDs as a set, with runs as ranges; their order is kept.
pub(super) fn written(uids: &[u32]) -> String {
    let runs = uids.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let parts: Vec<String> = runs
        .filter_map(|run| match (run.first()?, run.last()?) {
            (first, last) if first == last => Some(first.to_string()),
            (first, last) => Some(format!("{first}:{last}")),
        })
        .collect();
    parts.join(",")
}

fn bound(text: &str) -> Result<Bound, Refusal> {
    match text {
        "*" => Ok(Bound::Last),
        _ => match text.parse() {
            Ok(number) if number > 0 && text.bytes().all(|digit| digit.is_ascii_digit()) => Ok(Bound::Number(number)),
            _ => Err(Refusal::Bad("that is no sequence set".to_owned())),
        },
    }
}

fn number(bound: Bound, last: u32) -> u32 {
    match bound {
        Bound::Number(number) => number,
        Bound::Last => last,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(text: &str) -> Vec<u32> {
        members(text, Numbering::Uid, &[2, 3, 7, 9]).unwrap().iter().map(|place| place.uid).collect()
    }

    #[test]
    fn uid_sets_follow_the_rfc() {
        assert_eq!(uids("1:4294967295"), [2, 3, 7, 9]);
        assert_eq!(uids("7:3,9,9"), [3, 7, 9]);
        assert_eq!(uids("*"), [9]);
        assert_eq!(uids("50:*"), [9], "a range with * always holds the last message");
        assert_eq!(uids("4:6"), Vec::<u32>::new());
        assert_eq!(members("1:*", Numbering::Uid, &[]).unwrap(), []);
    }

    #[test]
    fn sequence_sets_count_from_one_and_end_at_the_last() {
        let found = members("2:*", Numbering::Sequence, &[2, 3, 7]).unwrap();
        assert_eq!(found, [Place { sequence: 2, uid: 3 }, Place { sequence: 3, uid: 7 }]);
        for wrong in ["4", "0", "1:4", "a", "", "1,", "+1", "1:2:3"] {
            assert!(members(wrong, Numbering::Sequence, &[2, 3, 7]).is_err(), "{wrong} is wrong");
        }
    }

    #[test]
    fn runs_are_written_as_ranges() {
        assert_eq!(written(&[1, 2, 3, 5, 8, 9]), "1:3,5,8:9");
    }
}
