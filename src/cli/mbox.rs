//! The mails of an mbox (RFC 4155), one at a time.
//!
//! Promises: of a mail no more is kept than asked for, and of a line no more than a piece, so that memory does not grow with the file nor
//! with the largest mail in it. A line of the text that happens to begin with `From ` begins no mail unless it bears a whole date, or
//! names a sender and has a header field below it.
//! Rejected: the iterator of mail-parser, which keeps a mail whole, and begins a mail at every such line.

use std::io::{self, BufRead, Read as _};

/// Bytes of a line that are looked at together; the longest postmark is far shorter.
const PIECE: u64 = 64 * 1024;

/// Iterates over the mails of a stream, without their postmarks and with one `>` less before quoted `From ` lines (mboxrd).
pub struct Mails<R> {
    reader: R,
    /// Bytes that are kept of a mail.
    most: usize,
    piece: Vec<u8>,
    /// The piece behind it, where it had to be looked at.
    ahead: Option<Vec<u8>>,
    place: Place,
    has_begun: bool,
}

/// Where in a line the next piece stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    FirstLine,
    /// At the beginning of a line, below one that is empty.
    BelowBlank,
    LineStart,
    Within,
}

/// Whether a stream that begins so is an mbox.
#[must_use]
pub fn is_mbox(start: &[u8]) -> bool {
    let start = without_mark(start);
    let first = start.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    start.starts_with(b"From ") || first.starts_with(b"From ") && (dated(first) || names_sender(first))
}

/// The byte order mark of UTF-8 that editors put before a file.
fn without_mark(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start)
}

impl<R: BufRead> Mails<R> {
    /// Reads from a stream; of each mail at most so many bytes are kept, and one more to show that there were more.
    pub const fn new(reader: R, most: usize) -> Self {
        Self { reader, most, piece: Vec::new(), ahead: None, place: Place::FirstLine, has_begun: false }
    }

    /// Reads to the end of the line, or of the piece; 0 at the end of the stream.
    fn read_piece(&mut self) -> io::Result<usize> {
        if let Some(ahead) = self.ahead.take() {
            self.piece = ahead;
            return Ok(self.piece.len());
        }
        self.piece.clear();
        self.reader.by_ref().take(PIECE).read_until(b'\n', &mut self.piece)
    }

    /// Whether the piece is `From sender date` above a mail: the first line of all is, and one below an empty line that bears a whole date.
    /// Of those with only one of these (some programs leave out the empty line, others write dates of their own, or none) it is asked that
    /// a header field follows.
    fn is_postmark(&mut self, place: Place) -> io::Result<bool> {
        let line = if place == Place::FirstLine { without_mark(&self.piece) } else { &self.piece };
        if place == Place::Within || !line.starts_with(b"From ") {
            return Ok(false);
        }
        match (place, dated(line)) {
            (Place::FirstLine, _) | (Place::BelowBlank, true) => return Ok(true),
            (Place::LineStart, false) => return Ok(false),
            (Place::BelowBlank, false) if !names_sender(line) => return Ok(false),
            _ => {}
        }
        let mut ahead = Vec::new();
        self.reader.by_ref().take(PIECE).read_until(b'\n', &mut ahead)?;
        let is_followed = is_field(&ahead);
        self.ahead = Some(ahead).filter(|ahead| !ahead.is_empty());
        Ok(is_followed)
    }

    fn next_mail(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut mail = Vec::new();
        while self.read_piece()? > 0 {
            let place = self.place;
            let ends_line = self.piece.ends_with(b"\n");
            let is_blank = matches!(self.piece.as_slice(), b"\n" | b"\r\n");
            if place == Place::FirstLine && without_mark(&self.piece).trim_ascii().is_empty() {
                continue;
            }
            self.place = match (ends_line, place) {
                (true, Place::BelowBlank | Place::LineStart) if is_blank => Place::BelowBlank,
                (true, _) => Place::LineStart,
                (false, _) => Place::Within,
            };
            if self.is_postmark(place)? {
                if std::mem::replace(&mut self.has_begun, true) {
                    return Ok(Some(mail));
                }
            } else if self.has_begun {
                let line = if place == Place::Within { &self.piece } else { unquoted(&self.piece) };
                let room = self.most.saturating_add(1).saturating_sub(mail.len());
                mail.extend_from_slice(line.get(..room).unwrap_or(line));
            }
        }
        Ok(std::mem::take(&mut self.has_begun).then_some(mail))
    }
}

