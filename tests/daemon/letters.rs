//! Replies from the mail's arrival to the sink: who is answered, how, and who is not.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testbed::imap;
use testbed::smtp::{self, Letter};

use crate::office::{DEADLINE, Office};
use crate::post::{Post, row_of, text};

/// A mail without any notice. Its number makes it unlike all others.
pub fn greeting(from: &str, number: usize) -> String {
    format!(
        "Date: Mon, 23 Nov 2026 10:00:00 +0900\r\nFrom: {from}\r\nTo: desk@office.example.jp\r\nSubject: SECURITY ACTION {number}\r\n\
         Message-ID: <greeting-{number}@example.co.jp>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\nお世話になっております。資料をお送りします（{number}）。\r\n"
    )
}

/// An office whose INBOX holds these mails.
pub fn office_with(mails: &[String], change: impl FnOnce(crate::plan::Plan) -> crate::plan::Plan) -> Office {
    let folders = vec![imap::Folder::named("INBOX").holding(mails.iter().cloned())];
    Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options::default(), change)
}

/// Head and body of a letter: names in lower case, values unfolded, each name once.
fn read(letter: &Letter) -> (BTreeMap<String, String>, String) {
    let data = String::from_utf8(letter.data.clone()).expect("letters are ASCII");
    let (head, body) = data.split_once("\r\n\r\n").expect("a head and a body");
    let mut fields = BTreeMap::new();
    for line in head.replace("\r\n ", " ").split("\r\n") {
        let (name, value) = line.split_once(": ").expect("a field");
        assert_eq!(fields.insert(name.to_ascii_lowercase(), value.to_owned()), None, "{name} stands twice");
    }
    let bytes = STANDARD.decode(body.replace("\r\n", "")).expect("base64");
    (fields, String::from_utf8(bytes).expect("UTF-8"))
}

