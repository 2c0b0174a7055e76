//! The desk's rules from the sections `programme`, `notices`, `reply` and `limits`.

use config::{Value, ValueKind};
use jiff::tz::TimeZone;
use regex::RegexBuilder;

use super::moment::{Edge, moment};
use super::reader::{Problems, Section};
use crate::desk::rules::{Gates, Limits, NoticeKind, Programme, Rates, ReplyMode, RequireAuthentication, Rules, States, SubjectPattern};
use crate::desk::text::fold::{Mark, fold};
use crate::desk::words::ReplyKind;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// What `[programme]` says.
pub struct ProgrammePart {
    pub programme: Programme,
    pub zone: TimeZone,
    pub sender_domains: Vec<String>,
    pub declaration_id: Option<regex::Regex>,
    pub sample_values: Vec<String>,
}

/// Reads `[programme]`.
pub fn programme(value: Option<Value>, problems: &mut Problems) -> ProgrammePart {
    let mut section = Section::new("programme", value, problems);
    let zone_name = section.text("time-zone", "Asia/Tokyo");
    let zone = TimeZone::get(&zone_name).unwrap_or_else(|_| {
        section.refuse("time-zone", &zone_name, "is not a known time zone; write one as \"Asia/Tokyo\"");
        TimeZone::UTC
    });
    let pattern = section.text("declaration-id-pattern", "");
    let declaration_id = whole_pattern(&pattern);
    if declaration_id.is_none() {
        section.refuse(
            "declaration-id-pattern",
            &pattern,
            "is not a regular expression that can be used; write one as \"[45][0-9]{9,10}\"",
        );
    }
    let programme = Programme {
        name: section.required("name", "write the name of the subsidy"),
        accepted_kinds: section.texts("accepted-kinds"),
        required_stars: u8::try_from(section.number("required-stars", 1, 1..=2, "stars")).unwrap_or(1),
        not_before: moment(&mut section, "not-before", Edge::Start, &zone),
        not_after: moment(&mut section, "not-after", Edge::End, &zone),
        deadline: moment(&mut section, "deadline", Edge::End, &zone),
    };
    let sender_domains =
        section.texts("sender-domains").iter().map(|domain| domain.trim().trim_start_matches(['@', '.']).to_ascii_lowercase()).collect();
    let sample_values = section.texts("sample-values").iter().map(|value| fold(value).into_owned()).collect();
    section.finish();
    ProgrammePart { programme, zone, sender_domains, declaration_id, sample_values }
}

/// Operators write what an ID looks like, not where it stands: the pattern always means the whole of it.
fn whole_pattern(pattern: &str) -> Option<regex::Regex> {
    if pattern.trim().is_empty() {
        return None;
    }
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build().ok()
}

/// Words with nothing but spaces in them would stand in every text.
fn marks(words: Vec<String>) -> Vec<Mark> {
    words.iter().map(|words| Mark::new(words)).filter(|mark| !mark.as_str().is_empty()).collect()
}

/// Reads all `[[notices]]`.
pub fn notices(value: Option<Value>, problems: &mut Problems) -> Vec<NoticeKind> {
    let mut kinds: Vec<NoticeKind> = Vec::new();
    for (index, entry) in array("notices", value, problems).into_iter().enumerate() {
        let mut section = Section::new(format!("notices[{index}]"), Some(entry), problems);
        let id = section.required("id", "give the kind a short name, as \"completion\"");
        let is_word =
            id.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || matches!(character, '_' | '-'));
        if !is_word {
            section.refuse("id", &id, "must consist of lower-case letters, digits, - and _");
        }
        if id == crate::desk::notice::OTHER || kinds.iter().any(|kind| kind.id == id) {
            section.refuse("id", &id, "is taken already (\"other\" is every mail that fits no kind); choose another name");
        }
        let patterns = section.texts("subjects");
        let subjects: Vec<SubjectPattern> = patterns.iter().filter_map(|pattern| SubjectPattern::new(pattern)).collect();
        if subjects.is_empty() || subjects.len() < patterns.len() {
            section.refuse("subjects", patterns.join(", "), "needs at least one subject, and each needs letters");
        }
        let body_marks = marks(section.texts("body-marks"));
        let most = u64::try_from(body_marks.len()).unwrap_or(u64::MAX);
        let needed = section.number("body-marks-needed", most, 1..=most.max(1), "marks, not more than body-marks has");
        let states = if section.take("states-declaration", false, "true or false") { States::Declaration } else { States::Nothing };
        let id_labels = marks(section.texts("id-labels"));
        let user_number_labels = marks(section.texts("user-number-labels"));
        if states == States::Declaration && id_labels.is_empty() {
            section.refuse("id-labels", "", "needs at least one label where states-declaration = true, as [\"自己宣言ID\"]");
        }
        kinds.push(NoticeKind {
            id,
            title: section.required("title", "write the subject as letters to applicants shall show it"),
            subjects,
            body_marks,
            body_marks_needed: usize::try_from(needed).unwrap_or(usize::MAX),
            states,
            id_labels,
            user_number_labels,
        });
        section.finish();
    }
    if kinds.is_empty() {
        problems.push("notices", None, "there is no kind of notice; leave [[notices]] out to get the shipped ones");
    }
    kinds
}

