//! A package as JSON: the one shape that every program of the archive gives out.

use debian_control::digest::Sha256;
use debian_control::limits::Limits;
use debian_control::package::{BinaryPackage, ControlError};
use debian_control::relation::{Relation, RelationKind};
use debian_control::release::format_iso;
use serde::Serialize;

use archive_catalog::Entry;
use archive_catalog::listing::{Extras, Tag};

/// A package. Missing values are null.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Package))]
pub struct PackageView {
    /// Opaque; one for each content.
    pub id: String,
    /// `Package`.
    pub name: String,
    /// `Version`.
    pub version: String,
    /// The full text.
    pub description: Option<String>,
    /// `Maintainer`.
    pub maintainer: Option<String>,
    /// `Architecture`.
    pub architecture: String,
    /// Bytes of the .deb.
    pub size: u64,
    /// SHA-256 of the .deb, in hex.
    pub checksum: String,
    /// When it was first taken.
    pub created_at: String,
    /// When what is known of it last changed.
    pub updated_at: String,
    /// Whose upload brought it.
    pub author: Option<String>,
    /// Its relations, one a group.
    pub dependencies: Vec<DependencyView>,
    /// Words that maintainers gave it.
    pub tags: Vec<TagView>,
    /// Its source package.
    pub source: String,
    /// `Section`, as its suites have it.
    pub section: Option<String>,
    /// `Priority`, as its suites have it.
    pub priority: Option<String>,
    /// `Installed-Size`, in KiB.
    pub installed_size: Option<u64>,
    /// `Homepage`.
    pub homepage: Option<String>,
    /// `Multi-Arch`.
    pub multi_arch: Option<String>,
    /// Its path below the archive root.
    pub filename: String,
    /// The suites and components that it is in.
    pub suites: Vec<PlaceView>,
    /// How often it was fetched.
    pub downloads: u64,
}

/// One group of a relation field.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Dependency))]
pub struct DependencyView {
    /// The preferred package.
    pub name: String,
    /// Which versions, as `>=2.28`; null: any.
    pub version: Option<String>,
    /// The field, as `REQUIRES`.
    pub dependency_type: &'static str,
    /// The others of the group.
    pub alternatives: Vec<AlternativeView>,
}

/// A further package of a group.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Alternative))]
pub struct AlternativeView {
    /// The package.
    pub name: String,
    /// Which versions; null: any.
    pub version: Option<String>,
}

/// A tag of a package.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Tag))]
pub struct TagView {
    /// The word.
    pub name: String,
    /// Its colour, as `#007bff`.
    pub color: String,
}

/// A suite and component that a package is in.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SuiteComponent))]
pub struct PlaceView {
    /// Codename.
    pub suite: String,
    /// Component.
    pub component: String,
}

/// How many hex digits of the digest make an id: 128 bits.
const ID_LENGTH: usize = 32;

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

impl PackageView {
    /// Returns the package of an entry.
    ///
    /// # Errors
    /// When the catalog holds a control stanza that this version refuses.
    pub fn new(entry: &Entry, extras: &Extras) -> Result<Self, ControlError> {
        let content = &entry.content;
        let package = BinaryPackage::parse(content.control.as_bytes(), &Limits::default())?;
        let digest = content.sha256.to_string();
        let owned = |value: Option<&str>| value.map(str::to_owned);
        Ok(Self {
            id: id(&content.sha256),
            name: content.name.to_string(),
            version: content.version.to_string(),
            description: package.description(),
            maintainer: owned(package.maintainer()),
            architecture: content.architecture.to_string(),
            size: content.size,
            checksum: digest,
            created_at: format_iso(extras.created_at),
            updated_at: format_iso(extras.updated_at.unwrap_or(extras.created_at)),
            author: extras.authors.first().map(|(_, author)| author.clone()),
            dependencies: dependencies(&package),
            tags: extras.tags.iter().map(tag).collect(),
            source: content.source.to_string(),
            section: extras.section.clone().or(owned(package.section())),
            priority: extras.priority.clone().or(owned(package.priority())),
            installed_size: package.installed_size(),
            homepage: owned(package.homepage()),
            multi_arch: owned(package.multi_arch()),
            filename: entry.filename.clone(),
            suites: entry
                .suites
                .iter()
                .map(|(suite, component)| PlaceView {
                    suite: suite.to_string(),
                    component: component.to_string(),
                })
                .collect(),
            downloads: extras.downloads,
        })
    }
}

/// Returns the id of a content: the first half of its digest.
pub fn id(sha256: &Sha256) -> String {
    sha256.to_string().chars().take(ID_LENGTH).collect()
}

fn tag(tag: &Tag) -> TagView {
    TagView {
        name: tag.name.clone(),
        color: tag.color.clone(),
    }
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
