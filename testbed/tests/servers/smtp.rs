//! The SMTP sink: what it keeps, what it refuses, and every entry of its script.

use std::time::{Duration, Instant};

use testbed::imap::base64;
use testbed::smtp::{Account, Letter, Options, Phase, Rule, Sink, What};
use testbed::tls::{Authority, Certificate, Security};

use crate::client::{Client, DEADLINE};

const LETTER: [&str; 5] = [
    "MAIL FROM:<> BODY=8BITMIME RET=HDRS",
    "RCPT TO:<applicant@example.co.jp> NOTIFY=NEVER",
    "DATA",
    "Subject: x\r\n\r\n..dot\r\n.",
    "QUIT",
];

fn account() -> Account {
    Account { user: "desk@office.example.jp".to_owned(), password: "himitsu".to_owned(), token: Some("ya29".to_owned()) }
}

async fn greeted(sink: &Sink) -> Client {
    let mut client = Client::plain(sink.port()).await;
    assert_eq!(client.line().await, "220 testbed.example.jp ESMTP");
    client.send("EHLO office.example.jp").await;
    client.until("250 ").await;
    client
}

/// One command, one line of reply.
async fn said(client: &mut Client, command: &str) -> String {
    client.send(command).await;
    client.line().await
}

/// The codes of the replies to a whole letter.
async fn codes(client: &mut Client) -> Vec<String> {
    let mut codes = Vec::new();
    for command in LETTER {
        codes.push(said(client, command).await.chars().take(3).collect());
    }
    codes
}

fn kept(connection: usize, account: Option<&str>) -> Letter {
    Letter {
        connection,
        envelope_from: String::new(),
        recipients: vec!["applicant@example.co.jp".to_owned()],
        mail_parameters: vec!["BODY=8BITMIME".to_owned(), "RET=HDRS".to_owned()],
        rcpt_parameters: vec![vec!["NOTIFY=NEVER".to_owned()]],
        account: account.map(str::to_owned),
        data: b"Subject: x\r\n\r\n.dot\r\n".to_vec(),
    }
}

#[tokio::test]
async fn a_letter_is_kept_with_its_envelope_and_unstuffed() {
    let sink = Sink::start(Options::default());
    let mut client = greeted(&sink).await;
    assert_eq!(codes(&mut client).await, ["250", "250", "354", "250", "221"]);
    assert_eq!(client.rest().await.0, "");
    assert_eq!(sink.wait_for(1, DEADLINE).await.unwrap(), [kept(1, None)]);
    assert_eq!(sink.connections(), 1);
    let dialogue = sink.dialogue();
    assert_eq!(dialogue[..2], ["S: 220 testbed.example.jp ESMTP", "C: EHLO office.example.jp"]);
    assert!(dialogue.contains(&"C: (21 octets)".to_owned()), "{dialogue:?}");
}

#[tokio::test]
async fn starttls_and_login_are_demanded_before_mail() {
    let authority = Authority::new();
    let security = Security::StartTls(authority.server_config(Certificate::Valid));
    let sink = Sink::start(Options { security, account: Some(account()), ..Options::default() });
    let mut client = Client::plain(sink.port()).await;
    client.line().await;
    client.send("EHLO office.example.jp").await;
    let offers = client.until("250 ").await;
    assert!(offers.contains(&"250 STARTTLS".to_owned()) && !offers.iter().any(|line| line.contains("AUTH")), "{offers:?}");
    assert_eq!(said(&mut client, "MAIL FROM:<>").await, "530 5.7.0 Must issue a STARTTLS command first");
    assert_eq!(said(&mut client, "AUTH PLAIN AAAA").await, "503 5.5.1 AUTH is not offered here");
    assert_eq!(said(&mut client, "STARTTLS").await, "220 2.0.0 Begin TLS now");
    let mut client = client.upgraded(&authority, "localhost").await.unwrap();
    client.send("EHLO office.example.jp").await;
    assert_eq!(client.until("250 ").await.last().unwrap(), "250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER");
    assert_eq!(said(&mut client, "MAIL FROM:<>").await, "530 5.7.0 Authentication required");
    let plain = base64::encode(b"\0desk@office.example.jp\0himitsu");
    assert_eq!(said(&mut client, &format!("AUTH PLAIN {plain}")).await, "235 2.7.0 Welcome");
    assert_eq!(codes(&mut client).await, ["250", "250", "354", "250", "221"]);
    assert_eq!(sink.letters(), [kept(1, Some("desk@office.example.jp"))]);
}

