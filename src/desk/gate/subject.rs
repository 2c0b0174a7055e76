//! Subjects that programs write: responders that set no header.
//!
//! Promises: in doubt no letter goes out, and in doubt the mail is a person's. Rejected: one list for both questions; people
//! write about automatic replies, too.

use std::sync::LazyLock;

use crate::desk::message::header::Headers;
use crate::desk::text::fold::Mark;

/// What programs write at the start of a subject, folded. No person begins one so.
const AUTOMATIC_SUBJECTS: [&str; 32] = [
    "automaticreply",
    "autoreply",
    "auto-reply",
    "autoresponse",
    "autoresponder",
    "outofoffice",
    "outoftheoffice",
    "undeliver",
    "deliverystatus",
    "deliveryfailure",
    "maildelivery",
    "returnedmail",
    "failurenotice",
    "auto-respond",
    "automaticallygenerated",
    "automatedresponse",
    "awayfrommymail",
    "yahoo!autoresponse",
    "messagedeliveryfailure",
    "mailcouldnotbedelivered",
    "mailservernotification",
    "automatischantwoord",
    "自动答复",
    "abwesenheitsnotiz",
    "automatischeantwort",
    "réponseautomatique",
    "respuestaautomática",
    "rispostaautomatica",
    "自动回复",
    "자동회신",
    "開封済み:",
    "既読:",
];

/// What programs write at the start, and what a person may begin with as well.
const DOUBTFUL_SUBJECTS: [&str; 6] =
    ["auto:", "virusdetected", "pleaseverifyyouremail", "eingangsbestätigung", "mailfailure", "messagenotdelivered"];

/// Words that persons use, too: a program's as a tag (`【自動返信】`, `自動応答:`) or alone, a person's in a sentence
/// (自動返信メールが届きません).
const AUTOMATIC_WORDS: [&str; 10] =
    ["自動応答", "自動返信", "自動送信", "自動配信", "不在", "配信不能", "配信エラー", "未配信", "開封確認", "送信エラー"];

/// What programs add to such a word.
const AUTOMATIC_TAILS: [&str; 8] = ["メッセージ", "メール", "のお知らせ", "のご連絡", "通知", "連絡", "レポート", "中"];

/// No letter where a program may have written the subject.
#[must_use]
pub fn looks_automatic(headers: &Headers<'_>) -> bool {
    let (start, _) = subject_start(headers);
    // A help desk's number stands before it: `[example.jp #1234] AutoReply: …`.
    let after_tag = start.split_once(']').map(|(_, after)| after);
    let begins = |text: &str| may_begin(text) && subjects().any(|words| text.starts_with(words));
    begins(start) || after_tag.is_some_and(begins) || ANYWHERE.iter().any(|words| words.is_in(start))
}

/// Everything that programs begin with.
fn subjects() -> impl Iterator<Item = &'static &'static str> {
    AUTOMATIC_SUBJECTS.iter().chain(&DOUBTFUL_SUBJECTS).chain(&AUTOMATIC_WORDS)
}

/// How each of them begins. Most subjects begin otherwise.
static BEGINNINGS: LazyLock<Vec<Beginning>> =
    LazyLock::new(|| subjects().filter_map(|words| words.as_bytes().first_chunk().copied()).collect());

/// No subject of theirs is shorter, as a test sees to.
type Beginning = [u8; 3];

fn may_begin(text: &str) -> bool {
    text.as_bytes().first_chunk().is_some_and(|beginning: &Beginning| BEGINNINGS.contains(beginning))
}

/// What programs write behind the subject that they answer, or behind a name.
static ANYWHERE: LazyLock<[Mark; 3]> = LazyLock::new(|| ["(automaticreply)", "(awayfromtheoffice)", "isoutoftheoffice"].map(Mark::new));

/// Whether a program surely wrote the subject: then the mail is nobody's submission.
#[must_use]
pub fn is_tagged_automatic(headers: &Headers<'_>) -> bool {
    let (start, opened) = subject_start(headers);
    if !may_begin(start) {
        return false;
    }
    AUTOMATIC_SUBJECTS.iter().any(|words| start.starts_with(words))
        || AUTOMATIC_WORDS.iter().filter_map(|word| start.strip_prefix(word)).any(|after| {
            let after = AUTOMATIC_TAILS.iter().find_map(|tail| after.strip_prefix(tail)).unwrap_or(after);
            opened == Opened::ByBracket || after.is_empty() || after.starts_with([':', ']', '】', ')', '>', '』', '」', '-', '/', '|'])
        })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    Plainly,
    ByBracket,
}

fn subject_start<'h>(headers: &'h Headers<'_>) -> (&'h str, Opened) {
    let subject = headers.folded_subject();
    let start = subject.trim_start_matches(['[', '【', '(', '<', '『', '「', '*', ':']);
    let opened = if start.len() < subject.len() { Opened::ByBracket } else { Opened::Plainly };
    (start, opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_may_begin() {
        assert_eq!(BEGINNINGS.len(), subjects().count());
        assert!(subjects().all(|words| may_begin(words)));
    }
}
