//! A body as lines: quote level and text apart.
//!
//! Promises: `lines` never fails and keeps every visible character; line ends of every sort (CRLF, lone CR of classic Mac,
//! U+2028, VT, FF) end a line.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// One line of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// How many quote marks stand before it.
    pub level: u8,
    /// The line as it stands, quote marks included, without its end.
    pub whole: &'a str,
    /// The line after its quote marks, not trimmed.
    pub text: &'a str,
}

impl<'a> Line<'a> {
    fn of(whole: &'a str) -> Self {
        let (level, text) = peel(whole, u8::MAX);
        Self { level, whole, text }
    }

    /// The line without its first `levels` quote marks.
    #[must_use]
    pub fn without_levels(&self, levels: u8) -> &'a str {
        peel(self.whole, levels).1
    }
}

/// Splits a body into lines.
#[must_use]
pub fn lines(text: &str) -> Vec<Line<'_>> {
    lines_as(text, |line| line)
}

/// Bytes of a line in a mail that somebody wrote, empty ones counted: few texts have shorter ones.
pub const USUAL_LINE: usize = 20;

/// Splits a body into lines, and makes something of each.
pub fn lines_as<'a, T>(text: &'a str, of: impl Fn(Line<'a>) -> T) -> Vec<T> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(text.len() / USUAL_LINE + 1);
    let has_separator = memchr::memchr(LINE_SEPARATOR_START, bytes).is_some() && LINE_SEPARATOR.find(bytes).is_some();
    if memchr::memchr2(0x0B, 0x0C, bytes).is_none() && !has_separator {
        let mut returns = 0;
        found.extend(ends(text).map(|(line, has_return)| {
            returns += usize::from(has_return);
            of(Line::of(line))
        }));
        if memchr::memchr_iter(b'\r', bytes).count() == returns {
            return found;
        }
        found.clear();
    }
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\r', '\u{0B}', '\u{0C}', '\u{2028}']) {
        let (line, end) = rest.split_at_checked(at).unwrap_or((rest, ""));
        found.push(of(Line::of(line)));
        let mut characters = end.chars();
        if characters.next() == Some('\r') && characters.as_str().starts_with('\n') {
            characters.next();
        }
        rest = characters.as_str();
    }
    if !rest.is_empty() {
        found.push(of(Line::of(rest)));
    }
    found
}

/// The lines of a text whose line ends are LF or CRLF, as `str::lines` gives them; twice as fast.
pub fn ended_by_feeds(text: &str) -> impl Iterator<Item = &str> {
    ends(text).map(|(line, _)| line)
}

/// Each line without its end, and whether a CR stood in that end.
fn ends(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain((!text.is_empty() && !text.ends_with('\n')).then_some(text.len()));
    ends.map(move |end| {
        let line = text.get(start..end).unwrap_or_default();
        start = end + 1;
        match line.strip_suffix('\r') {
            Some(line_without) if end < text.len() => (line_without, true),
            _ => (line, false),
        }
    })
}

static LINE_SEPARATOR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\u{2028}"));
/// Its first byte: found sooner than the three, and seldom there.
const LINE_SEPARATOR_START: u8 = 0xE2;

/// Removes up to `most` quote marks (`>` or `＞`, each with one space after it at most; a bar before a space, as some webmail writes).
fn peel(line: &str, most: u8) -> (u8, &str) {
    // First bytes of a space, a no-break space, `>`, `|`, `│` and `＞`: most lines begin with none of them.
    if !line.as_bytes().first().is_some_and(|first| matches!(first, b' ' | 0xC2 | b'>' | b'|' | 0xE2 | 0xEF)) {
        return (0, line);
    }
    let mut level = 0;
    let mut rest = line;
    while level < most {
        let indented = rest.trim_start_matches([' ', '\u{00A0}']);
        let indent = rest.len() - indented.len();
        let bar = indented.strip_prefix(['|', '│']).filter(|after| after.is_empty() || after.starts_with(' '));
        let Some(after) = indented.strip_prefix(['>', '＞']).or(bar) else { break };
        if indent > 3 {
            break;
        }
        rest = after.strip_prefix(' ').unwrap_or(after);
        level += 1;
    }
    (level, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quote_marks_are_counted_and_peeled() {
        for (whole, level, text) in [
            ("> a", 1, "a"),
            (">> a", 2, "a"),
            ("> > a", 2, "a"),
            ("a > b", 0, "a > b"),
            ("＞ａ", 1, "ａ"),
            (">", 1, ""),
            (" > a", 1, "a"),
            (">  a", 1, " a"),
        ] {
            let line = Line::of(whole);
            assert_eq!((line.level, line.text), (level, text), "{whole}");
        }
        assert_eq!(Line::of("> > a").without_levels(1), "> a");
    }

    #[test]
    fn every_sort_of_line_end_ends_a_line() {
        let texts: Vec<_> = lines("a\r\nb\rc\nd\u{2028}e\n\nf").iter().map(|line| line.text).collect();
        assert_eq!(texts, ["a", "b", "c", "d", "e", "", "f"]);
    }
}
