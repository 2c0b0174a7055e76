//! `ToUnicode` and embedded CMaps (ISO 32000-1, 9.10.3 and 9.7.5.4; Adobe Technical Note 5014).
//!
//! Promises: a range costs one entry however wide it is, and the number of entries is bounded.
//! Rejected: running the file as PostScript; the operators that matter stand in plain sequence in every known writer.

use std::collections::HashMap;

use super::{
    filter::Budget,
    object::{Object, Parser},
};

/// Codes to text, and how long codes are.
#[derive(Debug, Default)]
pub(crate) struct CMap {
    single: HashMap<u32, String>,
    /// Sorted by the first code.
    ranges: Vec<Span>,
    /// First and last code of each code space range, with the length in bytes.
    spaces: Vec<(u32, u32, usize)>,
}

#[derive(Debug)]
struct Span {
    first: u32,
    last: u32,
    target: String,
}

/// Codes of two bytes; no honest `ToUnicode` has more.
const ENTRIES: usize = 65_536;
const SPACES: usize = 64;
/// Ranges that may begin between a code and the range that holds it.
const OVERLAP: usize = 8;

impl CMap {
    pub(crate) fn parse(bytes: &[u8], budget: &mut Budget) -> Self {
        let mut cmap = CMap::default();
        let mut parser = Parser::new(bytes, 0, budget.steps());
        let mut operands: Vec<Object> = Vec::new();
        while let Some(object) = parser.next() {
            if !budget.step(1) {
                break;
            }
            match object {
                Object::Keyword(word) => {
                    match word.as_slice() {
                        b"endbfchar" => cmap.characters(&operands),
                        b"endbfrange" => cmap.spans(&operands),
                        b"endcodespacerange" => cmap.code_spaces(&operands),
                        _ => {}
                    }
                    operands.clear();
                }
                operand if operands.len() < ENTRIES => operands.push(operand),
                _ => {}
            }
        }
        cmap.ranges.sort_by_key(|range| range.first);
        cmap
    }

    fn characters(&mut self, operands: &[Object]) {
        for pair in operands.chunks_exact(2) {
            let [Object::Text(code), Object::Text(target)] = pair else { continue };
            self.insert(code_of(code), target);
        }
    }

    fn insert(&mut self, code: u32, target: &[u8]) {
        if self.single.len() < ENTRIES {
            self.single.insert(code, utf16(target));
        }
    }

    fn spans(&mut self, operands: &[Object]) {
        for triple in operands.chunks_exact(3) {
            let [Object::Text(first), Object::Text(last), target] = triple else { continue };
            let (first, last) = (code_of(first), code_of(last));
            match target {
                Object::Text(target) if self.ranges.len() < ENTRIES && first <= last => {
                    self.ranges.push(Span { first, last, target: utf16(target) });
                }
                Object::Array(targets) => {
                    for (code, target) in (first..=last).zip(targets) {
                        if let Some(target) = target.text() {
                            self.insert(code, target);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn code_spaces(&mut self, operands: &[Object]) {
        for pair in operands.chunks_exact(2) {
            if let [Object::Text(first), Object::Text(last)] = pair
                && (1..=4).contains(&first.len())
                && self.spaces.len() < SPACES
            {
                self.spaces.push((code_of(first), code_of(last), first.len()));
            }
        }
    }

    /// The text of a code, or none where the map does not know it.
    pub(crate) fn lookup(&self, code: u32) -> Option<String> {
        if let Some(text) = self.single.get(&code) {
            return Some(text.clone());
        }
        let behind = self.ranges.partition_point(|range| range.first <= code);
        let candidates = self.ranges.get(behind.saturating_sub(OVERLAP)..behind)?;
        let range = candidates.iter().rev().find(|range| range.last >= code)?;
        // The last character counts up with the code (ISO 32000-1, 9.10.3).
        let mut text = range.target.clone();
        let last = text.pop()?;
        text.push(char::from_u32(u32::from(last).checked_add(code - range.first)?)?);
        Some(text)
    }

    /// How many bytes the next code has, where the map says so.
    pub(crate) fn code_length(&self, bytes: &[u8]) -> Option<usize> {
        let fits =
            |(first, last, length): &&(u32, u32, usize)| bytes.get(..*length).is_some_and(|code| (*first..=*last).contains(&code_of(code)));
        self.spaces.iter().find(fits).map(|(_, _, length)| *length)
    }
}

/// Big-endian, of at most four bytes.
pub(crate) fn code_of(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

/// Targets are UTF-16BE; a lone byte, which some writers give, is its own code.
fn utf16(bytes: &[u8]) -> String {
    match bytes {
        [byte] => char::from(*byte).to_string(),
        bytes => {
            let units = bytes.chunks_exact(2).map(|pair| u16::try_from(code_of(pair)).unwrap_or_default());
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
    }
}
