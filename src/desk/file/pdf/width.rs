//! Glyph widths (ISO 32000-1, 9.2.4, 9.6.2 and 9.7.4.3), as the next glyph's place depends on them.
//!
//! Promises: a range costs one entry, every entry is paid from the budget. Rejected: the metrics of the fourteen standard
//! fonts; a class of letter is near enough to tell a gap from none.

use std::collections::HashMap;

use super::{
    file::File,
    filter::Budget,
    object::{Dictionary, Object},
};

/// Widths by code or by glyph number, in units of the font size.
#[derive(Debug)]
pub(crate) struct Widths {
    single: HashMap<u32, f64>,
    /// Sorted by the first number.
    ranges: Vec<(u32, u32, f64)>,
    other: Other,
}

/// The width of what is not listed.
#[derive(Debug, Clone, Copy)]
enum Other {
    Known(f64),
    /// A standard font without widths (ISO 32000-1, 9.6.2.2).
    Estimated,
    /// The same, all letters alike (Courier).
    Typewriter,
}

/// Ranges that may begin between a number and the range that holds it.
const OVERLAP: usize = 4;

impl Widths {
    pub(crate) fn simple(file: &File<'_>, font: &Dictionary, budget: &mut Budget) -> Self {
        // Type 3 widths are in the font's own space (ISO 32000-1, 9.6.5).
        let matrix = file.entry(font, "FontMatrix").array().and_then(|matrix| file.resolve(matrix.first()?).number());
        let scale = matrix.filter(|_| file.entry(font, "Subtype").name() == Some(b"Type3")).unwrap_or(0.001);
        let first = file.entry(font, "FirstChar").integer().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
        let listed = file.entry(font, "Widths").array();
        let mut single = HashMap::new();
        for (code, width) in (first..=255).zip(listed.unwrap_or_default()) {
            if let Some(width) = file.resolve(width).number().filter(|_| budget.step(1)) {
                single.insert(code, width * scale);
            }
        }
        let base = file.entry(font, "BaseFont").name().unwrap_or_default();
        let other = match file.entry(font, "FontDescriptor").dictionary() {
            _ if listed.is_none() && base.windows(7).any(|part| part == b"Courier") => Other::Typewriter,
            _ if listed.is_none() => Other::Estimated,
            Some(descriptor) => Other::Known(file.entry(descriptor, "MissingWidth").number().unwrap_or(0.0) * scale),
            None => Other::Known(0.0),
        };
        Widths { single, ranges: Vec::new(), other }
    }

    /// `/W` and `/DW` (ISO 32000-1, 9.7.4.3).
    pub(crate) fn composite(file: &File<'_>, descendant: &Dictionary, budget: &mut Budget) -> Self {
        let default_width = file.entry(descendant, "DW").number().unwrap_or(1000.0) / 1000.0;
        let mut widths = Widths { single: HashMap::new(), ranges: Vec::new(), other: Other::Known(default_width) };
        let mut rest = file.entry(descendant, "W").array().unwrap_or_default();
        while let [first, second, after @ ..] = rest {
            let first = file.resolve(first).integer().and_then(|number| u32::try_from(number).ok());
            rest = match (first, file.resolve(second)) {
                (Some(first), Object::Array(listed)) => {
                    for (number, width) in (first..).zip(listed) {
                        if !budget.step(1) {
                            return widths;
                        }
                        widths.single.extend(file.resolve(width).number().map(|width| (number, width / 1000.0)));
                    }
                    after
                }
                (first, last) => {
                    let last = last.integer().and_then(|number| u32::try_from(number).ok());
                    let [width, after @ ..] = after else { break };
                    if let (Some(first), Some(last), Some(width)) = (first, last, file.resolve(width).number()) {
                        widths.ranges.push((first, last, width / 1000.0));
                    }
                    after
                }
            };
            if !budget.step(1) {
                break;
            }
        }
        widths.ranges.sort_by_key(|(first, _, _)| *first);
        widths
    }

    /// The width of a code or glyph number; the character helps where only an estimate is possible.
    pub(crate) fn of(&self, number: u32, character: Option<char>) -> f64 {
        if let Some(width) = self.single.get(&number) {
            return *width;
        }
        let behind = self.ranges.partition_point(|(first, _, _)| *first <= number);
        let candidates = self.ranges.get(behind.saturating_sub(OVERLAP)..behind).unwrap_or_default();
        if let Some((_, _, width)) = candidates.iter().rev().find(|(_, last, _)| *last >= number) {
            return *width;
        }
        match self.other {
            Other::Known(width) => width,
            Other::Typewriter => 0.6,
            Other::Estimated => character.map_or(0.556, estimate),
        }
    }

    pub(crate) fn default_width(&self) -> f64 {
        if let Other::Known(width) = self.other { width } else { 0.556 }
    }
}

/// About as Helvetica.
fn estimate(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '\'' | '|' => 0.22,
        ' ' | '!' | ',' | '.' | '/' | ':' | ';' | 'I' | 'f' | 't' | '[' | ']' | '\\' => 0.278,
        '(' | ')' | '-' | 'r' | '`' => 0.333,
        'm' | 'M' | '%' => 0.85,
        'W' | '@' => 0.97,
        'w' => 0.722,
        'J' | 'L' | 'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 0.51,
        'A'..='Z' => 0.69,
        _ => 0.556,
    }
}
