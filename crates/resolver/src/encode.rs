//! Packages as clauses, made when they are first needed.
//!
//! A package becomes a variable when something speaks of it, and its relations become clauses when it is first chosen:
//! a small request meets a small part of the universe. Identical needs share one variable, which stands for "one of
//! these is installed".

use std::collections::{HashMap, HashSet};

use crate::engine::{Engine, Lit, Var};
use crate::fact::{Fact, FactId, Requirement};
use crate::index_vec::{Id, IndexVec, Notes, id};
use crate::universe::{
    ArchitectureId, Field, GroupId, NameId, PackageId, RelationContext, Standing, Universe,
};

id! {
    /// A choice between packages.
    pub(crate) ChoiceId
}

/// A package that a choice is between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) var: Var,
    /// Neighbours of one class are told apart by nothing that anybody wrote: the lightest is preferred.
    pub(crate) class: usize,
}

/// A choice between packages, the preferred one first.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Holds where one of them must be installed.
    pub(crate) var: Var,
    pub(crate) candidates: Vec<Candidate>,
    /// How many names they have: the fewer, the earlier it is chosen.
    pub(crate) names: usize,
}

/// What a variable stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    Package(PackageId),
    Choice(ChoiceId),
    /// A step of a ladder: see [`Encoder::ladder`].
    Step,
}

/// What can meet a need.
#[derive(Debug, Clone, Copy)]
enum Met {
    Nothing,
    By(PackageId),
    Choice(ChoiceId),
}

/// More versions of one name than this are kept apart by a ladder, fewer by pairs.
const MOST_PAIRS: usize = 8;

/// Makes clauses of packages.
pub(crate) struct Encoder<'u> {
    pub(crate) universe: &'u Universe,
    vars: IndexVec<PackageId, Option<Var>>,
    expanded: IndexVec<Var, bool>,
    subjects: IndexVec<Var, Subject>,
    choices: IndexVec<ChoiceId, Choice>,
    met: HashMap<(GroupId, ArchitectureId), Met>,
    ladders: HashSet<NameId>,
    facts: IndexVec<FactId, Fact>,
    /// What is installed and may be as broken as it is.
    present: Present,
    /// The packages beside which there are no others; all of the universe where nothing is said.
    within: Option<&'u Notes<PackageId, bool>>,
}

/// What is installed, where what was broken before is left alone.
#[derive(Debug, Default)]
pub(crate) struct Present {
    /// All of it; nothing where everything must be whole in the end.
    pub(crate) all: HashSet<PackageId>,
    /// What was asked for among it, which must be whole.
    pub(crate) asked_for: HashSet<PackageId>,
}

impl Present {
    fn is_left_alone(&self, package: PackageId) -> bool {
        self.all.contains(&package) && !self.asked_for.contains(&package)
    }

    /// Says whether two packages stand beside each other already, and both are left alone.
    fn are_left_together(&self, left: PackageId, right: PackageId) -> bool {
        self.is_left_alone(left) && self.is_left_alone(right)
    }
}

/// Says that a clause only defines a variable.
const DEFINITION: u32 = u32::MAX;

impl<'u> Encoder<'u> {
    pub(crate) fn new(universe: &'u Universe) -> Self {
        Self {
            universe,
            vars: IndexVec::filled(universe.len(), None),
            expanded: IndexVec::new(),
            subjects: IndexVec::new(),
            choices: IndexVec::new(),
            met: HashMap::new(),
            ladders: HashSet::new(),
            facts: IndexVec::new(),
            present: Present::default(),
            within: None,
        }
    }

    /// Lets all packages but these be as if they did not exist. To be said before any clause is made.
    pub(crate) fn stay_within(&mut self, packages: &'u Notes<PackageId, bool>) {
        self.within = Some(packages);
    }

    fn exists(&self, package: PackageId) -> bool {
        self.within.is_none_or(|within| within.get(package))
    }

    /// Leaves what is installed as broken as it is.
    pub(crate) fn leave_alone(&mut self, present: Present) {
        self.present = present;
    }

    /// Returns the variable of a package, where something spoke of it.
    pub(crate) fn known(&self, package: PackageId) -> Option<Var> {
        self.vars[package]
    }

    /// Returns what a variable stands for.
    pub(crate) fn subject(&self, var: Var) -> Subject {
        self.subjects[var]
    }

    pub(crate) fn choice(&self, choice: ChoiceId) -> &Choice {
        &self.choices[choice]
    }

