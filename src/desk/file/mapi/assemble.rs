//! From properties to a mail.
//!
//! Promises: Unicode wins over eight-bit strings, a body that is there over one that RTF implies, an SMTP address over none.
//! RTF is read even beside a plain body: it may hold HTML, and RTF that nobody can read makes the mail illegible.
//! Rejected: an RTF body before a plain one of the same mail; the plain one was decoded by the program that wrote both.

use super::budget::Budget;
use super::property::{Properties, Value, id};
use super::text::{eight_bit, utf16, worse};
use super::{MapiAttachment, MapiMail, Party};
use crate::desk::file::rtf::{self, Form};
use crate::desk::text::charset::{Decoded, Legibility};

/// What a container yielded for one mail.
#[derive(Debug)]
pub struct Collected<'a> {
    pub properties: Properties<'a>,
    pub recipients: Vec<Properties<'a>>,
    pub attachments: Vec<MapiAttachment>,
    /// Has read the names of the attachments already.
    pub reader: Reader,
}

/// Decodes strings and remembers the worst.
#[derive(Debug)]
pub struct Reader {
    page: Option<u32>,
    legibility: Legibility,
}

impl Reader {
    /// A reader for eight-bit strings in the code page of the message; the container's own goes first.
    #[must_use]
    pub fn of(properties: &Properties<'_>, container: Option<u32>) -> Self {
        Self { page: code_page(properties, container), legibility: Legibility::Legible }
    }

    /// The string, trimmed of nothing; `None` where it is absent or empty.
    pub fn string(&mut self, properties: &Properties<'_>, id: u16) -> Option<String> {
        let unicode = properties.all(id).find_map(|value| if let Value::Unicode(bytes) = value { Some(utf16(bytes)) } else { None });
        let page = self.page;
        let decoded = unicode.filter(|decoded| !decoded.text.is_empty()).or_else(|| {
            properties.all(id).find_map(|value| if let Value::EightBit(bytes) = value { Some(eight_bit(bytes, page)) } else { None })
        })?;
        self.noted(decoded)
    }

    /// The first of the strings that is there.
    pub fn first(&mut self, properties: &Properties<'_>, ids: &[u16]) -> Option<String> {
        ids.iter().find_map(|id| self.string(properties, *id))
    }

    fn noted(&mut self, decoded: Decoded) -> Option<String> {
        self.legibility = worse(self.legibility, decoded.legibility);
        Some(decoded.text).filter(|text| !text.is_empty())
    }

    fn spoilt(&mut self) {
        self.legibility = Legibility::Illegible;
    }
}

/// Code page of eight-bit strings: the container's, else the message's, else that of the internet bodies.
fn code_page(properties: &Properties<'_>, container: Option<u32>) -> Option<u32> {
    let known = |page: &u32| *page != 0;
    container
        .filter(known)
        .or_else(|| properties.long(id::MESSAGE_CODEPAGE).filter(known))
        .or_else(|| properties.long(id::INTERNET_CODEPAGE).filter(known))
}

/// The mail; `budget` pays for the RTF body.
#[must_use]
pub fn mail(collected: Collected<'_>, budget: &mut Budget) -> MapiMail {
    let Collected { properties, recipients, attachments, mut reader } = collected;
    let (plain, html) = bodies(&properties, &mut reader, budget);
    let (to, cc) = receivers(&properties, &recipients, &mut reader);
    MapiMail {
        headers: reader.string(&properties, id::TRANSPORT_MESSAGE_HEADERS),
        from: author(&properties, &mut reader),
        to,
        cc,
        subject: reader.string(&properties, id::SUBJECT).map(without_prefix_mark),
        sent: properties.seconds(id::CLIENT_SUBMIT_TIME).or_else(|| properties.seconds(id::MESSAGE_DELIVERY_TIME)),
        message_id: reader.string(&properties, id::INTERNET_MESSAGE_ID).map(|text| text.trim().to_owned()),
        plain,
        html,
        legibility: reader.legibility,
        attachments,
        reach: budget.reach(),
    }
}

fn bodies(properties: &Properties<'_>, reader: &mut Reader, budget: &mut Budget) -> (Option<String>, Option<String>) {
    let mut plain = reader.string(properties, id::BODY);
    let mut html = html(properties, reader);
    let Some(compressed) = properties.binary(id::RTF_COMPRESSED).filter(|bytes| !bytes.is_empty()) else {
        return (plain, html);
    };
    match rtf::read(compressed, budget) {
        Ok(read) => {
            // The judgement counts only where the text is used.
            let body = match read.form {
                Form::Html => &mut html,
                Form::Plain => &mut plain,
            };
            if body.is_none() {
                *body = reader.noted(read.decoded);
            }
        }
        Err(_) => reader.spoilt(),
    }
    (plain, html)
}

/// `PidTagHtml` is binary in the internet code page; older writers made a string of it (`PidTagBodyHtml`).
fn html(properties: &Properties<'_>, reader: &mut Reader) -> Option<String> {
    let page = properties.long(id::INTERNET_CODEPAGE).filter(|page| *page != 0);
    let binary = properties.binary(id::HTML).filter(|bytes| !bytes.is_empty()).map(|bytes| match page {
        Some(_) => eight_bit(bytes, page),
        None => crate::desk::text::charset::decode(bytes, declared_charset(bytes).as_deref()),
    });
    match binary {
        Some(decoded) => reader.noted(decoded),
        None => reader.string(properties, id::HTML),
    }
}

