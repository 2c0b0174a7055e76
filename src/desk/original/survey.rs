//! The lines of a text, each looked at once: whether it is blank, begins with a label, or separates.
//!
//! Promises: whoever looks at a line again pays nothing for it. Rejected: asking again at each step; a header block asks for the lines
//! ahead of it, and the lines ahead ask for theirs.

use super::attribution::may_end;
use super::label::{Labelled, labelled};
use super::separator::{Separator, separator};
use crate::desk::text::line::{Line, lines};

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
        let is_blank = line.is_blank();
        let (label, separator) = if is_blank { (None, None) } else { (labelled(line.text), separator(line.text)) };
        let ends_attribution = !is_blank && may_end(line.text);
        Self { level: line.level, whole: line.whole, text: line.text, label, separator, ends_attribution, is_blank }
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
    lines(text).into_iter().map(Surveyed::of).collect()
}
