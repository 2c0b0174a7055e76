//! File formats that carry mails, from bytes to what they hold.
//!
//! Promises: pure and bounded for any bytes; what cannot be opened is said, never guessed. `original` decides what it means.

pub mod archive;
pub mod mapi;
pub mod outlook;
pub mod pdf;
pub mod rtf;
pub mod tnef;
