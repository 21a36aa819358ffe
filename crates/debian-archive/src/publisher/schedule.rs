//! When a suite is published next: decisions without a clock or a catalog.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::config::Suite;
use crate::publish::{due_at, wait_for_date};
use archive_catalog::Progress;

/// The present time, by the wall clock and by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Unix seconds.
    pub(super) seconds: i64,
    /// By the monotonic clock.
    pub(super) instant: Instant,
}

/// What to do about a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Publish it.
    Publish,
    /// Look again after so long.
    In(Duration),
    /// Nothing, until something changes.
    Idle,
}

/// What is known of a suite between publishes.
#[derive(Debug, Default)]
pub(super) struct SuiteSchedule {
    /// Whether it was found published under the settings of now.
    checked: bool,
    backoff: Backoff,
    /// What the suite held when its gate held it back last.
    gated_at: Option<i64>,
}

impl SuiteSchedule {
    /// Returns what to do about a suite in the state `progress`.
    pub(super) fn next(&self, suite: &Suite, progress: &Progress, now: Now) -> NextStep {
        let left = match self.gated_at {
            // What was changed since may be what packages lacked.
            Some(revision) if revision != progress.revision => self.backoff.left_of_first(now.instant),
            _ => self.backoff.left(now.instant),
        };
        if let Some(left) = left {
            return NextStep::In(left);
        }
        let Some(publication) = &progress.publication else {
            return NextStep::Publish;
        };
        if self.checked && progress.is_published() {
            return match due_at(suite, publication, progress.revision) {
                None => NextStep::Idle,
                Some(at) if now.seconds >= at => self.when_dated(publication.date, now),
                Some(at) => NextStep::In(seconds(at.saturating_sub(now.seconds))),
            };
        }
        self.when_dated(publication.date, now)
    }

    /// Publishes, but not before its Date may be written: meanwhile other suites go on and changes collect.
    ///
    /// A suite that was not checked yet is not delayed, and neither is one when the clock was set back: publishing reports the
    /// error.
    fn when_dated(&self, last: i64, now: Now) -> NextStep {
        match wait_for_date(last, now.seconds) {
            Some(wait) if self.checked => NextStep::In(seconds(wait)),
            _ => NextStep::Publish,
        }
    }

    /// Records that it is published. Returns whether that ends a failure.
    pub(super) fn succeeded(&mut self) -> bool {
        self.checked = true;
        self.backoff.succeeded()
    }

    /// Records a failure, and the revision where the gate held it back. Returns whether its error is new.
    pub(super) fn failed(&mut self, error: String, gated_at: Option<i64>, now: Instant) -> bool {
        self.gated_at = gated_at;
        self.backoff.failed(error, now)
    }

    /// Resets what was known under other settings.
    pub(super) fn recheck(&mut self) {
        self.checked = false;
        self.backoff.end();
    }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(count.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use archive_catalog::Publication;

    fn suite(settings: &str) -> Suite {
        let text = format!("[[suite]]\ncodename = \"stable\"\ncontents = \"off\"\n{settings}");
        let mut config = Config::parse(&text, Path::new("repogen.toml")).unwrap();
        config.suites.remove(0)
    }

    fn progress(revision: i64, published: i64, date: i64) -> Progress {
        let publication = Publication {
            revision: published,
            packages: 0,
            date,
            superseded_at: None,
            settings: String::new(),
            inrelease: debian_control::digest::Sha256::from_bytes([0; 32]),
            valid_until: None,
            contents: None,
            files: Vec::new(),
        };
        Progress {
            suite: "stable".parse().unwrap(),
            revision,
            publication: Some(publication),
        }
    }

    fn at(seconds: i64) -> Now {
        Now {
            seconds,
            instant: Instant::now(),
        }
    }

    fn settled() -> SuiteSchedule {
        let mut schedule = SuiteSchedule::default();
        schedule.succeeded();
        schedule
    }

    #[test]
    fn every_suite_is_looked_at_once_and_then_when_it_changed() {
        let suite = suite("");
        assert_eq!(
            SuiteSchedule::default().next(&suite, &progress(3, 3, 100), at(200)),
            NextStep::Publish
        );
        assert_eq!(
            settled().next(&suite, &progress(3, 3, 100), at(200)),
            NextStep::Idle
        );
        assert_eq!(
            settled().next(&suite, &progress(4, 3, 100), at(200)),
            NextStep::Publish
        );
    }

    #[test]
    fn a_change_waits_for_its_date_and_not_longer() {
        // Not in the publish itself, which would hold up all other suites.
        let longest = NextStep::In(Duration::from_secs(10));
        assert_eq!(settled().next(&suite(""), &progress(4, 3, 212), at(200)), longest);
        let suite = suite("");
        assert_eq!(
            settled().next(&suite, &progress(4, 3, 202), at(200)),
            NextStep::Publish
        );
        let wait = NextStep::In(Duration::from_secs(1));
        assert_eq!(settled().next(&suite, &progress(4, 3, 203), at(200)), wait);
        assert_eq!(
            settled().next(&suite, &progress(4, 3, 203), at(201)),
            NextStep::Publish
        );
    }

    #[test]
    fn a_clock_that_was_set_back_is_left_to_the_publish_to_name() {
        assert_eq!(
            settled().next(&suite(""), &progress(4, 3, 9_000), at(200)),
            NextStep::Publish
        );
    }

    #[test]
    fn a_release_is_renewed_in_time() {
        let suite = suite("valid_for = \"100s\"");
        let later = NextStep::In(Duration::from_secs(30));
        assert_eq!(settled().next(&suite, &progress(3, 3, 200), at(220)), later);
        assert_eq!(
            settled().next(&suite, &progress(3, 3, 200), at(250)),
            NextStep::Publish
        );
    }

    #[test]
    fn a_failing_suite_rests_until_its_settings_change() {
        let (suite, mut schedule, now) = (suite(""), settled(), at(200));
        for _ in 0..4 {
            schedule.failed("disk full".into(), None, now.instant);
        }
        let rests = |revision, seconds| {
            let later = Now {
                instant: now.instant + Duration::from_secs(seconds),
                ..now
            };
            schedule.next(&suite, &progress(revision, 3, 100), later) != NextStep::Publish
        };
        assert!(rests(4, 0) && rests(4, 7) && !rests(4, 8));
        assert!(rests(5, 7) && !rests(5, 8));
        schedule.recheck();
        assert_eq!(
            schedule.next(&suite, &progress(4, 3, 100), now),
            NextStep::Publish
        );
    }

    #[test]
    fn a_gated_suite_rests_until_it_changes_but_for_a_moment() {
        let (suite, mut schedule, now) = (suite(""), settled(), at(200));
        for _ in 0..4 {
            schedule.failed("hello needs libhello".into(), Some(4), now.instant);
        }
        let rests = |revision, seconds| {
            let later = Now {
                instant: now.instant + Duration::from_secs(seconds),
                ..now
            };
            schedule.next(&suite, &progress(revision, 3, 100), later) != NextStep::Publish
        };
        assert!(rests(4, 7) && !rests(4, 8));
        // What changed it may have mended it, but not many times a second.
        assert!(rests(5, 0) && !rests(5, 1));
    }
}
