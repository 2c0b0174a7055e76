//! Each phase of the dialogue failing in each way, once; then the server is well again.

use std::time::Duration;

use testbed::smtp::{Options, Phase, Rule, Sink, What};
use testbed::tls::{Authority, Certificate};
use tokio::task::JoinSet;
use uketsuke::courier::{Deadlines, Failure, Phase as Step, TroubleKind};
use uketsuke::wire::{Security, Trust};

use crate::office::{KEPT, Office, account, login, settings};

const SHORT: Duration = Duration::from_millis(400);
const GARBAGE: &str = "HTTP/1.1 400 Bad Request";

/// What must become of the letter.
enum Expected {
    /// The letter was never offered: back, a pause, and the second try (still attempt 1) delivers it.
    Retried(TroubleKind),
    /// The letter spent its attempt and waits a minute.
    Deferred(Option<TroubleKind>),
    Refused,
    /// Nobody knows; held. The sink has kept so many letters.
    Unknown(TroubleKind, usize),
}

use Expected::{Deferred, Refused, Retried, Unknown};
use TroubleKind::{Authentication, Network, Policy, Server, Tls};

struct Case {
    phase: Phase,
    what: What,
    expected: Expected,
}

fn step(phase: Phase) -> Step {
    match phase {
        Phase::Connect | Phase::Greeting => Step::Greeting,
        Phase::Ehlo => Step::Hello,
        Phase::StartTls => Step::StartTls,
        Phase::Auth => Step::Authentication,
        Phase::Mail => Step::Sender,
        Phase::Rcpt => Step::Recipient,
        Phase::Data => Step::Data,
        Phase::Body => Step::FinalDot,
        Phase::Quit => Step::Quit,
    }
}

