//! Dates of mails and of forwarded header lines, in the forms that clients write in Japan and in English.
//!
//! Promises: never guesses. A day and a month that cannot be told apart give `None`; the caller keeps the text as written.
//! A missing zone is read as +09:00: the office and its applicants are in Japan (and so the result says).

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use regex::{Captures, Regex};
use unicode_normalization::UnicodeNormalization;

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

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static YEAR_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?x) (?: (?P<era>令和|平成|(?-u:\b)r|(?-u:\b)h) \x20* (?P<of_era>[0-9]{1,2}|元) | (?P<year>[0-9]{4}) ) \x20* [年./-] \x20* (?P<month>[0-9]{1,2}) \x20* [月./-] \x20* (?P<day>[0-9]{1,2}) \x20* 日?").unwrap()
});
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static DAY_MONTH_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)(?P<day>[0-9]{1,2})\.? (?P<name>[a-z]{3,9})\.?,? (?P<year>[0-9]{4})(?-u:\b)").unwrap());
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static MONTH_NAME_DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?P<name>[a-z]{3,9})\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,? (?P<year>[0-9]{4})(?-u:\b)").unwrap()
});
/// `金曜日, 5月 1, 2026`: the English order with Japanese words (Outlook).
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static MONTH_SIGN_DAY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?P<month>[0-9]{1,2})月 ?(?P<day>[0-9]{1,2})日?, ?(?P<year>[0-9]{4})(?-u:\b)").unwrap());
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static NUMBERS_YEAR_LAST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)(?P<first>[0-9]{1,2})[/.](?P<second>[0-9]{1,2})[/.](?P<year>[0-9]{4})(?-u:\b)").unwrap());
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?x) (?P<before>午前|午後|am|pm)? \x20* (?P<hour>[0-9]{1,2}) \x20* [:時] \x20* (?P<minute>[0-9]{2}) (?: \x20* [:分] \x20* (?P<second>[0-9]{2}) )? \x20* [秒分]? (?: \x20* (?P<after>am|pm|a\.m\.|p\.m\.|午前|午後) )?").unwrap()
});
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[ :(])(?:(?:gmt|utc)?(?P<sign>[+-])(?P<hours>[0-9]{1,2}):?(?P<minutes>[0-9]{2})?|(?P<name>jst|gmt|utc|ut|z|est|edt|cst|cdt|mst|mdt|pst|pdt))(?-u:\b)").unwrap()
});

/// Reads a date as a mail client writes it.
#[must_use]
pub fn date(text: &str) -> Option<Dated> {
    if text.len() > 200 {
        return None;
    }
    let text = if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfkc().collect::<String>().to_lowercase() };
    // The patterns know one sort of space, digits and word ends of ASCII: the Unicode ones take megabytes, and the text is folded.
    let text = text.replace(char::is_whitespace, " ");
    let (day, end) = day(&text)?;
    let rest = text.get(end..)?;
    let found = TIME.captures(rest)?;
    let time = time(&found)?;
    let zone = found.get(0).and_then(|all| rest.get(all.end()..)).unwrap_or_default();
    let offset = offset(zone)?;
    let zoned = day.to_datetime(time).to_zoned(TimeZone::fixed(offset)).ok()?;
    Some(Dated { zoned })
}

