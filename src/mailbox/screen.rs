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
    /// Bytes of one line, literals excluded.
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

/// Bytes at the end of a line that can hold `{4294967295}` and its line end.
const TAIL: usize = 32;
/// Bytes of a response that go to the transcript.
const HEAD: usize = 200;

/// Bytes of literals that may stand anywhere (names of folders and the like).
const SMALL: u64 = 16 * 1024;

/// The scan's state between reads.
#[derive(Debug)]
pub(super) struct Screen {
    caps: Caps,
    /// Bytes of the current literal that are still to come.
    literal_left: u64,
    /// Literal bytes of the current response.
    literals: u64,
    line: usize,
    parentheses: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// Parentheses opened and not closed, quotes or not; only believed where there are no quotes.
    depth: usize,
    quotes: usize,
    /// Complete responses that the parser has not yet made anything of.
    complete: usize,
}

impl Screen {
    pub(super) fn new(caps: Caps) -> Self {
        let (head, tail) = (Vec::new(), Vec::new());
        Self { caps, literal_left: 0, literals: 0, line: 0, parentheses: 0, head, tail, depth: 0, quotes: 0, complete: 0 }
    }

    /// The parser has understood a response.
    pub(super) fn answered(&mut self) {
        self.complete = self.complete.saturating_sub(1);
    }

    /// The parser asks for more. It may not while it holds complete responses: then it has lost its way (imap-proto 0.17 reads an
    /// unknown FETCH attribute across line ends) and would wait for ever, parsing all of it again at every read.
    ///
    /// # Errors
    /// [`Breach::Incomprehensible`].
    pub(super) fn asked_for_more(&self) -> Result<(), Breach> {
        if self.complete > 0 { Err(Breach::Incomprehensible) } else { Ok(()) }
    }

