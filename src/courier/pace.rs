//! No more letters a minute than the server allows.
//!
//! Promises: in any 60 seconds at most the given number are let through, however they cluster.
//! Rejected: a fixed gap between letters; it makes the single letter of a quiet hour wait for nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_mins(1);

/// The letters of the last minute.
#[derive(Debug)]
pub struct Pace {
    most: usize,
    recent: VecDeque<Instant>,
}

impl Pace {
    #[must_use]
    pub fn new(letters_per_minute: u32) -> Self {
        Self { most: usize::try_from(letters_per_minute).unwrap_or(usize::MAX).max(1), recent: VecDeque::new() }
    }

    /// How long the next letter must wait; zero when it may go.
    pub fn wait(&mut self, now: Instant) -> Duration {
        while self.recent.front().is_some_and(|oldest| now.saturating_duration_since(*oldest) >= WINDOW) {
            self.recent.pop_front();
        }
        if self.recent.len() < self.most {
            return Duration::ZERO;
        }
        self.recent.front().map_or(Duration::ZERO, |oldest| WINDOW.saturating_sub(now.saturating_duration_since(*oldest)))
    }

    /// Notes one letter.
    pub fn count(&mut self, now: Instant) {
        self.recent.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_letter_of_a_minute_waits_until_the_first_is_a_minute_old() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(2);
        assert_eq!(pace.wait(at(0)), Duration::ZERO);
        pace.count(at(0));
        pace.count(at(10));
        assert_eq!(pace.wait(at(20)), Duration::from_secs(40));
        assert_eq!(pace.wait(at(60)), Duration::ZERO);
        pace.count(at(60));
        assert_eq!(pace.wait(at(61)), Duration::from_secs(9));
    }

    #[test]
    fn zero_a_minute_counts_as_one() {
        let start = Instant::now();
        let mut pace = Pace::new(0);
        assert_eq!(pace.wait(start), Duration::ZERO);
        pace.count(start);
        assert_eq!(pace.wait(start), WINDOW);
    }
}
