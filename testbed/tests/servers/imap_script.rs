//! Every misbehaviour of the IMAP server's script.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use testbed::imap::{Occurrence, Options, Rule, Server, What, When};
use testbed::tls::{Authority, Certificate, Security};

use crate::client::{Client, DEADLINE};
use crate::imap_commands::{logged_in, options, selected};

const BODIES: &str = "UID FETCH 1:* (UID BODY.PEEK[])";
/// So short that a stalled session ends within the test, so long that a closed one is told apart from it.
const PATIENCE: Duration = Duration::from_millis(300);

fn scripted(rule: Rule) -> Server {
    Server::start(Options { script: vec![rule], ..options() })
}

/// The raw answer to a command up to the server's end, after a SELECT.
async fn ended_after(what: What, command: &str) -> String {
    let server = scripted(When::command(command.split(" (").next().unwrap()).then(what));
    let mut client = selected(&server).await;
    client.send(&format!("t {command}")).await;
    let (text, ended) = client.rest().await;
    ended.unwrap();
    text
}

/// The lines of the answer to a command, after a SELECT; the connection stays good.
async fn answered_after(what: What, command: &str) -> Vec<String> {
    let server = scripted(When::command("UID").then(what));
    let mut client = selected(&server).await;
    let answer = client.ask(command).await;
    assert_eq!(client.ask("NOOP").await, ["t OK Done"], "the session goes on");
    answer
}

#[tokio::test]
async fn refusals_are_tagged_and_nothing_is_carried_out() {
    for (what, answer) in [(What::No("[OVERQUOTA] no".to_owned()), "t NO [OVERQUOTA] no"), (What::Bad("what?".to_owned()), "t BAD what?")] {
        let server = scripted(When::command("UID MOVE").then(what));
        let mut client = selected(&server).await;
        assert_eq!(client.ask("UID MOVE 4 Done/2026").await, [answer]);
        assert_eq!((server.messages("INBOX").len(), server.messages("Done/2026").len()), (2, 0));
    }
}

#[tokio::test]
async fn sessions_end_by_bye_close_and_cuts() {
    assert_eq!(ended_after(What::Bye("Autologout".to_owned()), BODIES).await, "* BYE Autologout\r\n");
    assert_eq!(ended_after(What::Close, BODIES).await, "");
    assert_eq!(ended_after(What::CutAfterLines(1), "UID FETCH 1:* (UID)").await, "* 1 FETCH (UID 4)\r\n");
    assert_eq!(ended_after(What::CutAfterLines(2), "UID FETCH 1:* (UID)").await, "* 1 FETCH (UID 4)\r\n* 2 FETCH (UID 9)\r\n");
    assert_eq!(ended_after(What::CutAfterBytes(0), BODIES).await, "");
    let part = ended_after(What::CutAfterBytes(40), BODIES).await;
    assert_eq!(part, "* 1 FETCH (UID 4 BODY[] {46}\r\nSubject: o");
}

#[tokio::test]
async fn a_cut_command_was_carried_out_all_the_same() {
    let server = scripted(When::command("UID MOVE").then(What::CutAfterLines(0)));
    let mut client = selected(&server).await;
    client.send("t UID MOVE 4 Done/2026").await;
    assert_eq!(client.rest().await.0, "");
    assert_eq!((server.messages("INBOX").len(), server.messages("Done/2026").len()), (1, 1));
}

#[tokio::test]
async fn close_says_close_notify_and_abort_does_not() {
    let authority = Authority::new();
    for (what, wanted) in [(What::Close, Ok(())), (What::Abort, Err(ErrorKind::UnexpectedEof))] {
        let security = Security::Tls(authority.server_config(Certificate::Valid));
        let server = Server::start(Options { security, script: vec![When::command("NOOP").then(what)], ..options() });
        let mut client = Client::tls(server.port(), &authority).await.unwrap();
        client.line().await;
        client.send("t NOOP").await;
        let (text, ended) = client.rest().await;
        assert_eq!((text.as_str(), ended.map_err(|error| error.kind())), ("", wanted));
    }
}

#[tokio::test]
async fn stall_keeps_the_connection_and_says_nothing() {
    for when in [When::connect(), When::greeting(), When::command("SELECT")] {
        let greeted = format!("{when:?}").contains("Command");
        let server = Server::start(Options { script: vec![when.then(What::Stall)], patience: PATIENCE, ..options() });
        let started = Instant::now();
        let mut client = if greeted { logged_in(&server).await } else { Client::plain(server.port()).await };
        client.send("t SELECT INBOX").await;
        assert_eq!(client.rest().await.0, "");
        assert!(started.elapsed() >= PATIENCE, "the end came from the patience, not from a close");
    }
}

#[tokio::test]
async fn garbage_is_sent_as_it_is_and_the_session_goes_on() {
    let server = scripted(When::command("NOOP").nth(1).then(What::Garbage(b"* \xff\r\n\r\n".to_vec())));
    let mut client = logged_in(&server).await;
    client.send("t NOOP").await;
    assert_eq!([client.line().await, client.line().await], ["* \u{fffd}", ""]);
    assert_eq!(client.ask("NOOP").await, ["t OK Done"]);
}

