//! A zip's members.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uketsuke::desk::file::archive::{Bounds, unpack};

fuzz_target!(|bytes: &[u8]| {
    let bounds = Bounds { members: 20, bytes: 1 << 20 };
    let mut sum = 0;
    let _end = unpack(bytes, bounds, |member| sum += member.bytes.len());
    assert!(sum <= bounds.bytes);
});
