//! What is fetched of issuers: small JSON documents, from their own host only.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use crate::outbound;

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How large one may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// Why a document was not had.
#[derive(Debug, thiserror::Error)]
pub(super) enum IssuerFetchError {
    #[error("`{0}` is not a URL")]
    Address(String),
    #[error("`{0}` is on another host than its issuer")]
    OtherHost(Url),
    #[error("cannot fetch `{url}`")]
    Request { url: Url, source: reqwest::Error },
    #[error("`{url}` answers with {status}")]
    Status { url: Url, status: u16 },
    #[error("`{0}` is larger than 256 KiB")]
    TooLarge(Url),
    #[error("unexpected content of `{url}`: {what}")]
    Json { url: Url, what: String },
}

/// Fetches documents.
pub(super) struct IssuerFetcher(Client);

impl IssuerFetcher {
    pub(super) fn new() -> anyhow::Result<Self> {
        // Issuers are named in a file of this machine, and may be anywhere in its network.
        let client = outbound::client(Policy::custom(within_origin), TIMEOUT).build()?;
        Ok(Self(client))
    }

    /// Fetches a JSON document.
    pub(super) async fn json<T: serde::de::DeserializeOwned>(
        &self,
        url: &Url,
    ) -> Result<T, IssuerFetchError> {
        let failed = |source| IssuerFetchError::Request {
            url: url.clone(),
            source,
        };
        let mut response = self.0.get(url.clone()).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(IssuerFetchError::Status {
                url: url.clone(),
                status: response.status().as_u16(),
            });
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if bytes.len() + piece.len() > MAX_BYTES {
                return Err(IssuerFetchError::TooLarge(url.clone()));
            }
            bytes.extend_from_slice(&piece);
        }
        serde_json::from_slice(&bytes).map_err(|error| IssuerFetchError::Json {
            url: url.clone(),
            what: error.to_string(),
        })
    }
}

fn within_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let start = attempt.previous().first();
    let same = start.is_some_and(|start| start.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.error("redirected to another host, or too often")
    }
}
