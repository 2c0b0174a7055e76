//! Which mail spoils a batch: halving down to a single UID, also across connections.
//!
//! Promises: a mail that the server cannot hand out costs its neighbours a few round trips and nothing else; after three failures of
//! its own it is given up for now. Rejected: dropping the batch with a warning (that is how mails get lost), and stopping at the
//! mail (one bad mail then stops the office).

use std::collections::{BTreeMap, BTreeSet};

/// Failures of a mail alone before it is given up: its listing, and then its fetch.
pub(super) const PATIENCE: u32 = 3;

/// What is known about mails that would not come.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Suspects {
    /// Disjoint groups, each of which holds at least one culprit.
    groups: Vec<Vec<u32>>,
    /// Failures of single mails, with the last reason.
    failures: BTreeMap<u32, (u32, String)>,
    /// Asked for and not yet seen; survives a panic or a lost connection, which is when it is needed.
    in_flight: BTreeSet<u32>,
}

/// What to do next about some UIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask for these together.
    Together(Vec<u32>),
    /// Ask for this one alone and piece by piece.
    Gently(u32),
    /// It has had its chances.
    GiveUp { uid: u32, reason: String },
}

impl Suspects {
    /// The next step towards having all of `wanted` (ascending), or nothing when there is none.
    pub(super) fn next(&self, wanted: &[u32]) -> Option<Next> {
        let first = *wanted.first()?;
        if let Some((failures, reason)) = self.failures.get(&first) {
            return Some(if *failures >= PATIENCE { Next::GiveUp { uid: first, reason: reason.clone() } } else { Next::Gently(first) });
        }
        let mut together: Vec<u32> = Vec::new();
        let home = self.group_of(first);
        for &uid in wanted {
            if self.group_of(uid) == home && !self.failures.contains_key(&uid) {
                together.push(uid);
            }
        }
        Some(Next::Together(together))
    }

    /// These are about to be asked for.
    pub(super) fn asked(&mut self, uids: &[u32]) {
        self.in_flight = uids.iter().copied().collect();
    }

    /// This one came, or is known to be gone.
    pub(super) fn cleared(&mut self, uid: u32) {
        self.in_flight.remove(&uid);
        self.failures.remove(&uid);
        for group in &mut self.groups {
            group.retain(|member| *member != uid);
        }
        self.groups.retain(|group| !group.is_empty());
    }

    /// The request is over, one way or the other: whatever did not come is suspect. Returns whether anything was.
    pub(super) fn settle(&mut self, reason: &str) -> Blame {
        let missing: Vec<u32> = std::mem::take(&mut self.in_flight).into_iter().collect();
        match missing.as_slice() {
            [] => return Blame::Nobody,
            [single] => {
                let entry = self.failures.entry(*single).or_insert((0, String::new()));
                entry.0 = entry.0.saturating_add(1);
                reason.clone_into(&mut entry.1);
            }
            several => {
                for group in &mut self.groups {
                    group.retain(|member| !several.contains(member));
                }
                let (low, high) = several.split_at_checked(several.len() / 2).unwrap_or((several, &[]));
                self.groups.extend([low.to_vec(), high.to_vec()]);
            }
        }
        self.groups.retain(|group| !group.is_empty());
        Blame::Somebody
    }

    fn group_of(&self, uid: u32) -> Option<usize> {
        self.groups.iter().position(|group| group.contains(&uid))
    }
}

/// Whether a failed request left suspects behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    Nobody,
    Somebody,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a server that fails every request which holds a poisoned mail; returns (received, given up, requests).
    fn play(wanted: &[u32], poisoned: &[u32], answers: Answers) -> (Vec<u32>, Vec<u32>, u32) {
        let mut suspects = Suspects::default();
        let (mut left, mut received, mut given_up, mut requests) = (wanted.to_vec(), Vec::new(), Vec::new(), 0);
        while let Some(next) = suspects.next(&left) {
            let asked = match next {
                Next::Together(uids) => uids,
                Next::Gently(uid) => vec![uid],
                Next::GiveUp { uid, .. } => {
                    suspects.cleared(uid);
                    given_up.push(uid);
                    left.retain(|other| *other != uid);
                    continue;
                }
            };
            requests += 1;
            assert!(requests < 200, "endless");
            suspects.asked(&asked);
            let spoilt = asked.iter().any(|uid| poisoned.contains(uid));
            for uid in asked {
                if poisoned.contains(&uid) && answers == Answers::UpToThePoison {
                    break;
                }
                if !spoilt || (answers == Answers::UpToThePoison) {
                    suspects.cleared(uid);
                    received.push(uid);
                    left.retain(|other| *other != uid);
                }
            }
            suspects.settle("refused");
        }
        received.sort_unstable();
        (received, given_up, requests)
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Answers {
        AllOrNothing,
        UpToThePoison,
    }

    #[test]
    fn every_good_mail_arrives_and_only_the_poison_is_given_up() {
        let wanted: Vec<u32> = (1..=200).collect();
        for poisoned in [vec![], vec![1], vec![200], vec![77, 78], vec![3, 100, 199]] {
            for answers in [Answers::AllOrNothing, Answers::UpToThePoison] {
                let (received, given_up, requests) = play(&wanted, &poisoned, answers);
                assert_eq!(given_up, poisoned);
                assert_eq!(received.len() + given_up.len(), 200);
                assert!(requests <= 1 + 20 * u32::try_from(poisoned.len()).unwrap(), "{requests} requests for {poisoned:?}");
            }
        }
    }

    #[test]
    fn a_single_mail_has_three_chances() {
        let mut suspects = Suspects::default();
        let mut steps = Vec::new();
        for _ in 0..3 {
            steps.push(suspects.next(&[9]).unwrap());
            suspects.asked(&[9]);
            assert_eq!(suspects.settle("no such luck"), Blame::Somebody);
        }
        steps.push(suspects.next(&[9]).unwrap());
        let reason = "no such luck".to_owned();
        assert_eq!(steps, [Next::Together(vec![9]), Next::Gently(9), Next::Gently(9), Next::GiveUp { uid: 9, reason }]);
    }

    #[test]
    fn a_request_that_was_answered_blames_nobody() {
        let mut suspects = Suspects::default();
        suspects.asked(&[1, 2]);
        suspects.cleared(1);
        suspects.cleared(2);
        assert_eq!(suspects.settle("lost"), Blame::Nobody);
        assert_eq!(suspects, Suspects::default());
    }
}
