//! Building a universe from stanzas.

use std::str::FromStr;

use debian_control::architecture::Architecture;
use debian_control::name::is_known_to_dpkg;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use debian_control::version::Version;

use super::alternative::Alternative;
use super::candidates::{Candidates, Identity, digest};
use super::fields::{Fields, Standing};
use super::intern::Lookup;
use super::relation_lookup::RelationLookup;
use super::{
    ArchitectureId, FIELDS, GroupId, MultiArch, Name, NameId, Package, PackageId, UniverseError, VersionId,
};
use crate::index_vec::{Id as _, IndexVec, Span};

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

/// Makes a [`Universe`](crate::universe::Universe).
///
/// ```
/// use debian_control::stanza::StanzaReader;
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
    pub(super) names: IndexVec<NameId, Name>,
    pub(super) by_text: Lookup<NameId>,
    pub(super) versions: IndexVec<VersionId, Span>,
    pub(super) parsed: IndexVec<VersionId, Version>,
    pub(super) by_version: Lookup<VersionId>,
    pub(super) architectures: IndexVec<ArchitectureId, Span>,
    /// How many of the first architectures packages may have; others are only mentioned.
    usable: usize,
    pub(super) packages: IndexVec<PackageId, Package>,
    pub(super) candidates: Candidates,
    pub(super) groups: IndexVec<GroupId, Span>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) related: Vec<GroupId>,
    pub(super) known: RelationLookup,
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
            names: IndexVec::new(),
            by_text: Lookup::new(),
            versions: IndexVec::new(),
            parsed: IndexVec::new(),
            by_version: Lookup::new(),
            architectures: IndexVec::new(),
            usable: 0,
            packages: IndexVec::new(),
            candidates: Candidates::default(),
            groups: IndexVec::new(),
            alternatives: Vec::new(),
            related: Vec::new(),
            known: RelationLookup::new(),
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
    /// A package that is there already is not added again: it stays as it was, with the higher priority of the two. Two are the
    /// same when name, version text and architecture are, and their `SHA256`. A stanza without one, as dpkg's status has them,
    /// is the same as one that has the same relations and the same `Multi-Arch`, `Essential` and `Protected`.
    ///
    /// # Errors
    /// When `Package`, `Version` or `Architecture` is missing, or a field that is read has no right value.
    pub fn add(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<Option<PackageId>, UniverseError> {
        let fields = Fields::of(stanza, Standing::Offered);
        let architecture: Architecture = parsed("Architecture", fields.architecture)?;
        match self.usable(&architecture) {
            Some(architecture) => self.add_fields(&fields, architecture, source).map(Some),
            // What is of no use here is still held against the rules.
            None => {
                name(fields.package)?;
                parsed::<Version>("Version", fields.version)?;
                Ok(None)
            }
        }
    }

    /// Adds a package that is installed: it counts whatever its architecture is, also one that is enabled no longer.
    ///
    /// It may have what dpkg keeps though no package may have it any more: a version as [`Version::of_status`] reads it, and no
    /// architecture. Relations that cannot be read are left out.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_installed(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<PackageId, UniverseError> {
        let fields = Fields::of(stanza, Standing::Installed);
        let architecture = self.kept_architecture(&fields);
        self.add_fields(&fields, architecture, source)
    }

    /// Adds what is left of an installed package that has to be unpacked again: it is no other one, however alike.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_damaged(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<PackageId, UniverseError> {
        let fields = Fields::of(stanza, Standing::Installed);
        let architecture = self.kept_architecture(&fields);
        let identity = self.identity(&fields, architecture)?;
        let package = self.package(&fields, identity, source)?;
        let package = self.packages.push(package);
        self.candidates.insert(identity, None, package);
        Ok(package)
    }

    fn add_fields(
        &mut self,
        fields: &Fields<'_>,
        architecture: ArchitectureId,
        source: Source,
    ) -> Result<PackageId, UniverseError> {
        let digest = digest(fields.sha256);
        let identity = self.identity(fields, architecture)?;
        if let Some(digest) = digest
            && let Some(known) = self.candidates.with_digest(identity, digest)
        {
            return Ok(self.again(known, source));
        }
        let package = self.package(fields, identity, source)?;
        if digest.is_none() {
            let is_like = |known: &PackageId| self.is_like(&self.packages[*known], &package);
            let known = self.candidates.of(identity).find(is_like);
            if let Some(known) = known {
                return Ok(self.again(known, source));
            }
        }
        let package = self.packages.push(package);
        self.candidates.insert(identity, digest, package);
        Ok(package)
    }

    /// Adds a package as apt sees it: whatever its name looks like, and as one of its own even where another has its name, version and
    /// architecture. It may be of any architecture; of one that the machine does not run it meets no needs of others. Source: apt's
    /// `APT::BarbarianArchitectures`.
    ///
    /// One that is installed may have what [`add_installed`](Self::add_installed) takes.
    ///
    /// # Errors
    /// As [`add`](Self::add), but for the rules of names.
    pub fn add_apart(
        &mut self,
        stanza: &Stanza<'_>,
        source: Source,
        is_installed: bool,
    ) -> Result<PackageId, UniverseError> {
        let standing = if is_installed {
            Standing::Installed
        } else {
            Standing::Offered
        };
        let fields = Fields::of(stanza, standing);
        let architecture = match standing {
            Standing::Installed => self.kept_architecture(&fields),
            Standing::Offered => {
                let architecture: Architecture = parsed("Architecture", fields.architecture)?;
                self.architecture(architecture.as_str())
            }
        };
        if fields.package.is_empty() {
            return Err(UniverseError::Missing("Package"));
        }
        let identity = self.identity_of(fields.package, &fields, architecture)?;
        let mut package = self.package(&fields, identity, source)?;
        if architecture.index() >= self.usable && package.multi_arch == MultiArch::Foreign {
            package.multi_arch = MultiArch::No;
        }
        Ok(self.packages.push(package))
    }

    fn again(&mut self, known: PackageId, source: Source) -> PackageId {
        let package = &mut self.packages[known];
        package.priority = package.priority.max(source.priority);
        known
    }

    fn identity(
        &mut self,
        fields: &Fields<'_>,
        architecture: ArchitectureId,
    ) -> Result<Identity, UniverseError> {
        self.identity_of(name(fields.package)?, fields, architecture)
    }

    fn identity_of(
        &mut self,
        name: &str,
        fields: &Fields<'_>,
        architecture: ArchitectureId,
    ) -> Result<Identity, UniverseError> {
        let version: Version = match fields.standing {
            Standing::Installed if !fields.version.is_empty() => {
                Version::of_status(fields.version).map_err(|error| UniverseError::Value {
                    field: "Version",
                    wrong: error.to_string(),
                })?
            }
            _ => parsed("Version", fields.version)?,
        };
        if self.packages.len() >= MOST_PACKAGES
            || self.text.len() >= MOST_TEXT
            || self.related.len() >= MOST_TEXT
        {
            return Err(UniverseError::TooMany(MOST_PACKAGES));
        }
        Ok((self.name(name), self.version(version), architecture))
    }

    fn package(
        &mut self,
        fields: &Fields<'_>,
        (name, version, architecture): Identity,
        source: Source,
    ) -> Result<Package, UniverseError> {
        Ok(Package {
            name,
            version,
            architecture,
            multi_arch: multi_arch(fields.multi_arch)?,
            essential: fields.essential == "yes",
            protected: fields.protected == "yes" || fields.important == "yes",
            priority: source.priority,
            importance: importance(fields.priority),
            size: fields.size.parse().unwrap_or(0),
            relations: self.relations(fields)?,
        })
    }

    /// Says whether two packages of one identity mean the same to the solver.
    fn is_like(&self, one: &Package, other: &Package) -> bool {
        // One relation may be written in several ways, as dpkg's status and an index do.
        let alike = |one: &Span, other: &Span| {
            let (one, other) = (one.of(&self.related), other.of(&self.related));
            let alternatives = |group: &GroupId| self.groups[*group].of(&self.alternatives);
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one == other || alternatives(one) == alternatives(other))
        };
        one.multi_arch == other.multi_arch
            && one.essential == other.essential
            && one.protected == other.protected
            && one
                .relations
                .iter()
                .zip(&other.relations)
                .all(|(one, other)| alike(one, other))
    }

    /// Returns the architecture of what is installed. dpkg takes a package that says none for one of its own; one that says what is no
    /// architecture meets no needs.
    fn kept_architecture(&mut self, fields: &Fields<'_>) -> ArchitectureId {
        if fields.architecture.is_empty() {
            return ArchitectureId::NATIVE;
        }
        let architecture = fields.architecture.parse::<Architecture>();
        self.architecture(architecture.as_ref().map_or("none", Architecture::as_str))
    }

    fn usable(&self, architecture: &Architecture) -> Option<ArchitectureId> {
        let mut usable = self.architectures.ids().take(self.usable);
        usable.find(|id| self.architectures[*id].text(&self.text) == architecture.as_str())
    }

    fn relations(&mut self, fields: &Fields<'_>) -> Result<[Span; FIELDS], UniverseError> {
        let mut spans = [Span::default(); FIELDS];
        for (span, (field, value)) in spans.iter_mut().zip(fields.relations()) {
            let groups = match self.relate(fields.package, field, value) {
                Err(_) if fields.standing == Standing::Installed => self.relate_each(field, value),
                groups => groups?,
            };
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
            wrong: format!("`{}` is not the name of a package", escaped(other)),
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
