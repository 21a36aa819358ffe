//! What clients may take of the server.

use std::net::IpAddr;
use std::time::Duration;

use super::paced::Pace;

/// Connections at once that wait for a place.
const WAITING: usize = 32;
/// What a client takes of an answer at least: anything that calls itself a link is faster.
const PACE: Pace = Pace {
    bytes: 64 << 10,
    time: Duration::from_secs(300),
};
/// Files that stay for the catalog, for publishing and for the log, whoever connects.
const FILES_KEPT: u64 = 256;
/// Files that are asked for, where the system lets a process have them.
const FILES_WANTED: u64 = 16_384;
/// Connections at once, where there are files for them.
const CONNECTIONS: u64 = 4096;
/// Connections at once for one address, where there are few in all.
const LEAST_PER_ADDRESS: usize = 64;

/// Raises how many files this process may have open as far as it may; returns how many those are.
pub(crate) fn raise_open_files() -> std::io::Result<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit reads as `None`.
    let now = current.unwrap_or(u64::MAX);
    let wanted = FILES_WANTED.min(maximum.unwrap_or(u64::MAX));
    if now >= wanted {
        return Ok(now);
    }
    let current = Some(wanted);
    setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
    Ok(wanted)
}

/// What clients may take.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionBounds {
    /// Connections at once; more wait until others end, or have nothing to ask.
    pub(crate) connections: usize,
    /// Connections at once that wait so.
    pub(crate) waiting: usize,
    /// Connections at once of one address, and requests at once of one client.
    pub(crate) per_address: usize,
    /// Addresses of proxies, each of which stands for many clients: their connections are not counted, but the requests of each client are.
    pub(crate) trusted: Vec<IpAddr>,
    /// From a connection, or the request before, to the end of a request's head.
    pub(crate) head: Duration,
    /// How fast an answer is taken at least.
    pub(crate) pace: Pace,
}

impl ConnectionBounds {
    /// Returns the bounds for a process that may have so many files open: each connection takes one, and one for what it asks for.
    pub(crate) fn of(open_files: u64, trusted: Vec<IpAddr>) -> Self {
        let connections = (open_files.saturating_sub(FILES_KEPT) / 2).clamp(16, CONNECTIONS);
        let connections = usize::try_from(connections).expect("it is clamped to a few thousand");
        Self {
            connections,
            per_address: (connections / 4).max(LEAST_PER_ADDRESS),
            waiting: WAITING,
            trusted,
            head: Duration::from_secs(30),
            pace: PACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (files, connections) in [(0, 16), (1024, 384), (16_384, 4096), (u64::MAX, 4096)] {
            assert_eq!(ConnectionBounds::of(files, Vec::new()).connections, connections);
        }
    }
}
