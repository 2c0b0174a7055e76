//! Points in time, and every way in which mail clients write them.
//!
//! Promises: [`DateForm::write`] gives the text together with what a careful reader can know from it (RFC 3339), so that
//! expectations come from the writer, never from a parser. Rejected: a formatting mini-language; the forms are few and irregular.

use time::{OffsetDateTime, UtcOffset};

use super::local_date::{self, Shown};

/// 2026-04-01 09:00 in Tokyo: no generated mail is older.
const EARLIEST: i64 = 1_775_001_600;

/// A second in the civil time of Japan (or of another zone, where a form says so).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(OffsetDateTime);

impl Moment {
    /// The second, shown in Japan's time.
    #[must_use]
    pub fn japan(unix_seconds: i64) -> Self {
        let time = OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self(time.to_offset(UtcOffset::from_hms(9, 0, 0).unwrap_or(UtcOffset::UTC)))
    }

    /// A working hour of spring or summer 2026; never noon, whose 12-hour forms differ by client.
    #[must_use]
    pub fn invented(random: &mut crate::mail::Random) -> Self {
        let days = i64::try_from(random.below(150)).unwrap_or(0);
        let hour = [0, 1, 2, 4, 5, 6, 7, 8].get(usize::try_from(random.below(8)).unwrap_or(0)).copied().unwrap_or(0);
        let rest = i64::try_from(random.below(3_599)).unwrap_or(0);
        Self::japan(EARLIEST + days * 86_400 + hour * 3_600 + rest)
    }

    /// So many seconds later.
    #[must_use]
    pub fn later(self, seconds: i64) -> Self {
        Self::japan(self.unix_seconds().saturating_add(seconds))
    }

    /// Seconds since 1970, UTC.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// `Thu, 1 Oct 2026 10:00:00 +0900`.
    #[must_use]
    pub fn rfc5322(self) -> String {
        DateForm::Rfc5322.write(self).text
    }

    /// RFC 3339 in UTC, as those know it who keep no zone.
    #[must_use]
    pub fn utc(self) -> String {
        let time = self.0.to_offset(UtcOffset::UTC);
        let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+00:00", time.hour(), time.minute(), time.second())
    }

    /// Fourteen digits, for identifiers.
    #[must_use]
    pub fn digits(self) -> String {
        let parts = Parts::of(self);
        format!("{:04}{:02}{:02}{:02}{:02}{:02}", parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second)
    }
}

/// A date as a client writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// `Thu, 1 Oct 2026 10:00:05 +0900`
    Rfc5322,
    /// `Thu, 1 Oct 2026 10:00:05 +0900 (JST)`
    Rfc5322Comment,
    /// `2026年10月1日(木) 10:00` (Gmail)
    WeekdayInParentheses,
    /// `2026年10月1日木曜日 10:00` (Outlook)
    WeekdayInFull,
    /// `2026年10月1日木曜日 10:00:05 +0900` (`HubSpot`)
    WeekdayInFullWithZone,
    /// `2026年10月1日 (木) 10:00` (Outlook for Windows)
    WeekdaySpaced,
    /// `2026年10月1日 10:00`
    NoWeekday,
    /// `2026年10月1日 午前10:00:05 JST` (Apple)
    HalfDayJst,
    /// `2026年10月1日 午前10:00:05 GMT+9` (Apple)
    HalfDayGmt,
    /// `2026年10月1日 10:00:05:JST` (old Apple Mail)
    ColonBeforeZone,
    /// `2026/10/01 10:00`
    Slashes,
    /// `2026/10/1, Thu 10:00` (Yahoo! JAPAN)
    SlashesAndWeekday,
    /// `2026-10-01 10:00`
    Hyphens,
    /// `令和8年10月1日 １０時００分`
    EraInFull,
    /// `R8.10.1 10:00`
    EraShort,
    /// `２０２６年１０月１日 １０：００`
    FullWidthDigits,
    /// `Thursday, October 1, 2026 10:00 AM` (Outlook in English)
    EnglishLong,
    /// `Thu, Oct 1, 2026 at 10:00 AM` (Gmail in English)
    EnglishAt,
    /// `1 October 2026 at 10:00:05 JST` (Apple in English)
    EnglishApple,
    /// `10/01/2026 10:00`: nobody can tell day from month, so no reader may guess. Only for days up to the twelfth.
    Ambiguous,
    /// In the words of a locale that CLDR knows ([`local_date::is_known`]).
    Local(&'static str, Shown),
}

