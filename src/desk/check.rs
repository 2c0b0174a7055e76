//! Every fact about a submission that somebody should know, with the line that it rests on.
//!
//! Promises: checks add findings and decide nothing; `verdict` decides. Each check is one function of what was read, the rules
//! and what the store knows.

use serde::Serialize;

use super::message::limits::Admission;
use super::notice::field::Labelled;
use super::notice::{Notice, Notices, OTHER};
use super::original::{Attachment, Contents, Sort};
use super::rules::{Rules, States};
use super::standing::Standing;
use super::text::fold::{fold_name, printable};
use super::words::{Class, FindingCode};

/// One named fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: FindingCode,
    pub class: Class,
    /// What was found, in a sentence for operators.
    pub text: &'static str,
    /// The line of the mail that it rests on, printable, at most 200 characters.
    pub line: Option<String>,
}

impl Finding {
    /// A finding of the code's own class.
    #[must_use]
    pub fn new(code: FindingCode, line: Option<&str>) -> Self {
        Self::classed(code, code.class(), line)
    }

    fn classed(code: FindingCode, class: Class, line: Option<&str>) -> Self {
        let line = line.map(|line| printable(line, 200)).filter(|line| !line.is_empty());
        Self { code, class, text: sentence(code), line }
    }
}

/// Findings that the bytes alone allow.
#[must_use]
pub fn of_contents(admission: Admission, contents: &Contents<'_>, notices: &Notices, rules: &Rules) -> Vec<Finding> {
    let mut found: Vec<Finding> = [Some(admission), contents.refused].into_iter().flatten().filter_map(refused).collect();
    found.extend(contents.illegible.iter().map(|label| Finding::new(FindingCode::Illegible, Some(label))));
    found.extend(notices.doubts.iter().map(|(code, line)| Finding::new(*code, Some(line))));
    for notice in &notices.notices {
        of_notice(notice, rules, &mut found);
    }
    let has_accepted = notices.notices.iter().any(|notice| rules.accepts(&notice.kind));
    if !has_accepted {
        for unopened in contents.attachments.iter().filter_map(unopened) {
            // A print that is a notice of another kind has said so already.
            if !found.contains(&unopened) {
                found.push(unopened);
            }
        }
    }
    if notices.notices.len() > 1 {
        found.push(Finding::new(FindingCode::SeveralNotices, None));
    }
    if has_accepted && let Some(other) = notices.notices.iter().find(|notice| !rules.accepts(&notice.kind)) {
        found.push(Finding::new(FindingCode::OtherNoticeToo, Some(&other.line)));
    }
    found
}

fn refused(admission: Admission) -> Option<Finding> {
    match admission {
        Admission::Whole => None,
        Admission::Oversize => Some(Finding::new(FindingCode::Oversize, None)),
        Admission::TooComplex => Some(Finding::new(FindingCode::TooComplex, None)),
    }
}

/// What cannot be opened is never "missing" when a person could accept it.
fn unopened(attachment: &Attachment) -> Option<Finding> {
    let code = match attachment.sort {
        Sort::Picture => FindingCode::PictureAttached,
        Sort::Pdf => FindingCode::PdfAttached,
        Sort::Encrypted => FindingCode::EncryptedAttachment,
        Sort::Outlook | Sort::Tnef | Sort::Archive | Sort::Unread => FindingCode::UnreadAttachment,
        Sort::Text | Sort::Mail(_) | Sort::Harmless => return None,
    };
    Some(Finding::new(code, Some(&attachment.name)))
}

