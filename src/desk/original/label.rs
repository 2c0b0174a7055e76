//! Header labels and separator lines, as mail clients write them around a forward. The words are data (`*.tsv`).

use std::collections::HashMap;
use std::sync::LazyLock;

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

static LABELS: LazyLock<HashMap<String, Field>> = LazyLock::new(|| {
    rows(include_str!("labels.tsv"))
        .filter_map(|(field, label)| {
            let field = match field {
                "from" => Field::From,
                "date" => Field::Date,
                "subject" => Field::Subject,
                "to" => Field::To,
                "cc" => Field::Cc,
                "other" => Field::Other,
                _ => return None,
            };
            Some((fold(label), field))
        })
        .collect()
});

/// What a separator line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A forwarded mail begins.
    Begin,
    /// A forwarded mail ends.
    End,
    /// A line of hyphens or underscores, which may mean anything.
    Rule,
}

/// How the words of a separator are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Whole(Separator),
    Start,
    End,
}

static SEPARATORS: LazyLock<Vec<(String, Match)>> = LazyLock::new(|| {
    rows(include_str!("separators.tsv"))
        .filter_map(|(sort, words)| {
            let sort = match sort {
                "begins" => Match::Whole(Separator::Begin),
                "ends" => Match::Whole(Separator::End),
                "begins-with" => Match::Start,
                "closes-with" => Match::End,
                _ => return None,
            };
            Some((fold(words), sort))
        })
        .collect()
});

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

/// Labels are short; a colon further right belongs to a sentence. In characters.
const LONGEST_LABEL: usize = 28;

/// Reads `label: value`, also bold (`*差出人:* x`), full-width, with a TAB between (table cells), or bracketed (`【差出人】x`).
#[must_use]
pub fn labelled(line: &str) -> Option<(Field, &str)> {
    let whole = line;
    let line = line.trim_start_matches(|character: char| is_decoration_or_space(character) || is_bullet(character));
    if let Some(found) = bracketed(line) {
        return Some(found);
    }
    let (at, separator) = line.char_indices().take(LONGEST_LABEL).find(|(_, character)| is_colon(*character) || *character == '\t')?;
    let (label, rest) = line.split_at_checked(at)?;
    let rest = rest.get(separator.len_utf8()..)?;
    let field = *LABELS.get(&fold(label.trim_end_matches(is_decoration_or_space)))?;
    let rest = if separator == '\t' { rest.trim_start().trim_start_matches(is_colon) } else { rest };
    Some((field, unbold(whole, rest)))
}

/// `【差出人】山田`, `[件名]： 申込`: the bracket stands for the colon.
fn bracketed(line: &str) -> Option<(Field, &str)> {
    let rest = line.strip_prefix(['【', '［', '[', '〔'])?;
    let (at, close) = rest.char_indices().take(LONGEST_LABEL).find(|(_, character)| matches!(character, '】' | '］' | ']' | '〕'))?;
    let (label, value) = rest.split_at_checked(at)?;
    let field = *LABELS.get(&fold(label))?;
    let value = value.get(close.len_utf8()..)?.trim_start();
    Some((field, value.trim_start_matches(is_colon).trim()))
}

/// A line that holds a whole header block, because a client lost its line ends (Yahoo! Mail's text part; labels in `<b>`
/// without `<br>`): at least three different fields, From among them, plus Date or Subject. The last value takes the rest.
#[must_use]
pub fn labelled_run(line: &str) -> Option<Vec<(Field, &str)>> {
    if line.len() > LONGEST_RUN || labelled(line).is_none() {
        return None;
    }
    let mut starts: Vec<(usize, Field, usize)> = Vec::new();
    for (colon, character) in line.char_indices().filter(|(_, character)| is_colon(*character)).take(MOST_COLONS) {
        let Some((start, field)) = label_before(line, colon) else { continue };
        let is_new = starts.iter().all(|(_, known, _)| *known != field) && starts.last().is_none_or(|(_, _, value)| *value <= start);
        if is_new {
            starts.push((start, field, colon + character.len_utf8()));
        }
    }
    let has = |wanted: Field| starts.iter().any(|(_, field, _)| *field == wanted);
    if starts.len() < 3 || !has(Field::From) || !(has(Field::Date) || has(Field::Subject)) {
        return None;
    }
    let ends = starts.iter().skip(1).map(|(start, _, _)| *start).chain([line.len()]);
    Some(starts.iter().zip(ends).filter_map(|((_, field, value), end)| Some((*field, unbold(line, line.get(*value..end)?)))).collect())
}

/// Colons of such a line that are looked at: labels, times, prefixes of the subject.
const MOST_COLONS: usize = 64;

/// The longest line that may be a lost header block, in bytes.
const LONGEST_RUN: usize = 4_000;

/// The label right before a colon: one, two or three words that stand after a space.
fn label_before(line: &str, colon: usize) -> Option<(usize, Field)> {
    let before = line.get(..colon)?.trim_end_matches(is_decoration_or_space);
    let mut start = before.len();
    for _ in 0..3 {
        let head = before.get(..start)?.trim_end();
        start = head
            .char_indices()
            .rev()
            .take(LONGEST_LABEL)
            .find(|(_, character)| character.is_whitespace())
            .map_or(0, |(at, space)| at + space.len_utf8());
        let label = before.get(start..)?;
        if let Some(field) = LABELS.get(&fold(label.trim_matches(is_decoration_or_space))) {
            return Some((start, *field));
        }
        if start == 0 {
            break;
        }
    }
    None
}

