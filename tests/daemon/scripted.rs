//! IMAP servers that refuse, lie, cut off and fall silent: as many submissions as mails, each judged once, none answered twice.

use std::sync::Arc;
use std::time::Duration;

use testbed::imap::{Rule, What, When};
use testbed::mail::Submission;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::office::{DEADLINE, Office};
use crate::plan::Plan;
use crate::post::Post;

const MAILS: usize = 12;

/// Scenarios that run side by side; more would only wait for the processor.
const SIDE_BY_SIDE: usize = 12;

/// One more mail, from another seed.
fn late() -> Submission {
    Post::dozen(77).mails.remove(8)
}

fn impatient(plan: Plan) -> Plan {
    plan.account("silence-seconds", "2")
}

/// What a script must have cost, or it did not strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// The connection goes on.
    Nothing,
    /// At least one connection ended.
    Connection,
    /// Either; other marks show that the script struck.
    Open,
}

/// A dozen mails and this script; then one mail more, which shows that the watch goes on.
async fn survived(script: Vec<Rule>, cost: Cost) {
    let post = Post::dozen(7);
    let office = Office::scripted(&post, script, impatient);
    let daemon = office.start();
    office.until_balanced(&post).await;
    office.imap.deliver(late().raw);
    office.until_balanced(&post.and(late())).await;
    daemon.close().await;
    match cost {
        Cost::Nothing => assert_eq!(office.imap.connections(), 1, "{}", office.story()),
        Cost::Connection => assert!(office.imap.connections() > 1, "{}", office.story()),
        Cost::Open => {}
    }
}

