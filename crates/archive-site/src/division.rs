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
    pub(crate) row: &'a Row<'a>,
}

/// Which parts may have changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Affected<'r> {
    /// All of them.
    All,
    /// Those that may have changed with entries under these keys.
    Under(&'r Touched),
}

/// How many entries came, went or changed under each key.
pub(crate) type Touched = BTreeMap<String, usize>;

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
        let changes: usize = here.iter().map(|(_, entries)| entries).sum();
        // It may have had no parts before.
        let is_new = count <= self.limit.saturating_add(changes);
        if is_new {
            // All that is in a new part is new there.
            let entries = groups.values().flatten().map(|entry| (entry.key, 1));
            let all = sum(here.into_iter().chain(entries));
            self.visit_touched(prefix, groups, &all, visit);
        } else {
            self.visit_touched(prefix, groups, touched, visit);
        }
    }

    fn visit_touched<'a>(
        &self,
        prefix: &str,
        groups: &Groups<'a>,
        touched: &Touched,
        visit: &mut dyn FnMut(Part<'_, 'a>),
    ) {
        let division = Division {
            affected: Affected::Under(touched),
            ..*self
        };
        let nexts: BTreeSet<u8> = below(touched, prefix)
            .iter()
            .filter_map(|(key, _)| next(prefix, key))
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
        let entries = entries.iter().map(|entry| (entry.key, 1));
        let keys = sum(below(touched, prefix).into_iter().chain(entries));
        self.gone_below(prefix, &keys, visit);
    }

    /// Visits the parts that `prefix` had if it ever had as many entries as `keys` says.
    fn gone_below<'a>(&self, prefix: &str, keys: &Touched, visit: &mut dyn FnMut(Part<'_, 'a>)) {
        let keys = below(keys, prefix);
        let entries: usize = keys.iter().map(|(_, entries)| entries).sum();
        if entries <= self.limit || prefix.len() >= self.depth {
            return;
        }
        let nexts: BTreeSet<u8> = keys.iter().filter_map(|(key, _)| next(prefix, key)).collect();
        let keys = sum(keys.into_iter());
        for next in nexts {
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

/// Adds up the entries of each key.
pub(crate) fn sum<'k>(keys: impl Iterator<Item = (&'k str, usize)>) -> Touched {
    let mut sums = Touched::new();
    for (key, entries) in keys {
        *sums.entry(key.to_owned()).or_default() += entries;
    }
    sums
}

/// Returns the keys that begin with `prefix`.
fn below<'k>(keys: &'k Touched, prefix: &str) -> Vec<(&'k str, usize)> {
    let from = keys.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
    from.map(|(key, entries)| (key.as_str(), *entries))
        .take_while(|(key, _)| key.starts_with(prefix))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Tree = BTreeMap<String, Vec<(String, u8)>>;
    /// Keys, each with a number that tells entries under one key apart.
    type Keys = BTreeSet<(String, u8)>;

    fn apply(tree: &mut Tree, keys: &Keys, affected: Affected<'_>) {
        let line = |(_, number): &(String, u8)| format!("{number}\t1\t5\t7\t\t\t\t\t");
        let lines: Vec<String> = keys.iter().map(line).collect();
        let rows: Vec<Row<'_>> = lines.iter().map(|line| Row::parse(line).unwrap()).collect();
        let entries: Vec<Entry<'_>> = rows
            .iter()
            .zip(keys)
            .map(|(row, (key, _))| Entry { key, row })
            .collect();
        let division = Division {
            limit: 3,
            depth: 4,
            affected,
        };
        division.visit("", &entries, &mut |part| match part {
            Part::Present { prefix, entries, .. } => {
                let entries = entries.iter();
                let held = entries.map(|entry| (entry.key.to_owned(), entry.row.name().parse().unwrap()));
                tree.insert(prefix.to_owned(), held.collect());
            }
            Part::Gone { prefix } => {
                tree.remove(prefix);
            }
        });
    }

    fn keys() -> impl Strategy<Value = Keys> {
        proptest::collection::btree_set(("[ab]{1,6}", 0..3u8), 0..30)
    }

    proptest! {
        #[test]
        fn a_change_leads_to_the_parts_of_a_division_from_nothing(before in keys(), after in keys()) {
            let mut changed = Tree::new();
            apply(&mut changed, &before, Affected::All);
            let touched = sum(before.symmetric_difference(&after).map(|(key, _)| (key.as_str(), 1)));
            apply(&mut changed, &after, Affected::Under(&touched));
            let mut whole = Tree::new();
            apply(&mut whole, &after, Affected::All);
            prop_assert_eq!(changed, whole);
        }
    }

    #[test]
    fn a_change_touches_only_the_parts_on_its_way() {
        let names = ["aa", "ab", "ac", "ad", "ae", "ba", "bb", "bc", "bd"];
        let keys: Keys = names.map(|name| (name.to_owned(), 0)).into();
        let mut tree = Tree::new();
        apply(&mut tree, &keys, Affected::Under(&sum([("ab", 1)].into_iter())));
        assert_eq!(tree.keys().collect::<Vec<_>>(), ["", "a", "ab"]);
    }
}
