//! The texts of a mail as a reader sees them, and the originals in each.
//!
//! Promises: a text and its HTML alternative are one text, in whichever order they come; what was cut off, embedded or
//! written in a way that the desk cannot open is reported. Rejected: reading HTML only; old clients' HTML is poorer than their text.

use std::borrow::Cow;
use std::ops::Range;

use super::attached::{self, Attachment, Sort};
use super::inline::{self, Reach};
use super::label::labelled;
use crate::desk::message::Message;
use crate::desk::message::limits::Admission;
use crate::desk::message::part::{Flow, Part};
use crate::desk::rules::Limits;
use crate::desk::text::charset::Legibility;
use crate::desk::text::flowed::{Spaces, unflowed};
use crate::desk::text::html;
use crate::desk::text::line::lines;

/// What the texts of one mail gave, beside the texts.
#[derive(Debug, Default)]
pub struct Aside {
    pub attachments: Vec<Attachment>,
    pub illegible: Vec<String>,
    /// A text was longer, or held more originals, than is read.
    pub refused: Option<Admission>,
    /// A plain part holds none of the originals that its HTML alternative has.
    pub is_plain_without: bool,
}

/// Reads the texts of a mail: plain ones, and HTML where it has no plain alternative.
#[must_use]
pub fn read<'a>(message: &Message<'a>, limits: &Limits) -> (Vec<Text<'a>>, Aside) {
    let mut aside = Aside::default();
    let mut texts: Vec<Text<'a>> = Vec::new();
    // Plain parts first: RFC 2046 section 5.1.4 puts them first, and some clients do not.
    for wants_html in [Wanted::Plain, Wanted::Html] {
        for (index, part) in message.parts.iter().enumerate() {
            let is_wanted = (wants_html == Wanted::Html) == part.is_html();
            if !is_wanted || attached::sort(part, limits) != Sort::Text {
                continue;
            }
            let text = legible(part, limits, &mut aside);
            match wants_html {
                Wanted::Plain => read_plain(index, part, text, limits, &mut texts, &mut aside),
                Wanted::Html => read_html(index, &text, message, limits, &mut texts, &mut aside),
            }
        }
    }
    texts.sort_by_key(|text| text.index);
    (texts, aside)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Plain,
    Html,
}

/// A text; most that are not transfer-encoded need no copy.
fn legible<'a>(part: &Part<'a>, limits: &Limits, aside: &mut Aside) -> Cow<'a, str> {
    let bytes = part.bytes();
    if bytes.len() > limits.text_bytes {
        aside.refused = Some(Admission::Oversize);
    }
    if let Cow::Borrowed(bytes) = bytes
        && let Some(text) = part.text_as_it_stands(bytes.get(..limits.text_bytes).unwrap_or(bytes))
    {
        return Cow::Borrowed(text);
    }
    let decoded = part.text_of(bytes.get(..limits.text_bytes).unwrap_or(&bytes));
    if decoded.legibility == Legibility::Illegible {
        aside.illegible.push(part.charset.clone().unwrap_or_else(|| part.content_type.clone()));
    }
    Cow::Owned(decoded.text)
}

fn extracted(text: &str, wraps: &[Range<usize>], limits: &Limits, aside: &mut Aside) -> inline::Extracted {
    let found = inline::extract_within(text, wraps, limits.depth);
    if found.reach == Reach::Cut {
        aside.refused = Some(Admission::TooComplex);
    }
    found
}

fn read_plain<'a>(index: usize, part: &Part<'a>, text: Cow<'a, str>, limits: &Limits, texts: &mut Vec<Text<'a>>, aside: &mut Aside) {
    let text = match part.flow {
        Flow::Fixed => text,
        Flow::Flowed => unflowed(&text, Spaces::Kept, |line| labelled(line).is_some()).into(),
        Flow::FlowedWithoutSpaces => unflowed(&text, Spaces::Deleted, |line| labelled(line).is_some()).into(),
    };
    if let Some(name) = uuencoded(&text) {
        aside.attachments.push(Attachment { sort: Sort::Unread, name: name.to_owned() });
    }
    texts.push(Text { index, chosen: extracted(&text, &[], limits, aside), alternate: None, whole: text, hidden: String::new() });
}

fn read_html(index: usize, text: &str, message: &Message<'_>, limits: &Limits, texts: &mut Vec<Text<'_>>, aside: &mut Aside) {
    let rendered = html::render(text);
    if rendered.picture_bytes >= limits.picture_bytes {
        aside.attachments.push(Attachment { sort: Sort::Picture, name: "data:image".to_owned() });
    }
    let found = extracted(&rendered.visible, &rendered.wraps, limits, aside);
    match texts.iter_mut().find(|text| message.are_alternatives(text.index, index)) {
        Some(text) => aside.is_plain_without |= text.add_html(found, rendered),
        None => texts.push(Text { index, chosen: found, alternate: None, whole: rendered.visible.into(), hidden: rendered.hidden }),
    }
}

/// The name of a file that an old client wrote into the text (uuencode, POSIX.1-2017).
fn uuencoded(text: &str) -> Option<&str> {
    memchr::memmem::find_iter(text.as_bytes(), b"begin ").find_map(|at| {
        let begins_line = at.checked_sub(1).is_none_or(|before| text.as_bytes().get(before) == Some(&b'\n'));
        let rest = text.get(at..).filter(|_| begins_line)?.lines().next()?.strip_prefix("begin ")?;
        let (mode, name) = rest.split_once(' ')?;
        let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        (is_mode && !name.trim().is_empty()).then(|| name.trim())
    })
}

/// One text that a reader sees, from a plain part or an HTML part.
pub struct Text<'a> {
    index: usize,
    pub chosen: inline::Extracted,
    pub alternate: Option<inline::Extracted>,
    /// The text itself, of the part that was chosen.
    pub whole: Cow<'a, str>,
    pub hidden: String,
}

impl Text<'_> {
    /// The HTML alternative is chosen when the plain text is empty or holds no original while the HTML does; true in the latter case.
    fn add_html(&mut self, found: inline::Extracted, rendered: html::Rendered) -> bool {
        self.hidden.push_str(&rendered.hidden);
        let plain_is_empty = self.whole.trim_matches(|character: char| character.is_whitespace() || character == '>').is_empty();
        let plain_is_without = self.chosen.originals.is_empty() && !found.originals.is_empty();
        if plain_is_empty || plain_is_without {
            self.chosen = found;
            self.whole = rendered.visible.into();
        } else {
            self.alternate = Some(found);
        }
        plain_is_without && !plain_is_empty
    }
}

/// Appends the lines of at least this quote level, without any quote marks.
pub fn peel(peeled: &mut String, text: &str, least: u8) {
    join(peeled, lines(text).iter().filter(|line| line.level >= least).map(|line| line.text));
}

/// Appends the lines above the first quoted one.
pub fn take_unquoted(unquoted: &mut String, text: &str) {
    join(unquoted, lines(text).iter().take_while(|line| line.level == 0).map(|line| line.whole));
}

fn join<'l>(joined: &mut String, lines: impl Iterator<Item = &'l str>) {
    for (at, line) in lines.enumerate() {
        if at > 0 {
            joined.push('\n');
        }
        joined.push_str(line.trim_end());
    }
}
