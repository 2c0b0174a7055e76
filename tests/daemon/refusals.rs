//! Everything that an operator can get wrong, read aloud: one sentence, with the remedy, and the exit code that scripts rely on.

use std::fs;

use testbed::imap::{self, State, What, When};
use testbed::oauth::{Answer, TokenEndpoint};
use testbed::smtp;
use testbed::tls::{Authority, Certificate, Security};

use crate::letters::greeting;
use crate::office::{DEADLINE, Office};
use crate::plan::Plan;
use crate::post::Post;

fn office(change: impl FnOnce(Plan) -> Plan) -> Office {
    Office::new(imap::Options::default(), smtp::Options::default(), change)
}

/// The account's sentence of `status`, once there is one.
async fn sentence_of(office: &Office) -> String {
    let sql = "SELECT count(*) FROM health WHERE part = 'account:desk' AND sentence IS NOT NULL";
    office.until_rows(sql, &["1"]).await;
    let status = office.ask_json(&["status", "--json"]).await;
    assert_eq!(status["healthy"], serde_json::Value::Bool(false), "{status}");
    let spoken = office.ask(&["status"]).await.stdout;
    let sentence = status["last_error"]["sentence"].as_str().unwrap_or_default().to_owned();
    assert!(spoken.contains(&sentence), "{spoken}");
    sentence
}

fn logins(state: &State) -> usize {
    state.count("AUTHENTICATE") + state.count("LOGIN")
}

#[tokio::test]
async fn a_wrong_password_is_named_and_tried_once() {
    let office = office(|plan| plan);
    fs::write(office.path("password"), "chigau-kotoba\n").expect("written");
    let daemon = office.start();
    let sentence = sentence_of(&office).await;
    assert!(sentence.contains("the server refuses the login of desk@office.example.jp"), "{sentence}");
    assert!(sentence.contains("check `user`, the password and whether IMAP is enabled for the account"), "{sentence}");
    let retry =
        office.rows("SELECT strftime('%s', retry_at) - strftime('%s', changed_at) FROM health WHERE part = 'account:desk'").remove(0);
    assert!((295..=335).contains(&retry.parse::<i64>().expect("a number")), "the next attempt comes after five minutes, not {retry} s");
    // Whatever would wake it comes in vain: a second attempt within the pause could lock the account.
    office.imap.deliver("Subject: x\r\n\r\n");
    daemon.signal(rustix::process::Signal::HUP);
    daemon.until_said("The rules and letters were read again.").await;
    assert!(office.imap.wait_until(|state| logins(state) > 1, std::time::Duration::from_secs(2)).await.is_err(), "one attempt only");
    let log = daemon.close().await;
    assert!(!log.contains("chigau-kotoba") && !log.contains("himitsu"), "{log}");
    let check = office.ask(&["check"]).await;
    assert_eq!(check.code, Some(3));
    assert!(check.stdout.contains("使えません: the server refuses the login of desk@office.example.jp"), "{}", check.stdout);
}

/// The sentence about a server certificate; nothing may have been said to that server.
async fn certificate(security: Security, authority: &Authority, host: &str) -> String {
    let options = imap::Options { security, ..imap::Options::default() };
    let office = Office::new(options, smtp::Options::default(), |plan| {
        plan.account("security", "\"tls\"").account("host", &format!("\"{host}\"")).account("ca-file", "\"authority.pem\"")
    });
    let file = office.path("authority.pem");
    authority.write_pem(&file).expect("written");
    let plan = office.plan().account("security", "\"tls\"").account("host", &format!("\"{host}\""));
    office.write(&plan.account("ca-file", &format!("\"{}\"", file.display())));
    let daemon = office.start();
    let sentence = sentence_of(&office).await;
    assert_eq!(office.imap.commands(), Vec::<String>::new(), "no word to a server that is not the right one");
    daemon.close().await;
    sentence
}

#[tokio::test]
async fn a_wrong_certificate_is_named_with_its_reason() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (certificate_of, trusted, reason) in [
        (authority.server_config(Certificate::Expired), &authority, "has expired"),
        (authority.server_config(Certificate::NotYetValid), &authority, "is not valid yet"),
        (authority.server_config(Certificate::WrongName), &authority, "is not for localhost"),
        (authority.server_config(Certificate::Valid), &other, "ca-file"),
    ] {
        let sentence = certificate(Security::Tls(certificate_of), trusted, "localhost").await;
        assert!(sentence.contains(reason) && sentence.contains("localhost"), "{reason}: {sentence}");
    }
}

