//! How often somebody may ask: for a sign-in, to read, to upload.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use archive_catalog::accounts::Id;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::origin::Traffic;
use crate::problem::{Code, Problem};

/// Sign-ins at once, from an address or for a name.
const BURST: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");
/// Wrong sign-ins at once for one name from one address.
const PAIR_BURST: u32 = 20;
/// After these, an address has one more try so often.
const ADDRESS_EVERY: Duration = Duration::from_secs(1);
/// And so has a name, from wherever.
const NAME_EVERY: Duration = Duration::from_secs(3);
/// And so has a name from one address: more seldom than the name itself, of which it can then never use up all.
const PAIR_EVERY: Duration = Duration::from_secs(6);
/// How many addresses or names are told apart. Those that come then share one count, until others are forgotten.
const MAX_KEYS: usize = 50_000;

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
pub(crate) struct Limits {
    sign_ins: Keyed<IpAddr>,
    names: Keyed<String>,
    /// Tighter than `names`, so that one address cannot use up what the name has for all others.
    pairs: Tries,
    reads: Option<Counted>,
    writes: Option<Counted>,
}

/// The counts of one kind of request.
struct Counted {
    addresses: Keyed<IpAddr>,
    accounts: Keyed<Id>,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        let every = |period, burst| {
            let quota = Quota::with_period(period).unwrap_or(Quota::per_second(burst));
            quota.allow_burst(burst)
        };
        Self {
            sign_ins: Keyed::new(every(ADDRESS_EVERY, BURST)),
            names: Keyed::new(every(NAME_EVERY, BURST)),
            pairs: Tries::default(),
            reads: rates.reads.map(Counted::new),
            writes: rates.writes.map(Counted::new),
        }
    }

    /// Counts a request from an address.
    pub(crate) fn address(&self, traffic: Traffic, address: Option<IpAddr>) -> Result<(), Problem> {
        match (self.counted(traffic), address) {
            (Some(counted), Some(address)) => counted
                .addresses
                .check(network(address), "too many requests from this address"),
            _ => Ok(()),
        }
    }

    /// Counts a request of an account, by whichever of its tokens.
    pub(crate) fn account(&self, traffic: Traffic, account: &Id) -> Result<(), Problem> {
        match self.counted(traffic) {
            Some(counted) => counted
                .accounts
                .check(account.clone(), "too many requests of this account"),
            None => Ok(()),
        }
    }

    /// Counts a sign-in, and refuses it when there were too many.
    pub(crate) fn sign_in(&self, address: Option<IpAddr>, name: &str) -> Result<(), Problem> {
        self.nameless_sign_in(address)?;
        let name = counted_name(name);
        if let Some(address) = address {
            self.pairs
                .take((network(address), name.clone()), Instant::now())?;
        }
        self.names.check(name, "too many sign-ins for this name")
    }

    /// Notes that a sign-in was right: it was none of the tries that are counted.
    pub(crate) fn signed_in(&self, address: Option<IpAddr>, name: &str) {
        if let Some(address) = address {
            self.pairs.give_back(&(network(address), counted_name(name)));
        }
    }

    /// The same where no name is given.
    pub(crate) fn nameless_sign_in(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        let Some(address) = address else { return Ok(()) };
        let what = "too many sign-ins from this address";
        self.sign_ins.check(network(address), what)
    }

    /// Forgets those who have not asked for a while.
    pub(crate) fn forget(&self) {
        self.sign_ins.forget();
        self.names.forget();
        self.pairs.forget(Instant::now());
        for counted in [&self.reads, &self.writes].into_iter().flatten() {
            counted.addresses.forget();
            counted.accounts.forget();
        }
    }

    fn counted(&self, traffic: Traffic) -> Option<&Counted> {
        match traffic {
            Traffic::Read => self.reads.as_ref(),
            Traffic::Write => self.writes.as_ref(),
            Traffic::Free => None,
        }
    }
}

impl Counted {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            addresses: Keyed::new(quota),
            accounts: Keyed::new(quota),
        }
    }
}

/// Tries of a name from an address that were not right, as far as they are not long ago.
///
/// Each is counted when it begins, so that many at once count, and given back when it was right.
#[derive(Default)]
struct Tries(Mutex<HashMap<(IpAddr, String), Tried>>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    count: u32,
    /// Up to when tries were forgiven.
    since: Instant,
}

impl Tried {
    /// Forgives a try for each [`PAIR_EVERY`] that has passed.
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

impl Tries {
    fn take(&self, pair: (IpAddr, String), now: Instant) -> Result<(), Problem> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MAX_KEYS && !tries.contains_key(&pair) {
            // There is no room to tell any more apart; the counts of the address and of the name go on.
            return Ok(());
        }
        let tried = tries.entry(pair).or_insert(Tried { count: 0, since: now });
        tried.forgive(now);
        if tried.count >= PAIR_BURST {
            let what = "too many wrong sign-ins for this name from this address";
            let mut problem = Problem::new(Code::TooManyRequests, what);
            problem.retry_after = Some(PAIR_EVERY.as_secs());
            return Err(problem);
        }
        tried.count += 1;
        Ok(())
    }

