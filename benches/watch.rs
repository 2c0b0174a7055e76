//! How soon a new mail is judged, what waiting costs, and how a daemon starts on a mailbox of a million mails: `make bench`.
//!
//! The real daemon, release build, watches the testbed's scripted server, which tells of a mail at once. Beside the latency, in the same run
//! and on the same disk, what two committed transactions take by themselves: no verdict can be sooner. The same on a real Dovecot, from the
//! moment at which its EXISTS passes by; and until an SMTP server has a letter. Beside the start on a million known UIDs, the start on an
//! empty folder.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod relay;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use testbed::imap::{Folder, Message, Options, Server};
use testbed::mail::bulk;
use testbed::real::{Account, Dovecot, DovecotOptions};
use testbed::smtp;
use testbed::tls::Authority;
use uketsuke::store::open_for_reading;

use relay::Relay;

const PATIENCE: Duration = Duration::from_mins(2);
const SEED: u64 = 11;
/// Mails that come one after the other.
const SINGLE: usize = 300;
/// Mails that come at once.
const BURST: usize = 200;
/// Mails on Dovecot, whose notice takes half a second each.
const SLOW: usize = 60;
/// Letters; under the limit of an hour.
const LETTERS: usize = 50;
const KNOWN: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` and `cargo bench` both come here; only the latter measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    latency()?;
    on_dovecot()?;
    letters()?;
    start()
}

/// From the moment at which a real server's notice passes by.
fn on_dovecot() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::new();
    let Options { user, password, .. } = Options::default();
    let account = Account { user: user.clone(), password, token: None };
    let dovecot = Dovecot::start(DovecotOptions { users: vec![account], authority: &authority })?;
    let relay = Relay::to(dovecot.imap_port())?;
    let office = Office::new(folder.path(), relay.port(), None)?;
    let _daemon = office.run()?;
    let connection = office.connection()?;
    wait(|| Ok(state(&connection)? == "watching"))?;
    let mut taken: Vec<Duration> = Vec::new();
    let mut notices: Vec<Duration> = Vec::new();
    for (number, mail) in (1..=SLOW).zip(bulk(SEED, SLOW * 2).map(|submission| submission.raw).filter(|raw| raw.len() < 100_000)) {
        let _before = relay.told();
        let delivered = Instant::now();
        dovecot.deliver(&user, mail)?;
        wait(|| Ok(judged(&connection)? >= number))?;
        let done = Instant::now();
        let told = relay.told().ok_or("a verdict without a notice")?;
        notices.push(told.saturating_duration_since(delivered));
        taken.push(done.saturating_duration_since(told));
    }
    taken.sort_unstable();
    notices.sort_unstable();
    println!("on Dovecot, EXISTS to committed verdict           p50 {}  p99 {}", shown(at(&taken, 50)), shown(at(&taken, 99)));
    println!("on Dovecot, delivery to its EXISTS                p50 {}  p99 {}", shown(at(&notices, 50)), shown(at(&notices, 99)));
    Ok(())
}

/// From a mail that lacks its proof to the letter in the hands of the SMTP server.
fn letters() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(Options::default());
    let sink = smtp::Sink::start(smtp::Options::default());
    let office = Office::new(folder.path(), server.port(), Some(sink.port()))?;
    let _daemon = office.run()?;
    let connection = office.connection()?;
    wait(|| Ok(state(&connection)? == "watching"))?;
    let mut taken: Vec<Duration> = Vec::new();
    for number in 1..=LETTERS {
        wait(|| Ok(server.idling() > 0))?;
        let told = Instant::now();
        server.deliver(format!(
            "From: taro@applicant{number}.example.co.jp\r\nTo: desk@office.example.jp\r\nSubject: SECURITY ACTION {number}\r\n\
             Message-ID: <mail-{number}@applicant{number}.example.co.jp>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nお世話になっております（{number}）。\r\n"
        ));
        wait(|| Ok(sink.letters().len() >= number))?;
        taken.push(told.elapsed());
    }
    taken.sort_unstable();
    println!("EXISTS to a letter that the SMTP server has       p50 {}  p99 {}", shown(at(&taken, 50)), shown(at(&taken, 99)));
    Ok(())
}

fn latency() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // A server that hangs up on the silent before they refresh would put a new connection into the minute of nothing.
    let server = Server::start(Options { patience: Duration::from_secs(900), ..Options::default() });
    let office = Office::new(folder.path(), server.port(), None)?;
    let daemon = office.run()?;
    let connection = office.connection()?;
    wait(|| Ok(state(&connection)? == "watching"))?;
    let mut mails = bulk(SEED, SINGLE + BURST).map(|submission| submission.raw).filter(|raw| raw.len() < 100_000);
    let mut taken: Vec<Duration> = Vec::new();
    for number in 1..=SINGLE {
        let Some(mail) = mails.next() else { break };
        wait(|| Ok(server.idling() > 0))?;
        let told = Instant::now();
        server.deliver(mail);
        wait(|| Ok(judged(&connection)? >= number))?;
        taken.push(told.elapsed());
    }
    taken.sort_unstable();
    let mut commits = commits(folder.path())?;
    commits.sort_unstable();
    println!("one mail at a time, EXISTS to committed verdict   p50 {}  p99 {}", shown(at(&taken, 50)), shown(at(&taken, 99)));
    println!("two small commits on the same disk                p50 {}  p99 {}", shown(at(&commits, 50)), shown(at(&commits, 99)));
    println!("ratio of the medians                              {:.2}", ratio(at(&taken, 50), at(&commits, 50)));
    let before = judged(&connection)?;
    let burst: Vec<Vec<u8>> = mails.collect();
    let count = burst.len();
    for mail in burst {
        server.deliver(mail);
    }
    let last = Instant::now();
    wait(|| Ok(judged(&connection)? >= before + count))?;
    println!("a burst of {count}, the last one to the last verdict    {}", shown(last.elapsed()));
    let (cpu, switches) = idle(&daemon)?;
    println!(
        "idle                                              {} of CPU and {switches} wake-ups a minute, {:.1} MB",
        shown(cpu),
        megabytes(resident(&daemon, "VmRSS:")?)
    );
    Ok(())
}

fn start() -> Result<(), Box<dyn Error>> {
    let mut starts = Vec::new();
    for known in [0, KNOWN] {
        let folder = tempfile::tempdir()?;
        let bytes: Arc<[u8]> = Arc::from(b"Subject: x\r\n\r\n".as_slice());
        let internal_date = || "05-Oct-2026 10:00:00 +0900".to_owned();
        let message = |uid| Message { uid, internal_date: internal_date(), flags: BTreeSet::new(), bytes: Arc::clone(&bytes) };
        let inbox = Folder { name: "INBOX".to_owned(), messages: (1..=known).map(message).collect() };
        let server = Server::start(Options { folders: vec![inbox], ..Options::default() });
        let office = Office::new(folder.path(), server.port(), None)?;
        office.prepare(known)?;
        let began = Instant::now();
        let daemon = office.run()?;
        let connection = office.connection()?;
        wait(|| Ok(state(&connection)? == "watching"))?;
        let elapsed = began.elapsed();
        // The comparison of all UIDs goes on behind; its memory counts, too.
        wait(|| Ok(server.idling() > 0))?;
        let compared = began.elapsed();
        starts.push((elapsed, resident(&daemon, "VmHWM:")?));
        println!(
            "start with {known:>7} known UIDs                      watching after {}, all compared after {}, peak {:.1} MB",
            shown(elapsed),
            shown(compared),
            megabytes(resident(&daemon, "VmHWM:")?)
        );
    }
    if let [(few, little), (many, much)] = starts.as_slice() {
        println!(
            "more for a million                                {} and {:.1} MB",
            shown(many.saturating_sub(*few)),
            megabytes(much.saturating_sub(*little))
        );
    }
    Ok(())
}

/// An office in a folder: its file and its store.
struct Office {
    config: PathBuf,
    store: PathBuf,
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Office {
    /// Answers by the SMTP server on this port, if there is one.
    fn new(folder: &Path, port: u16, smtp_port: Option<u16>) -> Result<Self, Box<dyn Error>> {
        let options = Options::default();
        let password = folder.join("password");
        fs::write(&password, options.password)?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
        let (config, store) = (folder.join("uketsuke.toml"), folder.join("uketsuke.db"));
        let mut text = format!(
            "[[accounts]]\nname = \"desk\"\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"plaintext\"\nuser = \"{}\"\npassword = \"file:{}\"\n[store]\npath = \"{}\"\n[log]\nlevel = \"warn\"\n",
            options.user,
            password.display(),
            store.display()
        );
        if let Some(port) = smtp_port {
            let letters = format!(
                "[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"plaintext\"\nletters-per-minute = 6000\n\
                 [reply]\nmode = \"send\"\nfrom = \"desk@office.example.jp\"\n"
            );
            text.push_str(&letters);
        }
        fs::write(&config, text)?;
        Ok(Self { config, store })
    }

    fn run(&self) -> Result<Daemon, Box<dyn Error>> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uketsuke"));
        Ok(Daemon(command.arg("--config").arg(&self.config).arg("run").stdin(Stdio::null()).spawn()?))
    }

    fn connection(&self) -> Result<Connection, Box<dyn Error>> {
        wait(|| Ok(open_for_reading(&self.store).is_ok_and(|connection| state(&connection).is_ok())))?;
        Ok(open_for_reading(&self.store)?)
    }

    /// A store that knows the UIDs up to this one.
    fn prepare(&self, known: u32) -> Result<(), Box<dyn Error>> {
        let (store, writer) = uketsuke::store::Store::open(&self.store)?;
        drop(store);
        writer.join().map_err(|_| "the store's thread panicked")?;
        let mut connection = Connection::open(&self.store)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(
            "INSERT INTO submissions (id, account, folder, uidvalidity, uid, sha256, size, content, sighting, received_at, stored_at, verdict, judged_at)
             VALUES (1, 'desk', 'INBOX', 1700000000, 1, 'x', 0, 'whole', 'first_sync', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'ignored', '2026-01-01T00:00:00Z');",
        )?;
        {
            let mut insert = transaction.prepare(
                "INSERT INTO sightings (account, folder, uidvalidity, uid, submission) VALUES ('desk', 'INBOX', 1700000000, ?1, 1)",
            )?;
            for uid in 1..=known {
                insert.execute([uid])?;
            }
        }
        transaction.execute(
            "INSERT INTO cursors (account, folder, uidvalidity, next_uid, moved_at) VALUES ('desk', 'INBOX', 1700000000, ?1, '2026-01-01T00:00:00Z')",
            [known + 1],
        )?;
        transaction.commit()?;
        Ok(())
    }
}

/// Asks again and again, as closely as the measurement needs.
fn wait(mut holds: impl FnMut() -> Result<bool, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    while !holds()? {
        if began.elapsed() > PATIENCE {
            return Err("what the benchmark waits for did not happen".into());
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(())
}

fn state(connection: &Connection) -> Result<String, Box<dyn Error>> {
    let mut statement = connection.prepare_cached("SELECT state FROM health WHERE part = 'account:desk'")?;
    Ok(statement.query_row([], |row| row.get(0)).unwrap_or_default())
}

/// Submissions with a verdict: all that were stored, less those that wait.
fn judged(connection: &Connection) -> Result<usize, Box<dyn Error>> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT coalesce(max(id), 0) FROM submissions) - (SELECT count(*) FROM submissions WHERE verdict IS NULL)",
    )?;
    Ok(usize::try_from(statement.query_row([], |row| row.get::<_, i64>(0))?)?)
}

/// Twice a row of the size of a small mail, each committed to the disk: what T1 and T2 cannot do without.
fn commits(folder: &Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    let connection = Connection::open(folder.join("beside.db"))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE mails (bytes BLOB)")?;
    let mut taken = Vec::new();
    for _ in 0..SINGLE {
        let began = Instant::now();
        for _ in 0..2 {
            connection.execute("INSERT INTO mails VALUES (randomblob(4000))", [])?;
        }
        taken.push(began.elapsed());
    }
    Ok(taken)
}

/// CPU time and voluntary context switches of all threads over a minute of nothing.
fn idle(daemon: &Daemon) -> Result<(Duration, u64), Box<dyn Error>> {
    let seconds: u64 = std::env::var("IDLE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    // The runtime's spare threads end after ten seconds without work.
    std::thread::sleep(Duration::from_secs(12));
    let before = used(daemon)?;
    std::thread::sleep(Duration::from_secs(seconds));
    let (mut cpu, mut switches) = (0, 0);
    // A thread that has ended takes its figures with it, so each is compared with itself.
    for (thread, (cpu_after, switches_after)) in used(daemon)? {
        let (cpu_before, switches_before) = before.get(&thread).copied().unwrap_or_default();
        cpu += cpu_after.saturating_sub(cpu_before);
        switches += switches_after.saturating_sub(switches_before);
    }
    let a_minute = |amount: u64| amount.saturating_mul(60) / seconds.max(1);
    Ok((Duration::from_nanos(a_minute(cpu)), a_minute(switches)))
}

/// Nanoseconds on a processor (proc(5), `schedstat`) and voluntary context switches, by thread.
fn used(daemon: &Daemon) -> Result<BTreeMap<PathBuf, (u64, u64)>, Box<dyn Error>> {
    let mut threads = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{}/task", daemon.0.id()))? {
        let task = task?.path();
        let cpu = fs::read_to_string(task.join("schedstat"))?.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let status = fs::read_to_string(task.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).ok_or("no count of switches")?;
        threads.insert(task, (cpu, line.trim().parse()?));
    }
    Ok(threads)
}

/// A line of the process's status (proc(5)), in bytes.
fn resident(daemon: &Daemon, name: &str) -> Result<usize, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.0.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<usize>()? * 1024)
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    format!("{:>8.2} ms", time.as_secs_f64() * 1_000.0)
}

fn ratio(time: Duration, beside: Duration) -> f64 {
    time.as_secs_f64() / beside.as_secs_f64()
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
