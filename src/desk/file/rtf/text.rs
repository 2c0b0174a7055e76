//! RTF tokens to text.
//!
//! Promises: neighbouring `\'xx` and raw bytes are decoded together in the code page of their font, across groups and
//! formatting, since Outlook cuts double-byte characters there. Rejected: decoding byte by byte; every second kanji is lost.

use std::collections::BTreeMap;

use super::token::{Token, Tokens};
use super::{Form, Rtf, keyword};
use crate::desk::file::mapi::Broken;
use crate::desk::file::mapi::budget::Budget;
use crate::desk::file::mapi::text::strictly;
use crate::desk::text::charset::Decoded;

/// Groups within groups; Word itself gives up far earlier. Deeper ones are read in the state of this one.
const MOST_GROUPS: usize = 256;
/// Fonts in a table.
const MOST_FONTS: usize = 4096;

/// Reads RTF.
pub fn read(rtf: &[u8], budget: &mut Budget) -> Result<Rtf, Broken> {
    let rtf = rtf.trim_ascii_start();
    if !rtf.starts_with(b"{\\rtf") {
        return Err(Broken::NotRtf);
    }
    let mut interpreter = Interpreter::new();
    for token in Tokens::new(rtf) {
        interpreter.take(token);
        // What follows the outermost group is slack of the writer; Word does not show it either.
        if interpreter.groups.is_empty() {
            break;
        }
    }
    interpreter.flush();
    if interpreter.deepest > MOST_GROUPS {
        budget.cut();
    }
    Ok(Rtf { form: interpreter.form, decoded: Decoded::judged(interpreter.text) })
}

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Body,
    /// `\*\htmltag`: verbatim HTML.
    HtmlTag,
    FontTable,
    Nowhere,
}

/// What a group inherits and gives back at its end.
#[derive(Debug, Clone, Copy)]
struct State {
    destination: Destination,
    /// Inside `\htmlrtf`: formatting that the HTML says better.
    is_rtf_only: bool,
    /// `\v`: text that Word does not show.
    is_hidden: bool,
    font: Option<i32>,
    /// `\ucN`: characters behind a `\uN` that repeat it for old readers.
    fallback: u32,
}

struct Interpreter {
    state: State,
    groups: Vec<State>,
    /// Groups open beyond those remembered.
    beyond: usize,
    deepest: usize,
    form: Form,
    /// `\ansicpgN`.
    page: Option<u32>,
    default_font: Option<i32>,
    fonts: BTreeMap<i32, u32>,
    /// Just behind `\*`.
    is_starred: bool,
    /// Characters still to be skipped behind a `\uN`.
    to_skip: u32,
    /// The first half of a surrogate pair.
    surrogate: Option<u16>,
    /// Bytes not decoded yet, all in `pending_page`.
    pending: Vec<u8>,
    pending_page: Option<u32>,
    text: String,
}

impl Interpreter {
    fn new() -> Self {
        let state = State { destination: Destination::Body, is_rtf_only: false, is_hidden: false, font: None, fallback: 1 };
        Self {
            state,
            groups: Vec::new(),
            beyond: 0,
            deepest: 0,
            form: Form::Plain,
            page: None,
            default_font: None,
            fonts: BTreeMap::new(),
            is_starred: false,
            to_skip: 0,
            surrogate: None,
            pending: Vec::new(),
            pending_page: None,
            text: String::new(),
        }
    }

    fn take(&mut self, token: Token<'_>) {
        let was_starred = std::mem::take(&mut self.is_starred);
        match token {
            Token::Open => self.open(),
            Token::Close => self.close(),
            _ if self.is_skipped(token) => {}
            Token::Byte(byte) => self.byte(byte),
            Token::Symbol(b'*') => self.is_starred = true,
            Token::Symbol(symbol) => {
                if let Some(text) = keyword::symbol(symbol, self.form) {
                    self.characters(text);
                }
            }
            Token::Word(word, _) if was_starred => self.starred(word),
            Token::Word(word, number) => self.word(word, number),
        }
    }

    /// Fallback characters: bytes and symbols. A word ends them: writers forget the fallback, and the word may be `\htmlrtf0`.
    fn is_skipped(&mut self, token: Token<'_>) -> bool {
        if self.to_skip == 0 || matches!(token, Token::Word(..)) {
            self.to_skip = 0;
            return false;
        }
        self.to_skip -= 1;
        true
    }

    fn open(&mut self) {
        self.to_skip = 0;
        if self.groups.len() < MOST_GROUPS {
            self.groups.push(self.state);
        } else {
            self.beyond += 1;
        }
        self.deepest = self.deepest.max(self.groups.len() + self.beyond);
    }

