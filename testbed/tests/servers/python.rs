//! Python's imaplib and smtplib, written by others, talk to the servers over TLS.
//!
//! Promises: a machine without `python3` fails with a sentence that says so. Rejected: skipping; a skipped test looks like a passed one.

use std::process::Stdio;
use std::time::Duration;

use testbed::imap::Server;
use testbed::smtp::{Account, Sink};
use testbed::tls::{Authority, Certificate, Security};
use tokio::process::Command;
use tokio::time::timeout;

use crate::imap_commands::options;

const IMAP: &str = r#"
import imaplib, ssl, sys
port, authority = int(sys.argv[1]), sys.argv[2]
imap = imaplib.IMAP4_SSL("localhost", port, ssl_context=ssl.create_default_context(cafile=authority), timeout=10)
assert "MOVE" in imap.capabilities, imap.capabilities
imap.login("desk@office.example.jp", 'himitsu "no" \\ kotoba')
assert imap.select("INBOX") == ("OK", [b"2"])
assert imap.response("UIDNEXT") == ("UIDNEXT", [b"10"])
assert imap.uid("SEARCH", "ALL") == ("OK", [b"4 9"])
status, parts = imap.uid("FETCH", "4", "(UID RFC822.SIZE BODY.PEEK[])")
assert parts[0] == (b"1 (UID 4 RFC822.SIZE 46 BODY[] {46}", b"Subject: one\r\nFrom: a@example.co.jp\r\n\r\nfirst\r\n"), parts
assert imap.uid("STORE", "4", "+FLAGS", "(Uketsuke)") == ("OK", [b"1 (UID 4 FLAGS (Uketsuke))"])
assert imap.status("INBOX", "(MESSAGES)") == ("OK", [b'"INBOX" (MESSAGES 2)'])
assert imap.list() == ("OK", [b'(\\HasNoChildren) "/" "Done/2026"', b'(\\HasNoChildren) "/" "INBOX"'])
assert imap.append("INBOX", "(\\Seen)", '"01-Aug-2026 00:00:00 +0900"', b"Subject: y\r\n\r\n")[0] == "OK"
assert imap.uid("MOVE", "4", "Done/2026")[0] == "OK"
assert imap.close()[0] == "OK"
assert imap.logout()[0] == "BYE"
"#;

const SMTP: &str = r#"
import smtplib, ssl, sys
port, authority = int(sys.argv[1]), sys.argv[2]
smtp = smtplib.SMTP("localhost", port, timeout=10)
smtp.starttls(context=ssl.create_default_context(cafile=authority))
smtp.login("desk@office.example.jp", "himitsu")
assert smtp.sendmail("desk@office.example.jp", ["a@example.co.jp", "b@example.jp"], b"Subject: x\r\n\r\n.dot\r\n", rcpt_options=["NOTIFY=NEVER"]) == {}
smtp.quit()
"#;

async fn run(script: &str, port: u16, authority: &Authority) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.pem");
    authority.write_pem(&path).unwrap();
    let mut command = Command::new("python3");
    command.args(["-c", script, &port.to_string()]).arg(&path).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(60), command.output()).await.expect("Python ends in time");
    let output = output.expect("this test needs python3 (Debian: apt-get install python3)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn imaplib_logs_in_reads_marks_moves_and_appends() {
    let authority = Authority::new();
    let security = Security::Tls(authority.server_config(Certificate::Valid));
    let server = Server::start(testbed::imap::Options { security, ..options() });
    run(IMAP, server.port(), &authority).await;
    let left: Vec<u32> = server.messages("INBOX").iter().map(|message| message.uid).collect();
    assert_eq!((left, server.messages("Done/2026").len()), (vec![9, 10], 1));
}

#[tokio::test]
async fn smtplib_sends_over_starttls_with_login() {
    let authority = Authority::new();
    let security = Security::StartTls(authority.server_config(Certificate::Valid));
    let account = Account { user: "desk@office.example.jp".to_owned(), password: "himitsu".to_owned(), token: None };
    let sink = Sink::start(testbed::smtp::Options { security, account: Some(account), ..testbed::smtp::Options::default() });
    run(SMTP, sink.port(), &authority).await;
    let letters = sink.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].recipients, ["a@example.co.jp", "b@example.jp"]);
    assert_eq!(letters[0].data, b"Subject: x\r\n\r\n.dot\r\n");
}
