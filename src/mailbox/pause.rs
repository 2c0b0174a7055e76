//! How long to stay away after a failure; pure, with randomness and time as arguments.
//!
//! Promises: the pause grows and is spread, follows the server's own suggestion up to a cap, and logins never come faster than a
//! bucket allows. Rejected: a fixed pause (a thousand offices come back in the same second), and one schedule for everything (a
//! wrong password repeated each minute gets an address banned for weeks).

use std::time::Duration;

use super::ledger::FailureKind;
use super::settings::Pauses;

/// The memory of one watcher's failures.
#[derive(Debug, Clone)]
pub(super) struct Retry {
    pauses: Pauses,
    failures: u32,
    refusals: u32,
    /// Logins left in the bucket, and when it was last filled (time since the watcher's start).
    logins: u32,
    filled_at: Duration,
}

impl Retry {
    pub(super) fn new(pauses: Pauses) -> Self {
        Self { pauses, failures: 0, refusals: 0, logins: pauses.login_burst, filled_at: Duration::ZERO }
    }

    /// A look succeeded.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.refusals = 0;
    }

    /// A failure was a step forward (a spoilt batch got smaller): the next try comes soon.
    pub(super) fn advanced(&mut self) {
        self.failures = 0;
    }

    /// The pause after a failure. `told` is the server's suggestion, `random` lies in 0.0..1.0.
    pub(super) fn after(&mut self, kind: FailureKind, told: Option<Duration>, random: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pauses = self.pauses;
        match kind {
            FailureKind::Authentication => {
                self.refusals = self.refusals.saturating_add(1);
                // Longer by up to a tenth, never shorter: the pause itself is the promise here.
                let pause = doubled(pauses.authentication_first, pauses.authentication_longest, self.refusals);
                pause.mul_f64(1.0 + 0.1 * random.clamp(0.0, 1.0))
            }
            FailureKind::Throttled => {
                let own = doubled(pauses.first, pauses.longest, self.failures);
                told.unwrap_or(own.mul_f64(2.0)).max(own).min(pauses.throttle_longest)
            }
            FailureKind::Network | FailureKind::Protocol | FailureKind::Refused | FailureKind::Store => {
                let pause = doubled(pauses.first, pauses.longest, self.failures);
                pause.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
            }
        }
    }

    /// Takes a login out of the bucket; the time to wait before it may be used. `now` is the time since the watcher's start.
    pub(super) fn login(&mut self, now: Duration) -> Duration {
        let refill = self.pauses.login_refill;
        while self.logins < self.pauses.login_burst && self.filled_at.saturating_add(refill) <= now {
            self.logins = self.logins.saturating_add(1);
            self.filled_at = self.filled_at.saturating_add(refill);
        }
        if self.logins >= self.pauses.login_burst {
            self.filled_at = now;
        }
        match self.logins.checked_sub(1) {
            Some(left) => {
                self.logins = left;
                Duration::ZERO
            }
            None => {
                self.filled_at = self.filled_at.saturating_add(refill);
                self.filled_at.saturating_sub(now)
            }
        }
    }
}

/// `first`, doubled for every failure after the first, at most `longest`.
fn doubled(first: Duration, longest: Duration, failures: u32) -> Duration {
    let steps = failures.saturating_sub(1).min(31);
    first.saturating_mul(1_u32.checked_shl(steps).unwrap_or(u32::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(durations: &[Duration]) -> Vec<u64> {
        durations.iter().map(Duration::as_secs).collect()
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_a_look_resets_them() {
        let mut retry = Retry::new(Pauses::default());
        let waits: Vec<Duration> = (0..11).map(|_| retry.after(FailureKind::Network, None, 1.0)).collect();
        assert_eq!(seconds(&waits), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        retry.succeeded();
        assert_eq!(retry.after(FailureKind::Network, None, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn jitter_spreads_over_half_of_the_pause() {
        for (random, expected) in [(0.0, 500), (0.5, 750), (1.0, 1_000)] {
            let pause = Retry::new(Pauses::default()).after(FailureKind::Protocol, None, random);
            assert_eq!(pause, Duration::from_millis(expected));
        }
    }

    #[test]
    fn a_refused_password_waits_minutes_then_an_hour() {
        let mut retry = Retry::new(Pauses::default());
        let waits: Vec<Duration> = (0..6).map(|_| retry.after(FailureKind::Authentication, None, 0.0)).collect();
        assert_eq!(seconds(&waits), [300, 600, 1_200, 2_400, 3_600, 3_600]);
    }

    #[test]
    fn the_servers_suggestion_is_followed_up_to_the_cap() {
        let pauses = Pauses::default();
        for (told, expected) in [(Some(299), 299), (Some(99_999), 1_800), (None, 2)] {
            let pause = Retry::new(pauses).after(FailureKind::Throttled, told.map(Duration::from_secs), 0.0);
            assert_eq!(pause.as_secs(), expected);
        }
    }

    #[test]
    fn logins_come_in_a_burst_and_then_one_a_refill() {
        let pauses = Pauses { login_burst: 3, login_refill: Duration::from_secs(15), ..Pauses::default() };
        let mut retry = Retry::new(pauses);
        let waits: Vec<Duration> = (0..5).map(|_| retry.login(Duration::from_secs(100))).collect();
        assert_eq!(seconds(&waits), [0, 0, 0, 15, 30]);
        assert_eq!(retry.login(Duration::from_secs(1_000)), Duration::ZERO);
    }
}
