//! One client's dialogue with the sink (RFC 5321, 4954, 3207, 3461).
//!
//! Promises: the script is asked once in each phase; a letter is kept before its reply is written, so a client that has the reply finds it.
//! Rejected: one state machine type for each phase; the order that SMTP demands is four checks.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::script::{Phase, What, decide};
use super::{House, Letter};
use crate::imap::base64;
use crate::tls::Security;
use crate::tls::wire::Wire;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Plain,
    Tls,
}

/// How a dialogue ends.
enum End {
    Close,
    Stall,
}

/// What became of a phase.
enum Step {
    /// This was said.
    Said(String),
    Over(End),
}

#[derive(Default)]
struct Envelope {
    from: String,
    parameters: Vec<String>,
    recipients: Vec<(String, Vec<String>)>,
}

struct Session {
    house: Arc<House>,
    number: usize,
    channel: Channel,
    account: Option<String>,
    envelope: Option<Envelope>,
}

/// Serves a connection until its end.
pub(super) async fn serve(house: Arc<House>, stream: TcpStream, number: usize) {
    house.change(|state| state.connections += 1);
    let wire = Wire::new(stream, house.patience);
    let session = Session { house, number, channel: Channel::Plain, account: None, envelope: None };
    // A connection's failure is the client's business or the script's; the dialogue tells the rest.
    let _ = session.run(wire).await;
}

impl Session {
    async fn run(mut self, mut wire: Wire) -> io::Result<()> {
        if let Step::Over(end) = self.react(&mut wire, Phase::Connect, |_| String::new()).await? {
            return finish(wire, end).await;
        }
        if let Security::Tls(config) = &self.house.security {
            wire = wire.upgraded(Arc::clone(config)).await?;
            self.channel = Channel::Tls;
        }
        if let Step::Over(end) = self.react(&mut wire, Phase::Greeting, |_| "220 testbed.example.jp ESMTP".to_owned()).await? {
            return finish(wire, end).await;
        }
        while let Some(line) = self.heard(&mut wire).await? {
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match self.answer(&mut wire, &verb, &line).await? {
                Step::Over(end) => return finish(wire, end).await,
                Step::Said(reply) if verb == "STARTTLS" && reply.starts_with("220") => {
                    let (Security::StartTls(config) | Security::Tls(config)) = &self.house.security else { return Ok(()) };
                    wire = wire.upgraded(Arc::clone(config)).await?;
                    self.channel = Channel::Tls;
                    self.envelope = None;
                }
                Step::Said(reply) if verb == "DATA" && reply.starts_with("354") => {
                    if let Step::Over(end) = self.body(&mut wire).await? {
                        return finish(wire, end).await;
                    }
                }
                Step::Said(_) => {}
            }
        }
        Ok(())
    }

    async fn answer(&mut self, wire: &mut Wire, verb: &str, line: &str) -> io::Result<Step> {
        match verb {
            "EHLO" => self.react(wire, Phase::Ehlo, Self::extensions).await,
            "HELO" => self.react(wire, Phase::Ehlo, |_| "250 testbed.example.jp".to_owned()).await,
            "STARTTLS" => self.react(wire, Phase::StartTls, |session| session.start_tls().to_owned()).await,
            "AUTH" => self.authenticate(wire, line).await,
            "MAIL" => self.react(wire, Phase::Mail, |session| session.mail(line)).await,
            "RCPT" => self.react(wire, Phase::Rcpt, |session| session.recipient(line)).await,
            "DATA" => self.react(wire, Phase::Data, |session| session.data().to_owned()).await,
            "QUIT" => match self.react(wire, Phase::Quit, |_| "221 2.0.0 Bye".to_owned()).await? {
                Step::Said(reply) if reply.starts_with("221") => Ok(Step::Over(End::Close)),
                step => Ok(step),
            },
            "RSET" => {
                self.envelope = None;
                self.say(wire, "250 2.0.0 Ok").await
            }
            "NOOP" => self.say(wire, "250 2.0.0 Ok").await,
            _ => self.say(wire, "500 5.5.1 Unknown command").await,
        }
    }

    /// Asks the script; without a rule, does what `ordinary` does and says what it returns (nothing, if that is empty).
    async fn react(&mut self, wire: &mut Wire, phase: Phase, ordinary: impl FnOnce(&mut Self) -> String) -> io::Result<Step> {
        let decision = self.house.change(|state| {
            let decision = decide(&mut state.rules, phase);
            state.fired += usize::from(decision.is_some());
            decision
        });
        match decision {
            None => {
                let reply = ordinary(self);
                self.say(wire, &reply).await
            }
            Some(What::Reply(reply)) => {
                if reply.starts_with(['2', '3']) {
                    let _ = ordinary(self);
                }
                self.say(wire, &reply).await
            }
            Some(What::Garbage(bytes)) => {
                wire.write(&bytes).await?;
                wire.flush().await?;
                Ok(Step::Said(String::new()))
            }
            Some(What::KeepThenClose) => {
                let _ = ordinary(self);
                Ok(Step::Over(End::Close))
            }
            Some(What::KeepThenStall) => {
                let _ = ordinary(self);
                Ok(Step::Over(End::Stall))
            }
            Some(What::Close) => Ok(Step::Over(End::Close)),
            Some(What::Stall) => Ok(Step::Over(End::Stall)),
        }
    }

