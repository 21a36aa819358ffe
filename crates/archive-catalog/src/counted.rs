//! How much suites hold, as far as it was counted in the state that they are in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::sql::Sql;

/// How many sets of suites are remembered, each in one state: there are as many as accounts differ in what they may read.
const REMEMBERED: usize = 64;

/// Suites by key, each with its revision: what stands and stood in them does not change without it.
pub(crate) type State = Vec<(i64, i64)>;

/// What was counted of sets of suites in their last states.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) held: Mutex<HashMap<State, Held>>,
    pub(crate) days: Mutex<HashMap<(State, i64), Days>>,
}

/// Packages, names and bytes.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) packages: u64,
    pub(crate) names: u64,
    pub(crate) bytes: u64,
}

/// How many packages were placed, by day since 1970.
pub(crate) type Days = Vec<(i64, u64)>;

/// Returns what is remembered under a key, or what `count` returns, which is remembered then.
pub(crate) fn once<K: Clone + Eq + std::hash::Hash, V: Clone>(
    known: &Mutex<HashMap<K, V>>,
    key: &K,
    count: impl FnOnce() -> Sql<V>,
) -> Sql<V> {
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(value) = lock().get(key) {
        return Ok(value.clone());
    }
    let value = count()?;
    let mut known = lock();
    // Most are of states that are gone.
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(key.clone(), value.clone());
    Ok(value)
}
