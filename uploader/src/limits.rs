//! How often somebody may try to sign in.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::problem::{Code, Problem};

/// Tries at once, from an address or for a name.
const BURST: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");
/// After these, an address has one more try so often.
const ADDRESS_EVERY: Duration = Duration::from_secs(1);
/// And so has a name, from wherever.
const NAME_EVERY: Duration = Duration::from_secs(3);

/// Counts sign-ins and registrations.
pub(crate) struct SignInLimits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    names: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl SignInLimits {
    pub(crate) fn new() -> Self {
        let quota = |every| Quota::with_period(every).map(|quota| quota.allow_burst(BURST));
        let quota = |every| quota(every).unwrap_or(Quota::per_second(BURST));
        Self {
            addresses: RateLimiter::keyed(quota(ADDRESS_EVERY)),
            names: RateLimiter::keyed(quota(NAME_EVERY)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a try, and refuses it when there were too many.
    pub(crate) fn check(&self, address: Option<IpAddr>, name: &str) -> Result<(), Problem> {
        self.check_address(address)?;
        // Names differ in case only on paper, and no name is longer.
        let name: String = name.chars().take(64).flat_map(char::to_lowercase).collect();
        self.names
            .check_key(&name)
            .map_err(|refused| self.too_many(refused.wait_time_from(self.clock.now())))
    }

    /// The same where no name is given.
    pub(crate) fn check_address(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        let Some(address) = address else { return Ok(()) };
        let counted = self.addresses.check_key(&network(address));
        counted.map_err(|refused| self.too_many(refused.wait_time_from(self.clock.now())))
    }

    /// Forgets those who have not tried for a while: what is kept is bounded by what comes in within minutes.
    pub(crate) fn forget(&self) {
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        self.names.retain_recent();
        self.names.shrink_to_fit();
    }

    fn too_many(&self, wait: Duration) -> Problem {
        let mut problem = Problem::new(
            Code::TooManyRequests,
            "too many sign-ins from this address or for this name",
        );
        problem.retry_after = Some(wait.as_secs().max(1));
        problem
    }
}

/// Returns what stands for an address: one customer has a whole IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_many_tries_an_address_or_a_name_waits_and_others_do_not() {
        let limits = SignInLimits::new();
        let address = |text: &str| Some(text.parse().unwrap());
        for number in 0..BURST.get() {
            limits
                .check(address("2001:db8::1"), &format!("name-{number}"))
                .unwrap();
        }
        let refused = limits.check(address("2001:db8::2"), "other").unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::TooManyRequests, Some(1))
        );
        limits.check(address("2001:db8:0:1::1"), "other").unwrap();

        for number in 0..BURST.get() {
            limits
                .check(address(&format!("192.0.2.{number}")), "jane")
                .unwrap();
        }
        assert!(limits.check(address("198.51.100.1"), "JANE").is_err());
        limits.check(address("198.51.100.1"), "june").unwrap();
    }
}