#[tokio::test]
async fn every_mechanism_works_over_tls_and_wrong_secrets_are_refused() {
    let authority = Authority::new();
    let security = Security::Tls(authority.server_config(Certificate::Valid));
    let sink = Sink::start(Options { security, account: Some(account()), ..Options::default() });
    let [user, password, wrong] = ["desk@office.example.jp", "himitsu", "wrong"].map(|text| base64::encode(text.as_bytes()));
    let plain = base64::encode(b"\0desk@office.example.jp\0himitsu");
    let bearer = base64::encode(b"user=desk@office.example.jp\x01auth=Bearer ya29\x01\x01");
    for (commands, last) in [
        (vec!["AUTH LOGIN".to_owned(), user.clone(), password.clone()], "235 2.7.0 Welcome"),
        (vec![format!("AUTH LOGIN {user}"), password], "235 2.7.0 Welcome"),
        (vec!["AUTH PLAIN".to_owned(), plain], "235 2.7.0 Welcome"),
        (vec![format!("AUTH XOAUTH2 {bearer}")], "235 2.7.0 Welcome"),
        (vec![format!("AUTH XOAUTH2 {wrong}"), String::new()], "535 5.7.8 Wrong user or password"),
        (vec!["AUTH LOGIN".to_owned(), user, wrong], "535 5.7.8 Wrong user or password"),
        (vec!["AUTH PLAIN".to_owned(), "*".to_owned()], "501 5.7.0 Authentication was given up"),
    ] {
        let mut client = Client::tls(sink.port(), &authority).await.unwrap();
        client.line().await;
        let mut reply = String::new();
        for command in &commands {
            reply = said(&mut client, command).await;
        }
        assert_eq!(reply, last, "{commands:?}");
    }
}

#[tokio::test]
async fn the_order_of_commands_and_foreign_parameters_are_refused() {
    let sink = Sink::start(Options { extensions: vec!["SIZE".to_owned()], octets_at_most: 30, ..Options::default() });
    let mut client = greeted(&sink).await;
    for (command, reply) in [
        ("RCPT TO:<a@example.co.jp>", "503 5.5.1 MAIL first"),
        ("DATA", "503 5.5.1 RCPT first"),
        ("MAIL FROM:a@example.co.jp", "501 5.5.4 That is no sender"),
        ("MAIL FROM:<> BODY=8BITMIME", "555 5.5.4 The parameter BODY=8BITMIME is not offered"),
        ("MAIL FROM:<> SIZE=31", "552 5.3.4 The letter is too large"),
        ("MAIL FROM:<> SIZE=30", "250 2.1.0 Ok"),
        ("MAIL FROM:<>", "503 5.5.1 There is a sender already"),
        ("RCPT TO:<>", "501 5.5.4 That is no recipient"),
        ("RCPT TO:<a@example.co.jp> NOTIFY=NEVER", "555 5.5.4 The parameter NOTIFY=NEVER is not offered"),
        ("RCPT TO:<a@example.co.jp>", "250 2.1.5 Ok"),
        ("RSET", "250 2.0.0 Ok"),
        ("DATA", "503 5.5.1 RCPT first"),
        ("VRFY a", "500 5.5.1 Unknown command"),
        ("MAIL FROM:<a@example.co.jp>", "250 2.1.0 Ok"),
        ("RCPT TO:<b@example.co.jp>", "250 2.1.5 Ok"),
        ("DATA", "354 End with a dot"),
        ("Subject: longer than 30 octets\r\n\r\nx\r\n.", "552 5.3.4 The letter is too large"),
        ("NOOP", "250 2.0.0 Ok"),
    ] {
        assert_eq!(said(&mut client, command).await, reply, "{command}");
    }
    assert_eq!(sink.letters(), []);
}

#[tokio::test]
async fn each_phase_replies_what_the_script_says_once() {
    let place = |phase| match phase {
        Phase::Mail => 0,
        Phase::Rcpt => 1,
        Phase::Data => 2,
        _ => 3,
    };
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Body] {
        let sink = Sink::start(Options { script: vec![Rule::at(phase, What::reply("451 4.3.0 Later")).nth(1)], ..Options::default() });
        let mut client = greeted(&sink).await;
        for command in &LETTER[..place(phase)] {
            said(&mut client, command).await;
        }
        assert_eq!(said(&mut client, LETTER[place(phase)]).await, "451 4.3.0 Later", "{phase:?}");
        assert_eq!(sink.letters(), []);
        said(&mut client, "RSET").await;
        assert_eq!(codes(&mut client).await, ["250", "250", "354", "250", "221"], "the second time all is well");
        assert_eq!(sink.letters(), [kept(1, None)]);
    }
}

