//! Predefined CMaps that are plain character encodings (ISO 32000-1, 9.7.5.2, table 118): codes to text without a table
//! of glyphs.
//!
//! Promises: a code is never empty and never longer than what is left. Rejected: shipping Adobe's CMap resources, megabytes
//! for names that Japanese print drivers have not written for a decade; what these encodings say, `encoding_rs` knows.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

use super::cmap::code_of;

/// How the bytes of a string are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Utf16,
    Utf8,
    Utf32,
    ShiftJis,
    /// EUC and its relatives: a lead byte above 0x80 and one more.
    DoubleByte(&'static Encoding),
    /// JIS X 0208 in seven bits (`H`, `V`).
    Jis,
}

/// How Latin letters of these CMaps are numbered as glyphs, for the widths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Latin {
    Proportional,
    HalfWidth,
}

/// The coding of a predefined CMap's name, or none for `Identity-H` and those that number glyphs.
pub(crate) fn predefined(name: &[u8]) -> Option<(Coding, Latin)> {
    let name = std::str::from_utf8(name).ok()?;
    let stem = name.strip_suffix("-H").or_else(|| name.strip_suffix("-V")).unwrap_or(name);
    let latin = match stem {
        "90ms-RKSJ" | "EUC" | "Ext-RKSJ" | "Add-RKSJ" => Latin::HalfWidth,
        stem if stem.contains("-HW") => Latin::HalfWidth,
        _ => Latin::Proportional,
    };
    let coding = match stem {
        "H" | "V" => Coding::Jis,
        stem if stem.starts_with("Uni") && (stem.contains("UTF16") || stem.contains("UCS2")) => Coding::Utf16,
        stem if stem.starts_with("Uni") && stem.contains("UTF8") => Coding::Utf8,
        stem if stem.starts_with("Uni") && stem.contains("UTF32") => Coding::Utf32,
        stem if stem.contains("RKSJ") => Coding::ShiftJis,
        "EUC" => Coding::DoubleByte(EUC_JP),
        "GB-EUC" | "GBK-EUC" | "GBKp-EUC" => Coding::DoubleByte(GBK),
        "KSC-EUC" | "KSCms-UHC" => Coding::DoubleByte(EUC_KR),
        "ETen-B5" | "ETenms-B5" | "B5pc" => Coding::DoubleByte(BIG5),
        _ => return None,
    };
    Some((coding, latin))
}

impl Coding {
    /// Bytes of the code that starts here.
    pub(crate) fn length(self, bytes: &[u8]) -> usize {
        let first = bytes.first().copied().unwrap_or_default();
        let wanted = match self {
            Coding::Utf16 if (0xd8..0xdc).contains(&first) => 4,
            Coding::Utf16 | Coding::Jis => 2,
            Coding::Utf32 => 4,
            Coding::Utf8 => match first {
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0.. => 4,
                _ => 1,
            },
            Coding::ShiftJis if matches!(first, 0x81..=0x9f | 0xe0..=0xfc) => 2,
            Coding::ShiftJis => 1,
            // EUC-JP's half-width katakana are 0x8e and one more, too.
            Coding::DoubleByte(_) => {
                if first > 0x80 {
                    2
                } else {
                    1
                }
            }
        };
        wanted.min(bytes.len().max(1))
    }

    /// The character of one code.
    pub(crate) fn character(self, code: &[u8]) -> Option<char> {
        match self {
            Coding::Utf16 => {
                let units = code.chunks_exact(2).map(|pair| u16::try_from(code_of(pair)).unwrap_or_default());
                char::decode_utf16(units).next()?.ok()
            }
            Coding::Utf8 => std::str::from_utf8(code).ok()?.chars().next(),
            Coding::Utf32 => char::from_u32(code_of(code)),
            Coding::ShiftJis => single(SHIFT_JIS, code),
            Coding::DoubleByte(encoding) => single(encoding, code),
            Coding::Jis => single(EUC_JP, &code.iter().map(|byte| byte | 0x80).collect::<Vec<u8>>()),
        }
    }
}

fn single(encoding: &'static Encoding, code: &[u8]) -> Option<char> {
    encoding.decode_without_bom_handling_and_without_replacement(code)?.chars().next()
}

/// The glyph number of a Latin letter or half-width katakana in the Adobe collections; what is not one of them is full-width
/// and takes the default width. Adobe-Japan1: proportional from 1, half-width from 231, katakana from 327.
pub(crate) fn glyph_number(character: char, latin: Latin) -> Option<u32> {
    let code = u32::from(character);
    match (code, latin) {
        (0x20..=0x7e, Latin::Proportional) => Some(code - 0x20 + 1),
        (0x20..=0x7e, Latin::HalfWidth) => Some(code - 0x20 + 231),
        (0xff61..=0xff9f, _) => Some(code - 0xff61 + 327),
        _ => None,
    }
}
