//! TCP and TLS to a mail server, with deadlines, and with errors that say what to do.
//!
//! Shared by the mailbox (IMAP) and the courier (SMTP): both connect in the same way and fail in the same ways.
//! Rejected: letting each protocol crate connect by itself; their errors name neither the host nor the remedy.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

mod proxy;

pub use proxy::{NoProxy, Proxy};

/// How a connection is protected. Opportunistic TLS does not exist here: a server that cannot do what is asked is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (RFC 8314): IMAP 993, SMTP 465.
    Tls,
    /// Plaintext greeting, then STARTTLS or nothing (IMAP 143, SMTP 587).
    StartTls,
    /// No encryption; only to loopback addresses.
    Plaintext,
}

/// The certificate authorities that a server's certificate is checked against.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Trust")
    }
}

impl Trust {
    /// The operating system's roots.
    ///
    /// # Errors
    /// [`WireError::NoRoots`] when the system has none.
    pub fn system() -> Result<Self, WireError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(WireError::NoRoots);
        }
        Self::from_roots(roots)
    }

    /// No authority at all: for plaintext to loopback, where nothing is checked.
    #[must_use]
    pub fn nobody() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // The default versions always fit the default provider, so the fallback is never taken.
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.unwrap_or_else(|_| ClientConfig::builder());
        Self { config: Arc::new(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()) }
    }

    /// The authorities of a PEM file and nobody else.
    ///
    /// # Errors
    /// [`WireError::CaFile`] when the file cannot be read or holds no certificate.
    pub fn of_file(path: &Path) -> Result<Self, WireError> {
        let refuse = |reason: String| WireError::CaFile { path: path.to_path_buf(), reason };
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
            roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(refuse("it holds no certificate".to_owned()));
        }
        Self::from_roots(roots)
    }

    fn from_roots(roots: RootCertStore) -> Result<Self, WireError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| WireError::Tls { host: String::new(), reason: error.to_string() })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config) })
    }

    /// The rustls configuration, for a library that speaks TLS by itself.
    #[must_use]
    pub fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

/// Why no connection came about. Each text ends with what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("the system has no trusted certificate authorities; install the package ca-certificates, or name a file in `ca-file`")]
    NoRoots,
    #[error("the certificate authorities in {} cannot be used: {reason}; `ca-file` must be a PEM file that the service user may read", path.display())]
    CaFile { path: PathBuf, reason: String },
    #[error("the name {host} cannot be resolved: {source}; check `host` and this machine's DNS")]
    Resolve { host: String, source: io::Error },
    #[error("{host} port {port} cannot be reached: {source}; check `host`, `port` and the firewall")]
    Unreachable { host: String, port: u16, source: io::Error },
    #[error("{host} port {port} did not answer within {} s; check `host`, `port` and the firewall", limit.as_secs())]
    ConnectTimeout { host: String, port: u16, limit: Duration },
    #[error(
        "the proxy {proxy} opens no way to {host} port {port}: {source}; check `proxy`, and ask its keeper whether it lets this port through"
    )]
    Proxy { proxy: Proxy, host: String, port: u16, source: io::Error },
    #[error("`security = \"plaintext\"` is for loopback addresses only, but {host} is {address}; use \"tls\" or \"starttls\"")]
    PlaintextRefused { host: String, address: std::net::IpAddr },
    #[error("{host} is no valid server name for TLS; check `host`")]
    ServerName { host: String },
    #[error("the certificate of {host} has expired; its owner must renew it (or this machine's clock is wrong)")]
    CertificateExpired { host: String },
    #[error("the certificate of {host} is not valid yet; check this machine's clock")]
    CertificateNotYetValid { host: String },
    #[error("the certificate that answered is not for {host}; use the name that the certificate was issued for as `host`")]
    CertificateName { host: String },
    #[error("the certificate of {host} was issued by an unknown authority; for an own authority, name its PEM file in `ca-file`")]
    CertificateIssuer { host: String },
    #[error("TLS with {host} failed: {reason}; check that `security` fits `port` (993 and 465 are \"tls\", 143 and 587 \"starttls\")")]
    Tls { host: String, reason: String },
    #[error("{host} did not finish the TLS handshake within {} s; check that `security` fits `port`", limit.as_secs())]
    TlsTimeout { host: String, limit: Duration },
}

