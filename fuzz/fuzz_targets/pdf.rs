//! The text of a PDF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uketsuke::desk::file::pdf::{Bounds, text};

fuzz_target!(|bytes: &[u8]| {
    let bounds = Bounds { inflated_bytes: 1 << 20, objects: 20_000, pages: 10, operators: 50_000, text_bytes: 1 << 16 };
    if let Ok(found) = text(bytes, &bounds) {
        // The bound is looked at after each string that is shown.
        assert!(found.text.len() <= 4 * bounds.text_bytes, "{} bytes", found.text.len());
    }
});
