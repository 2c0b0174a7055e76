//! The IMAP server while it behaves.

use std::time::Duration;

use testbed::imap::{Folder, Message, Options, Server, base64};
use testbed::tls::{Authority, Certificate, Security};

use crate::client::{Client, DEADLINE};

const USER: &str = "desk@office.example.jp";
const PASSWORD: &str = r#"himitsu "no" \ kotoba"#;

const ONE: &str = "Subject: one\r\nFrom: a@example.co.jp\r\n\r\nfirst\r\n";
const TWO: &str = "Subject: two\r\n\r\nsecond\r\n";

/// Two mails with the UIDs 4 and 9 in INBOX, and an empty folder.
pub fn options() -> Options {
    let mut inbox = Folder::named("INBOX");
    inbox.messages = vec![
        Message::new(4, ONE).dated("17-Jul-2026 02:44:25 +0900"),
        Message::new(9, TWO).dated("18-Jul-2026 10:00:00 +0900").flagged("\\seen").flagged("$Label"),
    ];
    Options { folders: vec![inbox, Folder::named("Done/2026")], uidvalidity: 77, ..Options::default() }
}

pub async fn logged_in(server: &Server) -> Client {
    let mut client = Client::plain(server.port()).await;
    assert!(client.line().await.starts_with("* OK "));
    let login = base64::encode(format!("\0{USER}\0{PASSWORD}").as_bytes());
    assert!(client.ask(&format!("AUTHENTICATE PLAIN {login}")).await.last().unwrap().starts_with("t OK [CAPABILITY"));
    client
}

pub async fn selected(server: &Server) -> Client {
    let mut client = logged_in(server).await;
    client.ask("SELECT inbox").await;
    client
}

