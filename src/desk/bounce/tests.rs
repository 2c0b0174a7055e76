use super::*;
use crate::desk::rules::Limits;

const OURS: &str = "uketsuke.20261123-000001.missing.0123456789abcdef@office.example.jp";

fn read_text(raw: &str) -> Option<Bounce> {
    read(&Message::parse(raw.as_bytes(), &Limits::default()))
}

/// A report as most systems write it: words for people, fields for programs, the header of the letter.
fn report(head: &str, words: &str, status: &str, returned: &str) -> String {
    format!(
        "{head}\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n{words}\n\
         --b\nContent-Type: message/delivery-status\n\n{status}\n--b\nContent-Type: text/rfc822-headers\n\n{returned}\n--b--\n"
    )
}

const DAEMON: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.applicant.example.jp\nSubject: Undelivered Mail Returned to Sender";

fn returned() -> String {
    format!("From: desk@office.example.jp\nMessage-ID: <{OURS}>\nSubject: x\n")
}

fn unknown(status: &str) -> String {
    format!(
        "Reporting-MTA: dns; mx.applicant.example.jp\n\nFinal-Recipient: rfc822; Taro@applicant.example.jp\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} <taro@applicant.example.jp>: User unknown in virtual\n mailbox table\n"
    )
}

#[test]
fn a_report_names_the_letter_the_address_and_the_reason() {
    let bounce = read_text(&report(DAEMON, "I'm sorry to have to inform you …", &unknown("5.1.1"), &returned())).expect("a bounce");
    let expected = Bounce {
        letters: vec![format!("<{OURS}>")],
        addresses: vec!["taro@applicant.example.jp".to_owned()],
        status: Some("5.1.1".to_owned()),
        failure: Failure::UnknownAddress,
        words: "550 5.1.1 <taro@applicant.example.jp>: User unknown in virtual mailbox table".to_owned(),
    };
    assert_eq!(bounce, expected);
}

#[test]
fn only_some_failures_speak_of_the_address() {
    for (status, expected) in [
        ("5.1.2", Failure::UnknownAddress),
        ("5.1.10", Failure::UnknownAddress),
        ("5.4.4", Failure::UnknownAddress),
        ("5.1.4", Failure::Refused),
        ("5.1.8", Failure::Refused),
        ("5.1.90", Failure::Refused),
        ("5.2.2", Failure::Refused),
        ("5.7.1", Failure::Refused),
        // Vague: the words decide.
        ("5.0.0", Failure::UnknownAddress),
        ("5.1.0", Failure::UnknownAddress),
    ] {
        let bounce = read_text(&report(DAEMON, "x", &unknown(status), &returned())).expect("a bounce");
        assert_eq!((bounce.failure, bounce.status.as_deref()), (expected, Some(status)), "{status}");
    }
}

#[test]
fn a_full_mailbox_or_a_filter_is_no_unknown_address_whatever_its_number() {
    let vague = "Final-Recipient: rfc822; taro@applicant.example.jp\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 Sender verify failed\n";
    assert_eq!(read_text(&report(DAEMON, "No such user here", vague, &returned())).expect("a bounce").failure, Failure::Refused);
    for words in [
        "552 5.1.1 Mailbox is over quota",
        "550 5.1.1 Blocked by our spam filter",
        "550 5.1.1 容量を超えています",
        "550 User unknown; DMARC policy",
    ] {
        let status =
            format!("Final-Recipient: rfc822; taro@applicant.example.jp\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; {words}\n");
        assert_eq!(read_text(&report(DAEMON, "x", &status, &returned())).expect("a bounce").failure, Failure::Refused, "{words}");
    }
    for (words, expected) in [
        ("550 5.1.1 No such user", true),
        ("550 User unknown", true),
        ("550 5.1.1 <taro@x>: Recipient address rejected: User unknown in relay recipient table", true),
        ("550 5.1.1 over quota", false),
        ("550 5.7.1 User unknown", false),
        ("550 5.1.0 Sender address rejected: User unknown", false),
    ] {
        assert_eq!(is_unknown_address(permanent_status(words).as_deref(), words), expected, "{words}");
    }
}

/// A colleague's mail in a thread that our letter began: its bounce is no bounce of the letter.
#[test]
fn an_id_that_only_stands_somewhere_names_no_letter() {
    let returned =
        format!("From: hana@office.example.jp\nReferences: <{OURS}> <a@applicant.example.jp>\nMessage-ID: <colleague@office.example.jp>\n");
    let head = format!("{DAEMON}\nReferences: <{OURS}> <colleague@office.example.jp>");
    let bounce = read_text(&report(&head, &format!("about <{OURS}>"), &unknown("5.1.1"), &returned)).expect("a bounce");
    assert_eq!(bounce.letters, Vec::<String>::new());
}

#[test]
fn the_envelope_id_names_the_letter_where_nothing_is_returned() {
    let status =
        format!("Original-Envelope-Id: {OURS}\nReporting-MTA: dns; mx\n\n{}", unknown("5.1.1").split_once("\n\n").expect("two blocks").1);
    assert_eq!(read_text(&report(DAEMON, "x", &status, "")).expect("a bounce").letters, [format!("<{OURS}>")]);
}

