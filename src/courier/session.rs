//! One SMTP session: from the connection to QUIT.
//!
//! Promises: TLS as configured or no session; every phase has its own deadline; after STARTTLS nothing that was heard before it counts (RFC 3207
//! section 4.2). A session lost in the middle is simply dropped.
//! Rejected: pipelining. A handful of letters a minute gains nothing from it, and one command at a time keeps each answer's meaning certain.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::response::{Category, Code, Detail, Response, Severity as LettreSeverity};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::failure::{Failure, Phase};
use super::letter::Letter;
use super::link::{Link, Stream};
use super::reply::{Reply, Severity};
use super::settings::{Deadlines, Hello, HelloName, Login, Settings};
use crate::secret::Secret;
use crate::token::{self, Tokens};
use crate::wire::{self, Security};

/// A server that hears of a write error may have said why before it hung up; this long we listen.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// AUTH LOGIN asks twice.
const MOST_CHALLENGES: usize = 3;

/// What EHLO told us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions {
    lines: Vec<String>,
}

impl Extensions {
    fn of(reply: &Reply) -> Self {
        Self { lines: reply.lines().iter().skip(1).map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect() }
    }

    /// Each extension with its parameters, as the server wrote it.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The parameters of an extension, None when it is not offered. `AUTH=LOGIN` is how servers of the last century wrote it.
    fn parameters(&self, keyword: &str) -> Option<impl Iterator<Item = &str>> {
        self.lines.iter().find_map(|line| {
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            words.next().filter(|word| word.eq_ignore_ascii_case(keyword)).map(|_| words)
        })
    }

    #[must_use]
    pub fn offers(&self, keyword: &str) -> bool {
        self.parameters(keyword).is_some()
    }

    /// The greatest size of a letter in bytes (RFC 1870), where one is named.
    #[must_use]
    pub fn size_limit(&self) -> Option<u64> {
        self.parameters("SIZE")?.next()?.parse().ok().filter(|limit| *limit > 0)
    }

    fn mechanism(&self) -> Result<Mechanism, Failure> {
        if self.has_mechanism("PLAIN") {
            Ok(Mechanism::Plain)
        } else if self.has_mechanism("LOGIN") {
            Ok(Mechanism::Login)
        } else {
            Err(Failure::NoMechanism { offered: self.mechanisms() })
        }
    }

    fn token_mechanism(&self) -> Result<token::Mechanism, Failure> {
        let offered = token::Mechanism::ALL.into_iter().find(|mechanism| self.has_mechanism(mechanism.name()));
        offered.ok_or_else(|| Failure::NoTokenMechanism { offered: self.mechanisms() })
    }

    fn has_mechanism(&self, name: &str) -> bool {
        self.parameters("AUTH").is_some_and(|mut offered| offered.any(|word| word.eq_ignore_ascii_case(name)))
    }

    /// For a sentence.
    fn mechanisms(&self) -> String {
        let offered: Vec<&str> = self.parameters("AUTH").map(Iterator::collect).unwrap_or_default();
        if offered.is_empty() { "no AUTH".to_owned() } else { offered.join(", ") }
    }
}

