//! Copies of letters, and what a folder for sent mail teaches an older store.

use super::*;

fn wanted_ids(connection: &Connection, account: &str) -> Vec<i64> {
    wanted(connection, account, 10).expect("read").into_iter().map(|letter| letter.id).collect()
}

#[test]
fn a_copy_is_wanted_once_the_letter_was_sent_and_until_it_was_made() {
    let mut connection = judged(&[greeting("a@applicant.example.co.jp", 1), greeting("b@applicant.example.co.jp", 2)]);
    assert_eq!(wanted_ids(&connection, "desk"), Vec::<i64>::new());
    for id in [1, 2] {
        claim(&mut connection, "", NOW).expect("claimed").expect("a letter");
        settle(&mut connection, id, &Settled::Sent { words: "250 Ok".to_owned() }, NOW).expect("settled");
    }
    assert_eq!((wanted_ids(&connection, "desk"), wanted_ids(&connection, "another")), (vec![1, 2], vec![]));
    copied(&connection, 1, false).expect("noted");
    copied(&connection, 2, true).expect("noted");
    assert_eq!(wanted_ids(&connection, "desk"), Vec::<i64>::new());
    assert_eq!(column(&connection, "SELECT copy FROM replies ORDER BY id"), ["done", "refused"]);
}

#[test]
fn what_stands_there_was_sent_whatever_the_store_says() {
    let mails: Vec<_> = (1..=5).map(|number| greeting(&format!("u{number}@applicant.example.co.jp"), number)).collect();
    let mut connection = judged(&mails);
    connection
        .execute_batch("UPDATE replies SET message_id = replace(message_id, '@', '.000000000000000' || id || '@')")
        .expect("as letters have it");
    connection
        .execute_batch("UPDATE replies SET state = 'held' WHERE id = 2; UPDATE replies SET state = 'unknown' WHERE id = 3; UPDATE replies SET state = 'cancelled' WHERE id = 4")
        .expect("set");
    let mut ids: Vec<String> = column(&connection, "SELECT message_id FROM replies WHERE id <> 5 ORDER BY id");
    ids.extend(["<a@b>", "<uketsuke.x@y>"].map(str::to_owned));
    let found = learn(&mut connection, &ids, NOW).expect("learnt");
    assert_eq!(found, Learnt { sent: 3, unknown: 0 });
    assert_eq!(column(&connection, "SELECT state FROM replies ORDER BY id"), ["sent", "sent", "sent", "cancelled", "queued"]);
    assert_eq!(learn(&mut connection, &ids, NOW).expect("learnt"), Learnt::default(), "once is enough");
}

/// The first copy still stands there; the letter that goes out again has none yet.
#[test]
fn a_letter_that_an_operator_sends_again_is_not_taken_for_its_own_copy() {
    let mut connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    let set = |connection: &Connection, state: &str, copy: &str| {
        let sql = format!("UPDATE replies SET state = '{state}', copy = {copy}, changed_at = '2026-11-23T00:00:00Z'");
        connection.execute(&sql, []).expect("set");
    };
    connection
        .execute_batch(
            "UPDATE replies SET message_id = replace(message_id, '@', '.0000000000000001@');
             INSERT INTO bounces (address, at, words, reply) VALUES ('a@applicant.example.co.jp', '2026-11-23T00:00:01Z', 'x', 1)",
        )
        .expect("as letters have it, and one that came back");
    let ids = column(&connection, "SELECT message_id FROM replies");
    for (state, copy) in [("refused", "'done'"), ("sent", "'done'"), ("sent", "NULL"), ("sent", "'refused'")] {
        set(&connection, state, copy);
        order(&mut connection, 1, Order::Retry, "hanako", NOW).expect("sent again");
        assert_eq!(learn(&mut connection, &ids, NOW).expect("learnt"), Learnt::default(), "{state} {copy}");
        assert_eq!(column(&connection, "SELECT state FROM replies"), ["queued"], "{state} {copy}");
    }
}

#[test]
fn a_mail_that_was_answered_before_the_store_was_lost_is_not_answered_again() {
    let mail = greeting("a@applicant.example.co.jp", 1);
    let mut connection = in_memory();
    let short: String = crate::fingerprint::sha256(&[&mail]).chars().take(16).collect();
    let id = format!("<uketsuke.20261123-000009.missing.{short}@office.example.jp>");
    assert_eq!(learn(&mut connection, &[id], NOW).expect("learnt"), Learnt { sent: 0, unknown: 1 });
    take(&mut connection, &batch(7, vec![incoming(1, &mail), incoming(2, &greeting("b@applicant.example.co.jp", 2))]));
    judge_all(&mut connection, NOW);
    assert_eq!(
        column(&connection, "SELECT reply || ' ' || coalesce(reply_gate, '-') FROM submissions ORDER BY id"),
        ["none answered", "missing -"]
    );
}
