//! A mail as the desk sees it: all header fields, the texts to read, and the files that came along.
//!
//! Promises: bounded work for any bytes. Where a mail is more than one plainly described part, mail-parser finds the parts in a skeleton of
//! it, which neither lets it open nested mails (`original` does, one level at a time, each with this station's limits) nor decode texts:
//! parts are decoded from the raw bytes, when somebody reads them.
//! Rejected: limiting the parser's recursion by its stack alone; its drop recurses too, and a base64 part hides the depth.

pub mod header;
pub mod limits;
mod parameter;
pub mod part;
mod skeleton;
mod usual;

use std::sync::LazyLock;

use mail_parser::{HeaderName, HeaderValue, MessageParser, MessagePart, MimeHeaders, PartType};

use self::header::{Headers, Structure};
use self::limits::Admission;
use self::part::{Disposition, Flow, Part, Transfer};
use self::skeleton::{Skeleton, restored};
use super::rules::Limits;

/// A parsed mail.
#[derive(Debug)]
pub struct Message<'a> {
    pub headers: Headers<'a>,
    pub admission: Admission,
    /// The leaves in order; empty where the mail was not admitted whole.
    pub parts: Vec<Part<'a>>,
    /// Groups of alternatives: indices into `parts` that show the same content.
    pub alternatives: Vec<Vec<usize>>,
}

impl<'a> Message<'a> {
    /// Parses a mail within the limits. Never fails: what cannot be parsed is a mail without parts.
    #[must_use]
    pub fn parse(raw: &'a [u8], limits: &Limits) -> Self {
        let headers = Headers::parse(raw);
        let admission = limits::admit(raw.len(), headers.extent(), limits);
        if admission != Admission::Whole {
            return Self { headers, admission, parts: Vec::new(), alternatives: Vec::new() };
        }
        if headers.structure() == Structure::Leaf
            && let Some(part) = usual::part(&headers, skeleton::body(raw, &headers))
        {
            return Self { headers, admission, parts: vec![part], alternatives: Vec::new() };
        }
        match Skeleton::of(raw, &headers, limits) {
            Some(skeleton) => parts(raw, headers, &skeleton, limits),
            None => Self { headers, admission: Admission::TooComplex, parts: Vec::new(), alternatives: Vec::new() },
        }
    }

    /// Whether two parts are alternatives of each other.
    #[must_use]
    pub fn are_alternatives(&self, one: usize, other: usize) -> bool {
        self.alternatives.iter().any(|group| group.contains(&one) && group.contains(&other))
    }
}

fn parts<'a>(raw: &'a [u8], headers: Headers<'a>, skeleton: &Skeleton, limits: &Limits) -> Message<'a> {
    let Some(parsed) = PARSER.parse(skeleton.bytes()) else {
        return Message { headers, admission: Admission::Whole, parts: Vec::new(), alternatives: Vec::new() };
    };
    // A mail that the parser has opened is not cut as it should be.
    let has_opened = parsed.parts.iter().any(|part| matches!(part.body, PartType::Message(_)));
    if parsed.parts.len() > limits.parts || has_opened {
        return Message { headers, admission: Admission::TooComplex, parts: Vec::new(), alternatives: Vec::new() };
    }
    let mut leaves = Vec::new();
    let mut leaf_of = vec![None; parsed.parts.len()];
    let digests = digest_members(&parsed.parts);
    for (index, part) in parsed.parts.iter().enumerate() {
        if matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        if let Some(slot) = leaf_of.get_mut(index) {
            *slot = Some(leaves.len());
        }
        leaves.push(leaf((raw, &headers), skeleton, part, digests.contains(&index)));
    }
    let alternatives = parsed
        .parts
        .iter()
        .filter(|part| is_multipart(part, "alternative"))
        .map(|part| leaves_below(&parsed.parts, part, &leaf_of, 0))
        .collect();
    Message { headers, admission: Admission::Whole, parts: leaves, alternatives }
}

/// Reads the fields that structure a mail and no others: `Headers` reads those.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| MessageParser::new().with_mime_headers());

/// The media type as the mail has it, in lower case.
fn content_type(part: &MessagePart<'_>) -> Option<String> {
    let content_type = part.content_type()?;
    Some(restored(&format!("{}/{}", content_type.ctype(), content_type.subtype().unwrap_or_default())))
}

/// Whether a part is a multipart with this subtype (lower case).
fn is_multipart(part: &MessagePart<'_>, subtype: &str) -> bool {
    part.content_type().is_some_and(|found| {
        found.ctype().eq_ignore_ascii_case("multipart") && found.subtype().is_some_and(|found| restored(found) == subtype)
    })
}