/// What kind of trouble a [`WireError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireTrouble {
    /// It may mend itself, or the network's keeper acts.
    Network,
    /// TLS did not come about in time: a wrong `security`, or a slow network.
    Handshake,
    /// A setting or a certificate is wrong: somebody must act.
    Refused,
}

impl WireError {
    /// The kind of trouble.
    #[must_use]
    pub const fn trouble(&self) -> WireTrouble {
        match self {
            Self::Resolve { .. } | Self::Unreachable { .. } | Self::ConnectTimeout { .. } | Self::Proxy { .. } => WireTrouble::Network,
            Self::TlsTimeout { .. } => WireTrouble::Handshake,
            Self::NoRoots
            | Self::CaFile { .. }
            | Self::PlaintextRefused { .. }
            | Self::ServerName { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateName { .. }
            | Self::CertificateIssuer { .. }
            | Self::Tls { .. } => WireTrouble::Refused,
        }
    }
}

/// How long an address is waited for before the next one is tried beside it (RFC 8305, 5: "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);

/// When bytes that we sent count as lost because nobody acknowledges them; the system's own patience is a quarter of an hour.
const UNACKNOWLEDGED: Duration = Duration::from_secs(90);

/// Opens a TCP connection: the addresses of the name are tried side by side, each with a short head start, all within `limit`. An office
/// whose IPv6 leads nowhere is connected by IPv4 a moment later.
/// With a proxy the way leads through it; what is not encrypted goes to loopback addresses only, and directly.
/// `TCP_NODELAY` is set: async-imap writes a command in four pieces, and with Nagle a SELECT took 67 ms instead of 24 ms at 20 ms round trip.
///
/// # Errors
/// [`WireError`] with the host and the remedy.
pub async fn tcp(host: &str, port: u16, security: Security, proxy: Option<&Proxy>, limit: Duration) -> Result<TcpStream, WireError> {
    // What is not encrypted leads to loopback addresses.
    let Some(proxy) = proxy.filter(|_| security != Security::Plaintext) else {
        let connected = timeout(limit, direct(host, port, security)).await;
        return connected.unwrap_or_else(|_| Err(WireError::ConnectTimeout { host: host.to_owned(), port, limit }));
    };
    let connected = timeout(limit, through(proxy, host, port)).await;
    let silent = || Err(io::Error::other(format!("no answer within {} s", limit.as_secs())));
    let failed = |source| WireError::Proxy { proxy: proxy.clone(), host: host.to_owned(), port, source };
    connected.unwrap_or_else(|_| silent()).map_err(failed)
}

/// The proxy stands in the office's own network; what goes through it is TLS from our end to the server's.
async fn through(proxy: &Proxy, host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = match direct(&proxy.host, proxy.port, Security::Tls).await {
        Ok(stream) => stream,
        Err(WireError::Resolve { source, .. } | WireError::Unreachable { source, .. }) => return Err(source),
        Err(other) => return Err(io::Error::other(other)),
    };
    proxy.through(stream, host, port).await
}

async fn direct(host: &str, port: u16, security: Security) -> Result<TcpStream, WireError> {
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|source| WireError::Resolve { host: host.to_owned(), source })?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    if security == Security::Plaintext
        && let Some(foreign) = addresses.iter().find(|address| !address.ip().is_loopback())
    {
        return Err(WireError::PlaintextRefused { host: host.to_owned(), address: foreign.ip() });
    }
    let stream = race(interleaved(addresses)).await.and_then(prepared);
    stream.map_err(|source| WireError::Unreachable { host: host.to_owned(), port, source })
}

/// One family after the other, beginning with the resolver's first choice (RFC 8305, 4).
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().map(SocketAddr::is_ipv6);
    let (same, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| Some(address.is_ipv6()) == first);
    let mut other = other.into_iter();
    let mut order: Vec<SocketAddr> = same.into_iter().flat_map(|address| [Some(address), other.next()]).flatten().collect();
    order.extend(other);
    order
}

