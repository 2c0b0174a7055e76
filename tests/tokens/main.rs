//! Access tokens: what is asked of a token endpoint, how answers are taken, and how a token logs in to real and scripted servers.
//!
//! `key.pem`, `certificate.pem` and `public.pem` were made for these tests and open nothing anywhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

#[path = "../mailbox/ledger.rs"]
#[allow(dead_code, reason = "the mailbox's own tests ask it for more")]
mod ledger;

mod asking;
mod bench;
mod imap;
mod renewing;
mod smtp;
