//! Why a file did not come.

use std::error::Error;
use std::path::PathBuf;

use super::{Location, LocationError};

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Downloading cannot begin.
    #[error("cannot start to download")]
    Start(#[source] std::io::Error),
    /// The HTTP client cannot be made.
    #[error("cannot set up HTTP")]
    Client(#[source] reqwest::Error),
    /// An address or a path is not valid.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// Nobody answers, or not to the end.
    #[error("cannot reach `{location}`")]
    Unreachable {
        /// Where.
        location: Location,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The proxy that the environment names does not answer, or does not let through.
    #[error("cannot reach the proxy `{proxy}`, which is configured for `{location}`")]
    Proxy {
        /// Where.
        location: Location,
        /// The proxy.
        proxy: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The proxy that the environment names wants to know who asks.
    #[error("the proxy `{proxy}`, which is configured for `{location}`, requires a login (it answered 407)")]
    ProxyLogin {
        /// Where.
        location: Location,
        /// The proxy.
        proxy: String,
    },
    /// It is not on this machine, and no network is to be asked.
    #[error("`{location}` is not on this machine, and `--offline` forbids the network")]
    Offline {
        /// Where it would be.
        location: Location,
    },
    /// Files are not on this machine, and no network is to be asked.
    #[error("`--offline` forbids the network, and {} not in the cache: {}", is_or_are(names.len()), listed(names))]
    NotCached {
        /// Their names; at least one.
        names: Vec<String>,
    },
    /// It is on this machine, and cannot be read.
    #[error("cannot read `{location}`")]
    Unreadable {
        /// Where.
        location: Location,
        /// Why.
        source: std::io::Error,
    },
    /// It is not there.
    #[error("`{location}` does not exist")]
    Missing {
        /// Where.
        location: Location,
    },
    /// The server wants to know who asks, or does not give it to them.
    #[error("`{location}` requires a login (the server answered {status}){}", .why.iter().map(|why| format!("; {why}")).collect::<String>())]
    Denied {
        /// Where.
        location: Location,
        /// What the server answers.
        status: u16,
        /// Why what is known of logins did not help.
        why: Option<String>,
    },
    /// An object store does not have it, or does not show it: its answer is the same.
    #[error("`{location}` does not exist: the bucket has no such public object (the server answered 403)")]
    NoObject {
        /// Where.
        location: Location,
    },
    /// The server answers with another code.
    #[error("`{location}`: the server answered {status}")]
    Status {
        /// Where.
        location: Location,
        /// What the server answers.
        status: u16,
    },
    /// It comes so slowly that it will not come.
    #[error("`{location}` is downloaded at less than {rate} bytes a second")]
    Slow {
        /// Where.
        location: Location,
        /// The least rate.
        rate: u64,
    },
    /// A redirect to where no archive sends its clients.
    #[error("`{location}` redirects to where it must not: {why}")]
    Astray {
        /// Where.
        location: Location,
        /// Why.
        why: String,
    },
    /// It goes on after its end.
    #[error("`{location}` is longer than {limit} bytes")]
    TooLong {
        /// Where.
        location: Location,
        /// What it may have.
        limit: u64,
    },
    /// It is not what was signed.
    #[error("`{location}` is not what was signed: {what} {found}, expected {expected}")]
    Wrong {
        /// Where.
        location: Location,
        /// What differs.
        what: &'static str,
        /// What was found.
        found: String,
        /// What was signed.
        expected: String,
    },
    /// It cannot be kept.
    #[error("cannot write `{}`", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl FetchError {
    /// Says whether the file may not be there, as far as the answer tells: object stores answer 403 for what is not there.
    pub fn may_be_missing(&self) -> bool {
        matches!(
            self,
            Self::Missing { .. } | Self::NoObject { .. } | Self::Denied { status: 403, .. }
        )
    }

    /// Says whether it is this file alone that did not come: another form of it may come all the same.
    pub fn is_of_one_file(&self) -> bool {
        let is_answer = matches!(
            self,
            Self::Missing { .. }
                | Self::NoObject { .. }
                | Self::Denied { .. }
                | Self::Unreadable { .. }
                | Self::Status { .. }
                | Self::Astray { .. }
        );
        is_answer || self.is_passing()
    }

    /// Says whether nothing else comes from there, either: the server cannot be reached, or no network is to be asked.
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Proxy { .. }
                | Self::ProxyLogin { .. }
                | Self::Slow { .. }
                | Self::Offline { .. }
        )
    }

    /// Says whether the network, or whoever is behind it, may do better another time or at another place.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Proxy { .. } | Self::Slow { .. } => true,
            // 304 without need is the answer of a cache that mixed requests up.
            Self::Status { status, .. } => matches!(*status, 304 | 408 | 429 | 500..),
            _ => false,
        }
    }
}

/// Most names that are said of many.
const MAX_LISTED: usize = 20;

fn is_or_are(count: usize) -> String {
    match count {
        1 => "1 file is".to_owned(),
        count => format!("{count} files are"),
    }
}

fn listed(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(MAX_LISTED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MAX_LISTED {
        text.push_str(&format!(", and {} more", names.len() - MAX_LISTED));
    }
    text
}