/// The value without the stars of a bold label (`*差出人:* x`, `*差出人: x*`) or of a bold value (`差出人: *x*`). Stars that
/// belong to neither are the writer's.
fn unbold<'a>(line: &str, value: &'a str) -> &'a str {
    let value = value.trim();
    let dressed = line.trim_start_matches(|character: char| character != '*' && is_decoration_or_space(character));
    let label_stars = dressed.chars().take_while(|character| *character == '*').count();
    let value_stars = value.chars().take_while(|character| *character == '*').count();
    if label_stars > 0 && value_stars > 0 {
        return value.get(label_stars.min(value_stars)..).unwrap_or_default().trim_start();
    }
    let inner = value.trim_matches('*');
    let is_bold_value =
        value.starts_with('*') && value.ends_with('*') && !inner.is_empty() && !inner.contains('*') && inner.trim() == inner;
    let is_bold_line = label_stars > 0 && value.ends_with('*') && !value.trim_end_matches('*').contains('*');
    if is_bold_value {
        inner
    } else if is_bold_line {
        value.trim_end_matches('*').trim_end()
    } else {
        value
    }
}

fn is_decoration_or_space(character: char) -> bool {
    character.is_whitespace()
        || crate::desk::text::fold::is_invisible(character)
        || matches!(character, '*' | '_' | '#' | '"' | '■' | '●' | '・' | '◆' | '▼' | '|' | '】' | '＞' | '>')
}

/// What stands before the labels of a hand-made list.
const fn is_bullet(character: char) -> bool {
    matches!(
        character,
        '-' | '–'
            | '‐'
            | '•'
            | '‣'
            | '▪'
            | '○'
            | '◎'
            | '◇'
            | '□'
            | '▲'
            | '△'
            | '▶'
            | '▷'
            | '►'
            | '★'
            | '☆'
            | '※'
            | '＊'
            | '│'
    )
}

/// Colons of the scripts that clients are localised in.
const fn is_colon(character: char) -> bool {
    matches!(character, ':' | '：' | '﹕' | '︰' | '∶' | '꞉')
}

/// Whether a line separates a forward from the words above it.
#[must_use]
pub fn separator(line: &str) -> Option<Separator> {
    let line = line.trim();
    if line.is_empty() || line.chars().count() > 100 {
        return None;
    }
    let words = line.trim_matches(|character: char| is_rule(character) || character.is_whitespace() || is_colon(character));
    if words.is_empty() {
        return (line.chars().filter(|character| is_rule(*character)).count() >= 5).then_some(Separator::Rule);
    }
    if words == line && !line.ends_with(is_colon) {
        // Without any rule around it, or a colon after it, it is a sentence.
        return None;
    }
    let folded = fold(words);
    SEPARATORS.iter().find_map(|(known, sort)| match sort {
        Match::Whole(meaning) => (folded == *known).then_some(*meaning),
        Match::Start => folded.starts_with(known.as_str()).then_some(Separator::Begin),
        Match::End => folded.ends_with(known.as_str()).then_some(Separator::Begin),
    })
}

const fn is_rule(character: char) -> bool {
    matches!(character, '-' | '–' | '—' | '―' | '‐' | '−' | 'ー' | '─' | '━' | '＝' | '=' | '_' | '＿' | '*' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert_eq!(labelled(line), Some((field, value)), "{line}");
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
            assert_eq!(labelled(line), None, "{line}");
        }
    }

    #[test]
    fn separators_are_told_apart() {
        for (line, meaning) in [
            ("---------- Forwarded message ---------", Separator::Begin),
            ("----------転送メッセージ----------", Separator::Begin),
            ("-----元のメッセージ-----", Separator::Begin),
            ("転送されたメッセージ：", Separator::Begin),
            ("Begin forwarded message:", Separator::Begin),
            ("----- 山田 から転送されたメッセージ -----", Separator::Begin),
            ("----- End forwarded message -----", Separator::End),
            ("________________________________", Separator::Rule),
        ] {
            assert_eq!(separator(line), Some(meaning), "{line}");
        }
        for line in ["転送メッセージ", "-- ", "元のメッセージを見てください", "- a"] {
            assert_eq!(separator(line), None, "{line}");
        }
    }

    #[test]
    fn a_block_on_one_line_is_taken_apart() {
        let found =
            labelled_run("From: N <a@example.jp> To: b@example.jp Sent: Fri, May 1, 2026 at 10:00 AM Subject: Re: a: b").expect("a run");
        let expected = [
            (Field::From, "N <a@example.jp>"),
            (Field::To, "b@example.jp"),
            (Field::Date, "Fri, May 1, 2026 at 10:00 AM"),
            (Field::Subject, "Re: a: b"),
        ];
        assert_eq!(found, expected);
        assert!(labelled_run("*差出人:* 山田 *送信日時:* 10:00 *件名:* 申込").is_some());
        for line in ["From: a Subject: b", "To: a Date: b Subject: c", "差出人: 山田", "山田 From: a To: b Subject: c"] {
            assert_eq!(labelled_run(line), None, "{line}");
        }
    }
}
