//! T3 and T4, what a crash leaves behind, and what operators may order.

use super::*;

/// A store with so many queued letters, ids from 1.
fn letters(count: u32) -> Connection {
    let mails: Vec<Vec<u8>> = (1..=count).map(|number| greeting(&format!("u{number}@applicant.example.co.jp"), number)).collect();
    judged(&mails)
}

fn states(connection: &Connection) -> Vec<String> {
    column(connection, "SELECT state || '|' || attempts FROM replies ORDER BY id")
}

fn claimed(connection: &mut Connection, now: i64) -> Option<i64> {
    claim(connection, "", now).expect("asked").map(|taken| taken.id)
}

#[test]
fn letters_are_claimed_once_in_the_order_in_which_they_fall_due() {
    let mut connection = letters(3);
    connection.execute("UPDATE replies SET next_attempt_at = '2026-11-23T15:00:00Z' WHERE id = 3", []).expect("set");
    assert_eq!([(); 4].map(|()| claimed(&mut connection, NOW)), [Some(3), Some(1), Some(2), None]);
    assert_eq!(states(&connection), ["sending|1"; 3]);
}

#[test]
fn a_deferred_letter_waits_and_a_settled_one_rests() {
    let mut connection = letters(4);
    while claimed(&mut connection, NOW).is_some() {}
    let words = "the server's words".to_owned();
    for (id, settled) in [
        (1, Settled::Deferred { until: NOW + 300, words: words.clone() }),
        (2, Settled::Sent { words: words.clone() }),
        (3, Settled::Refused { words: words.clone() }),
        (4, Settled::Unknown { words }),
    ] {
        enter_data(&connection, id, NOW).expect("noted");
        settle(&mut connection, id, &settled, NOW).expect("settled");
    }
    assert_eq!(states(&connection), ["queued|1", "sent|1", "refused|1", "unknown|1"]);
    assert_eq!(column(&connection, "SELECT DISTINCT server_words FROM replies"), ["the server's words"]);
    assert_eq!(number(&connection, "SELECT count(*) FROM bounces"), 0, "only 5.1.x speaks of the address");
    assert_eq!(next_due(&connection, "").expect("read"), Some(NOW + 300));
    assert_eq!(claimed(&mut connection, NOW + 299), None);
    assert_eq!(claimed(&mut connection, NOW + 300), Some(1));
    assert_eq!(next_due(&connection, "").expect("read"), None);
}

#[test]
fn a_clock_that_ran_ahead_puts_no_letter_off_for_years() {
    const YEARS: i64 = 10 * 365 * 86_400;
    let mut connection = letters(2);
    assert_eq!([(); 2].map(|()| claimed(&mut connection, NOW + YEARS)), [Some(1), Some(2)]);
    let put_off = Settled::Deferred { until: NOW + YEARS + 300, words: String::new() };
    settle(&mut connection, 1, &put_off, NOW + YEARS).expect("settled");
    let put_off = Settled::Deferred { until: NOW + FURTHEST_AHEAD, words: String::new() };
    settle(&mut connection, 2, &put_off, NOW + YEARS).expect("settled");
    assert_eq!([(); 2].map(|()| claimed(&mut connection, NOW)), [Some(1), None], "a wait that may be meant is kept");
}

#[test]
fn an_unspent_letter_was_never_claimed() {
    let mut connection = letters(1);
    claimed(&mut connection, NOW);
    return_unspent(&connection, 1, NOW).expect("returned");
    assert_eq!(states(&connection), ["queued|0"]);
    // Once its bytes may have left, there is no way back.
    claimed(&mut connection, NOW);
    enter_data(&connection, 1, NOW).expect("noted");
    return_unspent(&connection, 1, NOW).expect("asked");
    assert_eq!(states(&connection), ["data|1"]);
}

/// One letter each in sending, data, queued and held.
fn after_a_crash() -> Connection {
    let mut connection = letters(4);
    claimed(&mut connection, NOW);
    claimed(&mut connection, NOW);
    enter_data(&connection, 2, NOW).expect("noted");
    connection.execute("UPDATE replies SET state = 'held', next_attempt_at = NULL WHERE id = 4", []).expect("set");
    connection
}

#[test]
fn a_crash_leaves_unknown_what_may_have_left() {
    let mut connection = after_a_crash();
    assert_eq!(recover(&mut connection, "", AfterCrash::Hold, NOW).expect("recovered"), 1);
    assert_eq!(states(&connection), ["queued|1", "unknown|1", "queued|0", "held|0"]);
    assert_eq!(recover(&mut connection, "", AfterCrash::Hold, NOW).expect("recovered"), 0, "once is enough");
}

#[test]
fn a_crash_sends_again_where_the_office_asks_for_it_but_not_for_ever() {
    let mut connection = after_a_crash();
    assert_eq!(recover(&mut connection, "", AfterCrash::Resend, NOW).expect("recovered"), 0);
    assert_eq!(states(&connection), ["queued|1", "queued|1", "queued|0", "held|0"]);
    connection.execute("UPDATE replies SET state = 'cancelled' WHERE id <> 2", []).expect("set");
    let mut sent = 1;
    while claimed(&mut connection, NOW).is_some() {
        enter_data(&connection, 2, NOW).expect("noted");
        recover(&mut connection, "", AfterCrash::Resend, NOW).expect("recovered");
        sent += 1;
        assert!(sent < 100, "an applicant must not get a letter for every crash of ours");
    }
    assert_eq!((sent, column(&connection, "SELECT state FROM replies WHERE id = 2")), (5, vec!["unknown".to_owned()]));
}

#[test]
fn orders_apply_where_they_make_sense_and_are_written_down() {
    for (wish, applies, becomes) in [
        (Order::Release, ["held"].as_slice(), "queued"),
        (Order::Cancel, &["held", "queued", "unknown", "refused"], "cancelled"),
        (Order::Retry, &["refused", "unknown", "queued"], "queued"),
    ] {
        for state in ["held", "queued", "sending", "data", "sent", "refused", "unknown", "cancelled"] {
            let mut connection = letters(1);
            connection.execute("UPDATE replies SET state = ?1, next_attempt_at = NULL", [state]).expect("set");
            let outcome = order(&mut connection, 1, wish, "hanako", NOW);
            let after = column(&connection, "SELECT state FROM replies").remove(0);
            let audit = column(&connection, "SELECT actor || '|' || action || '|' || object || '|' || detail FROM audit");
            if applies.contains(&state) {
                outcome.expect("carried out");
                assert_eq!((after.as_str(), audit), (becomes, vec![format!("hanako|outbox {}|reply 1|{state} → {becomes}", wish.word())]));
                assert_eq!(claimed(&mut connection, NOW).is_some(), becomes == "queued", "{state}: a queued letter is due at once");
            } else {
                assert!(matches!(outcome, Err(OrderError::NotApplicable { .. })), "{state} {wish:?}");
                assert_eq!((after.as_str(), audit), (state, Vec::new()));
            }
        }
    }
    assert!(matches!(order(&mut letters(1), 9, Order::Cancel, "hanako", NOW), Err(OrderError::Unknown { id: 9 })));
}