#[tokio::test]
async fn missing_and_wrong_type_are_answered_with_all_that_stops_a_loop() {
    let mails: Vec<_> = Post::dozen(7).mails.into_iter().filter(|mail| text(mail, "reply") != "none").collect();
    let post = Post { mails };
    assert_eq!(post.mails.iter().map(|mail| text(mail, "reply")).collect::<Vec<_>>(), ["wrong_type", "wrong_type", "missing"]);
    let office = Office::with_post(&post, |plan| plan.set("reply", "reply-to", "\"madoguchi@office.example.jp\""));
    let daemon = office.start();
    office.until_balanced(&post).await;
    for (letter, mail) in office.sink.letters().iter().zip(&post.mails) {
        let kind = text(mail, "reply");
        assert_eq!(letter.envelope_from, "", "the null path");
        assert_eq!(letter.recipients, [text(mail, "from")]);
        assert_eq!(letter.rcpt_parameters, [["NOTIFY=NEVER"]]);
        let (head, body) = read(letter);
        for (name, value) in [
            ("to", text(mail, "from").as_str()),
            ("reply-to", "madoguchi@office.example.jp"),
            ("in-reply-to", &text(mail, "message_id")),
            ("references", &text(mail, "message_id")),
            ("auto-submitted", "auto-replied"),
            ("x-auto-response-suppress", "All"),
            ("precedence", "bulk"),
            ("x-uketsuke-loop", "desk@office.example.jp"),
            ("content-language", "ja"),
            ("mime-version", "1.0"),
            ("content-type", "text/plain; charset=utf-8"),
            ("content-transfer-encoding", "base64"),
        ] {
            assert_eq!(head.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(head["from"].ends_with("<desk@office.example.jp>"), "{}", head["from"]);
        let query = format!("SELECT receipt FROM submissions WHERE message_id = '{}'", text(mail, "message_id"));
        let receipt = office.rows(&query).remove(0);
        assert!(head["message-id"].starts_with(&format!("<uketsuke.{receipt}.{kind}.")), "{}", head["message-id"]);
        assert!(!body.contains('\u{FFFD}') && body.contains("自己宣言完了のお知らせ"), "{body}");
        let subject_of_letter =
            office.rows(&format!("SELECT subject FROM replies WHERE recipient = '{}'", text(mail, "from").to_lowercase())).remove(0);
        assert!(
            body.contains(&receipt) || subject_of_letter.contains(&receipt),
            "the receipt number stands in the letter: {subject_of_letter}\n{body}"
        );
        assert!(letter.data.split(|byte| *byte == b'\n').all(|line| line.len() <= 998), "no line is too long");
    }
    daemon.close().await;
}

#[tokio::test]
async fn an_automatic_reply_and_an_accepted_proof_are_not_answered() {
    let mails: Vec<_> =
        Post::dozen(7).mails.into_iter().filter(|mail| matches!(text(mail, "verdict").as_str(), "accepted" | "ignored")).collect();
    let post = Post { mails };
    let office = Office::with_post(&post, |plan| plan);
    let daemon = office.start();
    office.until_balanced(&post).await;
    assert_eq!(office.rows("SELECT count(*) FROM replies"), ["0"]);
    assert_eq!(office.sink.connections(), 0);
    daemon.close().await;
}

#[tokio::test]
async fn an_accepted_proof_is_answered_where_the_office_asks_for_it() {
    let post = Post { mails: vec![Post::dozen(7).mails.remove(0)] };
    let office = Office::with_post(&post, |plan| plan.set("reply", "letters", "[\"accepted\"]"));
    let daemon = office.start();
    let letters = office.sink.wait_for(1, DEADLINE).await.expect("a letter");
    assert_eq!(letters[0].recipients, [text(&post.mails[0], "from")]);
    office.until_rows("SELECT kind, state FROM replies", &["accepted|sent"]).await;
    daemon.close().await;
}

#[tokio::test]
async fn a_sender_is_answered_once_in_seven_days() {
    let sender = "hanako@applicant.example.co.jp";
    let office = office_with(&[greeting(sender, 1), greeting(sender, 2), greeting("taro@applicant.example.co.jp", 3)], |plan| plan);
    let daemon = office.start();
    office.until_settled(3).await;
    // Later, and in another batch, it is still the same.
    office.imap.deliver(greeting(sender, 4));
    office.until_settled(4).await;
    let expected = ["missing|missing|-", "missing|none|rate", "missing|missing|-", "missing|none|rate"];
    assert_eq!(office.rows("SELECT verdict, reply, reply_gate FROM submissions ORDER BY id"), expected);
    assert_eq!(
        office.sink.letters().iter().flat_map(|letter| letter.recipients.clone()).collect::<Vec<_>>(),
        [sender, "taro@applicant.example.co.jp"]
    );
    daemon.close().await;
}

#[tokio::test]
async fn the_same_mail_under_two_uids_is_one_submission() {
    let mail = greeting("hanako@applicant.example.co.jp", 1);
    let office = office_with(&[mail.clone(), mail.clone()], |plan| plan);
    let daemon = office.start();
    office.until_settled(1).await;
    office.imap.deliver(mail);
    office.until_rows("SELECT uid, submission FROM sightings ORDER BY uid", &["1|1", "2|1", "3|1"]).await;
    office.until_settled(1).await;
    assert_eq!(office.sink.letters().len(), 1);
    daemon.close().await;
}

#[tokio::test]
async fn an_office_that_starts_now_answers_no_old_mail_but_a_new_one() {
    let old = greeting("old@applicant.example.co.jp", 1);
    let office = office_with(&[old], |plan| plan.set("reply", "start", "\"now\""));
    let daemon = office.start();
    office.until_settled(1).await;
    assert_eq!(office.rows("SELECT sighting, verdict, reply, reply_gate FROM submissions"), ["first_sync|missing|none|off"]);
    office.imap.deliver(greeting("new@applicant.example.co.jp", 2));
    office.until_settled(2).await;
    assert_eq!(office.rows("SELECT sighting, reply FROM submissions WHERE id = 2"), ["live|missing"]);
    assert_eq!(
        office.sink.letters().iter().flat_map(|letter| letter.recipients.clone()).collect::<Vec<_>>(),
        ["new@applicant.example.co.jp"]
    );
    daemon.close().await;
}

#[tokio::test]
async fn a_mail_that_came_while_the_office_was_closed_is_answered() {
    let office = office_with(&[], |plan| plan.set("reply", "start", "\"now\""));
    let daemon = office.start();
    office.imap.wait_until(|state| state.idling() == 1, DEADLINE).await.expect("watching");
    daemon.close().await;
    office.imap.deliver(greeting("new@applicant.example.co.jp", 1));
    let daemon = office.start();
    office.until_settled(1).await;
    assert_eq!(office.rows("SELECT sighting, reply FROM submissions"), ["live|missing"]);
    daemon.close().await;
}

#[tokio::test]
async fn an_old_mail_is_not_answered() {
    let message = imap::Message::new(1, greeting("old@applicant.example.co.jp", 1)).dated("17-Jul-2025 02:44:25 +0900");
    let inbox = imap::Folder { name: "INBOX".to_owned(), messages: vec![message] };
    let office = Office::new(imap::Options { folders: vec![inbox], ..imap::Options::default() }, smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    office.until_settled(1).await;
    assert_eq!(office.rows("SELECT received_at, reply, reply_gate FROM submissions"), ["2025-07-16T17:44:25Z|none|off"]);
    daemon.close().await;
}

/// What the operator sees is what the rows say.
#[tokio::test]
async fn list_and_show_tell_what_was_found() {
    let post = Post::dozen(7);
    let office = Office::with_post(&post, |plan| plan);
    let daemon = office.start();
    office.until_balanced(&post).await;
    let listed = office.ask(&["list", "--json"]).await;
    let mut rows: Vec<String> = Vec::new();
    for line in listed.stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        rows.push(format!("{}|{}|{}", word("message_id"), word("verdict"), word("reply")));
        let mail = post.mails.iter().find(|mail| text(mail, "message_id") == word("message_id")).expect("ours");
        assert_eq!(value["notices"], mail.expected["notices"], "{}", row_of(mail));
        let id = value["id"].to_string();
        assert_eq!(office.ask_json(&["show", &id, "--json"]).await, value);
        assert_eq!(office.ask(&["show", &id, "--raw"]).await.stdout.as_bytes(), mail.raw, "{}", row_of(mail));
    }
    rows.sort();
    assert_eq!(rows, post.rows());
    let missing = office.ask(&["list", "--verdict", "missing", "--json"]).await;
    assert_eq!(missing.stdout.lines().count(), 1);
    let absent = office.ask(&["show", "99"]).await;
    assert_eq!((absent.code, absent.stderr.as_str()), (Some(1), "uketsuke: there is no submission 99; `uketsuke list` shows them\n"));
    daemon.close().await;
}

/// The office's own letter with another head on top, as it comes back by some way.
async fn comes_back(wrap: impl FnOnce(&Letter) -> Vec<u8>) -> Vec<String> {
    back_in_the_office(wrap).await.rows("SELECT verdict, reply, reply_gate FROM submissions WHERE id = 2")
}

async fn back_in_the_office(wrap: impl FnOnce(&Letter) -> Vec<u8>) -> Office {
    let office = office_with(&[greeting("hanako@applicant.example.co.jp", 1)], |plan| plan.set("reply", "same-kind-days", "0"));
    let daemon = office.start();
    let letters = office.sink.wait_for(1, DEADLINE).await.expect("a letter");
    office.until_settled(1).await;
    office.imap.deliver(wrap(&letters[0]));
    office.until_settled(2).await;
    assert_eq!(office.sink.letters().len(), 1, "no letter about a letter");
    daemon.close().await;
    office
}

#[tokio::test]
async fn our_own_letter_that_comes_back_is_ignored() {
    // Forwarded by a rule of the applicant's server: the same mail, one Received more.
    let rows = comes_back(|letter| {
        [b"Received: from mx.applicant.example.co.jp by mx.office.example.jp; Mon, 23 Nov 2026 10:00:00 +0900\r\n", letter.data.as_slice()]
            .concat()
    });
    assert_eq!(rows.await, ["ignored|none|verdict"]);
}

#[tokio::test]
async fn a_bounce_of_our_letter_is_linked_to_it_and_told_to_the_operator() {
    let office = back_in_the_office(|letter| {
        let mut bounce = b"Return-Path: <>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0900\r\nFrom: MAILER-DAEMON@mx.applicant.example.co.jp\r\n\
            To: desk@office.example.jp\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <bounce@mx.applicant.example.co.jp>\r\n\
            Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n\
            --b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; hanako@applicant.example.co.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\n"
            .to_vec();
        bounce.extend_from_slice(&letter.data);
        bounce.extend_from_slice(b"\r\n--b--\r\n");
        bounce
    })
    .await;
    assert_eq!(office.rows("SELECT verdict, reply, reply_gate FROM submissions WHERE id = 2"), ["ignored|none|verdict"]);
    assert_eq!(
        office.rows("SELECT address, reply, submission, status, suspends FROM bounces"),
        ["hanako@applicant.example.co.jp|1|2|5.1.1|1"]
    );
    assert!(office.story().contains("A letter came back; see"));
    let status = office.ask(&["status"]).await.stdout;
    assert!(status.contains("1通の返信は、この1週間に相手へ届かず戻ってきました（uketsuke outbox list）"), "{status}");
    let listed = office.ask(&["outbox", "list"]).await.stdout;
    assert!(listed.contains("不達"), "{listed}");
    assert_eq!(office.ask(&["outbox", "retry", "1"]).await.code, Some(0));
    assert!(!office.ask(&["status"]).await.stdout.contains("戻ってきました"));
}

#[tokio::test]
async fn a_question_about_our_letter_goes_to_a_person() {
    let rows = comes_back(|letter| {
        let (head, _) = read(letter);
        let question = greeting("hanako@applicant.example.co.jp", 2);
        let references = format!("In-Reply-To: {0}\r\nReferences: {0}\r\n", head["message-id"]);
        [references.into_bytes(), question.into_bytes()].concat()
    });
    assert_eq!(rows.await, ["review|none|verdict"]);
}

/// Two offices that answer each other's automatic letters would do so for ever.
#[tokio::test]
async fn a_letter_of_another_uketsuke_is_not_answered() {
    let rows = comes_back(|letter| {
        let text = String::from_utf8(letter.data.clone()).expect("ASCII");
        text.replace("office.example.jp", "another.example.jp").into_bytes()
    });
    assert_eq!(rows.await, ["ignored|none|verdict"]);
}
