//! UIDVALIDITY, UIDNEXT and the cursor: nothing is skipped, nothing counts as new twice.

use std::sync::Arc;
use std::time::Duration;

use testbed::imap::{Options, Server, What, When};
use uketsuke::mailbox::{Cursor, Event, FailureKind, Intervals, Sighting};

use crate::bench::{Bench, DEADLINE, inbox, inbox_of, mail, mails, message, server, settings};
use crate::ledger::MemoryLedger;

/// A ledger that has seen everything up to the given cursor, and kept the first so many mails.
fn experienced(uidvalidity: u32, next_uid: u32, uids: impl IntoIterator<Item = u32>) -> Arc<MemoryLedger> {
    let ledger = Arc::new(MemoryLedger::default());
    ledger.rows().cursor = Some(Cursor { uidvalidity, next_uid, backlog: None });
    ledger.rows().known = uids.into_iter().map(|uid| (uidvalidity, uid)).collect();
    ledger
}

#[tokio::test]
async fn a_renumbered_folder_is_read_again_and_recognised() {
    let server = server(20, vec![]);
    let bench = Bench::start(settings(server.port()));
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    server.expunge(3);
    server.set_uidvalidity(1_800_000_000);
    bench.ledger.until("the second reading", |rows| rows.again == 19).await;
    server.deliver(mail(21));
    bench.ledger.until("the new mail", |rows| rows.kept.len() == 21).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails(21));
    assert_eq!(rows.kept.last().unwrap().sighting, Sighting::Live);
    assert_eq!(rows.cursor.unwrap(), Cursor { uidvalidity: 1_800_000_000, next_uid: 21, backlog: None });
    assert!(rows.events.contains(&Event::Renumbered { was: 1_700_000_000, uidvalidity: 1_800_000_000 }));
}

#[tokio::test]
async fn a_crash_while_reading_again_keeps_old_mail_old() {
    let server = server(30, vec![]);
    let ledger = experienced(5, 900, []);
    let mut few = settings(server.port());
    few.limits.batch_mails = 10;
    // The store gives up in the middle; the next process starts from its rows.
    let failing = Arc::clone(&ledger);
    ledger.at_receipt(3, move || failing.rows().failing = 1_000);
    let bench = Bench::with(few.clone(), Arc::clone(&ledger));
    bench.ledger.until("a failure", |rows| !rows.failures().is_empty()).await;
    bench.stop().await;
    assert!((1..30).contains(&ledger.rows().kept.len()), "the test wants a half-read folder: {}", ledger.rows().kept.len());
    ledger.rows().failing = 0;
    let bench = Bench::with(few, ledger);
    bench.ledger.until("the end", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().bodies(), mails(30));
    assert!(ledger.rows().kept.iter().all(|arrival| arrival.sighting == Sighting::Rescan));
}

#[tokio::test]
async fn a_folder_without_uidvalidity_is_reported_and_tried_again() {
    for what in [What::OmitUidvalidity, What::EmptyOk] {
        let server = server(3, vec![When::command("EXAMINE").nth(1).then(what)]);
        let bench = Bench::start(settings(server.port()));
        bench.ledger.until("first look", |rows| rows.looks() == 1).await;
        let ledger = bench.stop().await;
        let (kind, sentence) = ledger.rows().failures().remove(0);
        assert_eq!(kind, FailureKind::Protocol);
        assert!(sentence.contains("no UIDVALIDITY"), "{sentence}");
        assert_eq!(ledger.rows().bodies(), mails(3));
    }
}

#[tokio::test]
async fn a_missing_or_lying_uidnext_changes_nothing() {
    for what in [What::OmitUidnext, What::LieUidnext(2), What::LieUidnext(4_000_000_000)] {
        let server = server(3, vec![When::command("EXAMINE").then(what.clone())]);
        let mut settings = settings(server.port());
        settings.intervals = Intervals { idle_refresh: Duration::from_millis(30), ..settings.intervals };
        let bench = Bench::start(settings);
        bench.ledger.until("several looks", |rows| rows.looks() >= 3).await;
        server.deliver(mail(4));
        bench.ledger.until("the new mail", |rows| rows.kept.len() == 4).await;
        let ledger = bench.stop().await;
        assert_eq!(ledger.rows().bodies(), mails(4), "{what:?}");
        assert_eq!(ledger.rows().again, 0, "{what:?}");
        assert!(!ledger.rows().events.iter().any(|event| matches!(event, Event::Rewound { .. })), "{what:?}");
    }
}

