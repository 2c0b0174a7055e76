//! Commands as clients send them: tag, name, and arguments with their literals.
//!
//! Promises: synchronising literals get their "+", sizes are bounded, `UID FETCH` is one name.
//! Rejected: a grammar for each command up front; a server for tests must keep the text of what it does not know.

use std::io;

use super::reply::Refusal;
use crate::tls::wire::Wire;

/// The largest literal a client may send (APPEND).
const LARGEST_LITERAL: u64 = 64 * 1024 * 1024;

/// A whole command.
pub(super) struct Command {
    pub(super) tag: String,
    /// In capitals; with `UID` both words.
    pub(super) name: String,
    pub(super) arguments: Vec<u8>,
    /// Everything after the tag, as it was sent, for scripts and assertions.
    pub(super) text: String,
}

impl Command {
    /// Reads the next command; `None` when the client has closed.
    pub(super) async fn read(wire: &mut Wire) -> io::Result<Option<Self>> {
        let mut whole = Vec::new();
        loop {
            let Some(mut line) = wire.line().await? else { return Ok(None) };
            trim_line_end(&mut line);
            let literal = announced(&line);
            whole.extend_from_slice(&line);
            let Some((length, waits)) = literal else { return Ok(Some(Self::parsed(&whole))) };
            if length > LARGEST_LITERAL {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the client's literal is too large"));
            }
            if waits == Waits::ForPlus {
                wire.write(b"+ Ready\r\n").await?;
                wire.flush().await?;
            }
            whole.extend_from_slice(b"\r\n");
            wire.octets(length, &mut whole).await?;
        }
    }

    fn parsed(whole: &[u8]) -> Self {
        let (tag, rest) = word(whole);
        let (first, mut arguments) = word(rest);
        let mut name = String::from_utf8_lossy(first).to_ascii_uppercase();
        if name == "UID" {
            let (second, rest) = word(arguments);
            name = format!("UID {}", String::from_utf8_lossy(second).to_ascii_uppercase());
            arguments = rest;
        }
        Self {
            tag: String::from_utf8_lossy(tag).into_owned(),
            name,
            arguments: arguments.to_vec(),
            text: String::from_utf8_lossy(rest).into_owned(),
        }
    }

    pub(super) fn arguments(&self) -> Arguments<'_> {
        Arguments { rest: &self.arguments }
    }
}

#[derive(PartialEq, Eq)]
enum Waits {
    ForPlus,
    NotAtAll,
}

/// The literal that a line ends with, if it does.
fn announced(line: &[u8]) -> Option<(u64, Waits)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = std::str::from_utf8(inner.get(open + 1..)?).ok()?;
    match digits.strip_suffix('+') {
        Some(digits) => Some((digits.parse().ok()?, Waits::NotAtAll)),
        None => Some((digits.parse().ok()?, Waits::ForPlus)),
    }
}

/// Takes the CRLF, or a bare LF, off the end.
pub(super) fn trim_line_end(line: &mut Vec<u8>) {
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.pop();
        }
    }
}

/// The bytes up to the next space, and those after it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// Arguments, read from left to right.
pub(super) struct Arguments<'command> {
    rest: &'command [u8],
}

