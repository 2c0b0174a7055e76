//! FETCH and UID FETCH.
//!
//! Promises: bodies are shared with the folder, `BODY[]` sets \Seen and `BODY.PEEK[]` does not, items come in the order asked for.
//! Rejected: ENVELOPE and BODYSTRUCTURE; the product must never ask for them (real ones break parsers), so asking is answered BAD.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::command::Arguments;
use super::reply::{Ending, Line, Piece, Refusal, Reply};
use super::set::{Numbering, members};
use super::state::{Message, State};
use super::view::{Mode, View};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Whole,
    Header,
    Text,
}

/// Whether a fetch of a body marks the message as read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marking {
    Seen,
    Peek,
}

#[derive(Clone, PartialEq, Eq)]
enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    Body { label: String, section: Section, part: Option<(usize, usize)>, marking: Marking },
}

pub(super) fn fetch(state: &mut State, view: &View, mut arguments: Arguments<'_>, numbering: Numbering) -> Result<Reply, Refusal> {
    let places = members(&arguments.atom(), numbering, &view.uids)?;
    let mut items = Vec::new();
    for word in arguments.list()? {
        items.append(&mut item(&word)?);
    }
    if items.is_empty() || !arguments.is_empty() {
        return Err(Refusal::Bad("FETCH asks for nothing, or for too much".to_owned()));
    }
    if numbering == Numbering::Uid && !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    let asks_body = items.iter().any(|item| matches!(item, Item::Body { .. }));
    let marks = view.mode == Mode::ReadWrite && items.iter().any(|item| matches!(item, Item::Body { marking: Marking::Seen, .. }));
    let mut reply = Reply::tagged("OK FETCH completed");
    let Some(shelf) = state.folders.get_mut(&view.folder) else { return Ok(reply) };
    for place in places {
        // Gone by another session's hand, and not yet told: nothing is sent for it (RFC 2180 4.1.2).
        let Some(message) = shelf.messages.get_mut(&place.uid) else { continue };
        let newly_seen = marks && message.flags.insert("\\Seen".to_owned());
        let mut line = response(place.sequence, message, &items);
        if newly_seen && !items.contains(&Item::Flags) {
            line.pieces.push(Piece::Text(format!(" FLAGS {}", flag_list(&message.flags)).into_bytes()));
        }
        line.pieces.push(Piece::Text(b")".to_vec()));
        reply.lines.push(line);
        if asks_body {
            reply.bodies_asked.push(place.uid);
        }
    }
    Ok(reply)
}

/// `* 4 FETCH (UID 9 FLAGS (\Seen))`, as STORE answers.
pub(super) fn flags_line(sequence: usize, message: &Message, numbering: Numbering) -> Line {
    let uid = if numbering == Numbering::Uid { format!("UID {} ", message.uid) } else { String::new() };
    Line { uid: Some(message.uid), ..Line::text(format!("* {sequence} FETCH ({uid}FLAGS {})", flag_list(&message.flags))) }
}

fn response(sequence: usize, message: &Message, items: &[Item]) -> Line {
    let mut pieces = Vec::with_capacity(4);
    let mut text = format!("* {sequence} FETCH (");
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            text.push(' ');
        }
        match item {
            Item::Uid => text += &format!("UID {}", message.uid),
            Item::Flags => text.push_str(&format!("FLAGS {}", flag_list(&message.flags))),
            // A date without its quotes cannot be NIL by accident: NIL is what a test wrote.
            Item::InternalDate if message.internal_date == "NIL" => text.push_str("INTERNALDATE NIL"),
            Item::InternalDate => text.push_str(&format!("INTERNALDATE \"{}\"", message.internal_date)),
            Item::Size => text.push_str(&format!("RFC822.SIZE {}", message.bytes.len())),
            Item::Body { label, section, part, .. } => {
                text.push_str(label);
                text.push(' ');
                pieces.push(Piece::Text(std::mem::take(&mut text).into_bytes()));
                pieces.push(Piece::Literal(Arc::clone(&message.bytes), octets(&message.bytes, *section, *part)));
            }
        }
    }
    pieces.push(Piece::Text(text.into_bytes()));
    Line { uid: Some(message.uid), pieces, ending: Ending::LineEnd }
}

fn octets(bytes: &[u8], section: Section, part: Option<(usize, usize)>) -> Range<usize> {
    let whole = match section {
        Section::Whole => 0..bytes.len(),
        Section::Header => 0..header_length(bytes),
        Section::Text => header_length(bytes)..bytes.len(),
    };
    match part {
        None => whole,
        Some((offset, length)) => {
            let start = whole.start.saturating_add(offset).min(whole.end);
            start..start.saturating_add(length).min(whole.end)
        }
    }
}

/// The header with the empty line that ends it.
fn header_length(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\r\n") {
        return 2;
    }
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |place| place + 4)
}

fn flag_list(flags: &BTreeSet<String>) -> String {
    format!("({})", flags.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
}

fn item(word: &str) -> Result<Vec<Item>, Refusal> {
    let word = word.to_ascii_uppercase();
    let whole = |label: &str, section, marking| Item::Body { label: label.to_owned(), section, part: None, marking };
    Ok(match word.as_str() {
        "UID" => vec![Item::Uid],
        "FLAGS" => vec![Item::Flags],
        "INTERNALDATE" => vec![Item::InternalDate],
        "RFC822.SIZE" => vec![Item::Size],
        "FAST" => vec![Item::Flags, Item::InternalDate, Item::Size],
        "RFC822" => vec![whole("RFC822", Section::Whole, Marking::Seen)],
        "RFC822.HEADER" => vec![whole("RFC822.HEADER", Section::Header, Marking::Peek)],
        "RFC822.TEXT" => vec![whole("RFC822.TEXT", Section::Text, Marking::Seen)],
        _ => vec![body(&word).ok_or_else(|| Refusal::Bad(format!("FETCH does not know {word}")))?],
    })
}

/// `BODY[HEADER]`, `BODY.PEEK[]<0.1000>`; the label in the answer has neither PEEK nor the length.
fn body(word: &str) -> Option<Item> {
    let (marking, rest) = match word.strip_prefix("BODY.PEEK[") {
        Some(rest) => (Marking::Peek, rest),
        None => (Marking::Seen, word.strip_prefix("BODY[")?),
    };
    let (name, part) = rest.split_once(']')?;
    let section = match name {
        "" => Section::Whole,
        "HEADER" => Section::Header,
        "TEXT" => Section::Text,
        _ => return None,
    };
    if part.is_empty() {
        return Some(Item::Body { label: format!("BODY[{name}]"), section, part: None, marking });
    }
    let (offset, length) = part.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
    let part = (offset.parse().ok()?, length.parse().ok().filter(|length| *length > 0)?);
    Some(Item::Body { label: format!("BODY[{name}]<{offset}>"), section, part: Some(part), marking })
}
