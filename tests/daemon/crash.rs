//! SIGKILL between any two transactions: the next run finishes the work, and no applicant notices.

use std::collections::BTreeSet;
use std::path::PathBuf;

use testbed::imap::{self, Folder};
use testbed::mail::{Random, bulk};
use testbed::smtp;

use crate::office::Office;
use crate::plan::Plan;
use crate::post::{Post, text};

/// Two mails that are answered, and ten of every other sort.
fn post() -> Post {
    Post::dozen(7)
}

/// Runs until the process killed itself after this point.
async fn dies_after(point: &str, office: &Office) {
    office.start_with(&[("UKETSUKE_HALT_AFTER", point)]).killed().await;
}

/// Dies once after the point; the next run balances the books.
async fn recovers_from(point: &str, change: impl FnOnce(Plan) -> Plan) -> Office {
    let post = post();
    let office = Office::with_post(&post, change);
    dies_after(point, &office).await;
    let daemon = office.start();
    office.until_balanced(&post).await;
    daemon.close().await;
    office
}

/// A plan without filing.
fn unfiled(plan: Plan) -> Plan {
    plan
}

#[tokio::test]
async fn killed_after_the_mails_were_stored() {
    recovers_from("T1", unfiled).await;
}

#[tokio::test]
async fn killed_while_judging() {
    recovers_from("taken", unfiled).await;
}

/// An office that died when it had taken a large mail, and that mail's file.
async fn with_a_large_mail(seed: u64) -> (Post, Office, PathBuf) {
    let large = bulk(seed, 2_000).find(|mail| mail.raw.len() > 200_000).expect("one in fifty is");
    let post = Post { mails: vec![large] };
    let office = Office::with_post(&post, unfiled);
    dies_after("T1", &office).await;
    let name = office.rows("SELECT sha256 FROM submissions").remove(0);
    let file = office.path("uketsuke.db.mails").join(format!("{name}.eml"));
    (post, office, file)
}

#[tokio::test]
async fn a_large_mail_whose_file_is_damaged_goes_to_a_person_and_hides_no_other() {
    let (_, office, file) = with_a_large_mail(7).await;
    std::fs::write(file, b"From: somebody@example.jp\r\n\r\nelse").expect("written");
    let daemon = office.start();
    office.until_settled(1).await;
    assert_eq!(office.rows("SELECT verdict, code FROM submissions JOIN findings ON submission = submissions.id"), ["review|unjudgeable"]);
    let listed = office.ask(&["list", "--json"]).await;
    assert!(listed.stdout.contains("\"originals\":null"), "{}", listed.stdout);
    assert!(listed.stderr.contains("the originals of submission 1 cannot be read: "), "{}", listed.stderr);
    assert!(office.ask(&["show", "1"]).await.stdout.contains("unjudgeable"));
    let raw = office.ask(&["show", "1", "--raw"]).await;
    assert!(raw.stdout.is_empty() && raw.stderr.contains("is damaged"), "{}", raw.stderr);
    daemon.close().await;
}

/// A disk that fails for a while costs no attempt and no verdict.
#[tokio::test]
async fn a_large_mail_whose_file_cannot_be_read_for_a_while_is_judged_later() {
    let (post, office, file) = with_a_large_mail(7).await;
    let aside = file.with_extension("aside");
    std::fs::rename(&file, &aside).expect("moved");
    std::fs::create_dir(&file).expect("made");
    let daemon = office.start();
    daemon.until_said("Judging is interrupted").await;
    std::fs::remove_dir(&file).expect("removed");
    std::fs::rename(&aside, &file).expect("moved");
    office.until_settled(1).await;
    assert_eq!(office.judged(), post.rows());
    assert_eq!(office.rows("SELECT attempts FROM submissions"), ["1"]);
    daemon.close().await;
}

