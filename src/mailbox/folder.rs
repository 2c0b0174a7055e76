//! Opening a folder, and asking which mails it holds.
//!
//! Promises: read-only unless mails are filed; an untagged NO is a warning, as RFC 3501, 7.1.2 says; listings are bounded by what
//! was asked for, whatever the server sends. Rejected: SEARCH (one line that grows with the folder), UIDNEXT as the last word.

use std::collections::{BTreeMap, BTreeSet};

use super::batches::Listed;
use super::date::utc_seconds;
use super::encoding::quoted_mailbox;
use super::error::MailboxError;
use super::session::{Data, Fetched, Haste, Session, View};
use super::windows::uid_set;

/// Whether we may change the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    ReadOnly,
    ReadWrite,
}

/// Opens the folder afresh; the session's view tells the rest.
pub(super) async fn open(session: &mut Session, folder: &str, access: Access) -> Result<(), MailboxError> {
    let verb = match access {
        Access::ReadOnly => "EXAMINE",
        Access::ReadWrite => "SELECT",
    };
    let growths = session.view().growths;
    *session.view_mut() = View { growths, ..View::default() };
    match session.command(&format!("{verb} {}", quoted_mailbox(folder)), Haste::Short, |_| Ok(())).await {
        Ok(_) => {}
        Err(MailboxError::Refused { said, .. }) => return Err(MailboxError::Folder { folder: folder.to_owned(), said }),
        Err(other) => return Err(other),
    }
    // Zero is not allowed (RFC 3501, 9: `nz-number`), but seen.
    if session.view().uidvalidity == 0 {
        return Err(MailboxError::NoUidValidity { folder: folder.to_owned() });
    }
    Ok(())
}

/// What is asked about the last mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Size and date, too: most often it is the only new mail, and need not be listed again.
    Detailed,
    /// The UID alone.
    Bare,
    /// The UID of the mail before it, in its place.
    OneBefore,
}

/// The last mail, asked for by its sequence number; nothing in an empty folder.
pub(super) async fn last_mail(session: &mut Session, question: Question) -> Result<Option<Listed>, MailboxError> {
    let mut question = question;
    for _ in 0..3 {
        let exists = session.view().exists;
        if exists == 0 {
            return Ok(None);
        }
        let mut last: Option<Listed> = None;
        let line = match question {
            Question::Detailed => format!("FETCH {exists} (UID RFC822.SIZE INTERNALDATE)"),
            Question::Bare => format!("FETCH {exists} (UID)"),
            Question::OneBefore => format!("FETCH {} (UID)", exists.saturating_sub(1).max(1)),
        };
        let outcome = session.command(&line, Haste::Short, |data| {
            if let Data::Fetch(fetched) = data
                && let Some(uid) = fetched.uid
                && last.is_none_or(|last| last.uid <= uid)
            {
                let before = last.filter(|last| last.uid == uid).unwrap_or(Listed { uid, size: None, internal_date: None });
                last = Some(before.with(&fetched));
            }
            Ok(())
        });
        match outcome.await {
            Ok(_) if last.is_some() => return Ok(last),
            // What came with a refusal was about another mail.
            Ok(_) | Err(MailboxError::Refused { .. }) => {}
            Err(other) => return Err(other),
        }
        // It was expunged a moment ago, and NOOP lets the server say so; or the server cannot say more of it than its UID.
        question = if question == Question::OneBefore { question } else { Question::Bare };
        session.command("NOOP", Haste::Short, |_| Ok(())).await?;
    }
    let exists = session.view().exists;
    let tail = session.tail();
    Err(MailboxError::NoLastMail { exists, tail })
}

impl Listed {
    /// With what an answer adds. An unsolicited one for the same mail (new flags) must not wipe out what is known.
    fn with(self, fetched: &Fetched<'_>) -> Self {
        Self { size: fetched.size.or(self.size), internal_date: fetched.internal_date.and_then(utc_seconds).or(self.internal_date), ..self }
    }
}

/// The mails of a range with size and date, ascending.
pub(super) async fn details(session: &mut Session, from: u32, to: u32) -> Result<Vec<Listed>, MailboxError> {
    let mut found: BTreeMap<u32, Listed> = BTreeMap::new();
    session
        .command(&format!("UID FETCH {from}:{to} (UID RFC822.SIZE INTERNALDATE)"), Haste::Bulk, |data| {
            if let Data::Fetch(fetched) = data
                && let Some(uid) = fetched.uid.filter(|uid| (from..=to).contains(uid))
            {
                let entry = found.entry(uid).or_insert(Listed { uid, size: None, internal_date: None });
                *entry = entry.with(&fetched);
            }
            Ok(())
        })
        .await?;
    Ok(found.into_values().collect())
}

/// The UIDs of a range, ascending; only the first `most` of them.
pub(super) async fn uids(session: &mut Session, from: u32, to: u32, most: usize) -> Result<Vec<u32>, MailboxError> {
    let mut found = BTreeSet::new();
    session
        .command(&format!("UID FETCH {from}:{to} (UID)"), Haste::Bulk, |data| {
            if let Data::Fetch(Fetched { uid: Some(uid), .. }) = data
                && (from..=to).contains(&uid)
            {
                found.insert(uid);
                if found.len() > most {
                    found.pop_last();
                }
            }
            Ok(())
        })
        .await?;
    Ok(found.into_iter().collect())
}

/// Which of these UIDs exist. A server that answers only for a part is asked for ever fewer at a time.
pub(super) async fn existing(session: &mut Session, asked: &[u32]) -> Result<BTreeSet<u32>, MailboxError> {
    let mut found = BTreeSet::new();
    let mut sets = super::windows::uid_sets(asked);
    while let Some(set) = sets.pop() {
        let line = format!("UID FETCH {} (UID)", uid_set(set));
        let outcome = session.command(&line, Haste::Short, |data| {
            if let Data::Fetch(Fetched { uid: Some(uid), .. }) = data
                && set.binary_search(&uid).is_ok()
            {
                found.insert(uid);
            }
            Ok(())
        });
        match outcome.await {
            Err(error) if error.wants_less() && set.len() > 1 => sets.extend(set.chunks(set.len().div_ceil(2))),
            outcome => outcome.map(drop)?,
        }
    }
    Ok(found)
}
