//! The IMAP accounts and the SMTP server, from `[[accounts]]` and `[smtp]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use config::{Value, ValueKind};

use super::oauth2::{Owner, oauth2};
use super::reader::{Problems, Section};
use super::rules::{LimitsPart, array};
use super::secret::secret;
use crate::courier::{self, Deadlines, HelloName, Login, OnUnknown};
use crate::desk::words::Verdict;
use crate::mailbox::{self, FilingRules, LoginMethod};
use crate::token::{Credentials, Mechanism};
use crate::wire::{Security, Trust};

const SECURITY: &str = "\"tls\", \"starttls\" or \"plaintext\"";

/// Reads all `[[accounts]]`.
pub fn accounts(value: Option<Value>, limits: &LimitsPart, store: &Path, problems: &mut Problems) -> Vec<mailbox::Settings> {
    let mut accounts: Vec<mailbox::Settings> = Vec::new();
    let entries = array("accounts", value, problems);
    if entries.is_empty() {
        problems.push("accounts", None, "there is no mailbox to watch; add an [[accounts]] section with host, user and password");
    }
    for (index, entry) in entries.into_iter().enumerate() {
        let mut section = Section::new(format!("accounts[{index}]"), Some(entry), problems);
        if let Some(account) = account(&mut section, limits, store) {
            if accounts.iter().any(|other| other.account == account.account) {
                section.refuse("name", &account.account, "is the name of another account; every account needs its own");
            }
            accounts.push(account);
        }
        section.finish();
    }
    accounts
}

fn account(section: &mut Section<'_>, limits: &LimitsPart, store: &Path) -> Option<mailbox::Settings> {
    let name = section.required("name", "give the account a short name, as \"desk\"");
    let host = section.required("host", "write the name of the IMAP server");
    let security = section.take("security", Security::Tls, SECURITY);
    let port = port(
        section,
        match security {
            Security::Tls => 993,
            Security::StartTls | Security::Plaintext => 143,
        },
    );
    refuse_open_plaintext(section, &host, security);
    let trust = trust(section, security);
    let user = section.required("user", "write the user name of the mailbox");
    let credentials = credentials(section, Owner { account: &name, user: &user, store });
    let login = login(section, credentials.as_ref());
    let folder = section.text("folder", "INBOX");
    let filing = filing(section);
    let intervals = mailbox::Intervals {
        poll: seconds(section, "poll-seconds", 60, 5, 3_600),
        idle_refresh: seconds(section, "idle-refresh-seconds", 300, 30, 1_680),
        ..mailbox::Intervals::default()
    };
    let deadlines = mailbox::Deadlines { silence: seconds(section, "silence-seconds", 60, 2, 600), ..mailbox::Deadlines::default() };
    let sizes = mailbox::Limits {
        largest_mail: u64::try_from(limits.limits.mail_bytes).unwrap_or(u64::MAX),
        batch_bytes: limits.batch_bytes,
        batch_mails: limits.batch_mails,
        ..mailbox::Limits::default()
    };
    Some(mailbox::Settings {
        account: name,
        host,
        port,
        security,
        trust: trust?,
        user,
        credentials: credentials?,
        login,
        folder,
        filing,
        limits: sizes,
        intervals,
        deadlines,
        pauses: mailbox::Pauses::default(),
    })
}

/// A password, or the tokens of `[accounts.oauth2]` where it stands.
fn credentials(section: &mut Section<'_>, owner: Owner<'_>) -> Option<Credentials> {
    let Some(table) = section.raw("oauth2") else {
        return secret(section, "password", "credential:imap-password").map(Credentials::Password);
    };
    if section.raw("password").is_some() {
        let key = section.key("password");
        section.problems.push(key, None, "is not used beside [accounts.oauth2]; remove one of them");
    }
    let path = section.key("oauth2");
    oauth2(path, table, owner, section.problems).map(|tokens| Credentials::Token(Arc::new(tokens)))
}

