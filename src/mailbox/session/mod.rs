//! One IMAP conversation, command by command; the only folder that names async-imap.
//!
//! Promises: a command ends at its own tag and nowhere else; NO, BAD, BYE, a closed connection, silence and nonsense are different
//! errors; untagged data is handed on by reference; after an error or an abandoned command the session refuses to go on.
//! Rejected: async-imap's own commands. Its FETCH takes `NO` for success with few mails, its IDLE does not see the server
//! hang up, its LOGIN writes the password to the trace log. Only its framing and parsing are used; lines are written here.

mod response;

use std::io;
use std::time::Duration;

use async_imap::Client;
use async_imap::imap_proto::{MailboxDatum, Response};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::answer::{self, Code, MESSAGE_LIMIT, Meaning};
use super::error::MailboxError;
use super::guard::{Beat, Guard, Stopped};
use super::screen::Caps;
use super::settings::{Deadlines, Limits};
use super::transcript::Transcript;
use super::transport::Transport;
pub(super) use response::{Condition, Data, Fetched, Part, Piece};
use response::{code_of, condition_of, data_of, words_of};

/// A connection, before and after login.
pub(super) struct Session {
    client: Client<Guard>,
    caps: Caps,
    deadlines: Deadlines,
    next_tag: u64,
    state: State,
    capabilities: Vec<String>,
    view: View,
    /// The server has said that it answers the command under way only in part.
    is_partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between commands.
    Ready,
    /// A command is under way; if it stays so, its future was dropped and the answers would be mistaken for those of the next.
    Busy,
    /// Past saving.
    Lost,
}

/// What the server has told about the open folder, kept up to date by every command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    pub exists: u32,
    /// How often the number of mails has grown; EXISTS may come within any command.
    pub growths: u64,
    pub uidvalidity: u32,
    /// Taken away by the first look after a SELECT: later it is out of date.
    pub uidnext: Option<u32>,
    pub permanent_flags: Option<Vec<String>>,
}

/// What one response was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Untagged,
    Continue,
    Done(Finish),
}

/// The tagged end of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finish {
    pub tag: String,
    pub condition: Condition,
    pub code: Code,
    pub text: String,
}

/// One line of a command; all but the first wait for the server's `+`.
#[derive(Debug)]
pub(super) struct Line {
    pub text: String,
    /// As the transcript may show it.
    pub shown: String,
}

impl Line {
    pub(super) fn open(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { shown: text.clone(), text }
    }

    pub(super) fn secret(text: String, shown: &str) -> Self {
        Self { text, shown: shown.to_owned() }
    }
}

/// How long a command may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    Short,
    Bulk,
}

impl Session {
    /// A session over a fresh stream; nothing is sent or read yet.
    pub(super) fn new(transport: Transport, limits: &Limits, deadlines: Deadlines, transcript: Transcript, beat: Beat) -> Self {
        // A server may be wrong about sizes, so whole mails of up to the limit must fit whatever was announced.
        let caps = Caps::for_literals_of(limits.largest_mail.saturating_add(64 * 1024));
        let guard = Guard::new(transport, caps, deadlines.silence, transcript, beat);
        Self {
            client: Client::new(guard),
            caps,
            deadlines,
            next_tag: 0,
            state: State::Ready,
            capabilities: Vec::new(),
            view: View::default(),
            is_partial: false,
        }
    }

    /// Gives the stream back for STARTTLS. Whatever the server sent ahead in the clear is dropped (RFC 9051, 11.1: response injection).
    pub(super) fn into_parts(self) -> (Transport, Transcript, Beat) {
        self.client.into_inner().into_parts()
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    pub(super) fn view_mut(&mut self) -> &mut View {
        &mut self.view
    }

    pub(super) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    pub(super) fn capabilities(&self) -> &[String] {
        &self.capabilities
    }

    /// Whether the server offers this, compared without case.
    pub(super) fn offers(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|offered| offered.eq_ignore_ascii_case(capability))
    }

    pub(super) fn forget_capabilities(&mut self) {
        self.capabilities.clear();
    }

    /// Whether another command can be sent.
    pub(super) fn is_sound(&self) -> bool {
        self.state == State::Ready
    }

