//! Folders by the names that people write: found where the server keeps them, made where they are missing.
//!
//! Promises: a name that the server takes as it is written costs nothing; `/` stands for the server's own separator; a folder that is
//! not there under its name is looked for, and made, below INBOX, where Courier and others keep all that is not INBOX itself.
//! Rejected: NAMESPACE (RFC 2342); imap-proto 0.17 cannot read its answer, and what a server lists and makes is the better witness.

use super::encoding::quoted_mailbox;
use super::error::MailboxError;
use super::folder::{self, Access};
use super::ledger::Ledger;
use super::look::Visit;
use super::session::{Data, Haste, Session};

/// Opens a folder by its name.
///
/// # Errors
/// [`MailboxError::Folder`] with what the server said to the name as it is written, where the folder is nowhere.
pub(super) async fn open(session: &mut Session, folder: &str, access: Access) -> Result<(), MailboxError> {
    let refused = match folder::open(session, folder, access).await {
        Err(refused @ MailboxError::Folder { .. }) => refused,
        other => return other,
    };
    match find(session, folder).await? {
        Some(name) if name != folder => folder::open(session, &name, access).await,
        _ => Err(refused),
    }
}

/// The name under which the server lists the folder.
pub(super) async fn find(session: &mut Session, folder: &str) -> Result<Option<String>, MailboxError> {
    for name in names(session, folder).await? {
        if is_listed(session, &name).await? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

impl<L: Ledger> Visit<'_, L> {
    /// The name by which to address a folder that mails or letters are put into.
    pub(super) fn name_of(&self, folder: &str) -> String {
        self.memory.notes().names.get(folder).cloned().unwrap_or_else(|| folder.to_owned())
    }

    /// After a refusal under `tried`: the name under which the folder was found or has just been made. None where it stands under the name
    /// that was tried, so that the refusal was about something else.
    ///
    /// # Errors
    /// Nor can it be made: what the server said.
    pub(super) async fn other_name(&mut self, folder: &str, tried: &str) -> Result<Option<String>, MailboxError> {
        let name = match find(self.session, folder).await? {
            Some(found) if found == tried => return Ok(None),
            Some(found) => found,
            None => make(self.session, folder).await?,
        };
        self.memory.notes().names.insert(folder.to_owned(), name.clone());
        Ok(Some(name))
    }
}

/// Makes a folder under the first of its names that the server takes.
async fn make(session: &mut Session, folder: &str) -> Result<String, MailboxError> {
    let mut refusal = None;
    for name in names(session, folder).await? {
        match session.command(&format!("CREATE {}", quoted_mailbox(&name)), Haste::Short, |_| Ok(())).await {
            Ok(_) => return Ok(name),
            Err(refused @ MailboxError::Refused { .. }) => refusal = refusal.or(Some(refused)),
            Err(other) => return Err(other),
        }
    }
    Err(refusal.unwrap_or(MailboxError::Abandoned))
}

/// Whether the server lists the folder. One that refuses to say has not denied it.
async fn is_listed(session: &mut Session, name: &str) -> Result<bool, MailboxError> {
    let mut is_listed = false;
    let command = format!("LIST \"\" {}", quoted_mailbox(name));
    let listing = session.command(&command, Haste::Short, |data| {
        is_listed |= matches!(data, Data::Separator(_));
        Ok(())
    });
    match listing.await {
        Ok(_) => Ok(is_listed),
        Err(MailboxError::Refused { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

const INBOX: &str = "INBOX";

/// What the folder may be called, the likelier first: as written, and below INBOX.
async fn names(session: &mut Session, folder: &str) -> Result<Vec<String>, MailboxError> {
    let Some(separator) = separator(session).await? else { return Ok(vec![folder.to_owned()]) };
    let name = folder.replace('/', &separator);
    let first = name.split(separator.as_str()).next().unwrap_or_default();
    let below = (!first.eq_ignore_ascii_case(INBOX)).then(|| format!("{INBOX}{separator}{name}"));
    Ok([name].into_iter().chain(below).collect())
}

/// The hierarchy separator (RFC 3501, 6.3.8: an empty name asks for it).
async fn separator(session: &mut Session) -> Result<Option<String>, MailboxError> {
    let mut separator = None;
    let outcome = session.command("LIST \"\" \"\"", Haste::Short, |data| {
        if let Data::Separator(Some(found)) = data {
            separator = Some(found.to_owned());
        }
        Ok(())
    });
    match outcome.await {
        Ok(_) | Err(MailboxError::Refused { .. }) => Ok(separator),
        Err(other) => Err(other),
    }
}