/// A written date and what can be known from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenDate {
    /// As the client wrote it.
    pub text: String,
    /// RFC 3339; `None` where it cannot be read without guessing.
    pub meaning: Option<String>,
}

impl DateForm {
    /// Writes the moment in this form.
    #[must_use]
    pub fn write(self, moment: Moment) -> WrittenDate {
        let parts = Parts::of(moment);
        let text = self.text(&parts);
        let meaning = match self {
            Self::Ambiguous => None,
            Self::Rfc5322
            | Self::Rfc5322Comment
            | Self::WeekdayInFullWithZone
            | Self::HalfDayJst
            | Self::HalfDayGmt
            | Self::ColonBeforeZone
            | Self::EnglishApple
            | Self::Local(_, Shown::Second) => Some(parts.rfc3339(parts.second)),
            _ => Some(parts.rfc3339(0)),
        };
        WrittenDate { text, meaning }
    }

    fn text(self, parts: &Parts) -> String {
        let Parts { year, month, day, hour, minute, second, .. } = *parts;
        let (weekday, english_month) = (parts.english_weekday(), parts.english_month());
        let (short_weekday, short_month) = (first_three(weekday), first_three(english_month));
        let kanji = parts.japanese_weekday();
        let civil = format!("{year}年{month}月{day}日");
        let clock = format!("{hour}:{minute:02}");
        let era = year - 2018;
        match self {
            Self::Rfc5322 => format!("{short_weekday}, {day} {short_month} {year} {hour:02}:{minute:02}:{second:02} +0900"),
            Self::Rfc5322Comment => format!("{short_weekday}, {day} {short_month} {year} {hour:02}:{minute:02}:{second:02} +0900 (JST)"),
            Self::WeekdayInParentheses => format!("{civil}({kanji}) {clock}"),
            Self::WeekdayInFull => format!("{civil}{kanji}曜日 {clock}"),
            Self::WeekdayInFullWithZone => format!("{civil}{kanji}曜日 {hour:02}:{minute:02}:{second:02} +0900"),
            Self::WeekdaySpaced => format!("{civil} ({kanji}) {clock}"),
            Self::NoWeekday => format!("{civil} {clock}"),
            Self::HalfDayJst => format!("{civil} {}{}:{minute:02}:{second:02} JST", parts.half_day(), parts.twelve()),
            Self::HalfDayGmt => format!("{civil} {}{}:{minute:02}:{second:02} GMT+9", parts.half_day(), parts.twelve()),
            Self::ColonBeforeZone => format!("{civil} {hour}:{minute:02}:{second:02}:JST"),
            Self::Slashes => format!("{year}/{month:02}/{day:02} {hour:02}:{minute:02}"),
            Self::SlashesAndWeekday => format!("{year}/{month}/{day}, {short_weekday} {hour:02}:{minute:02}"),
            Self::Hyphens => format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}"),
            Self::EraInFull => format!("令和{era}年{month}月{day}日 {}時{}分", wide(&format!("{hour:02}")), wide(&format!("{minute:02}"))),
            Self::EraShort => format!("R{era}.{month}.{day} {clock}"),
            Self::FullWidthDigits => wide(&format!("{civil} {hour:02}:{minute:02}")),
            Self::EnglishLong => {
                format!("{weekday}, {english_month} {day}, {year} {}:{minute:02} {}", parts.twelve(), parts.english_half())
            }
            Self::EnglishAt => {
                format!("{short_weekday}, {short_month} {day}, {year} at {}:{minute:02} {}", parts.twelve(), parts.english_half())
            }
            Self::EnglishApple => format!("{day} {english_month} {year} at {hour}:{minute:02}:{second:02} JST"),
            Self::Ambiguous => format!("{month:02}/{day:02}/{year} {hour:02}:{minute:02}"),
            // An empty one would be told by whoever compares it.
            Self::Local(locale, shown) => local_date::write(parts, locale, shown).unwrap_or_default(),
        }
    }
}