#[test]
fn odd_reports_are_read_as_well() {
    for (name, status) in [
        ("no blank line between the blocks", "Reporting-MTA: dns; mx\nFinal-Recipient: rfc822; taro@applicant.example.jp\nAction: failed\nStatus: 5.1.1\n".to_owned()),
        ("OpenSMTPD's action", "Final-Recipient: rfc822; taro@applicant.example.jp\nAction: error\nStatus: 5.1.1\n".to_owned()),
        ("the type twice, and xtext", "Final-Recipient: rfc822; rfc822; <taro@applicant.example.jp>\nOriginal-Recipient: rfc822;taro+2Bx@applicant.example.jp\nAction: failed\nStatus: 5.1.1\n".to_owned()),
        ("no action", "Final-Recipient: rfc822;taro@applicant.example.jp\nStatus: 5.1.1 (bad destination)\n".to_owned()),
        ("another type of address", "Final-Recipient: X-Local; <taro@applicant.example.jp>\nAction: FAILED (permanently)\nStatus: 5.1.1\n".to_owned()),
        ("the address as it was given", "Original-Recipient: rfc822;taro@applicant.example.jp\nFinal-Recipient: rfc822;t1234@inside.applicant.example.jp\nAction: failed\nStatus: 5.1.1\n".to_owned()),
        ("one of two was reached", "Final-Recipient: rfc822; hana@applicant.example.jp\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; taro@applicant.example.jp\nAction: failed\nStatus: 5.1.1\n".to_owned()),
    ] {
        let bounce = read_text(&report(DAEMON, "x", &status, &returned())).unwrap_or_else(|| panic!("{name}"));
        assert!(bounce.addresses.contains(&"taro@applicant.example.jp".to_owned()), "{name}: {bounce:?}");
        assert!(!bounce.addresses.contains(&"hana@applicant.example.jp".to_owned()), "{name}: {bounce:?}");
        assert_eq!((bounce.status.as_deref(), bounce.failure), (Some("5.1.1"), Failure::UnknownAddress), "{name}");
    }
}

/// What servers wrote before there were reports, and some still do. Each is the shape, in words of our own where the words do not count.
#[test]
fn texts_without_a_report_are_read() {
    let exim = format!(
        "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.applicant.example.jp>\nX-Failed-Recipients: taro@applicant.example.jp\nSubject: Mail delivery failed: returning message to sender\n\n\
         A message that you sent could not be delivered to all of its recipients.\n\n  taro@applicant.example.jp\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\n{}",
        returned()
    );
    let qmail = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@applicant.example.jp\nSubject: failure notice\n\nHi. I wasn't able to deliver your message.\n\n<taro@applicant.example.jp>:\n\
         Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <desk@office.example.jp>\n{}",
        returned()
    );
    let japanese = format!(
        "From: postmaster@applicant.example.jp\nSubject: =?UTF-8?B?6YWN5L+h5LiN6IO9?=\nContent-Type: text/plain; charset=utf-8\n\n次の宛先に送信できませんでした。宛先が見つかりません。\n\n  taro@applicant.example.jp\n\n元のメッセージ:\n{}",
        returned()
    );
    let exchange = format!(
        "From: MicrosoftExchange@applicant.example.jp\nReturn-Path: <>\nIn-Reply-To: <{OURS}>\nReferences: <{OURS}>\nContent-Type: text/html\n\n\
         <html><body><p>Your message to taro@applicant.example.jp couldn't be delivered.</p><p>550 5.1.10 RESOLVER.ADR.RecipientNotFound</p></body></html>"
    );
    for (name, raw, status) in
        [("exim", exim, None), ("qmail", qmail, Some("5.1.1")), ("japanese", japanese, None), ("exchange", exchange, Some("5.1.10"))]
    {
        let bounce = read_text(&raw).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(bounce.letters, [format!("<{OURS}>")], "{name}");
        assert_eq!(bounce.addresses, ["taro@applicant.example.jp"], "{name}: what is returned names others");
        assert_eq!((bounce.status.as_deref(), bounce.failure), (status, Failure::UnknownAddress), "{name}: {bounce:?}");
    }
}

#[test]
fn what_only_looks_like_a_bounce_is_none() {
    let delayed = "Final-Recipient: rfc822; taro@applicant.example.jp\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Fri, 27 Nov 2026 10:00:00 +0900\n";
    let relayed = "Final-Recipient: rfc822; taro@applicant.example.jp\nAction: relayed\nStatus: 2.1.9\n";
    for (name, raw) in [
        ("a delay", report(DAEMON, "x", delayed, &returned())),
        ("a success", report(DAEMON, "x", relayed, &returned())),
        (
            "a delay in words",
            format!("{DAEMON}\n\nWarning: could not send message for past 4 hours. You do not need to resend it.\n\n{}", returned()),
        ),
        (
            "a vacation with a null path",
            format!(
                "Return-Path: <>\nFrom: taro@applicant.example.jp\nAuto-Submitted: auto-replied\nIn-Reply-To: <{OURS}>\nSubject: Re: x\n\nI am away until 5.1.26, user unknown taro@applicant.example.jp.\n"
            ),
        ),
        (
            "a person who asks about one",
            format!("From: taro@applicant.example.jp\nIn-Reply-To: <{OURS}>\n\nThe mail could not be delivered, 550 5.1.1 user unknown?\n"),
        ),
        (
            "a read receipt",
            format!(
                "From: taro@applicant.example.jp\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: text/plain\n\nread\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; taro@applicant.example.jp\nOriginal-Message-ID: <{OURS}>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
            ),
        ),
    ] {
        assert_eq!(read_text(&raw), None, "{name}");
    }
}

#[test]
fn nothing_is_taken_for_an_id_of_ours_that_is_none() {
    let other = returned().replace("uketsuke.", "x-uketsuke-");
    assert_eq!(read_text(&report(DAEMON, "x", &unknown("5.1.1"), &other)).expect("a bounce").letters, Vec::<String>::new());
    let many: String = (0..100).map(|number| format!("<uketsuke.{number}.missing.0@office.example.jp> ")).collect();
    let head = format!("{DAEMON}\nIn-Reply-To: {many}");
    assert_eq!(read_text(&report(&head, "x", &unknown("5.1.1"), "")).expect("a bounce").letters.len(), MOST_NAMES);
}
