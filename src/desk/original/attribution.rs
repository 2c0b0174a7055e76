//! Lines that introduce quoted text: `2026年10月1日(木) 10:00 NAME <a@b>:`, `On … wrote:`, `NAME さんは書きました:`. The words are data
//! (`attributions.tsv`).
//!
//! Promises: a value is taken only from between the words of one row, and a date only where it has a clock time; a sentence that
//! ends in a colon is none. Rejected: regular expressions; fifty of them took megabytes, and most lines fail by their last word.

use std::sync::LazyLock;

use super::dress::{is_colon, is_rule};
use super::glance::Glance;
use super::label::rows;
use crate::desk::text::address::{Mailbox, mailbox};

/// What an attribution line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    pub from: Option<Mailbox>,
    pub date_text: Option<String>,
}

/// A value's place in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Date,
    From,
}

/// A row, taken apart: words, value, words, perhaps another value and words.
struct Row {
    before: &'static str,
    first: Value,
    between: &'static str,
    second: Option<Value>,
    after: &'static str,
}

/// Those with the most words first: `{date}, {from} wrote` fits what `On {date}, {from} wrote` means.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut found: Vec<Row> = rows(include_str!("attributions.tsv")).filter_map(|row| row.first().and_then(|line| Row::of(line))).collect();
    found.sort_by_key(|row| std::cmp::Reverse(row.before.len() + row.between.len() + row.after.len()));
    found
});

impl Row {
    fn of(line: &'static str) -> Option<Self> {
        let (before, first, rest) = next_value(line)?;
        Some(match next_value(rest) {
            Some((between, second, after)) => {
                Self { before: before.trim(), first, between: between.trim(), second: Some(second), after: after.trim() }
            }
            None => Self { before: before.trim(), first, between: "", second: None, after: rest.trim() },
        })
    }

    /// Whether the row has words of its own, or only the order of its values.
    const fn has_words(&self) -> bool {
        !self.before.is_empty() || !self.after.is_empty() || self.between.len() > 3
    }
}

fn next_value(line: &'static str) -> Option<(&'static str, Value, &'static str)> {
    let (before, rest) = line.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, if name == "date" { Value::Date } else { Value::From }, after))
}

/// The longest attribution, in bytes: date, name and address.
const LONGEST: usize = 400;

/// The longest name in one, in characters; what is longer is a sentence.
const LONGEST_NAME: usize = 60;

/// Reads an attribution, given as one line (a wrapped one is joined by the caller).
#[must_use]
pub fn attribution(line: &str) -> Option<Attribution> {
    let line = Glance::of(line).filter(Glance::may_end_attribution)?.text.trim_start_matches(is_rule).trim_start();
    if line.len() > LONGEST {
        return None;
    }
    let bare = line.trim_end_matches(is_colon).trim_end();
    let has_colon = bare.len() < line.len();
    ROWS.iter().find_map(|row| read(row, bare, has_colon))
}

/// Whether a line may be the first of a wrapped attribution: it begins with a year or a day, or with the first word of a row.
#[must_use]
pub fn may_begin(line: &str) -> bool {
    let line = line.trim_start();
    let first_word =
        |row: &Row| !row.before.is_empty() && line.strip_prefix(row.before).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    line.starts_with(|first: char| first.is_ascii_digit() || ('０'..='９').contains(&first)) || ROWS.iter().any(first_word)
}

fn read(row: &Row, line: &str, has_colon: bool) -> Option<Attribution> {
    if !has_colon && !row.after.ends_with("書きました") {
        return None;
    }
    let inner = line.strip_prefix(row.before)?.strip_suffix(row.after)?;
    // `Am` is a word of its own, `Ambros` is not.
    let is_cut = !row.before.is_empty() && row.before.ends_with(char::is_alphabetic) && inner.starts_with(char::is_alphanumeric);
    if is_cut && row.before.is_ascii() {
        return None;
    }
    match (row.first, row.second) {
        (Value::From, None) => Some(Attribution { from: Some(sender(inner, row)?), date_text: None }),
        (Value::Date, None) => None,
        (Value::Date, Some(_)) => {
            let clock = clock_end(inner)?;
            let (date, from) = split_from(inner, clock, row.between)?;
            Some(Attribution { from: Some(sender(from, row)?), date_text: Some(dated(date)?) })
        }
        (Value::From, Some(_)) => {
            let splits = splits(inner, 0, row.between);
            splits.into_iter().find_map(|(from, date)| {
                clock_end(date)?;
                Some(Attribution { from: Some(sender(from, row)?), date_text: Some(dated(date)?) })
            })
        }
    }
}

