//! Which originals are SECURITY ACTION mails, of which kind, and what they state.
//!
//! Promises: kinds are configuration; a kind is recognised by subject and body together, and whatever one of them lacks is
//! said. The phrase alone, in a signature, a question or a newsletter's body, makes no notice.

pub mod field;

use std::sync::Arc;

use self::field::{Addressee, Labelled, Reading, UserNumber, addressee, names_a_level, number, stars, stars_of_folded};
use super::original::{Contents, Original};
use super::rules::{NoticeKind, Rules, States};
use super::text::fold::{FoldedLines, fold, letters, printable};
use super::text::script::mixed_word;
use super::words::{Carried, Evidence, FindingCode};

/// The id of every SECURITY ACTION mail that fits no configured kind.
pub const OTHER: &str = "other";

/// An original that is a SECURITY ACTION mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub kind: String,
    pub stars: Option<u8>,
    pub declaration_id: Labelled,
    pub user_number: Option<UserNumber>,
    pub addressee: Addressee,
    pub evidence: Evidence,
    pub original: Arc<Original>,
    /// What its recognition lacks, with the line that shows it.
    pub lacks: Vec<(FindingCode, String)>,
    /// The line that it was recognised by.
    pub line: String,
}

impl Notice {
    /// The 自己宣言ID where it has the shape of one.
    #[must_use]
    pub fn well_formed_id(&self, rules: &Rules) -> Option<&str> {
        match &self.declaration_id {
            Labelled::Number(Reading { value, .. }) if rules.declaration_id.is_match(value) => Some(value),
            Labelled::Number(_) | Labelled::Absent | Labelled::Unreadable(_) => None,
        }
    }

    /// Whether the manual's sample page is quoted.
    #[must_use]
    pub fn is_sample(&self, rules: &Rules) -> bool {
        let id = if let Labelled::Number(reading) = &self.declaration_id { Some(reading.value.as_str()) } else { None };
        let number = self.user_number.as_ref().map(UserNumber::digits);
        let names = [self.addressee.company.as_deref(), self.addressee.person.as_deref()];
        [id, number].into_iter().chain(names).flatten().any(|value| rules.is_sample(value))
    }
}

/// The notices of a submission, and what speaks against reading them so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notices {
    pub notices: Vec<Notice>,
    pub doubts: Vec<(FindingCode, String)>,
    /// An original made up of text without header lines, which `originals` shall list, too.
    pub pasted: Option<Arc<Original>>,
}

/// Recognises the notices among everything found in a submission with the subject `own_subject`.
#[must_use]
pub fn recognise(contents: &Contents<'_>, own_subject: Option<&str>, rules: &Rules) -> Notices {
    let mut found = Notices { notices: of_chain(&contents.originals, rules), ..Notices::default() };
    let alternates = of_chain(&contents.alternates, rules);
    if found.notices.is_empty() {
        found.notices = alternates;
    } else if let Some(line) = disagreement(&found.notices, &alternates) {
        found.doubts.push((FindingCode::PartsDisagree, line));
    }
    if contents.is_plain_without
        && let Some(first) = found.notices.first()
    {
        found.doubts.push((FindingCode::PartsDisagree, first.line.clone()));
    }
    if found.notices.is_empty() {
        found.pasted = pasted(contents, own_subject, rules);
        found.notices.extend(found.pasted.as_ref().and_then(|original| notice(original, rules)).map(|mut notice| {
            notice.lacks.retain(|(code, _)| !matches!(code, FindingCode::SenderUnstated | FindingCode::SubjectUnstated));
            let code = if notice.lacks.iter().any(|(code, _)| *code == FindingCode::BodyCut) {
                None
            } else {
                Some(FindingCode::PastedWithoutHeaders)
            };
            notice.lacks.extend(code.map(|code| (code, notice.line.clone())));
            notice
        }));
    }
    let printed = printed(&contents.prints, &found.notices, rules);
    found.notices.extend(printed);
    let has_proof = found.notices.iter().any(|notice| rules.accepts(&notice.kind));
    if !has_proof
        && !found.notices.is_empty()
        && let Some(kind) = complete_kind(&fold(&contents.peeled()), rules).filter(|kind| rules.accepts(&kind.id))
    {
        // The right text is there, but was not found below any header lines: never "of another kind".
        found.doubts.push((FindingCode::PastedWithoutHeaders, kind.title.clone()));
    }
    if found.notices.is_empty()
        && let Some(kind) = complete_kind(&fold(&contents.hidden), rules)
    {
        found.doubts.push((FindingCode::HiddenText, kind.title.clone()));
    }
    found
}

