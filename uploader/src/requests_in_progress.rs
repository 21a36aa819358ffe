//! How many requests of one client are answered at once.
//!
//! Connections are counted by the server itself, but those of a proxy stand for many clients: there, one that asks for many files and
//! takes none of them would hold all that the proxy may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::origin::network;
use crate::problem::{Code, Problem};

/// Probes are answered whoever asks for what beside them.
const NOT_COUNTED: [&str; 2] = ["/healthz", "/readyz"];

/// The requests that are being answered, by the network of the client.
pub(crate) struct RequestsInProgress {
    limit: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A request that is being answered; its count goes with this.
pub(crate) struct RequestInProgress {
    all: Arc<RequestsInProgress>,
    client: IpAddr,
}

impl RequestsInProgress {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            counts: Mutex::default(),
        }
    }

    /// Begins a request, unless its client has too many; `None` for what is not counted.
    pub(crate) fn begin(
        self: &Arc<Self>,
        path: &str,
        address: Option<IpAddr>,
    ) -> Result<Option<RequestInProgress>, Problem> {
        let Some(client) = address.map(network).filter(|_| !NOT_COUNTED.contains(&path)) else {
            return Ok(None);
        };
        let mut counts = self.lock();
        let count = counts.entry(client).or_default();
        if *count >= self.limit {
            let mut problem = Problem::new(
                Code::TooManyRequests,
                format!(
                    "{} requests of this address are being answered: end some first",
                    self.limit
                ),
            );
            problem.retry_after = Some(5);
            return Err(problem);
        }
        *count += 1;
        Ok(Some(RequestInProgress {
            all: self.clone(),
            client,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        let mut counts = self.all.lock();
        let count = counts
            .get_mut(&self.client)
            .expect("it was counted when it began");
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_has_so_many_requests_at_once_and_others_as_many() {
        let all = Arc::new(RequestsInProgress::new(2));
        let begin = |address: &str| all.begin("/pool/x", Some(address.parse().unwrap()));
        let first = begin("2001:db8::1").unwrap();
        let _second = begin("2001:db8::2").unwrap();
        let refused = begin("2001:db8::3").err().unwrap();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::TooManyRequests, Some(5))
        );
        let other = begin("192.0.2.1").unwrap();
        let health = all.begin("/healthz", Some("2001:db8::1".parse().unwrap()));
        assert!(health.unwrap().is_none());
        drop(first);
        begin("2001:db8::3").unwrap();
        drop(other);
        assert_eq!(all.lock().len(), 1, "nothing is known of who has no request");
    }
}
