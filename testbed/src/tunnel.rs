//! A proxy as offices have one: SOCKS5 (RFC 1928) and HTTP CONNECT on one port, told apart by the first octet.
//!
//! Promises: loopback only; it keeps a list of the places that it was asked for, names as names; ends with its handle, and connections end
//! when either side does. Rejected: a real proxy; each of them would be one more program to install for two handshakes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What the proxy does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Opens,
    /// As one whose rules forbid the port.
    Refuses,
    /// Takes the request and says nothing.
    KeepsSilent,
}

struct Shared {
    manner: Manner,
    asked: Mutex<Vec<String>>,
    ends: AtomicBool,
}

/// A running proxy.
pub struct Tunnel {
    shared: Arc<Shared>,
    port: u16,
}

impl Tunnel {
    /// Starts the proxy.
    ///
    /// # Panics
    /// No port of 127.0.0.1 can be opened.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of 127.0.0.1");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::new(Shared { manner, asked: Mutex::default(), ends: AtomicBool::new(false) });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.ends.load(Ordering::Acquire) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // A client that hangs up early is no failure of the proxy.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { shared, port }
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Each `host:port` that was asked for, as it was written.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        // Wakes the listener; it may have ended by itself.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

/// How the client is answered.
struct Answers {
    opened: &'static [u8],
    refused: &'static [u8],
}

const SOCKS: Answers =
    Answers { opened: b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00", refused: b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00" };
const HTTP: Answers = Answers { opened: b"HTTP/1.1 200 Connection established\r\n\r\n", refused: b"HTTP/1.1 403 Filtered\r\n\r\n" };

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let first = octet(&mut client)?;
    let (place, answers) = if first == 5 { (socks(&mut client)?, SOCKS) } else { (http(&mut client, first)?, HTTP) };
    shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(place.clone());
    match shared.manner {
        Manner::Opens => {}
        Manner::Refuses => return client.write_all(answers.refused),
        Manner::KeepsSilent => return client.read_to_end(&mut Vec::new()).map(|_| ()),
    }
    let server = TcpStream::connect(place.as_str())?;
    let is_loopback = server.peer_addr().is_ok_and(|address: SocketAddr| address.ip().is_loopback());
    if !is_loopback {
        return client.write_all(answers.refused);
    }
    client.write_all(answers.opened)?;
    let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || pass(from_client, server));
    pass(from_server, client);
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    // Either side may break off; the other one is told by the end.
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}

fn octet(stream: &mut TcpStream) -> io::Result<u8> {
    let mut octet = [0];
    stream.read_exact(&mut octet)?;
    Ok(octet[0])
}

fn octets(stream: &mut TcpStream, count: usize) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; count];
    stream.read_exact(&mut octets)?;
    Ok(octets)
}

/// RFC 1928, sections 3 and 4, after the version.
fn socks(client: &mut TcpStream) -> io::Result<String> {
    let methods = usize::from(octet(client)?);
    octets(client, methods)?;
    client.write_all(b"\x05\x00")?;
    let request = octets(client, 4)?;
    let host = match request.get(3) {
        Some(1) => octets(client, 4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        Some(3) => {
            let length = usize::from(octet(client)?);
            String::from_utf8_lossy(&octets(client, length)?).into_owned()
        }
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let port = u16::from_be_bytes([octet(client)?, octet(client)?]);
    Ok(format!("{host}:{port}"))
}

/// RFC 9110, section 9.3.6, after the first octet.
fn http(client: &mut TcpStream, first: u8) -> io::Result<String> {
    let mut request = vec![first];
    while !request.ends_with(b"\r\n\r\n") {
        request.push(octet(client)?);
    }
    let request = String::from_utf8_lossy(&request);
    let place = request.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    place.map(str::to_owned).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
