//! Which packages a relation means. Source: Debian Policy 7.1 and 7.5, Debian's Multiarch specification, dpkg's
//! `archsatisfied` and `versionsatisfied`.

use std::cmp::Reverse;

use super::{
    Alternative, ArchitectureId, Field, GroupId, MultiArch, PackageId, Provider, Qualifier, Universe,
};
use debian_control::relation::Operator;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelationContext {
    /// A package of an architecture that needs something.
    Need(ArchitectureId),
    /// A package that conflicts with something: what does not name an architecture means all of them.
    Conflict,
}

/// Where a package stands among those that meet a group. Providers of one standing are told apart by nothing that anybody
/// wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Standing {
    /// Whether its architecture comes after the machine's and that of who asks: such come after every alternative.
    is_strange: bool,
    alternative: usize,
    /// Whether it has another name and provides this one.
    pub(crate) is_provider: bool,
    /// The architecture, in the order in which the machine has them; the machine's own where the relation names one.
    machine: ArchitectureId,
    priority: Reverse<i32>,
    importance: u8,
}

impl Universe {
    /// Returns the packages that meet a group: the first alternative first, real packages before providers, each in the
    /// order of the universe; those of a foreign architecture after all others, in the order of architectures. None twice; none of a source that is
    /// never taken.
    pub(crate) fn candidates(&self, group: GroupId, context: RelationContext) -> Vec<PackageId> {
        let found = self.standing(group, context).into_iter();
        found.map(|(_, package)| package).collect()
    }

    /// Returns the packages that meet a group as [`candidates`](Self::candidates) has them, each with where it stands.
    pub(crate) fn standing(&self, group: GroupId, context: RelationContext) -> Vec<(Standing, PackageId)> {
        let mut found = Vec::new();
        for (place, alternative) in self.group(group).iter().enumerate() {
            let matching = self.matching(alternative, context);
            let matching = matching.filter(|package| self.packages[*package].priority >= 0);
            found.extend(
                matching.map(|package| (self.standing_of(package, place, alternative, context), package)),
            );
        }
        if found.len() > 1 {
            found.sort_by_key(|(standing, _)| *standing);
            found = each_once(found);
        }
        found
    }

    fn standing_of(
        &self,
        package: PackageId,
        place: usize,
        alternative: &Alternative,
        context: RelationContext,
    ) -> Standing {
        let machine = self.machine(package);
        // Whoever writes an architecture means it.
        let is_named = matches!(alternative.qualifier, Qualifier::Architecture(_));
        let machine = if is_named { ArchitectureId::NATIVE } else { machine };
        let last = match context {
            RelationContext::Need(from) => native(from),
            RelationContext::Conflict => ArchitectureId::NATIVE,
        };
        let package = &self.packages[package];
        Standing {
            is_strange: machine > last,
            alternative: place,
            is_provider: package.name != alternative.name,
            machine,
            priority: Reverse(package.priority),
            importance: if package.name == alternative.name {
                0
            } else {
                package.importance
            },
        }
    }

    /// Returns for each need of a package the first of some packages that meets it, where one does.
    pub fn meeting_needs(&self, package: PackageId, among: &[PackageId]) -> Vec<PackageId> {
        let context = RelationContext::Need(self.packages[package].architecture);
        let needs = [Field::PreDepends, Field::Depends].map(|field| self.related(package, field));
        let groups = needs.into_iter().flatten();
        let met = groups.filter_map(|group| {
            let mut candidates = self.candidates(*group, context).into_iter();
            candidates.find(|candidate| among.contains(candidate))
        });
        met.collect()
    }

    /// Says whether one of some packages meets a group, whatever its source.
    pub(crate) fn is_met_among(
        &self,
        group: GroupId,
        context: RelationContext,
        packages: &std::collections::HashSet<PackageId>,
    ) -> bool {
        let mut matching = self
            .group(group)
            .iter()
            .flat_map(|alternative| self.matching(alternative, context));
        matching.any(|package| packages.contains(&package))
    }

