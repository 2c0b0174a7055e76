//! IDLE in all its endings, polling, the stop, and the signs of life.

use std::time::{Duration, Instant};

use testbed::imap::{Options, Server, What, When};
use uketsuke::mailbox::{Event, Settings};

use crate::bench::{Bench, DEADLINE, inbox, mail, mails, server, settings};

fn refreshing(port: u16, every: Duration) -> Settings {
    let mut settings = settings(port);
    settings.intervals.idle_refresh = every;
    settings
}

#[tokio::test]
async fn news_before_the_plus_are_not_lost() {
    let server = server(1, vec![When::command("IDLE").nth(1).then(What::ExistsBeforePlus(mail(2).into_bytes()))]);
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
    assert_eq!(bench.stop().await.rows().bodies(), mails(2));
}

#[tokio::test]
async fn every_ending_of_idle_leads_to_the_next_look() {
    for (what, connections) in
        [(What::EndIdle, 1), (What::ByeInIdle, 2), (What::CloseInIdle, 2), (What::Abort, 2), (What::Bye("Bye".to_owned()), 2)]
    {
        let server = server(1, vec![When::command("IDLE").nth(1).then(what.clone())]);
        let bench = Bench::start(settings(server.port()));
        server.wait_until(|state| state.idling() == 1 && state.count("IDLE") == 2, DEADLINE).await.unwrap();
        server.deliver(mail(2));
        bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
        assert_eq!(bench.stop().await.rows().bodies(), mails(2), "{what:?}");
        assert_eq!(server.connections(), connections, "{what:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_done_is_left() {
    let server = server(1, vec![When::command("IDLE").nth(1).then(What::IgnoreDone)]);
    let mut settings = settings(server.port());
    settings.deadlines.command = Duration::from_millis(200);
    let bench = Bench::start(settings);
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    server.deliver(mail(2));
    bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
    assert_eq!(bench.stop().await.rows().bodies(), mails(2));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_silent_answer_to_idle_is_left() {
    let server = server(1, vec![When::command("IDLE").nth(1).then(What::Stall)]);
    let mut settings = settings(server.port());
    settings.deadlines.command = Duration::from_millis(200);
    let bench = Bench::start(settings);
    server.wait_until(|state| state.connections() == 2 && state.idling() == 1, DEADLINE).await.unwrap();
    server.deliver(mail(2));
    bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_forgets_to_tell_is_asked_after_the_refresh() {
    for what in [What::DeafIdle, What::StillHere(Duration::from_millis(5))] {
        let mut script = vec![When::command("IDLE").then(What::DeafIdle)];
        script.push(When::command("IDLE").then(what));
        let server = server(1, script);
        let bench = Bench::start(refreshing(server.port(), Duration::from_millis(100)));
        server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
        server.deliver(mail(2));
        bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
        assert_eq!(bench.stop().await.rows().bodies(), mails(2));
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn without_idle_the_folder_is_polled() {
    let poor = ["IMAP4rev1", "AUTH=PLAIN"].map(str::to_owned).to_vec();
    let server = Server::start(Options { folders: vec![inbox(1)], capabilities: poor, ..Options::default() });
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("polling", |rows| rows.events.contains(&Event::Polling) && rows.looks() >= 2).await;
    server.deliver(mail(2));
    bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
    bench.stop().await;
    assert_eq!(server.connections(), 1, "polling keeps its connection");
    assert!(!server.commands().iter().any(|command| command.contains("IDLE")));
}

#[tokio::test]
async fn a_refused_idle_becomes_polling() {
    for refusal in [What::No("Not today".to_owned()), What::Bad("What is IDLE?".to_owned())] {
        let server = server(1, vec![When::command("IDLE").then(refusal)]);
        let bench = Bench::start(settings(server.port()));
        bench.ledger.until("polling", |rows| rows.events.contains(&Event::Polling)).await;
        server.deliver(mail(2));
        bench.ledger.until("the mail", |rows| rows.kept.len() == 2).await;
        bench.stop().await;
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_stop_in_idle_says_done_and_logout() {
    let server = server(1, vec![]);
    let bench = Bench::start(settings(server.port()));
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    bench.stop().await;
    let commands = server.commands();
    let last: Vec<&str> = commands.iter().rev().take(2).map(|command| command.rsplit(' ').next().unwrap()).collect();
    assert_eq!(last, ["LOGOUT", "DONE"]);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_stuck_server() {
    for script in
        [When::greeting().then(What::Stall), When::command("EXAMINE").then(What::Stall), When::command("IDLE").then(What::IgnoreDone)]
    {
        let server = server(1, vec![script]);
        let mut settings = settings(server.port());
        settings.deadlines.farewell = Duration::from_millis(200);
        let bench = Bench::start(settings);
        server.wait_until(|state| state.connections() == 1, DEADLINE).await.unwrap();
        let asked = Instant::now();
        bench.stop().await;
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
}

#[tokio::test]
async fn a_stop_during_a_pause_is_obeyed_at_once() {
    let server = server(1, vec![When::greeting().then(What::GreetingBye)]);
    let mut settings = settings(server.port());
    settings.pauses.first = Duration::from_secs(3_600);
    settings.pauses.longest = Duration::from_secs(3_600);
    let bench = Bench::start(settings);
    bench.ledger.until("a failure", |rows| !rows.failures().is_empty()).await;
    let asked = Instant::now();
    bench.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_watcher_shows_signs_of_life_while_nothing_happens() {
    let server = server(1, vec![]);
    let mut settings = settings(server.port());
    settings.intervals.heartbeat = Duration::from_millis(5);
    let bench = Bench::start(settings);
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    let before = bench.ledger.rows().beats;
    bench.ledger.until("ten heartbeats", |rows| rows.beats >= before + 10).await;
    bench.stop().await;
    assert_eq!(server.commands().iter().filter(|command| command.contains("IDLE")).count(), 1, "heartbeats leave the server alone");
}
