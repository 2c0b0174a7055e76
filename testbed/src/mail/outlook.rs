//! Mails as Outlook and Exchange save and send them: .msg files and winmail.dat.
//!
//! Promises: built from the specifications alone (MS-OXMSG, MS-OXTNEF, MS-OXRTFCP, MS-OXRTFEX), sharing no code with the reader that
//! is tested by it; the same sample always gives the same bytes.
//! Rejected: files saved by the real programs; they carry their makers' names, servers and times.

mod property;
mod rtf;
mod tnef;

use std::io::{Cursor, Write};
use std::time::{Duration, SystemTime};

pub use rtf::{compressed, from_html, from_text, stored};
pub use tnef::winmail;

use property::{Held, PropertyValue, message_properties, recipient_properties};

/// A mail to be written.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Name and address.
    pub from: (String, String),
    pub to: Vec<(String, String)>,
    pub cc: Vec<(String, String)>,
    pub subject: String,
    /// Lines end in `\n`.
    pub body: String,
    pub html: Option<String>,
    /// Seconds since 1970, UTC.
    pub sent: i64,
    pub message_id: String,
    pub form: BodyForm,
    /// Name, content type, bytes.
    pub attachments: Vec<(String, String, Vec<u8>)>,
    pub embedded: Vec<Sample>,
}

/// How a mail keeps its strings and bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// Unicode strings, plain body, HTML in UTF-8: Outlook since 2003.
    Unicode,
    /// Eight-bit strings and bodies in code page 932, and in winmail.dat the attributes from before MAPI: Outlook up to 2002.
    Cp932,
    /// No body but RTF, compressed, that encapsulates the HTML.
    RtfFromHtml,
    /// No body but RTF, stored, made from plain text in code page 932.
    RtfFromText,
}

/// Writes a .msg file.
#[must_use]
pub fn msg(sample: &Sample) -> Vec<u8> {
    match try_msg(sample) {
        Ok(file) => file,
        Err(error) => unreachable!("a file in memory takes every write: {error}"),
    }
}

type Compound = cfb::CompoundFile<Cursor<Vec<u8>>>;

fn try_msg(sample: &Sample) -> std::io::Result<Vec<u8>> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    file.create_storage("/__nameid_version1.0")?;
    for name in ["00020102", "00030102", "00040102"] {
        file.create_stream(format!("/__nameid_version1.0/__substg1.0_{name}"))?;
    }
    message(&mut file, "", sample, 32)?;
    // The writer stamps everything with the clock; a sample has a time of its own.
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(sample.sent).unwrap_or(0));
    let storages: Vec<_> = file.walk().filter(|entry| entry.is_storage()).map(|entry| entry.path().to_owned()).collect();
    for storage in storages {
        file.set_created_time(&storage, time)?;
        file.set_modified_time(&storage, time)?;
    }
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

/// Writes a message into the storage at `path`; the property stream has a header of 32 bytes at the top and of 24 inside.
fn message(file: &mut Compound, path: &str, sample: &Sample, header: usize) -> std::io::Result<()> {
    let form = sample.form;
    let recipients: Vec<_> = sample.to.iter().map(|party| (party, 1)).chain(sample.cc.iter().map(|party| (party, 2))).collect();
    for (number, (party, kind)) in recipients.iter().enumerate() {
        let storage = format!("{path}/__recip_version1.0_#{number:08X}");
        file.create_storage(&storage)?;
        properties(file, &storage, &recipient_properties(party, *kind, form), &[0; 8])?;
    }
    let mut members = 0u32;
    for (name, content_type, bytes) in &sample.attachments {
        let storage = format!("{path}/__attach_version1.0_#{members:08X}");
        file.create_storage(&storage)?;
        let mut held = property::attachment_properties(members, name, content_type, form);
        held.push(Held(0x3701, PropertyValue::Binary(bytes.clone())));
        properties(file, &storage, &held, &[0; 8])?;
        members += 1;
    }
    for inner in &sample.embedded {
        let storage = format!("{path}/__attach_version1.0_#{members:08X}");
        file.create_storage(&storage)?;
        let mut held = property::embedded_properties(members, &inner.subject, form);
        held.push(Held(0x3701, PropertyValue::Object));
        properties(file, &storage, &held, &[0; 8])?;
        let inside = format!("{storage}/__substg1.0_3701000D");
        file.create_storage(&inside)?;
        message(file, &inside, inner, 24)?;
        members += 1;
    }
    let people = u32::try_from(recipients.len()).unwrap_or(0);
    let mut start = vec![0; 8];
    for count in [people, members, people, members] {
        start.extend_from_slice(&count.to_le_bytes());
    }
    start.resize(header, 0);
    properties(file, path, &message_properties(sample), &start)
}

/// Writes the property stream and one stream for each value of variable length (MS-OXMSG section 2.4).
fn properties(file: &mut Compound, path: &str, held: &[Held], header: &[u8]) -> std::io::Result<()> {
    let mut fixed = header.to_vec();
    for Held(id, value) in held {
        let kind = value.kind();
        fixed.extend_from_slice(&kind.to_le_bytes());
        fixed.extend_from_slice(&id.to_le_bytes());
        // Readable and writable.
        fixed.extend_from_slice(&6u32.to_le_bytes());
        fixed.extend_from_slice(&value.entry());
        if let Some(bytes) = value.stream() {
            file.create_stream(format!("{path}/__substg1.0_{id:04X}{kind:04X}"))?.write_all(&bytes)?;
        }
    }
    file.create_stream(format!("{path}/__properties_version1.0"))?.write_all(&fixed)
}
