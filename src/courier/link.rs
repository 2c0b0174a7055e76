//! Lines to and from an SMTP server over any stream.
//!
//! Promises: a line and a reply have a greatest length, and every wait has its deadline; a server can waste a minute of ours but no memory.
//! Rejected: `tokio::io::BufReader::read_line`, which reads a line of any length and fails on text that is not UTF-8.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::failure::{Failure, Phase};
use super::reply::{Last, Reply, ReplyLine};

/// RFC 5321 allows 512; servers exceed it, but never by this much.
const LONGEST_LINE: usize = 4096;
const MOST_LINES: usize = 128;
/// Enough of a strange line to recognise an HTTP or IMAP server by it.
const SHOWN_CHARACTERS: usize = 60;

/// What a link runs over.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// A stream, and what was read from it beyond the last line.
pub struct Link<S> {
    stream: S,
    pending: Vec<u8>,
}

/// Why no reply could be read; the caller knows the phase.
enum Unread {
    Io(io::Error),
    Closed,
    Garbled(Vec<u8>),
}

impl Unread {
    fn at(self, phase: Phase) -> Failure {
        match self {
            Self::Io(source) => Failure::Lost { phase, source },
            Self::Closed => Failure::Closed { phase },
            Self::Garbled(bytes) => Failure::Garbled { phase, line: shown(&bytes) },
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(SHOWN_CHARACTERS).collect::<String>().trim_end().to_owned()
}

impl<S: Stream> Link<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, pending: Vec::new() }
    }

    /// The stream again, with the bytes that were already read from it.
    pub fn into_parts(self) -> (S, Vec<u8>) {
        (self.stream, self.pending)
    }

    /// Bytes that the server sent without being asked.
    pub fn unasked(&self) -> Option<String> {
        (!self.pending.is_empty()).then(|| shown(&self.pending))
    }

    /// Writes one command line (without its line end) and reads the reply, all within `limit`.
    pub async fn command(&mut self, phase: Phase, line: &str, limit: Duration) -> Result<Reply, Failure> {
        let dialogue = async {
            self.stream.write_all(format!("{line}\r\n").as_bytes()).await.map_err(Unread::Io)?;
            self.stream.flush().await.map_err(Unread::Io)?;
            self.read_reply().await
        };
        within(phase, limit, dialogue).await
    }

    /// Reads a reply within `limit`.
    pub async fn reply(&mut self, phase: Phase, limit: Duration) -> Result<Reply, Failure> {
        within(phase, limit, self.read_reply()).await
    }

    /// Writes bytes as they are within `limit`.
    pub async fn send(&mut self, phase: Phase, bytes: &[u8], limit: Duration) -> Result<(), Failure> {
        let writing = async {
            self.stream.write_all(bytes).await.map_err(Unread::Io)?;
            self.stream.flush().await.map_err(Unread::Io)
        };
        within(phase, limit, writing).await
    }

    /// Says goodbye on the transport, too; the letter is settled by now, so nothing that happens here matters.
    pub async fn shut_down(mut self, limit: Duration) {
        let _best_effort = timeout(limit, self.stream.shutdown()).await;
    }

    async fn read_reply(&mut self) -> Result<Reply, Unread> {
        let mut lines = Vec::new();
        loop {
            let bytes = self.read_line().await?;
            let Some(line) = ReplyLine::parse(&bytes) else { return Err(Unread::Garbled(bytes)) };
            let last = line.last;
            lines.push(line);
            if last == Last::Yes {
                return Reply::of_lines(lines).ok_or(Unread::Garbled(bytes));
            }
            if lines.len() >= MOST_LINES {
                return Err(Unread::Garbled(bytes));
            }
        }
    }

    /// Cancel-safe: what was read stays in `pending`.
    async fn read_line(&mut self) -> Result<Vec<u8>, Unread> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.pending) {
                let rest = self.pending.split_off(end + 1);
                return Ok(std::mem::replace(&mut self.pending, rest));
            }
            if self.pending.len() > LONGEST_LINE {
                return Err(Unread::Garbled(std::mem::take(&mut self.pending)));
            }
            let read = self.stream.read_buf(&mut self.pending).await.map_err(Unread::Io)?;
            if read == 0 {
                return Err(Unread::Closed);
            }
        }
    }
}

async fn within<T>(phase: Phase, limit: Duration, work: impl Future<Output = Result<T, Unread>>) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome.map_err(|unread| unread.at(phase)),
        Err(_) => Err(Failure::Timeout { phase, limit }),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    async fn heard(bytes: &[u8]) -> Result<Reply, Failure> {
        let (near, mut far) = duplex(1 << 20);
        far.write_all(bytes).await.unwrap();
        drop(far);
        Link::new(near).reply(Phase::Hello, LIMIT).await
    }

    #[tokio::test]
    async fn a_reply_of_several_lines_is_one_reply() {
        let reply = heard(b"250-mail.example.jp\r\n250-SIZE 100\r\n250 DSN\r\n").await.unwrap();
        assert_eq!((reply.code(), reply.lines()), (250, &["mail.example.jp".to_owned(), "SIZE 100".to_owned(), "DSN".to_owned()][..]));
    }

    #[tokio::test]
    async fn an_endless_line_and_an_endless_reply_are_garbage() {
        for flood in [vec![b'2'; 100_000], b"250-x\r\n".repeat(10_000)] {
            assert!(matches!(heard(&flood).await, Err(Failure::Garbled { phase: Phase::Hello, .. })));
        }
    }

    #[tokio::test]
    async fn half_a_reply_is_a_closed_connection() {
        for half in [&b"250-mail.example.jp\r\n250 D"[..], b"", b"25"] {
            assert!(matches!(heard(half).await, Err(Failure::Closed { phase: Phase::Hello })));
        }
    }

    #[tokio::test]
    async fn another_protocol_is_shown_by_its_first_line() {
        let Err(Failure::Garbled { line, .. }) = heard(b"* OK [CAPABILITY IMAP4rev1] ready\r\n").await else { panic!("not garbled") };
        assert_eq!(line, "* OK [CAPABILITY IMAP4rev1] ready");
    }

    #[tokio::test]
    async fn silence_ends_at_the_deadline() {
        let (near, _far) = duplex(64);
        let limit = Duration::from_millis(20);
        assert!(matches!(Link::new(near).reply(Phase::Greeting, limit).await, Err(Failure::Timeout { phase: Phase::Greeting, .. })));
    }
}
