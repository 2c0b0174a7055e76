//! A whole mail: read and concluded, whatever the bytes.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use uketsuke::config::shipped_rules;
use uketsuke::desk::rules::Rules;
use uketsuke::desk::standing::Standing;
use uketsuke::desk::{examine, letter};

static RULES: LazyLock<Rules> = LazyLock::new(|| shipped_rules().expect("the shipped rules are valid"));

fuzz_target!(|raw: &[u8]| {
    let (reading, conclusion) = examine(raw, &RULES, &Standing::default(), 0, 0);
    assert!(reading.references.iter().all(|id| letter::is_message_id(id)));
    let lines = conclusion.findings.iter().filter_map(|finding| finding.line.as_ref());
    assert!(lines.clone().all(|line| !line.chars().any(char::is_control)));
});
