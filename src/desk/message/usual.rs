//! A mail of one part whose fields are written as nearly all clients write them: it needs no parser.
//!
//! Promises: what is read here, the parser would read the same; whatever is written in any other way is left to it, so that everything
//! unusual has one reading. Rejected: the parser for all; it takes a twentieth of the time of a mail that was forwarded inline.

use super::header::Headers;
use super::part::{Disposition, Flow, Part, Transfer};

/// What may stand around values.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The part, with `body` as its bytes; none where anything is unusual.
pub(super) fn part<'a>(headers: &Headers<'_>, body: &'a [u8]) -> Option<Part<'a>> {
    let (mut media, mut transfer) = (None, None);
    for (name, value) in headers.structuring() {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"content-type") {
            if media.replace(Media::of(value)?).is_some() {
                return None;
            }
        } else if is(b"content-transfer-encoding") {
            if transfer.replace(transfer_of(value)?).is_some() {
                return None;
            }
        } else if !is(b"content-language") {
            return None;
        }
    }
    let Media { content_type, charset, flow } = media.unwrap_or_default();
    Some(Part {
        content_type: if content_type.is_empty() { "text/plain".to_owned() } else { content_type },
        charset,
        name: None,
        disposition: Disposition::Body,
        transfer: transfer.unwrap_or(Transfer::Identity),
        flow,
        encoded: body,
    })
}

/// A Content-Type (RFC 2045 section 5.1).
#[derive(Default)]
struct Media {
    content_type: String,
    charset: Option<String>,
    flow: Flow,
}

impl Media {
    fn of(value: &[u8]) -> Option<Self> {
        let mut pieces = std::str::from_utf8(value).ok()?.split(';');
        let content_type = pieces.next()?.trim_matches(BLANKS);
        let (main, sub) = content_type.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let (mut charset, mut format, mut delsp) = (None, None, None);
        for piece in pieces.map(|piece| piece.trim_matches(BLANKS)) {
            let (name, value) = piece.split_once('=')?;
            let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"')).filter(|value| is_token(value))?;
            let kept = match name {
                _ if name.eq_ignore_ascii_case("charset") => &mut charset,
                _ if name.eq_ignore_ascii_case("format") => &mut format,
                _ if name.eq_ignore_ascii_case("delsp") => &mut delsp,
                _ => return None,
            };
            if kept.replace(value).is_some() {
                return None;
            }
        }
        let says = |value: Option<&str>, word: &str| value.is_some_and(|value| value.eq_ignore_ascii_case(word));
        Some(Self {
            content_type: content_type.to_ascii_lowercase(),
            charset: charset.map(str::to_owned),
            flow: Flow::of(says(format, "flowed"), says(delsp, "yes")),
        })
    }
}

fn transfer_of(value: &[u8]) -> Option<Transfer> {
    let word = std::str::from_utf8(value).ok()?.trim_matches(BLANKS);
    is_token(word).then(|| Transfer::named(word))
}

/// A token without the signs that mean something to anybody (RFC 2045 section 5.1, RFC 2231).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::super::skeleton::{Skeleton, body};
    use super::super::{Message, parts};
    use super::*;
    use crate::desk::rules::Limits;

    fn by_the_parser<'a>(raw: &'a [u8]) -> Message<'a> {
        let headers = Headers::parse(raw);
        let skeleton = Skeleton::of(raw, &headers, &Limits::default()).expect("bearable");
        parts(raw, headers, &skeleton, &Limits::default())
    }

    fn shown(part: &Part<'_>) -> String {
        format!("{part:?}")
    }

    #[test]
    fn what_is_usual_reads_as_the_parser_reads_it() {
        for fields in [
            "",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n",
            "content-type: Text/Plain; charset=\"ISO-2022-JP\"\r\nCONTENT-TRANSFER-ENCODING: 7BIT\r\n",
            "Content-Type: text/html;\r\n\tcharset=Shift_JIS\r\nContent-Transfer-Encoding: quoted-printable \r\n",
            "Content-Type: text/plain; charset=UTF-8; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: Base64\r\n",
            "Content-Type: text/plain; charset=\"us-ascii\"; Format=\"flowed\"\r\nContent-Language: ja\r\n",
            "Content-Type: application/pdf\r\nContent-Transfer-Encoding: x-unknown\r\n",
            "Content-Type: text/plain;charset=utf-8;delsp=yes\r\n",
        ] {
            let raw = format!("Subject: x\r\n{fields}\r\nbody\r\n");
            let part = part(&Headers::parse(raw.as_bytes()), body(raw.as_bytes(), &Headers::parse(raw.as_bytes()))).expect("usual");
            let parsed = by_the_parser(raw.as_bytes());
            assert_eq!(parsed.parts.iter().map(shown).collect::<Vec<_>>(), [shown(&part)], "{fields}");
        }
    }

    #[test]
    fn what_is_not_is_left_to_the_parser() {
        for fields in [
            "Content-Type: text/plain; charset=utf-8;\r\n",
            "Content-Type: text/plain; charset=utf-8; charset=utf-7\r\n",
            "Content-Type: text/plain; name=a.txt\r\n",
            "Content-Type: text/plain; charset*=utf-8''x\r\n",
            "Content-Type: text/plain; charset=\"utf-8\r\n",
            "Content-Type: text/plain (a comment); charset=utf-8\r\n",
            "Content-Type: text/plain; charset = utf-8\r\n",
            "Content-Type: text\r\n",
            "Content-Type: text/plain charset=utf-8\r\n",
            "Content-Type: text/plain\r\nContent-Type: text/html\r\n",
            "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
            "Content-Transfer-Encoding: base64 (a comment)\r\n",
            "Content-Disposition: attachment; filename=a.pdf\r\n",
            "Content-ID: <a@b>\r\n",
        ] {
            let raw = format!("Subject: x\r\n{fields}\r\nbody\r\n");
            assert!(part(&Headers::parse(raw.as_bytes()), b"body").is_none(), "{fields}");
        }
    }
}
