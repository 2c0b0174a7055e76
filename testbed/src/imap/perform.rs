//! Which command is allowed when, and who answers it.
//!
//! Promises: a command whose capability is not offered is answered BAD, as by a server that never heard of it; removals are told only where
//! the client may expect them.
//! Rejected: commands as objects; a table of words is shorter, and it is read in one go.

use super::change::{Originals, expunge, search, store, transfer};
use super::command::Command;
use super::fetch::fetch;
use super::folders::{append, create, list, select, status};
use super::login::Denial;
use super::reply::{Line, Refusal, Reply, Then};
use super::session::Session;
use super::set::Numbering;
use super::state::State;
use super::view::{Mode, Removals, View};
use crate::tls::Security;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Plain,
    Tls,
}

/// RFC 3501 3: how far the session has come.
pub(super) enum Phase {
    Stranger,
    Authenticated,
    Selected(View),
}

impl Session {
    /// The capabilities of the moment.
    pub(super) fn capabilities(&self) -> String {
        let mut words = self.house.capabilities.clone();
        if self.must_start_tls() {
            words.retain(|word| !word.to_ascii_uppercase().starts_with("AUTH="));
            words.extend(["STARTTLS".to_owned(), "LOGINDISABLED".to_owned()]);
        }
        words.join(" ")
    }

    fn must_start_tls(&self) -> bool {
        matches!(self.house.security, Security::StartTls(_)) && self.channel == Channel::Plain
    }

    fn offers(&self, capability: &str) -> bool {
        self.house.capabilities.iter().any(|word| word.eq_ignore_ascii_case(capability))
    }

    pub(super) fn perform(&mut self, command: &Command) -> Reply {
        self.attempt(command).unwrap_or_else(Reply::from)
    }

    fn attempt(&mut self, command: &Command) -> Result<Reply, Refusal> {
        match command.name.as_str() {
            "CAPABILITY" => return Ok(Reply::tagged("OK Done").with(format!("* CAPABILITY {}", self.capabilities()))),
            "LOGOUT" => return Ok(Reply::tagged("OK Done").with("* BYE Logging out").then(Then::Close)),
            "ID" if self.offers("ID") => return Ok(Reply::tagged("OK Done").with("* ID (\"name\" \"testbed\")")),
            "STARTTLS" if self.must_start_tls() => return Ok(Reply::tagged("OK Begin TLS now").then(Then::StartTls)),
            "NOOP" if !matches!(self.phase, Phase::Selected(_)) => return Ok(Reply::tagged("OK Done")),
            "LOGIN" | "AUTHENTICATE" => return self.log_in(command),
            _ => {}
        }
        let house = std::sync::Arc::clone(&self.house);
        if matches!(self.phase, Phase::Stranger) {
            return Err(Refusal::Bad("Log in first".to_owned()));
        }
        house.shared.change(|state| match command.name.as_str() {
            "SELECT" => self.open(state, command, Mode::ReadWrite),
            "EXAMINE" => self.open(state, command, Mode::ReadOnly),
            "STATUS" => self.with_news(state, Removals::Told, |state| status(state, command.arguments())),
            "LIST" => self.with_news(state, Removals::Told, |state| list(state, command.arguments())),
            "CREATE" => create(state, command.arguments()),
            "APPEND" => self.with_news(state, Removals::Told, |state| append(state, command.arguments())),
            _ => self.in_folder(state, command),
        })
    }

    fn log_in(&mut self, command: &Command) -> Result<Reply, Refusal> {
        if self.must_start_tls() {
            return Err(Refusal::No("[PRIVACYREQUIRED] Begin TLS first".to_owned()));
        }
        if !matches!(self.phase, Phase::Stranger) {
            return Err(Refusal::Bad("You are logged in already".to_owned()));
        }
        match command.name.as_str() {
            "LOGIN" => self.house.login.with_password(command.arguments())?,
            _ => {
                let mut arguments = command.arguments();
                let (mechanism, answer) = (arguments.atom(), arguments.atom());
                if !self.offers(&format!("AUTH={mechanism}")) {
                    return Err(Denial::Unknown.into());
                }
                self.house.login.sasl(&mechanism, &answer)?;
            }
        }
        self.phase = Phase::Authenticated;
        Ok(Reply::tagged(format!("OK [CAPABILITY {}] Logged in", self.capabilities())))
    }

    fn open(&mut self, state: &State, command: &Command, mode: Mode) -> Result<Reply, Refusal> {
        self.phase = Phase::Authenticated;
        let (view, reply) = select(state, command.arguments(), mode)?;
        self.phase = Phase::Selected(view);
        Ok(reply)
    }

    fn in_folder(&mut self, state: &mut State, command: &Command) -> Result<Reply, Refusal> {
        let (moves, idles, plus) = (self.offers("MOVE"), self.offers("IDLE"), self.offers("UIDPLUS"));
        let Phase::Selected(view) = &mut self.phase else {
            return Err(Refusal::Bad("Unknown command, or no folder is selected".to_owned()));
        };
        let arguments = command.arguments();
        let (numbering, name) = match command.name.strip_prefix("UID ") {
            Some(name) => (Numbering::Uid, name),
            None => (Numbering::Sequence, command.name.as_str()),
        };
        let mut reply = match name {
            "FETCH" => fetch(state, view, arguments, numbering)?,
            "STORE" => store(state, view, arguments, numbering)?,
            "SEARCH" => search(state, view, arguments, numbering)?,
            "COPY" => transfer(state, view, arguments, numbering, Originals::Stay)?,
            "MOVE" if moves => transfer(state, view, arguments, numbering, Originals::Go)?,
            "EXPUNGE" if numbering == Numbering::Sequence => expunge(state, view, None)?,
            "EXPUNGE" if plus => expunge(state, view, Some(&command.arguments().atom()))?,
            "NOOP" | "CHECK" if numbering == Numbering::Sequence => Reply::tagged("OK Done"),
            "IDLE" if idles => return Ok(Reply::untagged(vec![Line::text("+ idling")]).then(Then::Idle)),
            "CLOSE" | "UNSELECT" if numbering == Numbering::Sequence => {
                if name == "CLOSE" && view.mode == Mode::ReadWrite {
                    expunge(state, view, None)?;
                }
                self.phase = Phase::Authenticated;
                return Ok(Reply::tagged("OK Closed"));
            }
            _ => return Err(Refusal::Bad("Unknown command".to_owned())),
        };
        let withheld = numbering == Numbering::Sequence && matches!(name, "FETCH" | "STORE" | "SEARCH");
        reply.lines.extend(view.news(state, if withheld { Removals::Withheld } else { Removals::Told }));
        Ok(reply)
    }

    fn with_news(
        &mut self,
        state: &mut State,
        removals: Removals,
        command: impl FnOnce(&mut State) -> Result<Reply, Refusal>,
    ) -> Result<Reply, Refusal> {
        let mut reply = command(state)?;
        if let Phase::Selected(view) = &mut self.phase {
            reply.lines.extend(view.news(state, removals));
        }
        Ok(reply)
    }
}
