//! Ways out of an office that lets nothing out but through its proxy: SOCKS5 (RFC 1928) and HTTP CONNECT (RFC 9110, 9.3.6).
//!
//! Promises: the proxy resolves the server's name, as offices behind one often cannot; TLS goes through it end to end, so it reads nothing.
//! Rejected: passwords for proxies; nobody has asked for them, and they would go over the office's network in the clear.

use std::fmt;
use std::io;
use std::str::FromStr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Socks5,
    HttpConnect,
}

/// Why a text names no proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be \"socks5://HOST:PORT\" or \"http://HOST:PORT\", without a user and a password")]
pub struct NoProxy;

impl FromStr for Proxy {
    type Err = NoProxy;

    fn from_str(text: &str) -> Result<Self, NoProxy> {
        let (scheme, place) = text.split_once("://").ok_or(NoProxy)?;
        let kind = match scheme {
            "socks5" => Kind::Socks5,
            "http" => Kind::HttpConnect,
            _ => return Err(NoProxy),
        };
        let (host, port) = place.strip_suffix('/').unwrap_or(place).rsplit_once(':').ok_or(NoProxy)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(NoProxy)?;
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_') || address.is_some() && sign == ':';
        let host = address.unwrap_or(host);
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(NoProxy);
        }
        Ok(Self { kind, host: host.to_owned(), port })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} port {}", self.host, self.port)
    }
}

impl Proxy {
    /// Asks the proxy, to which `stream` leads, for a connection to the server.
    ///
    /// # Errors
    /// What the proxy answers in place of it.
    pub(super) async fn through(&self, stream: TcpStream, host: &str, port: u16) -> io::Result<TcpStream> {
        match self.kind {
            Kind::Socks5 => match Socks5Stream::connect_with_socket(stream, (host, port)).await {
                Ok(stream) => Ok(stream.into_inner()),
                Err(error) => Err(io::Error::other(error)),
            },
            Kind::HttpConnect => connect(stream, host, port).await,
        }
    }
}

/// The longest answer that is read. Bytes.
const LONGEST_ANSWER: usize = 8 * 1024;

async fn connect(mut stream: TcpStream, host: &str, port: u16) -> io::Result<TcpStream> {
    let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    stream.write_all(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n").as_bytes()).await?;
    // One by one: what follows the empty line is the server's, and none of it may be taken.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= LONGEST_ANSWER {
            return Err(io::Error::other("its answer to CONNECT does not end"));
        }
        answer.push(stream.read_u8().await?);
    }
    let answer = String::from_utf8_lossy(&answer);
    let line = answer.lines().next().unwrap_or_default();
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
    if status.len() == 3 && status.starts_with('2') {
        Ok(stream)
    } else {
        let shown: String = line.chars().filter(|character| !character.is_control()).take(100).collect();
        Err(io::Error::other(format!("it answers: {shown}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_scheme_a_host_and_a_port() {
        for (text, shown) in [
            ("socks5://proxy.example.jp:1080", "proxy.example.jp port 1080"),
            ("http://192.0.2.1:3128/", "192.0.2.1 port 3128"),
            ("http://[2001:db8::1]:8080", "2001:db8::1 port 8080"),
        ] {
            assert_eq!(text.parse::<Proxy>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "proxy.example.jp",
            "proxy.example.jp:1080",
            "http://proxy.example.jp",
            "https://proxy.example.jp:3128",
            "socks5://:1080",
            "http://user:geheim@proxy.example.jp:3128",
            "http://proxy.example.jp:3128/path",
            "http://proxy.example.jp:0",
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(NoProxy), "{text}");
        }
    }
}
