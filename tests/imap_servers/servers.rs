//! The servers, each with one user, and in what they differ.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use testbed::imap;
use testbed::oauth::{Answer, TokenEndpoint};
use testbed::real::{Account, Dovecot, DovecotOptions, Pymap};
use testbed::tls::{Authority, Security as Link};
use uketsuke::mailbox::Settings;
use uketsuke::secret::Secret;
use uketsuke::token::{Credentials, Endpoint, Grant, Tokens};
use uketsuke::wire::{Security, Trust};

use crate::bench::{password_of, settings};
use crate::client::Client;

const USER: &str = "desk";
const PASSWORD: &str = "himitsu";
/// Known to no server.
pub const WRONG: &str = "chigau";

/// A running server.
pub struct Server {
    /// In the clear, for the colleague's client.
    port: u16,
    link: (Security, u16),
    /// Whose certificate the daemon trusts.
    authority: Option<PathBuf>,
    credentials: Credentials,
    /// What the server refuses.
    pub wrong: Credentials,
    pub keywords: Keywords,
    /// What stands before the names of all folders but INBOX.
    pub prefix: &'static str,
    log: Box<dyn Fn() -> String + Send + Sync>,
    _running: Box<dyn Any + Send + Sync>,
}

/// Whether the server keeps keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keywords {
    Kept,
    NotKept,
}

impl Server {
    pub fn client(&self) -> Client {
        Client::login(self.port, USER, PASSWORD)
    }

    pub fn log(&self) -> String {
        (self.log)()
    }

    pub fn settings(&self) -> Settings {
        let (security, port) = self.link;
        let trust = self.authority.as_ref().map_or_else(Trust::nobody, |authority| Trust::of_file(authority).unwrap());
        let credentials = self.credentials.clone();
        Settings { host: "localhost".to_owned(), port, security, trust, user: USER.to_owned(), credentials, ..settings(port) }
    }
}

/// A server in the clear, by password.
fn plain(port: u16, keywords: Keywords, log: Box<dyn Fn() -> String + Send + Sync>, running: Box<dyn Any + Send + Sync>) -> Server {
    Server {
        port,
        link: (Security::Plaintext, port),
        authority: None,
        credentials: password_of(PASSWORD),
        wrong: password_of(WRONG),
        keywords,
        prefix: "",
        log,
        _running: running,
    }
}

/// Tokens from an endpoint that hands out this one.
fn tokens(endpoint: &TokenEndpoint) -> Credentials {
    let at = Endpoint::new(&endpoint.url(), Trust::nobody(), Duration::from_secs(20)).unwrap();
    let grant = Grant::ClientSecret { client: USER.to_owned(), secret: Secret::new("kaki".to_owned()), scope: "imap".to_owned() };
    Credentials::Token(Arc::new(Tokens::new(at, grant, None, "suite".to_owned())))
}

pub fn scripted() -> Server {
    let options = imap::Options { user: USER.to_owned(), password: PASSWORD.to_owned(), ..imap::Options::default() };
    let server = Arc::new(imap::Server::start(options));
    let told = Arc::clone(&server);
    plain(server.port(), Keywords::Kept, Box::new(move || told.commands().join("\n")), Box::new(server))
}

pub fn dovecot() -> Server {
    dovecot_by(Security::Plaintext)
}

pub fn dovecot_tls() -> Server {
    dovecot_by(Security::Tls)
}

pub fn dovecot_starttls() -> Server {
    dovecot_by(Security::StartTls)
}

/// By access token, whichever mechanism is offered first.
pub fn dovecot_token() -> Server {
    let [right, wrong] = [PASSWORD, WRONG].map(|token| TokenEndpoint::start(Link::Plaintext, vec![Answer::token(token, 3_600)]));
    let server = dovecot_by(Security::Tls);
    Server { credentials: tokens(&right), wrong: tokens(&wrong), _running: Box::new((server._running, right, wrong)), ..server }
}

fn dovecot_by(security: Security) -> Server {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    authority.write_pem(&file).unwrap();
    let users = vec![Account { user: USER.to_owned(), password: PASSWORD.to_owned(), token: Some(PASSWORD.to_owned()) }];
    let dovecot = Arc::new(Dovecot::start(DovecotOptions { users, authority: &authority }).unwrap_or_else(|fault| panic!("{fault}")));
    let told = Arc::clone(&dovecot);
    let port = if security == Security::Tls { dovecot.imaps_port() } else { dovecot.imap_port() };
    let server = plain(dovecot.imap_port(), Keywords::Kept, Box::new(move || told.log()), Box::new((dovecot, folder)));
    Server { link: (security, port), authority: Some(file), ..server }
}

pub fn pymap() -> Server {
    let pymap = Arc::new(Pymap::start(USER, PASSWORD).unwrap_or_else(|fault| panic!("{fault}")));
    let told = Arc::clone(&pymap);
    plain(pymap.port(), Keywords::NotKept, Box::new(move || told.log()), Box::new(pymap))
}

#[cfg(feature = "test-servers")]
pub fn courier() -> Server {
    Server { prefix: "INBOX.", ..rooted(testbed::real::Rooted::Courier) }
}

#[cfg(feature = "test-servers")]
pub fn cyrus() -> Server {
    rooted(testbed::real::Rooted::Cyrus)
}

#[cfg(feature = "test-servers")]
fn rooted(server: testbed::real::Rooted) -> Server {
    let running = Arc::new(testbed::real::RootedServer::start(server, USER, PASSWORD).unwrap_or_else(|fault| panic!("{fault}")));
    let told = Arc::clone(&running);
    plain(running.port(), Keywords::Kept, Box::new(move || told.log()), Box::new(running))
}