/// Members of a multipart/digest are mails unless they say otherwise (RFC 2046 section 5.1.5).
fn digest_members(parts: &[MessagePart<'_>]) -> Vec<usize> {
    let digests = parts.iter().filter(|part| is_multipart(part, "digest"));
    digests
        .filter_map(|part| if let PartType::Multipart(members) = &part.body { Some(members) } else { None })
        .flatten()
        .filter_map(|member| usize::try_from(*member).ok())
        .collect()
}

/// RFC 2046 nests as deep as it likes; the boundary limit has bounded it before, this bounds the recursion.
const DEEPEST_MULTIPART: usize = 64;

fn leaves_below(parts: &[MessagePart<'_>], part: &MessagePart<'_>, leaf_of: &[Option<usize>], depth: usize) -> Vec<usize> {
    let PartType::Multipart(members) = &part.body else { return Vec::new() };
    if depth > DEEPEST_MULTIPART {
        return Vec::new();
    }
    let mut found = Vec::new();
    for index in members.iter().filter_map(|member| usize::try_from(*member).ok()) {
        match leaf_of.get(index).copied().flatten() {
            Some(leaf) => found.push(leaf),
            None => {
                if let Some(inner) = parts.get(index) {
                    found.extend(leaves_below(parts, inner, leaf_of, depth + 1));
                }
            }
        }
    }
    found
}

fn leaf<'a>((raw, headers): (&'a [u8], &Headers<'a>), skeleton: &Skeleton, part: &MessagePart<'_>, is_digest_member: bool) -> Part<'a> {
    let default = if is_digest_member { "message/rfc822" } else { "text/plain" };
    let content_type = content_type(part).unwrap_or_else(|| default.to_owned());
    let attribute = |name: &str| part.content_type().and_then(|found| found.attribute(name));
    let says = |name: &str, value: &str| attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    let disposition = part.content_disposition();
    let named = |field: HeaderName<'_>, attribute: &str| {
        skeleton.field(raw, headers, part, &field).and_then(|field| parameter::text(field, attribute))
    };
    let file_name = named(HeaderName::ContentDisposition, "filename").or_else(|| named(HeaderName::ContentType, "name"));
    let is_attachment = disposition.is_some_and(|found| found.ctype().eq_ignore_ascii_case("attachment"))
        || file_name.is_some() && !content_type.starts_with("text/");
    Part {
        charset: attribute("charset").map(str::to_owned),
        name: file_name,
        flow: Flow::of(says("format", "flowed"), says("delsp", "yes")),
        disposition: if is_attachment { Disposition::Attachment } else { Disposition::Body },
        transfer: transfer(part),
        encoded: skeleton.raw_body(raw, part),
        content_type,
    }
}

fn transfer(part: &MessagePart<'_>) -> Transfer {
    let stated = part.headers.iter().find(|header| header.name == HeaderName::ContentTransferEncoding);
    match stated.map(|header| &header.value) {
        Some(HeaderValue::Text(text)) => Transfer::named(&restored(text.trim())),
        _ => Transfer::Identity,
    }
}

/// A saved or wrapped mail without what some programs put before its header: a byte order mark, empty lines.
#[must_use]
pub fn without_leading_blanks(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    bytes.get(start..).unwrap_or(bytes)
}

/// Whether the bytes begin like a mail: at least two header fields that mails have, before any text.
#[must_use]
pub fn looks_like_mail(bytes: &[u8]) -> bool {
    const TELLING: [&str; 8] = ["from", "to", "subject", "date", "message-id", "received", "return-path", "mime-version"];
    let headers = Headers::parse(without_leading_blanks(bytes));
    TELLING.iter().filter(|name| headers.count(name) > 0).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_mail_is_one_part_with_its_raw_bytes() {
        let raw = b"Subject: Fwd\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello message here\n--b\nContent-Type: Message/RFC822\n\nFrom: a@example.jp\nSubject: the message\n\nbody message/rfc822\n--b--\n";
        let message = Message::parse(raw, &Limits::default());
        let shown: Vec<_> =
            message.parts.iter().map(|part| (part.content_type.as_str(), String::from_utf8_lossy(&part.bytes()).into_owned())).collect();
        assert_eq!(
            shown,
            [
                ("text/plain", "hello message here".to_owned()),
                ("message/rfc822", "From: a@example.jp\nSubject: the message\n\nbody message/rfc822".to_owned())
            ]
        );
    }

    #[test]
    fn a_line_of_white_space_ends_the_header_and_swallows_nothing() {
        for gap in ["\n", "\r\n", " \t\n", "\t\r\n"] {
            let raw = format!("Subject: x\nContent-Type: text/plain\n{gap}one\ntwo: 2\n\nthree\n");
            let message = Message::parse(raw.as_bytes(), &Limits::default());
            let texts: Vec<_> = message.parts.iter().map(|part| part.text(1_000).text).collect();
            assert_eq!(texts, ["one\ntwo: 2\n\nthree\n"], "{gap:?}");
        }
    }

    #[test]
    fn members_of_a_digest_are_mails() {
        let raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: a@example.jp\nSubject: x\n\ny\n--b--\n";
        let message = Message::parse(raw, &Limits::default());
        assert_eq!(message.parts.first().map(|part| part.content_type.as_str()), Some("message/rfc822"));
    }

    #[test]
    fn alternatives_are_grouped() {
        let raw = b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\na\n--b\nContent-Type: text/html\n\n<p>a\n--b--\n";
        let message = Message::parse(raw, &Limits::default());
        assert!(message.are_alternatives(0, 1));
    }

    #[test]
    fn bytes_that_begin_with_fields_look_like_mail() {
        assert!(looks_like_mail(b"From: a@example.jp\nSubject: x\n\ny"));
        assert!(!looks_like_mail(b"Dear all,\nFrom: here\n"));
    }
}
