//! One comparable form for text that people and programs spell in many ways.
//!
//! Promises: two spellings that a reader takes for the same fold to the same; folding again changes nothing but combining marks that
//! stood alone.
//! The folded form is for comparison only and never shown.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::line::{USUAL_LINE, ended_by_feeds};

/// NFKC, lower case, without white space, format characters and bidi controls; one hyphen; common variant kanji unified.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if unchanged(&SAME, text.as_bytes()) == text.len() {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    fold_into(&mut folded, text);
    Cow::Owned(folded)
}

/// Appends the folded text. Most characters of Japanese mail are simple, and cost a look into a table; what is not goes through the tables
/// of Unicode together with the character before it, which it may combine with.
fn fold_into(folded: &mut String, text: &str) {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = fold_simple(folded, rest) else { return };
        let from = rest.get(at..).unwrap_or_default();
        let length = from.char_indices().skip(1).find(|(_, character)| simple(*character).is_some());
        // The first of them is not simple, or goes together with what is not.
        let length = length.map_or(from.len(), |(length, _)| length);
        fold_by_tables(folded, from.get(..length).unwrap_or_default());
        rest = from.get(length..).unwrap_or_default();
    }
}

/// Appends what is simple; gives the place of the first character that is left: the one before the first that is not simple.
fn fold_simple(folded: &mut String, text: &str) -> Option<usize> {
    let same: &Same = &SAME;
    let mut at = 0;
    loop {
        let unchanged = unchanged(same, text.as_bytes().get(at..)?);
        folded.push_str(text.get(at..at + unchanged)?);
        at += unchanged;
        let character = text.get(at..)?.chars().next()?;
        match simple(character) {
            Some(Simple::Character(plain)) => folded.push(plain),
            Some(Simple::Nothing) => {}
            None => {
                let before = text.get(..at)?.chars().next_back();
                if let Some(Simple::Character(plain)) = before.and_then(simple) {
                    folded.truncate(folded.len() - plain.len_utf8());
                }
                return Some(at - before.map_or(0, char::len_utf8));
            }
        }
        at += character.len_utf8();
    }
}

/// Bytes of the characters at the start that are their own folded forms.
fn unchanged(same: &Same, bytes: &[u8]) -> usize {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [byte, after @ ..] if byte.is_ascii() && !byte.is_ascii_uppercase() && !is_space(*byte) => after,
            [first @ 0xE3..=0xE9, second, third, after @ ..] if is_same(same, [*first, *second, *third]) => after,
            _ => return bytes.len() - rest.len(),
        };
    }
}

/// Of ASCII, as `simple` has it.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Which of the first 65,536 characters are simple, and their own folded form: a bit for each, 64 in a word. The six low bits of a
/// character are the last byte of its UTF-8, so that a word and a bit are found without putting the character together. Only the rows
/// of kana and ideographs are asked for.
type Same = [u64; 1024];

static SAME: LazyLock<Same> = LazyLock::new(|| {
    let is_same = |code: u32| char::from_u32(code).is_some_and(|character| simply_folded(character) == Some(character));
    let mut codes = 0..0x1_0000;
    [0; 1024].map(|word: u64| codes.by_ref().take(64).filter(|code| is_same(*code)).fold(word, |word, code| word | 1 << (code % 64)))
});

/// Whether this character of three bytes is its own folded form.
#[inline]
fn is_same(same: &Same, [first, second, third]: [u8; 3]) -> bool {
    let word = usize::from(first & 0x0F) << 6 | usize::from(second & 0x3F);
    same.get(word).is_some_and(|word| word >> (third & 0x3F) & 1 == 1)
}

/// What becomes of a character that NFKC leaves alone, or maps to one other; it may still combine with what follows it.
enum Simple {
    Nothing,
    Character(char),
}

/// The folded form of a character that NFKC and the case tables leave alone; `None` for white space and for all others.
#[must_use]
pub fn simply_folded(character: char) -> Option<char> {
    match simple(character) {
        Some(Simple::Character(plain)) => Some(plain),
        Some(Simple::Nothing) | None => None,
    }
}

#[inline]
fn simple(character: char) -> Option<Simple> {
    Some(Simple::Character(match character {
        ' ' | '\t' | '\n' | '\u{0B}' | '\u{0C}' | '\r' | '\u{3000}' => return Some(Simple::Nothing),
        '\0'..='\u{7F}' => character.to_ascii_lowercase(),
        // Kana, CJK punctuation and ideographs, Hangul syllables: NFKC maps none of these ranges.
        '\u{3001}'..='\u{301B}' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FE}' | '\u{AC00}'..='\u{D7A3}' => character,
        '\u{4E00}'..='\u{9FFF}' => unified(character),
        // Full-width ASCII.
        '\u{FF01}'..='\u{FF5E}' => match u8::try_from(u32::from(character) - 0xFEE0) {
            Ok(plain) => unified(char::from(plain).to_ascii_lowercase()),
            Err(_) => return None,
        },
        _ => return None,
    }))
}

