//! Texts that are kept once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::index_vec::{Id, Span};

/// Finds the numbers of texts that stand in one long text.
///
/// The hashes are keyed at random, so that nobody can choose names that collide. Nothing is ever listed from it: what
/// it answers does not depend on the keys.
pub(crate) struct Lookup<K> {
    hasher: RandomState,
    places: HashMap<u64, Vec<(Span, K)>>,
}

impl<K: Id> Lookup<K> {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            places: HashMap::new(),
        }
    }

    /// Returns the number of a text.
    pub(crate) fn find(&self, all: &str, text: &str) -> Option<K> {
        let known = self.places.get(&self.hasher.hash_one(text))?;
        known
            .iter()
            .find(|(span, _)| span.text(all) == text)
            .map(|(_, id)| *id)
    }

    /// Notes the number of a text that has none yet.
    pub(super) fn insert(&mut self, text: &str, span: Span, id: K) {
        let hash = self.hasher.hash_one(text);
        self.places.entry(hash).or_default().push((span, id));
    }
}
