//! `show`: one submission with every finding and the lines that it rests on.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Failure;
use super::judgement::{Bodies, originals};
use super::output::{cell, json_line, local, say};
use super::status::{unopened, viewing};
use super::words;
use crate::desk;
use crate::desk::rules::Rules;
use crate::store::files::Files;
use crate::store::query::{self, Notice, Submission};
use crate::store::{StoreError, open_for_reading};

/// How a submission is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
    Raw,
}

pub fn show(path: &Path, id: i64, form: Form) -> Result<(), Failure> {
    let configuration = viewing(path)?;
    let connection = open_for_reading(&configuration.store).map_err(|error| unopened(&configuration.store, &error))?;
    let found = query::show(&connection, id).map_err(|error| Failure::of(&error))?;
    let submission = found.ok_or_else(|| Failure::Failed(format!("there is no submission {id}; `uketsuke list` shows them")))?;
    let raw = || query::raw(&connection, &Files::beside(&configuration.store), id);
    match form {
        Form::Json => json_line(&as_json(&submission, readable(id, raw()).as_deref(), &configuration.rules))?,
        Form::Text => as_text(&submission, &configuration.zone)?,
        Form::Raw => {
            let raw = raw()
                .map_err(|error| Failure::of(&error))?
                .ok_or_else(|| Failure::Failed(format!("the mail of submission {id} is no longer kept")))?;
            std::io::stdout().lock().write_all(&raw)?;
        }
    }
    Ok(())
}

/// A mail of which only its originals are wanted: one that cannot be read is told of, and its row is shown all the same.
pub fn readable(id: i64, raw: Result<Option<Vec<u8>>, StoreError>) -> Option<Vec<u8>> {
    raw.unwrap_or_else(|error| {
        eprintln!("uketsuke: the originals of submission {id} cannot be read: {error}");
        None
    })
}

/// The object of `classify --json`, with what the store adds. The originals are read again from the kept mail.
#[must_use]
pub fn as_json(submission: &Submission, raw: Option<&[u8]>, rules: &Rules) -> Value {
    let originals = raw.map(|raw| originals(&desk::read(raw, rules).originals, Bodies::Left));
    json!({
        "id": submission.id,
        "receipt": submission.receipt,
        "account": submission.account,
        "folder": submission.folder,
        "uid": submission.uid,
        "sha256": submission.sha256,
        "size": submission.size,
        "received_at": submission.received_at,
        "judged_at": submission.judged_at,
        "message_id": submission.message_id,
        "from": submission.sender,
        "subject": submission.subject,
        "verdict": submission.verdict,
        "reply": submission.reply,
        "reply_gate": submission.reply_gate,
        "findings": submission.findings,
        "notices": submission.notices.iter().map(noticed).collect::<Vec<_>>(),
        "originals": originals,
        "applicant": submission.applicant,
        "reviewed_by": submission.reviewed_by,
        "replies": submission.letters,
    })
}

fn noticed(notice: &Notice) -> Value {
    json!({
        "kind": notice.kind,
        "stars": notice.stars,
        "declaration_id": notice.declaration_id,
        "user_number": notice.user_number,
        "company": notice.company,
        "person": notice.person,
        "evidence": notice.evidence,
        "original": {
            "from": notice.original_from,
            "date": notice.original_date,
            "subject": notice.original_subject,
            "carried": notice.carried,
            "depth": notice.depth,
        },
    })
}

fn as_text(submission: &Submission, zone: &jiff::tz::TimeZone) -> std::io::Result<()> {
    say!("受付番号  {}（ID {}）", submission.receipt, submission.id);
    say!("受信      {}", local(&submission.received_at, zone));
    say!(
        "差出人    {} {}",
        cell(submission.sender.as_deref(), 80),
        submission.sender_name.as_deref().map_or_else(String::new, |name| format!("（{}）", cell(Some(name), 40)))
    );
    say!("件名      {}", cell(submission.subject.as_deref(), 100));
    say!(
        "保管場所  {} {} UID {}  {}バイト  SHA-256 {}",
        submission.account,
        submission.folder,
        submission.uid,
        submission.size,
        submission.sha256
    );
    say!("判定      {}", submission.verdict.as_deref().unwrap_or("（判定待ち）"));
    match (submission.reply.as_deref(), submission.reply_gate.as_deref()) {
        (Some("none"), Some(gate)) => say!("返信      なし（{gate}: {}）", words::gate(gate)),
        (Some(kind), _) => say!("返信      {kind}"),
        (None, _) => {}
    }
    for finding in &submission.findings {
        say!("  [{}] {}  {}", finding.class, finding.code, finding.text);
        if let Some(line) = &finding.line {
            say!("      「{}」", cell(Some(line), 200));
        }
    }
    for notice in &submission.notices {
        say!("通知      {}  {}", notice.kind, cell(notice.original_subject.as_deref(), 100));
        say!(
            "  自己宣言ID {}  利用者番号 {}  星 {}  会社名 {}  氏名 {}",
            cell(notice.declaration_id.as_deref(), 20),
            cell(notice.user_number.as_deref(), 20),
            notice.stars.map_or_else(|| "-".to_owned(), |stars| stars.to_string()),
            cell(notice.company.as_deref(), 60),
            cell(notice.person.as_deref(), 40)
        );
        say!(
            "  元の差出人 {}  日付 {}  証拠 {}（{}、転送 {}回）",
            cell(notice.original_from.as_deref(), 80),
            cell(notice.original_date.as_deref(), 40),
            notice.evidence,
            notice.carried,
            notice.depth
        );
    }
    for letter in &submission.letters {
        say!(
            "返信文    {}  {}  {}  試行 {}回  {}",
            letter.id,
            letter.kind,
            words::state(&letter.state),
            letter.attempts,
            cell(letter.server_words.as_deref(), 120)
        );
    }
    Ok(())
}
