//! Bodies: many in one command, one in pieces, or only a header; and what to do when they do not come.
//!
//! Promises: every mail of an order ends as exactly one of received, absent or given up, or the connection ends with an error;
//! a mail counts as received when its bytes are complete. Rejected: comparing sizes for equality (Exchange announces three times
//! the truth), and asking for `RFC822` or `BODY[]`, which set `\Seen`.

use super::batches::{Listed, Order};
use super::cursor;
use super::error::MailboxError;
use super::folder;
use super::ledger::{Arrival, Backlog, Content, Quarantined};
use super::memory::Memory;
use super::session::{Data, Fetched, Haste, Part, Piece, Session};
use super::settings::Limits;
use super::suspects::Next;
use super::windows::uid_set;

/// Bytes of the header block of a mail over the limit.
const HEADER: u32 = 256 * 1024;

/// A mail that did not come is asked for in pieces of this size: on a slow line each has a deadline of its own. Bytes.
const GENTLE: u32 = 1024 * 1024;

/// How often a short piece of one mail may turn out not to be its end. Beyond that the mail is suspect.
const MOST_PROOFS: u32 = 1_000;

/// What an order brought.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    pub arrivals: Vec<Arrival>,
    pub quarantined: Vec<Quarantined>,
    pub absent: Vec<u32>,
}

impl Harvest {
    fn has(&self, uid: u32) -> bool {
        self.arrivals.iter().any(|arrival| arrival.uid == uid)
            || self.absent.contains(&uid)
            || self.quarantined.iter().any(|quarantined| quarantined.uid == uid)
    }

    /// The first mail of the order that is not resolved.
    pub(super) fn first_unresolved(&self, order: &Order) -> Option<u32> {
        order.mails().iter().map(|mail| mail.uid).find(|uid| !self.has(*uid))
    }
}

/// Asks for bodies on one connection.
pub(super) struct Fetcher<'a> {
    pub session: &'a mut Session,
    pub memory: &'a Memory,
    pub limits: Limits,
    pub backlog: Option<Backlog>,
}

