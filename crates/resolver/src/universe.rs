//! The packages there are, in the form the solver wants them: every name, version and relation stands there once and is
//! spoken of by number.
//!
//! Made by a [`UniverseBuilder`] from the stanzas of indexes, and of what is installed. It is flat: vectors of small
//! values that point into each other by number, which a program can write to a file and map again.

mod alternative;
mod build;
mod bytes;
mod candidates;
mod error;
mod fields;
mod index;
mod intern;
mod matching;
mod relation_lookup;
mod relations;
mod resume;

use std::cmp::Ordering;
use std::sync::OnceLock;

use crate::index_vec::{Id, IndexVec, Span, id};

pub(crate) use alternative::{Alternative, Qualifier};
pub use build::{Source, UniverseBuilder};
pub use error::{UniverseBytesError, UniverseError};
pub(crate) use matching::{RelationContext, Standing};

id! {
    /// A package of a [`Universe`]: one version for one architecture.
    pub PackageId
}

id! {
    /// A name that a package has, provides or means.
    pub(crate) NameId
}

id! {
    /// The text of a version.
    pub(crate) VersionId
}

id! {
    /// An architecture.
    pub(crate) ArchitectureId
}

id! {
    /// A need, and everything that meets it; or one package that is conflicted with, or provided.
    pub(crate) GroupId
}

impl PackageId {
    /// Returns how many packages were added before this one.
    pub fn index(self) -> usize {
        Id::index(self)
    }

    /// Returns the package before which so many were added; `None` where there are not so many.
    pub fn from_index(index: usize, universe: &Universe) -> Option<Self> {
        (index < universe.len()).then(|| Id::new(index))
    }
}

impl ArchitectureId {
    /// `all`, which every universe knows.
    pub(crate) const ALL: Self = Self(0);
    /// The architecture of the machine.
    pub(crate) const NATIVE: Self = Self(1);
}

/// `Multi-Arch`. Source: Debian's Multiarch specification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MultiArch {
    /// One architecture at a time, for needs of that architecture.
    #[default]
    No,
    /// Several architectures beside each other, in one version.
    Same,
    /// It meets needs of every architecture.
    Foreign,
    /// It meets needs of every architecture that say `:any`.
    Allowed,
}

/// Relations that the solver looks at, by the fields they stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    PreDepends,
    Depends,
    Recommends,
    Conflicts,
    Breaks,
    Provides,
}

/// How many kinds of [`Field`] there are.
const FIELDS: usize = 6;

/// What is known of a package.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: NameId,
    pub(crate) version: VersionId,
    pub(crate) architecture: ArchitectureId,
    pub(crate) multi_arch: MultiArch,
    pub(crate) essential: bool,
    pub(crate) protected: bool,
    /// How much its source is preferred, as apt's pins say it.
    pub(crate) priority: i32,
    /// How important the archive says it is: 0 for `required`.
    pub(crate) importance: u8,
    /// Bytes to download.
    pub(crate) size: u64,
    relations: [Span; FIELDS],
}

/// A package that provides a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Provider {
    pub(crate) package: PackageId,
    pub(crate) version: Option<VersionId>,
    pub(crate) qualifier: Qualifier,
}

/// What is known of a name.
#[derive(Debug, Clone, Copy, Default)]
struct Name {
    text: Span,
    packages: Span,
    providers: Span,
}

/// The packages there are.
pub struct Universe {
    text: String,
    names: IndexVec<NameId, Name>,
    /// All names in the order of their texts.
    by_text: Vec<NameId>,
    versions: IndexVec<VersionId, Span>,
    /// Where each version stands in the order of all of them; equal ones have one rank.
    ranks: IndexVec<VersionId, u32>,
    architectures: IndexVec<ArchitectureId, Span>,
    packages: IndexVec<PackageId, Package>,
    groups: IndexVec<GroupId, Span>,
    alternatives: Vec<Alternative>,
    /// The relations of all packages.
    related: Vec<GroupId>,
    /// The packages of each name, best first.
    named: Vec<PackageId>,
    /// The providers of each name, best first.
    providers: Vec<Provider>,
    /// How often packages need or recommend each name, each version for itself; counted when it is first asked.
    wanted: OnceLock<IndexVec<NameId, u32>>,
}

impl Universe {
    /// Returns how many packages there are.
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Says whether there is no package.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets packages not count as essential or protected any more: all of them where they are installed beside a system, which none of them
    /// holds up, or those that somebody wants to be rid of by name.
    pub fn forget_essential(&mut self, packages: impl IntoIterator<Item = PackageId>) {
        for package in packages {
            self.packages[package].essential = false;
            self.packages[package].protected = false;
        }
    }

    /// Gives packages other priorities, where `priority` says so, and orders the packages of each name by them.
    pub fn set_priorities(&mut self, priority: impl Fn(&Self, PackageId) -> Option<i32>) {
        let found: Vec<Option<i32>> = self.packages.ids().map(|id| priority(self, id)).collect();
        for (package, found) in self.packages.ids().zip(found) {
            if let Some(found) = found {
                self.packages[package].priority = found;
            }
        }
        self.order_packages();
        self.order_providers();
    }

