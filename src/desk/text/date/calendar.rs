//! The day: which number is the year, which the month, which the day.
//!
//! Promises: every order that somebody writes is tried, every word is given every meaning, and what is left over must be explained: a
//! weekday that fits, a filler, a part of the day beside the time. The day is known if all that remains is one and the same day.
//! Orders are year-month-day, day-month-year and month-day-year. With dots nobody writes the month first: no locale of CLDR does.
//! Rejected: the order of the sender's country. A forwarded line does not say it.

use std::ops::RangeInclusive;

use jiff::civil::Date;

use super::clock::{Clock, Set};
use super::token::{Kind, Token};
use super::words::{BEFORE_DAY, BEFORE_MONTH, BEFORE_YEAR, DAY, ERA, FILLER, FIRST, MONTH, YEAR};

/// What the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// No day at all.
    None,
    One(Date),
    /// Days that cannot be told apart.
    Several,
}

/// Years in which mail is dated, forged mail included. Iran's calendar is 621 years behind; Nepal's is 57 ahead, see `date`.
const YEARS: RangeInclusive<i32> = 1970..=2199;
/// Buddhist years of the same time, as Thai clients write them without saying so.
const BUDDHIST: RangeInclusive<i32> = 2513..=2612;
/// What a Buddhist year is ahead.
const BUDDHIST_AHEAD: i32 = 543;
/// What the years of 民國, which have come to three digits, are behind.
const MINGUO: i16 = 1911;
const JUNE: i32 = 6;

/// What a number can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Roles {
    year: bool,
    month: bool,
    day: bool,
}

impl Roles {
    const YEAR: Self = Self { year: true, month: false, day: false };
    const MONTH: Self = Self { year: false, month: true, day: false };
    const DAY: Self = Self { year: false, month: false, day: true };
    const SHORT: Self = Self { year: false, month: true, day: true };

    fn and(self, other: Self) -> Self {
        Self { year: self.year && other.year, month: self.month && other.month, day: self.day && other.day }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    /// Of a year: of the common era.
    value: i32,
    digits: usize,
    roles: Roles,
    at: usize,
    /// A sign beside it says what it is.
    signed: bool,
}

/// The day of a text, given its time.
pub(super) fn day(tokens: &[Token<'_>], clock: &Clock) -> Day {
    Search { tokens, clock, excused: clock.excused, numbers: Vec::with_capacity(3), found: Day::None }.run().unwrap_or(Day::None)
}

struct Search<'text> {
    tokens: &'text [Token<'text>],
    clock: &'text Clock,
    excused: Set,
    numbers: Vec<Number>,
    found: Day,
}

