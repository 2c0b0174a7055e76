//! Copies of sent letters in the mailbox's own folder, and what that folder teaches.

use testbed::imap::{Folder, Options, Server, What, When};
use uketsuke::mailbox::{Event, Filed, SentLetter, Settings};

use crate::bench::{Bench, settings};

fn copying(server: &Server) -> Settings {
    Settings { sent_folder: Some("Sent".to_owned()), ..settings(server.port()) }
}

fn letter(id: i64) -> SentLetter {
    SentLetter { id, bytes: format!("Subject: letter {id}\r\nMessage-ID: <uketsuke.{id}@x>\r\n\r\ntext {{3}}\r\n").into_bytes() }
}

fn sent(server: &Server) -> Vec<String> {
    server.messages("Sent").iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect()
}

#[tokio::test]
async fn a_copy_is_byte_for_byte_the_letter_and_the_folder_is_made_if_need_be() {
    let server = Server::start(Options::default());
    let bench = Bench::start(copying(&server));
    bench.ledger.until("a look", |rows| rows.looks() > 0).await;
    bench.ledger.rows().letters = vec![letter(1), letter(2)];
    bench.nudge.notify_one();
    bench.ledger.until("two copies", |rows| rows.copied.len() == 2).await;
    let copied = bench.ledger.rows().copied.clone();
    assert_eq!(copied, [(1, Filed::Done), (2, Filed::Done)], "{:?}", server.commands());
    assert_eq!(sent(&server), [letter(1), letter(2)].map(|letter| String::from_utf8(letter.bytes).unwrap()));
    assert_eq!(bench.ledger.rows().learnt, Vec::<Vec<String>>::new(), "a folder that is not there teaches nothing");
    bench.stop().await;
}

#[tokio::test]
async fn the_letters_of_the_folder_are_known_before_the_first_look() {
    let mails = (1..=450).map(|number| format!("Subject: x\r\nMessage-ID: <uketsuke.{number}@x>\r\n\r\ntext\r\n"));
    let folders = vec![Folder::named("INBOX").holding(["Subject: one\r\n\r\n"]), Folder::named("Sent").holding(mails)];
    let server = Server::start(Options { folders, ..Options::default() });
    let bench = Bench::start(copying(&server));
    bench.ledger.until("a look", |rows| rows.looks() > 0).await;
    let learnt = bench.ledger.rows().learnt.concat();
    assert_eq!(
        (learnt.len(), learnt.first().map(String::as_str), learnt.last().map(String::as_str)),
        (450, Some("<uketsuke.1@x>"), Some("<uketsuke.450@x>"))
    );
    let commands = server.commands();
    let place = |start: &str| commands.iter().position(|command| command.contains(start)).unwrap();
    assert!(place("EXAMINE \"Sent\"") < place("EXAMINE \"INBOX\""), "{commands:?}");
    assert_eq!(bench.ledger.rows().bodies(), ["Subject: one\r\n\r\n"]);
    bench.stop().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told_and_keeps_no_mail_from_being_read() {
    let folders = || vec![Folder::named("INBOX").holding(["Subject: one\r\n\r\n"]), Folder::named("Sent").holding(["Subject: x\r\n\r\n"])];
    for (what, when, words) in [
        (What::Close, "FETCH 1:1 (UID BODY.PEEK[HEADER]", "the connection broke each time that Sent was read"),
        (What::No("[NOPERM] Not yours".to_owned()), "EXAMINE \"Sent\"", "Not yours"),
    ] {
        let server = Server::start(Options { folders: folders(), script: vec![When::command(when).then(what)], ..Options::default() });
        let bench = Bench::start(copying(&server));
        bench.ledger.until("the mail", |rows| rows.kept.len() == 1).await;
        let ledger = bench.stop().await;
        let told = |event: &Event| matches!(event, Event::SentUnread { sentence } if sentence.contains(words));
        assert!(ledger.rows().events.iter().any(told), "{words}");
    }
}

#[tokio::test]
async fn a_copy_that_is_refused_or_breaks_the_connection_keeps_no_mail_from_being_read() {
    for (what, connections) in
        [(What::No("[CANNOT] Not here".to_owned()), 1), (What::No("[OVERQUOTA] Quota exceeded".to_owned()), 4), (What::Close, 4)]
    {
        let folders = vec![Folder::named("INBOX"), Folder::named("Sent")];
        let script = vec![When::command("APPEND").then(what)];
        let server = Server::start(Options { folders, script, ..Options::default() });
        let bench = Bench::start(copying(&server));
        bench.ledger.rows().letters = vec![letter(1)];
        bench.nudge.notify_one();
        bench.ledger.until("an end", |rows| rows.copied.len() == 1).await;
        assert!(matches!(bench.ledger.rows().copied.as_slice(), [(1, Filed::Refused { .. })]));
        server.deliver("Subject: one\r\n\r\n");
        bench.ledger.until("the mail", |rows| rows.kept.len() == 1).await;
        assert_eq!(server.connections(), connections);
        bench.stop().await;
    }
}
