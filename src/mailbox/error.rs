//! Why a connection to the mailbox ended. Each text is a sentence with the remedy.
//!
//! Promises: every ending is one named variant, with who must act ([`MailboxError::kind`]); no password and no body is ever inside.
//! Rejected: passing the errors of the IMAP crate on; a parse error of theirs holds the whole mail, twice.

use std::fmt;
use std::time::Duration;

use super::answer::{self, Code, MESSAGE_LIMIT, Meaning};
use super::ledger::{FailureKind, LedgerError};
use super::screen::Breach;
use crate::token::{TokenError, TokenTrouble};
use crate::wire::{WireError, WireTrouble};

/// Why the watcher's connection ended, or never came about.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("the server turned us away with its greeting: {said}; it is closing or overloaded, we come back by ourselves")]
    GreetedAway { said: String },
    #[error("the server considers the connection logged in before STARTTLS, so it cannot be protected; use security = \"tls\"")]
    PreauthenticatedInTheClear,
    #[error("the server does not offer STARTTLS; use security = \"tls\" with its port, usually 993")]
    NoStartTls,
    #[error("the server offers no login with a password ({offered}); use an account or a server setting that allows AUTH=PLAIN")]
    NoPasswordLogin { offered: String },
    #[error("the user name or password holds a NUL character, which no login can carry; correct the secret")]
    UnusableSecret,
    #[error("the server refuses the login of {user}: {said}; check `user`, the password and whether IMAP is enabled for the account")]
    Authentication { user: String, said: String },
    #[error(
        "the server refuses the token of {user}, and a new one, too: {said}; check `user`, and let an administrator grant the application access to this mailbox"
    )]
    TokenRefused { user: String, said: String },
    #[error("the server offers no login with a token ({offered}); use a server setting that allows AUTH=XOAUTH2 or AUTH=OAUTHBEARER")]
    NoTokenLogin { offered: String },
    #[error("no access token: {0}")]
    Token(#[from] TokenError),
    #[error("the server asks us to come less often: {said}; we wait, nothing needs to be done")]
    Throttled { said: String, pause: Option<Duration> },
    #[error("the server is out of order for a while: {said}; we come back by ourselves")]
    Temporary { said: String },
    #[error("the folder {folder} cannot be opened: {said}; check `folder` against the names that the server lists")]
    Folder { folder: String, said: String },
    #[error("the server gives the folder {folder} no UIDVALIDITY, so its mails cannot be told apart; ask its keeper to repair the folder")]
    NoUidValidity { folder: String },
    #[error("the folder was renumbered while it was open; we open it again")]
    Renumbered,
    #[error("the server refuses {command}: {said}{tail}; if it stays so, show this line to the server's keeper")]
    Refused { command: String, code: Code, said: String, tail: Tail },
    #[error("the server says goodbye: {said}; we come back by ourselves")]
    Bye { said: String },
    #[error("the connection was closed during {command}{tail}; we come back by ourselves")]
    Closed { command: String, tail: Tail },
    #[error("the connection broke during {command}: {reason}; we come back by ourselves")]
    Broken { command: String, reason: String },
    #[error("the server kept silent for {} s during {command}{tail}; we come back by ourselves", limit.as_secs())]
    Silent { command: String, limit: Duration, tail: Tail },
    #[error("{command} took longer than {} s; we come back by ourselves", limit.as_secs())]
    Slow { command: String, limit: Duration },
    #[error("during {command} {breach}{tail}; we drop the connection and come back, the server's keeper should know")]
    Breach { command: String, breach: Breach, tail: Tail },
    #[error("an answer to {command} cannot be read as IMAP{tail}; we ask again in smaller portions, the server's keeper should know")]
    Unreadable { command: String, tail: Tail },
    #[error("the server answered {command} out of turn{tail}; we open a new connection")]
    OutOfTurn { command: String, tail: Tail },
    #[error("an earlier command was abandoned, so the connection cannot be used; we open a new one")]
    Abandoned,
    #[error("the answer to {command} grew beyond {limit} bytes although less was announced; we ask again in smaller portions")]
    Overfull { command: String, limit: u64 },
    #[error("the server names no last mail although it counts {exists}{tail}; we look again")]
    NoLastMail { exists: u32, tail: Tail },
    #[error("reading an answer of the server failed badly ({reason}); we drop the connection and ask again in smaller portions")]
    Panicked { reason: String },
    #[error("received mails cannot be kept: {0}")]
    Ledger(#[from] LedgerError),
}

impl MailboxError {
    /// Who must act.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Wire(wire) => kind_of(wire),
            Self::GreetedAway { .. }
            | Self::Temporary { .. }
            | Self::Bye { .. }
            | Self::Closed { .. }
            | Self::Broken { .. }
            | Self::Silent { .. }
            | Self::Slow { .. }
            | Self::Renumbered => FailureKind::Network,
            Self::Authentication { .. } | Self::TokenRefused { .. } => FailureKind::Authentication,
            Self::Token(error) => match error.trouble() {
                TokenTrouble::Network => FailureKind::Network,
                TokenTrouble::Throttled(_) => FailureKind::Throttled,
                TokenTrouble::Refused => FailureKind::Authentication,
            },
            Self::Throttled { .. } => FailureKind::Throttled,
            Self::PreauthenticatedInTheClear
            | Self::NoStartTls
            | Self::NoPasswordLogin { .. }
            | Self::NoTokenLogin { .. }
            | Self::UnusableSecret
            | Self::Folder { .. }
            | Self::Refused { .. } => FailureKind::Refused,
            Self::NoUidValidity { .. }
            | Self::Breach { .. }
            | Self::Unreadable { .. }
            | Self::OutOfTurn { .. }
            | Self::Abandoned
            | Self::Overfull { .. }
            | Self::NoLastMail { .. }
            | Self::Panicked { .. } => FailureKind::Protocol,
            Self::Ledger(_) => FailureKind::Store,
        }
    }

    /// Whether the server answered only for a part of the messages: asked for fewer, it will answer for all of them.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        matches!(self, Self::Refused { code: Code::Word(word), .. } if word == MESSAGE_LIMIT)
    }

    /// Whether asking for fewer messages may help: an answer in part, or a refusal that is not for a while only.
    #[must_use]
    pub fn wants_less(&self) -> bool {
        matches!(self, Self::Refused { code, said, .. } if answer::of_command(code, said) != Meaning::Temporary)
    }

    /// The pause that the server suggests.
    #[must_use]
    pub fn suggested_pause(&self) -> Option<Duration> {
        match self {
            Self::Throttled { pause, .. } => *pause,
            Self::Token(error) => match error.trouble() {
                TokenTrouble::Throttled(pause) => pause,
                TokenTrouble::Network | TokenTrouble::Refused => None,
            },
            _ => None,
        }
    }
}

/// An unreachable host may come back by itself; a wrong certificate or setting does not.
fn kind_of(wire: &WireError) -> FailureKind {
    match wire.trouble() {
        WireTrouble::Network | WireTrouble::Handshake => FailureKind::Network,
        WireTrouble::Refused => FailureKind::Refused,
    }
}

/// The last lines of the conversation, without secrets and bodies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail(pub(super) Vec<String>);

impl fmt::Display for Tail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(formatter, " (last lines: {})", self.0.join(" | "))
    }
}
