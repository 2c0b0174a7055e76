//! Filing by rows: keywords, folders, and servers that lack what it takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use testbed::imap::{Message, Options, Server, What, When};
use uketsuke::mailbox::{Action, Filed, Filing, FilingRules, Settings};

use crate::bench::{Bench, DEADLINE, inbox, mail, settings};
use crate::ledger::MemoryLedger;

fn offering(words: &str) -> Server {
    Server::start(Options { folders: vec![inbox(4)], capabilities: words.split(' ').map(str::to_owned).collect(), ..Options::default() })
}

fn filing(server: &Server) -> Settings {
    Settings { filing: FilingRules::Keywords(BTreeMap::new()), ..settings(server.port()) }
}

fn rows(action: &Action, uids: &[u32]) -> Vec<Filing> {
    uids.iter().map(|uid| Filing { id: i64::from(*uid) * 10, uid: *uid, action: action.clone() }).collect()
}

/// Files these and returns what became of them.
async fn filed(server: &Server, filings: Vec<Filing>) -> Vec<(i64, Filed)> {
    let ledger = Arc::new(MemoryLedger::default());
    let count = filings.len();
    ledger.rows().filings = filings;
    let bench = Bench::with(filing(server), ledger);
    bench.ledger.until("filings", |rows| rows.filed.len() == count).await;
    let ledger = bench.stop().await;
    ledger.rows().filed.clone()
}

fn subjects(server: &Server, folder: &str) -> Vec<String> {
    server.messages(folder).iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect()
}

/// 受付済 in modified UTF-7.
const WIRE_NAME: &str = "&U9dO2G4I-";
const FULL: &str = "IMAP4rev1 IDLE UIDPLUS MOVE AUTH=PLAIN SASL-IR";

#[tokio::test]
async fn keywords_are_set_in_one_command_and_seen_is_not() {
    let server = offering(FULL);
    let keyword = Action::Keyword("$Uketsuke-Accepted".to_owned());
    let outcome = filed(&server, rows(&keyword, &[1, 2, 4])).await;
    assert_eq!(outcome, [(10, Filed::Done), (20, Filed::Done), (40, Filed::Done)]);
    assert_eq!([1, 2, 3, 4].map(|uid| server.flags(uid)), [1, 1, 0, 1].map(|count| vec!["$Uketsuke-Accepted".to_owned(); count]));
    assert_eq!(server.commands().iter().filter(|command| command.contains("STORE")).count(), 1);
}

#[tokio::test]
async fn a_nudge_ends_idle_and_files() {
    let server = offering(FULL);
    let bench = Bench::start(filing(&server));
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    bench.ledger.rows().filings = rows(&Action::Keyword("$Done".to_owned()), &[3]);
    bench.nudge.notify_one();
    bench.ledger.until("the filing", |rows| rows.filed == [(30, Filed::Done)]).await;
    assert_eq!(server.flags(3), ["$Done"]);
    bench.stop().await;
}

#[tokio::test]
async fn mails_move_by_move_or_by_copy_and_uid_expunge() {
    let target = Action::MoveTo("受付済".to_owned());
    for offered in [FULL, "IMAP4rev1 IDLE UIDPLUS AUTH=PLAIN"] {
        let server = offering(offered);
        let elsewhere = server.deliver_to(WIRE_NAME, "Subject: was here before\r\n\r\n");
        // A colleague has marked a mail for deletion; that is not for us to carry out.
        server.deliver_message("INBOX", Message::new(0, mail(5)).flagged("\\Deleted"));
        let outcome = filed(&server, rows(&target, &[2, 3])).await;
        assert_eq!(outcome, [(20, Filed::Done), (30, Filed::Done)], "{offered}");
        assert_eq!(subjects(&server, "INBOX"), [mail(1), mail(4), mail(5)], "{offered}");
        assert_eq!(subjects(&server, WIRE_NAME)[usize::try_from(elsewhere).unwrap()..], [mail(2), mail(3)], "{offered}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_reported_and_the_mail_stays() {
    let server = offering(FULL);
    server.add_rule(When::command("CREATE").then(What::No("[NOPERM] You may not".to_owned())));
    let outcome = filed(&server, rows(&Action::MoveTo("受付済".to_owned()), &[2])).await;
    let [(20, Filed::Refused { sentence })] = outcome.as_slice() else { panic!("{outcome:?}") };
    assert!(sentence.contains("CREATE") && sentence.contains("You may not"), "{sentence}");
    assert_eq!(server.messages("INBOX").len(), 4);
}

#[tokio::test]
async fn without_uidplus_nothing_is_ever_expunged() {
    let server = offering("IMAP4rev1 IDLE AUTH=PLAIN");
    let outcome = filed(&server, rows(&Action::MoveTo("Done".to_owned()), &[2])).await;
    let [(20, Filed::Refused { sentence })] = outcome.as_slice() else { panic!("{outcome:?}") };
    assert!(sentence.contains("MOVE or UIDPLUS"), "{sentence}");
    assert_eq!(server.messages("INBOX").len(), 4);
    assert!(!server.commands().iter().any(|command| command.contains("EXPUNGE") || command.contains("COPY")));
}

#[tokio::test]
async fn a_mail_that_cannot_be_filed_does_not_keep_its_neighbours() {
    let server = offering(FULL);
    for command in ["UID STORE 1:3 ", "UID STORE 2 "] {
        server.add_rule(When::command(command).then(What::No("Permission denied".to_owned())));
    }
    let outcome = filed(&server, rows(&Action::Keyword("$Done".to_owned()), &[1, 2, 3])).await;
    let states: Vec<(i64, bool)> = outcome.iter().map(|(id, outcome)| (*id, *outcome == Filed::Done)).collect();
    assert_eq!(states, [(10, true), (20, false), (30, true)]);
}

#[tokio::test]
async fn a_lost_connection_leaves_the_row_for_the_next() {
    let server = offering(FULL);
    server.add_rule(When::command("UID STORE").nth(1).then(What::Close));
    let outcome = filed(&server, rows(&Action::Keyword("$Done".to_owned()), &[1])).await;
    assert_eq!(outcome, [(10, Filed::Done)]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_impossible_keyword_is_refused_before_it_is_sent() {
    let server = offering(FULL);
    let outcome = filed(&server, rows(&Action::Keyword("受付 済".to_owned()), &[1])).await;
    assert!(matches!(outcome.as_slice(), [(10, Filed::Refused { sentence })] if sentence.contains("ASCII")), "{outcome:?}");
    assert!(!server.commands().iter().any(|command| command.contains("STORE")));
}
