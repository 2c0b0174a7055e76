//! The name of a file, as clients write it into Content-Disposition and Content-Type.
//!
//! Promises: every form that is in use reads: RFC 2231 with its sections in any order, cut inside a character or an escape sequence,
//! with a charset that only mail knows, quoted, or without charset; encoded-words, whole or in sections; raw bytes of any charset.
//! Rejected: the parser's own reading, which decodes section by section and knows the charsets of the WHATWG alone.

use crate::desk::text::charset::{Decoded, Legibility, decode};
use crate::desk::text::encoded_word::{decode_header, may_be_encoded};

/// One parameter, or one section of it (RFC 2231 section 3).
struct Parameter<'a> {
    section: u32,
    /// Marked as percent-encoded (RFC 2231 section 4).
    is_extended: bool,
    value: &'a [u8],
}

/// The value of this parameter (lower case) in a raw header field.
#[must_use]
pub fn text(field: &[u8], attribute: &str) -> Option<String> {
    let found: Vec<Parameter<'_>> = pieces(field).filter_map(|piece| parameter(piece, attribute)).collect();
    // The first section of a split value may be plain while a later one is not.
    let is_split = found.iter().any(|found| found.section > 0);
    let (extended, plain): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| is_split || found.is_extended);
    let by_extension = (!extended.is_empty()).then(|| joined(extended));
    let by_plain = plain.first().map(|found| plainly(found.value));
    match (by_extension, by_plain) {
        (Some(found), Some(plain)) if found.legibility == Legibility::Illegible => Some(plain),
        (Some(found), _) => Some(found.text),
        (None, plain) => plain,
    }
}

/// The parts of a field between semicolons that stand outside quotes, without the first.
fn pieces(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let split = field.split(move |byte| {
        let is_end = *byte == b';' && !is_quoted;
        is_quoted ^= *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && is_quoted && !is_escaped;
        is_end
    });
    split.skip(1)
}

fn parameter<'a>(piece: &'a [u8], attribute: &str) -> Option<Parameter<'a>> {
    let at = memchr::memchr(b'=', piece)?;
    let (name, value) = piece.split_at_checked(at)?;
    let name = name.trim_ascii();
    let rest = name.get(attribute.len()..)?;
    if !name.get(..attribute.len())?.eq_ignore_ascii_case(attribute.as_bytes()) || !(rest.is_empty() || rest.starts_with(b"*")) {
        return None;
    }
    let is_extended = rest.ends_with(b"*");
    let digits: Vec<u8> = rest.iter().copied().filter(u8::is_ascii_digit).collect();
    let section = std::str::from_utf8(&digits).ok()?.parse().unwrap_or(0);
    Some(Parameter { section, is_extended, value: unquoted(value.get(1..)?.trim_ascii()) })
}

/// What stands between the first quote and the last: some clients quote inside quotes, some leave words behind them.
fn unquoted(value: &[u8]) -> &[u8] {
    let Some(inside) = value.strip_prefix(b"\"") else { return value };
    memchr::memrchr(b'"', inside).and_then(|end| inside.get(..end)).unwrap_or(inside)
}

/// A value without percent signs to undo.
fn plainly(value: &[u8]) -> String {
    let unescaped = unescaped(value);
    if may_be_encoded(&unescaped) {
        return decode_header(&unescaped).text;
    }
    // Some programs percent-encode without saying so; a name that happens to hold a percent sign is seldom UTF-8 that way.
    let undone = undone(&unescaped);
    if unescaped.is_ascii() && !undone.is_ascii() && std::str::from_utf8(&undone).is_ok() {
        return decode(&undone, Some("utf-8")).text;
    }
    decode_header(&unescaped).text
}

/// RFC 5322 section 3.2.4: a backslash makes the next character stand for itself.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match (byte, rest.peek()) {
            // In Shift_JIS a backslash is the second half of many characters.
            (b'\\', Some(next @ (b'"' | b'\\'))) => {
                bytes.push(*next);
                rest.next();
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}

