//! TLS as configured, or nothing.

use std::sync::Arc;

use testbed::smtp::{Options, Phase, Rule, Sink, What};
use testbed::tls::{Authority, Certificate, Security as Served};
use testbed::tunnel::{Manner, Tunnel};
use uketsuke::courier::{Failure, ProbeReport, Settings, probe};
use uketsuke::wire::{Security, Trust, WireError};

use crate::office::{Office, account, login, settings};

/// A sink with a certificate of this kind, and settings that trust its authority.
fn protected(certificate: Certificate, security: Security, script: Vec<Rule>) -> (Sink, Settings) {
    let authority = Authority::new();
    let config = authority.server_config(certificate);
    let served = match security {
        Security::Tls => Served::Tls(config),
        Security::StartTls => Served::StartTls(config),
        Security::Plaintext => Served::Plaintext,
    };
    let sink = Sink::start(Options { security: served, account: Some(account()), script, ..Options::default() });
    let mut settings = settings(sink.port());
    "localhost".clone_into(&mut settings.host);
    settings.security = security;
    settings.trust = trust(&authority);
    settings.login = Some(login());
    (sink, settings)
}

fn trust(authority: &Authority) -> Trust {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    authority.write_pem(&file).unwrap();
    Trust::of_file(&file).unwrap()
}

fn secrets_in(sink: &Sink) -> usize {
    sink.dialogue().iter().filter(|line| line.starts_with("C: AUTH") || line.starts_with("C: MAIL")).count()
}

#[tokio::test]
async fn letters_go_out_by_implicit_tls_and_by_starttls() {
    for security in [Security::Tls, Security::StartTls] {
        let (sink, settings) = protected(Certificate::Valid, security, Vec::new());
        let office = Office::open(settings, 2);
        office.ledger.wait_for(2, &["sent"]).await;
        let account = office.close().await;
        assert!(!account.iter().any(|line| line.starts_with("trouble")), "{account:#?}");
        assert_eq!((sink.letters().len(), sink.connections()), (2, 1));
        let hellos = sink.dialogue().iter().filter(|line| line.starts_with("C: EHLO")).count();
        assert_eq!(hellos, if security == Security::StartTls { 2 } else { 1 });
    }
}

#[tokio::test]
async fn letters_go_out_through_a_proxy() {
    for (scheme, security) in [("socks5", Security::Tls), ("http", Security::StartTls)] {
        let (sink, mut settings) = protected(Certificate::Valid, security, Vec::new());
        let tunnel = Tunnel::start(Manner::Opens);
        settings.proxy = format!("{scheme}://127.0.0.1:{}", tunnel.port()).parse().ok();
        let office = Office::open(settings, 1);
        office.ledger.wait_for(1, &["sent"]).await;
        office.close().await;
        assert_eq!((sink.letters().len(), tunnel.asked()), (1, vec![format!("localhost:{}", sink.port())]));
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_gets_neither_password_nor_letter() {
    for security in [Security::Tls, Security::StartTls] {
        for certificate in [Certificate::Expired, Certificate::NotYetValid, Certificate::WrongName] {
            let (sink, settings) = protected(certificate, security, Vec::new());
            let error = probe(&settings).await.unwrap_err();
            let fits = match certificate {
                Certificate::Expired => matches!(error, Failure::Wire(WireError::CertificateExpired { .. })),
                Certificate::NotYetValid => matches!(error, Failure::Wire(WireError::CertificateNotYetValid { .. })),
                Certificate::WrongName => matches!(error, Failure::Wire(WireError::CertificateName { .. })),
                Certificate::Valid => false,
            };
            assert!(fits, "{certificate:?}: {error}");
            assert_eq!(secrets_in(&sink), 0, "{certificate:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_is_trouble_of_tls_and_the_letter_stays_whole() {
    let (sink, mut settings) = protected(Certificate::Valid, Security::Tls, Vec::new());
    settings.trust = trust(&Authority::new());
    settings.rhythm.server_pauses = vec![std::time::Duration::from_hours(1)];
    let office = Office::open(settings, 1);
    office.ledger.wait_for(1, &["trouble"]).await;
    let ledger = Arc::clone(&office.ledger);
    let account = office.close().await;
    let sentence = "the certificate of localhost was issued by an unknown authority; for an own authority, name its PEM file in `ca-file`";
    assert_eq!(account, ["claimed 1, attempt 1".to_owned(), "returned 1".to_owned(), format!("trouble tls: {sentence}")]);
    assert_eq!((ledger.attempts(), secrets_in(&sink)), (vec![0], 0));
}

#[tokio::test]
async fn a_server_whose_starttls_was_cut_out_gets_nothing() {
    let (sink, mut settings) = protected(Certificate::Valid, Security::Plaintext, Vec::new());
    settings.security = Security::StartTls;
    assert!(matches!(probe(&settings).await, Err(Failure::NoStartTls)));
    assert_eq!(secrets_in(&sink), 0);
}

#[tokio::test]
async fn what_is_slipped_in_before_the_handshake_is_not_believed() {
    let script = vec![Rule::at(Phase::StartTls, What::reply("220 2.0.0 go\r\n250-testbed.example.jp\r\n250 AUTH PLAIN"))];
    let (sink, settings) = protected(Certificate::Valid, Security::StartTls, script);
    assert!(matches!(probe(&settings).await, Err(Failure::BytesBeforeTls)));
    assert_eq!(secrets_in(&sink), 0);
}

#[tokio::test]
async fn plaintext_stays_on_this_machine() {
    let mut settings = settings(25);
    // RFC 5737: belongs to nobody.
    settings.host = "192.0.2.1".to_owned();
    assert!(matches!(probe(&settings).await, Err(Failure::Wire(WireError::PlaintextRefused { .. }))));
}

#[tokio::test]
async fn the_probe_reports_what_the_server_offers_after_tls_and_sends_nothing() {
    let (sink, settings) = protected(Certificate::Valid, Security::StartTls, Vec::new());
    let report = probe(&settings).await.unwrap();
    let offered = ["8BITMIME", "DSN", "SIZE 67108864", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN"];
    let expected = ProbeReport {
        security: Security::StartTls,
        logged_in: Some("office".to_owned()),
        extensions: offered.map(str::to_owned).to_vec(),
        delivery_reports: uketsuke::courier::DeliveryReports::CanBeSwitchedOff,
        size_limit: Some(67_108_864),
    };
    assert_eq!(report, expected);
    let dialogue = sink.dialogue();
    assert_eq!(dialogue.last().map(String::as_str), Some("S: 221 2.0.0 Bye"));
    assert!(!dialogue.iter().any(|line| line.starts_with("C: MAIL")));
}
