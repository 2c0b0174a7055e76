//! T1: what is taken, recognised, quarantined; and where the cursor stands.

use super::*;

#[test]
fn mails_and_cursor_are_taken_together() {
    let mut connection = in_memory();
    assert_eq!(cursor(&connection, "desk", "INBOX").expect("read"), None);
    let mut first = batch(7, vec![incoming(3, b"three"), incoming(4, b"four")]);
    first.backlog = Some((40, Sighting::FirstSync));
    assert_eq!(take(&mut connection, &first), [Some(1), Some(2)]);
    let expected = Cursor { uidvalidity: 7, next_uid: 5, backlog: Some((40, Sighting::FirstSync)) };
    assert_eq!(cursor(&connection, "desk", "INBOX").expect("read"), Some(expected));
    assert_eq!(
        column(&connection, "SELECT receipt FROM submissions ORDER BY id"),
        ["20261124-000001", "20261124-000002"],
        "the office's day"
    );
    assert_eq!(known_uids(&connection, &place(7), 1, 100).expect("read"), [3, 4]);
    assert_eq!(known_uids(&connection, &place(8), 1, 100).expect("read"), [0_u32; 0]);
}

#[test]
fn a_batch_is_taken_once() {
    let mut connection = in_memory();
    let batch = batch(7, vec![incoming(1, b"one"), incoming(2, b"two")]);
    take(&mut connection, &batch);
    assert_eq!(take(&mut connection, &batch), [None, None]);
    assert_eq!(number(&connection, "SELECT count(*) FROM submissions"), 2);
}

#[test]
fn a_renumbered_mail_is_recognised_and_its_filing_follows() {
    let mut connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    let again = vec![incoming(90, &greeting("a@applicant.example.co.jp", 1)), incoming(91, b"new")];
    assert_eq!(take(&mut connection, &batch(8, again)), [None, Some(2)]);
    assert_eq!(filings(&connection, &place(7), 10).expect("read"), []);
    let waiting = filings(&connection, &place(8), 10).expect("read");
    assert_eq!(waiting.iter().map(|waiting| (waiting.submission, waiting.uid)).collect::<Vec<_>>(), [(1, 90)]);
}

#[test]
fn a_uid_that_is_given_to_another_mail_is_another_submission() {
    let mut connection = judged(&[greeting("a@applicant.example.co.jp", 1)]);
    assert_eq!(take(&mut connection, &batch(7, vec![incoming(1, b"another")])), [Some(2)]);
    assert_eq!(number(&connection, "SELECT submission FROM sightings WHERE uid = 1"), 2);
    assert_eq!(filings(&connection, &place(7), 10).expect("read"), [], "the first mail's verdict must not be put on the second");
}

#[test]
fn two_accounts_know_nothing_of_each_other() {
    let mut connection = in_memory();
    take(&mut connection, &batch(7, vec![incoming(1, b"one")]));
    let mut other = batch(7, vec![incoming(1, b"one")]);
    other.place.account = "second".to_owned();
    assert_eq!(take(&mut connection, &other), [Some(2)]);
}

#[test]
fn headers_alone_are_told_apart_by_the_size_of_the_mail() {
    let mut connection = in_memory();
    let header = b"Subject: large\r\n\r\n";
    let headers = |uid, size| Incoming::laid_down(&nowhere(), uid, None, size, (Kept::Headers, header), Sighting::Live).expect("laid down");
    let taken = take(&mut connection, &batch(7, vec![headers(1, 30_000_000), headers(2, 40_000_000), headers(3, 30_000_000)]));
    assert_eq!(taken, [Some(1), Some(2), None]);
    assert_eq!(number(&connection, "SELECT max(size) FROM submissions"), 40_000_000);
}

