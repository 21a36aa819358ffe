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
    last: Option<Instant>,
    until: Option<Instant>,
    /// The last error that was reported.
    told: Option<String>,
}

impl Backoff {
    /// Records a success. Returns whether it ends a reported failure.
    pub(crate) fn succeeded(&mut self) -> bool {
        std::mem::take(self).told.is_some()
    }

    /// Records a failure. Returns whether its error is new and has to be reported.
    pub(crate) fn failed(&mut self, error: String, now: Instant) -> bool {
        let rest = FIRST_DELAY
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST_DELAY);
        self.failures = self.failures.saturating_add(1);
        self.last = Some(now);
        self.until = Some(now + rest);
        let new = self.told.as_ref() != Some(&error);
        self.told = Some(error);
        new
    }

    /// Ends the wait: what failed may succeed now. A reported error is not reported again.
    pub(crate) fn end(&mut self) {
        self.failures = 0;
        self.last = None;
        self.until = None;
    }

    /// Returns how much of the rest is left.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        left_until(self.until, now)
    }

    /// Returns how much is left of the rest that follows a first failure, however many there were.
    pub(crate) fn left_of_first(&self, now: Instant) -> Option<Duration> {
        left_until(self.last.map(|last| last + FIRST_DELAY), now)
    }
}

fn left_until(until: Option<Instant>, now: Instant) -> Option<Duration> {
    until
        .map(|until| until.saturating_duration_since(now))
        .filter(|left| !left.is_zero())
}

/// Returns the innermost cause of an error, which identifies a failure: it contains no path or time
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
        assert_eq!(rest.left_of_first(now), Some(FIRST_DELAY));
        assert_eq!(rest.left_of_first(now + FIRST_DELAY), None);
        assert!(rest.succeeded() && !rest.succeeded());
        assert_eq!(rest.left(now), None);
    }
}