/// An open session, logged in where a login is configured.
pub struct Session {
    link: Link<Box<dyn Stream>>,
    deadlines: Deadlines,
    extensions: Extensions,
    letters: u32,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("extensions", &self.extensions).field("letters", &self.letters).finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, protects the connection as configured, says EHLO and logs in.
    ///
    /// # Errors
    /// [`Failure`] of any phase up to AUTH.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        let deadlines = settings.deadlines;
        let tcp = wire::tcp(&settings.host, settings.port, settings.security, settings.proxy.as_ref(), deadlines.connect).await?;
        let name = name(&settings.hello, &tcp);
        let mut link: Link<Box<dyn Stream>> = match settings.security {
            Security::Tls => {
                let stream = wire::tls(tcp, &settings.host, &settings.trust, deadlines.connect).await?;
                let mut link = Link::new(boxed(stream));
                greet(&mut link, deadlines).await?;
                link
            }
            Security::StartTls => Link::new(upgraded(settings, tcp, &name).await?),
            Security::Plaintext => {
                let mut link = Link::new(boxed(tcp));
                greet(&mut link, deadlines).await?;
                link
            }
        };
        let extensions = hello(&mut link, &name, deadlines).await?;
        let mut session = Self { link, deadlines, extensions, letters: 0 };
        if let Some(login) = &settings.login {
            session.log_in(login, settings).await?;
        }
        Ok(session)
    }

    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// How many letters this session was offered.
    #[must_use]
    pub fn letters(&self) -> u32 {
        self.letters
    }

    async fn log_in(&mut self, login: &Login, settings: &Settings) -> Result<(), Failure> {
        match &login.credentials {
            token::Credentials::Password(password) => self.log_in_by_password(&login.user, password).await,
            token::Credentials::Token(tokens) => self.log_in_by_token(&login.user, tokens, settings).await,
        }
    }

    /// A refused token is renewed out of turn, once: it may have been withdrawn before its time.
    async fn log_in_by_token(&mut self, user: &str, tokens: &Tokens, settings: &Settings) -> Result<(), Failure> {
        let mechanism = self.extensions.token_mechanism()?;
        let mut token = tokens.token().await?;
        loop {
            let response = mechanism.response(user, &settings.host, settings.port, &token.secret);
            let line = format!("AUTH {} {}", mechanism.name(), response.expose());
            let mut reply = self.link.command(Phase::Authentication, &line, self.deadlines.command).await?;
            if reply.code() == 334 {
                // The server explains its refusal before it says it.
                reply = self.link.command(Phase::Authentication, mechanism.acknowledgement(), self.deadlines.command).await?;
            }
            match reply.severity() {
                Severity::Done => {
                    tokens.accepted(&token).await;
                    return Ok(());
                }
                Severity::Permanent => match tokens.instead_of(&token).await? {
                    Some(another) => token = another,
                    None => return Err(Failure::Answered { phase: Phase::Authentication, reply }),
                },
                Severity::GoOn | Severity::Temporary => return Err(Failure::Answered { phase: Phase::Authentication, reply }),
            }
        }
    }

    async fn log_in_by_password(&mut self, user: &str, password: &Secret) -> Result<(), Failure> {
        let mechanism = self.extensions.mechanism()?;
        let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
        let odd = |_| Failure::OddChallenge;
        let mut command = Auth::new(mechanism, credentials.clone(), None).map_err(odd)?;
        for _ in 0..=MOST_CHALLENGES {
            let line = command.to_string();
            let reply = self.link.command(Phase::Authentication, line.trim_end_matches("\r\n"), self.deadlines.command).await?;
            match reply.code() {
                200..300 => return Ok(()),
                334 => command = Auth::new_from_response(mechanism, credentials.clone(), &challenge(&reply)).map_err(odd)?,
                _ => return Err(Failure::Answered { phase: Phase::Authentication, reply }),
            }
        }
        Err(Failure::OddChallenge)
    }

    /// MAIL, RCPT and DATA, up to the server's 354. Not cancel-safe: a session dropped in here must not be used again.
    ///
    /// # Errors
    /// [`Failure`] of these phases; the server has not seen a byte of the letter.
    pub async fn envelope(&mut self, letter: &Letter) -> Result<(), Failure> {
        self.letters = self.letters.saturating_add(1);
        if letter.is_international() && !self.extensions.offers("SMTPUTF8") {
            return Err(Failure::NoInternationalAddresses);
        }
        let sender = self.sender_line(letter);
        self.expect(Phase::Sender, &sender, Severity::Done).await?;
        self.expect(Phase::Recipient, &self.recipient_line(letter), Severity::Done).await?;
        self.expect(Phase::Data, "DATA", Severity::GoOn).await?;
        // An answer to the letter that came before the letter is no answer to it.
        self.link.unasked().map_or(Ok(()), |line| Err(Failure::Garbled { phase: Phase::Data, line }))
    }

    fn sender_line(&self, letter: &Letter) -> String {
        let mut line = format!("MAIL FROM:<{}>", letter.envelope_from.as_ref().map_or("", |address| address.as_str()));
        if self.extensions.offers("SIZE") {
            line.push_str(" SIZE=");
            line.push_str(&letter.size.to_string());
        }
        if letter.is_international() {
            line.push_str(" SMTPUTF8");
            // RFC 6531 section 3.6 has every such server offer it, too; some forget to.
            if self.extensions.offers("8BITMIME") {
                line.push_str(" BODY=8BITMIME");
            }
        }
        if let (Some(_), Some(id), true) = (&letter.envelope_from, &letter.envelope_id, self.extensions.offers("DSN")) {
            line.push_str(" RET=HDRS ENVID=");
            line.push_str(id);
        }
        line
    }

    /// Where nobody reads reports there shall be none; where they come to the office, only those of failures (RFC 3461 section 4.1).
    fn recipient_line(&self, letter: &Letter) -> String {
        let notify = match (&letter.envelope_from, self.extensions.offers("DSN")) {
            (None, true) => " NOTIFY=NEVER",
            (Some(_), true) => " NOTIFY=FAILURE",
            (_, false) => "",
        };
        format!("RCPT TO:<{}>{notify}", letter.recipient.as_str())
    }

    /// The letter and its final dot. Once `stop` says so, the wait for the last answer is cut to [`Deadlines::stopping`].
    ///
    /// # Errors
    /// [`Failure`] in [`Phase::Body`] (the dot never left) or [`Phase::FinalDot`] (it may have).
    pub async fn transmit(&mut self, letter: &Letter, stop: watch::Receiver<bool>) -> Result<Reply, Failure> {
        if let Err(failure) = self.link.send(Phase::Body, &letter.stuffed, self.deadlines.command).await {
            return Err(self.last_words(Phase::Body).await.unwrap_or(failure));
        }
        if let Err(failure) = self.link.send(Phase::FinalDot, b".\r\n", self.deadlines.command).await {
            return Err(self.last_words(Phase::FinalDot).await.unwrap_or(failure));
        }
        let reply = self.final_reply(stop).await?;
        if reply.severity() == Severity::Done { Ok(reply) } else { Err(Failure::Answered { phase: Phase::FinalDot, reply }) }
    }

    async fn final_reply(&mut self, mut stop: watch::Receiver<bool>) -> Result<Reply, Failure> {
        let deadlines = self.deadlines;
        {
            let reading = self.link.reply(Phase::FinalDot, deadlines.final_dot);
            tokio::select! {
                biased;
                outcome = reading => return outcome,
                _ = stop.wait_for(|stopped| *stopped) => {}
            }
        }
        // A reply of several lines may have been half read; its other half still ends with the same code.
        self.link.reply(Phase::FinalDot, deadlines.stopping.min(deadlines.final_dot)).await
    }

    /// The server's refusal, when it gave one before it hung up on us.
    async fn last_words(&mut self, phase: Phase) -> Option<Failure> {
        let reply = self.link.reply(phase, LAST_WORDS).await.ok()?;
        matches!(reply.severity(), Severity::Temporary | Severity::Permanent).then_some(Failure::Answered { phase, reply })
    }

    /// Forgets an unfinished letter so that the session can carry the next one.
    ///
    /// # Errors
    /// [`Failure`] when the session is of no more use.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.expect(Phase::Reset, "RSET", Severity::Done).await.map(|_| ())
    }

    /// QUIT, and the end, whatever the server says to it.
    pub async fn quit(mut self) {
        let limit = self.deadlines.command.min(Duration::from_secs(5));
        if self.link.command(Phase::Quit, "QUIT", limit).await.is_ok() {
            self.link.shut_down(limit).await;
        }
    }

    async fn expect(&mut self, phase: Phase, line: &str, wanted: Severity) -> Result<Reply, Failure> {
        let reply = self.link.command(phase, line, self.deadlines.command).await?;
        if reply.severity() == wanted { Ok(reply) } else { Err(Failure::Answered { phase, reply }) }
    }
}

