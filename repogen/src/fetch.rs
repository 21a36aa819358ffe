//! What is fetched by HTTP: the archive as its server hands it out, and data on vulnerabilities. Requests only; `repogen` serves nothing.

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use debian_archive::doctor::{Answer, Ask, Served};
use debian_archive::error_text::with_causes;
use debian_archive::vulnerabilities::MAX_BYTES;
use reqwest::Client;
use reqwest::redirect::{Action, Attempt, Policy};
use tokio::runtime::{Builder, Runtime};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long all answers of one server may take together: it is not to hold anybody up by being slow at each.
const ALL_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the data on vulnerabilities may take: it has some hundred megabytes.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// Fetches, one request at a time.
pub(crate) struct Fetcher {
    client: Client,
    runtime: Runtime,
    /// What is left of the time that all answers may take.
    left: Cell<Duration>,
}

impl Fetcher {
    pub(crate) fn new() -> anyhow::Result<Self> {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::custom(follow))
            .user_agent(concat!("repogen/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot set up HTTP")?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot set up HTTP")?;
        Ok(Self {
            client,
            runtime,
            left: Cell::new(ALL_TIMEOUT),
        })
    }

    /// Writes what is at an address to `into`.
    pub(crate) fn download(&self, url: &str, into: &mut impl Write) -> anyhow::Result<()> {
        let download = async {
            let request = self.client.get(url).timeout(DOWNLOAD_TIMEOUT);
            let mut response = request.send().await?.error_for_status()?;
            let status = response.status();
            // A redirect that leads nowhere has a body, too.
            anyhow::ensure!(status.is_success(), "it answers with {status}");
            let mut left = MAX_BYTES;
            while let Some(piece) = response.chunk().await? {
                left = left
                    .checked_sub(piece.len() as u64)
                    .with_context(|| format!("it has more than {MAX_BYTES} bytes"))?;
                into.write_all(&piece)?;
            }
            anyhow::Ok(())
        };
        self.runtime
            .block_on(download)
            .with_context(|| format!("cannot fetch `{url}`"))
    }

    async fn get(&self, ask: Ask<'_>) -> reqwest::Result<Answer> {
        let mut request = self.client.get(ask.url).timeout(TIMEOUT.min(self.left.get()));
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send().await?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect();
        let mut body = Vec::new();
        while body.len() < ask.most
            && let Some(piece) = response.chunk().await?
        {
            let room = ask.most - body.len();
            body.extend(piece.iter().take(room));
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers,
            body,
        })
    }
}

/// Follows a redirect, but not from an encrypted connection to one that anybody on the way may change.
fn follow(attempt: Attempt<'_>) -> Action {
    let was_encrypted = attempt.previous().iter().any(|url| url.scheme() == "https");
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("too many redirects");
    }
    if was_encrypted && attempt.url().scheme() != "https" {
        return attempt.error("it redirects from https to an address without encryption");
    }
    attempt.follow()
}

impl Served for Fetcher {
    fn ask(&self, ask: Ask<'_>) -> Result<Answer, String> {
        if self.left.get().is_zero() {
            return Err("not checked: earlier answers took too long".to_owned());
        }
        let since = Instant::now();
        let answer = self.runtime.block_on(self.get(ask));
        self.left.set(self.left.get().saturating_sub(since.elapsed()));
        answer.map_err(|error| with_causes(&error.without_url()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_is_slow_at_each_answer_is_given_up_after_a_time() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let fetcher = Fetcher::new().unwrap();
        fetcher.left.set(Duration::from_millis(50));
        let ask = || {
            let asked = fetcher.ask(Ask {
                url: &url,
                headers: &[],
                most: 1,
            });
            asked.unwrap_err()
        };
        assert!(!ask().contains("earlier answers took too long"));
        assert!(ask().contains("earlier answers took too long"));
    }
}
