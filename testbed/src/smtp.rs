//! An SMTP sink.
