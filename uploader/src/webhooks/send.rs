//! Sending one delivery.

use std::time::{Duration, SystemTime};

use archive_catalog::outbox::{SendFailure, SentDelivery, TakenDelivery};
use debian_archive::error_text::with_causes;
use debian_control::terminal::escaped;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use super::backoff;
use super::secret::signatures;
use crate::outbound::{GuardedResolver, Reach, checked_url, guarded_client};

/// How many letters of an error are kept.
const MAX_ERROR: usize = 300;

/// Sends deliveries.
#[derive(Clone)]
pub(super) struct Sender {
    client: Client,
    reach: Reach,
    timeout: Duration,
}

impl Sender {
    pub(super) fn new(reach: Reach, resolver: GuardedResolver, timeout: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            client: guarded_client(resolver, timeout).build()?,
            reach,
            timeout,
        })
    }

    /// Sends a delivery, as from a time in Unix seconds, and returns what came of it; `chance` is from 0 to 1.
    ///
    /// Of the answer only its head is read: what a receiver writes beside it is of no use.
    pub(super) async fn send(&self, delivery: &TakenDelivery, now: i64, chance: f64) -> SentDelivery {
        let outcome = self.attempt(delivery, now).await;
        let retry = |asked| Some(backoff::retry_in(delivery.attempt, chance, asked));
        let (status, failure) = match outcome {
            Ok(response) if response.status().is_success() => (Some(response.status()), None),
            Ok(response) => {
                let status = response.status();
                let retry_in = match status {
                    StatusCode::GONE => None,
                    _ => retry(asked_for(status, response.headers())),
                };
                let error = refused(status);
                (Some(status), Some(SendFailure { error, retry_in }))
            }
            Err(error) => {
                let retry_in = retry(None);
                (None, Some(SendFailure { error, retry_in }))
            }
        };
        SentDelivery {
            id: delivery.id,
            response_status: status.map(|status| status.as_u16()),
            failure,
        }
    }

    /// Sends a delivery, or says why there is no answer.
    async fn attempt(&self, delivery: &TakenDelivery, now: i64) -> Result<Response, String> {
        // The settings may have changed since it was accepted.
        let url = checked_url(&delivery.url, &self.reach)?;
        let signatures = signatures(&delivery.secrets, &delivery.message, now, &delivery.body)
            .ok_or_else(|| "the secret cannot be read: give the webhook another one".to_owned())?;
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.message)
            .header("webhook-timestamp", now)
            .header("webhook-signature", signatures)
            .body(delivery.body.clone());
        request.send().await.map_err(|error| self.described(error))
    }

    /// Says why there is no answer. The URL is left out: its query may hold what nobody is to read in a log.
    fn described(&self, error: reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("it did not answer within {} s", self.timeout.as_secs());
        }
        let text = with_causes(&error.without_url());
        escaped(&text).chars().take(MAX_ERROR).collect()
    }
}

fn refused(status: StatusCode) -> String {
    match status {
        StatusCode::GONE => "it answered with 410: it wants nothing more".to_owned(),
        status if status.is_redirection() => {
            format!("it answered with {}: redirects are not followed", status.as_u16())
        }
        status => format!("it answered with {}", status.as_u16()),
    }
}

/// Returns in how many seconds a receiver that is busy wants to be asked again.
fn asked_for(status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    let is_busy = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let asked = headers.get(RETRY_AFTER).filter(|_| is_busy)?;
    let asked = asked.to_str().ok()?.trim();
    // Seconds, or a date: RFC 9110, 10.2.3.
    asked.parse().ok().or_else(|| {
        let at = httpdate::parse_http_date(asked).ok()?;
        let left = at.duration_since(SystemTime::now()).unwrap_or_default();
        Some(left.as_secs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_asks_for_a_pause_in_seconds_or_until_a_date() {
        let asked = |status: StatusCode, value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            asked_for(status, &headers)
        };
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(asked(busy, "7"), Some(7));
        assert_eq!(asked(StatusCode::BAD_GATEWAY, "7"), None);
        let at = SystemTime::now() + Duration::from_secs(3600);
        let left = asked(busy, &httpdate::fmt_http_date(at)).unwrap();
        assert!((3500..=3600).contains(&left), "{left}");
        assert_eq!(asked(busy, "Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
        assert_eq!(asked(busy, "soon"), None);
    }
}
