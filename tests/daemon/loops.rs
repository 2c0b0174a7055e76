//! Programs that answer programs, and strangers that write ten thousand times.

use testbed::imap;
use testbed::smtp::{self, Letter};

use crate::letters::{greeting, office_with};
use crate::office::{DEADLINE, Office};

/// An office of its own name.
fn named(address: &str, mails: &[String]) -> Office {
    let folders = vec![imap::Folder::named("INBOX").holding(mails.iter().cloned())];
    let options = imap::Options { folders, user: address.to_owned(), ..imap::Options::default() };
    Office::new(options, smtp::Options::default(), |plan| plan.account("user", &format!("\"{address}\"")))
}

/// Which header fields a gateway between two offices lets through.
#[derive(Clone, Copy)]
enum Gateway {
    /// All of them.
    Honest,
    /// None that tells a letter from a person's mail; it gives it a new Message-ID, too.
    Rude,
}

impl Gateway {
    fn passed(self, letter: &Letter, number: usize) -> Vec<u8> {
        let text = String::from_utf8(letter.data.clone()).expect("ASCII");
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        let head = match self {
            Self::Honest => head.to_owned(),
            Self::Rude => {
                let telling = ["Auto-Submitted", "X-", "Precedence", "Message-ID", "In-Reply-To", "References", "Date"];
                let unfolded = head.replace("\r\n ", " ");
                let kept = unfolded.split("\r\n").filter(|line| !telling.iter().any(|name| line.starts_with(name)));
                let kept: Vec<&str> = kept.collect();
                format!("{}\r\nMessage-ID: <gateway-{number}@relay.example.com>", kept.join("\r\n"))
            }
        };
        format!("{head}\r\n\r\n{body}").into_bytes()
    }
}

/// Carries every new letter of one office into the mailbox of the other, until nothing new comes; how many each has written.
async fn correspond(one: &Office, other: &Office, gateway: Gateway) -> [usize; 2] {
    let mut carried = [0, 0];
    let mut received = [1, 0];
    for _ in 0..20 {
        let mut is_quiet = true;
        for (here, from, to) in [(0, one, other), (1, other, one)] {
            from.until_settled(received[here]).await;
            let letters = from.sink.letters();
            for letter in &letters[carried[here]..] {
                is_quiet = false;
                to.imap.deliver(gateway.passed(letter, carried[here] * 2 + here));
                carried[here] += 1;
                received[1 - here] += 1;
            }
        }
        if is_quiet {
            return carried;
        }
    }
    carried
}

#[tokio::test]
async fn two_offices_that_answer_each_other_stop() {
    for (gateway, expected) in [(Gateway::Honest, [1, 0]), (Gateway::Rude, [1, 1])] {
        let first = greeting("desk@another.example.jp", 1);
        let one = named("desk@office.example.jp", &[first]);
        let other = named("desk@another.example.jp", &[]);
        let daemons = [one.start(), other.start()];
        other.imap.wait_until(|state| state.idling() == 1, DEADLINE).await.expect("watching");
        assert_eq!(correspond(&one, &other, gateway).await, expected);
        for daemon in daemons {
            daemon.close().await;
        }
    }
}

/// A responder that sets no header, no reference and no subject of ours: nothing but its sender tells that it is the same one.
#[tokio::test]
async fn a_responder_without_any_header_gets_at_most_two_letters() {
    let applicant = "hanako@applicant.example.co.jp";
    for subject in ["休暇中です", "Re: "] {
        let office = office_with(&[greeting(applicant, 1)], |plan| plan);
        let daemon = office.start();
        let mut mails = 1;
        let mut answered = 0;
        loop {
            office.until_settled(mails).await;
            let letters = office.sink.letters();
            if letters.len() == answered || letters.len() > 10 {
                break;
            }
            answered = letters.len();
            let of_letter = String::from_utf8_lossy(&letters[answered - 1].data).replace("\r\n ", " ");
            let theirs = of_letter.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject").to_owned();
            let subject = if subject == "Re: " { format!("Re: {theirs}") } else { subject.to_owned() };
            office.imap.deliver(format!("From: {applicant}\r\nSubject: {subject}\r\nMessage-ID: <v{mails}@applicant.example.co.jp>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n来週まで不在です。\r\n"));
            mails += 1;
        }
        assert!(office.sink.letters().len() <= 2, "{subject}: {} letters", office.sink.letters().len());
        let gates = office.rows("SELECT verdict, reply, reply_gate FROM submissions WHERE id = 2");
        // An answer to our own subject is a person's business, whoever wrote it; anything else has met its limit.
        assert_eq!(gates, [if subject == "Re: " { "review|none|verdict" } else { "missing|none|rate" }], "{subject}");
        daemon.close().await;
    }
}

#[tokio::test]
async fn ten_thousand_mails_of_one_forged_sender_get_the_configured_letters_and_no_more() {
    const MAILS: usize = 10_000;
    let forged = "hanako@applicant.example.co.jp";
    let mails: Vec<String> = (1..=MAILS).map(|number| greeting(forged, number)).collect();
    // The same kind again and again within a day, so that the daily limit is what stops it.
    let office = office_with(&mails, |plan| plan.set("reply", "same-kind-days", "0"));
    let daemon = office.start();
    office.until_settled(MAILS).await;
    assert_eq!(office.sink.letters().len(), 3, "per-sender-a-day");
    let reasons = office.rows("SELECT verdict, reply, reply_gate, count(*) FROM submissions GROUP BY 1, 2, 3 ORDER BY 4");
    assert_eq!(reasons, ["missing|missing|-|3".to_owned(), format!("missing|none|rate|{}", MAILS - 3)]);
    assert_eq!(office.ask_json(&["status", "--json"]).await["withheld"]["rate"], MAILS - 3);
    daemon.close().await;
}
