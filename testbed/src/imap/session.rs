//! One client's session: greeting, commands, IDLE, the end.
//!
//! Promises: every command is logged before it is answered, every wait has the server's patience as its limit, and a change that ends
//! sessions (new UIDVALIDITY) is told by BYE at once.
//! Rejected: a task for reading and one for writing; with one task the order of the conversation is the order of the code.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::base64;
use super::command::{Command, trim_line_end};
use super::login::Login;
use super::perform::{Channel, Phase};
use super::reply::{Attention, Greeted, IdleEnd, IdlePlan, Line, Reply, Then};
use super::script::Occasion;
use super::state::Shared;
use super::view::Removals;
use crate::tls::Security;
use crate::tls::wire::Wire;

/// What every session of a server shares.
pub(super) struct House {
    pub(super) shared: Shared,
    pub(super) security: Security,
    pub(super) login: Login,
    pub(super) capabilities: Vec<String>,
    pub(super) patience: Duration,
}

pub(super) struct Session {
    pub(super) house: Arc<House>,
    pub(super) number: usize,
    pub(super) channel: Channel,
    pub(super) phase: Phase,
    epoch: u64,
}

/// Whether the UIDs that the client knows still hold.
enum Numbering {
    Same,
    New,
}

/// Keeps one of the state's counters right, however the session ends.
struct Counted<'house>(&'house Shared, fn(&mut super::state::State) -> &mut usize);

impl<'house> Counted<'house> {
    fn new(shared: &'house Shared, counter: fn(&mut super::state::State) -> &mut usize) -> Self {
        shared.change(|state| *counter(state) += 1);
        Self(shared, counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.change(|state| *(self.1)(state) -= 1);
    }
}

/// Serves a connection until its end, or until the test drops all connections.
pub(super) async fn serve(house: Arc<House>, stream: TcpStream, number: usize) {
    let epoch = house.shared.change(|state| {
        state.connections += 1;
        state.epoch
    });
    let _open = Counted::new(&house.shared, |state| &mut state.open);
    let mut severed = house.shared.severed();
    let session = Session { house: Arc::clone(&house), number, channel: Channel::Plain, phase: Phase::Stranger, epoch };
    tokio::select! {
        _ = severed.changed() => {}
        // A connection's failure is the client's business or the script's; the log of commands tells the rest.
        _ = session.run(Wire::new(stream, house.patience)) => {}
    }
}

impl Session {
    async fn run(mut self, wire: Wire) -> io::Result<()> {
        let connect = self.house.shared.effects(Occasion::Connect, self.number).applied(|| Reply::untagged(Vec::new()));
        let Some(mut wire) = self.carry_out(wire, &connect, "").await? else { return Ok(()) };
        if let Security::Tls(config) = &self.house.security {
            wire = wire.upgraded(Arc::clone(config)).await?;
            self.channel = Channel::Tls;
        }
        let greeting = self.house.shared.effects(Occasion::Greeting, self.number).applied(|| Reply::untagged(vec![self.greeting()]));
        if greeting.greeted == Greeted::Authenticated {
            self.phase = Phase::Authenticated;
        }
        let Some(mut wire) = self.carry_out(wire, &greeting, "").await? else { return Ok(()) };
        loop {
            let farewell = match self.awaited(&mut wire).await {
                Ok(Numbering::Same) => None,
                Ok(Numbering::New) => Some("* BYE IMAP session state is inconsistent, please relogin.\r\n"),
                Err(_) => Some("* BYE Disconnected for inactivity\r\n"),
            };
            if let Some(farewell) = farewell {
                wire.write(farewell.as_bytes()).await?;
                wire.close().await;
                return Ok(());
            }
            let command = match Command::read(&mut wire).await {
                Ok(Some(command)) => command,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let _ = wire.write(b"* BYE That cannot be read, or took too long\r\n").await;
                    wire.close().await;
                    return Err(error);
                }
            };
            match self.answer(wire, command).await? {
                Some(same) => wire = same,
                None => return Ok(()),
            }
        }
    }

    /// Waits for input, or for the end of the session's epoch.
    async fn awaited(&self, wire: &mut Wire) -> io::Result<Numbering> {
        let mut bell = self.house.shared.bell();
        loop {
            if self.house.shared.look(|state| state.epoch) != self.epoch {
                return Ok(Numbering::New);
            }
            tokio::select! {
                biased;
                _ = bell.changed() => {}
                ready = wire.ready() => return ready.map(|()| Numbering::Same),
            }
        }
    }