/// Runs scenarios side by side; a failed one names itself.
async fn survived_all(cost: Cost, scenarios: Vec<(String, Vec<Rule>)>) {
    let gate = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut running = JoinSet::new();
    for (name, script) in scenarios {
        let gate = Arc::clone(&gate);
        running.spawn(async move {
            let _turn = gate.acquire_owned().await.expect("open");
            if let Err(error) = tokio::spawn(survived(script, cost)).await {
                panic!("scenario {name}: {error}");
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a scenario failed");
    }
}

fn listing() -> When {
    When::command("UID FETCH").containing("INTERNALDATE")
}

fn bodies() -> When {
    When::command("UID FETCH").containing("BODY.PEEK[]")
}

/// The occasions at which a server may stumble, the first time only.
fn occasions() -> [(&'static str, When); 4] {
    [("login", When::command("AUTHENTICATE")), ("examine", When::command("EXAMINE")), ("listing", listing()), ("bodies", bodies())]
        .map(|(name, when)| (name, when.nth(1)))
}

#[tokio::test]
async fn a_refusal_at_any_step_loses_nothing() {
    let mut scenarios = Vec::new();
    for (name, when) in occasions() {
        // A login that is refused without a reason is a wrong password, which has its own test.
        scenarios.push((format!("NO at {name}"), vec![when.then(What::No("[UNAVAILABLE] Internal error occurred".to_owned()))]));
    }
    let without_connection = scenarios.split_off(2);
    survived_all(Cost::Connection, scenarios).await;
    survived_all(Cost::Open, without_connection).await;
}

#[tokio::test]
async fn bad_at_any_step_loses_nothing() {
    let scenarios = occasions()
        .into_iter()
        .skip(1)
        .map(|(name, when)| (format!("BAD at {name}"), vec![when.then(What::Bad("Unknown command".to_owned()))]));
    survived_all(Cost::Open, scenarios.collect()).await;
}

#[tokio::test]
async fn bye_at_any_step_loses_nothing() {
    let scenarios =
        occasions().into_iter().map(|(name, when)| (format!("BYE at {name}"), vec![when.then(What::Bye("Shutting down".to_owned()))]));
    survived_all(Cost::Connection, scenarios.collect()).await;
}

#[tokio::test]
async fn a_cut_after_any_line_loses_nothing() {
    let mut scenarios = Vec::new();
    for (name, when) in occasions() {
        // EXAMINE answers with seven lines, a listing and its bodies with one a mail.
        let lines = match name {
            "login" => 1,
            "examine" => 7,
            _ => MAILS,
        };
        for line in 0..=lines {
            scenarios.push((format!("cut after line {line} of {name}"), vec![when.clone().then(What::CutAfterLines(line))]));
        }
    }
    survived_all(Cost::Connection, scenarios).await;
}

#[tokio::test]
async fn cuts_on_connection_after_connection_lose_nothing() {
    let cuts = (1..=5).map(|connection| When::command("UID FETCH").on_connection(connection).nth(2).then(What::CutAfterBytes(5_000)));
    survived(cuts.collect(), Cost::Connection).await;
}

#[tokio::test]
async fn idle_that_misbehaves_loses_nothing() {
    let idle = || When::command("IDLE").nth(1);
    let early = late();
    let office = Office::scripted(&Post::dozen(7), vec![idle().then(What::ExistsBeforePlus(early.raw.clone()))], impatient);
    let daemon = office.start();
    office.until_balanced(&Post::dozen(7).and(early)).await;
    daemon.close().await;
    let ended = |name: &str, rule: Rule| (name.to_owned(), vec![rule]);
    let mild = vec![
        ended("IDLE ends by itself", idle().then(What::EndIdle)),
        ended("IDLE ends by itself, always", When::command("IDLE").then(What::EndIdle)),
        ended("IDLE refused", When::command("IDLE").then(What::No("Not now".to_owned()))),
    ];
    survived_all(Cost::Nothing, mild).await;
    survived_all(
        Cost::Connection,
        vec![ended("BYE in IDLE", idle().then(What::ByeInIdle)), ended("closed in IDLE", idle().then(What::CloseInIdle))],
    )
    .await;
}

#[tokio::test]
async fn a_renumbered_folder_is_recognised_and_nobody_is_answered_again() {
    let post = Post::dozen(7);
    let office = Office::with_post(&post, impatient);
    let daemon = office.start();
    office.until_balanced(&post).await;
    office.imap.set_uidvalidity(1_800_000_000);
    office.until_rows("SELECT uidvalidity, next_uid FROM cursors", &["1800000000|13"]).await;
    office.imap.deliver(late().raw);
    office.until_balanced(&post.and(late())).await;
    assert_eq!(office.rows("SELECT count(*) FROM sightings WHERE uidvalidity = 1800000000"), ["13"]);
    daemon.close().await;
}

#[tokio::test]
async fn uidnext_that_lies_or_is_missing_changes_nothing() {
    let lies = [What::LieUidnext(2), What::LieUidnext(4_000_000_000), What::OmitUidnext];
    let scenarios = lies.into_iter().map(|what| (format!("{what:?}"), vec![When::command("EXAMINE").then(what)]));
    survived_all(Cost::Nothing, scenarios.collect()).await;
}

#[tokio::test]
async fn answers_that_say_nothing_or_nonsense_lose_nothing() {
    let garbage = || What::Garbage(b"* 1 FETCH (BODY[ }{ not IMAP\r\n".to_vec());
    let scenario = |name: &str, when: When, what: What| (format!("{what:?} at {name}"), vec![when.nth(1).then(what)]);
    let mut mild = Vec::new();
    let mut costly = Vec::new();
    for (name, when) in [("listing", listing()), ("bodies", bodies())] {
        for what in [What::UntaggedNo("The disk is slow".to_owned()), What::UnsolicitedFetch, What::EmptyOk] {
            mild.push(scenario(name, when.clone(), what));
        }
        costly.push(scenario(name, when, garbage()));
    }
    mild.push(scenario("bodies", bodies(), What::BodyNil));
    costly.push(scenario("bodies", bodies(), What::HugeLiteral(4_000_000_000)));
    survived_all(Cost::Open, mild).await;
    survived_all(Cost::Connection, costly).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_at_any_step_is_left_and_met_again() {
    let scenarios = occasions().into_iter().map(|(name, when)| (format!("silent at {name}"), vec![when.then(What::Stall)]));
    survived_all(Cost::Connection, scenarios.collect()).await;
}

/// Waits for everything but the mail that the server cannot hand out, and for the sentence about it.
async fn all_but_the_fifth(rule: Rule) {
    let post = Post::dozen(7);
    let office = Office::scripted(&post, vec![rule], impatient);
    let daemon = office.start();
    office.until_balanced(&post.clone().without(5)).await;
    office.until_rows("SELECT uid, attempts FROM quarantine", &["5|1"]).await;
    let status = office.ask_json(&["status", "--json"]).await;
    assert_eq!(status.pointer("/quarantined").and_then(serde_json::Value::as_u64), Some(1), "{status}");
    assert_eq!(status.pointer("/healthy"), Some(&serde_json::Value::Bool(false)), "{status}");
    office.imap.deliver(late().raw);
    office.until_balanced(&post.without(5).and(late())).await;
    daemon.close().await;
}

#[tokio::test]
async fn one_mail_that_is_refused_for_ever_stops_nobody_else() {
    all_but_the_fifth(When::command("UID FETCH").then(What::NoForUid(5))).await;
}

#[tokio::test]
async fn one_mail_that_breaks_the_parser_stops_nobody_else() {
    all_but_the_fifth(bodies().then(What::MalformedForUid(5))).await;
}

#[tokio::test]
async fn connections_that_are_dropped_again_and_again_lose_nothing() {
    let post = Post::dozen(7);
    let office = Office::with_post(&post, impatient);
    let daemon = office.start();
    for drop in 1..=3 {
        office
            .imap
            .wait_until(|state| state.connections() >= drop && state.count("EXAMINE") >= drop, DEADLINE)
            .await
            .expect("a connection");
        office.imap.drop_connections();
    }
    office.until_balanced(&post).await;
    daemon.close().await;
}

#[tokio::test]
async fn a_server_without_idle_is_polled() {
    let post = Post::dozen(7);
    let capabilities = ["IMAP4rev1", "AUTH=PLAIN"].map(str::to_owned).to_vec();
    let options = testbed::imap::Options { folders: vec![post.inbox()], capabilities, ..testbed::imap::Options::default() };
    let office = Office::new(options, testbed::smtp::Options::default(), impatient);
    let daemon = office.start();
    office.until_balanced(&post).await;
    office.imap.deliver(late().raw);
    let started = std::time::Instant::now();
    office.until_balanced(&post.and(late())).await;
    assert!(started.elapsed() < Duration::from_secs(20), "a poll comes every five seconds");
    daemon.close().await;
}
