//! What `resolvo`, a solver made for other packages, finds out from the same stanzas.
//!
//! Relations are read here once more, and each is given to the solver as the packages that it means: names that are only provided
//! never reach it. One architecture, and `all`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;

use debian_control::relation::{Alternatives, ArchQualifier, Relation, RelationKind, Relations};
use debian_control::stanza::{Stanza, StanzaReader};
use debian_control::version::Version;
use resolvo::{
    Candidates, Condition, ConditionId, Dependencies, DependencyProvider, Interner, KnownDependencies,
    NameId, Problem, Requirement, SolvableId, Solver, SolverCache, StringId, VersionSetId, VersionSetUnionId,
};

struct Package {
    name: String,
    version: Version,
    is_essential: bool,
    /// Whether it is `Multi-Arch: allowed`.
    is_allowed: bool,
    needs: Vec<Alternatives>,
    enemies: Vec<Relation>,
    provides: Vec<Relation>,
}

/// An index as the other engine has it.
pub(super) struct Other {
    packages: Vec<Package>,
    /// The packages of each name, and which name each package has.
    names: Vec<Vec<u32>>,
    name_of: Vec<u32>,
    /// Packages of one name each.
    sets: Vec<(u32, Vec<u32>)>,
    unions: Vec<Vec<VersionSetId>>,
    dependencies: Vec<KnownDependencies>,
    /// What everything is installed together with.
    essential: Vec<Requirement>,
}

impl Other {
    pub(super) fn read(index: &str) -> Self {
        let packages: Vec<Package> = StanzaReader::new(index)
            .map(|stanza| package(&stanza.unwrap()))
            .collect();
        let mut other = Self {
            names: Vec::new(),
            name_of: Vec::new(),
            sets: Vec::new(),
            unions: Vec::new(),
            dependencies: Vec::new(),
            essential: Vec::new(),
            packages,
        };
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut provided: HashMap<String, Vec<u32>> = HashMap::new();
        for (place, package) in other.packages.iter().enumerate() {
            let next = other.names.len() as u32;
            let name = *known.entry(package.name.clone()).or_insert(next);
            if name == next {
                other.names.push(Vec::new());
            }
            other.names[name as usize].push(place as u32);
            other.name_of.push(name);
            for relation in &package.provides {
                let providers = provided.entry(relation.name.as_str().to_owned()).or_default();
                providers.push(place as u32);
            }
        }
        for place in 0..other.packages.len() {
            let dependencies = other.dependencies_of(place, &known, &provided);
            other.dependencies.push(dependencies);
        }
        for name in 0..other.names.len() {
            let is_essential = |place: &u32| other.packages[*place as usize].is_essential;
            let essential: Vec<u32> = other.names[name].iter().copied().filter(is_essential).collect();
            if !essential.is_empty() {
                let one_of = other.one_of(&essential);
                other.essential.push(one_of);
            }
        }
        other
    }

    /// Returns name and version of what cannot be installed together with the Essential set.
    pub(super) fn broken(&mut self) -> BTreeSet<(String, String)> {
        let mut broken = BTreeSet::new();
        for place in 0..self.packages.len() {
            let itself = self.one_of(&[place as u32]);
            let wanted = self.essential.iter().copied().chain([itself]).map(Into::into);
            let problem = Problem::new().requirements(wanted.collect());
            if Solver::new(&*self).solve(problem).is_err() {
                let package = &self.packages[place];
                broken.insert((package.name.clone(), package.version.to_string()));
            }
        }
        broken
    }

