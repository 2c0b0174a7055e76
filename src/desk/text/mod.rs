//! From bytes to comparable text: character sets, encoded-words, HTML, folding, lines, dates, addresses.

pub mod address;
pub mod charset;
pub mod date;
pub mod encoded_word;
pub mod flowed;
pub mod fold;
pub mod html;
pub mod line;
pub mod script;
