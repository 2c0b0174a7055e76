//! Letters that came back.

use super::*;

const ADDRESS: &str = "a@applicant.example.co.jp";

/// A store with one letter that was sent.
fn sent() -> (Connection, String) {
    let mut connection = judged(&[greeting(ADDRESS, 1)]);
    claim(&mut connection, "", NOW).expect("claimed").expect("a letter");
    settle(&mut connection, 1, &Settled::Sent { words: "250 Ok".to_owned() }, NOW).expect("settled");
    let id = column(&connection, "SELECT message_id FROM replies").remove(0);
    (connection, id)
}

fn report(number: u32, address: &str, status: &str, names: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.jp\r\nIn-Reply-To: {names}\r\nMessage-ID: <bounce-{number}@mx.example.jp>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

fn bounce(connection: &mut Connection, uid: u32, mail: &[u8]) {
    take(connection, &batch(7, vec![incoming(uid, mail)]));
    judge_all(connection, NOW + 60);
}

fn rows(connection: &Connection) -> Vec<String> {
    column(
        connection,
        "SELECT address || ' ' || coalesce(reply, '-') || ' ' || coalesce(submission, '-') || ' ' || coalesce(status, '-') || ' ' || suspends FROM bounces ORDER BY rowid",
    )
}

#[test]
fn a_report_that_names_the_letter_suspends_its_address() {
    let (mut connection, id) = sent();
    bounce(&mut connection, 2, &report(2, ADDRESS, "5.1.1", &id));
    assert_eq!(rows(&connection), [format!("{ADDRESS} 1 2 5.1.1 1")]);
    assert_eq!(column(&connection, "SELECT verdict || ' ' || reply FROM submissions WHERE id = 2"), ["ignored none"]);
    let known = standing_of(&connection, &greeting(ADDRESS, 3), NOW + 90);
    assert_eq!(known.bounced_at, Some(NOW + 60));
}

#[test]
fn a_full_mailbox_is_told_and_suspends_nothing() {
    let (mut connection, id) = sent();
    bounce(&mut connection, 2, &report(2, ADDRESS, "5.2.2", &id));
    assert_eq!(rows(&connection), [format!("{ADDRESS} 1 2 5.2.2 0")]);
    assert_eq!(standing_of(&connection, &greeting(ADDRESS, 3), NOW + 90).bounced_at, None);
}

/// Anybody can write that an address does not exist; the office is told, and the applicant goes on getting letters.
#[test]
fn a_report_that_only_names_the_address_suspends_nothing() {
    let (mut connection, _) = sent();
    bounce(&mut connection, 2, &report(2, ADDRESS, "5.1.1", "somebody else's letter"));
    bounce(&mut connection, 3, &report(3, "b@applicant.example.co.jp", "5.1.1", "nobody of ours"));
    bounce(&mut connection, 4, &report(4, ADDRESS, "5.1.1", "somebody else's again"));
    assert_eq!(rows(&connection), [format!("{ADDRESS} 1 2 5.1.1 0")]);
    assert_eq!(number(&connection, "SELECT sum(proven) FROM bounces"), 0);
    let refused = order(&mut connection, 1, Order::Retry, "hanako", NOW + 90).expect_err("nothing is proven");
    assert!(refused.to_string().starts_with("letter 1 is sent"), "{refused}");
    let letters = crate::store::query::outbox(&connection, 9).expect("read");
    let first = letters.first().expect("a letter");
    assert_eq!((first.bounced.as_deref(), first.bounce_unproven.is_some()), (None, true));
}

/// The address that we wrote to works; what it forwards to does not.
#[test]
fn a_report_about_another_address_suspends_nothing() {
    let (mut connection, id) = sent();
    bounce(&mut connection, 2, &report(2, "inside@elsewhere.example.co.jp", "5.1.1", &id));
    assert_eq!(rows(&connection), [format!("{ADDRESS} 1 2 5.1.1 0")]);
}

#[test]
fn what_the_server_says_at_once_counts_like_a_report() {
    let mut connection = judged(&[greeting(ADDRESS, 1), greeting("b@applicant.example.co.jp", 2)]);
    for (id, words) in [(1, "550 5.1.1 No such user"), (2, "550 5.1.8 Bad sender")] {
        claim(&mut connection, "", NOW).expect("claimed").expect("a letter");
        settle(&mut connection, id, &Settled::Refused { words: words.to_owned() }, NOW).expect("settled");
    }
    assert_eq!(rows(&connection), [format!("{ADDRESS} 1 - 5.1.1 1")]);
}

#[test]
fn an_operator_sends_a_letter_again_that_came_back() {
    let (mut connection, id) = sent();
    let refused = order(&mut connection, 1, Order::Retry, "hanako", NOW + 30).expect_err("it has arrived as far as we know");
    assert!(refused.to_string().starts_with("letter 1 is sent, so `retry` does not apply"), "{refused}");
    bounce(&mut connection, 2, &report(2, ADDRESS, "5.1.1", &id));
    order(&mut connection, 1, Order::Retry, "hanako", NOW + 90).expect("sent again");
    assert_eq!(column(&connection, "SELECT state FROM replies"), ["queued"]);
    assert_eq!(standing_of(&connection, &greeting(ADDRESS, 3), NOW + 99).bounced_at, None, "the operator knows better");
}

/// A mail with the null path that speaks of a failure and of somebody we wrote to, and that a person must look at.
#[test]
fn a_claim_without_proof_hides_nothing_from_a_person() {
    let (mut connection, _) = sent();
    let mail = format!(
        "Return-Path: <>\r\nFrom: {ADDRESS}\r\nMessage-ID: <5@applicant.example.co.jp>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered to {ADDRESS}.\r\n\
         --b\r\nContent-Type: application/pdf; name=\"proof.pdf\"\r\nContent-Disposition: attachment; filename=\"proof.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n"
    );
    bounce(&mut connection, 5, mail.as_bytes());
    assert_eq!(rows(&connection), [format!("{ADDRESS} 1 2 - 0")], "the claim is kept");
    assert_eq!(column(&connection, "SELECT verdict FROM submissions WHERE id = 2"), ["review"]);
}
