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
const LONGEST_LABEL: usize = 24;

/// Reads `label: value`, also bold (`*差出人:* x`), full-width, or with a TAB between (table cells).
#[must_use]
pub fn labelled(line: &str) -> Option<(Field, &str)> {
    let line = line.trim_start_matches(is_decoration_or_space);
    let (at, separator) = line.char_indices().take(LONGEST_LABEL).find(|(_, character)| is_colon(*character) || *character == '\t')?;
    let (label, rest) = line.split_at_checked(at)?;
    let rest = rest.get(separator.len_utf8()..)?;
    let field = *LABELS.get(&fold(label.trim_end_matches(is_decoration_or_space)))?;
    let rest = if separator == '\t' { rest.trim_start().trim_start_matches(is_colon) } else { rest };
    Some((field, unbold(rest)))
}

/// The value without the stars of a bold label or a bold value.
fn unbold(value: &str) -> &str {
    let value = value.trim_matches(|character: char| character.is_whitespace());
    let value = value.trim_start_matches('*').trim_start();
    value.strip_suffix("**").or_else(|| value.strip_suffix('*')).unwrap_or(value).trim_end()
}

fn is_decoration_or_space(character: char) -> bool {
    character.is_whitespace()
        || crate::desk::text::fold::is_invisible(character)
        || matches!(character, '*' | '_' | '#' | '"' | '■' | '●' | '・' | '◆' | '▼' | '|' | '】' | '＞' | '>')
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
            (" From: Yamada", Field::From, "Yamada"),
            ("From:\tYamada", Field::From, "Yamada"),
            ("差出人\tYamada", Field::From, "Yamada"),
            ("件　名：申込", Field::Subject, "申込"),
            ("Sent: x", Field::Date, "x"),
            ("写し(Cc): x", Field::Cc, "x"),
        ] {
            assert_eq!(labelled(line), Some((field, value)), "{line}");
        }
        for line in ["利用者番号: 1", "お名前：山田", "From here on: x", "http://example.jp", "こちらは差出人: x"] {
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
}
