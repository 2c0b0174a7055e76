use super::*;
use crate::desk::sample_rules;

/// Header sets, each with the system or the paragraph that it comes from and with our answer.
const CASES: &str = include_str!("cases.tsv");

fn mail(header_lines: &str) -> String {
    let from = if header_lines.to_ascii_lowercase().contains("from:") { "" } else { "From: taro@applicant.example.jp\n" };
    format!("{from}{header_lines}\n\nお世話になっております。\n")
}

/// The gate that the headers close, and the letter that the whole judgement writes.
fn answer(header_lines: &str) -> (Option<&'static str>, &'static str) {
    let (raw, rules) = (mail(header_lines), sample_rules());
    let gate = by_headers(&Headers::parse(raw.as_bytes()), &rules).map(Gate::word);
    let (_, conclusion) = crate::desk::examine(raw.as_bytes(), &rules, &Standing::default(), NOW, NOW);
    (gate, conclusion.reply.word())
}

#[test]
fn every_header_set_of_the_table_is_answered_as_it_says() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let [source, expected, lines] = line.split('\t').collect::<Vec<_>>().try_into().expect("three columns");
        let lines = lines.replace("\\n", "\n");
        let expected = if expected == "answered" { (None, "missing") } else { (Some(expected), "none") };
        let found = answer(&lines);
        if found != expected {
            wrong.push(format!("{source}: {lines:?} is {found:?}, not {expected:?}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 600, "only {count} cases");
}

#[test]
fn a_program_is_recognised_and_a_person_is_not_taken_for_one() {
    let origin_of = |lines: &str| {
        let from = if lines.contains("From:") { "" } else { "From: taro@applicant.example.jp\n" };
        let raw = format!("{from}{lines}\n\n");
        let headers = Headers::parse(raw.as_bytes());
        origin(&headers, by_headers(&headers, &sample_rules()), &sample_rules())
    };
    for lines in [
        "Subject: 自動返信メールが届きません",
        "Subject: 不在にしておりました",
        "Subject: 不在のため、書類は来週になります",
        "Subject: 自動送信の設定について",
        "Subject: Re: 自動応答: x",
        "Subject: 未配信のメールについて",
        "Subject: Virus detected on our side, please wait",
        "Subject: Auto: quotation",
        "X-Auto-Response-Suppress: All",
        "X-Spam-Flag: YES",
        "From: a..b@applicant.example.jp",
        "Reply-To: x@elsewhere.example.com",
    ] {
        assert_eq!(origin_of(lines), Origin::Applicant, "{lines}");
    }
    for lines in [
        "Subject: 自動応答: 不在です",
        "Subject: 自動応答メッセージ：不在です",
        "Subject: 【自動返信】お問い合わせありがとうございます",
        "Subject: [自動配信] ご案内",
        "Subject: 不在",
        "Subject: 不在通知",
        "Subject: 不在のお知らせ",
        "Subject: Out of Office: x",
        "Subject: Undelivered Mail Returned to Sender",
        "X-Loop: x",
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "From: MAILER-DAEMON@applicant.example.jp",
    ] {
        assert_eq!(origin_of(lines), Origin::Automatic, "{lines}");
    }
    for lines in [
        "X-Uketsuke-Loop: desk",
        "Message-ID: <uketsuke.1@office.example.jp>",
        "From: desk@office.example.jp",
        "Content-Type: multipart/report",
    ] {
        assert_eq!(origin_of(lines), Origin::Echo, "{lines}");
    }
}

#[test]
fn mail_that_is_not_addressed_to_us_is_left_alone() {
    let mut rules = sample_rules();
    rules.gates.addressed_to = vec!["desk@office.example.jp".to_owned()];
    let held = |lines: &str| by_headers(&Headers::parse(format!("From: a@applicant.example.jp\n{lines}\n\n").as_bytes()), &rules);
    assert_eq!(held("To: Desk <DESK@office.example.jp>"), None);
    assert_eq!(held("X-Original-To: desk@office.example.jp"), None);
    assert_eq!(held("To: other@office.example.jp"), Some(Gate::NotForUs));
}

#[test]
fn authentication_can_be_required() {
    let mut rules = sample_rules();
    rules.gates.require_authenticated_sender = RequireAuthentication::Always;
    let held = |lines: &str| by_headers(&Headers::parse(format!("From: a@applicant.example.jp\n{lines}\n\n").as_bytes()), &rules);
    assert_eq!(held("Authentication-Results: mx.office.example.jp; dmarc=pass"), None);
    assert_eq!(held("Subject: x"), Some(Gate::Unauthenticated));
}

const NOW: i64 = 1_790_000_000;

fn standing_gate(change: impl FnOnce(&mut Standing)) -> Option<Gate> {
    let mut standing = Standing::default();
    change(&mut standing);
    by_standing(ReplyKind::Missing, "taro@applicant.example.jp", &sample_rules(), &standing, NOW - 60, NOW)
}

#[test]
fn every_gate_of_the_store_holds() {
    assert_eq!(standing_gate(|_| ()), None);
    assert_eq!(standing_gate(|standing| standing.arrival = Arrival::FirstSync), Some(Gate::Off));
    assert_eq!(standing_gate(|standing| standing.arrival = Arrival::Rescan), Some(Gate::Off));
    assert_eq!(standing_gate(|standing| standing.settled = true), Some(Gate::Settled));
    assert_eq!(standing_gate(|standing| standing.answers_our_letter = true), Some(Gate::Settled));
    assert_eq!(standing_gate(|standing| standing.letters_to_sender = vec![("missing".to_owned(), NOW - 6 * DAY)]), Some(Gate::Rate));
    assert_eq!(standing_gate(|standing| standing.letters_to_sender = vec![("missing".to_owned(), NOW - 8 * DAY)]), None);
    assert_eq!(standing_gate(|standing| standing.letters_to_sender = vec![("wrong_type".to_owned(), NOW - 60); 3]), Some(Gate::Rate));
    assert_eq!(standing_gate(|standing| standing.letters_in_thread = 2), Some(Gate::Rate));
    assert_eq!(standing_gate(|standing| standing.letters_to_domain_last_hour = 20), Some(Gate::Rate));
    assert_eq!(standing_gate(|standing| standing.letters_last_hour = 60), None, "the breaker holds letters, it loses none");
    assert_eq!(standing_gate(|standing| standing.bounced_at = Some(NOW - 59 * DAY)), Some(Gate::Bounced));
    assert_eq!(standing_gate(|standing| standing.bounced_at = Some(NOW - 61 * DAY)), None);
}

#[test]
fn old_mail_and_switched_off_replies_get_no_letter() {
    let rules = sample_rules();
    let old = NOW - 49 * 60 * 60;
    assert_eq!(by_standing(ReplyKind::Missing, "a@applicant.example.jp", &rules, &Standing::default(), old, NOW), Some(Gate::Off));
    let mut off = sample_rules();
    off.gates.mode = ReplyMode::Off;
    assert_eq!(by_standing(ReplyKind::Missing, "a@applicant.example.jp", &off, &Standing::default(), NOW, NOW), Some(Gate::Off));
}