/// Notices of print-outs, each with the doubt that a person must look at it. One that says no more than a notice that came as a mail adds
/// nothing: applicants attach the print beside the forward.
fn printed(prints: &[(Arc<Original>, String)], others: &[Notice], rules: &Rules) -> Vec<Notice> {
    let is_new = |print: &Notice| id(print).map_or(others.is_empty(), |found| others.iter().all(|other| id(other) != Some(found)));
    let found = prints.iter().filter_map(|(original, name)| Some((notice(original, rules)?, name)));
    let new = found.filter(|(print, _)| is_new(print)).map(|(mut print, name)| {
        print.lacks.push((FindingCode::PdfAttached, name.clone()));
        print
    });
    distinct(new.collect())
}

/// The notices of a chain of forwards. A forward around a notice often repeats its subject, without its text: it is the wrapping.
fn of_chain(originals: &[Arc<Original>], rules: &Rules) -> Vec<Notice> {
    let found: Vec<Option<Notice>> = originals.iter().map(|original| notice(original, rules)).collect();
    let is_wrapping = |(index, notice): (usize, &Option<Notice>)| {
        let Some(notice) = notice else { return false };
        // IPA wraps nothing: two of its mails below each other are two.
        let is_bare = !rules.is_sender(notice.original.from.as_ref().and_then(|from| from.address.as_deref()).unwrap_or_default());
        let is_bare = is_bare && (notice.kind == OTHER || notice.lacks.iter().any(|(code, _)| *code == FindingCode::BodyCut));
        let inside = originals.iter().zip(&found).skip(index + 1).take_while(|(original, _)| original.depth > notice.original.depth);
        is_bare && inside.into_iter().any(|(_, inner)| inner.is_some())
    };
    let wrapping: Vec<bool> = found.iter().enumerate().map(is_wrapping).collect();
    distinct(found.into_iter().zip(wrapping).filter_map(|(notice, is_wrapping)| notice.filter(|_| !is_wrapping)).collect())
}

/// How an original was recognised.
struct Recognised<'r> {
    kind: Option<&'r NoticeKind>,
    lacks: Option<FindingCode>,
}

fn notice(original: &Arc<Original>, rules: &Rules) -> Option<Notice> {
    let body = FoldedLines::of(&original.body);
    let subject = original.subject.as_deref().unwrap_or_default();
    let subject_letters = letters(subject);
    let recognised = recognised(original, &subject_letters, body.text(), rules)?;
    let no_labels = Vec::new();
    // A mail of an unknown kind may still state an ID, which is worth a person's look.
    let model = recognised.kind.or_else(|| rules.kinds.iter().find(|kind| kind.states == States::Declaration));
    let states = recognised.kind.map_or(States::Declaration, |kind| kind.states);
    let (id_labels, user_labels) = match (states, model) {
        (States::Declaration, Some(model)) => (&model.id_labels, &model.user_number_labels),
        _ => (&no_labels, &no_labels),
    };
    let is_known = recognised.kind.is_some();
    let user_number = match number(&body, user_labels) {
        Labelled::Number(reading) if is_known => Some(UserNumber::new(reading.value)),
        Labelled::Number(_) | Labelled::Absent | Labelled::Unreadable(_) => None,
    };
    let level = match (states, recognised.kind) {
        (States::Declaration, Some(_)) if names_a_level(&subject_letters) => stars(&subject_letters),
        (States::Declaration, Some(_)) => stars_of_folded(body.text()),
        (States::Declaration, None) => stars(&subject_letters),
        (States::Nothing, _) => None,
    };
    let line = if subject.is_empty() { original.body.lines().next().unwrap_or_default() } else { subject };
    let line = printable(line, 200);
    Some(Notice {
        kind: recognised.kind.map_or_else(|| OTHER.to_owned(), |kind| kind.id.clone()),
        stars: level,
        declaration_id: number(&body, id_labels),
        user_number,
        // A mail of an unknown kind may begin with anything.
        addressee: if is_known { addressee(body.lines()) } else { Addressee::default() },
        evidence: match original.carried {
            Carried::Inline => Evidence::Quoted,
            Carried::Print => Evidence::Printed,
            Carried::Attached | Carried::File | Carried::Direct => Evidence::Attached,
        },
        original: Arc::clone(original),
        lacks: lacks(original, recognised.lacks, &line, rules),
        line,
    })
}

