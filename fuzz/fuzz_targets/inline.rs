//! A text with forwards in it: what is found lies in the text, and is found once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uketsuke::desk::original::inline::extract;
use uketsuke::desk::text::date::date;

fuzz_target!(|text: &str| {
    let found = extract(text, 16);
    let bodies: usize = found.originals.iter().map(|original| original.body.len()).sum();
    assert!(found.preface.len() + bodies <= text.len());
    for original in &found.originals {
        assert!(original.depth >= 1 && original.depth <= 16);
        let _date = original.date.as_deref().map(date);
    }
});
