//! The guard between the network and the IMAP parser: deadlines, caps and the transcript.
//!
//! Promises: no byte reaches the parser unscreened, no read or write waits longer than the silence that is allowed.
//! Rejected: timeouts around whole responses only; a large mail on a slow line is alive as long as bytes come.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::screen::{Breach, Caps, Screen};
use super::transcript::Transcript;
use super::transport::Transport;

/// A screened stream.
pub(super) struct Guard {
    inner: Transport,
    screen: Screen,
    transcript: Transcript,
    silence: Duration,
    reading: Watchdog,
    writing: Watchdog,
}

/// Why the guard ended a connection; travels inside an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    #[error("{0}")]
    Breach(Breach),
    #[error("silence for {} s", limit.as_secs())]
    Silence { limit: Duration },
}

impl Guard {
    pub(super) fn new(inner: Transport, caps: Caps, silence: Duration, transcript: Transcript) -> Self {
        Self { inner, screen: Screen::new(caps), transcript, silence, reading: Watchdog::new(), writing: Watchdog::new() }
    }

    /// How long the peer may keep silent from now on.
    pub(super) fn allow_silence(&mut self, silence: Duration) {
        self.silence = silence;
        self.reading.rest();
    }

    pub(super) fn answered(&mut self) {
        self.screen.answered();
    }

    pub(super) fn transcript(&mut self) -> &mut Transcript {
        &mut self.transcript
    }

    pub(super) fn into_parts(self) -> (Transport, Transcript) {
        (self.inner, self.transcript)
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
        if let Err(breach) = guard.screen.asked_for_more() {
            return Poll::Ready(Err(io::Error::other(Stopped::Breach(breach))));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut guard.inner).poll_read(context, buffer) {
            Poll::Pending => guard.reading.check(guard.silence, context),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                guard.reading.rest();
                let fresh = buffer.filled().get(before..).unwrap_or_default();
                Poll::Ready(guard.screen.pass(fresh, &mut guard.transcript).map_err(|breach| io::Error::other(Stopped::Breach(breach))))
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
