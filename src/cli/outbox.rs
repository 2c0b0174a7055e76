//! `outbox`: letters, and what an operator decides about them.

use std::path::Path;

use clap::Subcommand;

use super::Failure;
use super::output::{Form, cell, json_line, local, say, table};
use super::status::{unopened, viewing};
use super::words;
use crate::clock;
use crate::store::outbox::{Order, held, order};
use crate::store::query;
use crate::store::{breaker, open_for_operator, open_for_reading};

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
    Release {
        ids: Vec<i64>,
        /// All letters that are held
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Never send these letters
    Cancel {
        ids: Vec<i64>,
        /// All letters that are held
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Send refused, unknown or bounced letters again (an applicant may get an unknown one twice)
    Retry { ids: Vec<i64> },
    /// Send new letters again after the circuit breaker halted sending (held ones stay held)
    Resume,
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
        Command::Release { ids, all } => carry_out(store, Selection::of(ids, *all), Order::Release),
        Command::Cancel { ids, all } => carry_out(store, Selection::of(ids, *all), Order::Cancel),
        Command::Retry { ids } => carry_out(store, Selection::Named(ids), Order::Retry),
        Command::Resume => resume(store),
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
            if letter.state == "sent" && letter.bounced.is_some() { "不達".to_owned() } else { words::state(&letter.state).to_owned() },
            letter.attempts.to_string(),
            local(&letter.changed_at, zone),
            cell(Some(&letter.recipient), 60),
            cell(letter.bounced.as_deref().or(letter.server_words.as_deref()), 80),
        ]);
    }
    table(&rows)?;
    Ok(())
}

fn show(found: Option<(query::Letter, Vec<u8>)>, id: i64) -> Result<(), Failure> {
    let (letter, bytes) = found.ok_or_else(|| Failure::Failed(format!("there is no letter {id}; `uketsuke outbox list` shows them")))?;
    say!("状態      {}（試行 {}回）", words::state(&letter.state), letter.attempts);
    if let Some(reason) = letter.hold_reason.as_ref().filter(|_| letter.state == "held") {
        say!("保留      {}", words::hold_reason(reason));
    }
    if let Some(bounce) = &letter.bounced {
        say!("不達      {}", cell(Some(bounce), 400));
    }
    if let Some(words) = &letter.bounce_unproven {
        say!("不達？    {}（この返信を受け取った証拠のない申告です。確かめてから判断してください）", cell(Some(words), 400));
    }
    if let Some(words) = &letter.server_words {
        say!("応答      {}", cell(Some(words), 400));
    }
    super::letter::print(&bytes)?;
    Ok(())
}

/// Which letters an order is about.
#[derive(Clone, Copy)]
enum Selection<'i> {
    Named(&'i [i64]),
    AllHeld,
}

impl<'i> Selection<'i> {
    const fn of(ids: &'i [i64], all: bool) -> Self {
        if all { Self::AllHeld } else { Self::Named(ids) }
    }
}

/// Who gives an order, for the audit.
fn actor() -> String {
    std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".to_owned())
}

fn resume(store: &Path) -> Result<(), Failure> {
    let mut connection = open_for_operator(store).map_err(|error| unopened(store, &error))?;
    if !breaker::resume(&mut connection, &actor(), clock::now()).map_err(|error| Failure::of(&error))? {
        return Err(Failure::Failed("sending was not halted, so there is nothing to resume".to_owned()));
    }
    let held = held(&connection).map_err(|error| Failure::of(&error))?.len();
    say!(
        "新しい返信の送信を再開しました。保留中の返信は{held}通です（uketsuke outbox list で確かめ、release か cancel を選んでください）。"
    );
    Ok(())
}

fn carry_out(store: &Path, selection: Selection<'_>, wish: Order) -> Result<(), Failure> {
    let mut connection = open_for_operator(store).map_err(|error| unopened(store, &error))?;
    let ids = match selection {
        Selection::Named([]) => return Err(Failure::Failed(format!("name the letters: uketsuke outbox {} ID…", wish.word()))),
        Selection::Named(ids) => ids.to_vec(),
        Selection::AllHeld => held(&connection).map_err(|error| Failure::of(&error))?,
    };
    if ids.is_empty() {
        say!("保留中の返信はありません。");
        return Ok(());
    }
    let actor = actor();
    let mut failed = 0_usize;
    for id in &ids {
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
