//! SIGKILL in every phase of the SMTP dialogue, and in the middle of the store's work around it.
//!
//! What the applicant may notice: before the letter's bytes leave, nothing but a later letter; after, at most what `on-unknown` says.

use testbed::imap::{self, Folder};
use testbed::smtp::{self, Phase, Rule, What};
use testbed::tls::{Authority, Certificate, Security};

use crate::failing_smtp::office_with_login;
use crate::letters::greeting;
use crate::office::{DEADLINE, Office};

/// An office with one letter to write, to a server that falls silent in this phase of the first session.
fn office(phase: Phase, what: What, on_unknown: &str) -> Office {
    office_with_login(vec![Rule::at(phase, what).nth(1)], &[("on-unknown", &format!("\"{on_unknown}\""))])
}

/// Kills the daemon while the server is silent, starts it again, and tells the letter's state and attempts at the end.
async fn killed_in(office: &Office) -> String {
    let daemon = office.start();
    office.sink.wait_until(|state| state.fired() == 1, DEADLINE).await.expect("the phase");
    daemon.signal(rustix::process::Signal::KILL);
    daemon.killed().await;
    let daemon = office.start();
    // The rows may be settled before it has begun.
    daemon.until_said("The office is open.").await;
    office.until_settled(1).await;
    daemon.close().await;
    office.rows("SELECT state, attempts FROM replies").remove(0)
}

#[tokio::test]
async fn before_the_letters_bytes_leave_it_is_sent_once_by_the_next_run() {
    for phase in [Phase::Connect, Phase::Greeting, Phase::Ehlo, Phase::Auth, Phase::Mail, Phase::Rcpt, Phase::Data] {
        let office = office(phase, What::Stall, "hold");
        assert_eq!(killed_in(&office).await, "sent|2", "{phase:?}");
        assert_eq!(office.sink.letters().len(), 1, "{phase:?}");
    }
}

#[tokio::test]
async fn while_the_connection_is_being_protected_nothing_is_lost_either() {
    let authority = Authority::new();
    let security = Security::StartTls(authority.server_config(Certificate::Valid));
    let folders = vec![Folder::named("INBOX").holding([greeting("hanako@applicant.example.co.jp", 1)])];
    let sink = smtp::Options { script: vec![Rule::at(Phase::StartTls, What::Stall).nth(1)], security, ..smtp::Options::default() };
    let office = Office::new(imap::Options { folders, ..imap::Options::default() }, sink, |plan| plan);
    authority.write_pem(&office.path("ca.pem")).expect("written");
    let authorities = format!("\"{}\"", office.path("ca.pem").display());
    let plan = office.plan().set("smtp", "host", "\"localhost\"").set("smtp", "security", "\"starttls\"");
    office.write(&plan.set("smtp", "ca-file", &authorities));
    assert_eq!(killed_in(&office).await, "sent|2");
    assert_eq!(office.sink.letters().len(), 1);
}

#[tokio::test]
async fn after_the_final_dot_nobody_knows_and_it_is_held() {
    for (what, kept) in [(What::Stall, 0), (What::KeepThenStall, 1)] {
        let office = office(Phase::Body, what, "hold");
        assert_eq!(killed_in(&office).await, "unknown|1");
        assert_eq!(office.sink.letters().len(), kept, "no second letter, whether the first one arrived or not");
    }
}

#[tokio::test]
async fn after_the_final_dot_it_is_sent_again_where_the_office_asks_for_it() {
    for (what, kept) in [(What::Stall, 1), (What::KeepThenStall, 2)] {
        let office = office(Phase::Body, what, "resend");
        assert_eq!(killed_in(&office).await, "sent|2");
        let letters = office.sink.letters();
        assert_eq!(letters.len(), kept);
        assert!(letters.windows(2).all(|pair| pair[0].data == pair[1].data), "the same bytes, and so the same Message-ID");
    }
}

#[tokio::test]
async fn at_the_farewell_the_letter_is_sent_and_stays_so() {
    let office = office(Phase::Quit, What::Stall, "resend");
    assert_eq!(killed_in(&office).await, "sent|1");
    assert_eq!(office.sink.letters().len(), 1);
}
