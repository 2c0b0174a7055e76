//! How fast a full mailbox becomes verdicts: `make bench`.
//!
//! A private Dovecot holds generated submissions (median about 6 kB, 2 % with attachments of 0.2 to 2 MB). The real daemon, release build,
//! drains it into SQLite at synchronous=FULL, through TLS and in the clear; beside it, in the same run and on the same server, a client
//! that issues one UID FETCH and throws the bytes away, and the loop that an office would write in Python (`neighbour.py`). The ratios are
//! what may be compared between machines. `MAILS` says how many mails (2,000); `PYTHON` names a Python that has imap_tools.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use testbed::mail::bulk;
use testbed::real::{Account, Dovecot, DovecotOptions};
use testbed::tls::Authority;
use uketsuke::store::open_for_reading;
use uketsuke::wire::Trust;

const USER: &str = "desk@office.example.jp";
const PASSWORD: &str = "kaki-no-tane";
const SEED: u64 = 7;
const PATIENCE: Duration = Duration::from_mins(10);

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` and `cargo bench` both come here; only the latter measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mails: usize = std::env::var("MAILS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let folder = tempfile::tempdir()?;
    let authority = Authority::new();
    let ca_file = folder.path().join("ca.pem");
    authority.write_pem(&ca_file)?;
    let account = Account { user: USER.to_owned(), password: PASSWORD.to_owned(), token: None };
    let dovecot = Dovecot::start(DovecotOptions { users: vec![account], authority: &authority })?;
    let mut sizes: Vec<usize> = Vec::with_capacity(mails);
    dovecot.bulk_deliver(
        USER,
        bulk(SEED, mails).map(|submission| {
            sizes.push(submission.raw.len());
            submission.raw
        }),
    )?;
    sizes.sort_unstable();
    let bytes: usize = sizes.iter().sum();
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    println!("{mails} mails, {:.1} MB, median {median} bytes, Dovecot on loopback", megabytes(bytes));

    // Once unmeasured: Dovecot writes its index at the first look.
    fetch_and_discard(Line::Tls, &dovecot, &ca_file)?;
    let mut through_tls = Duration::ZERO;
    for line in [Line::Plaintext, Line::Tls] {
        let bare = fetch_and_discard(line, &dovecot, &ca_file)?;
        println!("{line}: one UID FETCH, thrown away       {:>7.2} s  {:>8.0} mails/s", bare.as_secs_f64(), rate(mails, bare));
        let own = folder.path().join(line.security());
        fs::create_dir(&own)?;
        let drained = drain(&own, line, &dovecot, &ca_file, mails)?;
        println!(
            "{line}: daemon fetched, stored, judged   {:>7.2} s  {:>8.0} mails/s  CPU {:.2} s  peak memory {:.1} MB  store {:.1} MB",
            drained.elapsed.as_secs_f64(),
            rate(mails, drained.elapsed),
            drained.cpu.as_secs_f64(),
            megabytes(drained.peak_bytes),
            megabytes(drained.store_bytes)
        );
        println!("{line}: ratio to the bare fetch          {:>7.2}", bare.as_secs_f64() / drained.elapsed.as_secs_f64());
        through_tls = drained.elapsed;
    }
    match neighbour(folder.path(), &dovecot, &ca_file, mails) {
        Ok(elapsed) => println!(
            "tls: the loop in Python                {:>7.2} s  {:>8.0} mails/s, {:.1} times as long as the daemon",
            elapsed.as_secs_f64(),
            rate(mails, elapsed),
            elapsed.as_secs_f64() / through_tls.as_secs_f64()
        ),
        Err(reason) => println!("tls: the loop in Python was not measured: {reason}"),
    }
    Ok(())
}

/// How the mailbox is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Plaintext,
    Tls,
}

impl Line {
    fn security(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Tls => "tls",
        }
    }

    fn port(self, dovecot: &Dovecot) -> u16 {
        match self {
            Self::Plaintext => dovecot.imap_port(),
            Self::Tls => dovecot.imaps_port(),
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.security())
    }
}

/// The loop of `neighbour.py`, which prints how many rows it wrote and the seconds that it took.
fn neighbour(folder: &Path, dovecot: &Dovecot, ca_file: &Path, mails: usize) -> Result<Duration, Box<dyn Error>> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/neighbour.py");
    let mut command = Command::new(&python);
    command.arg(script).arg("localhost").arg(dovecot.imaps_port().to_string()).arg(ca_file).args([USER, PASSWORD]);
    let output = command.arg(folder.join("neighbour.db")).output().map_err(|error| format!("{python}: {error}"))?;
    let (text, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [stored, seconds] if stored.parse() == Ok(mails) => Ok(Duration::from_secs_f64(seconds.parse()?)),
        [stored, _] => Err(format!("it stored {stored} of {mails} mails").into()),
        _ => Err(complaint.lines().last().unwrap_or("it said nothing").to_owned().into()),
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]
fn rate(mails: usize, elapsed: Duration) -> f64 {
    mails as f64 / elapsed.as_secs_f64()
}

/// The least that any client must do: login, SELECT, one FETCH, and read the answer.
fn fetch_and_discard(line: Line, dovecot: &Dovecot, ca_file: &Path) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    let stream = TcpStream::connect(("127.0.0.1", line.port(dovecot)))?;
    match line {
        Line::Plaintext => discard(stream)?,
        Line::Tls => {
            let connection = ClientConnection::new(Trust::of_file(ca_file)?.client_config(), ServerName::try_from("localhost")?)?;
            discard(StreamOwned::new(connection, stream))?;
        }
    }
    Ok(started.elapsed())
}

fn discard(stream: impl Read + Write) -> Result<(), Box<dyn Error>> {
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line)?;
    for (tag, command) in
        [("a1", format!("LOGIN {USER} {PASSWORD}")), ("a2", "EXAMINE INBOX".to_owned()), ("a3", "UID FETCH 1:* (BODY.PEEK[])".to_owned())]
    {
        stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes())?;
        loop {
            line.clear();
            stream.read_until(b'\n', &mut line)?;
            if line.starts_with(tag.as_bytes()) {
                break;
            }
            if let Some(length) = literal(&line) {
                std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
            }
        }
        if !line.starts_with(format!("{tag} OK").as_bytes()) {
            return Err(String::from_utf8_lossy(&line).into_owned().into());
        }
    }
    Ok(())
}

/// The octets that follow a line which ends with `{n}`.
fn literal(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    text.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

struct Drained {
    elapsed: Duration,
    cpu: Duration,
    peak_bytes: usize,
    store_bytes: usize,
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// From the start of the process to the last committed verdict.
fn drain(folder: &Path, line: Line, dovecot: &Dovecot, ca_file: &Path, mails: usize) -> Result<Drained, Box<dyn Error>> {
    let password = folder.join("password");
    fs::write(&password, PASSWORD)?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
    let config = folder.join("uketsuke.toml");
    let store = folder.join("uketsuke.db");
    let text = format!(
        "[[accounts]]\nname = \"desk\"\nhost = \"localhost\"\nport = {}\nsecurity = \"{line}\"\nca-file = \"{}\"\nuser = \"{USER}\"\npassword = \"file:{}\"\n[store]\npath = \"{}\"\n[log]\nlevel = \"warn\"\n",
        line.port(dovecot),
        ca_file.display(),
        password.display(),
        store.display()
    );
    fs::write(&config, text)?;
    let started = Instant::now();
    let mut reading = None;
    let daemon = Daemon(Command::new(env!("CARGO_BIN_EXE_uketsuke")).arg("--config").arg(&config).arg("run").stdin(Stdio::null()).spawn()?);
    loop {
        // Opened once: reading the tables' definitions every time would take the daemon's processor away, too.
        if reading.is_none() {
            reading = open_for_reading(&store).ok();
        }
        let (stored, waiting) = reading.as_ref().and_then(|connection| progress(connection).ok()).unwrap_or((0, true));
        if usize::try_from(stored)? >= mails && !waiting {
            break;
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("of {mails} mails only {stored} were stored, and not all of these were judged").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let elapsed = started.elapsed();
    Ok(Drained {
        elapsed,
        cpu: cpu_time(daemon.0.id())?,
        peak_bytes: peak_memory(daemon.0.id())?,
        store_bytes: usize::try_from(fs::metadata(&store)?.len())?,
    })
}

/// The mails stored, and whether some of them wait for their verdict. Both are looked up in an index: a question that reads the table
/// would take the daemon's processor away while it is measured.
fn progress(connection: &rusqlite::Connection) -> rusqlite::Result<(i64, bool)> {
    connection.query_row(
        "SELECT (SELECT coalesce(max(id), 0) FROM submissions), EXISTS (SELECT 1 FROM submissions WHERE verdict IS NULL)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// User and system time of the process (proc(5), `stat`, fields 14 and 15, in ticks of 10 ms on every Linux that Rust runs on).
fn cpu_time(process: u32) -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("no name in stat")?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}

/// `VmHWM` of the process (proc(5)): its peak resident memory.
fn peak_memory(process: u32) -> Result<usize, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<usize>()? * 1024)
}
