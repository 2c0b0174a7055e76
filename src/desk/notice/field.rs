//! The fields of a notice: 会社名, name, 利用者番号, 自己宣言ID, star level.
//!
//! Promises: anchored on labels. In the completion mail 利用者番号 comes first and is as long as the ID; a number is taken
//! for what its label says, never for its length. Every value keeps the line that it was read from.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::desk::text::fold::{FoldedLines, Mark, fold, letters_of_folded, printable, visible};

/// A value and the line it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub value: String,
    pub line: String,
}

/// A 利用者番号. It is a login credential: shown and stored masked, compared inside the desk only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserNumber {
    digits: String,
}

impl UserNumber {
    /// Wraps digits as read.
    #[must_use]
    pub const fn new(digits: String) -> Self {
        Self { digits }
    }

    /// All but the last four digits as `*`.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = self.digits.chars().count().saturating_sub(4);
        self.digits.chars().enumerate().map(|(at, digit)| if at < hidden { '*' } else { digit }).collect()
    }

    /// Whether the number is this one.
    #[must_use]
    pub fn is(&self, digits: &str) -> bool {
        self.digits == digits
    }

    /// The digits, for the sample check.
    pub(super) fn digits(&self) -> &str {
        &self.digits
    }
}

/// What a label is followed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Labelled {
    /// The label does not occur with a value.
    Absent,
    /// Digits (full-width ones, spaces and hyphens resolved), with the line.
    Number(Reading),
    /// The label occurs, but what follows is no number.
    Unreadable(Reading),
}

/// Lines after a label on which its value may stand.
const LINES_TO_VALUE: usize = 2;

/// Reads the number behind one of the (folded) labels.
#[must_use]
pub fn number(body: &FoldedLines<'_>, labels: &[Mark]) -> Labelled {
    let mut unreadable = None;
    let occurring: Vec<(&Mark, usize)> = labels.iter().filter_map(|label| Some((label, label.place_in(body.text())?))).collect();
    let Some(first) = occurring.iter().map(|(_, place)| *place).min() else { return Labelled::Absent };
    for (at, line) in body.lines().iter().enumerate().skip(body.line_of(first)) {
        let folded = body.folded(at);
        for (label, _) in &occurring {
            let Some(rest) = label.after(folded) else { continue };
            let rest = without_remark(rest);
            let value = rest.trim_start_matches([':', '】', ']', ')', '=', '\t', '|', '*', '-', '」', '>', '→', '・', '.', '·']);
            let reading = |value: &str| Reading { value: value.to_owned(), line: printable(line, 200) };
            match leading_digits(value) {
                Some(digits) => return Labelled::Number(reading(&digits)),
                None if value.is_empty() => {
                    if let Some(digits) = value_below(body, at) {
                        return Labelled::Number(reading(&digits));
                    }
                    unreadable.get_or_insert_with(|| reading(""));
                }
                // `自己宣言IDは…` is a sentence about the ID.
                None if rest.starts_with(':') => {
                    unreadable.get_or_insert_with(|| reading(value));
                }
                None => {}
            }
        }
    }
    unreadable.map_or(Labelled::Absent, Labelled::Unreadable)
}

/// The longest remark behind a label, in characters.
const LONGEST_REMARK: usize = 16;

/// What follows a remark in parentheses: 自己宣言ID(11桁):…
fn without_remark(rest: &str) -> &str {
    let Some((remark, after)) = rest.strip_prefix('(').and_then(|inside| inside.split_once(')')) else { return rest };
    if remark.chars().count() <= LONGEST_REMARK { after } else { rest }
}

fn value_below(body: &FoldedLines<'_>, at: usize) -> Option<String> {
    let below = (at + 1..body.lines().len()).map(|below| body.folded(below)).filter(|line| !line.is_empty());
    let folded = below.take(LINES_TO_VALUE).next()?;
    let digits = leading_digits(folded.trim_start_matches([':', '*', '|']))?;
    // A line of its own: a number that a sentence begins with is none.
    (digits.len() + folded.matches(['-', ':', '*', '|']).count() >= folded.chars().count()).then_some(digits)
}