impl Arguments<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn begins_with(&self, byte: u8) -> bool {
        self.rest.first() == Some(&byte)
    }

    /// A quoted string, a literal or an atom; the space after it is taken, too.
    pub(super) fn string(&mut self) -> Result<Vec<u8>, Refusal> {
        match self.rest.first() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            Some(_) => Ok(self.atom().into_bytes()),
            None => Err(Refusal::Bad("an argument is missing".to_owned())),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, Refusal> {
        String::from_utf8(self.string()?).map_err(|_| Refusal::Bad("that is no UTF-8".to_owned()))
    }

    /// The bytes up to the next space.
    pub(super) fn atom(&mut self) -> String {
        let (atom, rest) = word(self.rest);
        self.rest = rest;
        String::from_utf8_lossy(atom).into_owned()
    }

    /// The words of a parenthesised list, or the single word that may stand for it. Brackets keep their spaces.
    pub(super) fn list(&mut self) -> Result<Vec<String>, Refusal> {
        let text = String::from_utf8_lossy(self.rest).into_owned();
        let (mut words, mut word, mut brackets, mut parentheses) = (Vec::new(), String::new(), 0_u32, 0_u32);
        let mut used = 0;
        for character in text.chars() {
            used += character.len_utf8();
            match character {
                '(' if brackets == 0 => parentheses += 1,
                ')' if brackets == 0 => parentheses = parentheses.checked_sub(1).ok_or_else(unbalanced)?,
                ' ' if brackets == 0 && parentheses > 0 => words.push(std::mem::take(&mut word)),
                other => {
                    match other {
                        '[' => brackets += 1,
                        ']' => brackets = brackets.checked_sub(1).ok_or_else(unbalanced)?,
                        _ => {}
                    }
                    if !(other == ' ' && brackets == 0) {
                        word.push(other);
                    }
                }
            }
            if brackets == 0 && parentheses == 0 && matches!(character, ' ' | ')') {
                break;
            }
        }
        if brackets > 0 || parentheses > 0 {
            return Err(unbalanced());
        }
        words.push(word);
        words.retain(|word| !word.is_empty());
        let rest = self.rest.get(used..).unwrap_or_default();
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        Ok(words)
    }

    fn quoted(&mut self) -> Result<Vec<u8>, Refusal> {
        let mut text = Vec::new();
        let mut bytes = self.rest.iter().enumerate().skip(1);
        while let Some((place, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    let rest = self.rest.get(place + 1..).unwrap_or_default();
                    self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
                    return Ok(text);
                }
                b'\\' => text.extend(bytes.next().map(|(_, escaped)| *escaped)),
                other => text.push(*other),
            }
        }
        Err(Refusal::Bad("a quoted string has no end".to_owned()))
    }

    fn literal(&mut self) -> Result<Vec<u8>, Refusal> {
        let wrong = || Refusal::Bad("a literal is broken".to_owned());
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or_else(wrong)?;
        let (head, body) = self.rest.split_at_checked(end + 1).ok_or_else(wrong)?;
        let head = head.strip_suffix(b"\r\n").and_then(announced).ok_or_else(wrong)?;
        let length = usize::try_from(head.0).map_err(|_| wrong())?;
        let (literal, rest) = body.split_at_checked(length).ok_or_else(wrong)?;
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        Ok(literal.to_vec())
    }
}

fn unbalanced() -> Refusal {
    Refusal::Bad("brackets or parentheses are not balanced".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_in_all_their_forms() {
        let command = Command::parsed(b"A1 uid fetch 1:2 \"a \\\"b\\\\\" {3}\r\nc d (UID BODY.PEEK[HEADER.FIELDS (FROM TO)] FLAGS) x");
        assert_eq!((command.tag.as_str(), command.name.as_str()), ("A1", "UID FETCH"));
        let mut arguments = command.arguments();
        assert_eq!(arguments.atom(), "1:2");
        assert_eq!(arguments.text(), Ok("a \"b\\".to_owned()));
        assert_eq!(arguments.string(), Ok(b"c d".to_vec()));
        assert_eq!(arguments.list().unwrap(), ["UID", "BODY.PEEK[HEADER.FIELDS (FROM TO)]", "FLAGS"]);
        assert_eq!(arguments.list().unwrap(), ["x"]);
        assert!(arguments.is_empty());
    }

    #[test]
    fn broken_arguments_are_refused() {
        for text in ["A X \"open", "A X {5}\r\nabc"] {
            assert!(Command::parsed(text.as_bytes()).arguments().string().is_err(), "{text}");
        }
        for text in ["A X (a", "A X a)", "A X BODY[", "A X BODY]"] {
            assert!(Command::parsed(text.as_bytes()).arguments().list().is_err(), "{text}");
        }
    }
}
