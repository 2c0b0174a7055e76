//! Large mails: files that are whole, found again, and erased with their submissions.

use std::fs;

use super::file::{Folder, close};
use super::*;
use crate::fingerprint::sha256;
use crate::store::files::LARGE;

/// One byte more than a row takes.
fn large(seed: u32) -> Vec<u8> {
    noise(seed, LARGE + 1)
}

fn laid_down(files: &Files, uid: u32, bytes: &[u8]) -> Incoming {
    let size = u64::try_from(bytes.len()).expect("small");
    Incoming::laid_down(files, uid, None, size, (Kept::Whole, bytes), Sighting::Live).expect("laid down")
}

/// Names in the folder of the large mails, sorted.
fn names(folder: &Folder) -> Vec<String> {
    let path = format!("{}.mails", folder.path().display());
    let mut names: Vec<String> =
        fs::read_dir(path).expect("there").map(|entry| entry.expect("read").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A store that has taken these mails, closed.
fn stored(folder: &Folder, mails: &[(&str, &[u8])]) {
    let (store, thread) = Store::open(&folder.path()).expect("opened");
    let mut connection = connect(&folder.path()).expect("opened");
    for (uid, (account, bytes)) in (1_u32..).zip(mails) {
        let place = Place { account: (*account).to_owned(), ..place(7) };
        let batch = Batch { place, ..batch(7, vec![laid_down(&store.files(), uid, bytes)]) };
        take(&mut connection, &batch);
    }
    drop(connection);
    close(store, thread);
}

#[test]
fn a_large_mail_is_a_file_and_comes_back_as_it_was() {
    let folder = Folder::new();
    let (mail, edge) = (large(1), noise(2, LARGE));
    stored(&folder, &[("desk", &mail), ("desk", &edge)]);
    assert_eq!(names(&folder), [format!("{}.eml", sha256(&[&mail]))]);
    let files = Files::beside(&folder.path());
    let mut connection = open_for_operator(&folder.path()).expect("ours");
    assert_eq!(column(&connection, "SELECT kept FROM submissions ORDER BY id"), ["file", "rows"]);
    assert_eq!(number(&connection, "SELECT count(*) FROM raw_mails WHERE submission = 1"), 0);
    assert_eq!(query::raw(&connection, &files, 1).expect("read"), Some(mail.clone()));
    assert_eq!(query::raw(&connection, &files, 2).expect("read"), Some(edge.clone()));
    let nobody = |_| None;
    let wanted = Wanted { mails: 9, bytes: 1 << 20, begun_too: true, at_hand: &nobody };
    let taken = take_pending(&mut connection, wanted).expect("taken");
    let bytes: Vec<_> = taken.iter().map(|pending| pending.bytes(&files).expect("there").into_owned()).collect();
    assert_eq!(bytes, [mail, edge]);
}

#[test]
fn a_file_that_is_damaged_or_gone_is_an_error_and_not_a_mail() {
    let folder = Folder::new();
    let files = Files::beside(&folder.path());
    files.open().expect("made");
    let (mail, name) = (large(1), sha256(&[&large(1)]));
    files.keep(&name, &mail).expect("kept");
    let path = folder.path().with_extension("db.mails").join(format!("{name}.eml"));
    let spoilt = [&mail[..LARGE], b"?"].concat();
    fs::write(&path, &spoilt).expect("written");
    assert!(files.kept(&name).expect_err("refused").to_string().contains("is damaged"));
    // The mailbox has it still: the next fetch mends it.
    files.keep(&name, &mail).expect("kept");
    assert_eq!(files.kept(&name).expect("read"), Some(mail));
    files.remove(&name).expect("removed");
    files.remove(&name).expect("nothing to do");
    assert_eq!(files.kept(&name).expect("read"), None);
}

#[test]
fn what_a_crash_left_half_written_is_removed_at_the_start() {
    let folder = Folder::new();
    stored(&folder, &[("desk", &large(1))]);
    let left = folder.path().with_extension("db.mails").join(".unfinished-x7");
    fs::write(left, b"From: a").expect("written");
    assert_eq!(names(&folder).len(), 2);
    stored(&folder, &[]);
    assert_eq!(names(&folder), [format!("{}.eml", sha256(&[&large(1)]))]);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_as_such() {
    let folder = Folder::new();
    // A file stands where the folder belongs.
    fs::write(folder.path().with_extension("db.mails"), b"x").expect("written");
    let files = Files::beside(&folder.path());
    let refused = files.keep("name", b"mail").expect_err("refused").to_string();
    assert!(refused.contains("uketsuke.db.mails cannot be opened"), "{refused}");
    assert!(matches!(Store::open(&folder.path()), Err(StoreError::CannotOpen { .. })));
}

#[test]
fn a_file_goes_with_the_last_submission_that_has_it() {
    let folder = Folder::new();
    stored(&folder, &[("desk", &large(1)), ("other", &large(1)), ("desk", &large(2))]);
    let erase = |sql: &str| {
        let connection = open_for_operator(&folder.path()).expect("ours");
        connection.execute_batch(sql).expect("erased");
        drop(connection);
        stored(&folder, &[]);
        names(&folder).len()
    };
    assert_eq!(erase("DELETE FROM submissions WHERE account = 'other'"), 2, "two accounts had it");
    assert_eq!(erase("DELETE FROM submissions WHERE account = 'desk' AND uid = 1"), 1);
    assert_eq!(names(&folder), [format!("{}.eml", sha256(&[&large(2)]))]);
    let connection = open_for_reading(&folder.path()).expect("ours");
    assert_eq!(number(&connection, "SELECT count(*) FROM erased_files"), 0);
}

#[test]
fn files_that_no_row_knows_stay() {
    let folder = Folder::new();
    stored(&folder, &[("desk", &large(1))]);
    // An older backup was put in the place of the rows.
    fs::remove_file(folder.path()).expect("removed");
    stored(&folder, &[]);
    assert_eq!(names(&folder).len(), 1);
}

#[test]
fn a_folder_that_was_taken_away_is_made_again() {
    let folder = Folder::new();
    let files = Files::beside(&folder.path());
    files.keep(&sha256(&[&large(1)]), &large(1)).expect("kept");
    assert_eq!(names(&folder), [format!("{}.eml", sha256(&[&large(1)]))]);
}

#[test]
fn what_cannot_be_read_now_is_no_damage() {
    let folder = Folder::new();
    let files = Files::beside(&folder.path());
    files.open().expect("made");
    // A folder in the place of the file: reading fails, and says nothing of the mail.
    fs::create_dir(folder.path().with_extension("db.mails").join("name.eml")).expect("made");
    let refused = files.kept("name").expect_err("refused");
    assert!(!refused.is_about_rows(), "{refused}");
}

/// As the version before kept it.
fn kept_in_rows(connection: &Connection, mail: &[u8]) {
    let packed = raw::Packed::of(mail).expect("packed");
    let insert = "INSERT INTO submissions (id, account, folder, uidvalidity, uid, sha256, size, content, sighting, received_at, stored_at, receipt)
                  VALUES (1, 'desk', 'INBOX', 7, 1, ?1, ?2, 'whole', 'live', '2026-11-23T15:30:00Z', '2026-11-23T15:30:00Z', '20261124-000001')";
    connection.execute(insert, rusqlite::params![sha256(&[mail]), i64::try_from(mail.len()).expect("small")]).expect("inserted");
    raw::keep(connection, 1, &packed).expect("kept");
}

#[test]
fn an_older_store_keeps_its_large_mails_and_erases_what_was_fetched_again() {
    let folder = Folder::new();
    let mail = large(1);
    let old = Connection::open(folder.path()).expect("opened");
    for sql in [include_str!("../schema/001.sql"), include_str!("../schema/002.sql")] {
        old.execute_batch(sql).expect("made");
    }
    old.execute_batch(&format!("PRAGMA application_id = {}; PRAGMA user_version = 2", schema::APPLICATION_ID)).expect("signed");
    kept_in_rows(&old, &mail);
    drop(old);
    assert!(include_str!("../schema/003.sql").contains(&format!("old.size > {LARGE} ")), "the trigger knows the same bound");
    // The folder was renumbered: the same mail under another UID is recognised, and its file stands.
    stored(&folder, &[("desk", b"other"), ("desk", &mail)]);
    let mut connection = open_for_operator(&folder.path()).expect("ours");
    assert_eq!(column(&connection, "SELECT uid || kept FROM submissions WHERE id = 1"), ["2rows"]);
    assert_eq!(query::raw(&connection, &Files::beside(&folder.path()), 1).expect("read"), Some(mail.clone()));
    let nobody = |_| None;
    let wanted = Wanted { mails: 1, bytes: 1 << 20, begun_too: true, at_hand: &nobody };
    let taken = take_pending(&mut connection, wanted).expect("taken");
    assert_eq!(taken[0].bytes(&nowhere()).expect("unpacked").into_owned(), mail);
    connection.execute_batch("DELETE FROM submissions WHERE id = 1").expect("erased");
    drop(connection);
    assert_eq!(names(&folder).len(), 1);
    stored(&folder, &[]);
    assert_eq!(names(&folder), [""; 0]);
}
