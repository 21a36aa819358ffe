//! What somebody may still ask for, as answers tell it.

use std::num::NonZeroU32;

/// What somebody may still ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// So many requests at once.
    pub(crate) left: u32,
    pub(crate) per_second: NonZeroU32,
    /// So many at once, when none were made for a while.
    pub(crate) burst: NonZeroU32,
}

impl Allowance {
    /// Returns the rate, as `RateLimit-Policy` has it: so many requests in so many seconds.
    pub(crate) fn policy(&self) -> String {
        format!(
            "\"requests\";q={};w={}",
            self.burst,
            self.seconds(self.burst.get())
        )
    }

    /// Returns what is left of it, as `RateLimit` has it, and in how many seconds all of it is there again.
    pub(crate) fn limit(&self) -> String {
        let used = self.burst.get().saturating_sub(self.left);
        format!("\"requests\";r={};t={}", self.left, self.seconds(used))
    }

    /// Returns the smaller of two.
    pub(crate) fn min(self, other: Self) -> Self {
        if other.left < self.left { other } else { self }
    }

    fn seconds(&self, requests: u32) -> u32 {
        requests.div_ceil(self.per_second.get())
    }
}
