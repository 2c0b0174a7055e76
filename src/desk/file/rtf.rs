//! The RTF body of a message: to the HTML that it wraps, or to plain text.
//!
//! Outlook keeps HTML bodies as RTF that encapsulates them (MS-OXRTFEX), and often nothing else. Promises: linear in the
//! input, a fixed depth of groups, output paid for from the budget. Rejected: a general RTF crate; those at hand know neither
//! `\fromhtml1` nor CP932 characters cut into `\'xx` pairs.

mod compressed;
mod keyword;
mod text;
mod token;

use super::mapi::Broken;
use super::mapi::budget::Budget;
use crate::desk::text::charset::Decoded;

/// What an RTF body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rtf {
    pub form: Form,
    pub decoded: Decoded,
}

/// What the RTF was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `\fromhtml1`: the text is the HTML.
    Html,
    /// `\fromtext`, or RTF in its own right.
    Plain,
}

/// Reads `PidTagRtfCompressed`.
///
/// # Errors
/// [`Broken::RtfCompression`] and [`Broken::NotRtf`]: nothing of it can be read.
pub fn read(compressed: &[u8], budget: &mut Budget) -> Result<Rtf, Broken> {
    let rtf = compressed::decompress(compressed, budget)?;
    text::read(&rtf, budget)
}

#[cfg(test)]
mod tests;
