//! The IMAP station against a scripted server: one behaviour a test, each with a deadline, each with its accounts
//! (n mails in, n mails kept, each once).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

mod bench;
mod connecting;
mod copies;
mod faults;
mod filing;
mod hostile;
mod ledger;
mod numbering;
mod receiving;
mod stumbling;
mod waiting;
