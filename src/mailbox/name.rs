//! Folders by the names that people write: found where the server keeps them, made where they are missing.
//!
//! Promises: a name that the server takes as it is written costs nothing; `/` stands for the server's own separator; below INBOX a folder
//! is looked for, and made, only on a server that shows no other folder beside INBOX (Courier, and others with the namespace `INBOX.`):
//! elsewhere a folder below INBOX is another one. Rejected: NAMESPACE (RFC 2342); imap-proto 0.17 cannot read its answer.

use super::answer::Code;
use super::encoding::{mailbox, quoted_mailbox};
use super::error::MailboxError;
use super::folder::{self, Access};
use super::ledger::Ledger;
use super::look::Visit;
use super::memory::Memory;
use super::session::{Data, Haste, Session};

/// Opens a folder by its name, and remembers the server's name for it.
///
/// # Errors
/// [`MailboxError::Folder`] with what the server said to the name as it is written, where the folder is nowhere.
pub(super) async fn open(session: &mut Session, memory: &Memory, folder: &str, access: Access) -> Result<(), MailboxError> {
    let tried = known(memory, folder);
    let refused = match folder::open(session, &tried, access).await {
        Err(refused @ MailboxError::Folder { .. }) => refused,
        other => return other,
    };
    match find(session, folder).await? {
        Whereabouts::Named(name) if name != tried => {
            folder::open(session, &name, access).await?;
            memory.notes().names.insert(folder.to_owned(), name);
            Ok(())
        }
        _ => Err(refused),
    }
}

/// The server's name for a folder, as far as it has been learnt.
fn known(memory: &Memory, folder: &str) -> String {
    memory.notes().names.get(folder).cloned().unwrap_or_else(|| folder.to_owned())
}

/// Where a folder is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// The server lists it under this name.
    Named(String),
    Nowhere,
    /// The server refuses to list anything.
    Untold,
}

/// Asks where the server lists the folder.
pub(super) async fn find(session: &mut Session, folder: &str) -> Result<Whereabouts, MailboxError> {
    let names = names(session, folder).await?;
    match presence(session, &names.plain).await? {
        Presence::There => return Ok(Whereabouts::Named(names.plain)),
        Presence::Untold => return Ok(Whereabouts::Untold),
        Presence::Absent => {}
    }
    match names.below_inbox {
        Some(below) if keeps_all_below_inbox(session).await? && presence(session, &below).await? == Presence::There => {
            Ok(Whereabouts::Named(below))
        }
        _ => Ok(Whereabouts::Nowhere),
    }
}

impl<L: Ledger> Visit<'_, L> {
    /// The name by which to address a folder that mails or letters are put into.
    pub(super) fn name_of(&self, folder: &str) -> String {
        known(self.memory, folder)
    }

    /// After a refusal under `tried`: the name under which the folder was found or has just been made. None where it stands under the name
    /// that was tried, so that the refusal was about something else.
    ///
    /// # Errors
    /// Nor can it be made: what the server said.
    pub(super) async fn other_name(&mut self, folder: &str, tried: &str, refusal: &Code) -> Result<Option<String>, MailboxError> {
        // RFC 3501, 7.1: where the server says TRYCREATE, that is a better witness than its listing.
        if *refusal != Code::TryCreate && presence(self.session, tried).await? != Presence::Absent {
            return Ok(None);
        }
        let names = names(self.session, folder).await?;
        let is_elsewhere = names.plain != tried && presence(self.session, &names.plain).await? == Presence::There;
        let name = if is_elsewhere { names.plain } else { make(self.session, names).await? };
        self.memory.notes().names.insert(folder.to_owned(), name.clone());
        Ok(Some(name))
    }
}

/// Makes a folder, or finds it below INBOX where the server makes none beside it.
async fn make(session: &mut Session, names: Names) -> Result<String, MailboxError> {
    let refused = match create(session, &names.plain).await {
        Ok(()) => return Ok(names.plain),
        Err(refused) => refused,
    };
    // A refusal with a code has another reason than the place: no right to it, no room.
    let is_about_the_place = matches!(refused, MailboxError::Refused { code: Code::None, .. });
    match names.below_inbox {
        Some(below) if is_about_the_place && keeps_all_below_inbox(session).await? => {
            if presence(session, &below).await? != Presence::There {
                create(session, &below).await?;
            }
            Ok(below)
        }
        _ => Err(refused),
    }
}

/// CREATE; another watcher of the same mailbox may have been faster (RFC 5530: ALREADYEXISTS).
async fn create(session: &mut Session, name: &str) -> Result<(), MailboxError> {
    match session.command(&format!("CREATE {}", quoted_mailbox(name)), Haste::Short, |_| Ok(())).await {
        Err(MailboxError::Refused { code: Code::Word(word), .. }) if word == "ALREADYEXISTS" => Ok(()),
        other => other.map(|_| ()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Absent,
    Untold,
}

/// Whether the server lists the folder as one that can hold mails.
async fn presence(session: &mut Session, name: &str) -> Result<Presence, MailboxError> {
    let (asked, is_pattern) = (mailbox(name), name.contains(['%', '*']));
    let mut is_listed = false;
    let command = format!("LIST \"\" {}", quoted_mailbox(name));
    let listing = session.command(&command, Haste::Short, |data| {
        if let Data::Listed { name, is_selectable, .. } = data {
            is_listed |= is_selectable && (!is_pattern || name == asked);
        }
        Ok(())
    });
    match listing.await {
        Ok(_) if is_listed => Ok(Presence::There),
        Ok(_) => Ok(Presence::Absent),
        Err(MailboxError::Refused { .. }) => Ok(Presence::Untold),
        Err(other) => Err(other),
    }
}

const INBOX: &str = "INBOX";

/// Whether no folder but INBOX stands at the top.
async fn keeps_all_below_inbox(session: &mut Session) -> Result<bool, MailboxError> {
    let (mut has_inbox, mut has_others) = (false, false);
    let listing = session.command("LIST \"\" \"%\"", Haste::Short, |data| {
        if let Data::Listed { name, .. } = data {
            let is_inbox = name.eq_ignore_ascii_case(INBOX);
            has_inbox |= is_inbox;
            has_others |= !is_inbox;
        }
        Ok(())
    });
    match listing.await {
        Ok(_) => Ok(has_inbox && !has_others),
        Err(MailboxError::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What a folder may be called.
struct Names {
    /// As it is written, with the server's separator.
    plain: String,
    /// None for INBOX, and for what is written as a folder below it.
    below_inbox: Option<String>,
}

async fn names(session: &mut Session, folder: &str) -> Result<Names, MailboxError> {
    let Some(separator) = separator(session).await? else { return Ok(Names { plain: folder.to_owned(), below_inbox: None }) };
    let plain = folder.replace('/', &separator);
    let first = plain.split(separator.as_str()).next().unwrap_or_default();
    let below_inbox = (!first.eq_ignore_ascii_case(INBOX)).then(|| format!("{INBOX}{separator}{plain}"));
    Ok(Names { plain, below_inbox })
}

/// The hierarchy separator (RFC 3501, 6.3.8: an empty name asks for it).
async fn separator(session: &mut Session) -> Result<Option<String>, MailboxError> {
    let mut separator = None;
    let outcome = session.command("LIST \"\" \"\"", Haste::Short, |data| {
        if let Data::Listed { separator: Some(found), .. } = data {
            separator = Some(found.to_owned());
        }
        Ok(())
    });
    match outcome.await {
        Ok(_) | Err(MailboxError::Refused { .. }) => Ok(separator),
        Err(other) => Err(other),
    }
}
