//! `outbox`: letters, and what an operator decides about them.

use std::path::Path;

use clap::Subcommand;

use super::Failure;
use super::output::{Form, cell, json_line, local, say, table};
use super::status::{unopened, viewing};
use super::words;
use crate::clock;
use crate::desk::message::Message;
use crate::desk::rules::Limits;
use crate::store::outbox::{Order, order};
use crate::store::query;
use crate::store::{open_for_operator, open_for_reading};

/// Settled letters that `list` shows beside the open ones.
const SETTLED_SHOWN: u32 = 20;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Letters that are not settled, and the last ones that are
    List {
        #[arg(long)]
        json: bool,
    },
    /// One letter as it is (or would be) sent
    Show { id: i64 },
    /// Let held letters go out
    Release { ids: Vec<i64> },
    /// Never send these letters
    Cancel { ids: Vec<i64> },
    /// Send refused or unknown letters again (an applicant may get an unknown one twice)
    Retry { ids: Vec<i64> },
}

pub fn outbox(path: &Path, command: &Command) -> Result<(), Failure> {
    let configuration = viewing(path)?;
    let store = &configuration.store;
    match command {
        Command::List { json } => {
            let connection = open_for_reading(store).map_err(|error| unopened(store, &error))?;
            list(&query::outbox(&connection, SETTLED_SHOWN).map_err(|error| Failure::of(&error))?, Form::of(*json), &configuration.zone)
        }
        Command::Show { id } => {
            let connection = open_for_reading(store).map_err(|error| unopened(store, &error))?;
            show(query::letter_of(&connection, *id).map_err(|error| Failure::of(&error))?, *id)
        }
        Command::Release { ids } => carry_out(store, ids, Order::Release),
        Command::Cancel { ids } => carry_out(store, ids, Order::Cancel),
        Command::Retry { ids } => carry_out(store, ids, Order::Retry),
    }
}

fn list(letters: &[query::Letter], form: Form, zone: &jiff::tz::TimeZone) -> Result<(), Failure> {
    if form == Form::Json {
        for letter in letters {
            json_line(&serde_json::json!(letter))?;
        }
        return Ok(());
    }
    if letters.is_empty() {
        say!("返信はまだありません。");
        return Ok(());
    }
    let mut rows = vec![["ID", "提出", "種類", "状態", "試行", "更新", "宛先", "サーバーの応答"].map(str::to_owned).to_vec()];
    for letter in letters {
        rows.push(vec![
            letter.id.to_string(),
            letter.submission.to_string(),
            letter.kind.clone(),
            words::state(&letter.state).to_owned(),
            letter.attempts.to_string(),
            local(&letter.changed_at, zone),
            cell(Some(&letter.recipient), 60),
            cell(letter.server_words.as_deref(), 80),
        ]);
    }
    table(&rows)?;
    Ok(())
}

fn show(found: Option<(query::Letter, Vec<u8>)>, id: i64) -> Result<(), Failure> {
    let (letter, bytes) = found.ok_or_else(|| Failure::Failed(format!("there is no letter {id}; `uketsuke outbox list` shows them")))?;
    let message = Message::parse(&bytes, &Limits::default());
    say!("状態      {}（試行 {}回）", words::state(&letter.state), letter.attempts);
    for (label, name) in [("差出人", "from"), ("宛先", "to"), ("返信先", "reply-to"), ("件名", "subject"), ("番号", "message-id")]
    {
        if let Some(value) = message.headers.text(name) {
            say!("{label}\t{value}");
        }
    }
    if let Some(words) = &letter.server_words {
        say!("応答\t{}", cell(Some(words), 400));
    }
    say!("");
    for part in &message.parts {
        say!("{}", part.text(1 << 20).text.replace("\r\n", "\n").trim_end());
    }
    Ok(())
}

fn carry_out(store: &Path, ids: &[i64], wish: Order) -> Result<(), Failure> {
    if ids.is_empty() {
        return Err(Failure::Failed(format!("name the letters: uketsuke outbox {} ID…", wish.word())));
    }
    let mut connection = open_for_operator(store).map_err(|error| unopened(store, &error))?;
    let actor = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".to_owned());
    let mut failed = 0_usize;
    for id in ids {
        match order(&mut connection, *id, wish, &actor, clock::now()) {
            Ok(()) => say!("{id}: {}", wish.word()),
            Err(error) => {
                eprintln!("uketsuke: {error}");
                failed += 1;
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Failed(format!("{failed} of {} orders were not carried out", ids.len()))) }
}
