//! Servers that others wrote, each a private instance on loopback: Dovecot for reading, Postfix for sending; pymap, Courier and Cyrus,
//! which agree with Dovecot on the RFCs and on little else.
//!
//! ```no_run
//! use testbed::real::{Account, Dovecot, DovecotOptions, Fault, Postfix, PostfixOptions, Unknown};
//! use testbed::tls::Authority;
//!
//! # fn main() -> Result<(), Fault> {
//! let authority = Authority::new();
//! let desk = Account { user: "desk@office.example.jp".to_owned(), password: "himitsu".to_owned(), token: None };
//! let dovecot = Dovecot::start(DovecotOptions { users: vec![desk], authority: &authority })?;
//! let postfix = Postfix::start(PostfixOptions { dovecot: &dovecot, domains: vec!["office.example.jp".to_owned()], unknown: Unknown::Refused })?;
//! dovecot.deliver("desk@office.example.jp", "Subject: one\r\n\r\n")?;
//! assert_ne!(dovecot.imaps_port(), postfix.smtps_port());
//! # Ok(())
//! # }
//! ```
//!
//! Promises: nothing outside an own temporary folder (for Courier and Cyrus: below target/test-servers) is read or written but the programs themselves, so a machine's own mail system goes on
//! undisturbed; no mail leaves the machine; a server that is missing or does not start is an error that says what to install or shows the
//! log; the processes end with the handle, and with the test's process should that be killed (then the temporary folders stay).
//! Rejected: containers; a test that needs a registry and a daemon of its own is a test that most people never run.

mod dovecot;
mod fault;
mod folder;
mod maildir;
mod port;
mod postfix;
mod process;
mod program;
mod pymap;
mod rooted;
mod token;

pub use crate::smtp::Account;
pub use dovecot::{Dovecot, Options as DovecotOptions};
pub use fault::Fault;
pub use postfix::{Options as PostfixOptions, Postfix, Unknown};
pub use pymap::Pymap;
pub use rooted::{Rooted, RootedServer};
