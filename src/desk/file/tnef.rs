//! winmail.dat: what Outlook and Exchange wrap a mail in that they send as "rich text" (MS-OXTNEF).
//!
//! Promises: a wrong checksum is no reason to lose a mail, nor is a stream that breaks off; what came before is read.
//! Rejected: the tnef crate; it fails on attributes that it does not know.

mod property;

use std::borrow::Cow;

use super::mapi::assemble::{self, Collected, Reader};
use super::mapi::budget::Budget;
use super::mapi::cursor::Cursor;
use super::mapi::property::{Properties, Value, id};
use super::mapi::{Bounds, Broken, Content, MapiAttachment, MapiMail};

/// The first bytes of a TNEF stream, 0x223E9F78.
pub const MAGIC: &[u8] = b"\x78\x9f\x3e\x22";

/// `IID_IMessage`, {00020307-0000-0000-C000-000000000046}: the object behind it is a TNEF stream.
const EMBEDDED_MESSAGE: &[u8] = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46";
const GUID: usize = 16;

/// Attributes (MS-OXTNEF); the upper half, a data type, says nothing more and is left out.
mod attribute {
    pub const FROM: u16 = 0x8000;
    pub const SUBJECT: u16 = 0x8004;
    pub const DATE_SENT: u16 = 0x8005;
    pub const DATE_RECEIVED: u16 = 0x8006;
    pub const BODY: u16 = 0x800c;
    pub const ATTACH_DATA: u16 = 0x800f;
    pub const ATTACH_TITLE: u16 = 0x8010;
    pub const ATTACH_TRANSPORT_FILENAME: u16 = 0x9001;
    pub const ATTACH_RENDER_DATA: u16 = 0x9002;
    pub const MAPI_PROPERTIES: u16 = 0x9003;
    pub const RECIPIENT_TABLE: u16 = 0x9004;
    pub const ATTACHMENT: u16 = 0x9005;
    pub const OEM_CODEPAGE: u16 = 0x9007;
}

/// Reads a winmail.dat.
///
/// # Errors
/// Where the file is no TNEF stream, or an empty one.
pub fn read(bytes: &[u8], bounds: &Bounds) -> Result<MapiMail, Broken> {
    stream(bytes, &mut Budget::new(bounds))
}

fn stream(bytes: &[u8], budget: &mut Budget) -> Result<MapiMail, Broken> {
    let mut cursor = Cursor::new(bytes);
    if cursor.take(MAGIC.len()) != Some(MAGIC) {
        return Err(Broken::NotTnef);
    }
    // The legacy key.
    cursor.take_most(2);
    if cursor.is_empty() {
        return Err(Broken::Hollow);
    }
    let mut message = Message::default();
    while let Some((level, attribute, data)) = next(&mut cursor, budget) {
        match level {
            Level::Message => message.attribute(attribute, data, budget),
            Level::Attachment => message.attachment_attribute(attribute, data, budget),
        }
    }
    Ok(message.finish(budget))
}

#[derive(Debug, Clone, Copy)]
enum Level {
    Message,
    Attachment,
}

/// One attribute (MS-OXTNEF); what is left of it where the stream breaks off.
fn next<'a>(cursor: &mut Cursor<'a>, budget: &mut Budget) -> Option<(Level, u16, &'a [u8])> {
    if cursor.is_empty() {
        return None;
    }
    let level = match cursor.u8() {
        Some(1) => Level::Message,
        Some(2) => Level::Attachment,
        // Some gateways pad the stream with zeros, or end it with a line end.
        Some(first) if is_padding(&first) && cursor.rest().iter().all(is_padding) => return None,
        _ => {
            budget.cut();
            return None;
        }
    };
    let (Some(attribute), Some(_), Some(length)) = (cursor.u16(), cursor.u16(), cursor.length()) else {
        budget.cut();
        return None;
    };
    let data = cursor.take_most(length);
    if data.len() < length {
        budget.cut();
    }
    // The checksum is not compared; Exchange Online has been seen to leave out the last one (2018).
    cursor.take_most(2);
    Some((level, attribute, data))
}

fn is_padding(byte: &u8) -> bool {
    matches!(byte, 0 | b'\r' | b'\n')
}

/// A message while its attributes come in.
#[derive(Default)]
struct Message<'a> {
    page: Option<u32>,
    properties: Properties<'a>,
    recipients: Vec<Properties<'a>>,
    attachments: Vec<Attachment<'a>>,
    /// Beyond the bounds: the attributes that follow belong to an attachment that is not read.
    is_attachment_refused: bool,
    sent: Option<i64>,
    received: Option<i64>,
}

#[derive(Default)]
struct Attachment<'a> {
    title: Option<&'a [u8]>,
    transport_name: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    properties: Properties<'a>,
}

impl<'a> Message<'a> {
    fn attribute(&mut self, attribute: u16, data: &'a [u8], budget: &mut Budget) {
        match attribute {
            attribute::OEM_CODEPAGE => self.page = Cursor::new(data).u32(),
            attribute::SUBJECT => self.string(id::SUBJECT, data, budget),
            attribute::BODY => self.string(id::BODY, data, budget),
            attribute::FROM => self.from(data, budget),
            attribute::DATE_SENT => self.sent = self.sent.or_else(|| date(data)),
            attribute::DATE_RECEIVED => self.received = self.received.or_else(|| date(data)),
            attribute::MAPI_PROPERTIES => property::list(&mut Cursor::new(data), &mut self.properties, budget),
            attribute::RECIPIENT_TABLE => self.recipient_table(data, budget),
            _ => {}
        }
    }

