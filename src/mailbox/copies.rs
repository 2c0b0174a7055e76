//! Copies of our letters in the mailbox's own folder for sent mail: kept there for people, and for an office that restores its store.
//!
//! Promises: a letter's copy is put there after the letter was sent, never before; before the first look of a run the letters that stand
//! there are made known, so that a store from yesterday does not write them again. A copy may stand there twice after a crash. A folder
//! that breaks the connection does so three times a run and no more: it keeps no mail from being read.
//! Rejected: SEARCH for our mark; servers differ in what they find. The last letters are what counts: older mail is not answered anyway.

use std::borrow::Cow;

use super::encoding;
use super::error::MailboxError;
use super::folder::Access;
use super::ledger::{Event, Filed, Ledger};
use super::look::Visit;
use super::memory::Memory;
use super::name::{self, Whereabouts};
use super::session::{Data, Fetched, Haste, Line, Part, Session};
use crate::desk::message::header::Headers;

/// Letters copied at a time.
const LETTERS: usize = 20;
/// Mails of the folder that are looked at, the newest.
const NEWEST: u32 = 2_000;
/// Mails asked for in one command.
const STEP: u32 = 200;
/// Bytes of a header that hold a Message-ID of ours.
const HEADER: u32 = 2_048;

impl<L: Ledger> Visit<'_, L> {
    /// Copies whatever letters wait for it.
    pub(super) async fn copy_letters(&mut self) -> Result<(), MailboxError> {
        let Some(folder) = self.settings.sent_folder.clone() else { return Ok(()) };
        if self.memory.notes().copies.given_up {
            return Ok(());
        }
        while !self.is_stopping() {
            let letters = self.ledger.letters_to_copy(&self.place.account, LETTERS).await?;
            if letters.is_empty() {
                break;
            }
            for letter in letters {
                self.beat();
                if self.memory.notes().copies.begins(letter.id) == Attempt::TooMany {
                    let sentence = format!(
                        "the connection broke each time that a copy was put into {folder}; no more are put there until the next start; look there, or leave sent-folder empty"
                    );
                    self.ledger.copied(letter.id, Filed::Refused { sentence }).await?;
                    // The next letter would fare no better; the next run tries it.
                    self.memory.notes().copies.given_up = true;
                    return Ok(());
                }
                let outcome = match self.append(&folder, &letter.bytes).await {
                    Ok(()) => Filed::Done,
                    Err(error @ MailboxError::Refused { .. }) => Filed::Refused { sentence: error.to_string() },
                    Err(other) => return Err(other),
                };
                self.ledger.copied(letter.id, outcome).await?;
            }
        }
        Ok(())
    }

    /// RFC 3501, 6.3.11, with a folder that is made if it is not there.
    async fn append(&mut self, folder: &str, bytes: &[u8]) -> Result<(), MailboxError> {
        let tried = self.name_of(folder);
        let refused = self.append_to(&tried, bytes).await;
        let Err(MailboxError::Refused { code, .. }) = &refused else { return refused };
        match self.other_name(folder, &tried, code).await? {
            Some(name) => self.append_to(&name, bytes).await,
            None => refused,
        }
    }

    async fn append_to(&mut self, folder: &str, bytes: &[u8]) -> Result<(), MailboxError> {
        let target = encoding::quoted_mailbox(folder);
        // UTF-8, and ASCII but for an address; whatever else may have come into the row is sent as it can be read.
        let text = String::from_utf8_lossy(bytes).into_owned();
        let shown = format!("(a letter of {} bytes)", text.len());
        let lines = [Line::open(format!("APPEND {target} (\\Seen) {{{}}}", text.len())), Line::secret(text, &shown)];
        self.session.dialogue(&lines, Haste::Bulk, |_| Ok(())).await.map(|_| ())
    }
}

/// How often a letter's copy was begun and not answered.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    letter: i64,
    begun: u32,
    /// Nothing more is copied in this run.
    given_up: bool,
}

/// Whether a copy is to be tried.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Fine,
    /// It cost as many connections as it may.
    TooMany,
}

/// Connections that one copy, or the reading of the folder, may cost.
pub(super) const MOST_ATTEMPTS: u32 = 3;

impl Attempts {
    fn begins(&mut self, letter: i64) -> Attempt {
        if self.letter != letter {
            *self = Self { letter, begun: 0, given_up: self.given_up };
        }
        self.begun += 1;
        if self.begun > MOST_ATTEMPTS { Attempt::TooMany } else { Attempt::Fine }
    }
}

/// Makes the letters known that stand in the folder for sent mail. Leaves that folder open.
pub(super) async fn learn<L: Ledger>(
    session: &mut Session,
    memory: &Memory,
    account: &str,
    folder: &str,
    ledger: &L,
) -> Result<(), MailboxError> {
    let ids = match ids(session, memory, folder).await {
        Ok(ids) => ids,
        // One that is not there is made with the first copy; one that is there and cannot be read is an operator's business.
        Err(MailboxError::Folder { said, .. } | MailboxError::Refused { said, .. }) => {
            if name::find(session, folder).await? != Whereabouts::Nowhere {
                ledger.observe(account, Event::SentUnread { sentence: said });
            }
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    Ok(ledger.learn_letters(account, ids).await?)
}

async fn ids(session: &mut Session, memory: &Memory, folder: &str) -> Result<Vec<String>, MailboxError> {
    name::open(session, memory, folder, Access::ReadOnly).await?;
    let exists = session.view().exists;
    let mut ids = Vec::new();
    let mut from = exists.saturating_sub(NEWEST.saturating_sub(1)).max(1);
    let mut step = STEP;
    while from <= exists {
        let to = from.saturating_add(step - 1).min(exists);
        let command = format!("FETCH {from}:{to} (UID BODY.PEEK[HEADER]<0.{HEADER}>)");
        let answered = session.command(&command, Haste::Bulk, |data| {
            if let Data::Fetch(Fetched { body: Some(piece), .. }) = data
                && piece.part == Part::Header
            {
                ids.extend(Headers::parse(&piece.bytes).text("message-id").map(Cow::into_owned));
            }
            Ok(())
        });
        match answered.await {
            // An id that is learnt twice does no harm.
            Err(error) if error.is_partial() && from < to => {
                step = (step / 2).max(1);
                continue;
            }
            outcome => drop(outcome?),
        }
        from = to.saturating_add(1);
    }
    Ok(ids)
}