/// A point in time as RFC 3339 in UTC, to the second; the form of every time in the store.
#[must_use]
pub fn utc_text(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn day(text: &str) -> Option<(Date, usize)> {
    if let Some(found) = YEAR_FIRST.captures(text) {
        return Some((date_of(year(&found)?, number(&found, "month")?, number(&found, "day")?)?, end(&found)));
    }
    if let Some(found) = MONTH_SIGN_DAY.captures(text) {
        return Some((date_of(number(&found, "year")?, number(&found, "month")?, number(&found, "day")?)?, end(&found)));
    }
    for pattern in [&*DAY_MONTH_NAME, &*MONTH_NAME_DAY] {
        if let Some(found) = pattern.captures(text)
            && let Some(month) = month_named(found.name("name")?.as_str())
        {
            return Some((date_of(number(&found, "year")?, month, number(&found, "day")?)?, end(&found)));
        }
    }
    let found = NUMBERS_YEAR_LAST.captures(text)?;
    let (first, second, year) = (number(&found, "first")?, number(&found, "second")?, number(&found, "year")?);
    let (month, day) = match (first > 12, second > 12) {
        (true, false) => (second, first),
        (false, true) => (first, second),
        _ if first == second => (first, second),
        _ => return None,
    };
    Some((date_of(year, month, day)?, end(&found)))
}

fn end(found: &Captures<'_>) -> usize {
    found.get(0).map_or(0, |all| all.end())
}

fn number(found: &Captures<'_>, name: &str) -> Option<i16> {
    found.name(name)?.as_str().parse().ok()
}

/// A year of the common era, or of 令和 (2019 = 1) or 平成 (1989 = 1). Two digits without an era are no year.
fn year(found: &Captures<'_>) -> Option<i16> {
    let Some(era) = found.name("era") else { return number(found, "year").filter(|year| *year >= 1970) };
    let written = found.name("of_era")?.as_str();
    let number: i16 = if written == "元" { 1 } else { written.parse().ok()? };
    match era.as_str() {
        "令和" | "r" => number.checked_add(2018),
        _ => number.checked_add(1988),
    }
}

fn date_of(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn month_named(name: &str) -> Option<i16> {
    const MONTHS: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let at = MONTHS.iter().position(|month| name.len() >= 3 && (month.starts_with(name) || name == "sept" && *month == "september"))?;
    i16::try_from(at + 1).ok()
}

fn time(found: &Captures<'_>) -> Option<Time> {
    let hour = number(found, "hour")?;
    let half = found.name("before").or_else(|| found.name("after")).map(|half| half.as_str());
    let hour = match half {
        Some("午後" | "pm" | "p.m.") if hour < 12 => hour + 12,
        Some("午前" | "am" | "a.m.") if hour == 12 => 0,
        _ => hour,
    };
    let second = number(found, "second").unwrap_or(0);
    Time::new(i8::try_from(hour).ok()?, i8::try_from(number(found, "minute")?).ok()?, i8::try_from(second).ok()?, 0).ok()
}

fn offset(text: &str) -> Option<Offset> {
    let japan = Offset::constant(JAPAN);
    let Some(found) = ZONE.captures(text) else { return Some(japan) };
    if let Some(name) = found.name("name") {
        // RFC 5322 section 4.3.
        return Some(match name.as_str() {
            "jst" => japan,
            "est" => Offset::constant(-5),
            "edt" => Offset::constant(-4),
            "cst" => Offset::constant(-6),
            "cdt" => Offset::constant(-5),
            "mst" => Offset::constant(-7),
            "mdt" => Offset::constant(-6),
            "pst" => Offset::constant(-8),
            "pdt" => Offset::constant(-7),
            _ => Offset::UTC,
        });
    }
    let written = found.name("hours")?.as_str();
    let hours: i32 = written.parse().ok()?;
    let minutes: i32 = found.name("minutes").map_or(Ok(0), |minutes| minutes.as_str().parse()).ok()?;
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if found.name("sign")?.as_str() == "-" { -seconds } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_clients_are_read() {
        for (text, expected) in [
            ("2026年10月1日(木) 10:00", "2026-10-01T10:00:00+09:00"),
            ("2026年10月1日木曜日 10:00", "2026-10-01T10:00:00+09:00"),
            ("2026年10月1日 (木) 10:00", "2026-10-01T10:00:00+09:00"),
            ("2026年10月1日 午前10:00:00 JST", "2026-10-01T10:00:00+09:00"),
            ("2026年10月1日 午後7:38:07 GMT-6", "2026-10-01T19:38:07-06:00"),
            ("2010年5月30日 13:49:26:JST", "2010-05-30T13:49:26+09:00"),
            ("2026/10/01 10:00", "2026-10-01T10:00:00+09:00"),
            ("2026/10/1, Thu 10:00", "2026-10-01T10:00:00+09:00"),
            ("2026-10-01 10:00", "2026-10-01T10:00:00+09:00"),
            ("2026-10-01T10:00:00+09:00", "2026-10-01T10:00:00+09:00"),
            ("R8.10.1 10:00", "2026-10-01T10:00:00+09:00"),
            ("令和8年10月1日 １０時００分", "2026-10-01T10:00:00+09:00"),
            ("令和元年5月1日 9:05", "2019-05-01T09:05:00+09:00"),
            ("Thu, 1 Oct 2026 10:00:00 +0900", "2026-10-01T10:00:00+09:00"),
            ("Thu, 01 Oct 2026 01:00:00 +0000 (UTC)", "2026-10-01T01:00:00+00:00"),
            ("Thu, 1 Oct 2026 10:00:00 +0900 (JST)", "2026-10-01T10:00:00+09:00"),
            ("Thursday, October 1, 2026 10:00 AM", "2026-10-01T10:00:00+09:00"),
            ("Thursday, October 1, 2026 at 12:05 PM", "2026-10-01T12:05:00+09:00"),
            ("2026年10月1日木曜日 10:00:00 +0900", "2026-10-01T10:00:00+09:00"),
            ("Oct 1, 2026, 10:00 AM", "2026-10-01T10:00:00+09:00"),
            ("木曜日, 10月 1, 2026 10:00 午後", "2026-10-01T22:00:00+09:00"),
            ("2026/10/01 (木) 午前10時05分", "2026-10-01T10:05:00+09:00"),
            ("31/10/2026 10:00", "2026-10-31T10:00:00+09:00"),
        ] {
            assert_eq!(date(text).map(|dated| dated.rfc3339()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_would_be_a_guess_is_none() {
        for text in ["01/10/2026 10:00", "昨日 10:00", "2026年10月1日", "26/10/01 10:00", "", "2026年13月1日 10:00", "2026年2月30日 10:00"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
