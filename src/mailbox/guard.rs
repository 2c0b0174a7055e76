//! The guard between the network and the IMAP parser: deadlines, caps, the transcript and signs of life.
//!
//! Promises: no byte reaches the parser unscreened, no read or write waits longer than the silence that is allowed.
//! Rejected: timeouts around whole responses only; a large mail on a slow line is alive as long as bytes come.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::inbound::Inbound;
use super::screen::{Breach, Caps};
use super::transcript::Transcript;
use super::transport::Transport;

/// A screened stream.
pub(super) struct Guard {
    inner: Transport,
    inbound: Inbound,
    transcript: Transcript,
    silence: Duration,
    reading: Watchdog,
    writing: Watchdog,
    /// Rung with every portion that arrives.
    beat: Beat,
}

/// A sign of life.
pub(super) type Beat = Arc<dyn Fn() + Send + Sync>;

/// Why the guard ended a connection; travels inside an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    #[error("{0}")]
    Breach(Breach),
    #[error("silence for {} s", limit.as_secs())]
    Silence { limit: Duration },
}

impl Guard {
    pub(super) fn new(inner: Transport, caps: Caps, silence: Duration, transcript: Transcript, beat: Beat) -> Self {
        Self { inner, inbound: Inbound::new(caps), transcript, silence, reading: Watchdog::new(), writing: Watchdog::new(), beat }
    }

    /// How long the peer may keep silent from now on.
    pub(super) fn allow_silence(&mut self, silence: Duration) {
        self.silence = silence;
        self.reading.rest();
    }

    pub(super) fn inbound(&mut self) -> &mut Inbound {
        &mut self.inbound
    }

    pub(super) fn transcript(&mut self) -> &mut Transcript {
        &mut self.transcript
    }

    /// Whatever the server sent ahead is dropped.
    pub(super) fn into_parts(self) -> (Transport, Transcript, Beat) {
        (self.inner, self.transcript, self.beat)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Guard")
    }
}

impl AsyncRead for Guard {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        loop {
            match guard.inbound.has_due(&mut guard.transcript) {
                Err(breach) => return Poll::Ready(Err(io::Error::other(Stopped::Breach(breach)))),
                Ok(true) => {
                    buffer.put_slice(guard.inbound.hand_over(buffer.remaining()).as_ref());
                    return Poll::Ready(Ok(()));
                }
                Ok(false) => {}
            }
            let outcome = {
                let mut room = guard.inbound.room();
                pin!(guard.inner.read_buf(&mut room)).poll(context)
            };
            match outcome {
                Poll::Pending => return guard.reading.check(guard.silence, context),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // The end; the parser is not told what was to become of half a line.
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(count)) => {
                    guard.reading.rest();
                    (guard.beat)();
                    guard.inbound.has_read(count);
                }
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let guard = self.get_mut();
        match Pin::new(&mut guard.inner).poll_write(context, bytes) {
            Poll::Pending => guard.writing.check(guard.silence, context).map_ok(|()| 0),
            Poll::Ready(outcome) => {
                guard.writing.rest();
                Poll::Ready(outcome)
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        match Pin::new(&mut guard.inner).poll_flush(context) {
            Poll::Pending => guard.writing.check(guard.silence, context),
            Poll::Ready(outcome) => {
                guard.writing.rest();
                Poll::Ready(outcome)
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

/// One direction's timer; armed while the peer lets us wait.
struct Watchdog {
    timer: Option<Pin<Box<Sleep>>>,
    mood: Mood,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Resting,
    Armed,
}

impl Watchdog {
    fn new() -> Self {
        Self { timer: None, mood: Mood::Resting }
    }

    fn rest(&mut self) {
        self.mood = Mood::Resting;
    }

    /// Never ready with success: either the wait goes on, or it has been too long.
    fn check(&mut self, limit: Duration, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if self.mood == Mood::Resting {
            let now = Instant::now();
            timer.as_mut().reset(now.checked_add(limit).unwrap_or(now));
            self.mood = Mood::Armed;
        }
        match timer.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.mood = Mood::Resting;
                Poll::Ready(Err(io::Error::other(Stopped::Silence { limit })))
            }
        }
    }
}
