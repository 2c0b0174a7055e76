//! From the operator's TOML file to values that can be used as they are.
//!
//! The shipped `config/uketsuke.toml` is the lowest layer: what it says is the default, so no default stands twice. Every
//! problem is found in one reading, each with its key, its value and the remedy.

mod moment;
mod oauth2;
mod reader;
mod relays;
mod rules;
mod secret;
mod servers;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::config::{Config, File, FileFormat, Value};
use jiff::tz::TimeZone;

pub use self::reader::Problem;
use self::reader::Problems;
pub use self::relays::Relay;
pub use self::rules::Start;
use self::servers::{AccountPart, Mailbox};
use crate::desk::letter::Sender;
use crate::desk::rules::{ReplyMode, Rules};
use crate::desk::template::Templates;
use crate::desk::text::address::postal;
use crate::desk::words::ReplyKind;
use crate::fingerprint::sha256;
use crate::mailbox;

/// The shipped configuration: every key with its default.
pub const SHIPPED: &str = include_str!("../../config/uketsuke.toml");

/// The built-in letters.
const SHIPPED_TEMPLATES: [(ReplyKind, &str); 3] = [
    (ReplyKind::Missing, include_str!("../../config/templates/missing.txt")),
    (ReplyKind::WrongType, include_str!("../../config/templates/wrong_type.txt")),
    (ReplyKind::Accepted, include_str!("../../config/templates/accepted.txt")),
];

/// Everything that the daemon needs.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub accounts: Vec<mailbox::Settings>,
    /// The servers that letters go out by; none where no server is configured: then letters wait.
    pub relays: Vec<Relay>,
    pub judging: Judging,
    pub store: PathBuf,
    /// 0 = one a core.
    pub judging_threads: usize,
    pub grace: Duration,
    pub log_level: String,
}

impl Configuration {
    /// The server for letters to those who wrote to this account.
    #[must_use]
    pub fn relay(&self, account: &str) -> Option<&Relay> {
        relays::of_account(&self.relays, account)
    }
}

/// The part that a reload replaces: rules and letters.
#[derive(Debug, Clone)]
pub struct Judging {
    pub rules: Rules,
    pub templates: Templates,
    pub senders: Senders,
    pub office: Office,
    pub start: Start,
    /// Accounts whose mails are judged and never answered.
    pub silent_accounts: Vec<String>,
    /// Names the rules that a verdict was reached under: the same rules, the same name.
    pub version: String,
}

impl Judging {
    /// In whose name letters to those who wrote to this account are sent.
    #[must_use]
    pub fn sender(&self, account: &str) -> &Sender {
        self.senders.by_account.iter().find(|(name, _)| name == account).map_or(&self.senders.office, |(_, sender)| sender)
    }
}

/// In whose name letters are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senders {
    /// Where nothing else is said.
    pub office: Sender,
    pub by_account: Vec<(String, Sender)>,
}

/// What letters and tables say about the office.
#[derive(Debug, Clone)]
pub struct Office {
    pub name: String,
    pub contact: Option<String>,
    pub zone: TimeZone,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration {} cannot be read: {source}; name another file with --config, or create it from the shipped uketsuke.toml", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the configuration {} is not valid TOML: {reason}", path.display())]
    Syntax { path: PathBuf, reason: String },
    #[error("the configuration {} has {} problem(s):\n{}", path.display(), problems.len(), listed(problems))]
    Problems { path: PathBuf, problems: Vec<Problem> },
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  - {problem}")).collect::<Vec<_>>().join("\n")
}

/// The tables that a file may have.
const SECTIONS: [&str; 8] = ["accounts", "smtp", "reply", "programme", "notices", "store", "limits", "log"];

/// Reads a configuration for the daemon: accounts, secrets and all.
///
/// # Errors
/// [`ConfigError`] with every problem at once.
pub fn load(path: &Path) -> Result<Configuration, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    parse(&text, path)
}

