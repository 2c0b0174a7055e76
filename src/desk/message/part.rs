//! One MIME part: what it calls itself, and its bytes decoded from the raw mail.

use std::borrow::Cow;

use crate::desk::text::charset::{Decoded, as_it_stands, decode};
use crate::desk::text::encoded_word::base64_lenient;

/// What a file is shows within so many encoded bytes.
const TELLING_BYTES: usize = 64 * 1024;

/// A leaf of the MIME tree.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// `type/subtype` in lower case; `text/plain` where none is given (RFC 2045 section 5.2).
    pub content_type: String,
    pub charset: Option<String>,
    /// The name by Content-Disposition or Content-Type, decoded. Data, never a path.
    pub name: Option<String>,
    pub disposition: Disposition,
    pub transfer: Transfer,
    pub flow: Flow,
    /// The bytes as they stand in the mail, still transfer-encoded.
    pub encoded: &'a [u8],
}

/// Where a client shows the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// As text of the mail.
    Body,
    /// As a file.
    Attachment,
}

/// Content-Transfer-Encoding, as far as it changes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    Identity,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// By its name (RFC 2045 section 6.1). One that does not change bytes, or that nobody knows, is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = name.trim();
        if name.eq_ignore_ascii_case("base64") {
            Self::Base64
        } else if name.eq_ignore_ascii_case("quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::Identity
        }
    }
}

/// Whether line ends of a plain text are the writer's (RFC 3676).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    #[default]
    Fixed,
    /// A space before a line end joins the lines.
    Flowed,
    /// Likewise, and the space was added only for that (`DelSp=yes`).
    FlowedWithoutSpaces,
}

impl Flow {
    /// RFC 3676 section 4.
    #[must_use]
    pub const fn of(is_flowed: bool, deletes_spaces: bool) -> Self {
        match (is_flowed, deletes_spaces) {
            (true, true) => Self::FlowedWithoutSpaces,
            (true, false) => Self::Flowed,
            (false, _) => Self::Fixed,
        }
    }
}

impl<'a> Part<'a> {
    /// A text that came decoded.
    #[must_use]
    pub fn of_text(content_type: &str, text: &'a str) -> Self {
        Self {
            content_type: content_type.to_owned(),
            charset: Some("utf-8".to_owned()),
            name: None,
            disposition: Disposition::Body,
            transfer: Transfer::Identity,
            flow: Flow::Fixed,
            encoded: text.as_bytes(),
        }
    }

    /// A file that came inside another: what it is shows by its name and its bytes alone.
    #[must_use]
    pub fn of_member(name: &str, bytes: &'a [u8]) -> Self {
        Self {
            content_type: "application/octet-stream".to_owned(),
            charset: None,
            name: Some(name.to_owned()),
            disposition: Disposition::Attachment,
            transfer: Transfer::Identity,
            flow: Flow::Fixed,
            encoded: bytes,
        }
    }

    /// The bytes, decoded. Tolerant: what cannot be decoded is left out (base64) or kept as it stands (quoted-printable).
    #[must_use]
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        match self.transfer {
            Transfer::Identity => Cow::Borrowed(self.encoded),
            Transfer::Base64 => Cow::Owned(base64_lenient(self.encoded)),
            Transfer::QuotedPrintable => Cow::Owned(
                quoted_printable::decode(self.encoded, quoted_printable::ParseMode::Robust).unwrap_or_else(|_| self.encoded.to_vec()),
            ),
        }
    }

    /// About how many bytes there are, without decoding them. Never less than there are.
    #[must_use]
    pub fn size(&self) -> usize {
        match self.transfer {
            Transfer::Identity | Transfer::QuotedPrintable => self.encoded.len(),
            Transfer::Base64 => self.encoded.len() / 4 * 3 + 3,
        }
    }

    /// The first bytes, decoded: enough to tell what a file is.
    #[must_use]
    pub fn start(&self) -> Cow<'a, [u8]> {
        let part = Self { encoded: self.encoded.get(..TELLING_BYTES).unwrap_or(self.encoded), ..self.clone() };
        part.bytes()
    }

    /// The part as text, at most `most` bytes of it.
    #[must_use]
    pub fn text(&self, most: usize) -> Decoded {
        let bytes = self.bytes();
        self.text_of(bytes.get(..most).unwrap_or(&bytes))
    }

    /// The text that these bytes are, of the part's own.
    #[must_use]
    pub fn text_of(&self, bytes: &[u8]) -> Decoded {
        let mut decoded = decode(bytes, self.charset.as_deref());
        if memchr::memchr(0, decoded.text.as_bytes()).is_some() {
            // A NUL is a remnant of a broken gateway; readers do not see it.
            decoded.text.retain(|character| character != '\0');
        }
        decoded
    }

    /// The text that these bytes are, of the part's own, where they are one as they stand.
    #[must_use]
    pub fn text_as_it_stands<'b>(&self, bytes: &'b [u8]) -> Option<&'b str> {
        as_it_stands(bytes, self.charset.as_deref()).filter(|_| memchr::memchr(0, bytes).is_none())
    }

    /// Whether the name ends with one of these (lower case, with the dot).
    #[must_use]
    pub fn is_named(&self, endings: &[&str]) -> bool {
        self.name.as_ref().is_some_and(|name| {
            let lower = name.trim().to_lowercase();
            endings.iter().any(|ending| lower.ends_with(ending))
        })
    }

    #[must_use]
    pub fn is_plain_text(&self) -> bool {
        self.content_type == "text/plain"
            || self.content_type.starts_with("text/") && !self.is_html() && self.disposition == Disposition::Body
    }

    #[must_use]
    pub fn is_html(&self) -> bool {
        matches!(self.content_type.as_str(), "text/html" | "application/xhtml+xml")
    }
}
