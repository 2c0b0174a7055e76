//! Stream filters (ISO 32000-1, 7.4), and the counts that bound all work on one PDF.
//!
//! Promises: no stream and no chain of filters yields more than what is left of the bounds; what came out before an error
//! is kept, as viewers keep it. Rejected: a cap a stream, since a thousand streams of the cap's size are a bomb as well.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

use super::{
    Bounds,
    file::File,
    object::{Dictionary, Object, is_space, unhex},
};

/// What is left of the bounds.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: usize,
    steps: usize,
}

impl Budget {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Budget { bytes: bounds.inflated_bytes, steps: bounds.operators }
    }

    /// Takes steps; false once they are used up.
    pub(crate) fn step(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.bytes == 0 || self.steps == 0
    }

    pub(crate) fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Filters behind each other; one or two are usual.
const CHAIN: usize = 6;

pub(crate) fn decode(file: &File<'_>, dictionary: &Dictionary, raw: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    let (filters, parameters) = (file.entry(dictionary, "Filter"), file.entry(dictionary, "DecodeParms"));
    let filters: &[Object] = match filters {
        Object::Null => &[],
        Object::Array(filters) => filters,
        one => std::slice::from_ref(one),
    };
    if filters.len() > CHAIN || budget.is_spent() {
        return None;
    }
    let mut bytes = None;
    for (index, filter) in filters.iter().enumerate() {
        let parameters = match parameters {
            Object::Array(all) => all.get(index).and_then(|one| file.resolve(one).dictionary()),
            one => one.dictionary(),
        };
        let input = bytes.as_deref().unwrap_or(raw);
        let output = match file.resolve(filter).name()? {
            b"FlateDecode" | b"Fl" => predicted(file, parameters, inflate(input, budget.bytes)),
            b"ASCIIHexDecode" | b"AHx" => unhex(input.split(|byte| *byte == b'>').next().unwrap_or_default()),
            b"ASCII85Decode" | b"A85" => ascii85(input),
            _ => return None,
        };
        budget.take(output.len());
        bytes = Some(output);
    }
    let bytes = bytes.unwrap_or_else(|| {
        budget.take(raw.len());
        raw.to_vec()
    });
    // An empty stream that is asked for again and again costs too.
    budget.take(1);
    Some(bytes)
}

fn inflate(input: &[u8], limit: usize) -> Vec<u8> {
    match decompress_to_vec_zlib_with_limit(input, limit) {
        Ok(output) => output,
        // A header that is no zlib header: some writers leave it out.
        Err(error) if error.output.is_empty() && error.status != TINFLStatus::HasMoreOutput => {
            decompress_to_vec_with_limit(input, limit).unwrap_or_else(|error| error.output)
        }
        Err(error) => error.output,
    }
}

/// ISO 32000-1, 7.4.3.
fn ascii85(input: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(input.len());
    let mut group: Vec<u8> = Vec::with_capacity(5);
    for byte in input.strip_prefix(b"<~").unwrap_or(input) {
        match byte {
            b'z' if group.is_empty() => output.extend([0; 4]),
            b'!'..=b'u' => group.push(byte - b'!'),
            b'~' => break,
            byte if is_space(*byte) => {}
            _ => break,
        }
        if group.len() == 5 {
            output.extend(base85(&group));
            group.clear();
        }
    }
    if group.len() > 1 {
        let kept = group.len() - 1;
        group.resize(5, 84);
        output.extend(base85(&group).iter().take(kept));
    }
    output
}

fn base85(group: &[u8]) -> [u8; 4] {
    group.iter().fold(0u32, |value, digit| value.wrapping_mul(85).wrapping_add(u32::from(*digit))).to_be_bytes()
}

/// Rows of a predictor (ISO 32000-1, 7.4.4.4); text streams rarely have one, object streams of some writers do.
fn predicted(file: &File<'_>, parameters: Option<&Dictionary>, bytes: Vec<u8>) -> Vec<u8> {
    let Some(parameters) = parameters else { return bytes };
    let number = |key: &str, default: usize, most: usize| {
        let value = file.entry(parameters, key).integer().and_then(|value| usize::try_from(value).ok());
        value.unwrap_or(default).clamp(1, most)
    };
    let (predictor, colors, bits) = (number("Predictor", 1, 15), number("Colors", 1, 32), number("BitsPerComponent", 8, 16));
    let row = (number("Columns", 1, 1 << 20) * colors * bits).div_ceil(8);
    let pixel = (colors * bits).div_ceil(8);
    match predictor {
        1 => bytes,
        2 => tiff(bytes, row, pixel, bits),
        _ => png(&bytes, row, pixel),
    }
}

/// TIFF predictor 2 for whole bytes; other depths are only met in images.
fn tiff(mut bytes: Vec<u8>, row: usize, pixel: usize, bits: usize) -> Vec<u8> {
    if bits != 8 {
        return bytes;
    }
    for line in bytes.chunks_mut(row) {
        for at in pixel..line.len() {
            let left = line.get(at - pixel).copied().unwrap_or_default();
            if let Some(byte) = line.get_mut(at) {
                *byte = byte.wrapping_add(left);
            }
        }
    }
    bytes
}

/// PNG filters, the type in the first byte of each row (PNG, 9.2).
fn png(bytes: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut output = Vec::with_capacity(bytes.len());
    let mut above: Vec<u8> = Vec::new();
    for line in bytes.chunks(row + 1) {
        let Some((filter, line)) = line.split_first() else { break };
        let mut current: Vec<u8> = Vec::with_capacity(line.len());
        for (at, byte) in line.iter().enumerate() {
            let before = |row: &[u8]| at.checked_sub(pixel).and_then(|at| row.get(at)).copied().unwrap_or_default();
            let (left, up, corner) = (before(&current), above.get(at).copied().unwrap_or_default(), before(&above));
            let guess = match filter {
                1 => left,
                2 => up,
                3 => u8::try_from(u16::midpoint(u16::from(left), u16::from(up))).unwrap_or_default(),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            current.push(byte.wrapping_add(guess));
        }
        output.extend_from_slice(&current);
        above = current;
    }
    output
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
