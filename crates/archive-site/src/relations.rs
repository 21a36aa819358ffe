//! The relations of a package, each linked to the page of what it means.

use std::collections::HashSet;

use debian_control::relation::{Relation, RelationKind};

use crate::layout::Layout;
use crate::package::{Build, Package};
use crate::paths::package_folder;

/// How many entries of a field are shown.
const SHOWN: usize = 200;

/// The relations that builds of one version share.
#[derive(Debug)]
pub(crate) struct RelationSet {
    /// On which architectures, where there are several sets.
    pub(crate) architectures: String,
    pub(crate) fields: Vec<RelationField>,
}

/// One field.
#[derive(Debug)]
pub(crate) struct RelationField {
    pub(crate) name: &'static str,
    pub(crate) groups: Vec<Vec<RelationLink>>,
    /// How many more there are.
    pub(crate) more: usize,
}

/// One package that a relation means.
#[derive(Debug)]
pub(crate) struct RelationLink {
    pub(crate) name: String,
    /// Where the suite has it.
    pub(crate) href: Option<String>,
    /// Qualifier and version.
    pub(crate) rest: String,
}

/// Returns the relations of the newest version, builds that agree taken together.
pub(crate) fn relations(
    package: &Package,
    layout: &Layout<'_>,
    codename: &str,
    present: &HashSet<String>,
) -> Vec<RelationSet> {
    let version = package.newest().package.version();
    let mut sets: Vec<(&Build, Vec<String>)> = Vec::new();
    for build in package
        .builds
        .iter()
        .filter(|build| build.package.version() == version)
    {
        let architecture = build.package.architecture().to_string();
        match sets.iter_mut().find(|(first, _)| is_alike(first, build)) {
            Some((_, architectures)) => architectures.push(architecture),
            None => sets.push((build, vec![architecture])),
        }
    }
    let set = |(build, architectures): (&Build, Vec<String>)| RelationSet {
        architectures: architectures.join(", "),
        fields: fields(build, layout, codename, present),
    };
    let sets = sets.into_iter().map(set);
    sets.filter(|set| !set.fields.is_empty()).collect()
}

fn is_alike(one: &Build, other: &Build) -> bool {
    RelationKind::ALL
        .into_iter()
        .all(|kind| one.package.relations(kind) == other.package.relations(kind))
}

fn fields(
    build: &Build,
    layout: &Layout<'_>,
    codename: &str,
    present: &HashSet<String>,
) -> Vec<RelationField> {
    let link = |relation: &Relation| {
        let name = relation.name.as_str();
        let is_here = present.contains(name);
        let whole = relation.to_string();
        RelationLink {
            name: name.to_owned(),
            href: is_here.then(|| layout.link(&format!("{}/index.html", package_folder(codename, name)))),
            rest: whole.strip_prefix(name).unwrap_or_default().to_owned(),
        }
    };
    let field = |kind: RelationKind| {
        let groups = &build.package.relations(kind).0;
        let shown = groups.iter().take(SHOWN);
        let field = RelationField {
            name: kind.field_name(),
            groups: shown.map(|group| group.0.iter().map(link).collect()).collect(),
            more: groups.len().saturating_sub(SHOWN),
        };
        (!field.groups.is_empty()).then_some(field)
    };
    RelationKind::ALL.into_iter().filter_map(field).collect()
}
