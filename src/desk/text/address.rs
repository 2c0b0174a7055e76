//! Mailboxes as headers and forwards write them: `N <a@b>`, `a@b`, `N [mailto:a@b]`, `"N" <a@b>`, a name alone.
//!
//! Promises: an address comes only from a place where an address stands, never from a name that looks like one;
//! old mobile addresses (`a..b@`, `a.@`) are read although RFC 5321 forbids them.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Serialize;

use super::encoded_word::{decode_header, may_be_encoded};
use super::fold::visible;

/// A name, an address, or both; never neither.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: Option<String>,
}

impl Mailbox {
    /// The address, or else the name.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.address.as_deref().or(self.name.as_deref())
    }

    /// The same with the encoded-words of its name decoded: only after the list was split (RFC 2047 section 6.2).
    #[must_use]
    pub fn decoded(self) -> Self {
        let name = match self.name {
            Some(name) if may_be_encoded(name.as_bytes()) => decode_header(name.as_bytes()).text.trim().trim_matches('"').to_owned(),
            _ => return self,
        };
        Self { name: Some(name).filter(|name| !name.is_empty()), address: self.address }
    }
}

/// Outlook's words between who sent and who wrote. Prepared once: each mailbox is searched for them.
static ON_BEHALF_OF: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" on behalf of "));

/// Reads one mailbox.
#[must_use]
pub fn mailbox(text: &str) -> Option<Mailbox> {
    let text = normalised(text);
    let text = text.trim().trim_end_matches([',', ';']).trim();
    let text = ON_BEHALF_OF.find(text.as_bytes()).and_then(|at| text.get(..at)).unwrap_or(text);
    if let Some((before, inside)) = angle(text) {
        // What stands where an address should and is none is shown as it is written.
        return match address_of(inside) {
            Some(address) => Some(Mailbox { name: name_of(before), address: Some(address) }),
            None => name_of(text).map(|name| Mailbox { name: Some(name), address: None }),
        };
    }
    if let Some((address, comment)) = text.split_once(" (")
        && let Some(address) = address_of(address)
    {
        return Some(Mailbox { name: name_of(comment.trim_end_matches(')')), address: Some(address) });
    }
    if let Some((name, address)) = text.rsplit_once(['(', '（'])
        && let Some(address) = address_of(address.trim_end_matches([')', '）']))
    {
        return Some(Mailbox { name: name_of(name), address: Some(address) });
    }
    if let Some(address) = address_of(text) {
        return Some(Mailbox { name: None, address: Some(address) });
    }
    name_of(text).map(|name| Mailbox { name: Some(name), address: None })
}

/// Reads a list separated by `,`, `;` or `、` (outside quotes and brackets). A group's name is dropped.
#[must_use]
pub fn mailboxes(text: &str) -> Vec<Mailbox> {
    split_list(text).filter_map(mailbox).collect()
}

/// Local part and domain: what stands before and after the last `@` (RFC 5321 section 4.1.2).
#[must_use]
pub fn local_and_domain(address: &str) -> Option<(&str, &str)> {
    last(address, b'@')
}

/// What stands before and after the last of these signs of ASCII; `rsplit_once` takes thrice the time.
fn last(text: &str, sign: u8) -> Option<(&str, &str)> {
    let at = memchr::memrchr(sign, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The address as an envelope and a header of ours have it: the domain in ASCII (A-labels, RFC 5890), the local part as it is. None
/// where the domain is none.
#[must_use]
pub fn postal(address: &str) -> Option<String> {
    let (local, domain) = local_and_domain(address)?;
    if domain.is_ascii() {
        return Some(address.to_owned());
    }
    let domain = idna::domain_to_ascii(domain).ok()?;
    Some(format!("{local}@{domain}"))
}

fn split_list(text: &str) -> impl Iterator<Item = &str> {
    // Most lists have one entry.
    let is_one = memchr::memchr2(b',', b';', text.as_bytes()).is_none() && (text.is_ascii() || !text.contains(['、', '；']));
    let (one, several) = if is_one { (Some(text), "") } else { (None, text) };
    let mut quoted = false;
    let mut depth = 0_u32;
    let entries = several.split(move |character| {
        match character {
            '"' => quoted = !quoted,
            '<' | '[' | '(' if !quoted => depth += 1,
            '>' | ']' | ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        matches!(character, ',' | ';' | '、' | '；') && !quoted && depth == 0
    });
    one.into_iter().chain(entries).filter(|entry| !entry.trim().is_empty())
}

/// Full-width brackets and signs in front of and inside addresses; invisible characters away.
fn normalised(text: &str) -> Cow<'_, str> {
    // Kana, ideographs and printable ASCII.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | 0x80..=0xBF | 0xE3..=0xE9);
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) && (text.is_ascii() || !text.contains('\u{3000}')) {
        return Cow::Borrowed(text);
    }
    let visible = visible(text);
    let plain = |character| match character {
        '＜' => '<',
        '＞' => '>',
        '＠' => '@',
        '\u{00A0}' | '\u{3000}' | '\t' => ' ',
        other => other,
    };
    if visible.chars().any(|character| plain(character) != character) { visible.chars().map(plain).collect() } else { visible }
}

/// The last `<…>` or `[mailto:…]` and what stands before it.
fn angle<'t>(text: &'t str) -> Option<(&'t str, &'t str)> {
    let enclosed = |(before, after): (_, &'t str), close: char| {
        let inside = after.split(close).next().unwrap_or(after);
        inside.contains('@').then_some((before, inside))
    };
    let in_angles = last(text, b'<').and_then(|around| enclosed(around, '>'));
    // Hardly any has brackets, and preparing the search takes longer than this look.
    let in_brackets = || text.contains('[').then(|| text.rsplit_once("[mailto:"))?.and_then(|around| enclosed(around, ']'));
    let (before, inside) = in_angles.or_else(in_brackets)?;
    // `a@b<mailto:a@b>` and `<[a@b](mailto:a@b)>`
    Some((before.split('<').next().unwrap_or(before), inside))
}

