//! The open connections: how many each address has, and which has been idle for longest.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::bounds::ConnectionBounds;

/// The open connections.
#[derive(Default)]
pub(super) struct OpenConnections {
    /// By their age.
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
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
        let mut addresses = lock(&self.addresses);
        let count = addresses.entry(address).or_default();
        if *count >= bounds.per_address && !bounds.trusted.contains(&address) {
            return None;
        }
        *count += 1;
        drop(addresses);
        let connection = Arc::new(Connection::default());
        let number = self.next_turn();
        connection.last.store(number, Ordering::Relaxed);
        lock(&self.connections).insert(number, connection.clone());
        Some(ConnectionEntry {
            open: self.clone(),
            connection,
            number,
            address,
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
    address: IpAddr,
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        lock(&self.open.connections).remove(&self.number);
        let mut addresses = lock(&self.open.addresses);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
