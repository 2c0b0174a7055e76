//! What a server may send before anything parses it: a scan of the bytes, pure.
//!
//! Promises: a literal over the cap is refused when it is announced, before the parser allocates it; lines and parentheses stay
//! below what the parser can stand (async-imap 0.12: memory is zeroed for whatever `{n}` says, 10,000 open parentheses end the
//! process, long lines cost quadratic time). Rejected: limiting the parser; its limit of 512 MiB cannot be set.

use super::transcript::Transcript;

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caps {
    /// Bytes of literals in one response.
    pub literal: u64,
    /// Bytes of one line, up to its end or the next literal.
    pub line: usize,
    /// Opening parentheses in one response, literals excluded. Counted, not matched: a count cannot be fooled by quotes.
    pub parentheses: usize,
}

impl Caps {
    pub(super) fn for_literals_of(literal: u64) -> Self {
        Self { literal, line: 64 * 1024, parentheses: 200 }
    }
}

/// How a server broke the caps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    #[error("the server announced {announced} bytes where at most {cap} are accepted")]
    Literal { announced: u64, cap: u64 },
    #[error("the server sent a line of more than {cap} bytes")]
    Line { cap: usize },
    #[error("the server sent more than {cap} opening parentheses in one answer")]
    Parentheses { cap: usize },
    #[error("the server announced more than {cap} strings in one answer")]
    Literals { cap: usize },
    #[error("the server ended a line without a carriage return")]
    BareLineFeed,
    #[error("the server announced a literal within a status text")]
    LiteralInText,
    #[error("the server announced {announced} bytes where no mail can stand")]
    Misplaced { announced: u64 },
    #[error("the server sent something else than the rest of its answer after a mail's bytes")]
    Misfit,
    #[error("the server sent a line that is no answer")]
    Incomprehensible,
}

/// Bytes at the end of a line that can hold `{4294967295}` and its line end: whoever cuts a line leaves them together.
pub(super) const TAIL: usize = 32;
/// Bytes of a response that go to the transcript.
const HEAD: usize = 200;

/// Literals in one response.
const MOST_LITERALS: usize = 200;

/// Bytes of literals that may stand anywhere (names of folders and the like).
const SMALL: u64 = 16 * 1024;

/// What follows a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// Another line, of this answer or the next.
    Plain,
    /// A string of so many bytes.
    Literal(u64),
    /// A mail's bytes, or some of them.
    Body(u64),
}

/// The scan's state between lines.
#[derive(Debug)]
pub(super) struct Screen {
    caps: Caps,
    /// Literals of the current response, and their bytes.
    announced: usize,
    literals: u64,
    line: usize,
    parentheses: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// Parentheses opened and not closed, quotes or not; only believed where there are no quotes.
    depth: usize,
    quotes: usize,
    parser: Parser,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parser {
    /// It may ask for more.
    Waits,
    /// It has a complete answer that it has not yet made anything of.
    HasAnswer,
}

impl Screen {
    pub(super) fn new(caps: Caps) -> Self {
        let (head, tail) = (Vec::new(), Vec::new());
        Self { caps, announced: 0, literals: 0, line: 0, parentheses: 0, head, tail, depth: 0, quotes: 0, parser: Parser::Waits }
    }

    /// The parser has understood an answer.
    pub(super) fn answered(&mut self) {
        self.parser = Parser::Waits;
    }

    /// The parser asks for more. It may not while it holds a complete answer: then it has lost its way (imap-proto 0.17 reads an
    /// unknown FETCH attribute across line ends) and would wait for ever, parsing all of it again at every read.
    ///
    /// # Errors
    /// [`Breach::Incomprehensible`].
    pub(super) fn asked_for_more(&self) -> Result<(), Breach> {
        match self.parser {
            Parser::Waits => Ok(()),
            Parser::HasAnswer => Err(Breach::Incomprehensible),
        }
    }

    /// Scans a line, or a piece of one; what a literal holds is no line.
    ///
    /// # Errors
    /// [`Breach`]; the connection must then be dropped.
    pub(super) fn text(&mut self, piece: &[u8]) -> Result<(), Breach> {
        // RFC 3501, 9: after a literal the answer ends or goes on after a space. imap-proto 0.17 takes whatever else stands there for an
        // attribute that it does not know, and hands over a literal that was shifted or too short (seen 2026-11).
        let follows_literal = self.line == 0 && self.announced > 0;
        if follows_literal && !piece.first().is_some_and(|byte| matches!(byte, b')' | b' ' | b'\r')) {
            return Err(Breach::Misfit);
        }
        self.line = self.line.saturating_add(piece.len());
        if self.line > self.caps.line {
            return Err(Breach::Line { cap: self.caps.line });
        }
        self.parentheses = self.parentheses.saturating_add(memchr::memchr_iter(b'(', piece).count());
        if self.parentheses > self.caps.parentheses {
            return Err(Breach::Parentheses { cap: self.caps.parentheses });
        }
        self.depth = self.depth.saturating_add(memchr::memchr_iter(b'(', piece).count());
        self.depth = self.depth.saturating_sub(memchr::memchr_iter(b')', piece).count());
        self.quotes = self.quotes.saturating_add(memchr::memchr_iter(b'"', piece).count());
        let room = HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend(piece.iter().take(room));
        self.tail.extend(piece.iter().skip(piece.len().saturating_sub(TAIL)));
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
        Ok(())
    }

