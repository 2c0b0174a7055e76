//! Mails that mean harm, built on demand because they are big.
//!
//! Promises: each is a complete mail with an applicant's header, CRLF line ends, and one excess.
//! Rejected: keeping them as files; megabytes of repetition in a repository help nobody.

use super::encode::{base64_lines, with_crlf};

const HEADER: &str = "Date: Fri, 1 May 2026 10:00:00 +0900\nFrom: hanako.yamanoha@example.co.jp\nTo: shinsei@ict-hojo.example.jp\n\
Subject: Fwd: SECURITY ACTION\nMessage-ID: <hostile@example.co.jp>\nMIME-Version: 1.0\n";

/// How a bomb is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// As it is.
    Plain,
    /// Inside one base64 message/rfc822, where a scan of the outer bytes sees nothing.
    Base64,
}

/// `count` nested message/rfc822 headers; 40,000 of them (1.28 MB) overflow the stack of a recursive parser.
#[must_use]
pub fn nested_rfc822_bomb(count: usize, wrapping: Wrapping) -> Vec<u8> {
    let nest = "Content-Type: message/rfc822\n\n".repeat(count);
    match wrapping {
        Wrapping::Plain => with_crlf(format!("{HEADER}{nest}").as_bytes()),
        Wrapping::Base64 => {
            let mut mail = format!("{HEADER}Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n").into_bytes();
            mail.extend_from_slice(&base64_lines(&with_crlf(nest.as_bytes())));
            with_crlf(&mail)
        }
    }
}

/// About `bytes` bytes of multipart in parts of twelve bytes each.
#[must_use]
pub fn boundary_bomb(bytes: usize) -> Vec<u8> {
    let part = "--a\nx:y\n\n";
    // Each of the three line ends grows by one byte on the wire.
    let parts = part.repeat(bytes / (part.len() + 3));
    with_crlf(format!("{HEADER}Content-Type: multipart/mixed; boundary=a\n\n{parts}--a--\n").as_bytes())
}

/// `count` header fields.
#[must_use]
pub fn many_headers(count: usize) -> Vec<u8> {
    let fields: String = (0..count).map(|number| format!("X-Padding-{number}: {number}\n")).collect();
    with_crlf(format!("{fields}{HEADER}\nbody\n").as_bytes())
}

/// One header field of `bytes` bytes, without folding.
#[must_use]
pub fn long_header(bytes: usize) -> Vec<u8> {
    with_crlf(format!("X-Padding: {}\n{HEADER}\nbody\n", "a".repeat(bytes)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nested_bomb_has_the_size_that_overflowed_a_two_megabyte_stack() {
        let bomb = nested_rfc822_bomb(40_000, Wrapping::Plain);
        assert!((1_200_000..1_400_000).contains(&bomb.len()), "{}", bomb.len());
        let wrapped = nested_rfc822_bomb(40_000, Wrapping::Base64);
        assert_eq!(wrapped.windows(14).filter(|window| window == b"message/rfc822").count(), 1);
    }

    #[test]
    fn a_bomb_is_about_as_long_as_was_asked_for() {
        assert!((1_000_000..1_001_000).contains(&boundary_bomb(1_000_000).len()));
        assert_eq!(many_headers(1_500).windows(10).filter(|window| window == b"X-Padding-").count(), 1_500);
        assert!(long_header(70_000).starts_with(b"X-Padding: a"));
    }
}
