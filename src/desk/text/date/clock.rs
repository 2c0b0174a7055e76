//! The time of a date: its numbers, the part of the day beside them, the zone behind them.
//!
//! Promises: AM, PM, 下午, 晚上 and the like turn an hour of twelve into the one hour that lies in them, or into none; a word that may be
//! a part of the day or something else (German `am`, `am` of the morning) only counts where both give the same hour.
//! Rejected: times without minutes. `10 AM` is written by people, and people write ranges and guesses.

use jiff::civil::Time;
use jiff::tz::Offset;

use super::token::{Kind, Token};
use super::words::{BEFORE_TIME, FILLER, HOUR, MINUTE, SECOND, ZONE};
use super::zone;

/// Tokens of `GMT+09:00`.
const LONGEST_ZONE: usize = 5;

/// A set of tokens, by position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Set(u64);

impl Set {
    pub(super) fn add(&mut self, at: usize) {
        self.0 |= u32::try_from(at).ok().and_then(|at| 1_u64.checked_shl(at)).unwrap_or(0);
    }

    pub(super) fn holds(self, at: usize) -> bool {
        u32::try_from(at).ok().and_then(|at| self.0.checked_shr(at)).is_some_and(|bits| bits & 1 == 1)
    }
}

/// Numbers that can be a time, `10:00` or `10:00:05`, and the tokens that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Face {
    pub start: usize,
    pub end: usize,
    pub hour: u32,
    pub minute: u32,
    pub second: Option<u32>,
}

/// A time that was read, and what it leaves to the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub time: Time,
    /// `None` if none is written.
    pub offset: Option<Offset>,
    /// The tokens that are spent.
    pub taken: Set,
    /// Words that need no other meaning, though they may have one.
    pub excused: Set,
    /// The first token behind the numbers.
    pub end: usize,
    /// Where a zone was written: from here on any word may be its name or comment.
    free_from: Option<usize>,
    /// Up to here an unknown word changes nothing.
    unknown_until: usize,
}

impl Clock {
    /// Whether an unknown word here can be ignored. Behind the time it may be a zone, directly before it a part of the day.
    pub(super) fn allows_unknown(&self, at: usize) -> bool {
        at < self.unknown_until || self.is_free(at)
    }

    /// Whether a token stands behind a zone, where it may be the zone's name or comment.
    pub(super) fn is_free(&self, at: usize) -> bool {
        self.free_from.is_some_and(|from| at >= from)
    }
}

/// Times that the text may hold: those with colons, or else with hour signs, or else with dots, which may also be those of a date.
pub(super) fn faces(tokens: &[Token<'_>]) -> Vec<Face> {
    let positions = 0..tokens.len();
    // Nepali puts a colon between day and time, too: `१: ०९:००`.
    for gap in [Gap::No, Gap::Any] {
        let found: Vec<Face> = positions.clone().filter_map(|at| with_colons(tokens, at, gap)).collect();
        if !found.is_empty() {
            return found;
        }
    }
    let signed: Vec<Face> = positions.clone().filter_map(|at| with_signs(tokens, at)).collect();
    if signed.is_empty() { positions.filter_map(|at| with_dots(tokens, at)).collect() } else { signed }
}

/// Whether spaces may stand around the colons of a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    No,
    Any,
}