    fn give_back(&self, pair: &(IpAddr, String)) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tried) = tries.get_mut(pair) {
            tried.count = tried.count.saturating_sub(1);
        }
    }

    fn forget(&self, now: Instant) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.retain(|_, tried| {
            tried.forgive(now);
            tried.count > 0
        });
        tries.shrink_to_fit();
    }
}

/// Returns a name as it is counted: names differ in case only on paper, and no name is longer.
fn counted_name(name: &str) -> String {
    name.chars().take(64).flat_map(char::to_lowercase).collect()
}

/// A count for each key; `None` is the one that all share for whom there is no room.
struct Keyed<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<Option<K>>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Keyed<K> {
    fn new(quota: Quota) -> Self {
        Self {
            limiter: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
        }
    }

    fn check(&self, key: K, what: &str) -> Result<(), Problem> {
        let key = (self.limiter.len() < MAX_KEYS).then_some(key);
        let counted = self.limiter.check_key(&key);
        counted.map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            let mut problem = Problem::new(Code::TooManyRequests, what);
            problem.retry_after = Some(wait.as_secs().max(1));
            problem
        })
    }

    fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Returns what stands for an address: one customer has a whole IPv6 network of 64 bits.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_second: u32, burst: u32) -> Limits {
        let rate = Rate {
            per_second: per_second.try_into().unwrap(),
            burst: burst.try_into().unwrap(),
        };
        Limits::new(Rates {
            reads: Some(rate),
            writes: Some(rate),
        })
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn after_many_tries_an_address_or_a_name_waits_and_others_do_not() {
        let limits = limits(1, 1);
        for number in 0..BURST.get() {
            limits
                .sign_in(address("2001:db8::1"), &format!("name-{number}"))
                .unwrap();
        }
        let refused = limits.sign_in(address("2001:db8::2"), "other").unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::TooManyRequests, Some(1))
        );
        limits.sign_in(address("2001:db8:0:1::1"), "other").unwrap();

        for number in 0..BURST.get() {
            limits
                .sign_in(address(&format!("192.0.2.{number}")), "jane")
                .unwrap();
        }
        assert!(limits.sign_in(address("198.51.100.1"), "JANE").is_err());
        limits.sign_in(address("198.51.100.1"), "june").unwrap();
    }

    #[test]
    fn one_address_cannot_lock_a_name_out_for_others() {
        let limits = limits(1, 1);
        for _ in 0..PAIR_BURST {
            limits.sign_in(address("192.0.2.1"), "jane").unwrap();
        }
        for _ in 0..60 {
            let refused = limits.sign_in(address("192.0.2.1"), "Jane").unwrap_err();
            assert_eq!(refused.code, Code::TooManyRequests);
        }
        limits.sign_in(address("198.51.100.1"), "jane").unwrap();
        limits.sign_in(address("192.0.2.1"), "june").unwrap();
    }

    #[test]
    fn a_right_password_is_no_try_that_counts() {
        let limits = limits(1, 1);
        for _ in 0..60 {
            limits.sign_in(address("192.0.2.1"), "jane").unwrap();
            limits.signed_in(address("192.0.2.1"), "JANE");
        }
        for _ in 0..PAIR_BURST {
            limits.sign_in(address("192.0.2.1"), "jane").unwrap();
        }
        assert!(limits.sign_in(address("192.0.2.1"), "jane").is_err());
    }

    #[test]
    fn tries_are_forgiven_with_time() {
        let tries = Tries::default();
        let pair = || (address("192.0.2.1").unwrap(), "jane".to_owned());
        let begun = Instant::now();
        for _ in 0..PAIR_BURST {
            tries.take(pair(), begun).unwrap();
        }
        assert!(tries.take(pair(), begun + PAIR_EVERY / 2).is_err());
        tries.take(pair(), begun + PAIR_EVERY).unwrap();
        assert!(tries.take(pair(), begun + PAIR_EVERY).is_err());
        tries.forget(begun + PAIR_EVERY * (PAIR_BURST + 1));
        assert!(tries.0.lock().unwrap().is_empty());
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

    #[test]
    fn there_are_never_more_counts_than_the_bound() {
        let keyed = Keyed::new(Quota::per_hour(1.try_into().unwrap()));
        for number in 0..MAX_KEYS {
            keyed.check(number, "").unwrap();
        }
        keyed.check(MAX_KEYS, "").unwrap();
        assert!(keyed.check(MAX_KEYS + 1, "").is_err(), "these share one count");
        assert_eq!(keyed.limiter.len(), MAX_KEYS + 1);
    }
}
