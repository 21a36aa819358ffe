//! The Date of a Release: later than the last one, and never ahead of the clock by what clients would notice.

use debian_control::release::format_date;

use super::error::PublishError;
use crate::config::Suite;

/// How far a Date may be ahead of the clock, in seconds. apt refuses more than ten.
const AHEAD: i64 = 3;
/// How long a publisher waits for its Date, in seconds.
const PATIENCE: i64 = 10;

/// Tells the time, and lets it pass.
pub trait Clock: Sync {
    /// Returns Unix seconds.
    fn now(&self) -> i64;

    /// Returns after so many seconds.
    fn wait(&self, seconds: i64);
}

/// Returns the Date of the next Release, waiting for it when many were published within seconds.
pub(super) fn next_date(suite: &Suite, last: Option<i64>, clock: &dyn Clock) -> Result<i64, PublishError> {
    let Some(last) = last else { return Ok(clock.now()) };
    // apt keeps what it has when a Release is not newer, by the second.
    let next = last + 1;
    let early = seconds_early(last, clock.now());
    if is_ahead(last, clock.now()) {
        return Err(PublishError::Clock {
            suite: suite.codename.to_string(),
            now: format_date(clock.now()),
            last: format_date(last),
        });
    }
    if early > 0 {
        clock.wait(early);
    }
    Ok(next.max(clock.now()))
}

/// Says whether a Date is so far ahead of the clock that no publisher waits for it: one of both is wrong.
pub(super) fn is_ahead(last: i64, now: i64) -> bool {
    seconds_early(last, now) > PATIENCE
}

/// Returns how many seconds a Release after that of `last` has to wait; `None` where it may go out, and where nobody waits since the clock
/// is wrong.
pub(crate) fn wait_for_date(last: i64, now: i64) -> Option<i64> {
    let early = seconds_early(last, now);
    (1..=PATIENCE).contains(&early).then_some(early)
}

/// Returns how many seconds `now` is too early for a Release after that of `last`; none, when it may go out.
fn seconds_early(last: i64, now: i64) -> i64 {
    last + 1 - AHEAD - now
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::config::Config;

    struct Manual(AtomicI64);

    impl Clock for Manual {
        fn now(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }

        fn wait(&self, seconds: i64) {
            self.0.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    fn dates(now: i64, last: Option<i64>) -> Result<(i64, i64), String> {
        let config = Config::parse("[[suite]]\ncodename = \"stable\"\n", Path::new("repogen.toml")).unwrap();
        let clock = Manual(AtomicI64::new(now));
        let date = next_date(&config.suites[0], last, &clock).map_err(|error| error.to_string())?;
        Ok((date, clock.now()))
    }

    #[test]
    fn a_date_is_the_time_when_that_is_later_than_the_last() {
        assert_eq!(dates(1_000, None), Ok((1_000, 1_000)));
        assert_eq!(dates(1_000, Some(900)), Ok((1_000, 1_000)));
    }

    #[test]
    fn publishes_within_a_second_get_dates_a_little_ahead() {
        assert_eq!(dates(1_000, Some(1_000)), Ok((1_001, 1_000)));
        assert_eq!(dates(1_000, Some(1_002)), Ok((1_003, 1_000)));
    }

    #[test]
    fn a_date_too_far_ahead_is_waited_for() {
        assert_eq!(dates(1_000, Some(1_004)), Ok((1_005, 1_002)));
    }

    #[test]
    fn a_clock_set_back_is_an_error() {
        let error = dates(1_000, Some(90_000)).unwrap_err();
        assert!(error.contains("ahead of this machine's clock"), "{error}");
    }
}
