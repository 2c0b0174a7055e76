//! Everything that the courier must be told about one SMTP server.
//!
//! Promises: a value of these types can be used as it is; whatever may be wrong with a setting was refused when it was made.
//! Rejected: reading the configuration file from here; the same courier serves `run`, `check` and the tests.

use std::net::IpAddr;
use std::time::Duration;

use crate::token::Credentials;
use crate::wire::{Proxy, Security, Trust};

/// One SMTP server, how to speak to it, and how patiently.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's name for this server, as status and logs show it.
    pub name: String,
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub trust: Trust,
    pub proxy: Option<Proxy>,
    /// None where the server lets us send by our address alone.
    pub login: Option<Login>,
    pub hello: Hello,
    pub deadlines: Deadlines,
    /// The most letters handed over in any 60 seconds; 0 counts as 1.
    pub letters_per_minute: u32,
    pub on_unknown: OnUnknown,
    pub rhythm: Rhythm,
}

/// Who logs in, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub credentials: Credentials,
}

/// What becomes of a letter that was sent whole and never answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// An operator decides: the applicant may have the letter already.
    Hold,
    /// The same bytes with the same Message-ID go out again; the applicant may get the letter twice.
    Resend,
}

/// How long each wait may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name, TCP and, counted anew, the TLS handshake.
    pub connect: Duration,
    /// The greeting and every command up to DATA, and the writing of the letter.
    pub command: Duration,
    /// The answer to the final dot. RFC 5321 section 4.5.3.2.6 asks for ten minutes: a short wait here makes duplicates (RFC 1047).
    pub final_dot: Duration,
    /// What is left of the wait for the final answer once the daemon was told to stop.
    pub stopping: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            command: Duration::from_mins(1),
            final_dot: Duration::from_mins(10),
            stopping: Duration::from_secs(20),
        }
    }
}

/// When to try again. Each list is walked from its first entry and stays at its last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rhythm {
    /// Waits of one letter between its attempts.
    pub letter_waits: Vec<Duration>,
    /// A letter is refused when its waits would add up to more than this.
    pub give_up_after: Duration,
    /// And in any case after this many attempts.
    pub most_attempts: u32,
    /// Pauses of all sending while the account is refused. Long from the start: servers lock accounts that keep trying.
    pub account_pauses: Vec<Duration>,
    /// Pauses of all sending while the server cannot be spoken to.
    pub server_pauses: Vec<Duration>,
    /// How often the outbox is asked even if nobody nudged.
    pub poll: Duration,
    /// How often the heart beats: well below the watchdog's patience of 120 s.
    pub heartbeat: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        let minutes = |list: &[u64]| list.iter().map(|count| Duration::from_mins(*count)).collect();
        Self {
            letter_waits: minutes(&[1, 5, 15, 60, 180]),
            give_up_after: Duration::from_hours(24),
            most_attempts: 20,
            account_pauses: minutes(&[5, 10, 20, 40, 60]),
            server_pauses: minutes(&[1, 2, 5, 15]),
            poll: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
        }
    }
}

/// By what name we greet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    /// This machine's full name, or the address that the connection comes from where it has none (RFC 5321 section 4.1.3).
    OfMachine,
    Named(HelloName),
}

impl Hello {
    /// The name for a connection from this address. Asks the kernel (uname(2)): below systemd's sandbox there is no /proc/sys.
    #[must_use]
    pub fn name(&self, from: IpAddr) -> HelloName {
        match self {
            Self::Named(name) => name.clone(),
            Self::OfMachine => HelloName::of(&rustix::system::uname().nodename().to_string_lossy(), from),
        }
    }
}

/// The name that we give in EHLO: a domain or an address literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloName(String);

/// Why a text cannot be the name of EHLO.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} cannot be used as the name in EHLO; write this machine's full name (mail.example.jp) or its address in brackets ([192.0.2.1])"
)]
pub struct HelloNameError {
    name: String,
}

impl HelloName {
    /// Takes a domain of letters, digits, dots and hyphens, or an address literal in brackets (RFC 5321 section 4.1.3).
    ///
    /// # Errors
    /// [`HelloNameError`] for anything else.
    pub fn parse(name: &str) -> Result<Self, HelloNameError> {
        let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let (text, extra) = literal.map_or((name, ".-"), |inner| (inner, ".:"));
        let fits = !text.is_empty() && text.len() <= 255 && text.chars().all(|one| one.is_ascii_alphanumeric() || extra.contains(one));
        if fits { Ok(Self(name.to_owned())) } else { Err(HelloNameError { name: name.to_owned() }) }
    }

    /// A machine's name where it is a full one that others may know, else its address. A name without a dot is refused by many servers
    /// (Postfix: `reject_non_fqdn_helo_hostname`).
    fn of(machine: &str, from: IpAddr) -> Self {
        let name = machine.trim();
        let is_full = name.contains('.') && !["localdomain", "local"].iter().any(|end| name.ends_with(end));
        match Self::parse(name) {
            Ok(name) if is_full && !name.0.starts_with('[') => name,
            _ => Self(match from.to_canonical() {
                IpAddr::V4(address) => format!("[{address}]"),
                IpAddr::V6(address) => format!("[IPv6:{address}]"),
            }),
        }
    }

    /// The name as it stands in the command.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_greets_by_its_full_name_or_by_its_address() {
        let v4 = IpAddr::from([192, 0, 2, 1]);
        let v6 = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
        for (machine, from, expected) in [
            ("mail.office.example.jp\n", v4, "mail.office.example.jp"),
            ("desk\n", v4, "[192.0.2.1]"),
            ("desk", v6, "[IPv6:2001:db8::1]"),
            ("desk.localdomain", v4, "[192.0.2.1]"),
            ("受付.example.jp", v4, "[192.0.2.1]"),
            ("", IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]), "[192.0.2.1]"),
        ] {
            assert_eq!(HelloName::of(machine, from).as_str(), expected, "{machine}");
        }
    }

    #[test]
    fn hello_names_are_domains_or_literals_and_nothing_that_could_break_a_line() {
        for good in ["mail.example.jp", "localhost", "[127.0.0.1]", "[IPv6:::1]"] {
            assert_eq!(HelloName::parse(good).map(|name| name.as_str().to_owned()), Ok(good.to_owned()));
        }
        for bad in ["", "[]", "a b", "a\r\nMAIL FROM:<>", "受付.example.jp", "[127.0.0.1", "under_score.example.jp"] {
            assert_eq!(HelloName::parse(bad), Err(HelloNameError { name: bad.to_owned() }));
        }
    }
}
