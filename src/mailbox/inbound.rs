//! From the wire to the IMAP parser: lines go through the screen, bodies go past the parser.
//!
//! Promises: the parser sees every line, but in the place of a mail's bytes a short slip; the bytes wait in a buffer of their own, into
//! which they were read. It gets no more than one answer at a time. Pure, so that every way of cutting the stream can be tried.
//! Rejected: bodies through the parser (async-imap 0.12: every body is zeroed, read and copied, and copied once more by whoever keeps it;
//! a tenth of all work).

use std::borrow::Cow;

use bytes::BufMut;

use super::screen::{Breach, Caps, LineEnd, Screen, TAIL};
use super::transcript::Transcript;

/// Read and not yet looked at, at most. Bytes.
const INPUT: usize = 16 * 1024;

/// Digits of a slip's number.
const DIGITS: usize = 10;

/// What arrives on one connection.
#[derive(Debug)]
pub(super) struct Inbound {
    screen: Screen,
    input: Vec<u8>,
    /// What of the input was looked at.
    looked_at: usize,
    /// Due to the parser.
    due: Vec<u8>,
    phase: Phase,
    /// Complete ones of the answer at hand, by the number of their slip.
    bodies: Vec<(u32, Vec<u8>)>,
    next_slip: u32,
}

enum Phase {
    Line,
    /// A string that is no body, which the parser reads itself.
    Literal {
        left: u64,
    },
    Body {
        bytes: Vec<u8>,
        missing: usize,
    },
}

impl std::fmt::Debug for Phase {
    /// Bodies never reach a log by accident.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line => formatter.write_str("Line"),
            Self::Literal { left } => write!(formatter, "Literal({left} left)"),
            Self::Body { missing, .. } => write!(formatter, "Body({missing} missing)"),
        }
    }
}

impl Inbound {
    pub(super) fn new(caps: Caps) -> Self {
        Self {
            screen: Screen::new(caps),
            input: Vec::with_capacity(INPUT),
            looked_at: 0,
            due: Vec::new(),
            phase: Phase::Line,
            bodies: Vec::new(),
            next_slip: 0,
        }
    }

    /// Where the next bytes from the wire belong, never more than fit.
    pub(super) fn room(&mut self) -> impl BufMut + use<'_> {
        let (buffer, room) = match &mut self.phase {
            Phase::Body { bytes, missing } => (bytes, *missing),
            Phase::Line | Phase::Literal { .. } => {
                self.input.drain(..self.looked_at);
                self.looked_at = 0;
                let room = INPUT.saturating_sub(self.input.len());
                (&mut self.input, room)
            }
        };
        buffer.limit(room)
    }

    /// So many bytes were put there.
    pub(super) fn has_read(&mut self, count: usize) {
        if let Phase::Body { missing, .. } = &mut self.phase {
            *missing = missing.saturating_sub(count);
        }
    }

    /// Looks at what was read, up to the end of one answer. Whether something is due to the parser; if not, more has to be read.
    ///
    /// # Errors
    /// [`Breach`]; the connection must then be dropped.
    pub(super) fn has_due(&mut self, transcript: &mut Transcript) -> Result<bool, Breach> {
        if !self.due.is_empty() {
            return Ok(true);
        }
        self.screen.asked_for_more()?;
        while self.screen.asked_for_more().is_ok() && self.advance(transcript)? {}
        Ok(!self.due.is_empty())
    }

    /// Up to so many of the bytes that are due.
    pub(super) fn hand_over(&mut self, most: usize) -> impl AsRef<[u8]> + use<'_> {
        let count = most.min(self.due.len());
        self.due.drain(..count)
    }

    /// The parser has understood an answer.
    pub(super) fn answered(&mut self) {
        self.screen.answered();
    }

    /// The bytes that the server wrote, or those that a slip stands for; none where it stands for none.
    pub(super) fn bytes_of<'w>(&mut self, written: &'w [u8]) -> Option<Cow<'w, [u8]>> {
        let Some(number) = number_of(written) else { return Some(Cow::Borrowed(written)) };
        let place = self.bodies.iter().position(|(found, _)| *found == number)?;
        Some(Cow::Owned(self.bodies.swap_remove(place).1))
    }

    /// Lets go of the bodies of the answer at hand that nobody wanted.
    pub(super) fn forget_bodies(&mut self) {
        self.bodies.clear();
    }

    /// One step; whether there was anything to look at.
    fn advance(&mut self, transcript: &mut Transcript) -> Result<bool, Breach> {
        let fresh = self.input.get(self.looked_at..).unwrap_or_default();
        match &mut self.phase {
            Phase::Body { bytes, missing } => {
                let count = fresh.len().min(*missing);
                bytes.extend_from_slice(fresh.get(..count).unwrap_or_default());
                self.looked_at = self.looked_at.saturating_add(count);
                *missing = missing.saturating_sub(count);
                if *missing > 0 {
                    return Ok(false);
                }
                let bytes = std::mem::take(bytes);
                self.bodies.push((self.next_slip, bytes));
                self.due.extend(slip(self.next_slip));
                self.next_slip = self.next_slip.wrapping_add(1);
                self.phase = Phase::Line;
                Ok(true)
            }
            Phase::Literal { left: 0 } => {
                self.phase = Phase::Line;
                Ok(true)
            }
            Phase::Literal { left } => {
                let count = fresh.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                self.due.extend_from_slice(fresh.get(..count).unwrap_or_default());
                self.looked_at = self.looked_at.saturating_add(count);
                *left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
                Ok(count > 0)
            }
            Phase::Line => self.line(transcript),
        }
    }

    /// A line to its end, or so much of it that the input has room for more.
    fn line(&mut self, transcript: &mut Transcript) -> Result<bool, Breach> {
        let fresh = self.input.get(self.looked_at..).unwrap_or_default();
        let (length, ends) = match memchr::memchr(b'\n', fresh) {
            Some(end) => (end.saturating_add(1), true),
            None if self.looked_at == 0 && fresh.len() == INPUT => (fresh.len().saturating_sub(TAIL), false),
            None => return Ok(false),
        };
        let piece = fresh.get(..length).unwrap_or_default();
        self.screen.text(piece)?;
        self.looked_at = self.looked_at.saturating_add(length);
        let end = if ends { self.screen.line_end(transcript)? } else { LineEnd::Plain };
        match end {
            LineEnd::Plain => self.due.extend_from_slice(piece),
            LineEnd::Literal(left) => {
                self.due.extend_from_slice(piece);
                self.phase = Phase::Literal { left };
            }
            LineEnd::Body(size) => {
                let missing = usize::try_from(size).map_err(|_| Breach::Misplaced { announced: size })?;
                let open = memchr::memrchr(b'{', piece).unwrap_or(piece.len());
                self.due.extend_from_slice(piece.get(..open).unwrap_or_default());
                self.due.extend(format!("{{{}}}\r\n", slip(0).len()).into_bytes());
                // The cap bounds what is announced, and memory is only touched as it is filled.
                self.phase = Phase::Body { bytes: Vec::with_capacity(missing), missing };
            }
        }
        Ok(true)
    }
}

