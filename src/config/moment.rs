//! Dates of the configuration: a day or a minute in the office's time zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::reader::Section;

/// Which end of a day a date without a time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Start,
    End,
}

/// Takes a key with a date or a date and a time; `""` is none. UTC seconds.
pub fn moment(section: &mut Section<'_>, name: &'static str, edge: Edge, zone: &TimeZone) -> Option<i64> {
    let text = section.text(name, "");
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return None;
    }
    let found = civil(trimmed, edge).and_then(|civil| civil.to_zoned(zone.clone()).ok());
    if found.is_none() {
        section.refuse(name, &text, "must be a date, as 2026-04-01, or a date with a time, as 2026-04-01T17:00");
    }
    found.map(|zoned| zoned.timestamp().as_second())
}

fn civil(text: &str, edge: Edge) -> Option<DateTime> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        let time = match edge {
            Edge::Start => Time::midnight(),
            Edge::End => Time::constant(23, 59, 59, 0),
        };
        return Some(date.to_datetime(time));
    }
    text.replace(' ', "T").parse::<DateTime>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_first_or_its_last_second() {
        assert_eq!(civil("2026-12-25", Edge::End).map(|civil| civil.to_string()).as_deref(), Some("2026-12-25T23:59:59"));
        assert_eq!(civil("2026-12-25", Edge::Start).map(|civil| civil.to_string()).as_deref(), Some("2026-12-25T00:00:00"));
        assert_eq!(civil("2026-12-25 17:00", Edge::End).map(|civil| civil.to_string()).as_deref(), Some("2026-12-25T17:00:00"));
        assert_eq!(civil("25.12.2026", Edge::End), None);
    }
}
