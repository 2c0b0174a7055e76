//! What an operator decides about letters: release, cancel, retry; and what the server's refusals make of them.

use testbed::imap;
use testbed::smtp::{self, Occurrence, Phase, Rule, What};

use crate::letters::{greeting, office_with};
use crate::office::{DEADLINE, Office};
use crate::plan::Plan;

const SENDERS: [&str; 3] = ["ichiro@applicant.example.co.jp", "jiro@applicant.example.co.jp", "saburo@applicant.example.co.jp"];

fn mails() -> Vec<String> {
    (1..).zip(SENDERS).map(|(number, sender)| greeting(sender, number)).collect()
}

/// An office with the three mails and a sink that follows this script.
fn office_with_sink(script: Vec<Rule>, change: impl FnOnce(Plan) -> Plan) -> Office {
    let folders = vec![imap::Folder::named("INBOX").holding(mails())];
    Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options { script, ..smtp::Options::default() }, change)
}

fn recipients(office: &Office) -> Vec<String> {
    office.sink.letters().iter().flat_map(|letter| letter.recipients.clone()).collect()
}

#[tokio::test]
async fn held_letters_wait_until_they_are_released_or_cancelled() {
    let office = office_with(&mails(), |plan| plan.set("reply", "mode", "\"hold\""));
    let daemon = office.start();
    office.until_settled(3).await;
    assert_eq!(office.rows("SELECT id, state FROM replies ORDER BY id"), ["1|held", "2|held", "3|held"]);
    assert_eq!(office.sink.connections(), 0);
    let shown = office.ask(&["outbox", "show", "1"]).await;
    assert!(shown.stdout.contains(SENDERS[0]) && shown.stdout.contains("自己宣言完了のお知らせ"), "{}", shown.stdout);
    assert_eq!(office.ask(&["outbox", "cancel", "2"]).await.code, Some(0));
    assert_eq!(office.ask(&["outbox", "release", "1"]).await.code, Some(0));
    // The running daemon looks by itself every half minute; the next mail makes it look at once, and holds its own letter.
    office.imap.deliver(greeting("shiro@applicant.example.co.jp", 4));
    office.sink.wait_for(1, DEADLINE).await.expect("the released letter");
    office.until_rows("SELECT id, state FROM replies ORDER BY id", &["1|sent", "2|cancelled", "3|held", "4|held"]).await;
    assert_eq!(recipients(&office), [SENDERS[0]]);
    let again = office.ask(&["outbox", "release", "2", "77"]).await;
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.contains("letter 2 is cancelled, so `release` does not apply; it applies to letters that are held"),
        "{}",
        again.stderr
    );
    assert!(again.stderr.contains("there is no letter 77"), "{}", again.stderr);
    assert_eq!(
        office.rows("SELECT action, object, detail FROM audit ORDER BY id"),
        ["outbox cancel|reply 2|held → cancelled", "outbox release|reply 1|held → queued"]
    );
    daemon.close().await;
}

#[tokio::test]
async fn a_refused_letter_is_shown_and_goes_out_when_an_operator_says_so() {
    let office = office_with_sink(vec![Rule::at(Phase::Rcpt, What::reply("550 5.2.1 Mailbox is closed")).nth(1)], |plan| plan);
    let daemon = office.start();
    office.until_settled(3).await;
    assert_eq!(office.rows("SELECT id, state FROM replies ORDER BY id"), ["1|refused", "2|sent", "3|sent"]);
    let listed = office.ask(&["outbox", "list", "--json"]).await.stdout;
    assert!(
        listed.lines().next().is_some_and(|line| line.contains("\"state\":\"refused\"") && line.contains("5.2.1 Mailbox is closed")),
        "{listed}"
    );
    assert!(office.ask(&["status"]).await.stdout.contains("相手のサーバーに断られました"));
    assert_eq!(office.ask(&["outbox", "retry", "1"]).await.code, Some(0));
    daemon.close().await;
    // The next run sends it at once; a running one would, too, within half a minute.
    let daemon = office.start();
    office.until_rows("SELECT id, state FROM replies ORDER BY id", &["1|sent", "2|sent", "3|sent"]).await;
    assert_eq!(recipients(&office), [SENDERS[1], SENDERS[2], SENDERS[0]]);
    daemon.close().await;
}

#[tokio::test]
async fn an_address_that_bounces_is_left_alone() {
    let office = office_with_sink(vec![Rule::at(Phase::Rcpt, What::reply("550 5.1.1 No such user")).nth(1)], |plan| {
        plan.set("reply", "same-kind-days", "0")
    });
    let daemon = office.start();
    office.until_settled(3).await;
    assert_eq!(office.rows("SELECT address FROM bounces"), [SENDERS[0]]);
    office.imap.deliver(greeting(SENDERS[0], 4));
    office.until_settled(4).await;
    assert_eq!(office.rows("SELECT reply, reply_gate FROM submissions WHERE id = 4"), ["none|bounced"]);
    daemon.close().await;
}

#[tokio::test]
async fn a_letter_that_is_refused_for_now_waits_for_its_next_attempt() {
    let office = office_with_sink(vec![Rule::at(Phase::Rcpt, What::reply("451 4.7.1 Greylisted, come back")).nth(1)], |plan| plan);
    let daemon = office.start();
    office.until_rows("SELECT id, state, attempts FROM replies ORDER BY id", &["1|queued|1", "2|sent|1", "3|sent|1"]).await;
    let waits = office.rows("SELECT next_attempt_at > changed_at, server_words FROM replies WHERE id = 1");
    assert_eq!(waits, ["1|451 4.7.1 Greylisted, come back"]);
    daemon.close().await;
}

#[tokio::test]
async fn a_letter_without_a_final_answer_is_held_and_never_sent_twice_by_itself() {
    let office = office_with_sink(vec![Rule::at(Phase::Body, What::KeepThenClose).nth(1)], |plan| plan);
    let daemon = office.start();
    office.until_rows("SELECT id, state FROM replies WHERE id = 1", &["1|unknown"]).await;
    daemon.close().await;
    let daemon = office.start();
    office.until_rows("SELECT id, state, attempts FROM replies ORDER BY id", &["1|unknown|1", "2|sent|1", "3|sent|1"]).await;
    let mut got = recipients(&office);
    got.sort();
    assert_eq!(got, SENDERS);
    assert_eq!(office.ask(&["outbox", "cancel", "1"]).await.code, Some(0));
    assert_eq!(office.ask_json(&["status", "--json"]).await.pointer("/outbox/unknown"), None);
    daemon.close().await;
}

#[tokio::test]
async fn a_refused_account_stops_all_letters_and_spends_none() {
    let rule = Rule::at(Phase::Mail, What::reply("530 5.7.0 Authentication required")).occurring(Occurrence::Always);
    let office = office_with_sink(vec![rule], |plan| plan);
    let daemon = office.start();
    office.until_rows("SELECT state FROM health WHERE part = 'courier' AND sentence IS NOT NULL", &["authentication"]).await;
    assert_eq!(office.rows("SELECT state, attempts FROM replies"), ["queued|0"; 3]);
    assert_eq!(office.sink.dialogue().iter().filter(|line| line.starts_with("C: MAIL")).count(), 1, "one attempt, then a pause");
    let status = office.ask(&["status"]).await.stdout;
    assert!(
        status.contains("courier: the SMTP server answered MAIL FROM with: 530 5.7.0 Authentication required; the server wants a login"),
        "{status}"
    );
    daemon.close().await;
}
