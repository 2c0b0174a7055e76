//! Dovecot and Postfix of the testbed, seen by Python's imaplib and smtplib: mails go in by SMTP and come out by IMAP.
//!
//! Promises: every wait has a deadline; a machine without the servers or without `python3` fails with a sentence that says what to install.
//! Rejected: skipping where a server is missing (a skipped test looks like a passed one), and uketsuke's own client, which would be tested by
//! itself.

use std::process::Stdio;
use std::time::Duration;

use testbed::real::{Account, Dovecot, DovecotOptions, Fault, Postfix, PostfixOptions, Unknown};
use testbed::tls::Authority;
use tokio::process::Command;
use tokio::time::timeout;

const DESK: &str = "desk@office.example.jp";
const APPLICANT: &str = "taro@applicant.example.jp";

/// What each script begins with; `ports` are those of [`Machine::python`].
const PRELUDE: &str = r#"
import imaplib, smtplib, ssl, sys
imaps, imap_plain, smtps, submission, inbound = map(int, sys.argv[1:6])
trust = ssl.create_default_context(cafile=sys.argv[6])
DESK, APPLICANT, PASSWORD, TOKEN = "desk@office.example.jp", "taro@applicant.example.jp", 'himi:tsu "no" \\ kotoba', "toke.n-1"
MAIL = b"From: taro@applicant.example.jp\r\nTo: desk@office.example.jp\r\nSubject: %s\r\n\r\n.dot\r\nlast line\r\n"

def imap(user, connection=None):
    connection = connection or imaplib.IMAP4_SSL("localhost", imaps, ssl_context=trust, timeout=10)
    connection.login(user, PASSWORD)
    return connection

def arrived(user, count):
    "All mails of the INBOX as soon as there are so many: IDLE tells, nobody sleeps."
    box = imap(user)
    there = int(box.select()[1][0])
    if there < count:
        box.send(b"w IDLE\r\n")
        while there < count:
            words = box.readline().split()
            assert words, "the server hung up in IDLE"
            if words[2:] == [b"EXISTS"]:
                there = int(words[1])
        box.send(b"DONE\r\n")
        while not box.readline().startswith(b"w OK"):
            pass
    box.select()
    parts = box.fetch("1:*", "(BODY.PEEK[])")[1]
    box.logout()
    return [part[1] for part in parts if isinstance(part, tuple)]

def smtp_tls():
    return smtplib.SMTP_SSL("localhost", smtps, context=trust, timeout=10)

def smtp_starttls():
    connection = smtplib.SMTP("localhost", submission, timeout=10)
    connection.starttls(context=trust)
    return connection

def refused(call, *arguments):
    try:
        answer = call(*arguments)
    except (smtplib.SMTPException, imaplib.IMAP4.error) as error:
        return error
    raise AssertionError("not refused: %r" % (answer,))
"#;

/// Both servers; Postfix ends first.
struct Machine {
    authority: Authority,
    postfix: Postfix,
    dovecot: Dovecot,
}

fn account(user: &str) -> Account {
    let password = "himi:tsu \"no\" \\ kotoba".to_owned();
    Account { user: user.to_owned(), password, token: (user == DESK).then(|| "toke.n-1".to_owned()) }
}

fn dovecot(authority: &Authority) -> Dovecot {
    Dovecot::start(DovecotOptions { users: vec![account(DESK), account(APPLICANT)], authority }).unwrap()
}

impl Machine {
    fn start() -> Self {
        let authority = Authority::new();
        let dovecot = dovecot(&authority);
        let domains = vec!["office.example.jp".to_owned(), "applicant.example.jp".to_owned()];
        let postfix = Postfix::start(PostfixOptions { dovecot: &dovecot, domains, unknown: Unknown::Refused }).unwrap();
        Self { authority, postfix, dovecot }
    }

    async fn python(&self, script: &str) {
        let postfix = [self.postfix.smtps_port(), self.postfix.submission_port(), self.postfix.inbound_port()];
        let failed = python(&self.dovecot, postfix, &self.authority, script).await;
        assert_eq!(failed, "", "\nDovecot:\n{}\nPostfix:\n{}", self.dovecot.log(), self.postfix.log());
    }
}

