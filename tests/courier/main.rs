//! The courier against a living SMTP server on loopback: whole accounts of what was claimed, sent, settled and told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

mod account;
mod flow;
mod ledger;
mod office;
mod phases;
mod protection;
mod stopping;
