//! The SMTP servers, from `[smtp]` and every `[accounts.smtp]`.

use std::sync::Arc;
use std::time::Duration;

use config::Value;

use super::reader::{Problems, Section};
use super::secret::secret;
use super::servers::{AccountPart, SECURITY, port, proxy, refuse_open_plaintext, seconds, trust};
use crate::courier::{self, Deadlines, Hello, HelloName, Login, OnUnknown};
use crate::token::Credentials;
use crate::wire::Security;

/// A server that letters go out by.
#[derive(Debug, Clone)]
pub struct Relay {
    /// The account whose letters it takes; none: those of every account without a server of its own.
    pub account: Option<String>,
    pub settings: courier::Settings,
    /// None is the null path.
    pub envelope_from: Option<String>,
}

impl Relay {
    /// Names the relay in rows: the account, or nothing.
    #[must_use]
    pub fn key(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }
}

/// The relay for an account: its own, or the office's.
pub fn of_account<'r>(relays: &'r [Relay], account: &str) -> Option<&'r Relay> {
    let of = |account: Option<&str>| relays.iter().find(|relay| relay.account.as_deref() == account);
    of(Some(account)).or_else(|| of(None))
}

/// Reads `[smtp]`, then every `[accounts.smtp]`.
pub fn relays(value: Option<Value>, accounts: &mut [AccountPart], problems: &mut Problems) -> Vec<Relay> {
    let lenders: Vec<Lender> = accounts.iter().map(|part| (part.settings.account.clone(), part.settings.credentials.clone())).collect();
    let mut relays: Vec<Relay> = relay(Section::new("smtp", value, problems), None, &lenders).into_iter().collect();
    for (index, part) in accounts.iter_mut().enumerate() {
        let Some(table) = part.smtp.take() else { continue };
        let section = Section::new(format!("accounts[{index}].smtp"), Some(table), problems);
        relays.extend(relay(section, Some(part.settings.account.clone()), &lenders));
    }
    relays
}

/// An account that may lend its tokens.
type Lender = (String, Credentials);

/// A password, or the tokens of an account: one application has the right to both.
fn login(section: &mut Section<'_>, user: &str, lenders: &[Lender]) -> Option<Login> {
    let lender = section.text("tokens-of", "");
    if lender.is_empty() {
        let password = secret(section, "password", "credential:smtp-password")?;
        return Some(Login { user: user.to_owned(), credentials: Credentials::Password(password) });
    }
    section.raw("password");
    match lenders.iter().find(|(account, _)| *account == lender).map(|(_, credentials)| credentials) {
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

/// Reads one server; none where no host is given.
fn relay(mut section: Section<'_>, account: Option<String>, lenders: &[Lender]) -> Option<Relay> {
    let host = match account {
        Some(_) => section.required("host", "write the name of the SMTP server, or leave [accounts.smtp] out"),
        None => section.text("host", ""),
    };
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
    let proxy = proxy(&mut section, security);
    let user = section.text("user", "");
    let is_used = !host.is_empty();
    let trust = if is_used { trust(&mut section, security) } else { section.raw("ca-file").and(None) };
    let login = if is_used && !user.is_empty() { login(&mut section, &user, lenders) } else { no_login(&mut section) };
    let hello = hello(&mut section);
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
    if !is_used || is_login_missing {
        return None;
    }
    let (trust, hello) = (trust?, hello?);
    let name = host.clone();
    let settings =
        courier::Settings { name, host, port, security, trust, proxy, login, hello, deadlines, letters_per_minute, on_unknown, rhythm };
    Some(Relay { account, settings, envelope_from })
}

/// An empty name is this machine's own, or the connection's address where the machine has none (RFC 5321 section 4.1.3).
fn hello(section: &mut Section<'_>) -> Option<Hello> {
    let name = section.text("hello", "");
    if name.is_empty() {
        return Some(Hello::OfMachine);
    }
    HelloName::parse(&name).map(Hello::Named).map_err(|error| section.refuse("hello", &name, error.to_string())).ok()
}
