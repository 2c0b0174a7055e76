//! A scan of the bytes before any parser sees them: of the header, and of the skeleton of a mail that says that it holds parts.
//!
//! A 1.28 MB mail of nested message/rfc822 headers overflowed the stack of mail-parser 0.11.9 in its recursive drop and
//! aborted the process; 27 MB of boundary lines made three million parts and 1.94 GB. The parser opens no mails any more (see
//! `skeleton`); what it would take time and memory for is refused here.

use memchr::memmem;

use super::header::Extent;
use crate::desk::rules::Limits;

/// Whether the parser may have the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Whole,
    /// Larger than the limit.
    Oversize,
    /// More fields, nesting or boundary lines than the limits allow.
    TooComplex,
}

/// Judges a mail of so many bytes, by the header block that it begins with.
#[must_use]
pub fn admit(size: usize, header: Extent, limits: &Limits) -> Admission {
    if size > limits.mail_bytes {
        return Admission::Oversize;
    }
    let fits = header.length <= limits.header_bytes && header.fields <= limits.header_fields && header.longest <= limits.field_bytes;
    if fits { Admission::Whole } else { Admission::TooComplex }
}

/// Whether the parser can bear what it would see of a mail that declares a container. Any other holds no mails and no boundaries, whatever
/// its text looks like.
#[must_use]
pub fn is_bearable(skeleton: &[u8], limits: &Limits) -> bool {
    nested_mails(skeleton) <= limits.nested_mails && boundary_lines_fit(skeleton, limits)
}

/// How often a nested mail is announced, as clients write it. Counts words in short texts, too: sixteen are far more than any submission has.
fn nested_mails(raw: &[u8]) -> usize {
    // Slashes are rarer than letters, in base64, too.
    memchr::memchr_iter(b'/', raw)
        .filter(|at| {
            let is = |range: Option<&[u8]>, words: &[&[u8]]| {
                range.is_some_and(|found| words.iter().any(|word| found.eq_ignore_ascii_case(word)))
            };
            is(raw.get(at + 1..at + 7), &[b"rfc822", b"global"])
                && at.checked_sub(7).is_some_and(|start| is(raw.get(start..*at), &[b"message"]))
        })
        .count()
}

/// Counts lines that begin with a declared boundary; other lines of hyphens (signatures, separators) do not count. Where a boundary is
/// declared in a way that the parser may read otherwise, they cannot be counted.
fn boundary_lines_fit(raw: &[u8], limits: &Limits) -> bool {
    let Some(boundaries) = declared_boundaries(raw, limits.boundaries) else { return false };
    if boundaries.is_empty() {
        return true;
    }
    let mut found = 0;
    for at in memmem::find_iter(raw, b"--") {
        let Some(rest) = raw.get(at + 2..) else { break };
        if boundaries.iter().any(|boundary| rest.starts_with(boundary)) {
            found += 1;
            if found > limits.boundary_lines {
                return false;
            }
        }
    }
    true
}

/// None where they are more than `most`, or one is strange.
fn declared_boundaries(raw: &[u8], most: usize) -> Option<Vec<&[u8]>> {
    let mut boundaries: Vec<&[u8]> = Vec::new();
    let mut words = 0;
    // The last letter of the name is rarer than the sign behind it: quoted-printable is made of those.
    for at in memchr::memchr2_iter(b'y', b'Y', raw) {
        let is_boundary =
            at.checked_sub(7).is_some_and(|start| raw.get(start..at).is_some_and(|name| name.eq_ignore_ascii_case(b"boundar")));
        if !is_boundary {
            continue;
        }
        words += 1;
        match declared(raw.get(at + 1..).unwrap_or_default()) {
            Declared::Strange => return None,
            Declared::Boundary(boundary) if !boundaries.contains(&boundary) => boundaries.push(boundary),
            Declared::Boundary(_) | Declared::Nothing => {}
        }
        // Each look at a word costs something, too.
        if boundaries.len() > most || words > MOST_WORDS {
            return None;
        }
    }
    Some(boundaries)
}

