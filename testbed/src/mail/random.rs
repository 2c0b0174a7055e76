//! A seeded source of choices, so that a seed names a mail for good.
//!
//! Promises: the same seed gives the same sequence on every machine and in every release.
//! Rejected: the `rand` crate, whose sequences may change with a major version; the corpus would then change without anybody's intent.

use std::time::SystemTime;

/// `SplitMix64`: one word of state, good enough to pick names.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A sequence named by a number.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A sequence that differs from run to run, and its number, for the test to print: `UKETSUKE_SEED` repeats one.
    #[must_use]
    pub fn of_this_run() -> (Self, u64) {
        let given = std::env::var("UKETSUKE_SEED").ok().and_then(|seed| seed.parse().ok());
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seed = given.unwrap_or_else(|| u64::from(since_1970.subsec_nanos()));
        (Self::new(seed), seed)
    }

    /// A sequence named by a word (FNV-1a), so that adding one case moves no other case.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self::new(hash)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number from 0 up to, not including, `limit` (0 for a limit of 0).
    pub fn below(&mut self, limit: u64) -> u64 {
        self.word().checked_rem(limit).unwrap_or(0)
    }

    /// One of the given words; empty when there are none.
    pub fn pick<'word>(&mut self, words: &[&'word str]) -> &'word str {
        self.choose(words).copied().unwrap_or_default()
    }

    /// One of the given things; `None` when there are none.
    pub fn choose<'thing, T>(&mut self, things: &'thing [T]) -> Option<&'thing T> {
        let count = u64::try_from(things.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(self.below(count)).unwrap_or(0);
        things.get(place)
    }

    /// That many decimal digits, the first one never 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|place| if place == 0 { 1 + self.below(9) } else { self.below(10) }).map(|digit| digit.to_string()).collect()
    }

    /// That many bytes of noise, for attachments that nobody shall read.
    pub fn noise(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count.saturating_add(8));
        while bytes.len() < count {
            bytes.extend_from_slice(&self.word().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(
            [random.word(), random.word(), random.word()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn digits_never_start_with_zero() {
        let mut random = Random::new(7);
        for _ in 0..200 {
            let digits = random.digits(10);
            assert_eq!(digits.len(), 10);
            assert!(!digits.starts_with('0'), "{digits}");
        }
    }
}
