//! The office's identity provider, as far as Dovecot asks for it: whose access token is this?
//!
//! Promises: answers Dovecot's introspection (`Authorization: Bearer …`) with the user of a known token and `active: false` for any other
//! (RFC 7662); ends with its handle. Rejected: signed tokens that Dovecot checks alone; they need a signer here and say nothing more about the client.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::fault::Fault;

/// The longest that a question may take to come in.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any question of Dovecot's.
const OCTETS_AT_MOST: u64 = 64 * 1024;

pub(super) struct Provider {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    clerk: Option<JoinHandle<()>>,
}

impl Provider {
    /// Knows these tokens, each with its user.
    pub(super) fn start(users: BTreeMap<String, String>) -> Result<Self, Fault> {
        let made = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = made.map_err(|source| Fault::Provider { source })?;
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let work = move || {
            for stream in listener.incoming().flatten() {
                if seen.load(Ordering::SeqCst) {
                    break;
                }
                // Dovecot asks again or refuses the login; either shows in its log.
                drop(answer(&stream, &users));
            }
        };
        let clerk = std::thread::Builder::new().name("identity provider".to_owned()).spawn(work);
        let clerk = clerk.map_err(|source| Fault::Thread { name: "the identity provider", source })?;
        Ok(Self { address, over, clerk: Some(clerk) })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/whose", self.address)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the clerk; if nobody can be reached any more, it is not waited for.
        let woken = TcpStream::connect_timeout(&self.address, PATIENCE).is_ok();
        if let (true, Some(clerk)) = (woken, self.clerk.take()) {
            drop(clerk.join());
        }
    }
}

fn answer(stream: &TcpStream, users: &BTreeMap<String, String>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut user = None;
    for line in BufReader::new(stream.take(OCTETS_AT_MOST)).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let token = line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value);
        if let Some(token) = token.and_then(|value| value.strip_prefix("Bearer ")) {
            user = users.get(token);
        }
    }
    // Dovecot 2.3 does not read the status of an answer, hence none but 200.
    let body = match user {
        Some(user) => serde_json::json!({ "active": true, "username": user }),
        None => serde_json::json!({ "active": false }),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let mut writer = stream;
    writer.write_all((head + &body).as_bytes())?;
    stream.shutdown(Shutdown::Write)
}
