//! Printing: JSON lines, and tables whose columns fit Japanese text.

use std::io::{self, Write};

use crate::desk::text::fold::printable;

/// Prints a line; a reader that has gone (`| head`) is an error of the caller's `Result`, never a panic.
macro_rules! say {
    ($($words:tt)*) => {
        std::io::Write::write_fmt(&mut std::io::stdout().lock(), format_args!("{}\n", format_args!($($words)*)))?
    };
}
pub(super) use say;

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

impl Form {
    /// What `--json` asks for.
    #[must_use]
    pub const fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Prints a value as one line.
///
/// # Errors
/// When the reader has gone.
pub fn json_line(value: &serde_json::Value) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{value}")
}

/// Prints rows in columns, two spaces apart; the last column is not padded.
///
/// # Errors
/// When the reader has gone.
pub fn table(rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)).collect();
    let mut out = io::stdout().lock();
    for row in rows {
        let mut line = String::new();
        for (index, (cell, column)) in row.iter().zip(&widths).enumerate() {
            line.push_str(cell);
            if index + 1 < row.len() {
                line.push_str(&" ".repeat(column.saturating_sub(width(cell)) + 2));
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Columns that the text takes on a terminal: East Asian wide characters take two (UAX #11, the ranges that occur in mail).
#[must_use]
pub fn width(text: &str) -> usize {
    let is_wide = |character: char| matches!(character, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}' | '\u{1F300}'..='\u{1FAFF}' | '\u{20000}'..='\u{3FFFD}');
    text.chars().map(|character| if is_wide(character) { 2 } else { 1 }).sum()
}

/// A cell: printable, and at most so many characters.
#[must_use]
pub fn cell(text: Option<&str>, longest: usize) -> String {
    text.map_or_else(|| "-".to_owned(), |text| printable(text, longest))
}

/// A stored time (RFC 3339, UTC) in the office's time zone: `11-23 10:15:02`.
#[must_use]
pub fn local(text: &str, zone: &jiff::tz::TimeZone) -> String {
    text.parse::<jiff::Timestamp>()
        .map_or_else(|_| text.to_owned(), |timestamp| timestamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_characters_take_two_columns() {
        assert_eq!(width("受付 a"), 6);
        assert_eq!(width("ｱ"), 1);
    }

    #[test]
    fn escapes_of_a_mail_never_reach_the_terminal() {
        assert_eq!(cell(Some("\u{1b}[2J件名\n"), 40), "\u{FFFD}[2J件名");
    }
}