    /// Returns the facts behind tags of clauses.
    pub(crate) fn facts(&self, tags: &[u32]) -> Vec<Fact> {
        let tags = tags.iter().filter(|tag| **tag != DEFINITION);
        tags.map(|tag| self.facts[FactId::new(*tag as usize)].clone())
            .collect()
    }

    /// Returns the variable of a package.
    pub(crate) fn var(&mut self, package: PackageId, engine: &mut Engine) -> Var {
        if let Some(var) = self.vars[package] {
            return var;
        }
        let var = self.variable(Subject::Package(package), engine);
        self.vars[package] = Some(var);
        var
    }

    fn variable(&mut self, subject: Subject, engine: &mut Engine) -> Var {
        self.subjects.push(subject);
        self.expanded.push(false);
        engine.variable()
    }

    /// Adds a clause that holds for a reason.
    pub(crate) fn state(&mut self, fact: Fact, lits: &[Lit], engine: &mut Engine) {
        let fact = self.facts.push(fact);
        engine.add(lits, u32::try_from(fact.index()).unwrap_or(DEFINITION));
    }

    /// Makes the choice that something is wanted; it holds where its variable is assumed.
    pub(crate) fn require(
        &mut self,
        requirement: Requirement,
        among: Among,
        engine: &mut Engine,
    ) -> ChoiceId {
        let universe = self.universe;
        let standing = |id: &PackageId| {
            let package = universe.package(*id);
            (package.priority, package.importance)
        };
        let classes = match among {
            Among::Ordered => (0..requirement.one_of.len()).collect(),
            Among::Providers => classes(requirement.one_of.iter().map(standing), |_| true),
        };
        let choice = self.open_choice(&requirement.one_of, &classes, engine);
        let lits = self.choice_clause(choice);
        self.state(Fact::Requirement(requirement), &lits, engine);
        choice
    }

    /// Makes the relations of a chosen package clauses, the first time.
    pub(crate) fn expand(&mut self, var: Var, engine: &mut Engine) {
        let Subject::Package(package) = self.subject(var) else {
            return;
        };
        if std::mem::replace(&mut self.expanded[var], true) {
            return;
        }
        self.keep_apart(package, engine);
        for field in [Field::Conflicts, Field::Breaks] {
            for group in self.universe.related(package, field) {
                self.conflict(package, *group, field, engine);
            }
        }
        for field in [Field::PreDepends, Field::Depends] {
            for group in self.universe.related(package, field) {
                self.need(package, *group, field, engine);
            }
        }
    }

    fn need(&mut self, package: PackageId, group: GroupId, field: Field, engine: &mut Engine) {
        if self.present.is_left_alone(package) {
            let context = RelationContext::Need(self.universe.package(package).architecture);
            if !self.universe.is_met_among(group, context, &self.present.all) {
                return;
            }
        }
        let no = self.var(package, engine).no();
        let fact = Fact::Needs {
            package,
            group,
            field,
        };
        match self.met_by(package, group, engine) {
            Met::Nothing => self.state(fact, &[no], engine),
            // What meets its own need asks for nothing.
            Met::By(other) if other == package => {}
            Met::By(other) => {
                let yes = self.var(other, engine).yes();
                self.state(fact, &[yes, no], engine);
            }
            Met::Choice(choice) => {
                let yes = self.choice(choice).var.yes();
                self.state(fact, &[yes, no], engine);
            }
        }
    }

    /// Returns what meets a recommendation of a package, the preferred one first.
    pub(crate) fn recommended(
        &mut self,
        package: PackageId,
        group: GroupId,
        engine: &mut Engine,
    ) -> Vec<Candidate> {
        let context = RelationContext::Need(self.universe.package(package).architecture);
        let (packages, classes) = told_apart(&self.universe.standing(group, context));
        self.candidates(&packages, &classes, engine)
    }

    fn candidates(
        &mut self,
        packages: &[PackageId],
        classes: &[usize],
        engine: &mut Engine,
    ) -> Vec<Candidate> {
        let candidates = packages.iter().zip(classes);
        candidates
            .map(|(package, class)| Candidate {
                var: self.var(*package, engine),
                class: *class,
            })
            .collect()
    }

    fn met_by(&mut self, package: PackageId, group: GroupId, engine: &mut Engine) -> Met {
        let from = self.universe.package(package).architecture;
        if let Some(met) = self.met.get(&(group, from)) {
            return *met;
        }
        let mut standing = self.universe.standing(group, RelationContext::Need(from));
        standing.retain(|(_, package)| self.exists(*package));
        let (candidates, classes) = told_apart(&standing);
        let met = match *candidates.as_slice() {
            [] => Met::Nothing,
            [only] => Met::By(only),
            _ => {
                let choice = self.open_choice(&candidates, &classes, engine);
                let lits = self.choice_clause(choice);
                engine.add(&lits, DEFINITION);
                Met::Choice(choice)
            }
        };
        self.met.insert((group, from), met);
        met
    }

