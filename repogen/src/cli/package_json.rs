//! A package as JSON: the one shape that every program of the archive prints.

use debian_formats::limits::Limits;
use debian_formats::package::BinaryPackage;
use debian_formats::relation::{Relation, RelationKind};
use debian_formats::release::format_iso;
use repogen::catalog::Entry;
use serde::Serialize;

use super::exit::Failure;

#[derive(Serialize)]
struct PackageView<'a> {
    id: String,
    name: &'a str,
    version: &'a str,
    description: Option<String>,
    maintainer: Option<&'a str>,
    architecture: &'a str,
    size: u64,
    checksum: String,
    created_at: String,
    updated_at: String,
    author: Option<&'a str>,
    dependencies: Vec<DependencyView>,
    tags: Vec<TagView>,
    source: &'a str,
    section: Option<&'a str>,
    priority: Option<&'a str>,
    installed_size: Option<u64>,
    homepage: Option<&'a str>,
    multi_arch: Option<&'a str>,
    filename: &'a str,
    suites: Vec<PlaceView<'a>>,
    downloads: u64,
}

#[derive(Serialize)]
struct DependencyView {
    name: String,
    version: Option<String>,
    dependency_type: &'static str,
    alternatives: Vec<AlternativeView>,
}

#[derive(Serialize)]
struct AlternativeView {
    name: String,
    version: Option<String>,
}

#[derive(Serialize)]
struct TagView {
    name: String,
    color: String,
}

#[derive(Serialize)]
struct PlaceView<'a> {
    suite: &'a str,
    component: &'a str,
}

const DEPENDENCY_TYPES: [(RelationKind, &str); 9] = [
    (RelationKind::Depends, "REQUIRES"),
    (RelationKind::PreDepends, "PRE_REQUIRES"),
    (RelationKind::Recommends, "RECOMMENDS"),
    (RelationKind::Suggests, "SUGGESTS"),
    (RelationKind::Enhances, "ENHANCES"),
    (RelationKind::Conflicts, "CONFLICTS"),
    (RelationKind::Breaks, "BREAKS"),
    (RelationKind::Replaces, "REPLACES"),
    (RelationKind::Provides, "PROVIDES"),
];

/// Returns a package as one line of JSON.
pub(super) fn line(entry: &Entry) -> Result<String, Failure> {
    let content = &entry.content;
    let package =
        BinaryPackage::parse(content.control.as_bytes(), &Limits::default()).map_err(Failure::disk)?;
    let digest = content.sha256.to_string();
    let view = PackageView {
        id: digest.get(..32).unwrap_or(&digest).to_owned(),
        name: content.name.as_str(),
        version: content.version.as_str(),
        description: package.description(),
        maintainer: package.maintainer(),
        architecture: content.architecture.as_str(),
        size: content.size,
        checksum: digest.clone(),
        created_at: format_iso(content.created_at),
        updated_at: format_iso(content.created_at),
        author: content.author.as_deref(),
        dependencies: dependencies(&package),
        tags: Vec::new(),
        source: content.source.as_str(),
        section: package.section(),
        priority: package.priority(),
        installed_size: package.installed_size(),
        homepage: package.homepage(),
        multi_arch: package.multi_arch(),
        filename: &entry.filename,
        suites: entry
            .suites
            .iter()
            .map(|(suite, component)| PlaceView {
                suite: suite.as_str(),
                component: component.as_str(),
            })
            .collect(),
        downloads: 0,
    };
    serde_json::to_string(&view).map_err(Failure::disk)
}

fn dependencies(package: &BinaryPackage) -> Vec<DependencyView> {
    DEPENDENCY_TYPES
        .iter()
        .flat_map(|(kind, dependency_type)| {
            package
                .relations(*kind)
                .0
                .iter()
                .map(move |group| (group, *dependency_type))
        })
        .filter_map(|(group, dependency_type)| {
            let (first, rest) = group.0.split_first()?;
            let first = alternative(first);
            Some(DependencyView {
                name: first.name,
                version: first.version,
                dependency_type,
                alternatives: rest.iter().map(alternative).collect(),
            })
        })
        .collect()
}

fn alternative(relation: &Relation) -> AlternativeView {
    let qualifier = relation
        .qualifier
        .as_ref()
        .map(|qualifier| format!(":{qualifier}"))
        .unwrap_or_default();
    let constraint = relation.constraint.as_ref();
    AlternativeView {
        name: format!("{}{qualifier}", relation.name),
        version: constraint.map(|constraint| format!("{}{}", constraint.operator, constraint.version)),
    }
}
