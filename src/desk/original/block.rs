//! A forwarded header block: consecutive label lines of one quote level, with values that may be wrapped.
//!
//! Promises: bounded look-ahead, so that a text made of labels costs no more than its length; a wrapped value ends where the
//! next label or the body begins. Rejected: a grammar for all clients; gateways break lines wherever they like.

use super::inline::Inline;
use super::label::{Field, Labelled, Languages, Length, labelled_run};
use super::survey::Surveyed;

/// The fields of a block, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub from: Option<String>,
    pub to: Option<String>,
    pub cc: Option<String>,
    pub subject: Option<String>,
    pub date: Option<String>,
    others: u8,
    /// The languages that have all its labels.
    languages: Languages,
}

impl Default for Fields {
    fn default() -> Self {
        Self { from: None, to: None, cc: None, subject: None, date: None, others: 0, languages: Languages::ALL }
    }
}

/// Lines of a block that name nothing that is needed; more are no header block.
const MOST_OTHERS: u8 = 16;

impl Fields {
    const fn value(&self, field: Field) -> Option<&String> {
        match field {
            Field::From => self.from.as_ref(),
            Field::To => self.to.as_ref(),
            Field::Cc => self.cc.as_ref(),
            Field::Subject => self.subject.as_ref(),
            Field::Date => self.date.as_ref(),
            Field::Other => None,
        }
    }

    const fn slot(&mut self, field: Field) -> Option<&mut Option<String>> {
        match field {
            Field::From => Some(&mut self.from),
            Field::To => Some(&mut self.to),
            Field::Cc => Some(&mut self.cc),
            Field::Subject => Some(&mut self.subject),
            Field::Date => Some(&mut self.date),
            Field::Other => None,
        }
    }

    /// Takes a line's value; `None` when its field stands there already, or cannot stand here, which ends a block.
    fn take(&mut self, line: &Labelled<'_>) -> Option<Field> {
        let (field, languages) = self.meaning(line)?;
        let both = self.languages.and(languages);
        if !both.is_empty() {
            self.languages = both;
        }
        match self.slot(field) {
            Some(slot) => *slot = Some(line.value.trim().to_owned()),
            None => self.others = self.others.saturating_add(1),
        }
        Some(field)
    }

    /// What a label means here: the meaning that is free and that the languages of the labels above share.
    fn meaning(&self, line: &Labelled<'_>) -> Option<(Field, Languages)> {
        let label = line.label;
        let main = (label.field, label.languages);
        let is_free = |meaning: &(Field, Languages)| self.is_new(meaning.0);
        let is_shared = |meaning: &(Field, Languages)| !self.languages.and(meaning.1).is_empty();
        let found = match label.otherwise {
            None => Some(main).filter(is_free),
            Some(other) => {
                let free = [main, other].into_iter().filter(is_free);
                free.clone().find(is_shared).or_else(|| free.clone().next())
            }
        }?;
        (label.length == Length::Word || is_shared(&found)).then_some(found)
    }

    fn is_new(&self, field: Field) -> bool {
        if field == Field::Other { self.others < MOST_OTHERS } else { self.value(field).is_none() }
    }

    fn append(&mut self, field: Field, more: &str) {
        let more = more.trim();
        if let Some(Some(value)) = self.slot(field) {
            let wide = |character: Option<char>| character.is_some_and(|character| character > '\u{2E7F}');
            let is_next_recipient = matches!(field, Field::To | Field::Cc) && value.ends_with('>') && !more.starts_with([',', ';', '、']);
            let needs_space = !value.is_empty() && !value.ends_with('<') && !wide(value.chars().last()) && !wide(more.chars().next());
            value.push_str(if is_next_recipient {
                ", "
            } else if needs_space {
                " "
            } else {
                ""
            });
            value.push_str(more);
        }
    }

    const fn is_block(&self) -> bool {
        self.from.is_some() && (self.date.is_some() || self.subject.is_some())
    }

    /// A block whose From was lost, below a separator that says what it is.
    const fn is_block_below_separator(&self) -> bool {
        self.is_block() || self.subject.is_some() && (self.date.is_some() || self.to.is_some())
    }

    /// What an attribution line says.
    #[must_use]
    pub fn of_attribution(from: Option<String>, date: Option<String>) -> Self {
        Self { from, date, ..Self::default() }
    }

    /// The original that the block describes.
    #[must_use]
    pub fn into_inline(self, depth: u8, body: String) -> Inline {
        let given = |value: Option<String>| value.filter(|text| !text.is_empty());
        Inline {
            from: given(self.from),
            to: given(self.to),
            cc: given(self.cc),
            subject: given(self.subject),
            date: given(self.date),
            depth,
            body,
        }
    }
}

