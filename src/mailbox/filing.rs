//! Filing: a keyword or another folder for each judged mail, driven by rows.
//!
//! Promises: a row counts as filed after the server's tagged OK, or when it is certain that the server will not do it; nothing is
//! ever expunged that we did not mark ourselves (RFC 4315 UID EXPUNGE or nothing). Rejected: a bare EXPUNGE, which also removes what
//! colleagues have marked in their own clients.

use std::collections::BTreeMap;

use super::encoding;
use super::error::MailboxError;
use super::ledger::{Action, Filed, Filing, Ledger};
use super::look::Visit;
use super::session::Haste;
use super::settings::FilingRules;
use super::windows::{uid_set, uid_sets};

/// Rows taken at a time.
const ROWS: usize = 200;

impl<L: Ledger> Visit<'_, L> {
    /// Files whatever waits.
    pub(super) async fn file(&mut self) -> Result<(), MailboxError> {
        if self.settings.filing == FilingRules::None {
            return Ok(());
        }
        while !self.is_stopping() {
            let filings = self.ledger.filings(&self.place, ROWS).await?;
            if filings.is_empty() {
                break;
            }
            let mut groups: BTreeMap<Action, Vec<Filing>> = BTreeMap::new();
            for filing in filings {
                groups.entry(filing.action.clone()).or_default().push(filing);
            }
            for (action, mut rows) in groups {
                rows.sort_by_key(|row| row.uid);
                self.file_group(&action, &rows).await?;
            }
        }
        Ok(())
    }

    async fn file_group(&mut self, action: &Action, rows: &[Filing]) -> Result<(), MailboxError> {
        if let Some(sentence) = self.obstacle(action) {
            return self.settle_rows(rows, &Filed::Refused { sentence }).await;
        }
        let uids: Vec<u32> = rows.iter().map(|row| row.uid).collect();
        let mut rest = rows;
        for set in uid_sets(&uids) {
            self.beat();
            let (these, after) = rest.split_at_checked(set.len()).unwrap_or((rest, &[]));
            rest = after;
            match self.perform(action, set).await {
                Ok(()) => self.settle_rows(these, &Filed::Done).await?,
                Err(MailboxError::Refused { .. }) => self.file_singly(action, these).await?,
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// One mail that cannot be filed must not keep its neighbours from it.
    async fn file_singly(&mut self, action: &Action, rows: &[Filing]) -> Result<(), MailboxError> {
        for row in rows {
            self.beat();
            let outcome = match self.perform(action, &[row.uid]).await {
                Ok(()) => Filed::Done,
                Err(error @ MailboxError::Refused { .. }) => Filed::Refused { sentence: error.to_string() },
                Err(other) => return Err(other),
            };
            self.ledger.filed(row.id, outcome).await?;
        }
        Ok(())
    }

    async fn settle_rows(&self, rows: &[Filing], outcome: &Filed) -> Result<(), MailboxError> {
        for row in rows {
            self.ledger.filed(row.id, outcome.clone()).await?;
        }
        Ok(())
    }

    /// Why this cannot work on this server, known before trying.
    fn obstacle(&self, action: &Action) -> Option<String> {
        match action {
            Action::Keyword(keyword) if !encoding::is_keyword(keyword) => {
                Some(format!("the keyword {keyword} cannot be set; use ASCII letters, digits and $-_ only"))
            }
            Action::Keyword(keyword) => {
                let allowed = self.session.view().permanent_flags.as_ref();
                // Without PERMANENTFLAGS all flags are permanent (RFC 3501, 6.3.1).
                let missing = allowed.is_some_and(|flags| !flags.iter().any(|flag| flag == "\\*" || flag.eq_ignore_ascii_case(keyword)));
                missing.then(|| format!("the server keeps no keyword {keyword} in this folder; file into folders instead, or not at all"))
            }
            Action::MoveTo(_) if self.session.offers("MOVE") || self.session.offers("UIDPLUS") => None,
            Action::MoveTo(folder) => Some(format!(
                "the mail stays where it is: moving it to {folder} takes MOVE or UIDPLUS, which the server lacks; use keywords instead"
            )),
        }
    }

    async fn perform(&mut self, action: &Action, uids: &[u32]) -> Result<(), MailboxError> {
        let set = uid_set(uids);
        match action {
            Action::Keyword(keyword) => self.run(&format!("UID STORE {set} +FLAGS.SILENT ({keyword})")).await,
            Action::MoveTo(folder) => {
                if self.session.offers("MOVE") {
                    return self.run_with_folder(&format!("UID MOVE {set}"), folder).await;
                }
                self.run_with_folder(&format!("UID COPY {set}"), folder).await?;
                self.run(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)")).await?;
                self.run(&format!("UID EXPUNGE {set}")).await
            }
        }
    }

    /// Runs a command that ends with the folder's name; once more where the folder stood elsewhere, or had to be made. TRYCREATE (RFC
    /// 3501, 7.1) would say so, and not every server says it.
    async fn run_with_folder(&mut self, command: &str, folder: &str) -> Result<(), MailboxError> {
        let tried = self.name_of(folder);
        let refused = self.run(&format!("{command} {}", encoding::quoted_mailbox(&tried))).await;
        let Err(MailboxError::Refused { code, .. }) = &refused else { return refused };
        match self.other_name(folder, &tried, code).await? {
            Some(name) => self.run(&format!("{command} {}", encoding::quoted_mailbox(&name))).await,
            None => refused,
        }
    }

    async fn run(&mut self, command: &str) -> Result<(), MailboxError> {
        self.session.command(command, Haste::Bulk, |_| Ok(())).await.map(|_| ())
    }
}
