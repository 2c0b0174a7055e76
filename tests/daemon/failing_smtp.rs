//! Each phase of the SMTP dialogue failing in each way, seen in the real store: what docs/replies.md says of the letter, line by line.

use testbed::imap::{self, Folder};
use testbed::smtp::{self, Account, Phase, Rule, What};
use tokio::task::JoinSet;

use crate::letters::greeting;
use crate::office::{Office, until};

/// What must become of the letter after the first attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// As if it had never been claimed; all sending pauses.
    Untouched,
    /// Again after a minute; the attempt is spent.
    Later,
    Refused,
    /// Nobody knows: a person decides.
    Unknown,
}

use Fate::{Later, Refused, Unknown, Untouched};

/// 4yz, 5yz, 421, a cut, silence, nonsense: the fates in each phase. Before the greeting there is nothing to answer.
const FATES: [(Phase, [Option<Fate>; 6]); 8] = [
    (Phase::Connect, [None, None, None, Some(Untouched), Some(Untouched), Some(Untouched)]),
    (Phase::Greeting, [Some(Untouched); 6]),
    (Phase::Ehlo, [Some(Untouched); 6]),
    (Phase::Auth, [Some(Untouched); 6]),
    (Phase::Mail, [Some(Later), Some(Untouched), Some(Later), Some(Later), Some(Later), Some(Later)]),
    (Phase::Rcpt, [Some(Later), Some(Refused), Some(Later), Some(Later), Some(Later), Some(Later)]),
    (Phase::Data, [Some(Later), Some(Refused), Some(Later), Some(Later), Some(Later), Some(Later)]),
    (Phase::Body, [Some(Later), Some(Refused), Some(Later), Some(Unknown), Some(Unknown), Some(Unknown)]),
];

fn ways(phase: Phase) -> [What; 6] {
    let permanent = match phase {
        Phase::Auth => "535 5.7.8 wrong password",
        Phase::Rcpt => "550 5.1.1 nobody of that name",
        Phase::Data => "554 5.5.1 no",
        Phase::Body => "554 5.6.0 not this text",
        _ => "554 5.0.0 not you",
    };
    [
        What::reply("451 4.3.0 not now"),
        What::reply(permanent),
        What::reply("421 4.3.2 closing"),
        What::Close,
        What::Stall,
        What::Garbage(b"HTTP/1.1 400 Bad Request\r\n".to_vec()),
    ]
}

/// An office with one letter to write and a login to a server that follows this script; short deadlines, and these keys of `[smtp]`.
pub fn office_with_login(script: Vec<Rule>, keys: &[(&str, &str)]) -> Office {
    let folders = vec![Folder::named("INBOX").holding([greeting("hanako@applicant.example.co.jp", 1)])];
    let options = imap::Options { folders, ..imap::Options::default() };
    let account = Some(Account { user: "office".to_owned(), password: options.password.clone(), token: None });
    let office = Office::new(options, smtp::Options { script, account, ..smtp::Options::default() }, |plan| plan);
    let password = format!("\"file:{}\"", office.path("password").display());
    let login = office.plan().set("smtp", "user", "\"office\"").set("smtp", "password", &password);
    office.write(&keys.iter().fold(login, |plan, (key, value)| plan.set("smtp", key, value)));
    office
}

async fn judge(phase: Phase, what: What, fate: Fate, kept: usize) {
    let name = format!("{phase:?} {what:?}");
    let office = office_with_login(vec![Rule::at(phase, what).nth(1)], &[("command-seconds", "1"), ("final-dot-seconds", "1")]);
    let daemon = office.start();
    // Either the server's words stand in the row, or the courier is in trouble.
    let sql = "SELECT state || ' ' || attempts || ' ' || coalesce(strftime('%s', next_attempt_at) - strftime('%s', changed_at), '-') FROM replies
         WHERE state NOT IN ('sending', 'data') AND (server_words IS NOT NULL OR EXISTS (SELECT 1 FROM health WHERE part = 'courier' AND sentence IS NOT NULL))";
    let row = until(&name, || format!("{name}\n{}", office.story()), || office.rows(sql).pop()).await;
    // State, attempts, seconds until the next: an untouched letter is due since it was written; a second may pass between two looks at the clock.
    let is_right = match fate {
        Untouched => row.starts_with("queued 0 "),
        Later => row == "queued 1 60" || row == "queued 1 59",
        Refused => row == "refused 1 -",
        Unknown => row == "unknown 1 -",
    };
    assert!(is_right, "{name}: {row} is not {fate:?}\n{}", office.story());
    assert_eq!(office.sink.letters().len(), kept, "{name}");
    assert_eq!(office.sink.connections(), 1, "{name}: nothing is tried again at once");
    daemon.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_of_every_failure_is_what_the_documents_say() {
    let mut cases = vec![(Phase::Body, What::KeepThenClose, Unknown, 1), (Phase::Body, What::KeepThenStall, Unknown, 1)];
    for (phase, fates) in FATES {
        cases.extend(ways(phase).into_iter().zip(fates).filter_map(|(what, fate)| Some((phase, what, fate?, 0))));
    }
    assert_eq!(cases.len(), 47);
    let mut running = JoinSet::new();
    let mut judged = 0;
    for (phase, what, fate, kept) in cases {
        // Daemons side by side, but not all of them.
        if running.len() == 8 {
            running.join_next().await.expect("running").expect("judged");
            judged += 1;
        }
        running.spawn(judge(phase, what, fate, kept));
    }
    while let Some(outcome) = running.join_next().await {
        outcome.expect("judged");
        judged += 1;
    }
    assert_eq!(judged, 47);
}
