//! Single mails that the server cannot hand out, answers that break off, pauses that it asks for: the neighbours arrive.

use std::time::Duration;

use testbed::imap::{Options, Rule, Server, What, When};
use uketsuke::mailbox::{Cursor, Event, FailureKind, Settings};

use crate::bench::{Bench, inbox_of, mail, mails, message, server, settings};
use crate::ledger::Rows;

const MAILS: usize = 60;

/// Runs to the first look and returns the rows; the mails that arrived are checked to be whole and unique.
async fn rows_after(server: &Server, settings: Settings) -> Rows {
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows().clone();
    let mut bodies = rows.bodies();
    bodies.sort_by_key(|body| server.messages("INBOX").iter().position(|message| *message.bytes == *body.as_bytes()));
    bodies.dedup();
    assert_eq!(bodies.len(), rows.kept.len(), "no mail is kept twice");
    rows
}

async fn rows_with(script: Vec<Rule>) -> (Server, Rows) {
    let server = server(MAILS, script);
    let settings = settings(server.port());
    let rows = rows_after(&server, settings).await;
    (server, rows)
}

fn bodies_request() -> When {
    When::command("UID FETCH").containing("BODY.PEEK[]")
}

/// All mails but these, sorted as the server has them.
fn all_but(missing: &[usize]) -> Vec<String> {
    (1..=MAILS).filter(|number| !missing.contains(number)).map(mail).collect()
}

fn in_order(rows: &Rows) -> Vec<String> {
    let mut kept = rows.kept.clone();
    kept.sort_by_key(|arrival| arrival.uid);
    kept.iter().map(crate::ledger::body).collect()
}

#[tokio::test]
async fn a_mail_that_is_refused_for_ever_goes_to_quarantine_and_the_rest_arrives() {
    let script = [17, 18, 44].map(|uid| When::command("UID FETCH").then(What::NoForUid(uid))).to_vec();
    let (server, rows) = rows_with(script).await;
    assert_eq!(in_order(&rows), all_but(&[17, 18, 44]));
    assert_eq!(rows.quarantine.keys().copied().collect::<Vec<u32>>(), [17, 18, 44]);
    assert!(rows.quarantine[&17].contains("Message cannot be read"), "{}", rows.quarantine[&17]);
    assert_eq!(rows.cursor.unwrap().next_uid, 61);
    assert_eq!(server.connections(), 1, "a NO costs no connection");
}

#[tokio::test]
async fn a_mail_that_breaks_the_parser_goes_to_quarantine_and_the_rest_arrives() {
    let (server, rows) = rows_with(vec![bodies_request().then(What::MalformedForUid(23))]).await;
    assert_eq!(in_order(&rows), all_but(&[23]));
    assert_eq!(rows.quarantine.keys().copied().collect::<Vec<u32>>(), [23]);
    assert!(server.connections() < 20, "{} connections", server.connections());
}

#[tokio::test]
async fn a_mail_that_cannot_even_be_listed_does_not_stop_the_office() {
    // Size, date and body of it all come as nonsense; only its UID can be asked for.
    let script = ["INTERNALDATE", "BODY.PEEK"].map(|item| When::command("UID FETCH").containing(item).then(What::MalformedForUid(31)));
    let (_, rows) = rows_with(script.to_vec()).await;
    assert_eq!(in_order(&rows), all_but(&[31]));
    assert_eq!(rows.quarantine.keys().copied().collect::<Vec<u32>>(), [31]);
}

#[tokio::test]
async fn a_mail_whose_very_uid_cannot_be_asked_for_stops_neither_the_look_nor_the_comparison() {
    for what in [What::MalformedForUid(31), What::NoWordOfUid(31)] {
        let server = server(MAILS, vec![When::command("UID FETCH").then(what.clone())]);
        let bench = Bench::start(settings(server.port()));
        let compared = Event::Reconciled { found: 0, left_out: 1 };
        bench.ledger.until("the comparison", |rows| rows.events.contains(&compared)).await;
        let rows = bench.stop().await.rows().clone();
        assert_eq!(in_order(&rows), all_but(&[31]), "{what:?}");
        assert_eq!(rows.quarantine.keys().copied().collect::<Vec<u32>>(), [31], "{what:?}");
        assert_eq!(rows.cursor.unwrap().next_uid, 61, "{what:?}");
        assert!(server.connections() < 25, "{what:?}: {} connections", server.connections());
    }
}

