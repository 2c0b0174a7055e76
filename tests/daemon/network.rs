//! A bad network between the whole daemon and a sound server: as many submissions as mails, each judged once.

use testbed::imap::{self, Folder};
use testbed::mail::{Random, Submission, bulk};
use testbed::proxy::{Fault, Proxy, Trouble, Way};
use testbed::smtp;

use crate::office::Office;
use crate::post::Post;

const MAILS: usize = 500;
/// Connections that are spoilt, one after the other; the daemon stays away longer after each.
const FAULTS: usize = 8;
/// What passes to the client before a connection is spoilt, at most. Octets.
const FAR: u64 = 400_000;

#[tokio::test]
async fn eight_spoilt_connections_in_a_row_lose_nothing_and_judge_nothing_twice() {
    let (mut random, seed) = Random::of_this_run();
    let mails: Vec<Submission> = bulk(seed, MAILS + MAILS / 20).filter(|mail| mail.raw.len() < 100_000).take(MAILS).collect();
    let inbox = Folder::named("INBOX").holding(mails.iter().map(|mail| mail.raw.clone()));
    let options = imap::Options { folders: vec![inbox], ..imap::Options::default() };
    let office = Office::new(options, smtp::Options::default(), |plan| plan);
    let kinds = [Fault::Cut, Fault::Reset, Fault::HalfClose, Fault::Stall];
    let trouble = |number: usize| Trouble { after: 1 + random.below(FAR), way: Way::ToClient, fault: kinds[number % kinds.len()] };
    let troubles: Vec<Trouble> = (0..FAULTS).map(trouble).collect();
    let proxy = Proxy::start(office.imap.port(), troubles.clone());
    office.write(&office.plan().account("port", &proxy.port().to_string()).account("silence-seconds", "2").set("reply", "mode", "\"off\""));
    let daemon = office.start();
    office.until_settled(MAILS).await;
    let post = Post { mails }.unanswered();
    assert_eq!(office.judged(), post.rows(), "seed {seed}, {troubles:?}\n{}", office.story());
    assert_eq!(office.rows("SELECT count(DISTINCT sha256), count(*) FROM submissions"), [format!("{MAILS}|{MAILS}")], "seed {seed}");
    assert_eq!(office.rows("SELECT count(*) FROM quarantine"), ["0"], "seed {seed}");
    assert!(proxy.struck() > 2, "seed {seed}: only {} connections were spoilt", proxy.struck());
    daemon.close().await;
}
