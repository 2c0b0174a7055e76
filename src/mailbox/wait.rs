//! Waiting for news: IDLE where the server has it, else a pause and a NOOP.
//!
//! Promises: every wait ends at its refresh time even if keepalives arrive; EXISTS before the `+`, an IDLE that the server ends, BYE, a
//! closed connection and a missing answer to DONE are all seen. Rejected: async-imap's IDLE, which takes four of these for silence.

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::error::MailboxError;
use super::session::{Data, Haste, Line, Session, Step};
use super::settings::Intervals;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woke {
    /// The folder has grown, or the server ended the wait.
    News,
    /// Filings wait.
    Nudged,
    /// Time to open the folder afresh.
    Refresh,
    Stopping,
}

/// What a wait listens to besides the server.
pub(super) struct Bells<'a> {
    pub intervals: Intervals,
    pub stop: watch::Receiver<bool>,
    pub nudge: &'a Notify,
    pub beat: &'a (dyn Fn() + Sync),
}

const IDLE: &str = "IDLE";

/// Whether IDLE came about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Idled {
    Woke(Woke),
    /// The server offers IDLE and refuses it.
    Refused,
}

/// Waits in IDLE (RFC 2177).
pub(super) async fn idle(session: &mut Session, bells: &mut Bells<'_>) -> Result<Idled, MailboxError> {
    let deadlines = session.deadlines();
    let growths = session.view().growths;
    let tag = session.begin(&Line::open(IDLE), IDLE).await?;
    let started = timeout(deadlines.command, until_continuation(session)).await;
    match started.map_err(|_| MailboxError::Slow { command: IDLE.to_owned(), limit: deadlines.command })?? {
        Step::Done(finish) => {
            let finish = session.ended(&tag, finish, IDLE)?;
            return match session.judged(IDLE, finish) {
                // Ended before it began: as good as news.
                Ok(_) => Ok(Idled::Woke(Woke::News)),
                Err(MailboxError::Refused { .. }) => Ok(Idled::Refused),
                Err(other) => Err(other),
            };
        }
        Step::Continue | Step::Untagged => {}
    }
    let refresh = Instant::now().checked_add(bells.intervals.idle_refresh);
    let refresh = refresh.unwrap_or_else(Instant::now);
    session.allow_silence(Some(bells.intervals.idle_refresh.saturating_add(deadlines.command)));
    let woke = doze(session, bells, growths, refresh).await?;
    session.allow_silence(None);
    match woke {
        Dozed::EndedByServer(step) => finish_idle(session, &tag, step),
        Dozed::Woke(woke) => {
            session.write("DONE\r\n", "DONE", IDLE).await?;
            let ended = timeout(deadlines.command, until_done(session)).await;
            let step = ended.map_err(|_| MailboxError::Slow { command: "DONE".to_owned(), limit: deadlines.command })??;
            finish_idle(session, &tag, step)?;
            Ok(Idled::Woke(woke))
        }
    }
}

fn finish_idle(session: &mut Session, tag: &str, step: Step) -> Result<Idled, MailboxError> {
    match step {
        Step::Done(finish) => {
            let finish = session.ended(tag, finish, IDLE)?;
            session.judged(IDLE, finish)?;
            Ok(Idled::Woke(Woke::News))
        }
        Step::Continue | Step::Untagged => Err(session.out_of_turn(IDLE)),
    }
}

enum Dozed {
    Woke(Woke),
    EndedByServer(Step),
}

async fn doze(session: &mut Session, bells: &mut Bells<'_>, growths: u64, refresh: Instant) -> Result<Dozed, MailboxError> {
    loop {
        if session.view().growths != growths {
            return Ok(Dozed::Woke(Woke::News));
        }
        (bells.beat)();
        let mut on = ignore;
        tokio::select! {
            biased;
            () = stopped(&mut bells.stop) => return Ok(Dozed::Woke(Woke::Stopping)),
            () = bells.nudge.notified() => return Ok(Dozed::Woke(Woke::Nudged)),
            () = sleep_until(refresh) => return Ok(Dozed::Woke(Woke::Refresh)),
            () = tokio::time::sleep(bells.intervals.heartbeat) => {}
            // Cancel-safe: bytes already read stay in the session's buffer.
            step = session.step(IDLE, &mut on) => match step? {
                Step::Untagged | Step::Continue => {}
                done @ Step::Done(_) => return Ok(Dozed::EndedByServer(done)),
            },
        }
    }
}

/// Waits without IDLE, then asks.
pub(super) async fn poll(session: &mut Session, bells: &mut Bells<'_>, refresh: Instant) -> Result<Woke, MailboxError> {
    let now = Instant::now();
    let due = now.checked_add(bells.intervals.poll).unwrap_or(now);
    let woke = pause(bells, due).await;
    if woke == Woke::Refresh {
        // Exchange and others show new mails only to a fresh SELECT, so that comes from time to time.
        if Instant::now() >= refresh {
            return Ok(Woke::Refresh);
        }
        session.command("NOOP", Haste::Short, |_| Ok(())).await?;
        return Ok(Woke::News);
    }
    Ok(woke)
}

/// Waits until `due`, with heartbeats; ends early for a stop or a nudge.
pub(super) async fn pause(bells: &mut Bells<'_>, due: Instant) -> Woke {
    loop {
        (bells.beat)();
        let heartbeat: Duration = bells.intervals.heartbeat;
        tokio::select! {
            biased;
            () = stopped(&mut bells.stop) => return Woke::Stopping,
            () = bells.nudge.notified() => return Woke::Nudged,
            () = sleep_until(due) => return Woke::Refresh,
            () = tokio::time::sleep(heartbeat) => {}
        }
    }
}

/// Resolves when the stop is asked for, or can no longer be.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone; then nobody could stop us later, so it counts as a stop.
    let _told_or_orphaned = stop.wait_for(|asked| *asked).await;
}

fn ignore(_: Data<'_>) -> Result<(), MailboxError> {
    Ok(())
}

async fn until_continuation(session: &mut Session) -> Result<Step, MailboxError> {
    loop {
        match session.step(IDLE, &mut ignore).await? {
            Step::Untagged => {}
            other => return Ok(other),
        }
    }
}

async fn until_done(session: &mut Session) -> Result<Step, MailboxError> {
    loop {
        match session.step("DONE", &mut ignore).await? {
            Step::Untagged | Step::Continue => {}
            done @ Step::Done(_) => return Ok(done),
        }
    }
}
