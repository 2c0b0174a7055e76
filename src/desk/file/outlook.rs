//! Mails that Outlook saved as .msg (MS-OXMSG).
//!
//! Promises: top-level message and embedded ones, to the depth of the bounds; the name of the file does not matter, its first
//! bytes do. Rejected: the msg_parser crate, which reads neither HTML from RTF nor eight-bit Japanese strings.

mod compound;

use std::borrow::Cow;

use self::compound::{Compound, Entry, Kind};
use super::mapi::assemble::{self, Collected, Reader};
use super::mapi::budget::Budget;
use super::mapi::cursor::Cursor;
use super::mapi::property::{Properties, id, kind};
use super::mapi::{Bounds, Broken, Content, MapiAttachment, MapiMail};

/// The first bytes of a compound file; old office documents share them.
pub const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

const PROPERTIES: &str = "__properties_version1.0";
const SUBSTREAM: &str = "__substg1.0_";
const RECIPIENT: &str = "__recip_version1.0_#";
const ATTACHMENT: &str = "__attach_version1.0_#";
const DATA_STORAGE: &str = "__substg1.0_3701000d";

/// Reads a .msg file.
///
/// # Errors
/// Where the file is no compound file, or one that holds no message.
pub fn read(bytes: &[u8], bounds: &Bounds) -> Result<MapiMail, Broken> {
    let compound = Compound::open(bytes)?;
    let is_damaged = compound.is_damaged();
    let mut file = File { compound, budget: Budget::new(bounds) };
    if is_damaged {
        file.budget.cut();
    }
    file.message(Compound::ROOT, Owner::TopMessage).ok_or(Broken::NoMessage)
}

/// Whose property stream it is: its header differs in length (MS-OXMSG section 2.4.1).
#[derive(Debug, Clone, Copy)]
enum Owner {
    TopMessage,
    EmbeddedMessage,
    RecipientOrAttachment,
}

impl Owner {
    const fn header(self) -> usize {
        match self {
            Self::TopMessage => 32,
            Self::EmbeddedMessage => 24,
            Self::RecipientOrAttachment => 8,
        }
    }
}

struct File<'a> {
    compound: Compound<'a>,
    budget: Budget,
}

impl File<'_> {
    /// The message in a storage; `None` where it holds none.
    fn message(&mut self, storage: usize, owner: Owner) -> Option<MapiMail> {
        let properties = self.properties(storage, owner)?;
        let mut reader = Reader::of(&properties, None);
        let mut recipients = Vec::new();
        for recipient in self.storages(storage, RECIPIENT) {
            if !self.budget.recipient() {
                break;
            }
            match self.properties(recipient, Owner::RecipientOrAttachment) {
                Some(properties) => recipients.push(properties),
                None => self.budget.cut(),
            }
        }
        let mut attachments = Vec::new();
        for attachment in self.storages(storage, ATTACHMENT) {
            if !self.budget.member() {
                break;
            }
            match self.attachment(attachment, &mut reader) {
                Some(attachment) => attachments.push(attachment),
                None => self.budget.cut(),
            }
        }
        Some(assemble::mail(Collected { properties, recipients, attachments, reader }, &mut self.budget))
    }

    /// Storages whose names begin so, in the order of their numbers.
    fn storages(&self, parent: usize, prefix: &str) -> Vec<usize> {
        let of_kind = |(_, entry): &(usize, &Entry)| entry.kind == Kind::Storage && entry.name.starts_with(prefix);
        let mut found: Vec<_> = self.compound.children(parent).filter(of_kind).collect();
        found.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        found.into_iter().map(|(place, _)| place).collect()
    }

    fn attachment(&mut self, storage: usize, reader: &mut Reader) -> Option<MapiAttachment> {
        let properties = self.properties(storage, Owner::RecipientOrAttachment)?;
        let name = reader.first(&properties, &[id::ATTACH_LONG_FILENAME, id::ATTACH_FILENAME, id::DISPLAY_NAME]);
        let content_type = reader.string(&properties, id::ATTACH_MIME_TAG);
        let content = match self.inner_storage(storage) {
            Some(inner) => self.embedded(inner),
            None => Content::Bytes(properties.binary(id::ATTACH_DATA).unwrap_or_default().to_vec()),
        };
        Some(MapiAttachment { name, content_type, content })
    }

    fn inner_storage(&self, attachment: usize) -> Option<usize> {
        let is_data = |(_, entry): &(usize, &Entry)| entry.kind == Kind::Storage && entry.name == DATA_STORAGE;
        self.compound.children(attachment).find(is_data).map(|(place, _)| place)
    }

    /// An embedded message; an OLE object in its place is noted as not read.
    fn embedded(&mut self, storage: usize) -> Content {
        let mail = if self.budget.deeper() {
            let mail = self.message(storage, Owner::EmbeddedMessage);
            self.budget.back();
            mail
        } else {
            None
        };
        match mail {
            Some(mail) => Content::Mail(Box::new(mail)),
            None => {
                self.budget.cut();
                Content::Bytes(Vec::new())
            }
        }
    }

    fn properties(&mut self, storage: usize, owner: Owner) -> Option<Properties<'static>> {
        let streams: Vec<(usize, Entry)> = self
            .compound
            .children(storage)
            .filter(|(_, entry)| entry.kind == Kind::Stream && is_read(&entry.name))
            .map(|(place, entry)| (place, entry.clone()))
            .collect();
        let (_, fixed) = streams.iter().find(|(_, entry)| entry.name == PROPERTIES)?;
        let fixed = self.stream(fixed);
        let mut properties = fixed_properties(&fixed, owner);
        for (_, entry) in &streams {
            if let Some((id, kind)) = tag(&entry.name) {
                let bytes = self.stream(entry);
                properties.add_bytes(id, kind, Cow::Owned(bytes));
            }
        }
        Some(properties)
    }

    fn stream(&mut self, entry: &Entry) -> Vec<u8> {
        // No stream is larger than its file, whatever it claims.
        let claimed = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let granted = self.budget.take(claimed.min(self.compound.length()));
        let bytes = self.compound.read(entry, granted);
        if bytes.len() < claimed {
            self.budget.cut();
        }
        bytes
    }
}

fn is_read(name: &str) -> bool {
    name == PROPERTIES || tag(name).is_some_and(|(id, _)| id::is_wanted(id))
}

/// Property id and type from the name of a stream (MS-OXMSG section 2.1). Streams of multi-valued properties have
/// longer names and are none.
fn tag(name: &str) -> Option<(u16, u16)> {
    let tag = u32::from_str_radix(name.strip_prefix(SUBSTREAM).filter(|digits| digits.len() == 8)?, 16).ok()?;
    Some((u16::try_from(tag >> 16).ok()?, u16::try_from(tag & 0xffff).ok()?))
}

/// Entries of 16 bytes: type, id, flags, value (MS-OXMSG section 2.4.2).
fn fixed_properties(stream: &[u8], owner: Owner) -> Properties<'static> {
    let mut cursor = Cursor::new(stream);
    let mut properties = Properties::default();
    cursor.take_most(owner.header());
    while let (Some(kind), Some(id), Some(_), Some(bits)) = (cursor.u16(), cursor.u16(), cursor.u32(), cursor.u64()) {
        if matches!(kind, kind::INTEGER_32 | kind::TIME) {
            properties.add_fixed(id, kind, bits);
        }
    }
    properties
}

#[cfg(test)]
mod tests;
