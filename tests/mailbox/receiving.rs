//! Mails come in: once each, whole, in order, and nothing on the server changes.

use std::sync::Arc;

use testbed::imap::{Folder, Message, Occurrence, Options, Rule, Server, What, When};
use uketsuke::mailbox::{Event, Limits, Sighting};

use crate::bench::{Bench, DEADLINE, inbox_of, mail, mails, message, server, settings};
use crate::ledger::{MemoryLedger, Rows};

#[tokio::test]
async fn every_mail_comes_once_and_the_server_is_left_as_it_was() {
    let server = server(450, vec![]);
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let before = server.messages("INBOX");
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails(450));
    assert!(rows.kept.iter().all(|arrival| arrival.sighting == Sighting::FirstSync));
    assert!(rows.kept.iter().all(|arrival| arrival.internal_date.is_some()));
    assert_eq!(rows.cursor.unwrap().next_uid, 451);
    assert_eq!(server.messages("INBOX"), before);
    assert!(before.iter().all(|message| message.flags.is_empty()), "nothing may be marked as seen");
    let commands = server.commands();
    assert!(!commands.iter().any(|command| command.contains("SELECT")), "without filing the folder is opened read-only");
    assert!(commands.iter().all(|command| command.len() <= 1_000));
    assert_eq!(rows.events.last(), Some(&Event::Stopped));
}

#[tokio::test]
async fn a_mail_that_is_delivered_during_idle_comes_at_once_and_counts_as_live() {
    let server = server(1, vec![]);
    let bench = Bench::start(settings(server.port()));
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    for number in 2..=6 {
        server.deliver(mail(number));
        bench.ledger.until("the mail", |rows| rows.kept.len() == number).await;
    }
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails(6));
    let sightings: Vec<Sighting> = rows.kept.iter().map(|arrival| arrival.sighting).collect();
    assert_eq!(sightings, [vec![Sighting::FirstSync], vec![Sighting::Live; 5]].concat());
    assert_eq!(server.connections(), 1);
    assert!(server.commands().last().unwrap().contains("LOGOUT"));
}

#[tokio::test]
async fn mails_that_came_while_nobody_watched_count_as_live() {
    let server = server(3, vec![]);
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    server.deliver(mail(4));
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("the fourth", |rows| rows.kept.len() == 4).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails(4));
    assert_eq!(rows.kept.last().unwrap().sighting, Sighting::Live);
    assert_eq!(rows.again, 0, "nothing is fetched twice");
}

#[tokio::test]
async fn the_first_mail_of_an_empty_folder_is_live() {
    let server = server(0, vec![]);
    let bench = Bench::start(settings(server.port()));
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    server.deliver(mail(1));
    bench.ledger.until("the mail", |rows| rows.kept.len() == 1).await;
    assert_eq!(bench.stop().await.rows().kept[0].sighting, Sighting::Live);
}

#[tokio::test]
async fn gaps_in_the_numbering_are_crossed() {
    let spread = inbox_of([(1, 1), (70_000, 2), (70_001, 3), (4_000_000_000, 4)].map(|(uid, number)| message(uid, number)));
    let server = Server::start(Options { folders: vec![spread], ..Options::default() });
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().bodies(), mails(4));
    assert_eq!(ledger.rows().cursor.unwrap().next_uid, 4_000_000_001);
    assert!(server.commands().len() < 100, "{} commands", server.commands().len());
}

#[tokio::test]
async fn the_date_is_utc_and_the_size_is_that_of_the_bytes() {
    let folder = inbox_of([Message::new(1, mail(1)).dated("01-May-2026 10:00:00 +0900")]);
    let server = Server::start(Options { folders: vec![folder], ..Options::default() });
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.kept[0].internal_date, Some(1_777_597_200));
    assert_eq!(rows.kept[0].size, u64::try_from(mail(1).len()).unwrap());
}

#[tokio::test]
async fn large_mails_come_in_pieces_and_oversize_ones_as_headers() {
    let large = format!("Subject: large\r\n\r\n{}", "0123456789".repeat(1_000));
    let oversize = format!("Subject: oversize\r\n\r\n{}", "x".repeat(30_000));
    // Exactly three pieces: the end shows only in an empty fourth.
    let even = format!("Subject: even\r\n\r\n{}", "y".repeat(3 * 1_024 - 17));
    assert_eq!(even.len(), 3 * 1_024);
    let server = Server::start(Options {
        folders: vec![Folder::named("INBOX").holding([mail(1), large.clone(), oversize, even.clone(), mail(2)])],
        ..Options::default()
    });
    let mut settings = settings(server.port());
    settings.limits = Limits { largest_mail: 20_000, piece: 1_024, ..Limits::default() };
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), [mail(1), large, "header only: Subject: oversize\r\n\r\n".to_owned(), even, mail(2)]);
    assert_eq!(rows.kept[2].size, 30_021);
}

/// Three mails, the second of which takes several pieces, and this script.
async fn large_mail_with(script: Vec<Rule>) -> (String, Rows) {
    // Exactly five pieces.
    let large = format!("Subject: large\r\n\r\n{}", "0123456789".repeat(511).split_at(5 * 1_024 - 18).0);
    let folder = Folder::named("INBOX").holding([mail(1), large.clone(), mail(3)]);
    let server = Server::start(Options { folders: vec![folder], script, ..Options::default() });
    let mut settings = settings(server.port());
    settings.limits = Limits { piece: 1_024, ..Limits::default() };
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let rows = bench.stop().await.rows().clone();
    (large, rows)
}

