//! The mailbox behind the server: folders, messages, and what clients did.
//!
//! Promises: UIDs only grow, every change raises the folder's generation (so that sessions know that there is news), renumbering starts a new
//! epoch that ends the sessions of the old one.
//! Rejected: a maildir on disk; tests ask for states (UIDVALIDITY 0, equal dates, gaps) that a real store would not produce.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::script::{Effects, Occasion, Rule};

/// A message as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub uid: u32,
    /// As IMAP writes it, without the quotes: `17-Jul-2026 02:44:25 +0900`.
    pub internal_date: String,
    /// System flags in their usual spelling (`\Seen`), keywords as they came.
    pub flags: BTreeSet<String>,
    pub bytes: Arc<[u8]>,
}

impl Message {
    /// A message without flags that came just now.
    #[must_use]
    pub fn new(uid: u32, bytes: impl Into<Vec<u8>>) -> Self {
        Self { uid, internal_date: internal_date(time::OffsetDateTime::now_utc()), flags: BTreeSet::new(), bytes: Arc::from(bytes.into()) }
    }

    #[must_use]
    pub fn dated(mut self, internal_date: &str) -> Self {
        internal_date.clone_into(&mut self.internal_date);
        self
    }

    #[must_use]
    pub fn flagged(mut self, name: &str) -> Self {
        self.flags.insert(flag(name));
        self
    }
}

/// A moment as INTERNALDATE has it.
#[must_use]
pub fn internal_date(moment: time::OffsetDateTime) -> String {
    let month: String = moment.month().to_string().chars().take(3).collect();
    let (hour, minute, second) = moment.to_hms();
    let (offset_hours, offset_minutes, _) = moment.offset().as_hms();
    let sign = if moment.offset().is_negative() { '-' } else { '+' };
    let offset = format!("{sign}{:02}{:02}", offset_hours.unsigned_abs(), offset_minutes.unsigned_abs());
    format!("{:02}-{month}-{:04} {hour:02}:{minute:02}:{second:02} {offset}", moment.day(), moment.year())
}

/// The usual spelling of a system flag; keywords stay as they are.
pub(super) fn flag(name: &str) -> String {
    let usual = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"];
    usual.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(name, |known| known).to_owned()
}

/// A folder to start with.
#[derive(Debug, Clone)]
pub struct Folder {
    pub name: String,
    pub messages: Vec<Message>,
}

impl Folder {
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), messages: Vec::new() }
    }

    /// Adds messages with the UIDs 1, 2, 3 …
    #[must_use]
    pub fn holding<Bytes: Into<Vec<u8>>>(mut self, mails: impl IntoIterator<Item = Bytes>) -> Self {
        self.messages.extend((1..).zip(mails).map(|(uid, bytes)| Message::new(uid, bytes)));
        self
    }
}

/// A folder while the server runs.
pub(super) struct Shelf {
    pub(super) uidnext: u32,
    pub(super) messages: BTreeMap<u32, Message>,
    /// Raised by each arrival and each removal.
    pub(super) generation: u64,
}

impl Shelf {
    fn empty() -> Self {
        Self { uidnext: 1, messages: BTreeMap::new(), generation: 1 }
    }

    pub(super) fn add(&mut self, mut message: Message) -> u32 {
        let uid = self.uidnext;
        message.uid = uid;
        self.uidnext = self.uidnext.saturating_add(1);
        self.messages.insert(uid, message);
        self.generation += 1;
        uid
    }

    pub(super) fn remove(&mut self, uid: u32) -> Option<Message> {
        let removed = self.messages.remove(&uid)?;
        self.generation += 1;
        Some(removed)
    }
}

/// One thing that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Counted from 1.
    pub connection: usize,
    /// Without the line end: a command with its tag, a SASL answer, or `DONE`.
    pub text: String,
}

