//! Building a universe from stanzas.

use std::collections::HashMap;
use std::str::FromStr;

use debian_formats::architecture::Architecture;
use debian_formats::name::is_known_to_dpkg;
use debian_formats::stanza::Stanza;
use debian_formats::terminal::escaped;
use debian_formats::version::Version;

use super::fields::Fields;
use super::intern::Lookup;
use super::relations::{Alternative, Known};
use super::{
    ArchitectureId, FIELDS, GroupId, MultiArch, Name, NameId, Package, PackageId, UniverseError, VersionId,
};
use crate::table::{Span, Table};

/// Where packages come from, as far as that decides between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// How much it is preferred, as apt's pins have it: 500 for a source, 100 for one that is `NotAutomatic` with
    /// `ButAutomaticUpgrades` and for what is only installed, 1 for `NotAutomatic`; below 0 is never taken.
    ///
    /// Source: apt_preferences(5).
    pub priority: i32,
}

impl Default for Source {
    fn default() -> Self {
        Self { priority: 500 }
    }
}

/// Makes a [`Universe`].
///
/// ```
/// use debian_formats::stanza::StanzaReader;
/// use resolver::universe::{Source, UniverseBuilder};
///
/// let index = "Package: hello\nVersion: 2.10-3\nArchitecture: amd64\nDepends: libc6 (>= 2.34)\n";
/// let mut builder = UniverseBuilder::new(&"amd64".parse()?, &[]);
/// for stanza in StanzaReader::new(index) {
///     builder.add(&stanza?, Source::default())?;
/// }
/// let universe = builder.finish();
/// assert_eq!(universe.version(universe.versions_of("hello")[0]), "2.10-3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UniverseBuilder {
    pub(super) text: String,
    pub(super) names: Table<NameId, Name>,
    pub(super) by_text: Lookup<NameId>,
    pub(super) versions: Table<VersionId, Span>,
    pub(super) parsed: Table<VersionId, Version>,
    by_version: Lookup<VersionId>,
    pub(super) architectures: Table<ArchitectureId, Span>,
    /// How many of the first architectures packages may have; others are only mentioned.
    usable: usize,
    pub(super) packages: Table<PackageId, Package>,
    by_identity: HashMap<(NameId, VersionId, ArchitectureId), PackageId>,
    pub(super) groups: Table<GroupId, Span>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) related: Vec<GroupId>,
    pub(super) known: Known,
}

/// Far more than any archive has, and few enough for every number to fit in 32 bits.
const MOST_PACKAGES: usize = 1 << 24;
/// Bytes of text: names, versions and relations, each counted once.
const MOST_TEXT: usize = 1 << 31;

impl UniverseBuilder {
    /// Begins one for a machine of an architecture, which can run others besides.
    pub fn new(native: &Architecture, foreign: &[Architecture]) -> Self {
        let mut builder = Self {
            text: String::new(),
            names: Table::new(),
            by_text: Lookup::new(),
            versions: Table::new(),
            parsed: Table::new(),
            by_version: Lookup::new(),
            architectures: Table::new(),
            usable: 0,
            packages: Table::new(),
            by_identity: HashMap::new(),
            groups: Table::new(),
            alternatives: Vec::new(),
            related: Vec::new(),
            known: Known::new(),
        };
        // In the order of their numbers: `all`, the native one, foreign ones.
        builder.architecture("all");
        builder.architecture(native.as_str());
        for architecture in foreign {
            builder.architecture(architecture.as_str());
        }
        builder.usable = builder.architectures.len();
        builder
    }