    async fn answer(&mut self, mut wire: Wire, mut command: Command) -> io::Result<Option<Wire>> {
        self.house.shared.log(self.number, format!("{} {}", command.tag, command.text));
        let effects = self.house.shared.effects(Occasion::Command(&command.text), self.number);
        if effects.carries_out() && command.name == "AUTHENTICATE" && command.text.split(' ').count() == 2 {
            let Some(answer) = self.challenged(&mut wire, "").await? else { return Ok(None) };
            command.arguments.push(b' ');
            command.arguments.extend_from_slice(&answer);
        }
        let reply = effects.applied(|| self.perform(&command));
        let denied = reply.tagged.as_ref().is_some_and(|text| text.starts_with("NO [AUTHENTICATIONFAILED]"));
        if denied && command.text.to_ascii_uppercase().starts_with("AUTHENTICATE ") && command.text.to_ascii_uppercase().contains("OAUTH") {
            // Google and Microsoft send the reason as a challenge; the NO comes after the client's empty answer.
            let reason = base64::encode(br#"{"status":"400","schemes":"Bearer"}"#);
            if self.challenged(&mut wire, &reason).await?.is_none() {
                return Ok(None);
            }
        }
        match reply.then {
            Then::Idle => self.idle(wire, &reply, &command.tag).await,
            _ => self.carry_out(wire, &reply, &command.tag).await,
        }
    }

    /// The client's answer to a SASL challenge; `None` when it has closed.
    async fn challenged(&self, wire: &mut Wire, challenge: &str) -> io::Result<Option<Vec<u8>>> {
        wire.write(format!("+ {challenge}\r\n").as_bytes()).await?;
        wire.flush().await?;
        let Some(mut answer) = wire.line().await? else { return Ok(None) };
        trim_line_end(&mut answer);
        self.house.shared.log(self.number, String::from_utf8_lossy(&answer).into_owned());
        Ok(Some(answer))
    }

    /// Writes an answer and does what follows from it; `None` when the session is over.
    async fn carry_out(&mut self, mut wire: Wire, reply: &Reply, tag: &str) -> io::Result<Option<Wire>> {
        reply.write(&mut wire, tag).await?;
        match reply.then {
            Then::Continue | Then::Idle => Ok(Some(wire)),
            Then::Close => {
                wire.close().await;
                Ok(None)
            }
            Then::Abort => Ok(None),
            Then::Stall => {
                wire.stall().await;
                Ok(None)
            }
            Then::StartTls => {
                let (Security::StartTls(config) | Security::Tls(config)) = &self.house.security else { return Ok(None) };
                self.channel = Channel::Tls;
                Ok(Some(wire.upgraded(Arc::clone(config)).await?))
            }
        }
    }

    async fn idle(&mut self, mut wire: Wire, reply: &Reply, tag: &str) -> io::Result<Option<Wire>> {
        let plan = &reply.idle;
        if let Some(bytes) = plan.deliver_first.clone() {
            self.house.shared.change(|state| state.shelf("INBOX").add(super::state::Message::new(0, bytes)));
            self.tell_news(&mut wire).await?;
        }
        reply.write(&mut wire, tag).await?;
        let (last, then) = match plan.end {
            IdleEnd::Done => {
                let house = Arc::clone(&self.house);
                let _idling = Counted::new(&house.shared, |state| &mut state.idling);
                return self.until_done(wire, plan, tag).await;
            }
            IdleEnd::TaggedOk => (vec![Line::text(format!("{tag} OK IDLE ended by the server"))], Then::Continue),
            IdleEnd::Bye => (vec![Line::text("* BYE Server shutting down")], Then::Close),
            IdleEnd::Close => (Vec::new(), Then::Close),
        };
        Reply::untagged(last).write(&mut wire, tag).await?;
        if then == Then::Continue {
            return Ok(Some(wire));
        }
        wire.close().await;
        Ok(None)
    }

    async fn until_done(&mut self, mut wire: Wire, plan: &IdlePlan, tag: &str) -> io::Result<Option<Wire>> {
        let mut bell = self.house.shared.bell();
        let mut keepalive = plan.keepalive.map(|interval| (interval, Instant::now() + interval));
        loop {
            if self.house.shared.look(|state| state.epoch) != self.epoch {
                return Ok(Some(wire));
            }
            if plan.to_news == Attention::Paid {
                self.tell_news(&mut wire).await?;
            }
            tokio::select! {
                biased;
                _ = bell.changed() => {}
                () = due(keepalive) => {
                    wire.write(b"* OK Still here\r\n").await?;
                    wire.flush().await?;
                    keepalive = keepalive.map(|(interval, last)| (interval, last + interval));
                }
                ready = wire.ready() => {
                    ready?;
                    let Some(mut line) = wire.line().await? else { return Ok(None) };
                    trim_line_end(&mut line);
                    let said = String::from_utf8_lossy(&line).into_owned();
                    self.house.shared.log(self.number, said.clone());
                    if plan.to_done == Attention::Ignored {
                        continue;
                    }
                    let effects = self.house.shared.effects(Occasion::Command(&said), self.number);
                    let outcome = if said.eq_ignore_ascii_case("DONE") { "OK IDLE completed" } else { "BAD Expected DONE" };
                    let reply = effects.applied(|| Reply::tagged(outcome));
                    return self.carry_out(wire, &reply, tag).await;
                }
            }
        }
    }

    async fn tell_news(&mut self, wire: &mut Wire) -> io::Result<()> {
        let Phase::Selected(view) = &mut self.phase else { return Ok(()) };
        let news = self.house.shared.look(|state| view.news(state, Removals::Told));
        if news.is_empty() {
            return Ok(());
        }
        Reply::untagged(news).write(wire, "").await
    }

    fn greeting(&self) -> Line {
        Line::text(format!("* OK [CAPABILITY {}] Testbed ready", self.capabilities()))
    }
}

/// The moment of the next keepalive; never, if there is none.
async fn due(keepalive: Option<(Duration, Instant)>) {
    match keepalive {
        Some((_, moment)) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
