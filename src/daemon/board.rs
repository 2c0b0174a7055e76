//! What every part last said of itself: for systemd's STATUS and watchdog, and (written down) for `status`.
//!
//! Promises: a part that has not beaten within its limit is named; the watchdog is fed only while nobody is.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The board that all parts write to.
#[derive(Debug, Default)]
pub struct Board {
    parts: Mutex<BTreeMap<String, Part>>,
    /// Rings whenever a state changes.
    pub changed: Notify,
}

#[derive(Debug, Clone)]
struct Part {
    beat: Instant,
    limit: Duration,
    state: State,
}

/// How a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Starting,
    Well,
    /// A sentence for the operator.
    Sick(String),
}

impl Board {
    fn parts(&self) -> MutexGuard<'_, BTreeMap<String, Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a part that must beat at least once in `limit`.
    pub fn enrol(&self, part: &str, limit: Duration) {
        self.parts().insert(part.to_owned(), Part { beat: Instant::now(), limit, state: State::Starting });
    }

    /// The part is alive.
    pub fn beat(&self, part: &str) {
        if let Some(part) = self.parts().get_mut(part) {
            part.beat = Instant::now();
        }
    }

    /// The part says how it is; saying so is a beat, too.
    pub fn say(&self, part: &str, state: State) {
        let mut parts = self.parts();
        let Some(part) = parts.get_mut(part) else { return };
        part.beat = Instant::now();
        if part.state != state {
            part.state = state;
            self.changed.notify_one();
        }
    }

    /// The parts that have not beaten within their limits.
    #[must_use]
    pub fn silent(&self, now: Instant) -> Vec<String> {
        self.parts()
            .iter()
            .filter(|(_, part)| now.saturating_duration_since(part.beat) > part.limit)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether every part has said how it is at least once.
    #[must_use]
    pub fn has_heard_all(&self) -> bool {
        self.parts().values().all(|part| part.state != State::Starting)
    }

    /// One line for systemd: what is wrong, or that nothing is.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = self.parts();
        let sick: Vec<String> = parts
            .iter()
            .filter_map(|(name, part)| if let State::Sick(sentence) = &part.state { Some(format!("{name}: {sentence}")) } else { None })
            .collect();
        if sick.is_empty() { "watching".to_owned() } else { sick.join(" | ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_part_is_named_and_a_sick_one_explained() {
        let board = Board::default();
        board.enrol("clerk", Duration::from_secs(10));
        board.enrol("courier", Duration::from_secs(600));
        assert!(!board.has_heard_all());
        board.say("clerk", State::Well);
        board.say("courier", State::Sick("the password is refused".to_owned()));
        assert!(board.has_heard_all());
        assert_eq!(board.line(), "courier: the password is refused");
        assert_eq!(board.silent(Instant::now()), Vec::<String>::new());
        assert_eq!(board.silent(Instant::now() + Duration::from_secs(60)), ["clerk"]);
    }
}
