//! The whole way on servers that others wrote: an applicant sends by SMTP, Postfix delivers into Dovecot, the real daemon finds, judges
//! and answers through Postfix, and the applicant reads the reply by IMAP with a client that is not ours (Python's imaplib and email).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport};
use serde_json::Value;
use testbed::mail::{Submission, demo_dozen, with_date};
use testbed::real::{Account, Dovecot, DovecotOptions, Postfix, PostfixOptions, Unknown};
use testbed::tls::Authority;
use uketsuke::desk::message::Message;
use uketsuke::desk::rules::Limits;
use uketsuke::store::open_for_reading;
use uketsuke::store::query::{self, Filter};

const DESK: &str = "desk@office.example.jp";
const DEADLINE: Duration = Duration::from_secs(60);

/// Everything of one run.
struct Office {
    folder: tempfile::TempDir,
    authority: Authority,
    postfix: Postfix,
    dovecot: Dovecot,
}

fn password(user: &str) -> String {
    format!("himitsu-{}", user.len())
}

impl Office {
    /// The servers, with a mailbox for the desk and one for every applicant.
    fn open(applicants: &[String]) -> Self {
        Self::with(applicants, applicants, Unknown::Refused)
    }

    /// The same where some applicants have no mailbox, and only the domain.
    fn with(applicants: &[String], mailboxes: &[String], unknown: Unknown) -> Self {
        let authority = Authority::new();
        let users = [DESK.to_owned()]
            .iter()
            .chain(mailboxes)
            .map(|user| Account { user: user.clone(), password: password(user), token: None })
            .collect();
        let dovecot = Dovecot::start(DovecotOptions { users, authority: &authority }).unwrap_or_else(|fault| panic!("{fault}"));
        let mut domains: Vec<String> = applicants.iter().map(|user| user.rsplit_once('@').unwrap().1.to_owned()).collect();
        domains.push("office.example.jp".to_owned());
        domains.sort();
        domains.dedup();
        let postfix = Postfix::start(PostfixOptions { dovecot: &dovecot, domains, unknown }).unwrap_or_else(|fault| panic!("{fault}"));
        let folder = tempfile::tempdir().unwrap();
        authority.write_pem(&folder.path().join("ca.pem")).unwrap();
        Self { folder, authority, postfix, dovecot }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("uketsuke.db")
    }

    /// The applicant's own mail program: SMTP over TLS with a login.
    fn send(&self, submission: &Submission) {
        let from = submission.expected["from"].as_str().unwrap();
        let tls = TlsParameters::builder("localhost".to_owned())
            .add_root_certificate(Certificate::from_pem(self.authority.pem().as_bytes()).unwrap())
            .build_rustls()
            .unwrap();
        let transport = SmtpTransport::builder_dangerous("localhost")
            .port(self.postfix.smtps_port())
            .tls(Tls::Wrapper(tls))
            .credentials(Credentials::new(from.to_owned(), password(from)))
            .timeout(Some(DEADLINE))
            .build();
        let envelope = Envelope::new(Some(from.parse::<Address>().unwrap()), vec![DESK.parse().unwrap()]).unwrap();
        transport.send_raw(&envelope, &submission.raw).unwrap_or_else(|error| panic!("{error}\n{}", self.postfix.log()));
    }

    /// A mail that comes from elsewhere, by the port that takes mail without a login.
    fn receive(&self, submission: &Submission) {
        let from = submission.expected["from"].as_str().unwrap();
        let transport = SmtpTransport::builder_dangerous("127.0.0.1").port(self.postfix.inbound_port()).timeout(Some(DEADLINE)).build();
        let envelope = Envelope::new(Some(from.parse::<Address>().unwrap()), vec![DESK.parse().unwrap()]).unwrap();
        transport.send_raw(&envelope, &submission.raw).unwrap_or_else(|error| panic!("{error}\n{}", self.postfix.log()));
    }

