//! Reading a server's refusal: which kind it is, and how long it asks us to stay away.
//!
//! Promises: a refused password, a throttled account and a server that is briefly out of order are told apart (RFC 5530), from the
//! response code where there is one and from the known wordings where there is none. Rejected: treating every NO alike; one
//! gets an address banned, another gets ignored for an hour although it asked for one second.

use std::time::Duration;

/// A response code (RFC 3501, 7.1; RFC 4315; RFC 5530).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Code {
    #[default]
    None,
    UidValidity(u32),
    UidNext(u32),
    PermanentFlags(Vec<String>),
    ReadOnly,
    ReadWrite,
    TryCreate,
    Capabilities(Vec<String>),
    /// Any other, in upper case: `AUTHENTICATIONFAILED`, `OVERQUOTA`, …
    Word(String),
}

/// The code of an answer that covers only a part of what was asked for (RFC 9738).
pub(super) const MESSAGE_LIMIT: &str = "MESSAGELIMIT";

/// What a refusal means for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The password, the account or its rights.
    Authentication,
    /// Too much, too often; with the suggested pause, if there is one.
    Throttled(Option<Duration>),
    /// Out of order for a while, nobody's fault.
    Temporary,
    /// This request is refused.
    Refused,
}

/// Splits `[CODE rest] text` where the parser below us has left an unknown code in the text.
pub(super) fn word_of(text: &str) -> Option<String> {
    let inside = text.strip_prefix('[')?.split_once(']')?.0;
    let word = inside.split(' ').next()?;
    let plausible = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/'));
    plausible.then(|| word.to_ascii_uppercase())
}

/// What a refused LOGIN or AUTHENTICATE means.
pub(super) fn of_login(code: &Code, text: &str) -> Meaning {
    match of_command(code, text) {
        Meaning::Throttled(pause) => Meaning::Throttled(pause),
        Meaning::Temporary => Meaning::Temporary,
        // Microsoft 365, 2021-2026: the password was right, the mailbox behind it is not to be had just now.
        _ if text.to_ascii_lowercase().contains("authenticated but not connected") => Meaning::Temporary,
        Meaning::Authentication | Meaning::Refused => Meaning::Authentication,
    }
}

/// What a refused command means.
pub(super) fn of_command(code: &Code, text: &str) -> Meaning {
    if let Some(pause) = suggested_pause(text) {
        return Meaning::Throttled(Some(pause));
    }
    if let Code::Word(word) = code {
        match word.as_str() {
            "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "PRIVACYREQUIRED" | "CONTACTADMIN" => {
                return Meaning::Authentication;
            }
            "LIMIT" | "OVERQUOTA" | "THROTTLED" => return Meaning::Throttled(None),
            "UNAVAILABLE" | "INUSE" | "SERVERBUG" => return Meaning::Temporary,
            _ => {}
        }
    }
    let lower = text.to_ascii_lowercase();
    let throttled = ["throttl", "too many simultaneous", "too many connections", "bandwidth limit", "rate limit", "too many login"];
    if throttled.iter().any(|wording| lower.contains(wording)) {
        return Meaning::Throttled(None);
    }
    Meaning::Refused
}

/// Exchange: `Request is throttled. Suggested Backoff Time: 298000 milliseconds`.
fn suggested_pause(text: &str) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    let (_, after) = lower.split_once("suggested backoff time:")?;
    let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Code {
        word_of(text).map_or(Code::None, Code::Word)
    }

    #[test]
    fn refused_logins_are_told_apart() {
        for (text, expected) in [
            ("[AUTHENTICATIONFAILED] Authentication failed.", Meaning::Authentication),
            ("Invalid credentials", Meaning::Authentication),
            ("[EXPIRED] That password isn't the one.", Meaning::Authentication),
            ("[UNAVAILABLE] Temporary authentication failure.", Meaning::Temporary),
            ("[INUSE] Mailbox in use", Meaning::Temporary),
            ("User is authenticated but not connected.", Meaning::Temporary),
            ("[LIMIT] Too many attempts", Meaning::Throttled(None)),
            ("Too many simultaneous connections. (Failure)", Meaning::Throttled(None)),
        ] {
            assert_eq!(of_login(&read(text), text), expected, "{text}");
        }
    }

    #[test]
    fn refused_commands_are_told_apart() {
        let exchange = "Request is throttled. Suggested Backoff Time: 298000 milliseconds";
        for (text, expected) in [
            (exchange, Meaning::Throttled(Some(Duration::from_secs(298)))),
            ("[OVERQUOTA] Account exceeded command or bandwidth limits", Meaning::Throttled(None)),
            ("Account exceeded command or bandwidth limits.", Meaning::Throttled(None)),
            ("[SERVERBUG] Internal error occurred.", Meaning::Temporary),
            ("Some of the requested messages no longer exist.", Meaning::Refused),
            ("[NONEXISTENT] Unknown Mailbox", Meaning::Refused),
            ("suggested backoff time: soon", Meaning::Refused),
        ] {
            assert_eq!(of_command(&read(text), text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_plausible_code_is_read() {
        for (text, expected) in [
            ("[ALREADYEXISTS] x", Some("ALREADYEXISTS")),
            ("[badevent Some] x", Some("BADEVENT")),
            ("[] x", None),
            ("[unclosed", None),
            ("no code", None),
            ("[受付] x", None),
        ] {
            assert_eq!(word_of(text).as_deref(), expected, "{text}");
        }
    }
}