/// The word may stand in texts as well; more often than this it stands in no submission.
const MOST_WORDS: usize = 1_000;

/// What the word stands for.
enum Declared<'a> {
    /// It is a word of a text.
    Nothing,
    Boundary(&'a [u8]),
    /// The parser may read a boundary that does not stand there so.
    Strange,
}

/// What follows the name: `="value"`, or `*0="value"` of a split parameter (RFC 2231 section 3). Nobody quotes the name, encodes the value
/// (section 4, RFC 2047), or puts comments and backslashes into it.
fn declared(after: &[u8]) -> Declared<'_> {
    let digits = |section: &[u8]| section.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let section = after.strip_prefix(b"*").filter(|section| digits(section) > 0);
    let after = section.map_or(after, |section| section.get(digits(section)..).unwrap_or_default());
    let Some(value) = after.trim_ascii_start().strip_prefix(b"=") else {
        return if is_oddly_declared(after) { Declared::Strange } else { Declared::Nothing };
    };
    let value = value.trim_ascii_start();
    let (value, ends): (&[u8], &[u8]) = match value.strip_prefix(b"\"") {
        Some(inside) => (inside, b"\"\\\r\n"),
        None => (value, b"\"\\\r\n;()"),
    };
    let value = value.get(..LONGEST_BOUNDARY).unwrap_or(value);
    let end = value.iter().position(|byte| ends.contains(byte)).unwrap_or(value.len());
    let written = value.get(..end).unwrap_or(value);
    let encoded = memmem::find(written, b"=?").filter(|at| memmem::find(written.get(at + 2..).unwrap_or_default(), b"?=").is_some());
    // Whatever the parser makes of the rest, its boundary begins so, and the beginning is enough to count by.
    match written.get(..encoded.unwrap_or(end)).unwrap_or(written).trim_ascii_end() {
        [] if matches!(value.first(), None | Some(b';')) => Declared::Nothing,
        [] => Declared::Strange,
        boundary => Declared::Boundary(boundary),
    }
}

/// Whether nothing but white space, quotes, backslashes, asterisks, digits and comments stands before an equals sign of the same field.
fn is_oddly_declared(after: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut bytes = after.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let goes_on = |next: Option<&u8>| matches!(next, Some(b' ' | b'\t'));
        match byte {
            b'\n' if !goes_on(bytes.peek()) => return false,
            b'(' => depth = depth.saturating_add(1),
            b')' => depth = depth.saturating_sub(1),
            b'=' if depth == 0 => return true,
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\\' | b'*' | b'0'..=b'9' => {}
            _ if depth > 0 => {}
            _ => return false,
        }
    }
    false
}