#[tokio::test]
async fn idle_announces_a_mail_before_its_plus() {
    let server = scripted(When::command("IDLE").then(What::ExistsBeforePlus(b"Subject: x\r\n\r\n".to_vec())));
    let mut client = selected(&server).await;
    client.send("t IDLE").await;
    assert_eq!([client.line().await, client.line().await], ["* 3 EXISTS", "+ idling"]);
    assert_eq!(server.messages("INBOX").len(), 3);
    client.send("DONE").await;
    assert_eq!(client.line().await, "t OK IDLE completed");
}

#[tokio::test]
async fn idle_ends_without_done() {
    let server = scripted(When::command("IDLE").then(What::EndIdle));
    let mut client = selected(&server).await;
    assert_eq!(client.ask("IDLE").await, ["+ idling", "t OK IDLE ended by the server"]);
    assert_eq!(client.ask("NOOP").await, ["t OK Done"]);
    assert_eq!(ended_after(What::ByeInIdle, "IDLE").await, "+ idling\r\n* BYE Server shutting down\r\n");
    assert_eq!(ended_after(What::CloseInIdle, "IDLE").await, "+ idling\r\n");
    assert_eq!(ended_after(What::CutAfterLines(0), "IDLE").await, "");
}

#[tokio::test]
async fn idle_refuses_and_done_can_fail() {
    let server = Server::start(Options {
        script: vec![
            When::command("IDLE").nth(1).then(What::No("not now".to_owned())),
            When::command("DONE").then(What::Bye("gone".to_owned())),
        ],
        ..options()
    });
    let mut client = selected(&server).await;
    assert_eq!(client.ask("IDLE").await, ["t NO not now"]);
    client.send("t IDLE").await;
    client.line().await;
    client.send("DONE").await;
    assert_eq!(client.rest().await.0, "* BYE gone\r\n");
}

#[tokio::test]
async fn idle_can_ignore_done() {
    let rule = When::command("IDLE").then(What::IgnoreDone);
    let server = Server::start(Options { script: vec![rule], patience: PATIENCE, ..options() });
    let mut client = selected(&server).await;
    client.send("t IDLE").await;
    client.line().await;
    client.send("DONE").await;
    assert_eq!(client.rest().await.0, "");
    assert_eq!(server.commands().last().unwrap(), "DONE");
}

#[tokio::test]
async fn idle_can_be_deaf_and_can_keep_alive() {
    let server = scripted(When::command("IDLE").then(What::DeafIdle));
    let mut client = selected(&server).await;
    client.send("t IDLE").await;
    client.line().await;
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    server.deliver("Subject: x\r\n\r\n");
    client.send("DONE").await;
    assert_eq!(client.line().await, "t OK IDLE completed");
    assert_eq!(client.ask("NOOP").await[0], "* 3 EXISTS");

    let server = scripted(When::command("IDLE").then(What::StillHere(Duration::from_millis(10))));
    let mut client = selected(&server).await;
    client.send("t IDLE").await;
    let lines = [client.line().await, client.line().await, client.line().await];
    assert_eq!(lines, ["+ idling", "* OK Still here", "* OK Still here"]);
}

#[tokio::test]
async fn select_and_status_omit_or_lie() {
    for (what, select, status) in [
        (What::OmitUidnext, None, "* STATUS \"INBOX\" (MESSAGES 2)"),
        (What::LieUidnext(3), Some("* OK [UIDNEXT 3] Predicted next UID"), "* STATUS \"INBOX\" (UIDNEXT 3 MESSAGES 2)"),
    ] {
        let server = scripted(When::command("").then(what));
        let mut client = logged_in(&server).await;
        let answer = client.ask("SELECT INBOX").await;
        assert_eq!(answer.iter().find(|line| line.contains("UIDNEXT")).map(String::as_str), select);
        assert_eq!(client.ask("STATUS INBOX (UIDNEXT MESSAGES)").await[0], status);
    }
    let server = scripted(When::command("").then(What::OmitUidvalidity));
    let mut client = logged_in(&server).await;
    assert!(!client.ask("SELECT INBOX").await.iter().any(|line| line.contains("UIDVALIDITY")));
    assert_eq!(client.ask("STATUS INBOX (MESSAGES UIDVALIDITY UIDNEXT)").await[0], "* STATUS \"INBOX\" (MESSAGES 2 UIDNEXT 10)");
}

