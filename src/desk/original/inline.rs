//! Originals inside a text: forwarded header blocks and attributed quotations.
//!
//! Decided on header blocks, not on separators: Outlook writes no separator at all, and a line of underscores ends
//! disclaimers, too.
//! Promises: linear in the text; nothing of the text is in two originals; a separator is in none.

use std::ops::Range;

use super::attribution::{Attribution, attribution, may_begin};
use super::block::{Block, Fields, Standing, block, columns};
use super::separator::{Separator, is_bare};
use super::survey::{Surveyed, survey};

/// What a text holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// What the forwarder wrote above the outermost original.
    pub preface: String,
    /// Outermost first.
    pub originals: Vec<Inline>,
    pub reach: Reach,
}

/// Whether the whole text was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    #[default]
    Whole,
    /// It held more originals than are read.
    Cut,
}

/// Originals that are read from one text. Nobody forwards more in one mail; a text made of header blocks would cost its square.
const MOST_ORIGINALS: usize = 200;

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
    extract_within(text, &[], deepest)
}

/// The same where it is known which places of the text (in bytes) hold a mail each: what begins in one ends with it.
#[must_use]
pub fn extract_within(text: &str, wraps: &[Range<usize>], deepest: u8) -> Extracted {
    let lines = survey(text);
    let mut starts = starts(&lines);
    deepen_quoted_bodies(&lines, &mut starts);
    let first = starts.first().map_or(lines.len(), |start| start.top);
    let preface = joined(&lines, 0..first, 0);
    let mut open: Vec<Region> = Vec::new();
    let reach = if starts.len() < MOST_ORIGINALS { Reach::Whole } else { Reach::Cut };
    let mut originals = Vec::with_capacity(starts.len());
    let mut starts = starts.into_iter().peekable();
    while let Some(start) = starts.next() {
        let following = starts.peek().map_or(lines.len(), |following| following.top);
        let next = unwrapped(text, &lines, &start, following, wraps);
        let end = body_end(&lines, &start, next);
        open.retain(|region| region.end >= start.top || region.level == 0);
        let depth = u8::try_from(open.len()).unwrap_or(u8::MAX).saturating_add(1);
        let is_open_ended = end == next && next == following;
        if open.len() <= usize::from(deepest) {
            open.push(Region { level: start.level, end: if is_open_ended { usize::MAX } else { end } });
        }
        if depth <= deepest {
            originals.push(start.fields.into_inline(depth, joined(&lines, start.body..end, start.level)));
        }
    }
    Extracted { preface, originals, reach }
}

