//! Ports for servers that cannot choose one themselves.
//!
//! Promises: the ports were free a moment ago and lie below the range from which the kernel takes the ports of outgoing connections, so a
//! busy neighbour test does not take them in between. A server that finds one taken all the same is started again with others.
//! Rejected: asking the kernel for port 0; its answer comes from that very range.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use super::fault::Fault;

const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// How often a start is tried when another process took a port in the meantime.
const ATTEMPTS: usize = 5;

/// Starts a server, and once more with other ports where one was taken between our look and its bind.
pub(super) fn while_taken<T>(start: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
    let mut last = start();
    for _ in 1..ATTEMPTS {
        match last {
            Err(fault) if fault.is_a_taken_port() => last = start(),
            _ => break,
        }
    }
    last
}

/// So many free ports of 127.0.0.1, all different.
pub(super) fn free<const COUNT: usize>() -> Result<[u16; COUNT], Fault> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Processes that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(97);
    let candidates = (FIRST..=LAST).map(|_| {
        let step = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % u32::from(LAST - FIRST + 1);
        FIRST.saturating_add(u16::try_from(step).unwrap_or(0))
    });
    choose(candidates)
}

fn choose<const COUNT: usize>(candidates: impl Iterator<Item = u16>) -> Result<[u16; COUNT], Fault> {
    // The listeners are held until all are found: none is found twice.
    let listening = candidates.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok().map(|listener| (port, listener)));
    let held: Vec<(u16, TcpListener)> = listening.take(COUNT).collect();
    let ports: Vec<u16> = held.iter().map(|(port, _)| *port).collect();
    <[u16; COUNT]>::try_from(ports).map_err(|_| Fault::Ports { wanted: COUNT, first: FIRST, last: LAST })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_differ_within_a_call_and_between_calls() {
        let all: BTreeSet<u16> = free::<40>().unwrap().into_iter().chain(free::<40>().unwrap()).collect();
        assert_eq!(all.len(), 80);
        assert!(all.iter().all(|port| (FIRST..=LAST).contains(port)));
    }

    #[test]
    fn an_occupied_port_is_passed_over() {
        let [occupied, idle] = free().unwrap();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, occupied)).unwrap();
        assert_eq!(choose([occupied, idle].into_iter()).unwrap(), [idle]);
        let none = choose::<1>([occupied].into_iter()).unwrap_err().to_string();
        assert_eq!(none, "no 1 free ports on 127.0.0.1 between 20000 and 31999; end what occupies them");
    }
}
