//! Long lists, divided by how their entries begin until each part is short.
//!
//! A part is named by the letters that its entries begin with. One that holds more than the limit has parts of its own, each with
//! one letter more. So an entry that comes or goes changes the parts on its own way and no others.

use std::collections::{BTreeMap, BTreeSet};

use crate::list::List;
use crate::record::Record;
use crate::record_store::RecordStore;
use crate::tree::{self, below, nexts};

/// How many entries came, went or changed under each key.
pub(crate) type Touched = BTreeMap<String, usize>;

/// Which parts may have changed: those with entries under some keys; `None` for all of them.
pub(crate) type Affected<'t> = Option<&'t Touched>;

/// A part.
#[derive(Debug)]
pub(crate) enum Part<'n> {
    /// It has entries, and parts where there are too many.
    Present {
        prefix: &'n str,
        count: usize,
        /// Each part of it with the number of its entries; nothing where it has none.
        parts: Vec<(String, usize)>,
    },
    /// There may have been one, and there is none.
    Gone { prefix: &'n str },
}

/// A list as some files show it.
#[derive(Debug)]
pub(crate) struct Division<'r, S> {
    pub(crate) record: &'r Record<S>,
    pub(crate) list: &'r List,
    /// How many entries a part without parts has at most; not less than the list's own limit.
    pub(crate) limit: usize,
}

/// Where the parts of a division go.
pub(crate) type Visit<'v, E> = &'v mut dyn FnMut(Part<'_>) -> Result<(), E>;

impl<S: RecordStore> Division<'_, S> {
    /// Visits the affected parts, each after its own parts: what shows which parts there are comes after them.
    pub(crate) fn visit<E: From<S::Error>>(
        &self,
        affected: Affected<'_>,
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let count = tree::count(&self.record.store, self.list, "")?;
        self.visit_part("", count, affected, visit)
    }

    /// Visits the affected parts of the whole list, which has parts however short it is.
    pub(crate) fn visit_parts_of_all<E: From<S::Error>>(
        &self,
        affected: Affected<'_>,
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let parts = tree::parts(&self.record.store, self.list, "")?;
        match affected {
            None => self.visit_all(&parts, visit),
            Some(touched) => self.visit_touched("", &parts, touched, visit),
        }
    }

    fn visit_part<E: From<S::Error>>(
        &self,
        prefix: &str,
        count: usize,
        affected: Affected<'_>,
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let parts = if count > self.limit && prefix.len() < self.list.depth {
            tree::parts(&self.record.store, self.list, prefix)?
        } else {
            Vec::new()
        };
        match affected {
            None => self.visit_all(&parts, visit)?,
            Some(touched) if parts.is_empty() => self.visit_gone(prefix, touched, visit)?,
            Some(touched) => self.visit_parts(prefix, count, &parts, touched, visit)?,
        }
        if count == 0 && !prefix.is_empty() {
            visit(Part::Gone { prefix })
        } else {
            visit(Part::Present { prefix, count, parts })
        }
    }

    fn visit_all<E: From<S::Error>>(&self, parts: &[(String, usize)], visit: Visit<'_, E>) -> Result<(), E> {
        parts
            .iter()
            .try_for_each(|(part, count)| self.visit_part(part, *count, None, visit))
    }

    /// Visits the affected ones of the parts of `prefix`, which holds `count` entries.
    fn visit_parts<E: From<S::Error>>(
        &self,
        prefix: &str,
        count: usize,
        parts: &[(String, usize)],
        touched: &Touched,
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let changes: usize = below(touched, prefix).map(|(_, entries)| entries).sum();
        // It may have had no parts before: all that is in a new part is new there.
        if count <= self.limit.saturating_add(changes) {
            self.visit_touched(prefix, parts, &self.with_entries(prefix, touched)?, visit)
        } else {
            self.visit_touched(prefix, parts, touched, visit)
        }
    }

    fn visit_touched<E: From<S::Error>>(
        &self,
        prefix: &str,
        parts: &[(String, usize)],
        touched: &Touched,
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        let counts: BTreeMap<&str, usize> = parts
            .iter()
            .map(|(part, count)| (part.as_str(), *count))
            .collect();
        for part in nexts(touched, prefix) {
            let count = counts.get(part.as_str()).copied().unwrap_or_default();
            self.visit_part(&part, count, Some(touched), visit)?;
        }
        Ok(())
    }

    /// Returns the keys below `prefix` that are touched, and those of all its entries.
    fn with_entries(&self, prefix: &str, touched: &Touched) -> Result<Touched, S::Error> {
        let entries = tree::entries(&self.record.store, self.list, prefix, usize::MAX)?;
        let keys = entries.iter().map(|entry| (entry.key.as_str(), 1));
        Ok(sum(below(touched, prefix).chain(keys)))
    }

    /// Visits the parts that one without parts may have had.
    fn visit_gone<E: From<S::Error>>(
        &self,
        prefix: &str,
        touched: &Touched,
        visit: Visit<'_, E>,
    ) -> Result<(), E> {
        if below(touched, prefix).next().is_none() {
            return Ok(());
        }
        self.gone_below(prefix, &self.with_entries(prefix, touched)?, visit)
    }

    /// Visits the parts that `prefix` had if it ever had as many entries as `keys` says.
    fn gone_below<E>(&self, prefix: &str, keys: &Touched, visit: Visit<'_, E>) -> Result<(), E> {
        let entries: usize = below(keys, prefix).map(|(_, entries)| entries).sum();
        if entries <= self.limit || prefix.len() >= self.list.depth {
            return Ok(());
        }
        let parts: BTreeSet<String> = nexts(keys, prefix);
        for part in parts {
            visit(Part::Gone { prefix: &part })?;
            self.gone_below(&part, keys, visit)?;
        }
        Ok(())
    }
}