    /// The line that was scanned ends here.
    ///
    /// # Errors
    /// [`Breach`]; the connection must then be dropped.
    pub(super) fn line_end(&mut self, transcript: &mut Transcript) -> Result<LineEnd, Breach> {
        if !self.tail.ends_with(b"\r\n") {
            return Err(Breach::BareLineFeed);
        }
        let end = match announced(&self.tail) {
            Some(_) if is_status(&self.head) => return Err(Breach::LiteralInText),
            Some(size) => {
                self.announced = self.announced.saturating_add(1);
                if self.announced > MOST_LITERALS {
                    return Err(Breach::Literals { cap: MOST_LITERALS });
                }
                self.literals = self.literals.saturating_add(size);
                if self.literals > self.caps.literal {
                    return Err(Breach::Literal { announced: size, cap: self.caps.literal });
                }
                // A body stands directly within the parentheses of FETCH. Elsewhere the parser may not see a literal in it at all, and
                // look for a closing parenthesis through all of its bytes at every read.
                let in_place = self.depth == 1 && self.quotes == 0 && !glued(&self.tail);
                if self.literals > SMALL && !in_place {
                    return Err(Breach::Misplaced { announced: size });
                }
                if in_place && is_fetch(&self.head) && is_of_section(&self.tail) { LineEnd::Body(size) } else { LineEnd::Literal(size) }
            }
            None => {
                transcript.received(&self.head);
                self.head.clear();
                self.announced = 0;
                self.literals = 0;
                self.parentheses = 0;
                self.depth = 0;
                self.quotes = 0;
                self.parser = Parser::HasAnswer;
                LineEnd::Plain
            }
        };
        self.line = 0;
        self.tail.clear();
        Ok(end)
    }
}

/// The size of the literal that a line announces at its end.
fn announced(line: &[u8]) -> Option<u64> {
    let before = line.strip_suffix(b"}\r\n")?;
    let before = before.strip_suffix(b"+").unwrap_or(before);
    let digits: Vec<u8> = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).copied().collect();
    let open = before.len().checked_sub(digits.len())?.checked_sub(1)?;
    if before.get(open) != Some(&b'{') || digits.is_empty() {
        return None;
    }
    let number = digits.iter().rev().try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?)));
    Some(number.unwrap_or(u64::MAX))
}

/// Whether the announcement follows `BODY[…]` or `BODY[…]<0>`.
fn is_of_section(line: &[u8]) -> bool {
    let name = memchr::memrchr(b'{', line).and_then(|open| line.get(..open)).unwrap_or_default();
    matches!(name, [.., b']' | b'>', b' '])
}

/// Whether the announcement follows something else than a space, so that it is part of a word.
fn glued(line: &[u8]) -> bool {
    let open = memchr::memrchr(b'{', line);
    let before = open.and_then(|open| open.checked_sub(1)).and_then(|before| line.get(before));
    before != Some(&b' ')
}

/// Whether a response is the data of a mail.
fn is_fetch(head: &[u8]) -> bool {
    let mut words = head.splitn(4, |byte| *byte == b' ');
    words.next() == Some(b"*")
        && words.next().is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
        && words.next().is_some_and(|name| name.eq_ignore_ascii_case(b"FETCH"))
}

/// Whether a response is a status, a continuation or a tagged answer: these end in free text, where `{5}` is no literal to the
/// parser; a scan that took it for one would be blind for what follows.
fn is_status(head: &[u8]) -> bool {
    let Some(data) = head.strip_prefix(b"* ") else { return true };
    let words: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
    words.iter().any(|word| data.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_read_at_the_end_of_the_line_only() {
        let cases: [(&[u8], Option<u64>); 6] = [
            (b"{5}\r\n", Some(5)),
            (b"{5+}\r\n", Some(5)),
            (b"~{5}\r\n", Some(5)),
            (b"{}\r\n", None),
            (b"{5} \r\n", None),
            (b"5}\r\n", None),
        ];
        for (line, expected) in cases {
            assert_eq!(announced(line), expected);
        }
    }
}
