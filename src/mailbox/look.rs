//! One look through the folder: from the cursor to its last mail, one batch fetched while the one before it is stored.
//!
//! Promises: the cursor moves only over UIDs that are stored, quarantined or confirmed absent, and only in the transaction that stores
//! them. Rejected: fetching what a SEARCH calls unseen; other people read the mailbox, too.

use tokio::sync::watch;

use super::batches::{self, Listed, Order};
use super::cursor::{self, Start};
use super::error::MailboxError;
use super::fetch::{Fetcher, Harvest};
use super::folder::{self, Question};
use super::intake;
use super::ledger::{Backlog, Batch, Event, Ledger, Place, Sighting};
use super::memory::Memory;
use super::reconcile::Progress;
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
    /// The last mail of the folder when the look began.
    pub newest: Option<Listed>,
}

/// How a look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// To the last mail; `growths` is the folder's count of arrivals when it began.
    Through { growths: u64, received: usize },
    /// The stop was asked for.
    Interrupted,
}

/// How a walk ended.
enum Walk {
    Through,
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
        let question = self.memory.notes().last_mail.question();
        self.memory.notes().last_mail.asked();
        let (account, folder) = (&self.settings.account, &self.settings.folder);
        let (last, known) = tokio::join!(folder::last_mail(self.session, question), self.ledger.cursor(account, folder));
        self.newest = last?;
        self.memory.notes().last_mail.answered(question);
        let last = self.newest.map(|mail| mail.uid);
        let uidnext = self.session.view_mut().uidnext.take();
        if self.session.view().uidvalidity != self.place.uidvalidity {
            return Err(MailboxError::Renumbered);
        }
        let plan = cursor::plan(known?, self.place.uidvalidity, uidnext, last);
        self.announce(plan.start, plan.from);
        let mut front = Front { next_uid: plan.from, backlog: plan.backlog, received: 0 };
        if plan.start != Start::Resumed {
            // A comparison that was under way is about a folder that no longer is.
            self.memory.notes().reconciling = Progress::default();
            self.store(self.batch(Harvest::default(), &front)).await?;
        }
        let looked = self.advance(last.unwrap_or(0), &mut front, growths).await?;
        if let Looked::Through { .. } = looked {
            let exists = self.session.view().exists;
            let mut notes = self.memory.notes();
            notes.looks += 1;
            notes.last_mail.looked();
            drop(notes);
            self.observe(Event::Looked { exists, uidvalidity: self.place.uidvalidity, next_uid: front.next_uid });
            if question == Question::OneBefore {
                self.observe(Event::NewestSilent);
            }
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

    /// Moves the front to the last mail, while what was fetched before is being stored.
    async fn advance(&mut self, last: u32, front: &mut Front, growths: u64) -> Result<Looked, MailboxError> {
        let (desk, tray) = intake::tray(self.settings.limits.batch_bytes);
        let (ledger, account) = (self.ledger, &self.settings.account);
        let (walked, stored) = tokio::join!(self.walk(last, front, desk), tray.store(ledger, account));
        // What is in hand counts even after a failure of the server, or two connections in a row would stumble over the same window for ever;
        // and where the ledger has failed, that is the failure to tell.
        stored?;
        walked.map(|walk| match walk {
            Walk::Interrupted => Looked::Interrupted,
            Walk::Through => Looked::Through { growths, received: front.received },
        })
    }

    /// Fetches batch after batch and hands them on in the order of their UIDs.
    async fn walk(&mut self, last: u32, front: &mut Front, desk: intake::Desk) -> Result<Walk, MailboxError> {
        while front.next_uid <= last {
            self.beat();
            let (present, resume_at) = self.list(front.next_uid, last).await?;
            let mut orders = batches::orders(&present, &self.settings.limits).into_iter().peekable();
            if orders.peek().is_none() {
                front.next_uid = resume_at;
                if desk.put(self.batch(Harvest::default(), front)).await.is_break() {
                    return Ok(Walk::Interrupted);
                }
            }
            while let Some(order) = orders.next() {
                let mut harvest = Harvest::default();
                let fetched = self.fetch(&order, &mut harvest, front.backlog).await;
                // Everything between the last mail of the window and its end is confirmed absent.
                let end = match orders.peek() {
                    Some(_) => order.mails().last().map_or(front.next_uid, |mail| mail.uid.saturating_add(1)),
                    None => resume_at,
                };
                front.next_uid = harvest.first_unresolved(&order).unwrap_or(end);
                front.received = front.received.saturating_add(harvest.arrivals.len());
                let put = desk.put(self.batch(harvest, front)).await;
                fetched?;
                if put.is_break() || self.is_stopping() {
                    return Ok(Walk::Interrupted);
                }
            }
            if resume_at == u32::MAX {
                break;
            }
            if self.is_stopping() {
                return Ok(if front.next_uid <= last { Walk::Interrupted } else { Walk::Through });
            }
        }
        Ok(Walk::Through)
    }

    /// Fetches an order.
    async fn fetch(&mut self, order: &Order, harvest: &mut Harvest, backlog: Option<Backlog>) -> Result<(), MailboxError> {
        self.beat();
        let (memory, limits) = (self.memory, self.settings.limits);
        Fetcher { session: self.session, memory, limits, backlog }.settle(order, harvest).await
    }

    pub(super) async fn store(&self, batch: Batch) -> Result<(), MailboxError> {
        Ok(intake::keep(self.ledger, &self.settings.account, batch).await?)
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
                let Some(found) = self.list_bare(window, most).await? else { return Ok((Vec::new(), window.from)) };
                let mut notes = self.memory.notes();
                let resume_at = match found.first() {
                    Some(first) => {
                        notes.stride.met_mails();
                        *first
                    }
                    None => {
                        notes.stride.crossed_gap();
                        window.to.saturating_add(1)
                    }
                };
                Ok((Vec::new(), resume_at))
            }
        }
    }

    /// The first `most` UIDs of a window; none where it is more than the server lists at once, or where it lists none of it. Narrower
    /// windows follow then.
    async fn list_bare(&mut self, window: Window, most: usize) -> Result<Option<Vec<u32>>, MailboxError> {
        self.memory.notes().listing = Some(Window { depth: Depth::Bare, ..window });
        match folder::uids(self.session, window.from, window.to, most).await {
            Ok(found) => {
                self.memory.notes().listed();
                Ok(Some(found))
            }
            Err(error) if error.wants_less() => {
                self.memory.notes().listing_failed();
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    async fn list_detailed(&mut self, window: Window) -> Result<(Vec<Listed>, u32), MailboxError> {
        let Window { from, to, .. } = window;
        let undetailed = from == to && self.memory.notes().undetailed.contains(&from);
        let mut present = Vec::new();
        if let Some(newest) = self.newest.filter(|mail| mail.uid == from && from == to && mail.size.is_some()) {
            present.push(newest);
        } else if !undetailed {
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
            self.memory.notes().listed();
        }
        let width = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX).saturating_add(1);
        if present.is_empty() && from == to && self.memory.notes().is_unlistable(from) {
            present = vec![Listed { uid: from, size: None, internal_date: None }];
        }
        if present.len() < width {
            // Gaps are believed only when a request that cannot fail over a mail's content shows them as well.
            let Some(listed) = self.list_bare(window, width).await? else { return Ok((Vec::new(), from)) };
            for uid in listed {
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
            self.fetch(&order, &mut harvest, behind).await?;
        }
        let taken = harvest.arrivals.len();
        let front = Front { next_uid: cursor.next_uid, backlog: cursor.backlog, received: taken };
        self.store(self.batch(harvest, &front)).await?;
        Ok(taken)
    }
}
