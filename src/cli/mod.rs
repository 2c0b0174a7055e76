//! The command line: arguments, exit codes, and one file a subcommand.
//!
//! Data goes to stdout, everything else to stderr. Errors are one sentence with a remedy, and never a backtrace.

#![expect(clippy::print_stderr, reason = "errors and progress of a command line go there")]

mod check;
mod classify;
pub mod judgement;
mod letter;
mod list;
mod mbox;
mod outbox;
mod output;
mod run;
mod show;
mod status;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigError;

/// Where the configuration is when nobody says otherwise.
const DEFAULT_CONFIG: &str = "/etc/uketsuke/uketsuke.toml";

#[derive(Debug, Parser)]
#[command(
    name = "uketsuke",
    version,
    about = "The reception desk of a subsidy office: finds and validates forwarded SECURITY ACTION mails"
)]
struct Arguments {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", env = "UKETSUKE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch the mailboxes, judge and answer (what systemd starts)
    Run,
    /// Report every problem of the configuration at once, then log in to each server
    Check {
        /// Do not connect to the servers
        #[arg(long)]
        offline: bool,
        /// Send a test letter to this address by each SMTP server
        #[arg(long, value_name = "ADDRESS", conflicts_with = "offline")]
        send_test: Option<String>,
    },
    /// Judge .eml files, mbox files, Maildirs and folders of these (`-`: stdin), without a store
    Classify(classify::Classify),
    /// Show how the office is
    Status {
        #[arg(long)]
        json: bool,
    },
    /// List submissions, the newest first
    List(list::List),
    /// Show one submission with every finding and the lines that it rests on
    Show {
        id: i64,
        #[arg(long, conflicts_with = "raw")]
        json: bool,
        /// The mail as it was received
        #[arg(long)]
        raw: bool,
    },
    /// Print a letter as an applicant would get it, by the templates and the configuration in the file
    Letter(letter::Letter),
    /// Look at letters and decide about them
    Outbox {
        #[command(subcommand)]
        order: outbox::Command,
    },
}

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Exit code 78.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// Exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Exit code 3; what was found is printed already.
    #[error("{0}")]
    ProblemsFound(String),
    /// The reader of our output has gone; that is its business.
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let more = inner.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            source = inner.source();
        }
        Self::Failed(text)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Failed(format!("the output cannot be written: {error}"))
        }
    }
}

/// Reads the arguments and runs the command. 0 done; 1 failed; 2 usage; 3 problems found; 78 bad configuration.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    let config = arguments.config;
    let named = config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    let outcome = match arguments.command {
        Command::Run => run::run(&named),
        Command::Check { offline, send_test } => check::check(&named, &check::Reach::of(offline, send_test)),
        Command::Classify(classify) => classify::classify(&classify, config.as_deref()),
        Command::Status { json } => status::status(&named, output::Form::of(json)),
        Command::List(list) => list::list(&named, &list),
        Command::Show { id, json, raw } => show::show(
            &named,
            id,
            if raw {
                show::Form::Raw
            } else if json {
                show::Form::Json
            } else {
                show::Form::Text
            },
        ),
        Command::Letter(letter) => letter::letter(&named, &letter),
        Command::Outbox { order } => outbox::outbox(&named, &order),
    };
    match outcome {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("uketsuke: {failure}");
            match failure {
                Failure::Configuration(_) => ExitCode::from(78),
                Failure::ProblemsFound(_) => ExitCode::from(3),
                Failure::Failed(_) | Failure::OutputClosed => ExitCode::from(1),
            }
        }
    }
}
