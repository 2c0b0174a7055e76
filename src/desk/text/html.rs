//! HTML of mails to lines, as a reader sees them.
//!
//! Promises: a line break for every block element and `<br>`, a TAB between table cells, `> ` for every quoting level,
//! hidden text apart from visible text, and `<a@b>` kept where a client forgot to escape it. Where a client put an element around a
//! forward, its place is told.
//! Rejected: mail-parser's converter (it loses the break of `<div>`) and html2text (it writes `**From:**`).

mod style;

use std::ops::Range;

use html5gum::{StartTag, Token, Tokenizer};

use self::style::Look;

/// A rendered document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// What a reader sees.
    pub visible: String,
    /// What a reader cannot see: `display:none`, zero size, white on white.
    pub hidden: String,
    /// Bytes of the largest picture that stands in the document itself (`data:`).
    pub picture_bytes: usize,
    /// Places in `visible`, in bytes, around which a client put an element for a mail that it quotes or forwards, its header block
    /// included. They may lie in each other.
    pub wraps: Vec<Range<usize>>,
}

/// Elements that begin and end a line.
const BLOCKS: &[&[u8]] = &[
    b"address",
    b"article",
    b"aside",
    b"body",
    b"center",
    b"dd",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"header",
    b"hr",
    b"html",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"p",
    b"pre",
    b"section",
    b"table",
    b"tbody",
    b"tfoot",
    b"thead",
    b"tr",
    b"ul",
    b"blockquote",
];

/// Elements after whose end a reader sees an empty line.
const SPACED: &[&[u8]] = &[b"p", b"h1", b"h2", b"h3", b"h4", b"h5", b"h6"];

/// Elements whose text is not shown.
const SILENT: &[&[u8]] = &[b"head", b"style", b"script", b"title", b"template", b"noscript"];

/// Elements that have no end tag (WHATWG void elements).
const VOID: &[&[u8]] = &[b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track", b"wbr"];

/// Deeper nesting is read as if it were flat.
const DEEPEST: usize = 256;

/// More quote marks would multiply the text that they stand before.
const MOST_QUOTE_MARKS: usize = 32;

/// Elements whose start and end inside a table cell break the line only where more text of the cell follows: a label and its
/// value, each in a paragraph in a cell, are one line to a reader.
const SOFT: &[&[u8]] = &[b"p", b"div", b"center", b"h1", b"h2", b"h3", b"h4", b"h5", b"h6"];

/// Elements whose end tag may be missing, with what begins after their end, and what they never reach beyond.
const IMPLIED: &[Implied] = &[
    Implied { open: &[b"li"], ended_by: &[b"li"], within: &[b"ul", b"ol"] },
    Implied { open: &[b"dt", b"dd"], ended_by: &[b"dt", b"dd"], within: &[b"dl"] },
    Implied { open: &[b"td", b"th"], ended_by: &[b"td", b"th", b"tr", b"tbody", b"tfoot"], within: &[b"table"] },
    Implied { open: &[b"tr"], ended_by: &[b"tr", b"tbody", b"tfoot"], within: &[b"table"] },
];

struct Implied {
    open: &'static [&'static [u8]],
    ended_by: &'static [&'static [u8]],
    within: &'static [&'static [u8]],
}

/// Elements beyond which the end tag of another element does not reach (WHATWG 13.2.4.2, "in scope"), and those whose own end tags do.
const SCOPES: &[&[u8]] = &[b"td", b"th", b"table"];
const OF_TABLES: &[&[u8]] = &[b"table", b"thead", b"tbody", b"tfoot", b"tr", b"td", b"th", b"body", b"html"];

/// Classes of the elements that clients put around a quoted or forwarded mail with its header block: Gmail, Thunderbird, Yahoo Mail,
/// Proton Mail. (Outlook marks the header block alone, by the id `divRplyFwdMsg`; where the mail ends it does not say.)
const WRAPS: &[&[u8]] = &[b"gmail_quote", b"moz-forward-container", b"yahoo_quoted", b"protonmail_quote"];

/// A paragraph ends where any block begins (WHATWG 4.4.1), but reaches not out of these.
const PARAGRAPH_WITHIN: &[&[u8]] = &[b"td", b"th", b"table", b"blockquote", b"li"];

/// Renders a document.
#[must_use]
pub fn render(html: &str) -> Rendered {
    let mut renderer = Renderer::default();
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) => renderer.start(&tag),
            Token::EndTag(tag) => renderer.end(&tag.name),
            Token::String(text) => renderer.text(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    renderer.finish()
}