#[tokio::test]
async fn answers_carry_warnings_or_nothing_at_all() {
    let server = scripted(When::command("SELECT").then(What::UntaggedNo("disk almost full".to_owned())));
    let answer = logged_in(&server).await.ask("SELECT INBOX").await;
    assert_eq!(answer[answer.len() - 2..], ["* NO disk almost full", "t OK [READ-WRITE] Selected"]);
    assert_eq!(answered_after(What::EmptyOk, BODIES).await, ["t OK FETCH completed"]);
    assert_eq!(
        answered_after(What::BodyNil, BODIES).await,
        ["* 1 FETCH (UID 4 BODY[] NIL)", "* 2 FETCH (UID 9 BODY[] NIL)", "t OK FETCH completed"]
    );
    let told = "* 1 FETCH (FLAGS (\\Seen))";
    let listing = answered_after(What::UnsolicitedFetch, "UID FETCH 1:* (UID)").await;
    assert_eq!(listing, [told, "* 1 FETCH (UID 4)", told, "* 2 FETCH (UID 9)", "t OK FETCH completed"]);
    let partial = answered_after(What::NoAfterLines(1, "[LIMIT] enough".to_owned()), "UID FETCH 1:* (UID)").await;
    assert_eq!(partial, ["* 1 FETCH (UID 4)", "t NO [LIMIT] enough"]);
}

#[tokio::test]
async fn one_uid_spoils_its_fetch() {
    assert_eq!(answered_after(What::NoForUid(9), BODIES).await, ["t NO [SERVERBUG] Message cannot be read"]);
    assert_eq!(answered_after(What::NoForUid(9), "UID FETCH 1:* (UID)").await.len(), 3, "a listing is not refused");
    assert_eq!(answered_after(What::NoForUid(9), "UID FETCH 4 (BODY.PEEK[])").await.last().unwrap(), "t OK FETCH completed");
    let malformed = answered_after(What::MalformedForUid(9), "UID FETCH 1:* (UID)").await;
    assert_eq!(malformed, ["* 1 FETCH (UID 4)", "* 1 FETCH (UID 9 BODY[ }{ not IMAP", "t OK FETCH completed"]);
}

#[tokio::test]
async fn huge_literal_is_announced_and_never_sent() {
    let rule = When::command("UID FETCH").containing("body.peek").then(What::HugeLiteral(400_000_000));
    let server = Server::start(Options { script: vec![rule], patience: PATIENCE, ..options() });
    let mut client = selected(&server).await;
    assert_eq!(client.ask("UID FETCH 1:* (UID)").await.len(), 3, "only what contains the text is meant");
    let started = Instant::now();
    client.send(&format!("t {BODIES}")).await;
    assert_eq!(client.rest().await.0, "* 1 FETCH (UID 4 BODY[] {400000000}\r\n");
    assert!(started.elapsed() >= PATIENCE);
}

#[tokio::test]
async fn greetings_can_be_anything() {
    for (what, wanted) in [
        (What::GreetingBye, "* BYE Not now"),
        (What::Greeting("Microsoft Exchange ready".to_owned()), "* OK Microsoft Exchange ready"),
        (What::Preauth, "* PREAUTH Welcome back"),
    ] {
        let preauthenticated = what == What::Preauth;
        let server = scripted(When::greeting().then(what));
        let mut client = Client::plain(server.port()).await;
        assert_eq!(client.line().await, wanted);
        if preauthenticated {
            assert_eq!(client.ask("SELECT INBOX").await.last().unwrap(), "t OK [READ-WRITE] Selected");
        }
    }
    let server = scripted(When::greeting().then(What::GreetingBye));
    assert_eq!(Client::plain(server.port()).await.rest().await.0, "* BYE Not now\r\n");
}

#[tokio::test]
async fn rules_fire_by_count_connection_and_words() {
    let no = |text: &str| What::No(text.to_owned());
    let server = Server::start(Options {
        script: vec![
            When::command("ID").then(no("words end where they end")),
            When::command("noop").nth(2).then(no("second")),
            When::command("NOOP").on_connection(2).occurring(Occurrence::First(1)).then(no("first of the second connection")),
            When::command("UID FETCH 4").occurring(Occurrence::From(2)).then(no("from the second on")),
        ],
        ..options()
    });
    let mut client = selected(&server).await;
    assert_eq!(client.ask("NOOP").await, ["t OK Done"]);
    assert_eq!(client.ask("NOOP").await, ["t NO second"]);
    assert_eq!(client.ask("ID NIL").await, ["t NO words end where they end"]);
    client.send("t IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    let mut second = selected(&server).await;
    assert_eq!(second.ask("NOOP").await, ["t NO first of the second connection"]);
    assert_eq!(second.ask("NOOP").await, ["t OK Done"]);
    for wanted in ["t OK FETCH completed", "t NO from the second on", "t NO from the second on"] {
        assert_eq!(second.ask("UID FETCH 4 (UID)").await.last().unwrap(), wanted);
        assert_eq!(second.ask("UID FETCH 40 (UID)").await.last().unwrap(), "t OK FETCH completed");
    }
    server.add_rule(When::command("UID FETCH 40").then(What::No("added".to_owned())));
    assert_eq!(second.ask("UID FETCH 40 (UID)").await, ["t NO added"]);
}

#[tokio::test]
async fn several_rules_bend_one_answer() {
    let server = Server::start(Options {
        script: vec![When::command("UID FETCH").then(What::BodyNil), When::command("UID FETCH").then(What::CutAfterLines(1))],
        ..options()
    });
    let mut client = selected(&server).await;
    client.send(&format!("t {BODIES}")).await;
    assert_eq!(client.rest().await.0, "* 1 FETCH (UID 4 BODY[] NIL)\r\n");
}