/// What went wrong in the script; empty when nothing did.
async fn python(dovecot: &Dovecot, postfix: [u16; 3], authority: &Authority, script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("authority.pem");
    authority.write_pem(&trusted).unwrap();
    let ports = [dovecot.imaps_port(), dovecot.imap_port()].into_iter().chain(postfix).map(|port| port.to_string());
    let mut command = Command::new("python3");
    command.arg("-c").arg(format!("{PRELUDE}\n{script}")).args(ports).arg(&trusted).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(60), command.output()).await.expect("Python ends in time");
    let output = output.expect("this test needs python3 (Debian: apt-get install python3)");
    assert_eq!(output.status.success(), output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn imap_only(dovecot: &Dovecot, authority: &Authority, script: &str) {
    let failed = python(dovecot, [0; 3], authority, script).await;
    assert_eq!(failed, "", "\nDovecot:\n{}", dovecot.log());
}

#[tokio::test]
async fn mails_submitted_over_tls_and_starttls_are_read_by_imap() {
    let machine = Machine::start();
    let script = r#"
for number, connect in enumerate((smtp_tls, smtp_starttls), 1):
    client = connect()
    client.login(APPLICANT, PASSWORD)
    assert client.sendmail(APPLICANT, [DESK], MAIL % b"over TLS") == {}
    client.quit()
    mails = arrived(DESK, number)
    assert len(mails) == number, mails
    assert mails[-1].startswith(b"Return-Path: <taro@applicant.example.jp>\r\n"), mails
    assert b"with ESMTPSA id" in mails[-1], mails
    assert mails[-1].endswith(b"\r\n\r\n.dot\r\nlast line\r\n"), mails
"#;
    machine.python(script).await;
}

#[tokio::test]
async fn an_answer_with_null_sender_reaches_the_applicant() {
    let machine = Machine::start();
    let script = r#"
client = smtp_starttls()
client.login(DESK, PASSWORD)
assert client.sendmail("", [APPLICANT], MAIL % b"answer", mail_options=["SIZE=200"], rcpt_options=["NOTIFY=NEVER"]) == {}
client.quit()
[mail] = arrived(APPLICANT, 1)
assert mail.startswith(b"Return-Path: <>\r\n"), mail
"#;
    machine.python(script).await;
}

#[tokio::test]
async fn a_stranger_delivers_to_local_users_only() {
    let machine = Machine::start();
    let script = r#"
client = smtplib.SMTP("localhost", inbound, timeout=10)
client.ehlo()
assert not client.has_extn("auth") and not client.has_extn("starttls"), client.esmtp_features
assert client.sendmail("someone@elsewhere.example.com", [DESK], MAIL % b"from outside") == {}
client.mail("someone@elsewhere.example.com")
code, text = client.rcpt("someone.else@elsewhere.example.com")
assert (code, text[:5]) == (554, b"5.7.1"), (code, text)
client.quit()
[mail] = arrived(DESK, 1)
assert mail.startswith(b"Return-Path: <someone@elsewhere.example.com>\r\n"), mail
"#;
    machine.python(script).await;
}

#[tokio::test]
async fn unknown_recipients_are_refused() {
    let machine = Machine::start();
    let script = r#"
stranger, office = smtplib.SMTP("localhost", inbound, timeout=10), smtp_tls()
office.login(DESK, PASSWORD)
for client in (stranger, office):
    client.ehlo()
    client.mail("")
    code, text = client.rcpt("nobody.here@applicant.example.jp")
    assert (code, text[:5]) == (550, b"5.1.1"), (code, text)
code, text = office.rcpt("someone@elsewhere.example.com")
assert (code, text[:5]) == (550, b"5.1.2"), (code, text)
"#;
    machine.python(script).await;
}

#[tokio::test]
async fn a_wrong_or_missing_login_is_refused() {
    let machine = Machine::start();
    let script = r#"
for connect in (smtp_tls, smtp_starttls):
    error = refused(connect().login, DESK, "wrong")
    assert (error.smtp_code, error.smtp_error[:5]) == (535, b"5.7.8"), error
    client = connect()
    client.ehlo()
    client.mail("")
    code, text = client.rcpt(DESK)
    assert (code, text[:5]) == (554, b"5.7.1"), (code, text)
client = smtplib.SMTP("localhost", submission, timeout=10)
client.ehlo()
assert not client.has_extn("auth"), client.esmtp_features
assert client.mail("")[0] == 530
error = refused(imaplib.IMAP4_SSL("localhost", imaps, ssl_context=trust, timeout=10).login, DESK, "wrong")
assert str(error).find("[AUTHENTICATIONFAILED]") >= 0, error
"#;
    machine.python(script).await;
}

#[tokio::test]
async fn tokens_log_in_to_both_servers() {
    let machine = Machine::start();
    let script = r#"
def answers(user, token):
    said = "user=%s\x01auth=Bearer %s\x01\x01" % (user, token)
    return lambda challenge=None: "" if challenge else said
for user, token, right in ((DESK, TOKEN, True), (DESK, TOKEN + "x", False), (APPLICANT, TOKEN, False)):
    box = imaplib.IMAP4_SSL("localhost", imaps, ssl_context=trust, timeout=10)
    client = smtp_tls()
    client.ehlo()
    if right:
        assert box.authenticate("XOAUTH2", answers(user, token))[0] == "OK"
        assert client.auth("XOAUTH2", answers(user, token))[0] == 235
    else:
        assert "AUTHENTICATIONFAILED" in str(refused(box.authenticate, "XOAUTH2", answers(user, token)))
        assert refused(client.auth, "XOAUTH2", answers(user, token)).smtp_code == 535
"#;
    machine.python(script).await;
}

#[tokio::test]
async fn delivered_mails_are_read_in_their_order_over_every_port() {
    let authority = Authority::new();
    let dovecot = dovecot(&authority);
    let mails = (1..=300).map(|number| format!("Subject: {number}\r\n\r\n{number}\r\n"));
    assert_eq!(dovecot.bulk_deliver(DESK, mails).unwrap(), 300);
    let script = r#"
plain = imaplib.IMAP4("localhost", imap_plain, timeout=10)
upgraded = imaplib.IMAP4("localhost", imap_plain, timeout=10)
assert "STARTTLS" in upgraded.capabilities and "IDLE" in upgraded.capabilities, upgraded.capabilities
upgraded.starttls(trust)
for connection in (plain, upgraded, None):
    box = imap(DESK, connection)
    assert box.select() == ("OK", [b"300"])
    parts = [part[1] for part in box.uid("FETCH", "1:*", "(BODY.PEEK[])")[1] if isinstance(part, tuple)]
    assert parts == [b"Subject: %d\r\n\r\n%d\r\n" % (number, number) for number in range(1, 301)]
    box.logout()
"#;
    imap_only(&dovecot, &authority, script).await;
    assert!(dovecot.deliver(DESK, "Subject: one more\r\n\r\n").unwrap().is_file());
    imap_only(&dovecot, &authority, "assert len(arrived(DESK, 301)) == 301").await;
}

#[tokio::test]
async fn a_reset_gives_a_higher_uidvalidity_and_new_uids() {
    let authority = Authority::new();
    let dovecot = dovecot(&authority);
    let first = dovecot.deliver(DESK, "Subject: one\r\n\r\n").unwrap();
    dovecot.deliver(DESK, "Subject: two\r\n\r\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("uidvalidity");
    let look = format!(
        r#"
box = imap(DESK)
box.select()
print(int(box.response("UIDVALIDITY")[1][0]), box.uid("SEARCH", "ALL")[1][0].decode(), sep=":", file=open("{}", "w"))
"#,
        note.display()
    );
    imap_only(&dovecot, &authority, &look).await;
    let before = std::fs::read_to_string(&note).unwrap();
    let moved = dovecot.maildir(DESK).unwrap().join("cur").join(format!("{}:2,", first.file_name().unwrap().to_string_lossy()));
    std::fs::remove_file(moved).unwrap();
    dovecot.reset_uidvalidity(DESK).unwrap();
    imap_only(&dovecot, &authority, &look).await;
    let after = std::fs::read_to_string(&note).unwrap();
    let ((before, old_uids), (after, new_uids)) = (before.split_once(':').unwrap(), after.split_once(':').unwrap());
    assert!(after.parse::<u32>().unwrap() > before.parse::<u32>().unwrap(), "{before} {after}");
    assert_eq!((old_uids, new_uids), ("1 2\n", "1\n"));
}

#[tokio::test]
async fn nothing_is_left_when_the_handles_are_dropped() {
    let machine = Machine::start();
    let groups = [machine.dovecot.process_id(), machine.postfix.process_id()];
    let maildir = machine.dovecot.maildir(DESK).unwrap();
    // The helpers of a session (a login process, an imap process, smtpd, cleanup) run now, too.
    machine.python("box = imap(DESK)\nclient = smtp_tls()\nclient.login(DESK, PASSWORD)").await;
    assert!(groups.map(living).iter().all(|count| *count > 1), "masters and helpers run: {:?}", groups.map(living));
    drop(machine);
    assert_eq!(groups.map(living), [0, 0]);
    assert!(!maildir.exists());
}

/// Processes of this group that run; proc(5).
fn living(group: u32) -> usize {
    let stats = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let facts = stats.filter_map(|stat| stat.rsplit_once(") ").map(|(_, facts)| facts.to_owned()));
    facts.filter(|facts| !facts.starts_with('Z') && facts.split(' ').nth(2) == Some(group.to_string().as_str())).count()
}

#[test]
fn options_that_cannot_work_are_refused() {
    let authority = Authority::new();
    let options = DovecotOptions { users: vec![account("a@example.jp\nmail_uid = root")], authority: &authority };
    assert!(matches!(Dovecot::start(options), Err(Fault::Name { what: "the user", .. })));
    let twins = [DESK, APPLICANT].map(|user| Account { token: Some("toke.n-1".to_owned()), ..account(user) });
    let options = DovecotOptions { users: twins.to_vec(), authority: &authority };
    assert!(matches!(Dovecot::start(options), Err(Fault::SharedToken { user }) if user == APPLICANT));
    let dovecot = dovecot(&authority);
    assert!(matches!(dovecot.deliver("nobody@office.example.jp", ""), Err(Fault::UnknownUser { .. })));
    let domains = vec!["office.example.jp".to_owned(), "$myhostname".to_owned()];
    assert!(matches!(
        Postfix::start(PostfixOptions { dovecot: &dovecot, domains, unknown: Unknown::Refused }),
        Err(Fault::Name { what: "the domain", .. })
    ));
}