    /// Returns all packages, in the order in which they were added.
    pub fn packages(&self) -> impl DoubleEndedIterator<Item = PackageId> + use<> {
        self.packages.ids()
    }

    /// Returns the packages of a name: by the preference of their source, the newest version first.
    pub fn versions_of(&self, name: &str) -> &[PackageId] {
        self.name_of(name).map_or(&[], |name| self.named(name))
    }

    /// Returns the packages that provide a name, in the order of preference.
    pub fn providers_of(&self, name: &str) -> impl Iterator<Item = PackageId> {
        let providers = self.name_of(name).map_or(&[][..], |name| self.providers(name));
        providers.iter().map(|provider| provider.package)
    }

    /// Returns the name of a package.
    pub fn name(&self, package: PackageId) -> &str {
        self.name_text(self.packages[package].name)
    }

    /// Returns the version of a package.
    pub fn version(&self, package: PackageId) -> &str {
        self.version_text(self.packages[package].version)
    }

    /// Compares the versions of two packages as dpkg does, also those that only what is installed may have.
    pub fn compare_versions(&self, left: PackageId, right: PackageId) -> Ordering {
        let [left, right] = [left, right].map(|package| self.ranks[self.packages[package].version]);
        left.cmp(&right)
    }

    /// Returns the architecture of a package.
    pub fn architecture(&self, package: PackageId) -> &str {
        self.architecture_text(self.packages[package].architecture)
    }

    /// Returns the bytes to download for a package; 0 where its stanza does not say.
    pub fn size(&self, package: PackageId) -> u64 {
        self.packages[package].size
    }

    /// Returns how much the source of a package is preferred.
    pub fn priority(&self, package: PackageId) -> i32 {
        self.packages[package].priority
    }

    /// Says whether a package is essential. Source: Debian Policy 3.8.
    pub fn is_essential(&self, package: PackageId) -> bool {
        self.packages[package].essential
    }

    /// Says whether a package may not be removed by the way: it is essential, protected or important.
    pub fn is_protected(&self, package: PackageId) -> bool {
        self.packages[package].protected || self.is_essential(package)
    }

    /// Returns `Multi-Arch` of a package.
    pub fn multi_arch(&self, package: PackageId) -> MultiArch {
        self.packages[package].multi_arch
    }

    /// Returns for each name that an essential package has the essential packages of it, best first.
    pub(crate) fn essentials(&self) -> Vec<Vec<PackageId>> {
        let essential = |name| {
            let packages = self.named(name).iter().copied();
            packages
                .filter(|package| self.is_essential(*package))
                .collect::<Vec<_>>()
        };
        let sets = self.names.ids().map(essential);
        sets.filter(|packages| !packages.is_empty()).collect()
    }

    pub(crate) fn package(&self, package: PackageId) -> &Package {
        &self.packages[package]
    }

    pub(crate) fn name_of(&self, text: &str) -> Option<NameId> {
        let place = self
            .by_text
            .binary_search_by(|id| self.name_text(*id).cmp(text))
            .ok()?;
        self.by_text.get(place).copied()
    }

    pub(crate) fn named(&self, name: NameId) -> &[PackageId] {
        self.names[name].packages.of(&self.named)
    }

    pub(crate) fn providers(&self, name: NameId) -> &[Provider] {
        self.names[name].providers.of(&self.providers)
    }

    pub(crate) fn group(&self, group: GroupId) -> &[Alternative] {
        self.groups[group].of(&self.alternatives)
    }

    /// Returns the relations of a package in one field.
    pub(crate) fn related(&self, package: PackageId, field: Field) -> &[GroupId] {
        let spans = &self.packages[package].relations;
        spans
            .get(field as usize)
            .map_or(&[], |span| span.of(&self.related))
    }

    /// Returns how often packages need or recommend a name, by itself or as one of several alternatives.
    pub(crate) fn wanted_by(&self, name: NameId) -> u32 {
        let wanted = self.wanted.get_or_init(|| {
            let mut wanted = IndexVec::filled(self.names.len(), 0);
            for package in self.packages() {
                let fields = [Field::PreDepends, Field::Depends, Field::Recommends];
                let groups = fields.into_iter().flat_map(|field| self.related(package, field));
                for alternative in groups.flat_map(|group| self.group(*group)) {
                    wanted[alternative.name] += 1;
                }
            }
            wanted
        });
        wanted[name]
    }

    pub(crate) fn rank(&self, version: VersionId) -> u32 {
        self.ranks[version]
    }

    pub(crate) fn name_text(&self, name: NameId) -> &str {
        self.names[name].text.text(&self.text)
    }

    pub(crate) fn version_text(&self, version: VersionId) -> &str {
        self.versions[version].text(&self.text)
    }

    pub(crate) fn architecture_text(&self, architecture: ArchitectureId) -> &str {
        self.architectures[architecture].text(&self.text)
    }

    /// Returns an architecture by its name, where the universe knows it.
    pub(crate) fn architecture_of(&self, text: &str) -> Option<ArchitectureId> {
        self.architectures
            .ids()
            .find(|id| self.architecture_text(*id) == text)
    }
}
