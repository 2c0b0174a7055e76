//! The few MAPI properties that make a mail, as both containers spell them.
//!
//! Promises: at most one value a tag and kind is kept, and only of the tags listed here, so a file with a million properties
//! costs a walk and no memory. Rejected: reading every property; most belong to calendars and to Exchange itself.

use std::borrow::Cow;

/// Property ids (MS-OXPROPS); the names are those of the specification without `PidTag`.
pub mod id {
    pub const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub const SUBJECT: u16 = 0x0037;
    pub const SENT_REPRESENTING_NAME: u16 = 0x0042;
    pub const SENT_REPRESENTING_EMAIL_ADDRESS: u16 = 0x0065;
    pub const TRANSPORT_MESSAGE_HEADERS: u16 = 0x007d;
    pub const RECIPIENT_TYPE: u16 = 0x0c15;
    pub const SENDER_NAME: u16 = 0x0c1a;
    pub const SENDER_EMAIL_ADDRESS: u16 = 0x0c1f;
    pub const DISPLAY_CC: u16 = 0x0e03;
    pub const DISPLAY_TO: u16 = 0x0e04;
    pub const MESSAGE_DELIVERY_TIME: u16 = 0x0e06;
    pub const BODY: u16 = 0x1000;
    pub const RTF_COMPRESSED: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const INTERNET_MESSAGE_ID: u16 = 0x1035;
    pub const DISPLAY_NAME: u16 = 0x3001;
    pub const EMAIL_ADDRESS: u16 = 0x3003;
    pub const ATTACH_DATA: u16 = 0x3701;
    pub const ATTACH_FILENAME: u16 = 0x3704;
    pub const ATTACH_METHOD: u16 = 0x3705;
    pub const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub const ATTACH_MIME_TAG: u16 = 0x370e;
    pub const SMTP_ADDRESS: u16 = 0x39fe;
    pub const INTERNET_CODEPAGE: u16 = 0x3fde;
    pub const MESSAGE_CODEPAGE: u16 = 0x3ffd;
    pub const SENDER_SMTP_ADDRESS: u16 = 0x5d01;
    pub const SENT_REPRESENTING_SMTP_ADDRESS: u16 = 0x5d02;

    /// Whether the id is one of these.
    #[must_use]
    pub fn is_wanted(id: u16) -> bool {
        matches!(
            id,
            CLIENT_SUBMIT_TIME
                | SUBJECT
                | SENT_REPRESENTING_NAME
                | SENT_REPRESENTING_EMAIL_ADDRESS
                | TRANSPORT_MESSAGE_HEADERS
                | RECIPIENT_TYPE
                | SENDER_NAME
                | SENDER_EMAIL_ADDRESS
                | DISPLAY_CC
                | DISPLAY_TO
                | MESSAGE_DELIVERY_TIME
                | BODY
                | RTF_COMPRESSED
                | HTML
                | INTERNET_MESSAGE_ID
                | DISPLAY_NAME
                | EMAIL_ADDRESS
                | ATTACH_DATA
                | ATTACH_FILENAME
                | ATTACH_METHOD
                | ATTACH_LONG_FILENAME
                | ATTACH_MIME_TAG
                | SMTP_ADDRESS
                | INTERNET_CODEPAGE
                | MESSAGE_CODEPAGE
                | SENDER_SMTP_ADDRESS
                | SENT_REPRESENTING_SMTP_ADDRESS
        )
    }
}