fn recognised<'r>(original: &Original, subject: &str, body: &str, rules: &'r Rules) -> Option<Recognised<'r>> {
    let by_subject = rules.kinds.iter().find(|kind| kind.subjects.iter().any(|pattern| pattern.fits(subject)));
    let by_body = complete_kind(body, rules);
    match (by_subject, by_body) {
        (Some(kind), Some(_)) if is_complete(kind, body) => Some(Recognised { kind: Some(kind), lacks: None }),
        (Some(kind), Some(_)) => Some(Recognised { kind: Some(kind), lacks: Some(FindingCode::KindConflict) }),
        (Some(kind), None) => Some(Recognised { kind: Some(kind), lacks: Some(FindingCode::BodyCut) }),
        (None, Some(kind)) => {
            let lacks = if names_security_action(subject) { FindingCode::KindConflict } else { FindingCode::SubjectUnstated };
            Some(Recognised { kind: Some(kind), lacks: Some(lacks) })
        }
        (None, None) => is_other(original, subject, rules).then_some(Recognised { kind: None, lacks: None }),
    }
}

/// Any other mail of SECURITY ACTION: sent from its domain, or with its subject and no other sender's address.
/// A mail of somebody else counts only with the system's own bracketed subject; a colleague's question is none.
fn is_other(original: &Original, subject_letters: &str, rules: &Rules) -> bool {
    let address = original.from.as_ref().and_then(|from| from.address.as_deref());
    let is_named = names_security_action(subject_letters);
    let has_system_subject = || is_named && fold(original.subject.as_deref().unwrap_or_default()).contains("【securityaction】");
    match address {
        Some(address) if rules.is_sender(address) => true,
        Some(address) if rules.gates.own_addresses.iter().any(|own| own.eq_ignore_ascii_case(address)) => false,
        Some(_) => has_system_subject(),
        None => original.from.as_ref().is_some_and(|from| {
            let named = letters(from.name.as_deref().unwrap_or_default());
            has_system_subject() || is_named && OFFICE_NAMES.iter().any(|name| named.contains(name))
        }),
    }
}

/// How the sender of notices is called where only a name is given, folded. A colleague who writes about SECURITY ACTION is not.
const OFFICE_NAMES: [&str; 3] = ["securityaction", "情報処理推進機構", "ipa"];

fn names_security_action(letters: &str) -> bool {
    letters.contains("securityaction")
}

fn complete_kind<'r>(folded_body: &str, rules: &'r Rules) -> Option<&'r NoticeKind> {
    rules.kinds.iter().find(|kind| is_complete(kind, folded_body))
}

fn is_complete(kind: &NoticeKind, folded_body: &str) -> bool {
    kind.body_marks_needed > 0 && kind.body_marks.iter().filter(|mark| mark.is_in(folded_body)).count() >= kind.body_marks_needed
}

