//! What lets an office dare to switch replies on: reading a letter first, a test letter, the breaker, a server of an account's own.

use rustix::process::Signal;
use testbed::imap::{self, Folder};
use testbed::smtp::{self, Phase, Rule, Sink, What};

use crate::letters::{greeting, office_with};
use crate::office::{DEADLINE, Office};

/// As many mails as this, each from a domain of its own.
fn crowd(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|number| greeting(&format!("u{number}@office{number}.example.co.jp"), number)).collect()
}

#[tokio::test]
async fn more_letters_than_an_office_ever_sends_wait_for_a_person() {
    let office = office_with(&crowd(1, 5), |plan| plan.set("reply", "total-an-hour", "3"));
    let daemon = office.start();
    office.until_settled(5).await;
    assert_eq!(office.rows("SELECT state, hold_reason, count(*) FROM replies GROUP BY 1, 2"), ["held|breaker|5"]);
    assert_eq!(office.rows("SELECT DISTINCT reply, reply_gate FROM submissions"), ["missing|-"], "a held letter is due all the same");
    daemon.until_said("More letters than total-an-hour would have gone out; all of them are held.").await;
    let status = office.ask(&["status"]).await.stdout;
    assert!(status.contains("返信が1時間に3通に達したため、") && status.contains("uketsuke outbox resume"), "{status}");
    let json = office.ask_json(&["status", "--json"]).await;
    assert_eq!((json["healthy"].clone(), json["breaker"]["letters"].clone()), (false.into(), 3.into()));
    assert!(office.ask(&["outbox", "show", "1"]).await.stdout.contains("total-an-hour"));

    let resumed = office.ask(&["outbox", "resume"]).await;
    assert_eq!((resumed.code, resumed.stdout.contains("保留中の返信は5通です")), (Some(0), true), "{}", resumed.stdout);
    let again = office.ask(&["outbox", "resume"]).await;
    assert_eq!((again.code, again.stderr.as_str()), (Some(1), "uketsuke: sending was not halted, so there is nothing to resume\n"));
    office.imap.deliver(crowd(6, 1).remove(0));
    let letters = office.sink.wait_for(1, DEADLINE).await.expect("a new letter leaves by itself");
    assert_eq!(letters[0].recipients, ["u6@office6.example.co.jp"]);

    assert_eq!(office.ask(&["outbox", "cancel", "5"]).await.code, Some(0));
    assert_eq!(office.ask(&["outbox", "release", "--all"]).await.stdout.lines().count(), 4);
    assert_eq!(office.ask(&["outbox", "release", "--all"]).await.stdout, "保留中の返信はありません。\n");
    daemon.close().await;
    let daemon = office.start();
    office.until_rows("SELECT state, count(*) FROM replies GROUP BY 1 ORDER BY 1", &["cancelled|1", "sent|5"]).await;
    assert_eq!(office.ask_json(&["status", "--json"]).await["healthy"], true);
    daemon.close().await;
}

#[tokio::test]
async fn an_account_may_have_a_server_and_an_address_of_its_own() {
    let folders = vec![
        Folder::named("INBOX").holding([greeting("ichiro@applicant.example.co.jp", 1)]),
        Folder::named("Second").holding([greeting("jiro@elsewhere.example.co.jp", 2)]),
    ];
    let office = Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options::default(), |plan| plan);
    let second = Sink::start(smtp::Options {
        script: vec![Rule::at(Phase::Greeting, What::reply("421 4.3.2 not now")).nth(1)],
        ..smtp::Options::default()
    });
    let account =
        office.plan().account("name", "\"second\"").account("folder", "\"Second\"").account("from", "\"second@office.example.jp\"").text();
    let account = account.split("\n[").next().expect("never empty");
    let plan = format!(
        "{account}\n[accounts.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"plaintext\"\nenvelope-from = \"second@office.example.jp\"\n{}",
        second.port(),
        office.plan().text()
    );
    office.write_text(&plan);
    assert_eq!(office.ask(&["check"]).await.code, Some(3), "the second server is not well yet");
    let daemon = office.start();
    office.until_settled(2).await;
    let (first, other) = (office.sink.letters(), second.letters());
    assert_eq!((first.len(), other.len()), (1, 1));
    let head = |letter: &smtp::Letter| String::from_utf8_lossy(&letter.data).split("\r\n\r\n").next().unwrap_or_default().to_owned();
    assert_eq!(
        (first[0].recipients.as_slice(), first[0].envelope_from.as_str()),
        (["ichiro@applicant.example.co.jp".to_owned()].as_slice(), "")
    );
    assert!(head(&first[0]).contains("<desk@office.example.jp>"), "{}", head(&first[0]));
    assert_eq!(other[0].recipients, ["jiro@elsewhere.example.co.jp"]);
    assert_eq!(other[0].envelope_from, "second@office.example.jp");
    assert_eq!(other[0].rcpt_parameters, [["NOTIFY=FAILURE"]], "where reports come to the office, those of failures are wanted");
    let id =
        head(&other[0]).lines().find_map(|line| line.strip_prefix("Message-ID: <")?.strip_suffix('>').map(str::to_owned)).expect("an id");
    assert!(other[0].mail_parameters.contains(&format!("ENVID={id}")) && other[0].mail_parameters.contains(&"RET=HDRS".to_owned()));
    assert!(head(&other[0]).contains("<second@office.example.jp>"), "{}", head(&other[0]));
    assert_eq!(office.rows("SELECT relay FROM replies ORDER BY recipient"), ["", "second"]);
    let parts = office.rows("SELECT part FROM health WHERE part LIKE 'courier%' ORDER BY part");
    assert_eq!(parts, ["courier", "courier:second"]);
    daemon.close().await;
}

