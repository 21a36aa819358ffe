//! Long lists, divided by how their entries begin until each part is short.
//!
//! A part is named by the letters that its entries begin with. One that holds more than the limit has parts of its own, each with
//! one letter more. So an entry that comes or goes changes the parts on its own way and no others.

use std::collections::{BTreeMap, BTreeSet};

use crate::row::Row;

/// A row under one of the keys that it is listed under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) row: Row<'a>,
}

/// Which parts may have changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Affected<'r> {
    /// All of them.
    All,
    /// Those that may have changed with entries under these keys.
    Under(&'r BTreeSet<String>),
}

/// A part.
#[derive(Debug)]
pub(crate) enum Part<'n, 'a> {
    /// It has entries, and parts where there are too many.
    Present {
        prefix: &'n str,
        entries: &'n [Entry<'a>],
        /// Each part of it with the number of its entries; `None` where it has none.
        parts: Option<Vec<(String, usize)>>,
    },
    /// There may have been one, and there is none.
    Gone { prefix: &'n str },
}

/// How a list is divided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Division<'r> {
    /// How many entries a part without parts has at most.
    pub(crate) limit: usize,
    /// The longest name of a part. One of that length has no parts, whatever it holds.
    pub(crate) depth: usize,
    pub(crate) affected: Affected<'r>,
}

type Groups<'a> = BTreeMap<u8, Vec<Entry<'a>>>;

impl Division<'_> {
    /// Visits the affected parts, beginning with the one named `prefix`, which holds `entries`.
    pub(crate) fn visit<'a>(&self, prefix: &str, entries: &[Entry<'a>], visit: &mut dyn FnMut(Part<'_, 'a>)) {
        let groups = (entries.len() > self.limit && prefix.len() < self.depth)
            .then(|| group(prefix, entries))
            .filter(|groups| !groups.is_empty());
        if entries.is_empty() && !prefix.is_empty() {
            visit(Part::Gone { prefix });
        } else {
            let parts = groups.as_ref().map(|groups| {
                let named = groups
                    .iter()
                    .map(|(next, group)| (with(prefix, *next), group.len()));
                named.collect()
            });
            visit(Part::Present {
                prefix,
                entries,
                parts,
            });
        }
        match groups {
            Some(groups) => self.visit_parts(prefix, entries.len(), &groups, visit),
            None => self.visit_gone(prefix, entries, visit),
        }
    }

    /// Visits the affected ones of the parts of `prefix`, which holds `count` entries.
    pub(crate) fn visit_parts<'a>(
        &self,
        prefix: &str,
        count: usize,
        groups: &Groups<'a>,
        visit: &mut dyn FnMut(Part<'_, 'a>),
    ) {
        let Affected::Under(touched) = self.affected else {
            for (next, group) in groups {
                self.visit(&with(prefix, *next), group, visit);
            }
            return;
        };
        let here = below(touched, prefix);
        // It may have had no parts before.
        let is_new = count <= self.limit + here.len();
        if is_new {
            // All that is in a new part is new there.
            let entries = groups.values().flatten().map(|entry| entry.key);
            let all: BTreeSet<String> = here.into_iter().chain(entries).map(str::to_owned).collect();
            self.visit_touched(prefix, groups, &all, visit);
        } else {
            self.visit_touched(prefix, groups, touched, visit);
        }
    }

    fn visit_touched<'a>(
        &self,
        prefix: &str,
        groups: &Groups<'a>,
        touched: &BTreeSet<String>,
        visit: &mut dyn FnMut(Part<'_, 'a>),
    ) {
        let division = Division {
            affected: Affected::Under(touched),
            ..*self
        };
        let nexts: BTreeSet<u8> = below(touched, prefix)
            .iter()
            .filter_map(|key| next(prefix, key))
            .collect();
        for next in nexts {
            let group = groups.get(&next).map_or(&[][..], Vec::as_slice);
            division.visit(&with(prefix, next), group, visit);
        }
    }

    /// Visits the parts that one without parts may have had.
    fn visit_gone<'a>(&self, prefix: &str, entries: &[Entry<'a>], visit: &mut dyn FnMut(Part<'_, 'a>)) {
        let Affected::Under(touched) = self.affected else {
            return;
        };
        let mut keys = below(touched, prefix);
        keys.extend(entries.iter().map(|entry| entry.key));
        self.gone_below(prefix, &keys, visit);
    }

    fn gone_below<'a>(&self, prefix: &str, keys: &[&str], visit: &mut dyn FnMut(Part<'_, 'a>)) {
        if keys.len() <= self.limit || prefix.len() >= self.depth {
            return;
        }
        let mut groups: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
        for key in keys {
            if let Some(next) = next(prefix, key) {
                groups.entry(next).or_default().push(key);
            }
        }
        for (next, keys) in groups {
            let child = with(prefix, next);
            visit(Part::Gone { prefix: &child });
            self.gone_below(&child, &keys, visit);
        }
    }
}