fn login(section: &mut Section<'_>, credentials: Option<&Credentials>) -> LoginMethod {
    let login = section.text("login", "auto");
    let method = match login.as_str() {
        "auto" => Some(LoginMethod::Auto),
        "plain" => Some(LoginMethod::Plain),
        "login" => Some(LoginMethod::Login),
        "xoauth2" => Some(LoginMethod::Token(Mechanism::Xoauth2)),
        "oauthbearer" => Some(LoginMethod::Token(Mechanism::OauthBearer)),
        _ => None,
    };
    let fits = match (method, credentials) {
        (Some(LoginMethod::Plain | LoginMethod::Login), Some(Credentials::Token(_))) => false,
        (Some(LoginMethod::Token(_)), Some(Credentials::Password(_))) => false,
        (method, _) => method.is_some(),
    };
    if !fits {
        let remedy = "must be \"auto\"; with a password also \"plain\" or \"login\", with [accounts.oauth2] \"xoauth2\" or \"oauthbearer\"";
        section.refuse("login", &login, remedy);
    }
    method.unwrap_or_default()
}

/// 0, or nothing at all, is the usual port of the protection.
fn port(section: &mut Section<'_>, usual: u16) -> u16 {
    match u16::try_from(section.number("port", 0, 0..=65_535, "port; 0 = the usual one")) {
        Ok(0) | Err(_) => usual,
        Ok(port) => port,
    }
}

fn seconds(section: &mut Section<'_>, name: &'static str, default: u64, least: u64, most: u64) -> Duration {
    Duration::from_secs(section.number(name, default, least..=most, "seconds"))
}

/// Said here as early as possible; the connection itself refuses it again, by the address that the name resolves to.
fn refuse_open_plaintext(section: &mut Section<'_>, host: &str, security: Security) {
    let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if security == Security::Plaintext && !is_loopback && !host.is_empty() {
        section.refuse(
            "security",
            "plaintext",
            format!("would send the password unencrypted to {host}; use \"tls\" or \"starttls\" (plaintext is for localhost only)"),
        );
    }
}

fn trust(section: &mut Section<'_>, security: Security) -> Option<Trust> {
    let file = section.text("ca-file", "");
    if file.is_empty() && security == Security::Plaintext {
        return Some(Trust::nobody());
    }
    let found = if file.is_empty() { Trust::system() } else { Trust::of_file(Path::new(&file)) };
    match found {
        Ok(trust) => Some(trust),
        Err(error) => {
            section.refuse("ca-file", &file, error.to_string());
            None
        }
    }
}

fn filing(section: &mut Section<'_>) -> FilingRules {
    let filing = section.text("filing", "none");
    let targets = targets(section);
    if targets.is_empty() && filing != "none" {
        section.refuse("filing", &filing, "needs [accounts.targets] with a name for at least one verdict");
    }
    match filing.as_str() {
        "none" => FilingRules::None,
        "keyword" => FilingRules::Keywords(targets),
        "move" => FilingRules::Folders(targets),
        other => {
            section.refuse("filing", other, "must be \"none\", \"keyword\" or \"move\"");
            FilingRules::None
        }
    }
}

fn targets(section: &mut Section<'_>) -> BTreeMap<String, String> {
    let Some(value) = section.raw("targets") else { return BTreeMap::new() };
    let ValueKind::Table(table) = value.kind else {
        section.refuse("targets", "…", "must be a table: write the verdicts below [accounts.targets]");
        return BTreeMap::new();
    };
    let mut targets = BTreeMap::new();
    for (verdict, target) in table {
        if Verdict::of_word(&verdict).is_none() {
            let known: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
            section.refuse("targets", &verdict, format!("is no verdict; use {}", known.join(", ")));
            continue;
        }
        match target.into_string() {
            Ok(target) if !target.trim().is_empty() => {
                targets.insert(verdict, target);
            }
            _ => section.refuse("targets", &verdict, "needs the name of a keyword or a folder in quotes"),
        }
    }
    targets
}