/// Every phase by every misbehaviour that has a meaning there.
fn cases() -> Vec<Case> {
    let reply = |phase, text: &str, expected| Case { phase, what: What::reply(text), expected };
    let mut cases = vec![
        reply(Phase::Greeting, "450 4.3.2 not now", Retried(Server)),
        reply(Phase::Greeting, "554 5.7.1 your address is listed", Retried(Policy)),
        reply(Phase::Greeting, "421 4.3.2 too busy", Retried(Server)),
        reply(Phase::Ehlo, "451 4.3.0 not now", Retried(Server)),
        reply(Phase::Ehlo, "550 5.7.1 go away", Retried(Policy)),
        reply(Phase::Ehlo, "421 4.3.2 closing", Retried(Server)),
        reply(Phase::StartTls, "454 4.3.0 TLS is not available", Retried(Tls)),
        reply(Phase::StartTls, "502 5.5.1 what is that", Retried(Tls)),
        reply(Phase::StartTls, "421 4.3.2 closing", Retried(Tls)),
        reply(Phase::Auth, "454 4.7.0 the directory is down", Retried(Server)),
        reply(Phase::Auth, "535 5.7.8 wrong password", Retried(Authentication)),
        reply(Phase::Auth, "421 4.7.0 closing", Retried(Server)),
        reply(Phase::Mail, "451 4.3.0 not now", Deferred(Some(Server))),
        reply(Phase::Mail, "550 5.1.7 not this sender", Retried(Policy)),
        reply(Phase::Mail, "530 5.7.0 log in first", Retried(Authentication)),
        reply(Phase::Mail, "421 4.3.2 closing", Deferred(Some(Server))),
        reply(Phase::Rcpt, "450 4.2.1 greylisted", Deferred(None)),
        reply(Phase::Rcpt, "550 5.1.1 nobody of that name", Refused),
        reply(Phase::Rcpt, "554 5.7.1 relay access denied", Deferred(Some(Policy))),
        reply(Phase::Rcpt, "421 4.3.2 closing", Deferred(Some(Server))),
        reply(Phase::Data, "451 4.3.0 not now", Deferred(None)),
        reply(Phase::Data, "554 5.5.1 no", Refused),
        reply(Phase::Data, "421 4.3.2 closing", Deferred(Some(Server))),
        reply(Phase::Body, "451 4.3.0 disk full", Deferred(None)),
        reply(Phase::Body, "554 5.6.0 not this text", Refused),
        reply(Phase::Body, "550 5.7.26 unauthenticated sender", Deferred(Some(Policy))),
        reply(Phase::Body, "421 4.3.2 closing", Deferred(Some(Server))),
        Case { phase: Phase::Body, what: What::KeepThenClose, expected: Unknown(Network, 1) },
        Case { phase: Phase::Body, what: What::KeepThenStall, expected: Unknown(Network, 1) },
    ];
    let phases =
        [Phase::Connect, Phase::Greeting, Phase::Ehlo, Phase::StartTls, Phase::Auth, Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Body];
    for phase in phases {
        for (what, kind) in [(What::Close, Network), (What::Stall, Network), (What::Garbage(format!("{GARBAGE}\r\n").into_bytes()), Server)]
        {
            let expected = match phase {
                Phase::Mail | Phase::Rcpt | Phase::Data => Deferred(Some(kind)),
                Phase::Body => Unknown(kind, 0),
                _ => Retried(kind),
            };
            cases.push(Case { phase, what, expected });
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_of_every_phase_leaves_the_account_that_it_must() {
    let mut running = JoinSet::new();
    let cases = cases();
    let count = cases.len();
    for case in cases {
        running.spawn(async move { judge(case).await });
    }
    let mut done = 0;
    while let Some(outcome) = running.join_next().await {
        outcome.unwrap();
        done += 1;
    }
    assert_eq!(done, count);
}

async fn judge(case: Case) {
    let name = format!("{:?} {:?}", case.phase, case.what);
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("ca.pem");
    authority.write_pem(&authorities).unwrap();
    let script = vec![Rule::at(case.phase, case.what.clone()).nth(1)];
    let security = match case.phase {
        Phase::StartTls => testbed::tls::Security::StartTls(authority.server_config(Certificate::Valid)),
        _ => testbed::tls::Security::Plaintext,
    };
    let sink = Sink::start(Options { script, security, account: Some(account()), ..Options::default() });

    let mut settings = settings(sink.port());
    settings.login = Some(login());
    settings.trust = Trust::of_file(&authorities).unwrap();
    if case.phase == Phase::StartTls {
        settings.security = Security::StartTls;
        "localhost".clone_into(&mut settings.host);
    }
    if matches!(case.what, What::Stall | What::KeepThenStall) {
        settings.deadlines = Deadlines { command: SHORT, final_dot: SHORT, ..settings.deadlines };
    }
    if !matches!(case.expected, Retried(_)) {
        // The account ends with the pause; nothing must follow it.
        settings.rhythm.server_pauses = vec![Duration::from_hours(1)];
        settings.rhythm.account_pauses = vec![Duration::from_hours(1)];
    }
    let office = Office::open(settings, 1);
    office.ledger.wait_for(1, &["delivered", "deferred", "refused", "unknown"]).await;
    let account = office.close().await;
    let (expected, kept) = expected_account(&case);
    assert_eq!(account, expected, "{name}: {:#?}", sink.dialogue());
    assert_eq!(sink.letters().len(), kept, "{name}");
}

/// The whole account of a case, and how many letters the sink has at its end.
fn expected_account(case: &Case) -> (Vec<String>, usize) {
    let failure = failure(case);
    let words = failure.words();
    let trouble = |kind: TroubleKind| format!("trouble {}: {failure}", kind.word());
    let mut account = vec!["claimed 1, attempt 1".to_owned()];
    if case.phase == Phase::Body {
        account.push("data 1".to_owned());
    }
    let kept = match &case.expected {
        Retried(kind) => {
            account.extend(["returned 1".to_owned(), trouble(*kind), "claimed 1, attempt 1".to_owned(), "data 1".to_owned()]);
            account.extend([format!("delivered 1: {KEPT}"), "sent 1".to_owned(), "recovered".to_owned()]);
            1
        }
        Deferred(kind) => {
            account.push(format!("deferred 1 until +60 s: {words}"));
            account.extend(kind.map(trouble));
            0
        }
        Refused => {
            account.push(format!("refused 1: {words}"));
            0
        }
        Unknown(kind, kept) => {
            account.extend([format!("unknown 1: {words}"), trouble(*kind)]);
            *kept
        }
    };
    (account, kept)
}

/// The failure that the misbehaviour must be seen as.
fn failure(case: &Case) -> Failure {
    let phase = step(case.phase);
    match &case.what {
        What::Reply(text) => Failure::answered(phase, text).unwrap(),
        What::Close | What::KeepThenClose => Failure::Closed { phase },
        What::Stall | What::KeepThenStall => Failure::Timeout { phase, limit: SHORT },
        What::Garbage(_) => Failure::Garbled { phase, line: GARBAGE.to_owned() },
    }
}
