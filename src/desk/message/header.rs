//! The header fields of a mail, in order, raw, with nothing dropped.
//!
//! mail-parser returns the last of two From lines and decodes encoded-words one by one; whether a field occurs twice
//! and what it says across split words are facts that the desk judges by, so it reads the block itself.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::desk::text::address::{Mailbox, mailboxes, postal};
use crate::desk::text::charset::{Decoded, ESC, Legibility, decode};
use crate::desk::text::encoded_word::{decode_header, header_text, is_legible_header, unfold};
use crate::desk::text::fold::fold;

/// The fields of one header block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers<'a> {
    fields: Vec<Field<'a>>,
    extent: Extent,
    /// Of the names that occur. Most questions are for fields that are not there, and end here.
    traces: Traces,
    /// Several gates ask for it.
    from: OnceCell<Vec<Mailbox>>,
    /// Likewise.
    subject: OnceCell<Option<Decoded>>,
    folded_subject: OnceCell<String>,
}

/// How large a header block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// In bytes, without the empty line below it.
    pub length: usize,
    /// Fields, and lines that are none.
    pub fields: usize,
    /// Bytes of the longest of them.
    pub longest: usize,
}

/// Whether a mail is made of parts (RFC 2046 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// One text or one file: no field that structures it names a container.
    Leaf,
    /// A multipart, or a mail inside a mail.
    Container,
}

/// One field; the value is raw, folding included.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

/// The longest header block that is read, in bytes. One that is longer is seen to be, and is refused (`limits`).
const MOST_BYTES: usize = 256 * 1024;

impl<'a> Headers<'a> {
    /// Reads the block at the start of the bytes. Lines that are no field are skipped (an mbox `From ` line, garbage).
    #[must_use]
    pub fn parse(raw: &'a [u8]) -> Self {
        let window = raw.get(..=MOST_BYTES).unwrap_or(raw);
        let mut fields: Vec<Field<'a>> = Vec::with_capacity(24);
        let mut extent = Extent::default();
        let mut start = 0;
        while let Some(first) = window.get(start..).and_then(line).filter(|first| !first.trim_ascii().is_empty()) {
            let mut end = start + first.len();
            while let Some(length) = window.get(end..).and_then(continuation) {
                end += length;
            }
            fields.extend(window.get(start..end).and_then(field));
            extent.fields += 1;
            extent.longest = extent.longest.max(end - start);
            start = end;
        }
        extent.length = start;
        let traces = fields.iter().fold(Traces::default(), |traces, field| traces.with(Traces::of_bytes(field.name)));
        Self { fields, extent, traces, from: OnceCell::new(), subject: OnceCell::new(), folded_subject: OnceCell::new() }
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        let candidates = if self.may_hold(Traces::of(name)) { self.fields.as_slice() } else { &[] };
        candidates.iter().filter(move |field| field.is(name))
    }

    /// Whether a field of one of these names may be there.
    #[must_use]
    pub const fn may_hold(&self, names: Traces) -> bool {
        self.traces.0 & names.0 != 0
    }

    /// How many fields have this name (lower case).
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// Whether any field's name begins so (lower case).
    #[must_use]
    pub fn has_any_of(&self, start: &str) -> bool {
        self.fields.iter().any(|field| starts(field.name, start.as_bytes()))
    }

    /// The first field of this name, raw.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.all_raw(name).next()
    }

    /// All fields of this name, raw, topmost first.
    pub fn all_raw(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.named(name).map(|field| field.value)
    }

    /// The first field of this name as text, trimmed.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).map(header_text)
    }

    /// The first Subject, decoded.
    #[must_use]
    pub fn subject(&self) -> Option<&Decoded> {
        self.subject.get_or_init(|| self.raw("subject").map(decode_header)).as_ref()
    }

    /// The first Subject, decoded and folded.
    #[must_use]
    pub fn folded_subject(&self) -> &str {
        self.folded_subject.get_or_init(|| self.subject().map(|subject| fold(&subject.text).into_owned()).unwrap_or_default())
    }

    /// All fields of this name as text, trimmed.
    pub fn all_text(&self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        self.all_raw(name).map(header_text)
    }

    /// The mailboxes of an address field. The list is split before encoded-words are decoded (RFC 2047 section 6.2):
    /// a comma or an address inside a decoded name must not become one. Each domain is in its one form for the wire: it has many spellings
    /// (`ｅxample.jp`), and every limit, gate and row speaks of the place that letters go to.
    #[must_use]
    pub fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        if name == "from" { self.senders().to_vec() } else { self.read_mailboxes(name) }
    }

    /// The mailboxes of From.
    #[must_use]
    pub fn senders(&self) -> &[Mailbox] {
        self.from.get_or_init(|| self.read_mailboxes("from"))
    }

    /// Whether Subject and From can be read, as far as they are there.
    #[must_use]
    pub fn are_legible(&self) -> bool {
        // The whole of From: what stands beside a name and an address is somebody's word, too.
        self.subject().is_none_or(|subject| subject.legibility == Legibility::Legible) && self.raw("from").is_none_or(is_legible_header)
    }

    fn read_mailboxes(&self, name: &str) -> Vec<Mailbox> {
        let Some(raw) = self.raw(name) else { return Vec::new() };
        mailboxes(&unfolded(raw)).into_iter().map(|mailbox| in_postal_form(mailbox.decoded())).collect()
    }

    /// Whether an address field that should name one mailbox names more: a list, or two addresses in angle brackets.
    #[must_use]
    pub fn names_several_mailboxes(&self, name: &str) -> bool {
        let Some(raw) = self.raw(name) else { return false };
        let mut quoted = false;
        let list = unfolded(raw);
        let opened = list.chars().filter(|character| {
            quoted ^= *character == '"';
            !quoted && *character == '<'
        });
        opened.count() > 1 || self.mailboxes(name).len() > 1
    }

    /// How large the block is.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        self.extent
    }

    /// Names and values of the fields that say how a mail is made up (RFC 2045 section 3).
    pub fn structuring(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let is_structuring = |field: &&Field<'a>| starts(field.name, b"content-");
        self.fields.iter().filter(is_structuring).map(|field| (field.name, field.value))
    }

    /// How the mail is made up, by its own word.
    #[must_use]
    pub fn structure(&self) -> Structure {
        let names_container = |value: &[u8]| {
            memchr::memchr2_iter(b'm', b'M', value)
                .filter_map(|at| value.get(at..))
                .any(|word| [&b"multipart"[..], b"message"].iter().any(|name| starts(word, name)))
        };
        if self.structuring().any(|(_, value)| names_container(value)) { Structure::Container } else { Structure::Leaf }
    }

    /// Whether the bytes began with anything like a header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

