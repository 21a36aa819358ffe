//! The open connections: how many each address has, and which has been idle for longest.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::bounds::ConnectionBounds;
use crate::origin::network;

/// The open connections.
#[derive(Default)]
pub(super) struct OpenConnections {
    /// By their age.
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// How many each network has: a customer has a whole IPv6 network of 64 bits.
    networks: Mutex<HashMap<IpAddr, usize>>,
    next: AtomicU64,
}

/// An open connection.
#[derive(Default)]
pub(super) struct Connection {
    /// Whether a request is being answered.
    pub(super) is_busy: AtomicBool,
    /// Whether it waits for a place: it has none to make room with.
    pub(super) is_waiting: AtomicBool,
    /// When it had its last answer, counted as connections are.
    pub(super) last: AtomicU64,
    /// Told when another needs its place.
    pub(super) make_room: Notify,
}

impl OpenConnections {
    pub(super) fn next_turn(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Enters a connection, unless its address has too many.
    pub(super) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        bounds: &ConnectionBounds,
    ) -> Option<ConnectionEntry> {
        let network = network(address);
        let mut networks = lock(&self.networks);
        let count = networks.entry(network).or_default();
        if *count >= bounds.per_address && !bounds.trusted.contains(&address) {
            return None;
        }
        *count += 1;
        drop(networks);
        let connection = Arc::new(Connection::default());
        let number = self.next_turn();
        connection.last.store(number, Ordering::Relaxed);
        lock(&self.connections).insert(number, connection.clone());
        Some(ConnectionEntry {
            open: self.clone(),
            connection,
            number,
            network,
        })
    }

    /// Has the connection end that has had nothing to answer for longest, where there is one besides `newest`.
    pub(super) fn end_idle_one(&self, newest: &ConnectionEntry) {
        let connections = lock(&self.connections);
        let idle = connections
            .iter()
            .filter(|(number, connection)| {
                let is_busy = connection.is_busy.load(Ordering::Relaxed);
                let is_waiting = connection.is_waiting.load(Ordering::Relaxed);
                **number != newest.number && !is_busy && !is_waiting
            })
            .min_by_key(|(_, connection)| connection.last.load(Ordering::Relaxed));
        if let Some((_, idle)) = idle {
            idle.make_room.notify_one();
        }
    }
}

/// A connection's entry; it goes with this.
pub(super) struct ConnectionEntry {
    pub(super) open: Arc<OpenConnections>,
    pub(super) connection: Arc<Connection>,
    number: u64,
    network: IpAddr,
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        lock(&self.open.connections).remove(&self.number);
        let mut networks = lock(&self.open.networks);
        if let Some(count) = networks.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one_address() {
        let bounds = ConnectionBounds {
            per_address: 2,
            ..ConnectionBounds::of(16_384, vec!["2001:db8:0:2::1".parse().unwrap()])
        };
        let open = Arc::new(OpenConnections::default());
        let enter = |address: &str| open.enter(address.parse().unwrap(), &bounds);
        let first = enter("2001:db8:0:1::1");
        let second = enter("2001:db8:0:1:ffff::2");
        assert!(first.is_some() && second.is_some());
        assert!(
            enter("2001:db8:0:1::3").is_none(),
            "another address of the network"
        );
        assert!(enter("2001:db8:0:3::1").is_some(), "another network");
        drop(second);
        assert!(enter("2001:db8:0:1::3").is_some(), "one of them ended");
        let trusted: Vec<_> = (0..8).map(|_| enter("2001:db8:0:2::1")).collect();
        assert!(trusted.iter().all(Option::is_some), "a trusted proxy");
        let address = |last: u8| format!("192.0.2.{last}");
        let kept: Vec<_> = (0..8).map(|last| enter(&address(last))).collect();
        assert!(kept.iter().all(Option::is_some), "IPv4 has no such networks");
    }
}