/// The elements of an array of tables.
pub fn array(name: &str, value: Option<Value>, problems: &mut Problems) -> Vec<Value> {
    match value.map(|value| value.kind) {
        None | Some(ValueKind::Nil) => Vec::new(),
        Some(ValueKind::Array(entries)) => entries,
        Some(other) => {
            problems.push(name, Some(other.to_string()), format!("must be written as [[{name}]], once for each"));
            Vec::new()
        }
    }
}

/// What `[reply]` says.
pub struct ReplyPart {
    pub gates: Gates,
    pub start: Start,
    pub office: String,
    pub from: String,
    pub reply_to: Option<String>,
    pub contact: Option<String>,
    pub templates: String,
}

/// What happens to mails that lay in the mailbox before the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Judged, not answered.
    Now,
    /// Answered like new ones (within `max-age-hours`).
    All,
}

/// Reads `[reply]`.
pub fn reply(value: Option<Value>, problems: &mut Problems) -> ReplyPart {
    let mut section = Section::new("reply", value, problems);
    let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let seconds = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let part = ReplyPart {
        start: section.take("start", Start::Now, "\"now\" or \"all\""),
        office: section.required("office", "write the name of the office"),
        from: section.text("from", ""),
        reply_to: given(section.text("reply-to", "")),
        contact: given(section.text("contact", "")),
        templates: section.text("templates", ""),
        gates: Gates {
            mode: section.take("mode", ReplyMode::Off, "\"off\", \"hold\" or \"send\""),
            letters: section.take::<Vec<ReplyKind>>("letters", Vec::new(), "a list of \"missing\", \"wrong_type\" and \"accepted\""),
            own_addresses: section.texts("own-addresses"),
            addressed_to: section.texts("addressed-to"),
            trusted_authserv_ids: section.texts("trusted-authserv-ids"),
            require_authenticated_sender: section.take(
                "require-authenticated-sender",
                RequireAuthentication::IfReported,
                "\"never\", \"if-reported\" or \"always\"",
            ),
            max_age: seconds(section.number("max-age-hours", 48, 1..=24 * 365, "hours") * HOUR),
            rates: Rates {
                same_kind_every: seconds(section.number("same-kind-days", 7, 0..=365, "days") * DAY),
                per_sender_a_day: small(section.number("per-sender-a-day", 3, 1..=1_000, "letters")),
                per_thread: small(section.number("per-thread", 2, 1..=1_000, "letters")),
                per_domain_an_hour: small(section.number("per-domain-an-hour", 20, 1..=100_000, "letters")),
                total_an_hour: small(section.number("total-an-hour", 60, 1..=100_000, "letters")),
            },
        },
    };
    for name in ["reply-to"] {
        if let Some(address) = part.reply_to.as_deref()
            && !crate::desk::gate::is_deliverable(address)
        {
            section.refuse(name, address, "is not an address that mail can be sent to");
        }
    }
    section.finish();
    part
}

/// What `[limits]` says.
pub struct LimitsPart {
    pub limits: Limits,
    pub batch_bytes: u64,
    pub batch_mails: usize,
    /// 0 = one a core.
    pub judging_threads: usize,
    pub grace: std::time::Duration,
}

/// Reads `[limits]`.
pub fn limits(value: Option<Value>, problems: &mut Problems) -> LimitsPart {
    let mut section = Section::new("limits", value, problems);
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let part = LimitsPart {
        limits: Limits {
            mail_bytes: size(section.number("mail-mebibytes", 25, 1..=1_024, "MiB") << 20),
            picture_bytes: size(section.number("picture-kibibytes", 8, 0..=10_240, "KiB") << 10),
            depth: u8::try_from(section.number("forward-depth", 16, 1..=16, "forwards")).unwrap_or(16),
            ..Limits::default()
        },
        batch_bytes: section.number("batch-mebibytes", 1, 1..=256, "MiB") << 20,
        batch_mails: size(section.number("batch-mails", 200, 1..=1_000, "mails")),
        judging_threads: size(section.number("judging-threads", 0, 0..=256, "threads")),
        grace: std::time::Duration::from_secs(section.number("grace-seconds", 20, 1..=600, "seconds")),
    };
    section.finish();
    part
}

/// Puts the parts together and checks what crosses their borders.
pub fn assembled(programme: ProgrammePart, kinds: Vec<NoticeKind>, gates: Gates, limits: Limits, problems: &mut Problems) -> Option<Rules> {
    for accepted in &programme.programme.accepted_kinds {
        if !kinds.iter().any(|kind| kind.id == *accepted) {
            let known: Vec<&str> = kinds.iter().map(|kind| kind.id.as_str()).collect();
            problems.push(
                "programme.accepted-kinds",
                Some(format!("\"{accepted}\"")),
                format!("no [[notices]] has this id; known are {}", known.join(", ")),
            );
        }
    }
    if programme.programme.accepted_kinds.is_empty() {
        problems.push(
            "programme.accepted-kinds",
            Some("[]".to_owned()),
            "nothing would ever be accepted; name at least one id of [[notices]]",
        );
    }
    Some(Rules {
        kinds,
        programme: programme.programme,
        sender_domains: programme.sender_domains,
        declaration_id: programme.declaration_id?,
        sample_values: programme.sample_values,
        gates,
        limits,
    })
}
