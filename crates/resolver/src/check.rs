//! Which packages of a universe can be installed, each for itself, together with the Essential set.
//!
//! The Essential set is one essential version of each name that has one. What cannot be installed with it is broken:
//! where the set itself cannot be, everything is.

mod checker;
mod of_suite;
mod uninstallable_set;

use std::cmp::Reverse;
use std::sync::Mutex;
use std::thread;

use crate::explain;
use crate::index_vec::IndexVec;
use crate::message;
use crate::request::Request;
use crate::search::Outcome;
use crate::universe::{PackageId, Universe};
use checker::{Checker, Findings, View};
use of_suite::check_suite;
use uninstallable_set::{Needs, UninstallableSet};

/// A package that cannot be installed, or whose search reached its limit: then that is its only reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub package: PackageId,
    /// Why: the shortest chain of who needs what, each link a sentence.
    pub reasons: Vec<String>,
}

/// Returns which packages of a universe cannot be installed together with its Essential set, in its order.
pub fn check(universe: &Universe) -> Vec<Broken> {
    check_suites(universe, &[])
}

/// Returns the same as [`check`], sooner where the packages are of several suites and it is said of which: those of one suite were made to
/// go together. Two suites are looked at at a time, each in a thread of its own.
pub fn check_suites(universe: &Universe, suites: &[Vec<PackageId>]) -> Vec<Broken> {
    let all: Vec<PackageId> = universe.packages().collect();
    check_by_suites(universe, &all, suites)
}

/// Returns which of some packages cannot be installed together with the Essential set of the universe, in their order.
pub fn check_among(universe: &Universe, packages: &[PackageId]) -> Vec<Broken> {
    check_by_suites(universe, packages, &[])
}

fn check_by_suites(universe: &Universe, packages: &[PackageId], suites: &[Vec<PackageId>]) -> Vec<Broken> {
    let needs = Needs::of(universe);
    let uninstallable = UninstallableSet::new(universe, &needs);
    let reasons_of_all = match Checker::new(universe, View::Everything, &uninstallable).solve_essentials() {
        Outcome::Found => {
            let verdicts = Verdicts::new(universe, uninstallable);
            return verdicts.of_suites(suites, packages).of_rest(packages);
        }
        Outcome::Unsat(facts) => {
            let facts = explain::shortest(universe, facts);
            message::sentences(universe, &Request::default(), &facts)
        }
        Outcome::GivenUp => vec![GIVEN_UP.to_owned()],
    };
    let broken = packages.iter().map(|package| Broken {
        package: *package,
        reasons: reasons_of_all.clone(),
    });
    broken.collect()
}

/// The reason given for a package whose search reached its limit.
const GIVEN_UP: &str = "not known whether it can be installed: the search reached its limit of conflicts";

/// What is known of a package so far, where it is not known that it cannot be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Open,
    Installable,
    /// Its search was given up.
    Unknown,
}

/// How many suites are looked at at a time: the search of one takes some 100 MB.
const THREADS: usize = 2;

/// What is known of all packages so far.
struct Verdicts<'u> {
    universe: &'u Universe,
    of: IndexVec<PackageId, Verdict>,
    uninstallable: UninstallableSet<'u>,
}

impl<'u> Verdicts<'u> {
    fn new(universe: &'u Universe, uninstallable: UninstallableSet<'u>) -> Self {
        Self {
            universe,
            of: IndexVec::filled(universe.len(), Verdict::Open),
            uninstallable,
        }
    }

    /// Finds out about the packages of some suites.
    fn of_suites(mut self, suites: &[Vec<PackageId>], packages: &[PackageId]) -> Self {
        // One suite is all there is, or as good as.
        if suites.len() < 2 {
            return self;
        }
        let mut largest_first: Vec<usize> = (0..suites.len()).collect();
        largest_first.sort_by_key(|place| Reverse(suites.get(*place).map(Vec::len)));
        let waiting = Mutex::new(largest_first.into_iter());
        let work = || {
            let next = || waiting.lock().expect("no search panics").next();
            let mut found: Vec<(usize, Findings)> = Vec::new();
            while let Some((place, suite)) = next().and_then(|place| Some((place, suites.get(place)?))) {
                found.push((
                    place,
                    check_suite(self.universe, suite, packages, &self.uninstallable),
                ));
            }
            found
        };
        let mut findings: Vec<(usize, Findings)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
            let found = threads
                .into_iter()
                .map(|thread| thread.join().expect("no search panics"));
            found.flatten().collect()
        });
        findings.sort_by_key(|(place, _)| *place);
        // Whichever was done first.
        for (_, findings) in findings {
            self.note(findings);
        }
        self
    }

    /// Finds out about what is of no suite and what is not known yet, and returns what is broken.
    fn of_rest(mut self, packages: &[PackageId]) -> Vec<Broken> {
        let open = packages.iter().copied();
        let open: Vec<PackageId> = open
            .filter(|package| self.of[*package] != Verdict::Installable)
            .collect();
        let checker = Checker::new(self.universe, View::Everything, &self.uninstallable);
        let findings = checker.check(&open);
        self.note(findings);
        packages
            .iter()
            .filter_map(|package| self.broken(*package))
            .collect()
    }

    fn note(&mut self, findings: Findings) {
        for package in findings.unknown {
            if self.of[package] == Verdict::Open {
                self.of[package] = Verdict::Unknown;
            }
        }
        for package in findings.installable {
            self.of[package] = Verdict::Installable;
        }
        for (package, facts) in findings.uninstallable {
            self.uninstallable.add(package, facts);
        }
    }

    fn broken(&self, package: PackageId) -> Option<Broken> {
        let reasons = if self.uninstallable.holds(package) {
            self.uninstallable.reasons(package)
        } else if self.of[package] == Verdict::Unknown {
            vec![GIVEN_UP.to_owned()]
        } else {
            return None;
        };
        Some(Broken { package, reasons })
    }
}
