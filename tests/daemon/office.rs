//! An office under test: its two servers, its folder, its daemon, and the questions that a test may ask.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use testbed::imap::{self, Server};
use testbed::smtp::{self, Sink};

use crate::plan::Plan;
use crate::post::Post;

/// Long enough for a busy machine with two cores and forty daemons on them, short enough for a person.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// Rows and processes have no bell; this is how often they are looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_uketsuke");

/// Waits until the question is answered, and returns the answer.
pub async fn until<T>(what: &str, context: impl Fn() -> String, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "{what} did not come within {} s\n{}", DEADLINE.as_secs(), context());
        tokio::time::sleep(GLANCE).await;
    }
}

/// Everything that one test has to itself.
pub struct Office {
    pub imap: Server,
    pub sink: Sink,
    folder: TempDir,
    runs: AtomicUsize,
}

impl Office {
    /// Starts the servers and writes the plan's file.
    pub fn new(imap: imap::Options, sink: smtp::Options, change: impl FnOnce(Plan) -> Plan) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let password = folder.path().join("password");
        fs::write(&password, format!("{}\n", imap.password)).expect("written");
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("set");
        let office = Self { imap: Server::start(imap), sink: Sink::start(sink), folder, runs: AtomicUsize::new(0) };
        office.write(&change(office.plan()));
        office
    }

    /// An office whose INBOX holds this post.
    pub fn with_post(post: &Post, change: impl FnOnce(Plan) -> Plan) -> Self {
        Self::scripted(post, Vec::new(), change)
    }

    /// The same with a misbehaving IMAP server.
    pub fn scripted(post: &Post, script: Vec<imap::Rule>, change: impl FnOnce(Plan) -> Plan) -> Self {
        Self::new(imap::Options { folders: vec![post.inbox()], script, ..imap::Options::default() }, smtp::Options::default(), change)
    }

    /// The plan that tests change.
    pub fn plan(&self) -> Plan {
        Plan::new(self.folder.path(), self.imap.port(), self.sink.port())
    }

    /// Writes the configuration.
    pub fn write(&self, plan: &Plan) {
        self.write_text(&plan.text());
    }

    /// Writes the configuration, whatever it says.
    pub fn write_text(&self, text: &str) {
        fs::write(self.path("uketsuke.toml"), text).expect("written");
    }

    /// A file of the office.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the daemon.
    pub fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// Starts the daemon with further environment variables.
    pub fn start_with(&self, environment: &[(&str, &str)]) -> Daemon {
        let log = self.path(&format!("daemon-{}.log", self.runs.fetch_add(1, Ordering::Relaxed)));
        let stderr = File::create(&log).expect("a log");
        let mut command = self.command(&["run"]);
        command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        Daemon { child: command.spawn().expect("the binary starts"), log }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(self.path("uketsuke.toml")).args(arguments);
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "UKETSUKE_CONFIG", "UKETSUKE_HALT_AFTER"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a subcommand to its end.
    pub async fn ask(&self, arguments: &[&str]) -> Answer {
        finished(self.command(arguments), b"").await
    }

    /// The object that a subcommand prints.
    pub async fn ask_json(&self, arguments: &[&str]) -> Value {
        let answer = self.ask(arguments).await;
        assert_eq!(answer.code, Some(0), "{arguments:?}: {}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", answer.stdout))
    }

    /// The rows of a query, the columns joined by `|`; none while there is no store yet.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let read = || -> rusqlite::Result<Vec<String>> {
            let connection = Connection::open_with_flags(self.path("uketsuke.db"), flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            let mut statement = connection.prepare(sql)?;
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                let cells: rusqlite::Result<Vec<String>> = (0..columns).map(|column| row.get_ref(column).map(cell)).collect();
                cells.map(|cells| cells.join("|"))
            })?;
            rows.collect()
        };
        read().unwrap_or_default()
    }

    /// Waits until a query returns these rows.
    pub async fn until_rows(&self, sql: &str, expected: &[&str]) {
        let context = || format!("{sql}\nreturns {:?}\ninstead of {expected:?}\n{}", self.rows(sql), self.story());
        until("the rows", context, || (self.rows(sql) == expected).then_some(())).await;
    }

    /// Waits until nothing is under way and so many mails are judged.
    pub async fn until_settled(&self, mails: usize) {
        let sql = "SELECT (SELECT count(*) FROM submissions WHERE verdict IS NOT NULL), (SELECT count(*) FROM submissions WHERE verdict IS NULL),
             (SELECT count(*) FROM replies WHERE state IN ('queued', 'sending', 'data')), (SELECT count(*) FROM filings WHERE state = 'waiting')";
        self.until_rows(sql, &[&format!("{mails}|0|0|0")]).await;
    }

    /// Waits for the end of all work, then balances the books: every mail judged once and rightly, every due letter sent once.
    pub async fn until_balanced(&self, post: &Post) {
        self.until_settled(post.mails.len()).await;
        assert_eq!(self.judged(), post.rows(), "{}", self.story());
        let mut answered: Vec<String> = self.sink.letters().iter().flat_map(|letter| letter.recipients.clone()).collect();
        answered.sort();
        assert_eq!(answered, post.answered(), "{}", self.story());
        let sent = format!("{}", answered.len());
        assert_eq!(self.rows("SELECT count(*), count(DISTINCT message_id) FROM replies WHERE state = 'sent'"), [format!("{sent}|{sent}")]);
        assert_eq!(
            self.rows("SELECT count(DISTINCT sha256), count(DISTINCT receipt) FROM submissions"),
            [format!("{0}|{0}", post.mails.len())]
        );
    }

    /// What the rows say of every mail, sorted.
    pub fn judged(&self) -> Vec<String> {
        self.rows("SELECT message_id, verdict, reply FROM submissions ORDER BY message_id, verdict, reply")
    }

    /// The logs of all runs, for the reader of a failed test.
    pub fn story(&self) -> String {
        let runs = self.runs.load(Ordering::Relaxed);
        let logs = (0..runs).map(|run| fs::read_to_string(self.path(&format!("daemon-{run}.log"))).unwrap_or_default());
        let commands = self.imap.commands();
        let last = commands.get(commands.len().saturating_sub(12)..).unwrap_or_default();
        format!("IMAP: {}\n{}", last.join(" | "), logs.collect::<Vec<_>>().join("---- next run ----\n"))
    }
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// A running daemon; it does not outlive its handle.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Sends a signal to this daemon alone.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the daemon is there to be told");
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has said this.
    pub async fn until_said(&self, words: &str) {
        until(words, || self.log(), || self.log().contains(words).then_some(())).await;
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let (child, log) = (&mut self.child, &self.log);
        let context = || fs::read_to_string(log).unwrap_or_default();
        until("the daemon's end", context, || child.try_wait().expect("our own child")).await
    }

    /// Asks it to end and expects that it does so in order.
    pub async fn close(mut self) -> String {
        self.signal(Signal::TERM);
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{status}\n{}", self.log());
        self.log()
    }

    /// Waits until it died by SIGKILL.
    pub async fn killed(mut self) {
        let status = self.ended().await;
        assert_eq!(status.signal(), Some(9), "{status}\n{}", self.log());
    }

    /// Its resident memory at the highest, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the daemon is alive");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What a finished command said.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end, with this on its stdin.
pub async fn finished(mut command: Command, input: &[u8]) -> Answer {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [stdin, stdout, stderr] = ["in", "out", "err"].map(|name| folder.path().join(name));
    fs::write(&stdin, input).expect("written");
    command.stdin(File::open(&stdin).expect("opened"));
    command.stdout(File::create(&stdout).expect("created")).stderr(File::create(&stderr).expect("created"));
    let child = command.spawn().expect("the binary starts");
    let mut daemon = Daemon { child, log: stderr.clone() };
    let status = daemon.ended().await;
    let read = |path| String::from_utf8_lossy(&fs::read(path).expect("there")).into_owned();
    Answer { code: status.code(), stdout: read(stdout), stderr: read(stderr) }
}