/// A connection that is gone already has no address; whatever is written to it fails anyway.
fn name(hello: &Hello, tcp: &TcpStream) -> HelloName {
    hello.name(tcp.local_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip()))
}

fn boxed(stream: impl Stream + 'static) -> Box<dyn Stream> {
    Box::new(stream)
}

/// Greeting, EHLO and STARTTLS in the clear, then the handshake.
async fn upgraded(settings: &Settings, tcp: TcpStream, name: &HelloName) -> Result<Box<dyn Stream>, Failure> {
    let deadlines = settings.deadlines;
    let mut link = Link::new(tcp);
    greet(&mut link, deadlines).await?;
    if !hello(&mut link, name, deadlines).await?.offers("STARTTLS") {
        return Err(Failure::NoStartTls);
    }
    let reply = link.command(Phase::StartTls, "STARTTLS", deadlines.command).await?;
    if reply.severity() != Severity::Done {
        return Err(Failure::Answered { phase: Phase::StartTls, reply });
    }
    // Bytes behind the 220 would be read as if they had come through TLS (CVE-2011-0411 and its kin).
    let (tcp, early) = link.into_parts();
    if !early.is_empty() {
        return Err(Failure::BytesBeforeTls);
    }
    Ok(boxed(wire::tls(tcp, &settings.host, &settings.trust, deadlines.connect).await?))
}