    /// Adds a package; `None` for one of an architecture that the machine does not run.
    ///
    /// A package that is there already (name, version text and architecture) is not added again: it stays as it was,
    /// with the higher priority of the two.
    ///
    /// # Errors
    /// When `Package`, `Version` or `Architecture` is missing, or a field that is read has no right value.
    pub fn add(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<Option<PackageId>, UniverseError> {
        let fields = Fields::of(stanza);
        let name = name(fields.package)?;
        let version: Version = parsed("Version", fields.version)?;
        let architecture: Architecture = parsed("Architecture", fields.architecture)?;
        let Some(architecture) = self.usable(&architecture) else {
            return Ok(None);
        };
        if self.packages.len() >= MOST_PACKAGES
            || self.text.len() >= MOST_TEXT
            || self.related.len() >= MOST_TEXT
        {
            return Err(UniverseError::TooMany(MOST_PACKAGES));
        }
        let name = self.name(name);
        let version = self.version(version);
        let identity = (name, version, architecture);
        if let Some(known) = self.by_identity.get(&identity).copied() {
            let package = &mut self.packages[known];
            package.priority = package.priority.max(source.priority);
            return Ok(Some(known));
        }
        let package = self.push(&fields, identity, source)?;
        self.by_identity.insert(identity, package);
        Ok(Some(package))
    }

    /// Adds a package whatever its name looks like, and as one of its own even where another has its name, version and
    /// architecture. It may be of any architecture.
    ///
    /// # Errors
    /// As [`add`](Self::add), but for the rules of names.
    pub fn add_apart(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<PackageId, UniverseError> {
        let fields = Fields::of(stanza);
        let name = match fields.package {
            "" => return Err(UniverseError::Missing("Package")),
            name => self.name(name),
        };
        let version: Version = parsed("Version", fields.version)?;
        let architecture: Architecture = parsed("Architecture", fields.architecture)?;
        if self.packages.len() >= MOST_PACKAGES
            || self.text.len() >= MOST_TEXT
            || self.related.len() >= MOST_TEXT
        {
            return Err(UniverseError::TooMany(MOST_PACKAGES));
        }
        let version = self.version(version);
        let architecture = self.architecture(architecture.as_str());
        self.push(&fields, (name, version, architecture), source)
    }

    fn push(
        &mut self,
        fields: &Fields<'_>,
        (name, version, architecture): (NameId, VersionId, ArchitectureId),
        source: Source,
    ) -> Result<PackageId, UniverseError> {
        let relations = self.relations(fields)?;
        Ok(self.packages.push(Package {
            name,
            version,
            architecture,
            multi_arch: multi_arch(fields.multi_arch)?,
            essential: fields.essential == "yes",
            protected: fields.protected == "yes" || fields.important == "yes",
            priority: source.priority,
            importance: importance(fields.priority),
            size: fields.size.parse().unwrap_or(0),
            relations,
        }))
    }

    fn usable(&self, architecture: &Architecture) -> Option<ArchitectureId> {
        let mut usable = self.architectures.ids().take(self.usable);
        usable.find(|id| self.architectures[*id].text(&self.text) == architecture.as_str())
    }

    fn relations(&mut self, fields: &Fields<'_>) -> Result<[Span; FIELDS], UniverseError> {
        let mut spans = [Span::default(); FIELDS];
        for (span, (field, value)) in spans.iter_mut().zip(fields.relations()) {
            let groups = self.relate(fields.package, field, value)?;
            *span = Span::push(&mut self.related, groups);
        }
        Ok(spans)
    }

    pub(super) fn name(&mut self, text: &str) -> NameId {
        if let Some(id) = self.by_text.find(&self.text, text) {
            return id;
        }
        let span = self.push_text(text);
        let id = self.names.push(Name {
            text: span,
            ..Name::default()
        });
        self.by_text.insert(text, span, id);
        id
    }

    pub(super) fn version(&mut self, version: Version) -> VersionId {
        if let Some(id) = self.by_version.find(&self.text, version.as_str()) {
            return id;
        }
        let span = self.push_text(version.as_str());
        let id = self.versions.push(span);
        self.by_version.insert(version.as_str(), span, id);
        self.parsed.push(version);
        id
    }

    pub(super) fn architecture(&mut self, text: &str) -> ArchitectureId {
        let known = self
            .architectures
            .ids()
            .find(|id| self.architectures[*id].text(&self.text) == text);
        known.unwrap_or_else(|| {
            let span = self.push_text(text);
            self.architectures.push(span)
        })
    }

    pub(super) fn push_text(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::between(start, self.text.len())
    }
}

fn name(value: &str) -> Result<&str, UniverseError> {
    match value {
        "" => Err(UniverseError::Missing("Package")),
        name if is_known_to_dpkg(name) => Ok(name),
        other => Err(UniverseError::Value {
            field: "Package",
            wrong: format!("`{}` is no name of a package", escaped(other)),
        }),
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(field: &'static str, value: &str) -> Result<T, UniverseError> {
    if value.is_empty() {
        return Err(UniverseError::Missing(field));
    }
    value.parse().map_err(|error: T::Err| UniverseError::Value {
        field,
        wrong: error.to_string(),
    })
}

fn multi_arch(value: &str) -> Result<MultiArch, UniverseError> {
    match value {
        "" | "no" => Ok(MultiArch::No),
        "same" => Ok(MultiArch::Same),
        "foreign" => Ok(MultiArch::Foreign),
        "allowed" => Ok(MultiArch::Allowed),
        _ => Err(UniverseError::Value {
            field: "Multi-Arch",
            wrong: "expected `no`, `same`, `foreign` or `allowed`".to_owned(),
        }),
    }
}

/// Orders the values of `Priority`. Source: Debian Policy 2.5.
fn importance(value: &str) -> u8 {
    match value {
        "required" => 0,
        "important" => 1,
        "standard" => 2,
        "optional" => 3,
        _ => 4,
    }
}
