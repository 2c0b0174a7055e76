//! How an attempt can fail, and in which phase of the dialogue.
//!
//! Promises: the phase is always known, since it alone decides whether a letter may be sent again.
//! Rejected: `io::Error` with a context string; a policy cannot be built on texts.

use std::fmt;
use std::io;
use std::time::Duration;

use super::reply::{Reply, ReplyLine};
use crate::token::TokenError;
use crate::wire::WireError;

/// The steps of an SMTP session, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    Greeting,
    Hello,
    StartTls,
    Authentication,
    Sender,
    Recipient,
    Data,
    /// The letter's lines, without the final dot: a server must not deliver what it has only seen in part (RFC 5321 section 4.1.1.4).
    Body,
    /// The final dot left, or may have left.
    FinalDot,
    Reset,
    Quit,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Authentication => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Body => "the letter's text",
            Self::FinalDot => "the end of the letter",
            Self::Reset => "RSET",
            Self::Quit => "QUIT",
        })
    }
}

/// Why a session or a letter went no further. Each text ends with what can be done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("the SMTP server gave no answer at {phase} within {} s; check that `security` fits `port`, and whether the server is overloaded", limit.as_secs())]
    Timeout { phase: Phase, limit: Duration },
    #[error("the connection to the SMTP server broke at {phase}: {source}; if it keeps happening, ask the server's operator for its log")]
    Lost { phase: Phase, source: io::Error },
    #[error("the SMTP server closed the connection at {phase}; if it keeps happening, ask the server's operator for its log")]
    Closed { phase: Phase },
    #[error("what answered at {phase} does not speak SMTP ({line:?}); check `host`, `port` and `security`")]
    Garbled { phase: Phase, line: String },
    #[error("the SMTP server answered {phase} with: {reply}; {}", remedy(*phase, reply))]
    Answered { phase: Phase, reply: Reply },
    #[error(
        "the SMTP server offers no STARTTLS; use `security = \"tls\"` with port 465, or another server: letters never go out in the clear"
    )]
    NoStartTls,
    #[error(
        "the SMTP server sent bytes between STARTTLS and TLS, as an attacker on the line would; find out who sits between, or use `security = \"tls\"`"
    )]
    BytesBeforeTls,
    #[error(
        "the SMTP server offers no AUTH PLAIN or LOGIN here (it offers: {offered}); check `port` and `security`, or remove `user` if none is needed"
    )]
    NoMechanism { offered: String },
    #[error("no access token for the SMTP server: {0}")]
    Token(#[from] TokenError),
    #[error(
        "the SMTP server offers no AUTH XOAUTH2 or OAUTHBEARER (it offers: {offered}); remove `tokens-of` and use a password, or another server"
    )]
    NoTokenMechanism { offered: String },
    #[error("the SMTP server asked for something in AUTH that is neither user nor password; allow AUTH PLAIN on the server")]
    OddChallenge,
    #[error("the recipient's address is not ASCII and the SMTP server has no SMTPUTF8; write to the applicant by another way")]
    NoInternationalAddresses,
}

impl Failure {
    /// The failure that this one-line answer in this phase makes; None when the text is no reply line.
    #[must_use]
    pub fn answered(phase: Phase, line: &str) -> Option<Self> {
        let line = ReplyLine::parse(line.as_bytes())?;
        Some(Self::Answered { phase, reply: Reply::of_lines(vec![line])? })
    }

    /// Where it happened; None for the connection itself and for what we found out by looking at the server's offers.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        match self {
            Self::Timeout { phase, .. }
            | Self::Lost { phase, .. }
            | Self::Closed { phase }
            | Self::Garbled { phase, .. }
            | Self::Answered { phase, .. } => Some(*phase),
            Self::NoStartTls | Self::BytesBeforeTls => Some(Phase::StartTls),
            Self::NoMechanism { .. } | Self::NoTokenMechanism { .. } | Self::Token(_) | Self::OddChallenge => Some(Phase::Authentication),
            Self::NoInternationalAddresses => Some(Phase::Recipient),
            Self::Wire(_) => None,
        }
    }

    /// The server's code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Answered { reply, .. } => Some(reply.code()),
            _ => None,
        }
    }

    /// The server's own words where it spoke, else our sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Answered { reply, .. } => reply.to_string(),
            other => other.to_string(),
        }
    }
}

fn remedy(phase: Phase, reply: &Reply) -> &'static str {
    match (phase, reply.code()) {
        (_, 400..500) => "it is tried again later",
        (Phase::Authentication, _) => {
            "check `user` and the password file (some providers want an application password, others a token: `tokens-of`)"
        }
        (_, 530 | 535) => "the server wants a login: set `user` and the password file",
        (Phase::Greeting | Phase::Hello, _) => "ask the server's operator to allow this machine's address and `hello`",
        (Phase::Sender, _) => "set `envelope-from` to an address that the account may use (some relays refuse the null path `<>`)",
        (Phase::StartTls, _) => "use `security = \"tls\"` with port 465, or ask the server's operator",
        (Phase::Recipient | Phase::Data | Phase::Body | Phase::FinalDot, _) => {
            "if every letter is answered so, ask the server's operator for the right to relay"
        }
        (Phase::Reset | Phase::Quit, _) => "nothing needs to be done",
    }
}
