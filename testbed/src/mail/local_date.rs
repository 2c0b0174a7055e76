//! Dates in the form of a language, as clients write them that ask Unicode CLDR for it (Gmail, Apple Mail, Mailspring, Android).
//!
//! Promises: another library and another edition of CLDR than the product's words are made from. Rejected: short forms; of most of them
//! nobody can tell day from month, so that the writer would have to judge what a careful reader may know. Calendars but the Gregorian and
//! Thailand's, for the same reason.

use icu_datetime::DateTimeFormatter;
use icu_datetime::fieldsets::{YMDET, YMDT};
use icu_datetime::input::{Date, DateTime, Time};
use icu_datetime::options::TimePrecision;
use icu_locale_core::Locale;

use super::moment::{Moment, Parts};

/// What a date in words shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Weekday, day, hour and minute (Gmail, Outlook).
    WeekdayAndMinute,
    /// Day, hour, minute and second (Apple Mail).
    Second,
}

/// Whether CLDR has words for a locale.
#[must_use]
pub fn is_known(locale: &str) -> bool {
    write(&Parts::of(Moment::japan(0)), locale, Shown::Second).is_some()
}

/// Writes a date in the words of a locale (`de-AT`, `sr@latin`); `None` where CLDR does not know the language.
#[must_use]
pub(super) fn write(parts: &Parts, locale: &str, shown: Shown) -> Option<String> {
    let language = match locale.split_once('@') {
        Some((language, "latin")) => format!("{language}-Latn"),
        Some((language, _)) => language.to_owned(),
        None => locale.replace('_', "-"),
    };
    let calendar = if language.starts_with("th") { "buddhist" } else { "gregory" };
    let locale: Locale = format!("{language}-u-ca-{calendar}").parse().ok()?;
    let moment = DateTime {
        date: Date::try_new_iso(parts.year, parts.month, parts.day).ok()?,
        time: Time::try_new(parts.hour, parts.minute, parts.second, 0).ok()?,
    };
    let text = match shown {
        Shown::WeekdayAndMinute => {
            let fields = YMDET::long().with_time_precision(TimePrecision::Minute);
            DateTimeFormatter::try_new(locale.into(), fields).ok()?.format(&moment).to_string()
        }
        Shown::Second => DateTimeFormatter::try_new(locale.into(), YMDT::long()).ok()?.format(&moment).to_string(),
    };
    // What CLDR writes where it has no word for the month.
    let is_of_no_language = text.contains(&format!("M{:02}", parts.month));
    (!is_of_no_language).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_in_the_words_of_its_language() {
        let parts = Parts::of(Moment::japan(1_790_848_985));
        for (locale, text) in [
            ("de", "Donnerstag, 1. Oktober 2026 um 19:03"),
            ("ja", "2026年10月1日木曜日 19:03"),
            ("th", "วันพฤหัสบดีที่ 1 ตุลาคม 2569 เวลา 19:03"),
        ] {
            assert_eq!(write(&parts, locale, Shown::WeekdayAndMinute).as_deref(), Some(text), "{locale}");
        }
        assert_eq!(write(&parts, "sr@latin", Shown::Second).as_deref(), Some("01. oktobar 2026. 19:03:05"));
        assert_eq!(write(&parts, "tlh", Shown::Second), None);
    }
}
