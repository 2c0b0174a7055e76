//! A bad network between the watcher and a sound server: cut, reset, half closed, stalled, repeated, slow. The books balance every time.
//!
//! Octets that come twice are sent through TLS alone: TCP does not repeat, and who alters plaintext may write any mail.

use std::sync::Arc;
use std::time::Duration;

use testbed::imap::{Folder, Options, Server};
use testbed::mail::Random;
use testbed::proxy::{Fault, Proxy, Trouble, Way};
use testbed::tls::{self, Authority, Certificate};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uketsuke::mailbox::{Deadlines, Event, Settings};
use uketsuke::wire::Security;

use crate::bench::{Bench, settings, trust_of};

const MAILS: usize = 500;
const POINTS: usize = 200;
/// Octets of IDLE, which may follow before the passed ones are counted, TLS and all. A fault there would strike after all is done.
const IDLE: u64 = 128;
/// Sessions that run side by side; stalled ones only wait.
const SIDE_BY_SIDE: usize = 16;

const FAULTS: [Fault; 7] = [Fault::Cut, Fault::Reset, Fault::HalfClose, Fault::Stall, Fault::Repeat, Fault::Dribble, Fault::Delay];

/// Mails of different lengths, so that no point falls onto the same place of all.
fn post() -> Vec<String> {
    (1..=MAILS).map(|number| format!("Subject: mail {number}\r\n\r\n{}\r\n", "uketsuke ".repeat(number % 97))).collect()
}

fn impatient(port: u16) -> Settings {
    let deadlines = Deadlines { silence: Duration::from_secs(1), connect: Duration::from_secs(2), ..settings(port).deadlines };
    let mut settings = Settings { deadlines, ..settings(port) };
    settings.limits.batch_mails = 50;
    settings
}

/// A server that holds the post, and the settings to reach it by `port`.
type Line = fn() -> (Server, Box<dyn FnOnce(u16) -> Settings + Send>);

fn in_the_clear() -> (Server, Box<dyn FnOnce(u16) -> Settings + Send>) {
    let folder = Folder::named("INBOX").holding(post());
    (Server::start(Options { folders: vec![folder], ..Options::default() }), Box::new(impatient))
}

fn through_tls() -> (Server, Box<dyn FnOnce(u16) -> Settings + Send>) {
    let authority = Authority::new();
    let security = tls::Security::Tls(authority.server_config(Certificate::Valid));
    let folder = Folder::named("INBOX").holding(post());
    let server = Server::start(Options { folders: vec![folder], security, ..Options::default() });
    let trust = trust_of(&authority);
    (server, Box::new(move |port| Settings { security: Security::Tls, trust, ..impatient(port) }))
}

/// One watch of the whole folder through a relay that meets this trouble; how many octets passed to the client and to the server.
async fn balanced(line: Line, trouble: Option<Trouble>, name: &str) -> (u64, u64) {
    let post = post();
    let (server, settings) = line();
    let proxy = Proxy::start(server.port(), trouble.into_iter().collect());
    let bench = Bench::start(settings(proxy.port()));
    // Through to the comparison of all UIDs: whatever strikes before its end has to be overcome for it.
    bench.ledger.until(name, |rows| rows.events.iter().any(|event| matches!(event, Event::Reconciled { .. }))).await;
    let passed = (proxy.passed(Way::ToClient), proxy.passed(Way::ToServer));
    let ledger = bench.stop().await;
    let rows = ledger.rows();
    let mut kept = rows.kept.clone();
    kept.sort_by_key(|arrival| arrival.uid);
    assert_eq!(kept.iter().map(crate::ledger::body).collect::<Vec<String>>(), post, "{name}");
    assert_eq!((rows.quarantine.len(), rows.cursor.map(|cursor| cursor.next_uid)), (0, Some(501)), "{name}");
    let goes_on = matches!(trouble.map(|trouble| trouble.fault), None | Some(Fault::Dribble | Fault::Delay));
    assert_eq!(proxy.struck(), usize::from(trouble.is_some()), "{name}: the trouble came");
    assert!(goes_on || proxy.connections() > 1, "{name}: the watcher came back");
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_faults_at_random_points_lose_nothing_and_take_nothing_twice() {
    let (mut random, seed) = Random::of_this_run();
    let mut lines: Vec<(Line, u64, u64)> = Vec::new();
    for line in [in_the_clear, through_tls] as [Line; 2] {
        let (to_client, to_server) = balanced(line, None, "an honest line").await;
        lines.push((line, to_client, to_server));
    }
    let gate = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut running = JoinSet::new();
    for point in 0..POINTS {
        let fault = FAULTS[point % FAULTS.len()];
        let (line, to_client, to_server) = lines[usize::from(fault == Fault::Repeat || point % 2 == 0)];
        // Answers are most of the octets, questions most of the dialogue.
        let (way, octets) = if random.below(4) == 0 { (Way::ToServer, to_server) } else { (Way::ToClient, to_client) };
        let trouble = Trouble { after: 1 + random.below(octets - IDLE), way, fault };
        let gate = Arc::clone(&gate);
        running.spawn(async move {
            let _turn = gate.acquire_owned().await.unwrap();
            balanced(line, Some(trouble), &format!("seed {seed}, point {point}: {trouble:?}")).await;
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}
