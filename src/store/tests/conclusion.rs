//! T2: taking for judgement, and writing the verdict.

use super::*;

fn wanted<'w>(mails: usize, bytes: usize) -> Wanted<'w> {
    Wanted { mails, bytes, begun_too: true, at_hand: &|_| None }
}

fn waiting(count: u32) -> Connection {
    let mut connection = in_memory();
    let mails = (1..=count).map(|uid| incoming(uid, &greeting(&format!("u{uid}@applicant.example.co.jp"), uid))).collect();
    take(&mut connection, &batch(7, mails));
    connection
}

fn ids(taken: &[Pending]) -> Vec<(i64, u32)> {
    taken.iter().map(|pending| (pending.id, pending.attempts)).collect()
}

#[test]
fn fresh_mails_come_in_groups_and_those_of_a_dead_process_one_by_one() {
    let mut connection = waiting(4);
    assert_eq!(ids(&take_pending(&mut connection, wanted(3, 1 << 20)).expect("taken")), [(1, 1), (2, 1), (3, 1)]);
    // The process died here; the fourth mail is not to suffer for it.
    assert_eq!(ids(&take_pending(&mut connection, wanted(3, 1 << 20)).expect("taken")), [(4, 1)]);
    for alone in [(1, 2), (2, 2), (3, 2), (4, 2), (1, 3)] {
        assert_eq!(ids(&take_pending(&mut connection, wanted(3, 1 << 20)).expect("taken")), [alone]);
    }
}

#[test]
fn beside_others_only_fresh_mails_are_taken() {
    let mut connection = waiting(1);
    let fresh = Wanted { begun_too: false, ..wanted(3, 1 << 20) };
    assert_eq!(ids(&take_pending(&mut connection, fresh).expect("taken")), [(1, 1)]);
    // Begun, and not concluded: whoever takes it must be alone with it.
    assert_eq!(ids(&take_pending(&mut connection, fresh).expect("taken")), []);
    assert_eq!(ids(&take_pending(&mut connection, wanted(3, 1 << 20)).expect("taken")), [(1, 2)]);
}

#[test]
fn bytes_at_hand_are_not_read_from_their_rows() {
    let mut connection = waiting(2);
    connection.execute("DELETE FROM raw_mails WHERE submission = 1", []).expect("deleted");
    let at_hand = |id: i64| (id == 1).then(|| b"at hand".to_vec());
    let taken = take_pending(&mut connection, Wanted { at_hand: &at_hand, ..wanted(2, 1 << 20) }).expect("taken");
    let bytes: Vec<_> = taken.iter().map(|pending| pending.bytes(&nowhere()).expect("unpacked").into_owned()).collect();
    assert_eq!(bytes, [b"at hand".to_vec(), greeting("u2@applicant.example.co.jp", 2)]);
    assert_eq!(taken.iter().map(|pending| pending.attempts).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_mail_whose_bytes_are_gone_is_an_error_of_its_own_and_of_nobody_else() {
    let mut connection = waiting(2);
    connection.execute("DELETE FROM raw_mails WHERE submission = 1", []).expect("deleted");
    let taken = take_pending(&mut connection, wanted(2, 1 << 20)).expect("taken");
    assert_eq!(ids(&taken), [(1, 1), (2, 1)]);
    assert_eq!(taken.iter().map(|pending| pending.bytes(&nowhere()).is_ok()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_group_is_bounded_by_its_bytes_and_never_empty() {
    let mut connection = waiting(3);
    assert_eq!(ids(&take_pending(&mut connection, wanted(10, 1)).expect("taken")), [(1, 1)]);
}

#[test]
fn what_was_given_back_counts_as_never_begun() {
    let mut connection = waiting(2);
    take_pending(&mut connection, wanted(10, 1 << 20)).expect("taken");
    give_back(&mut connection, &[1, 2]).expect("given back");
    assert_eq!(ids(&take_pending(&mut connection, wanted(10, 1 << 20)).expect("taken")), [(1, 1), (2, 1)]);
}

#[test]
fn the_bytes_come_back_as_they_were_received() {
    let mut connection = in_memory();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(60_000).collect();
    take(&mut connection, &batch(7, vec![incoming(1, &bytes), incoming(2, b"")]));
    let taken = take_pending(&mut connection, wanted(10, 1 << 20)).expect("taken");
    assert_eq!(taken.iter().map(|pending| pending.bytes(&nowhere()).expect("unpacked").len()).collect::<Vec<_>>(), [60_000, 0]);
    assert!(taken.first().is_some_and(|pending| pending.bytes(&nowhere()).expect("unpacked") == bytes));
}

#[test]
fn a_verdict_and_its_letter_are_written_once() {
    let mut connection = waiting(1);
    let rules = sample_rules();
    let taken = take_pending(&mut connection, wanted(10, 1 << 20)).expect("taken");
    let group: Vec<(Pending, Reading)> =
        taken.into_iter().map(|pending| (pending.clone(), desk::read(&pending.bytes(&nowhere()).expect("unpacked"), &rules))).collect();
    let judge = |pending: &Pending, reading: &Reading, _: &Standing| written(pending, reading, &Standing::default(), NOW);
    for version in ["v1", "v2"] {
        conclude(&mut connection, &group, &rules, version, &judge, NOW).expect("concluded");
    }
    assert_eq!(column(&connection, "SELECT rules_version FROM submissions"), ["v1"]);
    for table in ["replies", "findings", "filings"] {
        assert_eq!(number(&connection, &format!("SELECT count(*) FROM {table}")), 1, "{table}");
    }
}

#[test]
fn a_group_that_fails_concludes_none_of_its_mails() {
    let mut connection = waiting(3);
    connection
        .execute_batch("CREATE TEMP TRIGGER fall BEFORE INSERT ON replies WHEN NEW.submission = 3 BEGIN SELECT RAISE(ABORT, 'a test'); END")
        .expect("made");
    let rules = sample_rules();
    let taken = take_pending(&mut connection, wanted(10, 1 << 20)).expect("taken");
    let group: Vec<(Pending, Reading)> =
        taken.into_iter().map(|pending| (pending.clone(), desk::read(&pending.bytes(&nowhere()).expect("unpacked"), &rules))).collect();
    let judge = |pending: &Pending, reading: &Reading, standing: &Standing| written(pending, reading, standing, NOW);
    assert!(conclude(&mut connection, &group, &rules, "v1", &judge, NOW).is_err());
    assert_eq!(number(&connection, "SELECT count(*) FROM submissions WHERE verdict IS NOT NULL"), 0);
    assert_eq!(number(&connection, "SELECT count(*) FROM replies"), 0);
}

#[test]
fn two_mails_of_one_sender_in_one_group_get_one_letter() {
    let sender = "a@applicant.example.co.jp";
    let connection = judged(&[greeting(sender, 1), greeting(sender, 2)]);
    assert_eq!(column(&connection, "SELECT coalesce(reply_gate, reply) FROM submissions ORDER BY id"), ["missing", "rate"]);
}

#[test]
fn a_notice_is_kept_with_the_login_masked() {
    let connection = judged(&[completion("a@applicant.example.co.jp", 1)]);
    assert_eq!(
        column(&connection, "SELECT kind || '|' || stars || '|' || declaration_id || '|' || user_number || '|' || person FROM notices"),
        ["completion|1|41234567890|******6780|山田 太郎"]
    );
    assert_eq!(column(&connection, "SELECT verdict FROM submissions"), ["accepted"]);
}