    fn open_choice(&mut self, packages: &[PackageId], classes: &[usize], engine: &mut Engine) -> ChoiceId {
        let candidates = self.candidates(packages, classes, engine);
        let mut names: Vec<NameId> = packages
            .iter()
            .map(|id| self.universe.package(*id).name)
            .collect();
        names.sort_unstable();
        names.dedup();
        let choice = ChoiceId::new(self.choices.len());
        let var = self.variable(Subject::Choice(choice), engine);
        self.choices.push(Choice {
            var,
            candidates,
            names: names.len(),
        })
    }

    /// Returns: where there is the choice, one of its candidates is installed.
    fn choice_clause(&self, choice: ChoiceId) -> Vec<Lit> {
        let choice = self.choice(choice);
        let yes = choice.candidates.iter().map(|candidate| candidate.var.yes());
        yes.chain([choice.var.no()]).collect()
    }

    fn conflict(&mut self, package: PackageId, group: GroupId, field: Field, engine: &mut Engine) {
        let universe = self.universe;
        let no = self.var(package, engine).no();
        for other in universe.conflicting(package, group) {
            if !self.exists(other) || self.present.are_left_together(package, other) {
                continue;
            }
            let fact = Fact::Conflicts {
                package,
                group,
                field,
                other,
            };
            let other_no = self.var(other, engine).no();
            self.state(fact, &[no, other_no], engine);
        }
    }

    /// Says that other versions of a package are not installed beside it.
    fn keep_apart(&mut self, package: PackageId, engine: &mut Engine) {
        let universe = self.universe;
        let name = universe.package(package).name;
        let siblings = universe.named(name);
        if siblings.len() > MOST_PAIRS && universe.has_one_architecture(siblings) {
            return self.ladder(name, engine);
        }
        let present = &self.present;
        let alone = |other: &PackageId| {
            let is_left = universe.machine(package) != universe.machine(*other)
                && present.are_left_together(package, *other);
            *other != package && !is_left && !universe.co_installable(package, *other)
        };
        let others: Vec<PackageId> = siblings.iter().copied().filter(alone).collect();
        let no = self.var(package, engine).no();
        for other in others {
            // The one that is chosen second finds the first.
            if let Some(other) = self.vars[other] {
                self.state(Fact::OneVersion(name), &[no, other.no()], engine);
            }
        }
    }

    /// Keeps many versions apart with few clauses: each step says that a package before it is installed, so none after
    /// it can be.
    fn ladder(&mut self, name: NameId, engine: &mut Engine) {
        if !self.ladders.insert(name) {
            return;
        }
        let universe = self.universe;
        let mut below: Option<Var> = None;
        for package in universe.named(name) {
            let var = self.var(*package, engine);
            let step = self.variable(Subject::Step, engine);
            self.state(Fact::OneVersion(name), &[step.yes(), var.no()], engine);
            if let Some(below) = below {
                self.state(Fact::OneVersion(name), &[step.yes(), below.no()], engine);
                self.state(Fact::OneVersion(name), &[below.no(), var.no()], engine);
            }
            below = Some(step);
        }
    }
}

/// How the packages that something is wanted of are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// By their order.
    Ordered,
    /// Providers of one name: by how important the archive says they are, and by weight.
    Providers,
}

/// Returns packages, and the class of each.
fn told_apart(standing: &[(Standing, PackageId)]) -> (Vec<PackageId>, Vec<usize>) {
    let packages = standing.iter().map(|(_, package)| *package).collect();
    let standing = standing.iter().map(|(standing, _)| *standing);
    (packages, classes(standing, |standing| standing.is_provider))
}

/// Puts neighbours of one standing into one class, where they are weighed; each other one is a class of its own.
fn classes<S: PartialEq>(standing: impl Iterator<Item = S>, is_weighed: impl Fn(&S) -> bool) -> Vec<usize> {
    let mut class = 0;
    let mut before: Option<S> = None;
    let classes = standing.map(|standing| {
        if before.as_ref() != Some(&standing) || !is_weighed(&standing) {
            class += 1;
        }
        before = Some(standing);
        class
    });
    classes.collect()
}
