//! Names to addresses that a request may go to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::Addresses;

/// Looks up what a name stands for.
type Lookup = dyn Fn(String) -> LookingUp + Send + Sync;
/// A lookup that goes on.
pub(crate) type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Nothing that a host stands for may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` is not at a public address")]
pub(crate) struct NotPublic {
    /// A name or an address.
    pub(crate) host: String,
}

/// Looks names up, and returns what a request may go to.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    addresses: Addresses,
    lookup: Arc<Lookup>,
}

impl GuardedResolver {
    /// Returns one that asks the system.
    pub(crate) fn new(addresses: Addresses) -> Self {
        Self::with(addresses, |name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        })
    }

    /// Returns one that looks names up in its own way.
    pub(crate) fn with(
        addresses: Addresses,
        lookup: impl Fn(String) -> LookingUp + Send + Sync + 'static,
    ) -> Self {
        Self {
            addresses,
            lookup: Arc::new(lookup),
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.addresses.clone();
        let host = name.as_str().to_owned();
        let looking_up = (self.lookup)(host.clone());
        Box::pin(async move {
            let mut found = looking_up.await?;
            found.retain(|address| addresses.allow(*address));
            if found.is_empty() {
                return Err(NotPublic { host }.into());
            }
            // Port 0 stands for that of the URL.
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}