/// What the parser sees in the place of a body. A line end stands in no quoted string (RFC 3501, 9), so a slip is never mistaken for one.
fn slip(number: u32) -> Vec<u8> {
    format!("\r\n{number:0DIGITS$}").into_bytes()
}

fn number_of(slip: &[u8]) -> Option<u32> {
    let digits = slip.strip_prefix(b"\r\n").filter(|digits| digits.len() == DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { literal: 100, line: 80, parentheses: 5 };

    /// What the parser saw, the bodies that passed by it, and the transcript.
    #[derive(Debug, PartialEq, Eq)]
    struct Seen {
        lines: String,
        bodies: Vec<String>,
        transcript: Vec<String>,
    }

    /// Sends the bytes in portions of the given size to a parser that understands every answer.
    fn send(caps: Caps, bytes: &[u8], portion: usize) -> Result<Seen, Breach> {
        let (mut inbound, mut transcript) = (Inbound::new(caps), Transcript::default());
        let (mut seen, mut bodies) = (Vec::new(), Vec::new());
        let mut rest = bytes;
        loop {
            while inbound.has_due(&mut transcript)? {
                seen.extend_from_slice(inbound.hand_over(portion).as_ref());
                if seen.ends_with(b"\r\n") && inbound.due.is_empty() {
                    bodies.extend(inbound.bodies.drain(..).map(|(_, bytes)| String::from_utf8(bytes).unwrap()));
                    inbound.answered();
                }
            }
            if rest.is_empty() {
                break;
            }
            let mut room = inbound.room();
            let count = rest.len().min(portion).min(room.remaining_mut());
            let (part, after) = rest.split_at(count);
            room.put_slice(part);
            drop(room);
            inbound.has_read(count);
            rest = after;
        }
        Ok(Seen { lines: String::from_utf8(seen).unwrap(), bodies, transcript: transcript.tail().0 })
    }

    #[test]
    fn breaches_are_seen_however_the_bytes_are_cut() {
        let long = [b"* OK ".as_slice(), &[b'x'; 90], b"\r\n"].concat();
        let cases: [(&[u8], Breach); 10] = [
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
            (b"* LIST () \"/\" {3}\r\nabcdefg\r\n", Breach::Misfit),
        ];
        for (bytes, breach) in cases {
            for portion in [1, 3, 1_000] {
                assert_eq!(send(CAPS, bytes, portion), Err(breach.clone()), "{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    #[test]
    fn bodies_go_past_the_parser_and_stay_out_of_the_transcript() {
        let talk = b"* 1 FETCH (INTERNALDATE {3}\r\nabc UID 5 BODY[] {12}\r\n((((((((\r\n\n\n)\r\n* LIST () \"/\" {3}\r\na\r\n\r\n* 2 fetch (UID 6 BODY[HEADER]<0> {0+}\r\n FLAGS () BODY[] {2}\r\nxy)\r\nA1 OK {3} kinds\r\n";
        let expected = Seen {
            lines: "* 1 FETCH (INTERNALDATE {3}\r\nabc UID 5 BODY[] {12}\r\n\r\n0000000000)\r\n* LIST () \"/\" {3}\r\na\r\n\r\n* 2 fetch (UID 6 BODY[HEADER]<0> {12}\r\n\r\n0000000001 FLAGS () BODY[] {12}\r\n\r\n0000000002)\r\nA1 OK {3} kinds\r\n".to_owned(),
            bodies: vec!["((((((((\r\n\n\n".to_owned(), String::new(), "xy".to_owned()],
            transcript: vec![
                "S: * 1 FETCH (INTERNALDATE {3}\u{fffd}\u{fffd} UID 5 BODY[] {12}\u{fffd}\u{fffd})".to_owned(),
                "S: * LIST () \"/\" {3}".to_owned(),
                "S: * 2 fetch (UID 6 BODY[HEADER]<0> {0+}\u{fffd}\u{fffd} FLAGS () BODY[] {2}\u{fffd}\u{fffd})".to_owned(),
                "S: A1 OK {3} kinds".to_owned(),
            ],
        };
        for portion in [1, 2, 7, 1_000] {
            assert_eq!(send(CAPS, talk, portion).unwrap(), expected, "{portion}");
        }
    }

    #[test]
    fn a_line_longer_than_the_input_announces_its_body_all_the_same() {
        let roomy = Caps { literal: 100, line: 64 * 1024, parentheses: 10 };
        for flags in [INPUT - 60, INPUT - 30, INPUT, 2 * INPUT + 5] {
            let before = format!("* 1 FETCH (FLAGS (\\{}) BODY[] ", "x".repeat(flags));
            let talk = format!("{before}{{5}}\r\nabcde)\r\n");
            for portion in [1_000, INPUT, 4 * INPUT] {
                let seen = send(roomy, talk.as_bytes(), portion).unwrap();
                assert_eq!(seen.lines, format!("{before}{{12}}\r\n\r\n0000000000)\r\n"), "{flags} {portion}");
                assert_eq!(seen.bodies, ["abcde"]);
            }
        }
    }

    #[test]
    fn the_parser_gets_one_answer_at_a_time_and_no_more_while_it_makes_nothing_of_it() {
        let (mut inbound, mut transcript) = (Inbound::new(CAPS), Transcript::default());
        inbound.room().put_slice(b"* 1 FETCH (X (\r\n* OK\r\n* 2 FETCH (BODY[] {5}\r\nab");
        assert_eq!(inbound.has_due(&mut transcript), Ok(true));
        assert_eq!(inbound.hand_over(1_000).as_ref(), b"* 1 FETCH (X (\r\n");
        assert_eq!(inbound.has_due(&mut transcript), Err(Breach::Incomprehensible));
        inbound.answered();
        assert_eq!(inbound.has_due(&mut transcript), Ok(true));
        assert_eq!(inbound.hand_over(1_000).as_ref(), b"* OK\r\n");
        inbound.answered();
        assert_eq!(inbound.has_due(&mut transcript), Ok(true));
        assert_eq!(inbound.hand_over(1_000).as_ref(), b"* 2 FETCH (BODY[] {12}\r\n");
        // The third answer is not complete, so it is right to ask.
        assert_eq!(inbound.has_due(&mut transcript), Ok(false));
        assert_eq!(inbound.room().remaining_mut(), 3, "the rest of the body and no more");
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
            assert_eq!(send(roomy, line.as_bytes(), 1_000).map(drop), expected, "{line}");
        }
    }

    #[test]
    fn a_slip_without_its_body_is_nothing() {
        let mut inbound = Inbound::new(CAPS);
        inbound.bodies.push((3, b"abc".to_vec()));
        assert_eq!(inbound.bytes_of(b"text").as_deref(), Some(&b"text"[..]));
        assert_eq!(inbound.bytes_of(&slip(4)), None);
        assert_eq!(inbound.bytes_of(&slip(3)).as_deref(), Some(&b"abc"[..]));
        assert_eq!(inbound.bytes_of(&slip(3)), None);
    }

    #[test]
    fn an_answer_of_too_many_strings_is_refused() {
        let flood = |name: &str| format!("* 1 FETCH ({}", format!("{name} {{0}}\r\n ").repeat(201));
        for name in ["X", "BODY[]"] {
            assert_eq!(send(CAPS, flood(name).as_bytes(), 1_000), Err(Breach::Literals { cap: 200 }));
        }
        assert_eq!(send(CAPS, b"* 1 FETCH (BODY[] {0}\r\nabc)\r\n", 1_000), Err(Breach::Misfit));
    }

    #[test]
    fn nothing_but_a_slip_is_a_slip() {
        assert_eq!(number_of(&slip(4_294_967_295)), Some(u32::MAX));
        for other in [&b"0000000001"[..], b"\r\n1", b"\r\n00000000001", b"\r\n000000000x", b""] {
            assert_eq!(number_of(other), None);
        }
    }
}