#[tokio::test]
async fn tls_and_starttls_carry_mails_in_and_letters_out() {
    let authority = Authority::new();
    let post = Post::dozen(7);
    for (word, imap, smtp) in [
        ("tls", Security::Tls(authority.server_config(Certificate::Valid)), Security::Tls(authority.server_config(Certificate::Valid))),
        (
            "starttls",
            Security::StartTls(authority.server_config(Certificate::Valid)),
            Security::StartTls(authority.server_config(Certificate::Valid)),
        ),
    ] {
        let account = smtp::Account { user: "office".to_owned(), password: "himitsu \"no\" \\ kotoba".to_owned(), token: None };
        let options = imap::Options { security: imap, folders: vec![post.inbox()], ..imap::Options::default() };
        let office =
            Office::new(options, smtp::Options { security: smtp, account: Some(account), ..smtp::Options::default() }, |plan| plan);
        let file = office.path("authority.pem");
        authority.write_pem(&file).expect("written");
        let (word, file) = (format!("\"{word}\""), format!("\"{}\"", file.display()));
        let password = format!("\"file:{}\"", office.path("password").display());
        let plan =
            office.plan().account("security", &word).account("ca-file", &file).set("smtp", "security", &word).set("smtp", "ca-file", &file);
        office.write(&plan.set("smtp", "user", "\"office\"").set("smtp", "password", &password));
        let check = office.ask(&["check"]).await;
        assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
        let daemon = office.start();
        office.until_balanced(&post).await;
        let log = daemon.close().await;
        assert!(!log.contains("himitsu"), "{log}");
    }
}

#[tokio::test]
async fn access_tokens_carry_mails_in_and_letters_out_and_stay_secret() {
    let post = Post::dozen(7);
    let endpoint = TokenEndpoint::start(Security::Plaintext, vec![Answer::exchanged("himitsu-token", "himitsu-exchanged")]);
    let account = smtp::Account { user: "office".to_owned(), password: "x".to_owned(), token: Some("himitsu-token".to_owned()) };
    let capabilities = ["IMAP4rev1", "IDLE", "UIDPLUS", "SASL-IR", "AUTH=XOAUTH2"].map(str::to_owned).to_vec();
    let (token, folders) = (Some("himitsu-token".to_owned()), vec![post.inbox()]);
    let options = imap::Options { token, capabilities, folders, ..imap::Options::default() };
    let office = Office::new(options, smtp::Options { account: Some(account), ..smtp::Options::default() }, |plan| plan);
    // The file of the password becomes that of the refresh token: it has the right mode already.
    fs::write(office.path("password"), "himitsu-refresh\n").expect("written");
    let plan = office.plan().tokens(&endpoint.url(), &office.path("password"));
    office.write(&plan.set("smtp", "user", "\"office\"").set("smtp", "tokens-of", "\"desk\"").set("log", "level", "\"trace\""));
    let check = office.ask(&["check"]).await;
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    let daemon = office.start();
    office.until_balanced(&post).await;
    let status = office.ask(&["status", "--json"]).await;
    let forms = endpoint.forms().len();
    let beside = office.ask(&["check"]).await;
    assert!(
        beside.code == Some(0) && beside.stdout.matches("デーモンが動いているため、ログインは試しません").count() == 2,
        "{}",
        beside.stdout
    );
    assert_eq!(endpoint.forms().len(), forms, "a refresh token is used by one process");
    let log = daemon.close().await;
    for text in [&check.stdout, &check.stderr, &status.stdout, &log] {
        assert!(!text.contains("himitsu") && !text.contains("aGltaXRzdS"), "{text}");
    }
    assert!(office.path("refresh-token-desk").exists());
}

#[tokio::test]
async fn an_unreachable_server_is_named_and_tried_again() {
    let office = office(|plan| plan);
    // Nobody listens on port 1; a port that was just free might be given to a neighbour's server.
    office.write(&office.plan().account("port", "1").set("smtp", "port", "1"));
    let daemon = office.start();
    let sentence = sentence_of(&office).await;
    assert!(
        sentence.contains("127.0.0.1 port 1 cannot be reached") && sentence.contains("check `host`, `port` and the firewall"),
        "{sentence}"
    );
    daemon.until_said("Ready.").await;
    let check = office.ask(&["check"]).await;
    assert_eq!(check.code, Some(3));
    assert_eq!(check.stdout.matches("使えません").count(), 2, "both servers are looked at: {}", check.stdout);
    daemon.close().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let office = office(|plan| plan.account("folder", "\"受付\""));
    let daemon = office.start();
    let sentence = sentence_of(&office).await;
    assert!(sentence.contains("the folder 受付 cannot be opened") && sentence.contains("check `folder`"), "{sentence}");
    daemon.close().await;
}

/// The file is refused by every command that needs it, before anything is touched.
async fn refused(office: &Office, expected: &[&str]) {
    for arguments in [["run"].as_slice(), &["check"], &["check", "--offline"]] {
        let answer = office.ask(arguments).await;
        assert_eq!(answer.code, Some(78), "{arguments:?}: {}", answer.stderr);
        assert!(answer.stdout.is_empty(), "{}", answer.stdout);
        for sentence in expected {
            assert!(answer.stderr.contains(sentence), "{arguments:?}: {}", answer.stderr);
        }
    }
    assert_eq!(office.imap.connections(), 0);
    assert!(!office.path("uketsuke.db").exists(), "no store is made under a refused configuration");
}

