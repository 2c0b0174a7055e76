//! From a TCP connection to a logged-in session: greeting, STARTTLS, login, capabilities, ID.
//!
//! Promises: protection is what the settings say or there is no connection; a wrong password costs one attempt.
//! Rejected: trying the login methods one after the other; three refusals in a row get an address banned.

use tokio::time::timeout;

use super::answer::{self, Code, Meaning};
use super::encoding;
use super::error::MailboxError;
use super::guard::Beat;
use super::session::{Condition, Data, Haste, Line, Session, Step};
use super::settings::{LoginMethod, Settings};
use super::transcript::Transcript;
use super::transport::Transport;
use crate::token::{Credentials, Mechanism, Tokens};
use crate::wire::{self, Security};

/// How the server received us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeting {
    Ok,
    /// Logged in already, by a certificate or by the address.
    Preauthenticated,
}

/// Connects and logs in.
///
/// # Errors
/// [`MailboxError`] with the remedy.
pub(super) async fn open(settings: &Settings, beat: Beat) -> Result<Session, MailboxError> {
    let limit = settings.deadlines.connect;
    let tcp = wire::tcp(&settings.host, settings.port, settings.security, settings.proxy.as_ref(), limit).await?;
    let transport = match settings.security {
        Security::Tls => Transport::Protected(Box::new(wire::tls(tcp, &settings.host, &settings.trust, limit).await?)),
        Security::StartTls | Security::Plaintext => Transport::Bare(tcp),
    };
    let mut session = Session::new(transport, &settings.limits, settings.deadlines, Transcript::default(), beat);
    let greeting = greeted(&mut session, settings).await?;
    if settings.security == Security::StartTls {
        // RFC 9051, 6.2.1: STARTTLS is not possible once authenticated, so a PREAUTH greeting is an attack or a mistake.
        if greeting == Greeting::Preauthenticated {
            return Err(MailboxError::PreauthenticatedInTheClear);
        }
        session = start_tls(session, settings).await?;
    }
    if greeting == Greeting::Ok {
        log_in(&mut session, settings).await?;
    }
    ask_capabilities(&mut session).await?;
    introduce(&mut session).await?;
    Ok(session)
}

async fn greeted(session: &mut Session, settings: &Settings) -> Result<Greeting, MailboxError> {
    let limit = settings.deadlines.connect;
    let mut greeting = None;
    let mut on = |data: Data<'_>| {
        if let Data::Status(condition, _, text) = data {
            greeting = Some((condition, text.to_owned()));
        }
        Ok(())
    };
    let step = timeout(limit, session.step("the greeting", &mut on)).await;
    match step {
        Err(_) => return Err(MailboxError::Slow { command: "the greeting".to_owned(), limit }),
        Ok(Err(MailboxError::Bye { said })) => return Err(MailboxError::GreetedAway { said }),
        Ok(Err(error)) => return Err(error),
        Ok(Ok(Step::Untagged)) => {}
        Ok(Ok(Step::Continue | Step::Done(_))) => return Err(session.out_of_turn("the greeting")),
    }
    match greeting {
        Some((Condition::Ok, _)) => Ok(Greeting::Ok),
        Some((Condition::Preauth, _)) => Ok(Greeting::Preauthenticated),
        _ => Err(session.out_of_turn("the greeting")),
    }
}

async fn start_tls(mut session: Session, settings: &Settings) -> Result<Session, MailboxError> {
    ask_capabilities(&mut session).await?;
    if !session.offers("STARTTLS") {
        return Err(MailboxError::NoStartTls);
    }
    session.command("STARTTLS", Haste::Short, |_| Ok(())).await?;
    let (transport, transcript, beat) = session.into_parts();
    let Transport::Bare(tcp) = transport else { return Err(MailboxError::Abandoned) };
    let protected = wire::tls(tcp, &settings.host, &settings.trust, settings.deadlines.connect).await?;
    // Nothing that was said in the clear counts any longer, capabilities least of all.
    Ok(Session::new(Transport::Protected(Box::new(protected)), &settings.limits, settings.deadlines, transcript, beat))
}

async fn log_in(session: &mut Session, settings: &Settings) -> Result<(), MailboxError> {
    match &settings.credentials {
        Credentials::Password(password) => log_in_by_password(session, settings, password.expose()).await,
        Credentials::Token(tokens) => log_in_by_token(session, settings, tokens).await,
    }
}

async fn log_in_by_password(session: &mut Session, settings: &Settings, password: &str) -> Result<(), MailboxError> {
    ask_capabilities(session).await?;
    let user = settings.user.as_str();
    if user.contains('\0') || password.contains('\0') {
        return Err(MailboxError::UnusableSecret);
    }
    session.hide(vec![encoding::plain_response(user, password), encoding::base64(password.as_bytes()), password.to_owned()]);
    let lines = match method(session, settings.login)? {
        Method::PlainAtOnce => {
            vec![Line::secret(format!("AUTHENTICATE PLAIN {}", encoding::plain_response(user, password)), "AUTHENTICATE PLAIN [hidden]")]
        }
        Method::PlainWhenAsked => {
            vec![Line::open("AUTHENTICATE PLAIN"), Line::secret(encoding::plain_response(user, password), "[hidden]")]
        }
        Method::Login => encoding::login_lines(user, password),
    };
    present(session, settings, &lines).await
}