/// RFC 2046 section 5.1.1 allows 70 characters.
const LONGEST_BOUNDARY: usize = 200;

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::*;

    fn admit(raw: &[u8], limits: &Limits) -> Admission {
        Message::parse(raw, limits).admission
    }

    #[test]
    fn an_ordinary_mail_is_admitted() {
        let raw = b"From: a@example.jp\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
        assert_eq!(admit(raw, &Limits::default()), Admission::Whole);
    }

    #[test]
    fn the_nested_mail_bomb_is_too_complex() {
        let raw = b"Content-Type: message/rfc822\n\n".repeat(40_000);
        assert_eq!(admit(&raw, &Limits::default()), Admission::TooComplex);
    }

    #[test]
    fn nested_mails_are_never_opened_however_they_are_announced() {
        for field in [
            "Content-Type: message/rfc822",
            "Content-Type: message /rfc822",
            "Content-Type: (x) message/RFC822",
            "Content-Type: message(x)/global",
            "Content-Type: message\n /rfc822",
            "Content-Type: \"\"message/rfc822",
            "Content -Type: message/rfc822",
            ":Content-Type: message/rfc822",
            "\u{c}Content-Type: message/rfc822",
        ] {
            let mail = format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n{field}\n\nFrom: a@example.jp\nSubject: x\n\n{}\n--b\nContent-Type: text/plain\n\nsecond\n--b--\n",
                "line\n".repeat(200)
            );
            let message = Message::parse(mail.as_bytes(), &Limits::default());
            assert_eq!(message.admission, Admission::Whole, "{field}");
            assert_eq!(message.parts.last().map(|part| part.encoded), Some(&b"second"[..]), "{field}");
            let deep = format!("{field}\n\n").repeat(40_000);
            assert!(Message::parse(deep.as_bytes(), &Limits::default()).parts.len() <= 1_000, "{field}");
        }
        for field in ["multipart/digest", "multipart /digest", "(x) multipart/Digest"] {
            let lines = "line\n".repeat(200);
            let mail = format!("Content-Type: {field}; boundary=b\n\n--b\n\nFrom: a@example.jp\n\n{lines}\n--b\n\nsecond\n--b--\n");
            let message = Message::parse(mail.as_bytes(), &Limits::default());
            assert_eq!(message.parts.iter().map(|part| part.encoded.len()).collect::<Vec<_>>(), [20 + lines.len(), 6], "{field}");
        }
    }

    #[test]
    fn words_of_a_text_declare_no_boundary() {
        for text in ["the boundary is here, the \"boundary\" (a line), x = 1", "boundary*", "boundary (see\nabove = below)"] {
            let header = "Content-Type: multipart/mixed;\n boundary=\"=_boundary\"\nFrom: \"=?utf-8?q?a?=\" <a@example.jp>\n";
            let mail = format!("{header}\n--=_boundary\n\n{text}\n--=_boundary--\n");
            assert_eq!(Message::parse(mail.as_bytes(), &Limits::default()).parts.len(), 1, "{text}");
        }
    }

    #[test]
    fn the_boundary_bomb_is_too_complex() {
        for parameter in [
            "boundary=a",
            "BOUNDARY = \"a\"",
            "boundary*0=\"a\"",
            "boundary*0*=a",
            "boundary*10=a",
            "boundary*=a",
            "boundary*=utf-8''a",
            "\"boundary\"=a",
            "boundary\\=a",
            "boundary (x) =a",
            "boundary=\"\\a\"",
            "boundary=(x)a",
            "boundary=\"=?utf-8?q?a?=\"",
            "boundary=\"\r\n a\"",
            "boundary=a\\b",
            "boundary=a(x)b",
        ] {
            let mut raw = format!("Content-Type: multipart/mixed; {parameter}\n\n").into_bytes();
            raw.extend_from_slice(&b"--a\nx:y\n\n".repeat(1_000));
            assert_eq!(admit(&raw, &Limits::default()), Admission::TooComplex, "{parameter}");
        }
    }

    #[test]
    fn many_long_or_endless_headers_are_too_complex() {
        let limits = Limits::default();
        assert_eq!(admit(&b"X: y\n".repeat(1_001), &limits), Admission::TooComplex);
        let mut long = b"X: ".to_vec();
        long.extend(std::iter::repeat_n(b'y', 70_000));
        assert_eq!(admit(&long, &limits), Admission::TooComplex);
        let mut endless = b"X: y\n".to_vec();
        endless.extend(b" folded\n".repeat(40_000));
        assert_eq!(admit(&endless, &limits), Admission::TooComplex);
    }

    #[test]
    fn signatures_and_separators_are_no_boundaries() {
        let mut raw = b"Content-Type: multipart/mixed; boundary=abc\n\n".to_vec();
        raw.extend(b"-----Original Message-----\n-- \n".repeat(600));
        assert_eq!(admit(&raw, &Limits::default()), Admission::Whole);
    }
}
