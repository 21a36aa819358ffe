//! How often each of many may ask, in bounded memory.

use std::hash::Hash;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::{Code, Problem};

/// How many addresses or names are told apart, which bounds the memory that made-up names can take. Further ones share one count until
/// others are forgotten: under such a flood, newcomers are slowed down together rather than let through uncounted.
pub(super) const MAX_KEYS: usize = 50_000;

/// A count for each key; `None` is the one that all share for whom there is no room.
pub(super) struct KeyedRate<K: Hash + Eq + Clone> {
    limiter:
        RateLimiter<Option<K>, DefaultKeyedStateStore<Option<K>>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> KeyedRate<K> {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            limiter: RateLimiter::keyed(quota).with_middleware(),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request, and returns how many more there may be at once.
    pub(super) fn check(&self, key: K, what: &str) -> Result<u32, Problem> {
        let key = (self.limiter.len() < MAX_KEYS).then_some(key);
        let counted = self.limiter.check_key(&key);
        let left = counted.map(|state| state.remaining_burst_capacity());
        left.map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            let mut problem = Problem::new(Code::TooManyRequests, what);
            problem.retry_after = Some(wait.as_secs().max(1));
            problem
        })
    }

    pub(super) fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_counts_than_the_bound() {
        let keyed = KeyedRate::new(Quota::per_hour(1.try_into().unwrap()));
        for number in 0..MAX_KEYS {
            keyed.check(number, "").unwrap();
        }
        keyed.check(MAX_KEYS, "").unwrap();
        assert!(keyed.check(MAX_KEYS + 1, "").is_err(), "these share one count");
        assert_eq!(keyed.limiter.len(), MAX_KEYS + 1);
    }
}
