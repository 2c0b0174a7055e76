//! `list`: submissions, the newest first.

use std::path::Path;

use clap::Args;

use super::Failure;
use super::output::{Form, cell, json_line, local, say, table};
use super::show::{as_json, readable};
use super::status::{unopened, viewing};
use super::words;
use crate::desk::text::date::utc_text;
use crate::desk::words::Verdict;
use crate::store::files::Files;
use crate::store::open_for_reading;
use crate::store::query::{self, Filter};

#[derive(Debug, Args)]
pub struct List {
    /// Only this verdict: accepted, missing, wrong_type, review or ignored
    #[arg(long, value_parser = verdict)]
    verdict: Option<Verdict>,
    /// Only this applicant: an application number or a sender's address
    #[arg(long)]
    applicant: Option<String>,
    /// Only what was received on or after this day (2026-11-23)
    #[arg(long, value_name = "DATE")]
    since: Option<jiff::civil::Date>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[arg(long)]
    json: bool,
}

fn verdict(word: &str) -> Result<Verdict, String> {
    Verdict::of_word(word).ok_or_else(|| {
        let known: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
        format!("write one of {}", known.join(", "))
    })
}

pub fn list(path: &Path, list: &List) -> Result<(), Failure> {
    let configuration = viewing(path)?;
    let connection = open_for_reading(&configuration.store).map_err(|error| unopened(&configuration.store, &error))?;
    let since =
        list.since.and_then(|date| date.to_zoned(configuration.zone.clone()).ok()).map(|zoned| utc_text(zoned.timestamp().as_second()));
    let filter = Filter {
        verdict: list.verdict.map(|verdict| verdict.word().to_owned()),
        applicant: list.applicant.clone(),
        since,
        limit: Some(list.limit),
    };
    let found = query::list(&connection, &filter).map_err(|error| Failure::of(&error))?;
    if Form::of(list.json) == Form::Json {
        let files = Files::beside(&configuration.store);
        for submission in &found {
            let raw = readable(submission.id, query::raw(&connection, &files, submission.id));
            json_line(&as_json(submission, raw.as_deref(), &configuration.rules))?;
        }
        return Ok(());
    }
    if found.is_empty() {
        say!("該当する提出はありません。");
        return Ok(());
    }
    let mut rows = vec![["ID", "受付番号", "受信", "判定", "返信", "差出人", "件名"].map(str::to_owned).to_vec()];
    for submission in &found {
        let gate = submission.reply_gate.as_deref().filter(|gate| *gate != "verdict").unwrap_or("-");
        let reply =
            submission.letters.last().map_or_else(|| gate.to_owned(), |letter| format!("{} {}", letter.kind, words::state(&letter.state)));
        rows.push(vec![
            submission.id.to_string(),
            submission.receipt.clone(),
            local(&submission.received_at, &configuration.zone),
            submission.verdict.clone().unwrap_or_else(|| "（判定待ち）".to_owned()),
            reply,
            cell(submission.sender.as_deref(), 60),
            cell(submission.subject.as_deref(), 50),
        ]);
    }
    table(&rows)?;
    Ok(())
}
