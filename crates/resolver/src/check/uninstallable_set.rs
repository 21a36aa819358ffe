//! Packages that cannot be installed since nothing that meets one of their needs can be.
//!
//! Most of what is broken in an index is broken by something that is missing, and much hangs on the same thing: this
//! follows it from package to package without a search, along the shortest chains.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::fact::Fact;
use crate::index_vec::{IndexVec, id};
use crate::message;
use crate::universe::{ArchitectureId, Field, GroupId, PackageId, RelationContext, Universe};

id! {
    /// A need that several packages may have.
    NeedId
}

/// A need.
struct SharedNeed {
    group: GroupId,
    field: Field,
    /// How many packages meet it.
    met_by: usize,
    users: Vec<PackageId>,
}

/// What the packages of a universe need, and which of them meet that.
pub(super) struct Needs {
    needs: IndexVec<NeedId, SharedNeed>,
    /// The needs that each package meets.
    meets: IndexVec<PackageId, Vec<NeedId>>,
}

/// Why a package cannot be installed.
#[derive(Debug, Clone)]
pub(super) enum Cause {
    /// Nothing that meets this need can be.
    Need(GroupId, Field),
    /// These facts contradict each other.
    Facts(Vec<Fact>),
}

/// What cannot be installed, and why.
#[derive(Clone)]
pub(super) struct UninstallableSet<'u> {
    universe: &'u Universe,
    needs: &'u Needs,
    /// Of what meets each need, how much may be installable.
    hopes: IndexVec<NeedId, usize>,
    causes: IndexVec<PackageId, Option<Cause>>,
    queue: VecDeque<PackageId>,
}

/// A longer explanation is cut: whoever reads it acts on the first lines.
const MOST_REASONS: usize = 24;

impl Needs {
    /// Finds what is needed.
    pub(super) fn of(universe: &Universe) -> Self {
        let mut needs = Self {
            needs: IndexVec::new(),
            meets: IndexVec::filled(universe.len(), Vec::new()),
        };
        let mut known = HashMap::new();
        for package in universe.packages() {
            let architecture = universe.package(package).architecture;
            for field in [Field::PreDepends, Field::Depends] {
                for group in universe.related(package, field).iter().copied() {
                    let need = *known
                        .entry((group, architecture, field))
                        .or_insert_with(|| needs.add(universe, group, architecture, field));
                    // What meets its own need is not doomed by it.
                    if !needs.meets[package].contains(&need) {
                        needs.needs[need].users.push(package);
                    }
                }
            }
        }
        needs
    }

    fn add(&mut self, universe: &Universe, group: GroupId, from: ArchitectureId, field: Field) -> NeedId {
        let candidates = universe.candidates(group, RelationContext::Need(from));
        let need = self.needs.push(SharedNeed {
            group,
            field,
            met_by: candidates.len(),
            users: Vec::new(),
        });
        for candidate in candidates {
            self.meets[candidate].push(need);
        }
        need
    }
}

impl<'u> UninstallableSet<'u> {
    /// Finds what is doomed by what is missing.
    pub(super) fn new(universe: &'u Universe, needs: &'u Needs) -> Self {
        let hopes: Vec<usize> = needs.needs.values().map(|need| need.met_by).collect();
        let mut uninstallable = Self {
            universe,
            needs,
            hopes: hopes.into(),
            causes: IndexVec::filled(universe.len(), None),
            queue: VecDeque::new(),
        };
        for need in needs.needs.ids().filter(|need| needs.needs[*need].met_by == 0) {
            uninstallable.fail(need);
        }
        uninstallable.spread();
        uninstallable
    }

    /// Says whether a package is known to be uninstallable.
    pub(super) fn holds(&self, package: PackageId) -> bool {
        self.causes[package].is_some()
    }

    /// Notes that a package cannot be installed, and what cannot be without it.
    pub(super) fn add(&mut self, package: PackageId, facts: Vec<Fact>) {
        self.mark(package, Cause::Facts(facts));
        self.spread();
    }

    fn spread(&mut self) {
        while let Some(package) = self.queue.pop_front() {
            // Each package is marked once, so each need loses it once.
            for need in &self.needs.meets[package] {
                self.hopes[*need] -= 1;
                if self.hopes[*need] == 0 {
                    self.fail(*need);
                }
            }
        }
    }

    fn fail(&mut self, need: NeedId) {
        let SharedNeed {
            group, field, users, ..
        } = &self.needs.needs[need];
        for user in users {
            self.mark(*user, Cause::Need(*group, *field));
        }
    }

    fn mark(&mut self, package: PackageId, cause: Cause) {
        if self.causes[package].is_none() {
            self.causes[package] = Some(cause);
            self.queue.push_back(package);
        }
    }

    /// Returns why a package cannot be installed: along the chain of needs to what is missing or contradicts.
    pub(super) fn reasons(&self, package: PackageId) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        let mut met: HashSet<PackageId> = HashSet::new();
        let mut queue = VecDeque::from([package]);
        while let Some(package) = queue.pop_front().filter(|_| reasons.len() < MOST_REASONS) {
            if !met.insert(package) {
                continue;
            }
            match &self.causes[package] {
                Some(Cause::Need(group, field)) => {
                    reasons.push(message::need(self.universe, package, *group, *field));
                    let context = RelationContext::Need(self.universe.package(package).architecture);
                    queue.extend(self.universe.candidates(*group, context));
                }
                Some(Cause::Facts(facts)) => {
                    let sentences = message::sentences(self.universe, &Default::default(), facts);
                    reasons.extend(sentences);
                }
                None => {}
            }
        }
        reasons
    }
}
