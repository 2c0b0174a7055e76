//! A server that means harm: memory stays flat, the process lives, and the watch goes on.

use testbed::imap::{What, When};
use uketsuke::mailbox::FailureKind;

use crate::bench::{Bench, mails, server, settings};

/// The first answer to the bodies is an attack; the second is honest.
async fn survives(what: What, sign: &str) {
    let server = server(3, vec![When::command("UID FETCH").containing("BODY.PEEK[]").nth(1).then(what)]);
    let bench = Bench::start(settings(server.port()));
    bench.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    let (kind, sentence) = rows.failures().remove(0);
    assert_eq!(kind, FailureKind::Protocol, "{sentence}");
    assert!(sentence.contains(sign), "{sentence}");
    assert!(sentence.len() < 1_500, "an error must not carry what the server sent: {} bytes", sentence.len());
    assert_eq!(rows.bodies(), mails(3));
}

#[tokio::test]
async fn a_huge_literal_is_refused_when_it_is_announced() {
    for size in [400_000_000, 4_294_967_296, u64::MAX] {
        survives(What::HugeLiteral(size), "bytes where at most").await;
    }
}

#[tokio::test]
async fn a_line_without_end_is_refused() {
    survives(What::Garbage([b"* OK ".as_slice(), &[b'x'; 1_000_000]].concat()), "a line of more than").await;
}

#[tokio::test]
async fn ten_thousand_parentheses_do_not_end_the_process() {
    let bomb = [b"* 1 FETCH (BODYSTRUCTURE ".as_slice(), &[b'('; 20_000]].concat();
    survives(What::Garbage(bomb), "opening parentheses").await;
}

#[tokio::test]
async fn a_literal_within_a_status_text_cannot_hide_a_bomb() {
    let bomb = [b"* OK {2000}\r\n* 1 FETCH (BODYSTRUCTURE ".as_slice(), &[b'('; 20_000]].concat();
    survives(What::Garbage(bomb), "literal within a status text").await;
}

#[tokio::test]
async fn lines_with_bare_line_feeds_are_refused() {
    survives(What::Garbage(b"* OK hello\n* OK again\n".to_vec()), "without a carriage return").await;
}

#[tokio::test]
async fn a_flood_that_means_nothing_to_the_parser_comes_to_an_end() {
    // An attribute nobody knows, opened and never closed: the parser would wait for more for ever.
    let flood = [b"* 1 FETCH (X-FLOOD (a\r\n".as_slice(), &b"b\r\n".repeat(20_000_000)].concat();
    survives(What::Garbage(flood), "").await;
}

#[tokio::test]
async fn an_answer_to_nobody_is_no_answer() {
    survives(What::Garbage(b"A9999 OK all done\r\n".to_vec()), "out of turn").await;
}

#[tokio::test]
async fn mails_that_nobody_asked_for_are_ignored() {
    let extra = b"* 7 FETCH (UID 77 BODY[] {4}\r\nevil)\r\n".to_vec();
    let server = server(3, vec![When::command("IDLE").nth(1).then(What::Garbage(extra))]);
    let mut settings = settings(server.port());
    settings.deadlines.command = std::time::Duration::from_millis(300);
    let bench = Bench::start(settings);
    bench.ledger.until("second connection", |rows| rows.looks() >= 2).await;
    assert_eq!(bench.stop().await.rows().bodies(), mails(3));
}
