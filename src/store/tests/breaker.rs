//! When more letters would go out than an office ever sends.

use super::*;

/// As many mails as this, each from a domain of its own.
fn crowd(from: u32, count: u32) -> Vec<Vec<u8>> {
    (from..from + count).map(|number| greeting(&format!("u{number}@office{number}.example.jp"), number)).collect()
}

fn add(connection: &mut Connection, first_uid: u32, mails: &[Vec<u8>], now: i64) {
    let mails = (first_uid..).zip(mails).map(|(uid, bytes)| incoming(uid, bytes)).collect();
    take(connection, &batch(7, mails));
    judge_all(connection, now);
}

fn counts(connection: &Connection) -> Vec<String> {
    column(
        connection,
        "SELECT state || coalesce(' ' || hold_reason, '') || ' ' || count(*) FROM replies GROUP BY state, hold_reason ORDER BY 1",
    )
}

#[test]
fn the_letter_too_many_holds_itself_and_every_other_that_has_not_left() {
    let mut connection = judged(&crowd(1, 60));
    assert_eq!((counts(&connection), tripped(&connection).expect("read")), (vec!["queued 60".to_owned()], None));
    claim(&mut connection, "", NOW).expect("claimed").expect("a letter");
    settle(&mut connection, 1, &Settled::Sent { words: "250 Ok".to_owned() }, NOW).expect("settled");
    claim(&mut connection, "", NOW).expect("claimed").expect("a letter");
    add(&mut connection, 61, &crowd(61, 2), NOW + 60);
    assert_eq!(counts(&connection), ["held breaker 60", "sending 1", "sent 1"]);
    let found = tripped(&connection).expect("read").expect("tripped");
    assert_eq!((found.letters, found.tripped_at.as_str()), (60, "2026-11-23T15:31:00Z"));
    // Time alone closes nothing.
    add(&mut connection, 63, &crowd(63, 1), NOW + DAY);
    assert_eq!(counts(&connection), ["held breaker 61", "sending 1", "sent 1"]);
}

#[test]
fn an_operator_resumes_and_the_letters_of_before_do_not_count_again() {
    let mut connection = judged(&crowd(1, 61));
    assert!(!column(&connection, "SELECT tripped_at FROM breaker").is_empty());
    assert!(resume(&mut connection, "hanako", NOW + 60).expect("resumed"));
    assert!(!resume(&mut connection, "hanako", NOW + 60).expect("asked"), "once is enough");
    add(&mut connection, 62, &crowd(62, 1), NOW + 120);
    assert_eq!(counts(&connection), ["held breaker 61", "queued 1"]);
    for id in held(&connection).expect("read") {
        order(&mut connection, id, Order::Release, "hanako", NOW + 180).expect("released");
    }
    assert_eq!(counts(&connection), ["queued 62"]);
    assert_eq!(
        column(&connection, "SELECT DISTINCT actor || ' ' || action FROM audit ORDER BY 1"),
        ["hanako outbox release", "hanako outbox resume"]
    );
    add(&mut connection, 63, &crowd(63, 60), NOW + 240);
    assert_eq!(counts(&connection), ["held breaker 122"], "a second crowd trips it again");
}

#[test]
fn a_letter_goes_by_the_server_of_its_account_as_long_as_there_is_one() {
    let mut connection = judged(&crowd(1, 2));
    connection.execute("UPDATE replies SET relay = 'second' WHERE id = 2", []).expect("set");
    let claimed = |connection: &mut Connection, relay: &str| claim(connection, relay, NOW).expect("asked").map(|taken| taken.id);
    assert_eq!([claimed(&mut connection, ""), claimed(&mut connection, "")], [Some(1), None]);
    assert_eq!(next_due(&connection, "second").expect("read"), Some(NOW));
    readdress(&mut connection, &[String::new(), "second".to_owned()]).expect("kept");
    assert_eq!(claimed(&mut connection, "second"), Some(2));
    assert_eq!(recover(&mut connection, "", AfterCrash::Hold, NOW).expect("recovered"), 0);
    assert_eq!(column(&connection, "SELECT state FROM replies ORDER BY id"), ["queued", "sending"], "each relay sorts out its own");
    recover(&mut connection, "second", AfterCrash::Hold, NOW).expect("recovered");
    readdress(&mut connection, &[String::new()]).expect("moved");
    assert_eq!([claimed(&mut connection, ""), claimed(&mut connection, "")], [Some(1), Some(2)]);
}
