//! What is known of a sender, a thread and a proof.

use super::*;

#[test]
fn a_stranger_has_no_standing() {
    assert_eq!(standing_of(&in_memory(), &greeting("a@applicant.example.co.jp", 1), NOW), Standing::default());
}

#[test]
fn letters_count_for_the_sender_whatever_the_case_and_the_domain_for_an_hour() {
    let connection = judged(&[
        greeting("Ichiro@Applicant.example.co.jp", 1),
        greeting("jiro@applicant.example.co.jp", 2),
        greeting("saburo@elsewhere.example.jp", 3),
    ]);
    let found = standing_of(&connection, &greeting("ichiro@applicant.example.co.jp", 9), NOW + 60);
    assert_eq!(found.letters_to_sender, [("missing".to_owned(), NOW)]);
    assert_eq!((found.letters_to_domain_last_hour, found.letters_last_hour), (2, 3));
    let later = standing_of(&connection, &greeting("ichiro@applicant.example.co.jp", 9), NOW + 3_601);
    assert_eq!((later.letters_to_domain_last_hour, later.letters_last_hour, later.letters_to_sender.len()), (0, 0, 1));
}

#[test]
fn a_clock_that_ran_ahead_trips_no_breaker_for_years_and_no_sender_gets_a_second_letter() {
    const STEP: i64 = 3 * 3_600;
    let years_ago = NOW - 10 * 365 * DAY;
    let mut connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    connection.execute("INSERT INTO breaker (tripped_at, letters) VALUES ('2026-11-23T15:00:00Z', 60)", []).expect("written");
    let again = greeting("a@applicant.example.co.jp", 2);
    for (now, letters) in [(years_ago, 0), (NOW - STEP, 1)] {
        let found = standing_of(&connection, &again, now);
        assert_eq!(
            (found.letters_last_hour, found.letters_to_domain_last_hour),
            (letters, letters),
            "what may have been sent just now counts"
        );
        assert_eq!(found.letters_to_sender, [("missing".to_owned(), NOW)]);
    }
    assert!(resume(&mut connection, "hanako", NOW).expect("resumed"));
    assert_eq!(standing_of(&connection, &again, NOW - STEP).letters_last_hour, 0, "letters from before do not count again");
    take(&mut connection, &batch(7, vec![incoming(2, &greeting("b@applicant.example.co.jp", 2))]));
    judge_all(&mut connection, years_ago);
    assert_eq!(standing_of(&connection, &again, years_ago).letters_last_hour, 1, "no resumption of years to come lets letters pass");
}

#[test]
fn a_cancelled_letter_never_was() {
    let mut connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    order(&mut connection, 1, Order::Cancel, "test", NOW).expect("cancelled");
    assert_eq!(standing_of(&connection, &greeting("a@applicant.example.co.jp", 2), NOW), Standing::default());
}

#[test]
fn an_accepted_sender_is_settled_and_a_stranger_with_the_same_proof_is_noticed() {
    let connection = judged(&[completion("a@applicant.example.co.jp", 1)]);
    let same = standing_of(&connection, &completion("a@applicant.example.co.jp", 2), NOW);
    assert_eq!((same.settled, same.ids_held_by_others), (true, Vec::new()));
    let stranger = standing_of(&connection, &completion("b@applicant.example.co.jp", 3), NOW);
    assert_eq!((stranger.settled, stranger.ids_held_by_others), (false, vec!["41234567890".to_owned()]));
}

#[test]
fn an_answer_to_our_letter_is_known_by_its_references() {
    let connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    let ours = column(&connection, "SELECT message_id FROM replies").remove(0);
    let answer =
        [format!("References: <1@applicant.example.co.jp> {ours}\r\n").into_bytes(), greeting("a@applicant.example.co.jp", 2)].concat();
    let found = standing_of(&connection, &answer, NOW);
    assert_eq!((found.answers_our_letter, found.letters_in_thread), (true, 1));
}

#[test]
fn an_answer_without_references_is_known_by_the_receipt_in_its_subject() {
    let connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    let receipt = column(&connection, "SELECT receipt FROM submissions").remove(0);
    let answer = |subject: &str| format!("From: b@applicant.example.co.jp\r\nSubject: {subject}\r\n\r\n了解しました。\r\n").into_bytes();
    for (subject, expected) in [
        (format!("Re: 再提出のお願い（受付番号 {receipt}）"), true),
        (format!("Re: 受付番号{}", receipt.replace('-', "－")), true),
        ("Re: 受付番号 20200101-000001".to_owned(), false),
        ("申請番号 20261123".to_owned(), false),
    ] {
        assert_eq!(standing_of(&connection, &answer(&subject), NOW).answers_our_letter, expected, "{subject}");
    }
}

#[test]
fn another_address_of_a_settled_applicant_is_settled() {
    let connection = in_memory();
    let roster = "INSERT INTO applicants (id, application_number) VALUES (1, 'A-1'), (2, 'A-2');
         INSERT INTO applicant_addresses VALUES ('a@applicant.example.co.jp', 1), ('b@elsewhere.example.jp', 1), ('c@third.example.jp', 2)";
    connection.execute_batch(roster).expect("written");
    let mut connection = connection;
    take(&mut connection, &batch(7, vec![incoming(1, &completion("a@applicant.example.co.jp", 1))]));
    judge_all(&mut connection, NOW);
    for (address, expected) in [("b@elsewhere.example.jp", true), ("c@third.example.jp", false)] {
        assert_eq!(standing_of(&connection, &greeting(address, 2), NOW).settled, expected, "{address}");
    }
}

#[test]
fn the_roster_names_the_applicant() {
    let connection = in_memory();
    connection
        .execute_batch(
            "INSERT INTO applicants (id, application_number, corporation, office) VALUES (1, 'A-1', '社会福祉法人見本会', NULL);
             INSERT INTO applicant_addresses VALUES ('a@applicant.example.co.jp', 1)",
        )
        .expect("written");
    assert_eq!(standing_of(&connection, &greeting("A@applicant.example.co.jp", 1), NOW).roster_names, ["社会福祉法人見本会"]);
}
