//! What must hold for any bytes, one function for each reader of bytes.
//!
//! The fuzz targets call these, and so does `tests/desk_mutations.rs`, which needs no C++.

use std::str::from_utf8;
use std::sync::LazyLock;

use uketsuke::config::shipped_rules;
use uketsuke::desk::file::{archive, mapi, outlook, pdf, tnef};
use uketsuke::desk::original::inline::extract;
use uketsuke::desk::rules::Rules;
use uketsuke::desk::standing::Standing;
use uketsuke::desk::text::charset::decode;
use uketsuke::desk::text::date::date;
use uketsuke::desk::text::encoded_word::decode_header;
use uketsuke::desk::text::fold::fold;
use uketsuke::desk::text::html::render;
use uketsuke::desk::{examine, letter};

/// A target's name, and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 8] = [
    ("mail", mail),
    ("inline", inline),
    ("html", html),
    ("charset", charset),
    ("archive", archive),
    ("outlook", outlook),
    ("tnef", tnef),
    ("pdf", pdf),
];

static RULES: LazyLock<Rules> = LazyLock::new(|| shipped_rules().expect("the shipped rules are valid"));

/// A whole mail: read and concluded, whatever the bytes.
pub fn mail(raw: &[u8]) {
    let (reading, conclusion) = examine(raw, &RULES, &Standing::default(), 0, 0);
    assert!(reading.references.iter().all(|id| letter::is_message_id(id)));
    let lines = conclusion.findings.iter().filter_map(|finding| finding.line.as_ref());
    assert!(lines.clone().all(|line| !line.chars().any(char::is_control)));
}

/// A text with forwards in it: what is found lies in the text, and is found once.
pub fn inline(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let found = extract(text, 16);
    let bodies: usize = found.originals.iter().map(|original| original.body.len()).sum();
    assert!(found.preface.len() + bodies <= text.len());
    for original in &found.originals {
        assert!(original.depth >= 1 && original.depth <= 16);
        let _date = original.date.as_deref().map(date);
    }
}

/// An HTML document to lines.
pub fn html(bytes: &[u8]) {
    let Ok(html) = from_utf8(bytes) else { return };
    let rendered = render(html);
    let _found = extract(&rendered.visible, 16);
}

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

/// Bytes under any label to text, and header values with encoded-words.
pub fn charset(bytes: &[u8]) {
    let Some((label, rest)) = bytes.split_first() else { return };
    let decoded = decode(rest, LABELS[usize::from(*label) % LABELS.len()]);
    let _folded = fold(&decoded.text);
    let _header = decode_header(rest);
}

/// A zip's members.
pub fn archive(bytes: &[u8]) {
    let bounds = archive::Bounds { members: 20, bytes: 1 << 20 };
    let mut sum = 0;
    let _end = archive::unpack(bytes, bounds, |member| sum += member.bytes.len());
    assert!(sum <= bounds.bytes);
}

const MAPI: mapi::Bounds = mapi::Bounds { depth: 4, members: 50, bytes: 1 << 20 };

/// A file of Outlook (.msg): its mail, its texts out of RTF, and the mails inside it.
pub fn outlook(bytes: &[u8]) {
    let _mail = outlook::read(bytes, &MAPI);
}

/// A winmail.dat: its mail, its texts out of RTF, and the mails inside it.
pub fn tnef(bytes: &[u8]) {
    let _mail = tnef::read(bytes, &MAPI);
}

/// The text of a PDF.
pub fn pdf(bytes: &[u8]) {
    let bounds = pdf::Bounds { inflated_bytes: 1 << 20, objects: 20_000, pages: 10, operators: 50_000, text_bytes: 1 << 16 };
    if let Ok(found) = pdf::text(bytes, &bounds) {
        // The bound is looked at after each string that is shown.
        assert!(found.text.len() <= 4 * bounds.text_bytes, "{} bytes", found.text.len());
    }
}