/// Becky! and others quote the body, but not the header block above it.
fn deepen_quoted_bodies(lines: &[Surveyed<'_>], starts: &mut [Start]) {
    let mut next = lines.len();
    for start in starts.iter_mut().rev() {
        let body = lines.get(start.body..next).unwrap_or_default();
        next = start.top;
        let mut shown = body.iter().filter(|line| !line.is_blank() && line.separator != Some(Separator::End)).peekable();
        if shown.peek().is_some() && shown.all(|line| line.level > start.level) {
            start.level = start.level.saturating_add(1);
        }
    }
}

/// The first line beyond the innermost place that the original begins in, if it comes before `next`.
fn unwrapped(text: &str, lines: &[Surveyed<'_>], start: &Start, next: usize, wraps: &[Range<usize>]) -> usize {
    let place = |line: &Surveyed<'_>| line.whole.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let Some(begin) = lines.get(start.header).map(place) else { return next };
    let Some(end) = wraps.iter().filter(|wrap| wrap.contains(&begin)).map(|wrap| wrap.end).min() else { return next };
    let last = (start.body..next).find(|index| lines.get(*index).is_some_and(|line| place(line) >= end)).unwrap_or(next);
    // Around the header block alone: the mail stands below.
    let is_header_alone = lines.get(start.body..last).is_none_or(|body| body.iter().all(Surveyed::is_blank));
    if is_header_alone { next } else { last }
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
    /// First line of its header block.
    header: usize,
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

fn starts(lines: &[Surveyed<'_>]) -> Vec<Start> {
    let mut found: Vec<Start> = Vec::new();
    let mut at = 0;
    let mut floor = 0;
    while at < lines.len() && found.len() < MOST_ORIGINALS {
        match forwarded(lines, at, floor).or_else(|| quotation(lines, at, floor)) {
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

/// A header block at `at` that begins an original.
fn forwarded(lines: &[Surveyed<'_>], at: usize, floor: usize) -> Option<Start> {
    let level = lines.get(at)?.level;
    let Block { fields, end, standing } = block(lines, at)?;
    let (top, separated) = top_of(lines, at, floor);
    let is_kmail = lines.get(top).is_some_and(|line| line.text.contains("-  ") && line.text.contains("  -"));
    let closing = if is_kmail { Closing::ByRule } else { Closing::ByMarker };
    (standing == Standing::Alone || separated).then_some(Start { top, header: at, body: end, level, fields, closing })
}

/// The separator above a block, if there is one at most two blank lines up.
fn top_of(lines: &[Surveyed<'_>], at: usize, floor: usize) -> (usize, bool) {
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
        match line.separator {
            Some(Separator::Begin) => return (above, true),
            // Outlook's line of underscores. Rules of other characters close signatures.
            Some(Separator::Rule) if line.text.contains('_') && !closes_pair(lines, floor, above) => top = above,
            None if is_bare(line.text) => return (above, true),
            Some(Separator::Rule | Separator::End) | None => break,
        }
    }
    (top, false)
}

/// Lines between the two rules of a disclaimer, at most.
const LONGEST_DISCLAIMER: usize = 60;

/// Whether a rule of underscores is the second of a pair, as around a disclaimer.
fn closes_pair(lines: &[Surveyed<'_>], floor: usize, at: usize) -> bool {
    let above = lines.get(floor.max(at.saturating_sub(LONGEST_DISCLAIMER))..at).unwrap_or_default();
    above.iter().filter(|line| line.text.contains('_') && line.separator == Some(Separator::Rule)).count() % 2 == 1
}

/// Reads an attribution at `at` with what it introduces: quoted lines, or (Outlook for Mac) the plain text below it.
fn quotation(lines: &[Surveyed<'_>], at: usize, floor: usize) -> Option<Start> {
    let line = lines.get(at)?;
    let (found, after) = attributed(lines, at, line)?;
    let first = (after..lines.len()).find(|index| lines.get(*index).is_some_and(|line| !line.is_blank()))?;
    let below = lines.get(first)?;
    let is_quoted = below.level > line.level;
    let stands_alone = found.from.as_ref().is_some_and(|from| from.address.is_some());
    // A block right below says more than the line above it.
    if !is_quoted && (!stands_alone || below.label.is_some()) {
        return None;
    }
    let level = if is_quoted { line.level.saturating_add(1) } else { line.level };
    let (top, _) = top_of(lines, at, floor);
    let from = found.from.map(|from| match (from.name, from.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => address.or(name).unwrap_or_default(),
    });
    Some(Start { top, header: at, body: after, level, fields: Fields::of_attribution(from, found.date_text), closing: Closing::ByMarker })
}

fn attributed(lines: &[Surveyed<'_>], at: usize, line: &Surveyed<'_>) -> Option<(Attribution, usize)> {
    if line.is_blank() {
        return None;
    }
    if line.ends_attribution {
        return attribution(line.text).map(|found| (found, at + 1));
    }
    let rest = lines.get(at + 1..)?.iter().take(ATTRIBUTION_LINES_BELOW);
    let mut same = rest.take_while(|next| next.level == line.level && !next.is_blank());
    let last = same.position(|next| next.ends_attribution)?;
    // A greeting above an attribution is none of it.
    if !may_begin(line.text) {
        return None;
    }
    let mut whole = line.text.trim().to_owned();
    for next in lines.get(at + 1..=at + 1 + last)? {
        whole = format!("{whole} {}", next.text.trim()).replace("< ", "<").replace("> :", ">:");
    }
    attribution(&whole).map(|found| (found, at + last + 2))
}

/// Lines that a wrapped attribution may take below its first.
const ATTRIBUTION_LINES_BELOW: usize = 2;

/// The end of a body: an end marker, or the end of its quote level, or the next original.
fn body_end(lines: &[Surveyed<'_>], start: &Start, next: usize) -> usize {
    for index in start.body..next {
        let Some(line) = lines.get(index) else { break };
        let left_quote = line.level < start.level && !line.is_blank() && !lost_its_mark(lines, index, start.level);
        let is_rule = start.closing == Closing::ByRule
            && line.text.trim_end().len() == KMAIL_RULE
            && line.text.trim_end().bytes().all(|byte| byte == b'-');
        let is_end = line.level == start.level && (is_rule || line.separator == Some(Separator::End));
        if left_quote || is_end {
            return index;
        }
    }
    next
}

/// Columns from which on a quoted line is broken again by the client that quotes it.
const LONG_LINE: usize = 60;

/// The rest of a long quoted line that a client broke without repeating the quote mark: one line, quoted ones around it.
fn lost_its_mark(lines: &[Surveyed<'_>], index: usize, level: u8) -> bool {
    let is_quoted = |line: Option<&Surveyed<'_>>| line.is_some_and(|line| line.level >= level);
    let above = index.checked_sub(1).and_then(|above| lines.get(above));
    is_quoted(above) && is_quoted(lines.get(index + 1)) && above.is_some_and(|above| columns(above.whole) >= LONG_LINE)
}

fn joined(lines: &[Surveyed<'_>], range: Range<usize>, level: u8) -> String {
    let lines = lines.get(range).unwrap_or_default();
    let mut text = String::with_capacity(lines.iter().map(|line| line.whole.len() + 1).sum());
    for line in lines {
        let line = line.without_levels(level).trim_end();
        // Empty lines at the top are left out here, those at the end below.
        text.push_str(if text.is_empty() { line.trim_start() } else { line });
        if !text.is_empty() {
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
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
    fn words_alone_separate_only_above_a_header_block() {
        let words = "เริ่มข้อความที่ส่งต่อ";
        let found = extract(&format!("a\n\n{words}\n\nจาก: b@example.jp\nเรื่อง: x\n\n{words}\nb"), 16);
        let original = found.originals.first().expect("one original");
        assert_eq!((found.preface.as_str(), original.body.as_str()), ("a", format!("{words}\nb").as_str()));
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
