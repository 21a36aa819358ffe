//! When a suite is published next: decisions without a clock or a catalog.

use std::time::{Duration, Instant};

use super::rest::Rest;
use crate::config::Suite;
use crate::publish::{due_at, seconds_early};
use archive_catalog::Progress;

/// Now, on the clock that dates are told by and on the one that never goes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Unix seconds.
    pub(super) seconds: i64,
    /// The clock that never goes back.
    pub(super) instant: Instant,
}

/// What to do about a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Publish it.
    Now,
    /// Look again after so long.
    In(Duration),
    /// Nothing, until something changes.
    Idle,
}

/// What is remembered of a suite between publishes.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Whether it was found published under the settings of now.
    checked: bool,
    rest: Rest,
}

impl Memory {
    /// Says what to do about a suite whose state is `progress`.
    pub(super) fn next(&self, suite: &Suite, progress: &Progress, now: Moment) -> Next {
        if let Some(left) = self.rest.left(now.instant) {
            return Next::In(left);
        }
        let Some(publication) = &progress.publication else {
            return Next::Now;
        };
        if self.checked && progress.is_published() {
            return match due_at(suite, publication, progress.revision) {
                None => Next::Idle,
                Some(at) if now.seconds >= at => self.when_dated(publication.date, now),
                Some(at) => Next::In(seconds(at.saturating_sub(now.seconds))),
            };
        }
        self.when_dated(publication.date, now)
    }

    /// Publishes, but not before its Date may be written: meanwhile other suites go on and changes collect.
    ///
    /// A suite is passed on at first sight, and so is a clock that was set back: publishing tells what is wrong with it.
    fn when_dated(&self, last: i64, now: Moment) -> Next {
        let early = seconds_early(last, now.seconds);
        if self.checked && (1..=2).contains(&early) {
            Next::In(seconds(early))
        } else {
            Next::Now
        }
    }

    /// Notes that it was found published, or was published; says whether that ends a failure.
    pub(super) fn succeeded(&mut self) -> bool {
        self.checked = true;
        self.rest.succeeded()
    }

    /// Notes that it failed with an error; says whether that error is new.
    pub(super) fn failed(&mut self, error: String, now: Instant) -> bool {
        self.rest.failed(error, now)
    }

    /// Forgets what was true under other settings only.
    pub(super) fn recheck(&mut self) {
        self.checked = false;
        self.rest.end();
    }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or_default())
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

    fn at(seconds: i64) -> Moment {
        Moment {
            seconds,
            instant: Instant::now(),
        }
    }

    fn settled() -> Memory {
        let mut memory = Memory::default();
        memory.succeeded();
        memory
    }

    #[test]
    fn every_suite_is_looked_at_once_and_then_when_it_changed() {
        let suite = suite("");
        assert_eq!(
            Memory::default().next(&suite, &progress(3, 3, 100), at(200)),
            Next::Now
        );
        assert_eq!(settled().next(&suite, &progress(3, 3, 100), at(200)), Next::Idle);
        assert_eq!(settled().next(&suite, &progress(4, 3, 100), at(200)), Next::Now);
    }

    #[test]
    fn a_change_waits_for_its_date_and_not_longer() {
        let suite = suite("");
        assert_eq!(settled().next(&suite, &progress(4, 3, 202), at(200)), Next::Now);
        let wait = Next::In(Duration::from_secs(1));
        assert_eq!(settled().next(&suite, &progress(4, 3, 203), at(200)), wait);
        assert_eq!(settled().next(&suite, &progress(4, 3, 203), at(201)), Next::Now);
    }

    #[test]
    fn a_clock_that_was_set_back_is_left_to_the_publish_to_name() {
        assert_eq!(
            settled().next(&suite(""), &progress(4, 3, 9_000), at(200)),
            Next::Now
        );
    }

    #[test]
    fn a_release_is_renewed_in_time() {
        let suite = suite("valid_for = \"100s\"");
        let later = Next::In(Duration::from_secs(30));
        assert_eq!(settled().next(&suite, &progress(3, 3, 200), at(220)), later);
        assert_eq!(settled().next(&suite, &progress(3, 3, 200), at(250)), Next::Now);
    }

    #[test]
    fn a_failing_suite_rests_until_its_settings_change() {
        let (suite, mut memory, now) = (suite(""), settled(), at(200));
        memory.failed("disk full".into(), now.instant);
        assert!(matches!(
            memory.next(&suite, &progress(4, 3, 100), now),
            Next::In(_)
        ));
        memory.recheck();
        assert_eq!(memory.next(&suite, &progress(4, 3, 100), now), Next::Now);
    }
}
