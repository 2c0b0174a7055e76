//! A folded text as numbers, words and signs.
//!
//! Promises: words come with all their meanings, the longest entry of the table first (`thứ năm` before `năm`); scripts without spaces
//! are cut where the table knows the pieces (`日木曜日`). At most [`MOST`] tokens, so that a set of them fits a word of the machine.
//! Rejected: word boundaries of Unicode. They need tables of a megabyte for what the words themselves decide.

use super::words::{Meaning, meaning};

/// Tokens of the longest text that is read; a date in words has some twenty.
pub(super) const MOST: usize = 64;

/// Characters of the longest piece that is looked for within a run.
const LONGEST_PIECE: usize = 16;

/// One token, and whether anything stood between it and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'text> {
    pub kind: Kind<'text>,
    pub glued: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'text> {
    /// Digits; the value of more than nine is not needed.
    Number {
        value: u32,
        digits: usize,
    },
    /// A word of the table; of an entry of several words, the first.
    Word {
        text: &'text str,
        meaning: Meaning,
    },
    /// Letters that the table does not know.
    Unknown,
    Sign(char),
}

impl Token<'_> {
    /// The number, and how many digits it was written with.
    pub(super) fn number(&self) -> Option<(u32, usize)> {
        if let Kind::Number { value, digits } = self.kind { Some((value, digits)) } else { None }
    }

    /// The meanings of a word; none for all else.
    pub(super) fn meaning(&self) -> Meaning {
        if let Kind::Word { meaning, .. } = self.kind { meaning } else { Meaning::default() }
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The tokens of a folded text; `None` if there are too many.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let runs = runs(text)?;
    let mut tokens = Vec::with_capacity(runs.len() + 4);
    let mut at = 0;
    while let Some(run) = runs.get(at) {
        at += match run.class {
            Class::Digits => {
                let value = if run.text.len() > 9 { u32::MAX } else { run.text.parse().ok()? };
                tokens.push(Token { kind: Kind::Number { value, digits: run.text.len() }, glued: run.glued });
                1
            }
            Class::Sign(sign) => {
                tokens.push(Token { kind: Kind::Sign(sign), glued: run.glued });
                1
            }
            Class::Letters { .. } => words(&runs, at, &mut tokens)?,
        };
        if tokens.len() > MOST {
            return None;
        }
    }
    Some(tokens)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Digits,
    Letters { unspaced: bool },
    Sign(char),
}

#[derive(Debug, Clone, Copy)]
struct Run<'text> {
    class: Class,
    text: &'text str,
    glued: bool,
}

/// The text cut where the class of its characters changes; spaces are left out.
fn runs(text: &str) -> Option<Vec<Run<'_>>> {
    let mut runs = Vec::with_capacity(24);
    let mut open: Option<(Class, usize)> = None;
    let mut glued = false;
    for (at, character) in text.char_indices() {
        let class = class(character);
        if let Some((before, start)) = open
            && class != Some(before)
        {
            runs.push(Run { class: before, text: text.get(start..at)?, glued });
            (open, glued) = (None, true);
        }
        match class {
            None => glued = false,
            Some(Class::Sign(sign)) => {
                runs.push(Run { class: Class::Sign(sign), text: "", glued });
                glued = true;
            }
            Some(class) => open = open.or(Some((class, at))),
        }
        if runs.len() > MOST {
            return None;
        }
    }
    if let Some((class, start)) = open {
        runs.push(Run { class, text: text.get(start..)?, glued });
    }
    Some(runs)
}

/// `None` is a space.
fn class(character: char) -> Option<Class> {
    match character {
        '0'..='9' => Some(Class::Digits),
        'a'..='z' | 'A'..='Z' => Some(Class::Letters { unspaced: false }),
        ' ' | '\t'..='\r' => None,
        '\0'..='\x7f' => Some(Class::Sign(character)),
        _ if character.is_whitespace() => None,
        // Hyphens, dashes and the minus of Unicode.
        '\u{5be}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Some(Class::Sign('-')),
        '،' | '、' | '၊' | '፣' => Some(Class::Sign(',')),
        _ if is_sign(character) => Some(Class::Sign(character)),
        _ => Some(Class::Letters { unspaced: is_unspaced(character) }),
    }
}

