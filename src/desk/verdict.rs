//! From findings to a verdict, and from a verdict to the letter it asks for.
//!
//! Promises: any doubt goes to a person; nothing that could not be read is called wrong.

use super::check::Finding;
use super::notice::Notices;
use super::rules::Rules;
use super::words::{Class, FindingCode, ReplyKind, Verdict};

/// Who wrote the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Applicant,
    /// A program, a list, a bulk mailing: nobody's submission, unless it holds something that a person should see.
    Automatic,
    /// A bounce, a report, or our own letter: what it holds came from us.
    Echo,
}

/// Decides, and adds the defect that the decision rests on.
#[must_use]
pub fn decide(notices: &Notices, origin: Origin, rules: &Rules, findings: &mut Vec<Finding>) -> Verdict {
    if notices.notices.is_empty() && is_nobodys(origin, findings) {
        findings.retain(|finding| finding.class == Class::Note);
        return Verdict::Ignored;
    }
    if findings.iter().any(|finding| finding.class == Class::Doubt) {
        return Verdict::Review;
    }
    let Some(first) = notices.notices.first() else {
        findings.push(Finding::new(FindingCode::NoNotice, None));
        return Verdict::Missing;
    };
    let proofs = notices.notices.iter().filter(|notice| rules.accepts(&notice.kind)).count();
    let too_low = notices
        .notices
        .iter()
        .filter(|notice| rules.accepts(&notice.kind) && notice.stars.is_some_and(|stars| stars < rules.programme.required_stars))
        .count();
    if proofs == 0 {
        findings.push(Finding::new(FindingCode::WrongKind, Some(&first.line)));
        return Verdict::WrongType;
    }
    match too_low {
        0 => Verdict::Accepted,
        all if all == proofs => Verdict::WrongType,
        // One office has its two stars, another has not: whether that is enough is a person's decision.
        _ => Verdict::Review,
    }
}

/// A newsletter's pictures are no proof; a file that nobody has opened may be one, whoever's program sent it.
fn is_nobodys(origin: Origin, findings: &[Finding]) -> bool {
    match origin {
        Origin::Applicant => false,
        Origin::Echo => true,
        Origin::Automatic => !findings.iter().any(|finding| finding.class == Class::Doubt && finding.code != FindingCode::PictureAttached),
    }
}

/// The letter that a verdict asks for, where it is switched on.
#[must_use]
pub fn letter_for(verdict: Verdict, rules: &Rules) -> Option<ReplyKind> {
    let kind = match verdict {
        Verdict::Missing => ReplyKind::Missing,
        Verdict::WrongType => ReplyKind::WrongType,
        Verdict::Accepted => ReplyKind::Accepted,
        Verdict::Review | Verdict::Ignored => return None,
    };
    rules.gates.letters.contains(&kind).then_some(kind)
}