    /// Scans what was just read.
    ///
    /// # Errors
    /// [`Breach`]; the connection must then be dropped.
    pub(super) fn pass(&mut self, bytes: &[u8], transcript: &mut Transcript) -> Result<(), Breach> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.literal_left > 0 {
                let taken = usize::try_from(self.literal_left).unwrap_or(usize::MAX).min(rest.len());
                let (literal, after) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
                self.literal_left = self.literal_left.saturating_sub(length(literal));
                rest = after;
                continue;
            }
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.saturating_add(1));
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            self.text(piece)?;
            if piece.last() == Some(&b'\n') {
                self.line_end(transcript)?;
            }
            rest = after;
        }
        Ok(())
    }

    fn text(&mut self, piece: &[u8]) -> Result<(), Breach> {
        // RFC 3501, 9: after a literal the answer ends or goes on after a space. imap-proto 0.17 takes whatever else stands there for an
        // attribute that it does not know, and hands over a literal that was shifted or too short (seen 2026-11).
        let follows_literal = self.line == 0 && self.literals > 0;
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

    fn line_end(&mut self, transcript: &mut Transcript) -> Result<(), Breach> {
        if !self.tail.ends_with(b"\r\n") {
            return Err(Breach::BareLineFeed);
        }
        match announced(&self.tail) {
            Some(_) if is_status(&self.head) => return Err(Breach::LiteralInText),
            Some(size) => {
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
                self.literal_left = size;
            }
            None => {
                transcript.received(&self.head);
                self.head.clear();
                self.literals = 0;
                self.parentheses = 0;
                self.depth = 0;
                self.quotes = 0;
                self.complete = self.complete.saturating_add(1);
            }
        }
        self.line = 0;
        self.tail.clear();
        Ok(())
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

/// Whether the announcement follows something else than a space, so that it is part of a word.
fn glued(line: &[u8]) -> bool {
    let open = memchr::memrchr(b'{', line);
    let before = open.and_then(|open| open.checked_sub(1)).and_then(|before| line.get(before));
    before != Some(&b' ')
}

/// Whether a response is a status, a continuation or a tagged answer: these end in free text, where `{5}` is no literal to the
/// parser; a scan that took it for one would be blind for what follows.
fn is_status(head: &[u8]) -> bool {
    let Some(data) = head.strip_prefix(b"* ") else { return true };
    let words: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
    words.iter().any(|word| data.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { literal: 100, line: 80, parentheses: 5 };

    /// Scans the bytes in portions of the given size.
    fn scan(bytes: &[u8], portion: usize) -> Result<Vec<String>, Breach> {
        let mut screen = Screen::new(CAPS);
        let mut transcript = Transcript::default();
        for part in bytes.chunks(portion) {
            screen.pass(part, &mut transcript)?;
        }
        Ok(transcript.tail().0)
    }

    #[test]
    fn breaches_are_seen_however_the_bytes_are_cut() {
        let long = [b"* OK ".as_slice(), &[b'x'; 90], b"\r\n"].concat();
        let cases: [(&[u8], Breach); 9] = [
            (b"* 1 FETCH (BODY[] {101}\r\n", Breach::Literal { announced: 101, cap: 100 }),
            (b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", Breach::Literal { announced: u64::MAX, cap: 100 }),
            (
                b"* 1 FETCH (A {60}\r\n123456789012345678901234567890123456789012345678901234567890 B {60}\r\n",
                Breach::Literal { announced: 60, cap: 100 },
            ),
            (&long, Breach::Line { cap: 80 }),
            (b"* 1 FETCH ((((((\r\n", Breach::Parentheses { cap: 5 }),
            (b"* OK hello\n", Breach::BareLineFeed),
            (b"* NO [BADCHARSET ({5}\r\n", Breach::LiteralInText),
            (b"A1 OK done {7}\r\n", Breach::LiteralInText),
            (b"* 1 FETCH (BODY[] {3}\r\nabcdefg)\r\n", Breach::Misfit),
        ];
        for (bytes, breach) in cases {
            for portion in [1, 3, 1_000] {
                assert_eq!(scan(bytes, portion), Err(breach.clone()), "{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    #[test]
    fn honest_conversations_pass_and_bodies_stay_out_of_the_transcript() {
        let talk = b"* 1 FETCH (UID 5 BODY[] {12}\r\n((((((((\r\n\n\n)\r\nA1 OK {3} kinds\r\n";
        for portion in [1, 7, 1_000] {
            assert_eq!(scan(talk, portion).unwrap(), ["S: * 1 FETCH (UID 5 BODY[] {12}\u{fffd}\u{fffd})", "S: A1 OK {3} kinds"]);
        }
    }

    #[test]
    fn a_parser_that_makes_nothing_of_complete_lines_gets_no_more() {
        let mut screen = Screen::new(CAPS);
        let mut transcript = Transcript::default();
        screen.pass(b"* 1 FETCH (X (\r\n* OK\r\n* 2 FETCH (BODY[] {5}\r\nab", &mut transcript).unwrap();
        screen.answered();
        assert_eq!(screen.asked_for_more(), Err(Breach::Incomprehensible));
        screen.answered();
        // The third response is not complete, so it is right to ask.
        assert_eq!(screen.asked_for_more(), Ok(()));
    }

    #[test]
    fn a_large_literal_stands_only_where_a_body_stands() {
        let roomy = Caps { literal: 1_000_000, line: 200, parentheses: 10 };
        for (line, expected) in [
            ("* 1 FETCH (UID 1 BODY[] {20000}\r\n", Ok(())),
            ("* 1 FETCH (FLAGS (\\Seen) UID 1 BODY[] {20000}\r\n", Ok(())),
            ("* 1 FETCH (X-FLOOD (a {20000}\r\n", Err(Breach::Misplaced { announced: 20_000 })),
            ("* 1 FETCH (X-FLOOD a{20000}\r\n", Err(Breach::Misplaced { announced: 20_000 })),
            ("* 1 FETCH (X \")\" Y (a {20000}\r\n", Err(Breach::Misplaced { announced: 20_000 })),
            ("* LIST () \"/\" {20}\r\n", Ok(())),
        ] {
            assert_eq!(Screen::new(roomy).pass(line.as_bytes(), &mut Transcript::default()), expected, "{line}");
        }
    }

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
