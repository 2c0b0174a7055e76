//! What every server must come through. Mails get there and are looked at by another client.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::block_in_place;
use uketsuke::mailbox::{self, Action, Event, FailureKind, Filed, Filing, FilingRules, Limits, SentLetter, Settings, Support};

use crate::bench::Bench;
use crate::client::Client;
use crate::ledger::MemoryLedger;
use crate::servers::{Keywords, Server, WRONG};

/// The colleague's client does one thing and leaves; it blocks, and the watcher goes on.
fn colleague<T>(server: &Server, act: impl FnOnce(&mut Client) -> T) -> T {
    block_in_place(|| {
        let mut client = server.client();
        let outcome = act(&mut client);
        client.ask("LOGOUT");
        outcome
    })
}

fn fill(server: &Server, mails: &[Vec<u8>]) {
    colleague(server, |client| mails.iter().for_each(|mail| client.append("INBOX", mail)));
}

fn mail(number: usize, size: usize) -> Vec<u8> {
    let head = format!("From: Taro <taro@example.co.jp>\r\nSubject: mail {number}\r\n\r\n");
    let line = format!("{number:08} {}\r\n", "x".repeat(65));
    format!("{head}{}", line.repeat(size.saturating_sub(head.len()) / line.len())).into_bytes()
}

fn bodies(ledger: &MemoryLedger) -> Vec<Vec<u8>> {
    let bytes = |arrival: &mailbox::Arrival| match &arrival.content {
        mailbox::Content::Whole(bytes) | mailbox::Content::HeadersOnly(bytes) => bytes.clone(),
    };
    ledger.rows().kept.iter().map(bytes).collect()
}

pub async fn mails_come_whole_and_in_order(server: &Server) {
    let mails: Vec<Vec<u8>> = (1..=120).map(|number| mail(number, 200 + number * 97)).collect();
    fill(server, &mails);
    let mut settings = server.settings();
    settings.limits = Limits { batch_mails: 25, batch_bytes: 60_000, ..settings.limits };
    let watcher = Bench::start(settings);
    watcher.ledger.until("a look", |rows| rows.looks() > 0).await;
    let ledger = watcher.stop().await;
    assert!(bodies(&ledger) == mails, "{}", server.log());
    let rows = ledger.rows().clone();
    assert_eq!((rows.quarantine.len(), rows.failures()), (0, Vec::new()));
    assert!(rows.kept.iter().all(|arrival| arrival.internal_date.is_some()), "every mail has its date of receipt");
    let flags = colleague(server, |client| client.flags("INBOX"));
    assert!(flags.iter().all(|(_, flags)| !flags.contains(&"\\Seen".to_owned())), "nothing was marked as seen: {flags:?}");
}

pub async fn odd_mails_come_as_they_are(server: &Server) {
    let long = [b"Subject: long\r\n\r\n".to_vec(), vec![b'a'; 20_000], b"\r\n".to_vec()].concat();
    let eight_bit = "From: 山田 <taro@example.co.jp>\r\nSubject: 生の八ビット\r\n\r\n本文（{12}\r\n* BYE * A1 OK）\r\n".as_bytes().to_vec();
    let shift_jis = [b"Subject: sjis\r\n\r\n".as_slice(), b"\x8e\xf3\x95t\x81\x5c\r\n"].concat();
    let mails = vec![long, eight_bit, shift_jis, b"Subject: no body\r\n\r\n".to_vec(), b"Subject: dots\r\n\r\n.\r\n..\r\n".to_vec()];
    fill(server, &mails);
    let watcher = Bench::start(server.settings());
    watcher.ledger.until("a look", |rows| rows.looks() > 0).await;
    let ledger = watcher.stop().await;
    for (found, sent) in bodies(&ledger).iter().zip(&mails) {
        assert_eq!(String::from_utf8_lossy(found), String::from_utf8_lossy(sent));
    }
    assert_eq!(bodies(&ledger).len(), mails.len(), "{}", server.log());
}

pub async fn a_large_mail_comes_in_pieces(server: &Server) {
    let mails = vec![mail(1, 300), mail(2, 700_000), mail(3, 300), mail(4, 90_000)];
    fill(server, &mails);
    let mut settings = server.settings();
    settings.limits = Limits { piece: 64 * 1024, largest_mail: 500_000, ..settings.limits };
    let watcher = Bench::start(settings);
    watcher.ledger.until("a look", |rows| rows.looks() > 0).await;
    let ledger = watcher.stop().await;
    let found = bodies(&ledger);
    assert_eq!(found.len(), 4, "{}", server.log());
    assert!(found[0] == mails[0] && found[2] == mails[2] && found[3] == mails[3]);
    assert!(found[1].starts_with(b"From: Taro") && found[1].len() < 1_000, "of the one over the limit the header alone");
}

