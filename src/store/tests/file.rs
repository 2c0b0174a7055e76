//! The file itself: ours, foreign, newer, locked, full.

use super::*;

pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("uketsuke.db")
    }
}

pub(super) fn close(store: Store, thread: WriterThread) {
    drop(store);
    thread.join().expect("the writer ends");
}

fn refusal(path: &Path) -> StoreError {
    Store::open(path).map(|_| ()).expect_err("refused")
}

#[test]
fn a_new_file_is_ours_and_opens_again() {
    let folder = Folder::new();
    for _ in 0..2 {
        let (store, thread) = Store::open(&folder.path()).expect("opened");
        close(store, thread);
    }
    let connection = open_for_reading(&folder.path()).expect("ours");
    assert_eq!(number(&connection, "PRAGMA user_version"), 3);
    assert_eq!(number(&connection, "PRAGMA application_id"), i64::from(schema::APPLICATION_ID));
    assert!(connection.execute("DELETE FROM health", []).is_err(), "readers cannot write");
}

#[test]
fn a_store_has_one_daemon() {
    let folder = Folder::new();
    let (store, thread) = Store::open(&folder.path()).expect("opened");
    assert!(matches!(refusal(&folder.path()), StoreError::InUse));
    close(store, thread);
    let (store, thread) = Store::open(&folder.path()).expect("free again");
    close(store, thread);
}

#[test]
fn what_is_not_ours_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let foreign = |sql: &str| {
        let _absent = std::fs::remove_file(folder.path());
        Connection::open(folder.path()).expect("opened").execute_batch(sql).expect("written");
    };
    foreign("CREATE TABLE accounts (id INTEGER PRIMARY KEY)");
    let before = std::fs::read(folder.path()).expect("there");
    assert!(matches!(refusal(&folder.path()), StoreError::Foreign));
    foreign(&format!("CREATE TABLE x (y); PRAGMA application_id = {}; PRAGMA user_version = 99", schema::APPLICATION_ID));
    assert!(matches!(refusal(&folder.path()), StoreError::Newer { version: 99 }));
    std::fs::write(folder.path(), &before).expect("written");
    assert!(matches!(open_for_reading(&folder.path()), Err(StoreError::Foreign)));
    assert!(matches!(open_for_operator(&folder.path()), Err(StoreError::Foreign)));
    assert!(std::fs::read(folder.path()).expect("there") == before);
    std::fs::write(folder.path(), "受付簿".repeat(1_000)).expect("written");
    assert!(matches!(refusal(&folder.path()), StoreError::Foreign));
    assert!(matches!(refusal(Path::new("/nonexistent/uketsuke.db")), StoreError::CannotOpen { .. }));
    assert!(open_for_reading(&folder.0.path().join("absent.db")).is_err());
}

#[test]
fn a_lock_of_another_program_is_told_as_such() {
    let folder = Folder::new();
    let (store, thread) = Store::open(&folder.path()).expect("opened");
    let other = Connection::open(folder.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let mut ours = connect(&folder.path()).expect("reading is possible");
    ours.busy_timeout(Duration::ZERO).expect("set");
    let refused = receive(&mut ours, &[batch(7, vec![incoming(1, b"one")])], &tokyo(), NOW);
    assert!(matches!(refused, Err(StoreError::Locked)), "{refused:?}");
    drop(other);
    assert_eq!(take(&mut ours, &batch(7, vec![incoming(1, b"one")])), [Some(1)]);
    close(store, thread);
}

#[test]
fn a_full_disk_is_told_as_such_by_the_writer_and_ends_nothing() {
    let folder = Folder::new();
    let (store, thread) = Store::open(&folder.path()).expect("opened");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(async {
        let mails: Vec<Incoming> = (1..8).map(|uid| incoming(uid, &noise(uid, 60_000))).collect();
        let limit = |pages: i64| store.write(move |connection| Ok(connection.pragma_update(None, "max_page_count", pages)?));
        let keep = |mails: Vec<Incoming>| store.write(move |connection| receive(connection, &[batch(7, mails)], &tokyo(), NOW));
        limit(60).await.expect("set");
        let full = keep(mails.clone()).await;
        limit(100_000).await.expect("set");
        (full, keep(mails).await)
    });
    assert!(matches!(outcome.0, Err(StoreError::DiskFull)), "{:?}", outcome.0);
    assert_eq!(outcome.1.expect("there is room again"), (1..8).map(Some).collect::<Vec<_>>());
    close(store, thread);
}

#[test]
fn health_keeps_the_last_success_beside_a_failure() {
    let connection = in_memory();
    let fact = |state: &str, sentence: Option<&str>, success_at| Fact {
        part: "account:desk".to_owned(),
        state: state.to_owned(),
        sentence: sentence.map(str::to_owned),
        success_at,
        ..Fact::default()
    };
    health::note(&connection, &fact("watching", None, Some(NOW)), NOW).expect("noted");
    health::note(&connection, &fact("failing", Some("gone"), None), NOW + 9).expect("noted");
    let rows = column(&connection, "SELECT state || '|' || sentence || '|' || last_success_at || '|' || changed_at FROM health");
    assert_eq!(rows, ["failing|gone|2026-11-23T15:30:00Z|2026-11-23T15:30:09Z"]);
    health::forget_others(&connection, &["courier".to_owned()]).expect("forgotten");
    assert_eq!(number(&connection, "SELECT count(*) FROM health"), 0);
}
