//! Placed glyphs to lines as they stand on the page: top to bottom, left to right (what ISO 32000-1, 14.8.2.5 calls page
//! content order does not matter; writers emit text in any order).
//!
//! Promises: a table's row is one line with tabs between its cells; no space inside Japanese. Rejected: columns; a mail's
//! print-out has none, and a wrong guess would tear header tables apart.

use std::cmp::Ordering;

/// A glyph on the page, x to the right and y upwards as displayed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) x: f64,
    /// Where the next glyph would start.
    pub(crate) end: f64,
    pub(crate) baseline: f64,
    pub(crate) size: f64,
    pub(crate) text: String,
}

/// Baselines nearer than this share of the larger size are one line; superscripts are raised by a third.
const SAME_LINE: f64 = 0.4;
/// A gap from which two words are apart; a narrow space has 0.22.
const WORD_GAP: f64 = 0.18;
/// A gap that is a cell's border: browsers and office programs pad cells by half a size and more on each side, and no line is
/// stretched that far at one place.
const CELL_GAP: f64 = 1.0;
/// A glyph drawn twice for boldness, moved by a fraction of a stem.
const OVERPRINT: f64 = 0.1;
/// A pitch this many times the page's own is an empty line, from this many sizes on.
const BLANK_PITCH: f64 = 1.5;
const BLANK_SIZES: f64 = 1.8;
/// The widest pitch in sizes that counts as a page's own.
const WIDEST_PITCH: f64 = 2.0;

/// The lines of a page, joined by line feeds.
pub(crate) fn lines(mut glyphs: Vec<Glyph>) -> String {
    glyphs.sort_by(|one, other| other.baseline.total_cmp(&one.baseline));
    let mut rows: Vec<Row> = Vec::new();
    for glyph in glyphs {
        match rows.last_mut() {
            Some(row) if row.holds(&glyph) => row.add(glyph),
            _ => rows.push(Row::new(glyph)),
        }
    }
    let rows: Vec<(String, f64, f64)> = rows.into_iter().map(Row::set).filter(|(text, _, _)| !text.is_empty()).collect();
    let pitches: Vec<f64> = rows.iter().zip(rows.iter().skip(1)).map(|(upper, lower)| pitch(upper, lower)).collect();
    let usual = usual(&pitches);
    let mut text = String::new();
    for (index, (line, _, _)) in rows.iter().enumerate() {
        if let Some(pitch) = index.checked_sub(1).and_then(|before| pitches.get(before)) {
            text.push('\n');
            if *pitch > (usual * BLANK_PITCH).max(BLANK_SIZES) {
                text.push('\n');
            }
        }
        text.push_str(line);
    }
    text
}

/// The distance of two baselines in sizes of the larger text.
fn pitch((_, above, larger): &(String, f64, f64), (_, below, size): &(String, f64, f64)) -> f64 {
    (above - below) / larger.max(*size)
}

/// The lower quartile: a mail has short paragraphs and wide header tables, and lines of one paragraph are the nearest.
fn usual(pitches: &[f64]) -> f64 {
    let mut sorted = pitches.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 4).copied().unwrap_or(WIDEST_PITCH).min(WIDEST_PITCH)
}

struct Row {
    baseline: f64,
    size: f64,
    glyphs: Vec<Glyph>,
}

impl Row {
    fn new(glyph: Glyph) -> Self {
        Row { baseline: glyph.baseline, size: glyph.size, glyphs: vec![glyph] }
    }

    fn holds(&self, glyph: &Glyph) -> bool {
        self.baseline - glyph.baseline <= SAME_LINE * self.size.max(glyph.size)
    }

    fn add(&mut self, glyph: Glyph) {
        self.size = self.size.max(glyph.size);
        self.glyphs.push(glyph);
    }

    /// The text with its spaces and tabs, the baseline and the size.
    fn set(mut self) -> (String, f64, f64) {
        // Equal places keep the order of drawing.
        self.glyphs.sort_by(|one, other| one.x.partial_cmp(&other.x).unwrap_or(Ordering::Equal));
        let mut text = String::new();
        let mut before: Option<Glyph> = None;
        for glyph in self.glyphs {
            if let Some(before) = &before {
                let overprinted = before.text == glyph.text && glyph.x - before.x < OVERPRINT * glyph.size;
                if overprinted {
                    continue;
                }
                separate(&mut text, before, &glyph);
            }
            if glyph.text != " " {
                text.push_str(&glyph.text);
            } else if !text.ends_with([' ', '\t']) {
                text.push(' ');
            }
            // A narrow glyph over a wide one does not draw its end back.
            let end = before.map_or(glyph.end, |before| before.end.max(glyph.end));
            before = Some(Glyph { end, ..glyph });
        }
        (text.trim_matches([' ', '\t', '\n', '\r']).to_owned(), self.baseline, self.size)
    }
}

fn separate(text: &mut String, before: &Glyph, glyph: &Glyph) {
    let gap = (glyph.x - before.end) / before.size.max(glyph.size);
    let japanese = text.chars().next_back().is_some_and(is_cjk) && glyph.text.chars().next().is_some_and(is_cjk);
    if gap > CELL_GAP {
        text.truncate(text.trim_end_matches([' ', '\t']).len());
        if !text.is_empty() {
            text.push('\t');
        }
    } else if gap > WORD_GAP && !japanese && !text.ends_with([' ', '\t']) && glyph.text != " " {
        text.push(' ');
    }
}

/// Characters of scripts that are written without spaces, their punctuation and full-width forms.
fn is_cjk(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}
