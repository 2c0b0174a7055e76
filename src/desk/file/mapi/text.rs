//! Strings of MAPI properties to text.
//!
//! Promises: a code page is a witness, as a charset label is: UTF-8 and ISO-2022-JP speak for themselves, and CP932 under a
//! western code page, which Japanese clients on foreign systems write, is recognised by its kana.
//! Rejected: trusting `PidTagMessageCodepage`; gateways write 1252 over Japanese bytes.

use encoding_rs::{Encoding, SHIFT_JIS};

use crate::desk::text::charset::{Decoded, Legibility, decode};

/// Decodes a `PT_UNICODE` string: UTF-16, little-endian, perhaps with a NUL at its end (MS-OXCDATA section 2.11.1).
#[must_use]
pub fn utf16(bytes: &[u8]) -> Decoded {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk().copied().map(u16::from_le_bytes));
    let mut text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.truncate(text.trim_end_matches('\0').len());
    Decoded::judged(text)
}

/// Decodes a `PT_STRING8` string or an HTML body in the code page that the file names, if it names one.
#[must_use]
pub fn eight_bit(bytes: &[u8], page: Option<u32>) -> Decoded {
    let bytes = without_nul(bytes);
    match page.and_then(label) {
        Some(label) if is_western(label) && std::str::from_utf8(bytes).is_err() => western(bytes, label),
        label => decode(bytes, label),
    }
}

/// Decodes exactly as the code page says; only the kana rule is kept. For runs too short to guess from.
#[must_use]
pub fn strictly(bytes: &[u8], page: Option<u32>) -> String {
    let label = page.and_then(label).unwrap_or("windows-1252");
    if is_western(label) {
        return western(bytes, label).text;
    }
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// The worse of two.
#[must_use]
pub fn worse(one: Legibility, other: Legibility) -> Legibility {
    match (one, other) {
        (Legibility::Legible, Legibility::Legible) => Legibility::Legible,
        (Legibility::Illegible, _) | (_, Legibility::Illegible) => Legibility::Illegible,
    }
}

/// Charset label of a Windows code page; `None` where the page says nothing (0, OEM pages) or is unknown.
fn label(page: u32) -> Option<&'static str> {
    Some(match page {
        874 => "windows-874",
        // Of a mail in ISO-2022-JP (50220) Outlook keeps the strings in the code page of its Windows; escapes speak for themselves.
        932 | 50220..=50222 => "shift_jis",
        936 | 54936 | 20936 | 52936 => "gb18030",
        949 | 51949 | 50225 | 1361 => "euc-kr",
        950 => "big5",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1252 | 28591 | 20127 | 437 | 850 | 858 => "windows-1252",
        1253 | 28597 => "windows-1253",
        1254 | 28599 => "windows-1254",
        1255 | 28598 | 38598 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        10000 => "macintosh",
        20866 => "koi8-r",
        21866 => "koi8-u",
        20932 | 51932 => "euc-jp",
        28592 => "iso-8859-2",
        28595 => "iso-8859-5",
        28596 => "iso-8859-6",
        28605 => "iso-8859-15",
        65000 => "utf-7",
        65001 => "utf-8",
        _ => return None,
    })
}

fn is_western(label: &str) -> bool {
    matches!(label, "windows-1252" | "iso-8859-15" | "macintosh")
}

fn western(bytes: &[u8], label: &str) -> Decoded {
    if has_kana(bytes) {
        let (text, _, replaced) = SHIFT_JIS.decode(bytes);
        if !replaced {
            return Decoded::judged(text.into_owned());
        }
    }
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
    Decoded::judged(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// Whether the bytes hold Shift_JIS hiragana (82 9F to 82 F1) or katakana (83 40 to 83 96). A western text has a low quote
/// or a florin sign before a letter there, which nobody writes.
fn has_kana(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [0x82, 0x9f..=0xf1] | [0x83, 0x40..=0x7e | 0x80..=0x96]))
}

fn without_nul(mut bytes: &[u8]) -> &[u8] {
    while let Some((0, rest)) = bytes.split_last() {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cp932_under_a_western_code_page_is_recognised_by_its_kana() {
        let (bytes, _, _) = SHIFT_JIS.encode("手続きが完了しました");
        assert_eq!(eight_bit(&bytes, Some(1252)).text, "手続きが完了しました");
        assert_eq!(strictly(&bytes, None), "手続きが完了しました");
    }

    #[test]
    fn strings_of_a_mail_in_iso_2022_jp_may_be_cp932() {
        assert_eq!(eight_bit(&SHIFT_JIS.encode("表題").0, Some(50220)).text, "表題");
        assert_eq!(eight_bit(b"\x1b$BI=Bj\x1b(B", Some(50220)).text, "表題");
    }

    #[test]
    fn western_text_stays_western() {
        assert_eq!(eight_bit(b"it\x92s caf\xe9", Some(1252)).text, "it’s café");
    }

    #[test]
    fn lone_surrogates_make_a_string_illegible() {
        assert_eq!(utf16(&[0x00, 0xd8, b'a', 0]).legibility, Legibility::Illegible);
        assert_eq!(utf16(&[b'a', 0, 0, 0]).text, "a");
    }
}
