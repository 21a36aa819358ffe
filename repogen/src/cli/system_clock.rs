//! The clock of this machine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use debian_archive::publish::Clock;

/// The clock of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        now()
    }

    fn wait(&self, seconds: i64) {
        std::thread::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
    }
}

/// Returns Unix seconds; a clock before 1970 counts as 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