fn of_notice(notice: &Notice, rules: &Rules, found: &mut Vec<Finding>) {
    if notice.kind == OTHER {
        if let Labelled::Number(reading) = &notice.declaration_id {
            found.push(Finding::new(FindingCode::UnknownNoticeWithId, Some(&reading.line)));
        }
        let doubts = notice.lacks.iter().filter(|(code, _)| *code != FindingCode::SubjectUnstated);
        found.extend(doubts.map(|(code, line)| Finding::new(*code, Some(line))));
        return;
    }
    found.extend(notice.lacks.iter().map(|(code, line)| Finding::new(*code, Some(line))));
    let is_cut = notice.lacks.iter().any(|(code, _)| *code == FindingCode::BodyCut);
    let states = rules.kind(&notice.kind).map_or(States::Nothing, |kind| kind.states);
    if states == States::Declaration && !is_cut {
        found.extend(declaration_id(notice, rules));
    }
    if notice.is_sample(rules) {
        found.push(Finding::new(FindingCode::SampleValues, Some(&notice.line)));
    }
    found.extend(star_level(notice, rules));
    found.extend(window(notice, rules));
}

fn declaration_id(notice: &Notice, rules: &Rules) -> Option<Finding> {
    let (code, line) = match &notice.declaration_id {
        Labelled::Absent => (FindingCode::DeclarationIdUnreadable, None),
        Labelled::Unreadable(reading) => (FindingCode::DeclarationIdUnreadable, Some(reading.line.as_str())),
        Labelled::Number(reading) => {
            let is_user_number = notice.user_number.as_ref().is_some_and(|number| number.is(&reading.value));
            if is_user_number {
                (FindingCode::DeclarationIdIsUserNumber, Some(reading.line.as_str()))
            } else if !rules.declaration_id.is_match(&reading.value) {
                (FindingCode::DeclarationIdMalformed, Some(reading.line.as_str()))
            } else {
                return None;
            }
        }
    };
    Some(Finding::new(code, line))
}

/// Where one star is asked for, an unstated level only explains; where two are, a person must ask.
fn star_level(notice: &Notice, rules: &Rules) -> Option<Finding> {
    match (notice.stars, rules.programme.required_stars) {
        (None, required) if rules.accepts(&notice.kind) => {
            let class = if required > 1 { Class::Doubt } else { Class::Note };
            Some(Finding::classed(FindingCode::StarLevelUnstated, class, Some(&notice.line)))
        }
        (Some(stated), required) if stated < required => Some(Finding::new(FindingCode::OneStarStated, Some(&notice.line))),
        _ => None,
    }
}

fn window(notice: &Notice, rules: &Rules) -> Option<Finding> {
    let date = notice.original.date.as_ref()?.seconds();
    let outside = rules.programme.not_before.is_some_and(|from| date < from) || rules.programme.not_after.is_some_and(|until| date > until);
    outside.then(|| Finding::new(FindingCode::DateOutsideWindow, notice.original.date_text.as_deref()))
}

/// Clocks of mail systems differ; a date this far ahead does not come from a wrong clock. Seconds.
const AHEAD: i64 = 24 * 60 * 60;

/// Findings that need the clock and the store. `received` and `now` are UTC seconds.
#[must_use]
pub fn of_standing(notices: &Notices, rules: &Rules, standing: &Standing, received: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    for notice in &notices.notices {
        if let Some(date) = &notice.original.date
            && date.seconds() > received.saturating_add(AHEAD)
        {
            found.push(Finding::new(FindingCode::DateInFuture, notice.original.date_text.as_deref()));
        }
        if let Some(id) = notice.well_formed_id(rules)
            && standing.ids_held_by_others.iter().any(|held| held == id)
        {
            found.push(Finding::new(FindingCode::IdHeldByOther, Some(id)));
        }
        if let Some(message_id) = &notice.original.message_id
            && standing.originals_held_by_others.contains(message_id)
        {
            found.push(Finding::new(FindingCode::OriginalHeldByOther, Some(message_id)));
        }
        found.extend(roster_name(notice, standing));
    }
    if notices.notices.is_empty() && standing.answers_our_letter {
        found.push(Finding::new(FindingCode::AnswersOurLetter, None));
    }
    if rules.programme.deadline.is_some_and(|deadline| received > deadline) {
        found.push(Finding::new(FindingCode::ReceivedAfterDeadline, None));
    }
    found
}