impl Search<'_> {
    fn run(mut self) -> Option<Day> {
        for at in 0..self.tokens.len() {
            if !self.clock.taken.holds(at) {
                self.collect(at)?;
            }
        }
        match self.numbers.len() {
            3 => self.by_numbers()?,
            2 => self.by_names(),
            _ => return None,
        }
        Some(self.found)
    }

    /// Notes a number with its roles; `None` if the token has no place in a date.
    fn collect(&mut self, at: usize) -> Option<()> {
        match self.tokens.get(at)?.kind {
            Kind::Number { value, digits } => {
                let number = self.number(at, i32::try_from(value).ok()?, digits)?;
                self.push(number)
            }
            Kind::Word { meaning, .. } if meaning.is(FIRST) && at > 0 && self.meaning(at - 1)?.is(ERA) => {
                let number = self.number(at, 1, 1)?;
                self.push(number)
            }
            Kind::Word { .. } => Some(()),
            Kind::Unknown => self.clock.allows_unknown(at).then_some(()),
            Kind::Sign(_) if self.clock.is_free(at) => Some(()),
            Kind::Sign('<' | '>' | '=' | '@' | '#' | '$' | '%' | '&' | '*' | '~' | '^' | '\\' | '{' | '}' | '+' | '!' | '?') => None,
            Kind::Sign(_) => Some(()),
        }
    }

    /// `2026年(令和8年)` says the same year twice.
    fn push(&mut self, number: Number) -> Option<()> {
        let again = |known: &Number| known.roles == Roles::YEAR && number.roles == Roles::YEAR && known.value == number.value;
        if !self.numbers.iter().any(again) {
            self.numbers.push(number);
        }
        (self.numbers.len() <= 3).then_some(())
    }

    fn meaning(&self, at: usize) -> Option<super::words::Meaning> {
        Some(self.tokens.get(at)?.meaning())
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| matches!(token.kind, Kind::Word { text, .. } if text == word))
    }

    fn is_sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_sign(sign))
    }

    fn number(&mut self, at: usize, value: i32, digits: usize) -> Option<Number> {
        let mut number = Number { value, digits, roles: Roles::SHORT, at, signed: false };
        if let Some(years) = self.era(at, digits) {
            (number.value, number.roles) = (value + years, Roles::YEAR);
        } else if digits == 4 {
            (number.value, number.roles) = (self.western(value), Roles::YEAR);
        } else if digits > 2 {
            return None;
        }
        if let Some(signed) = self.sign_behind(at).or_else(|| self.sign_before(at)) {
            let roles = number.roles.and(signed);
            // `元年`, `8年`: an era has said so already; two digits of `26年` are no year.
            if !(roles.year || roles.month || roles.day) {
                return None;
            }
            (number.roles, number.signed) = (roles, true);
        }
        Some(number)
    }

    /// What to add to a year because of the era before it. `R8`, `平成30`, `พ.ศ. 2569`, `民國115`.
    fn era(&mut self, at: usize, digits: usize) -> Option<i32> {
        let mut before = at.checked_sub(1)?;
        if self.is_sign(before, '.') {
            before = before.checked_sub(1)?;
        }
        let meaning = self.meaning(before)?;
        let fits = match meaning.value {
            ..=0 => digits == 4,
            MINGUO => digits <= 3,
            _ => digits <= 2,
        };
        if !meaning.is(ERA) || !fits {
            return None;
        }
        self.excused.add(before);
        Some(i32::from(meaning.value))
    }

    fn western(&self, year: i32) -> i32 {
        let thai = |token: &super::token::Token<'_>| matches!(token.kind, Kind::Word { text, .. } if text.starts_with(|first| matches!(first, '\u{e00}'..='\u{e7f}')));
        if BUDDHIST.contains(&year) && self.tokens.iter().any(thai) { year - BUDDHIST_AHEAD } else { year }
    }

    /// 年, 月, 日 and the like behind a number, also `10-р сар`.
    fn sign_behind(&mut self, at: usize) -> Option<Roles> {
        let behind = if self.is_sign(at + 1, '-') { at + 2 } else { at + 1 };
        let meaning = self.meaning(behind).filter(|_| !self.clock.taken.holds(behind))?;
        self.sign(behind, [meaning.is(YEAR), meaning.is(MONTH), meaning.is(DAY)])
    }

    /// `ngày 1 tháng 10 năm 2026`.
    fn sign_before(&mut self, at: usize) -> Option<Roles> {
        let before = at.checked_sub(1)?;
        let meaning = self.meaning(before)?;
        self.sign(before, [meaning.is(BEFORE_YEAR), meaning.is(BEFORE_MONTH), meaning.is(BEFORE_DAY)])
    }

    fn sign(&mut self, at: usize, year_month_day: [bool; 3]) -> Option<Roles> {
        let roles = match year_month_day {
            [true, ..] => Roles::YEAR,
            [_, true, _] => Roles::MONTH,
            [.., true] => Roles::DAY,
            _ => return None,
        };
        self.excused.add(at);
        Some(roles)
    }

    /// Three numbers.
    fn by_numbers(&mut self) -> Option<()> {
        let &[first, second, third] = self.numbers.as_slice() else { return None };
        let dotted = self.is_sign(first.at + 1, '.') && self.is_sign(second.at + 1, '.');
        let decided = [first, second, third].iter().any(|number| number.signed && !number.roles.year);
        for (year, month, day, usual) in [
            (first, second, third, true),
            (third, second, first, true),
            (third, first, second, !dotted),
            (first, third, second, false),
            (second, first, third, false),
            (second, third, first, false),
        ] {
            if (usual || decided) && year.roles.year && month.roles.month && day.roles.day {
                self.try_day(year.value, month.value, day.value, None);
            }
        }
        Some(())
    }

    /// Two numbers and the name of a month.
    fn by_names(&mut self) {
        for at in 0..self.tokens.len() {
            let Some(token) = self.tokens.get(at).filter(|_| !self.clock.taken.holds(at)) else { continue };
            let mut months = token.meaning().months;
            while months != 0 {
                let month = i32::try_from(months.trailing_zeros()).unwrap_or(0);
                months &= months - 1;
                self.try_month(month, at);
            }
        }
    }

    fn try_month(&mut self, month: i32, named: usize) {
        let &[first, second] = self.numbers.as_slice() else { return };
        if first.roles.year && second.roles.day {
            self.try_day(first.value, month, second.value, Some(named));
        }
        // Sesotho has `Jan` for June, and writes the year first.
        if month == JUNE && self.is_word(named, "jan") {
            return;
        }
        if first.roles.day && second.roles.year {
            self.try_day(second.value, month, first.value, Some(named));
        }
        if self.is_obsolete(first, named, second) {
            // RFC 5322 section 4.3.
            let century = if second.value < 50 { 2000 } else { 1900 };
            self.try_day(century + second.value, month, first.value, Some(named));
        }
    }

    /// `1 Oct 26 10:00:00 +0900`: two digits are a year only in the form of RFC 822.
    fn is_obsolete(&self, day: Number, named: usize, year: Number) -> bool {
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let neighbours = day.at + 1 == named && named + 1 == year.at && year.at < self.clock.end;
        let english = MONTHS.iter().any(|month| self.is_word(named, month));
        let bare = !day.signed && !year.signed && year.roles == Roles::SHORT && year.digits == 2;
        neighbours && english && bare && self.clock.offset.is_some()
    }

    fn try_day(&mut self, year: i32, month: i32, day: i32, named: Option<usize>) {
        if let Some(date) = date_of(year, month, day)
            && self.explains(date, named)
        {
            self.found = match self.found {
                Day::None => Day::One(date),
                Day::One(known) if known == date => Day::One(date),
                _ => Day::Several,
            };
        }
    }

    /// Whether all words are accounted for if it is this day.
    fn explains(&self, date: Date, named: Option<usize>) -> bool {
        let weekday = u32::try_from(date.weekday().to_monday_one_offset()).ok().and_then(|day| 1_u8.checked_shl(day)).unwrap_or(0);
        self.tokens.iter().enumerate().all(|(at, token)| {
            let Kind::Word { text, meaning } = token.kind else { return true };
            let done = self.clock.taken.holds(at) || self.excused.holds(at) || named == Some(at) || meaning.is(FIRST);
            // The names of a zone's cities say nothing; a part of the day there would.
            let free = self.clock.is_free(at) && meaning.hours == 0;
            // One letter behind the time may be a military zone.
            let filler = meaning.is(FILLER) && (at < self.clock.end || text.len() > 1);
            done || free || filler || meaning.weekdays & weekday != 0
        })
    }
}

fn date_of(year: i32, month: i32, day: i32) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
