//! Header labels, as mail clients write them before the values of a forwarded header block. The words are data (`labels.tsv`).
//!
//! Promises: a label is found by one look-up, whatever its dress (bold, bracketed, full-width, padded); what a label means in some
//! language only is said with it, and the block decides. Rejected: a pattern a language; a hundred of them would be tried on each line.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use super::dress::{is_colon, is_decoration_or_space, unbold};
use super::glance::{Glance, is_dress};
use crate::desk::text::fold::fold;

/// The fields of a forwarded header block that the desk tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    From,
    Date,
    Subject,
    To,
    Cc,
    /// A header line that is part of the block, but not needed.
    Other,
}

impl Field {
    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "from" => Self::From,
            "date" => Self::Date,
            "subject" => Self::Subject,
            "to" => Self::To,
            "cc" => Self::Cc,
            "other" => Self::Other,
            _ => return None,
        })
    }
}

/// A set of languages, by their place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Languages(u128);

impl Languages {
    pub const ALL: Self = Self(u128::MAX);

    /// The languages in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether no language is left.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A label, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub field: Field,
    pub languages: Languages,
    /// `Da` is From in Italian and To in Breton: what it means in other languages.
    pub otherwise: Option<(Field, Languages)>,
    pub length: Length,
}

/// Whether a label may begin a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Word,
    /// `A:`, `À:`, `I:` mean something only beside another label of their language; a line of prose begins with them, too.
    Letter,
}

/// A line that begins with a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labelled<'a> {
    pub label: &'static Label,
    pub value: &'a str,
}

/// Rows of a table: words, tabs between, comments away.
pub(super) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

static LABELS: LazyLock<HashMap<String, Label, FixedState>> = LazyLock::new(|| {
    let mut places: Vec<&str> = Vec::new();
    let mut labels: HashMap<String, Label, FixedState> = HashMap::default();
    let mut last: (&str, String) = ("", String::new());
    for row in rows(include_str!("labels.tsv")) {
        let [field, words, _, locales] = row.as_slice() else { continue };
        let Some(field) = Field::of_word(field) else { continue };
        let languages = languages(locales, &mut places);
        // The rows of one label follow each other: it is folded once.
        if last.0 != *words {
            last = (*words, fold(words).into_owned());
        }
        let length =
            if words.chars().count() == 1 && words.chars().all(|letter| letter < '\u{0590}') { Length::Letter } else { Length::Word };
        labels.entry(last.1.clone()).and_modify(|label| label.also(field, languages)).or_insert(Label {
            field,
            languages,
            otherwise: None,
            length,
        });
    }
    labels
});

impl Label {
    /// The rows come in the order of the fields: From first, lines that are not needed last. Where one client calls the Sender field as
    /// another calls From, it is From.
    fn also(&mut self, field: Field, languages: Languages) {
        if self.field == field {
            self.languages.0 |= languages.0;
        } else if let Some((other, known)) = &mut self.otherwise
            && *other == field
        {
            known.0 |= languages.0;
        } else if field != Field::Other && self.otherwise.is_none() {
            self.otherwise = Some((field, languages));
        }
    }
}

/// `pt-BR` counts as `pt`. `*` is every language.
fn languages<'t>(locales: &'t str, places: &mut Vec<&'t str>) -> Languages {
    let mut found = 0;
    for locale in locales.split(' ') {
        if locale == "*" {
            return Languages::ALL;
        }
        let language = locale.split(['-', '@', '_']).next().unwrap_or(locale);
        let place = places.iter().position(|known| *known == language).unwrap_or_else(|| {
            places.push(language);
            places.len() - 1
        });
        found |= 1_u128.checked_shl(u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or(1 << 127);
    }
    Languages(found)
}

/// The first characters of all labels, folded.
pub(super) fn beginnings() -> impl Iterator<Item = char> {
    LABELS.keys().filter_map(|label| label.chars().next())
}

fn known(label: &str) -> Option<&'static Label> {
    LABELS.get(&*fold(label))
}

/// The longest label, in characters, with what stands around it; a colon further right belongs to a sentence.
const LONGEST_LABEL: usize = 32;

/// Reads `label: value`, also bold (`*差出人:* x`), full-width, with a TAB between (table cells), or bracketed (`【差出人】x`).
#[must_use]
pub fn labelled(line: &str) -> Option<Labelled<'_>> {
    Glance::of(line).filter(Glance::may_be_labelled).and_then(|_| read(line))
}