#[tokio::test]
async fn of_two_folders_of_one_mailbox_one_may_be_judged_without_answers() {
    let (both, forged) = ("ichiro@applicant.example.co.jp", "jiro@elsewhere.example.co.jp");
    let folders =
        vec![Folder::named("INBOX").holding([greeting(both, 1)]), Folder::named("Junk").holding([greeting(forged, 2), greeting(both, 1)])];
    let office = Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options::default(), |plan| plan);
    let junk = |answers: &str| {
        let plan = office.plan().account("name", "\"junk\"").account("folder", "\"Junk\"").account("answers", answers).text();
        format!("{}\n{}", plan.split("\n[").next().expect("never empty"), office.plan().text())
    };
    office.write_text(&junk("false"));
    let daemon = office.start();
    office.until_settled(3).await;
    let rows = "SELECT account, sender, verdict, coalesce(reply_gate, reply) FROM submissions ORDER BY account, sender";
    let quiet = [format!("desk|{both}|missing|missing"), format!("junk|{both}|missing|off"), format!("junk|{forged}|missing|off")];
    assert_eq!(office.rows(rows), quiet);
    assert_eq!(office.sink.letters().len(), 1, "{}", office.story());
    // A reload is enough to answer there, too.
    office.write_text(&junk("true"));
    daemon.signal(Signal::HUP);
    daemon.until_said("The rules and letters were read again.").await;
    office.imap.deliver_to("Junk", greeting("saburo@elsewhere.example.co.jp", 3));
    office.until_settled(4).await;
    assert_eq!(office.sink.letters().len(), 2, "{}", office.story());
    daemon.close().await;
}

