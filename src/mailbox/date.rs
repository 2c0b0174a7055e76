//! INTERNALDATE, ` 1-May-2026 10:00:00 +0900`, to UTC seconds.
//!
//! Promises: a date that cannot be read is no date; it never keeps a mail from being received. Rejected: the mail's own Date field,
//! which the sender writes.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Reads RFC 3501's `date-time`.
pub(super) fn utc_seconds(text: &str) -> Option<i64> {
    let mut words = text.split_ascii_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut parts = date.split('-');
    let day: i8 = parts.next()?.parse().ok()?;
    let month = month(parts.next()?)?;
    let year: i16 = parts.next()?.parse().ok()?;
    let mut clock = time.split(':').map(str::parse::<i8>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    // A leap second is a moment, too; the second before it is close enough.
    let local = DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
    let zoned = local.to_zoned(TimeZone::fixed(offset(zone)?)).ok()?;
    Some(zoned.timestamp().as_second())
}

fn month(word: &str) -> Option<i8> {
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let position = names.iter().position(|name| name.eq_ignore_ascii_case(word))?;
    i8::try_from(position).ok()?.checked_add(1)
}

fn offset(zone: &str) -> Option<Offset> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let seconds = (number / 100).checked_mul(3600)?.checked_add((number % 100).checked_mul(60)?)?;
    Offset::from_seconds(seconds.checked_mul(sign)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_or_left_out() {
        for (text, expected) in [
            ("01-May-2026 10:00:00 +0900", Some(1_777_597_200)),
            (" 1-May-2026 10:00:00 +0900", Some(1_777_597_200)),
            ("01-MAY-2026 01:00:00 +0000", Some(1_777_597_200)),
            ("30-Apr-2026 19:30:00 -0530", Some(1_777_597_200)),
            ("31-Dec-2016 23:59:60 +0000", Some(1_483_228_799)),
            ("32-May-2026 10:00:00 +0900", None),
            ("01-May-2026 10:00:00 JST", None),
            ("01-May-2026 10:00:00", None),
            ("", None),
        ] {
            assert_eq!(utc_seconds(text), expected, "{text}");
        }
    }
}