/// An open element.
struct Open {
    name: Vec<u8>,
    look: Look,
    silent: bool,
    in_cell: bool,
    quotes: usize,
    /// Where the text of a quoted or forwarded mail begins.
    wraps_from: Option<usize>,
}

/// A line end that waits for the text after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Line,
    Blank,
}

#[derive(Default)]
struct Renderer {
    rendered: Rendered,
    line: String,
    open: Vec<Open>,
    /// Elements that are open beyond `DEEPEST`.
    beyond: usize,
    pending_space: bool,
    pending: Option<Pending>,
    /// The last line written was empty; more empty lines are folded into one.
    blank: bool,
}

impl Renderer {
    fn start(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        if self.is_silent() {
            return self.start_unseen(name);
        }
        if name.contains(&b'@') {
            // `<taro@example.jp>` written without `&lt;` (iOS, Yahoo! JAPAN).
            let written = format!("<{}>", String::from_utf8_lossy(name));
            self.text(&written);
            return;
        }
        if name == b"br" {
            self.break_line();
            return;
        }
        self.end_implied(name);
        if matches!(name, b"td" | b"th") {
            self.pending = None;
            self.pending_space = false;
            if !self.line.is_empty() {
                self.line.push('\t');
            }
        }
        self.boundary(name, Pending::Line);
        if name == b"img" {
            self.weigh(tag);
        }
        if VOID.contains(&name) || tag.self_closing && !is_block(name) {
            return;
        }
        if self.open.len() >= DEEPEST {
            self.beyond += 1;
            return;
        }
        let is_wrap = is_wrap(tag);
        if is_wrap {
            self.end_line();
        }
        let outer = self.open.last();
        let quotes = outer.map_or(0, |outer| outer.quotes) + usize::from(name == b"blockquote" && is_quotation(tag));
        let open = Open {
            name: name.to_vec(),
            look: outer.map_or_else(Look::default, |outer| outer.look).inside(tag),
            silent: outer.is_some_and(|outer| outer.silent) || SILENT.contains(&name),
            in_cell: matches!(name, b"td" | b"th") || outer.is_some_and(|outer| outer.in_cell) && !matches!(name, b"table" | b"tr"),
            quotes: quotes.min(MOST_QUOTE_MARKS),
            wraps_from: is_wrap.then_some(self.rendered.visible.len()),
        };
        self.open.push(open);
    }

    /// What looks like a tag in a title or a script is none (WHATWG 13.2.5, RCDATA and the like), but for those that begin and end them.
    fn start_unseen(&mut self, name: &[u8]) {
        if name == b"body"
            && let Some(at) = self.open.iter().position(|open| open.name == b"head")
        {
            self.close(at);
        } else if SILENT.contains(&name)
            && let Some(outer) = self.open.last()
            && self.open.len() < DEEPEST
        {
            self.open.push(Open {
                name: name.to_vec(),
                look: outer.look,
                silent: true,
                in_cell: outer.in_cell,
                quotes: outer.quotes,
                wraps_from: None,
            });
        }
    }

    fn is_silent(&self) -> bool {
        self.open.last().is_some_and(|open| open.silent)
    }

    fn end(&mut self, name: &[u8]) {
        if self.is_silent() && !SILENT.contains(&name) {
            return;
        }
        if name == b"br" {
            self.break_line();
            return;
        }
        if self.beyond > 0 {
            self.beyond -= 1;
            self.boundary(name, self.gap_after(name));
            return;
        }
        let is_of_tables = OF_TABLES.contains(&name);
        let reaches_no_further = |open: &Open| !is_of_tables && SCOPES.contains(&open.name.as_slice());
        let last = self.open.iter().rposition(|open| open.name == name || reaches_no_further(open));
        if let Some(at) = last
            && self.open.get(at).is_some_and(|open| open.name == name)
        {
            self.close(at);
        }
    }

    /// Ends the elements whose end tag was left out, where this one begins.
    fn end_implied(&mut self, name: &[u8]) {
        if is_block(name) {
            self.end_last(&[b"p"], PARAGRAPH_WITHIN);
        }
        for implied in IMPLIED.iter().filter(|implied| implied.ended_by.contains(&name)) {
            self.end_last(implied.open, implied.within);
        }
    }

    fn end_last(&mut self, names: &[&[u8]], within: &[&[u8]]) {
        let last = self.open.iter().rposition(|open| names.contains(&open.name.as_slice()) || within.contains(&open.name.as_slice()));
        if let Some(at) = last
            && self.open.get(at).is_some_and(|open| names.contains(&open.name.as_slice()))
        {
            self.close(at);
        }
    }

