//! A scan of the bytes before any parser sees them: of the header, and of the skeleton of a mail that says that it holds parts.
//!
//! A 1.28 MB mail of nested message/rfc822 headers overflowed the stack of mail-parser 0.11.9 in its recursive drop and
//! aborted the process; 27 MB of boundary lines made three million parts and 1.94 GB. Both are refused here, in one pass.

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

/// How often a nested mail is announced. Counts words in body text, too: sixteen are far more than any submission has.
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

/// Counts lines that begin with a declared boundary; other lines of hyphens (signatures, separators) do not count.
fn boundary_lines_fit(raw: &[u8], limits: &Limits) -> bool {
    let boundaries = declared_boundaries(raw, limits.boundaries + 1);
    if boundaries.len() > limits.boundaries {
        return false;
    }
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

fn declared_boundaries(raw: &[u8], most: usize) -> Vec<&[u8]> {
    let mut boundaries: Vec<&[u8]> = Vec::new();
    // The last letter of the name is rarer than the sign behind it: quoted-printable is made of those.
    for at in memchr::memchr2_iter(b'y', b'Y', raw) {
        let is_boundary =
            at.checked_sub(7).is_some_and(|start| raw.get(start..at).is_some_and(|name| name.eq_ignore_ascii_case(b"boundar")));
        let Some(boundary) = raw.get(at + 1..).filter(|_| is_boundary).and_then(boundary_value) else { continue };
        if !boundary.is_empty() && !boundaries.contains(&boundary) {
            boundaries.push(boundary);
            if boundaries.len() >= most {
                break;
            }
        }
    }
    boundaries
}

/// What follows the name: `="value"`, or `*0="value"` of a split parameter (RFC 2231 section 3).
fn boundary_value(after: &[u8]) -> Option<&[u8]> {
    let digits = |section: &[u8]| section.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = after.strip_prefix(b"*").map_or(after, |section| section.get(digits(section)..).unwrap_or_default());
    let value = after.strip_prefix(b"*").unwrap_or(after).trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let end = value.iter().position(|byte| matches!(byte, b'"' | b';' | b'\r' | b'\n')).unwrap_or(value.len().min(200));
    Some(value.get(..end).unwrap_or_default().trim_ascii_end())
}

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
    fn the_boundary_bomb_is_too_complex() {
        for parameter in ["boundary=a", "BOUNDARY = \"a\"", "boundary*0=\"a\"", "boundary*0*=a", "boundary*10=a", "boundary*=a"] {
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
