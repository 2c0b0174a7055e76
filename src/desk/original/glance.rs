//! What the first and the last character of a line tell: of most lines of prose, that they are nothing but prose.
//!
//! Promises: what a glance rules out, a closer look would find to be nothing. It costs a look-up in one table for each end of a line.
//! Rejected: leaving it to those who look closer; each of them trims the line anew, and asks for a dozen characters one by one.

use std::sync::LazyLock;

use super::dress::{is_bullet, is_colon, is_decoration_or_space, is_rule};
use super::label;
use crate::desk::text::fold::{is_invisible, simply_folded};

/// A line that is not blank, seen at its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance<'a> {
    /// The line without white space and invisible characters around it.
    pub text: &'a str,
    pub first: char,
    pub last: char,
    /// What the first and the last character are.
    begins: u8,
    ends: u8,
    /// Whether the second character may belong to the first (a combining mark).
    is_joined: bool,
}

impl<'a> Glance<'a> {
    /// None where there is nothing to see.
    #[must_use]
    pub fn of(line: &'a str) -> Option<Self> {
        let classes: &[u8] = &CLASSES;
        let mut text = line;
        let (first, begins) = loop {
            let first = text.chars().next()?;
            let class = class_of(classes, first);
            if class & BLANK == 0 {
                break (first, class);
            }
            text = text.get(first.len_utf8()..)?;
        };
        let is_joined = text.chars().nth(1).is_some_and(|second| class_of(classes, second) & JOINING != 0);
        let (last, ends) = loop {
            let last = text.chars().next_back()?;
            let class = class_of(classes, last);
            if class & BLANK == 0 {
                break (last, class);
            }
            text = text.get(..text.len() - last.len_utf8())?;
        };
        Some(Self { text, first, last, begins, ends, is_joined })
    }

    /// Whether a label, or what clients put before one, may begin the line.
    #[must_use]
    pub const fn may_be_labelled(&self) -> bool {
        self.is_joined || self.begins & LABEL != 0
    }

    /// Whether it may be a separator: without any rule around it, or a colon after it, it is a sentence.
    #[must_use]
    pub const fn may_separate(&self) -> bool {
        self.begins & RULE != 0 || self.ends & (RULE | COLON) != 0
    }

    /// Whether it may be an attribution's last line: a colon, or the Japanese verb.
    #[must_use]
    pub fn may_end_attribution(&self) -> bool {
        self.ends & COLON != 0 || self.last == 'た' && self.text.ends_with("書きました")
    }
}

/// Whether a separator may be framed with it: a rule, a colon, or nothing to see.
pub(super) fn is_frame(character: char) -> bool {
    class_of(&CLASSES, character) & (RULE | COLON | BLANK) != 0
}

/// What may stand before a label: decoration, a bullet, or nothing to see.
pub(super) fn is_dress(character: char) -> bool {
    class_of(&CLASSES, character) & DRESS != 0
}

/// White space, or invisible.
const BLANK: u8 = 1;
const RULE: u8 = 2;
const COLON: u8 = 4;
/// A label, or its dress, may begin with it.
const LABEL: u8 = 8;
/// May combine with what stands before it, or is in need of the long way of folding.
const JOINING: u8 = 16;
/// Decoration, a bullet, white space, or invisible.
const DRESS: u8 = 32;

/// What each of the first 65,536 characters is.
static CLASSES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut beginnings: std::collections::HashSet<char> = label::beginnings().collect();
    beginnings.extend(label::OPENING_BRACKETS);
    let class = |code: u32| {
        let Some(character) = char::from_u32(code) else { return 0 };
        let folded = simply_folded(character);
        let begins_label = folded.is_none_or(|folded| beginnings.contains(&folded) || is_decoration_or_space(folded) || is_bullet(folded));
        let bits = [
            (BLANK, character.is_whitespace() || is_invisible(character)),
            (RULE, is_rule(character)),
            (COLON, is_colon(character)),
            (LABEL, begins_label),
            (JOINING, folded.is_none()),
            (DRESS, is_decoration_or_space(character) || is_bullet(character)),
        ];
        bits.iter().filter(|(_, holds)| *holds).fold(0, |class, (bit, _)| class | bit)
    };
    (0..=0xFFFF).map(class).collect()
});

#[inline]
fn class_of(classes: &[u8], character: char) -> u8 {
    let class = usize::try_from(u32::from(character)).ok().and_then(|code| classes.get(code));
    // Beyond the table stand no rules, no colons, no decoration and no bullets.
    class.copied().unwrap_or(if is_invisible(character) { BLANK | JOINING | DRESS } else { LABEL | JOINING })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_sees_what_a_line_may_be() {
        for (line, text, label, separator, attribution) in [
            ("差出人: 山田", "差出人: 山田", true, false, false),
            ("\u{3000}\u{200F}From: a\u{200B} ", "From: a", true, false, false),
            ("* x", "* x", true, true, false),
            ("---- a", "---- a", true, true, false),
            ("山田さんは書きました", "山田さんは書きました", false, false, true),
            ("次のとおりです：", "次のとおりです：", false, true, true),
            ("よろしくお願いします。", "よろしくお願いします。", false, false, false),
            ("e\u{301}x", "e\u{301}x", true, false, false),
            ("。", "。", false, false, false),
        ] {
            let glance = Glance::of(line).expect("something to see");
            let seen = (glance.text, glance.may_be_labelled(), glance.may_separate(), glance.may_end_attribution());
            assert_eq!(seen, (text, label, separator, attribution), "{line:?}");
        }
        assert_eq!(Glance::of(" \u{3000}\u{200B}\u{FE0F}\u{E0001}"), None);
    }
}