    fn string(&mut self, id: u16, data: &'a [u8], budget: &mut Budget) {
        let granted = budget.take(data.len());
        self.properties.add(id, Value::EightBit(Cow::Borrowed(data.get(..granted).unwrap_or(data))));
    }

    /// A TRP structure: four sizes, a name, and an address such as `SMTP:hanako@example.jp` (MS-OXTNEF).
    fn from(&mut self, data: &'a [u8], budget: &mut Budget) {
        let mut cursor = Cursor::new(data);
        let (Some(_), Some(_), Some(name), Some(address)) = (cursor.u16(), cursor.u16(), cursor.u16(), cursor.u16()) else { return };
        let name = cursor.take_most(usize::from(name));
        let address = cursor.take_most(usize::from(address));
        self.string(id::SENDER_NAME, name, budget);
        self.string(id::SENDER_EMAIL_ADDRESS, address, budget);
    }

    /// Rows of properties (MS-OXTNEF).
    fn recipient_table(&mut self, data: &'a [u8], budget: &mut Budget) {
        let mut cursor = Cursor::new(data);
        let Some(rows) = cursor.u32() else { return };
        for _ in 0..rows {
            if cursor.is_empty() || !budget.recipient() {
                budget.cut();
                return;
            }
            let mut row = Properties::default();
            property::list(&mut cursor, &mut row, budget);
            self.recipients.push(row);
        }
    }

    fn attachment_attribute(&mut self, attribute: u16, data: &'a [u8], budget: &mut Budget) {
        // Each attachment begins with its rendering data.
        if attribute == attribute::ATTACH_RENDER_DATA || (self.attachments.is_empty() && !self.is_attachment_refused) {
            self.is_attachment_refused = !budget.member();
            if !self.is_attachment_refused {
                self.attachments.push(Attachment::default());
            }
        }
        let Some(attachment) = self.attachments.last_mut().filter(|_| !self.is_attachment_refused) else { return };
        match attribute {
            attribute::ATTACH_TITLE => attachment.title = Some(data),
            attribute::ATTACH_TRANSPORT_FILENAME => attachment.transport_name = Some(data),
            attribute::ATTACH_DATA => attachment.data = Some(data),
            attribute::ATTACHMENT => property::list(&mut Cursor::new(data), &mut attachment.properties, budget),
            _ => {}
        }
    }

    fn finish(self, budget: &mut Budget) -> MapiMail {
        let mut reader = Reader::of(&self.properties, self.page);
        let attachments = self.attachments.into_iter().map(|attachment| attachment.finish(&mut reader, budget)).collect();
        let Self { properties, recipients, .. } = self;
        let mut mail = assemble::mail(Collected { properties, recipients, attachments, reader }, budget);
        mail.sent = mail.sent.or(self.sent).or(self.received);
        mail
    }
}

impl Attachment<'_> {
    fn finish(mut self, reader: &mut Reader, budget: &mut Budget) -> MapiAttachment {
        for title in [self.title, self.transport_name].into_iter().flatten() {
            let granted = budget.take(title.len());
            self.properties.add(id::DISPLAY_NAME, Value::EightBit(Cow::Borrowed(title.get(..granted).unwrap_or(title))));
        }
        let name = reader.first(&self.properties, &[id::ATTACH_LONG_FILENAME, id::ATTACH_FILENAME, id::DISPLAY_NAME]);
        let content_type = reader.string(&self.properties, id::ATTACH_MIME_TAG);
        MapiAttachment { name, content_type, content: self.content(budget) }
    }

    fn content(&self, budget: &mut Budget) -> Content {
        if let Some((interface, object)) = self.properties.object(id::ATTACH_DATA).and_then(|object| object.split_at_checked(GUID)) {
            return if interface == EMBEDDED_MESSAGE { embedded(object, budget) } else { paid(object, budget) };
        }
        if let Some(bytes) = self.properties.binary(id::ATTACH_DATA) {
            return Content::Bytes(bytes.to_vec());
        }
        paid(self.data.unwrap_or_default(), budget)
    }
}

fn paid(bytes: &[u8], budget: &mut Budget) -> Content {
    let granted = budget.take(bytes.len());
    Content::Bytes(bytes.get(..granted).unwrap_or(bytes).to_vec())
}

fn embedded(object: &[u8], budget: &mut Budget) -> Content {
    if !budget.deeper() {
        return Content::Bytes(Vec::new());
    }
    let mail = stream(object, budget);
    budget.back();
    match mail {
        Ok(mail) => Content::Mail(Box::new(mail)),
        Err(_) => {
            budget.cut();
            paid(object, budget)
        }
    }
}

/// A DTR structure: seven 16-bit numbers from the year to the second, UTC (MS-OXTNEF).
fn date(data: &[u8]) -> Option<i64> {
    let mut cursor = Cursor::new(data);
    let mut parts = [0i16; 6];
    for part in &mut parts {
        *part = i16::try_from(cursor.u16()?).ok()?;
    }
    let [year, rest @ ..] = parts;
    let [month, day, hour, minute, second] = rest.map(|part| i8::try_from(part).unwrap_or(-1));
    if !(1970..=9999).contains(&year) {
        return None;
    }
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests;