#[tokio::test]
async fn a_server_restored_from_a_backup_is_read_again_from_there() {
    // We had seen up to 999; the server restarts at 700 under the same UIDVALIDITY, and two mails came before we noticed.
    let folder = inbox_of([(1, 1), (699, 2), (700, 3), (701, 4)].map(|(uid, number)| message(uid, number)));
    let server = Server::start(Options { folders: vec![folder], ..Options::default() });
    let ledger = experienced(1_700_000_000, 1_000, 1..1_000);
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    server.deliver(mail(5));
    bench.ledger.until("the next mail", |rows| rows.bodies().contains(&mail(5))).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    assert!(rows.events.contains(&Event::Rewound { was_next_uid: 1_000, from: 202 }));
    assert_eq!(rows.bodies(), [mail(2), mail(3), mail(4), mail(5)]);
    assert_eq!(rows.cursor.unwrap().next_uid, 703);
}

#[tokio::test]
async fn deleting_the_last_mail_is_no_restore() {
    let server = server(3, vec![]);
    let bench = Bench::start(settings(server.port()));
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    server.expunge(3);
    let ledger = bench.stop().await;
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("second look", |rows| rows.looks() == 2).await;
    let ledger = bench.stop().await;
    assert!(!ledger.rows().events.iter().any(|event| matches!(event, Event::Rewound { .. })));
    assert_eq!(ledger.rows().bodies(), mails(3));
}

#[tokio::test]
async fn a_mail_below_the_cursor_is_found_by_the_reconcile() {
    let server = server(12, vec![]);
    let ledger = experienced(1_700_000_000, 13, (1..=12).filter(|uid| ![4, 9].contains(uid)));
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("the reconcile", |rows| rows.events.contains(&Event::Reconciled { found: 2, left_out: 0 })).await;
    let ledger = bench.stop().await;
    assert_eq!(ledger.rows().bodies(), [mail(4), mail(9)]);
    assert_eq!(ledger.rows().cursor.unwrap().next_uid, 13);
}

#[tokio::test]
async fn a_new_mail_does_not_wait_for_the_reconcile() {
    const MANY: u32 = 12_000;
    let server = Arc::new(server(12_000, vec![]));
    let ledger = experienced(1_700_000_000, MANY + 1, 1..=MANY);
    let post = Arc::clone(&server);
    ledger.at_question(move || {
        post.deliver(mail(12_001));
    });
    let bench = Bench::with(settings(server.port()), ledger);
    bench.ledger.until("the reconcile", |rows| rows.events.contains(&Event::Reconciled { found: 0, left_out: 0 })).await;
    assert_eq!(bench.stop().await.rows().bodies(), [mail(12_001)]);
    let commands = server.commands();
    let place =
        |words: &str| commands.iter().position(|command| command.contains(words)).unwrap_or_else(|| panic!("{words}: {commands:?}"));
    let order =
        ["UID FETCH 1:5000 (UID)", "UID FETCH 5001:10000 (UID)", "UID FETCH 12001 (UID BODY.PEEK[])", "UID FETCH 10001:12001 (UID)"]
            .map(place);
    assert!(order.is_sorted(), "{order:?} {commands:?}");
}

#[tokio::test]
async fn the_reconcile_comes_once_an_interval() {
    let server = server(12, vec![]);
    let mut settings = settings(server.port());
    settings.intervals = Intervals { idle_refresh: Duration::from_millis(20), ..settings.intervals };
    let bench = Bench::start(settings);
    bench.ledger.until("several looks", |rows| rows.looks() >= 5).await;
    let ledger = bench.stop().await;
    let reconciled = ledger.rows().events.iter().filter(|event| matches!(event, Event::Reconciled { .. })).count();
    assert_eq!(reconciled, 1);
}

#[tokio::test]
async fn two_folders_of_the_same_server_do_not_mix() {
    let other = testbed::imap::Folder { name: "Other".to_owned(), ..inbox(5) };
    let server = Server::start(Options { folders: vec![inbox(2), other], ..Options::default() });
    let mut settings = settings(server.port());
    settings.folder = "Other".to_owned();
    let bench = Bench::start(settings);
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    assert_eq!(bench.stop().await.rows().bodies(), mails(5));
}
