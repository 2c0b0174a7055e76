//! `classify`: judges mails from files, without a store and without a network.
//!
//! Promises: the output is in the order of the input; memory is bounded by one group of mails, however large an mbox or a mail in it is;
//! an input that cannot be read is an error on stderr and exit code 1 after the rest is done.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::judgement::{Bodies, classified};
use super::mbox::{Mails, is_mbox};
use super::output::{Form, cell, json_line};
use super::{DEFAULT_CONFIG, Failure};
use crate::clock;
use crate::config;
use crate::desk::message::looks_like_mail;
use crate::desk::rules::{ReplyMode, Rules};
use crate::desk::standing::Standing;
use crate::desk::{self, Conclusion, Reading};
use crate::judges::{self, Extent, Mail, Timed};

#[derive(Debug, Args)]
pub struct Classify {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// With --json: also the originals' own texts, and what the forwarder wrote
    #[arg(long)]
    bodies: bool,
    /// No network at all (nothing is looked up today; kept for scripts)
    #[arg(long)]
    offline: bool,
    /// Files, mbox files, Maildirs, folders of these, or `-` for stdin
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// A group is judged on all cores, then printed.
const GROUP_MAILS: usize = 256;
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// A run longer than this tells how far it is, on a terminal.
const QUIET: Duration = Duration::from_secs(2);

pub fn classify(arguments: &Classify, config: Option<&Path>) -> Result<(), Failure> {
    let mut rules = rules(config)?;
    // What the rules alone would send to a first-time sender, whether the office has switched replies on or not.
    rules.gates.mode = ReplyMode::Send;
    let form = Form::of(arguments.json);
    let bodies = if arguments.bodies { Bodies::Shown } else { Bodies::Left };
    let mut desk = Desk { rules, form, bodies, group: Vec::new(), group_bytes: 0, done: 0, failed: 0, progress: Progress::new() };
    for path in &arguments.paths {
        desk.take(path)?;
    }
    desk.flush()?;
    desk.progress.clear();
    if desk.failed == 0 {
        Ok(())
    } else {
        Err(Failure::Failed(format!("{} input(s) could not be read; the others were judged", desk.failed)))
    }
}

/// The named configuration, or the one in /etc where there is one, or the shipped rules.
fn rules(config: Option<&Path>) -> Result<Rules, Failure> {
    let installed = Path::new(DEFAULT_CONFIG);
    match config {
        Some(path) => Ok(config::load_rules(path)?),
        None if installed.exists() => Ok(config::load_rules(installed)?),
        None => Ok(config::shipped_rules()?),
    }
}

/// A mail and the name it is shown under.
struct Named {
    path: String,
    bytes: Vec<u8>,
}

struct Desk {
    rules: Rules,
    form: Form,
    bodies: Bodies,
    group: Vec<Named>,
    group_bytes: usize,
    done: u64,
    failed: u64,
    progress: Progress,
}

impl Desk {
    /// Takes one input, whatever it is.
    fn take(&mut self, path: &Path) -> Result<(), Failure> {
        if path == Path::new("-") {
            return self.take_stream(path, BufReader::with_capacity(1 << 16, io::stdin().lock()));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.take_folder(path),
            Ok(_) => self.take_file(path),
            Err(error) => self.refuse(path, &error),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "one shape for all ways of taking")]
    fn refuse(&mut self, path: &Path, error: &io::Error) -> Result<(), Failure> {
        self.progress.clear();
        eprintln!("uketsuke: {} cannot be read: {error}", path.display());
        self.failed += 1;
        Ok(())
    }

