//! The lines of a text, each looked at once: whether it is blank, begins with a label, or separates.
//!
//! Promises: whoever looks at a line again pays nothing for it. Rejected: asking again at each step; a header block asks for the lines
//! ahead of it, and the lines ahead ask for theirs.

use super::glance::Glance;
use super::label::{self, Labelled};
use super::separator::{self, Separator};
use crate::desk::text::line::{Line, lines_as};

/// A line, and what it is to a search for originals.
#[derive(Debug, Clone, Copy)]
pub struct Surveyed<'a> {
    /// How many quote marks stand before it.
    pub level: u8,
    /// The line as it stands, quote marks included.
    pub whole: &'a str,
    /// The line after its quote marks, not trimmed.
    pub text: &'a str,
    pub label: Option<Labelled<'a>>,
    pub separator: Option<Separator>,
    /// Whether it may be the last line of an attribution.
    pub ends_attribution: bool,
    is_blank: bool,
}

impl<'a> Surveyed<'a> {
    fn of(line: Line<'a>) -> Self {
        let Line { level, whole, text } = line;
        let Some(glance) = Glance::of(text) else {
            return Self { level, whole, text, label: None, separator: None, ends_attribution: false, is_blank: true };
        };
        let separator = if glance.may_separate() { separator::read(&glance) } else { None };
        // A rule is made of what stands before labels, too.
        let may_be_labelled = glance.may_be_labelled() && separator != Some(Separator::Rule);
        let label = if may_be_labelled { label::read(text) } else { None };
        Self { level, whole, text, label, separator, ends_attribution: glance.may_end_attribution(), is_blank: false }
    }

    /// Whether there is nothing to see.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// The line without its first `levels` quote marks.
    #[must_use]
    pub fn without_levels(&self, levels: u8) -> &'a str {
        if levels == 0 {
            return self.whole;
        }
        Line { level: self.level, whole: self.whole, text: self.text }.without_levels(levels)
    }
}

/// Looks at every line of a text.
#[must_use]
pub fn survey(text: &str) -> Vec<Surveyed<'_>> {
    lines_as(text, Surveyed::of)
}
