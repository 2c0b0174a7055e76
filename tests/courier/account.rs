//! A refused account stops everything and costs nobody an attempt.

use testbed::smtp::{Options, Phase, Rule, Sink, What};
use uketsuke::courier::{Failure, probe};
use uketsuke::secret::Secret;
use uketsuke::token::Credentials;

use crate::office::{Office, PATIENT, account, login, settings, sink};

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_then_not_before_the_pause_is_over() {
    let sink = Sink::start(Options { account: Some(account()), ..Options::default() });
    let mut settings = settings(sink.port());
    let mut wrong = login();
    wrong.credentials = Credentials::Password(Secret::new("yesterday's".to_owned()));
    settings.login = Some(wrong);
    settings.rhythm.account_pauses = vec![std::time::Duration::from_hours(1)];
    let office = Office::open(settings, 3);
    office.ledger.wait_for(1, &["trouble"]).await;
    // New mail must not shorten the pause: servers lock accounts that keep trying.
    office.nudge.notify_one();
    let ledger = std::sync::Arc::clone(&office.ledger);
    let account = office.close().await;
    let sentence = "the SMTP server answered AUTH with: 535 5.7.8 Wrong user or password; \
                    check `user` and the password file (some providers want an application password, others a token: `tokens-of`)";
    assert_eq!(account, ["claimed 1, attempt 1".to_owned(), "returned 1".to_owned(), format!("trouble authentication: {sentence}")]);
    assert_eq!(ledger.attempts(), [0, 0, 0]);
    assert_eq!(sink.dialogue().iter().filter(|line| line.starts_with("C: AUTH")).count(), 1);
}

#[tokio::test]
async fn an_account_that_is_mended_delivers_all_letters_at_their_first_attempt() {
    let sink = Sink::start(Options {
        account: Some(account()),
        script: vec![
            Rule::at(Phase::Auth, What::reply("535 5.7.8 locked")).nth(1),
            Rule::at(Phase::Auth, What::reply("535 5.7.8 locked")).nth(2),
        ],
        ..Options::default()
    });
    let mut settings = settings(sink.port());
    settings.login = Some(login());
    let office = Office::open(settings, 3);
    office.ledger.wait_for(3, &["sent"]).await;
    let ledger = std::sync::Arc::clone(&office.ledger);
    let account = office.close().await;
    assert_eq!(ledger.attempts(), [1, 1, 1], "{account:#?}");
    assert_eq!(account.iter().filter(|line| line.starts_with("trouble authentication")).count(), 2);
    assert_eq!(account.iter().filter(|line| *line == "recovered").count(), 1);
    assert!(sink.letters().iter().all(|letter| letter.account.as_deref() == Some("office")));
}

#[tokio::test]
async fn one_recipient_that_the_policy_refuses_does_not_block_the_others_for_ever() {
    let sink = sink(vec![Rule::at(Phase::Rcpt, What::reply("550 5.7.1 not to this group")).nth(1)]);
    let office = Office::open(settings(sink.port()), 2);
    office.ledger.wait_for(1, &["recovered"]).await;
    let account = office.close().await;
    let expected = [
        "claimed 1, attempt 1",
        "deferred 1 until +60 s: 550 5.7.1 not to this group",
        "trouble policy: the SMTP server answered RCPT TO with: 550 5.7.1 not to this group; \
         if every letter is answered so, ask the server's operator for the right to relay",
        "claimed 2, attempt 1",
        "data 2",
        "delivered 2: 250 2.0.0 Ok, kept as letter 1",
        "sent 2",
        "recovered",
    ];
    assert_eq!(account, expected);
}

#[tokio::test]
async fn auth_login_is_spoken_where_plain_is_not_offered() {
    let sink = Sink::start(Options {
        account: Some(account()),
        script: vec![Rule::at(Phase::Ehlo, What::reply("250-testbed.example.jp\r\n250 AUTH=LOGIN"))],
        ..Options::default()
    });
    let mut settings = settings(sink.port());
    settings.login = Some(login());
    let office = Office::open(settings, 1);
    let letters = sink.wait_for(1, PATIENT).await.unwrap();
    office.ledger.wait_for(1, &["sent"]).await;
    office.close().await;
    assert_eq!(letters.first().unwrap().account.as_deref(), Some("office"));
    assert!(sink.dialogue().contains(&"C: AUTH LOGIN".to_owned()));
}

#[tokio::test]
async fn a_server_that_wants_other_mechanisms_is_named_with_what_it_offers() {
    let sink = sink(vec![Rule::at(Phase::Ehlo, What::reply("250-testbed.example.jp\r\n250 AUTH CRAM-MD5 XOAUTH2"))]);
    let mut settings = settings(sink.port());
    settings.login = Some(login());
    let Err(Failure::NoMechanism { offered }) = probe(&settings).await else { panic!("a mechanism was found") };
    assert_eq!(offered, "CRAM-MD5, XOAUTH2");
    assert!(!sink.dialogue().iter().any(|line| line.starts_with("C: AUTH")));
}