/// What lay in memory is gone; the next run reads the mail's file.
#[tokio::test]
async fn killed_after_a_large_mail_was_stored() {
    let (_, seed) = Random::of_this_run();
    let (post, office, _) = with_a_large_mail(seed).await;
    let daemon = office.start();
    office.until_settled(1).await;
    assert_eq!(office.judged(), post.rows(), "seed {seed}");
    assert_eq!(office.rows("SELECT kept FROM submissions"), ["file"]);
    let shown = office.ask(&["show", "1", "--raw"]).await;
    assert!(shown.stdout.as_bytes() == post.mails[0].raw, "seed {seed}: other bytes");
    daemon.close().await;
}

#[tokio::test]
async fn killed_after_the_verdicts() {
    recovers_from("T2", unfiled).await;
}

#[tokio::test]
async fn killed_after_a_letter_was_claimed() {
    let office = recovers_from("T3", unfiled).await;
    assert_eq!(office.rows("SELECT max(attempts) FROM replies"), ["2"], "the claimed letter's attempt counts");
}

#[tokio::test]
async fn killed_after_a_letter_was_settled() {
    recovers_from("T4", unfiled).await;
}

/// Dies once around the filing, without letters: one on its way would rightly be held.
async fn files_after(point: &str, filing: &str, prefix: &str) -> Office {
    let post = post().unanswered();
    let mut folders = vec![post.inbox()];
    folders.extend(VERDICTS.map(|verdict| Folder::named(&format!("{prefix}{verdict}"))));
    let options = imap::Options { folders, ..imap::Options::default() };
    let plan = |plan: Plan| plan.filing(filing, prefix).set("reply", "mode", "\"off\"");
    let office = Office::new(options, smtp::Options::default(), plan);
    dies_after(point, &office).await;
    let daemon = office.start();
    office.until_balanced(&post).await;
    assert_eq!(office.rows("SELECT state, count(*) FROM filings GROUP BY state"), ["done|11"], "{point}");
    daemon.close().await;
    office
}

/// Those that file their mails.
const VERDICTS: [&str; 4] = ["accepted", "missing", "wrong_type", "review"];

fn verdict_of(bytes: &[u8]) -> String {
    let mail = post().mails.into_iter().find(|mail| mail.raw == bytes).expect("ours");
    text(&mail, "verdict")
}

#[tokio::test]
async fn killed_around_the_filing_by_keyword() {
    for point in ["filing", "T5"] {
        let office = files_after(point, "keyword", "uketsuke-").await;
        for message in office.imap.messages("INBOX") {
            let expected = match verdict_of(&message.bytes).as_str() {
                "ignored" => Vec::new(),
                verdict => vec![format!("uketsuke-{verdict}")],
            };
            assert_eq!(office.imap.flags(message.uid), expected, "{point}");
        }
    }
}

#[tokio::test]
async fn killed_around_the_filing_by_move() {
    for point in ["filing", "T5"] {
        let office = files_after(point, "move", "Desk-").await;
        let inbox: Vec<String> = office.imap.messages("INBOX").iter().map(|message| verdict_of(&message.bytes)).collect();
        assert_eq!(inbox, ["ignored"], "{point}");
        let mut moved = 0;
        for verdict in VERDICTS {
            for message in office.imap.messages(&format!("Desk-{verdict}")) {
                assert_eq!(verdict_of(&message.bytes), verdict, "{point}");
                moved += 1;
            }
        }
        assert_eq!(moved, 11, "{point}: every mail is in one folder once");
    }
}

/// How many letters the sink got in all, and how many different ones.
fn letters(office: &Office) -> (usize, usize) {
    let letters = office.sink.letters();
    let different: BTreeSet<Vec<u8>> = letters.iter().map(|letter| letter.data.clone()).collect();
    (letters.len(), different.len())
}