    fn dependencies_of(
        &mut self,
        place: usize,
        known: &HashMap<String, u32>,
        provided: &HashMap<String, Vec<u32>>,
    ) -> KnownDependencies {
        let matching = |packages: &[Package], names: &[Vec<u32>], relation: &Relation| -> Vec<u32> {
            let real = known.get(relation.name.as_str());
            let real = real.into_iter().flat_map(|name| names[*name as usize].iter());
            let providers = provided.get(relation.name.as_str()).into_iter().flatten();
            let mut found: Vec<u32> = real
                .chain(providers)
                .copied()
                .filter(|place| means(relation, &packages[*place as usize]))
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let package = &self.packages[place];
        let groups: Vec<Vec<u32>> = package
            .needs
            .iter()
            .map(|need| {
                let usable = |relation: &&Relation| match &relation.qualifier {
                    Some(ArchQualifier::Any) => true,
                    other => is_here(other.as_ref()),
                };
                let each = need.0.iter().filter(usable).flat_map(|relation| {
                    let only_allowed = relation.qualifier == Some(ArchQualifier::Any);
                    let mut found = matching(&self.packages, &self.names, relation);
                    found.retain(|place| !only_allowed || self.packages[*place as usize].is_allowed);
                    found
                });
                each.collect()
            })
            .collect();
        let mut ruled_out: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for enemy in package.enemies.iter().filter(|enemy| match &enemy.qualifier {
            Some(ArchQualifier::Any) => true,
            other => is_here(other.as_ref()),
        }) {
            for place in matching(&self.packages, &self.names, enemy) {
                let name = self.name_of[place as usize];
                if self.packages[place as usize].name != package.name {
                    ruled_out.entry(name).or_default().push(place);
                }
            }
        }
        let requirements = groups.iter().map(|group| self.one_of(group).into()).collect();
        let constrains = ruled_out
            .into_iter()
            .map(|(name, out)| {
                let mut left = self.names[name as usize].clone();
                left.retain(|place| !out.contains(place));
                self.set(name, left)
            })
            .collect();
        KnownDependencies {
            requirements,
            constrains,
        }
    }

    fn set(&mut self, name: u32, packages: Vec<u32>) -> VersionSetId {
        self.sets.push((name, packages));
        VersionSetId(self.sets.len() as u32 - 1)
    }

    /// Returns the requirement that one of some packages is there; of none, one that nothing meets.
    fn one_of(&mut self, packages: &[u32]) -> Requirement {
        let mut by_name: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for place in packages {
            let name = self.name_of[*place as usize];
            by_name.entry(name).or_default().push(*place);
        }
        let mut sets: Vec<VersionSetId> = Vec::new();
        for (name, packages) in by_name {
            sets.push(self.set(name, packages));
        }
        match sets.as_slice() {
            [] => self.set(0, Vec::new()).into(),
            [only] => (*only).into(),
            _ => {
                self.unions.push(sets);
                VersionSetUnionId(self.unions.len() as u32 - 1).into()
            }
        }
    }
}

fn package(stanza: &Stanza<'_>) -> Package {
    let line = |name: &str| stanza.line(name).unwrap_or_default().to_owned();
    let groups = |kind: RelationKind| {
        let text = stanza
            .get(kind.field_name())
            .map(|field| field.value().to_owned());
        Relations::parse(kind, &text.unwrap_or_default()).unwrap().0
    };
    let flat = |kind| groups(kind).into_iter().flat_map(|group| group.0);
    Package {
        name: line("Package"),
        version: line("Version").parse().unwrap(),
        is_essential: line("Essential") == "yes",
        is_allowed: line("Multi-Arch") == "allowed",
        needs: [groups(RelationKind::PreDepends), groups(RelationKind::Depends)].concat(),
        enemies: flat(RelationKind::Conflicts)
            .chain(flat(RelationKind::Breaks))
            .collect(),
        provides: flat(RelationKind::Provides).collect(),
    }
}

/// Says whether a relation means a package, by its own name or one that it provides. Source: Debian Policy 7.1 and 7.5.
fn means(relation: &Relation, package: &Package) -> bool {
    let name = relation.name.as_str();
    let fits = |version: &Version| {
        let constraint = relation.constraint.as_ref();
        constraint.is_none_or(|constraint| constraint.is_met_by(version))
    };
    (package.name == name && fits(&package.version))
        || package
            .provides
            .iter()
            .filter(|provided| provided.name.as_str() == name)
            .any(|provided| match &provided.constraint {
                Some(constraint) => fits(&constraint.version),
                None => relation.constraint.is_none(),
            })
}

fn is_here(qualifier: Option<&ArchQualifier>) -> bool {
    match qualifier {
        Some(ArchQualifier::Architecture(name)) => matches!(name.as_str(), "amd64" | "all"),
        _ => true,
    }
}

fn places(solvables: &[SolvableId]) -> impl Iterator<Item = u32> {
    solvables.iter().map(|solvable| solvable.into_raw())
}

impl Interner for &Other {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl Display + '_ {
        &self.packages[solvable.into_raw() as usize].name
    }

    fn display_name(&self, name: NameId) -> impl Display + '_ {
        name.into_raw()
    }

    fn display_version_set(&self, set: VersionSetId) -> impl Display + '_ {
        set.0
    }

    fn display_string(&self, string: StringId) -> impl Display + '_ {
        string.0
    }

    fn version_set_name(&self, set: VersionSetId) -> NameId {
        NameId::from_raw(self.sets[set.0 as usize].0)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        NameId::from_raw(self.name_of[solvable.into_raw() as usize])
    }

    fn version_sets_in_union(&self, union: VersionSetUnionId) -> impl Iterator<Item = VersionSetId> {
        self.unions[union.0 as usize].iter().copied()
    }

    fn resolve_condition(&self, _: ConditionId) -> Condition {
        unreachable!("no requirement has a condition")
    }
}

impl DependencyProvider for &Other {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        set: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let (_, members) = &self.sets[set.0 as usize];
        let kept = places(candidates).filter(|place| members.contains(place) != inverse);
        kept.map(SolvableId::from_raw).collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates> {
        let packages = self.names[name.into_raw() as usize].iter();
        Some(Candidates {
            candidates: packages.map(|place| SolvableId::from_raw(*place)).collect(),
            ..Candidates::default()
        })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        solvables.sort_by(|left, right| {
            let version = |solvable: &SolvableId| &self.packages[solvable.into_raw() as usize].version;
            version(right).cmp(version(left))
        });
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        Dependencies::Known(self.dependencies[solvable.into_raw() as usize].clone())
    }
}
