//! A store that fails for a while, or that is not ours: nothing is lost, nothing is spoilt, and the sentence says what to do.

use rusqlite::Connection;
use testbed::imap;
use testbed::smtp::{self, Phase, Rule, What};

use crate::letters::greeting;
use crate::office::{Daemon, Office};

/// Another program's write lock on the office's store.
fn locked(office: &Office) -> Connection {
    let connection = Connection::open(office.path("uketsuke.db")).expect("opened");
    connection.execute_batch("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").expect("locked");
    connection
}

/// A letter gets stuck at this phase; the store is locked when that is to be written down, and free again later.
async fn letter_after_a_lock(phase: Phase, state: &str, expected: &[&str]) -> Office {
    let folders = vec![imap::Folder::named("INBOX").holding([greeting("ichiro@applicant.example.co.jp", 1)])];
    let script = vec![Rule::at(phase, What::Stall).nth(1)];
    let office =
        Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options { script, ..smtp::Options::default() }, |plan| {
            plan.set("smtp", "final-dot-seconds", "2").set("smtp", "command-seconds", "2")
        });
    let daemon = office.start();
    office.until_rows("SELECT state FROM replies", &[state]).await;
    let lock = locked(&office);
    daemon.until_said("mend what the store says: the store is locked by another program").await;
    drop(lock);
    office.until_rows("SELECT state, attempts FROM replies", expected).await;
    daemon.close().await;
    office
}

#[tokio::test]
async fn a_letter_that_could_not_be_settled_is_sorted_out_while_the_daemon_runs() {
    let (sent, unsent) =
        tokio::join!(letter_after_a_lock(Phase::Body, "data", &["unknown|1"]), letter_after_a_lock(Phase::Rcpt, "sending", &["sent|2"]));
    assert_eq!((sent.sink.letters().len(), unsent.sink.letters().len()), (0, 1));
}

#[tokio::test]
async fn mails_that_come_while_the_store_is_locked_are_taken_later() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    let lock = locked(&office);
    office.imap.deliver(greeting("ichiro@applicant.example.co.jp", 1));
    daemon.until_said("the store is locked by another program; close what has the file open").await;
    drop(lock);
    office.until_settled(1).await;
    office.until_rows("SELECT state, sentence FROM health WHERE part = 'account:desk'", &["watching|-"]).await;
    assert_eq!(office.sink.letters().len(), 1);
    daemon.close().await;
}

const MAILS: usize = 300;

/// An office where this trigger stands before [`MAILS`] mails come in.
async fn judging_beside(trigger: &str) -> (Office, Daemon, Connection) {
    let folders = vec![imap::Folder::named("INBOX")];
    let office = Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    let other = Connection::open(office.path("uketsuke.db")).expect("opened");
    other.busy_timeout(std::time::Duration::from_secs(10)).expect("set");
    other.execute_batch(&format!("CREATE TRIGGER fall BEFORE UPDATE OF verdict ON submissions {trigger}")).expect("created");
    for number in 1..=MAILS {
        office.imap.deliver(greeting(&format!("taro@applicant{number}.example.co.jp"), number));
    }
    daemon.until_said("Judging is interrupted").await;
    office.until_rows("SELECT count(*) FROM submissions", &[&MAILS.to_string()]).await;
    (office, daemon, other)
}

#[tokio::test]
async fn conclusions_that_cannot_be_written_cost_no_attempt_and_keep_their_order() {
    // No row is at fault where a table is missing.
    let (office, daemon, other) = judging_beside("BEGIN INSERT INTO nowhere VALUES (1); END").await;
    // Those that were read ahead, too.
    office.until_rows("SELECT max(attempts) FROM submissions WHERE verdict IS NULL", &["0"]).await;
    other.execute_batch("DROP TRIGGER fall").expect("dropped");
    office.until_settled(MAILS).await;
    office.until_rows("SELECT count(*) FROM submissions WHERE verdict <> 'missing'", &["0"]).await;
    office.until_rows("SELECT count(*) FROM submissions WHERE attempts <> 1", &["0"]).await;
    office.until_rows("SELECT count(*) FROM replies a JOIN replies b ON a.id < b.id AND a.submission > b.submission", &["0"]).await;
    daemon.close().await;
}

