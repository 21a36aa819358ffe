//! What is fetched of issuers: small JSON documents, from their own host only.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, RequestBuilder, StatusCode, Url, header};

use crate::outbound;

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How large one may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// Why a document was not had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssuerFetchError {
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
    #[error("`{0}` names no `{1}`")]
    Missing(String, &'static str),
    #[error("unexpected content of `{url}`: {what}")]
    Json { url: Url, what: String },
}

/// Fetches documents.
pub(crate) struct IssuerFetcher(Client);

impl IssuerFetcher {
    pub(crate) fn new() -> anyhow::Result<Self> {
        // Issuers are named in a file of this machine, and may be anywhere in its network.
        let client = outbound::client(Policy::custom(within_origin), TIMEOUT).build()?;
        Ok(Self(client))
    }

    /// Fetches a JSON document.
    pub(crate) async fn json<T: serde::de::DeserializeOwned>(
        &self,
        url: &Url,
    ) -> Result<T, IssuerFetchError> {
        read(url, self.0.get(url.clone()), Status::Success).await
    }

    /// The same with an access token of its issuer.
    pub(crate) async fn json_with_token<T: serde::de::DeserializeOwned>(
        &self,
        url: &Url,
        token: &str,
    ) -> Result<T, IssuerFetchError> {
        read(url, self.0.get(url.clone()).bearer_auth(token), Status::Success).await
    }

    /// Sends a form, with a name and a password where they are given, and returns the JSON document that answers it: of a refusal too.
    pub(crate) async fn post_form<T: serde::de::DeserializeOwned>(
        &self,
        url: &Url,
        form: String,
        credentials: Option<(&str, &str)>,
    ) -> Result<T, IssuerFetchError> {
        let mut request = self.0.post(url.clone());
        if let Some((name, password)) = credentials {
            request = request.basic_auth(name, Some(password));
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(form);
        read(url, request, Status::SuccessOrRefusal).await
    }
}

/// Which answers hold what is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Success,
    /// 400 and 401, too. Source: RFC 6749, section 5.2.
    SuccessOrRefusal,
}

async fn read<T: serde::de::DeserializeOwned>(
    url: &Url,
    request: RequestBuilder,
    expected: Status,
) -> Result<T, IssuerFetchError> {
    let failed = |source| IssuerFetchError::Request {
        url: url.clone(),
        source,
    };
    let mut response = request.send().await.map_err(failed)?;
    let is_refusal = matches!(
        response.status(),
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED
    );
    let is_expected = response.status().is_success() || expected == Status::SuccessOrRefusal && is_refusal;
    if !is_expected {
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

fn within_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let start = attempt.previous().first();
    let same = start.is_some_and(|start| start.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.error("redirected to another host, or too often")
    }
}
