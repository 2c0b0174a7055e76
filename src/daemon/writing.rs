//! What a conclusion makes: a letter and its way out, and where the mail is filed.

use std::sync::Arc;

use crate::config::{Configuration, Judging};
use crate::desk::gate::{Gate, Handling};
use crate::desk::letter::Occasion;
use crate::desk::standing::Standing;
use crate::desk::words::ReplyKind;
use crate::desk::{self, Conclusion, Reading, Reply};
use crate::mailbox::{Action, FilingRules};
use crate::secretary::{self, Case};
use crate::store::conclusion::{Outgoing, Pending, Written};
use crate::store::outbox::Road;

/// How the letters of an account leave, and where its mails are filed.
#[derive(Debug, Clone)]
pub struct Route {
    pub road: Road,
    pub filing: FilingRules,
    /// Whether copies of its letters go into a folder for sent mail.
    pub copies: bool,
}

impl Route {
    /// The routes of all accounts.
    pub fn all(configuration: &Configuration) -> Vec<Self> {
        let route = |account: &crate::mailbox::Settings| {
            let relay = configuration.relay(&account.account);
            Self {
                road: Road {
                    account: account.account.clone(),
                    relay: relay.map(|relay| relay.key().to_owned()).unwrap_or_default(),
                    envelope_from: relay.and_then(|relay| relay.envelope_from.clone()),
                },
                filing: account.filing.clone(),
                copies: account.sent_folder.is_some(),
            }
        };
        configuration.accounts.iter().map(route).collect()
    }
}

/// Everything that writing needs beside the submission.
#[derive(Debug, Clone)]
pub struct Writing {
    pub judging: Arc<Judging>,
    pub routes: Vec<Route>,
    /// UTC seconds.
    pub now: i64,
}

impl Writing {
    /// Concludes a submission, and writes what its conclusion asks for.
    pub fn written(&self, pending: &Pending, reading: &Reading, standing: &Standing) -> Written {
        let is_silent = self.judging.silent_accounts.contains(&pending.account);
        let silent = is_silent.then(|| Standing { is_silent, ..standing.clone() });
        let standing = silent.as_ref().unwrap_or(standing);
        let mut conclusion = desk::conclude(reading, &self.judging.rules, standing, pending.received, self.now);
        let route = self.routes.iter().find(|route| route.road.account == pending.account);
        let letter = match conclusion.reply {
            Reply::Due(kind, handling) => self.letter(kind, handling, pending, reading, &conclusion, route),
            Reply::None(_) => None,
        };
        if matches!(conclusion.reply, Reply::Due(..)) && letter.is_none() {
            conclusion.reply = Reply::None(Gate::Off);
        }
        let filing = route.and_then(|route| route.filing.action(conclusion.verdict.word())).map(|action| match action {
            Action::Keyword(keyword) => ("keyword", keyword),
            Action::MoveTo(folder) => ("move", folder),
        });
        Written { conclusion, letter, filing }
    }

    fn letter(
        &self,
        kind: ReplyKind,
        handling: Handling,
        pending: &Pending,
        reading: &Reading,
        conclusion: &Conclusion,
        route: Option<&Route>,
    ) -> Option<Outgoing> {
        let case = Case {
            account: &pending.account,
            occasion: Occasion {
                recipient: reading.from.as_ref().and_then(|from| from.address.as_deref())?,
                receipt: &pending.receipt,
                fingerprint: &pending.sha256,
                message_id: reading.message_id.as_deref(),
                references: &reading.references,
                now: self.now,
            },
            received: pending.received,
            kinds: reading.notices.notices.iter().map(|notice| notice.kind.as_str()).collect(),
            findings: conclusion.findings.iter().map(|finding| finding.code).collect(),
        };
        match secretary::letter(kind, &case, &self.judging) {
            Ok(letter) => {
                let relay = route.map(|route| route.road.relay.clone()).unwrap_or_default();
                let envelope_from = route.and_then(|route| route.road.envelope_from.clone());
                let copy = route.is_some_and(|route| route.copies);
                Some(Outgoing { kind, letter, relay, envelope_from, handling, copy })
            }
            Err(error) => {
                tracing::error!(submission = pending.id, %error, "A letter could not be written; run `uketsuke check` and mend the template.");
                None
            }
        }
    }
}