#[tokio::test]
async fn greeting_ehlo_starttls_auth_and_quit_can_be_scripted() {
    let authority = Authority::new();
    for (phase, command) in [
        (Phase::Greeting, ""),
        (Phase::Ehlo, "EHLO x"),
        (Phase::StartTls, "STARTTLS"),
        (Phase::Auth, "AUTH PLAIN AAAA"),
        (Phase::Quit, "QUIT"),
    ] {
        let security = match phase {
            Phase::StartTls => Security::StartTls(authority.server_config(Certificate::Valid)),
            _ => Security::Plaintext,
        };
        let script = vec![Rule::at(phase, What::reply("454 4.7.0 Not now"))];
        let sink = Sink::start(Options { security, account: Some(account()), script, ..Options::default() });
        let mut client = Client::plain(sink.port()).await;
        let greeting = client.line().await;
        let reply = if phase == Phase::Greeting { greeting } else { said(&mut client, command).await };
        assert_eq!(reply, "454 4.7.0 Not now", "{phase:?}");
        assert_eq!(said(&mut client, "NOOP").await, "250 2.0.0 Ok", "the dialogue goes on after {phase:?}");
    }
}

#[tokio::test]
async fn a_421_closes_and_a_250_of_the_script_still_keeps_the_letter() {
    let sink = Sink::start(Options { script: vec![Rule::at(Phase::Rcpt, What::reply("421 4.3.2 Shutting down"))], ..Options::default() });
    let mut client = greeted(&sink).await;
    said(&mut client, LETTER[0]).await;
    client.send(LETTER[1]).await;
    assert_eq!(client.rest().await.0, "421 4.3.2 Shutting down\r\n");

    let sink = Sink::start(Options {
        script: vec![Rule::at(Phase::Body, What::reply("250-2.0.0 Queued\r\n250 2.0.0 as 4F2"))],
        ..Options::default()
    });
    let mut client = greeted(&sink).await;
    assert_eq!(codes(&mut client).await[..4], ["250", "250", "354", "250"]);
    assert_eq!(sink.letters(), [kept(1, None)]);
}

#[tokio::test]
async fn a_letter_can_be_kept_and_its_answer_lost() {
    for (what, letters) in [(What::KeepThenClose, vec![kept(1, None)]), (What::Close, vec![])] {
        let sink = Sink::start(Options { script: vec![Rule::at(Phase::Body, what)], ..Options::default() });
        let mut client = greeted(&sink).await;
        for command in &LETTER[..3] {
            said(&mut client, command).await;
        }
        client.send(LETTER[3]).await;
        assert_eq!(client.rest().await.0, "");
        assert_eq!(sink.letters(), letters);
    }
}

#[tokio::test]
async fn connections_can_stall_close_or_babble_before_the_greeting() {
    let patience = Duration::from_millis(300);
    for (phase, what, wanted, least) in [
        (Phase::Connect, What::Close, "", Duration::ZERO),
        (Phase::Greeting, What::Close, "", Duration::ZERO),
        (Phase::Connect, What::Stall, "", patience),
        (Phase::Greeting, What::Stall, "", patience),
        (Phase::Greeting, What::Garbage(b"\x00?\n".to_vec()), "\0?\n", patience),
    ] {
        let sink = Sink::start(Options { script: vec![Rule::at(phase, what.clone())], patience, ..Options::default() });
        let started = Instant::now();
        let mut client = Client::plain(sink.port()).await;
        assert_eq!(client.rest().await.0, wanted, "{phase:?} {what:?}");
        assert!(started.elapsed() >= least, "{phase:?} {what:?} ended too early");
        assert_eq!(sink.connections(), 1);
    }
}

#[tokio::test]
async fn waiting_too_long_tells_the_last_lines() {
    let sink = Sink::start(Options::default());
    greeted(&sink).await;
    let late = sink.wait_for(1, Duration::from_millis(20)).await.unwrap_err().to_string();
    assert!(late.starts_with("0 letters came within 20 ms, 1 were waited for") && late.contains("C: EHLO office.example.jp"), "{late}");
}