impl<R: BufRead> Iterator for Mails<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_mail().transpose()
    }
}

/// Whether an address, or what programs write where they know none, stands where a postmark has the sender.
fn names_sender(line: &[u8]) -> bool {
    let sender = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1).unwrap_or_default();
    sender.contains(&b'@') || matches!(sender, b"-" | b"MAILER-DAEMON")
}

/// Whether weekday, month, clock time and year stand behind the sender, as asctime(3) writes them.
fn dated(line: &[u8]) -> bool {
    let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(2);
    let is_time = |word: &[u8]| word.first().is_some_and(u8::is_ascii_digit) && word.contains(&b':');
    let is_year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    let has = |names: &[&[u8]]| words().any(|word| names.contains(&word));
    words().any(is_time) && words().any(is_year) && has(&MONTHS) && has(&WEEKDAYS)
}

const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

const MONTHS: [&[u8]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Whether a line is a header field: a name, without spaces, and a colon (RFC 5322 section 3.6.8).
fn is_field(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(u8::is_ascii_graphic)
}

/// `>From ` is a line that was quoted since it is no postmark; `>>From ` was `>From `.
fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    let is_quoted = marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "));
    line.get(usize::from(is_quoted)..).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mails(text: &str, most: usize) -> Vec<String> {
        let mails = Mails::new(text.as_bytes(), most).map(|mail| String::from_utf8(mail.expect("read")).expect("text"));
        mails.collect()
    }

    #[test]
    fn mails_are_told_apart_by_their_postmarks() {
        let dated = "From a@example.jp Thu Oct  1 10:00:00 2026\r\n";
        assert_eq!(mails(&format!("{dated}A: 1\r\n\r\nx\r\n{dated}B: 2\r\n"), 100), ["A: 1\r\n\r\nx\r\n", "B: 2\r\n"]);
        assert_eq!(mails("From a\n\n>From x\n>>From y\n> From z\n", 100), ["\nFrom x\n>From y\n> From z\n"]);
        assert_eq!(mails("", 100), Vec::<String>::new());
        assert_eq!(mails("From a\n", 100), [""]);
        assert_eq!(mails(&format!("{dated}{dated}\nx\n"), 100), ["From a@example.jp Thu Oct  1 10:00:00 2026\r\n\nx\n"]);
    }

    #[test]
    fn dates_of_any_form_and_none_are_postmarks_above_a_header() {
        for date in ["2026-10-01T10:00:00Z", "10/01/2026 10:00", "Thu Oct 1 2026", "2026年10月1日 10:00:00", "", "Thu Oct  1 10:00:00 26"]
        {
            let text = format!("\u{FEFF}From a@example.jp {date}\nA: 1\n\nx\n\nFrom b@example.jp {date}\nB: 2\n");
            assert_eq!(mails(&text, 100), ["A: 1\n\nx\n\n", "B: 2\n"], "{date}");
        }
        assert!(!is_mbox(b"\n\nFrom here on text\n"));
        for start in ["\r\n\n", " \n", "\u{FEFF}\n"] {
            let text = format!("{start}From a@example.jp\nA: 1\n");
            assert!(is_mbox(text.as_bytes()));
            assert_eq!(mails(&text, 100), ["A: 1\n"], "{start:?}");
        }
    }

    #[test]
    fn prose_begins_no_mail() {
        for line in ["From Taro", "From our site", "From tomorrow at 10:00 in 2026 we open", "From 1 Oct 2026 at 10:00 we start"] {
            let text = format!("From a\nA: 1\n\n{line}\nhttps://example.jp/\n\n{line}\nTel: 03-0000-0000\n{line}\n");
            assert_eq!(mails(&text, 1_000).len(), 1, "{line}");
        }
        assert_eq!(mails("From here on we write no header\n\nhello\n", 100), ["\nhello\n"]);
    }

    #[test]
    fn of_a_large_mail_no_more_is_kept_than_asked_for() {
        let line = "x".repeat(200_000);
        let text = format!("From a\nA: 1\n\n{line}From b\n\nFrom c Thu Oct  1 10:00:00 2026\nC: 3\n");
        assert_eq!(mails(&text, 10), ["A: 1\n\nxxxxx", "C: 3\n"]);
        assert_eq!(mails(&text, 1_000_000).first().map(String::len), Some(200_014));
    }
}
