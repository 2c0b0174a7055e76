//! The IMAP station against a scripted server: one behaviour a test, each with a deadline, each with its accounts
//! (n mails in, n mails kept, each once).

mod bench;
mod connecting;
mod filing;
mod hostile;
mod ledger;
mod numbering;
mod receiving;
mod stumbling;
mod waiting;
