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
    assert_eq!(counts(&connection), ["held breaker 60", "sending breaker 1", "sent 1"]);
    let found = tripped(&connection).expect("read").expect("tripped");
    assert_eq!((found.letters, found.tripped_at.as_str()), (60, "2026-11-23T15:31:00Z"));
    // Time alone closes nothing.
    add(&mut connection, 63, &crowd(63, 1), NOW + DAY);
    assert_eq!(counts(&connection), ["held breaker 61", "sending breaker 1", "sent 1"]);
}

#[test]
fn a_letter_that_was_on_its_way_comes_back_into_the_hold() {
    let mut connection = judged(&crowd(1, 60));
    for _ in 0..4 {
        claim(&mut connection, "", NOW).expect("claimed").expect("a letter");
    }
    for id in [2, 3, 4] {
        enter_data(&connection, id, NOW).expect("noted");
    }
    add(&mut connection, 61, &crowd(61, 1), NOW + 60);
    return_unspent(&connection, 1, NOW + 61).expect("returned");
    settle(&mut connection, 2, &Settled::Deferred { until: NOW + 120, words: "451 not now".to_owned() }, NOW + 61).expect("settled");
    settle(&mut connection, 3, &Settled::Sent { words: "250 Ok".to_owned() }, NOW + 61).expect("settled");
    recover(&mut connection, "", AfterCrash::Resend, NOW + 62).expect("recovered");
    assert_eq!(counts(&connection), ["held breaker 60", "sent 1"]);
    // After sending was resumed, nothing comes back into a hold that is over.
    order(&mut connection, 5, Order::Release, "hanako", NOW + 63).expect("released");
    claim(&mut connection, "", NOW + 63).expect("claimed").expect("a letter");
    connection.execute("UPDATE replies SET hold_reason = 'breaker' WHERE id = 5", []).expect("as if it had been on its way");
    assert!(resume(&mut connection, "hanako", NOW + 64).expect("resumed"));
    return_unspent(&connection, 5, NOW + 65).expect("returned");
    assert_eq!(counts(&connection), ["held breaker 59", "queued 1", "sent 1"]);
    order(&mut connection, 5, Order::Cancel, "hanako", NOW + 66).expect("cancelled");
    // What an operator released goes its way, however often it is deferred.
    order(&mut connection, 1, Order::Release, "hanako", NOW + 70).expect("released");
    claim(&mut connection, "", NOW + 70).expect("claimed").expect("a letter");
    settle(&mut connection, 1, &Settled::Deferred { until: NOW + 130, words: "451 not now".to_owned() }, NOW + 71).expect("settled");
    assert_eq!(counts(&connection), ["cancelled 1", "held breaker 58", "queued 1", "sent 1"]);
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
    connection
        .execute_batch("UPDATE submissions SET account = 'second' WHERE id = 2; UPDATE replies SET relay = 'second' WHERE id = 2")
        .expect("set");
    let route = |account: &str, relay: &str| Road { account: account.to_owned(), relay: relay.to_owned(), envelope_from: None };
    let claimed = |connection: &mut Connection, relay: &str| claim(connection, relay, NOW).expect("asked").map(|taken| taken.id);
    assert_eq!([claimed(&mut connection, ""), claimed(&mut connection, "")], [Some(1), None]);
    assert_eq!(next_due(&connection, "second").expect("read"), Some(NOW));
    readdress(&mut connection, &[route("desk", ""), route("second", "second")]).expect("kept");
    assert_eq!(claimed(&mut connection, "second"), Some(2));
    assert_eq!(recover(&mut connection, "", AfterCrash::Hold, NOW).expect("recovered"), 0);
    assert_eq!(column(&connection, "SELECT state FROM replies ORDER BY id"), ["queued", "sending"], "each relay sorts out its own");
    recover(&mut connection, "second", AfterCrash::Hold, NOW).expect("recovered");
    readdress(&mut connection, &[route("desk", "")]).expect("moved");
    assert_eq!(column(&connection, "SELECT relay FROM replies ORDER BY id"), ["", ""]);
    readdress(&mut connection, &[route("desk", "desk"), route("second", "")]).expect("moved");
    assert_eq!([claimed(&mut connection, "desk"), claimed(&mut connection, "")], [Some(1), Some(2)]);
}
