//! One connection of a testbed server: lines in, bytes out, TLS in between, a deadline on each.
//!
//! Promises: no call outlasts the patience given, and STARTTLS forgets what the client sent before the handshake.
//! Rejected: a codec with frames; the servers must be able to send half a frame.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// The longest line a client may send; Dovecot's limit is the same.
const LONGEST_LINE: u64 = 64 * 1024;
/// How long a closing server waits for the client's own close, lest unread input turns the close into a reset that eats the last reply.
const FAREWELL: Duration = Duration::from_secs(1);
const BUFFER: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) struct Wire {
    stream: BufStream<Box<dyn Stream>>,
    patience: Duration,
}

impl Wire {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, patience: Duration) -> Self {
        Self::boxed(Box::new(stream), patience)
    }

    fn boxed(stream: Box<dyn Stream>, patience: Duration) -> Self {
        Self { stream: BufStream::with_capacity(BUFFER, BUFFER, stream), patience }
    }

    /// Answers the client's TLS handshake; whatever was read ahead in plaintext is gone (no injection of commands).
    pub(crate) async fn upgraded(self, config: Arc<ServerConfig>) -> io::Result<Self> {
        let patience = self.patience;
        let stream = in_time(patience, TlsAcceptor::from(config).accept(self.stream.into_inner())).await?;
        Ok(Self::boxed(Box::new(stream), patience))
    }

    /// Returns when there is something to read or the client has closed. Cancel-safe: nothing is consumed.
    pub(crate) async fn ready(&mut self) -> io::Result<()> {
        in_time(self.patience, self.stream.fill_buf()).await.map(|_| ())
    }

    /// The next line with its line end; `None` when the client has closed.
    pub(crate) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        in_time(self.patience, (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line)).await?;
        match line.last() {
            Some(b'\n') => Ok(Some(line)),
            Some(_) if u64::try_from(line.len()).is_ok_and(|length| length >= LONGEST_LINE) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the client's line is too long"))
            }
            _ => Ok(None),
        }
    }

    /// Exactly so many octets, appended to `into`.
    pub(crate) async fn octets(&mut self, count: u64, into: &mut Vec<u8>) -> io::Result<()> {
        let read = in_time(self.patience, (&mut self.stream).take(count).read_to_end(into)).await?;
        match u64::try_from(read) {
            Ok(read) if read == count => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        in_time(self.patience, self.stream.write_all(bytes)).await
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        in_time(self.patience, self.stream.flush()).await
    }

    /// An orderly end: everything written arrives, TLS says `close_notify`.
    pub(crate) async fn close(mut self) {
        let _ = in_time(self.patience, self.stream.shutdown()).await;
        self.swallow(FAREWELL).await;
    }

    /// Says nothing more, until the client gives up or the patience ends.
    pub(crate) async fn stall(mut self) {
        let patience = self.patience;
        self.swallow(patience).await;
    }

    async fn swallow(&mut self, limit: Duration) {
        let _ = timeout(limit, tokio::io::copy_buf(&mut self.stream, &mut tokio::io::sink())).await;
    }
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
