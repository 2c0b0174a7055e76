//! The reception desk of a subsidy office: mails in, verdicts and replies out.
//!
//! The data walks one way, and the modules stand in that order:
//!
//! ```text
//! IMAP ► mailbox ► store ► desk: message ► original ► notice ► check ► verdict ► letter ► store ► courier ► SMTP
//! ```
//!
//! - [`mailbox`] watches folders and hands every mail over, once ([`mailbox::Ledger`] is its border).
//! - [`store`] keeps the rows, the only shared state: received (T1), concluded (T2), claimed (T3), settled (T4), filed (T5).
//! - [`desk`] is the judgement: pure functions of bytes, rules and what the store knows; no clock, network, file or `async`.
//! - [`courier`] carries finished letters to the SMTP server ([`courier::Outbox`] is its border).
//! - [`daemon`] alone knows them all: it starts, watches, restarts and ends them, and answers systemd.
//! - [`judges`] runs the desk on every core; [`config`] turns the operator's file into values; [`cli`] is what people type;
//!   [`wire`] is TCP and TLS for both protocols, [`token`] gets access tokens where passwords are switched off, [`secret`] is a password
//!   that cannot be printed, [`fingerprint`] names bytes, [`clock`] tells the time.
//!
//! Bad mail is a value (a finding), never an error; an error means that we failed. What could not be read goes to a person.

pub mod cli;
pub mod clock;
pub mod config;
pub mod courier;
pub mod daemon;
pub mod desk;
pub mod fingerprint;
pub mod judges;
pub mod mailbox;
pub mod secret;
pub mod secretary;
pub mod store;
pub mod token;
pub mod wire;