#[tokio::test]
async fn every_way_to_log_in_works_and_wrong_secrets_are_refused() {
    let capabilities = ["IMAP4rev1", "SASL-IR", "AUTH=PLAIN", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER"].map(str::to_owned).to_vec();
    let server = Server::start(Options { token: Some("ya29.token".to_owned()), capabilities, ..options() });
    let plain = base64::encode(format!("\0{USER}\0{PASSWORD}").as_bytes());
    let bearer = base64::encode(format!("user={USER}\u{1}auth=Bearer ya29.token\u{1}\u{1}").as_bytes());
    let oauth = base64::encode(format!("n,a={USER},\u{1}host=localhost\u{1}auth=Bearer ya29.token\u{1}\u{1}").as_bytes());
    let quoted = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    for command in [
        format!("LOGIN {USER} \"{quoted}\""),
        format!("login \"{USER}\" {{{}+}}\r\n{PASSWORD}", PASSWORD.len()),
        format!("AUTHENTICATE PLAIN {plain}"),
        format!("AUTHENTICATE XOAUTH2 {bearer}"),
        format!("AUTHENTICATE OAUTHBEARER {oauth}"),
    ] {
        let mut client = Client::plain(server.port()).await;
        client.line().await;
        assert!(client.ask(&command).await.last().unwrap().starts_with("t OK [CAPABILITY IMAP4rev1"), "{command}");
        assert_eq!(server.commands().last().unwrap(), &format!("t {command}"));
    }
    let mut client = Client::plain(server.port()).await;
    client.line().await;
    client.send(&format!("t AUTHENTICATE XOAUTH2 {}", base64::encode(b"user=x\x01auth=Bearer old\x01\x01"))).await;
    assert_eq!(client.line().await, format!("+ {}", base64::encode(br#"{"status":"400","schemes":"Bearer"}"#)));
    client.send("").await;
    assert_eq!(client.line().await, "t NO [AUTHENTICATIONFAILED] Wrong user or password");
    for command in ["LOGIN desk@office.example.jp wrong".to_owned(), format!("AUTHENTICATE PLAIN {}", base64::encode(b"\0a\0b"))] {
        let mut client = Client::plain(server.port()).await;
        client.line().await;
        assert_eq!(client.ask(&command).await, ["t NO [AUTHENTICATIONFAILED] Wrong user or password"]);
        assert_eq!(client.ask("SELECT INBOX").await, ["t BAD Log in first"]);
    }
}

#[tokio::test]
async fn literals_and_sasl_without_initial_response_get_their_plus() {
    let server = Server::start(options());
    let mut client = Client::plain(server.port()).await;
    client.line().await;
    client.send(&format!("t LOGIN {{{}}}", USER.len())).await;
    assert_eq!(client.line().await, "+ Ready");
    client.send(&format!("{USER} {{{}}}", PASSWORD.len())).await;
    assert_eq!(client.line().await, "+ Ready");
    client.send(PASSWORD).await;
    assert!(client.line().await.starts_with("t OK"));

    let mut client = Client::plain(server.port()).await;
    client.line().await;
    client.send("t AUTHENTICATE PLAIN").await;
    assert_eq!(client.line().await, "+ ");
    client.send(&base64::encode(format!("\0{USER}\0{PASSWORD}").as_bytes())).await;
    assert!(client.line().await.starts_with("t OK"));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn starttls_is_demanded_and_forgets_injected_commands() {
    let authority = Authority::new();
    let security = Security::StartTls(authority.server_config(Certificate::Valid));
    let server = Server::start(Options { security, ..options() });
    let mut client = Client::plain(server.port()).await;
    assert!(client.line().await.contains("STARTTLS LOGINDISABLED"));
    assert_eq!(client.ask("LOGIN a b").await, ["t NO [PRIVACYREQUIRED] Begin TLS first"]);
    client.send_bytes(b"t STARTTLS\r\ninjected NOOP\r\n").await;
    assert_eq!(client.line().await, "t OK Begin TLS now");
    let mut client = client.upgraded(&authority, "localhost").await.unwrap();
    let answer = client.ask("CAPABILITY").await;
    assert_eq!(answer, ["* CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE ID SASL-IR AUTH=PLAIN", "t OK Done"]);
    assert!(!server.commands().iter().any(|command| command.starts_with("injected")));
}

#[tokio::test]
async fn folders_are_selected_listed_and_counted() {
    let server = Server::start(options());
    let mut client = logged_in(&server).await;
    assert_eq!(
        client.ask("SELECT InBox").await,
        [
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags kept",
            "* 2 EXISTS",
            "* 0 RECENT",
            "* OK [UIDVALIDITY 77] UIDs valid",
            "* OK [UIDNEXT 10] Predicted next UID",
            "t OK [READ-WRITE] Selected",
        ]
    );
    assert_eq!(client.ask("EXAMINE INBOX").await.last().unwrap(), "t OK [READ-ONLY] Selected");
    assert_eq!(client.ask("SELECT nowhere").await, ["t NO [NONEXISTENT] There is no such folder"]);
    assert!(client.ask("UID FETCH 1:* (UID)").await[0].starts_with("t BAD"), "a failed SELECT leaves nothing selected");
    assert_eq!(
        client.ask("STATUS \"inbox\" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)").await,
        ["* STATUS \"inbox\" (MESSAGES 2 UNSEEN 1 UIDNEXT 10 UIDVALIDITY 77)", "t OK STATUS completed"]
    );
    assert_eq!(client.ask("LIST \"\" \"\"").await[0], "* LIST (\\Noselect) \"/\" \"\"");
    assert_eq!(client.ask("LIST \"\" %").await.len(), 2);
    assert_eq!(client.ask("LIST \"\" \"*\"").await[0], "* LIST (\\HasNoChildren) \"/\" \"Done/2026\"");
    assert_eq!(client.ask("ID NIL").await[0], "* ID (\"name\" \"testbed\")");
    assert_eq!(client.ask("LOGOUT").await, ["* BYE Logging out", "t OK Done"]);
    assert_eq!(client.rest().await.0, "");
}

#[tokio::test]
async fn fetch_answers_every_item_and_only_body_marks_as_seen() {
    let server = Server::start(options());
    let mut client = selected(&server).await;
    let data = "UID 4 RFC822.SIZE 46 INTERNALDATE \"17-Jul-2026 02:44:25 +0900\" FLAGS ()";
    assert_eq!(ONE.len(), 46);
    assert_eq!(
        client.ask("UID FETCH 1:8 (UID RFC822.SIZE INTERNALDATE FLAGS)").await,
        [format!("* 1 FETCH ({data})"), "t OK FETCH completed".to_owned()]
    );
    assert_eq!(client.ask("UID FETCH 100:* (UID)").await[0], "* 2 FETCH (UID 9)");
    assert_eq!(client.ask("UID FETCH 5 FLAGS").await, ["t OK FETCH completed"]);
    assert_eq!(client.ask("FETCH 2 (FLAGS)").await[0], "* 2 FETCH (FLAGS ($Label \\Seen))");
    assert_eq!(client.ask("FETCH 3 (FLAGS)").await, ["t BAD there is no message of that number"]);
    assert!(client.ask("UID FETCH 4 (BODYSTRUCTURE)").await[0].starts_with("t BAD"));
    for (item, label, octets) in [
        ("BODY.PEEK[]", "BODY[]", ONE),
        ("BODY.PEEK[HEADER]", "BODY[HEADER]", "Subject: one\r\nFrom: a@example.co.jp\r\n\r\n"),
        ("BODY.PEEK[]<9.3>", "BODY[]<9>", "one"),
        ("BODY.PEEK[]<40.100>", "BODY[]<40>", &ONE[40..]),
        ("BODY.PEEK[]<400.100>", "BODY[]<400>", ""),
    ] {
        client.send(&format!("t UID FETCH 4 ({item})")).await;
        let wanted = format!("* 1 FETCH (UID 4 {label} {{{}}}\r\n{octets})\r\nt OK FETCH completed\r\n", octets.len());
        assert_eq!(client.octets(wanted.len()).await, wanted);
    }
    assert_eq!(server.flags(4), Vec::<String>::new(), "PEEK changes nothing");
    client.send("t UID FETCH 4 (BODY[])").await;
    assert_eq!(client.until("t ").await.iter().rev().nth(1).unwrap(), " FLAGS (\\Seen))");
    assert_eq!(server.flags(4), ["\\Seen"]);
}

#[tokio::test]
async fn store_search_copy_move_and_expunge_change_the_folder() {
    let server = Server::start(options());
    let mut client = selected(&server).await;
    assert_eq!(client.ask("UID STORE 4 +FLAGS (\\flagged Uketsuke)").await[0], "* 1 FETCH (UID 4 FLAGS (Uketsuke \\Flagged))");
    assert_eq!(client.ask("UID STORE 4 -FLAGS.SILENT (\\Flagged)").await, ["t OK STORE completed"]);
    assert_eq!(client.ask("UID SEARCH ALL").await[0], "* SEARCH 4 9");
    assert_eq!(client.ask("UID SEARCH UID 5:* UNSEEN").await[0], "* SEARCH");
    assert_eq!(client.ask("UID SEARCH KEYWORD Uketsuke").await[0], "* SEARCH 4");
    assert_eq!(client.ask("UID COPY 4,9 Done/2026").await, ["t OK [COPYUID 77 4,9 1:2] COPY completed"]);
    assert_eq!(client.ask("UID COPY 4 Elsewhere").await, ["t NO [TRYCREATE] There is no such folder"]);
    assert_eq!(client.ask("UID MOVE 4 Done/2026").await, ["* OK [COPYUID 77 4 3] Moved", "* 1 EXPUNGE", "t OK MOVE completed"]);
    assert_eq!(server.messages("Done/2026").len(), 3);
    assert_eq!(client.ask("UID EXPUNGE 9").await, ["t OK EXPUNGE completed"], "what is not marked stays");
    client.ask("UID STORE 9 +FLAGS.SILENT (\\Deleted)").await;
    assert_eq!(client.ask("UID EXPUNGE 9").await, ["* 1 EXPUNGE", "t OK EXPUNGE completed"]);
    assert_eq!(server.messages("INBOX"), []);
    let mail = "Subject: three\r\n\r\n";
    let answer = client.ask(&format!("APPEND INBOX (\\Seen) \"01-Aug-2026 00:00:00 +0900\" {{{}+}}\r\n{mail}", mail.len())).await;
    assert_eq!(answer, ["* 1 EXISTS", "t OK [APPENDUID 77 10] APPEND completed"]);
    assert_eq!(server.messages("INBOX"), [Message::new(10, mail).dated("01-Aug-2026 00:00:00 +0900").flagged("\\Seen")]);
}

#[tokio::test]
async fn examine_protects_the_folder() {
    let server = Server::start(options());
    let before = server.messages("INBOX");
    let mut client = logged_in(&server).await;
    client.ask("EXAMINE INBOX").await;
    for command in ["UID STORE 4 +FLAGS (\\Seen)", "UID MOVE 4 Done/2026", "EXPUNGE"] {
        assert_eq!(client.ask(command).await, ["t NO [READ-ONLY] The folder was opened by EXAMINE"]);
    }
    client.ask("UID FETCH 4 (BODY[])").await;
    assert_eq!(server.messages("INBOX"), before);
}

#[tokio::test]
async fn commands_without_their_capability_are_unknown() {
    let server = Server::start(Options { capabilities: vec!["IMAP4rev1".to_owned(), "AUTH=PLAIN".to_owned()], ..options() });
    let mut client = selected(&server).await;
    for command in ["IDLE", "UID MOVE 4 Done/2026", "UID EXPUNGE 4", "ID NIL", "XYZZY"] {
        assert!(client.ask(command).await[0].starts_with("t BAD Unknown command"), "{command}");
    }
}

#[tokio::test]
async fn idle_tells_arrivals_and_removals_at_once() {
    let server = Server::start(options());
    let mut client = selected(&server).await;
    client.send("t IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    server.wait_until(|state| state.idling() == 1, DEADLINE).await.unwrap();
    assert_eq!(server.deliver("Subject: live\r\n\r\n"), 10);
    assert_eq!(client.line().await, "* 3 EXISTS");
    server.expunge(4);
    assert_eq!(client.line().await, "* 1 EXPUNGE");
    client.send("DONE").await;
    assert_eq!(client.line().await, "t OK IDLE completed");
    server.wait_until(|state| state.idling() == 0 && state.count("IDLE") == 1, DEADLINE).await.unwrap();
    assert_eq!(server.commands().last().unwrap(), "DONE");
}

#[tokio::test]
async fn removals_are_withheld_while_fetch_is_answered() {
    let server = Server::start(options());
    let mut client = selected(&server).await;
    server.expunge(4);
    server.deliver("Subject: live\r\n\r\n");
    assert_eq!(client.ask("FETCH 1:2 (UID)").await, ["* 2 FETCH (UID 9)", "* 3 EXISTS", "t OK FETCH completed"]);
    assert_eq!(client.ask("NOOP").await, ["* 1 EXPUNGE", "t OK Done"]);
    assert_eq!(client.ask("FETCH 1:2 (UID)").await, ["* 1 FETCH (UID 9)", "* 2 FETCH (UID 10)", "t OK FETCH completed"]);
}

#[tokio::test]
async fn new_uidvalidity_renumbers_and_says_bye_to_everybody() {
    let server = Server::start(options());
    let mut waiting = selected(&server).await;
    let mut idling = selected(&server).await;
    idling.send("t IDLE").await;
    idling.line().await;
    server.set_uidvalidity(78);
    for client in [&mut waiting, &mut idling] {
        assert_eq!(client.rest().await.0, "* BYE IMAP session state is inconsistent, please relogin.\r\n");
    }
    let mut client = logged_in(&server).await;
    assert!(client.ask("SELECT INBOX").await.contains(&"* OK [UIDVALIDITY 78] UIDs valid".to_owned()));
    assert_eq!(client.ask("UID FETCH 1:* (UID)").await, ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "t OK FETCH completed"]);
}

#[tokio::test]
async fn connections_can_be_dropped_and_are_bounded() {
    let server = Server::start(Options { connections_at_most: 2, ..options() });
    let (mut first, mut second) = (logged_in(&server).await, logged_in(&server).await);
    assert_eq!(Client::plain(server.port()).await.rest().await.0, "", "a third one is closed at once");
    server.wait_until(|state| state.open() == 2, DEADLINE).await.unwrap();
    server.drop_connections();
    for client in [&mut first, &mut second] {
        assert_eq!(client.rest().await.0, "");
    }
    server.wait_until(|state| state.open() == 0, DEADLINE).await.unwrap();
    logged_in(&server).await;
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn dropping_the_handle_ends_sessions_and_frees_the_port() {
    let server = Server::start(options());
    let port = server.port();
    let mut client = logged_in(&server).await;
    drop(server);
    assert_eq!(client.rest().await.0, "");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[tokio::test]
async fn silent_clients_are_sent_away() {
    let server = Server::start(Options { patience: Duration::from_millis(50), ..options() });
    let mut client = Client::plain(server.port()).await;
    client.line().await;
    assert_eq!(client.rest().await.0, "* BYE Disconnected for inactivity\r\n");
}

#[tokio::test]
async fn wait_until_reports_the_last_commands_when_it_is_late() {
    let server = Server::start(options());
    selected(&server).await;
    let late = server.wait_until(|state| state.idling() == 1, Duration::from_millis(20)).await.unwrap_err();
    assert!(late.to_string().contains("1 connections so far"), "{late}");
    assert!(late.to_string().ends_with("t SELECT inbox"), "{late}");
}

#[tokio::test]
async fn twenty_thousand_mails_are_served_without_delay() {
    const MAILS: usize = 20_000;
    let mail = format!("Subject: many\r\n\r\n{}", "0123456789abcdef\r\n".repeat(100));
    let folder = Folder::named("INBOX").holding(std::iter::repeat_n(mail.clone(), MAILS));
    let server = Server::start(Options { folders: vec![folder], ..Options::default() });
    let mut client = selected(&server).await;
    assert_eq!(client.ask("UID FETCH 1:20000 (UID RFC822.SIZE INTERNALDATE)").await.len(), MAILS + 1);
    let (mut octets, started) = (0, std::time::Instant::now());
    for first in (1..=MAILS).step_by(200) {
        let last = first + 199;
        client.send(&format!("t UID FETCH {first}:{last} (UID BODY.PEEK[])")).await;
        let wanted: usize =
            (first..=last).map(|uid| format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n)\r\n", mail.len()).len() + mail.len()).sum();
        let answer = client.octets(wanted).await;
        assert!(answer.ends_with("\r\n)\r\n") && answer.starts_with(&format!("* {first} FETCH (UID {first} BODY[] {{")));
        assert_eq!(client.line().await, "t OK FETCH completed");
        octets += wanted;
    }
    assert!(started.elapsed() < DEADLINE, "{octets} octets took {:?}", started.elapsed());
}
