//! Folding, so that a word is found however it is written.
//!
//! Promises: NFKC, lower case character by character, decimal digits of any script as those of ASCII; apostrophes, joiners, direction
//! marks and the like are dropped, for clients differ in them. The generator of the table folds alike (`fold` in scripts/date-words).
//! Rejected: NFKC for every text. It costs more than all the rest, and what comes most is ASCII, ideographs, kana and Hangul,
//! of which it changes nothing.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

/// The text as the table has it.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.chars().all(is_plain) {
        push_all(&mut folded, text.chars());
    } else {
        push_all(&mut folded, text.nfkc());
    }
    folded
}

fn push_all(folded: &mut String, characters: impl Iterator<Item = char>) {
    for character in characters {
        if character.is_ascii() {
            if !matches!(character, '\'' | '`') {
                folded.push(character.to_ascii_lowercase());
            }
        } else if let Some(digit) = digit(character) {
            folded.push(digit);
        } else if !is_invisible(character) {
            folded.extend(character.to_lowercase());
        }
    }
}

/// Nothing that NFKC changes.
fn is_plain(character: char) -> bool {
    matches!(character, '\0'..='\x7f' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '、' | '。')
}

/// Apostrophes too: they stand within words, and there are seven.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{feff}' | '\u{2b9}' | '\u{2bb}' | '\u{2bc}' | '\u{2018}' | '\u{2019}' | '\u{201b}'
            | '\u{2032}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
    )
}

/// The zeros of the scripts whose digits NFKC leaves as they are; nine more digits follow each.
const ZEROS: [u32; 48] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0,
    0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x16b50, 0x1e950,
];

fn digit(character: char) -> Option<char> {
    const IDEOGRAPHS: RangeInclusive<char> = '\u{3000}'..='\u{a61f}';
    if IDEOGRAPHS.contains(&character) || character < '\u{660}' {
        return None;
    }
    let code = u32::from(character);
    let at = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code - ZEROS.get(at)?, 10)
}
