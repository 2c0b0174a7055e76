//! The only place that reads the time of day. Everything else is handed a time.

use jiff::Timestamp;

/// UTC seconds.
#[must_use]
pub fn now() -> i64 {
    Timestamp::now().as_second()
}
