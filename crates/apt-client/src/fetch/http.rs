//! HTTP: one client for all archives, its redirects, its retries.

use std::time::{Duration, Instant};

use debian_control::release::parse_date;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{DATE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RANGE};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use super::location::escapes_are_sound;
use super::pace::{DownloadLimit, Pace};
use super::{Credentials, FetchError, FileRequest, FileResponse, Location, Validators, pause_before};

/// Most redirects that are followed: as many as apt follows.
const MAX_REDIRECTS: usize = 10;
/// Most bytes of what a server says of an error that are looked at.
const MAX_ERROR_BYTES: usize = 4 << 10;
const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// After how long a file must have come at so many bytes a second: who holds an index back may hold back what is new.
const PATIENCE: Duration = Duration::from_secs(30);
const LEAST_RATE: u64 = 512;

/// Speaks HTTP/1.1 and HTTP/2, and keeps connections open.
pub(super) struct Http {
    client: Client,
    credentials: Credentials,
    /// Is told how many bytes came.
    came: Box<dyn Fn(u64) + Send + Sync>,
    pace: Option<Pace>,
    reach: Reach,
}

/// Whether servers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Network,
    Nothing,
}

impl Http {
    pub(super) fn new(credentials: Credentials) -> Result<Self, FetchError> {
        let builder = || client_builder().redirect(Policy::custom(follow));
        // A machine without certificates of authorities reads archives over `http:`, whose indexes are signed, and trusts no
        // server over `https:`.
        let client = builder()
            .build()
            .or_else(|_| builder().tls_certs_only([]).build())
            .map_err(FetchError::Client)?;
        Ok(Self {
            client,
            credentials,
            came: Box::new(|_| {}),
            pace: None,
            reach: Reach::Network,
        })
    }

    pub(super) fn limit(&mut self, limit: DownloadLimit) {
        self.pace = Some(Pace::new(limit, Instant::now()));
    }

    pub(super) fn go_offline(&mut self) {
        self.reach = Reach::Nothing;
    }

    pub(super) fn is_offline(&self) -> bool {
        self.reach == Reach::Nothing
    }

    /// Waits after so many bytes, where there is a limit.
    pub(super) async fn keep_pace(&self, bytes: usize) {
        if let Some(pace) = &self.pace {
            tokio::time::sleep(pace.wait(bytes, Instant::now())).await;
        }
    }

    pub(super) fn report_progress(&mut self, came: impl Fn(u64) + Send + Sync + 'static) {
        self.came = Box::new(came);
    }

