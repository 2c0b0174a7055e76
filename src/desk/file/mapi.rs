//! The mail inside a file of Outlook or Exchange: one model for .msg and winmail.dat.
//!
//! Both are spellings of the same MAPI properties (MS-OXPROPS); the readers ([`super::outlook`], [`super::tnef`]) collect
//! properties, `assemble` turns them into a mail. Promises: nothing here panics, and time and memory are linear in the file,
//! whatever sizes, links and nesting it claims; what could not be read shows in `legibility` or `reach`.
//! Rejected: writing the properties out as an RFC 5322 mail and parsing that; the headers would be invented, and the desk
//! could no longer tell what the file said from what we made of it.

pub(super) mod assemble;
pub(super) mod budget;
pub(super) mod cursor;
pub(super) mod property;
pub(super) mod text;

use super::Reach;
use crate::desk::text::charset::Legibility;

/// A mail as its MAPI properties tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapiMail {
    /// `PidTagTransportMessageHeaders`, as written; only received mails have it.
    pub headers: Option<String>,
    /// Whom the mail is from: the one represented, else the sender.
    pub from: Option<Party>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub subject: Option<String>,
    /// Seconds since 1970, UTC: `PidTagClientSubmitTime`, else `PidTagMessageDeliveryTime`.
    pub sent: Option<i64>,
    /// `PidTagInternetMessageId`, with its angle brackets if it was written with them.
    pub message_id: Option<String>,
    /// The plain body; taken from the RTF body where the file has no other.
    pub plain: Option<String>,
    /// The HTML body; taken from the RTF body where that encapsulates HTML and the file has no other.
    pub html: Option<String>,
    /// The worst of all texts that were decoded for this mail.
    pub legibility: Legibility,
    pub attachments: Vec<MapiAttachment>,
    /// Whether the bounds, or damage, kept anything out that was read up to this mail.
    pub reach: Reach,
}

/// One who wrote or receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub name: Option<String>,
    /// An SMTP address; the X.500 names of Exchange are none.
    pub address: Option<String>,
}

/// What came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapiAttachment {
    /// Data, never a path.
    pub name: Option<String>,
    pub content_type: Option<String>,
    pub content: Content,
}

/// What an attachment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file; empty where the mail only refers to it, a beginning where `reach` is cut.
    Bytes(Vec<u8>),
    /// An embedded message.
    Mail(Box<MapiMail>),
}

/// How much of a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many mails may lie inside each other, not counting the outermost; 32 at most.
    pub depth: u8,
    /// Attachments, in all mails of the file together.
    pub members: usize,
    /// Decoded bytes of all properties, RTF and attachments together.
    pub bytes: usize,
}

/// Why a file is no mail at all. None of these is an applicant's fault to answer: the file goes to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// MS-CFB section 2.2.
    #[error("the file does not begin like a compound file")]
    NotCompound,
    /// MS-CFB section 2.2 knows 512 and 4096 bytes.
    #[error("the compound file has sectors of an unknown size")]
    SectorSize,
    /// MS-CFB section 2.6.
    #[error("the compound file has no directory")]
    NoDirectory,
    /// MS-OXMSG section 2.4: another program's compound file, an old office document perhaps.
    #[error("the compound file holds no message")]
    NoMessage,
    /// MS-OXTNEF
    #[error("the file does not begin like TNEF")]
    NotTnef,
    /// A signature with no attribute behind it.
    #[error("the TNEF stream holds no message")]
    Hollow,
    /// MS-OXRTFCP
    #[error("the RTF body is compressed in an unknown way")]
    RtfCompression,
    /// No `{\rtf` at its start.
    #[error("the RTF body does not begin like RTF")]
    NotRtf,
}

#[cfg(test)]
mod tests;