fn address_of(text: &str) -> Option<String> {
    let mut bare = text.trim();
    // Without the general search of `trim_start_matches`, whose preparation takes longer than the rest.
    while let Some(rest) = bare.strip_prefix("mailto:") {
        bare = rest;
    }
    let bare = bare.trim_start_matches('[');
    // `<[a@b](mailto:a@b)>`, `<a@b [mailto:a@b]>`; a bracket right behind the `@` holds an address literal.
    let bytes = bare.as_bytes();
    let is_after_space = |at: usize| at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' ');
    let mut places = bytes.iter().enumerate();
    let end = places.position(|(at, byte)| matches!(byte, b']' | b'(') || *byte == b'[' && is_after_space(at)).unwrap_or(bytes.len());
    let bare = bare.get(..end).unwrap_or(bare).trim();
    let (local, domain) = local_and_domain(bare)?;
    let plausible = !local.is_empty()
        && !domain.is_empty()
        && !local.contains(|character: char| character.is_whitespace() || matches!(character, '<' | '>' | ','))
        && domain.chars().all(|character| character.is_alphanumeric() || matches!(character, '.' | '-' | ':' | '[' | ']'));
    plausible.then(|| bare.to_owned())
}

fn name_of(text: &str) -> Option<String> {
    let unescaped: Cow<'_, str> = if text.contains('\\') { text.replace("\\\"", "\"").replace("\\\\", "\\").into() } else { text.into() };
    let trimmed = unescaped.trim().trim_matches('*').trim();
    let trimmed = peel(trimmed, '"');
    let trimmed = peel(trimmed, '\'');
    let name = trimmed.trim();
    (!name.is_empty() && name.chars().any(char::is_alphanumeric)).then(|| name.to_owned())
}

fn peel(text: &str, quote: char) -> &str {
    text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(name: &str, address: &str) -> Option<Mailbox> {
        Some(Mailbox { name: (!name.is_empty()).then(|| name.to_owned()), address: (!address.is_empty()).then(|| address.to_owned()) })
    }

    #[test]
    fn the_forms_of_the_clients_are_read() {
        for (text, name, address) in [
            ("山田 太郎 <taro@example.jp>", "山田 太郎", "taro@example.jp"),
            ("taro@example.jp", "", "taro@example.jp"),
            ("<taro@example.jp>", "", "taro@example.jp"),
            ("\"Yamada, Taro\" <taro@example.jp>", "Yamada, Taro", "taro@example.jp"),
            ("Taro [mailto:taro@example.jp]", "Taro", "taro@example.jp"),
            ("Taro<mailto:taro@example.jp>", "Taro", "taro@example.jp"),
            ("taro@example.jp<mailto:taro@example.jp>", "taro@example.jp", "taro@example.jp"),
            ("'Taro' <taro@example.jp>", "Taro", "taro@example.jp"),
            ("山田 ＜taro＠example.jp＞", "山田", "taro@example.jp"),
            ("taro@example.jp (Taro)", "Taro", "taro@example.jp"),
            ("SECURITY ACTION事務局", "SECURITY ACTION事務局", ""),
            ("Taro <taro@example.jp> on behalf of Hana", "Taro", "taro@example.jp"),
            ("docomo <a..b.@example.ne.jp>", "docomo", "a..b.@example.ne.jp"),
            ("N <[a@example.jp](mailto:a@example.jp)>", "N", "a@example.jp"),
            ("N <a@example.jp [mailto:a@example.jp]>", "N", "a@example.jp"),
            ("N（a@example.jp）", "N", "a@example.jp"),
            ("山田（総務）", "山田（総務）", ""),
            ("N <a @example.jp>", "N <a @example.jp>", ""),
        ] {
            assert_eq!(mailbox(text), both(name, address), "{text}");
        }
    }

    #[test]
    fn a_name_that_looks_like_an_address_is_not_the_address() {
        assert_eq!(mailbox("\"info@ipa.go.jp\" <evil@example.com>"), both("info@ipa.go.jp", "evil@example.com"));
    }

    #[test]
    fn domains_in_japanese_have_their_form_for_the_wire() {
        for (address, expected) in [
            ("taro@example.jp", Some("taro@example.jp")),
            ("taro@例え.example.jp", Some("taro@xn--r8jz45g.example.jp")),
            ("太郎@例え.example.jp", Some("太郎@xn--r8jz45g.example.jp")),
            ("taro@例え。example。jp", Some("taro@xn--r8jz45g.example.jp")),
            ("taro", None),
            ("taro@\u{0301}例え.jp", None),
        ] {
            assert_eq!(postal(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn lists_are_split_outside_quotes() {
        let found = mailboxes("\"A, B\" <a@example.jp>, c@example.jp; D <d@example.jp>、e@example.jp");
        let addresses: Vec<_> = found.iter().filter_map(|mailbox| mailbox.address.as_deref()).collect();
        assert_eq!(addresses, ["a@example.jp", "c@example.jp", "d@example.jp", "e@example.jp"]);
    }
}
