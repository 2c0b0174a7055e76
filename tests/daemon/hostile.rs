//! Mails that mean harm, through the whole daemon: it lives on, and a person looks at them.

use testbed::mail::hostile::{Wrapping, boundary_bomb, long_header, many_headers, nested_rfc822_bomb};

use crate::letters::{greeting, office_with};
use crate::office::{DEADLINE, Office};
use crate::post::{Post, row_of};

/// The mail goes to review with this finding; the next one is judged as ever; the process is still the same one.
async fn goes_to_review(mail: Vec<u8>, finding: &str) {
    let next = Post::dozen(7).mails.remove(0);
    let office = office_with(&[], |plan| plan);
    let daemon = office.start();
    office.imap.deliver(mail);
    office.until_settled(1).await;
    assert_eq!(office.rows("SELECT verdict, reply FROM submissions"), ["review|none"], "{}", office.story());
    let findings = office.rows("SELECT code FROM findings");
    assert!(findings.iter().any(|code| code == finding), "{findings:?} without {finding}");
    office.imap.deliver(next.raw.clone());
    office.until_settled(2).await;
    assert!(office.judged().contains(&row_of(&next)), "{}", office.story());
    assert_eq!(office.sink.letters().len(), 0);
    assert!(!daemon.close().await.contains("panicked"));
}

#[tokio::test]
async fn forty_thousand_nested_mails_go_to_a_person() {
    goes_to_review(nested_rfc822_bomb(40_000, Wrapping::Plain), "too_complex").await;
}

#[tokio::test]
async fn forty_thousand_nested_mails_in_base64_go_to_a_person() {
    goes_to_review(nested_rfc822_bomb(40_000, Wrapping::Base64), "too_complex").await;
}

#[tokio::test]
async fn a_million_bytes_of_boundaries_go_to_a_person() {
    goes_to_review(boundary_bomb(1_000_000), "too_complex").await;
}

#[tokio::test]
async fn thousands_of_header_fields_go_to_a_person() {
    goes_to_review(many_headers(5_000), "too_complex").await;
}

#[tokio::test]
async fn a_header_field_of_two_megabytes_does_no_harm() {
    let office = office_with(&[], |plan| plan);
    let daemon = office.start();
    office.imap.deliver(long_header(2_000_000));
    office.until_settled(1).await;
    daemon.close().await;
}

#[tokio::test]
async fn text_in_no_known_character_set_goes_to_a_person() {
    let mut mail =
        b"Date: Mon, 23 Nov 2026 10:00:00 +0900\r\nFrom: hanako@applicant.example.co.jp\r\nTo: desk@office.example.jp\r\nSubject: Fwd\r\n\
        Message-ID: <broken@applicant.example.co.jp>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-unknown-7\r\n\
        Content-Transfer-Encoding: 8bit\r\n\r\n"
            .to_vec();
    mail.extend((0..400_u32).map(|number| u8::try_from(0x80 + (number * 37) % 0x80).expect("a byte")));
    mail.extend_from_slice(b"\r\n");
    goes_to_review(mail, "illegible").await;
}

#[tokio::test]
async fn utf8_that_is_broken_goes_to_a_person() {
    let mut mail = greeting("hanako@applicant.example.co.jp", 1).into_bytes();
    mail.extend_from_slice(b"\xe3\x81\xff\xfe\xe3\x81 \x80\x80\x80 \xff\r\n");
    goes_to_review(mail, "illegible").await;
}

#[tokio::test]
async fn mails_over_the_limit_go_to_a_person_and_memory_stays_flat() {
    let large = |number: usize, mebibytes: usize| {
        let mut mail = greeting(&format!("u{number}@applicant.example.co.jp"), number);
        let line = format!("{}\r\n", "x".repeat(76));
        mail.push_str(&line.repeat(mebibytes * 1024 * 1024 / line.len()));
        mail
    };
    let office = office_with(&[], |plan| plan.set("limits", "mail-mebibytes", "1").set("limits", "batch-mebibytes", "1"));
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    office.imap.deliver(large(0, 2));
    office.until_settled(1).await;
    let before = daemon.peak_memory();
    for number in 1..=12 {
        office.imap.deliver(large(number, 16));
    }
    office.until_settled(13).await;
    assert_eq!(office.rows("SELECT verdict, reply, code, content, count(*) FROM submissions JOIN findings ON submission = submissions.id GROUP BY 1, 2, 3, 4"), [
        "review|none|oversize|headers|13"
    ]);
    let grown = daemon.peak_memory().saturating_sub(before);
    assert!(grown < 16 * 1024, "192 MiB came by, and the daemon took {grown} KiB more");
    let fetched = office.imap.commands().iter().filter(|command| command.contains("BODY.PEEK[]") || command.contains("BODY[]")).count();
    assert_eq!(fetched, 0, "no whole body was asked for");
    daemon.close().await;
}

/// Nothing of a hostile sender reaches a terminal or a log unprinted.
#[tokio::test]
async fn escapes_of_a_mail_reach_neither_log_nor_terminal() {
    let mail = greeting("hanako@applicant.example.co.jp", 1)
        .replace("Subject: SECURITY ACTION 1", "Subject: \u{1b}[2J\u{1b}]0;owned\u{7} SECURITY ACTION");
    let office = office_with(&[], |plan| plan);
    let daemon = office.start();
    office.imap.deliver(mail);
    office.until_settled(1).await;
    for arguments in [vec!["list"], vec!["show", "1"], vec!["status"], vec!["outbox", "list"], vec!["list", "--json"]] {
        let answer = office.ask(&arguments).await;
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        assert!(!answer.stdout.contains(['\u{1b}', '\u{7}']), "{arguments:?}: {:?}", answer.stdout);
    }
    let log = daemon.close().await;
    assert!(!log.contains("hanako@") && !log.contains("owned") && !log.contains('\u{1b}'), "no address and no subject in the log: {log}");
}

/// A crafted sender must not reach the SMTP dialogue.
#[tokio::test]
async fn a_sender_with_a_line_end_cannot_speak_smtp() {
    let mail = greeting("\"a\\\r\n b\"@example.co.jp>\r\nRCPT TO:<x@example.jp", 1);
    let odd = greeting("=?utf-8?B?PGFAZXhhbXBsZS5jby5qcD4NClJDUFQgVE86PHhAZXhhbXBsZS5qcD4=?= <a@example.co.jp>", 2);
    let office = office_with(&[mail, odd], |plan| plan);
    let daemon = office.start();
    office.until_settled(2).await;
    office.imap.wait_until(|state| state.idling() == 1, DEADLINE).await.expect("watching");
    for line in office.sink.dialogue() {
        assert!(!line.contains("x@example.jp"), "{line}");
    }
    daemon.close().await;
}

#[tokio::test]
async fn every_hostile_mail_of_the_corpus_is_survived_by_one_daemon() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/hostile");
    let mut mails = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            mails.push(std::fs::read(path).expect("readable"));
        }
    }
    mails.sort();
    mails.dedup();
    assert!(mails.len() > 5, "the corpus is there");
    let inbox = testbed::imap::Folder::named("INBOX").holding(mails.iter().cloned());
    let options = testbed::imap::Options { folders: vec![inbox], ..testbed::imap::Options::default() };
    let office = Office::new(options, testbed::smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    office.until_settled(mails.len()).await;
    assert!(!daemon.close().await.contains("panicked"));
}
