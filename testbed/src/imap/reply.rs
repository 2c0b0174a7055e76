//! What the server answers to one command, as data that a script may bend before it is written.
//!
//! Promises: message bodies are shared, never copied, and written straight. One response is one [`Line`], whatever literals it holds.
//! Rejected: handlers that write to the socket; a script could then only cut the wire, not change an answer.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::tls::wire::Wire;

/// Why a command is not carried out, with the text of the tagged answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("NO {0}")]
    No(String),
    #[error("BAD {0}")]
    Bad(String),
}

pub(super) enum Piece {
    Text(Vec<u8>),
    /// Announced with its length, then written from the message itself.
    Literal(Arc<[u8]>, Range<usize>),
}

/// Whether the writer adds CRLF.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    LineEnd,
    Nothing,
}

/// One untagged response or continuation.
pub(super) struct Line {
    /// The message that a FETCH response is about.
    pub(super) uid: Option<u32>,
    pub(super) pieces: Vec<Piece>,
    pub(super) ending: Ending,
}

impl Line {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { uid: None, pieces: vec![Piece::Text(text.into().into_bytes())], ending: Ending::LineEnd }
    }

    pub(super) fn raw(bytes: Vec<u8>) -> Self {
        Self { uid: None, pieces: vec![Piece::Text(bytes)], ending: Ending::Nothing }
    }
}

/// Where the wire is cut within the answer.
#[derive(Clone, Copy)]
pub(super) enum Cut {
    Lines(usize),
    Bytes(usize),
}

/// What happens after the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Continue,
    /// An orderly end.
    Close,
    /// The connection is dropped; with TLS the client gets no `close_notify`.
    Abort,
    /// Never another word.
    Stall,
    StartTls,
    Idle,
}

/// How an IDLE goes on after the "+".
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IdleEnd {
    Done,
    TaggedOk,
    Bye,
    Close,
}

/// Whether a thing is told or heeded while idling.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attention {
    Paid,
    Ignored,
}

/// A script's wishes for an IDLE.
pub(super) struct IdlePlan {
    /// Delivered, and announced, before the "+".
    pub(super) deliver_first: Option<Vec<u8>>,
    pub(super) end: IdleEnd,
    pub(super) to_done: Attention,
    pub(super) to_news: Attention,
    pub(super) keepalive: Option<Duration>,
}

/// Whether the greeting already counts as a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeted {
    Stranger,
    Authenticated,
}

/// A whole answer.
pub(super) struct Reply {
    pub(super) lines: Vec<Line>,
    /// Status and text of the tagged line, without its tag.
    pub(super) tagged: Option<String>,
    pub(super) cut: Option<Cut>,
    pub(super) then: Then,
    /// UIDs that a FETCH with a body item was asked for and that exist.
    pub(super) bodies_asked: Vec<u32>,
    pub(super) idle: IdlePlan,
    pub(super) greeted: Greeted,
}

impl Reply {
    /// The tagged line alone, such as `OK NOOP completed`.
    pub(super) fn tagged(text: impl Into<String>) -> Self {
        Self { tagged: Some(text.into()), ..Self::untagged(Vec::new()) }
    }

    /// Lines without a tagged one.
    pub(super) fn untagged(lines: Vec<Line>) -> Self {
        let idle =
            IdlePlan { deliver_first: None, end: IdleEnd::Done, to_done: Attention::Paid, to_news: Attention::Paid, keepalive: None };
        Self { lines, tagged: None, cut: None, then: Then::Continue, bodies_asked: Vec::new(), idle, greeted: Greeted::Stranger }
    }

    pub(super) fn with(mut self, line: impl Into<String>) -> Self {
        self.lines.push(Line::text(line));
        self
    }

    pub(super) fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }

    /// Writes the answer up to its cut and flushes.
    pub(super) async fn write(&self, wire: &mut Wire, tag: &str) -> io::Result<()> {
        let tagged = self.tagged.as_ref().map(|text| Line::text(format!("{tag} {text}")));
        let (lines, bytes) = match self.cut {
            None => (usize::MAX, usize::MAX),
            Some(Cut::Lines(lines)) => (lines, usize::MAX),
            Some(Cut::Bytes(bytes)) => (usize::MAX, bytes),
        };
        let mut pen = Pen { wire, left: bytes };
        for line in self.lines.iter().chain(&tagged).take(lines) {
            for piece in &line.pieces {
                match piece {
                    Piece::Text(text) => pen.write(text).await?,
                    Piece::Literal(whole, range) => {
                        pen.write(format!("{{{}}}\r\n", range.len()).as_bytes()).await?;
                        pen.write(whole.get(range.clone()).unwrap_or_default()).await?;
                    }
                }
            }
            if line.ending == Ending::LineEnd {
                pen.write(b"\r\n").await?;
            }
        }
        wire.flush().await
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::tagged(refusal.to_string())
    }
}

/// Writes until its ink is used up.
struct Pen<'wire> {
    wire: &'wire mut Wire,
    left: usize,
}

impl Pen<'_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let bytes = bytes.get(..self.left).unwrap_or(bytes);
        self.left -= bytes.len();
        self.wire.write(bytes).await
    }
}