    /// A Maildir is its `cur` and `new`; any other folder is what looks like mail below it, in the order of the names.
    fn take_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let entries = match fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>())
        {
            Ok(mut entries) => {
                entries.sort();
                entries
            }
            Err(error) => return self.refuse(folder, &error),
        };
        let is_maildir = folder.join("cur").is_dir() && folder.join("new").is_dir();
        for path in entries {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                if !(is_maildir && name == "tmp") {
                    self.take_folder(&path)?;
                }
            } else if is_mail_file(&path, folder) {
                self.take_file(&path)?;
            }
        }
        Ok(())
    }

    fn take_file(&mut self, path: &Path) -> Result<(), Failure> {
        match File::open(path) {
            Ok(file) => self.take_stream(path, BufReader::with_capacity(1 << 16, file)),
            Err(error) => self.refuse(path, &error),
        }
    }

    /// An mbox, or one mail. No more of a mail is kept than the limit allows: a larger one is judged by its header alone.
    fn take_stream(&mut self, path: &Path, mut stream: impl BufRead) -> Result<(), Failure> {
        match stream.fill_buf() {
            Ok(start) if is_mbox(start) => return self.take_mbox(path, stream),
            Ok(_) => {}
            Err(error) => return self.refuse(path, &error),
        }
        let most = u64::try_from(self.rules.limits.mail_bytes).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        match stream.take(most).read_to_end(&mut bytes) {
            Ok(_) => self.judge_later(path.display().to_string(), bytes),
            Err(error) => self.refuse(path, &error),
        }
    }

    fn take_mbox(&mut self, path: &Path, reader: impl BufRead) -> Result<(), Failure> {
        let name = path.display().to_string();
        for (index, mail) in Mails::new(reader, self.rules.limits.mail_bytes).enumerate() {
            match mail {
                Ok(mail) => self.judge_later(format!("{name}#{}", index + 1), mail)?,
                Err(error) => return self.refuse(path, &error),
            }
        }
        Ok(())
    }

    fn judge_later(&mut self, path: String, bytes: Vec<u8>) -> Result<(), Failure> {
        self.group_bytes += bytes.len();
        self.group.push(Named { path, bytes });
        if self.group.len() >= GROUP_MAILS || self.group_bytes >= GROUP_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let group = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        let mails: Vec<Mail<'_>> = group.iter().map(|named| Mail { bytes: &named.bytes, extent: Extent::Whole }).collect();
        let readings = judges::read_all(&mails, &self.rules, judges::threads(0));
        let now = clock::now();
        self.progress.clear();
        for (named, Timed { reading, elapsed }) in group.iter().zip(&readings) {
            let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
            let conclusion = desk::conclude(reading, &self.rules, &Standing::default(), now, now);
            match self.form {
                Form::Json => json_line(&classified(&named.path, reading, &conclusion, &self.rules, self.bodies, elapsed_us))?,
                Form::Text => text(&named.path, reading, &conclusion, &self.rules)?,
            }
        }
        self.done += u64::from(u32::try_from(group.len()).unwrap_or(u32::MAX));
        self.progress.show(self.done);
        Ok(())
    }
}

/// A file in a folder: by its name, or by how it begins.
fn is_mail_file(path: &Path, folder: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let in_maildir = folder.file_name().is_some_and(|name| name == "cur" || name == "new");
    if in_maildir || extension.as_deref().is_some_and(|extension| matches!(extension, "eml" | "mbox")) {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(8 * 1024).read_to_end(&mut start));
    extension.is_none() && read.is_ok() && (is_mbox(&start) || looks_like_mail(&start))
}

fn text(path: &str, reading: &Reading, conclusion: &Conclusion, rules: &Rules) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}  {}  返信 {}", cell(Some(path), 200), conclusion.verdict, conclusion.reply.word())?;
    for notice in &reading.notices.notices {
        writeln!(
            out,
            "    {}  星 {}  自己宣言ID {}  会社名 {}  氏名 {}  証拠 {}",
            notice.kind,
            notice.stars.map_or_else(|| "-".to_owned(), |stars| stars.to_string()),
            notice.well_formed_id(rules).unwrap_or("-"),
            cell(notice.addressee.company.as_deref(), 60),
            cell(notice.addressee.person.as_deref(), 40),
            notice.evidence,
        )?;
    }
    for finding in &conclusion.findings {
        writeln!(out, "    [{}] {}  {}", finding.class, finding.code, finding.text)?;
        if let Some(line) = &finding.line {
            writeln!(out, "        「{line}」")?;
        }
    }
    Ok(())
}

/// A line on stderr that is written over itself, on a terminal alone.
struct Progress {
    started: Instant,
    is_terminal: bool,
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { started: Instant::now(), is_terminal: io::stderr().is_terminal() && !io::stdout().is_terminal(), is_shown: false }
    }

    fn show(&mut self, done: u64) {
        if self.is_terminal && self.started.elapsed() > QUIET {
            eprint!("\r{done} mails judged in {} s", self.started.elapsed().as_secs());
            self.is_shown = true;
        }
    }

    fn clear(&mut self) {
        if self.is_shown {
            eprint!("\r\u{1b}[K");
            self.is_shown = false;
        }
    }
}