    /// Returns the packages that an alternative means, real ones first.
    pub(crate) fn matching<'a>(
        &'a self,
        alternative: &'a Alternative,
        context: RelationContext,
    ) -> impl Iterator<Item = PackageId> + use<'a> {
        let real = self.named(alternative.name).iter().copied();
        let real = real.filter(move |package| self.is_meant(*package, alternative, context));
        let providers = self.providers(alternative.name).iter();
        let providers = providers.filter(move |provider| self.is_provided(provider, alternative, context));
        real.chain(providers.map(|provider| provider.package))
    }

    /// Says whether an alternative means a package of its own name.
    fn is_meant(&self, package: PackageId, alternative: &Alternative, context: RelationContext) -> bool {
        let fits = self.fits_version(package, alternative);
        let package = &self.packages[package];
        fits && fits_architecture(
            package.architecture,
            package.multi_arch,
            alternative.qualifier,
            context,
        )
    }

    /// Says whether an alternative means the version of a package of its name, whatever its architecture.
    pub(crate) fn fits_version(&self, package: PackageId, alternative: &Alternative) -> bool {
        let version = self.ranks[self.packages[package].version];
        alternative
            .constraint
            .is_none_or(|(operator, wanted)| compare(version, operator, self.ranks[wanted]))
    }

    /// Says whether an alternative means what a package provides.
    ///
    /// What provides `name:any` is meant by `:any` alone, and that whatever its `Multi-Arch` is, as dpkg and apt have it.
    fn is_provided(&self, provider: &Provider, alternative: &Alternative, context: RelationContext) -> bool {
        let package = &self.packages[provider.package];
        let architecture = match provider.qualifier {
            Qualifier::None => package.architecture,
            Qualifier::Architecture(architecture) => architecture,
            Qualifier::Any => {
                let is_meant =
                    alternative.qualifier == Qualifier::Any || context == RelationContext::Conflict;
                return is_meant && self.fits_provided(provider, alternative);
            }
        };
        self.fits_provided(provider, alternative)
            && fits_architecture(architecture, package.multi_arch, alternative.qualifier, context)
    }

    /// Says whether an alternative means the version of what a package provides: with a version only where it provides one.
    pub(crate) fn fits_provided(&self, provider: &Provider, alternative: &Alternative) -> bool {
        match (alternative.constraint, provider.version) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((operator, wanted)), Some(version)) => {
                compare(self.ranks[version], operator, self.ranks[wanted])
            }
        }
    }

    /// Returns the packages that one package conflicts with by a relation: never those of its own name, so that a
    /// package may conflict with what it provides itself. Source: Debian Policy 7.4 and 7.6.2.
    pub(crate) fn conflicting(
        &self,
        package: PackageId,
        group: GroupId,
    ) -> impl Iterator<Item = PackageId> + use<'_> {
        let own = self.packages[package].name;
        let matching = self.group(group).iter();
        let matching = matching.flat_map(|alternative| self.matching(alternative, RelationContext::Conflict));
        matching.filter(move |other| self.packages[*other].name != own)
    }

    /// Returns the architecture that a package counts as: the native one for `all`.
    pub(crate) fn machine(&self, package: PackageId) -> ArchitectureId {
        native(self.packages[package].architecture)
    }

    /// Says whether a package is of an architecture, or for all of them where that is the native one.
    pub fn runs_as(&self, package: PackageId, architecture: &str) -> bool {
        let package = self.packages[package].architecture;
        self.architecture_of(architecture)
            .is_some_and(|wanted| wanted == package || wanted == native(package))
    }

    /// Says whether a person means a package by `name` or `name:architecture`.
    pub(crate) fn is_called(&self, package: PackageId, text: &str) -> bool {
        match text.split_once(':') {
            None => text == self.name(package),
            Some((name, architecture)) => name == self.name(package) && self.runs_as(package, architecture),
        }
    }

    /// Says whether packages are all of one architecture, where those for `all` count as native.
    pub(crate) fn has_one_architecture(&self, packages: &[PackageId]) -> bool {
        let mut architectures = packages.iter().map(|id| native(self.packages[*id].architecture));
        let first = architectures.next();
        architectures.all(|architecture| Some(architecture) == first)
    }

    /// Says whether two packages of one name can be installed beside each other: as `Multi-Arch: same` of two
    /// architectures in one version.
    pub(crate) fn co_installable(&self, left: PackageId, right: PackageId) -> bool {
        let [left, right] = [left, right].map(|id| &self.packages[id]);
        native(left.architecture) != native(right.architecture)
            && left.multi_arch == MultiArch::Same
            && right.multi_arch == MultiArch::Same
            && self.ranks[left.version] == self.ranks[right.version]
    }
}

/// How many packages are few enough to be compared with each other.
const FEW: usize = 32;

/// Leaves the first of each package.
fn each_once(found: Vec<(Standing, PackageId)>) -> Vec<(Standing, PackageId)> {
    let mut once: Vec<(Standing, PackageId)> = Vec::with_capacity(found.len());
    let mut met = std::collections::HashSet::new();
    let is_few = found.len() <= FEW;
    for (standing, package) in found {
        let is_new = match is_few {
            true => !once.iter().any(|(_, known)| *known == package),
            false => met.insert(package),
        };
        if is_new {
            once.push((standing, package));
        }
    }
    once
}

fn compare(version: u32, operator: Operator, wanted: u32) -> bool {
    match operator {
        Operator::Earlier => version < wanted,
        Operator::EarlierOrEqual => version <= wanted,
        Operator::Equal => version == wanted,
        Operator::LaterOrEqual => version >= wanted,
        Operator::Later => version > wanted,
    }
}

fn fits_architecture(
    architecture: ArchitectureId,
    multi_arch: MultiArch,
    qualifier: Qualifier,
    context: RelationContext,
) -> bool {
    match (qualifier, context) {
        (Qualifier::None, RelationContext::Need(from)) => {
            multi_arch == MultiArch::Foreign || native(architecture) == native(from)
        }
        (Qualifier::Any, RelationContext::Need(_)) => multi_arch == MultiArch::Allowed,
        (Qualifier::None | Qualifier::Any, RelationContext::Conflict) => true,
        (Qualifier::Architecture(wanted), _) => native(architecture) == native(wanted),
    }
}

/// Packages for `all` architectures count as native ones.
pub(super) fn native(architecture: ArchitectureId) -> ArchitectureId {
    if architecture == ArchitectureId::ALL {
        ArchitectureId::NATIVE
    } else {
        architecture
    }
}