/// A header block that was read.
pub struct Block {
    pub fields: Fields,
    /// The first line after it.
    pub end: usize,
    pub standing: Standing,
}

/// Whether the block says by itself that a mail follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Alone,
    /// Only below a separator.
    BelowSeparator,
}

/// Blank lines that may stand between two labels (BlackBerry, HTML paragraphs), lines that a wrapped value may take before
/// the next label, and lines that a block's wrapped values may take in all (a long list of recipients).
const BLANKS_BETWEEN_LABELS: usize = 1;
const WRAPPED_LINES: usize = 2;
const MOST_WRAPPED_LINES: usize = 200;

/// Reads a header block that begins at `at`.
#[must_use]
pub fn block(lines: &[Surveyed<'_>], at: usize) -> Option<Block> {
    let first = lines.get(at)?;
    let label = first.label?.label;
    let has_company = |next: &Labelled<'_>| next.label.length == Length::Word && !next.label.languages.and(label.languages).is_empty();
    if label.length == Length::Letter && !lines.get(at + 1).is_some_and(|next| next.label.as_ref().is_some_and(has_company)) {
        return None;
    }
    let mut fields = Fields::default();
    let end = if let Some(run) = labelled_run(first.text) {
        for found in run {
            fields.take(&found);
        }
        at + 1
    } else {
        read(lines, at, first.level, &mut fields)
    };
    let standing =
        if fields.is_block() { Some(Standing::Alone) } else { fields.is_block_below_separator().then_some(Standing::BelowSeparator) };
    standing.map(|standing| Block { fields, end, standing })
}

fn read(lines: &[Surveyed<'_>], at: usize, level: u8, fields: &mut Fields) -> usize {
    let mut last = None;
    let (mut end, mut next, mut wrapped) = (at, at, 0);
    while let Some(line) = lines.get(next) {
        if line.is_blank() {
            let after = next + 1;
            let goes_on = after - end <= BLANKS_BETWEEN_LABELS
                && lines.get(after).is_some_and(|following| following.level == level && begins_field(fields, following));
            if !goes_on {
                break;
            }
            next = after;
            continue;
        }
        if line.level != level {
            break;
        }
        match (&line.label, last) {
            (Some(label), _) => match fields.take(label) {
                Some(field) => last = Some(field),
                None => break,
            },
            (None, Some(field)) if end == next && wrapped < MOST_WRAPPED_LINES && continues(lines, next, level, fields, field) => {
                fields.append(field, line.text);
                wrapped += 1;
            }
            (None, _) => break,
        }
        next += 1;
        end = next;
    }
    end
}

fn begins_field(fields: &Fields, line: &Surveyed<'_>) -> bool {
    line.label.as_ref().is_some_and(|label| fields.meaning(label).is_some())
}

/// Whether a line without a label is the rest of the value above it: an address that was cut, a list that goes on,
/// or a long value that was wrapped with another label right below.
fn continues(lines: &[Surveyed<'_>], at: usize, level: u8, fields: &Fields, field: Field) -> bool {
    let value = fields.value(field).map(String::as_str).unwrap_or_default();
    let Some(line) = lines.get(at) else { return false };
    let text = line.text.trim();
    if matches!(field, Field::From | Field::To | Field::Cc) {
        let was_cut = value.ends_with(['<', ',', ';', '、']) || value.contains('<') && !value.contains('>');
        let is_rest = text.ends_with('>') && text.contains('@') && !value.contains('@');
        let is_recipient = field != Field::From && (text.starts_with([',', ';']) || text.contains('@') && text.ends_with(['>', ';', ',']));
        if was_cut || is_rest || is_recipient {
            return true;
        }
    }
    // An empty value with its text on the next line (table cells rendered below each other).
    if value.is_empty() && text.chars().count() <= 200 {
        return true;
    }
    let label_follows = (1..=WRAPPED_LINES)
        .map_while(|ahead| lines.get(at + ahead).filter(|line| line.level == level && !line.is_blank()))
        .any(|line| begins_field(fields, line));
    label_follows || field == Field::Subject && is_wrapped_subject(lines, at)
}

/// Columns from which on gateways break lines; wide characters take two.
const WRAP_COLUMNS: usize = 60;

/// Outlook writes the subject last: a line that was broken at the margin goes on in the next one, below which the body begins
/// after an empty line.
fn is_wrapped_subject(lines: &[Surveyed<'_>], at: usize) -> bool {
    let above = at.checked_sub(1).and_then(|above| lines.get(above));
    above.is_some_and(|above| columns(above.whole) >= WRAP_COLUMNS) && lines.get(at + 1).is_none_or(Surveyed::is_blank)
}

/// The width of a line on a screen.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(|character| if character > '\u{2E7F}' { 2 } else { 1 }).sum()
}
