//! A file of Outlook (.msg): its mail, its texts out of RTF, and the mails inside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uketsuke::desk::file::outlook::read;
use uketsuke::desk::file::mapi::Bounds;

fuzz_target!(|bytes: &[u8]| {
    let _mail = read(bytes, &Bounds { depth: 4, members: 50, bytes: 1 << 20 });
});