#[test]
fn an_absurd_date_of_receipt_is_now() {
    let mut connection = in_memory();
    let dated = |uid: u32, date| Incoming { internal_date: date, ..incoming(uid, format!("{uid}").as_bytes()) };
    take(&mut connection, &batch(7, vec![dated(1, None), dated(2, Some(NOW + DAY)), dated(3, Some(-5)), dated(4, Some(NOW - DAY))]));
    let now = utc(NOW);
    assert_eq!(column(&connection, "SELECT received_at FROM submissions ORDER BY id"), [now.clone(), now.clone(), now, utc(NOW - DAY)]);
}

fn utc(seconds: i64) -> String {
    crate::desk::text::date::utc_text(seconds)
}

#[test]
fn quarantined_mails_wait_longer_and_longer_until_they_arrive_or_are_gone() {
    let mut connection = in_memory();
    let quarantine = |connection: &mut Connection, uid, now| {
        let batch = Batch { quarantined: vec![(uid, "refused".to_owned())], next_uid: 9, ..batch(7, Vec::new()) };
        receive(connection, &[batch], &tokyo(), now).expect("received");
    };
    for wait in [60, 600, 3_600, 21_600, 86_400, 86_400] {
        quarantine(&mut connection, 5, NOW);
        assert_eq!(due_quarantine(&connection, &place(7), NOW + wait - 1).expect("read"), [0_u32; 0], "{wait}");
        assert_eq!(due_quarantine(&connection, &place(7), NOW + wait).expect("read"), [5], "{wait}");
    }
    let years_ago = NOW - 10 * 365 * DAY;
    assert_eq!(due_quarantine(&connection, &place(7), years_ago).expect("read"), [5], "the clock ran ahead when it was put off");
    quarantine(&mut connection, 6, NOW);
    assert_eq!(known_uids(&connection, &place(7), 1, 9).expect("read"), [5, 6]);
    take(&mut connection, &Batch { absent: vec![6], ..batch(7, vec![incoming(5, b"at last")]) });
    assert_eq!(number(&connection, "SELECT count(*) FROM quarantine"), 0);
    assert_eq!(known_uids(&connection, &place(7), 1, 9).expect("read"), [5]);
}

#[test]
fn the_cursor_goes_down_where_it_is_told_to() {
    let mut connection = in_memory();
    take(&mut connection, &Batch { next_uid: 900, ..batch(7, Vec::new()) });
    take(&mut connection, &Batch { next_uid: 400, backlog: Some((899, Sighting::Rescan)), ..batch(7, Vec::new()) });
    let expected = Cursor { uidvalidity: 7, next_uid: 400, backlog: Some((899, Sighting::Rescan)) };
    assert_eq!(cursor(&connection, "desk", "INBOX").expect("read"), Some(expected));
}

#[test]
fn a_full_disk_takes_nothing_of_a_batch_and_all_of_it_later() {
    let mut connection = in_memory();
    let pages = number(&connection, "PRAGMA page_count");
    connection.pragma_update(None, "max_page_count", pages + 60).expect("set");
    let batch = batch(7, (1..9).map(|uid| incoming(uid, &noise(uid, 50_000))).collect());
    let refused = receive(&mut connection, std::slice::from_ref(&batch), &tokyo(), NOW);
    assert!(matches!(refused, Err(StoreError::DiskFull)), "{refused:?}");
    assert_eq!(number(&connection, "SELECT count(*) FROM submissions"), 0);
    assert_eq!(cursor(&connection, "desk", "INBOX").expect("read"), None);
    connection.pragma_update(None, "max_page_count", 1_000_000).expect("set");
    assert_eq!(take(&mut connection, &batch), (1..9).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_refused_filing_keeps_its_sentence() {
    let connection = judged(&[greeting("a@applicant.example.co.jp", 1), greeting("b@applicant.example.co.jp", 2)]);
    filed(&connection, 1, None, NOW).expect("written");
    filed(&connection, 2, Some("no such folder"), NOW).expect("written");
    assert_eq!(
        column(&connection, "SELECT state || '|' || coalesce(sentence, '-') FROM filings ORDER BY submission"),
        ["done|-", "refused|no such folder"]
    );
    assert_eq!(filings(&connection, &place(7), 10).expect("read"), []);
}
