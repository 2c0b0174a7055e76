//! The IMAP station: watches one folder and hands every mail over, once, to whoever keeps the rows.
//!
//! Promises: no mail is lost and none is taken for new twice, whatever the server does: it may lie about sizes and UIDNEXT, refuse
//! single mails, hang up in the middle, renumber the folder or speak no IMAP at all. Nothing on the server is changed but the
//! filing that was asked for; `\Seen` is never set. The station knows neither the store nor the configuration: [`Ledger`] and
//! [`Settings`] are its two borders.
//!
//! The way of a mail: `connect` logs in, `folder` opens and lists, `cursor` and `windows` say where to look, `batches` and
//! `suspects` what to ask for together, `fetch` asks, `look` hands over, `filing` files, `wait` waits, `watch` comes
//! back after failures. `screen` and `guard` stand between the network and the parser; only `session` knows async-imap.
//!
//! Rejected: a ready-made IMAP client's fetch and IDLE; they take a refused FETCH for an empty folder and a dead line for silence.

mod answer;
mod batches;
mod connect;
mod copies;
mod cursor;
mod date;
mod encoding;
mod error;
mod fetch;
mod filing;
mod folder;
mod guard;
mod inbound;
mod intake;
mod ledger;
mod look;
mod memory;
mod name;
mod pause;
mod probe;
mod reconcile;
mod screen;
mod session;
mod settings;
mod suspects;
mod transcript;
mod transport;
mod wait;
mod watch;
mod windows;

pub use error::MailboxError;
pub use ledger::{
    Action, Arrival, Backlog, Batch, Content, Cursor, Event, FailureKind, Filed, Filing, Ledger, LedgerError, Place, Quarantined, Receipt,
    SentLetter, Sighting,
};
pub use probe::{Report, Support, probe};
pub use settings::{Deadlines, FilingRules, Intervals, Limits, LoginMethod, Pauses, Settings};
pub use watch::watch;