pub async fn live_mail_is_taken_and_removed_mail_is_no_loss(server: &Server) {
    fill(server, &[mail(1, 300), mail(2, 300)]);
    let watcher = Bench::start(server.settings());
    let waits = |rows: &crate::ledger::Rows| rows.events.iter().any(|event| matches!(event, Event::Idling | Event::Polling));
    watcher.ledger.until("waiting", waits).await;
    fill(server, &[mail(3, 300)]);
    watcher.ledger.until("live mail", |rows| rows.kept.len() == 3).await;
    colleague(server, |client| {
        let first = client.uids("INBOX")[0];
        client.remove("INBOX", first);
    });
    fill(server, &[mail(4, 300)]);
    watcher.ledger.until("the mail after the removal", |rows| rows.kept.len() == 4).await;
    let ledger = watcher.stop().await;
    assert_eq!(bodies(&ledger), [1, 2, 3, 4].map(|number| mail(number, 300)));
    assert_eq!(ledger.rows().failures(), [], "{}", server.log());
}

pub async fn a_second_run_takes_nothing_twice(server: &Server) {
    fill(server, &(1..=10).map(|number| mail(number, 300)).collect::<Vec<_>>());
    let watcher = Bench::start(server.settings());
    watcher.ledger.until("a look", |rows| rows.looks() > 0).await;
    let ledger = watcher.stop().await;
    fill(server, &[mail(11, 300)]);
    let watcher = Bench::with(server.settings(), ledger);
    watcher.ledger.until("the new mail", |rows| rows.kept.len() == 11).await;
    let ledger = watcher.stop().await;
    let rows = ledger.rows();
    assert_eq!((rows.kept.len(), rows.again), (11, 0), "each was fetched once");
}

/// Files the mails with these places in the folder, and tells what became of them.
async fn filed(server: &Server, action: &Action, places: &[usize]) -> Vec<Filed> {
    let uids = colleague(server, |client| client.uids("INBOX"));
    let ledger = Arc::new(MemoryLedger::default());
    let filing = |place: &usize| Filing { id: i64::from(uids[*place]), uid: uids[*place], action: action.clone() };
    ledger.rows().filings = places.iter().map(filing).collect();
    let targets = BTreeMap::from([("accepted".to_owned(), "x".to_owned())]);
    let watcher = Bench::with(Settings { filing: FilingRules::Folders(targets), ..server.settings() }, ledger);
    watcher.ledger.until("filings", |rows| rows.filed.len() == places.len()).await;
    let ledger = watcher.stop().await;
    std::mem::take(&mut ledger.rows().filed).into_iter().map(|(_, outcome)| outcome).collect()
}

pub async fn keywords_are_set_or_refused_with_a_sentence(server: &Server) {
    fill(server, &[mail(1, 300), mail(2, 300), mail(3, 300)]);
    let outcomes = filed(server, &Action::Keyword("$Uketsuke".to_owned()), &[0, 2]).await;
    let marked: Vec<bool> = colleague(server, |client| client.flags("INBOX"))
        .iter()
        .map(|(_, flags)| flags.iter().any(|flag| flag.eq_ignore_ascii_case("$Uketsuke")))
        .collect();
    match server.keywords {
        Keywords::Kept => {
            assert_eq!(outcomes, [Filed::Done, Filed::Done], "{}", server.log());
            assert_eq!(marked, [true, false, true]);
        }
        Keywords::NotKept => {
            assert!(
                outcomes.iter().all(|outcome| matches!(outcome, Filed::Refused { sentence } if sentence.contains("keeps no keyword"))),
                "{outcomes:?}"
            );
            assert_eq!(marked, [false; 3]);
        }
    }
}

pub async fn mails_are_moved_into_a_folder_that_is_made(server: &Server) {
    fill(server, &[mail(1, 300), mail(2, 300), mail(3, 300)]);
    let outcomes = filed(server, &Action::MoveTo("受付済".to_owned()), &[0, 2]).await;
    assert_eq!(outcomes, [Filed::Done, Filed::Done], "{}", server.log());
    let made = format!("{}&U9dO2G4I-", server.prefix);
    assert_eq!(colleague(server, |client| (client.uids("INBOX").len(), client.uids(&made).len())), (1, 2));
}