/// Everything that a test may ask for, seen at one moment.
pub struct State {
    pub(super) folders: BTreeMap<String, Shelf>,
    pub(super) uidvalidity: u32,
    pub(super) epoch: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) sent: Vec<Sent>,
    pub(super) connections: usize,
    pub(super) open: usize,
    pub(super) idling: usize,
}

impl State {
    pub(super) fn new(folders: Vec<Folder>, uidvalidity: u32, rules: Vec<Rule>) -> Self {
        let mut state = Self {
            folders: BTreeMap::from([("INBOX".to_owned(), Shelf::empty())]),
            uidvalidity,
            epoch: 1,
            rules,
            sent: Vec::new(),
            connections: 0,
            open: 0,
            idling: 0,
        };
        for folder in folders {
            let shelf = state.shelf(&folder.name);
            for message in folder.messages {
                shelf.uidnext = shelf.uidnext.max(message.uid.saturating_add(1));
                shelf.messages.insert(message.uid, message);
            }
        }
        state
    }

    /// What clients sent so far, in order of time.
    #[must_use]
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// How often a command that begins so was sent (the tag left out, whatever the case).
    #[must_use]
    pub fn count(&self, beginning: &str) -> usize {
        let beginning = beginning.to_ascii_uppercase();
        let tagless = |sent: &Sent| sent.text.split_once(' ').map_or(sent.text.clone(), |(_, rest)| rest.to_owned());
        self.sent.iter().filter(|sent| tagless(sent).to_ascii_uppercase().starts_with(&beginning)).count()
    }

    /// Connections ever accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Connections that stand now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// Sessions that have got their "+" and wait for news.
    #[must_use]
    pub fn idling(&self) -> usize {
        self.idling
    }

    /// The messages of a folder by UID; none if there is no such folder.
    #[must_use]
    pub fn messages(&self, folder: &str) -> Vec<Message> {
        self.folders.get(&canonical(folder)).map_or_else(Vec::new, |shelf| shelf.messages.values().cloned().collect())
    }

    /// The folder, made if it does not exist.
    pub(super) fn shelf(&mut self, folder: &str) -> &mut Shelf {
        self.folders.entry(canonical(folder)).or_insert_with(Shelf::empty)
    }

    pub(super) fn renumber(&mut self, uidvalidity: u32) {
        self.uidvalidity = uidvalidity;
        self.epoch += 1;
        for shelf in self.folders.values_mut() {
            let messages = std::mem::take(&mut shelf.messages);
            shelf.uidnext = 1;
            for message in messages.into_values() {
                shelf.add(message);
            }
        }
    }
}

/// INBOX is the same folder in any case (RFC 3501 5.1); other names are not touched.
pub(super) fn canonical(folder: &str) -> String {
    if folder.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { folder.to_owned() }
}

/// The state with its lock and its bell.
pub(super) struct Shared {
    state: Mutex<State>,
    bell: watch::Sender<u64>,
    sever: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), bell: watch::Sender::new(0), sever: watch::Sender::new(0) }
    }

    /// Looks, without ringing.
    pub(super) fn look<T>(&self, view: impl FnOnce(&State) -> T) -> T {
        view(&self.lock())
    }

    /// Changes the state and rings the bell.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let outcome = change(&mut self.lock());
        self.bell.send_modify(|rings| *rings += 1);
        outcome
    }

    pub(super) fn log(&self, connection: usize, text: String) {
        self.change(|state| state.sent.push(Sent { connection, text }));
    }

    pub(super) fn effects(&self, occasion: Occasion<'_>, connection: usize) -> Effects {
        Effects::of(&mut self.lock().rules, occasion, connection)
    }

    /// Rings at every change.
    pub(super) fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Rings when all connections shall be dropped.
    pub(super) fn severed(&self) -> watch::Receiver<u64> {
        self.sever.subscribe()
    }

    pub(super) fn sever(&self) {
        self.sever.send_modify(|times| *times += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
