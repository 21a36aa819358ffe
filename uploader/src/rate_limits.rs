//! How often somebody may ask: for a sign-in, to read, to upload.

mod keyed;
mod known_places;
mod sign_in_attempts;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use archive_catalog::accounts::Id;
use governor::Quota;

use self::keyed::KeyedRate;
use self::known_places::KnownPlaces;
use self::sign_in_attempts::SignInAttempts;
use crate::allowance::Allowance;
use crate::origin::{Traffic, network};
use crate::problem::Problem;

/// Sign-ins at once, from an address or for a name.
const BURST: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");
/// After these, an address has one more attempt so often.
const ADDRESS_EVERY: Duration = Duration::from_secs(1);
/// And so has a name, from wherever.
const NAME_EVERY: Duration = Duration::from_secs(3);

/// How much one account, or one address, may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) per_second: NonZeroU32,
    /// So many at once.
    pub(crate) burst: NonZeroU32,
}

/// What may be asked for; `None`: without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) reads: Option<Rate>,
    pub(crate) writes: Option<Rate>,
}

/// Counts requests.
pub(crate) struct RateLimits {
    sign_ins: KeyedRate<IpAddr>,
    names: KeyedRate<String>,
    /// Tighter than `names`, so that one address cannot use up what the name has for all others.
    pairs: SignInAttempts,
    /// Where the right password came from: there the tries of others count for nothing.
    places: KnownPlaces,
    reads: Option<TrafficRates>,
    writes: Option<TrafficRates>,
}

/// What was counted for a name, from wherever.
#[must_use]
pub(crate) struct NameRate(Option<Problem>);

impl NameRate {
    /// Says whether there were too many tries.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses the sign-in where there were too many tries, except from a place that the owner of the name is known to sign in from: a
    /// stranger's tries lock nobody out there.
    pub(crate) fn unless(self, is_known_place: bool) -> Result<(), Problem> {
        self.0.filter(|_| !is_known_place).map_or(Ok(()), Err)
    }
}

/// The counts of one kind of request.
struct TrafficRates {
    rate: Rate,
    addresses: KeyedRate<IpAddr>,
    accounts: KeyedRate<Id>,
}

impl RateLimits {
    pub(crate) fn new(rates: Rates) -> Self {
        let every = |period, burst| {
            let quota = Quota::with_period(period).expect("the periods above are not zero");
            quota.allow_burst(burst)
        };
        Self {
            sign_ins: KeyedRate::new(every(ADDRESS_EVERY, BURST)),
            names: KeyedRate::new(every(NAME_EVERY, BURST)),
            pairs: SignInAttempts::default(),
            places: KnownPlaces::default(),
            reads: rates.reads.map(TrafficRates::new),
            writes: rates.writes.map(TrafficRates::new),
        }
    }

    /// Counts a request from an address.
    pub(crate) fn address(
        &self,
        traffic: Traffic,
        address: Option<IpAddr>,
    ) -> Result<Option<Allowance>, Problem> {
        let (Some(rates), Some(address)) = (self.rates(traffic), address) else {
            return Ok(None);
        };
        let what = "too many requests from this address";
        let left = rates.addresses.check(network(address), what)?;
        Ok(Some(Allowance {
            left,
            per_second: rates.rate.per_second,
            burst: rates.rate.burst,
        }))
    }

    /// Counts a request of an account, by whichever of its tokens.
    pub(crate) fn account(&self, traffic: Traffic, account: &Id) -> Result<Option<Allowance>, Problem> {
        let Some(rates) = self.rates(traffic) else {
            return Ok(None);
        };
        let left = rates
            .accounts
            .check(account.clone(), "too many requests by this account")?;
        Ok(Some(Allowance {
            left,
            per_second: rates.rate.per_second,
            burst: rates.rate.burst,
        }))
    }

    /// Counts a sign-in, and refuses it when there were too many from its address. What of the name is for the caller to weigh.
    pub(crate) fn sign_in(&self, address: Option<IpAddr>, name: &str) -> Result<NameRate, Problem> {
        self.nameless_sign_in(address)?;
        let name = counted_name(name);
        let mut is_known = false;
        if let Some(address) = address {
            let place = (network(address), name.clone());
            is_known = self.places.has(&place);
            self.pairs.take(place, Instant::now())?;
        }
        let counted = self.names.check(name, "too many sign-ins for this name");
        Ok(NameRate(match counted {
            Err(problem) if !is_known => Some(problem),
            _ => None,
        }))
    }

    /// Notes that a sign-in was right: it was none of the tries that are rates.
    pub(crate) fn signed_in(&self, address: Option<IpAddr>, name: &str) {
        if let Some(address) = address {
            let place = (network(address), counted_name(name));
            self.pairs.give_back(&place);
            self.places.note(place, Instant::now());
        }
    }

    /// The same where no name is given.
    pub(crate) fn nameless_sign_in(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        let Some(address) = address else { return Ok(()) };
        let what = "too many sign-ins from this address";
        self.sign_ins.check(network(address), what).map(drop)
    }

    /// Forgets those who have not asked for a while.
    pub(crate) fn forget(&self) {
        self.sign_ins.forget();
        self.names.forget();
        self.pairs.forget(Instant::now());
        self.places.forget(Instant::now());
        for rates in [&self.reads, &self.writes].into_iter().flatten() {
            rates.addresses.forget();
            rates.accounts.forget();
        }
    }

