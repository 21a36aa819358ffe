//! Wrong sign-ins for one name from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keyed::MAX_KEYS;
use crate::problem::{Code, Problem};

/// Wrong sign-ins at once for one name from one address.
pub(super) const PAIR_BURST: u32 = 20;
/// After these, a name from one address has one more attempt so often: less often than the name itself has, so that one address can
/// never use up all that the name has.
const PAIR_EVERY: Duration = Duration::from_secs(6);

/// Recent wrong sign-ins, by name and address.
///
/// Each attempt is counted when it begins, so that attempts at the same time count too, and is given back when the password was right.
#[derive(Default)]
pub(super) struct SignInAttempts(Mutex<HashMap<(IpAddr, String), Attempts>>);

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    /// Up to when attempts were forgiven.
    since: Instant,
}

impl Attempts {
    /// Forgives an attempt for each [`PAIR_EVERY`] that has passed.
    fn forgive(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs() / PAIR_EVERY.as_secs();
        let forgiven = u32::try_from(passed).unwrap_or(u32::MAX);
        if forgiven >= self.count {
            (self.count, self.since) = (0, now);
        } else {
            self.count -= forgiven;
            self.since += PAIR_EVERY * forgiven;
        }
    }
}

impl SignInAttempts {
    pub(super) fn take(&self, pair: (IpAddr, String), now: Instant) -> Result<(), Problem> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KEYS && !all.contains_key(&pair) {
            // There is no room to tell any more apart; the counts of the address and of the name go on.
            return Ok(());
        }
        let attempts = all.entry(pair).or_insert(Attempts { count: 0, since: now });
        attempts.forgive(now);
        if attempts.count >= PAIR_BURST {
            let what = "too many wrong sign-ins for this name from this address";
            let mut problem = Problem::new(Code::TooManyRequests, what);
            problem.retry_after = Some(PAIR_EVERY.as_secs());
            return Err(problem);
        }
        attempts.count += 1;
        Ok(())
    }

    pub(super) fn give_back(&self, pair: &(IpAddr, String)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attempts) = all.get_mut(pair) {
            attempts.count = attempts.count.saturating_sub(1);
        }
    }

    pub(super) fn forget(&self, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, attempts| {
            attempts.forgive(now);
            attempts.count > 0
        });
        all.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_forgiven_with_time() {
        let attempts = SignInAttempts::default();
        let pair = || ("192.0.2.1".parse().unwrap(), "jane".to_owned());
        let begun = Instant::now();
        for _ in 0..PAIR_BURST {
            attempts.take(pair(), begun).unwrap();
        }
        assert!(attempts.take(pair(), begun + PAIR_EVERY / 2).is_err());
        attempts.take(pair(), begun + PAIR_EVERY).unwrap();
        assert!(attempts.take(pair(), begun + PAIR_EVERY).is_err());
        attempts.forget(begun + PAIR_EVERY * (PAIR_BURST + 1));
        assert!(attempts.0.lock().unwrap().is_empty());
    }
}
