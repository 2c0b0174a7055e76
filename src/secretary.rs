//! The secretary: from a judged case to a letter, ready for the outbox.
//!
//! Promises: what `uketsuke letter` prints is what an applicant would get, since both are written here; nothing of the sender's text
//! gets into a letter, only what the configuration calls the things that were found.
//! Rejected: writing letters in the clerk; an operator who wants to read one has no submission for it.

use crate::config::Judging;
use crate::desk::letter::{Letter, Occasion, Sender, compose};
use crate::desk::notice::OTHER;
use crate::desk::template::{Facts, Rendered, TemplateProblem, is_mentioned};
use crate::desk::words::{FindingCode, ReplyKind};

/// What a letter is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<'a> {
    /// The account that the submission came to.
    pub account: &'a str,
    pub occasion: Occasion<'a>,
    /// When the submission was received, UTC seconds.
    pub received: i64,
    /// Ids of the kinds of notices that were found, in any number and order.
    pub kinds: Vec<&'a str>,
    pub findings: Vec<FindingCode>,
}

/// What a letter calls a SECURITY ACTION mail that no `[[notices]]` describes: its own subject is the sender's text.
const OTHER_TITLE: &str = "その他のSECURITY ACTIONのメール";

/// Writes a letter.
///
/// # Errors
/// [`TemplateProblem`] when the template cannot say what it must; loading the configuration has ruled that out.
pub fn letter(kind: ReplyKind, case: &Case<'_>, judging: &Judging) -> Result<Letter, TemplateProblem> {
    let rendered = judging.templates.render(kind, &facts(case, judging))?;
    Ok(compose(kind.word(), &rendered, judging.sender(case.account), &case.occasion))
}

/// A letter that shows whether letters arrive.
#[must_use]
pub fn test_letter(recipient: &str, sender: &Sender, shown_now: &str, now: i64) -> Letter {
    let rendered = Rendered {
        subject: "【送信試験】uketsuke からの試験メール".to_owned(),
        text: format!(
            "{}の受付システム（uketsuke）から、送信の試験としてお送りしております。\n\n送信日時: {shown_now}\n差出人:   {}\n\n\
             このメールが迷惑メールに振り分けられた場合や、件名や文字が正しく\n表示されない場合は、送信サーバーの設定（SPF、DKIM）をご確認ください。\n\
             お心当たりのない場合は、お手数ですが破棄してください。\n\n----\nThis is a test letter of uketsuke. Nobody needs to answer it.\n",
            sender.name, sender.address
        ),
    };
    let occasion = Occasion { recipient, receipt: &now.to_string(), fingerprint: "0", message_id: None, references: &[], now };
    compose("test", &rendered, sender, &occasion)
}

fn facts(case: &Case<'_>, judging: &Judging) -> Facts {
    let rules = &judging.rules;
    let mut found: Vec<String> = Vec::new();
    for id in &case.kinds {
        let title = match rules.kind(id) {
            Some(kind) => &kind.title,
            None if *id == OTHER => OTHER_TITLE,
            None => continue,
        };
        if !found.iter().any(|known| known == title) {
            found.push(title.to_owned());
        }
    }
    Facts {
        office: judging.office.name.clone(),
        programme: rules.programme.name.clone(),
        receipt: case.occasion.receipt.to_owned(),
        received_at: judging.office.shown(case.received),
        deadline: rules.programme.deadline.map(|deadline| judging.office.shown(deadline)),
        contact: judging.office.contact.clone(),
        accepted_subjects: rules.kinds.iter().filter(|kind| rules.accepts(&kind.id)).map(|kind| kind.title.clone()).collect(),
        required_stars: rules.programme.required_stars,
        found,
        findings: case.findings.iter().filter(|code| is_mentioned(**code)).map(|code| code.word().to_owned()).collect(),
    }
}