/// Digits and the hyphens between them; `None` when the text does not begin with a digit, or letters are mixed in.
fn leading_digits(folded: &str) -> Option<String> {
    let end = folded.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'-').unwrap_or(folded.len());
    let (number, after) = folded.split_at_checked(end)?;
    let is_number = number.starts_with(|first: char| first.is_ascii_digit()) && !after.starts_with(|next: char| next.is_ascii_alphabetic());
    is_number.then(|| number.replace('-', ""))
}

/// The star level that a text's letters state: 1, 2, or none where they name none or both.
#[must_use]
pub fn stars(letters: &str) -> Option<u8> {
    match levels(letters) {
        (true, false) => Some(1),
        (false, true) => Some(2),
        _ => None,
    }
}

/// Whether a text's letters name any level: a subject that names both says that the text below is no better witness.
#[must_use]
pub fn names_a_level(letters: &str) -> bool {
    levels(letters) != (false, false)
}

/// The same of a folded text. 星 ends the names of all levels, and most texts write it nowhere.
#[must_use]
pub fn stars_of_folded(text: &str) -> Option<u8> {
    if text.contains('星') { stars(&letters_of_folded(text.to_owned())) } else { None }
}

fn levels(letters: &str) -> (bool, bool) {
    if !letters.contains('星') {
        return (false, false);
    }
    let says = |words: &[Mark]| words.iter().any(|word| word.is_in(letters));
    let [one, two] = &*LEVELS;
    (says(one), says(two))
}

/// The names of one star and of two.
static LEVELS: LazyLock<[[Mark; 3]; 2]> =
    LazyLock::new(|| [["一つ星", "1つ星", "ひとつ星"], ["二つ星", "2つ星", "ふたつ星"]].map(|names| names.map(Mark::new)));

/// Whom a notice is addressed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addressee {
    pub company: Option<String>,
    pub person: Option<String>,
}

/// Lines at the top of a notice among which the addressee stands.
const TOP_LINES: usize = 12;

/// Reads `会社名 / ○○○様` at the top of the body.
#[must_use]
pub fn addressee(lines: &[&str]) -> Addressee {
    let mut top = lines.iter().map(|line| bare(line)).filter(|line| !line.is_empty()).take(TOP_LINES);
    let mut above: Vec<Cow<'_, str>> = Vec::new();
    let line = loop {
        match top.next() {
            Some(line) if line.ends_with(['様', '殿']) && line.chars().count() <= 60 => break line,
            Some(line) => above.push(line),
            None => return Addressee { company: labelled_company(above), person: None },
        }
    };
    let named = line.trim_end_matches(['様', '殿']).trim();
    if let Some(company) = above.last().filter(|line| is_name(line)) {
        let company = without_label(company).trim_end_matches("御中").trim().to_owned();
        return Addressee { company: Some(company), person: non_empty(without_label(named)) };
    }
    match named.split_once('\u{3000}') {
        Some((company, person)) if has_legal_form(company) => Addressee { company: non_empty(company), person: non_empty(person) },
        _ => Addressee {
            person: non_empty(without_label(named)),
            company: labelled_company(above.into_iter().chain([Cow::Borrowed(line.as_ref())]).chain(top)),
        },
    }
}

/// A line without invisible characters, bold type and indentation.
fn bare(line: &str) -> Cow<'_, str> {
    match visible(line) {
        Cow::Borrowed(line) => Cow::Borrowed(line.trim().trim_matches('*').trim()),
        Cow::Owned(line) => Cow::Owned(line.trim().trim_matches('*').trim().to_owned()),
    }
}

fn labelled_company<'t>(top: impl IntoIterator<Item = Cow<'t, str>>) -> Option<String> {
    top.into_iter().find(|line| without_label(line).len() < line.trim().len()).and_then(|line| non_empty(without_label(&line)))
}

/// Labels that some senders put before the addressee, folded.
const NAME_LABELS: [&str; 10] = ["会社名", "法人名", "事業者名", "事業所名", "団体名", "氏名", "お名前", "担当者", "ご担当者", "宛名"];

