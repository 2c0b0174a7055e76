//! The testbed's servers, seen by clients that are not uketsuke: raw sockets, rustls, and Python's imaplib and smtplib.
//!
//! Promises: every wait has a deadline, every script entry is shown to do what its documentation says.
//! Rejected: testing the servers through the product; then both could be wrong in the same way.

mod client;
mod imap_commands;
mod imap_script;
mod python;
mod smtp;
mod tls;