    async fn say(&self, wire: &mut Wire, reply: &str) -> io::Result<Step> {
        if reply.is_empty() {
            return Ok(Step::Said(String::new()));
        }
        self.house.change(|state| state.dialogue.extend(reply.split("\r\n").map(|line| format!("S: {line}"))));
        wire.write(format!("{reply}\r\n").as_bytes()).await?;
        wire.flush().await?;
        Ok(if reply.starts_with("421") { Step::Over(End::Close) } else { Step::Said(reply.to_owned()) })
    }

    async fn heard(&self, wire: &mut Wire) -> io::Result<Option<String>> {
        let Some(line) = wire.line().await? else { return Ok(None) };
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        self.house.change(|state| state.dialogue.push(format!("C: {line}")));
        Ok(Some(line))
    }

    fn extensions(&mut self) -> String {
        self.envelope = None;
        let mut lines = vec!["testbed.example.jp".to_owned()];
        for extension in &self.house.extensions {
            let size = extension.eq_ignore_ascii_case("SIZE");
            lines.push(if size { format!("SIZE {}", self.house.octets_at_most) } else { extension.clone() });
        }
        if self.must_start_tls() {
            lines.push("STARTTLS".to_owned());
        } else if let Some(account) = &self.house.account {
            lines.push(format!("AUTH PLAIN LOGIN{}", if account.token.is_some() { " XOAUTH2 OAUTHBEARER" } else { "" }));
        }
        let last = lines.len();
        let numbered = (1..).zip(lines).map(|(number, line)| format!("250{}{line}", if number == last { ' ' } else { '-' }));
        numbered.collect::<Vec<_>>().join("\r\n")
    }

    fn must_start_tls(&self) -> bool {
        matches!(self.house.security, Security::StartTls(_)) && self.channel == Channel::Plain
    }