    /// Gets a file, with retries.
    pub(super) async fn get(&self, get: &FileRequest<'_>) -> Result<FileResponse, FetchError> {
        let mut tries = 0;
        let begun = Instant::now();
        loop {
            let failed = match self.try_get(get).await {
                // Who waited for a silent server has waited long enough.
                Err(error) if error.is_passing() && begun.elapsed() < SILENCE => error,
                done => return done,
            };
            let Some(pause) = pause_before(tries) else {
                return Err(failed);
            };
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    /// Begins a request for an address, with what the server may want to know.
    ///
    /// # Errors
    /// When no network is to be asked.
    pub(super) fn request(&self, location: &Location) -> Result<RequestBuilder, FetchError> {
        if self.is_offline() {
            return Err(FetchError::Offline {
                location: location.clone(),
            });
        }
        let request = self.client.get(location.url().clone());
        Ok(match self.credentials.for_url(location.url()) {
            Some((login, password)) => request.basic_auth(login, Some(password)),
            None => request,
        })
    }

    /// Returns an answer that carries the file or a part of it.
    pub(super) async fn expect(
        &self,
        response: Response,
        location: &Location,
    ) -> Result<Response, FetchError> {
        expect(response, location).await.map_err(|error| match error {
            FetchError::Denied { location, status, .. } => FetchError::Denied {
                why: self.credentials.why_refused(location.url()),
                location,
                status,
            },
            error => error,
        })
    }

    async fn try_get(&self, get: &FileRequest<'_>) -> Result<FileResponse, FetchError> {
        let mut request = self.request(get.location)?;
        if let Some(known) = get.known {
            request = conditional(request, known);
        }
        if let Some((start, length)) = get.range {
            let end = start.saturating_add(length).saturating_sub(1);
            request = request.header(RANGE, format!("bytes={start}-{end}"));
        }
        let response = send(request, get.location).await?;
        if response.status() == StatusCode::NOT_MODIFIED && get.known.is_some() {
            return Ok(FileResponse::NotModified);
        }
        let whole = response.status() == StatusCode::OK;
        let response = self.expect(response, get.location).await?;
        let validators = validators(response.headers());
        let limit = match get.range {
            // A server that knows no ranges sends all of it: no more of it than needed is read.
            Some((start, length)) if whole => start.saturating_add(length),
            Some((_, length)) => length,
            None => get.limit,
        };
        let mut bytes = self.body(response, get, limit).await?;
        if let Some((start, length)) = get.range.filter(|_| whole) {
            let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
            bytes.drain(..start);
            bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        Ok(FileResponse::Body { bytes, validators })
    }

    /// Reads a body, at most `limit` bytes of it.
    async fn body(
        &self,
        mut response: Response,
        get: &FileRequest<'_>,
        limit: u64,
    ) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        let begun = Instant::now();
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| unreachable(get.location, error))?
        {
            (self.came)(piece.len() as u64);
            self.keep_pace(piece.len()).await;
            not_too_slow((bytes.len() + piece.len()) as u64, begun.elapsed(), get.location)?;
            if (bytes.len() + piece.len()) as u64 > limit {
                if get.range.is_some() {
                    let room = usize::try_from(limit)
                        .unwrap_or(usize::MAX)
                        .saturating_sub(bytes.len());
                    bytes.extend(
                        piece
                            .get(..room)
                            .expect("with all of it there are too many bytes"),
                    );
                    return Ok(bytes);
                }
                return Err(FetchError::TooLong {
                    location: get.location.clone(),
                    limit,
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// Refuses a file of which so little came in a time that it will not come.
pub(super) fn not_too_slow(bytes: u64, time: Duration, location: &Location) -> Result<(), FetchError> {
    if time > PATIENCE && bytes < time.as_secs() * LEAST_RATE {
        return Err(FetchError::Slow {
            location: location.clone(),
            rate: LEAST_RATE,
        });
    }
    Ok(())
}

/// Begins a client that trusts the certificates of this machine; its redirects are the caller's to decide.
pub fn client_builder() -> reqwest::ClientBuilder {
    // An error says that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("cpkgs/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .referer(false)
}

/// Follows a redirect to where an archive may send its clients.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let from_safe = attempt
        .previous()
        .last()
        .is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
    }
    let why = if !matches!(attempt.url().scheme(), "http" | "https") {
        "a redirect to another scheme"
    } else if from_safe && attempt.url().scheme() == "http" {
        "a redirect from https to http"
    } else if !escapes_are_sound(attempt.url()) {
        "a redirect with percent signs that stand for control characters or nothing"
    } else {
        return attempt.follow();
    };
    attempt.error(why)
}

fn conditional(request: RequestBuilder, known: &Validators) -> RequestBuilder {
    let mut request = request;
    if let Some(etag) = &known.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(since) = &known.last_modified {
        request = request.header(IF_MODIFIED_SINCE, since);
    }
    request
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn send(request: RequestBuilder, location: &Location) -> Result<Response, FetchError> {
    request.send().await.map_err(|error| {
        if error.is_redirect() {
            FetchError::Astray {
                location: location.clone(),
                why: innermost(&error),
            }
        } else {
            unreachable(location, error)
        }
    })
}

/// Returns an answer that carries the file or a part of it.
async fn expect(response: Response, location: &Location) -> Result<Response, FetchError> {
    let location = location.clone();
    match response.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(response),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::Missing { location }),
        StatusCode::FORBIDDEN if is_of_a_bucket(response).await => Err(FetchError::NoObject { location }),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(FetchError::Denied {
            location,
            status: status.as_u16(),
            why: None,
        }),
        // A redirect that was not followed has no address that could be.
        status if status.is_redirection() && status != StatusCode::NOT_MODIFIED => Err(FetchError::Astray {
            location,
            why: "a redirect to what is no address".to_owned(),
        }),
        status => Err(match proxy_of(&location) {
            Some(proxy) if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                FetchError::ProxyLogin { location, proxy }
            }
            _ => FetchError::Status {
                location,
                status: status.as_u16(),
            },
        }),
    }
}

/// Says whether a refusal is the one of S3 and its like, which say the same of what is not there: their errors are XML.
async fn is_of_a_bucket(mut response: Response) -> bool {
    let mut text = Vec::new();
    while text.len() < MAX_ERROR_BYTES
        && let Ok(Some(piece)) = response.chunk().await
    {
        text.extend_from_slice(&piece);
    }
    let text = String::from_utf8_lossy(&text);
    text.contains("<Error>") && text.contains("<Code>AccessDenied</Code>")
}

pub(super) fn unreachable(location: &Location, error: reqwest::Error) -> FetchError {
    let never_connected = error.is_connect();
    // What lies above the innermost cause names the layers of this program, not what a person can mend.
    let source = innermost(&error.without_url()).into();
    let location = location.clone();
    match proxy_of(&location).filter(|_| never_connected) {
        Some(proxy) => FetchError::Proxy {
            location,
            proxy,
            source,
        },
        None => FetchError::Unreachable { location, source },
    }
}

/// Returns the proxy that the environment names for an address, without its password.
fn proxy_of(location: &Location) -> Option<String> {
    let address = location.url().as_str().parse().ok()?;
    let found = Matcher::from_env().intercept(&address)?;
    Some(found.uri().to_string())
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Returns what the next request asks by. Nothing where the file was changed within the last two seconds: by a time in seconds, and
/// by a tag that is made of it, nobody could tell another change of that moment. Source: RFC 9110, section 8.8.2.2.
fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let time = |name| parse_date(headers.get(name)?.to_str().ok()?);
    let is_fresh = match (time(LAST_MODIFIED), time(DATE)) {
        (Some(changed), Some(now)) => now - changed < 2,
        _ => false,
    };
    if is_fresh {
        return Validators::default();
    }
    Validators {
        etag: text(ETAG),
        last_modified: text(LAST_MODIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_sends_little_for_long_is_too_slow() {
        let location = "http://h/x".parse().unwrap();
        let is_too_slow =
            |bytes, seconds| not_too_slow(bytes, Duration::from_secs(seconds), &location).is_err();
        assert!(!is_too_slow(1, 30));
        assert!(is_too_slow(1, 31));
        assert!(is_too_slow(99 * 512, 100));
        assert!(!is_too_slow(100 * 512, 100));
    }
}
