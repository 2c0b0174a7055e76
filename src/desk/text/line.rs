//! A body as lines: quote level and text apart.
//!
//! Promises: `lines` never fails and keeps every visible character; line ends of every sort (CRLF, lone CR of classic Mac,
//! U+2028, VT, FF) end a line.

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

    /// Whether there is nothing to see.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.chars().all(|character| character.is_whitespace() || super::fold::is_invisible(character))
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
    let mut found = Vec::with_capacity(text.len() / 32 + 1);
    if has_rare_ends(text) {
        split_at_any_end(text, &mut found);
        return found;
    }
    found.extend(ended_by_feeds(text).map(Line::of));
    found
}

/// The lines of a text whose line ends are LF or CRLF, as `str::lines` gives them; twice as fast.
pub fn ended_by_feeds(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain((!text.is_empty() && !text.ends_with('\n')).then_some(text.len()));
    ends.map(move |end| {
        let line = text.get(start..end).unwrap_or_default();
        start = end + 1;
        if end < text.len() { line.strip_suffix('\r').unwrap_or(line) } else { line }
    })
}

/// Whether a line ends with anything but LF or CRLF somewhere.
fn has_rare_ends(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2(0x0B, 0x0C, bytes).is_some()
        || memchr::memmem::find(bytes, "\u{2028}".as_bytes()).is_some()
        || memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

fn split_at_any_end<'a>(text: &'a str, found: &mut Vec<Line<'a>>) {
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\r', '\u{0B}', '\u{0C}', '\u{2028}']) {
        let (line, end) = rest.split_at_checked(at).unwrap_or((rest, ""));
        found.push(Line::of(line));
        let mut characters = end.chars();
        if characters.next() == Some('\r') && characters.as_str().starts_with('\n') {
            characters.next();
        }
        rest = characters.as_str();
    }
    if !rest.is_empty() {
        found.push(Line::of(rest));
    }
}

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