/// What `[smtp]` says.
pub struct SmtpPart {
    /// None where no server is configured.
    pub settings: Option<courier::Settings>,
    /// None is the null path.
    pub envelope_from: Option<String>,
}

/// A password, or the tokens of an account: one application has the right to both.
fn smtp_login(section: &mut Section<'_>, user: &str, accounts: &[mailbox::Settings]) -> Option<Login> {
    let lender = section.text("tokens-of", "");
    if lender.is_empty() {
        let password = secret(section, "password", "credential:smtp-password")?;
        return Some(Login { user: user.to_owned(), credentials: Credentials::Password(password) });
    }
    section.raw("password");
    match accounts.iter().find(|account| account.account == lender).map(|account| &account.credentials) {
        Some(Credentials::Token(tokens)) => Some(Login { user: user.to_owned(), credentials: Credentials::Token(Arc::clone(tokens)) }),
        _ => {
            section.refuse("tokens-of", &lender, "must be the name of an account that has [accounts.oauth2]");
            None
        }
    }
}

fn no_login(section: &mut Section<'_>) -> Option<Login> {
    section.raw("password");
    let lender = section.text("tokens-of", "");
    if !lender.is_empty() {
        section.refuse("tokens-of", &lender, "needs `user` beside it: the mailbox's user, as the account has it; and `host`");
    }
    None
}

/// Reads `[smtp]`.
pub fn smtp(value: Option<Value>, accounts: &[mailbox::Settings], problems: &mut Problems) -> SmtpPart {
    let mut section = Section::new("smtp", value, problems);
    let host = section.text("host", "");
    let security = section.take("security", Security::Tls, SECURITY);
    let port = port(
        &mut section,
        match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Plaintext => 25,
        },
    );
    refuse_open_plaintext(&mut section, &host, security);
    let user = section.text("user", "");
    let is_used = !host.is_empty();
    let trust = if is_used { trust(&mut section, security) } else { section.raw("ca-file").and(None) };
    let login = if is_used && !user.is_empty() { smtp_login(&mut section, &user, accounts) } else { no_login(&mut section) };
    let hello = section.text("hello", "localhost");
    let hello = HelloName::parse(&hello).map_err(|error| section.refuse("hello", &hello, error.to_string())).ok();
    let envelope_from = section.text("envelope-from", "");
    let envelope_from = Some(envelope_from.trim().trim_matches(['<', '>']).to_owned()).filter(|address| !address.is_empty());
    if let Some(address) = &envelope_from
        && !crate::desk::gate::is_deliverable(address)
    {
        section.refuse("envelope-from", address, "is not an address; leave it empty for the null path <>");
    }
    let letters_per_minute = u32::try_from(section.number("letters-per-minute", 30, 1..=6_000, "letters")).unwrap_or(30);
    let on_unknown = section.take("on-unknown", OnUnknown::Hold, "\"hold\" or \"resend\"");
    let deadlines = Deadlines {
        connect: seconds(&mut section, "connect-seconds", 15, 1, 600),
        command: seconds(&mut section, "command-seconds", 60, 1, 600),
        final_dot: seconds(&mut section, "final-dot-seconds", 600, 1, 3_600),
        ..Deadlines::default()
    };
    let give_up_after = Duration::from_hours(section.number("give-up-hours", 24, 1..=240, "hours"));
    let rhythm = courier::Rhythm { give_up_after, ..courier::Rhythm::default() };
    let is_login_missing = is_used && !user.is_empty() && login.is_none();
    section.finish();
    let settings = match (is_used && !is_login_missing, trust, hello) {
        (true, Some(trust), Some(hello)) => Some(courier::Settings {
            name: host.clone(),
            host,
            port,
            security,
            trust,
            login,
            hello,
            deadlines,
            letters_per_minute,
            on_unknown,
            rhythm,
        }),
        _ => None,
    };
    SmtpPart { settings, envelope_from }
}
