//! The whole office in one command, on a bare machine: `cargo run --release --example demo`.
//!
//! Starts an IMAP server (TLS, with a certificate authority made for this run) and an SMTP sink on loopback, puts a dozen generated
//! submissions into the mailbox, and runs the real daemon on a real configuration file and a real SQLite file in a temporary
//! folder. Prints the verdicts as they come and one reply in full, then delivers one more mail and shows how fast it is judged and
//! answered. Ends with 0 only if the account balances: every mail judged once, as its generator expects, every expected reply
//! sent once, and nothing else. With a folder as its argument it leaves everything there, to look around afterwards.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a demo shows what happens")]
#![expect(clippy::indexing_slicing, reason = "JSON objects answer null for what they do not have")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use testbed::imap::{self, Folder, Server};
use testbed::mail::{Submission, demo_dozen, with_date};
use testbed::smtp::{self, Account, Letter, Sink};
use testbed::tls::{Authority, Certificate, Security};
use uketsuke::desk::message::Message;
use uketsuke::desk::rules::Limits;
use uketsuke::store::open_for_reading;
use uketsuke::store::query::{self, Filter};

/// The word by which the demo starts itself again as the daemon: an example cannot count on the binary being built.
const AS_DAEMON: &str = "--as-the-daemon";
const PASSWORD: &str = "kaki-no-tane";
const SMTP_USER: &str = "desk@office.example.jp";
const SEED: u64 = 20_261_123;
/// Everything together may take so long.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == AS_DAEMON) {
        arguments.remove(1);
        return uketsuke::cli::main(arguments);
    }
    match demonstrate(arguments.get(1).map(PathBuf::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The daemon's process; ended when the demo ends, however it ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn demonstrate(kept: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let temporary = tempfile::tempdir()?;
    let folder = kept.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(folder)?;
    if folder.join("uketsuke.db").exists() {
        return Err(format!("{} holds an earlier run already; name another folder, or remove it", folder.display()).into());
    }
    let authority = Authority::new();
    let ca_file = folder.join("ca.pem");
    authority.write_pem(&ca_file)?;
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let mut dozen: Vec<(&str, Submission)> =
        demo_dozen(SEED).into_iter().map(|(name, submission)| (name, with_date(submission, now))).collect();
    // The greeting without a forward comes last, live.
    let live = dozen
        .iter()
        .position(|(_, submission)| submission.expected["verdict"] == "missing")
        .ok_or("the dozen has no mail without a notice")?;
    let late = dozen.remove(live);
    let more = demo_dozen(SEED + 1).into_iter().map(|(name, submission)| (name, with_date(submission, now)));
    dozen.extend(more.filter(|(_, submission)| submission.expected["verdict"] == "missing"));

    let mailbox = Server::start(imap::Options {
        security: Security::Tls(authority.server_config(Certificate::Valid)),
        password: PASSWORD.to_owned(),
        folders: vec![Folder::named("INBOX").holding(dozen.iter().map(|(_, submission)| submission.raw.clone()))],
        ..imap::Options::default()
    });
    let account = Account { user: SMTP_USER.to_owned(), password: PASSWORD.to_owned(), token: None };
    let sink = Sink::start(smtp::Options {
        security: Security::Tls(authority.server_config(Certificate::Valid)),
        account: Some(account),
        ..smtp::Options::default()
    });
    let config = write_configuration(folder, &ca_file, mailbox.port(), sink.port())?;
    println!("A mailbox with {} mails, IMAP over TLS on port {}, SMTP over TLS on port {}.", dozen.len(), mailbox.port(), sink.port());
    println!("Configuration, store and passwords in {}.\n", folder.display());

    let daemon = Daemon(
        Command::new(std::env::current_exe()?)
            .arg(AS_DAEMON)
            .arg("--config")
            .arg(&config)
            .arg("run")
            .stdin(Stdio::null())
            .stderr(fs::File::create(folder.join("log"))?)
            .spawn()?,
    );
    let store = folder.join("uketsuke.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(watch(&store, &dozen, &late, &mailbox, &sink, started));
    if outcome.is_err() {
        eprintln!("\nThe daemon's log:\n{}", fs::read_to_string(folder.join("log"))?);
    }
    drop(daemon);
    if kept.is_some() {
        println!("Look around: cargo run --release -- --config {} status (or list, show 1, outbox list)", config.display());
    }
    outcome
}

async fn watch(
    store: &Path,
    dozen: &[(&str, Submission)],
    late: &(&str, Submission),
    mailbox: &Server,
    sink: &Sink,
    started: Instant,
) -> Result<(), Box<dyn Error>> {
    let names =
        dozen.iter().chain([late]).filter_map(|(name, submission)| Some((submission.expected["message_id"].as_str()?, *name))).collect();
    let mut table = Table { store, names, shown: BTreeSet::new(), started };
    println!("{:<10}  {:<12}  what was sent", "verdict", "reply");
    table.print_until(dozen.len()).await?;
    let replies = dozen.iter().filter(|(_, submission)| submission.expected["reply"] != "none").count();
    let letters = sink.wait_for(replies, PATIENCE).await.map_err(|late| late.to_string())?;
    println!("\n{} mails in, {} judged, {} replies sent. One of them in full:\n", dozen.len(), table.shown.len(), letters.len());
    print_letter(letters.last().ok_or("no letter was sent")?);

    println!("\nOne more mail, delivered live:");
    let delivered = Instant::now();
    mailbox.deliver(late.1.raw.clone());
    table.print_until(dozen.len() + 1).await?;
    let judged = delivered.elapsed();
    let letters = sink.wait_for(replies + 1, PATIENCE).await.map_err(|late| late.to_string())?;
    println!("judged after {} ms, its reply handed over after {} ms.", judged.as_millis(), delivered.elapsed().as_millis());
    balance(store, dozen.iter().chain([late]), &letters)?;
    println!(
        "\nThe account balances: {count} in, {count} judged as expected, {} replies, nothing twice. {:.1} s in all.",
        letters.len(),
        started.elapsed().as_secs_f64(),
        count = dozen.len() + 1
    );
    Ok(())
}

/// Verdicts on the screen, each once, as they come.
struct Table<'d> {
    store: &'d Path,
    /// What was sent, by Message-ID.
    names: BTreeMap<&'d str, &'d str>,
    shown: BTreeSet<i64>,
    started: Instant,
}

impl Table<'_> {
    /// Prints verdicts until `count` submissions are judged.
    async fn print_until(&mut self, count: usize) -> Result<(), Box<dyn Error>> {
        while self.shown.len() < count {
            if self.started.elapsed() > PATIENCE {
                return Err(format!("only {} of {count} mails were judged within {} s", self.shown.len(), PATIENCE.as_secs()).into());
            }
            // The store is there as soon as the daemon has made it.
            let found =
                open_for_reading(self.store).and_then(|connection| query::list(&connection, &Filter::default())).unwrap_or_default();
            for submission in found.iter().rev().filter(|submission| submission.verdict.is_some()) {
                if self.shown.insert(submission.id) {
                    print_row(submission, &self.names);
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

fn print_row(submission: &query::Submission, names: &BTreeMap<&str, &str>) {
    let reply = submission.reply.as_deref().filter(|reply| *reply != "none").unwrap_or("-");
    let name = submission.message_id.as_deref().and_then(|id| names.get(id)).copied().unwrap_or("?");
    println!("{:<10}  {:<12}  {name}", submission.verdict.as_deref().unwrap_or("?"), reply);
}

fn print_letter(letter: &Letter) {
    let message = Message::parse(&letter.data, &Limits::default());
    for (label, field) in [("From", "from"), ("To", "to"), ("Subject", "subject"), ("Auto-Submitted", "auto-submitted")] {
        println!("    {label}: {}", message.headers.text(field).unwrap_or_default());
    }
    println!();
    for line in message.parts.iter().flat_map(|part| part.text(1 << 20).text.lines().map(str::to_owned).collect::<Vec<_>>()) {
        println!("    {line}");
    }
}

/// Every mail once, with the verdict that its generator expects; every expected letter once, and no other.
fn balance<'d>(store: &Path, mails: impl Iterator<Item = &'d (&'d str, Submission)>, letters: &[Letter]) -> Result<(), Box<dyn Error>> {
    let connection = open_for_reading(store)?;
    let found = query::list(&connection, &Filter::default())?;
    let mut expected_letters = Vec::new();
    let mut count = 0;
    for (name, submission) in mails {
        count += 1;
        let id = submission.expected["message_id"].as_str().ok_or("a generated mail has no Message-ID")?;
        let rows: Vec<_> = found.iter().filter(|row| row.message_id.as_deref() == Some(id)).collect();
        let [row] = rows.as_slice() else { return Err(format!("{name}: {} rows instead of one", rows.len()).into()) };
        if Some(row.verdict.as_deref().unwrap_or_default()) != submission.expected["verdict"].as_str() {
            return Err(format!("{name}: judged {:?}, expected {}", row.verdict, submission.expected["verdict"]).into());
        }
        if submission.expected["reply"] != "none" {
            expected_letters.push(submission.expected["from"].as_str().unwrap_or_default().to_lowercase());
        }
    }
    if found.len() != count {
        return Err(format!("{} rows for {count} mails", found.len()).into());
    }
    let mut recipients: Vec<String> =
        letters.iter().flat_map(|letter| letter.recipients.clone()).map(|address| address.to_lowercase()).collect();
    recipients.sort();
    expected_letters.sort();
    if recipients == expected_letters {
        Ok(())
    } else {
        Err(format!("letters went to {recipients:?}, expected {expected_letters:?}").into())
    }
}

fn write_configuration(folder: &Path, ca_file: &Path, imap_port: u16, smtp_port: u16) -> Result<PathBuf, Box<dyn Error>> {
    let password = folder.join("password");
    fs::write(&password, format!("{PASSWORD}\n"))?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
    let (folder_name, ca, secret) = (folder.display(), ca_file.display(), password.display());
    let text = format!(
        r#"[[accounts]]
name = "desk"
host = "localhost"
port = {imap_port}
ca-file = "{ca}"
user = "desk@office.example.jp"
password = "file:{secret}"

[smtp]
host = "localhost"
port = {smtp_port}
ca-file = "{ca}"
user = "{SMTP_USER}"
password = "file:{secret}"
letters-per-minute = 600

[reply]
mode = "send"
start = "all"
contact = "電話 03-0000-0000（平日 9時から17時）"

[programme]
deadline = "2099-12-25T17:00"

[store]
path = "{folder_name}/uketsuke.db"
"#
    );
    let path = folder.join("uketsuke.toml");
    fs::write(&path, text)?;
    Ok(path)
}