    fn configure(&self, connection: Connection, more: &str) -> PathBuf {
        let secret = self.folder.path().join("password");
        fs::write(&secret, password(DESK)).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let (security, imap, smtp) = match connection {
            Connection::TlsFromTheStart => ("tls", self.dovecot.imaps_port(), self.postfix.smtps_port()),
            Connection::StartTls => ("starttls", self.dovecot.imap_port(), self.postfix.submission_port()),
        };
        let login = match connection {
            Connection::TlsFromTheStart => "plain",
            Connection::StartTls => "login",
        };
        let (ca, secret, store) = (self.ca_file(), secret, self.store());
        let text = format!(
            r#"[[accounts]]
name = "desk"
host = "localhost"
port = {imap}
security = "{security}"
ca-file = "{ca}"
user = "{DESK}"
password = "file:{secret}"
login = "{login}"
filing = "move"
[accounts.targets]
accepted = "受付済"

[smtp]
host = "localhost"
port = {smtp}
security = "{security}"
ca-file = "{ca}"
user = "{DESK}"
password = "file:{secret}"
{more}

[reply]
mode = "send"
start = "all"

[store]
path = "{store}"
"#,
            ca = ca.display(),
            secret = secret.display(),
            store = store.display()
        );
        let path = self.folder.path().join("uketsuke.toml");
        fs::write(&path, text).unwrap();
        path
    }

    fn log(&self) -> String {
        format!(
            "{}\n{}\n{}",
            fs::read_to_string(self.folder.path().join("log")).unwrap_or_default(),
            self.postfix.log(),
            self.dovecot.log()
        )
    }

