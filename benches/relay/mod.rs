//! A wire between the daemon and a server that notes when the server tells of mail: what came before is the server's own time.

#![expect(clippy::print_stderr, reason = "a benchmark prints")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// The wire. Its threads end with their connections, and the one that accepts them with the process.
pub struct Relay {
    port: u16,
    told: Told,
}

type Told = Arc<Mutex<Option<Instant>>>;

impl Relay {
    /// Listens on loopback, and leads every connection to this port there.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let relay = Self { port: listener.local_addr()?.port(), told: Told::default() };
        let told = Arc::clone(&relay.told);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                if let Err(error) = join(client, port, told) {
                    eprintln!("the wire to the server could not be laid: {error}");
                }
            }
        });
        Ok(relay)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// When the server first told of mail since this was last asked.
    pub fn told(&self) -> Option<Instant> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn join(client: TcpStream, port: u16, told: Told) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = (client.try_clone()?, client);
    let (from_server, to_server) = (server.try_clone()?, server);
    thread::spawn(move || carry(from_client, to_server, |_| ()));
    thread::spawn(move || {
        carry(from_server, to_client, |bytes| {
            if bytes.windows(7).any(|window| window == b" EXISTS") {
                told.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
            }
        });
    });
    Ok(())
}

/// Until either side hangs up; then the other learns of it.
fn carry(mut from: TcpStream, mut to: TcpStream, see: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        see(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _gone = to.shutdown(Shutdown::Both);
    let _gone = from.shutdown(Shutdown::Both);
}
