//! The text of a PDF: a mail that somebody printed to a file and attached, as the lines a reader would see.
//!
//! Promises: pure, and bounded by counts for hostile input; no panic, no clock, no recursion beyond a fixed depth. Text that
//! could not be mapped is reported, never made up. Rejected: lopdf, which inflates object streams while loading, without a
//! cap; a few kilobytes of mail would take the memory of the whole office.

mod cmap;
mod content;
mod encoding;
mod file;
mod filter;
mod font;
mod japan1;
mod layout;
mod matrix;
mod object;
mod page;
mod predefined;
mod width;

#[cfg(test)]
mod tests;

use content::{Layer, Reader};
use file::{File, Protection};
use filter::Budget;
use matrix::Matrix;

use super::Reach;
use crate::desk::text::charset::Legibility;

/// What a PDF says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PdfText {
    /// Lines as displayed, top to bottom; a tab between the cells of a table, an empty line at a clear gap and between pages.
    pub text: String,
    /// Illegible where more than one glyph in a hundred has no known text; such glyphs are U+FFFD.
    pub legibility: Legibility,
    pub reach: Reach,
    /// Text that is there without being seen: text rendering mode 3, as OCR lays it over a scan.
    pub hidden_text: String,
}

/// Why a PDF has no text for us; the applicant must send the mail in another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// No `%PDF-` in the first 1024 bytes (ISO 32000-1, annex H.3, note 13).
    #[error("not a PDF")]
    NotAPdf,
    /// An `/Encrypt` entry (ISO 32000-1, 7.6.1), even if the password is empty.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// Pages without any text, as of a scan.
    #[error("the PDF has no text")]
    NoText,
    /// No page was found.
    #[error("the PDF is broken")]
    Broken,
}

/// Counts at which reading stops; a mail's print-out stays below a hundredth of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes out of all filters of all streams together.
    pub inflated_bytes: usize,
    /// Values in the file and in its object streams, nested ones too.
    pub objects: usize,
    pub pages: usize,
    /// Values and operators in content streams, entries of character maps and width tables.
    pub operators: usize,
    /// Bytes of text, seen and unseen.
    pub text_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { inflated_bytes: 64 << 20, objects: 1_000_000, pages: 200, operators: 4_000_000, text_bytes: 1 << 20 }
    }
}

/// Share of unmapped glyphs from which a text counts as illegible: one in this many.
const UNMAPPED_ONE_IN: usize = 100;
/// How far into the file the header may be.
const HEADER: usize = 1024;

/// Reads the text of a PDF.
///
/// # Errors
/// Why there is none, see [`Unread`].
pub fn text(bytes: &[u8], bounds: &Bounds) -> Result<PdfText, Unread> {
    let head = bytes.get(..bytes.len().min(HEADER)).unwrap_or_default();
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(Unread::NotAPdf);
    }
    let mut budget = Budget::new(bounds);
    let file = File::scan(bytes, bounds, &mut budget);
    if file.protection == Protection::Encrypted {
        return Err(Unread::Encrypted);
    }
    let (pages, walked) = page::pages(&file, bounds.pages);
    if pages.is_empty() {
        return Err(Unread::Broken);
    }
    let mut reader = Reader::new(&file, budget, bounds.text_bytes);
    let (mut text, mut hidden_text) = (String::new(), String::new());
    for page in pages {
        if reader.is_spent() {
            break;
        }
        reader.page(file.entry(page.dictionary, "Contents"), page.resources, Matrix::turned(page.rotation));
        append(&mut text, &mut reader.visible);
        append(&mut hidden_text, &mut reader.hidden);
    }
    if text.is_empty() && hidden_text.is_empty() && !reader.is_spent() {
        return Err(Unread::NoText);
    }
    let judged = if text.is_empty() { &reader.hidden } else { &reader.visible };
    let legibility = if judged.unmapped.saturating_mul(UNMAPPED_ONE_IN) > judged.all { Legibility::Illegible } else { Legibility::Legible };
    let whole = walked == Reach::Whole && file.reach == Reach::Whole && !reader.is_spent();
    Ok(PdfText { text, legibility, reach: if whole { Reach::Whole } else { Reach::Cut }, hidden_text })
}

/// Adds a page's lines behind an empty one.
fn append(text: &mut String, layer: &mut Layer) {
    let page = layout::lines(std::mem::take(&mut layer.glyphs));
    if !page.is_empty() {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&page);
    }
}