pub async fn a_folder_that_only_holds_others_is_made_to_hold_mails(server: &Server) {
    fill(server, &[mail(1, 300), mail(2, 300), mail(3, 300)]);
    for folder in ["受付/済", "受付"] {
        let outcomes = filed(server, &Action::MoveTo(folder.to_owned()), &[0]).await;
        assert_eq!(outcomes, [Filed::Done], "{folder}: {}", server.log());
    }
    // A name with a sign that LIST takes for a pattern; Cyrus allows none, and says so when the folder is to be made.
    let outcomes = filed(server, &Action::MoveTo("5%".to_owned()), &[0]).await;
    let is_refused = |outcome: &Filed| matches!(outcome, Filed::Refused { sentence } if sentence.contains("CREATE \"5%\""));
    assert!(outcomes.iter().all(|outcome| *outcome == Filed::Done || is_refused(outcome)), "{outcomes:?}");
    let made = format!("{}&U9dO2A-", server.prefix);
    assert_eq!(colleague(server, |client| client.uids(&made).len()), 1);
}

pub async fn a_folder_below_inbox_is_another_one(server: &Server) {
    fill(server, &[mail(1, 300), mail(2, 300)]);
    for folder in ["INBOX/受付", "受付"] {
        let outcomes = filed(server, &Action::MoveTo(folder.to_owned()), &[0]).await;
        assert_eq!(outcomes, [Filed::Done], "{folder}: {}", server.log());
    }
    let there = format!("{}&U9dO2A-", server.prefix);
    // Where the server keeps everything below INBOX the two are one.
    let mails = if server.prefix.is_empty() { 1 } else { 2 };
    assert_eq!(colleague(server, |client| client.uids(&there).len()), mails);
}

pub async fn a_folder_is_found_by_the_name_that_people_write(server: &Server) {
    let there = format!("{}&U9dO2A-", server.prefix);
    colleague(server, |client| {
        client.ask(&format!("CREATE \"{there}\""));
        client.append(&there, &mail(1, 300));
    });
    let settings = Settings { folder: "受付".to_owned(), ..server.settings() };
    assert_eq!(mailbox::probe(&settings).await.unwrap().exists, 1, "{}", server.log());
    let watcher = Bench::start(settings);
    watcher.ledger.until("the mail", |rows| rows.kept.len() == 1).await;
    let ledger = watcher.stop().await;
    assert_eq!(bodies(&ledger), [mail(1, 300)]);
    let nowhere = mailbox::probe(&Settings { folder: "nashi".to_owned(), ..server.settings() }).await.unwrap_err();
    assert!(nowhere.to_string().starts_with("the folder nashi cannot be opened: "), "{nowhere}");
}

pub async fn letters_are_copied_and_known_again(server: &Server) {
    let settings = Settings { sent_folder: Some("Uketsuke".to_owned()), ..server.settings() };
    let letter =
        |id: i64| SentLetter { id, bytes: format!("Subject: letter {id}\r\nMessage-ID: <uketsuke.{id}@x>\r\n\r\ntext\r\n").into_bytes() };
    let watcher = Bench::start(settings.clone());
    watcher.ledger.until("a look", |rows| rows.looks() > 0).await;
    watcher.ledger.rows().letters = vec![letter(1), letter(2)];
    watcher.nudge.notify_one();
    watcher.ledger.until("copies", |rows| rows.copied.len() == 2).await;
    let ledger = watcher.stop().await;
    assert_eq!(ledger.rows().copied, [(1, Filed::Done), (2, Filed::Done)], "{}", server.log());
    let seen = colleague(server, |client| client.flags(&format!("{}Uketsuke", server.prefix)));
    assert!(seen.len() == 2 && seen.iter().all(|(_, flags)| flags.contains(&"\\Seen".to_owned())), "{seen:?}");
    let watcher = Bench::start(settings);
    watcher.ledger.until("a look", |rows| rows.looks() > 0).await;
    let ledger = watcher.stop().await;
    assert_eq!(ledger.rows().learnt, [["<uketsuke.1@x>".to_owned(), "<uketsuke.2@x>".to_owned()]]);
}

pub async fn a_probe_tells_what_the_server_offers_and_a_wrong_password_is_refused(server: &Server) {
    fill(server, &[mail(1, 300)]);
    let report = mailbox::probe(&server.settings()).await.unwrap();
    assert_eq!((report.exists, report.idle), (1, Support::Yes));
    let wrong = Settings { credentials: server.wrong.clone(), ..server.settings() };
    let refused = mailbox::probe(&wrong).await.unwrap_err();
    assert_eq!(refused.kind(), FailureKind::Authentication, "{refused}");
    assert!(!refused.to_string().contains(WRONG));
}