/// Reads only what judging needs: for `classify`, which needs neither accounts nor secrets.
///
/// # Errors
/// [`ConfigError`] with every problem of the sections that are read, and every unknown section.
pub fn load_rules(path: &Path) -> Result<Rules, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    let mut problems = Problems::default();
    let mut tables = layered(&text, path, &mut problems)?;
    let rules = rules_of(&mut tables, &mut problems).map(|parts| parts.rules);
    finished(rules, problems, path)
}

/// What looking at the store needs: no accounts, no secrets, so that an operator without them can look.
#[derive(Debug, Clone)]
pub struct Viewing {
    pub store: PathBuf,
    pub zone: TimeZone,
    pub rules: Rules,
    /// What is wrong with the file; looking works all the same, since that is when an operator looks.
    pub problems: Vec<Problem>,
}

/// Reads only what looking at the store needs.
///
/// # Errors
/// [`ConfigError`] when the file cannot be read or is no TOML, or when it does not say where the store is.
pub fn load_viewing(path: &Path) -> Result<Viewing, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    let mut problems = Problems::default();
    let mut tables = layered(&text, path, &mut problems)?;
    let mut of_store = Problems::default();
    let store = store(tables.remove("store"), &mut of_store);
    if !of_store.is_empty() {
        return finished(None, of_store, path);
    }
    let read = rules_of(&mut tables, &mut problems).map(|parts| (parts.zone, parts.rules));
    let (zone, rules) = match read {
        Some(read) => read,
        None => (TimeZone::UTC, shipped_rules()?),
    };
    Ok(Viewing { store, zone, rules, problems: problems.into_vec() })
}

/// Reads what writing a letter needs: no secrets, so that whoever mends a template can read the letter.
///
/// # Errors
/// [`ConfigError`] with every problem of the rules and the letters.
pub fn load_letters(path: &Path) -> Result<Judging, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    let mut problems = Problems::default();
    let mut tables = layered(&text, path, &mut problems)?;
    let boxes = servers::mailboxes(tables.remove("accounts"));
    let letters = rules_of(&mut tables, &mut problems).and_then(|parts| judging(parts, &boxes, &mut problems));
    finished(letters, problems, path)
}

/// The rules of the shipped configuration.
///
/// # Errors
/// Never, unless the shipped file was changed without running the tests.
pub fn shipped_rules() -> Result<Rules, ConfigError> {
    let path = Path::new("(shipped)");
    let mut problems = Problems::default();
    let mut tables = layered("", path, &mut problems)?;
    let rules = rules_of(&mut tables, &mut problems).map(|parts| parts.rules);
    finished(rules, problems, path)
}

fn finished<T>(value: Option<T>, problems: Problems, path: &Path) -> Result<T, ConfigError> {
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(ConfigError::Problems { path: path.to_path_buf(), problems: problems.into_vec() }),
    }
}

/// The operator's file over the shipped one, table by table.
fn layered(text: &str, path: &Path, problems: &mut Problems) -> Result<HashMap<String, Value>, ConfigError> {
    let syntax = |error: ::config::ConfigError| ConfigError::Syntax { path: path.to_path_buf(), reason: error.to_string() };
    let own = Config::builder().add_source(File::from_str(text, FileFormat::Toml)).build().map_err(syntax)?;
    let own: HashMap<String, Value> = own.try_deserialize().map_err(syntax)?;
    for name in own.keys().filter(|name| !SECTIONS.contains(&name.as_str())) {
        let hint = reader::nearest(name, &SECTIONS)
            .map_or_else(|| format!("known are {}", SECTIONS.join(", ")), |known| format!("did you mean [{known}]?"));
        problems.push(name.clone(), None, format!("is not a section of uketsuke; {hint}"));
    }
    let both = Config::builder().add_source(File::from_str(SHIPPED, FileFormat::Toml)).add_source(File::from_str(text, FileFormat::Toml));
    both.build().and_then(Config::try_deserialize).map_err(syntax)
}

struct RulesParts {
    rules: Rules,
    reply: ReplyParts,
    zone: TimeZone,
    limits: rules::LimitsPart,
}