/// The same, where a glance has seen that it may be.
pub(super) fn read(line: &str) -> Option<Labelled<'_>> {
    let bare = line.trim_start_matches(is_dress);
    if bare.starts_with(OPENING_BRACKETS)
        && let Some(found) = bracketed(bare)
    {
        return Some(found);
    }
    if bare.len() < line.len() && !Glance::of(bare).is_some_and(|bare| bare.may_be_labelled()) {
        return None;
    }
    let (at, separator) = colon(bare)?;
    let (words, rest) = bare.split_at_checked(at)?;
    let rest = rest.get(separator.len_utf8()..)?;
    let label = known(words.trim_end_matches(is_decoration_or_space))?;
    let rest = if separator == '\t' { rest.trim_start().trim_start_matches(is_colon) } else { rest };
    Some(Labelled { label, value: unbold(line, rest) })
}

pub(super) const OPENING_BRACKETS: [char; 4] = ['【', '［', '[', '〔'];

/// Whether this is the first byte of a colon, or TAB. No byte further inside a character is one of them.
const fn begins_colon(byte: u8) -> bool {
    matches!(byte, b':' | b'\t' | b'`' | 0xD5 | 0xE1 | 0xE2 | 0xEA | 0xEF)
}

/// The first colon or TAB, if it stands where a label ends.
fn colon(bare: &str) -> Option<(usize, char)> {
    let window = bare.as_bytes().get(..LONGEST_LABEL * 4).unwrap_or(bare.as_bytes());
    // Most lines of prose have none of these so far to the left.
    let may_hold = memchr::memchr3(b':', b'\t', 0xEF, window).is_some()
        || memchr::memchr3(0xE1, 0xE2, 0xEA, window).is_some()
        || memchr::memchr2(0xD5, b'`', window).is_some();
    if !may_hold {
        return None;
    }
    let starts = window.iter().enumerate().filter(|(_, byte)| begins_colon(**byte)).map(|(at, _)| at);
    let found = |at: usize| bare.get(at..)?.chars().next().filter(|character| is_colon(*character) || *character == '\t');
    let (at, separator) = starts.into_iter().find_map(|at| Some((at, found(at)?)))?;
    (bare.get(..at)?.chars().count() < LONGEST_LABEL).then_some((at, separator))
}

/// `【差出人】山田`, `[件名]： 申込`: the bracket stands for the colon.
fn bracketed(line: &str) -> Option<Labelled<'_>> {
    let rest = line.strip_prefix(OPENING_BRACKETS)?;
    let (at, close) = rest.char_indices().take(LONGEST_LABEL).find(|(_, character)| matches!(character, '】' | '］' | ']' | '〕'))?;
    let (words, value) = rest.split_at_checked(at)?;
    let label = known(words)?;
    let value = value.get(close.len_utf8()..)?.trim_start();
    Some(Labelled { label, value: value.trim_start_matches(is_colon).trim() })
}

/// A line that holds a whole header block, because a client lost its line ends (Yahoo! Mail's text part; labels in `<b>`
/// without `<br>`): at least three different fields, From among them, plus Date or Subject. The last value takes the rest.
#[must_use]
pub fn labelled_run(line: &str) -> Option<Vec<Labelled<'_>>> {
    if line.len() > LONGEST_RUN || line.chars().filter(|character| is_colon(*character)).nth(FEWEST_LABELS - 1).is_none() {
        return None;
    }
    labelled(line)?;
    let mut starts: Vec<(usize, &'static Label, usize)> = Vec::new();
    let mut common = Languages::ALL;
    for (colon, character) in line.char_indices().filter(|(_, character)| is_colon(*character)).take(MOST_COLONS) {
        let Some((start, label)) = label_before(line, colon) else { continue };
        let is_new =
            starts.iter().all(|(_, known, _)| known.field != label.field) && starts.last().is_none_or(|(_, _, value)| *value <= start);
        let fits = label.length == Length::Word || !starts.is_empty() && !common.and(label.languages).is_empty();
        if is_new && fits {
            common = common.and(label.languages);
            starts.push((start, label, colon + character.len_utf8()));
        }
    }
    let has = |wanted: Field| starts.iter().any(|(_, label, _)| label.field == wanted);
    if starts.len() < FEWEST_LABELS || !has(Field::From) || !(has(Field::Date) || has(Field::Subject)) {
        return None;
    }
    let ends = starts.iter().skip(1).map(|(start, _, _)| *start).chain([line.len()]);
    let values = starts.iter().zip(ends);
    Some(values.filter_map(|((_, label, value), end)| Some(Labelled { label, value: unbold(line, line.get(*value..end)?) })).collect())
}

const FEWEST_LABELS: usize = 3;

/// Colons of such a line that are looked at: labels, times, prefixes of the subject.
const MOST_COLONS: usize = 64;

