//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use archive_catalog::accounts::Id;
use archive_catalog::audit::Actor;

use crate::allowance::Allowance;

/// As what a request is counted against the rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// It changes nothing.
    Read,
    /// It brings or changes something.
    Write,
    /// It is not counted.
    Free,
}

/// Where a request comes from, and what it is called.
#[derive(Debug, Clone)]
pub(crate) struct RequestOrigin {
    pub(crate) address: Option<IpAddr>,
    /// The id of the request.
    pub(crate) id: String,
    pub(crate) traffic: Traffic,
    /// Set once that is known: an answer that refuses a request is recorded with it.
    requester: Arc<OnceLock<Requester>>,
    /// What the address or the account may still ask for, whichever is less.
    allowance: Arc<Mutex<Option<Allowance>>>,
}

/// Who made a request, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Requester {
    /// Nobody who is known.
    Stranger,
    /// Somebody who claims a user name, and has not proven it.
    Claimed(String),
    /// The account of this name.
    Account {
        name: String,
        /// The API token, where it was one.
        token: Option<Id>,
    },
}

impl RequestOrigin {
    pub(crate) fn new(address: Option<IpAddr>, id: String, traffic: Traffic) -> Self {
        Self {
            address,
            id,
            traffic,
            requester: Arc::default(),
            allowance: Arc::default(),
        }
    }

    /// Notes what may still be asked for.
    pub(crate) fn note_allowance(&self, found: Option<Allowance>) {
        let mut noted = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        *noted = match (*noted, found) {
            (Some(noted), Some(found)) => Some(noted.min(found)),
            (noted, found) => noted.or(found),
        };
    }

    pub(crate) fn allowance(&self) -> Option<Allowance> {
        *self.allowance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes who made the request; what was noted first stays.
    pub(crate) fn set_requester(&self, requester: Requester) {
        self.requester.get_or_init(|| requester);
    }

    pub(crate) fn requester(&self) -> Requester {
        self.requester.get().cloned().unwrap_or(Requester::Stranger)
    }

    /// Returns who made the request, for the audit log. A name that is only claimed is not in it.
    pub(crate) fn actor(&self) -> Actor {
        let (name, token) = match self.requester() {
            Requester::Account { name, token } => (Some(name), token.map(|token| token.to_string())),
            Requester::Claimed(_) | Requester::Stranger => (None, None),
        };
        Actor {
            authority: None,
            name,
            address: self.address.map(|address| address.to_string()),
            request: Some(self.id.clone()),
            token,
        }
    }
}

/// Returns what stands for an address: one customer has a whole IPv6 network of 64 bits.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}
