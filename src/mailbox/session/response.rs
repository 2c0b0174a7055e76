//! What the parser understood, in our own words.
//!
//! Promises: whatever we never ask for becomes [`Data::Other`]; bodies are handed on, not copied. Rejected: handing the parser's types on;
//! then every file would know the crate, and a change of it would touch them all.

use std::borrow::Cow;

use async_imap::imap_proto::{
    AttributeValue, Capability, MailboxDatum, MessageSection, NameAttribute, Outcome, Response, ResponseCode, SectionPath, Status,
};

use super::super::answer::{self, Code};

/// Untagged data, but for bodies borrowed from the connection's buffer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mailbox) enum Data<'a> {
    Fetch(Fetched<'a>),
    /// A line of a LIST answer.
    Listed {
        /// In modified UTF-7, as the server writes it.
        name: &'a str,
        separator: Option<&'a str>,
        /// Whether it can hold mails.
        is_selectable: bool,
    },
    Status(Condition, Code, &'a str),
    /// Seen by [`View`] already, or of no interest.
    Other,
}

/// The parts of a FETCH answer that we ever ask for; anything may be missing, also the UID (unsolicited answers).
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::mailbox) struct Fetched<'a> {
    pub uid: Option<u32>,
    pub size: Option<u64>,
    pub internal_date: Option<&'a str>,
    pub body: Option<Piece<'a>>,
}

/// Some bytes of a mail.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mailbox) struct Piece<'a> {
    pub part: Part,
    /// The offset of a partial fetch.
    pub offset: Option<u32>,
    /// Borrowed where the server wrote a string into its answer.
    pub bytes: Cow<'a, [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mailbox) enum Part {
    Whole,
    Header,
}

/// The first word of a status response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mailbox) enum Condition {
    Ok,
    No,
    Bad,
    Preauth,
    Bye,
}

pub(super) fn condition_of(status: &Status) -> Condition {
    match status {
        Status::Ok => Condition::Ok,
        Status::No => Condition::No,
        Status::Bad => Condition::Bad,
        Status::PreAuth => Condition::Preauth,
        Status::Bye => Condition::Bye,
    }
}

pub(super) fn code_of(outcome: &Outcome<'_>) -> Code {
    match &outcome.code {
        Some(ResponseCode::UidValidity(number)) => Code::UidValidity(*number),
        Some(ResponseCode::UidNext(number)) => Code::UidNext(*number),
        Some(ResponseCode::PermanentFlags(flags)) => Code::PermanentFlags(flags.iter().map(|flag| flag.to_string()).collect()),
        Some(ResponseCode::ReadOnly) => Code::ReadOnly,
        Some(ResponseCode::ReadWrite) => Code::ReadWrite,
        Some(ResponseCode::TryCreate) => Code::TryCreate,
        Some(ResponseCode::Capabilities(offered)) => Code::Capabilities(words_of(offered)),
        Some(_) => Code::None,
        None => outcome.information.as_deref().and_then(answer::word_of).map_or(Code::None, Code::Word),
    }
}

pub(super) fn words_of(offered: &[Capability<'_>]) -> Vec<String> {
    let word = |capability: &Capability<'_>| match capability {
        Capability::Imap4rev1 => "IMAP4rev1".to_owned(),
        Capability::Auth(method) => format!("AUTH={method}"),
        Capability::Atom(word) => word.to_string(),
    };
    offered.iter().map(word).collect()
}

/// `bytes_of` knows the bodies that slips stand for.
pub(super) fn data_of<'a>(response: &'a Response<'a>, bytes_of: impl FnMut(&'a [u8]) -> Option<Cow<'a, [u8]>>) -> Data<'a> {
    match response {
        Response::Fetch(_, attributes) => Data::Fetch(fetched(attributes, bytes_of)),
        Response::MailboxData(MailboxDatum::List(list)) => Data::Listed {
            name: &list.name,
            separator: list.delimiter.as_deref(),
            is_selectable: list.name_attributes.iter().all(is_selectable),
        },
        _ => Data::Other,
    }
}

/// RFC 3501, 7.2.2, and RFC 5258, 3.
fn is_selectable(attribute: &NameAttribute<'_>) -> bool {
    match attribute {
        NameAttribute::NoSelect => false,
        NameAttribute::Extension(word) => !word.eq_ignore_ascii_case("\\NonExistent"),
        _ => true,
    }
}

fn fetched<'a>(attributes: &'a [AttributeValue<'a>], mut bytes_of: impl FnMut(&'a [u8]) -> Option<Cow<'a, [u8]>>) -> Fetched<'a> {
    let mut found = Fetched::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => found.uid = Some(*uid),
            AttributeValue::Rfc822Size(size) => found.size = Some(u64::from(*size)),
            AttributeValue::InternalDate(date) => found.internal_date = Some(date),
            AttributeValue::BodySection { section: None, index, data: Some(Cow::Borrowed(bytes)) } => {
                found.body = bytes_of(bytes).map(|bytes| Piece { part: Part::Whole, offset: *index, bytes });
            }
            AttributeValue::BodySection {
                section: Some(SectionPath::Full(MessageSection::Header)),
                index,
                data: Some(Cow::Borrowed(bytes)),
            } => {
                found.body = bytes_of(bytes).map(|bytes| Piece { part: Part::Header, offset: *index, bytes });
            }
            _ => {}
        }
    }
    found
}
