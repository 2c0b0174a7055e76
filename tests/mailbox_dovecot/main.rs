//! The IMAP station against a real Dovecot, the testbed's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

mod dovecot;
#[path = "../mailbox/ledger.rs"]
#[allow(dead_code, reason = "the scripted server's tests ask it for more")]
mod ledger;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use uketsuke::mailbox::{
    self, Action, Deadlines, Event, Filed, Filing, FilingRules, Intervals, Limits, LoginMethod, Pauses, Settings, Support,
};
use uketsuke::secret::Secret;
use uketsuke::token::Credentials;
use uketsuke::wire::{Security, Trust};

use dovecot::Dovecot;
use ledger::MemoryLedger;

fn settings(dovecot: &Dovecot) -> Settings {
    Settings {
        account: "office".to_owned(),
        host: "localhost".to_owned(),
        port: dovecot.tls_port(),
        security: Security::Tls,
        trust: Trust::of_file(&dovecot.authority()).unwrap(),
        proxy: None,
        user: "desk".to_owned(),
        credentials: Credentials::Password(Secret::new("himitsu".to_owned())),
        login: LoginMethod::Auto,
        folder: "INBOX".to_owned(),
        filing: FilingRules::None,
        sent_folder: None,
        limits: Limits::default(),
        intervals: Intervals::default(),
        deadlines: Deadlines::default(),
        pauses: Pauses { first: Duration::from_millis(20), ..Pauses::default() },
    }
}

struct Running {
    ledger: Arc<MemoryLedger>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

fn start(settings: Settings, ledger: Arc<MemoryLedger>) -> Running {
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(mailbox::watch(settings, Arc::clone(&ledger), stopping, Arc::new(Notify::new())));
    Running { ledger, stop, task }
}

impl Running {
    async fn stop(self) -> Arc<MemoryLedger> {
        self.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.task).await.expect("stops in time").unwrap();
        self.ledger
    }
}

fn mail(number: usize, size: usize) -> String {
    let head = format!("From: Taro <taro@example.co.jp>\r\nSubject: mail {number}\r\n\r\n");
    let line = format!("{number:08} {}\r\n", "x".repeat(65));
    let lines = size.saturating_sub(head.len()) / line.len();
    format!("{head}{}", line.repeat(lines))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_mails_come_whole_and_in_order() {
    let dovecot = Dovecot::start();
    let mails: Vec<String> = (1..=2_000).map(|number| mail(number, 6_000)).collect();
    dovecot.fill(&mails);
    // The server builds its index at the first look of anybody.
    mailbox::probe(&settings(&dovecot)).await.unwrap();
    let ledger = Arc::new(MemoryLedger::default());
    ledger.rows().kept.reserve(2_000);
    let running = start(settings(&dovecot), ledger);
    running.ledger.until("first look", |rows| rows.looks() == 1).await;
    let ledger = running.stop().await;
    assert_eq!(ledger.rows().bodies(), mails);
}

#[tokio::test]
async fn live_mail_renumbering_and_stop() {
    let dovecot = Dovecot::start();
    dovecot.fill(&[mail(1, 500), mail(2, 500)]);
    let running = start(settings(&dovecot), Arc::default());
    running.ledger.until("idling", |rows| rows.events.contains(&Event::Idling)).await;
    dovecot.fill(&[mail(3, 500)]);
    running.ledger.until("live mail", |rows| rows.kept.len() == 3).await;
    // An open session would write the old numbering back, so nobody may be there.
    let ledger = running.stop().await;
    dovecot.renumber();
    dovecot.fill(&[mail(4, 500)]);
    let running = start(settings(&dovecot), ledger);
    running.ledger.until("the mail after the renumbering", |rows| rows.kept.len() == 4 && rows.again == 3).await;
    let ledger = running.stop().await;
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), [1, 2, 3, 4].map(|number| mail(number, 500)));
    assert_eq!(rows.again, 3, "the old ones were recognised");
    assert!(dovecot.flags().iter().all(|flags| !flags.contains('S')), "nothing was marked as seen: {:?}", dovecot.flags());
}

#[tokio::test]
async fn filing_by_keyword_and_into_japanese_folders_that_are_made() {
    let dovecot = Dovecot::start();
    dovecot.fill(&(1..=4).map(|number| mail(number, 300)).collect::<Vec<String>>());
    let targets = BTreeMap::from([("accepted".to_owned(), "受付/済み".to_owned())]);
    let ledger = Arc::new(MemoryLedger::default());
    let actions = [Action::Keyword("$Uketsuke".to_owned()), Action::MoveTo("受付/済み".to_owned())];
    ledger.rows().filings =
        (1..=4_u32).map(|uid| Filing { id: i64::from(uid), uid, action: actions[usize::from(uid > 2)].clone() }).collect();
    let settings = Settings { filing: FilingRules::Folders(targets), ..settings(&dovecot) };
    let running = start(settings, ledger);
    running.ledger.until("filings", |rows| rows.filed.len() == 4).await;
    let ledger = running.stop().await;
    assert!(ledger.rows().filed.iter().all(|(_, outcome)| *outcome == Filed::Done), "{:?}", ledger.rows().filed);
    // Dovecot's separator for maildir is a dot: 受付.済み
    assert_eq!(dovecot.count(".&U9dO2A-.&bggwfw-"), 2);
    assert_eq!(dovecot.count(""), 2);
    assert_eq!(dovecot.flags().iter().filter(|flags| flags.contains('a')).count(), 2, "{:?}", dovecot.flags());
}

#[tokio::test]
async fn a_killed_server_process_loses_nothing() {
    let dovecot = Dovecot::start();
    let mails: Vec<String> = (1..=400).map(|number| mail(number, 6_000)).collect();
    dovecot.fill(&mails);
    let ledger = Arc::new(MemoryLedger::default());
    let pid = dovecot.pid();
    for count in [1, 2] {
        ledger.at_receipt(count, move || dovecot::kill_sessions_of(pid));
        let mut settings = settings(&dovecot);
        settings.limits.batch_mails = 50;
        let running = start(settings, Arc::clone(&ledger));
        running.ledger.until("a look", |rows| rows.looks() >= count).await;
        running.stop().await;
    }
    let rows = ledger.rows();
    assert_eq!(rows.bodies(), mails);
    assert!(rows.quarantine.is_empty());
    assert!(!rows.failures().is_empty(), "the process was not killed at all");
}

#[tokio::test]
async fn starttls_login_methods_and_probe() {
    let dovecot = Dovecot::start();
    dovecot.fill(&[mail(1, 300)]);
    let bare = Settings { port: dovecot.port(), ..settings(&dovecot) };
    for security in [Security::StartTls, Security::Plaintext] {
        for login in [LoginMethod::Auto, LoginMethod::Login, LoginMethod::Plain] {
            let report = mailbox::probe(&Settings { security, login, ..bare.clone() }).await.unwrap();
            assert_eq!((report.exists, report.idle, report.moving, report.uidplus), (1, Support::Yes, Support::Yes, Support::Yes));
        }
    }
    let wrong = Settings { credentials: Credentials::Password(Secret::new("chigau".to_owned())), ..bare };
    let refused = mailbox::probe(&Settings { security: Security::StartTls, ..wrong }).await.unwrap_err();
    assert_eq!(refused.kind(), mailbox::FailureKind::Authentication, "{refused}");
}
