//! A client that sends lines and reads lines.
//!
//! Promises: nothing waits longer than [`DEADLINE`]. Rejected: an IMAP crate; it would hide the octets that the tests are about.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use testbed::tls::Authority;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub const DEADLINE: Duration = Duration::from_secs(10);

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub struct Client {
    stream: BufReader<Box<dyn Stream>>,
}

impl Client {
    pub async fn plain(port: u16) -> Self {
        let stream = in_time(TcpStream::connect(("127.0.0.1", port))).await.unwrap();
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    pub async fn tls(port: u16, authority: &Authority) -> io::Result<Self> {
        Self::plain(port).await.upgraded(authority, "localhost").await
    }

    pub async fn upgraded(self, authority: &Authority, name: &str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let stream = in_time(TlsConnector::from(Arc::new(config)).connect(name, self.stream.into_inner())).await?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    pub async fn send(&mut self, text: &str) {
        self.send_bytes(format!("{text}\r\n").as_bytes()).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        in_time(self.stream.get_mut().write_all(bytes)).await.unwrap();
        in_time(self.stream.get_mut().flush()).await.unwrap();
    }

    /// The next line without CRLF; a bare LF, an end or an error fail the test.
    pub async fn line(&mut self) -> String {
        let mut line = Vec::new();
        in_time(self.stream.read_until(b'\n', &mut line)).await.unwrap();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.strip_suffix("\r\n").unwrap_or_else(|| panic!("no whole line: {line:?}")).to_owned()
    }

    /// Lines up to and with the one that begins so.
    pub async fn until(&mut self, beginning: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            let last = line.starts_with(beginning);
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// Sends an IMAP command with the tag `t` and returns the answer.
    pub async fn ask(&mut self, command: &str) -> Vec<String> {
        self.send(&format!("t {command}")).await;
        self.until("t ").await
    }

    /// Everything up to the server's end, and how it ended.
    pub async fn rest(&mut self) -> (String, io::Result<()>) {
        let mut bytes = Vec::new();
        let ended = in_time(self.stream.read_to_end(&mut bytes)).await.map(|_| ());
        (String::from_utf8_lossy(&bytes).into_owned(), ended)
    }

    /// Exactly so many octets.
    pub async fn octets(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        in_time(self.stream.read_exact(&mut bytes)).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }
}

pub async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(DEADLINE, work).await.expect("the server answers in time")
}