#[tokio::test]
async fn a_last_mail_of_which_nothing_can_be_asked_waits_alone() {
    for what in [What::MalformedForUid(60), What::NoWordOfUid(60)] {
        let script = ["FETCH", "UID FETCH"].map(|command| When::command(command).then(what.clone())).to_vec();
        let server = server(MAILS, script);
        let bench = Bench::start(settings(server.port()));
        bench.ledger.until("all before it", |rows| rows.kept.len() == MAILS - 1 && rows.looks() > 0).await;
        assert_eq!(bench.ledger.rows().cursor.unwrap().next_uid, 60, "{what:?}");
        bench.ledger.until("the word about it", |rows| rows.events.contains(&Event::NewestSilent)).await;
        server.deliver(mail(61));
        bench.ledger.until("the mail behind it", |rows| rows.kept.len() == MAILS).await;
        let rows = bench.stop().await.rows().clone();
        assert_eq!(in_order(&rows), [all_but(&[60]), vec![mail(61)]].concat(), "{what:?}");
        assert_eq!(rows.quarantine.keys().copied().collect::<Vec<u32>>(), [60], "{what:?}");
        assert!(server.connections() < 40, "{what:?}: {} connections", server.connections());
    }
}

#[tokio::test]
async fn a_server_that_refuses_every_fetch_fills_no_quarantine() {
    for what in ["[SERVERBUG] Internal error occurred", "System I/O error"] {
        let script = ["FETCH", "UID FETCH"].map(|command| When::command(command).then(What::No(what.to_owned()))).to_vec();
        let server = server(MAILS, script);
        let bench = Bench::start(settings(server.port()));
        bench.ledger.until("several failures", |rows| rows.failures().len() >= 8).await;
        let rows = bench.stop().await.rows().clone();
        assert!(rows.quarantine.is_empty() && rows.absent.is_empty() && rows.looks() == 0, "{what}: {:?}", rows.quarantine);
    }
}

#[tokio::test]
async fn a_comparison_goes_around_a_mail_whose_very_uid_cannot_be_asked_for() {
    for what in [What::MalformedForUid(31), What::NoWordOfUid(31)] {
        let server = server(MAILS, vec![When::command("UID FETCH").then(what.clone())]);
        let ledger = std::sync::Arc::new(crate::ledger::MemoryLedger::default());
        ledger.rows().cursor = Some(Cursor { uidvalidity: 1_700_000_000, next_uid: 61, backlog: None });
        ledger.rows().known = (1..=60).filter(|uid| ![2, 32, 60].contains(uid)).map(|uid| (1_700_000_000, uid)).collect();
        let bench = Bench::with(settings(server.port()), ledger);
        let compared = Event::Reconciled { found: 3, left_out: 1 };
        bench.ledger.until("the comparison", |rows| rows.events.contains(&compared)).await;
        assert_eq!(bench.stop().await.rows().bodies(), [mail(2), mail(32), mail(60)], "{what:?}");
    }
}

