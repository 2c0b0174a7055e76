//! Between the wire and the ledger: one batch is fetched while the one before is prepared and those before that are stored, together.
//!
//! Promises: batches are stored in the order in which they were put down, so the cursor never runs ahead of a mail; what waits is bounded
//! in bytes. A batch that was put down before the server failed is stored all the same.
//! Rejected: two transactions at once; a crash between them could leave the later cursor without the earlier mails.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::ledger::{Batch, Event, Ledger, LedgerError, Quarantined};

/// Batches that wait, at most, in number and in full ones' bytes.
const WAITING: usize = 4;
/// A batch weighs its bytes in this unit.
const UNIT: u64 = 4096;

/// Where fetched batches are put down.
pub(super) struct Desk {
    batches: mpsc::Sender<(Batch, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    whole: u32,
}

/// Where they are taken up and stored.
pub(super) struct Tray(mpsc::Receiver<(Batch, OwnedSemaphorePermit)>);

/// A way for some batches of so many bytes: what is fetched beyond them waits until something is stored. A batch that is larger than all
/// of them goes alone.
pub(super) fn tray(batch_bytes: u64) -> (Desk, Tray) {
    let (batches, waiting) = mpsc::channel(WAITING);
    let bytes = batch_bytes.saturating_mul(u64::try_from(WAITING).unwrap_or(1));
    let whole = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX >> 3).clamp(1, u32::MAX >> 3);
    let room = Arc::new(Semaphore::new(usize::try_from(whole).unwrap_or(1)));
    (Desk { batches, room, whole }, Tray(waiting))
}

impl Desk {
    /// Puts a batch down, and waits until there is room for it. Breaks when storing has failed: the batch is let go, the failure is told
    /// by [`Tray::store`], and the mails are fetched again some time.
    pub(super) async fn put(&self, batch: Batch) -> ControlFlow<()> {
        let weight = u32::try_from(batch.bytes() / UNIT).unwrap_or(u32::MAX).clamp(1, self.whole);
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(weight).await else { return ControlFlow::Break(()) };
        match self.batches.send((batch, room)).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Tray {
    /// Stores batches until no more can come.
    ///
    /// # Errors
    /// That of the first batch which cannot be stored; none is stored after it.
    pub(super) async fn store<L: Ledger>(mut self, ledger: &L, account: &str) -> Result<(), LedgerError> {
        let (prepared, mut waiting) = mpsc::channel(WAITING);
        let preparing = async move {
            while let Some((batch, room)) = self.0.recv().await {
                let batch = Prepared::of(ledger, batch).await?;
                if prepared.send((batch, room)).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        let storing = async move {
            // Whatever became ready while the ones before were stored.
            let mut ready = Vec::with_capacity(WAITING);
            while waiting.recv_many(&mut ready, WAITING).await > 0 {
                let (batches, _rooms): (Vec<_>, Vec<_>) = ready.drain(..).unzip();
                store(batches, ledger, account).await?;
            }
            Ok(())
        };
        let (preparing, storing) = tokio::join!(preparing, storing);
        storing.and(preparing)
    }
}

/// Stores one batch.
pub(super) async fn keep<L: Ledger>(ledger: &L, account: &str, batch: Batch) -> Result<(), LedgerError> {
    store(vec![Prepared::of(ledger, batch).await?], ledger, account).await
}

/// Stores batches together.
async fn store<L: Ledger>(batches: Vec<Prepared<L>>, ledger: &L, account: &str) -> Result<(), LedgerError> {
    let (batches, quarantined): (Vec<_>, Vec<_>) = batches.into_iter().map(|prepared| (prepared.batch, prepared.quarantined)).unzip();
    ledger.receive(batches).await?;
    for mail in quarantined.into_iter().flatten() {
        ledger.observe(account, Event::Quarantined { uid: mail.uid, sentence: mail.reason });
    }
    Ok(())
}

/// A batch that is ready, and what is told once it is stored.
struct Prepared<L: Ledger> {
    batch: L::Prepared,
    quarantined: Vec<Quarantined>,
}

impl<L: Ledger> Prepared<L> {
    async fn of(ledger: &L, batch: Batch) -> Result<Self, LedgerError> {
        let quarantined = batch.quarantined.clone();
        Ok(Self { batch: ledger.prepare(batch).await?, quarantined })
    }
}
