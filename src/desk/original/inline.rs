//! Originals inside a text: forwarded header blocks and attributed quotations.
//!
//! Decided on header blocks, not on separators: Outlook writes no separator at all, and a line of underscores ends
//! disclaimers, too. A block is From plus Date or Subject, in consecutive label lines of one quote level.
//! Promises: linear in the text; nothing of the text is in two originals; a separator is in none.

use super::attribution::{Attribution, attribution, may_continue};
use super::label::{Field, Separator, labelled, separator};
use crate::desk::text::line::{Line, lines};

/// What a text holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// What the forwarder wrote above the outermost original.
    pub preface: String,
    /// Outermost first.
    pub originals: Vec<Inline>,
}

/// One original found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inline {
    pub from: Option<String>,
    pub to: Option<String>,
    pub cc: Option<String>,
    pub subject: Option<String>,
    pub date: Option<String>,
    /// 1 for the outermost.
    pub depth: u8,
    pub body: String,
}

/// Finds the originals of a text, at most `deepest` inside each other.
#[must_use]
pub fn extract(text: &str, deepest: u8) -> Extracted {
    let lines = lines(text);
    let mut starts = starts(&lines);
    deepen_quoted_bodies(&lines, &mut starts);
    let first = starts.first().map_or(lines.len(), |start| start.top);
    let preface = joined(&lines, 0..first, 0);
    let mut open: Vec<Region> = Vec::new();
    let mut originals = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let next = starts.get(index + 1).map_or(lines.len(), |following| following.top);
        let end = body_end(&lines, start, next);
        open.retain(|region| region.end >= start.top || region.level == 0);
        let depth = u8::try_from(open.len()).unwrap_or(u8::MAX).saturating_add(1);
        let is_open_ended = end == next;
        open.push(Region { level: start.level, end: if is_open_ended { usize::MAX } else { end } });
        if depth <= deepest {
            originals.push(start.fields.clone().into_inline(depth, joined(&lines, start.body..end, start.level)));
        }
    }
    Extracted { preface, originals }
}

/// Becky! and others quote the body, but not the header block above it.
fn deepen_quoted_bodies(lines: &[Line<'_>], starts: &mut [Start]) {
    let tops: Vec<usize> = starts.iter().map(|start| start.top).chain([lines.len()]).collect();
    for (start, next) in starts.iter_mut().zip(tops.iter().skip(1)) {
        let body = lines.get(start.body..*next).unwrap_or_default();
        let mut shown = body.iter().filter(|line| !line.is_blank() && separator(line.text) != Some(Separator::End)).peekable();
        if shown.peek().is_some() && shown.all(|line| line.level > start.level) {
            start.level = start.level.saturating_add(1);
        }
    }
}

/// The lines that an original's body takes.
struct Region {
    level: u8,
    end: usize,
}

/// Where an original begins.
struct Start {
    /// First line that belongs to it: its separator, or its header block.
    top: usize,
    /// First line of its body.
    body: usize,
    /// Quote level of its body.
    level: u8,
    fields: Fields,
    /// What ends the body beside an end marker.
    closing: Closing,
}

/// Whether a client closes its forwards with a plain rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    ByMarker,
    /// KMail: a rule of exactly so many hyphens below a separator with two spaces around its words.
    ByRule,
}

/// KMail's closing rule (untranslated in every language).
const KMAIL_RULE: usize = 41;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Fields {
    from: Option<String>,
    to: Option<String>,
    cc: Option<String>,
    subject: Option<String>,
    date: Option<String>,
    others: u8,
}

impl Fields {
    fn slot(&mut self, field: Field) -> Option<&mut Option<String>> {
        match field {
            Field::From => Some(&mut self.from),
            Field::To => Some(&mut self.to),
            Field::Cc => Some(&mut self.cc),
            Field::Subject => Some(&mut self.subject),
            Field::Date => Some(&mut self.date),
            Field::Other => None,
        }
    }

    /// Takes the value; false when the field stands there already, which ends a block.
    fn take(&mut self, field: Field, value: &str) -> bool {
        match self.slot(field) {
            Some(slot) if slot.is_some() => false,
            Some(slot) => {
                *slot = Some(value.trim().to_owned());
                true
            }
            None => {
                self.others = self.others.saturating_add(1);
                true
            }
        }
    }

    fn append(&mut self, field: Field, more: &str) {
        if let Some(Some(value)) = self.slot(field) {
            let wide = |character: Option<char>| character.is_some_and(|character| character > '\u{2E7F}');
            let needs_space =
                !value.is_empty() && !value.ends_with('<') && !wide(value.chars().last()) && !wide(more.trim().chars().next());
            if needs_space {
                value.push(' ');
            }
            value.push_str(more.trim());
        }
    }

    fn is_block(&self) -> bool {
        self.from.is_some() && (self.date.is_some() || self.subject.is_some())
    }

    /// A block whose From was lost, below a separator that says what it is.
    fn is_block_below_separator(&self) -> bool {
        self.is_block() || self.subject.is_some() && (self.date.is_some() || self.to.is_some())
    }

