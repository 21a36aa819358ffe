//! How fast downloads may come, all of them together.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most bytes that may come in a second, in units of a thousand, as apt's `Acquire::http::Dl-Limit` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct DownloadLimit(u64);

/// With less, six downloads at a time would each be as slow as one that is given up.
const LEAST: u64 = 16;

/// A limit that is too small, or no number.
#[derive(Debug, thiserror::Error)]
#[error("invalid limit of downloads: expected a number of kB a second, at least {LEAST}")]
pub struct DownloadLimitError;

impl TryFrom<u64> for DownloadLimit {
    type Error = DownloadLimitError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        match number {
            LEAST.. => Ok(Self(number)),
            _ => Err(DownloadLimitError),
        }
    }
}

impl From<DownloadLimit> for u64 {
    fn from(limit: DownloadLimit) -> Self {
        limit.0
    }
}

impl FromStr for DownloadLimit {
    type Err = DownloadLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: u64 = text.parse().map_err(|_| DownloadLimitError)?;
        number.try_into()
    }
}

impl fmt::Display for DownloadLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Spreads what comes over time: whoever got bytes waits before reading on.
pub(super) struct Pace {
    limit: DownloadLimit,
    /// When all that came so far may have come.
    due: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(limit: DownloadLimit, now: Instant) -> Self {
        Self {
            limit,
            due: Mutex::new(now),
        }
    }

    /// Returns how long to wait after so many bytes. Time in which nothing came is not made up for.
    pub(super) fn wait(&self, bytes: usize, now: Instant) -> Duration {
        let takes = Duration::from_secs_f64(bytes as f64 / (self.limit.0 as f64 * 1000.0));
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = (*due).max(now) + takes;
        due.duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_all_downloads_wait_for_each_other() {
        let now = Instant::now();
        let pace = Pace::new(DownloadLimit(100), now);
        assert_eq!(pace.wait(50_000, now), Duration::from_millis(500));
        assert_eq!(pace.wait(100_000, now), Duration::from_millis(1500));
        assert_eq!(
            pace.wait(10_000, now + Duration::from_millis(500)),
            Duration::from_millis(1100)
        );
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let now = Instant::now();
        let pace = Pace::new(DownloadLimit(100), now);
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.wait(100_000, later), Duration::from_secs(1));
    }

    #[test]
    fn a_limit_that_would_end_downloads_is_none() {
        assert_eq!("16".parse::<DownloadLimit>().unwrap().to_string(), "16");
        for wrong in ["15", "0", "-1", "1.5", "100k", ""] {
            assert!(wrong.parse::<DownloadLimit>().is_err(), "{wrong}");
        }
    }
}
