//! The usual day: letters one after the other, and what the server sees of it.

use std::time::Duration;

use testbed::smtp::{Options, Phase, Rule, Sink, What};
use uketsuke::courier::OnUnknown;

use crate::ledger::{Fault, Ledger};
use crate::office::{LETTER, Office, PATIENT, RECIPIENT, settings, sink};

fn commands(sink: &Sink) -> Vec<String> {
    sink.dialogue().iter().filter_map(|line| line.strip_prefix("C: ").map(str::to_owned)).collect()
}

async fn until_quit(sink: &Sink, times: usize) {
    let quits = |lines: &[String]| lines.iter().filter(|line| *line == "S: 221 2.0.0 Bye").count();
    sink.wait_until(|state| quits(state.dialogue()) >= times, PATIENT).await.unwrap();
}

#[tokio::test]
async fn letters_in_a_row_share_a_session_that_ends_when_the_outbox_is_empty() {
    let sink = sink(Vec::new());
    let office = Office::open(settings(sink.port()), 2);
    until_quit(&sink, 1).await;
    let account = office.close().await;
    let letter = |number: usize| {
        [
            format!("claimed {number}, attempt 1"),
            format!("data {number}"),
            format!("delivered {number}: 250 2.0.0 Ok, kept as letter {number}"),
            format!("sent {number}"),
        ]
    };
    assert_eq!(account, [letter(1), letter(2)].concat());
    let size = LETTER.len();
    let one =
        [format!("MAIL FROM:<> SIZE={size}"), format!("RCPT TO:<{RECIPIENT}> NOTIFY=NEVER"), "DATA".to_owned(), format!("({size} octets)")];
    assert_eq!(commands(&sink), [&["EHLO uketsuke.example.jp".to_owned()][..], &one, &one, &["QUIT".to_owned()]].concat());
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn the_bytes_arrive_as_they_were_stored_dots_and_all() {
    let sink = Sink::start(Options { extensions: Vec::new(), ..Options::default() });
    let bytes = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nMAIL FROM:<x@example.jp>\r\n".to_vec();
    let ledger = Ledger::new(Fault::None);
    ledger.put(1, Some("office@example.jp"), "ta..ro@example.co.jp", &bytes);
    let office = Office::with(settings(sink.port()), ledger);
    let letters = sink.wait_for(1, PATIENT).await.unwrap();
    office.ledger.wait_for(1, &["sent"]).await;
    office.close().await;
    let letter = letters.first().unwrap();
    assert_eq!(letter.data, bytes);
    assert_eq!(letter.envelope_from, "office@example.jp");
    assert_eq!(letter.recipients, ["\"ta..ro\"@example.co.jp"]);
    // Without SIZE and DSN on offer neither parameter may be sent.
    assert_eq!((letter.mail_parameters.clone(), letter.rcpt_parameters.clone()), (Vec::new(), vec![Vec::new()]));
}

#[tokio::test]
async fn a_refused_recipient_costs_neither_the_session_nor_the_next_letter() {
    let sink = sink(vec![Rule::at(Phase::Rcpt, What::reply("550 5.1.1 nobody of that name")).nth(1)]);
    let office = Office::open(settings(sink.port()), 2);
    until_quit(&sink, 1).await;
    let account = office.close().await;
    let expected = [
        "claimed 1, attempt 1",
        "refused 1: 550 5.1.1 nobody of that name",
        "claimed 2, attempt 1",
        "data 2",
        "delivered 2: 250 2.0.0 Ok, kept as letter 1",
        "sent 2",
    ];
    assert_eq!(account, expected);
    assert_eq!(sink.connections(), 1);
    assert_eq!(commands(&sink).iter().filter(|line| *line == "RSET").count(), 1);
}

#[tokio::test]
async fn a_session_that_grew_old_is_replaced_without_a_word() {
    for what in [What::reply("421 4.4.2 idle too long"), What::Close] {
        let sink = sink(vec![Rule::at(Phase::Mail, what).nth(2)]);
        let office = Office::open(settings(sink.port()), 2);
        office.ledger.wait_for(2, &["sent"]).await;
        let account = office.close().await;
        assert!(!account.iter().any(|line| line.starts_with("trouble") || line.starts_with("deferred")), "{account:#?}");
        assert_eq!((sink.letters().len(), sink.connections()), (2, 2));
    }
}

#[tokio::test]
async fn many_letters_take_several_sessions() {
    let sink = sink(Vec::new());
    let office = Office::open(settings(sink.port()), 45);
    office.ledger.wait_for(45, &["sent"]).await;
    office.close().await;
    let per_connection: Vec<_> = (1..=3).map(|number| sink.letters().iter().filter(|letter| letter.connection == number).count()).collect();
    assert_eq!((per_connection, sink.connections()), (vec![20, 20, 5], 3));
}

#[tokio::test]
async fn no_more_letters_a_minute_than_allowed() {
    let sink = sink(Vec::new());
    let mut settings = settings(sink.port());
    settings.letters_per_minute = 2;
    let office = Office::open(settings, 3);
    // The session is closed for the long wait, which shows that the third letter is being waited with.
    until_quit(&sink, 1).await;
    let account = office.close().await;
    assert_eq!(account.iter().filter(|line| line.starts_with("claimed")).count(), 2, "{account:#?}");
    assert_eq!(sink.letters().len(), 2);
}

#[tokio::test]
async fn a_nudge_wakes_a_resting_courier_and_a_lost_one_costs_a_poll() {
    for (poll, nudged) in [(Duration::from_hours(1), true), (Duration::from_millis(30), false)] {
        let sink = sink(Vec::new());
        let mut settings = settings(sink.port());
        settings.rhythm.poll = poll;
        let office = Office::open(settings, 1);
        until_quit(&sink, 1).await;
        office.ledger.put(2, None, RECIPIENT, LETTER);
        if nudged {
            office.nudge.notify_one();
        }
        office.ledger.wait_for(2, &["sent"]).await;
        office.close().await;
        assert_eq!(sink.letters().len(), 2);
    }
}

#[tokio::test]
async fn a_letter_is_tried_until_its_attempts_are_spent_and_then_refused_with_the_last_words() {
    let sink = sink(vec![Rule::at(Phase::Rcpt, What::reply("450 4.2.2 mailbox full"))]);
    let mut settings = settings(sink.port());
    settings.rhythm.most_attempts = 3;
    let office = Office::open(settings, 1);
    for (round, wait) in [60, 300].into_iter().enumerate() {
        office.ledger.wait_for(round + 1, &["deferred"]).await;
        until_quit(&sink, round + 1).await;
        office.ledger.advance(wait);
        office.nudge.notify_one();
    }
    office.ledger.wait_for(1, &["refused"]).await;
    let account = office.close().await;
    let expected = [
        "claimed 1, attempt 1",
        "deferred 1 until +60 s: 450 4.2.2 mailbox full",
        "claimed 1, attempt 2",
        "deferred 1 until +360 s: 450 4.2.2 mailbox full",
        "claimed 1, attempt 3",
        "refused 1: given up after 3 attempts; the last answer: 450 4.2.2 mailbox full",
    ];
    assert_eq!(account, expected);
}

#[tokio::test]
async fn an_unknown_letter_goes_out_again_only_where_the_operator_chose_so() {
    let sink = sink(vec![Rule::at(Phase::Body, What::KeepThenClose).nth(1)]);
    let mut settings = settings(sink.port());
    settings.on_unknown = OnUnknown::Resend;
    let office = Office::open(settings, 1);
    office.ledger.wait_for(1, &["trouble"]).await;
    office.ledger.advance(60);
    office.nudge.notify_one();
    office.ledger.wait_for(1, &["sent"]).await;
    let account = office.close().await;
    let words =
        "the SMTP server closed the connection at the end of the letter; if it keeps happening, ask the server's operator for its log";
    let expected = [
        "claimed 1, attempt 1".to_owned(),
        "data 1".to_owned(),
        format!("unknown 1, again at +60 s: {words}"),
        format!("trouble network: {words}"),
        "claimed 1, attempt 2".to_owned(),
        "data 1".to_owned(),
        "delivered 1: 250 2.0.0 Ok, kept as letter 2".to_owned(),
        "sent 1".to_owned(),
        "recovered".to_owned(),
    ];
    assert_eq!(account, expected);
    let letters = sink.letters();
    assert_eq!(letters.iter().map(|letter| letter.data.as_slice()).collect::<Vec<_>>(), [LETTER, LETTER]);
}

#[tokio::test]
async fn odd_but_clear_answers_are_understood() {
    let shift_jis = b"250 \x8e\xf3\x82\xaf\x95t\x82\xaf\r\n".to_vec();
    for (bytes, words) in [(b"250\r\n".to_vec(), "250"), (b"250 ok\n".to_vec(), "250 ok"), (shift_jis, "250 ")] {
        let sink = sink(vec![Rule::at(Phase::Body, What::Garbage(bytes))]);
        let office = Office::open(settings(sink.port()), 1);
        office.ledger.wait_for(1, &["delivered", "unknown"]).await;
        let account = office.close().await;
        let expected = format!("delivered 1: {words}");
        assert!(account.iter().any(|line| line.starts_with(&expected)), "{account:#?}");
    }
}

#[tokio::test]
async fn a_letter_that_no_server_may_see_is_refused_without_a_connection() {
    let sink = sink(Vec::new());
    let ledger = Ledger::new(Fault::None);
    ledger.put(1, None, "taro@example.co.jp>\r\nRCPT TO:<hanako@example.jp", LETTER);
    ledger.put(2, None, RECIPIENT, b"a\n.\nMAIL FROM:<>\r\n");
    let office = Office::with(settings(sink.port()), ledger);
    office.ledger.wait_for(2, &["refused"]).await;
    let account = office.close().await;
    let expected = [
        "claimed 1, attempt 1",
        "refused 1: the recipient's address cannot be written in SMTP; write to the applicant by another way",
        "claimed 2, attempt 1",
        "refused 2: the stored letter has a lone CR or LF; it was not made by this program, so cancel it",
    ];
    assert_eq!(account, expected);
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn an_address_in_kanji_needs_a_server_that_takes_it() {
    for (extensions, delivered) in [(vec!["SMTPUTF8".to_owned()], true), (Vec::new(), false)] {
        let sink = Sink::start(Options { extensions, ..Options::default() });
        let ledger = Ledger::new(Fault::None);
        ledger.put(1, None, "太郎@example.co.jp", LETTER);
        let office = Office::with(settings(sink.port()), ledger);
        office.ledger.wait_for(1, &["delivered", "refused"]).await;
        let account = office.close().await;
        assert_eq!(account.iter().any(|line| line.starts_with("delivered")), delivered, "{account:#?}");
        assert_eq!(sink.letters().len(), usize::from(delivered));
    }
}