#[tokio::test]
async fn all_mistakes_of_a_file_are_read_aloud_at_once() {
    let office = office(|plan| plan.account("pasword", "\"x\"").set("reply", "mode", "\"on\"").set("programme", "required-stars", "3"));
    refused(
        &office,
        &[
            "accounts[0].pasword: is not a key of uketsuke; did you mean `password`?",
            "reply.mode = \"on\": must be \"off\", \"hold\" or \"send\"",
            "programme.required-stars = 3: must be a whole number from 1 to 2 (stars)",
        ],
    )
    .await;
}

#[tokio::test]
async fn an_unreadable_template_is_refused() {
    let office = office(|plan| plan);
    let folder = office.path("letters");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join("missing.txt"), "Subject: x\n\n{{ recipt }}\n").expect("written");
    office.write(&office.plan().set("reply", "templates", &format!("\"{}\"", folder.display())));
    refused(
        &office,
        &["missing.txt cannot be used: undefined value", "wrong_type.txt cannot be read", "copy the shipped one there, or set templates"],
    )
    .await;
}

#[tokio::test]
async fn a_password_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let office = office(|plan| plan);
    fs::set_permissions(office.path("password"), fs::Permissions::from_mode(0o644)).expect("set");
    refused(&office, &["every user of this machine can read", "run: chmod 600"]).await;
}

#[tokio::test]
async fn a_file_that_is_absent_or_no_toml_is_refused() {
    let office = office(|plan| plan);
    office.write_text("[smtp]\nhost = \n");
    refused(&office, &["is not valid TOML", "line 2"]).await;
    fs::remove_file(office.path("uketsuke.toml")).expect("removed");
    refused(&office, &["cannot be read", "name another file with --config"]).await;
}

#[tokio::test]
async fn wrong_arguments_are_exit_code_two() {
    let office = office(|plan| plan);
    for arguments in
        [["frobnicate"].as_slice(), &["show"], &["show", "x"], &["list", "--verdict", "maybe"], &["list", "--since", "soon"], &[]]
    {
        let answer = office.ask(arguments).await;
        assert_eq!(answer.code, Some(2), "{arguments:?}: {}", answer.stderr);
        assert!(answer.stdout.is_empty() && !answer.stderr.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn status_of_an_office_that_never_opened_says_so() {
    let office = office(|plan| plan);
    let status = office.ask(&["status"]).await;
    assert_eq!(status.code, Some(1));
    assert!(
        status.stderr.contains("there is no store") && status.stderr.contains("it is created when the daemon starts"),
        "{}",
        status.stderr
    );
}

#[tokio::test]
async fn a_broken_server_at_the_start_does_not_keep_the_office_closed() {
    let post = Post::dozen(7);
    let office = Office::scripted(&post, vec![When::greeting().nth(1).then(What::GreetingBye)], |plan| plan);
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    office.until_balanced(&post).await;
    office.imap.wait_until(|state| state.idling() == 1, DEADLINE).await.expect("watching");
    assert_eq!(office.ask_json(&["status", "--json"]).await["healthy"], serde_json::Value::Bool(true));
    daemon.close().await;
}

#[tokio::test]
async fn one_broken_account_does_not_keep_the_other_from_its_mail() {
    let post = Post::dozen(7);
    let office = Office::with_post(&post, |plan| plan);
    let second =
        "[[accounts]]\nname = \"second\"\nhost = \"127.0.0.1\"\nport = 1\nsecurity = \"plaintext\"\nuser = \"second@office.example.jp\"\n";
    let text = format!("{}{second}password = \"file:{}\"\n", office.plan().text(), office.path("password").display());
    office.write_text(&text);
    let daemon = office.start();
    office.until_balanced(&post).await;
    office
        .until_rows(
            "SELECT part, state FROM health WHERE part LIKE 'account:%' ORDER BY part",
            &["account:desk|watching", "account:second|failing"],
        )
        .await;
    daemon.close().await;
    // Taken out of the file, it does not look sick for ever.
    office.write(&office.plan());
    let daemon = office.start();
    daemon.until_said("Ready.").await;
    office.until_rows("SELECT part, state FROM health WHERE part LIKE 'account:%'", &["account:desk|watching"]).await;
    daemon.close().await;
}

#[tokio::test]
async fn a_newest_mail_of_which_the_server_says_nothing_is_told_in_status() {
    let folders = vec![imap::Folder::named("INBOX").holding((1..=2).map(|number| greeting("taro@applicant.example.co.jp", number)))];
    let script = ["FETCH", "UID FETCH"].map(|command| When::command(command).then(What::MalformedForUid(2))).to_vec();
    let options = imap::Options { folders, script, ..imap::Options::default() };
    let office = Office::new(options, smtp::Options::default(), |plan| plan);
    let daemon = office.start();
    daemon.until_said("The newest mail of the folder cannot be had").await;
    office.until_rows("SELECT count(*) FROM submissions", &["1"]).await;
    office.until_rows("SELECT state FROM health WHERE part = 'account:desk'", &["failing"]).await;
    let status = office.ask(&["status"]).await;
    assert!(status.stdout.contains("the server says nothing of the folder's newest mail"), "{}", status.stdout);
    daemon.close().await;
}