async fn greet<S: Stream>(link: &mut Link<S>, deadlines: Deadlines) -> Result<(), Failure> {
    let reply = link.reply(Phase::Greeting, deadlines.command).await?;
    if reply.severity() == Severity::Done { Ok(()) } else { Err(Failure::Answered { phase: Phase::Greeting, reply }) }
}

async fn hello<S: Stream>(link: &mut Link<S>, name: &HelloName, deadlines: Deadlines) -> Result<Extensions, Failure> {
    let reply = link.command(Phase::Hello, &format!("EHLO {}", name.as_str()), deadlines.command).await?;
    if reply.severity() == Severity::Done { Ok(Extensions::of(&reply)) } else { Err(Failure::Answered { phase: Phase::Hello, reply }) }
}

/// lettre reads the challenge from its own kind of response.
fn challenge(reply: &Reply) -> Response {
    let code = Code::new(LettreSeverity::PositiveIntermediate, Category::Unspecified3, Detail::Four);
    Response::new(code, reply.lines().to_vec())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::super::outbox::{Claimed, LetterId};
    use super::*;

    fn extensions(lines: &[&str]) -> Extensions {
        Extensions { lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn extensions_are_found_in_any_case_and_by_whole_words() {
        let offered = extensions(&["PIPELINING", "size 35882577", "Dsn", "AUTH=LOGIN"]);
        assert!(offered.offers("SIZE") && offered.offers("DSN") && offered.offers("AUTH"));
        assert!(!offered.offers("STARTTLS") && !offered.offers("PIPE"));
        assert_eq!(offered.size_limit(), Some(35_882_577));
        assert_eq!(extensions(&["SIZE 0"]).size_limit(), None);
        assert_eq!(extensions(&["SIZE"]).size_limit(), None);
    }

    #[test]
    fn plain_is_preferred_and_others_are_not_guessed() {
        assert_eq!(extensions(&["AUTH LOGIN PLAIN"]).mechanism().ok(), Some(Mechanism::Plain));
        assert_eq!(extensions(&["AUTH=LOGIN"]).mechanism().ok(), Some(Mechanism::Login));
        for (lines, expected) in [(&["AUTH CRAM-MD5 XOAUTH2"][..], "CRAM-MD5, XOAUTH2"), (&["DSN"], "no AUTH")] {
            let Err(Failure::NoMechanism { offered }) = extensions(lines).mechanism() else { panic!("a mechanism was found") };
            assert_eq!(offered, expected);
        }
    }

    /// What a large letter meets at a server that says this after 354, reads no further and hangs up.
    async fn transmitted_against(said: &[u8]) -> Failure {
        let (near, mut far) = tokio::io::duplex(256);
        let limit = Duration::from_secs(5);
        let deadlines = Deadlines { connect: limit, command: limit, final_dot: limit, stopping: limit };
        let mut session = Session { link: Link::new(boxed(near)), deadlines, extensions: Extensions::default(), letters: 1 };
        let claimed = Claimed {
            id: LetterId(1),
            attempt: 1,
            envelope_from: None,
            recipient: "taro@example.co.jp".to_owned(),
            bytes: b"text\r\n".repeat(1000),
        };
        far.write_all(said).await.unwrap();
        drop(far);
        let (_stop, stopped) = watch::channel(false);
        session.transmit(&Letter::parse(&claimed).unwrap(), stopped).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_refusal_in_the_middle_of_the_text_is_heard() {
        let failure = transmitted_against(b"552 5.3.4 too large\r\n").await;
        assert_eq!((failure.phase(), failure.code()), (Some(Phase::Body), Some(552)), "{failure}");
    }

    #[tokio::test]
    async fn a_connection_cut_in_the_middle_of_the_text_is_no_unknown() {
        for said in [&b""[..], b"250 2.0.0 Ok\r\n"] {
            let failure = transmitted_against(said).await;
            assert!(matches!(failure, Failure::Lost { phase: Phase::Body, .. }), "{failure}");
        }
    }
}
