//! How a connection comes about, or does not, and what the operator then reads.

use std::time::Duration;

use testbed::imap::{Options, Rule, Server, What, When};
use testbed::tls::{self, Authority, Certificate};
use testbed::tunnel::{Manner, Tunnel};
use uketsuke::mailbox::{Deadlines, Event, FailureKind, LoginMethod, Settings, Support, probe};
use uketsuke::wire::Security;

use crate::bench::{Bench, inbox, mails, password_of, server, settings, trust_of};

fn capabilities(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

fn offering(words: &str, script: Vec<Rule>) -> Server {
    Server::start(Options { folders: vec![inbox(3)], capabilities: capabilities(words), script, ..Options::default() })
}

/// Runs until the first look and returns what the server was told.
async fn first_look(settings: Settings, server: &Server) -> Vec<String> {
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().bodies(), mails(3));
    server.commands()
}

/// Runs until the first failure.
async fn first_failure(settings: Settings) -> (FailureKind, String) {
    let bench = Bench::start(settings);
    bench.ledger.until("a failure", |rows| !rows.failures().is_empty()).await;
    let ledger = bench.stop().await;
    ledger.rows().failures().remove(0)
}

#[tokio::test]
async fn tls_and_starttls_work_with_an_own_authority() {
    let authority = Authority::new();
    let config = authority.server_config(Certificate::Valid);
    for (there, here) in [(tls::Security::Tls(config.clone()), Security::Tls), (tls::Security::StartTls(config), Security::StartTls)] {
        let server = Server::start(Options { security: there, folders: vec![inbox(3)], ..Options::default() });
        let settings = Settings { security: here, trust: trust_of(&authority), ..settings(server.port()) };
        let commands = first_look(settings, &server).await;
        let logins = commands.iter().position(|command| command.contains("AUTHENTICATE")).unwrap();
        let upgrade = commands.iter().position(|command| command.contains("STARTTLS"));
        assert_eq!(upgrade.is_some(), here == Security::StartTls);
        assert!(upgrade.is_none_or(|upgrade| upgrade < logins), "no password before TLS");
    }
}

