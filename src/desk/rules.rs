//! What the operator decides: kinds of notices, the programme, the gates. Data that the configuration makes once.
//!
//! Promises: a `Rules` that exists is usable; every pattern in it is compiled and every domain folded.

use regex::Regex;

use super::text::address::local_and_domain;
use super::text::fold::{Mark, fold, letters};
use super::words::ReplyKind;

/// Everything that `examine` needs to know beside the mail.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The kinds, in the operator's order; the first that fits wins.
    pub kinds: Vec<NoticeKind>,
    pub programme: Programme,
    /// Domains (and all below them) that a notice comes from, in lower case.
    pub sender_domains: Vec<String>,
    /// The shape of a 自己宣言ID after NFKC, without spaces and hyphens.
    pub declaration_id: Regex,
    /// Numbers and names of the manual's sample page.
    pub sample_values: Vec<String>,
    pub gates: Gates,
    pub limits: Limits,
}

/// One `[[notices]]` entry: a kind of SECURITY ACTION mail and how to recognise it.
#[derive(Debug, Clone)]
pub struct NoticeKind {
    pub id: String,
    /// The subject as letters to applicants show it.
    pub title: String,
    /// Patterns of which one must fit the subject.
    pub subjects: Vec<SubjectPattern>,
    /// Folded texts of the body.
    pub body_marks: Vec<Mark>,
    /// How many of `body_marks` make the body complete.
    pub body_marks_needed: usize,
    /// Whether the mail states a 自己宣言ID, a 利用者番号 and a star level.
    pub states: States,
    /// Folded labels before the 自己宣言ID and before the 利用者番号.
    pub id_labels: Vec<Mark>,
    pub user_number_labels: Vec<Mark>,
}

/// A subject as the operator writes it, with `*` for anything: compared by its letters and digits alone, since brackets,
/// colons, spaces and forward prefixes vary from client to client.
#[derive(Debug, Clone)]
pub struct SubjectPattern {
    pieces: Vec<Mark>,
}

impl SubjectPattern {
    /// Compiles the pattern; `None` when it has no letter at all, which would fit every subject.
    #[must_use]
    pub fn new(pattern: &str) -> Option<Self> {
        let pieces: Vec<Mark> = pattern.split('*').map(letters).filter(|piece| !piece.is_empty()).map(Mark::of_folded).collect();
        (!pieces.is_empty()).then_some(Self { pieces })
    }

    /// Whether the pieces stand in the subject's letters, in order.
    #[must_use]
    pub fn fits(&self, subject_letters: &str) -> bool {
        let mut rest = subject_letters;
        self.pieces.iter().all(|piece| match piece.after(rest) {
            Some(after) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

/// Whether a kind states the declaration's numbers and level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum States {
    /// It names 自己宣言ID, 利用者番号 and level (自己宣言完了のお知らせ).
    Declaration,
    /// It names none; a star in its text is only an example (申込受理のご連絡).
    Nothing,
}

/// What the subsidy programme asks for.
#[derive(Debug, Clone)]
pub struct Programme {
    /// Name of the subsidy, for letters.
    pub name: String,
    /// Kinds that prove the declaration.
    pub accepted_kinds: Vec<String>,
    /// 1 or 2.
    pub required_stars: u8,
    /// Originals dated before or after these (UTC seconds) are doubtful.
    pub not_before: Option<i64>,
    pub not_after: Option<i64>,
    /// Submissions received later (UTC seconds) are noted.
    pub deadline: Option<i64>,
}

/// Which letters the desk may write, before the store adds what it knows.
#[derive(Debug, Clone)]
pub struct Gates {
    pub mode: ReplyMode,
    /// Letters that are switched on.
    pub letters: Vec<ReplyKind>,
    /// Addresses of the office; mail from them is our own.
    pub own_addresses: Vec<String>,
    /// Where not empty: one of them must stand in To, Cc, Delivered-To …
    pub addressed_to: Vec<String>,
    /// authserv-ids whose Authentication-Results are trusted (RFC 8601 section 2.5).
    pub trusted_authserv_ids: Vec<String>,
    pub require_authenticated_sender: RequireAuthentication,
    /// Mails older than this at receipt get no letter. Seconds.
    pub max_age: i64,
    pub rates: Rates,
}

/// What happens to a letter that passes every gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplyMode {
    /// No letters.
    Off,
    /// Letters wait for an operator.
    Hold,
    /// Letters are sent.
    Send,
}

/// When a sender must be authenticated to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequireAuthentication {
    /// Never asked.
    Never,
    /// A trusted Authentication-Results must not say `dmarc=fail`.
    IfReported,
    /// A trusted Authentication-Results must say `dmarc=pass`.
    Always,
}

/// How many letters may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// The same kind of letter to the same sender: once in so many seconds.
    pub same_kind_every: i64,
    pub per_sender_a_day: u32,
    pub per_thread: u32,
    pub per_domain_an_hour: u32,
    pub total_an_hour: u32,
}

/// Bounds before and while parsing; all in bytes or counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub mail_bytes: usize,
    pub header_bytes: usize,
    pub header_fields: usize,
    pub field_bytes: usize,
    pub parts: usize,
    pub boundaries: usize,
    pub boundary_lines: usize,
    pub nested_mails: usize,
    /// Forwards inside forwards.
    pub depth: u8,
    /// Text of one part that is searched for originals and notices.
    pub text_bytes: usize,
    /// Smaller pictures are taken for logos.
    pub picture_bytes: usize,
    /// Zips, files of Outlook, winmail.dat and print-outs, wherever they lie.
    pub containers: usize,
    /// Of an archive: members, and bytes that they unpack to.
    pub archive_members: usize,
    pub archive_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail_bytes: 25 * 1024 * 1024,
            header_bytes: 256 * 1024,
            header_fields: 1_000,
            field_bytes: 64 * 1024,
            parts: 200,
            boundaries: 64,
            boundary_lines: 500,
            nested_mails: 16,
            depth: 16,
            text_bytes: 2 * 1024 * 1024,
            picture_bytes: 8 * 1024,
            containers: 16,
            archive_members: 100,
            archive_bytes: 25 * 1024 * 1024,
        }
    }
}

impl Rules {
    /// The kind with this id.
    #[must_use]
    pub fn kind(&self, id: &str) -> Option<&NoticeKind> {
        self.kinds.iter().find(|kind| kind.id == id)
    }

    /// Whether a notice of this kind proves the declaration.
    #[must_use]
    pub fn accepts(&self, kind: &str) -> bool {
        self.programme.accepted_kinds.iter().any(|accepted| accepted == kind)
    }

    /// Whether the address lies in a domain that notices come from.
    #[must_use]
    pub fn is_sender(&self, address: &str) -> bool {
        let Some((_, domain)) = local_and_domain(address) else { return false };
        let domain = domain.trim_end_matches('.').as_bytes();
        self.sender_domains.iter().any(|allowed| {
            let split = domain.len().checked_sub(allowed.len()).and_then(|at| domain.split_at_checked(at));
            split
                .is_some_and(|(above, found)| found.eq_ignore_ascii_case(allowed.as_bytes()) && (above.is_empty() || above.ends_with(b".")))
        })
    }

    /// Whether the text is a number or a name of the manual's sample page.
    #[must_use]
    pub fn is_sample(&self, text: &str) -> bool {
        let folded = fold(text);
        self.sample_values.iter().any(|sample| *sample == folded)
    }
}
