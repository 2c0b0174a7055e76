//! One look through the folder: from the cursor to its last mail, one batch fetched while the one before it is stored.
//!
//! Promises: the cursor moves only over UIDs that are stored, quarantined or confirmed absent, and only in the transaction that stores
//! them. Rejected: fetching what a SEARCH calls unseen; other people read the mailbox, too.

use tokio::sync::watch;

use super::batches::{self, Listed, Order};
use super::cursor::{self, Start};
use super::error::MailboxError;
use super::fetch::{Fetcher, Harvest};
use super::folder;
use super::ledger::{Backlog, Batch, Event, Ledger, LedgerError, Place, Sighting};
use super::memory::Memory;
use super::session::Session;
use super::settings::Settings;
use super::windows::{DETAILED, Depth, Window};

/// One connection with the folder open, and everything needed to work in it.
pub(super) struct Visit<'a, L> {
    pub session: &'a mut Session,
    pub settings: &'a Settings,
    pub ledger: &'a L,
    pub memory: &'a Memory,
    pub stop: &'a watch::Receiver<bool>,
    pub place: Place,
}

/// How a look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// To the last mail; `growths` is the folder's count of arrivals when it began.
    Through { growths: u64, received: usize },
    /// The stop was asked for.
    Interrupted,
}

/// The cursor as it will be stored next.
struct Front {
    next_uid: u32,
    backlog: Option<Backlog>,
    received: usize,
}

