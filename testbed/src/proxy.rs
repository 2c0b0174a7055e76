//! A relay between a client and a server on loopback that spoils connections at a byte that the test chooses.
//!
//! ```no_run
//! use testbed::proxy::{Fault, Proxy, Trouble, Way};
//!
//! // The first connection ends after 4,000 octets from the server, every later one is honest.
//! let proxy = Proxy::start(143, vec![Trouble { after: 4_000, way: Way::ToClient, fault: Fault::Cut }]);
//! assert_eq!(proxy.struck(), 0);
//! ```
//!
//! Promises: the n-th connection meets the n-th trouble and no other; what lies before the trouble arrives whole and in order.
//! Rejected: `tc netem` and packet filters; they need privileges and cannot count octets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use crate::tls::listener::Listener;

/// Open connections at most.
const CONNECTIONS: usize = 64;
/// What is read at once; small, so that the server's answers are spread over many writes.
const CHUNK: usize = 4 * 1024;
/// How long a single fault goes on: octets that go one by one, chunks that are late.
const SLOW_OCTETS: usize = 4 * 1024;
const LATE_CHUNKS: usize = 20;
const LATENESS: Duration = Duration::from_millis(5);

/// Which direction is counted and spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToClient,
    ToServer,
}

/// What happens at the chosen octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Both ends see an orderly close.
    Cut,
    /// Both ends see a reset (RST).
    Reset,
    /// The receiving end sees the close; the other direction stays open until it is closed, too.
    HalfClose,
    /// Nothing more comes in this direction; nobody closes.
    Stall,
    /// The last octets are sent twice.
    Repeat,
    /// The next octets come one by one.
    Dribble,
    /// The next chunks come late.
    Delay,
}

/// Where a connection is spoilt, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// Octets that pass in this direction before.
    pub after: u64,
    pub way: Way,
    pub fault: Fault,
}

/// The running relay; dropping it ends every connection.
pub struct Proxy {
    tally: Arc<Tally>,
    listener: Listener,
}

#[derive(Default)]
struct Tally {
    connections: AtomicUsize,
    struck: AtomicUsize,
    to_client: AtomicU64,
    to_server: AtomicU64,
}

impl Proxy {
    /// Relays to this port on 127.0.0.1.
    ///
    /// # Panics
    /// When there is no port or no thread to be had.
    #[must_use]
    pub fn start(target: u16, troubles: Vec<Trouble>) -> Self {
        let tally = Arc::new(Tally::default());
        let counted = Arc::clone(&tally);
        let listener = Listener::start("testbed-proxy", CONNECTIONS, move |client, number| {
            let trouble = number.checked_sub(1).and_then(|place| troubles.get(place)).copied();
            let tally = Arc::clone(&counted);
            tally.connections.fetch_add(1, Ordering::SeqCst);
            async move {
                // The end that is still there sees what the fault makes of it; there is nobody else to tell.
                let _ended = relay(client, target, trouble, &tally).await;
            }
        });
        Self { tally, listener }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.tally.connections.load(Ordering::SeqCst)
    }

    /// Troubles that were met so far.
    #[must_use]
    pub fn struck(&self) -> usize {
        self.tally.struck.load(Ordering::SeqCst)
    }

    /// Octets that have passed in this direction, over all connections.
    #[must_use]
    pub fn passed(&self, way: Way) -> u64 {
        self.tally.passed(way).load(Ordering::SeqCst)
    }
}

impl Tally {
    fn passed(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::ToClient => &self.to_client,
            Way::ToServer => &self.to_server,
        }
    }
}

/// How one direction came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The sender closed; so does the relay.
    Closed,
    Spoilt(Fault),
}

