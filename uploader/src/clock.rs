//! The clock of the server.

use std::time::Duration;

use debian_archive::publish::Clock;

/// Returns Unix seconds.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The same for what the archive's library does.
pub(crate) struct ServerClock;

impl Clock for ServerClock {
    fn now(&self) -> i64 {
        now()
    }

    fn wait(&self, seconds: i64) {
        std::thread::sleep(Duration::from_secs(seconds.max(0).unsigned_abs()));
    }
}