/// The longest line that may be a lost header block, in bytes.
const LONGEST_RUN: usize = 4_000;

/// The label right before a colon: one, two or three words that stand after a space.
fn label_before(line: &str, colon: usize) -> Option<(usize, &'static Label)> {
    let before = line.get(..colon)?.trim_end_matches(is_decoration_or_space);
    let mut start = before.len();
    let mut longest = None;
    for _ in 0..3 {
        let head = before.get(..start)?.trim_end();
        start = head
            .char_indices()
            .rev()
            .take(LONGEST_LABEL)
            .find(|(_, character)| character.is_whitespace())
            .map_or(0, |(at, space)| at + space.len_utf8());
        // `De la` is a label, and so is its last word.
        longest = known(before.get(start..)?.trim_matches(is_decoration_or_space)).map(|label| (start, label)).or(longest);
        if start == 0 {
            break;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<(Field, &str)> {
        labelled(line).map(|found| (found.label.field, found.value))
    }

    #[test]
    fn labels_are_read_in_all_their_dresses() {
        for (line, field, value) in [
            ("差出人: 山田 <a@example.jp>", Field::From, "山田 <a@example.jp>"),
            ("差出人：山田", Field::From, "山田"),
            ("*差出人:* 山田", Field::From, "山田"),
            ("*From: *Yamada", Field::From, "Yamada"),
            ("**From:** Yamada", Field::From, "Yamada"),
            ("*From*: Yamada", Field::From, "Yamada"),
            ("*From: Yamada*", Field::From, "Yamada"),
            ("From: *Yamada*", Field::From, "Yamada"),
            ("*件名:* **重要** 申込", Field::Subject, "**重要** 申込"),
            ("件名: *重要* 申込*", Field::Subject, "*重要* 申込*"),
            ("件名: **", Field::Subject, "**"),
            (" From: Yamada", Field::From, "Yamada"),
            ("From:\tYamada", Field::From, "Yamada"),
            ("差出人\tYamada", Field::From, "Yamada"),
            ("件　名：申込", Field::Subject, "申込"),
            ("Sent: x", Field::Date, "x"),
            ("写し(Cc): x", Field::Cc, "x"),
            ("【差出人】山田", Field::From, "山田"),
            ("[件名]： 申込", Field::Subject, "申込"),
            ("- 日時: x", Field::Date, "x"),
            ("○宛先：x", Field::To, "x"),
            ("Content-Transfer-Encoding: 8bit", Field::Other, "8bit"),
            ("Von: x", Field::From, "x"),
            ("De\u{A0}: x", Field::From, "x"),
            ("ពី៖ x", Field::From, "x"),
            ("Ում՝ x", Field::To, "x"),
            ("ከ፦ x", Field::From, "x"),
            ("\u{200F}מאת: x", Field::From, "x"),
        ] {
            assert_eq!(found(line), Some((field, value)), "{line}");
        }
        for line in [
            "利用者番号: 1",
            "お名前：山田",
            "From here on: x",
            "http://example.jp",
            "こちらは差出人: x",
            "【重要】件名: x",
            "[差出人",
            "差出人】x",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn a_label_with_two_meanings_keeps_both() {
        let label = labelled("Da: x").map(|found| found.label).expect("a label");
        assert_eq!((label.field, label.otherwise.map(|(field, _)| field)), (Field::From, Some(Field::To)));
        let labels = LABELS.values().filter(|label| label.otherwise.is_some()).count();
        assert!(labels <= 3, "{labels} labels are ambiguous: does the block still decide?");
    }

    #[test]
    fn a_block_on_one_line_is_taken_apart() {
        let run = |line| labelled_run(line).map(|run| run.iter().map(|found| (found.label.field, found.value)).collect::<Vec<_>>());
        let found = run("From: N <a@example.jp> To: b@example.jp Sent: Fri, May 1, 2026 at 10:00 AM Subject: Re: a: b").expect("a run");
        let expected = [
            (Field::From, "N <a@example.jp>"),
            (Field::To, "b@example.jp"),
            (Field::Date, "Fri, May 1, 2026 at 10:00 AM"),
            (Field::Subject, "Re: a: b"),
        ];
        assert_eq!(found, expected);
        assert!(run("*差出人:* 山田 *送信日時:* 10:00 *件名:* 申込").is_some());
        assert!(run("Da: N <a@example.jp> A: b@example.jp Inviato: x Oggetto: y").is_some_and(|found| found.len() == 4));
        for line in ["From: a Subject: b", "To: a Date: b Subject: c", "差出人: 山田", "山田 From: a To: b Subject: c"] {
            assert_eq!(run(line), None, "{line}");
        }
    }
}