fn dated(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(|character: char| matches!(character, ',' | '、' | '，')).trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A row without words of its own needs an address, or every heading with a clock time in it would be one.
fn sender(text: &str, row: &Row) -> Option<Mailbox> {
    let text = text.trim().trim_matches(|character: char| matches!(character, ',' | '、' | '，')).trim();
    let is_closed_list = text.starts_with('(') && text.ends_with(')');
    let text = if is_closed_list { text.trim_matches(|character| matches!(character, '(' | ')')) } else { text };
    let found = mailbox(&text.replace(['„', '“', '”', '«', '»'], "\""))?;
    let is_name = row.has_words() && text.chars().count() <= LONGEST_NAME && !text.contains(['<', '>', '@', ':', '：', '。']);
    (found.address.is_some() || is_name).then_some(found)
}

/// The date ends at its clock time, or at words that follow it.
fn split_from<'a>(text: &'a str, clock: usize, between: &str) -> Option<(&'a str, &'a str)> {
    splits(text, clock, between).into_iter().next()
}

/// Every way to split at the words between the values, behind `from`.
fn splits<'a>(text: &'a str, from: usize, between: &str) -> Vec<(&'a str, &'a str)> {
    let Some((head, rest)) = text.split_at_checked(from) else { return Vec::new() };
    if between.is_empty() {
        return vec![(head, rest)];
    }
    rest.match_indices(between)
        .take(8)
        .filter_map(|(at, _)| Some((text.get(..head.len() + at)?, rest.get(at + between.len()..)?)))
        .collect()
}

/// Words that belong to the clock time before them.
const OF_THE_CLOCK: [&str; 18] =
    ["am", "pm", "a.m.", "p.m.", "uhr", "jst", "gmt", "utc", "(jst)", "h", "est", "edt", "pst", "pdt", "cet", "cest", "mez", "mesz"];

/// Where the first clock time of a text ends (`10:00`, `10:00:05 JST`, `10時00分`, `10.00`), with what belongs to it.
fn clock_end(text: &str) -> Option<usize> {
    let digit = |character: char| character.is_ascii_digit() || ('０'..='９').contains(&character);
    let mut from = 0;
    loop {
        let (at, sign) = text.char_indices().find(|(at, character)| *at >= from && matches!(character, ':' | '：' | '.' | '時' | 'h'))?;
        let before = text.get(..at)?;
        let after = text.get(at + sign.len_utf8()..)?;
        let hour = before.chars().rev().take_while(|character| digit(*character)).count();
        let minute = after.chars().take_while(|character| digit(*character)).count();
        // `01.10.2026` is no clock time: what follows two digits and a dot must not be a year.
        let is_date = sign == '.' && (after.chars().nth(minute) == Some('.') || minute != 2 || before.chars().rev().nth(hour) == Some('.'));
        if (1..=2).contains(&hour) && minute == 2 && !is_date {
            let digits: usize = after.chars().take(minute).map(char::len_utf8).sum();
            return Some(end_of_clock(text, at + sign.len_utf8() + digits));
        }
        from = at + sign.len_utf8();
    }
}

