//! The mails of an mbox (RFC 4155), one at a time.
//!
//! Promises: of a mail no more is kept than asked for, and of a line no more than a piece, so that memory does not grow with the file nor
//! with the largest mail in it. A line of the text that happens to begin with `From ` begins no mail unless it looks like a postmark.
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
    place: Place,
    /// Whether a postmark has been read.
    has_begun: bool,
}

/// Where in a line the next piece stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a line, below one that is empty, or at the beginning of the file.
    BelowBlank,
    LineStart,
    Within,
}

impl<R: BufRead> Mails<R> {
    /// Reads from a stream; of each mail at most so many bytes are kept, and one more to show that there were more.
    pub const fn new(reader: R, most: usize) -> Self {
        Self { reader, most, piece: Vec::new(), place: Place::BelowBlank, has_begun: false }
    }

    /// Reads to the end of the line, or of the piece; 0 at the end of the stream.
    fn read_piece(&mut self) -> io::Result<usize> {
        self.piece.clear();
        self.reader.by_ref().take(PIECE).read_until(b'\n', &mut self.piece)
    }

    fn next_mail(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut mail = Vec::new();
        while self.read_piece()? > 0 {
            let place = self.place;
            let ends_line = self.piece.ends_with(b"\n");
            let is_blank = matches!(self.piece.as_slice(), b"\n" | b"\r\n");
            self.place = match (ends_line, place) {
                (true, Place::BelowBlank | Place::LineStart) if is_blank => Place::BelowBlank,
                (true, _) => Place::LineStart,
                (false, _) => Place::Within,
            };
            if place != Place::Within && is_postmark(&self.piece, place) {
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

/// Whether a line is `From sender date`. Programs that leave out the empty line above it write the date; those that leave out the date
/// write nothing but a sender.
fn is_postmark(line: &[u8], place: Place) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1).peekable();
    if words.peek().is_none() {
        return place == Place::BelowBlank;
    }
    let (mut has_time, mut has_year) = (false, false);
    for word in words {
        has_time |= word.first().is_some_and(u8::is_ascii_digit) && word.contains(&b':');
        has_year |= word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    }
    has_time && has_year
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
        assert_eq!(mails("From a\nA: 1\n\nFrom here on\nFrom b\n\nFrom - x\n\nFrom c\nC: 3\n", 100).len(), 2);
        assert_eq!(mails("From a\n\n>From x\n>>From y\n> From z\n", 100), ["\nFrom x\n>From y\n> From z\n"]);
        assert_eq!(mails("", 100), Vec::<String>::new());
        assert_eq!(mails("From a\n", 100), [""]);
    }

    #[test]
    fn of_a_large_mail_no_more_is_kept_than_asked_for() {
        let line = "x".repeat(200_000);
        let text = format!("From a\nA: 1\n\n{line}From b\n\nFrom c Thu Oct  1 10:00:00 2026\nC: 3\n");
        assert_eq!(mails(&text, 10), ["A: 1\n\nxxxxx", "C: 3\n"]);
        assert_eq!(mails(&text, 1_000_000).first().map(String::len), Some(200_014));
    }
}