fn fold_by_tables(folded: &mut String, text: &str) {
    let characters = text.nfkc().filter(|character| !character.is_whitespace() && !is_invisible(*character));
    folded.extend(characters.flat_map(char::to_lowercase).map(unified));
}

/// The lines of a text with their folded forms, and the folded text as a whole.
#[derive(Debug)]
pub struct FoldedLines<'a> {
    lines: Vec<&'a str>,
    text: String,
    ends: Vec<usize>,
}

impl<'a> FoldedLines<'a> {
    /// Folds every line once.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let mut lines: Vec<&str> = Vec::with_capacity(text.len() / USUAL_LINE + 1);
        lines.extend(ended_by_feeds(text));
        let mut folded = String::with_capacity(text.len());
        let ends = lines
            .iter()
            .map(|line| {
                fold_into(&mut folded, line);
                folded.len()
            })
            .collect();
        Self { lines, text: folded, ends }
    }

    /// The folded text, line ends away.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines as they stand.
    #[must_use]
    pub fn lines(&self) -> &[&'a str] {
        &self.lines
    }

    /// The line in which this place of the folded text lies.
    #[must_use]
    pub fn line_of(&self, place: usize) -> usize {
        self.ends.partition_point(|end| *end <= place)
    }

    /// The folded form of one line.
    #[must_use]
    pub fn folded(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }
}

/// The folded text's letters and digits alone.
#[must_use]
pub fn letters(text: &str) -> String {
    letters_of_folded(fold(text).into_owned())
}

/// The letters and digits of a text that is folded already.
#[must_use]
pub fn letters_of_folded(mut folded: String) -> String {
    folded.retain(|character| is_usual_letter(character) || character.is_alphanumeric());
    folded
}

/// Kana and ideographs, of which the tables of Unicode say the same in more time.
const fn is_usual_letter(character: char) -> bool {
    matches!(character, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{4E00}'..='\u{9FFF}')
}

/// Folded words to look for, made once: a search that is prepared for each mail costs more than the search.
#[derive(Debug, Clone)]
pub struct Mark {
    text: String,
    finder: memchr::memmem::Finder<'static>,
}

impl Mark {
    /// Folds the words.
    #[must_use]
    pub fn new(words: &str) -> Self {
        Self::of_folded(fold(words).into_owned())
    }

    /// Takes words that are folded, or reduced to their letters, already.
    #[must_use]
    pub fn of_folded(text: String) -> Self {
        let finder = memchr::memmem::Finder::new(text.as_bytes()).into_owned();
        Self { text, finder }
    }

    /// The words, folded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the words stand in a text of the same form.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.place_in(text).is_some()
    }

    /// Where the words first stand in a text of the same form.
    #[must_use]
    pub fn place_in(&self, text: &str) -> Option<usize> {
        self.finder.find(text.as_bytes())
    }

    /// What follows the words where they first stand in a text of the same form.
    #[must_use]
    pub fn after<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.place_in(text).and_then(|at| text.get(at + self.text.len()..))
    }
}

/// Whether these words of ASCII stand in a text, in either case. No words stand nowhere.
#[must_use]
pub fn contains_in_either_case(text: &str, words: &str) -> bool {
    let (text, words) = (text.as_bytes(), words.as_bytes());
    let Some(first) = words.first() else { return false };
    let places = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    places.into_iter().any(|at| text.get(at..at + words.len()).is_some_and(|part| part.eq_ignore_ascii_case(words)))
}

/// Characters that a reader cannot see: the 12 of `Bidi_Control`, zero-width ones, soft hyphen, tags, variation selectors.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    character >= '\u{AD}'
        && matches!(character,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// Whether this is the first byte of an invisible character, or of a control character beyond ASCII. No kana and no ideograph has it.
#[inline]
const fn begins_invisible(byte: u8) -> bool {
    matches!(byte, 0xC2 | 0xCD | 0xD8 | 0xE1 | 0xE2 | 0xEF | 0xF3)
}

/// Whether a text can be shown as it is.
fn is_printable(text: &str) -> bool {
    // Sixteen bytes at once; most texts are done with it.
    let may_hide = text.bytes().fold(false, |found, byte| found | byte.is_ascii_control() | begins_invisible(byte));
    let is_hidden = |character: char| is_invisible(character) || character.is_control();
    !text.contains('\u{3000}') && (!may_hide || !text.contains(is_hidden))
}

/// Whether any byte of a text is such a first byte; of long texts in less time than one after the other.
fn may_hold_invisible(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3(0xE2, 0xEF, 0xC2, bytes).is_some()
        || memchr::memchr3(0xCD, 0xD8, 0xE1, bytes).is_some()
        || memchr::memchr(0xF3, bytes).is_some()
}

/// Text without invisible characters, for showing and for reading values.
#[must_use]
pub fn visible<'t>(text: impl Into<Cow<'t, str>>) -> Cow<'t, str> {
    let text = text.into();
    if may_hold_invisible(&text) && text.chars().any(is_invisible) {
        text.chars().filter(|character| !is_invisible(*character)).collect()
    } else {
        text
    }
}

