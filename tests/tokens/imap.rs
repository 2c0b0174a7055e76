//! A token logs in to the mailbox: scripted server and real Dovecot, both mechanisms, stale and wrong tokens.

use std::sync::Arc;
use std::time::Duration;

use testbed::imap::{Folder, Options, Server, What, When};
use testbed::oauth::{Answer, TokenEndpoint};
use testbed::real::{Account, Dovecot, DovecotOptions};
use testbed::tls::Authority;
use tokio::sync::{Notify, watch};
use uketsuke::mailbox::{self, Deadlines, Event, FailureKind, FilingRules, Intervals, Limits, LoginMethod, Pauses, Settings};
use uketsuke::token::{Credentials, Mechanism};
use uketsuke::wire::{Security, Trust};

use crate::bench::{client, endpoint, tokens};
use crate::ledger::MemoryLedger;

const TOKEN: &str = "ya29.a0-kyou_no";

fn settings(port: u16, endpoint: &TokenEndpoint) -> Settings {
    Settings {
        account: "desk".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plaintext,
        trust: Trust::nobody(),
        proxy: None,
        user: Options::default().user,
        credentials: Credentials::Token(Arc::new(tokens(endpoint, client()))),
        login: LoginMethod::Auto,
        folder: "INBOX".to_owned(),
        filing: FilingRules::None,
        sent_folder: None,
        limits: Limits::default(),
        intervals: Intervals::default(),
        deadlines: Deadlines::default(),
        pauses: Pauses { first: Duration::from_millis(20), authentication_first: Duration::from_secs(600), ..Pauses::default() },
    }
}

fn server(capabilities: &[&str]) -> Server {
    Server::start(Options {
        token: Some(TOKEN.to_owned()),
        capabilities: capabilities.iter().map(|word| (*word).to_owned()).collect(),
        folders: vec![Folder::named("INBOX").holding(["Subject: one\r\n\r\n"])],
        ..Options::default()
    })
}

/// Watches until the rows are as wished.
async fn watched(settings: Settings, what: &str, condition: impl Fn(&crate::ledger::Rows) -> bool) -> Arc<MemoryLedger> {
    let ledger: Arc<MemoryLedger> = Arc::default();
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(mailbox::watch(settings, Arc::clone(&ledger), stopping, Arc::new(Notify::new())));
    ledger.until(what, condition).await;
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(20), task).await.expect("stops in time").unwrap();
    ledger
}

