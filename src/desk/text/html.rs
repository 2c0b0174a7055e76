//! HTML of mails to lines, as a reader sees them.
//!
//! Promises: a line break for every block element and `<br>`, a TAB between table cells, `> ` for every quoting level,
//! hidden text apart from visible text, and `<a@b>` kept where a client forgot to escape it.
//! Rejected: mail-parser's converter (it loses the break of `<div>`) and html2text (it writes `**From:**`).

use html5gum::{StartTag, Token, Tokenizer};

/// A rendered document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// What a reader sees.
    pub visible: String,
    /// What a reader cannot see: `display:none`, zero size, white on white.
    pub hidden: String,
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

/// An open element that matters.
struct Open {
    name: Vec<u8>,
    hidden: bool,
    silent: bool,
    quote: bool,
    preformatted: bool,
}

#[derive(Default)]
struct Renderer {
    rendered: Rendered,
    line: String,
    open: Vec<Open>,
    pending_space: bool,
    /// The last line written was empty; more empty lines are folded into one.
    blank: bool,
}

impl Renderer {
    fn start(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
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
        if matches!(name, b"td" | b"th") && !self.line.is_empty() {
            self.line.push('\t');
            self.pending_space = false;
        }
        if is_block(name) {
            self.end_line();
        }
        if VOID.contains(&name) || tag.self_closing && !is_block(name) || self.open.len() >= DEEPEST {
            return;
        }
        let style =
            tag.attributes.get(b"style".as_slice()).map(|value| String::from_utf8_lossy(value).to_ascii_lowercase()).unwrap_or_default();
        self.open.push(Open {
            name: name.to_vec(),
            hidden: tag.attributes.contains_key(b"hidden".as_slice()) || is_hidden(&style),
            silent: SILENT.contains(&name),
            quote: name == b"blockquote" && is_quotation(tag),
            preformatted: name == b"pre" || style.contains("white-space:pre") || style.contains("white-space: pre"),
        });
    }

    fn end(&mut self, name: &[u8]) {
        if name == b"br" {
            self.break_line();
            return;
        }
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else { return };
        if is_block(name) {
            self.end_line();
        }
        if SPACED.contains(&name) && self.is_visible() {
            self.blank_line();
        }
        self.open.truncate(at);
    }

    fn text(&mut self, text: &str) {
        if self.open.iter().any(|open| open.silent) {
            return;
        }
        if !self.is_visible() {
            self.rendered.hidden.push_str(text);
            self.rendered.hidden.push('\n');
            return;
        }
        if self.open.iter().any(|open| open.preformatted) {
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
                if self.pending_space && !self.line.is_empty() && !self.line.ends_with('\t') {
                    self.line.push(' ');
                }
                self.pending_space = false;
                self.line.push(character);
            }
        }
    }

    fn is_visible(&self) -> bool {
        !self.open.iter().any(|open| open.hidden)
    }

    /// `<br>`: ends the line, even an empty one.
    fn break_line(&mut self) {
        if self.line.is_empty() {
            self.blank_line();
        } else {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
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
        for _ in self.open.iter().filter(|open| open.quote) {
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

/// Whether a blockquote marks quoted mail. Others are indentation: Outlook and Gmail use it for layout, too, but Gmail marks its own.
fn is_quotation(tag: &StartTag<()>) -> bool {
    let is_cite = tag.attributes.get(b"type".as_slice()).is_some_and(|value| value.eq_ignore_ascii_case(b"cite"));
    let is_quote_class = tag.attributes.get(b"class".as_slice()).is_some_and(|value| String::from_utf8_lossy(value).contains("quote"));
    is_cite || is_quote_class
}

/// Whether a style hides its text: not displayed, of no size, or white on white (no background counts as white).
fn is_hidden(style: &str) -> bool {
    let style: String = style.chars().filter(|character| !character.is_whitespace()).collect();
    let value = |name: &str| {
        style.split(';').filter_map(|declaration| declaration.split_once(':')).find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let is = |name: &str, values: &[&str]| value(name).is_some_and(|value| values.contains(&value.trim_end_matches("!important")));
    let is_white_on_white = is("color", WHITE)
        && value("background-color").or_else(|| value("background")).is_none_or(|background| WHITE.contains(&background));
    is_white_on_white
        || is("display", &["none"])
        || is("visibility", &["hidden", "collapse"])
        || is("font-size", &["0", "0px", "0pt", "0em", "0%"])
        || is("opacity", &["0", "0.0"])
        || is("mso-hide", &["all"])
}

const WHITE: &[&str] = &["white", "#fff", "#ffffff", "rgb(255,255,255)"];

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(html: &str) -> String {
        render(html).visible
    }

    #[test]
    fn blocks_break_lines_and_cells_are_tabbed() {
        assert_eq!(visible("<div>a</div><div>b<br>c</div>"), "a\nb\nc\n");
        assert_eq!(visible("<table><tr><th>差出人:</th><td>x</td></tr><tr><td>y</td></tr></table>"), "差出人:\tx\ny\n");
        assert_eq!(visible("<p>a</p><p>b</p>"), "a\n\nb\n\n");
    }

    #[test]
    fn unescaped_addresses_are_kept() {
        assert_eq!(visible("From: x <taro@example.jp><br>"), "From: x <taro@example.jp>\n");
        assert_eq!(visible("From: x &lt;taro@example.jp&gt;"), "From: x <taro@example.jp>\n");
    }

    #[test]
    fn quotations_get_quote_marks() {
        assert_eq!(visible("a<blockquote type=\"cite\">b<div>c</div></blockquote>d"), "a\n> b\n> c\nd\n");
        assert_eq!(visible("<blockquote style=\"margin:0\">b</blockquote>"), "b\n");
    }

    #[test]
    fn hidden_text_stands_apart() {
        let rendered = render("a<span style=\"display: none\">secret</span><style>x{}</style>b");
        assert_eq!(rendered, Rendered { visible: "ab\n".to_owned(), hidden: "secret\n".to_owned() });
    }

    #[test]
    fn white_text_is_hidden_unless_its_background_is_dark() {
        assert_eq!(visible("<p style=\"color:#FFF\">a</p>"), "");
        assert_eq!(visible("<p style=\"color: #fff; background-color: #ffffff\">a</p>"), "");
        assert_eq!(visible("<p style=\"color:#fff;background:#333\">a</p>"), "a\n\n");
    }

    #[test]
    fn white_space_collapses_but_not_in_pre() {
        assert_eq!(visible("<div>a \n  b</div><pre>c\nd  e</pre>"), "a b\nc\nd  e\n");
    }
}