/// `10:00`, `10:00:05`, `10:00:05.250`.
fn with_colons(tokens: &[Token<'_>], start: usize, gap: Gap) -> Option<Face> {
    let hour = short(tokens, start)?;
    let fits = |at: usize| gap == Gap::Any || tokens.get(at).is_some_and(|token| token.glued);
    let colon = |at: usize| tokens.get(at).is_some_and(|token| token.is_sign(':')) && fits(at) && fits(at + 1);
    // The rest of another time, or of a date that some programs write so: `2026:10:01 09:05`.
    if start.checked_sub(1).is_some_and(|before| tokens.get(before).is_some_and(|token| token.is_sign(':')) && fits(start)) {
        return None;
    }
    let minute = colon(start + 1).then(|| pair(tokens, start + 2))??;
    let mut face = Face { start, end: start + 3, hour, minute, second: None };
    if colon(face.end) && tokens.get(face.end + 1).is_some_and(|token| token.number().is_some()) {
        face.second = Some(pair(tokens, face.end + 1)?);
        face.end += 2;
        if is_glued_sign(tokens, face.end, &['.', ',']) && is_glued_number(tokens, face.end + 1) {
            face.end += 2;
        }
    }
    Some(face)
}

/// `10時00分05秒`, `10 h 00`, `10시 5분`.
fn with_signs(tokens: &[Token<'_>], start: usize) -> Option<Face> {
    let hour = short(tokens, start)?;
    let is = |at: usize, sign: u16| tokens.get(at).is_some_and(|token| token.meaning().is(sign));
    if !is(start + 1, HOUR) {
        return None;
    }
    let signed = is(start + 3, MINUTE);
    let minute = if signed { short(tokens, start + 2)? } else { pair(tokens, start + 2)? };
    let mut face = Face { start, end: start + 3, hour, minute, second: None };
    if signed {
        face.end += 1;
        if let Some(second) = short(tokens, face.end)
            && is(face.end + 1, SECOND)
        {
            face.second = Some(second);
            face.end += 2;
        }
    }
    Some(face)
}

/// `10.00`, `10.00.05`, as in Danish, Finnish and Indonesian.
fn with_dots(tokens: &[Token<'_>], start: usize) -> Option<Face> {
    let dot = |at: usize| is_glued_sign(tokens, at, &['.']) && is_glued_number(tokens, at + 1);
    if !dot(start + 1) || start.checked_sub(1).is_some_and(|before| is_glued_sign(tokens, start, &[]) || ends_in_dot(tokens, before, start))
    {
        return None;
    }
    let hour = short(tokens, start)?;
    let mut face = Face { start, end: start + 3, hour, minute: pair(tokens, start + 2)?, second: None };
    if dot(face.end) {
        face.second = Some(pair(tokens, face.end + 1)?);
        face.end += 2;
    }
    (!dot(face.end)).then_some(face)
}

/// Whether the number at `start` is the continuation of dotted numbers.
fn ends_in_dot(tokens: &[Token<'_>], before: usize, start: usize) -> bool {
    tokens.get(before).is_some_and(|token| token.is_sign('.')) && tokens.get(start).is_some_and(|token| token.glued)
}

fn is_glued_sign(tokens: &[Token<'_>], at: usize, signs: &[char]) -> bool {
    tokens.get(at).is_some_and(|token| token.glued && signs.iter().any(|sign| token.is_sign(*sign)))
}

fn is_glued_number(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.glued && token.number().is_some())
}

/// A number of one or two digits.
fn short(tokens: &[Token<'_>], at: usize) -> Option<u32> {
    tokens.get(at)?.number().filter(|(_, digits)| *digits <= 2).map(|(value, _)| value)
}

/// A number of two digits.
fn pair(tokens: &[Token<'_>], at: usize) -> Option<u32> {
    tokens.get(at)?.number().filter(|(_, digits)| *digits == 2).map(|(value, _)| value)
}

/// The time at these numbers, with all that belongs to it.
pub(super) fn read(tokens: &[Token<'_>], face: &Face) -> Option<Clock> {
    let mut clock = Clock {
        time: Time::midnight(),
        offset: None,
        taken: Set::default(),
        excused: Set::default(),
        end: face.end,
        free_from: None,
        unknown_until: if (1..=12).contains(&face.hour) { beside(tokens, face.start).unwrap_or(0) } else { face.start },
    };
    (face.start..face.end).for_each(|at| clock.taken.add(at));
    if let Some(at) = face.start.checked_sub(1).filter(|at| tokens.get(*at).is_some_and(|token| token.meaning().is(BEFORE_TIME))) {
        clock.taken.add(at);
    }
    let mut hours = 1_u32.checked_shl(face.hour).filter(|_| face.hour < 24)?;
    if let Some(at) = part_before(tokens, face.start) {
        hours = narrowed(tokens, at, face)?;
        clock.excused.add(at);
    }
    let mut at = face.end;
    while let Some(token) = tokens.get(at) {
        if let Some(zone) = zone::read(tokens, at, face) {
            clock.offset = Some(Offset::from_seconds(zone.seconds).ok()?);
            clock.free_from = Some(zone.end);
            (at..zone.end).for_each(|at| clock.taken.add(at));
            comment(tokens, zone.end, &mut clock.taken);
            break;
        }
        let meaning = token.meaning();
        match token.kind {
            Kind::Sign(':' | ',' | '.' | '(' | ')' | ';' | '[') => {}
            Kind::Word { .. } if meaning.hours != 0 && !clock.excused.holds(at) => {
                let after = narrowed(tokens, at, face)?;
                // `午前 10:00 AM`: both must hold.
                hours = if part_before(tokens, face.start).is_some() { hours & after } else { after };
                clock.excused.add(at);
            }
            Kind::Word { text, .. } if meaning.is(HOUR | SECOND) || meaning.is(FILLER) && text.len() > 1 => clock.excused.add(at),
            _ => break,
        }
        at += 1;
    }
    if clock.offset.is_none() {
        zone_before(tokens, face, &mut clock);
    }
    clock.time = time(hours, face)?;
    Some(clock)
}

/// `2026年10月1日 GMT+8 10:00:00`, as Apple writes in Chinese.
fn zone_before(tokens: &[Token<'_>], face: &Face, clock: &mut Clock) {
    let end = part_before(tokens, face.start).unwrap_or(face.start);
    for start in end.saturating_sub(LONGEST_ZONE)..end {
        let named = tokens.get(start).is_some_and(|token| token.meaning().is(ZONE));
        if let Some(zone) = zone::read(tokens, start, face).filter(|zone| named && zone.end == end) {
            clock.offset = Offset::from_seconds(zone.seconds).ok();
            (start..end).for_each(|at| clock.taken.add(at));
            return;
        }
    }
}

fn time(hours: u32, face: &Face) -> Option<Time> {
    if hours.count_ones() != 1 {
        return None;
    }
    let number = |value: u32| i8::try_from(value).ok();
    Time::new(number(hours.trailing_zeros())?, number(face.minute)?, number(face.second.unwrap_or(0))?, 0).ok()
}

/// The part of the day that stands directly before the time.
fn part_before(tokens: &[Token<'_>], start: usize) -> Option<usize> {
    beside(tokens, start).filter(|at| tokens.get(*at).is_some_and(|token| token.meaning().hours != 0))
}

/// The token before the time, but for a comma or a dot.
fn beside(tokens: &[Token<'_>], start: usize) -> Option<usize> {
    let at = start.checked_sub(1)?;
    let token = tokens.get(at)?;
    if token.is_sign(',') || token.is_sign('.') { at.checked_sub(1) } else { Some(at) }
}

/// The hours (as bits) that the written one can be beside this part of the day.
fn narrowed(tokens: &[Token<'_>], at: usize, face: &Face) -> Option<u32> {
    let meaning = tokens.get(at)?.meaning();
    let written = 1_u32.checked_shl(face.hour)?;
    let candidates = match face.hour {
        0 | 12 => 1 | 1 << 12,
        1..=11 => written | written.checked_shl(12)?,
        _ => written,
    };
    let within = candidates & meaning.hours;
    // `12:30 AM` is an hour of the night, and `12:30 am 5. Mai` may be one at noon.
    let number_follows = tokens.get(at + 1).is_some_and(|token| token.number().is_some());
    let filler = meaning.is(FILLER) && number_follows && !is_am_before(tokens, at, face);
    let otherwise = filler || meaning.weekdays != 0 || meaning.months != 0;
    let all = if otherwise { within | written } else { within };
    (all != 0).then_some(all)
}

/// `AM 10:00` is Korean or Assamese; German says `am` of a day, never of an hour. Beside a month of Wales it is `at`.
fn is_am_before(tokens: &[Token<'_>], at: usize, face: &Face) -> bool {
    let is_am = |token: &Token<'_>| matches!(token.kind, Kind::Word { text: "am", .. });
    let is_welsh = |token: &Token<'_>| matches!(token.kind, Kind::Word { text, .. } if WELSH_MONTHS.contains(&text));
    at < face.start && tokens.get(at).is_some_and(is_am) && !tokens.iter().any(is_welsh)
}

const WELSH_MONTHS: [&str; 12] =
    ["ionawr", "chwefror", "mawrth", "ebrill", "mai", "mehefin", "gorffennaf", "awst", "medi", "hydref", "tachwedd", "rhagfyr"];

/// Takes a comment in parentheses behind a zone: RFC 5322 section 3.2.2, and `(Japan Standard Time)`.
fn comment(tokens: &[Token<'_>], start: usize, taken: &mut Set) {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.kind {
            Kind::Sign('(') => depth += 1,
            _ if depth == 0 => return,
            Kind::Sign(')') => depth -= 1,
            _ => {}
        }
        taken.add(at);
    }
}