fn in_postal_form(mailbox: Mailbox) -> Mailbox {
    // An address in ASCII is in its form for the wire.
    let address = mailbox.address.map(|address| if address.is_ascii() { address } else { postal(&address).unwrap_or(address) });
    Mailbox { address, ..mailbox }
}

/// The value on one line, its raw characters decoded, its encoded-words not.
fn unfolded(raw: &[u8]) -> Cow<'_, str> {
    match unfold(raw) {
        Cow::Borrowed(plain) if plain.is_ascii() && !plain.contains(&ESC) => String::from_utf8_lossy(plain),
        bytes => Cow::Owned(decode(&bytes, None).text),
    }
}

/// Whether the bytes begin so, in either case.
fn starts(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// What names leave behind: one bit of 128 each, by length, first and last letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traces(u128);

impl Traces {
    /// Of one name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::of_bytes(name.as_bytes())
    }

    fn of_bytes(name: &[u8]) -> Self {
        // In either case a letter leaves the same trace.
        let letter = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | 0x20));
        Self(1 << ((name.len() * 37 + letter(name.first()) * 5 + letter(name.last()) * 11) % 128))
    }

    /// Of the names of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The length of what continues a field: a line that begins with white space. One of nothing else continues it, too (RFC 5322 section
/// 4.2), where the header goes on below; above a text it is the empty line that somebody put a space into.
fn continuation(rest: &[u8]) -> Option<usize> {
    // Most fields take one line.
    if !matches!(rest.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let mut length = 0;
    loop {
        let next = line(rest.get(length..)?)?;
        let goes_on = next.starts_with(b" ") || next.starts_with(b"\t");
        let is_blank = next.trim_ascii().is_empty();
        if !goes_on || !is_blank {
            return match goes_on {
                true => Some(length + next.len()),
                false => (!is_blank && field(next).is_some()).then_some(length),
            };
        }
        length += next.len();
    }
}

/// The first line, its end included; `None` where nothing is left.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let length = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
    bytes.get(..length).filter(|line| !line.is_empty())
}

/// RFC 5322 section 2.2: printable ASCII but colon, then a colon; white space before the colon is the obsolete form (4.5).
fn field(line: &[u8]) -> Option<Field<'_>> {
    let end = line.iter().position(|byte| *byte == b':' || !byte.is_ascii_graphic())?;
    let (name, rest) = line.split_at_checked(end)?;
    let value = rest.trim_ascii_start().strip_prefix(b":")?;
    (!name.is_empty()).then(|| Field { name, value: value.trim_ascii() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_kept_in_order_and_in_number() {
        let headers = Headers::parse(b"From: a@example.jp\r\nfrom : b@example.jp\r\nSubject: x\r\n\ty\r\n\r\nFrom: c@example.jp\r\n");
        assert_eq!(headers.count("from"), 2);
        assert_eq!(headers.text("subject").as_deref(), Some("x y"));
        assert_eq!(headers.mailboxes("from").first().and_then(|mailbox| mailbox.address.clone()).as_deref(), Some("a@example.jp"));
    }

    #[test]
    fn a_line_of_white_space_ends_the_block_only_above_a_text() {
        for (raw, subject, to) in [
            ("Subject: x\n \n y\nTo: a@example.jp\n\nz", "x  y", 1),
            ("Subject: x\n\t\r\nTo: a@example.jp\n\nz", "x", 1),
            ("Subject: x\n \nText: not\nTo: a@example.jp\n", "x", 1),
            ("Subject: x\n \n本文\nTo: a@example.jp\n", "x", 0),
            ("Subject: x\n \n\nTo: a@example.jp\n", "x", 0),
            ("Subject: x\n ", "x", 0),
        ] {
            let headers = Headers::parse(raw.as_bytes());
            assert_eq!((headers.text("subject").as_deref(), headers.count("to")), (Some(subject), to), "{raw:?}");
        }
    }

    #[test]
    fn a_sender_has_one_spelling() {
        for raw in ["From: a@example.jp\n\n", "From: a@ｅxample.jp\n\n", "From: Taro <a@exａmple.jp>\n\n"] {
            let headers = Headers::parse(raw.as_bytes());
            assert_eq!(headers.senders().first().and_then(|from| from.address.as_deref()), Some("a@example.jp"), "{raw}");
        }
    }

    #[test]
    fn a_comma_inside_an_encoded_name_splits_nothing() {
        // 「山田, 太郎」
        let headers = Headers::parse(b"From: =?UTF-8?B?5bGx55SwLCDlpKrpg44=?= <a@example.jp>\n\n");
        let expected = vec![Mailbox { name: Some("山田, 太郎".to_owned()), address: Some("a@example.jp".to_owned()) }];
        assert_eq!(headers.mailboxes("from"), expected);
    }
}
