//! The object syntax of a PDF (ISO 32000-1, 7.2 and 7.3): bytes to values, for the file and for content streams alike.
//!
//! Promises: always moves forward, never fails (what is malformed becomes null or is left out), nests to a fixed depth.
//! Rejected: borrowing strings from the file, since objects also come out of object streams that live shorter.

use std::{collections::BTreeMap, ops::Range};

/// Keys without their slash.
pub(crate) type Dictionary = BTreeMap<Vec<u8>, Object>;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    Null,
    Integer(i32),
    Real(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    /// A dictionary and where in the file its bytes are.
    Stream(Dictionary, Range<usize>),
    Reference(u32),
    /// `obj`, `endobj`, `true`, or an operator of a content stream.
    Keyword(Vec<u8>),
}

impl Object {
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Object::Integer(value) => Some(f64::from(*value)),
            Object::Real(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i32> {
        if let Object::Integer(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn name(&self) -> Option<&[u8]> {
        if let Object::Name(name) = self { Some(name) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&[u8]> {
        if let Object::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn array(&self) -> Option<&[Object]> {
        if let Object::Array(items) = self { Some(items) } else { None }
    }

    /// The dictionary itself, or that of a stream.
    pub(crate) fn dictionary(&self) -> Option<&Dictionary> {
        if let Object::Dictionary(dictionary) | Object::Stream(dictionary, _) = self { Some(dictionary) } else { None }
    }
}

/// Arrays and dictionaries inside each other; writers stay below ten.
const DEPTH: usize = 40;

/// White space (ISO 32000-1, table 1).
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

/// Reads values one after the other.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// Values that may still be read; at zero everything reads as the end.
    pub(crate) values: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize, values: usize) -> Self {
        Parser { bytes, at, values }
    }

    /// The next value, or none at the end.
    pub(crate) fn next(&mut self) -> Option<Object> {
        self.value(0)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.checked_add(ahead)?).copied()
    }

    /// White space and comments (ISO 32000-1, 7.2.3).
    pub(crate) fn skip_space(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte == b'%' {
                while self.peek(0).is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Object> {
        self.skip_space();
        self.values = self.values.checked_sub(1)?;
        match self.peek(0)? {
            b'/' => Some(self.name()),
            b'(' => Some(self.literal()),
            b'<' if self.peek(1) == Some(b'<') => Some(self.dictionary(depth)),
            b'<' => Some(self.hexadecimal()),
            b'[' => Some(self.array(depth)),
            byte if is_regular(byte) => Some(self.word()),
            // A stray closing bracket or brace: as an operator it ends whatever is open.
            byte => {
                let pair = byte == b'>' && self.peek(1) == Some(b'>');
                self.at += if pair { 2 } else { 1 };
                Some(Object::Keyword(if pair { b">>".to_vec() } else { vec![byte] }))
            }
        }
    }

    fn regular(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_regular(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// ISO 32000-1, 7.3.5, with `#xx` escapes.
    fn name(&mut self) -> Object {
        self.at += 1;
        let mut raw = self.regular();
        let mut name = Vec::with_capacity(raw.len());
        while let Some((&byte, after)) = raw.split_first() {
            let escaped = match after {
                [high, low, ..] if byte == b'#' => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
                _ => None,
            };
            name.push(escaped.unwrap_or(byte));
            raw = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
        }
        Object::Name(name)
    }

    /// A number, a reference or a keyword.
    fn word(&mut self) -> Object {
        let word = self.regular();
        match number(word) {
            Some(Object::Integer(id)) if id >= 0 => match self.reference_tail() {
                Some(end) => {
                    self.at = end;
                    Object::Reference(u32::try_from(id).unwrap_or_default())
                }
                None => Object::Integer(id),
            },
            Some(number) => number,
            None if word == b"null" => Object::Null,
            None => Object::Keyword(word.to_vec()),
        }
    }

    /// Where ` 0 R` behind a number ends. Reads a few bytes only, so that a long row of numbers stays linear.
    fn reference_tail(&self) -> Option<usize> {
        let window = self.rest().get(..self.rest().len().min(24)).unwrap_or_default();
        let after = trimmed(window)?;
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let after = trimmed(after.get(digits..).filter(|_| digits > 0)?)?;
        let (b'R', after) = after.split_first()? else { return None };
        let ends = after.first().is_none_or(|byte| !is_regular(*byte));
        ends.then(|| self.at + window.len() - after.len())
    }

    /// ISO 32000-1, 7.3.4.2.
    fn literal(&mut self) -> Object {
        self.at += 1;
        let (mut text, mut open) = (Vec::new(), 1usize);
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.escape(&mut text),
                b'(' => {
                    open += 1;
                    text.push(byte);
                }
                b')' if open == 1 => break,
                b')' => {
                    open -= 1;
                    text.push(byte);
                }
                byte => text.push(byte),
            }
        }
        Object::Text(text)
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.peek(0) else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\r' if self.peek(0) == Some(b'\n') => self.at += 1,
            b'\r' | b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(next @ b'0'..=b'7') = self.peek(0) else { break };
                    value = value * 8 + u32::from(next - b'0');
                    self.at += 1;
                }
                // High-order overflow is ignored (ISO 32000-1, table 3).
                text.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            other => text.push(other),
        }
    }

    /// ISO 32000-1, 7.3.4.3.
    fn hexadecimal(&mut self) -> Object {
        self.at += 1;
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        Object::Text(unhex(rest.get(..length).unwrap_or_default()))
    }

    fn array(&mut self, depth: usize) -> Object {
        self.at += 1;
        let mut items = Vec::new();
        if depth >= DEPTH {
            return Object::Null;
        }
        while let Some(item) = self.value(depth + 1) {
            match item {
                Object::Keyword(word) if word == b"]" => break,
                Object::Keyword(word) if is_end(&word) => break,
                item => items.push(item),
            }
        }
        Object::Array(items)
    }

    fn dictionary(&mut self, depth: usize) -> Object {
        self.at += 2;
        let mut dictionary = Dictionary::new();
        if depth >= DEPTH {
            return Object::Null;
        }
        while let Some(key) = self.value(depth + 1) {
            match key {
                Object::Name(key) => match self.value(depth + 1) {
                    Some(Object::Keyword(word)) if word == b">>" || is_end(&word) => break,
                    Some(value) => drop(dictionary.insert(key, value)),
                    None => break,
                },
                Object::Keyword(word) if word == b">>" || is_end(&word) => break,
                _ => {}
            }
        }
        Object::Dictionary(dictionary)
    }
}

/// An open array or dictionary ends with its object at the latest.
fn is_end(word: &[u8]) -> bool {
    matches!(word, b"endobj" | b"stream" | b"obj")
}

/// Behind white space, of which there must be some.
fn trimmed(bytes: &[u8]) -> Option<&[u8]> {
    let spaces = bytes.iter().take_while(|byte| is_space(**byte)).count();
    bytes.get(spaces..).filter(|_| spaces > 0)
}

pub(crate) fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Hexadecimal digits to bytes; an odd last digit counts as followed by zero.
pub(crate) fn unhex(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = digits.iter().filter_map(|byte| digit(*byte)).collect();
    digits.chunks(2).map(|pair| pair.first().copied().unwrap_or_default() * 16 + pair.get(1).copied().unwrap_or_default()).collect()
}

/// ISO 32000-1, 7.3.3; an integer out of range becomes a real number, as it asks.
fn number(word: &[u8]) -> Option<Object> {
    if word.len() > 32 || !word.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.')) {
        return None;
    }
    let word = std::str::from_utf8(word).ok()?;
    // Some writers put a sign twice.
    let word = if word.starts_with("--") { word.trim_start_matches('-') } else { word };
    match word.parse::<i32>() {
        Ok(integer) => Some(Object::Integer(integer)),
        Err(_) => word.parse::<f64>().ok().filter(|value| value.is_finite()).map(Object::Real),
    }
}