#[tokio::test]
async fn a_letter_can_be_read_before_anybody_gets_it() {
    let office = office_with(&[], |plan| plan.set("reply", "contact", "\"電話 03-0000-0000\""));
    std::fs::remove_file(office.path("password")).expect("removed: reading a letter takes no passwords");
    for (arguments, words) in [
        (&["letter", "missing"][..], "含まれておりませんでした"),
        (&["letter", "missing", "--finding", "encrypted_attachment"], "パスワードを付けずに"),
        (&["letter", "missing", "--finding", "picture_attached"], "画面の写真や画像ではなく"),
        (&["letter", "missing", "--finding", "sample_values"], "見本と同じもの"),
        (&["letter", "wrong_type"], "・その他のSECURITY ACTIONのメール"),
        (&["letter", "wrong_type", "--finding", "one_star_stated", "--notice", "completion"], "「二つ星」の自己宣言が必要です"),
        (&["letter", "accepted"], "自己宣言完了のお知らせ"),
    ] {
        let read = office.ask(arguments).await;
        assert_eq!(read.code, Some(0), "{arguments:?}: {}", read.stderr);
        for part in [words, "差出人\tICT導入支援事業費補助金事務局 <desk@office.example.jp>", "件名\t【", "電話 03-0000-0000"]
        {
            assert!(read.stdout.contains(part), "{arguments:?} lacks {part}:\n{}", read.stdout);
        }
    }
    let raw = office.ask(&["letter", "missing", "--raw"]).await.stdout;
    assert!(raw.contains("\r\nAuto-Submitted: auto-replied\r\n") && raw.contains("\r\nTo: applicant@example.jp\r\n"), "{raw}");
    for (arguments, sentence) in [
        (&["letter", "thanks"][..], "there is no letter \"thanks\"; there are missing, wrong_type, accepted"),
        (&["letter", "missing", "--finding", "oversize"], "letters say nothing about \"oversize\"; they speak of no_notice, "),
        (&["letter", "missing", "--notice", "x"], "there is no [[notices]] with the id \"x\"; there are completion, acceptance, other"),
        (&["letter", "missing", "--account", "x"], "there is no account \"x\" in the configuration"),
    ] {
        let refused = office.ask(arguments).await;
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(sentence), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn a_test_letter_shows_whether_letters_arrive() {
    let script = vec![Rule::at(Phase::Rcpt, What::reply("550 5.7.1 relay access denied")).nth(2)];
    let office = Office::new(imap::Options::default(), smtp::Options { script, ..smtp::Options::default() }, |plan| plan);
    let check = office.ask(&["check", "--send-test", "watashi@office.example.jp"]).await;
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    assert!(check.stdout.contains("試験メールを watashi@office.example.jp に送りました（250 2.0.0 Ok"), "{}", check.stdout);
    let letters = office.sink.letters();
    assert_eq!((letters.len(), letters[0].recipients.as_slice()), (1, ["watashi@office.example.jp".to_owned()].as_slice()));
    assert!(String::from_utf8_lossy(&letters[0].data).contains("Auto-Submitted: auto-replied"), "nobody shall answer it");
    let refused = office.ask(&["check", "--send-test", "watashi@office.example.jp"]).await;
    assert_eq!(refused.code, Some(3));
    assert!(refused.stdout.contains("試験メールを送れません: the SMTP server answered RCPT TO with: 550 5.7.1"), "{}", refused.stdout);
    let address = office.ask(&["check", "--send-test", "watashi"]).await;
    assert_eq!((address.code, address.stderr.as_str()), (Some(1), "uketsuke: \"watashi\" is not an address that mail can be sent to\n"));
}

/// An applicant whose address is written in Japanese gets the letter where the server can take it; where not, the operator is told.
#[tokio::test]
async fn addresses_beyond_ascii_are_written_to() {
    for (extensions, expected) in [(vec!["8BITMIME", "SMTPUTF8"], ["sent", "sent"]), (vec!["8BITMIME"], ["refused", "sent"])] {
        let folders =
            vec![Folder::named("INBOX").holding([greeting("太郎@applicant.example.co.jp", 1), greeting("hana@例え.example.jp", 2)])];
        let sink = smtp::Options { extensions: extensions.iter().map(|word| (*word).to_owned()).collect(), ..smtp::Options::default() };
        let office = Office::new(imap::Options { folders, ..imap::Options::default() }, sink, |plan| plan);
        let daemon = office.start();
        office.until_settled(2).await;
        assert_eq!(office.rows("SELECT state FROM replies ORDER BY recipient DESC"), expected);
        let letters = office.sink.letters();
        let to = |letter: &smtp::Letter| {
            let text = String::from_utf8(letter.data.clone()).expect("UTF-8");
            text.lines().find_map(|line| line.strip_prefix("To: ").map(str::to_owned)).expect("a To")
        };
        let last = letters.last().expect("a letter");
        assert_eq!(
            (last.recipients.join(""), to(last)),
            ("hana@xn--r8jz45g.example.jp".to_owned(), "hana@xn--r8jz45g.example.jp".to_owned())
        );
        assert!(last.mail_parameters.is_empty(), "a domain alone needs no SMTPUTF8: {:?}", last.mail_parameters);
        if letters.len() == 2 {
            assert_eq!(
                (letters[0].recipients.join(""), to(&letters[0])),
                ("太郎@applicant.example.co.jp".to_owned(), "太郎@applicant.example.co.jp".to_owned())
            );
            assert_eq!(letters[0].mail_parameters, ["SMTPUTF8", "BODY=8BITMIME"]);
        } else {
            let words = office.rows("SELECT server_words FROM replies WHERE state = 'refused'").remove(0);
            assert!(words.contains("the recipient's address is not ASCII and the SMTP server has no SMTPUTF8"), "{words}");
        }
        daemon.close().await;
    }
}

/// A store that was lost, or restored from yesterday, learns from the mailbox itself what was answered since.
#[tokio::test]
async fn a_store_that_was_lost_writes_no_letter_a_second_time() {
    let folders = vec![Folder::named("INBOX").holding(crowd(1, 3)), Folder::named("Sent").holding(["Subject: a person's\r\n\r\n"])];
    let office = Office::new(imap::Options { folders, ..imap::Options::default() }, smtp::Options::default(), |plan| {
        plan.account("sent-folder", "\"Sent\"")
    });
    let daemon = office.start();
    office.until_rows("SELECT state, copy, count(*) FROM replies GROUP BY 1, 2", &["sent|done|3"]).await;
    let sent: Vec<Vec<u8>> = office.sink.letters().into_iter().map(|letter| letter.data).collect();
    let copies: Vec<Vec<u8>> = office.imap.messages("Sent").into_iter().skip(1).map(|message| message.bytes.to_vec()).collect();
    assert_eq!(copies, sent, "byte for byte");
    daemon.close().await;

    for name in ["uketsuke.db", "uketsuke.db-wal", "uketsuke.db-shm"] {
        // Only the first is sure to be there after an orderly end.
        let _gone = std::fs::remove_file(office.path(name));
    }
    office.imap.deliver(crowd(4, 1).remove(0));
    let daemon = office.start();
    office.until_settled(4).await;
    assert_eq!(
        office.rows("SELECT verdict, reply, reply_gate, count(*) FROM submissions GROUP BY 1, 2, 3 ORDER BY 4"),
        ["missing|missing|-|1", "missing|none|answered|3"]
    );
    assert_eq!(office.sink.letters().len(), 4, "the fourth applicant's alone is new");
    assert!(
        office.story().contains("The folder for sent mail holds letters that the store did not have as sent; they are not written again.")
    );
    let gate = office.ask(&["show", "1"]).await.stdout;
    assert!(gate.contains("送信済みフォルダーにすでにあります"), "{gate}");
    daemon.close().await;
}