/// Sorts entries by the letter that follows `prefix`.
pub(crate) fn group<'a>(prefix: &str, entries: &[Entry<'a>]) -> Groups<'a> {
    let mut groups = Groups::new();
    for entry in entries {
        if let Some(next) = next(prefix, entry.key) {
            groups.entry(next).or_default().push(*entry);
        }
    }
    groups
}

fn next(prefix: &str, key: &str) -> Option<u8> {
    key.as_bytes().get(prefix.len()).copied()
}

fn with(prefix: &str, next: u8) -> String {
    format!("{prefix}{}", char::from(next))
}

/// Returns the keys that begin with `prefix`.
fn below<'k>(keys: &'k BTreeSet<String>, prefix: &str) -> Vec<&'k str> {
    let from = keys.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
    from.map(String::as_str)
        .take_while(|key| key.starts_with(prefix))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Tree = BTreeMap<String, Vec<String>>;

    fn apply(tree: &mut Tree, keys: &BTreeSet<String>, affected: Affected<'_>) {
        let lines: Vec<String> = keys
            .iter()
            .map(|key| format!("{key}\t1\t5\t7\t\t\t\t\t"))
            .collect();
        let entries: Vec<Entry<'_>> = lines
            .iter()
            .zip(keys)
            .map(|(line, key)| Entry {
                key,
                row: Row::parse(line).unwrap(),
            })
            .collect();
        let division = Division {
            limit: 3,
            depth: 4,
            affected,
        };
        division.visit("", &entries, &mut |part| match part {
            Part::Present { prefix, entries, .. } => {
                let keys = entries.iter().map(|entry| entry.key.to_owned());
                tree.insert(prefix.to_owned(), keys.collect());
            }
            Part::Gone { prefix } => {
                tree.remove(prefix);
            }
        });
    }

    proptest! {
        #[test]
        fn a_change_leads_to_the_parts_of_a_division_from_nothing(
            before in proptest::collection::btree_set("[ab]{1,6}", 0..20),
            after in proptest::collection::btree_set("[ab]{1,6}", 0..20),
        ) {
            let mut changed = Tree::new();
            apply(&mut changed, &before, Affected::All);
            let touched: BTreeSet<String> = before.symmetric_difference(&after).cloned().collect();
            apply(&mut changed, &after, Affected::Under(&touched));
            let mut whole = Tree::new();
            apply(&mut whole, &after, Affected::All);
            prop_assert_eq!(changed, whole);
        }
    }

    #[test]
    fn a_change_touches_only_the_parts_on_its_way() {
        let keys: BTreeSet<String> = ["aa", "ab", "ac", "ad", "ae", "ba", "bb", "bc", "bd"]
            .map(String::from)
            .into();
        let mut tree = Tree::new();
        apply(
            &mut tree,
            &keys,
            Affected::Under(&BTreeSet::from(["ab".to_owned()])),
        );
        assert_eq!(tree.keys().collect::<Vec<_>>(), ["", "a", "ab"]);
    }
}