#[tokio::test]
async fn every_mechanism_logs_in_with_and_without_an_initial_response() {
    for mechanism in Mechanism::ALL {
        let word = format!("AUTH={}", mechanism.name());
        for (capabilities, login) in [
            (vec!["IMAP4rev1", "IDLE", "SASL-IR", "AUTH=PLAIN", &word], LoginMethod::Auto),
            (vec!["IMAP4rev1", "IDLE", &word], LoginMethod::Token(mechanism)),
        ] {
            let server = server(&capabilities);
            let endpoint = endpoint(vec![Answer::token(TOKEN, 3_600)]);
            let settings = Settings { login, ..settings(server.port(), &endpoint) };
            watched(settings, "the mail", |rows| rows.kept.len() == 1).await;
            let commands = server.commands();
            assert!(commands.iter().any(|command| command.contains(&format!("AUTHENTICATE {}", mechanism.name()))), "{commands:?}");
            assert_eq!((server.connections(), endpoint.forms().len()), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_token_that_was_withdrawn_is_renewed_on_the_same_connection() {
    let server = server(&["IMAP4rev1", "IDLE", "SASL-IR", "AUTH=XOAUTH2"]);
    let endpoint = endpoint(vec![Answer::token("yesterdays", 3_600), Answer::token(TOKEN, 3_600)]);
    let settings = settings(server.port(), &endpoint);
    let Credentials::Token(tokens) = &settings.credentials else { panic!("tokens") };
    // Somebody has logged in with it before.
    let token = tokens.token().await.unwrap();
    tokens.accepted(&token).await;
    let ledger = watched(settings.clone(), "the mail", |rows| rows.kept.len() == 1).await;
    assert_eq!((server.connections(), endpoint.forms().len()), (1, 2));
    assert_eq!(ledger.rows().failures(), []);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_an_operators_affair_and_costs_one_login() {
    let server = server(&["IMAP4rev1", "IDLE", "SASL-IR", "AUTH=XOAUTH2"]);
    let endpoint = endpoint(vec![Answer::token("without-the-right", 3_600)]);
    let ledger = watched(settings(server.port(), &endpoint), "the failure", |rows| !rows.failures().is_empty()).await;
    let (kind, sentence) = ledger.rows().failures().remove(0);
    assert_eq!(kind, FailureKind::Authentication);
    assert!(sentence.contains("let an administrator grant the application access to this mailbox"), "{sentence}");
    assert!(!sentence.contains("without-the-right"), "{sentence}");
    assert_eq!(server.commands().iter().filter(|command| command.contains("AUTHENTICATE")).count(), 1);
    let events = ledger.rows().events.clone();
    let retry_at = events.iter().find_map(|event| if let Event::Failed { retry_at, .. } = event { Some(*retry_at) } else { None });
    let now = uketsuke::clock::now();
    assert!(retry_at.is_some_and(|at| at >= now + 500), "the pause is long: {retry_at:?} at {now}");
}

#[tokio::test]
async fn a_server_that_hangs_up_after_its_refusal_is_no_login_storm() {
    let server = server(&["IMAP4rev1", "IDLE", "SASL-IR", "AUTH=XOAUTH2"]);
    server.add_rule(When::command("AUTHENTICATE").nth(2).then(What::Close));
    let endpoint = endpoint(vec![Answer::token("withdrawn", 3_600), Answer::token("without-the-right", 3_600)]);
    let settings = settings(server.port(), &endpoint);
    let Credentials::Token(tokens) = &settings.credentials else { panic!("tokens") };
    let token = tokens.token().await.unwrap();
    tokens.accepted(&token).await;
    let refused = |rows: &crate::ledger::Rows| rows.failures().iter().any(|(kind, _)| *kind == FailureKind::Authentication);
    let ledger = watched(settings.clone(), "the refusal", refused).await;
    let failures = ledger.rows().failures();
    assert!(failures.last().is_some_and(|(_, sentence)| sentence.contains("refuses the token of")), "{failures:?}");
    assert!(server.commands().iter().filter(|command| command.contains("AUTHENTICATE")).count() <= 3, "{:?}", server.commands());
}

#[tokio::test]
async fn no_token_no_login() {
    let server = server(&["IMAP4rev1", "IDLE", "SASL-IR", "AUTH=XOAUTH2"]);
    let endpoint = endpoint(vec![Answer::refused("invalid_client")]);
    let ledger = watched(settings(server.port(), &endpoint), "the failure", |rows| !rows.failures().is_empty()).await;
    let (kind, sentence) = ledger.rows().failures().remove(0);
    assert_eq!(kind, FailureKind::Authentication);
    assert!(sentence.starts_with("no access token: localhost refuses a token: invalid_client"), "{sentence}");
    assert!(!server.commands().iter().any(|command| command.contains("AUTHENTICATE")));
}

#[tokio::test]
async fn a_server_without_tokens_is_named() {
    let server = server(&["IMAP4rev1", "IDLE", "AUTH=PLAIN"]);
    let endpoint = endpoint(vec![Answer::token(TOKEN, 3_600)]);
    let ledger = watched(settings(server.port(), &endpoint), "the failure", |rows| !rows.failures().is_empty()).await;
    let (kind, sentence) = ledger.rows().failures().remove(0);
    assert_eq!((kind, endpoint.forms().len()), (FailureKind::Refused, 0));
    assert!(sentence.contains("offers no login with a token"), "{sentence}");
}

#[tokio::test]
async fn dovecot_takes_both_mechanisms_and_explains_a_refusal_first() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    authority.write_pem(&file).unwrap();
    let account = Account { user: "desk".to_owned(), password: "himitsu".to_owned(), token: Some(TOKEN.to_owned()) };
    let dovecot = Dovecot::start(DovecotOptions { users: vec![account], authority: &authority }).unwrap_or_else(|fault| panic!("{fault}"));
    dovecot.deliver("desk", "Subject: one\r\n\r\n").unwrap();
    for mechanism in Mechanism::ALL {
        for (security, port) in [(Security::Tls, dovecot.imaps_port()), (Security::StartTls, dovecot.imap_port())] {
            let endpoint = endpoint(vec![Answer::token("yesterdays", 3_600), Answer::token(TOKEN, 3_600)]);
            let trust = Trust::of_file(&file).unwrap();
            let (host, user, login) = ("localhost".to_owned(), "desk".to_owned(), LoginMethod::Token(mechanism));
            let settings = Settings { host, user, login, security, trust, ..settings(port, &endpoint) };
            let Credentials::Token(tokens) = &settings.credentials else { panic!("tokens") };
            let token = tokens.token().await.unwrap();
            tokens.accepted(&token).await;
            let report =
                mailbox::probe(&settings).await.unwrap_or_else(|error| panic!("{mechanism:?} {security:?}: {error}\n{}", dovecot.log()));
            assert_eq!((report.exists, endpoint.forms().len()), (1, 2), "{mechanism:?} {security:?}");
        }
    }
}