    fn close(&mut self) {
        self.to_skip = 0;
        if let Some(fewer) = self.beyond.checked_sub(1) {
            self.beyond = fewer;
        } else if let Some(outer) = self.groups.pop() {
            self.state = outer;
        }
    }

    /// A word behind `\*`: a group that a reader ignores unless it knows it.
    fn starred(&mut self, word: &[u8]) {
        let is_tag = word == b"htmltag" && self.state.destination != Destination::Nowhere;
        self.state.destination = if is_tag { Destination::HtmlTag } else { Destination::Nowhere };
    }

    fn word(&mut self, word: &[u8], number: Option<i32>) {
        match (word, number) {
            (b"u", Some(number)) => self.unicode(number),
            (b"uc", Some(number)) => self.state.fallback = u32::try_from(number).unwrap_or(1),
            (b"htmlrtf", number) => self.state.is_rtf_only = number != Some(0),
            // MS-OXRTFEX: among the first words of the document, or it is none.
            (b"fromhtml", number) if number != Some(0) && self.is_at_start() => self.form = Form::Html,
            (b"ansicpg", Some(number)) => self.page = u32::try_from(number).ok().filter(|page| *page != 0),
            (b"deff", Some(number)) => self.default_font = Some(number),
            (b"f", Some(number)) => self.state.font = Some(number),
            (b"fcharset", Some(number)) => self.font_page(keyword::page_of_charset(number)),
            (b"cpg", Some(number)) => self.font_page(u32::try_from(number).ok()),
            (b"v", number) => self.state.is_hidden = number != Some(0),
            (b"plain", _) => {
                self.state.font = None;
                self.state.is_hidden = false;
            }
            (b"fonttbl", _) if self.state.destination != Destination::Nowhere => self.state.destination = Destination::FontTable,
            (word, _) if keyword::is_apart(word) => self.state.destination = Destination::Nowhere,
            (word, _) => {
                if let Some(text) = keyword::text(word, self.form) {
                    self.characters(text);
                }
            }
        }
    }

    fn is_at_start(&self) -> bool {
        self.deepest == 1 && self.text.is_empty() && self.pending.is_empty()
    }

    /// In the font table, `\fcharsetN` tells about the font named just before.
    fn font_page(&mut self, page: Option<u32>) {
        if let (Destination::FontTable, Some(font), Some(page)) = (self.state.destination, self.state.font, page)
            && self.fonts.len() < MOST_FONTS
        {
            self.fonts.insert(font, page);
        }
    }

    fn is_shown(&self) -> bool {
        let is_hidden = self.state.is_hidden && self.form == Form::Plain;
        matches!(self.state.destination, Destination::Body | Destination::HtmlTag) && !self.state.is_rtf_only && !is_hidden
    }

    /// Tags are in the document's code page, text in its font's (MS-OXRTFEX).
    fn page_here(&self) -> Option<u32> {
        let font = self.state.font.or(self.default_font).filter(|_| self.state.destination == Destination::Body);
        font.and_then(|font| self.fonts.get(&font).copied()).or(self.page)
    }

    fn byte(&mut self, byte: u8) {
        if !self.is_shown() {
            return;
        }
        self.end_surrogate();
        // ASCII may be the second half of a character only right behind a first half; its page does not matter otherwise.
        if !byte.is_ascii() {
            let page = self.page_here();
            if page != self.pending_page {
                self.decode_pending();
                self.pending_page = page;
            }
        }
        self.pending.push(byte);
    }

    fn characters(&mut self, text: &str) {
        if self.is_shown() {
            self.flush();
            self.text.push_str(text);
        }
    }

    /// `\uN`: a signed 16-bit unit of UTF-16.
    fn unicode(&mut self, number: i32) {
        self.to_skip = self.state.fallback;
        if !self.is_shown() {
            return;
        }
        let unit = u16::try_from(number).or_else(|_| u16::try_from(number.saturating_add(0x1_0000))).unwrap_or(0xfffd);
        self.decode_pending();
        if let Some(high) = self.surrogate.take() {
            match char::decode_utf16([high, unit]).next() {
                Some(Ok(character)) => return self.text.push(character),
                _ => self.text.push(char::REPLACEMENT_CHARACTER),
            }
        }
        match unit {
            0xd800..=0xdbff => self.surrogate = Some(unit),
            _ => self.text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn end_surrogate(&mut self) {
        if self.surrogate.take().is_some() {
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn decode_pending(&mut self) {
        if !self.pending.is_empty() {
            self.text.push_str(&strictly(&self.pending, self.pending_page));
            self.pending.clear();
        }
    }

    fn flush(&mut self) {
        self.decode_pending();
        self.end_surrogate();
    }
}