#[tokio::test]
async fn a_comparison_comes_past_more_unlisted_mails_than_it_bears_in_a_row() {
    let script = (100..=300).step_by(2).map(|uid| When::command("UID FETCH").then(What::NoWordOfUid(uid))).collect();
    let server = server(400, script);
    let ledger = std::sync::Arc::new(crate::ledger::MemoryLedger::default());
    ledger.rows().cursor = Some(Cursor { uidvalidity: 1_700_000_000, next_uid: 401, backlog: None });
    ledger.rows().known = (1..=400).filter(|uid| ![111, 390].contains(uid)).map(|uid| (1_700_000_000, uid)).collect();
    let bench = Bench::with(settings(server.port()), ledger);
    let compared = Event::Reconciled { found: 2, left_out: 101 };
    bench.ledger.until("the comparison", |rows| rows.events.contains(&compared)).await;
    assert_eq!(bench.stop().await.rows().bodies(), [mail(111), mail(390)]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_comparison_with_a_server_that_lists_nothing_comes_to_its_end() {
    let server = server(300, vec![When::command("UID FETCH").containing("(UID)").then(What::No("Not now".to_owned()))]);
    let ledger = std::sync::Arc::new(crate::ledger::MemoryLedger::default());
    ledger.rows().cursor = Some(Cursor { uidvalidity: 1_700_000_000, next_uid: 301, backlog: None });
    ledger.rows().known = (1..=300).map(|uid| (1_700_000_000, uid)).collect();
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("the comparison", |rows| rows.events.iter().any(|event| matches!(event, Event::Reconciled { .. }))).await;
    let rows = bench.stop().await.rows().clone();
    assert!(rows.events.contains(&Event::Reconciled { found: 0, left_out: 100 }), "{:?}", rows.events);
    assert!(rows.quarantine.is_empty() && rows.kept.is_empty());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_panic_of_the_parser_costs_a_connection_and_no_mail() {
    for nonsense in ["* 1 FETCH (UID 1 INTERNALDATE NIL)\r\n", "* OK [ALERT]été\r\n"] {
        let rule = When::command("UID FETCH").containing("INTERNALDATE").nth(1).then(What::Garbage(nonsense.as_bytes().to_vec()));
        let (server, rows) = rows_with(vec![rule]).await;
        assert_eq!(in_order(&rows), mails(MAILS));
        assert_eq!(server.connections(), 2);
        assert_eq!(rows.failures()[0].0, FailureKind::Protocol);
    }
}

#[tokio::test]
async fn a_date_that_breaks_the_parser_each_time_does_not_cost_the_mail() {
    let nonsense = b"* 9 FETCH (UID 9 INTERNALDATE NIL)\r\n".to_vec();
    let mut script: Vec<Rule> = Vec::new();
    // Whatever window holds the ninth mail: the listing panics our parser.
    for window in ["1:500", "1:250", "1:125", "1:62", "1:60", "1:31", "1:15", "8:14", "8:10", "8:9", "9:9", "9:10", "9:11", "9:12"] {
        script.push(When::command(&format!("UID FETCH {window} ")).containing("INTERNALDATE").then(What::Garbage(nonsense.clone())));
    }
    let (_, rows) = rows_with(script).await;
    assert_eq!(in_order(&rows), mails(MAILS));
    assert!(rows.quarantine.is_empty());
}

#[tokio::test]
async fn answers_that_break_off_are_asked_for_again() {
    for what in [
        What::CutAfterLines(20),
        What::CutAfterBytes(777),
        What::Close,
        What::Abort,
        What::Bye("Going down".to_owned()),
        What::NoAfterLines(20, "[UNAVAILABLE] Backend is gone".to_owned()),
        What::No("[SERVERBUG] Internal error occurred".to_owned()),
        What::Bad("Unknown".to_owned()),
        What::EmptyOk,
        What::BodyNil,
        What::UnsolicitedFetch,
        What::UntaggedNo("Something is slow".to_owned()),
        What::Garbage(b"* 1 FETCH (BODY[ }{ not IMAP\r\n".to_vec()),
    ] {
        for times in 1..=2 {
            let (_, rows) = rows_with((1..=times).map(|time| bodies_request().nth(time).then(what.clone())).collect()).await;
            assert_eq!(in_order(&rows), mails(MAILS), "{what:?}");
            assert!(rows.quarantine.is_empty(), "{what:?}: {:?}", rows.quarantine);
            assert_eq!(rows.cursor.unwrap().next_uid, 61);
        }
    }
}

#[tokio::test]
async fn listings_that_break_off_are_asked_for_again() {
    for what in [
        What::CutAfterLines(20),
        What::Close,
        What::No("[SERVERBUG] Internal error occurred".to_owned()),
        What::EmptyOk,
        What::NoAfterLines(20, "Backend is gone".to_owned()),
        What::UnsolicitedFetch,
    ] {
        for command in ["UID FETCH", "FETCH", "EXAMINE"] {
            let (_, rows) = rows_with(vec![When::command(command).nth(1).then(what.clone())]).await;
            assert_eq!(in_order(&rows), mails(MAILS), "{command} {what:?}");
            assert!(rows.quarantine.is_empty());
        }
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_and_met_again() {
    let server = server(MAILS, vec![bodies_request().nth(1).then(What::Stall)]);
    let mut settings = settings(server.port());
    settings.deadlines.silence = Duration::from_millis(200);
    let rows = rows_after(&server, settings).await;
    assert_eq!(in_order(&rows), mails(MAILS));
    let (kind, sentence) = rows.failures().remove(0);
    assert_eq!(kind, FailureKind::Network);
    assert!(sentence.contains("kept silent") && sentence.contains("last lines: "), "{sentence}");
    assert!(!sentence.contains("Hello"), "no body in an error: {sentence}");
}

#[tokio::test]
async fn a_quarantined_mail_is_fetched_when_its_time_has_come() {
    // Refused three times at first; later the server has mended it.
    let script = (1..=20).map(|time| When::command("UID FETCH").containing("BODY.PEEK[]").nth(time).then(What::NoForUid(5))).collect();
    let server = server(10, script);
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("quarantine", |rows| rows.looks() == 1 && rows.quarantine.contains_key(&5)).await;
    let ledger = bench.stop().await;
    for _ in 0..2 {
        ledger.rows().due.insert(5);
        let bench = Bench::with(settings(server.port()), std::sync::Arc::clone(&ledger));
        bench.ledger.until("the retry", |rows| rows.due.is_empty()).await;
        bench.stop().await;
    }
    let mut attempts = 0;
    while ledger.rows().quarantine.contains_key(&5) {
        attempts += 1;
        assert!(attempts < 10);
        ledger.rows().due.insert(5);
        let bench = Bench::with(settings(server.port()), std::sync::Arc::clone(&ledger));
        bench.ledger.until("the retry", |rows| rows.due.is_empty()).await;
        bench.stop().await;
    }
    assert_eq!(in_order(&ledger.rows()), mails(10));
}

#[tokio::test]
async fn a_throttled_account_waits_as_told_and_blames_no_mail() {
    let told = "Request is throttled. Suggested Backoff Time: 150 milliseconds".to_owned();
    let started = std::time::Instant::now();
    let (server, rows) = rows_with(vec![bodies_request().nth(1).then(What::Bad(told))]).await;
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!(in_order(&rows), mails(MAILS));
    assert_eq!(rows.failures().iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [FailureKind::Throttled]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn connections_that_are_dropped_again_and_again_lose_nothing() {
    let script =
        (1..=8).map(|connection| When::command("UID FETCH").on_connection(connection).nth(2).then(What::CutAfterBytes(900))).collect();
    let (_, rows) = rows_with(script).await;
    assert_eq!(in_order(&rows), mails(MAILS));
    assert!(rows.quarantine.is_empty());
}

#[tokio::test]
async fn a_server_that_answers_only_for_the_newest_is_asked_for_less() {
    // RFC 9738: an OK, and most of the mails are missing from it. The gap makes the client take long strides.
    let numbered = |number: usize| if number == 1 { 1 } else { 100_000 + u32::try_from(number).unwrap() };
    let folder = inbox_of((1..=MAILS).map(|number| message(numbered(number), number)));
    let any = || When::command("UID FETCH");
    let bodies_and_uids =
        vec![any().containing("BODY.PEEK").then(What::MessageLimit(7)), any().containing("(UID)").then(What::MessageLimit(3))];
    for script in [
        vec![any().then(What::MessageLimit(25))],
        vec![any().then(What::MessageLimit(1))],
        vec![any().then(What::MessageLimitBesideExpunge(3))],
        bodies_and_uids,
    ] {
        let name = format!("{script:?}");
        let server = Server::start(Options { folders: vec![folder.clone()], script, ..Options::default() });
        let bench = Bench::start(settings(server.port()));
        bench.ledger.until("the comparison", |rows| rows.events.iter().any(|event| matches!(event, Event::Reconciled { .. }))).await;
        let rows = bench.stop().await.rows().clone();
        assert_eq!(in_order(&rows), mails(MAILS), "{name}");
        assert!(rows.events.contains(&Event::Reconciled { found: 0, left_out: 0 }), "nothing was left for the net below: {name}");
        assert!(rows.quarantine.is_empty() && rows.absent.is_empty(), "{name} {:?} {:?}", rows.quarantine, rows.absent);
        assert_eq!(server.connections(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_comparison_with_a_server_that_answers_only_for_the_newest_finds_what_was_overlooked() {
    let server = server(MAILS, vec![When::command("UID FETCH").then(What::MessageLimit(7))]);
    let ledger = std::sync::Arc::new(crate::ledger::MemoryLedger::default());
    ledger.rows().cursor = Some(Cursor { uidvalidity: 1_700_000_000, next_uid: 61, backlog: None });
    ledger.rows().known = (1..=60).filter(|uid| *uid != 2).map(|uid| (1_700_000_000, uid)).collect();
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("the comparison", |rows| rows.events.contains(&Event::Reconciled { found: 1, left_out: 0 })).await;
    assert_eq!(bench.stop().await.rows().bodies(), [mail(2)]);
}

#[tokio::test]
async fn a_last_mail_whose_date_breaks_the_parser_each_time_does_not_stop_the_office() {
    let nonsense = b"* 60 FETCH (UID 60 INTERNALDATE NIL)\r\n".to_vec();
    let script = vec![When::command("FETCH").containing("INTERNALDATE").then(What::Garbage(nonsense))];
    let (server, rows) = rows_with(script).await;
    assert_eq!(in_order(&rows), mails(MAILS));
    assert_eq!(server.connections(), 3, "after two connections it is asked for its UID alone");
}

#[tokio::test]
async fn a_single_new_mail_is_listed_once() {
    let server = server(2, vec![]);
    let bench = Bench::start(settings(server.port()));
    server.wait_until(|state| state.idling() == 1, crate::bench::DEADLINE).await.unwrap();
    let before = server.commands().len();
    server.deliver(mail(3));
    bench.ledger.until("the mail", |rows| rows.kept.len() == 3).await;
    let ledger = bench.stop().await;
    let fetches: Vec<String> =
        server.commands().split_off(before).into_iter().filter(|command| command.contains("FETCH")).take(2).collect();
    assert!(fetches[0].contains("FETCH 3 (UID RFC822.SIZE INTERNALDATE)"), "{fetches:?}");
    assert!(fetches[1].contains("UID FETCH 3 (UID BODY.PEEK[])"), "{fetches:?}");
    let rows = ledger.rows();
    assert_eq!(rows.kept[2].size, u64::try_from(mail(3).len()).unwrap());
    assert!(rows.kept[2].internal_date.is_some());
}
