//! When a letter, or all sending, is tried again.
//!
//! Promises: pure arithmetic over a [`Rhythm`]; nothing here reads a clock.
//! Rejected: exponential growth with jitter. One courier with one connection cannot stampede, and operators can predict a fixed list.

use std::time::Duration;

use super::outbox::TroubleKind;
use super::settings::Rhythm;

/// What follows a failed attempt of one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    After(Duration),
    GiveUp,
}

/// What follows the failed attempt number `attempt` (counted from 1).
#[must_use]
pub fn next_attempt(rhythm: &Rhythm, attempt: u32) -> Next {
    if attempt >= rhythm.most_attempts {
        return Next::GiveUp;
    }
    let waited = (1..attempt).fold(Duration::ZERO, |sum, earlier| sum.saturating_add(entry(&rhythm.letter_waits, earlier)));
    let wait = entry(&rhythm.letter_waits, attempt);
    if waited.saturating_add(wait) > rhythm.give_up_after { Next::GiveUp } else { Next::After(wait) }
}

/// How long all sending pauses after the trouble number `in_a_row` (counted from 1, back to 1 after a success).
#[must_use]
pub fn pause(rhythm: &Rhythm, kind: TroubleKind, in_a_row: u32) -> Duration {
    match kind {
        TroubleKind::Authentication | TroubleKind::Policy => entry(&rhythm.account_pauses, in_a_row),
        TroubleKind::Network | TroubleKind::Tls | TroubleKind::Server => entry(&rhythm.server_pauses, in_a_row),
    }
}

/// The entry of that number (counted from 1), or the last one; a minute where a list is empty, since no wait at all would spin.
fn entry(list: &[Duration], number: u32) -> Duration {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    list.get(index).or(list.last()).copied().unwrap_or(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn a_letter_waits_longer_each_time_and_is_given_up_within_a_day() {
        let rhythm = Rhythm::default();
        let seen: Vec<_> = (1..=13).map(|attempt| next_attempt(&rhythm, attempt)).collect();
        let mut expected: Vec<_> = [1, 5, 15, 60, 180, 180, 180, 180, 180, 180, 180].map(|count| Next::After(minutes(count))).to_vec();
        expected.extend([Next::GiveUp, Next::GiveUp]);
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_number_of_attempts_is_bounded_too() {
        let rhythm = Rhythm { most_attempts: 3, ..Rhythm::default() };
        let seen: Vec<_> = (1..=4).map(|attempt| next_attempt(&rhythm, attempt)).collect();
        assert_eq!(seen, [Next::After(minutes(1)), Next::After(minutes(5)), Next::GiveUp, Next::GiveUp]);
    }

    #[test]
    fn pauses_grow_and_the_account_gets_the_longer_ones() {
        let rhythm = Rhythm::default();
        let walk = |kind| (1..=6).map(|number| pause(&rhythm, kind, number)).collect::<Vec<_>>();
        assert_eq!(walk(TroubleKind::Authentication), [5, 10, 20, 40, 60, 60].map(minutes));
        assert_eq!(walk(TroubleKind::Policy), [5, 10, 20, 40, 60, 60].map(minutes));
        for kind in [TroubleKind::Network, TroubleKind::Tls, TroubleKind::Server] {
            assert_eq!(walk(kind), [1, 2, 5, 15, 15, 15].map(minutes));
        }
    }

    #[test]
    fn empty_lists_do_not_spin() {
        let rhythm = Rhythm { letter_waits: Vec::new(), server_pauses: Vec::new(), ..Rhythm::default() };
        assert_eq!(next_attempt(&rhythm, 1), Next::After(minutes(1)));
        assert_eq!(pause(&rhythm, TroubleKind::Network, 1), minutes(1));
    }
}
