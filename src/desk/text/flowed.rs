//! `format=flowed` text (RFC 3676) with its soft line breaks joined.
//!
//! Promises: quote depth is kept as `> ` marks; a line is never joined with a header label, since clients leave a space behind
//! an empty `Cc:`. Rejected: joining lines of any text that end in a space; most clients that do so mean nothing by it.

/// What becomes of the space before a soft line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spaces {
    Kept,
    /// `DelSp=yes`: texts without spaces between words, such as Japanese.
    Deleted,
}

/// Joins the soft line breaks. `begins_line` tells the lines that are never the rest of another.
#[must_use]
pub fn unflowed(text: &str, spaces: Spaces, begins_line: impl Fn(&str) -> bool) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let (depth, content) = unstuffed(line);
        let goes_on = open == Some(depth) && content != SIGNATURE && !content.trim().is_empty() && !begins_line(content);
        if goes_on {
            if spaces == Spaces::Deleted {
                joined.pop();
            }
        } else {
            if open.is_some() {
                joined.push('\n');
            }
            joined.extend(std::iter::repeat_n("> ", depth));
        }
        joined.push_str(content);
        open = (content.ends_with(' ') && content != SIGNATURE).then_some(depth);
        if open.is_none() {
            joined.push('\n');
        }
    }
    joined
}

/// RFC 3676 section 4.3: ends in a space, and is not flowed.
const SIGNATURE: &str = "-- ";

/// The quote depth, and the line without quote marks and without the stuffed space (section 4.4).
fn unstuffed(line: &str) -> (usize, &str) {
    let content = line.trim_start_matches('>');
    (line.len() - content.len(), content.strip_prefix(' ').unwrap_or(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str, spaces: Spaces) -> String {
        unflowed(text, spaces, |line| line.starts_with("To:"))
    }

    #[test]
    fn soft_breaks_are_joined_and_hard_ones_kept() {
        assert_eq!(joined("a \nb\nc\n", Spaces::Kept), "a b\nc\n");
        assert_eq!(joined("手続きが \r\n完了\r\n", Spaces::Deleted), "手続きが完了\n");
        assert_eq!(joined("a \n\nb ", Spaces::Kept), "a \n\nb ");
    }

    #[test]
    fn quote_depths_are_never_mixed() {
        assert_eq!(joined("> a \n> b\n>> c \n> d\ne", Spaces::Kept), "> a b\n> > c \n> d\ne\n");
    }

    #[test]
    fn stuffed_spaces_signatures_and_labels_are_respected() {
        assert_eq!(joined(" From x\n-- \nname \nTo: y", Spaces::Kept), "From x\n-- \nname \nTo: y\n");
    }
}
