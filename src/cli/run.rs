//! `run`: what systemd starts.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::Failure;
use crate::config;
use crate::daemon;
use crate::judges;

pub fn run(path: &Path) -> Result<(), Failure> {
    let configuration = config::load(path)?;
    start_log(&configuration.log_level);
    // Mails that come alone are read on one of the runtime's threads for blocking work, hence the stack.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Two on a machine of any size: one may be busy while the other hears.
        .worker_threads(2)
        .enable_all()
        .thread_stack_size(judges::STACK_BYTES)
        .build()
        .map_err(|error| Failure::of(&error))?;
    let outcome = runtime.block_on(daemon::run(configuration, path)).map_err(|error| Failure::of(&error));
    // A judging thread that hangs must not keep the process; its mail was not concluded and is judged again.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

/// Lines for the journal: no colours and no time where systemd adds its own.
fn start_log(level: &str) {
    // async-imap writes the LOGIN line with its password at trace level (0.12, imap_stream.rs): never below info, whatever the operator sets.
    let filter = EnvFilter::new(format!("{level},async_imap=info,imap_proto=info,rustls=warn,lettre=info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_ansi(false).with_writer(std::io::stderr);
    if writes_to_journal() {
        lines.without_time().map_event_format(WithPriority).init();
    } else {
        lines.init();
    }
}

/// Whether stderr is the journal's own stream. The variable alone says little: programs started from a service inherit it
/// (systemd.exec(5), `JOURNAL_STREAM` is `device:inode`).
fn writes_to_journal() -> bool {
    let stderr = std::fs::metadata("/proc/self/fd/2").map(|file| format!("{}:{}", file.dev(), file.ino()));
    stderr.is_ok_and(|stderr| std::env::var("JOURNAL_STREAM").is_ok_and(|stream| stream == stderr))
}

/// The journal takes a line's priority from its prefix (sd-daemon(3)); without it `journalctl -p warning` finds nothing of ours.
struct WithPriority<F>(F);

impl<S, N, F> FormatEvent<S, N> for WithPriority<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let prefix = match *event.metadata().level() {
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        };
        let mut text = String::new();
        self.0.format_event(context, Writer::new(&mut text), event)?;
        // Every line is an entry of its own in the journal.
        text.lines().try_for_each(|line| writeln!(writer, "{prefix}{line}"))
    }
}
