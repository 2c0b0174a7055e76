//! The properties of a sample, the same for both containers.
//!
//! Promises: what Outlook writes for a received mail, no less. Rejected: only what the reader looks at; it must skip the rest.

use encoding_rs::SHIFT_JIS;

use super::{BodyForm, Sample, rtf};

/// A property id and its value.
pub(super) struct Held(pub u16, pub PropertyValue);

pub(super) enum PropertyValue {
    Long(u32),
    Bool(bool),
    /// 100 ns since 1601.
    Time(u64),
    Unicode(String),
    EightBit(Vec<u8>),
    Binary(Vec<u8>),
    /// A message, kept elsewhere.
    Object,
}

impl PropertyValue {
    pub(super) fn kind(&self) -> u16 {
        match self {
            Self::Long(_) => 0x0003,
            Self::Bool(_) => 0x000b,
            Self::Time(_) => 0x0040,
            Self::Unicode(_) => 0x001f,
            Self::EightBit(_) => 0x001e,
            Self::Binary(_) => 0x0102,
            Self::Object => 0x000d,
        }
    }

    /// The eight bytes of an entry in a .msg property stream: the value, or its size with the terminator.
    pub(super) fn entry(&self) -> [u8; 8] {
        let size = |terminator: usize| {
            let bytes = self.stream().map_or(0, |bytes| bytes.len());
            u64::try_from(bytes + terminator).unwrap_or(0)
        };
        let value = match self {
            Self::Long(value) => u64::from(*value),
            Self::Bool(value) => u64::from(*value),
            Self::Time(value) => *value,
            Self::Unicode(_) => size(2),
            Self::EightBit(_) => size(1),
            Self::Binary(_) => size(0),
            Self::Object => 0x0000_0001_ffff_ffff,
        };
        value.to_le_bytes()
    }

    /// The bytes of a value of variable length, without terminator.
    pub(super) fn stream(&self) -> Option<Vec<u8>> {
        match self {
            Self::Long(_) | Self::Bool(_) | Self::Time(_) | Self::Object => None,
            Self::Unicode(text) => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::EightBit(bytes) | Self::Binary(bytes) => Some(bytes.clone()),
        }
    }
}

pub(super) fn cp932(text: &str) -> Vec<u8> {
    SHIFT_JIS.encode(text).0.into_owned()
}

fn text(id: u16, text: &str, form: BodyForm) -> Held {
    Held(id, if form == BodyForm::Cp932 { PropertyValue::EightBit(cp932(text)) } else { PropertyValue::Unicode(text.to_owned()) })
}

pub(super) fn filetime(seconds: i64) -> u64 {
    u64::try_from(seconds + 11_644_473_600).unwrap_or(0) * 10_000_000
}

pub(super) fn message_properties(sample: &Sample) -> Vec<Held> {
    let form = sample.form;
    let (name, address) = &sample.from;
    let mut held = vec![
        text(0x001a, "IPM.Note", form),
        text(0x0037, &sample.subject, form),
        text(0x0070, &sample.subject, form),
        text(0x0042, name, form),
        text(0x0064, "SMTP", form),
        text(0x0065, address, form),
        text(0x0c1a, name, form),
        text(0x0c1e, "SMTP", form),
        text(0x0c1f, address, form),
        text(0x1035, &sample.message_id, form),
        Held(0x0039, PropertyValue::Time(filetime(sample.sent))),
        Held(0x0e06, PropertyValue::Time(filetime(sample.sent + 3))),
        Held(0x0e07, PropertyValue::Long(1)),
        Held(0x0e1b, PropertyValue::Bool(!sample.attachments.is_empty() || !sample.embedded.is_empty())),
    ];
    if form != BodyForm::Cp932 {
        // Newer clients keep the SMTP address apart, and tell that the strings are Unicode.
        held.push(text(0x5d01, address, form));
        held.push(text(0x5d02, address, form));
        held.push(Held(0x340d, PropertyValue::Long(0x0004_0000)));
    }
    let crlf = sample.body.replace('\n', "\r\n");
    match form {
        BodyForm::Unicode => {
            held.push(Held(0x3fde, PropertyValue::Long(65001)));
            held.push(text(0x1000, &crlf, form));
            held.extend(sample.html.iter().map(|html| Held(0x1013, PropertyValue::Binary(html.clone().into_bytes()))));
        }
        BodyForm::Cp932 => {
            held.push(Held(0x3fde, PropertyValue::Long(932)));
            held.push(Held(0x3ffd, PropertyValue::Long(932)));
            held.push(text(0x1000, &crlf, form));
            held.extend(sample.html.iter().map(|html| Held(0x1013, PropertyValue::Binary(cp932(html)))));
        }
        BodyForm::RtfFromHtml => {
            let html = sample.html.clone().unwrap_or_else(|| rtf::simple_html(&sample.body));
            held.push(Held(0x1009, PropertyValue::Binary(rtf::compressed(&rtf::from_html(&html)))));
        }
        BodyForm::RtfFromText => held.push(Held(0x1009, PropertyValue::Binary(rtf::stored(&rtf::from_text(&sample.body))))),
    }
    held
}

/// `kind`: 1 for To, 2 for Cc.
pub(super) fn recipient_properties(party: &(String, String), kind: u32, form: BodyForm) -> Vec<Held> {
    vec![
        Held(0x0c15, PropertyValue::Long(kind)),
        text(0x3001, &party.0, form),
        text(0x3002, "SMTP", form),
        text(0x3003, &party.1, form),
        text(0x39fe, &party.1, form),
    ]
}

pub(super) fn attachment_properties(number: u32, name: &str, content_type: &str, form: BodyForm) -> Vec<Held> {
    vec![
        Held(0x0e21, PropertyValue::Long(number)),
        Held(0x3705, PropertyValue::Long(1)),
        Held(0x370b, PropertyValue::Long(u32::MAX)),
        text(0x3704, name, form),
        text(0x3707, name, form),
        text(0x370e, content_type, form),
    ]
}

pub(super) fn embedded_properties(number: u32, subject: &str, form: BodyForm) -> Vec<Held> {
    vec![
        Held(0x0e21, PropertyValue::Long(number)),
        Held(0x3705, PropertyValue::Long(5)),
        Held(0x370b, PropertyValue::Long(u32::MAX)),
        text(0x3001, subject, form),
    ]
}