/// Adds up the entries of each key.
pub(crate) fn sum<'k>(keys: impl Iterator<Item = (&'k str, usize)>) -> Touched {
    let mut sums = Touched::new();
    for (key, entries) in keys {
        *sums.entry(key.to_owned()).or_default() += entries;
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::record_store::InvalidRecord;
    use crate::tree::Deltas;

    /// The entries of each part.
    type Parts = BTreeMap<String, Vec<String>>;
    /// Keys, each with a number that tells entries under one key apart.
    type Keys = BTreeSet<(String, u8)>;

    fn list() -> List {
        List {
            limit: 3,
            depth: 4,
            ..List::words()
        }
    }

    /// Makes a list that holds some keys one that holds others.
    fn change(store: &mut MemoryStore, before: &Keys, after: &Keys) {
        let list = list();
        let mut deltas = Deltas::new();
        for (keys, others, change) in [(before, after, -1), (after, before, 1)] {
            for (key, number) in keys.difference(others) {
                let entry = list.entry_key(key, &format!("{}", 9 - number), &number.to_string());
                if change > 0 {
                    store.put(&entry, "").unwrap();
                } else {
                    store.delete(&entry).unwrap();
                }
                *deltas.entry(key.clone()).or_default() += change;
            }
        }
        tree::settle(store, &list, &deltas).unwrap();
    }

    fn visit(store: &MemoryStore, shown: &mut Parts, affected: Affected<'_>) {
        let (list, record) = (list(), Record::begin(store.clone()));
        let division = Division {
            record: &record,
            list: &list,
            limit: 3,
        };
        let mut seen: Vec<String> = Vec::new();
        let visited: Result<(), InvalidRecord> = division.visit_parts_of_all(affected, &mut |part| {
            if let Part::Present { prefix, .. } = part {
                let early = seen.iter().find(|seen| prefix.starts_with(seen.as_str()));
                assert_eq!(early, None, "it leads to {prefix}");
                seen.push(prefix.to_owned());
            }
            match part {
                Part::Present { prefix, count, .. } => {
                    let entries = tree::entries(store, &list, prefix, usize::MAX)?;
                    assert_eq!(entries.len(), count);
                    let best = tree::best(store, &list, prefix)?;
                    assert_eq!(best, expected_best(&entries));
                    let line = |entry: &crate::list::Entry| format!("{} {}", entry.key, entry.name);
                    shown.insert(prefix.to_owned(), entries.iter().map(line).collect());
                }
                Part::Gone { prefix } => {
                    shown.remove(prefix);
                }
            }
            Ok(())
        });
        visited.unwrap();
    }

    fn expected_best(entries: &[crate::list::Entry]) -> Vec<String> {
        let ranked: BTreeSet<(&str, &str)> = entries
            .iter()
            .map(|entry| (entry.rank.as_str(), entry.name.as_str()))
            .collect();
        ranked
            .into_iter()
            .take(3)
            .map(|(_, name)| name.to_owned())
            .collect()
    }

    fn keys() -> impl Strategy<Value = Keys> {
        proptest::collection::btree_set(("[ab]{1,6}", 0..5u8), 0..30)
    }

    proptest! {
        #[test]
        fn a_change_leads_to_the_parts_of_a_division_from_nothing(before in keys(), after in keys()) {
            let (mut store, mut whole) = (MemoryStore::default(), MemoryStore::default());
            change(&mut store, &Keys::new(), &before);
            let (mut changed, mut expected) = (Parts::new(), Parts::new());
            visit(&store, &mut changed, None);
            change(&mut store, &before, &after);
            change(&mut whole, &Keys::new(), &after);
            prop_assert_eq!(&store, &whole);
            let touched = sum(before.symmetric_difference(&after).map(|(key, _)| (key.as_str(), 1)));
            visit(&store, &mut changed, Some(&touched));
            visit(&whole, &mut expected, None);
            prop_assert_eq!(changed, expected);
        }
    }

    #[test]
    fn a_change_touches_only_the_parts_on_its_way() {
        let names = ["aa", "ab", "ac", "ad", "ae", "ba", "bb", "bc", "bd"];
        let mut store = MemoryStore::default();
        change(
            &mut store,
            &Keys::new(),
            &names.map(|name| (name.to_owned(), 0)).into(),
        );
        let mut shown = Parts::new();
        visit(&store, &mut shown, Some(&sum([("ab", 1)].into_iter())));
        assert_eq!(shown.keys().collect::<Vec<_>>(), ["a", "ab"]);
    }
}
