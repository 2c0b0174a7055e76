//! The JSON of a judged submission: what `classify`, `list` and `show` print. The names are fixed; scripts use them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::desk::notice::Notice;
use crate::desk::original::Original;
use crate::desk::rules::Rules;
use crate::desk::text::address::Mailbox;
use crate::desk::text::date::Dated;
use crate::desk::{Conclusion, Reading};

/// Whether the originals' own texts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    Shown,
    Left,
}

/// One judged mail as an object of `classify --json`.
#[must_use]
pub fn classified(path: &str, reading: &Reading, conclusion: &Conclusion, rules: &Rules, bodies: Bodies, elapsed_us: u64) -> Value {
    let mut object = json!({
        "path": path,
        "message_id": reading.message_id,
        "from": reading.from.as_ref().and_then(Mailbox::shown),
        "subject": reading.subject,
        "verdict": conclusion.verdict,
        "reply": conclusion.reply.word(),
        "findings": conclusion.findings,
        "notices": reading.notices.notices.iter().map(|notice| noticed(notice, rules)).collect::<Vec<_>>(),
        "originals": originals(&reading.originals, bodies),
        "elapsed_us": elapsed_us,
    });
    if bodies == Bodies::Shown
        && let Some(object) = object.as_object_mut()
    {
        object.insert("message".to_owned(), json!(reading.message));
    }
    object
}

fn noticed(notice: &Notice, rules: &Rules) -> Value {
    let original = &notice.original;
    json!({
        "kind": notice.kind,
        "stars": notice.stars,
        "declaration_id": notice.well_formed_id(rules),
        "user_number": notice.user_number.as_ref().map(crate::desk::notice::field::UserNumber::masked),
        "company": notice.addressee.company,
        "person": notice.addressee.person,
        "evidence": notice.evidence,
        "original": {
            "from": original.from.as_ref().and_then(Mailbox::shown),
            "date": original.date.as_ref().map(Dated::rfc3339),
            "subject": original.subject,
            "carried": original.carried,
            "depth": original.depth,
        },
    })
}

/// The originals, outermost first.
#[must_use]
pub fn originals(found: &[Arc<Original>], bodies: Bodies) -> Value {
    found.iter().map(|found| original(found, bodies)).collect()
}

fn original(original: &Original, bodies: Bodies) -> Value {
    let list = |mailboxes: &[Mailbox]| if mailboxes.is_empty() { Value::Null } else { json!(mailboxes) };
    let mut object = json!({
        "from": original.from,
        "to": list(&original.to.mailboxes()),
        "cc": list(&original.cc.mailboxes()),
        "subject": original.subject,
        "date": original.date.as_ref().map(Dated::rfc3339),
        "date_text": original.date_text,
        "carried": original.carried,
        "depth": original.depth,
    });
    if bodies == Bodies::Shown
        && let Some(object) = object.as_object_mut()
    {
        object.insert("body".to_owned(), json!(original.body));
    }
    object
}