    fn close(&mut self, at: usize) {
        let name = self.open.get(at).map(|open| open.name.clone()).unwrap_or_default();
        self.boundary(&name, self.gap_after(&name));
        // One that ends only since an element around it does was never closed: nobody says where its mail ends.
        if let Some(begin) = self.open.get(at).and_then(|open| open.wraps_from) {
            self.end_line();
            self.rendered.wraps.push(begin..self.rendered.visible.len());
        }
        self.open.truncate(at);
    }

    fn gap_after(&self, name: &[u8]) -> Pending {
        if SPACED.contains(&name) && self.is_visible() { Pending::Blank } else { Pending::Line }
    }

    /// Where a block begins or ends: a line end, at once or (in a table cell) before the next text of the cell.
    fn boundary(&mut self, name: &[u8], gap: Pending) {
        if !is_block(name) {
            return;
        }
        if SOFT.contains(&name) && self.open.last().is_some_and(|open| open.in_cell) {
            if !self.line.is_empty() && !self.line.ends_with('\t') {
                self.pending = self.pending.max(Some(gap));
            }
            return;
        }
        self.end_line();
        if gap == Pending::Blank {
            self.blank_line();
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_silent() {
            return;
        }
        if !self.is_visible() {
            self.rendered.hidden.push_str(text);
            self.rendered.hidden.push('\n');
            return;
        }
        if self.open.last().is_some_and(|open| open.look.preformatted) {
            self.flush_pending();
            for (count, piece) in text.split('\n').enumerate() {
                if count > 0 {
                    self.break_line();
                }
                self.line.push_str(piece.trim_end_matches('\r'));
            }
            return;
        }
        for character in text.chars() {
            if matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{0C}') {
                self.pending_space = true;
            } else {
                self.flush_pending();
                if self.pending_space && !self.line.is_empty() && !self.line.ends_with('\t') {
                    self.line.push(' ');
                }
                self.pending_space = false;
                self.line.push(character);
            }
        }
    }

    fn is_visible(&self) -> bool {
        self.open.last().is_none_or(|open| open.look.is_visible())
    }

    /// A picture as `data:` address: three bytes in four characters of base64.
    fn weigh(&mut self, tag: &StartTag<()>) {
        let bytes = tag
            .attributes
            .get(b"src".as_slice())
            .filter(|source| source.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"data:image/")));
        self.rendered.picture_bytes = self.rendered.picture_bytes.max(bytes.map_or(0, |source| source.len() / 4 * 3));
    }

    fn flush_pending(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        self.end_line();
        if pending == Pending::Blank {
            self.blank_line();
        }
    }

    /// `<br>`: ends the line, even an empty one.
    fn break_line(&mut self) {
        self.flush_pending();
        if self.line.is_empty() {
            self.blank_line();
        } else {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        self.pending = None;
        self.pending_space = false;
        let line = std::mem::take(&mut self.line);
        let trimmed = line.trim_end();
        if !trimmed.is_empty() {
            self.push_line(trimmed);
            self.blank = false;
        }
    }

    fn blank_line(&mut self) {
        if !self.blank && !self.rendered.visible.is_empty() {
            self.push_line("");
            self.blank = true;
        }
    }

    fn push_line(&mut self, line: &str) {
        for _ in 0..self.open.last().map_or(0, |open| open.quotes) {
            self.rendered.visible.push_str("> ");
        }
        self.rendered.visible.push_str(line);
        self.rendered.visible.push('\n');
    }

    fn finish(mut self) -> Rendered {
        self.end_line();
        self.rendered
    }
}

fn is_block(name: &[u8]) -> bool {
    BLOCKS.contains(&name)
}

/// Whether a client put the element around a mail that it quotes or forwards.
fn is_wrap(tag: &StartTag<()>) -> bool {
    let class = tag.attributes.get(b"class".as_slice()).map(|value| value.as_slice()).unwrap_or_default();
    &*tag.name == b"div" && class.split(u8::is_ascii_whitespace).any(|word| WRAPS.contains(&word))
}

/// Whether a blockquote marks quoted mail. Others are indentation: Outlook and Gmail use it for layout, too, but Gmail marks its own.
fn is_quotation(tag: &StartTag<()>) -> bool {
    let is_cite = tag.attributes.get(b"type".as_slice()).is_some_and(|value| value.eq_ignore_ascii_case(b"cite"));
    let is_quote_class = tag.attributes.get(b"class".as_slice()).is_some_and(|value| String::from_utf8_lossy(value).contains("quote"));
    is_cite || is_quote_class
}

#[cfg(test)]
mod tests;
