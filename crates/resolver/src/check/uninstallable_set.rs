//! Packages that cannot be installed since nothing that meets one of their needs can be.
//!
//! Most of what is broken in an index is broken by something that is missing, and much hangs on the same thing: this
//! follows it from package to package without a search, along the shortest chains.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::fact::Fact;
use crate::index_vec::{Id, IndexVec, id};
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
    /// Of what meets it, how much may be installable.
    hopes: usize,
    users: Vec<PackageId>,
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
pub(super) struct UninstallableSet<'u> {
    universe: &'u Universe,
    needs: IndexVec<NeedId, SharedNeed>,
    known: HashMap<(GroupId, ArchitectureId, Field), NeedId>,
    /// The needs that each package meets.
    meets: IndexVec<PackageId, Vec<NeedId>>,
    causes: IndexVec<PackageId, Option<Cause>>,
    queue: VecDeque<PackageId>,
}

/// A longer explanation is cut: whoever reads it acts on the first lines.
const MOST_REASONS: usize = 24;

impl<'u> UninstallableSet<'u> {
    /// Finds what is doomed by what is missing.
    pub(super) fn new(universe: &'u Universe) -> Self {
        let mut uninstallable = Self {
            universe,
            needs: IndexVec::new(),
            known: HashMap::new(),
            meets: IndexVec::filled(universe.len(), Vec::new()),
            causes: IndexVec::filled(universe.len(), None),
            queue: VecDeque::new(),
        };
        for package in universe.packages() {
            for field in [Field::PreDepends, Field::Depends] {
                for group in universe.related(package, field) {
                    uninstallable.note(package, *group, field);
                }
            }
        }
        let missing: Vec<NeedId> = uninstallable
            .needs
            .ids()
            .filter(|need| uninstallable.needs[*need].hopes == 0)
            .collect();
        for need in missing {
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

    fn note(&mut self, package: PackageId, group: GroupId, field: Field) {
        let architecture = self.universe.package(package).architecture;
        let key = (group, architecture, field);
        let need = match self.known.get(&key) {
            Some(need) => *need,
            None => {
                let candidates = self
                    .universe
                    .candidates(group, RelationContext::Need(architecture));
                let need = NeedId::new(self.needs.len());
                for candidate in &candidates {
                    self.meets[*candidate].push(need);
                }
                self.known.insert(key, need);
                self.needs.push(SharedNeed {
                    group,
                    field,
                    hopes: candidates.len(),
                    users: Vec::new(),
                })
            }
        };
        // What meets its own need is not doomed by it.
        if !self.meets[package].contains(&need) {
            self.needs[need].users.push(package);
        }
    }

    fn spread(&mut self) {
        while let Some(package) = self.queue.pop_front() {
            for need in std::mem::take(&mut self.meets[package]) {
                self.needs[need].hopes -= 1;
                if self.needs[need].hopes == 0 {
                    self.fail(need);
                }
            }
        }
    }

    fn fail(&mut self, need: NeedId) {
        let SharedNeed { group, field, .. } = self.needs[need];
        for user in std::mem::take(&mut self.needs[need].users) {
            self.mark(user, Cause::Need(group, field));
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