/// In bytes, with spaces between its letters.
const LONGEST_NAME_LABEL: usize = 64;

fn without_label(line: &str) -> &str {
    match line.split_once([':', '：']) {
        Some((label, value)) if label.len() <= LONGEST_NAME_LABEL && NAME_LABELS.contains(&&*fold(label)) => value.trim(),
        _ => line.trim(),
    }
}

fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| printable(text, 100))
}

/// A line that can be a company's name: no sentence, no rule, no address.
fn is_name(line: &str) -> bool {
    line.chars().count() <= 60 && !line.contains(['。', '@', '、']) && line.chars().any(char::is_alphanumeric)
}

fn has_legal_form(text: &str) -> bool {
    crate::desk::text::fold::fold_name(text) != fold(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::text::fold::letters;

    fn value(lines: &[&str]) -> Option<String> {
        match number(&FoldedLines::of(&lines.join("\n")), &[Mark::new("自己宣言ID")]) {
            Labelled::Number(reading) => Some(reading.value),
            Labelled::Absent | Labelled::Unreadable(_) => None,
        }
    }

    #[test]
    fn the_number_behind_the_label_is_read_in_any_width() {
        for lines in [
            &["自己宣言ID:41234567890"][..],
            &["自己宣言ＩＤ：４１２３４５６７８９０"],
            &["自己宣言 ID : 4123 4567 890"],
            &["自己宣言ID:4-1234567890"],
            &["・自己宣言ID", "", "41234567890"],
            &["自己宣言IDは下記です。", "自己宣言ID:", "  41234567890"],
            &["自己宣言ID\t41234567890"],
            &["自己宣言ID（11桁）：41234567890"],
            &["自己宣言ID → 41234567890"],
            &["自己宣言ID･･･41234567890"],
            &["利用者番号:9876543210", "自己宣言ID:41234567890"],
        ] {
            assert_eq!(value(lines).as_deref(), Some("41234567890"), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_unreadable_and_a_sentence_is_nothing() {
        assert!(matches!(number(&FoldedLines::of("自己宣言ID:4l23x"), &[Mark::new("自己宣言ID")]), Labelled::Unreadable(_)));
        assert_eq!(number(&FoldedLines::of("自己宣言IDは後日お送りします。"), &[Mark::new("自己宣言ID")]), Labelled::Absent);
    }

    #[test]
    fn the_user_number_is_masked() {
        assert_eq!(UserNumber::new("9876543210".to_owned()).masked(), "******3210");
        assert_eq!(UserNumber::new("12".to_owned()).masked(), "12");
    }

    #[test]
    fn stars_are_read_only_where_one_level_is_named() {
        assert_eq!(stars(&letters("【SECURITY ACTION】一つ星：自己宣言完了のお知らせ")), Some(1));
        assert_eq!(stars(&letters("【SECURITY ACTION】二つ星:自己宣言完了のお知らせ")), Some(2));
        assert_eq!(stars(&letters("【SECURITY ACTION】一つ星/二つ星：自己宣言完了のお知らせ")), None);
        assert_eq!(stars(&letters("申込受理のご連絡")), None);
    }

    #[test]
    fn company_and_person_stand_at_the_top() {
        for (lines, company, person) in [
            (&["社会福祉法人あおぞら会", "山田 太郎様", "", "本文"][..], Some("社会福祉法人あおぞら会"), Some("山田 太郎")),
            (&["", "株式会社つばめ 御中", "山田 太郎 様"], Some("株式会社つばめ"), Some("山田 太郎")),
            (&["株式会社つばめ　山田太郎様"], Some("株式会社つばめ"), Some("山田太郎")),
            (&["会社名：株式会社つばめ", "氏名：山田様"], Some("株式会社つばめ"), Some("山田")),
            (&["会社名", "○○○様"], Some("会社名"), Some("○○○")),
            (&["このたびはお申込みありがとうございます。", "山田様"], None, Some("山田")),
        ] {
            let found = addressee(lines);
            assert_eq!((found.company.as_deref(), found.person.as_deref()), (company, person), "{lines:?}");
        }
    }
}
