//! The courier against a living SMTP server on loopback: whole accounts of what was claimed, sent, settled and told.

mod account;
mod flow;
mod ledger;
mod office;
mod phases;
mod protection;
mod stopping;