impl<L: Ledger> Visit<'_, L> {
    /// Whether the watcher is to end.
    pub(super) fn is_stopping(&self) -> bool {
        // A stop handle that is gone can never be used again, so it counts as used.
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    pub(super) fn beat(&self) {
        self.ledger.beat(&self.settings.account);
    }

    pub(super) fn observe(&self, event: Event) {
        self.ledger.observe(&self.settings.account, event);
    }

    /// Looks for mails from the cursor on.
    pub(super) async fn look(&mut self) -> Result<Looked, MailboxError> {
        let growths = self.session.view().growths;
        let last = folder::last_uid(self.session).await?;
        let uidnext = self.session.view_mut().uidnext.take();
        if self.session.view().uidvalidity != self.place.uidvalidity {
            return Err(MailboxError::Renumbered);
        }
        let known = self.ledger.cursor(&self.place.account, &self.place.folder).await?;
        let plan = cursor::plan(known, self.place.uidvalidity, uidnext, last);
        self.announce(plan.start, plan.from);
        let mut front = Front { next_uid: plan.from, backlog: plan.backlog, received: 0 };
        if plan.start != Start::Resumed {
            self.store(self.batch(Harvest::default(), &front)).await?;
        }
        let looked = self.advance(last.unwrap_or(0), &mut front, growths).await?;
        if let Looked::Through { .. } = looked {
            let exists = self.session.view().exists;
            self.memory.notes().looks += 1;
            self.observe(Event::Looked { exists, uidvalidity: self.place.uidvalidity, next_uid: front.next_uid });
        }
        Ok(looked)
    }

    fn announce(&self, start: Start, from: u32) {
        match start {
            Start::Resumed | Start::First => {}
            Start::Renumbered { was } => self.observe(Event::Renumbered { was, uidvalidity: self.place.uidvalidity }),
            Start::Rewound { was_next_uid } => self.observe(Event::Rewound { was_next_uid, from }),
        }
    }

    /// Moves the front to the last mail. The batch before is stored while the next is being fetched.
    async fn advance(&mut self, last: u32, front: &mut Front, growths: u64) -> Result<Looked, MailboxError> {
        let mut waiting: Option<Batch> = None;
        let mut at = front.next_uid;
        while at <= last {
            self.beat();
            let (present, resume_at) = match self.list(at, last).await {
                Ok(listed) => listed,
                Err(error) => {
                    // What is in hand counts, or two connections in a row would stumble over the same window for ever.
                    if let Some(batch) = waiting {
                        self.store(batch).await?;
                    }
                    return Err(error);
                }
            };
            for order in batches::orders(&present, &self.settings.limits) {
                let mut harvest = Harvest::default();
                let fetched = self.fetch_while_storing(&order, &mut harvest, front.backlog, waiting.take()).await?;
                let end = order.mails().last().map_or(at, |mail| mail.uid.saturating_add(1));
                front.next_uid = harvest.first_unresolved(&order).unwrap_or(end);
                front.received = front.received.saturating_add(harvest.arrivals.len());
                let batch = self.batch(harvest, front);
                if let Err(error) = fetched {
                    self.store(batch).await?;
                    return Err(error);
                }
                if self.is_stopping() {
                    self.store(batch).await?;
                    return Ok(Looked::Interrupted);
                }
                waiting = Some(batch);
            }
            // Everything between the last of them and here is confirmed absent.
            front.next_uid = resume_at;
            let rest = waiting.take().map_or_else(
                || self.batch(Harvest::default(), front),
                |batch| Batch { next_uid: resume_at, backlog: cursor::remaining(front.backlog, resume_at), ..batch },
            );
            waiting = Some(rest);
            if resume_at == u32::MAX || self.is_stopping() {
                break;
            }
            at = resume_at;
        }
        if let Some(batch) = waiting {
            self.store(batch).await?;
        }
        if at <= last && self.is_stopping() { Ok(Looked::Interrupted) } else { Ok(Looked::Through { growths, received: front.received }) }
    }

    /// Fetches an order and stores the batch before it at the same time. The outer error is the ledger's, the inner the server's.
    pub(super) async fn fetch_while_storing(
        &mut self,
        order: &Order,
        harvest: &mut Harvest,
        backlog: Option<Backlog>,
        waiting: Option<Batch>,
    ) -> Result<Result<(), MailboxError>, MailboxError> {
        self.beat();
        let (ledger, memory, limits) = (self.ledger, self.memory, self.settings.limits);
        let mut fetcher = Fetcher { session: self.session, memory, limits, backlog };
        let account = &self.settings.account;
        let storing = async {
            match waiting {
                Some(batch) => keep(ledger, account, batch).await,
                None => Ok(()),
            }
        };
        let (fetched, stored) = tokio::join!(fetcher.settle(order, harvest), storing);
        stored?;
        Ok(fetched)
    }

    pub(super) async fn store(&self, batch: Batch) -> Result<(), MailboxError> {
        Ok(keep(self.ledger, &self.settings.account, batch).await?)
    }

    fn batch(&self, harvest: Harvest, front: &Front) -> Batch {
        Batch {
            place: self.place.clone(),
            arrivals: harvest.arrivals,
            quarantined: harvest.quarantined,
            absent: harvest.absent,
            next_uid: front.next_uid,
            backlog: cursor::remaining(front.backlog, front.next_uid),
        }
    }

    /// The mails of the next window, and where the one after it begins.
    async fn list(&mut self, at: u32, last: u32) -> Result<(Vec<Listed>, u32), MailboxError> {
        let stride = self.memory.notes().stride;
        let Some(window) = stride.window(at, last) else { return Ok((Vec::new(), at)) };
        match window.depth {
            Depth::Detailed => self.list_detailed(window).await,
            Depth::Bare => {
                let most = usize::try_from(DETAILED).unwrap_or(usize::MAX);
                let found = folder::uids(self.session, window.from, window.to, most).await?;
                let mut notes = self.memory.notes();
                match found.first() {
                    Some(first) => {
                        notes.stride.met_mails();
                        Ok((Vec::new(), *first))
                    }
                    None => {
                        notes.stride.crossed_gap();
                        Ok((Vec::new(), window.to.saturating_add(1)))
                    }
                }
            }
        }
    }

    async fn list_detailed(&mut self, window: Window) -> Result<(Vec<Listed>, u32), MailboxError> {
        let Window { from, to, .. } = window;
        let undetailed = from == to && self.memory.notes().undetailed.contains(&from);
        let mut present = Vec::new();
        if !undetailed {
            self.memory.notes().listing = Some(window);
            let outcome = folder::details(self.session, from, to).await;
            match outcome {
                Ok(found) => present = found,
                Err(MailboxError::Refused { .. }) => {
                    self.memory.notes().listing_failed();
                    return Ok((Vec::new(), from));
                }
                Err(other) => return Err(other),
            }
            self.memory.notes().listing = None;
        }
        let width = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX).saturating_add(1);
        if present.len() < width {
            // Gaps are believed only when a request that cannot fail over a mail's content shows them as well.
            for uid in folder::uids(self.session, from, to, width).await? {
                if let Err(place) = present.binary_search_by_key(&uid, |mail| mail.uid) {
                    present.insert(place, Listed { uid, size: None, internal_date: None });
                }
            }
        }
        let mut notes = self.memory.notes();
        if present.is_empty() {
            notes.stride.crossed_gap();
        } else {
            notes.stride.met_mails();
        }
        Ok((present, to.saturating_add(1)))
    }

    /// Tries quarantined mails whose time has come.
    pub(super) async fn retry_quarantined(&mut self, now: i64) -> Result<(), MailboxError> {
        for uid in self.ledger.due_quarantine(&self.place, now).await? {
            self.take_singly(uid).await?;
            if self.is_stopping() {
                break;
            }
        }
        Ok(())
    }

    /// Takes one mail behind the cursor.
    pub(super) async fn take_singly(&mut self, uid: u32) -> Result<usize, MailboxError> {
        let Some(cursor) = self.ledger.cursor(&self.place.account, &self.place.folder).await? else { return Ok(0) };
        let behind = Some(Backlog { until: uid, sighting: Sighting::Rescan });
        let mut harvest = Harvest::default();
        let (listed, _) = self.list_detailed(Window { from: uid, to: uid, depth: Depth::Detailed }).await?;
        let unknown = Listed { uid, size: None, internal_date: None };
        for order in batches::orders(&[listed.first().copied().unwrap_or(unknown)], &self.settings.limits) {
            self.fetch_while_storing(&order, &mut harvest, behind, None).await??;
        }
        let taken = harvest.arrivals.len();
        let front = Front { next_uid: cursor.next_uid, backlog: cursor.backlog, received: taken };
        self.store(self.batch(harvest, &front)).await?;
        Ok(taken)
    }
}

async fn keep<L: Ledger>(ledger: &L, account: &str, batch: Batch) -> Result<(), LedgerError> {
    let quarantined = batch.quarantined.clone();
    ledger.receive(batch).await?;
    for mail in quarantined {
        ledger.observe(account, Event::Quarantined { uid: mail.uid, sentence: mail.reason });
    }
    Ok(())
}