/// Seconds, half of the day and zone.
fn end_of_clock(text: &str, from: usize) -> usize {
    let mut end = from;
    let rest = text.get(end..).unwrap_or_default();
    let seconds = rest.strip_prefix([':', '：', '.', '分']).map(|after| (rest.len() - after.len(), after));
    if let Some((sign, after)) = seconds {
        let digits: String =
            after.chars().take_while(|character| character.is_ascii_digit() || ('０'..='９').contains(character)).take(2).collect();
        if digits.chars().count() == 2 {
            end += sign + digits.len();
        } else if rest.starts_with('分') {
            end += '分'.len_utf8();
        }
    }
    if text.get(end..).is_some_and(|rest| rest.starts_with('秒')) {
        end += '秒'.len_utf8();
    }
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let bare = rest.trim_start();
        let word =
            bare.split(|character: char| character.is_whitespace() || matches!(character, ',' | '、' | '，')).next().unwrap_or_default();
        let lower = word.to_lowercase();
        let is_offset = lower.trim_start_matches("gmt").trim_start_matches("utc").starts_with(['+', '-'])
            && lower.chars().any(|character| character.is_ascii_digit());
        if word.is_empty() || !(OF_THE_CLOCK.contains(&lower.as_str()) || is_offset) {
            return end;
        }
        end += rest.len() - bare.len() + word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_of_the_clients_are_read() {
        for (line, date, from) in [
            ("On Thu, Oct 1, 2026 at 10:00 AM Taro <taro@example.jp> wrote:", Some("Thu, Oct 1, 2026 at 10:00 AM"), "taro@example.jp"),
            (
                "On Thu, Oct 1, 2026 at 10:00\u{202F}AM, \"Taro, Y\" <taro@example.jp> wrote:",
                Some("Thu, Oct 1, 2026 at 10:00\u{202F}AM"),
                "taro@example.jp",
            ),
            ("2026年10月1日(木) 10:00 山田 太郎 <taro@example.jp>:", Some("2026年10月1日(木) 10:00"), "taro@example.jp"),
            ("2026年10月1日(木) １０時００分 山田 太郎 ＜taro＠example.jp＞：", Some("2026年10月1日(木) １０時００分"), "taro@example.jp"),
            ("2026年10月1日 10:00、山田 <taro@example.jp> のメール:", Some("2026年10月1日 10:00"), "taro@example.jp"),
            ("2026/10/01 10:00、山田 <taro@example.jp>のメール：", Some("2026/10/01 10:00"), "taro@example.jp"),
            ("2026年10月1日 10:00 に 山田 さんは書きました:", Some("2026年10月1日 10:00"), "山田"),
            ("----- 2026年10月1日 10:00 に 山田さんが書いたメッセージ：", Some("2026年10月1日 10:00"), "山田"),
            ("On 2026/05/01 10:00, 山田 wrote:", Some("2026/05/01 10:00"), "山田"),
            ("2026/05/01 10:00、山田 さんは書きました:", Some("2026/05/01 10:00"), "山田"),
            ("山田さんは 2026年10月1日 10:00 に書きました", Some("2026年10月1日 10:00"), "山田"),
            ("山田さんが書きました:", None, "山田"),
            ("Taro Yamada wrote:", None, "Taro Yamada"),
            ("Am 01.10.2026 um 10:00 schrieb Taro <taro@example.jp>:", Some("01.10.2026 um 10:00"), "taro@example.jp"),
            ("Le jeu. 1 oct. 2026 à 10:00, Taro <taro@example.jp> a écrit :", Some("jeu. 1 oct. 2026 à 10:00"), "taro@example.jp"),
            ("El jue, 1 oct 2026 a las 10:00, Taro (<taro@example.jp>) escribió:", Some("jue, 1 oct 2026 a las 10:00"), "taro@example.jp"),
            ("Dnia 1 paź 2026 o 10:00 „Taro” <taro@example.jp> napisał:", Some("1 paź 2026 o 10:00"), "taro@example.jp"),
            ("\"Taro\" <taro@example.jp>, 1 Eki 2026 10:00 tarihinde şunu yazdı:", Some("1 Eki 2026 10:00"), "taro@example.jp"),
            ("Taro <taro@example.jp> 于2026年10月1日周四 10:00写道：", Some("2026年10月1日周四 10:00"), "taro@example.jp"),
        ] {
            let found = attribution(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(found.date_text.as_deref(), date, "{line}");
            assert_eq!(found.from.as_ref().and_then(Mailbox::shown), Some(from), "{line}");
        }
        for line in [
            "次のとおりです:",
            "連絡先 <taro@example.jp>",
            "よろしくお願いします。",
            "http://example.jp/a@b:",
            "2026年10月1日 10:00 打合せ:",
            "日時は 2026年10月1日 10:00 です:",
            "Ambros wrote to me and said the following:",
        ] {
            assert_eq!(attribution(line), None, "{line}");
        }
    }
}