#[tokio::test]
async fn a_bad_certificate_is_refused_with_its_reason() {
    let authority = Authority::new();
    for (certificate, reason) in [
        (Certificate::Expired, "has expired"),
        (Certificate::NotYetValid, "is not valid yet"),
        (Certificate::WrongName, "is not for 127.0.0.1"),
    ] {
        let security = tls::Security::Tls(authority.server_config(certificate));
        let server = Server::start(Options { security, ..Options::default() });
        let settings = Settings { security: Security::Tls, trust: trust_of(&authority), ..settings(server.port()) };
        let (kind, sentence) = first_failure(settings).await;
        assert_eq!(kind, FailureKind::Refused);
        assert!(sentence.contains(reason), "{sentence}");
        assert_eq!(server.commands(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_password() {
    let server = server(3, vec![]);
    let (kind, sentence) = first_failure(Settings { security: Security::StartTls, ..settings(server.port()) }).await;
    assert_eq!(kind, FailureKind::Refused);
    assert!(sentence.contains("does not offer STARTTLS"), "{sentence}");
    assert!(!server.commands().iter().any(|command| command.contains("LOGIN") || command.contains("AUTHENTICATE")));
}

#[tokio::test]
async fn preauth_in_the_clear_cannot_skip_starttls() {
    let config = Authority::new().server_config(Certificate::Valid);
    let script = vec![When::greeting().then(What::Preauth)];
    let server = Server::start(Options { security: tls::Security::StartTls(config), script, ..Options::default() });
    let (kind, sentence) = first_failure(Settings { security: Security::StartTls, ..settings(server.port()) }).await;
    assert_eq!(kind, FailureKind::Refused);
    assert!(sentence.contains("before STARTTLS"), "{sentence}");
    assert!(!server.commands().iter().any(|command| command.contains("EXAMINE")));
}

#[tokio::test]
async fn a_server_that_knows_us_already_is_not_told_a_password() {
    let server = server(3, vec![When::greeting().then(What::Preauth)]);
    let commands = first_look(settings(server.port()), &server).await;
    assert!(!commands.iter().any(|command| command.contains("LOGIN") || command.contains("AUTHENTICATE")), "{commands:?}");
}

#[tokio::test]
async fn the_login_follows_what_the_server_offers() {
    for (offered, method, expected) in [
        ("IMAP4rev1 IDLE AUTH=PLAIN SASL-IR", LoginMethod::Auto, "AUTHENTICATE PLAIN AG"),
        ("IMAP4rev1 IDLE AUTH=PLAIN", LoginMethod::Auto, "AUTHENTICATE PLAIN"),
        ("IMAP4rev1 IDLE", LoginMethod::Auto, "LOGIN \"desk@office.example.jp\" \"himitsu \\\"no\\\" \\\\ kotoba\""),
        ("IMAP4rev1 IDLE AUTH=PLAIN", LoginMethod::Login, "LOGIN \""),
    ] {
        let server = offering(offered, vec![]);
        let commands = first_look(Settings { login: method, ..settings(server.port()) }, &server).await;
        assert!(commands.iter().any(|command| command.contains(expected)), "{expected} is not in {commands:?}");
    }
}

#[tokio::test]
async fn a_japanese_password_logs_in() {
    for offered in ["IMAP4rev1 IDLE", "IMAP4rev1 IDLE AUTH=PLAIN SASL-IR"] {
        let server = Server::start(Options {
            password: "柿の種".to_owned(),
            folders: vec![inbox(3)],
            capabilities: capabilities(offered),
            ..Options::default()
        });
        first_look(Settings { credentials: password_of("柿の種".to_owned()), ..settings(server.port()) }, &server).await;
    }
}

#[tokio::test]
async fn no_way_to_log_in_is_said_so() {
    let server = offering("IMAP4rev1 LOGINDISABLED AUTH=GSSAPI", vec![]);
    let (kind, sentence) = first_failure(settings(server.port())).await;
    assert_eq!(kind, FailureKind::Refused);
    assert!(sentence.contains("AUTH=GSSAPI"), "{sentence}");
}

#[tokio::test]
async fn a_wrong_password_is_tried_seldom_and_never_shown() {
    let server = server(3, vec![]);
    let secret = "chigau-kotoba";
    let wrong = Settings { credentials: password_of(secret.to_owned()), ..settings(server.port()) };
    let bench = Bench::start(wrong);
    bench.ledger.until("two refusals", |rows| rows.failures().len() == 2).await;
    let ledger = bench.stop().await;
    let failures = ledger.rows().failures();
    for (kind, sentence) in &failures {
        assert_eq!(*kind, FailureKind::Authentication);
        assert!(sentence.contains("desk@office.example.jp") && sentence.contains("check `user`"), "{sentence}");
        assert!(!sentence.contains(secret), "{sentence}");
    }
    let attempts = server.commands().iter().filter(|command| command.contains("AUTHENTICATE") || command.contains("LOGIN")).count();
    assert!(attempts <= 3, "one attempt a connection, and a pause between them: {attempts}");
}

#[tokio::test]
async fn refusals_of_a_login_are_told_apart() {
    for (text, kind) in [
        ("[AUTHENTICATIONFAILED] Authentication failed.", FailureKind::Authentication),
        ("[UNAVAILABLE] Temporary authentication failure.", FailureKind::Network),
        ("User is authenticated but not connected.", FailureKind::Network),
        ("[LIMIT] Too many simultaneous connections", FailureKind::Throttled),
    ] {
        let server = server(3, vec![When::command("AUTHENTICATE").nth(1).then(What::No(text.to_owned()))]);
        let bench = Bench::start(settings(server.port()));
        // It also recovers by itself.
        bench.ledger.until("first look", |rows| rows.looks() == 1).await;
        let ledger = bench.stop().await;
        assert_eq!(ledger.rows().failures().iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [kind], "{text}");
        assert_eq!(ledger.rows().bodies(), mails(3));
    }
}

#[tokio::test]
async fn bad_starts_are_overcome() {
    for what in [
        What::GreetingBye,
        What::Close,
        What::Abort,
        What::Garbage(b"220 mail.example.jp ESMTP\r\n".to_vec()),
        What::Bye("[UNAVAILABLE] Overloaded".to_owned()),
    ] {
        let server = server(3, vec![When::greeting().nth(1).then(what.clone())]);
        let bench = Bench::start(settings(server.port()));
        bench.ledger.until("first look", |rows| rows.looks() == 1).await;
        let ledger = bench.stop().await;
        assert_eq!(ledger.rows().bodies(), mails(3), "{what:?}");
        assert_eq!(ledger.rows().failures().len(), 1, "{what:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_greets_is_left() {
    let server = server(3, vec![When::greeting().nth(1).then(What::Stall)]);
    let mut settings = settings(server.port());
    settings.deadlines.connect = Duration::from_millis(200);
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().failures()[0].0, FailureKind::Network);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let server = server(3, vec![]);
    let (kind, sentence) = first_failure(Settings { folder: "受付".to_owned(), ..settings(server.port()) }).await;
    assert_eq!(kind, FailureKind::Refused);
    assert!(sentence.contains("the folder 受付 cannot be opened") && sentence.contains("check `folder`"), "{sentence}");
    assert!(server.commands().iter().any(|command| command.ends_with("EXAMINE \"&U9dO2A-\"")));
}

#[tokio::test]
async fn a_refused_id_is_no_harm() {
    let server = server(3, vec![When::command("ID").then(What::Bad("Arguments".to_owned()))]);
    first_look(settings(server.port()), &server).await;
}

#[tokio::test]
async fn probe_reports_and_changes_nothing() {
    let server = server(3, vec![]);
    let report = probe(&settings(server.port())).await.unwrap();
    assert_eq!((report.exists, report.uidvalidity), (3, 1_700_000_000));
    assert_eq!([report.idle, report.moving, report.uidplus, report.uidnext], [Support::Yes; 4]);
    assert!(server.messages("INBOX").iter().all(|message| message.flags.is_empty()));
    assert!(server.commands().last().unwrap().ends_with("LOGOUT"));
    let poor = offering("IMAP4rev1", vec![When::command("EXAMINE").then(What::OmitUidnext)]);
    let report = probe(&settings(poor.port())).await.unwrap();
    assert_eq!([report.idle, report.moving, report.uidplus, report.uidnext], [Support::No; 4]);
}

#[tokio::test]
async fn probe_says_what_is_wrong() {
    let server = server(3, vec![]);
    let wrong = Settings { credentials: password_of("chigau".to_owned()), ..settings(server.port()) };
    let sentence = probe(&wrong).await.unwrap_err().to_string();
    assert!(sentence.contains("refuses the login"), "{sentence}");
    let nowhere = probe(&Settings { port: 1, ..settings(1) }).await.unwrap_err();
    assert_eq!(nowhere.kind(), FailureKind::Network);
}

#[tokio::test]
async fn the_capabilities_after_the_login_are_those_that_count() {
    let server = server(3, vec![]);
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let connected = ledger
        .rows()
        .events
        .iter()
        .any(|event| matches!(event, Event::Connected { capabilities } if capabilities.contains(&"IDLE".to_owned())));
    assert!(connected);
}

/// The scripted server with TLS, to be reached through this proxy.
fn behind(scheme: &str, manner: Manner) -> (Server, Tunnel, Settings) {
    let authority = Authority::new();
    let security = tls::Security::Tls(authority.server_config(Certificate::Valid));
    let server = Server::start(Options { security, folders: vec![inbox(3)], ..Options::default() });
    let tunnel = Tunnel::start(manner);
    let proxy = format!("{scheme}://127.0.0.1:{}", tunnel.port()).parse().unwrap();
    let settings = Settings {
        host: "localhost".to_owned(),
        security: Security::Tls,
        trust: trust_of(&authority),
        proxy: Some(proxy),
        ..settings(server.port())
    };
    (server, tunnel, settings)
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_server_by_its_name() {
    for scheme in ["socks5", "http"] {
        let (server, tunnel, settings) = behind(scheme, Manner::Opens);
        first_look(settings, &server).await;
        assert_eq!(tunnel.asked(), [format!("localhost:{}", server.port())], "{scheme}");
    }
}

#[tokio::test]
async fn a_proxy_that_opens_no_way_is_named() {
    for (scheme, said) in [("socks5", "not allowed by ruleset"), ("http", "it answers: HTTP/1.1 403 Filtered")] {
        let (server, tunnel, settings) = behind(scheme, Manner::Refuses);
        let (kind, sentence) = first_failure(settings).await;
        assert_eq!(kind, FailureKind::Network);
        let begin = format!("the proxy 127.0.0.1 port {} opens no way to localhost port {}: ", tunnel.port(), server.port());
        assert!(sentence.starts_with(&begin) && sentence.to_lowercase().contains(&said.to_lowercase()), "{sentence}");
        assert_eq!(server.connections(), 0);
    }
}

#[tokio::test]
async fn a_proxy_that_keeps_silent_is_left() {
    for scheme in ["socks5", "http"] {
        let (_server, _tunnel, settings) = behind(scheme, Manner::KeepsSilent);
        let deadlines = Deadlines { connect: Duration::from_millis(200), ..settings.deadlines };
        let (kind, sentence) = first_failure(Settings { deadlines, ..settings }).await;
        assert_eq!(kind, FailureKind::Network);
        assert!(sentence.contains("opens no way to localhost") && sentence.contains("no answer within"), "{sentence}");
    }
}

#[tokio::test]
async fn plaintext_goes_to_loopback_directly_and_never_through_a_proxy() {
    let server = server(3, Vec::new());
    let tunnel = Tunnel::start(Manner::Opens);
    let proxy = format!("socks5://127.0.0.1:{}", tunnel.port()).parse().ok();
    first_look(Settings { proxy, ..settings(server.port()) }, &server).await;
    assert_eq!(tunnel.asked(), Vec::<String>::new());
}
