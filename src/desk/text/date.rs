//! Dates of mails and of forwarded header lines, in the forms and languages that mail clients write.
//!
//! Promises: never guesses. A text has one reading or none: a day and a month that cannot be told apart, a number too many, an
//! unknown word where a zone or a part of the day stands, and a weekday that contradicts the date all give `None`, and the caller keeps
//! the text as written. A missing zone is read as +09:00: the office and its applicants are in Japan (and so the result says).
//! Any text is bounded, and read in linear time.
//!
//! Rejected: a pattern for each form. There are hundreds, they overlap, and the first that fits hides that another fits as well.
//! Here numbers and words are given every role that they can have, and the text counts only if one date comes of it.

mod calendar;
mod clock;
mod fold;
#[cfg(test)]
mod tests;
mod token;
mod words;
mod zone;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use self::token::Token;

/// A date with the offset that was written (or +09:00).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    zoned: Zoned,
}

impl Dated {
    /// RFC 3339, with the offset as written.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        self.zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// A point in time that was not written down, in UTC.
    #[must_use]
    pub fn utc(seconds: i64) -> Option<Self> {
        Some(Self { zoned: Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC) })
    }

    /// UTC seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.zoned.timestamp().as_second()
    }
}

/// Japan's offset, in hours.
const JAPAN: i8 = 9;

/// Bytes of the longest text that is looked at; the longest written date is shorter by half.
const LONGEST: usize = 200;

/// In Devanagari, years from here on are those of Nepal's calendar.
const NEPALESE: i16 = 2070;

/// Reads a date as a mail client writes it.
#[must_use]
pub fn date(text: &str) -> Option<Dated> {
    if text.len() > LONGEST {
        return None;
    }
    let folded = fold::fold(text);
    let tokens = token::tokens(&folded)?;
    let mut only = None;
    for face in clock::faces(&tokens) {
        let Some((moment, offset)) = reading(&tokens, &face)? else { continue };
        if only.is_some_and(|known| known != (moment, offset)) {
            return None;
        }
        only = Some((moment, offset));
    }
    let (moment, offset) = only?;
    // Nepal counts the years from 57 BC: its 2070 began in 2013.
    if moment.year() >= NEPALESE && text.chars().any(|character| ('\u{0900}'..='\u{097F}').contains(&character)) {
        return None;
    }
    Some(Dated { zoned: moment.to_zoned(TimeZone::fixed(offset)).ok()? })
}

/// A point in time as RFC 3339 in UTC, to the second; the form of every time in the store.
#[must_use]
pub fn utc_text(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// What the text says if these tokens are its time: nothing (`Some(None)`), one thing, or several (`None`).
fn reading(tokens: &[Token<'_>], face: &clock::Face) -> Option<Option<(DateTime, Offset)>> {
    let Some(clock) = clock::read(tokens, face) else { return Some(None) };
    match calendar::day(tokens, &clock) {
        calendar::Day::One(day) => Some(Some((day.to_datetime(clock.time), clock.offset.unwrap_or(Offset::constant(JAPAN))))),
        calendar::Day::None => Some(None),
        calendar::Day::Several => None,
    }
}
