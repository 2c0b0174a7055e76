//! What the parser sees of a mail: all that structures it, and little else.
//!
//! Promises: the parser finds the parts that it would find in the whole mail, and none of their bytes is lost: places in the skeleton lead
//! back to the mail. Some words are misspelt in it, so that the parser never opens a nested mail (its recursion has no bound) and decodes
//! no text; long stretches that can neither hold a boundary nor a field are left out of it.
//! Rejected: the whole mail misspelt; copying and scanning attachments took a fifth of all work on a mailbox where one mail in fifty has one.

use mail_parser::{HeaderName, MessagePart};

use super::header::{Headers, Structure};
use super::limits;
use crate::desk::rules::Limits;

/// The fields that structure a mail of one part seldom take more bytes.
const SHORT_HEADER: usize = 512;

/// Most mails without attachments are shorter. Bytes.
const SHORT_MAIL: usize = 16 * 1024;

/// Shorter stretches are not worth a cut. Bytes.
const WORTHWHILE: usize = 256;

/// So much stays on both sides of a cut: line ends and what stands directly beside them decide where a part begins and ends. Bytes.
const MARGIN: usize = 4;

/// Values of MIME fields whose last letter is misspelt. Transfer encodings and character sets are undone by `part`, and only for the parts
/// that somebody reads: decoding attachments that nobody asked for took a third of the time, and twice their size in memory.
const VALUES: [(&[u8], u8); 3] = [(b"text/", b'u'), (b"base64", b'x'), (b"quoted-printable", b'x')];

/// Without one of these words, written so, the parser takes nothing for a nested mail (mail-parser 0.11.9, `mime_type`). Their last letter is
/// misspelt wherever they stand, since the ways to write white space, quotes and comments around them are many.
const WORDS: [(&[u8], u8); 3] = [(b"rfc822", b'x'), (b"global", b'x'), (b"digest", b'u')];

/// A media type or transfer encoding as the mail has it.
pub(super) fn restored(found: &str) -> String {
    let plain = found.to_ascii_lowercase();
    let plain = plain.strip_prefix("texu/").map_or_else(|| plain.clone(), |rest| format!("text/{rest}"));
    let words = plain.replace("rfc82x", "rfc822").replace("globax", "global").replace("digesu", "digest");
    match words.as_str() {
        "base6x" => "base64".to_owned(),
        "quoted-printablx" => "quoted-printable".to_owned(),
        _ => words,
    }
}

/// Of the mail's own header the fields that structure it, then the rest of the mail but for what was cut out. Of a mail that declares no
/// container the header alone: what is below is one part, and most mails that were forwarded inline are such.
pub(super) struct Skeleton {
    bytes: Vec<u8>,
    /// How long the skeleton's header is, and the mail's, with the empty line.
    header: usize,
    raw_header: usize,
    structure: Structure,
    /// In order.
    cuts: Vec<Cut>,
}

/// Where something was left out.
struct Cut {
    /// The place behind it in the skeleton.
    at: usize,
    /// Bytes left out up to here.
    left_out: usize,
}

impl Skeleton {
    /// None where it is more than the parser can bear.
    pub(super) fn of(raw: &[u8], headers: &Headers<'_>, limits: &Limits) -> Option<Self> {
        let mut skeleton = Self::as_written(raw, headers);
        if skeleton.structure == Structure::Container && !limits::is_bearable(&skeleton.bytes, limits) {
            return None;
        }
        skeleton.misspell();
        Some(skeleton)
    }

    fn as_written(raw: &[u8], headers: &Headers<'_>) -> Self {
        let structure = headers.structure();
        let body = body(raw, headers);
        let mut bytes = Vec::with_capacity(if structure == Structure::Container { raw.len().min(SHORT_MAIL) + 64 } else { SHORT_HEADER });
        // A header without any field ends the parser's work.
        bytes.extend_from_slice(b"MIME-Version: 1.0\n");
        for (name, value) in headers.structuring() {
            [name, b": ", value, b"\n"].iter().for_each(|piece| bytes.extend_from_slice(piece));
        }
        bytes.push(b'\n');
        let (header, raw_header) = (bytes.len(), raw.len() - body.len());
        let mut skeleton = Self { bytes, header, raw_header, structure, cuts: Vec::new() };
        if structure == Structure::Container {
            skeleton.take(body);
        }
        skeleton
    }

