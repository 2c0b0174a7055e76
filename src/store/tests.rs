//! The store by itself; each file one concern, with the helpers of all here.

mod bounces;
mod breaker;
mod conclusion;
mod file;
mod files;
mod intake;
mod outbox;
mod sent_letters;
mod standing;

use jiff::tz::TimeZone;

use super::breaker::{resume, tripped};
use super::conclusion::{Outgoing, Pending, Wanted, Written, conclude, give_back, take_pending};
use super::health::Fact;
use super::intake::{Batch, Cursor, Incoming, Kept, Place, Sighting, cursor, due_quarantine, filed, filings, known_uids, receive};
use super::outbox::{
    AfterCrash, Order, OrderError, Road, Settled, claim, enter_data, held, next_due, order, readdress, recover, return_unspent, settle,
};
use super::sent_letters::{Learnt, copied, learn, wanted};
use super::standing::standing;
use super::*;
use crate::desk::gate::Handling;
use crate::desk::letter::Letter;
use crate::desk::standing::Standing;
use crate::desk::words::ReplyKind;
use crate::desk::{self, Reading, Reply, sample_rules};

/// 2026-11-23 15:30 UTC, which is the 24th in Tokyo.
const NOW: i64 = 1_795_447_800;
const DAY: i64 = 24 * 60 * 60;

fn place(uidvalidity: u32) -> Place {
    Place { account: "desk".to_owned(), folder: "INBOX".to_owned(), uidvalidity }
}

/// Where no large mail can be put.
fn nowhere() -> Files {
    Files::beside(Path::new("/nonexistent/uketsuke.db"))
}

fn incoming(uid: u32, bytes: &[u8]) -> Incoming {
    let size = u64::try_from(bytes.len()).expect("small");
    Incoming::laid_down(&nowhere(), uid, Some(NOW - 60), size, (Kept::Whole, bytes), Sighting::Live).expect("laid down")
}

fn batch(uidvalidity: u32, mails: Vec<Incoming>) -> Batch {
    let next_uid = mails.iter().map(|mail| mail.uid + 1).max().unwrap_or(1);
    Batch { place: place(uidvalidity), mails, quarantined: Vec::new(), absent: Vec::new(), next_uid, backlog: None }
}

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").expect("bundled")
}

fn take(connection: &mut Connection, batch: &Batch) -> Vec<Option<i64>> {
    receive(connection, std::slice::from_ref(batch), &tokyo(), NOW).expect("received")
}

/// A mail without a notice; the number makes it unlike all others.
fn greeting(from: &str, number: u32) -> Vec<u8> {
    format!("From: {from}\r\nTo: desk@office.example.jp\r\nSubject: SECURITY ACTION\r\nMessage-ID: <{number}@applicant.example.co.jp>\r\n\r\nお世話になります。\r\n").into_bytes()
}

fn completion(from: &str, number: u32) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: desk@office.example.jp\r\nSubject: Fwd\r\nMessage-ID: <{number}@applicant.example.co.jp>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n---------- Forwarded message ---------\r\nFrom: SECURITY ACTION事務局 <security-action-info@ipa.go.jp>\r\n\
         Date: 2026年11月2日(月) 10:00\r\nSubject: 【SECURITY ACTION】一つ星：自己宣言完了のお知らせ\r\nTo: <{from}>\r\n\r\n株式会社見本\r\n山田 太郎 様\r\n\r\n\
         自己宣言の手続きが完了しました。\r\n利用者番号:9123456780\r\n自己宣言ID:41234567890\r\nロゴマークの使い方は後日ご連絡します。\r\n"
    )
    .into_bytes()
}

fn column(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("valid");
    let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).expect("runs");
    rows.map(|row| row.expect("text").unwrap_or_else(|| "-".to_owned())).collect()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect("a number")
}

/// Bytes that no compression makes smaller (xorshift, Marsaglia 2003).
fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        u8::try_from(state >> 24).expect("a byte")
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Judges as the clerk does, with a letter of a few bytes.
fn written(pending: &Pending, reading: &Reading, standing: &Standing, now: i64) -> Written {
    let conclusion = desk::conclude(reading, &sample_rules(), standing, pending.received, now);
    let letter = match conclusion.reply {
        Reply::Due(kind, handling) => Some(outgoing(kind, handling, pending, reading)),
        Reply::None(_) => None,
    };
    Written { conclusion, letter, filing: Some(("keyword", "done".to_owned())) }
}

fn outgoing(kind: ReplyKind, handling: Handling, pending: &Pending, reading: &Reading) -> Outgoing {
    let recipient = reading.from.as_ref().and_then(|from| from.address.clone()).expect("a sender");
    let message_id = format!("<uketsuke.{}.{}@office.example.jp>", pending.receipt, kind.word());
    let letter = Letter { message_id, recipient, subject: "件名".to_owned(), bytes: b"letter".to_vec() };
    Outgoing { kind, letter, relay: String::new(), envelope_from: None, handling, copy: true }
}

fn standing_of(connection: &Connection, mail: &[u8], now: i64) -> Standing {
    let rules = sample_rules();
    standing(connection, &desk::read(mail, &rules), &rules, Sighting::Live, now).expect("read")
}

/// Takes and concludes whatever waits, at this time.
fn judge_all(connection: &mut Connection, now: i64) {
    let rules = sample_rules();
    loop {
        let taken = take_pending(connection, Wanted { mails: 100, bytes: 1 << 20, begun_too: true, at_hand: &|_| None }).expect("taken");
        if taken.is_empty() {
            break;
        }
        let group: Vec<(Pending, Reading)> =
            taken.into_iter().map(|pending| (pending.clone(), desk::read(&pending.bytes(&nowhere()).expect("unpacked"), &rules))).collect();
        let judge = |pending: &Pending, reading: &Reading, standing: &Standing| written(pending, reading, standing, now);
        conclude(connection, &group, &rules, "v1", &judge, now).expect("concluded");
    }
}

/// A store with these judged mails, UIDs from 1.
fn judged(mails: &[Vec<u8>]) -> Connection {
    let mut connection = in_memory();
    let mails = (1..).zip(mails).map(|(uid, bytes)| incoming(uid, bytes)).collect();
    take(&mut connection, &batch(7, mails));
    judge_all(&mut connection, NOW);
    connection
}