/// Digits and colons in their full-width forms; all else stays.
#[must_use]
pub fn wide(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '0'..='9' | ':' => char::from_u32(u32::from(character) + 0xfee0).unwrap_or(character),
            other => other,
        })
        .collect()
}

fn first_three(word: &str) -> String {
    word.chars().take(3).collect()
}

pub(super) struct Parts {
    pub(super) year: i32,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    weekday: usize,
}

impl Parts {
    pub(super) fn of(moment: Moment) -> Self {
        let time = moment.0;
        Self {
            year: time.year(),
            month: u8::from(time.month()),
            day: time.day(),
            hour: time.hour(),
            minute: time.minute(),
            second: time.second(),
            weekday: usize::from(time.weekday().number_days_from_monday()),
        }
    }

    fn rfc3339(&self, second: u8) -> String {
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{second:02}+09:00", self.year, self.month, self.day, self.hour, self.minute)
    }

    fn japanese_weekday(&self) -> &'static str {
        ["月", "火", "水", "木", "金", "土", "日"].get(self.weekday).copied().unwrap_or_default()
    }

    fn english_weekday(&self) -> &'static str {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].get(self.weekday).copied().unwrap_or_default()
    }

    fn english_month(&self) -> &'static str {
        let names =
            ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
        names.get(usize::from(self.month).saturating_sub(1)).copied().unwrap_or_default()
    }

    fn half_day(&self) -> &'static str {
        if self.hour < 12 { "午前" } else { "午後" }
    }

    fn english_half(&self) -> &'static str {
        if self.hour < 12 { "AM" } else { "PM" }
    }

    fn twelve(&self) -> u8 {
        if self.hour > 12 { self.hour - 12 } else { self.hour }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_writes_the_same_thursday_evening_as_its_client_does() {
        let moment = Moment::japan(1_790_848_985 - 9 * 3_600 + 9 * 3_600);
        let table = [
            (DateForm::Rfc5322, "Thu, 1 Oct 2026 19:03:05 +0900"),
            (DateForm::WeekdayInParentheses, "2026年10月1日(木) 19:03"),
            (DateForm::WeekdayInFull, "2026年10月1日木曜日 19:03"),
            (DateForm::HalfDayJst, "2026年10月1日 午後7:03:05 JST"),
            (DateForm::ColonBeforeZone, "2026年10月1日 19:03:05:JST"),
            (DateForm::SlashesAndWeekday, "2026/10/1, Thu 19:03"),
            (DateForm::EraInFull, "令和8年10月1日 １９時０３分"),
            (DateForm::EraShort, "R8.10.1 19:03"),
            (DateForm::FullWidthDigits, "２０２６年１０月１日 １９：０３"),
            (DateForm::EnglishLong, "Thursday, October 1, 2026 7:03 PM"),
            (DateForm::EnglishAt, "Thu, Oct 1, 2026 at 7:03 PM"),
        ];
        for (form, expected) in table {
            assert_eq!(form.write(moment).text, expected, "{form:?}");
        }
    }

    #[test]
    fn seconds_are_known_only_where_they_are_written() {
        let moment = Moment::japan(1_790_848_985);
        assert_eq!(DateForm::Rfc5322.write(moment).meaning.as_deref(), Some("2026-10-01T19:03:05+09:00"));
        assert_eq!(DateForm::Slashes.write(moment).meaning.as_deref(), Some("2026-10-01T19:03:00+09:00"));
        assert_eq!(DateForm::Ambiguous.write(moment).meaning, None);
    }
}
