//! Resting after a failure, longer each time, and telling an error once.

use std::error::Error;
use std::time::{Duration, Instant};

/// How long something rests after its first failure; each further one doubles it.
pub(crate) const FIRST_DELAY: Duration = Duration::from_secs(1);
/// How long something rests at most.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The failures in a row of something that is tried again and again.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Instant>,
    /// The last error that was told.
    told: Option<String>,
}

impl Backoff {
    /// Notes a success; says whether it ends a failure that was told.
    pub(crate) fn succeeded(&mut self) -> bool {
        std::mem::take(self).told.is_some()
    }

    /// Notes a failure; says whether its error is a new one, to be told.
    pub(crate) fn failed(&mut self, error: String, now: Instant) -> bool {
        let rest = FIRST_DELAY
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST_DELAY);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + rest);
        let new = self.told.as_ref() != Some(&error);
        self.told = Some(error);
        new
    }

    /// Ends the rest: what failed may be different now. An error that was told stays told.
    pub(crate) fn end(&mut self) {
        self.failures = 0;
        self.until = None;
    }

    /// Returns how much of the rest is left.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(now))
            .filter(|left| !left.is_zero())
    }
}

/// Returns the innermost cause of an error: what tells one failure from another, since it has no path or time in it
/// that differs with each try.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut root = error;
    while let Some(next) = root.source() {
        root = next;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_doubles_up_to_a_minute_and_an_error_is_new_once() {
        let (mut rest, now) = (Backoff::default(), Instant::now());
        assert!(rest.failed("disk full".into(), now));
        assert_eq!(rest.left(now), Some(FIRST_DELAY));
        assert!(!rest.failed("disk full".into(), now));
        assert_eq!(rest.left(now), Some(FIRST_DELAY * 2));
        assert!(rest.failed("read-only".into(), now));
        for _ in 0..40 {
            rest.failed("read-only".into(), now);
        }
        assert_eq!(rest.left(now), Some(LONGEST_DELAY));
        assert!(rest.succeeded() && !rest.succeeded());
        assert_eq!(rest.left(now), None);
    }
}
