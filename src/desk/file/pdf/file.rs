//! The objects of a PDF by number, found by reading the file from its start to its end (ISO 32000-1, 7.5).
//!
//! Promises: one pass, streams skipped, the last definition of a number wins (as incremental updates want it, 7.5.6).
//! Rejected: cross-reference tables; half of the broken files in mail are broken there, and a scan needs none of them.

use std::{collections::HashMap, ops::Range};

use super::{
    Bounds, Reach,
    filter::{self, Budget},
    object::{Dictionary, Object, Parser, is_space},
};

/// The objects, and what is left of the bounds.
#[derive(Debug)]
pub(crate) struct File<'a> {
    bytes: &'a [u8],
    objects: HashMap<u32, Object>,
    /// Where the page tree starts, by the newest trailer that says so.
    root: Option<Object>,
    pub(crate) protection: Protection,
    pub(crate) reach: Reach,
}

/// Whether an encryption dictionary was met (ISO 32000-1, 7.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    Open,
    Encrypted,
}

/// References that lead to references.
const HOPS: usize = 16;
/// Objects of one object stream; writers put 100 or 200 there.
const OBJECTS_IN_STREAM: i32 = 20_000;

impl<'a> File<'a> {
    pub(crate) fn scan(bytes: &'a [u8], bounds: &Bounds, budget: &mut Budget) -> Self {
        let mut file = File { bytes, objects: HashMap::new(), root: None, protection: Protection::Open, reach: Reach::Whole };
        let mut parser = Parser::new(bytes, 0, bounds.objects);
        while let Some(found) = landmark(bytes, parser.at) {
            parser.at = found.after;
            let Some(object) = parser.next() else { break };
            match found.number {
                None => {
                    if let Object::Dictionary(trailer) = &object {
                        file.trailer(trailer);
                    }
                }
                Some(number) => {
                    let object = file.with_stream(object, &mut parser);
                    file.define(number, object, &mut parser, budget);
                }
            }
        }
        if parser.values == 0 {
            file.reach = Reach::Cut;
        }
        file
    }

    fn define(&mut self, number: u32, object: Object, parser: &mut Parser<'_>, budget: &mut Budget) {
        if let Object::Stream(dictionary, _) = &object {
            match kind(dictionary) {
                Some(b"XRef") => self.trailer(dictionary),
                Some(b"ObjStm") => {
                    parser.values = self.object_stream(&object, parser.values, budget);
                    return;
                }
                _ => {}
            }
        }
        self.objects.insert(number, object);
    }

    /// ISO 32000-1, 7.5.5; a cross-reference stream's dictionary is a trailer too (7.5.8.2).
    fn trailer(&mut self, trailer: &Dictionary) {
        if trailer.get(b"Encrypt".as_slice()).is_some_and(|value| *value != Object::Null) {
            self.protection = Protection::Encrypted;
        }
        if let Some(root) = trailer.get(b"Root".as_slice()) {
            self.root = Some(root.clone());
        }
    }

    /// A dictionary before `stream` becomes a stream (ISO 32000-1, 7.3.8), and the parser moves behind its bytes.
    fn with_stream(&self, object: Object, parser: &mut Parser<'_>) -> Object {
        let Object::Dictionary(dictionary) = object else { return object };
        parser.skip_space();
        let Some(data) = parser.rest().strip_prefix(b"stream") else { return Object::Dictionary(dictionary) };
        let line_end = match data {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => 0,
        };
        let start = parser.at + b"stream".len() + line_end;
        let data = self.bytes.get(start..).unwrap_or_default();
        let length = declared_length(&dictionary, data).unwrap_or_else(|| searched_length(data));
        parser.at = start + length;
        Object::Stream(dictionary, start..start + length)
    }

    /// ISO 32000-1, 7.5.7. Returns the values that may still be read.
    fn object_stream(&mut self, stream: &Object, values: usize, budget: &mut Budget) -> usize {
        let Some((dictionary, Some(content))) = stream.dictionary().map(|found| (found, self.decoded(stream, budget))) else {
            return values;
        };
        let count = dictionary.get(b"N".as_slice()).and_then(Object::integer).unwrap_or(0).clamp(0, OBJECTS_IN_STREAM);
        let first = dictionary.get(b"First".as_slice()).and_then(Object::integer).and_then(|at| usize::try_from(at).ok());
        let mut header = Parser::new(&content, 0, values);
        // Objects may not overlap, so reading them all costs no more than their bytes; where offsets lie, the budget ends it.
        let mut body = Parser::new(&content, 0, values);
        for _ in 0..count {
            header.values = body.values;
            let (Some(Object::Integer(number)), Some(Object::Integer(offset))) = (header.next(), header.next()) else { break };
            body.values = header.values;
            let at = usize::try_from(offset).ok().and_then(|offset| first?.checked_add(offset));
            let (Ok(number), Some(at)) = (u32::try_from(number), at) else { continue };
            body.at = at;
            let Some(object) = body.next() else { break };
            budget.take(body.at.saturating_sub(at));
            if budget.is_spent() {
                break;
            }
            self.objects.insert(number, object);
        }
        body.values
    }

