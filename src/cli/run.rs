//! `run`: what systemd starts.

use std::path::Path;

use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::config;
use crate::daemon;

pub fn run(path: &Path) -> Result<(), Failure> {
    let configuration = config::load(path)?;
    start_log(&configuration.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
    let outcome = runtime.block_on(daemon::run(configuration, path)).map_err(|error| Failure::of(&error));
    // A judging thread that hangs must not keep the process; its mail was not concluded and is judged again.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

/// Lines for the journal: no colours and no time where systemd adds its own.
fn start_log(level: &str) {
    // async-imap writes the LOGIN line with its password at trace level (0.12, imap_stream.rs): never below info, whatever the operator sets.
    let filter = EnvFilter::new(format!("{level},async_imap=info,imap_proto=info,rustls=warn,lettre=info"));
    let to_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_ansi(false).with_writer(std::io::stderr);
    if to_journal {
        lines.without_time().init();
    } else {
        lines.init();
    }
}