/// The value behind the first `charset=` near the start of an HTML body.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    const WINDOW: usize = 1024;
    const WORD: &[u8] = b"charset=";
    let window = bytes.get(..WINDOW).unwrap_or(bytes);
    let at = window.windows(WORD.len()).position(|place| place.eq_ignore_ascii_case(WORD))?;
    let value = window.get(at + WORD.len()..)?;
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    Some(value.iter().take_while(name).copied().map(char::from).collect())
}

/// The one represented is what a From field says; the sender is its Sender field (MS-OXOMSG).
fn author(properties: &Properties<'_>, reader: &mut Reader) -> Option<Party> {
    let represented =
        party(properties, reader, id::SENT_REPRESENTING_NAME, &[id::SENT_REPRESENTING_SMTP_ADDRESS, id::SENT_REPRESENTING_EMAIL_ADDRESS]);
    let sender = party(properties, reader, id::SENDER_NAME, &[id::SENDER_SMTP_ADDRESS, id::SENDER_EMAIL_ADDRESS]);
    match (represented, sender) {
        // Exchange often knows the address in one of the two places only.
        (Some(represented), Some(sender)) if represented.address.is_none() && represented.name == sender.name => Some(sender),
        (represented, sender) => represented.or(sender),
    }
}

fn receivers(properties: &Properties<'_>, recipients: &[Properties<'_>], reader: &mut Reader) -> (Vec<Party>, Vec<Party>) {
    /// The other bits say whether the recipient was reached (MS-OXOMSG).
    const TYPE_BITS: u32 = 0x0f;
    let (mut to, mut cc) = (Vec::new(), Vec::new());
    for recipient in recipients {
        let Some(party) = party(recipient, reader, id::DISPLAY_NAME, &[id::SMTP_ADDRESS, id::EMAIL_ADDRESS]) else { continue };
        match recipient.long(id::RECIPIENT_TYPE).map_or(1, |kind| kind & TYPE_BITS) {
            1 => to.push(party),
            2 => cc.push(party),
            // Blind copies and the originator are no addressees.
            _ => {}
        }
    }
    if to.is_empty() && cc.is_empty() {
        to = names(reader.string(properties, id::DISPLAY_TO));
        cc = names(reader.string(properties, id::DISPLAY_CC));
    }
    (to, cc)
}

fn party(properties: &Properties<'_>, reader: &mut Reader, name: u16, addresses: &[u16]) -> Option<Party> {
    let address = addresses.iter().find_map(|id| reader.string(properties, *id).and_then(|text| smtp(&text)));
    let name = reader.string(properties, name).filter(|name| !name.trim().is_empty());
    if name.is_none() && address.is_none() { None } else { Some(Party { name, address }) }
}

/// The address, where it is one: Exchange writes X.500 names (`/O=…/CN=…`) into the same properties, and other transports
/// theirs behind a word and a colon (`EX:`, `FAX:`, `X400:`).
#[must_use]
pub fn smtp(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("smtp:")).and_then(|_| text.get(5..)).unwrap_or(text);
    let is_address = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !text.starts_with('/')
        && !text.contains(|character: char| {
            character.is_whitespace() || character.is_control() || matches!(character, '<' | '>' | ':' | ';' | ',')
        });
    is_address.then(|| text.to_owned())
}

/// Outlook separates display names with semicolons (MS-OXOMSG).
fn names(list: Option<String>) -> Vec<Party> {
    const MOST_NAMES: usize = 200;
    list.iter()
        .flat_map(|list| list.split(';'))
        .map(|name| name.trim().trim_matches('\''))
        .filter(|name| !name.is_empty())
        .take(MOST_NAMES)
        .map(|name| Party { name: Some(name.to_owned()), address: None })
        .collect()
}

/// A subject may begin with U+0001 and a character that counts the prefix ("RE: ") behind it (MS-OXCMAIL).
fn without_prefix_mark(subject: String) -> String {
    let mut characters = subject.chars();
    if characters.next() == Some('\u{1}') {
        characters.next();
        return characters.as_str().to_owned();
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_exchange_are_no_addresses() {
        assert_eq!(smtp("/O=EXAMPLE/OU=TOKYO/CN=RECIPIENTS/CN=HANAKO@1"), None);
        assert_eq!(smtp("EX:/O=EXAMPLE/CN=HANAKO@1"), None);
        assert_eq!(smtp("SMTP:hanako@example.jp"), Some("hanako@example.jp".to_owned()));
        assert_eq!(smtp("花子 hanako@example.jp"), None);
        assert_eq!(smtp("花子花"), None);
    }

    #[test]
    fn the_mark_before_a_subject_prefix_goes() {
        assert_eq!(without_prefix_mark("\u{1}\u{5}FW: お知らせ".to_owned()), "FW: お知らせ");
        assert_eq!(without_prefix_mark("お知らせ".to_owned()), "お知らせ");
    }

    #[test]
    fn a_charset_declared_in_the_html_is_found() {
        let html = b"<meta http-equiv=\"Content-Type\" content=\"text/html; CHARSET=iso-2022-jp\">";
        assert_eq!(declared_charset(html), Some("iso-2022-jp".to_owned()));
        assert_eq!(declared_charset(b"<meta charset=\"utf-8\">"), Some("utf-8".to_owned()));
    }
}