    /// What a value stands for; a reference to nothing is null (ISO 32000-1, 7.3.10).
    pub(crate) fn resolve<'f>(&'f self, object: &'f Object) -> &'f Object {
        let mut object = object;
        for _ in 0..HOPS {
            let Object::Reference(number) = object else { return object };
            object = self.objects.get(number).unwrap_or(&Object::Null);
        }
        &Object::Null
    }

    pub(crate) fn entry<'f>(&'f self, dictionary: &'f Dictionary, key: &str) -> &'f Object {
        dictionary.get(key.as_bytes()).map_or(&Object::Null, |value| self.resolve(value))
    }

    /// The decoded bytes of a stream, or none where a filter is unknown or the bounds are used up.
    pub(crate) fn decoded(&self, stream: &Object, budget: &mut Budget) -> Option<Vec<u8>> {
        let Object::Stream(dictionary, range) = stream else { return None };
        let range: Range<usize> = range.clone();
        filter::decode(self, dictionary, self.bytes.get(range)?, budget)
    }

    pub(crate) fn catalog(&self) -> Option<&Dictionary> {
        let named = self.root.as_ref().and_then(|root| self.resolve(root).dictionary());
        named.filter(|catalog| catalog.contains_key(b"Pages".as_slice())).or_else(|| self.of_kind(b"Catalog").pop())
    }

    /// All dictionaries of a `/Type`, by object number: the way out where the trailer or the tree is broken.
    pub(crate) fn of_kind(&self, wanted: &[u8]) -> Vec<&Dictionary> {
        let dictionaries = self.objects.iter().filter_map(|(number, object)| Some((number, object.dictionary()?)));
        let mut found: Vec<_> = dictionaries.filter(|(_, dictionary)| kind(dictionary) == Some(wanted)).collect();
        found.sort_by_key(|(number, _)| **number);
        found.into_iter().map(|(_, dictionary)| dictionary).collect()
    }
}

fn kind(dictionary: &Dictionary) -> Option<&[u8]> {
    dictionary.get(b"Type".as_slice()).and_then(Object::name)
}

/// `N G obj`, or `trailer` without a number.
struct Landmark {
    number: Option<u32>,
    after: usize,
}

fn landmark(bytes: &[u8], from: usize) -> Option<Landmark> {
    let mut at = from;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(b"obj") {
            if let Some(number) = number_before(bytes.get(from..at).unwrap_or_default()) {
                return Some(Landmark { number: Some(number), after: at + 3 });
            }
            at += 3;
        } else if rest.starts_with(b"trailer") {
            return Some(Landmark { number: None, after: at + 7 });
        } else {
            at += 1;
        }
    }
    None
}

/// The object number of `N G ` at the end of the bytes.
fn number_before(bytes: &[u8]) -> Option<u32> {
    let window = bytes.get(bytes.len().saturating_sub(40)..)?;
    let window = without_space(window)?;
    let digits = window.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let window = without_space(window.get(..window.len() - digits).filter(|_| digits > 0)?)?;
    let digits = window.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(window.get(window.len() - digits..)?).ok()?.parse().ok()
}

fn without_space(bytes: &[u8]) -> Option<&[u8]> {
    let spaces = bytes.iter().rev().take_while(|byte| is_space(**byte)).count();
    bytes.get(..bytes.len() - spaces).filter(|_| spaces > 0)
}

/// `/Length`, where it is direct and `endstream` follows as it promises.
fn declared_length(dictionary: &Dictionary, data: &[u8]) -> Option<usize> {
    let length = usize::try_from(dictionary.get(b"Length".as_slice())?.integer()?).ok()?;
    let after = data.get(length..)?;
    let spaces = after.iter().take(4).take_while(|byte| is_space(**byte)).count();
    after.get(spaces..)?.starts_with(b"endstream").then_some(length)
}

/// Up to `endstream`, or to the end of a file that was cut off.
fn searched_length(data: &[u8]) -> usize {
    let end = data.windows(b"endstream".len()).position(|window| window == b"endstream").unwrap_or(data.len());
    match data.get(..end) {
        Some([.., b'\r', b'\n']) => end - 2,
        Some([.., b'\n' | b'\r']) => end - 1,
        _ => end,
    }
}