/// The name in the notice may be the corporation's, the office's or a person's: one that is contained in the other is enough.
fn roster_name(notice: &Notice, standing: &Standing) -> Option<Finding> {
    let company = notice.addressee.company.as_deref()?;
    if standing.roster_names.is_empty() {
        return None;
    }
    let folded = fold_name(company);
    let known: Vec<String> = standing.roster_names.iter().map(|name| fold_name(name)).filter(|name| !name.is_empty()).collect();
    let matches =
        known.is_empty() || folded.is_empty() || known.iter().any(|name| name.contains(&folded) || folded.contains(name.as_str()));
    (!matches).then(|| Finding::new(FindingCode::NameMismatch, Some(company)))
}

/// What a code says to an operator who reads it for the first time.
const fn sentence(code: FindingCode) -> &'static str {
    match code {
        FindingCode::NoNotice => "SECURITY ACTIONのメールが含まれていません。",
        FindingCode::WrongKind => "SECURITY ACTIONのメールですが、受け付けている種別ではありません。",
        FindingCode::OneStarStated => "二つ星が必要ですが、一つ星と書かれています。",
        FindingCode::EncryptedAttachment => "パスワード付きの添付ファイルがあり、開けません。",
        FindingCode::DeclarationIdUnreadable => "自己宣言IDが読み取れません。",
        FindingCode::DeclarationIdMalformed => "自己宣言IDの形式が正しくありません。",
        FindingCode::DeclarationIdIsUserNumber => "自己宣言IDの欄に利用者番号が書かれています。",
        FindingCode::SampleValues => "手引きの見本の値が使われています。",
        FindingCode::SenderOutsideDomain => "元のメールの差出人がIPAのドメインではありません。",
        FindingCode::BodyCut => "件名は該当しますが、本文が欠けています。",
        FindingCode::KindConflict => "件名と本文の種別が一致しません。",
        FindingCode::PastedWithoutHeaders => "本文だけが貼り付けられ、差出人などの情報がありません。",
        FindingCode::PictureAttached => "画像が添付されています。目視で確認してください。",
        FindingCode::PdfAttached => "PDFが添付されています。目視で確認してください。",
        FindingCode::UnreadAttachment => "自動では開けない添付ファイルがあります。目視で確認してください。",
        FindingCode::Illegible => "文字コードを判別できない部分があります。",
        FindingCode::Oversize => "メールまたは本文が大きすぎるため、全部は読めていません。",
        FindingCode::TooComplex => "メールの構造が複雑すぎるため、全部は読めていません。",
        FindingCode::Unjudgeable => "判定中に異常が起きたため、自動では判定していません。",
        FindingCode::HeadersConflict => "元のメールに、一つしか許されないヘッダーが複数あります。",
        FindingCode::HiddenText => "画面に表示されない部分に、該当する文面があります。",
        FindingCode::MixedScripts => "見た目の似た別の文字（ギリシャ文字やキリル文字）が混ざった語があります。",
        FindingCode::PartsDisagree => "テキストとHTMLとで、内容が異なります。",
        FindingCode::DateOutsideWindow => "元のメールの日付が、受付期間の外です。",
        FindingCode::DateInFuture => "元のメールの日付が未来です。",
        FindingCode::IdHeldByOther => "同じ自己宣言IDが、別の差出人からすでに届いています。",
        FindingCode::OriginalHeldByOther => "同じ元のメールが、別の差出人からすでに届いています。",
        FindingCode::NameMismatch => "メールの名称が、名簿の名称と一致しません。",
        FindingCode::UnknownNoticeWithId => "種別は不明ですが、自己宣言IDが書かれています。",
        FindingCode::AnswersOurLetter => "事務局からの自動返信への返信です。",
        FindingCode::SenderUnstated => "元のメールの差出人アドレスが書かれていません。",
        FindingCode::SubjectUnstated => "元のメールの件名が、その種別のものとして確認できません。",
        FindingCode::ReceivedAfterDeadline => "締切のあとに届きました。",
        FindingCode::OtherNoticeToo => "ほかの種別のSECURITY ACTIONメールも含まれています。",
        FindingCode::SeveralNotices => "複数のSECURITY ACTIONメールが含まれています。",
        FindingCode::StarLevelUnstated => "一つ星か二つ星かが書かれていません。",
    }
}
