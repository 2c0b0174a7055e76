//! Told to stop, or left by its store: what a letter in flight becomes.

use std::time::Duration;

use testbed::smtp::{Phase, Rule, Sink, What};
use uketsuke::courier::CourierError;

use crate::ledger::{Fault, Ledger};
use crate::office::{LETTER, Office, PATIENT, RECIPIENT, settings, sink};

async fn until_said(sink: &Sink, start: &str) {
    sink.wait_until(|state| state.dialogue().iter().any(|line| line.starts_with(start)), PATIENT).await.unwrap();
}

fn one_letter(fault: Fault) -> Ledger {
    let ledger = Ledger::new(fault);
    ledger.put(1, None, RECIPIENT, LETTER);
    ledger
}

fn chain(error: &CourierError) -> (String, Option<String>) {
    (error.to_string(), std::error::Error::source(error).map(ToString::to_string))
}

#[tokio::test]
async fn a_stop_before_the_text_returns_the_letter_unspent() {
    let sink = sink(vec![Rule::at(Phase::Rcpt, What::Stall)]);
    let office = Office::open(settings(sink.port()), 1);
    until_said(&sink, "C: RCPT").await;
    let ledger = std::sync::Arc::clone(&office.ledger);
    assert_eq!(office.close().await, ["claimed 1, attempt 1", "returned 1"]);
    assert_eq!(ledger.attempts(), [0]);
}

#[tokio::test]
async fn a_stop_after_the_text_waits_a_little_and_then_admits_that_nobody_knows() {
    let sink = sink(vec![Rule::at(Phase::Body, What::Stall)]);
    let mut settings = settings(sink.port());
    settings.deadlines.final_dot = Duration::from_hours(1);
    settings.deadlines.stopping = Duration::from_millis(50);
    let office = Office::open(settings, 1);
    until_said(&sink, "C: (").await;
    let account = office.close().await;
    let words = "the SMTP server gave no answer at the end of the letter within 0 s; \
                 check that `security` fits `port`, and whether the server is overloaded";
    let expected =
        ["claimed 1, attempt 1".to_owned(), "data 1".to_owned(), format!("unknown 1: {words}"), format!("trouble network: {words}")];
    assert_eq!(account, expected);
}

#[tokio::test]
async fn a_stopped_courier_claims_nothing_more() {
    let sink = sink(Vec::new());
    let office = Office::open(settings(sink.port()), 0);
    office.tell_to_stop();
    office.ledger.put(1, None, RECIPIENT, LETTER);
    office.nudge.notify_one();
    let ledger = std::sync::Arc::clone(&office.ledger);
    office.end().await.unwrap();
    assert_eq!((ledger.account(), sink.connections()), (Vec::new(), 0));
}

#[tokio::test]
async fn without_the_row_for_the_data_phase_not_a_byte_of_the_letter_leaves() {
    let sink = sink(Vec::new());
    let office = Office::with(settings(sink.port()), one_letter(Fault::EnteringData));
    let error = office.end().await.unwrap_err();
    let sentence = "the outbox failed at entering_data, so no letters are sent until it works again; mend what the store says";
    assert_eq!(chain(&error), (sentence.to_owned(), Some("the disk is full".to_owned())));
    assert!(sink.letters().is_empty());
    assert!(!sink.dialogue().iter().any(|line| line.starts_with("C: (")));
}

#[tokio::test]
async fn a_delivery_that_cannot_be_written_down_ends_the_courier() {
    let sink = sink(Vec::new());
    let ledger = one_letter(Fault::Settle);
    ledger.put(2, None, RECIPIENT, LETTER);
    let office = Office::with(settings(sink.port()), ledger);
    let error = office.end().await.unwrap_err();
    assert!(error.to_string().starts_with("the outbox failed at settle"), "{error}");
    assert_eq!(sink.letters().len(), 1);
}

#[tokio::test]
async fn the_heart_beats_on_while_a_server_stalls_and_while_there_is_nothing_to_do() {
    let sink = sink(vec![Rule::at(Phase::Rcpt, What::Stall)]);
    for letters in [0, 1] {
        let office = Office::open(settings(sink.port()), letters);
        if letters == 1 {
            until_said(&sink, "C: RCPT").await;
        }
        office.until_beats(office.beats() + 5).await;
        office.close().await;
    }
}

#[tokio::test]
async fn the_heart_does_not_beat_for_a_store_that_hangs() {
    let office = Office::with(settings(1), Ledger::new(Fault::ClaimHangs));
    office.ledger.wait_for(1, &["asked"]).await;
    // Forty times the interval of these settings.
    let beaten = tokio::time::timeout(Duration::from_millis(200), office.until_beats(1)).await;
    assert!(beaten.is_err(), "the heart has beaten {} times", office.beats());
}
