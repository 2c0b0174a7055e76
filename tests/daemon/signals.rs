//! SIGTERM ends in order wherever the daemon is; SIGHUP brings new rules, or a sentence and the old ones.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use testbed::imap::{What, When};
use testbed::smtp::{self, Phase, Rule};

use crate::letters::{greeting, office_with};
use crate::office::{DEADLINE, Daemon, Office, until};
use crate::post::{Post, row_of};

/// Ends it, expects exit code 0 within this time, and returns its log.
async fn ends_within(daemon: Daemon, limit: Duration) -> String {
    let started = Instant::now();
    let log = daemon.close().await;
    assert!(started.elapsed() < limit, "{} ms\n{log}", started.elapsed().as_millis());
    log
}

/// The configured grace time of these offices.
const GRACE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn told_to_end_while_idle_it_takes_leave() {
    let post = Post::dozen(7);
    let office = Office::with_post(&post, |plan| plan);
    let daemon = office.start();
    office.until_balanced(&post).await;
    office.imap.wait_until(|state| state.idling() == 1, DEADLINE).await.expect("idle");
    ends_within(daemon, Duration::from_secs(5)).await;
    let commands = office.imap.commands();
    let last: Vec<&str> =
        commands.iter().rev().take(2).map(|command| command.trim_start_matches(|sign: char| sign != ' ').trim()).collect();
    assert_eq!(last[0], "LOGOUT", "{commands:?}");
    assert!(commands.iter().any(|command| command == "DONE"), "{commands:?}");
    assert!(
        !office.path("uketsuke.db-wal").exists() || std::fs::metadata(office.path("uketsuke.db-wal")).expect("there").len() == 0,
        "the store is tidied up"
    );
}

#[tokio::test]
async fn told_to_end_while_fetching_it_loses_nothing() {
    let post = Post::dozen(7);
    // The bodies never come; the stop must not wait for them.
    let stall = When::command("UID FETCH").containing("BODY.PEEK[]").nth(1).then(What::Stall);
    let office = Office::scripted(&post, vec![stall], |plan| plan);
    let daemon = office.start();
    office.imap.wait_until(|state| state.count("UID FETCH 1:12 (UID BODY") == 1, DEADLINE).await.expect("fetching");
    ends_within(daemon, GRACE).await;
    let daemon = office.start();
    office.until_balanced(&post).await;
    daemon.close().await;
}

#[tokio::test]
async fn told_to_end_between_two_batches_it_loses_nothing() {
    let mails: Vec<String> = (1..=300).map(|number| greeting(&format!("u{number}@applicant.example.co.jp"), number)).collect();
    let office = office_with(&mails, |plan| plan.set("limits", "batch-mails", "10").set("reply", "mode", "\"off\""));
    let daemon = office.start();
    office.imap.wait_until(|state| state.count("UID FETCH") > 6, DEADLINE).await.expect("under way");
    ends_within(daemon, GRACE).await;
    let stored = office.rows("SELECT count(*) FROM submissions").remove(0).parse::<usize>().expect("a number");
    assert!(stored < 300, "the test wants to interrupt: {stored}");
    let daemon = office.start();
    office.until_settled(300).await;
    assert_eq!(office.rows("SELECT count(DISTINCT sha256) FROM submissions"), ["300"]);
    daemon.close().await;
}

#[tokio::test]
async fn told_to_end_while_a_letter_is_on_its_way_it_waits_for_the_answer() {
    let post = Post { mails: vec![Post::dozen(7).mails.remove(8)] };
    let script = vec![Rule::at(Phase::Body, smtp::What::Stall).nth(1)];
    let imap = testbed::imap::Options { folders: vec![post.inbox()], ..testbed::imap::Options::default() };
    let office = Office::new(imap, smtp::Options { script, ..smtp::Options::default() }, |plan| plan.set("limits", "grace-seconds", "4"));
    let daemon = office.start();
    office.until_rows("SELECT state FROM replies", &["data"]).await;
    ends_within(daemon, Duration::from_secs(6)).await;
    assert_eq!(office.rows("SELECT state FROM replies"), ["unknown"], "no answer came, so nobody knows");
}

#[tokio::test]
async fn told_to_end_in_its_pause_after_a_failure_it_ends_at_once() {
    let office =
        Office::scripted(&Post::dozen(7), vec![When::command("AUTHENTICATE").then(What::No("Wrong password".to_owned()))], |plan| plan);
    let daemon = office.start();
    office.until_rows("SELECT state FROM health WHERE part = 'account:desk'", &["failing"]).await;
    ends_within(daemon, Duration::from_secs(3)).await;
}