    fn start_tls(&self) -> &'static str {
        if self.must_start_tls() { "220 2.0.0 Begin TLS now" } else { "503 5.5.1 TLS is not offered here" }
    }

    async fn authenticate(&mut self, wire: &mut Wire, line: &str) -> io::Result<Step> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let initial = words.next().map(str::to_owned);
        if self.house.account.is_none() || self.must_start_tls() {
            return self.say(wire, "503 5.5.1 AUTH is not offered here").await;
        }
        let mut answers = Vec::from_iter(initial);
        let prompts: &[&str] = match mechanism.as_str() {
            "LOGIN" => &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
            _ => &["334 "],
        };
        for prompt in prompts.iter().skip(answers.len()) {
            self.say(wire, prompt).await?;
            let Some(answer) = self.heard(wire).await? else { return Ok(Step::Over(End::Close)) };
            if answer == "*" {
                return self.say(wire, "501 5.7.0 Authentication was given up").await;
            }
            answers.push(answer);
        }
        let account = self.house.account.as_ref();
        if mechanism.contains("OAUTH")
            && answers.first().is_none_or(|answer| account.is_none_or(|account| account.sasl(&mechanism, answer).is_err()))
        {
            // Google and Microsoft send the reason as a challenge; the 535 comes after the client's empty answer.
            self.say(wire, &format!("334 {}", base64::encode(br#"{"status":"400","schemes":"Bearer"}"#))).await?;
            if self.heard(wire).await?.is_none() {
                return Ok(Step::Over(End::Close));
            }
        }
        self.react(wire, Phase::Auth, |session| session.check(&mechanism, &answers).to_owned()).await
    }

    fn check(&mut self, mechanism: &str, answers: &[String]) -> &'static str {
        let Some(account) = &self.house.account else { return "503 5.5.1 AUTH is not offered here" };
        let right = match (mechanism, answers) {
            ("LOGIN", [user, password]) => {
                base64::decode(user).as_deref() == Some(account.user.as_bytes())
                    && base64::decode(password).as_deref() == Some(account.password.as_bytes())
            }
            (_, [answer]) => account.sasl(mechanism, answer).is_ok(),
            _ => false,
        };
        if !right {
            return "535 5.7.8 Wrong user or password";
        }
        self.account = Some(account.user.clone());
        "235 2.7.0 Welcome"
    }

    fn mail(&mut self, line: &str) -> String {
        if self.must_start_tls() {
            return "530 5.7.0 Must issue a STARTTLS command first".to_owned();
        }
        if self.house.account.is_some() && self.account.is_none() {
            return "530 5.7.0 Authentication required".to_owned();
        }
        if self.envelope.is_some() {
            return "503 5.5.1 There is a sender already".to_owned();
        }
        let Some((from, parameters)) = path(line, "MAIL FROM:") else { return "501 5.5.4 That is no sender".to_owned() };
        let known = [("BODY", "8BITMIME"), ("SIZE", "SIZE"), ("SMTPUTF8", "SMTPUTF8"), ("RET", "DSN"), ("ENVID", "DSN")];
        if let Some(refusal) = self.refused(&parameters, &known) {
            return refusal;
        }
        let announced = parameters.iter().find_map(|parameter| parameter.strip_prefix("SIZE=")?.parse::<usize>().ok());
        if announced.is_some_and(|octets| octets > self.house.octets_at_most) {
            return "552 5.3.4 The letter is too large".to_owned();
        }
        self.envelope = Some(Envelope { from, parameters, recipients: Vec::new() });
        "250 2.1.0 Ok".to_owned()
    }

    fn recipient(&mut self, line: &str) -> String {
        let Some((to, parameters)) = path(line, "RCPT TO:").filter(|(to, _)| !to.is_empty()) else {
            return "501 5.5.4 That is no recipient".to_owned();
        };
        if let Some(refusal) = self.refused(&parameters, &[("NOTIFY", "DSN"), ("ORCPT", "DSN")]) {
            return refusal;
        }
        let Some(envelope) = &mut self.envelope else { return "503 5.5.1 MAIL first".to_owned() };
        envelope.recipients.push((to, parameters));
        "250 2.1.5 Ok".to_owned()
    }

    fn data(&self) -> &'static str {
        match &self.envelope {
            Some(envelope) if !envelope.recipients.is_empty() => "354 End with a dot",
            _ => "503 5.5.1 RCPT first",
        }
    }

    /// Parameters are allowed only with the extension that defines them.
    fn refused(&self, parameters: &[String], known: &[(&str, &str)]) -> Option<String> {
        let offered = |extension: &str| self.house.extensions.iter().any(|offered| offered.eq_ignore_ascii_case(extension));
        let allowed = |parameter: &str| {
            let name = parameter.split('=').next().unwrap_or_default();
            known.iter().any(|(keyword, extension)| keyword.eq_ignore_ascii_case(name) && offered(extension))
        };
        let stranger = parameters.iter().find(|parameter| !allowed(parameter))?;
        Some(format!("555 5.5.4 The parameter {stranger} is not offered"))
    }

    async fn body(&mut self, wire: &mut Wire) -> io::Result<Step> {
        let mut data = Vec::new();
        let mut octets = 0_usize;
        loop {
            let Some(line) = wire.line().await? else { return Ok(Step::Over(End::Close)) };
            if line == b".\r\n" {
                break;
            }
            octets = octets.saturating_add(line.len());
            // Past the limit the rest is read for the protocol's sake, and forgotten.
            if octets <= self.house.octets_at_most {
                data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
        self.house.change(|state| state.dialogue.push(format!("C: ({octets} octets)")));
        let envelope = self.envelope.take().unwrap_or_default();
        self.react(wire, Phase::Body, |session| session.keep(envelope, data, octets)).await
    }

    fn keep(&self, envelope: Envelope, data: Vec<u8>, octets: usize) -> String {
        if octets > self.house.octets_at_most {
            return "552 5.3.4 The letter is too large".to_owned();
        }
        let (recipients, rcpt_parameters) = envelope.recipients.into_iter().unzip();
        let letter = Letter {
            connection: self.number,
            envelope_from: envelope.from,
            recipients,
            mail_parameters: envelope.parameters,
            rcpt_parameters,
            account: self.account.clone(),
            data,
        };
        let count = self.house.change(|state| {
            state.letters.push(letter);
            state.letters.len()
        });
        format!("250 2.0.0 Ok, kept as letter {count}")
    }
}

async fn finish(wire: Wire, end: End) -> io::Result<()> {
    match end {
        End::Close => wire.close().await,
        End::Stall => wire.stall().await,
    }
    Ok(())
}

/// The address between the angle brackets, and the parameters after them.
fn path(line: &str, command: &str) -> Option<(String, Vec<String>)> {
    let (said, rest) = line.split_at_checked(command.len())?;
    let (address, parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let whole = parameters.is_empty() || parameters.starts_with(' ');
    (said.eq_ignore_ascii_case(command) && whole)
        .then(|| (address.to_owned(), parameters.split_ascii_whitespace().map(str::to_owned).collect()))
}
