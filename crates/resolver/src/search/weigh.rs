//! What a package brings with it: an estimate that tells providers of one name apart.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::Solver;
use super::pending::What;
use crate::encode::Subject;
use crate::engine::Var;
use crate::universe::{Field, PackageId, RelationContext};

/// What comes with a package that is not chosen yet, the package itself among it: as far as the first alternatives say.
///
/// Of two that bring as many packages the one is lighter that more packages want by its name: of sixty dictionaries, that of
/// English and not the smallest file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    packages: usize,
    wanted_by: Reverse<u32>,
    bytes: u64,
}

/// How much a package wants another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Needed,
    Recommended,
}

impl Solver<'_> {
    /// Returns the one of some equal packages that brings the least. They are weighed when the choice is made first, with what
    /// is chosen by then; after a step back the same one is taken again, as long as it can be.
    pub(super) fn lightest(&mut self, what: What, first: Var, equals: &[Var]) -> Var {
        if let Some(known) = self.lightest.get(&what)
            && equals.contains(known)
        {
            return *known;
        }
        if self.patience == 0 {
            return first;
        }
        let mut lightest: Option<(Weight, Var)> = None;
        let mut met = HashSet::new();
        for var in equals {
            let Subject::Package(package) = self.encoder.subject(*var) else {
                continue;
            };
            let universe = self.encoder.universe;
            // Of the versions of one package the first is preferred, whatever it weighs.
            if !met.insert((universe.package(package).name, universe.machine(package))) {
                continue;
            }
            let most = lightest.map_or(usize::MAX, |(weight, _)| weight.packages);
            if let Some(weight) = self.weight(package, most)
                && lightest.is_none_or(|(least, _)| weight < least)
            {
                lightest = Some((weight, *var));
            }
        }
        let lightest = lightest.map_or(first, |(_, var)| var);
        self.lightest.insert(what, lightest);
        lightest
    }

    /// Weighs a package; `None` where more packages come with it than `most`, where it needs what is not to be had, or where
    /// enough was weighed.
    fn weight(&mut self, package: PackageId, most: usize) -> Option<Weight> {
        let universe = self.encoder.universe;
        let name = universe.package(package).name;
        let mut coming = HashSet::from([package]);
        let mut queue = vec![package];
        let mut bytes: u64 = 0;
        while let Some(package) = queue.pop() {
            bytes = bytes.saturating_add(universe.size(package));
            let context = RelationContext::Need(universe.package(package).architecture);
            let fields = [Field::PreDepends, Field::Depends].into_iter();
            let needed = fields.flat_map(|field| universe.related(package, field));
            let needed = needed.map(|group| (*group, Wish::Needed));
            // What is recommended comes as well, where it is wanted at all.
            let recommends = self.recommends.as_ref();
            let recommended = recommends.map_or_else(Vec::new, |those| those.recommended(package));
            let recommended = recommended.into_iter().map(|group| (group, Wish::Recommended));
            for (group, wish) in needed.chain(recommended) {
                let candidates = universe.candidates(group, context);
                self.patience = self.patience.saturating_sub(candidates.len() + 1);
                if self.patience == 0 {
                    return None;
                }
                let is_there = |other: &PackageId| coming.contains(other) || self.value(*other) == Some(true);
                if candidates.iter().any(is_there) {
                    continue;
                }
                let mut candidates = candidates.into_iter();
                let next = candidates.find(|other| self.value(*other) != Some(false));
                let next = match (next, wish) {
                    (Some(next), _) => next,
                    (None, Wish::Recommended) => continue,
                    (None, Wish::Needed) => return None,
                };
                coming.insert(next);
                queue.push(next);
                if coming.len() > most {
                    return None;
                }
            }
        }
        Some(Weight {
            packages: coming.len(),
            wanted_by: Reverse(universe.wanted_by(name)),
            bytes,
        })
    }

    fn value(&self, package: PackageId) -> Option<bool> {
        self.engine.value(self.encoder.known(package)?.yes())
    }
}
