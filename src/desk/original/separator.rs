//! Lines that separate a forward from the words around it. The words are data (`separators.tsv`).
//!
//! Promises: a line of prose is none; a rule alone says nothing by itself, since it ends disclaimers and signatures, too. The few
//! clients that write words alone, without any rule or colon, separate only right above a header block or an attribution.
//! Rejected: comparing the hyphens; gateways and editors change their number and their kind.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use super::dress::is_rule;
use super::glance::{Glance, is_frame};
use super::label::rows;
use crate::desk::text::fold::fold;

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

struct Words {
    whole: HashMap<String, Separator, FixedState>,
    /// What stands before and after a name (`%s`), by the first character; none where the name is first.
    around_name: HashMap<Option<char>, Vec<(String, String)>, FixedState>,
    /// Lines that are words alone.
    bare: HashSet<String, FixedState>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words { whole: HashMap::default(), around_name: HashMap::default(), bare: HashSet::default() };
    for row in rows(include_str!("separators.tsv")) {
        let [kind, line, ..] = row.as_slice() else { continue };
        let meaning = if *kind == "ends" { Separator::End } else { Separator::Begin };
        let bare = line.trim_matches(is_frame);
        if bare == *line && meaning == Separator::Begin {
            words.bare.insert(fold(bare).into_owned());
        }
        match bare.split_once("%s") {
            Some((before, after)) => {
                let around = (fold(before).into_owned(), fold(after).into_owned());
                let alike = words.around_name.entry(around.0.chars().next()).or_default();
                if !alike.contains(&around) {
                    alike.push(around);
                }
            }
            // Where one client begins with the words that another ends with, the beginning is safer.
            None => drop(words.whole.entry(fold(bare).into_owned()).or_insert(meaning)),
        }
    }
    words
});

/// A separator's words are few. In bytes.
const LONGEST: usize = 300;

/// Characters of a rule, at least.
const SHORTEST_RULE: usize = 5;

/// Whether a line separates a forward from the words above it.
#[must_use]
pub fn separator(line: &str) -> Option<Separator> {
    Glance::of(line).filter(Glance::may_separate).and_then(|glance| read(&glance))
}

/// The same, where a glance has seen that it may.
pub(super) fn read(glance: &Glance<'_>) -> Option<Separator> {
    let Glance { text: line, first, last, .. } = *glance;
    if line.len() > LONGEST {
        return None;
    }
    if is_rule(first) && repeats(line, first) {
        return (line.len() / first.len_utf8() >= SHORTEST_RULE).then_some(Separator::Rule);
    }
    let words = line.trim_matches(is_frame);
    if words.is_empty() {
        return (line.chars().filter(|character| is_rule(*character)).count() >= SHORTEST_RULE).then_some(Separator::Rule);
    }
    let folded = fold(words);
    if let Some(meaning) = WORDS.whole.get(&*folded) {
        return Some(*meaning);
    }
    // A name may hold anything, so here the rule is asked for. Words that end in a long vowel have none.
    let is_framed = is_rule(first) || is_rule(last) && (last != 'ー' || line.ends_with("ーー"));
    let has_name = |(before, after): &(String, String)| {
        folded.len() > before.len() + after.len() && folded.starts_with(before.as_str()) && folded.ends_with(after.as_str())
    };
    let is_known = |first| WORDS.around_name.get(&first).is_some_and(|alike| alike.iter().any(has_name));
    (is_framed && (is_known(folded.chars().next()) || is_known(None))).then_some(Separator::Begin)
}

/// Whether a line is what a client writes above a forward without any rule or colon (Zimbra in Thai, Gmail for Android in Burmese).
/// Anywhere but right above a header block or an attribution it is a sentence.
#[must_use]
pub(super) fn is_bare(line: &str) -> bool {
    line.len() <= LONGEST && WORDS.bare.contains(&*fold(line.trim()))
}

/// Whether a line is one character again and again: most rules are.
fn repeats(line: &str, first: char) -> bool {
    let bytes = line.as_bytes();
    bytes.get(first.len_utf8()..).is_some_and(|after| bytes.starts_with(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_told_apart() {
        for (line, meaning) in [
            ("---------- Forwarded message ---------", Separator::Begin),
            ("----------転送メッセージ----------", Separator::Begin),
            ("-----元のメッセージ-----", Separator::Begin),
            ("転送されたメッセージ：", Separator::Begin),
            ("Begin forwarded message:", Separator::Begin),
            ("----- 山田 から転送されたメッセージ -----", Separator::Begin),
            ("----- Forwarded message from a@example.jp -----", Separator::Begin),
            ("-------- Weitergeleitete Nachricht --------", Separator::Begin),
            ("━━━Thư đã chuyển tiếp━━━", Separator::Begin),
            ("\u{200F}---------- הודעה שהועברה ----------", Separator::Begin),
            ("----- End forwarded message -----", Separator::End),
            ("----- Ende der weitergeleiteten Nachricht -----", Separator::End),
            ("________________________________", Separator::Rule),
        ] {
            assert_eq!(separator(line), Some(meaning), "{line}");
        }
        for line in
            ["転送メッセージ", "-- ", "元のメッセージを見てください", "- a", "お知らせ:", "----- 第1章 -----", "Forwarded message from me:"]
        {
            assert_eq!(separator(line), None, "{line}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_a_separator() {
        let mut count = 0;
        for row in rows(include_str!("separators.tsv")) {
            let line = row[1].replace("%s", "山田 太郎");
            assert_ne!(separator(&line).is_some(), is_bare(&line), "{line}");
            count += 1;
        }
        assert!(count > 900, "only {count} rows");
    }
}