fn lacks(original: &Original, recognition: Option<FindingCode>, line: &str, rules: &Rules) -> Vec<(FindingCode, String)> {
    let mut found: Vec<(FindingCode, String)> = recognition.map(|code| (code, line.to_owned())).into_iter().collect();
    let from = original.from.as_ref();
    let shown = from.and_then(|from| from.shown()).map(|shown| printable(shown, 200)).unwrap_or_default();
    match from.and_then(|from| from.address.as_deref()) {
        Some(address) if rules.is_sender(address) => {}
        Some(_) => found.push((FindingCode::SenderOutsideDomain, shown)),
        // An address in no known form is still somebody's; a person reads whose.
        None if shown.contains(['@', '＠']) => found.push((FindingCode::SenderOutsideDomain, shown)),
        None if matches!(original.carried, Carried::Inline | Carried::Print) => found.push((FindingCode::SenderUnstated, shown)),
        // A whole mail without a sender's address is none: a page that a browser saved, a text with a made-up header.
        None => found.push((FindingCode::PastedWithoutHeaders, shown)),
    }
    if let Some(text) = [original.subject.as_deref(), from.and_then(|from| from.name.as_deref()), Some(&original.body)]
        .into_iter()
        .flatten()
        .find(|text| mixed_word(text).is_some())
    {
        let line = text.lines().find(|line| mixed_word(line).is_some()).unwrap_or(text);
        found.push((FindingCode::MixedScripts, printable(line, 200)));
    }
    if !original.doubled_fields.is_empty() {
        found.push((FindingCode::HeadersConflict, original.doubled_fields.join(", ")));
    }
    found
}

/// One notice that came twice (attached and inline, text and HTML) counts once, with the stronger evidence.
fn distinct(notices: Vec<Notice>) -> Vec<Notice> {
    let mut kept: Vec<Notice> = Vec::with_capacity(notices.len());
    for notice in notices {
        match kept.iter_mut().find(|other| same(other, &notice)) {
            Some(other) if other.evidence == Evidence::Quoted && notice.evidence == Evidence::Attached => *other = notice,
            Some(_) => {}
            None => kept.push(notice),
        }
    }
    kept
}

fn same(one: &Notice, other: &Notice) -> bool {
    one.kind == other.kind
        && one.kind != OTHER
        && id(one) == id(other)
        && one.addressee == other.addressee
        && one
            .original
            .date
            .as_ref()
            .zip(other.original.date.as_ref())
            .is_none_or(|(one, other)| one.seconds().abs_diff(other.seconds()) < 60)
}

fn id(notice: &Notice) -> Option<&str> {
    if let Labelled::Number(reading) = &notice.declaration_id { Some(&reading.value) } else { None }
}

fn disagreement(plain: &[Notice], html: &[Notice]) -> Option<String> {
    let differs = |one: &Notice| !html.iter().any(|other| other.kind == one.kind && id(other) == id(one));
    plain.iter().find(|one| !html.is_empty() && differs(one)).map(|one| one.line.clone())
}

/// A notice without the lines that say whose mail it was: its text was copied, or quoted without attribution. Or its subject
/// stands in the submission's own subject while the text is gone.
fn pasted(contents: &Contents<'_>, own_subject: Option<&str>, rules: &Rules) -> Option<Arc<Original>> {
    let peeled = contents.peeled();
    let is_whole = complete_kind(&fold(&peeled), rules).is_some();
    let is_gone = || {
        let own_letters = letters(own_subject.unwrap_or_default());
        let by_subject = rules.kinds.iter().any(|kind| kind.subjects.iter().any(|pattern| pattern.fits(&own_letters)));
        by_subject && contents.originals.is_empty() && is_forward_subject(own_subject.unwrap_or_default())
    };
    if !is_whole && !is_gone() {
        return None;
    }
    let quoted = contents.quoted();
    let is_quoted = complete_kind(&fold(&quoted), rules).is_some();
    Some(Arc::new(Original {
        subject: if is_whole { None } else { own_subject.map(str::to_owned) },
        ..Original::of_text(if is_quoted { quoted.trim().to_owned() } else { peeled.trim().to_owned() })
    }))
}

/// Prefixes that clients put before a forwarded subject, folded.
const FORWARD_PREFIXES: [&str; 6] = ["fwd:", "fw:", "転送:", "[fwd:", "(fwd)", "re:"];

fn is_forward_subject(subject: &str) -> bool {
    let folded = fold(subject);
    FORWARD_PREFIXES.iter().any(|prefix| folded.starts_with(prefix)) || folded.starts_with("【securityaction】")
}