/// Property types (MS-OXCDATA section 2.11.1).
pub mod kind {
    pub const INTEGER_16: u16 = 0x0002;
    pub const INTEGER_32: u16 = 0x0003;
    pub const FLOATING_32: u16 = 0x0004;
    pub const FLOATING_64: u16 = 0x0005;
    pub const CURRENCY: u16 = 0x0006;
    pub const FLOATING_TIME: u16 = 0x0007;
    pub const ERROR_CODE: u16 = 0x000a;
    pub const BOOLEAN: u16 = 0x000b;
    pub const OBJECT: u16 = 0x000d;
    pub const INTEGER_64: u16 = 0x0014;
    pub const STRING_8: u16 = 0x001e;
    pub const UNICODE: u16 = 0x001f;
    pub const TIME: u16 = 0x0040;
    pub const GUID: u16 = 0x0048;
    pub const BINARY: u16 = 0x0102;
    /// Set where a property has several values.
    pub const MULTIPLE: u16 = 0x1000;
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    Unicode(Cow<'a, [u8]>),
    EightBit(Cow<'a, [u8]>),
    Binary(Cow<'a, [u8]>),
    Object(Cow<'a, [u8]>),
    Long(u32),
    /// Seconds since 1970, UTC.
    Seconds(i64),
}

/// The wanted properties of one object.
#[derive(Debug, Clone, Default)]
pub struct Properties<'a> {
    values: Vec<(u16, Value<'a>)>,
}

impl<'a> Properties<'a> {
    /// Keeps a value; the first of a kind stays. An empty string is none: it would hide one that is written elsewhere.
    pub fn add(&mut self, id: u16, value: Value<'a>) {
        if let Value::Unicode(text) | Value::EightBit(text) = &value
            && text.iter().all(|byte| *byte == 0)
        {
            return;
        }
        let same = |held: &(u16, Value<'a>)| held.0 == id && std::mem::discriminant(&held.1) == std::mem::discriminant(&value);
        if id::is_wanted(id) && !self.values.iter().any(same) {
            self.values.push((id, value));
        }
    }

    /// Keeps a value of variable length by its type; other types are none of ours.
    pub fn add_bytes(&mut self, id: u16, kind: u16, bytes: Cow<'a, [u8]>) {
        match kind {
            kind::UNICODE => self.add(id, Value::Unicode(bytes)),
            kind::STRING_8 => self.add(id, Value::EightBit(bytes)),
            kind::BINARY => self.add(id, Value::Binary(bytes)),
            kind::OBJECT => self.add(id, Value::Object(bytes)),
            _ => {}
        }
    }

    /// Keeps a value of fixed length by its type, given as 64 bits.
    pub fn add_fixed(&mut self, id: u16, kind: u16, bits: u64) {
        match kind {
            kind::INTEGER_32 => {
                let low = u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
                self.add(id, Value::Long(low));
            }
            kind::TIME => {
                if let Some(seconds) = unix_seconds(bits) {
                    self.add(id, Value::Seconds(seconds));
                }
            }
            _ => {}
        }
    }

    /// Every value of the id, in the order of the file.
    pub fn all(&self, id: u16) -> impl Iterator<Item = &Value<'a>> {
        self.values.iter().filter(move |(held, _)| *held == id).map(|(_, value)| value)
    }

    #[must_use]
    pub fn long(&self, id: u16) -> Option<u32> {
        self.all(id).find_map(|value| if let Value::Long(long) = value { Some(*long) } else { None })
    }

    #[must_use]
    pub fn seconds(&self, id: u16) -> Option<i64> {
        self.all(id).find_map(|value| if let Value::Seconds(seconds) = value { Some(*seconds) } else { None })
    }

    #[must_use]
    pub fn binary(&self, id: u16) -> Option<&[u8]> {
        self.all(id).find_map(|value| if let Value::Binary(bytes) = value { Some(bytes.as_ref()) } else { None })
    }

    #[must_use]
    pub fn object(&self, id: u16) -> Option<&[u8]> {
        self.all(id).find_map(|value| if let Value::Object(bytes) = value { Some(bytes.as_ref()) } else { None })
    }
}

/// FILETIME: steps of 100 ns since 1601 (MS-DTYP section 2.3.3). Zero, and what lies before 1970, is nobody's sending time;
/// nor is what lies after the year 9999.
fn unix_seconds(filetime: u64) -> Option<i64> {
    const STEPS_A_SECOND: u64 = 10_000_000;
    const FROM_1601_TO_1970: u64 = 11_644_473_600;
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = (filetime / STEPS_A_SECOND).checked_sub(FROM_1601_TO_1970)?;
    if seconds < YEAR_10000 { i64::try_from(seconds).ok() } else { None }
}
