//! Requests to a registry, and its answers.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::RegistryError;
use apt_client::fetch::{FetchError, Location, client_builder, pause_before};

/// Most bytes of an answer that are read: a page of 500 packages has far fewer.
const MAX_ANSWER: usize = 64 << 20;
/// Longest pause that a server may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A registry, and who asks it.
#[derive(Debug)]
pub struct Registry {
    pub(super) runtime: tokio::runtime::Runtime,
    client: Client,
    root: Location,
    token: Option<String>,
}

/// A failure as the registry tells it. Source: RFC 9457.
#[derive(Deserialize)]
struct Problem {
    code: String,
    title: String,
    #[serde(default)]
    detail: String,
}

/// A part of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// What is asked for: the segments of the path below `/api`, and the query.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: Method, path: &'a [&'a str]) -> Self {
        let query = &[];
        Self { method, path, query }
    }
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) bytes: Vec<u8>,
}

impl Registry {
    /// Makes what speaks to a registry, with a token where there is one.
    ///
    /// # Errors
    /// When the address is not valid, or the system gives no threads or certificates.
    pub fn new(address: &str, token: Option<String>) -> Result<Self, RegistryError> {
        let root: Location = address.parse()?;
        if root.file_path().is_some() {
            return Err(RegistryError::NotHttp(root.to_string()));
        }
        let start = |error| RegistryError::Start(Box::new(error));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| start(FetchError::Start(error)))?;
        // The API leads nowhere else, and a token must not either.
        let client = client_builder()
            .redirect(Policy::none())
            // A publish is waited for; the registry itself gives up after 30 seconds.
            .read_timeout(Duration::from_secs(90))
            .build()
            .map_err(|error| start(FetchError::Client(error)))?;
        Ok(Self {
            runtime,
            client,
            root,
            token,
        })
    }

    /// Returns its address.
    pub fn address(&self) -> &Location {
        &self.root
    }

    /// Says whether a password would go over a network for everybody on the way to read.
    pub fn is_overheard(&self) -> bool {
        let url = self.root.url();
        let near = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.scheme() == "http" && !near
    }

    /// The same for somebody else.
    pub(super) fn as_bearer(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Sends a request without a body, and reads the JSON that comes.
    pub(super) fn call<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, RegistryError> {
        let answer = self.runtime.block_on(self.retried(|| self.request(ask)))?;
        self.read(&answer)
    }

    /// Sends a request where only its success matters.
    pub(super) fn order(&self, ask: &Ask<'_>) -> Result<StatusCode, RegistryError> {
        let answer = self.runtime.block_on(self.retried(|| self.request(ask)))?;
        Ok(answer.status)
    }

    /// Sends JSON, and reads the JSON that comes. It is sent once: what makes something may not be made twice.
    pub(super) fn send<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, RegistryError> {
        let text = serde_json::to_vec(body).expect("what is sent has only texts for keys");
        let request = self
            .request(&Ask::new(Method::POST, path))
            .header(CONTENT_TYPE, "application/json")
            .body(text);
        let answer = self.runtime.block_on(self.once(request)).0?;
        self.read(&answer)
    }

    /// Reads all pages of a list.
    pub(super) fn pages<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, RegistryError> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", "500"));
            if let Some(cursor) = &cursor {
                query.push(("cursor", cursor));
            }
            let page: Page<T> = self.call(&Ask {
                query: &query,
                ..Ask::new(Method::GET, path)
            })?;
            items.extend(page.items);
            match page.next {
                // The same place again would go on for ever.
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => return Ok(items),
            }
        }
    }

    /// Begins a request.
    pub(super) fn request(&self, ask: &Ask<'_>) -> RequestBuilder {
        let request = self
            .client
            .request(ask.method.clone(), self.url(ask))
            .header(ACCEPT, "application/json");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn url(&self, ask: &Ask<'_>) -> Url {
        let mut url = self.root.url().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("api").extend(ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        url
    }

    /// Sends a request that may be repeated, and repeats it after failures that pass.
    pub(super) async fn retried(&self, make: impl Fn() -> RequestBuilder) -> Result<Answer, RegistryError> {
        let mut tries = 0;
        loop {
            let (answer, wanted) = self.once(make()).await;
            match (answer, pause_before(tries)) {
                (Err(error), Some(pause)) if error.is_passing() => {
                    tokio::time::sleep(wanted.unwrap_or(pause).min(MAX_PAUSE)).await;
                }
                (answer, _) => return answer,
            }
            tries += 1;
        }
    }

    /// Sends a request once; beside the answer comes how long the server wants to be left alone.
    async fn once(&self, request: RequestBuilder) -> (Result<Answer, RegistryError>, Option<Duration>) {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return (Err(self.unreachable(error)), None),
        };
        let wanted = pause(&response);
        let status = response.status();
        let bytes = match self.body(response).await {
            Ok(bytes) => bytes,
            Err(error) => return (Err(error), wanted),
        };
        if status.is_success() {
            return (Ok(Answer { status, bytes }), wanted);
        }
        (Err(self.refusal(status, &bytes)), wanted)
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if bytes.len() + piece.len() > MAX_ANSWER {
                return Err(self.stranger(response.status()));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    fn refusal(&self, status: StatusCode, bytes: &[u8]) -> RegistryError {
        let Ok(problem) = serde_json::from_slice::<Problem>(bytes) else {
            return self.stranger(status);
        };
        let detail = if problem.detail.is_empty() {
            problem.title
        } else {
            format!("{}: {}", problem.title, problem.detail)
        };
        RegistryError::Problem {
            status: status.as_u16(),
            code: problem.code,
            detail,
        }
    }

    pub(super) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, RegistryError> {
        serde_json::from_slice(&answer.bytes).map_err(|_| self.stranger(answer.status))
    }

    fn stranger(&self, status: StatusCode) -> RegistryError {
        RegistryError::Stranger {
            registry: self.root.to_string(),
            status: status.as_u16(),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> RegistryError {
        RegistryError::Unreachable {
            registry: self.root.to_string(),
            // Its text has the address, which is in ours.
            source: Box::new(error.without_url()),
        }
    }
}

/// Reads how many seconds a server wants to be left alone. Source: RFC 9110, section 10.2.3.
fn pause(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