const fn unified(character: char) -> char {
    match character {
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | '﹣' => '-',
        '〜' | '∼' | '～' => '~',
        '髙' => '高',
        '﨑' | '嵜' => '崎',
        '邊' | '邉' => '辺',
        '濵' | '濱' => '浜',
        '德' => '徳',
        '齋' | '齊' | '斎' => '斉',
        other => other,
    }
}

/// Legal forms with their abbreviations, both folded. Longest first, so that a form is not cut by a shorter one.
const LEGAL_FORMS: &[&str] = &[
    "特定非営利活動法人",
    "一般社団法人",
    "一般財団法人",
    "公益社団法人",
    "公益財団法人",
    "社会福祉法人",
    "社会医療法人",
    "医療法人社団",
    "医療法人財団",
    "npo法人",
    "医療法人",
    "学校法人",
    "宗教法人",
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "(特非)",
    "(一社)",
    "(一財)",
    "(公社)",
    "(公財)",
    "(株)",
    "(有)",
    "(同)",
    "(資)",
    "(名)",
    "(福)",
    "(社福)",
    "(医)",
    "(医社)",
    "(学)",
    "(宗)",
];

/// A name of an organisation or a person for comparison: folded, without legal form and honorific.
/// (株), ㈱ and 株式会社 are the same; NFKC turns ㈱ into (株).
#[must_use]
pub fn fold_name(name: &str) -> String {
    let mut folded = fold(name).into_owned();
    for form in LEGAL_FORMS {
        folded = folded.replace(form, "");
    }
    for honorific in ["御中", "様", "殿"] {
        if let Some(bare) = folded.strip_suffix(honorific) {
            folded = bare.to_owned();
        }
    }
    folded
}

/// The text as one printable line of at most `longest` characters: for findings, logs and terminals.
#[must_use]
pub fn printable(text: &str, longest: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= longest && is_printable(text) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len().min(longest.saturating_mul(4)));
    for (count, character) in text.chars().filter(|character| !is_invisible(*character)).enumerate() {
        if count == longest {
            shown.push('…');
            break;
        }
        shown.push(match character {
            '\t' | '\u{3000}' => ' ',
            control if control.is_control() => '\u{FFFD}',
            other => other,
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_and_half_width_fold_alike() {
        assert_eq!(fold("【ＳＥＣＵＲＩＴＹ　ＡＣＴＩＯＮ】"), fold("【security action】"));
        assert_eq!(fold("利用者番号：９９"), "利用者番号:99");
    }

    #[test]
    fn invisible_characters_do_not_count() {
        assert_eq!(fold("自己\u{200B}宣言\u{202E}ID"), "自己宣言id");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["㈱髙島　屋", "Ⅳ・ﾊﾝｶｸ", "〜ー−"] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }

    #[test]
    fn invisible_characters_begin_with_the_bytes_that_are_looked_for() {
        for character in ('\0'..=char::MAX).filter(|character| is_invisible(*character) || character.is_control() && !character.is_ascii())
        {
            let text = character.to_string();
            assert!(may_hold_invisible(&text) && !is_printable(&text), "{character:?}");
        }
        assert!(!may_hold_invisible("自己宣言ID、カナ。"));
    }

    #[test]
    fn the_short_way_and_the_tables_agree() {
        let pieces = [
            "か", "\u{3099}", "ハ", "\u{309A}", "ﾊﾟ", "Ａ", "\u{0301}", "e", "髙", "한", "\u{11A8}", "①", "㈱", "\u{3000}", "\u{200B}", "Й",
            "İ", "～", "ー", "\n", "é",
        ];
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    let text = format!("{one}{two}{three}{one}");
                    let mut by_tables = String::new();
                    fold_by_tables(&mut by_tables, &text);
                    assert_eq!(fold(&text), by_tables, "{text:?}");
                }
            }
        }
        let all: String =
            ('\u{3000}'..='\u{30FF}').chain('\u{4E00}'..='\u{9FFF}').chain('\u{FF00}'..='\u{FFEF}').chain('\0'..='\u{2FF}').collect();
        let mut by_tables = String::new();
        all.chars().for_each(|character| fold_by_tables(&mut by_tables, character.encode_utf8(&mut [0; 4])));
        let mut one_by_one = String::new();
        all.chars().for_each(|character| fold_into(&mut one_by_one, character.encode_utf8(&mut [0; 4])));
        assert_eq!(one_by_one, by_tables);
    }

    #[test]
    fn legal_forms_compare_as_one() {
        assert_eq!(fold_name("㈱つばめ介護"), fold_name("株式会社 つばめ介護"));
        assert_eq!(fold_name("（福）あおぞら会"), fold_name("社会福祉法人あおぞら会"));
        assert_eq!(fold_name("NPO法人ひなた"), fold_name("特定非営利活動法人ひなた"));
    }

    #[test]
    fn control_characters_are_not_printed() {
        assert_eq!(printable("a\u{1b}[31mb", 10), "a\u{FFFD}[31mb");
        assert_eq!(printable("あいうえお", 3), "あいう…");
    }
}