/// A token may have been withdrawn before its time, so one that is refused is renewed out of turn; a fresh one that is refused, too, is an
/// operator's affair.
async fn log_in_by_token(session: &mut Session, settings: &Settings, tokens: &Tokens) -> Result<(), MailboxError> {
    ask_capabilities(session).await?;
    let mechanism = mechanism(session, settings.login)?;
    let mut token = tokens.token().await?;
    loop {
        let response = mechanism.response(&settings.user, &settings.host, settings.port, &token.secret);
        session.hide(vec![response.expose().to_owned(), token.secret.expose().to_owned()]);
        let name = format!("AUTHENTICATE {}", mechanism.name());
        let mut lines = if session.offers("SASL-IR") {
            vec![Line::secret(format!("{name} {}", response.expose()), &format!("{name} [hidden]"))]
        } else {
            vec![Line::open(name), Line::secret(response.expose().to_owned(), "[hidden]")]
        };
        lines.push(Line::open(mechanism.acknowledgement()));
        match present(session, settings, &lines).await {
            Err(MailboxError::Authentication { user, said }) => match tokens.instead_of(&token).await? {
                Some(another) => token = another,
                None => return Err(MailboxError::TokenRefused { user, said }),
            },
            Ok(()) => {
                tokens.accepted(&token).await;
                return Ok(());
            }
            Err(other) => return Err(other),
        }
        ask_capabilities(session).await?;
    }
}

async fn ask_capabilities(session: &mut Session) -> Result<(), MailboxError> {
    if session.capabilities().is_empty() {
        session.command("CAPABILITY", Haste::Short, |_| Ok(())).await?;
    }
    Ok(())
}

async fn present(session: &mut Session, settings: &Settings, lines: &[Line]) -> Result<(), MailboxError> {
    // The server may offer other things to us than to strangers (RFC 3501, 6.2.3).
    session.forget_capabilities();
    match session.dialogue(lines, Haste::Short, |_| Ok(())).await {
        Ok(_) => Ok(()),
        Err(MailboxError::Refused { said, .. }) => Err(refused(settings, said)),
        Err(MailboxError::Closed { tail, .. }) => Err(MailboxError::Closed { command: "LOGIN".to_owned(), tail }),
        Err(other) => Err(other),
    }
}

fn mechanism(session: &Session, wanted: LoginMethod) -> Result<Mechanism, MailboxError> {
    let offered = |mechanism: &Mechanism| session.offers(&format!("AUTH={}", mechanism.name()));
    match wanted {
        LoginMethod::Token(mechanism) => Ok(mechanism),
        LoginMethod::Auto | LoginMethod::Plain | LoginMethod::Login => {
            Mechanism::ALL.into_iter().find(offered).ok_or_else(|| MailboxError::NoTokenLogin { offered: session.capabilities().join(" ") })
        }
    }
}

fn refused(settings: &Settings, said: String) -> MailboxError {
    let code = answer::word_of(&said).map_or(Code::None, Code::Word);
    match answer::of_login(&code, &said) {
        Meaning::Authentication | Meaning::Refused => MailboxError::Authentication { user: settings.user.clone(), said },
        Meaning::Throttled(pause) => MailboxError::Throttled { said, pause },
        Meaning::Temporary => MailboxError::Temporary { said },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// With the initial response in the command (RFC 4959).
    PlainAtOnce,
    PlainWhenAsked,
    Login,
}

fn method(session: &Session, wanted: LoginMethod) -> Result<Method, MailboxError> {
    let plain = if session.offers("SASL-IR") { Method::PlainAtOnce } else { Method::PlainWhenAsked };
    match wanted {
        LoginMethod::Plain => Ok(plain),
        LoginMethod::Auto if session.offers("AUTH=PLAIN") => Ok(plain),
        LoginMethod::Auto | LoginMethod::Login | LoginMethod::Token(_) if !session.offers("LOGINDISABLED") => Ok(Method::Login),
        LoginMethod::Auto | LoginMethod::Login | LoginMethod::Token(_) => {
            Err(MailboxError::NoPasswordLogin { offered: session.capabilities().join(" ") })
        }
    }
}

/// Says who we are; 163.com refuses SELECT to the nameless. A refusal is no harm.
async fn introduce(session: &mut Session) -> Result<(), MailboxError> {
    if !session.offers("ID") {
        return Ok(());
    }
    let line = format!(r#"ID ("name" "uketsuke" "version" "{}")"#, env!("CARGO_PKG_VERSION"));
    match session.command(&line, Haste::Short, |_| Ok(())).await {
        Ok(_) | Err(MailboxError::Refused { .. }) => Ok(()),
        Err(other) => Err(other),
    }
}
