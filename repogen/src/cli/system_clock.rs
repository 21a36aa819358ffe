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
        std::thread::sleep(Duration::from_secs(seconds.max(0).unsigned_abs()));
    }
}

/// Returns Unix seconds, which are negative where the clock is before 1970.
pub(super) fn now() -> i64 {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).expect("no clock shows so many seconds");
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => -seconds(before.duration()),
    }
}
