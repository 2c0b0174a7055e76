//! A claimed letter in the form that may be written to a socket.
//!
//! Promises: no address and no line of a [`Letter`] can end its command early or smuggle another one (CRLF only, dots stuffed, ASCII but for an address).
//! Rejected: mending bare line ends here; the stored bytes are what was signed off, and a sender that edits them hides a fault.

use super::outbox::Claimed;

/// RFC 5321 section 4.5.3.1.6, without the line end.
const LONGEST_LINE: usize = 998;

/// Addresses and text, ready for the dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// None is the null path.
    pub envelope_from: Option<Address>,
    pub recipient: Address,
    /// Dots stuffed, ends with CRLF, without the final dot.
    pub stuffed: Vec<u8>,
    /// Length before stuffing, as SIZE wants it.
    pub size: usize,
    /// The Message-ID as ENVID takes it: a report names it even where it returns nothing of the letter (RFC 3461 section 4.4).
    pub envelope_id: Option<String>,
}

/// An address that fits between `<` and `>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// Why a letter cannot be offered to any server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    #[error("the recipient's address cannot be written in SMTP; write to the applicant by another way")]
    Recipient,
    #[error("`envelope-from` is no usable address; correct it and release the letter again")]
    Sender,
    #[error("the stored letter holds bytes outside ASCII; it was not made by this program, so cancel it")]
    NotAscii,
    #[error("the stored letter has a lone CR or LF; it was not made by this program, so cancel it")]
    LoneLineEnd,
    #[error("the stored letter has a line of more than {LONGEST_LINE} bytes; it was not made by this program, so cancel it")]
    LongLine,
}

impl Letter {
    /// Takes a claimed letter apart.
    ///
    /// # Errors
    /// [`LetterError`] when no server could be offered it; the fault is in the row, so trying again does not help.
    pub fn parse(claimed: &Claimed) -> Result<Self, LetterError> {
        let recipient = Address::parse(&claimed.recipient).ok_or(LetterError::Recipient)?;
        let envelope_from =
            claimed.envelope_from.as_deref().map(|address| Address::parse(address).ok_or(LetterError::Sender)).transpose()?;
        let alphabet = if recipient.0.is_ascii() { Alphabet::Ascii } else { Alphabet::Utf8 };
        let stuffed = stuffed(&claimed.bytes, alphabet)?;
        Ok(Self { envelope_from, recipient, stuffed, size: claimed.bytes.len(), envelope_id: envelope_id(&claimed.bytes) })
    }

    /// Whether the server needs SMTPUTF8 for it.
    #[must_use]
    pub fn is_international(&self) -> bool {
        !self.recipient.0.is_ascii() || self.envelope_from.as_ref().is_some_and(|address| !address.0.is_ascii())
    }
}

/// RFC 3461 section 4.4: at most 100 characters before they are encoded.
const LONGEST_ENVELOPE_ID: usize = 100;

/// The letter's Message-ID without its brackets, as xtext (RFC 3461 section 4).
fn envelope_id(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty()).find_map(|line| {
        let (name, value) = line.split_at_checked(FIELD.len())?;
        name.eq_ignore_ascii_case(FIELD).then_some(value.trim_ascii())
    })?;
    let id = line.strip_prefix(b"<")?.strip_suffix(b">")?;
    if id.is_empty() || id.len() > LONGEST_ENVELOPE_ID {
        return None;
    }
    let mut text = String::with_capacity(id.len());
    for byte in id {
        match byte {
            b'!'..=b'~' if !matches!(byte, b'+' | b'=') => text.push(char::from(*byte)),
            _ => text.push_str(&format!("+{byte:02X}")),
        }
    }
    Some(text)
}

const FIELD: &[u8] = b"message-id:";

/// What may stand in a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Ascii,
    /// Its header names an address beyond ASCII (RFC 6532).
    Utf8,
}

fn stuffed(bytes: &[u8], alphabet: Alphabet) -> Result<Vec<u8>, LetterError> {
    if alphabet == Alphabet::Ascii && !bytes.is_ascii() || std::str::from_utf8(bytes).is_err() {
        return Err(LetterError::NotAscii);
    }
    let mut out = Vec::with_capacity(bytes.len() + 64);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = match line.strip_suffix(b"\r\n") {
            Some(text) => text,
            // Only the last line may lack its end.
            None if line.ends_with(b"\n") => return Err(LetterError::LoneLineEnd),
            None => line,
        };
        if text.contains(&b'\r') {
            return Err(LetterError::LoneLineEnd);
        }
        if text.len() > LONGEST_LINE {
            return Err(LetterError::LongLine);
        }
        if text.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }
    Ok(out)
}

impl Address {
    /// Takes `local@domain`. A local part that is no dot-atom (`a..b`, `a.`, as old docomo and au addresses have it) is put in quotes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let domain_fits = !domain.is_empty() && domain.len() <= 255 && domain.chars().all(is_domain_character);
        let local_fits = !local.is_empty() && local.len() <= 64;
        if !(domain_fits && local_fits) {
            return None;
        }
        let atoms = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character));
        if atoms || is_quoted(local) {
            return Some(Self(text.to_owned()));
        }
        local.chars().all(|one| one == '.' || is_atom_character(one)).then(|| Self(format!("\"{local}\"@{domain}")))
    }

    /// The text between the angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters of any script, for SMTPUTF8; what is not alphanumeric in another script stays out.