/// Dies on the way of the first letter, with `on-unknown = "hold"`: that letter is never sent again, the others are, and status says so.
async fn holds_after(point: &str, letters_before: usize) {
    let post = post();
    let due = post.answered().len();
    let office = Office::with_post(&post, unfiled);
    dies_after(point, &office).await;
    assert_eq!(office.sink.letters().len(), letters_before, "{point}");
    let daemon = office.start();
    office.until_settled(post.mails.len()).await;
    assert_eq!(office.judged(), post.rows());
    assert_eq!(office.rows("SELECT state, count(*) FROM replies GROUP BY state"), [format!("sent|{}", due - 1), "unknown|1".to_owned()]);
    assert_eq!(letters(&office), (letters_before + due - 1, letters_before + due - 1), "{point}: no letter twice");
    let status = office.ask_json(&["status", "--json"]).await;
    assert_eq!(status.pointer("/outbox/unknown").and_then(serde_json::Value::as_u64), Some(1), "{status}");
    assert_eq!(status.pointer("/healthy"), Some(&serde_json::Value::Bool(false)), "{status}");
    let spoken = office.ask(&["status"]).await.stdout;
    assert!(spoken.contains("届いたかどうか分かりません"), "{spoken}");
    daemon.close().await;
}

#[tokio::test]
async fn killed_before_the_letters_bytes_holds_the_letter() {
    holds_after("data", 0).await;
}

#[tokio::test]
async fn killed_before_the_servers_answer_was_noted_holds_the_letter() {
    holds_after("sent", 1).await;
}

/// The same with `on-unknown = "resend"`: the same bytes, and so the same Message-ID.
async fn resends_after(point: &str, letters_before: usize) {
    let post = post();
    let due = post.answered().len();
    let office = Office::with_post(&post, |plan| plan.set("smtp", "on-unknown", "\"resend\""));
    dies_after(point, &office).await;
    let daemon = office.start();
    office.until_settled(post.mails.len()).await;
    assert_eq!(office.rows("SELECT state, count(*) FROM replies GROUP BY state"), [format!("sent|{due}")]);
    assert_eq!(letters(&office), (letters_before + due, due), "{point}: the same bytes again");
    daemon.close().await;
}

#[tokio::test]
async fn killed_before_the_letters_bytes_sends_the_letter_where_asked_to() {
    resends_after("data", 0).await;
}

#[tokio::test]
async fn killed_before_the_servers_answer_was_noted_sends_the_same_bytes_where_asked_to() {
    resends_after("sent", 1).await;
}

/// Each run gets a little further; in the end everything is done once.
#[tokio::test]
async fn killed_again_and_again_still_ends_in_balance() {
    let post = post();
    let office = Office::with_post(&post, unfiled);
    for point in ["T1", "T2", "T3", "T4", "T3", "T4"] {
        dies_after(point, &office).await;
    }
    let daemon = office.start();
    office.until_balanced(&post).await;
    daemon.close().await;
}

/// A mail that ends the process twice is a person's business; the others do not suffer for it.
#[tokio::test]
async fn a_mail_that_ends_the_process_twice_goes_to_a_person() {
    let mail = post().mails.remove(8);
    let poison = Post { mails: vec![mail] };
    let office = Office::with_post(&poison, unfiled);
    dies_after("taken", &office).await;
    dies_after("taken", &office).await;
    let daemon = office.start();
    office.until_settled(1).await;
    assert_eq!(
        office.rows("SELECT verdict, reply, code FROM submissions JOIN findings ON submission = submissions.id"),
        ["review|none|unjudgeable"]
    );
    let next = post().mails.remove(0);
    let row = crate::post::row_of(&next);
    office.imap.deliver(next.raw.clone());
    office.until_settled(2).await;
    assert!(office.judged().contains(&row), "{:?}", office.judged());
    daemon.close().await;
}

#[test]
fn the_post_holds_what_these_tests_count_on() {
    let post = post();
    assert!(post.answered().len() >= 2, "{:?}", post.answered());
    let ignored = post.mails.iter().filter(|mail| text(mail, "verdict") == "ignored").count();
    assert_eq!((post.mails.len(), ignored), (12, 1));
    assert_eq!(text(&post.mails[8], "verdict"), "missing");
}
