//! RTF to tokens.
//!
//! Promises: every byte is looked at once; a token never fails, broken syntax becomes text or nothing, as Word has it.
//! Rejected: regular expressions; `\binN` makes the syntax depend on values.

use crate::desk::file::mapi::cursor::Cursor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    Open,
    Close,
    /// A control word, and its number if it has one.
    Word(&'a [u8], Option<i32>),
    /// A control symbol, such as `\~` or `\*`.
    Symbol(u8),
    /// A byte of text, raw or as `\'xx`.
    Byte(u8),
}

#[derive(Debug)]
pub struct Tokens<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Tokens<'a> {
    pub fn new(rtf: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(rtf) }
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.cursor.rest().first()?;
        if first.is_ascii_alphabetic() {
            return Some(self.word());
        }
        self.cursor.take(1);
        Some(match first {
            b'\'' => match self.hexadecimal() {
                Some(byte) => Token::Byte(byte),
                None => Token::Symbol(b'\''),
            },
            b'\\' | b'{' | b'}' => Token::Byte(first),
            // A line end behind a backslash is a paragraph.
            b'\r' | b'\n' => Token::Word(b"par", None),
            _ => Token::Symbol(first),
        })
    }

    fn hexadecimal(&mut self) -> Option<u8> {
        let [high, low] = *self.cursor.rest().first_chunk::<2>()?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let value = digit(high)? << 4 | digit(low)?;
        self.cursor.take(2);
        Some(value)
    }

    fn word(&mut self) -> Token<'a> {
        let name = self.run(u8::is_ascii_alphabetic);
        let rest = self.cursor.rest();
        let is_negative = rest.first() == Some(&b'-') && rest.get(1).is_some_and(u8::is_ascii_digit);
        if is_negative {
            self.cursor.take(1);
        }
        let digits = self.run(u8::is_ascii_digit);
        let number = std::str::from_utf8(digits).ok().filter(|digits| !digits.is_empty());
        // A number too large for RTF says nothing; zero is harmless everywhere.
        let number = number.map(|digits| digits.parse::<i32>().unwrap_or(0)).map(|value| if is_negative { -value } else { value });
        if self.cursor.rest().first() == Some(&b' ') {
            self.cursor.take(1);
        }
        if name == b"bin" {
            self.cursor.take_most(number.and_then(|length| usize::try_from(length).ok()).unwrap_or(0));
        }
        Token::Word(name, number)
    }

    fn run(&mut self, belongs: impl Fn(&u8) -> bool) -> &'a [u8] {
        let length = self.cursor.rest().iter().take_while(|byte| belongs(byte)).count();
        self.cursor.take_most(length)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            return Some(match self.cursor.u8()? {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\\' => return self.control(),
                // Line ends and NULs between tokens are no text.
                b'\r' | b'\n' | 0 => continue,
                byte => Token::Byte(byte),
            });
        }
    }
}