struct ReplyParts {
    start: Start,
    office: String,
    from: String,
    reply_to: Option<String>,
    contact: Option<String>,
    templates: String,
}

fn rules_of(tables: &mut HashMap<String, Value>, problems: &mut Problems) -> Option<RulesParts> {
    let mut programme = rules::programme(tables.remove("programme"), problems);
    let zone = std::mem::replace(&mut programme.zone, TimeZone::UTC);
    let kinds = rules::notices(tables.remove("notices"), problems);
    let reply = rules::reply(tables.remove("reply"), problems);
    let limits = rules::limits(tables.remove("limits"), problems);
    let parts = ReplyParts {
        start: reply.start,
        office: reply.office,
        from: reply.from,
        reply_to: reply.reply_to,
        contact: reply.contact,
        templates: reply.templates,
    };
    let rules = rules::assembled(programme, kinds, reply.gates, limits.limits, problems)?;
    Some(RulesParts { rules, reply: parts, zone, limits })
}

fn parse(text: &str, path: &Path) -> Result<Configuration, ConfigError> {
    let mut problems = Problems::default();
    let mut tables = layered(text, path, &mut problems)?;
    let parts = rules_of(&mut tables, &mut problems);
    let spare = rules::limits(None, &mut Problems::default());
    let store = store(tables.remove("store"), &mut problems);
    let limits = parts.as_ref().map_or(&spare, |parts| &parts.limits);
    let mut accounts = servers::accounts(tables.remove("accounts"), limits, &store, &mut problems);
    let relays = relays::relays(tables.remove("smtp"), &mut accounts, &mut problems);
    let log_level = log(tables.remove("log"), &mut problems);
    let configuration = parts.and_then(|parts| assembled(parts, accounts, relays, store, log_level, &mut problems));
    finished(configuration, problems, path)
}

fn assembled(
    parts: RulesParts,
    accounts: Vec<AccountPart>,
    relays: Vec<Relay>,
    store: PathBuf,
    log_level: String,
    problems: &mut Problems,
) -> Option<Configuration> {
    let (judging_threads, grace) = (parts.limits.judging_threads, parts.limits.grace);
    let is_unsent = |part: &AccountPart| part.answers && relays::of_account(&relays, &part.settings.account).is_none();
    if parts.rules.gates.mode == ReplyMode::Send && accounts.iter().any(is_unsent) {
        problems.push(
            "smtp.host",
            None,
            "is needed where reply.mode = \"send\"; write the name of the SMTP server, or use mode = \"hold\"",
        );
    }
    let boxes: Vec<Mailbox> = accounts.iter().map(AccountPart::mailbox).collect();
    let judging = judging(parts, &boxes, problems)?;
    Some(Configuration {
        accounts: accounts.into_iter().map(|part| part.settings).collect(),
        relays,
        judging,
        store,
        judging_threads,
        grace,
        log_level,
    })
}

/// The rules, the letters and in whose name they are sent.
fn judging(parts: RulesParts, boxes: &[Mailbox], problems: &mut Problems) -> Option<Judging> {
    let RulesParts { mut rules, reply, zone, limits: _ } = parts;
    let senders = senders(&reply, boxes);
    // Without any usable account the address is unknown only because of a problem that is named already.
    let is_unknown = reply.from.is_empty() && boxes.is_empty();
    let addresses = || senders.by_account.iter().map(|(_, sender)| sender).chain([&senders.office]).map(|sender| &sender.address);
    if rules.gates.mode != ReplyMode::Off
        && !is_unknown
        && let Some(address) = addresses().find(|address| !crate::desk::gate::is_deliverable(address))
    {
        problems.push(
            "reply.from",
            Some(format!("\"{address}\"")),
            "is not an address that applicants can see as the sender; write the office's address",
        );
    }
    let users = boxes.iter().map(|mailbox| &mailbox.user).filter(|user| user.contains('@'));
    for own in &mut rules.gates.own_addresses {
        *own = postal(own).unwrap_or_else(|| own.clone());
    }
    for address in addresses().chain(users).map(|address| postal(address).unwrap_or_else(|| address.clone())) {
        if !address.is_empty() && !rules.gates.own_addresses.contains(&address) {
            rules.gates.own_addresses.push(address);
        }
    }
    let templates = templates(&reply.templates, problems)?;
    let version = version(&rules);
    let office = Office { name: reply.office, contact: reply.contact, zone };
    let silent_accounts = boxes.iter().filter(|mailbox| !mailbox.answers).map(|mailbox| mailbox.account.clone()).collect();
    Some(Judging { rules, templates, senders, office, start: reply.start, silent_accounts, version })
}

