//! Compressed RTF to RTF (MS-OXRTFCP).
//!
//! Promises: at most nine bytes for each byte of input, and no more than the budget grants. A wrong checksum or a wrong size in the
//! header is tolerated: gateways write them, and the text shows for itself whether it can be read.
//! Rejected: the compressed-rtf crate; it returns a `String`, and raw CP932 bytes are none.

use crate::desk::file::mapi::Broken;
use crate::desk::file::mapi::budget::Budget;
use crate::desk::file::mapi::cursor::Cursor;

/// The kinds: "LZFu" and "MELA", little-endian.
const COMPRESSED: u32 = 0x7546_5a4c;
const UNCOMPRESSED: u32 = 0x414c_454d;

/// What the dictionary holds at the start.
const PRELOADED: &str = concat!(
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript ",
    "\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n",
    "\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
);

const DICTIONARY: usize = 4096;

/// Decompresses; RTF that is not wrapped at all is returned as it is.
pub fn decompress(bytes: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Broken> {
    if bytes.starts_with(b"{\\rtf") {
        return Ok(granted(bytes, bytes.len(), budget));
    }
    let mut cursor = Cursor::new(bytes);
    let (Some(_), Some(raw_size), Some(compression), Some(_)) = (cursor.u32(), cursor.length(), cursor.u32(), cursor.u32()) else {
        return Err(Broken::RtfCompression);
    };
    match compression {
        COMPRESSED => Ok(expand(cursor.rest(), budget)),
        UNCOMPRESSED => Ok(granted(cursor.rest(), raw_size, budget)),
        _ => Err(Broken::RtfCompression),
    }
}

fn granted(bytes: &[u8], wanted: usize, budget: &mut Budget) -> Vec<u8> {
    let length = budget.take(wanted.min(bytes.len()));
    bytes.get(..length).unwrap_or(bytes).to_vec()
}

/// Runs of eight tokens behind a byte that tells literals from references into the dictionary.
fn expand(bytes: &[u8], budget: &mut Budget) -> Vec<u8> {
    let most = budget.left();
    let mut ring = Ring::new();
    let mut output = Vec::new();
    let mut cursor = Cursor::new(bytes);
    'runs: while let Some(control) = cursor.u8() {
        for bit in 0..8u8 {
            if output.len() >= most {
                break 'runs;
            }
            if control & (1 << bit) == 0 {
                let Some(byte) = cursor.u8() else { break 'runs };
                ring.write(byte, &mut output);
                continue;
            }
            let Some(reference) = cursor.array().map(u16::from_be_bytes) else { break 'runs };
            let offset = usize::from(reference >> 4);
            // A reference to the place of writing ends the stream.
            if offset == ring.place {
                break 'runs;
            }
            for step in 0..usize::from(reference & 0x0f) + 2 {
                ring.write(ring.read(offset + step), &mut output);
            }
        }
    }
    if output.len() >= most && !cursor.is_empty() {
        budget.cut();
    }
    output.truncate(budget.take(output.len()));
    output
}

struct Ring {
    bytes: [u8; DICTIONARY],
    place: usize,
}

impl Ring {
    fn new() -> Self {
        let mut bytes = [0; DICTIONARY];
        bytes.iter_mut().zip(PRELOADED.bytes()).for_each(|(place, byte)| *place = byte);
        Self { bytes, place: PRELOADED.len() }
    }

    fn read(&self, at: usize) -> u8 {
        self.bytes.get(at % DICTIONARY).copied().unwrap_or_default()
    }

    fn write(&mut self, byte: u8, output: &mut Vec<u8>) {
        if let Some(place) = self.bytes.get_mut(self.place) {
            *place = byte;
        }
        self.place = (self.place + 1) % DICTIONARY;
        output.push(byte);
    }
}
