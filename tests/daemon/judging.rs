//! `classify`: every shape of input, in its order, and an unreadable one after the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testbed::mail::Submission;

use crate::office::{Answer, BINARY, finished};
use crate::post::{Post, text};

/// Runs `classify --json` without any configuration.
async fn classify(arguments: &[&str], input: &[u8]) -> Answer {
    let mut command = Command::new(BINARY);
    command.arg("classify").arg("--json").args(arguments).env_remove("UKETSUKE_CONFIG");
    finished(command, input).await
}

/// Path, Message-ID, verdict and reply of each line.
fn told(answer: &Answer) -> Vec<[String; 4]> {
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        ["path", "message_id", "verdict", "reply"].map(|key| value[key].as_str().unwrap_or_default().to_owned())
    };
    answer.stdout.lines().map(line).collect()
}

fn expected(path: &str, mail: &Submission) -> [String; 4] {
    [path.to_owned(), text(mail, "message_id"), text(mail, "verdict"), text(mail, "reply")]
}

fn mbox(mails: &[Submission]) -> Vec<u8> {
    let mut file = Vec::new();
    for mail in mails {
        file.extend_from_slice(b"From hanako@example.co.jp Mon Nov 23 10:00:00 2026\n");
        let unix: Vec<u8> = mail.raw.iter().copied().filter(|byte| *byte != b'\r').collect();
        for line in unix.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b"From ") {
                file.push(b'>');
            }
            file.extend_from_slice(line);
        }
        file.extend_from_slice(b"\n");
    }
    file
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
async fn files_are_judged_in_the_order_in_which_they_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let post = Post::dozen(7);
    let mut paths = Vec::new();
    for (number, mail) in post.mails.iter().enumerate() {
        // Named against the alphabet.
        let path = folder.path().join(format!("{}.eml", 99 - number));
        fs::write(&path, &mail.raw).expect("written");
        paths.push(shown(&path));
    }
    let arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
    let answer = classify(&arguments, b"").await;
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let wanted: Vec<[String; 4]> = paths.iter().zip(&post.mails).map(|(path, mail)| expected(path, mail)).collect();
    assert_eq!(told(&answer), wanted);
}

#[tokio::test]
async fn an_mbox_a_maildir_a_folder_and_stdin_are_all_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mails = Post::dozen(7).mails;
    let mbox_path = folder.path().join("all.mbox");
    fs::write(&mbox_path, mbox(&mails[0..3])).expect("written");
    let maildir = folder.path().join("Maildir");
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(name)).expect("made");
    }
    fs::write(maildir.join("cur/1.a.host:2,S"), &mails[3].raw).expect("written");
    fs::write(maildir.join("new/2.b.host"), &mails[4].raw).expect("written");
    fs::write(maildir.join("tmp/3.c.host"), &mails[5].raw).expect("written");
    let plain = folder.path().join("plain");
    fs::create_dir_all(plain.join("deeper")).expect("made");
    fs::write(plain.join("a.eml"), &mails[6].raw).expect("written");
    fs::write(plain.join("deeper/b.eml"), &mails[7].raw).expect("written");
    fs::write(plain.join("notes.docx"), b"PK\x03\x04 no mail").expect("written");
    let answer = classify(&[&shown(&mbox_path), &shown(&maildir), &shown(&plain), "-"], &mails[8].raw).await;
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let wanted = [
        expected(&format!("{}#1", shown(&mbox_path)), &mails[0]),
        expected(&format!("{}#2", shown(&mbox_path)), &mails[1]),
        expected(&format!("{}#3", shown(&mbox_path)), &mails[2]),
        expected(&shown(&maildir.join("cur/1.a.host:2,S")), &mails[3]),
        expected(&shown(&maildir.join("new/2.b.host")), &mails[4]),
        expected(&shown(&plain.join("a.eml")), &mails[6]),
        expected(&shown(&plain.join("deeper/b.eml")), &mails[7]),
        expected("-", &mails[8]),
    ];
    assert_eq!(told(&answer), wanted);
}

#[tokio::test]
async fn an_mbox_on_stdin_is_numbered() {
    let mails = Post::dozen(7).mails;
    let answer = classify(&["-"], &mbox(&mails)).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let wanted: Vec<[String; 4]> = (1..).zip(&mails).map(|(number, mail)| expected(&format!("-#{number}"), mail)).collect();
    assert_eq!(told(&answer), wanted);
}

#[tokio::test]
async fn an_unreadable_path_is_an_error_after_the_rest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mails = Post::dozen(7).mails;
    let [first, last] = ["first.eml", "last.eml"].map(|name| folder.path().join(name));
    fs::write(&first, &mails[0].raw).expect("written");
    fs::write(&last, &mails[1].raw).expect("written");
    let absent = folder.path().join("absent.eml");
    let answer = classify(&[&shown(&first), &shown(&absent), &shown(&last)], b"").await;
    assert_eq!(answer.code, Some(1));
    assert_eq!(told(&answer), [expected(&shown(&first), &mails[0]), expected(&shown(&last), &mails[1])]);
    assert!(answer.stderr.contains(&format!("{} cannot be read", shown(&absent))), "{}", answer.stderr);
    assert!(answer.stderr.contains("1 input(s) could not be read; the others were judged"), "{}", answer.stderr);
}

#[tokio::test]
async fn bombs_empty_files_and_noise_are_judged_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| shown(&folder.path().join(name));
    fs::write(path("bomb.eml"), testbed::mail::hostile::nested_rfc822_bomb(40_000, testbed::mail::hostile::Wrapping::Plain))
        .expect("written");
    fs::write(path("empty.eml"), b"").expect("written");
    fs::write(path("noise.eml"), (0..=255_u8).cycle().take(100_000).collect::<Vec<u8>>()).expect("written");
    let answer = classify(&[&path("bomb.eml"), &path("empty.eml"), &path("noise.eml")], b"").await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let verdicts: Vec<String> = told(&answer).into_iter().map(|[_, _, verdict, _]| verdict).collect();
    assert_eq!(verdicts.len(), 3);
    assert_eq!(verdicts[0], "review");
    assert!(!verdicts.contains(&"accepted".to_owned()), "{verdicts:?}");
}

#[tokio::test]
async fn an_empty_folder_prints_nothing_and_is_no_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let answer = classify(&[&shown(folder.path())], b"").await;
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_named_configuration_changes_the_rules_and_needs_no_account() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, "[programme]\nrequired-stars = 2\n").expect("written");
    let mails = Post::dozen(7).mails;
    let mut command = Command::new(BINARY);
    command.args(["classify", "--json", "-", "--config"]).arg(&rules);
    let answer = finished(command, &mails[0].raw).await;
    assert_eq!(told(&answer), [["-".to_owned(), text(&mails[0], "message_id"), "wrong_type".to_owned(), "wrong_type".to_owned()]]);
}