    /// Takes the rest of the mail, but for what nobody misses.
    fn take(&mut self, body: &[u8]) {
        let (mut stretch, mut taken, mut left_out) = (0, 0, 0);
        for hyphen in memchr::memchr_iter(b'-', body).chain(std::iter::once(body.len())) {
            if hyphen - stretch >= WORTHWHILE
                && let Some((from, to)) = body.get(stretch..hyphen).and_then(dispensable)
            {
                self.bytes.extend_from_slice(body.get(taken..stretch + from).unwrap_or_default());
                taken = stretch + to;
                left_out += to - from;
                self.cuts.push(Cut { at: self.bytes.len(), left_out });
            }
            stretch = hyphen + 1;
        }
        self.bytes.extend_from_slice(body.get(taken..).unwrap_or_default());
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Misspells values and words, each in place.
    fn misspell(&mut self) {
        for (word, letter) in WORDS {
            misspell_word(&mut self.bytes, word, letter);
        }
        let mut start = 0;
        while start < self.bytes.len() {
            let line = self.bytes.get(start..).unwrap_or_default();
            let length = line.len();
            let next = memchr::memchr(b'\n', line).map_or(self.bytes.len(), |end| start + end + 1);
            if let Some(value) = value_of_mime_field(line)
                && let Some((word, letter)) =
                    VALUES.iter().find(|(word, _)| value.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)))
            {
                let slash = usize::from(word.ends_with(b"/"));
                let last = start + length - value.len() + word.len() - 1 - slash;
                if let Some(last) = self.bytes.get_mut(last) {
                    *last = *letter;
                }
            }
            start = next;
        }
    }

    /// The first field of this name in a part's header, raw, as the mail has it.
    pub(super) fn field<'a>(
        &self,
        raw: &'a [u8],
        headers: &Headers<'a>,
        part: &MessagePart<'_>,
        name: &HeaderName<'_>,
    ) -> Option<&'a [u8]> {
        let header = part.headers.iter().find(|header| header.name == *name)?;
        if usize::try_from(header.offset_start).ok()? < self.header {
            return headers.raw(name.as_str());
        }
        raw.get(self.raw_place(header.offset_start)?..self.raw_place(header.offset_end)?)
    }

    /// The bytes of a part's body in the mail itself.
    pub(super) fn raw_body<'a>(&self, raw: &'a [u8], part: &MessagePart<'_>) -> &'a [u8] {
        if self.structure == Structure::Leaf {
            return raw.get(self.raw_header..).unwrap_or_default();
        }
        let (Some(start), Some(end)) = (self.raw_place(part.offset_body), self.raw_place(part.offset_end)) else { return b"" };
        raw.get(start..end.max(start)).or_else(|| raw.get(start..)).unwrap_or_default()
    }

    /// Where a place below the header stands in the mail.
    fn raw_place(&self, place: u32) -> Option<usize> {
        let place = usize::try_from(place).ok()?;
        let before = self.cuts.partition_point(|cut| cut.at <= place);
        let left_out = before.checked_sub(1).and_then(|last| self.cuts.get(last)).map_or(0, |cut| cut.left_out);
        (place + left_out + self.raw_header).checked_sub(self.header)
    }
}

/// What stands below the header block. A line of white space ends it here; to the parser it would be the rest of a field.
pub(super) fn body<'a>(raw: &'a [u8], headers: &Headers<'_>) -> &'a [u8] {
    let rest = raw.get(headers.extent().length..).unwrap_or_default();
    let gap = memchr::memchr(b'\n', rest).map_or(0, |end| end + 1);
    rest.get(gap..).unwrap_or_default()
}

