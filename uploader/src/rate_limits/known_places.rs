//! Where the right password of a name came from lately.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keyed::MAX_KEYS;

/// How long a place stays known after the last right password from there.
const KNOWN: Duration = Duration::from_secs(30 * 86_400);

/// Networks and names, with the time of the last right password.
#[derive(Default)]
pub(super) struct KnownPlaces(Mutex<HashMap<(IpAddr, String), Instant>>);

impl KnownPlaces {
    pub(super) fn has(&self, place: &(IpAddr, String)) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(place)
    }

    pub(super) fn note(&self, place: (IpAddr, String), now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only right passwords come here: nobody fills it with names that are made up.
        if all.len() < MAX_KEYS || all.contains_key(&place) {
            all.insert(place, now);
        }
    }

    pub(super) fn forget(&self, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, last| now.saturating_duration_since(*last) < KNOWN);
        all.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_for_a_month() {
        let places = KnownPlaces::default();
        let place = || ("192.0.2.1".parse().unwrap(), "jane".to_owned());
        let now = Instant::now();
        places.note(place(), now);
        places.forget(now + KNOWN / 2);
        assert!(places.has(&place()));
        places.forget(now + KNOWN);
        assert!(!places.has(&place()));
    }
}