/// The address of a letter is, in this order: the account's `from`, `reply.from`, the account's `user` where it is an address, the first
/// account's `user`.
fn senders(reply: &ReplyParts, boxes: &[Mailbox]) -> Senders {
    let named = |address: &str| Sender { name: reply.office.clone(), address: address.to_owned(), reply_to: reply.reply_to.clone() };
    let first = boxes.first().map(|mailbox| mailbox.user.as_str()).unwrap_or_default();
    let office = if reply.from.is_empty() { first } else { &reply.from };
    let by_account = boxes.iter().map(|mailbox| {
        let own = [&mailbox.from, &reply.from, &mailbox.user].into_iter().find(|address| crate::desk::gate::is_deliverable(address));
        (mailbox.account.clone(), named(own.map_or(office, String::as_str)))
    });
    Senders { by_account: by_account.collect(), office: named(office) }
}

impl Office {
    /// A point in time (UTC seconds) as readers write it, in the office's time zone: `2026年11月23日 10:15`.
    #[must_use]
    pub fn shown(&self, seconds: i64) -> String {
        jiff::Timestamp::from_second(seconds)
            .map(|timestamp| timestamp.to_zoned(self.zone.clone()).strftime("%Y年%-m月%-d日 %H:%M").to_string())
            .unwrap_or_default()
    }
}

/// A short fingerprint of the rules, with the program's version.
fn version(rules: &Rules) -> String {
    let digest = sha256(&[format!("{rules:?}").as_bytes()]);
    let short: String = digest.chars().take(12).collect();
    format!("{}-{short}", env!("CARGO_PKG_VERSION"))
}

/// The letters of the operator's folder, or the built-in ones; each is rendered once.
fn templates(folder: &str, problems: &mut Problems) -> Option<Templates> {
    let mut texts = Vec::new();
    for (kind, shipped) in SHIPPED_TEMPLATES {
        if folder.is_empty() {
            texts.push((kind, shipped.to_owned()));
            continue;
        }
        let path = Path::new(folder).join(format!("{}.txt", kind.word()));
        match fs::read_to_string(&path) {
            Ok(text) => texts.push((kind, text)),
            Err(error) => {
                let sentence =
                    format!("the letter {} cannot be read ({error}); copy the shipped one there, or set templates = \"\"", path.display());
                problems.push("reply.templates", Some(format!("\"{folder}\"")), sentence);
            }
        }
    }
    match Templates::compile(texts) {
        Ok(templates) => Some(templates),
        Err(found) => {
            for problem in found {
                let place = if folder.is_empty() { "(built-in)".to_owned() } else { format!("\"{folder}\"") };
                problems.push("reply.templates", Some(place), format!("{}.txt cannot be used: {}", problem.kind.word(), problem.problem));
            }
            None
        }
    }
}

fn store(value: Option<Value>, problems: &mut Problems) -> PathBuf {
    let mut section = reader::Section::new("store", value, problems);
    let path = section.required("path", "write the path of the SQLite file");
    section.finish();
    PathBuf::from(path)
}

fn log(value: Option<Value>, problems: &mut Problems) -> String {
    let mut section = reader::Section::new("log", value, problems);
    let level = section.text("level", "info");
    if !matches!(level.as_str(), "error" | "warn" | "info" | "debug" | "trace") {
        section.refuse("level", &level, "must be \"error\", \"warn\", \"info\", \"debug\" or \"trace\"");
    }
    section.finish();
    level
}

#[cfg(test)]
mod tests;