/// All sections as one: a character, or an escape sequence, may be cut by them.
fn joined(mut sections: Vec<Parameter<'_>>) -> Decoded {
    sections.sort_by_key(|found| found.section);
    let mut bytes = Vec::new();
    let mut charset = None;
    for (index, found) in sections.iter().enumerate() {
        let mut value = found.value;
        if index == 0
            && found.is_extended
            && let Some((label, rest)) = charset_of(value)
        {
            charset = Some(label);
            value = rest;
        }
        if found.is_extended { bytes.extend(undone(value)) } else { bytes.extend(unescaped(value)) }
    }
    if charset.is_none() && may_be_encoded(&bytes) {
        return decode_header(&bytes);
    }
    decode(&bytes, charset.filter(|label| !label.is_empty()))
}

/// `charset'language'`, either of which may be empty.
fn charset_of(value: &[u8]) -> Option<(&str, &[u8])> {
    let first = memchr::memchr(b'\'', value)?;
    let second = first + 1 + memchr::memchr(b'\'', value.get(first + 1..)?)?;
    let label = std::str::from_utf8(value.get(..first)?).ok()?;
    Some((label, value.get(second + 1..)?))
}

/// Percent signs undone where two hexadecimal digits follow.
fn undone(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let hex = value.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(found) => {
                bytes.push(found);
                at += 3;
            }
            None => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_name_reads() {
        for parameters in [
            "filename=\"自己.pdf\"",
            "filename=自己.pdf",
            "filename=\"自己.pdf\"> >",
            "filename=\"自己.pdf",
            "FileName = \"自己.pdf\" ; size=3",
            "size=3; filename*=UTF-8''%E8%87%AA%E5%B7%B1.pdf",
            "filename*=utf-8'ja'%e8%87%aa%e5%b7%b1.pdf",
            "filename*=\"UTF-8''%E8%87%AA%E5%B7%B1.pdf\"",
            "filename*=ISO-2022-JP''%1B%24B%3C%2B8J%1B%28B.pdf",
            "filename*=cp932''%8E%A9%8C%C8.pdf",
            "filename*=''%E8%87%AA%E5%B7%B1.pdf",
            "filename*=%E8%87%AA%E5%B7%B1.pdf",
            "filename=\"%E8%87%AA%E5%B7%B1.pdf\"",
            "filename*0*=UTF-8''%E8%87;\r\n filename*1*=%AA%E5%B7%B1.pdf",
            "filename*1*=%AA%E5%B7%B1.pdf;\r\n filename*0*=UTF-8''%E8%87",
            "filename*1*=UTF-8''%E8%87; filename*2*=%AA%E5%B7%B1.pdf",
            "filename*0*=UTF-8''%E8%87%AA%E5%B7%B1; filename*1=\".pdf\"",
            "filename*0=\"=?UTF-8?B?6Ieq5be\"; filename*1=\"xLnBkZg==?=\"",
            "filename*0*=iso-2022-jp''%1B%24B%3C%2B; filename*1*=8J%1B%28B.pdf",
            "filename=\"=?UTF-8?B?6Ieq5bexLnBkZg==?=\"",
            "filename==?UTF-8?B?6Ieq5bexLnBkZg==?=",
            "filename=\"?.pdf\"; filename*=UTF-8''%E8%87%AA%E5%B7%B1.pdf",
            "filename=\"\x1b$B<+8J\x1b(B.pdf\"",
        ] {
            assert_eq!(text(format!("attachment; {parameters}").as_bytes(), "filename").as_deref(), Some("自己.pdf"), "{parameters}");
        }
        let sjis = b"attachment; filename=\"\x8e\xa9\x8c\xc8\x95\x5c.pdf\"";
        assert_eq!(text(sjis, "filename").as_deref(), Some("自己表.pdf"));
    }

    #[test]
    fn what_is_no_such_parameter_is_none() {
        for field in ["attachment", "attachment; filename", "attachment; filenames=a", "filename=a", "attachment; x=\"; filename=a\""] {
            assert_eq!(text(field.as_bytes(), "filename"), None, "{field}");
        }
        assert_eq!(text(b"a; name=\"a \\\"b\\\"; c.txt\"; x=y", "name").as_deref(), Some("a \"b\"; c.txt"));
        assert_eq!(text(b"a; name=100%.txt", "name").as_deref(), Some("100%.txt"));
    }
}
