#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| uketsuke_fuzz::outlook(bytes));
