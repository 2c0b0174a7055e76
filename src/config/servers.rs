//! The IMAP accounts, from `[[accounts]]`, and what they share with the SMTP servers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use config::{Value, ValueKind};

use super::oauth2::{Owner, oauth2};
use super::reader::{Problems, Section};
use super::rules::{LimitsPart, array};
use super::secret::secret;
use crate::desk::words::Verdict;
use crate::mailbox::{self, FilingRules, LoginMethod};
use crate::token::{Credentials, Mechanism};
use crate::wire::{NoProxy, Proxy, Security, Trust};

pub const SECURITY: &str = "\"tls\", \"starttls\" or \"plaintext\"";

/// What one `[[accounts]]` says.
pub struct AccountPart {
    pub settings: mailbox::Settings,
    /// The table `[accounts.smtp]`, not read yet: it may borrow the tokens of any account.
    pub smtp: Option<Value>,
    /// Address in From of letters to those who wrote to this account; empty where nothing is said.
    pub from: String,
    /// Whether they get letters at all.
    pub answers: bool,
}

/// What letters need to know of an account.
pub struct Mailbox {
    pub account: String,
    pub user: String,
    /// Empty where nothing is said.
    pub from: String,
    pub answers: bool,
}

impl AccountPart {
    pub fn mailbox(&self) -> Mailbox {
        let Self { settings, from, answers, smtp: _ } = self;
        Mailbox { account: settings.account.clone(), user: settings.user.clone(), from: from.clone(), answers: *answers }
    }
}

/// Reads of all `[[accounts]]` only what letters need; what is wrong with them is `check`'s to say.
pub fn mailboxes(value: Option<Value>) -> Vec<Mailbox> {
    let mut unsaid = Problems::default();
    let mut mailboxes = Vec::new();
    for entry in array("accounts", value, &mut unsaid) {
        let mut unsaid = Problems::default();
        let mut section = Section::new("accounts", Some(entry), &mut unsaid);
        mailboxes.push(Mailbox {
            account: section.text("name", ""),
            user: section.text("user", ""),
            from: section.text("from", ""),
            answers: answers(&mut section),
        });
    }
    mailboxes
}

/// Reads all `[[accounts]]`.
pub fn accounts(value: Option<Value>, limits: &LimitsPart, store: &Path, problems: &mut Problems) -> Vec<AccountPart> {
    let mut accounts: Vec<AccountPart> = Vec::new();
    let entries = array("accounts", value, problems);
    if entries.is_empty() {
        problems.push("accounts", None, "there is no mailbox to watch; add an [[accounts]] section with host, user and password");
    }
    for (index, entry) in entries.into_iter().enumerate() {
        let mut section = Section::new(format!("accounts[{index}]"), Some(entry), problems);
        let smtp = section.raw("smtp");
        let from = address(&mut section, "from");
        let answers = answers(&mut section);
        if let Some(settings) = account(&mut section, limits, store) {
            if accounts.iter().any(|other| other.settings.account == settings.account) {
                section.refuse("name", &settings.account, "is the name of another account; every account needs its own");
            }
            accounts.push(AccountPart { settings, smtp, from, answers });
        }
        section.finish();
    }
    accounts
}

fn answers(section: &mut Section<'_>) -> bool {
    section.take("answers", true, "must be true or false")
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
    let proxy = proxy(section, security);
    let user = section.required("user", "write the user name of the mailbox");
    let credentials = credentials(section, Owner { account: &name, user: &user, store, proxy: proxy.as_ref() });
    let login = login(section, credentials.as_ref());
    let folder = section.text("folder", "INBOX");
    let filing = filing(section);
    let sent_folder = Some(section.text("sent-folder", "")).filter(|folder| !folder.is_empty());
    let is_inbox = |name: &str| name.eq_ignore_ascii_case("INBOX");
    if sent_folder.as_ref().is_some_and(|sent| *sent == folder || is_inbox(sent) && is_inbox(&folder)) {
        section.refuse("sent-folder", &folder, "is the watched folder itself; write another one, as \"Sent\"");
    }
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
        proxy,
        user,
        credentials: credentials?,
        login,
        folder,
        filing,
        sent_folder,
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

/// An address that letters can be sent to, or nothing.
pub fn address(section: &mut Section<'_>, name: &'static str) -> String {
    let text = section.text(name, "");
    let address = text.trim();
    if !address.is_empty() && !crate::desk::gate::is_deliverable(address) {
        section.refuse(name, address, "is not an address that mail can be sent to");
    }
    address.to_owned()
}

/// 0, or nothing at all, is the usual port of the protection.
pub fn port(section: &mut Section<'_>, usual: u16) -> u16 {
    match u16::try_from(section.number("port", 0, 0..=65_535, "port; 0 = the usual one")) {
        Ok(0) | Err(_) => usual,
        Ok(port) => port,
    }
}

/// The way out where an office has only one.
pub fn proxy(section: &mut Section<'_>, security: Security) -> Option<Proxy> {
    let text = section.text("proxy", "");
    if text.is_empty() {
        return None;
    }
    if security == Security::Plaintext {
        section.refuse("proxy", &text, "is not used with security = \"plaintext\", which never leaves this machine; remove one of them");
    }
    // A password in it is not repeated.
    let shown = if text.contains('@') { "…" } else { text.as_str() };
    text.parse().map_err(|error: NoProxy| section.refuse("proxy", shown, error.to_string())).ok()
}

pub fn seconds(section: &mut Section<'_>, name: &'static str, default: u64, least: u64, most: u64) -> Duration {
    Duration::from_secs(section.number(name, default, least..=most, "seconds"))
}

/// Said here as early as possible; the connection itself refuses it again, by the address that the name resolves to.
pub fn refuse_open_plaintext(section: &mut Section<'_>, host: &str, security: Security) {
    let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if security == Security::Plaintext && !is_loopback && !host.is_empty() {
        section.refuse(
            "security",
            "plaintext",
            format!("would send the password unencrypted to {host}; use \"tls\" or \"starttls\" (plaintext is for localhost only)"),
        );
    }
}

pub fn trust(section: &mut Section<'_>, security: Security) -> Option<Trust> {
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
