//! A password that cannot be printed by accident.
//!
//! Promises: `Debug` and logs never show it; only [`Secret::expose`] does, and each use can be found by that word.

use std::fmt;

/// A password or token, kept out of every `Debug` and `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text as it is; trailing line ends of secret files are the reader's business.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one line that hands it to a server.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_secret() {
        let shown = format!("{:?}", Secret::new("kaki-no-tane".to_owned()));
        assert_eq!(shown, "Secret(…)");
    }
}
