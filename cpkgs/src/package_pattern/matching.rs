//! Which packages a pattern is for.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};

use resolver::broken::broken;
use resolver::request::Mark;
use resolver::universe::PackageId;

use super::{PackagePattern, Property, Text};
use crate::candidate;
use crate::machine;
use crate::preferences::Pattern;
use crate::resolver_input::{ResolverInput, source_of};
use crate::spec::Named;

/// A package of one architecture, or some of its versions.
struct Versions<'u> {
    name: &'u str,
    /// What it runs as; for packages of `all` the machine's own.
    architecture: &'u str,
    /// Those that are looked at: all, or one of them.
    these: &'u [PackageId],
    /// All that there are, installed or not.
    all: &'u [PackageId],
}

/// What is found out once, when a pattern first wants to know it.
struct Matching<'i, 'l> {
    input: &'i ResolverInput<'l>,
    garbage: OnceCell<HashSet<PackageId>>,
    broken: OnceCell<HashSet<PackageId>>,
}

impl PackagePattern {
    /// Returns the packages that it matches, by name; those of foreign architectures with their architecture.
    pub fn packages(&self, input: &ResolverInput<'_>) -> Vec<Named> {
        let matching = Matching::new(input);
        let groups = groups(input).into_iter();
        let matched = groups.filter(|((name, architecture), all)| {
            matching.matches(
                self,
                &Versions {
                    name,
                    architecture,
                    these: all,
                    all,
                },
            )
        });
        let named = |((name, architecture), _): ((&str, &str), _)| Named {
            name: name.to_owned(),
            architecture: (architecture != machine::architecture()).then(|| architecture.to_owned()),
            ..Named::default()
        };
        matched.map(named).collect()
    }

    /// Returns the versions that it matches, each looked at by itself: of what is true of an installed package, only the installed
    /// version is one.
    pub fn versions(&self, input: &ResolverInput<'_>) -> HashSet<PackageId> {
        let matching = Matching::new(input);
        let mut found = HashSet::new();
        for ((name, architecture), all) in groups(input) {
            let is_meant = |version: &&PackageId| {
                matching.matches(
                    self,
                    &Versions {
                        name,
                        architecture,
                        these: std::slice::from_ref(*version),
                        all: &all,
                    },
                )
            };
            found.extend(all.iter().filter(is_meant));
        }
        found
    }
}

/// Returns all versions of each package, by name and what it runs as.
fn groups<'u>(input: &'u ResolverInput<'_>) -> BTreeMap<(&'u str, &'u str), Vec<PackageId>> {
    let universe = &input.universe;
    let mut groups: BTreeMap<(&str, &str), Vec<PackageId>> = BTreeMap::new();
    for package in universe.packages() {
        let architecture = candidate::runs_as(universe.architecture(package));
        let key = (universe.name(package), architecture);
        groups.entry(key).or_default().push(package);
    }
    groups
}

impl<'i, 'l> Matching<'i, 'l> {
    fn new(input: &'i ResolverInput<'l>) -> Self {
        Self {
            input,
            garbage: OnceCell::new(),
            broken: OnceCell::new(),
        }
    }

    fn matches(&self, pattern: &PackagePattern, versions: &Versions<'_>) -> bool {
        match pattern {
            PackagePattern::True => true,
            PackagePattern::False => false,
            PackagePattern::Not(one) => !self.matches(one, versions),
            PackagePattern::And(each) => each.iter().all(|one| self.matches(one, versions)),
            PackagePattern::Or(each) => each.iter().any(|one| self.matches(one, versions)),
            PackagePattern::Is(property) => self.is(*property, versions),
            PackagePattern::Has(text, pattern) => self.has(*text, pattern, versions),
        }
    }

    fn is(&self, property: Property, versions: &Versions<'_>) -> bool {
        let universe = &self.input.universe;
        if property == Property::Essential {
            let mut these = versions.these.iter();
            return these.any(|package| universe.is_essential(*package));
        }
        let mut these = versions.these.iter();
        let Some(installed) = these.find_map(|package| self.input.installed_as(*package)) else {
            return false;
        };
        match property {
            Property::Installed | Property::Essential => true,
            Property::Automatic => installed.mark == Mark::Automatic,
            Property::Garbage => self.garbage().contains(&installed.package),
            Property::Broken => self.broken().contains(&installed.package),
            Property::Upgradable => {
                let versions = candidate::Versions::new(versions.all.to_vec(), self.input);
                versions.upgrade(self.input).is_some()
            }
            Property::Obsolete => {
                let library = self.input.library();
                versions
                    .all
                    .iter()
                    .all(|package| library.index(*package).is_none())
            }
        }
    }

    fn has(&self, text: Text, pattern: &Pattern, versions: &Versions<'_>) -> bool {
        match text {
            Text::Name => return pattern.matches(versions.name),
            Text::Architecture => return pattern.matches(versions.architecture),
            _ => {}
        }
        let library = self.input.library();
        versions.these.iter().any(|package| match text {
            Text::Name | Text::Architecture => false,
            Text::Version => pattern.matches(self.input.universe.version(*package)),
            Text::Section => {
                let summary = library.summaries().get(package.index());
                summary.is_some_and(|summary| pattern.matches(summary.section))
            }
            Text::Source => source_of(library, *package).is_some_and(|source| pattern.matches(&source)),
            Text::Archive => library.indexes(*package).any(|index| {
                let suite = index.suite.as_deref();
                suite.is_some_and(|suite| pattern.matches(suite)) || pattern.matches(&index.codename)
            }),
            Text::Origin => library.indexes(*package).any(|index| {
                let origin = index.origin.as_deref();
                origin.is_some_and(|origin| pattern.matches(origin))
            }),
        })
    }

    fn garbage(&self) -> &HashSet<PackageId> {
        self.garbage.get_or_init(|| {
            // What cannot be told is not matched; `autoremove` says why.
            let garbage = self.input.autoremovable(&self.input.installed);
            garbage.unwrap_or_default().into_iter().collect()
        })
    }

    fn broken(&self) -> &HashSet<PackageId> {
        self.broken.get_or_init(|| {
            let broken = broken(&self.input.universe, &self.input.installed);
            broken.into_iter().map(|one| one.package).collect()
        })
    }
}
