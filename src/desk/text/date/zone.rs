//! The zone behind a time.
//!
//! Promises: a numeric offset, or a name that stands for one offset everywhere. `BST` and `IST` are several, and an unknown name is
//! no zone, so that the text has no reading. `CST` is the American one (RFC 5322 section 4.3) where the text has nothing Chinese.
//! Rejected: a zone database. Mail writes abbreviations, and those are what the database cannot resolve.

use super::clock::Face;
use super::token::{Kind, Token};
use super::words::ZONE;

/// An offset and the token behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zone {
    pub seconds: i32,
    pub end: usize,
}

/// Farthest offset that is in use, in minutes: Kiribati.
const FARTHEST: u32 = 14 * 60;

/// The zone that begins at this token.
pub(super) fn read(tokens: &[Token<'_>], at: usize, face: &Face) -> Option<Zone> {
    let token = tokens.get(at)?;
    let Kind::Word { text, meaning } = token.kind else { return offset(tokens, at, face) };
    if !meaning.is(ZONE) {
        return None;
    }
    let seconds = i32::from(meaning.value) * 60;
    let end = at + 1;
    if seconds == 0
        && let Some(zone) = signed(tokens, end)
    {
        return Some(zone);
    }
    if text == "cst" && is_perhaps_chinese(tokens, end) {
        return None;
    }
    Some(Zone { seconds, end })
}

/// `Thu Oct  1 10:00:00 CST 2026` is how Java and Unix write China's time, too.
fn is_perhaps_chinese(tokens: &[Token<'_>], end: usize) -> bool {
    let beyond_ascii = |token: &Token<'_>| matches!(token.kind, Kind::Word { text, .. } if !text.is_ascii());
    tokens.iter().any(beyond_ascii) || tokens.get(end).is_some_and(|token| token.number().is_some())
}

/// An offset without a name. `10:00-11:30` is no time at an offset, but two times; `T10:00-11:30` and `10:00 -0400` are.
fn offset(tokens: &[Token<'_>], at: usize, face: &Face) -> Option<Zone> {
    let zone = signed(tokens, at)?;
    let after_t = || {
        let before = face.start.checked_sub(1).and_then(|at| tokens.get(at));
        matches!(before.map(|token| token.kind), Some(Kind::Word { text: "t", .. }))
    };
    let four_digits = tokens.get(at + 1)?.number()?.1 == 4;
    (four_digits || face.second.is_some() || tokens.get(at)?.is_sign('+') || after_t()).then_some(zone)
}

/// `+0900`, `+09:00`, `+9`, `-4`, with nothing between sign and number.
fn signed(tokens: &[Token<'_>], at: usize) -> Option<Zone> {
    let Kind::Sign(sign @ ('+' | '-')) = tokens.get(at)?.kind else { return None };
    let number = tokens.get(at + 1).filter(|token| token.glued)?;
    let (value, digits) = number.number()?;
    let mut end = at + 2;
    let (hours, minutes) = match digits {
        4 => (value / 100, value % 100),
        1 | 2 => {
            let minutes = tokens
                .get(end)
                .filter(|token| token.is_sign(':') && token.glued)
                .and_then(|_| tokens.get(end + 1).filter(|token| token.glued)?.number())
                .filter(|(_, digits)| *digits == 2);
            end += if minutes.is_some() { 2 } else { 0 };
            (value, minutes.map_or(0, |(minutes, _)| minutes))
        }
        _ => return None,
    };
    let all = hours * 60 + minutes;
    if minutes >= 60 || all > FARTHEST {
        return None;
    }
    let seconds = i32::try_from(all * 60).ok()?;
    Some(Zone { seconds: if sign == '-' { -seconds } else { seconds }, end })
}
