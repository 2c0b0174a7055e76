//! File formats that carry mails, from bytes to what they hold.
//!
//! Promises: pure and bounded for any bytes; what cannot be opened is said, never guessed. `original` decides what it means.

pub mod archive;
pub mod mapi;
pub mod outlook;
pub mod pdf;
mod rtf;
pub mod tnef;

/// Whether everything in a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Whole,
    /// Something was beyond the bounds, or lost by damage.
    Cut,
}