    fn rates(&self, traffic: Traffic) -> Option<&TrafficRates> {
        match traffic {
            Traffic::Read => self.reads.as_ref(),
            Traffic::Write => self.writes.as_ref(),
            Traffic::Free => None,
        }
    }
}

impl TrafficRates {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            rate,
            addresses: KeyedRate::new(quota),
            accounts: KeyedRate::new(quota),
        }
    }
}

/// Returns a name as it is counted: names differ in case only on paper, and no name is longer.
fn counted_name(name: &str) -> String {
    name.chars().take(64).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::sign_in_attempts::PAIR_BURST;
    use super::*;
    use crate::problem::Code;

    fn limits(per_second: u32, burst: u32) -> RateLimits {
        let rate = Rate {
            per_second: per_second.try_into().unwrap(),
            burst: burst.try_into().unwrap(),
        };
        RateLimits::new(Rates {
            reads: Some(rate),
            writes: Some(rate),
        })
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn sign_in(limits: &RateLimits, from: &str, name: &str) -> Result<(), Problem> {
        limits.sign_in(address(from), name)?.unless(false)
    }

    #[test]
    fn a_stranger_does_not_lock_an_owner_out_where_that_one_signs_in() {
        let limits = limits(1, 1);
        sign_in(&limits, "198.51.100.1", "jane").unwrap();
        limits.signed_in(address("198.51.100.1"), "jane");
        for number in 0..BURST.get() {
            let _ = sign_in(&limits, &format!("192.0.2.{number}"), "jane");
        }
        assert!(sign_in(&limits, "198.51.100.2", "jane").is_err());
        for _ in 0..PAIR_BURST {
            sign_in(&limits, "198.51.100.1", "Jane").unwrap();
        }
        // Whoever sits there cannot guess for ever.
        assert!(sign_in(&limits, "198.51.100.1", "jane").is_err());
        let rate = limits.sign_in(address("198.51.100.3"), "jane").unwrap();
        assert!(rate.is_exceeded());
        rate.unless(true).unwrap();
    }

    #[test]
    fn after_many_tries_an_address_or_a_name_waits_and_others_do_not() {
        let limits = limits(1, 1);
        for number in 0..BURST.get() {
            sign_in(&limits, "2001:db8::1", &format!("name-{number}")).unwrap();
        }
        let refused = sign_in(&limits, "2001:db8::2", "other").unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::TooManyRequests, Some(1))
        );
        sign_in(&limits, "2001:db8:0:1::1", "other").unwrap();

        for number in 0..BURST.get() {
            sign_in(&limits, &format!("192.0.2.{number}"), "jane").unwrap();
        }
        assert!(sign_in(&limits, "198.51.100.1", "JANE").is_err());
        sign_in(&limits, "198.51.100.1", "june").unwrap();
    }

    #[test]
    fn one_address_cannot_lock_a_name_out_for_others() {
        let limits = limits(1, 1);
        for _ in 0..PAIR_BURST {
            sign_in(&limits, "192.0.2.1", "jane").unwrap();
        }
        for _ in 0..60 {
            let refused = sign_in(&limits, "192.0.2.1", "Jane").unwrap_err();
            assert_eq!(refused.code, Code::TooManyRequests);
        }
        sign_in(&limits, "198.51.100.1", "jane").unwrap();
        sign_in(&limits, "192.0.2.1", "june").unwrap();
    }

    #[test]
    fn a_right_password_is_no_try_that_counts() {
        let limits = limits(1, 1);
        for _ in 0..60 {
            sign_in(&limits, "192.0.2.1", "jane").unwrap();
            limits.signed_in(address("192.0.2.1"), "JANE");
        }
        for _ in 0..PAIR_BURST {
            sign_in(&limits, "192.0.2.1", "jane").unwrap();
        }
        assert!(sign_in(&limits, "192.0.2.1", "jane").is_err());
    }

    #[test]
    fn what_is_left_is_told_as_the_draft_has_it() {
        let limits = limits(2, 10);
        let ask = || {
            limits
                .address(Traffic::Read, address("192.0.2.1"))
                .unwrap()
                .unwrap()
        };
        let first = ask();
        assert_eq!(first.policy(), "\"requests\";q=10;w=5");
        assert_eq!(first.limit(), "\"requests\";r=9;t=1");
        let later = ask();
        assert_eq!(first.min(later), later.min(first));
        assert!(
            limits
                .address(Traffic::Free, address("192.0.2.1"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn accounts_and_addresses_are_counted_apart_and_so_are_reads_and_writes() {
        let limits = limits(1, 2);
        let (jane, june): (Id, Id) = ("jane".parse().unwrap(), "june".parse().unwrap());
        for _ in 0..2 {
            limits.account(Traffic::Write, &jane).unwrap();
            limits.address(Traffic::Write, address("192.0.2.1")).unwrap();
        }
        let refused = limits.account(Traffic::Write, &jane).unwrap_err();
        assert_eq!(refused.retry_after, Some(1));
        assert!(limits.address(Traffic::Write, address("192.0.2.1")).is_err());
        limits.account(Traffic::Read, &jane).unwrap();
        limits.account(Traffic::Write, &june).unwrap();
        limits.address(Traffic::Write, address("192.0.2.2")).unwrap();
        limits.address(Traffic::Free, address("192.0.2.1")).unwrap();
    }
}