#[tokio::test]
async fn a_mail_whose_own_conclusion_always_fails_goes_to_a_person_and_keeps_no_other_waiting() {
    let (office, daemon, _other) =
        judging_beside("WHEN NEW.id = 40 AND NEW.subject IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a test'); END").await;
    office.until_settled(MAILS).await;
    office.until_rows("SELECT id, verdict, attempts FROM submissions WHERE verdict <> 'missing' OR attempts <> 1", &["40|review|3"]).await;
    office.until_rows("SELECT count(*) FROM replies a JOIN replies b ON a.id < b.id AND a.submission > b.submission", &["0"]).await;
    office
        .until_rows("SELECT submission, line FROM findings WHERE code = 'unjudgeable'", &["40|judging failed or ended the process twice"])
        .await;
    office.until_rows("SELECT count(*) FROM replies", &[&(MAILS - 1).to_string()]).await;
    let log = daemon.close().await;
    assert!(log.contains("failed or ended the process twice; it goes to review unread"), "{log}");
}

#[tokio::test]
async fn a_sender_with_an_endless_domain_is_judged_like_any_other() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    // A letter of the last hour is what the domain is compared with.
    office.imap.deliver(greeting("taro@applicant.example.co.jp", 1));
    office.until_rows("SELECT count(*) FROM replies", &["1"]).await;
    office.imap.deliver(greeting(&format!("x@{}.example.co.jp", "a".repeat(60_000)), 2));
    office.until_settled(2).await;
    office.until_rows("SELECT id, attempts, length(sender) < 60010 FROM submissions", &["1|1|1", "2|1|0"]).await;
    daemon.close().await;
}

#[tokio::test]
async fn a_mail_that_nothing_can_conclude_waits_alone_until_somebody_mends_the_store() {
    let (office, daemon, other) = judging_beside("WHEN NEW.id = 40 BEGIN SELECT RAISE(ABORT, 'a test'); END").await;
    let judged = "SELECT count(verdict), count(*) - count(verdict) FROM submissions";
    office.until_rows(judged, &[&format!("{}|1", MAILS - 1)]).await;
    office.imap.deliver(greeting("hanako@applicant.example.co.jp", MAILS + 1));
    office.until_rows(judged, &[&format!("{MAILS}|1")]).await;
    other.execute_batch("DROP TRIGGER fall").expect("dropped");
    office.until_settled(MAILS + 1).await;
    office.until_rows("SELECT id, verdict FROM submissions WHERE verdict <> 'missing'", &["40|review"]).await;
    daemon.close().await;
}

#[tokio::test]
async fn told_to_end_while_the_store_is_locked_it_ends_in_time() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    let lock = locked(&office);
    office.imap.deliver(greeting("ichiro@applicant.example.co.jp", 1));
    daemon.until_said("the store is locked by another program").await;
    let started = std::time::Instant::now();
    let log = daemon.close().await;
    assert!(started.elapsed() < std::time::Duration::from_secs(25), "{} ms\n{log}", started.elapsed().as_millis());
    drop(lock);
    let daemon = office.start();
    office.until_settled(1).await;
    daemon.close().await;
}

#[tokio::test]
async fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let first = office.start();
    first.until_said("Ready.").await;
    let second = office.ask(&["run"]).await;
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("the store is in use by another uketsuke; stop that one first"), "{}", second.stderr);
    office.imap.deliver(greeting("ichiro@applicant.example.co.jp", 1));
    office.until_settled(1).await;
    first.close().await;
}