async fn relay(client: TcpStream, target: u16, trouble: Option<Trouble>, tally: &Tally) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", target)).await?;
    server.set_nodelay(true)?;
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let of = |way| trouble.filter(|trouble| trouble.way == way);
    let (over, _) = watch::channel(false);
    let down = one_way(server_in, client_out, Way::ToClient, of(Way::ToClient), tally, &over);
    let up = one_way(client_in, server_out, Way::ToServer, of(Way::ToServer), tally, &over);
    let (down, up) = tokio::join!(down, up);
    let ((server_in, client_out, down), (client_in, server_out, up)) = (down?, up?);
    if [down, up].contains(&End::Spoilt(Fault::Reset)) {
        for (incoming, outgoing) in [(server_in, server_out), (client_in, client_out)] {
            if let Ok(stream) = incoming.reunite(outgoing) {
                stream.set_zero_linger()?;
            }
        }
    }
    Ok(())
}

/// Passes octets until the sender closes, the trouble ends the connection or the other direction did.
async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: Way,
    trouble: Option<Trouble>,
    tally: &Tally,
    over: &watch::Sender<bool>,
) -> io::Result<(OwnedReadHalf, OwnedWriteHalf, End)> {
    let mut stopped = over.subscribe();
    let end = tokio::select! {
        end = passing(&mut from, &mut to, way, trouble, tally) => end,
        _ = stopped.wait_for(|over| *over) => Ok(End::Closed),
    };
    let end = end.inspect_err(|_| {
        over.send_replace(true);
    })?;
    match end {
        End::Closed => to.shutdown().await?,
        End::Spoilt(Fault::HalfClose) => {
            to.shutdown().await?;
            // What still comes is swallowed; the sender must not learn of it by a reset.
            let mut sink = tokio::io::sink();
            tokio::select! {
                _ = tokio::io::copy(&mut from, &mut sink) => {}
                _ = stopped.wait_for(|over| *over) => {}
            }
        }
        End::Spoilt(_) => {
            over.send_replace(true);
        }
    }
    Ok((from, to, end))
}

async fn passing(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, way: Way, trouble: Option<Trouble>, tally: &Tally) -> io::Result<End> {
    let mut chunk = vec![0; CHUNK];
    let mut before = trouble.map(|trouble| trouble.after);
    loop {
        // Never reads beyond the octet at which the trouble begins.
        let limit = before.and_then(|left| usize::try_from(left).ok()).unwrap_or(CHUNK).clamp(1, CHUNK);
        if before == Some(0)
            && let Some(trouble) = trouble
        {
            before = None;
            tally.struck.fetch_add(1, Ordering::SeqCst);
            match trouble.fault {
                fault @ (Fault::Cut | Fault::Reset | Fault::HalfClose) => return Ok(End::Spoilt(fault)),
                // Ends with the other direction, or with the relay.
                Fault::Stall => std::future::pending::<()>().await,
                Fault::Repeat => to.write_all(chunk.get(..64).unwrap_or_default()).await?,
                Fault::Dribble => dribble(from, to, way, tally).await?,
                Fault::Delay => delay(from, to, way, tally).await?,
            }
            continue;
        }
        let read = from.read(chunk.get_mut(..limit).unwrap_or_default()).await?;
        if read == 0 {
            return Ok(End::Closed);
        }
        to.write_all(chunk.get(..read).unwrap_or_default()).await?;
        let octets = u64::try_from(read).unwrap_or(u64::MAX);
        tally.passed(way).fetch_add(octets, Ordering::SeqCst);
        before = before.map(|left| left.saturating_sub(octets));
    }
}

async fn dribble(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, way: Way, tally: &Tally) -> io::Result<()> {
    let mut octet = [0];
    for _ in 0..SLOW_OCTETS {
        if from.read(&mut octet).await? == 0 {
            return Ok(());
        }
        to.write_all(&octet).await?;
        tally.passed(way).fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

async fn delay(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, way: Way, tally: &Tally) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    for _ in 0..LATE_CHUNKS {
        let read = from.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        tokio::time::sleep(LATENESS).await;
        to.write_all(chunk.get(..read).unwrap_or_default()).await?;
        tally.passed(way).fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
    Ok(())
}