/// What of a stretch without hyphens is the inside of a body. No boundary line (RFC 2046 section 5.1.1) stands in a stretch, and no mail is
/// opened, so from its first empty line on it is body; its last line end may be the one before a boundary.
fn dispensable(stretch: &[u8]) -> Option<(usize, usize)> {
    let is_empty_line = |end: usize| matches!(stretch.get(end + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..]));
    let from = memchr::memchr_iter(b'\n', stretch).find(|end| is_empty_line(*end))? + 3 + MARGIN;
    let last_line_end = memchr::memrchr(b'\n', stretch)?;
    let to = last_line_end.checked_sub(MARGIN)?;
    (to > from).then_some((from, to))
}

/// Misspells the last letter of a word (lower case) wherever it stands, in either case.
fn misspell_word(bytes: &mut [u8], word: &[u8], letter: u8) {
    // The third letter or digit of each is rarer than its first.
    let Some(third) = word.get(2).copied() else { return };
    let mut from = 0;
    while let Some(found) = bytes.get(from..).and_then(|rest| memchr::memchr2(third, third.to_ascii_uppercase(), rest)) {
        let at = from + found;
        from = at + 1;
        if let Some(start) = at.checked_sub(2)
            && let Some(found) = bytes.get_mut(start..start + word.len())
            && found.eq_ignore_ascii_case(word)
            && let Some(last) = found.last_mut()
        {
            *last = letter;
        }
    }
}

/// From the value on, where a Content-Type or Content-Transfer-Encoding field begins as clients write it.
fn value_of_mime_field(line: &[u8]) -> Option<&[u8]> {
    let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line = line.get(indent..)?;
    if !line.first().is_some_and(|first| first.eq_ignore_ascii_case(&b'c')) {
        return None;
    }
    let name = [&b"content-type"[..], b"content-transfer-encoding"]
        .into_iter()
        .find(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
    let value = line.get(name.len()..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    Some(value.strip_prefix(b"\"").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::*;

    /// Base64 of that many bytes in lines.
    fn lines(length: usize, line_end: &str) -> String {
        let text: String = ('A'..='Z').cycle().take(length).collect();
        text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join(line_end)
    }

    #[test]
    fn no_byte_of_a_part_is_lost_however_long_it_is() {
        for length in (0..1_200).step_by(7) {
            for line_end in ["\n", "\r\n"] {
                for before_boundary in [line_end, ""] {
                    let (first, second) = (lines(length, line_end), lines(2_000 - length, line_end));
                    let fields = "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n".replace('\n', line_end);
                    let header = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".replace('\n', line_end);
                    let next = format!("{before_boundary}--b{line_end}");
                    let mail = format!("{header}{fields}{first}{next}{fields}{second}{before_boundary}--b--");
                    let message = Message::parse(mail.as_bytes(), &Limits::default());
                    let found: Vec<_> = message.parts.iter().map(|part| String::from_utf8_lossy(part.encoded)).collect();
                    assert_eq!(found, [first, second], "{length} {line_end:?} {before_boundary:?}");
                }
            }
        }
    }

    #[test]
    fn of_a_long_attachment_the_parser_sees_only_the_ends() {
        let mail = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf\n\n{}\n--b--\n",
            lines(1_000_000, "\n")
        );
        let skeleton = Skeleton::of(mail.as_bytes(), &Headers::parse(mail.as_bytes()), &Limits::default()).expect("bearable");
        assert!(skeleton.bytes().len() < 500, "{}", skeleton.bytes().len());
    }

    #[test]
    fn a_stretch_that_may_be_a_header_stays() {
        let mail = format!("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: {}\n y", lines(1_000, " "));
        let skeleton = Skeleton::of(mail.as_bytes(), &Headers::parse(mail.as_bytes()), &Limits::default()).expect("bearable");
        assert!(skeleton.bytes().len() > mail.len());
    }
}
