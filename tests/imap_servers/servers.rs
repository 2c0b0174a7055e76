//! The servers, each with one user, and in what they differ.

use std::path::PathBuf;

use testbed::imap;
use testbed::real::{Account, Dovecot, DovecotOptions, Pymap};
use testbed::tls::Authority;
use uketsuke::mailbox::Settings;
use uketsuke::wire::{Security, Trust};

use crate::bench::{password_of, settings};
use crate::client::Client;

const USER: &str = "desk";
const PASSWORD: &str = "himitsu";

/// A running server.
pub struct Server {
    /// In the clear, for the colleague's client.
    port: u16,
    tls: Option<(u16, PathBuf)>,
    pub keywords: Keywords,
    log: Box<dyn Fn() -> String + Send + Sync>,
    _running: Box<dyn std::any::Any + Send + Sync>,
}

/// Whether the server keeps keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keywords {
    Kept,
    NotKept,
}

/// How the daemon connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    Tls,
}

impl Server {
    pub fn client(&self) -> Client {
        Client::login(self.port, USER, PASSWORD)
    }

    pub fn log(&self) -> String {
        (self.log)()
    }

    pub fn settings(&self) -> Settings {
        let (security, port, trust) = match &self.tls {
            Some((port, authority)) => (Security::Tls, *port, Trust::of_file(authority).unwrap()),
            None => (Security::Plaintext, self.port, Trust::nobody()),
        };
        Settings {
            host: "localhost".to_owned(),
            port,
            security,
            trust,
            user: USER.to_owned(),
            credentials: password_of(PASSWORD),
            ..settings(port)
        }
    }
}

pub fn scripted() -> Server {
    let options = imap::Options { user: USER.to_owned(), password: PASSWORD.to_owned(), ..imap::Options::default() };
    let server = std::sync::Arc::new(imap::Server::start(options));
    let told = std::sync::Arc::clone(&server);
    Server {
        port: server.port(),
        tls: None,
        keywords: Keywords::Kept,
        log: Box::new(move || told.commands().join("\n")),
        _running: Box::new(server),
    }
}

pub fn dovecot(protection: Protection) -> Server {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    authority.write_pem(&file).unwrap();
    let users = vec![Account { user: USER.to_owned(), password: PASSWORD.to_owned(), token: None }];
    let dovecot = Dovecot::start(DovecotOptions { users, authority: &authority }).unwrap_or_else(|fault| panic!("{fault}"));
    let dovecot = std::sync::Arc::new(dovecot);
    let told = std::sync::Arc::clone(&dovecot);
    Server {
        port: dovecot.imap_port(),
        tls: (protection == Protection::Tls).then(|| (dovecot.imaps_port(), file)),
        keywords: Keywords::Kept,
        log: Box::new(move || told.log()),
        _running: Box::new((dovecot, folder)),
    }
}

pub fn pymap() -> Server {
    let pymap = std::sync::Arc::new(Pymap::start(USER, PASSWORD).unwrap_or_else(|fault| panic!("{fault}")));
    let told = std::sync::Arc::clone(&pymap);
    Server { port: pymap.port(), tls: None, keywords: Keywords::NotKept, log: Box::new(move || told.log()), _running: Box::new(pymap) }
}