#[tokio::test]
async fn a_large_mail_that_vanishes_between_two_pieces_is_absent_and_never_a_part_of_itself() {
    let pieces = || When::command("UID FETCH 2").containing("BODY.PEEK[]<");
    let gone = || When::command("UID FETCH 2").containing("(UID)").then(What::EmptyOk);
    for answer in [What::EmptyOk, What::BodyNil, What::PiecesAtMost(0)] {
        let script = vec![pieces().occurring(Occurrence::From(3)).then(answer.clone()), gone()];
        let (_, rows) = large_mail_with(script).await;
        assert_eq!(rows.bodies(), [mail(1), mail(3)], "{answer:?}");
        assert!(rows.absent.contains(&2), "{answer:?} {:?}", rows.absent);
    }
}

#[tokio::test]
async fn a_piece_that_never_comes_costs_its_mail_a_few_tries_and_no_other() {
    let script = vec![When::command("UID FETCH 2").containing("<2048.").then(What::No("Cannot read that part".to_owned()))];
    let folder = Folder::named("INBOX").holding([mail(1), "Subject: large\r\n\r\n".to_owned() + &"x".repeat(5_000), mail(3)]);
    let server = Server::start(Options { folders: vec![folder], script, ..Options::default() });
    let mut settings = settings(server.port());
    settings.limits = Limits { piece: 1_024, ..Limits::default() };
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().bodies(), [mail(1), mail(3)]);
    assert_eq!(ledger.rows().quarantine.keys().copied().collect::<Vec<u32>>(), [2]);
    assert!(server.commands().len() < 60, "{} commands", server.commands().len());
}

#[tokio::test]
async fn a_mail_that_does_not_come_at_once_comes_in_small_pieces() {
    let middling = "Subject: middling\r\n\r\n".to_owned() + &"x".repeat(2_500_000);
    let folder = Folder::named("INBOX").holding([mail(1), middling.clone(), mail(3)]);
    // A middlebox that ends long answers.
    let script = vec![When::command("UID FETCH").containing("BODY.PEEK[])").then(What::CutAfterBytes(1_500_000))];
    let server = Server::start(Options { folders: vec![folder], script, ..Options::default() });
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().bodies(), [mail(1), middling, mail(3)]);
    assert!(ledger.rows().quarantine.is_empty());
    let asked = |piece: &str| server.commands().iter().any(|command| command.contains(piece));
    assert!(asked("BODY.PEEK[]<0.1048576>") && asked("BODY.PEEK[]<2097152.1048576>"), "{:?}", server.commands());
}

#[tokio::test]
async fn servers_that_say_nothing_or_no_past_the_end_or_give_small_pieces_hand_over_whole_mails() {
    let piece = |containing: &str| When::command("UID FETCH 2").containing(containing);
    for script in [
        vec![piece("<5120.").then(What::EmptyOk)],
        vec![piece("<5120.").then(What::No("Nothing there".to_owned()))],
        vec![piece(".1024>").then(What::PiecesAtMost(700))],
    ] {
        let name = format!("{script:?}");
        let (large, rows) = large_mail_with(script).await;
        assert_eq!(rows.bodies(), [mail(1), large, mail(3)], "{name}");
        assert!(rows.quarantine.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn pieces_that_do_not_say_where_they_begin_are_never_taken_for_a_whole_mail() {
    let piece = || When::command("UID FETCH 2").containing("BODY.PEEK[]<");
    for script in [
        vec![piece().then(What::PiecesWithoutOrigin)],
        vec![piece().then(What::PiecesWithoutOrigin), piece().then(What::PiecesAtMost(700))],
    ] {
        let name = format!("{script:?}");
        let (large, rows) = large_mail_with(script).await;
        assert_eq!(rows.bodies(), [mail(1), large, mail(3)], "{name}");
        assert!(rows.quarantine.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn batches_keep_their_budget() {
    let server = server(100, vec![]);
    let mut settings = settings(server.port());
    settings.limits = Limits { batch_mails: 7, ..Limits::default() };
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails(100));
    assert!(rows.batches.iter().all(|(uids, _)| uids.len() <= 7));
    // The cursor stands right behind each batch, never before a mail that is still to come.
    assert!(rows.batches.iter().filter(|(uids, _)| !uids.is_empty()).all(|(uids, next)| uids.last().unwrap() + 1 == *next));
}

#[tokio::test]
async fn a_store_that_fails_loses_nothing() {
    let server = server(30, vec![]);
    let mut settings = settings(server.port());
    settings.limits = Limits { batch_mails: 10, ..Limits::default() };
    let ledger = Arc::new(MemoryLedger::default());
    ledger.rows().failing = 3;
    let bench = Bench::with(settings, ledger);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails(30));
    let store = uketsuke::mailbox::FailureKind::Store;
    assert_eq!(rows.failures(), vec![(store, "received mails cannot be kept: the disk is full; make room".to_owned()); 3]);
}

#[tokio::test]
async fn mails_that_vanish_between_listing_and_fetching_are_absent_not_lost() {
    let server = Arc::new(server(5, vec![]));
    let mut settings = settings(server.port());
    settings.limits = Limits { batch_mails: 1, ..Limits::default() };
    let ledger = Arc::new(MemoryLedger::default());
    let colleague = Arc::clone(&server);
    // The folder is listed by then, and the fourth mail is not asked for yet.
    ledger.at_receipt(2, move || colleague.expunge(4));
    let bench = Bench::with(settings, ledger);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), [mail(1), mail(2), mail(3), mail(5)]);
    assert_eq!(rows.absent, [4]);
    assert!(rows.quarantine.is_empty());
    assert_eq!(rows.cursor.unwrap().next_uid, 6);
}
