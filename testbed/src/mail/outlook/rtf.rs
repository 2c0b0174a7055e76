//! RTF bodies, and their compression.
//!
//! Promises: what Outlook on a Japanese Windows writes: code page 932, double-byte characters as two `\'xx`, formatting around
//! the HTML marked `\htmlrtf`. Rejected: RTF without that noise; a reader that ignores `\htmlrtf` would pass.

use std::collections::HashMap;

use encoding_rs::SHIFT_JIS;

/// MS-OXRTFCP
const PRELOADED: &str = concat!(
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript ",
    "\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n",
    "\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
);
const WINDOW: usize = 4096;
const LONGEST: usize = 17;

/// A paragraph for each line.
pub(super) fn simple_html(body: &str) -> String {
    let mut html = String::from("<html><head><meta charset=\"utf-8\"></head><body>");
    for line in body.lines() {
        let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        html.push_str(&format!("<p>{line}</p>\n"));
    }
    html.push_str("</body></html>");
    html
}

/// RTF that encapsulates simple HTML (MS-OXRTFEX): tags and entities in `\*\htmltag`, text beside them.
#[must_use]
pub fn from_html(html: &str) -> Vec<u8> {
    let mut rtf = String::from(
        "{\\rtf1\\ansi\\ansicpg932\\fromhtml1 \\fbidi \\deff0{\\fonttbl\r\n{\\f0\\fswiss\\fcharset128 MS PGothic;}\r\n\
         {\\f1\\fmodern\\fcharset0 Courier New;}}\r\n{\\colortbl\\red0\\green0\\blue0;\\red0\\green0\\blue255;}\r\n\
         \\uc1\\pard\\plain\\deftab360 \\f0\\fs24 \r\n",
    );
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '<' => rest.find('>').map_or(rest.len(), |at| at + 1),
            '&' => rest.find(';').map_or(rest.len(), |at| at + 1),
            _ => rest.find(['<', '&']).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        match first {
            '<' if piece.starts_with("<p") || piece.starts_with("<b>") => {
                rtf.push_str(&format!("{{\\*\\htmltag64 {}}}\\htmlrtf {{\\b0 \\htmlrtf0\r\n", escaped(piece)));
            }
            '<' if piece.starts_with("</p") || piece.starts_with("</b>") => {
                rtf.push_str(&format!("{{\\*\\htmltag72 {}}}\\htmlrtf }}\\par\r\n\\htmlrtf0 ", escaped(piece)));
            }
            '<' => rtf.push_str(&format!("{{\\*\\htmltag148 {}}}", escaped(piece))),
            '&' => rtf.push_str(&format!("{{\\*\\htmltag84 {}}}\\htmlrtf ?\\htmlrtf0 ", escaped(piece))),
            _ => {
                let mut lines = piece.split('\n');
                rtf.push_str(&escaped(lines.next().unwrap_or_default()));
                for line in lines {
                    rtf.push_str("{\\*\\htmltag0 \\par }");
                    rtf.push_str(&escaped(line));
                }
            }
        }
    }
    rtf.push('}');
    rtf.into_bytes()
}

/// RTF made from plain text (MS-OXRTFEX).
#[must_use]
pub fn from_text(body: &str) -> Vec<u8> {
    let mut rtf = String::from(
        "{\\rtf1\\ansi\\ansicpg932\\fromtext \\deff0{\\fonttbl{\\f0\\fmodern\\fcharset128 MS Gothic;}}\r\n\\uc1\\pard\\plain\\deftab360 \\f0\\fs20 ",
    );
    let mut lines = body.split('\n');
    rtf.push_str(&escaped(lines.next().unwrap_or_default()));
    for line in lines {
        rtf.push_str("\\par\r\n");
        rtf.push_str(&escaped(line));
    }
    rtf.push('}');
    rtf.into_bytes()
}

/// Characters of code page 932 as `\'xx`, others as `\uN?`.
fn escaped(text: &str) -> String {
    let mut rtf = String::new();
    for character in text.chars() {
        match character {
            '\\' | '{' | '}' => rtf.extend(['\\', character]),
            '\t' => rtf.push_str("\\tab "),
            ' '..='~' => rtf.push(character),
            '\r' => {}
            _ => {
                let one = character.to_string();
                let (bytes, _, is_foreign) = SHIFT_JIS.encode(&one);
                if is_foreign {
                    for unit in one.encode_utf16() {
                        rtf.push_str(&format!("\\u{}?", unit.cast_signed()));
                    }
                } else {
                    bytes.iter().for_each(|byte| rtf.push_str(&format!("\\'{byte:02x}")));
                }
            }
        }
    }
    rtf
}

/// Uncompressed, in the compressed format ("MELA").
#[must_use]
pub fn stored(rtf: &[u8]) -> Vec<u8> {
    wrapped(rtf.len(), b"MELA", 0, rtf)
}

/// Compressed ("LZFu", MS-OXRTFCP).
#[must_use]
pub fn compressed(rtf: &[u8]) -> Vec<u8> {
    let history: Vec<u8> = PRELOADED.bytes().chain(rtf.iter().copied()).collect();
    let mut places: HashMap<[u8; 2], Vec<usize>> = HashMap::new();
    let mut at = PRELOADED.len();
    index(&history, 0..at, &mut places);
    let mut output = Vec::new();
    let (mut control, mut count, mut run) = (0u8, 0u32, Vec::new());
    let mut is_done = false;
    while !is_done {
        let step = match longest(&history, at, &places) {
            _ if at >= history.len() => {
                // A reference to the place of writing ends the stream.
                control |= 1 << count;
                run.extend_from_slice(&reference(at, 2));
                is_done = true;
                0
            }
            Some((place, length)) => {
                control |= 1 << count;
                run.extend_from_slice(&reference(place, length));
                length
            }
            None => {
                run.extend(history.get(at));
                1
            }
        };
        index(&history, at..at + step, &mut places);
        at += step;
        count += 1;
        if count == 8 || is_done {
            output.push(control);
            output.append(&mut run);
            (control, count) = (0, 0);
        }
    }
    wrapped(rtf.len(), b"LZFu", checksum(&output), &output)
}

fn index(history: &[u8], range: std::ops::Range<usize>, places: &mut HashMap<[u8; 2], Vec<usize>>) {
    for place in range {
        if let Some(pair) = history.get(place..).and_then(|rest| rest.first_chunk()) {
            places.entry(*pair).or_default().push(place);
        }
    }
}

/// The longest earlier occurrence of what comes next, of the latest thirty-two.
fn longest(history: &[u8], at: usize, places: &HashMap<[u8; 2], Vec<usize>>) -> Option<(usize, usize)> {
    let next = history.get(at..)?;
    let candidates = places.get(next.first_chunk::<2>()?)?.iter().rev().take(32).filter(|place| at - **place < WINDOW);
    let length = |place: usize| history.iter().skip(place).zip(next).take(LONGEST).take_while(|(one, other)| one == other).count();
    candidates.map(|place| (*place, length(*place))).max_by_key(|(_, length)| *length)
}

/// Twelve bits of place, four of length less two.
fn reference(place: usize, length: usize) -> [u8; 2] {
    u16::try_from((place % WINDOW) << 4 | (length - 2)).unwrap_or(0).to_be_bytes()
}

fn wrapped(raw: usize, kind: &[u8; 4], checksum: u32, contents: &[u8]) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).unwrap_or(0).to_le_bytes();
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&number(contents.len() + 12));
    bytes.extend_from_slice(&number(raw));
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(contents);
    bytes
}

/// CRC-32 without the usual inversions (MS-OXRTFCP).
fn checksum(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }))
}