    /// Runs a command of one line; see [`Session::dialogue`].
    pub(super) async fn command(
        &mut self,
        line: &str,
        haste: Haste,
        on: impl FnMut(Data<'_>) -> Result<(), MailboxError> + Send,
    ) -> Result<Finish, MailboxError> {
        self.dialogue(&[Line::open(line)], haste, on).await
    }

    /// Sends the lines, each after the first upon a continuation, and reads to the tagged end. `on` sees the untagged data; its
    /// error ends the session.
    ///
    /// # Errors
    /// NO and BAD, typed by their meaning, and a FETCH that was answered in part; the session stays usable after them. Everything else
    /// leaves it lost.
    pub(super) async fn dialogue(
        &mut self,
        lines: &[Line],
        haste: Haste,
        on: impl FnMut(Data<'_>) -> Result<(), MailboxError> + Send,
    ) -> Result<Finish, MailboxError> {
        let name = lines.first().map(|line| name_of(&line.shown)).unwrap_or_default();
        let limit = match haste {
            Haste::Short => self.deadlines.command,
            Haste::Bulk => self.deadlines.bulk,
        };
        let finish = match timeout(limit, self.converse(lines, &name, on)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.state = State::Lost;
                Err(MailboxError::Slow { command: name.clone(), limit })
            }
        }?;
        self.judged(&name, finish)
    }

    async fn converse(
        &mut self,
        lines: &[Line],
        name: &str,
        mut on: impl FnMut(Data<'_>) -> Result<(), MailboxError> + Send,
    ) -> Result<Finish, MailboxError> {
        let mut pending = lines.iter();
        let Some(first) = pending.next() else { return Err(MailboxError::Abandoned) };
        let tag = self.begin(first, name).await?;
        loop {
            match self.step(name, &mut on).await? {
                Step::Untagged => {}
                Step::Done(finish) => return self.ended(&tag, finish, name),
                Step::Continue => match pending.next() {
                    Some(line) => self.write(&format!("{}\r\n", line.text), &line.shown, name).await?,
                    None => return Err(self.out_of_turn(name)),
                },
            }
        }
    }

    /// Sends the first line of a command and returns its tag; for commands that end by our own word (IDLE).
    pub(super) async fn begin(&mut self, line: &Line, name: &str) -> Result<String, MailboxError> {
        if self.state != State::Ready {
            self.state = State::Lost;
            return Err(MailboxError::Abandoned);
        }
        self.state = State::Busy;
        self.is_partial = false;
        self.next_tag = self.next_tag.saturating_add(1);
        let tag = format!("A{}", self.next_tag);
        self.write(&format!("{tag} {}\r\n", line.text), &format!("{tag} {}", line.shown), name).await?;
        Ok(tag)
    }

    /// Checks that a tagged answer belongs to the command that waits for it, and makes the session ready again.
    pub(super) fn ended(&mut self, tag: &str, finish: Finish, name: &str) -> Result<Finish, MailboxError> {
        if finish.tag != tag || matches!(finish.condition, Condition::Preauth | Condition::Bye) {
            return Err(self.out_of_turn(name));
        }
        self.state = State::Ready;
        Ok(finish)
    }

    /// Turns a tagged NO or BAD into its error, and the OK of a FETCH that covers only the newest of what was asked for (RFC 9738, 3.1):
    /// whatever is missing from it is not gone.
    pub(super) fn judged(&mut self, name: &str, finish: Finish) -> Result<Finish, MailboxError> {
        let said = finish.text.clone();
        if finish.condition == Condition::Ok {
            if !self.is_partial || !name.ends_with("FETCH") {
                return Ok(finish);
            }
            let code = Code::Word(MESSAGE_LIMIT.to_owned());
            return Err(MailboxError::Refused { command: name.to_owned(), code, said, tail: self.tail() });
        }
        Err(match answer::of_command(&finish.code, &said) {
            Meaning::Throttled(pause) => MailboxError::Throttled { said, pause },
            Meaning::Authentication | Meaning::Temporary | Meaning::Refused => {
                MailboxError::Refused { command: name.to_owned(), code: finish.code, said, tail: self.tail() }
            }
        })
    }

    /// Sends a line as it is; `shown` goes to the transcript.
    pub(super) async fn write(&mut self, line: &str, shown: &str, name: &str) -> Result<(), MailboxError> {
        let guard = self.client.get_mut();
        guard.transcript().sent(shown);
        // One write, so one TLS record and one packet.
        let sent = match guard.write_all(line.as_bytes()).await {
            Ok(()) => guard.flush().await,
            Err(error) => Err(error),
        };
        sent.map_err(|error| self.broken(&error, name))
    }

    /// Reads one response. Cancel-safe: what was read stays in the buffer.
    pub(super) async fn step(
        &mut self,
        name: &str,
        on: &mut (impl FnMut(Data<'_>) -> Result<(), MailboxError> + Send),
    ) -> Result<Step, MailboxError> {
        let response = match self.client.read_response().await {
            Ok(Some(response)) => response,
            Ok(None) => return Err(self.closed(name)),
            Err(error) => return Err(self.broken(&error, name)),
        };
        self.client.get_mut().inbound().answered();
        match response.parsed() {
            Response::Done { tag, status, outcome } => {
                let finish = Finish {
                    tag: tag.0.clone(),
                    condition: condition_of(status),
                    code: code_of(outcome),
                    text: self.client.get_mut().transcript().cleaned(outcome.information.as_deref().unwrap_or_default()),
                };
                self.learn(&finish.code);
                Ok(Step::Done(finish))
            }
            Response::Continue(_) => Ok(Step::Continue),
            Response::Data { status, outcome } => {
                let code = code_of(outcome);
                self.learn(&code);
                let text = outcome.information.as_deref().unwrap_or_default();
                let condition = condition_of(status);
                let handled = on(Data::Status(condition, code, text));
                if condition == Condition::Bye && name != LOGOUT {
                    self.state = State::Lost;
                    return Err(self.bye(text));
                }
                self.handled(handled)
            }
            other => {
                self.notice(other);
                let inbound = self.client.get_mut().inbound();
                let handled = on(data_of(other, |written| inbound.bytes_of(written)));
                inbound.forget_bodies();
                self.handled(handled)
            }
        }
    }

    fn handled(&mut self, outcome: Result<(), MailboxError>) -> Result<Step, MailboxError> {
        if outcome.is_err() {
            self.state = State::Lost;
        }
        outcome.map(|()| Step::Untagged)
    }

    fn notice(&mut self, response: &Response<'_>) {
        match response {
            Response::MailboxData(MailboxDatum::Exists(exists)) => {
                if *exists > self.view.exists {
                    self.view.growths = self.view.growths.saturating_add(1);
                }
                self.view.exists = *exists;
            }
            Response::Expunge(_) => self.view.exists = self.view.exists.saturating_sub(1),
            Response::Capabilities(offered) => self.capabilities = words_of(offered),
            _ => {}
        }
    }

    fn learn(&mut self, code: &Code) {
        match code {
            Code::UidValidity(number) => self.view.uidvalidity = *number,
            Code::UidNext(number) => self.view.uidnext = Some(*number),
            Code::PermanentFlags(flags) => self.view.permanent_flags = Some(flags.clone()),
            Code::Capabilities(words) => self.capabilities.clone_from(words),
            // Beside EXPUNGEISSUED it comes in an untagged line.
            Code::Word(word) => self.is_partial |= word == MESSAGE_LIMIT,
            Code::None | Code::ReadOnly | Code::ReadWrite | Code::TryCreate => {}
        }
    }

    /// Lets the server keep silent for longer, or for the usual time again.
    pub(super) fn allow_silence(&mut self, silence: Option<Duration>) {
        let silence = silence.unwrap_or(self.deadlines.silence);
        self.client.get_mut().allow_silence(silence);
    }

    fn bye(&mut self, text: &str) -> MailboxError {
        let said = self.client.get_mut().transcript().cleaned(text);
        match answer::of_command(&answer::word_of(text).map_or(Code::None, Code::Word), text) {
            Meaning::Throttled(pause) => MailboxError::Throttled { said, pause },
            _ => MailboxError::Bye { said },
        }
    }

    fn closed(&mut self, name: &str) -> MailboxError {
        self.state = State::Lost;
        MailboxError::Closed { command: name.to_owned(), tail: self.client.get_mut().transcript().tail() }
    }

    pub(super) fn out_of_turn(&mut self, name: &str) -> MailboxError {
        self.state = State::Lost;
        MailboxError::OutOfTurn { command: name.to_owned(), tail: self.client.get_mut().transcript().tail() }
    }

    /// A parse error's text holds the whole buffer twice (async-imap 0.12), so it is never formatted.
    fn broken(&mut self, error: &io::Error, name: &str) -> MailboxError {
        self.state = State::Lost;
        let command = name.to_owned();
        let tail = self.client.get_mut().transcript().tail();
        if let Some(stopped) = error.get_ref().and_then(|inner| inner.downcast_ref::<Stopped>()) {
            return match stopped {
                Stopped::Breach(breach) => MailboxError::Breach { command, breach: breach.clone(), tail },
                Stopped::Silence { limit } => MailboxError::Silent { command, limit: *limit, tail },
            };
        }
        match error.kind() {
            io::ErrorKind::Other | io::ErrorKind::InvalidData if error.raw_os_error().is_none() => {
                MailboxError::Unreadable { command, tail }
            }
            io::ErrorKind::UnexpectedEof => MailboxError::Closed { command, tail },
            kind => MailboxError::Broken { command, reason: kind.to_string() },
        }
    }

    /// These texts are shown to nobody.
    pub(super) fn hide(&mut self, secrets: Vec<String>) {
        self.client.get_mut().transcript().hide(secrets);
    }

    /// The tail of the conversation, for an error made elsewhere.
    pub(super) fn tail(&mut self) -> super::error::Tail {
        self.client.get_mut().transcript().tail()
    }

    /// Takes leave, within the farewell deadline; nobody cares how it ends.
    pub(super) async fn logout(&mut self) {
        if self.is_sound() {
            let farewell = self.deadlines.farewell;
            let _best_effort = timeout(farewell, self.command(LOGOUT, Haste::Short, |_| Ok(()))).await;
        }
    }

    /// The caps in force, for those who ask in portions.
    pub(super) fn literal_cap(&self) -> u64 {
        self.caps.literal
    }
}

const LOGOUT: &str = "LOGOUT";

/// The words of a command that name it, without its arguments.
fn name_of(line: &str) -> String {
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some("UID"), Some(second)) => format!("UID {second}"),
        (Some(first), _) => first.to_owned(),
        _ => String::new(),
    }
}
