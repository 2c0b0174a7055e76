//! The whole daemon against scripted servers: the real binary, a real configuration file, a real store.
//!
//! Observed only from outside: what the servers were told, what the rows say, what the command line prints. Every wait has a deadline,
//! and a daemon ends with the test that started it.
//! Rejected: starting the daemon's tasks inside the test's process; neither SIGKILL nor an exit code could then be seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

mod crash;
mod failing_smtp;
mod hostile;
mod judging;
mod killed_sending;
mod letters;
mod loops;
mod network;
mod office;
mod orders;
mod plan;
mod post;
mod refusals;
mod rollout;
mod scripted;
mod signals;
mod store;
mod systemd;
