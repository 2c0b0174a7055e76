//! The last lines of a conversation, for the error that ends it.
//!
//! Promises: passwords, their base64 forms and mail bodies are never in it; control characters are shown, not obeyed; its size is
//! bounded. Rejected: a debug log of the protocol; the password is in it, and it is off when one needs it.

use std::collections::VecDeque;

use super::error::Tail;

const LINES: usize = 20;
const TAIL: usize = 4;
const CHARACTERS: usize = 160;

/// A ring of lines, each marked with its direction.
#[derive(Default)]
pub(super) struct Transcript {
    lines: VecDeque<String>,
    /// Texts that must not appear, even if the server echoes them.
    secrets: Vec<String>,
}

impl Transcript {
    /// Hides these texts from now on.
    pub(super) fn hide(&mut self, secrets: Vec<String>) {
        // A secret of one or two characters would tear ordinary words apart and hide nothing.
        self.secrets.extend(secrets.into_iter().filter(|secret| secret.chars().count() > 2));
    }

    pub(super) fn sent(&mut self, line: &str) {
        self.keep("C", line);
    }

    /// `head` is the beginning of a response; literals are left out by the caller.
    pub(super) fn received(&mut self, head: &[u8]) {
        self.keep("S", String::from_utf8_lossy(head).trim_end());
    }

    pub(super) fn tail(&self) -> Tail {
        let skipped = self.lines.len().saturating_sub(TAIL);
        Tail(self.lines.iter().skip(skipped).cloned().collect())
    }

    /// A sentence of the server, cleaned like the lines.
    pub(super) fn cleaned(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for secret in &self.secrets {
            if hidden.contains(secret.as_str()) {
                hidden = hidden.replace(secret.as_str(), "[hidden]");
            }
        }
        let shown = |character: char| if character.is_control() || is_bidirectional(character) { '\u{fffd}' } else { character };
        let mut cut: String = hidden.chars().take(CHARACTERS).map(shown).collect();
        if hidden.chars().nth(CHARACTERS).is_some() {
            cut.push('…');
        }
        cut
    }

    fn keep(&mut self, direction: &str, line: &str) {
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        let line = format!("{direction}: {}", self.cleaned(line));
        self.lines.push_back(line);
    }
}

/// Characters that reorder what a terminal shows.
fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_the_server_echoes_stays_hidden() {
        let mut transcript = Transcript::default();
        transcript.hide(vec!["kaki-no-tane".to_owned()]);
        transcript.received(b"A1 NO user taro with kaki-no-tane is unknown\r\n");
        assert_eq!(transcript.tail(), Tail(vec!["S: A1 NO user taro with [hidden] is unknown".to_owned()]));
    }

    #[test]
    fn escapes_are_shown_and_long_lines_cut() {
        let transcript = Transcript::default();
        assert_eq!(transcript.cleaned("a\x1b[31mb\u{202e}c"), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(transcript.cleaned(&"受".repeat(200)), format!("{}…", "受".repeat(160)));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut transcript = Transcript::default();
        for number in 0..100 {
            transcript.sent(&format!("A{number} NOOP"));
        }
        assert_eq!(transcript.lines.len(), LINES);
        assert_eq!(transcript.tail().0, ["C: A96 NOOP", "C: A97 NOOP", "C: A98 NOOP", "C: A99 NOOP"]);
    }
}