impl Fetcher<'_> {
    /// Resolves every mail of the order. On an error the harvest holds what came before it.
    pub(super) async fn settle(&mut self, order: &Order, harvest: &mut Harvest) -> Result<(), MailboxError> {
        let mut left: Vec<u32> = order.mails().iter().map(|mail| mail.uid).collect();
        loop {
            let next = self.memory.notes().suspects.next(&left);
            match next {
                None => break,
                Some(Next::GiveUp { uid, reason }) => {
                    self.memory.notes().suspects.cleared(uid);
                    harvest.quarantined.push(Quarantined { uid, reason });
                }
                Some(Next::Together(uids)) => self.attempt(order, &uids, self.limits.piece, harvest).await?,
                Some(Next::Gently(uid)) => {
                    let gentle = order.mails().iter().find(|mail| mail.uid == uid).map(|mail| match order {
                        Order::Header(_) => Order::Header(*mail),
                        Order::Together(_) | Order::Pieces(_) => Order::Pieces(*mail),
                    });
                    self.attempt(gentle.as_ref().unwrap_or(order), &[uid], self.limits.piece.min(GENTLE), harvest).await?;
                }
            }
            left.retain(|uid| !harvest.has(*uid));
        }
        harvest.arrivals.sort_by_key(|arrival| arrival.uid);
        Ok(())
    }

    /// One try for some mails; whatever stays away becomes absent or suspect.
    async fn attempt(&mut self, order: &Order, uids: &[u32], piece: u32, harvest: &mut Harvest) -> Result<(), MailboxError> {
        self.memory.notes().suspects.asked(uids);
        let outcome = match order {
            Order::Together(mails) => self.together(mails, uids, harvest).await,
            Order::Pieces(mail) => self.pieces(*mail, piece.max(1), harvest).await,
            Order::Header(mail) => self.header(*mail, harvest).await,
        };
        let reason = match outcome {
            Ok(()) => "the server's answer holds no body for it".to_owned(),
            Err(error @ MailboxError::Refused { .. }) => error.to_string(),
            // The connection is gone; whoever waits for it blames what is still in flight.
            Err(error) => return Err(error),
        };
        let missing: Vec<u32> = uids.iter().copied().filter(|uid| !harvest.has(*uid)).collect();
        if !missing.is_empty() {
            // A server that refuses this as well may refuse everything: the connection ends, and the pause after it keeps a short outage from
            // filling the quarantine.
            let existing = folder::existing(self.session, &missing).await?;
            for uid in missing.into_iter().filter(|uid| !existing.contains(uid)) {
                self.memory.notes().resolved(uid);
                harvest.absent.push(uid);
            }
        }
        self.memory.notes().suspects.settle(&reason);
        Ok(())
    }

    async fn together(&mut self, mails: &[Listed], uids: &[u32], harvest: &mut Harvest) -> Result<(), MailboxError> {
        let (memory, backlog) = (self.memory, self.backlog);
        // Sizes may be wrong, but not so wrong that memory runs out.
        let limit = self.session.literal_cap().max(self.limits.batch_bytes.saturating_mul(4));
        let mut total = 0_u64;
        let command = format!("UID FETCH {} (UID BODY.PEEK[])", uid_set(uids));
        self.session
            .command(&command, Haste::Bulk, |data| {
                let Data::Fetch(Fetched { uid: Some(uid), body: Some(Piece { part: Part::Whole, offset: None, bytes }), .. }) = data else {
                    return Ok(());
                };
                let Some(mail) = mails.iter().find(|mail| mail.uid == uid && uids.contains(&uid)) else { return Ok(()) };
                if !plausible(&bytes, mail) || harvest.has(uid) {
                    return Ok(());
                }
                total = total.saturating_add(length(&bytes));
                if total > limit {
                    return Err(MailboxError::Overfull { command: "UID FETCH".to_owned(), limit });
                }
                harvest.arrivals.push(whole(mail, bytes.into_owned(), backlog));
                memory.notes().resolved(uid);
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// A large mail, or one whose size is unknown: memory grows with what comes, not with what is announced.
    async fn pieces(&mut self, mail: Listed, size: u32, harvest: &mut Harvest) -> Result<(), MailboxError> {
        // One allocation of the right size, where the size is known; memory is only touched as it is filled.
        let expected = mail.size.unwrap_or(0).min(self.limits.largest_mail);
        let mut body: Vec<u8> = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        let mut proofs = 0;
        loop {
            let Ok(offset) = u32::try_from(body.len()) else { return Ok(()) };
            match self.piece(mail, offset, size, &mut body).await {
                Ok(Portion::Full) => {}
                Ok(Portion::All) => break,
                Ok(Portion::Unplaced) => return self.whole_at_once(mail, harvest).await,
                Ok(Portion::Strange) => return Ok(()),
                Ok(Portion::Short | Portion::Nothing) | Err(MailboxError::Refused { .. }) if !body.is_empty() => {
                    // Most likely the end. But a mail that was moved away meanwhile, or a server that gives less at a time than it is asked
                    // for, looks the same, and announced sizes are hints.
                    if mail.size == Some(length(&body)) {
                        break;
                    }
                    proofs += 1;
                    match self.proof(mail, u32::try_from(body.len()).unwrap_or(u32::MAX)).await? {
                        Proof::Ended => break,
                        // Only what has grown may grow further: a piece that never comes is not asked for again and again.
                        Proof::GoesOn if proofs <= MOST_PROOFS && offset < u32::try_from(body.len()).unwrap_or(u32::MAX) => {}
                        Proof::GoesOn | Proof::Unproven => return Ok(()),
                    }
                }
                // An empty mail.
                Ok(Portion::Short) => break,
                Ok(Portion::Nothing) => return Ok(()),
                Err(error) => return Err(error),
            }
            if length(&body) > self.limits.largest_mail {
                break;
            }
        }
        if length(&body) > self.limits.largest_mail {
            return self.header(mail, harvest).await;
        }
        if plausible(&body, &mail) {
            harvest.arrivals.push(whole(&mail, body, self.backlog));
            self.memory.notes().resolved(mail.uid);
        }
        Ok(())
    }

    /// A mail whose pieces do not say where they begin.
    async fn whole_at_once(&mut self, mail: Listed, harvest: &mut Harvest) -> Result<(), MailboxError> {
        self.together(&[mail], &[mail.uid], harvest).await?;
        let is_oversize = |arrival: &Arrival| arrival.uid == mail.uid && arrival.size > self.limits.largest_mail;
        if let Some(place) = harvest.arrivals.iter().position(is_oversize) {
            harvest.arrivals.swap_remove(place);
            return self.header(mail, harvest).await;
        }
        Ok(())
    }

    /// Asks for the `size` bytes from `at` on, and puts what comes behind `body`, which holds those before.
    async fn piece(&mut self, mail: Listed, at: u32, size: u32, body: &mut Vec<u8>) -> Result<Portion, MailboxError> {
        let mut portion = Portion::Nothing;
        let uid = mail.uid;
        let whole = usize::try_from(size).unwrap_or(usize::MAX);
        self.session
            .command(&format!("UID FETCH {uid} (UID BODY.PEEK[]<{at}.{size}>)"), Haste::Bulk, |data| {
                if let Data::Fetch(Fetched { uid: Some(answered), body: Some(Piece { part: Part::Whole, offset, bytes }), .. }) = data
                    && answered == uid
                    && matches!(portion, Portion::Nothing)
                {
                    portion = match offset {
                        Some(offset) if offset == at && bytes.len() == whole => Portion::Full,
                        Some(offset) if offset == at && bytes.len() < whole => Portion::Short,
                        // Servers without partial fetches answer with everything.
                        None if at == 0 && (bytes.len() > whole || mail.size == Some(length(&bytes))) => Portion::All,
                        None if at == 0 => Portion::Unplaced,
                        _ => Portion::Strange,
                    };
                    if !matches!(portion, Portion::Unplaced | Portion::Strange) {
                        body.extend_from_slice(&bytes);
                    }
                }
                Ok(())
            })
            .await?;
        Ok(portion)
    }

    /// Whether a mail ends at `end`: of two bytes from the last one on, the server must have exactly one (RFC 3501, 6.4.5: a partial fetch
    /// beyond the end is truncated).
    async fn proof(&mut self, mail: Listed, end: u32) -> Result<Proof, MailboxError> {
        let mut beyond = Vec::new();
        let portion = self.piece(mail, end.saturating_sub(1), 2, &mut beyond).await?;
        Ok(match (portion, beyond.len()) {
            (Portion::Short, 1) => Proof::Ended,
            (Portion::Full, _) => Proof::GoesOn,
            _ => Proof::Unproven,
        })
    }

    async fn header(&mut self, mail: Listed, harvest: &mut Harvest) -> Result<(), MailboxError> {
        let mut header = None;
        self.session
            .command(&format!("UID FETCH {} (UID BODY.PEEK[HEADER]<0.{HEADER}>)", mail.uid), Haste::Bulk, |data| {
                if let Data::Fetch(Fetched { uid: Some(uid), body: Some(Piece { part: Part::Header, bytes, .. }), .. }) = data
                    && uid == mail.uid
                {
                    header = Some(bytes.into_owned());
                }
                Ok(())
            })
            .await?;
        if let Some(bytes) = header {
            harvest.arrivals.push(Arrival {
                uid: mail.uid,
                internal_date: mail.internal_date,
                size: mail.size.unwrap_or(0).max(self.limits.largest_mail.saturating_add(1)),
                content: Content::HeadersOnly(bytes),
                sighting: cursor::sighting(mail.uid, self.backlog),
            });
            self.memory.notes().resolved(mail.uid);
        }
        Ok(())
    }
}

/// What a request for a piece of a mail brought.
enum Portion {
    /// No bytes at all, not even none.
    Nothing,
    /// As much as was asked for: there may be more.
    Full,
    /// Less.
    Short,
    /// The whole mail at once.
    All,
    /// Bytes that may be the whole mail, or a piece of which the server does not say so: it has to be asked for the whole.
    Unplaced,
    /// Bytes from elsewhere, or more than were asked for.
    Strange,
}

/// Whether the bytes of a mail are all there.
enum Proof {
    Ended,
    GoesOn,
    /// The mail is gone, or the server cannot say.
    Unproven,
}

/// A mail with a size has bytes; a server that sends none has lost them.
fn plausible(bytes: &[u8], mail: &Listed) -> bool {
    !bytes.is_empty() || mail.size == Some(0)
}

fn whole(mail: &Listed, bytes: Vec<u8>, backlog: Option<Backlog>) -> Arrival {
    Arrival {
        uid: mail.uid,
        internal_date: mail.internal_date,
        size: length(&bytes),
        content: Content::Whole(bytes),
        sighting: cursor::sighting(mail.uid, backlog),
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
