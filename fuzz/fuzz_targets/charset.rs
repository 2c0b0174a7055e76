//! Bytes under any label to text, and header values with encoded-words.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uketsuke::desk::text::charset::decode;
use uketsuke::desk::text::encoded_word::decode_header;
use uketsuke::desk::text::fold::fold;

const LABELS: [Option<&str>; 10] = [
    None,
    Some("utf-8"),
    Some("iso-2022-jp"),
    Some("shift_jis"),
    Some("euc-jp"),
    Some("cp50220"),
    Some("iso-8859-1"),
    Some("gb2312"),
    Some("utf-7"),
    Some("no such charset"),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((label, rest)) = bytes.split_first() else { return };
    let decoded = decode(rest, LABELS[usize::from(*label) % LABELS.len()]);
    let _folded = fold(&decoded.text);
    let _header = decode_header(rest);
});
