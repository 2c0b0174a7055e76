//! A short visit for `uketsuke check`: can we log in, open the folder, and what can the server do.
//!
//! Promises: changes nothing, opens the folder read-only. Rejected: opening it for writing to learn about keywords; PERMANENTFLAGS
//! under EXAMINE may be empty (Dovecot, 2.3), so the report says "unknown" then rather than "no".

use std::sync::Arc;

use super::connect;
use super::error::MailboxError;
use super::folder::Access;
use super::memory::Memory;
use super::name;
use super::settings::Settings;

/// What `check` can say about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub capabilities: Vec<String>,
    /// Mails in the folder.
    pub exists: u32,
    pub uidvalidity: u32,
    pub idle: Support,
    pub moving: Support,
    pub uidplus: Support,
    pub uidnext: Support,
    /// Whether user-defined keywords are kept.
    pub keywords: Support,
}

/// Whether a server has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Yes,
    No,
    /// It did not say.
    Unknown,
}

/// Connects, logs in, opens the folder, and leaves.
///
/// # Errors
/// [`MailboxError`], a sentence with the remedy.
pub async fn probe(settings: &Settings) -> Result<Report, MailboxError> {
    let settings = settings.clone();
    // In a task of its own, as for the watcher: a panic of the parser is an answer, too.
    let task = tokio::spawn(async move { visit(&settings).await });
    match task.await {
        Ok(outcome) => outcome,
        Err(_) => Err(MailboxError::Panicked { reason: "a panic in the IMAP parser".to_owned() }),
    }
}

async fn visit(settings: &Settings) -> Result<Report, MailboxError> {
    let mut session = connect::open(settings, Arc::new(|| ())).await?;
    let opened = name::open(&mut session, &Memory::default(), &settings.folder, Access::ReadOnly).await;
    let offers = |word: &str| if session.offers(word) { Support::Yes } else { Support::No };
    let view = session.view();
    let report = Report {
        capabilities: session.capabilities().to_vec(),
        exists: view.exists,
        uidvalidity: view.uidvalidity,
        idle: offers("IDLE"),
        moving: offers("MOVE"),
        uidplus: offers("UIDPLUS"),
        uidnext: if view.uidnext.is_some() { Support::Yes } else { Support::No },
        keywords: match &view.permanent_flags {
            Some(flags) if flags.iter().any(|flag| flag == "\\*") => Support::Yes,
            Some(flags) if !flags.is_empty() => Support::No,
            _ => Support::Unknown,
        },
    };
    session.logout().await;
    opened.map(|()| report)
}