    /// Polls until the probe answers, at most until the deadline.
    fn until<T>(&self, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = probe() {
                return found;
            }
            assert!(started.elapsed() < DEADLINE, "{what} did not come about\n{}", self.log());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn judged(&self) -> Vec<query::Submission> {
        let found = open_for_reading(&self.store()).and_then(|connection| query::list(&connection, &Filter::default())).unwrap_or_default();
        found.into_iter().filter(|submission| submission.verdict.is_some()).collect()
    }

    /// The letter to this applicant as the store keeps it.
    fn letter_to(&self, applicant: &str) -> (query::Letter, Vec<u8>) {
        let connection = open_for_reading(&self.store()).unwrap();
        let letters = query::outbox(&connection, 100).unwrap();
        let letter = letters.into_iter().find(|letter| letter.recipient == applicant.to_lowercase()).unwrap();
        query::letter_of(&connection, letter.id).unwrap().unwrap()
    }

    /// What the applicant reads, by a client that is not ours.
    fn read_as(&self, user: &str) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/read_mail.py");
        let output = Command::new("python3")
            .arg(script)
            .args([self.dovecot.imaps_port().to_string(), self.ca_file().display().to_string(), user.to_owned(), password(user)])
            .output()
            .expect("python3 is needed for the independent reader; scripts/install-test-servers installs it");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// How the daemon connects, and with which login.
#[derive(Clone, Copy)]
enum Connection {
    TlsFromTheStart,
    StartTls,
}

struct Daemon(Child);

impl Daemon {
    fn start(office: &Office, config: &Path) -> Self {
        let log = fs::File::create(office.folder.path().join("log")).unwrap();
        Self(
            Command::new(env!("CARGO_BIN_EXE_uketsuke"))
                .arg("--config")
                .arg(config)
                .arg("run")
                .stdin(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// One accepted, one wrong kind, one missing: what an office gets on any day.
fn three(seed: u64) -> Vec<Submission> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    ["accepted", "wrong_type", "missing"]
        .into_iter()
        .map(|verdict| {
            with_date(
                demo_dozen(seed)
                    .into_iter()
                    .map(|(_, submission)| submission)
                    .find(|submission| submission.expected["verdict"] == verdict)
                    .unwrap(),
                now,
            )
        })
        .collect()
}

fn whole_way(connection: Connection, seed: u64) {
    let submissions = three(seed);
    let applicants: Vec<String> = submissions.iter().map(|submission| submission.expected["from"].as_str().unwrap().to_owned()).collect();
    let office = Office::open(&applicants);
    let config = office.configure(connection, "");
    let checked = Command::new(env!("CARGO_BIN_EXE_uketsuke")).arg("--config").arg(&config).arg("check").output().unwrap();
    assert!(checked.status.success(), "{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    office.send(&submissions[0]);
    let _daemon = Daemon::start(&office, &config);
    office.until("the first verdict", || (office.judged().len() == 1).then_some(()));
    for submission in &submissions[1..] {
        office.send(submission);
    }
    office.until("all verdicts", || (office.judged().len() == 3).then_some(()));
    for submission in &submissions {
        let id = submission.expected["message_id"].as_str();
        let found: Vec<_> = office.judged().into_iter().filter(|row| row.message_id.as_deref() == id).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict.as_deref(), submission.expected["verdict"].as_str());
    }
    for (submission, applicant) in submissions.iter().zip(&applicants).skip(1) {
        let read = office.until("the reply in the applicant's mailbox", || {
            Some(office.read_as(applicant)).filter(|mails| !mails.as_array().unwrap().is_empty())
        });
        assert_eq!(read.as_array().unwrap().len(), 1, "{read}");
        assert_reply(&read[0], submission, applicant);
        assert_unaltered(&read[0], &office.letter_to(applicant));
    }
    office.until("the filing", || {
        let moved = fs::read_dir(office.dovecot.maildir(DESK).unwrap())
            .unwrap()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(".&U9dO"));
        moved.then_some(())
    });
    assert_eq!(office.read_as(&applicants[0]), serde_json::json!([]), "an accepted submission is not answered");
}

/// The reply as Python's email package reads it.
fn assert_reply(read: &Value, submission: &Submission, applicant: &str) {
    let header = |name: &str| read["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(header("Return-Path"), "<>");
    assert_eq!(header("To"), applicant);
    assert_eq!(header("From"), format!("ICT導入支援事業費補助金事務局 <{DESK}>"));
    assert_eq!(header("In-Reply-To"), submission.expected["message_id"].as_str().unwrap());
    assert_eq!(header("Auto-Submitted"), "auto-replied");
    assert_eq!(header("X-Auto-Response-Suppress"), "All");
    assert_eq!(header("Precedence"), "bulk");
    assert_eq!(header("Content-Language"), "ja");
    assert_eq!(header("MIME-Version"), "1.0");
    assert!(header("Subject").contains("受付番号"), "{}", header("Subject"));
    assert_eq!(read["defects"], serde_json::json!([]));
    let text = read["text"].as_str().unwrap();
    assert!(text.contains("【SECURITY ACTION】申込受理のご連絡") && text.contains("This is an automatic reply."), "{text}");
}

/// Subject and text as Python reads them are those that the office signed off, character by character.
fn assert_unaltered(read: &Value, (letter, bytes): &(query::Letter, Vec<u8>)) {
    assert_eq!(read["headers"]["Subject"], letter.subject.as_str());
    assert_eq!(read["headers"]["Message-ID"], letter.message_id.as_str());
    let message = Message::parse(bytes, &Limits::default());
    let text = message.parts[0].text(1 << 20).text.replace("\r\n", "\n");
    assert_eq!(read["text"].as_str().unwrap().replace("\r\n", "\n").trim_end(), text.trim_end());
}

#[test]
fn a_real_bounce_of_an_unknown_mailbox_is_linked_to_its_letter() {
    let submission = three(47).into_iter().find(|submission| submission.expected["verdict"] == "missing").unwrap();
    let applicant = submission.expected["from"].as_str().unwrap().to_owned();
    let office = Office::with(std::slice::from_ref(&applicant), &[], Unknown::Bounced);
    let config = office.configure(Connection::TlsFromTheStart, &format!("envelope-from = \"{DESK}\""));
    let _daemon = Daemon::start(&office, &config);
    office.receive(&submission);
    office.until("the letter and its bounce", || (office.judged().len() == 2).then_some(()));
    let (letter, _) = office.letter_to(&applicant);
    assert_eq!((letter.state.as_str(), letter.kind.as_str()), ("sent", "missing"));
    let words = letter.bounced.unwrap_or_default();
    assert!(words.to_lowercase().contains("unknown user"), "{words}\n{}", office.log());
    let connection = open_for_reading(&office.store()).unwrap();
    let row: (String, i64, String, bool) = connection
        .query_row("SELECT address, reply, status, suspends FROM bounces", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(row, (applicant.to_lowercase(), letter.id, "5.1.1".to_owned(), true), "{}", office.log());
    let verdicts: Vec<_> = office.judged().into_iter().filter_map(|submission| submission.verdict).collect();
    assert_eq!(verdicts, ["ignored", "missing"], "the newest first");
    assert!(office.log().contains("A letter came back; see"), "{}", office.log());
}

#[test]
fn a_submission_is_judged_and_answered_over_tls_with_sasl_plain() {
    whole_way(Connection::TlsFromTheStart, 41);
}

#[test]
fn a_submission_is_judged_and_answered_over_starttls_with_login() {
    whole_way(Connection::StartTls, 43);
}