#[tokio::test]
async fn a_server_that_does_not_let_go_does_not_make_it_late() {
    // Left to itself the watcher grants its server five seconds for the farewell; this office has one for everything.
    let stall = When::command("UID FETCH").containing("BODY.PEEK[]").then(What::Stall);
    let office = Office::scripted(&Post::dozen(7), vec![stall], |plan| plan.set("limits", "grace-seconds", "1"));
    let daemon = office.start();
    office.imap.wait_until(|state| state.count("UID FETCH 1:12 (UID BODY") == 1, DEADLINE).await.expect("fetching");
    let log = ends_within(daemon, Duration::from_secs(3)).await;
    assert!(!log.contains("did not end in time and were cut off") && !log.contains("The store did not close in time"), "{log}");
}

#[tokio::test]
async fn sigint_ends_it_as_sigterm_does() {
    let office = Office::with_post(&Post::dozen(7), |plan| plan);
    let mut daemon = office.start();
    office.until_balanced(&Post::dozen(7)).await;
    daemon.signal(Signal::INT);
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
}

#[tokio::test]
async fn sighup_brings_new_rules_into_force() {
    let dozen = Post::dozen(7);
    let office = office_with(&[], |plan| plan);
    let daemon = office.start();
    office.imap.deliver(dozen.mails[0].raw.clone());
    office.until_settled(1).await;
    assert_eq!(office.judged(), [row_of(&dozen.mails[0])], "one star is enough");
    office.write(&office.plan().set("programme", "required-stars", "2"));
    daemon.signal(Signal::HUP);
    daemon.until_said("The rules and letters were read again.").await;
    office.imap.deliver(dozen.mails[1].raw.clone());
    office.until_settled(2).await;
    assert_eq!(office.rows("SELECT verdict, reply FROM submissions ORDER BY id"), ["accepted|none", "wrong_type|wrong_type"]);
    assert_eq!(
        office.rows("SELECT count(DISTINCT rules_version) FROM submissions"),
        ["2"],
        "each verdict says under which rules it was reached"
    );
    daemon.close().await;
}

#[tokio::test]
async fn sighup_with_a_broken_file_keeps_the_old_rules_and_says_so() {
    let dozen = Post::dozen(7);
    let office = office_with(&[], |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    office.write(&office.plan().set("programme", "required-stars", "3"));
    daemon.signal(Signal::HUP);
    daemon.until_said("The changed configuration was refused; the old rules and letters stay in force.").await;
    assert!(daemon.log().contains("programme.required-stars = 3: must be a whole number from 1 to 2 (stars)"), "{}", daemon.log());
    office.imap.deliver(dozen.mails[0].raw.clone());
    office.until_settled(1).await;
    assert_eq!(office.judged(), [row_of(&dozen.mails[0])]);
    // The row tells it to whoever asks, and a broken file does not keep `status` from answering.
    office.until_rows("SELECT state, sentence LIKE '%required-stars = 3%' FROM health WHERE part = 'daemon'", &["old rules|1"]).await;
    let status = office.ask(&["status"]).await;
    assert_eq!(status.code, Some(0));
    assert!(status.stdout.contains("programme.required-stars = 3"), "{}", status.stdout);
    assert!(status.stderr.contains("has 1 problem(s); `uketsuke check` lists them"), "{}", status.stderr);
    // Mended, it is well again.
    office.write(&office.plan());
    daemon.signal(Signal::HUP);
    office.until_rows("SELECT state, sentence FROM health WHERE part = 'daemon'", &["running|-"]).await;
    assert_eq!(office.ask_json(&["status", "--json"]).await["healthy"], serde_json::Value::Bool(true));
    daemon.close().await;
}

#[tokio::test]
async fn sighup_names_what_only_a_restart_changes() {
    let office = office_with(&[], |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    office.write(&office.plan().account("folder", "\"Elsewhere\""));
    daemon.signal(Signal::HUP);
    daemon.until_said("take effect at the next restart").await;
    daemon.close().await;
}

#[tokio::test]
async fn hangups_in_a_flood_do_no_harm() {
    let post = Post::dozen(7);
    let office = Office::with_post(&post, |plan| plan);
    let daemon = office.start();
    until("the signals' handlers", || daemon.log(), || daemon.log().contains("The office is open.").then_some(())).await;
    for _ in 0..50 {
        daemon.signal(Signal::HUP);
    }
    office.until_balanced(&post).await;
    daemon.close().await;
}