/// Scripts that are written without spaces between words: Thai, Lao, Tibetan, Burmese, Khmer, kana, ideographs, Hangul.
fn is_unspaced(character: char) -> bool {
    matches!(
        character,
        '\u{e00}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}'
    )
}

/// Signs beyond ASCII; all else is a letter or a mark upon one. The generator of the table has the same list.
fn is_sign(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{bf}' | '×' | '÷' | '\u{55a}'..='\u{55f}' | '\u{589}' | '\u{58a}' | '\u{5be}' | '\u{5c0}' | '\u{5c3}'
            | '\u{5f3}' | '\u{5f4}' | '\u{60c}' | '\u{60d}' | '\u{61b}'..='\u{61f}' | '\u{66a}'..='\u{66d}' | '\u{6d4}'
            | '\u{964}' | '\u{965}' | '\u{f04}'..='\u{f14}' | '\u{104a}'..='\u{104f}' | '\u{1361}'..='\u{1368}'
            | '\u{17d4}'..='\u{17da}' | '\u{1800}'..='\u{180a}' | '\u{2000}'..='\u{206f}' | '\u{20a0}'..='\u{20cf}'
            | '\u{2190}'..='\u{2bff}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}' | '\u{30fb}'
    )
}

/// Pushes the word or words that begin at a run of letters; says how many runs they were.
fn words<'text>(runs: &[Run<'text>], at: usize, tokens: &mut Vec<Token<'text>>) -> Option<usize> {
    let run = runs.get(at)?;
    let first = meaning(run.text);
    if let Some((meaning, length)) = first.and_then(|first| longest(runs, at, first)) {
        tokens.push(Token { kind: Kind::Word { text: run.text, meaning }, glued: run.glued });
        return Some(length);
    }
    let known = tokens.len();
    if run.class != (Class::Letters { unspaced: true }) || pieces(run, tokens).is_none() {
        tokens.truncate(known);
        tokens.push(Token { kind: Kind::Unknown, glued: run.glued });
    }
    Some(1)
}

/// The longest entry that begins with this word, and over how many runs it goes.
fn longest(runs: &[Run<'_>], at: usize, first: Meaning) -> Option<(Meaning, usize)> {
    let mut best = first.is_whole().then_some((first, 1));
    if !first.continues() {
        return best;
    }
    let mut joined = String::with_capacity(48);
    joined.push_str(runs.get(at)?.text);
    for (steps, run) in runs.iter().enumerate().skip(at + 1) {
        match run.class {
            Class::Sign(',' | ':' | '(' | ')' | '[' | ']' | '/' | '+') => break,
            Class::Sign(_) => continue,
            Class::Digits | Class::Letters { .. } => {}
        }
        joined.push(' ');
        joined.push_str(run.text);
        let Some(meaning) = meaning(&joined) else { break };
        if meaning.is_whole() {
            best = Some((meaning, steps + 1 - at));
        }
        if !meaning.continues() {
            break;
        }
    }
    best
}

/// Cuts a run into words of the table, the longest first; `None` if a piece is left that it does not know.
fn pieces<'text>(run: &Run<'text>, tokens: &mut Vec<Token<'text>>) -> Option<()> {
    let mut rest = run.text;
    let mut glued = run.glued;
    while !rest.is_empty() {
        let (piece, found) = longest_piece(rest)?;
        tokens.push(Token { kind: Kind::Word { text: piece, meaning: found }, glued });
        rest = rest.get(piece.len()..)?;
        glued = true;
    }
    Some(())
}

fn longest_piece(text: &str) -> Option<(&str, Meaning)> {
    let mut ends = [0; LONGEST_PIECE];
    let mut count = 0;
    for (end, (at, character)) in ends.iter_mut().zip(text.char_indices()) {
        *end = at + character.len_utf8();
        count += 1;
    }
    ends.iter().take(count).rev().find_map(|end| {
        let piece = text.get(..*end)?;
        meaning(piece).filter(Meaning::is_whole).map(|found| (piece, found))
    })
}