    fn into_inline(self, depth: u8, body: String) -> Inline {
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

fn starts(lines: &[Line<'_>]) -> Vec<Start> {
    let mut found: Vec<Start> = Vec::new();
    let mut at = 0;
    let mut floor = 0;
    while let Some(line) = lines.get(at) {
        let start = if labelled(line.text).is_some() { block(lines, at, floor) } else { None };
        match start.or_else(|| quotation(lines, at, floor)) {
            Some(start) => {
                at = start.body.max(at + 1);
                floor = start.body;
                found.push(start);
            }
            None => at += 1,
        }
    }
    found
}

/// Blank lines that may stand between two labels (BlackBerry, HTML paragraphs), and lines that a wrapped value may take.
const BLANKS_BETWEEN_LABELS: usize = 1;
const WRAPPED_LINES: usize = 2;

/// Reads a header block that begins at `at`.
fn block(lines: &[Line<'_>], at: usize, floor: usize) -> Option<Start> {
    let level = lines.get(at)?.level;
    let mut fields = Fields::default();
    let mut last = None;
    let mut end = at;
    let mut next = at;
    while let Some(line) = lines.get(next) {
        if line.is_blank() {
            let after = next + 1;
            let goes_on = after - end <= BLANKS_BETWEEN_LABELS
                && lines.get(after).is_some_and(|following| following.level == level && is_new(&fields, following));
            if !goes_on {
                break;
            }
            next = after;
            continue;
        }
        if line.level != level {
            break;
        }
        match labelled(line.text) {
            Some((field, value)) => {
                if !fields.take(field, value) {
                    break;
                }
                last = Some(field);
            }
            None => {
                let field = last?;
                if end != next || !continues(lines, next, level, &fields, field) {
                    break;
                }
                fields.append(field, line.text);
            }
        }
        next += 1;
        end = next;
    }
    let (top, separated) = top_of(lines, at, floor);
    let accepted = fields.is_block() || separated && fields.is_block_below_separator();
    let is_kmail = lines.get(top).is_some_and(|line| line.text.contains("-  ") && line.text.contains("  -"));
    let closing = if is_kmail { Closing::ByRule } else { Closing::ByMarker };
    accepted.then_some(Start { top, body: end, level, fields, closing })
}

fn is_new(fields: &Fields, line: &Line<'_>) -> bool {
    labelled(line.text).is_some_and(|(field, _)| match field {
        Field::From => fields.from.is_none(),
        Field::Date => fields.date.is_none(),
        Field::Subject => fields.subject.is_none(),
        Field::To => fields.to.is_none(),
        Field::Cc => fields.cc.is_none(),
        Field::Other => true,
    })
}

/// Whether a line without a label is the rest of the value above it: an address that was cut, a list that goes on,
/// or a long value that was wrapped with another label right below.
fn continues(lines: &[Line<'_>], at: usize, level: u8, fields: &Fields, field: Field) -> bool {
    let mut copy = fields.clone();
    let value = copy.slot(field).and_then(|slot| slot.clone()).unwrap_or_default();
    let Some(line) = lines.get(at) else { return false };
    let text = line.text.trim();
    let is_address_field = matches!(field, Field::From | Field::To | Field::Cc);
    if is_address_field {
        let was_cut = value.ends_with(['<', ',', ';']) || value.contains('<') && !value.contains('>');
        let is_rest = text.ends_with('>') && text.contains('@') && !value.contains('@');
        if was_cut || is_rest {
            return true;
        }
    }
    // An empty value with its text on the next line (table cells rendered below each other).
    if value.is_empty() && text.chars().count() <= 200 {
        return true;
    }
    (1..=WRAPPED_LINES)
        .map_while(|ahead| lines.get(at + ahead).filter(|line| line.level == level && !line.is_blank()))
        .any(|line| is_new(fields, line))
}

/// The separator above a block, if there is one at most two blank lines up.
fn top_of(lines: &[Line<'_>], at: usize, floor: usize) -> (usize, bool) {
    let mut top = at;
    let mut above = at;
    let mut blanks = 0;
    while above > floor {
        above -= 1;
        let Some(line) = lines.get(above) else { break };
        if line.is_blank() {
            blanks += 1;
            if blanks > 2 {
                break;
            }
            continue;
        }
        match separator(line.text) {
            Some(Separator::Begin) => return (above, true),
            // Outlook's line of underscores. Rules of other characters close signatures.
            Some(Separator::Rule) if line.text.contains('_') && !closes_pair(lines, floor, above) => top = above,
            Some(Separator::Rule | Separator::End) | None => break,
        }
    }
    (top, false)
}

/// Whether a rule of underscores is the second of a pair, as around a disclaimer.
fn closes_pair(lines: &[Line<'_>], floor: usize, at: usize) -> bool {
    let above = lines.get(floor..at).unwrap_or_default();
    above.iter().filter(|line| line.text.contains('_') && separator(line.text) == Some(Separator::Rule)).count() % 2 == 1
}

/// Reads an attribution at `at` with what it introduces: quoted lines, or (Outlook for Mac) the plain text below it.
fn quotation(lines: &[Line<'_>], at: usize, floor: usize) -> Option<Start> {
    let line = lines.get(at)?;
    let (found, after) = attributed(lines, at, line)?;
    let first = (after..lines.len()).find(|index| lines.get(*index).is_some_and(|line| !line.is_blank()))?;
    let below = lines.get(first)?;
    let is_quoted = below.level > line.level;
    let stands_alone = found.from.as_ref().is_some_and(|from| from.address.is_some());
    // A block right below says more than the line above it.
    if !is_quoted && (!stands_alone || labelled(below.text).is_some()) {
        return None;
    }
    let level = if is_quoted { line.level.saturating_add(1) } else { line.level };
    let (top, _) = top_of(lines, at, floor);
    let from = found.from.map(|from| match (from.name, from.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => address.or(name).unwrap_or_default(),
    });
    Some(Start { top, body: after, level, fields: Fields { from, date: found.date_text, ..Fields::default() }, closing: Closing::ByMarker })
}

fn attributed(lines: &[Line<'_>], at: usize, line: &Line<'_>) -> Option<(Attribution, usize)> {
    if let Some(found) = attribution(line.text) {
        return Some((found, at + 1));
    }
    if !may_continue(line.text) {
        return None;
    }
    let next = lines.get(at + 1).filter(|next| next.level == line.level)?;
    let whole = format!("{} {}", line.text.trim(), next.text.trim()).replace("< ", "<");
    attribution(&whole).map(|found| (found, at + 2))
}

/// The end of a body: an end marker, or the end of its quote level, or the next original.
fn body_end(lines: &[Line<'_>], start: &Start, next: usize) -> usize {
    for index in start.body..next {
        let Some(line) = lines.get(index) else { break };
        let left_quote = line.level < start.level && !line.is_blank();
        let is_rule = start.closing == Closing::ByRule
            && line.text.trim_end().len() == KMAIL_RULE
            && line.text.trim_end().bytes().all(|byte| byte == b'-');
        let is_end = line.level == start.level && (is_rule || separator(line.text) == Some(Separator::End));
        if left_quote || is_end {
            return index;
        }
    }
    next
}

fn joined(lines: &[Line<'_>], range: std::ops::Range<usize>, level: u8) -> String {
    let texts: Vec<_> = lines.get(range).unwrap_or_default().iter().map(|line| line.without_levels(level).trim_end()).collect();
    texts.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_without_separator_is_found() {
        let found = extract(
            "よろしくお願いします。\n\n差出人: IPA <a@example.jp>\n送信日時: 2026年5月1日 10:00\n宛先: 山田\n件名: 申込\n\n本文\n",
            16,
        );
        assert_eq!(found.preface, "よろしくお願いします。");
        let expected = Inline {
            from: Some("IPA <a@example.jp>".to_owned()),
            to: Some("山田".to_owned()),
            cc: None,
            subject: Some("申込".to_owned()),
            date: Some("2026年5月1日 10:00".to_owned()),
            depth: 1,
            body: "本文".to_owned(),
        };
        assert_eq!(found.originals, [expected]);
    }

    #[test]
    fn wrapped_values_are_joined() {
        let found = extract(
            "From: IPA事務局 <\nsecurity@example.jp>\nDate: 2026年5月1日 10:00\nSubject: 一つ星：自己宣言完了の\nお知らせ\nTo: a\n\nx",
            16,
        );
        let original = found.originals.first().expect("one original");
        assert_eq!(original.from.as_deref(), Some("IPA事務局 <security@example.jp>"));
        assert_eq!(original.subject.as_deref(), Some("一つ星：自己宣言完了のお知らせ"));
    }

    #[test]
    fn nested_blocks_are_a_chain() {
        let text = "a\n---------- Forwarded message ---------\nFrom: b@example.jp\nSubject: one\n\nb\n\n> From: c@example.jp\n> Subject: two\n>\n> c\n";
        let found = extract(text, 16);
        let shown: Vec<_> = found
            .originals
            .iter()
            .map(|original| (original.depth, original.subject.as_deref().unwrap_or_default(), original.body.as_str()))
            .collect();
        assert_eq!(shown, [(1, "one", "b"), (2, "two", "c")]);
    }

    #[test]
    fn an_attributed_quotation_is_an_original() {
        let found = extract("ご確認ください\n\n2026年10月1日(木) 10:00 IPA <a@example.jp>:\n\n> 申込\n> 受理\n\n以上", 16);
        let original = found.originals.first().expect("one original");
        assert_eq!((original.body.as_str(), original.date.as_deref()), ("申込\n受理", Some("2026年10月1日(木) 10:00")));
    }

    #[test]
    fn a_form_and_a_signature_are_no_originals() {
        for text in [
            "お名前: 山田\n件名: 問合せ\n宛先: 事務局\n\n本文",
            "____________________\nこのメールは機密です。\nTo: all\n",
            "From: ここから\n本文",
        ] {
            assert_eq!(extract(text, 16).originals, [], "{text}");
        }
    }
}