/// The first connection that comes about; the others are let go.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut running = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        let next = waiting.next();
        let is_last = next.is_none();
        if let Some(address) = next {
            running.spawn(TcpStream::connect(address));
        }
        // The next address waits for its turn, or for the end of the one before.
        let ended = if is_last { running.join_next().await } else { timeout(HEAD_START, running.join_next()).await.unwrap_or_default() };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => last = error,
            Some(Err(error)) => last = io::Error::other(error),
            None if is_last => return Err(last),
            None => {}
        }
    }
}

/// Keepalive notices a peer that vanished without a FIN (suspended laptop, NAT that forgot us) within about two minutes.
fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(4);
    let socket = socket2::SockRef::from(&stream);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(stream)
}

/// What is read from the network at once; rustls by itself reads 4 KiB, a quarter of a record, which costs four times the system calls.
const READ_AHEAD: usize = 32 * 1024;

/// A connection through TLS.
pub type Protected = TlsStream<BufReader<TcpStream>>;

/// Performs the TLS handshake on an open connection, checking the certificate against `trust` and `host`.
///
/// # Errors
/// [`WireError`] naming what is wrong with the certificate, or with the setting.
pub async fn tls(stream: TcpStream, host: &str, trust: &Trust, limit: Duration) -> Result<Protected, WireError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| WireError::ServerName { host: host.to_owned() })?;
    let connector = TlsConnector::from(trust.client_config());
    match timeout(limit, connector.connect(name, BufReader::with_capacity(READ_AHEAD, stream))).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(explained(host, &error)),
        Err(_) => Err(WireError::TlsTimeout { host: host.to_owned(), limit }),
    }
}

fn explained(host: &str, error: &io::Error) -> WireError {
    let host = host.to_owned();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => WireError::CertificateExpired { host },
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => WireError::CertificateNotYetValid { host },
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => WireError::CertificateName { host },
            CertificateError::UnknownIssuer => WireError::CertificateIssuer { host },
            other => WireError::Tls { host, reason: other.to_string() },
        },
        _ => WireError::Tls { host, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_no_address_is_lost() {
        let parsed = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<SocketAddr>>();
        for (given, expected) in [
            (vec!["[::1]:1", "[::2]:1", "1.1.1.1:1"], vec!["[::1]:1", "1.1.1.1:1", "[::2]:1"]),
            (vec!["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"], vec!["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"]),
            (vec!["1.1.1.1:1"], vec!["1.1.1.1:1"]),
            (vec![], vec![]),
        ] {
            assert_eq!(interleaved(parsed(&given)), parsed(&expected));
        }
    }

    /// A port whose queue is full: who connects there waits for ever, as behind a firewall that drops.
    fn deaf() -> (socket2::Socket, Vec<socket2::Socket>, SocketAddr) {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().expect("an address").into()).expect("bound");
        listener.listen(0).expect("listening");
        let address = listener.local_addr().expect("an address").as_socket().expect("an address");
        let mut queue = Vec::new();
        for _ in 0..8 {
            let one = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
            one.set_nonblocking(true).expect("set");
            // Under way, which is an error to a call that does not wait.
            let _under_way = one.connect(&address.into());
            queue.push(one);
        }
        (listener, queue, address)
    }

    #[tokio::test]
    async fn an_address_that_leads_nowhere_costs_a_moment_and_not_the_connection() {
        let (_listener, _queue, nowhere) = deaf();
        let good = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let there = good.local_addr().expect("an address");
        let stream = timeout(Duration::from_secs(20), race(vec![nowhere, there])).await.expect("in time").expect("connected");
        assert_eq!(stream.peer_addr().expect("an address"), there);
    }

    #[tokio::test]
    async fn when_every_address_refuses_the_last_refusal_is_told() {
        let closed = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let error = timeout(Duration::from_secs(20), race(vec![closed(1), closed(2)])).await.expect("in time").expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(race(Vec::new()).await.expect_err("nobody").kind(), io::ErrorKind::NotFound);
    }
}
