//! One reply of an SMTP server, read generously.
//!
//! Promises: a reply whose three digits are clear is understood, whatever its text: a bare `250` (RFC 5321 section 4.2 asks clients to take it),
//! a lone LF, a text in Shift JIS. Its words come out as one clean line.
//! Rejected: lettre's `Response` parser, which takes each of these for garbage.

use std::fmt;

/// More of a server's words than this helps nobody.
const MOST_CHARACTERS: usize = 400;

/// The reply's code and the text of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    lines: Vec<String>,
}

/// The first digit of a code (RFC 5321 section 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// 2yz
    Done,
    /// 3yz
    GoOn,
    /// 4yz
    Temporary,
    /// 5yz
    Permanent,
}

/// One line of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyLine {
    pub code: u16,
    pub text: String,
    pub last: Last,
}

/// Whether a line ends its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    Yes,
    No,
}

impl ReplyLine {
    /// Reads one line (with or without its line end); None when it is no reply line at all.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (digits, rest) = line.split_at_checked(3)?;
        let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'] = digits else { return None };
        let code = [first, second, third].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0'));
        let (last, text) = match rest.split_first() {
            None => (Last::Yes, &[][..]),
            Some((b' ', text)) => (Last::Yes, text),
            Some((b'-', text)) => (Last::No, text),
            Some(_) => return None,
        };
        Some(Self { code, text: clean(text), last })
    }
}

/// A line of status or log: control and bidi characters would let a server write into an operator's terminal.
fn clean(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().map(|one| if is_tricky(one) { '\u{FFFD}' } else { one }).collect()
}

fn is_tricky(one: char) -> bool {
    one.is_control() || matches!(one, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

impl Reply {
    /// Joins the lines of one reply; None when there are none or their codes differ.
    #[must_use]
    pub fn of_lines(lines: Vec<ReplyLine>) -> Option<Self> {
        let code = lines.first()?.code;
        lines.iter().all(|line| line.code == code).then(|| Self { code, lines: lines.into_iter().map(|line| line.text).collect() })
    }

    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.code {
            0..300 => Severity::Done,
            300..400 => Severity::GoOn,
            400..500 => Severity::Temporary,
            500.. => Severity::Permanent,
        }
    }

    /// The text of each line, without codes.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Class, subject and detail of the enhanced status code (RFC 3463), where one stands first and agrees with the reply's code (RFC 2034).
    #[must_use]
    pub fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let mut numbers = word.split('.').map(|part| part.parse::<u16>().ok().filter(|_| part.len() <= 3));
        let found = (numbers.next()??, numbers.next()??, numbers.next()??);
        (numbers.next().is_none() && found.0 == self.code / 100).then_some(found)
    }
}

impl fmt::Display for Reply {
    /// Code and text as one line, cut by characters.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = self.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        let whole = format!("{} {joined}", self.code);
        let mut shown = whole.trim_end().chars();
        let head: String = shown.by_ref().take(MOST_CHARACTERS).collect();
        formatter.write_str(&head)?;
        if shown.next().is_some() { formatter.write_str("…") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(code: u16, text: &str, last: Last) -> ReplyLine {
        ReplyLine { code, text: text.to_owned(), last }
    }

    fn reply(lines: &[&str]) -> Reply {
        Reply::of_lines(lines.iter().map(|line| ReplyLine::parse(line.as_bytes()).unwrap()).collect()).unwrap()
    }

    #[test]
    fn lines_of_all_shapes_are_read() {
        let table: [(&[u8], Option<ReplyLine>); 13] = [
            (b"250 ok\r\n", Some(line(250, "ok", Last::Yes))),
            (b"250\r\n", Some(line(250, "", Last::Yes))),
            (b"250 \r\n", Some(line(250, "", Last::Yes))),
            (b"250-SIZE 100\r\n", Some(line(250, "SIZE 100", Last::No))),
            (b"354 go\n", Some(line(354, "go", Last::Yes))),
            (b"550 \x8e\xf3\r\n", Some(line(550, "\u{FFFD}\u{FFFD}", Last::Yes))),
            (b"550 a\x1b[2J\r\n", Some(line(550, "a\u{FFFD}[2J", Last::Yes))),
            (b"550 \xe2\x80\xaegpj\r\n", Some(line(550, "\u{FFFD}gpj", Last::Yes))),
            (b"2500 ok\r\n", None),
            (b"150 ok\r\n", None),
            (b"25\r\n", None),
            (b"HTTP/1.1 400 Bad Request\r\n", None),
            (b"", None),
        ];
        for (bytes, expected) in table {
            assert_eq!(ReplyLine::parse(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_reply_with_two_codes_is_none() {
        let lines = ["250-a", "550 b"].iter().map(|line| ReplyLine::parse(line.as_bytes()).unwrap()).collect();
        assert_eq!(Reply::of_lines(lines), None);
        assert_eq!(Reply::of_lines(Vec::new()), None);
    }

    #[test]
    fn the_enhanced_code_must_agree_with_the_reply() {
        let table = [
            ("550 5.7.1 Relaying denied", Some((5, 7, 1))),
            ("535 5.7.8 bad", Some((5, 7, 8))),
            ("450 5.7.1 odd", None),
            ("550 5.7 short", None),
            ("550 5.7.1.2 long", None),
            ("550 5.7.1234 long", None),
            ("550 No", None),
            ("550", None),
        ];
        for (text, expected) in table {
            assert_eq!(reply(&[text]).enhanced(), expected, "{text}");
        }
    }

    #[test]
    fn words_are_one_line_and_of_bounded_length() {
        assert_eq!(reply(&["550-5.1.1 unknown ", "550 here"]).to_string(), "550 5.1.1 unknown here");
        assert_eq!(reply(&["250"]).to_string(), "250");
        let long = reply(&[&format!("550 {}", "受".repeat(500))]).to_string();
        assert_eq!(long.chars().count(), 401);
        assert!(long.ends_with("受…"));
    }
}