fn is_domain_character(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '-' | '.' | '[' | ']' | ':' | '_')
}

fn is_atom_character(one: char) -> bool {
    one.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(one)
}

fn is_quoted(local: &str) -> bool {
    local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .is_some_and(|inner| inner.chars().all(|one| matches!(one, ' '..='~') && !matches!(one, '"' | '\\')))
}

#[cfg(test)]
mod tests {
    use super::super::outbox::LetterId;
    use super::*;

    fn claimed(from: Option<&str>, recipient: &str, bytes: &[u8]) -> Claimed {
        let envelope_from = from.map(str::to_owned);
        Claimed { id: LetterId(1), attempt: 1, envelope_from, recipient: recipient.to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn addresses_are_taken_quoted_or_refused() {
        let table = [
            ("taro@example.co.jp", Some("taro@example.co.jp")),
            ("taro+ict@example.co.jp", Some("taro+ict@example.co.jp")),
            ("ta..ro@example.co.jp", Some("\"ta..ro\"@example.co.jp")),
            ("taro.@example.co.jp", Some("\"taro.\"@example.co.jp")),
            ("\"ta ro\"@example.co.jp", Some("\"ta ro\"@example.co.jp")),
            ("太郎@example.co.jp", Some("太郎@example.co.jp")),
            ("taro@[192.0.2.1]", Some("taro@[192.0.2.1]")),
            ("taro", None),
            ("@example.co.jp", None),
            ("taro@", None),
            ("taro@example.co.jp>\r\nRCPT TO:<x@example.jp", None),
            ("ta ro@example.co.jp", None),
            ("ta\"ro@example.co.jp", None),
            ("\"ta\"ro\"@example.co.jp", None),
            ("taro@example.co.jp> NOTIFY=SUCCESS", None),
        ];
        for (text, expected) in table {
            assert_eq!(Address::parse(text).as_ref().map(Address::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn dots_are_stuffed_and_a_missing_last_line_end_is_added() {
        let letter = Letter::parse(&claimed(None, "taro@example.co.jp", b"A: b\r\n\r\n.\r\n..x\r\ny.z")).unwrap();
        let expected = Letter {
            envelope_from: None,
            recipient: Address("taro@example.co.jp".to_owned()),
            stuffed: b"A: b\r\n\r\n..\r\n...x\r\ny.z\r\n".to_vec(),
            size: 19,
            envelope_id: None,
        };
        assert_eq!(letter, expected);
    }

    #[test]
    fn the_message_id_is_shown_to_the_server_as_xtext() {
        for (bytes, expected) in [
            (
                &b"Subject: x\r\nMessage-ID: <uketsuke.1.missing@office.example.jp>\r\n\r\n"[..],
                Some("uketsuke.1.missing@office.example.jp"),
            ),
            (b"message-id: <a+b=c@d>\r\n\r\n", Some("a+2Bb+3Dc@d")),
            (b"Subject: x\r\n\r\nMessage-ID: <a@b>\r\n", None),
            (b"Message-ID: a@b\r\n\r\n", None),
            (b"Message-ID: <>\r\n\r\n", None),
        ] {
            let letter = Letter::parse(&claimed(None, "taro@example.co.jp", bytes)).unwrap();
            assert_eq!(letter.envelope_id.as_deref(), expected);
        }
    }

    #[test]
    fn only_a_letter_to_an_address_beyond_ascii_may_be_so() {
        let bytes = "To: 太郎@example.co.jp\r\n\r\n".as_bytes();
        assert!(Letter::parse(&claimed(None, "太郎@example.co.jp", bytes)).is_ok_and(|letter| letter.is_international()));
        assert_eq!(Letter::parse(&claimed(None, "taro@example.co.jp", bytes)), Err(LetterError::NotAscii));
        assert_eq!(Letter::parse(&claimed(None, "太郎@example.co.jp", b"To: \xff\r\n")), Err(LetterError::NotAscii));
    }

    #[test]
    fn what_could_smuggle_a_command_is_refused() {
        let long = [vec![b'a'; 999], b"\r\n".to_vec()].concat();
        let table: [(Option<&str>, &str, &[u8], LetterError); 7] = [
            (None, "taro", b"", LetterError::Recipient),
            (Some("office"), "taro@example.co.jp", b"", LetterError::Sender),
            (None, "taro@example.co.jp", "受付\r\n".as_bytes(), LetterError::NotAscii),
            (None, "taro@example.co.jp", b"a\n.\nMAIL FROM:<>\r\n", LetterError::LoneLineEnd),
            (None, "taro@example.co.jp", b"a\r.\r\n", LetterError::LoneLineEnd),
            (None, "taro@example.co.jp", b"a\r\nb\r", LetterError::LoneLineEnd),
            (None, "taro@example.co.jp", &long, LetterError::LongLine),
        ];
        for (from, recipient, bytes, expected) in table {
            assert_eq!(Letter::parse(&claimed(from, recipient, bytes)), Err(expected));
        }
    }
}
