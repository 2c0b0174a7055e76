//! An HTML document to lines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uketsuke::desk::original::inline::extract;
use uketsuke::desk::text::html::render;

fuzz_target!(|html: &str| {
    let rendered = render(html);
    let _found = extract(&rendered.visible, 16);
});