/// A start that is refused, with this sentence; the file stays as it was.
async fn refused(office: &Office, sentence: &str) {
    let before = std::fs::read(office.path("uketsuke.db")).expect("there");
    let answer = office.ask(&["run"]).await;
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains(sentence), "{}", answer.stderr);
    assert!(std::fs::read(office.path("uketsuke.db")).expect("there") == before, "not a byte is changed");
    assert_eq!(office.imap.connections(), 0);
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_untouched() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let foreign = Connection::open(office.path("uketsuke.db")).expect("opened");
    foreign.execute_batch("CREATE TABLE accounts (id INTEGER PRIMARY KEY); INSERT INTO accounts VALUES (1)").expect("written");
    drop(foreign);
    refused(&office, "the file belongs to another program; name a new file in [store] path").await;
    assert_eq!(office.ask(&["status"]).await.code, Some(1));
    std::fs::write(office.path("uketsuke.db"), "受付簿 ".repeat(1_000)).expect("written");
    refused(&office, "the file belongs to another program").await;
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_untouched() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let newer = Connection::open(office.path("uketsuke.db")).expect("opened");
    newer
        .execute_batch("CREATE TABLE submissions (id INTEGER PRIMARY KEY); PRAGMA application_id = 1431000147; PRAGMA user_version = 99")
        .expect("written");
    drop(newer);
    refused(&office, "the file was written by a newer uketsuke (version 99 of its tables); install that version again").await;
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let office =
        Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan.set("store", "path", "\"/nonexistent/uketsuke.db\""));
    let answer = office.ask(&["run"]).await;
    assert_eq!(answer.code, Some(1));
    assert!(
        answer.stderr.contains("/nonexistent/uketsuke.db")
            && answer.stderr.contains("its folder must exist and belong to the service's user"),
        "{}",
        answer.stderr
    );
    let status = office.ask(&["status"]).await;
    assert!(status.stderr.contains("there is no store /nonexistent/uketsuke.db yet"), "{}", status.stderr);
}

/// A store of the first release, with a letter that somebody was to release.
#[tokio::test]
async fn an_older_store_is_named_as_such_and_brought_up_to_date_by_the_daemon() {
    let office = Office::new(imap::Options::default(), smtp::Options::default(), |plan| plan);
    let connection = Connection::open(office.path("uketsuke.db")).expect("opened");
    connection.execute_batch(include_str!("../../src/store/schema/001.sql")).expect("the first tables");
    connection
        .execute_batch(
            "PRAGMA application_id = 1431000147; PRAGMA user_version = 1;
             INSERT INTO submissions (id, receipt, account, folder, uidvalidity, uid, sha256, size, content, sighting, received_at, stored_at)
                 VALUES (1, '20261123-000001', 'desk', 'INBOX', 1, 1, 'x', 1, 'whole', 'live', '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z');
             INSERT INTO replies (submission, kind, state, message_id, recipient, subject, bytes, created_at, changed_at) VALUES (1, 'missing',
                 'held', '<uketsuke.1@x>', 'taro@applicant.example.co.jp', 's', x'53756a6563743a20780d0a0d0a780d0a', '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z')",
        )
        .expect("the first rows");
    drop(connection);
    for arguments in [["outbox", "list"].as_slice(), &["status"], &["outbox", "release", "1"]] {
        let refused = office.ask(arguments).await;
        assert_eq!(refused.code, Some(1), "{arguments:?}");
        assert!(
            refused.stderr.contains("the file was written by an older uketsuke; the daemon brings it up to date when it starts"),
            "{}",
            refused.stderr
        );
    }
    let daemon = office.start();
    office.until_rows("SELECT state, hold_reason, relay FROM replies", &["held|mode|"]).await;
    assert_eq!(office.ask(&["outbox", "release", "1"]).await.code, Some(0));
    daemon.close().await;
    let daemon = office.start();
    office.until_rows("SELECT state FROM replies", &["sent"]).await;
    daemon.close().await;
}
