//! Building a universe from stanzas.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::str::FromStr;

use debian_control::architecture::Architecture;
use debian_control::name::is_known_to_dpkg;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use debian_control::version::Version;

use super::alternative::Alternative;
use super::fields::Fields;
use super::intern::Lookup;
use super::relation_lookup::RelationLookup;
use super::{
    ArchitectureId, FIELDS, GroupId, MultiArch, Name, NameId, Package, PackageId, Universe, UniverseError,
    VersionId,
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

/// Makes a [`Universe`].
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
    by_version: Lookup<VersionId>,
    pub(super) architectures: IndexVec<ArchitectureId, Span>,
    /// How many of the first architectures packages may have; others are only mentioned.
    usable: usize,
    pub(super) packages: IndexVec<PackageId, Package>,
    candidates: Candidates,
    pub(super) groups: IndexVec<GroupId, Span>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) related: Vec<GroupId>,
    pub(super) known: RelationLookup,
}

/// Far more than any archive has, and few enough for every number to fit in 32 bits.
const MOST_PACKAGES: usize = 1 << 24;
/// Bytes of text: names, versions and relations, each counted once.
const MOST_TEXT: usize = 1 << 31;

/// Name, version text and architecture; packages that share them may still be several.
type Identity = (NameId, VersionId, ArchitectureId);

/// The first half of a SHA-256: no archive can make another's by trying.
type Digest = [u8; 16];

/// Which packages there are of each identity.
#[derive(Default)]
struct Candidates {
    /// The first one of each, and the digest of its file.
    first: HashMap<Identity, (PackageId, Option<Digest>)>,
    /// Further ones, with other bytes.
    further: HashMap<Identity, Vec<PackageId>>,
    by_digest: HashMap<(Identity, Digest), PackageId>,
}

impl Candidates {
    /// Returns the package with these bytes.
    fn with_digest(&self, identity: Identity, digest: Digest) -> Option<PackageId> {
        match self.first.get(&identity)? {
            (package, Some(known)) if *known == digest => Some(*package),
            _ => self.by_digest.get(&(identity, digest)).copied(),
        }
    }

    /// Returns all packages of an identity, the first one first.
    fn of(&self, identity: Identity) -> impl Iterator<Item = PackageId> {
        let first = self.first.get(&identity).map(|(package, _)| *package);
        let further = self.further.get(&identity).into_iter().flatten().copied();
        first.into_iter().chain(further)
    }

    /// Notes the digest of a package that was inserted without one.
    fn note(&mut self, identity: Identity, digest: Digest, package: PackageId) {
        match self.first.get_mut(&identity) {
            Some((first, known)) if *first == package => *known = Some(digest),
            _ => {
                self.by_digest.insert((identity, digest), package);
            }
        }
    }

    fn insert(&mut self, identity: Identity, digest: Option<Digest>, package: PackageId) {
        match self.first.entry(identity) {
            Entry::Vacant(vacant) => {
                vacant.insert((package, digest));
            }
            Entry::Occupied(_) => {
                self.further.entry(identity).or_default().push(package);
                if let Some(digest) = digest {
                    self.by_digest.insert((identity, digest), package);
                }
            }
        }
    }
}

/// Returns the first half of a digest; `None` if the text is not a SHA-256.
fn digest(text: &str) -> Option<Digest> {
    let digits = text.get(..32).filter(|_| text.len() == 64)?;
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}

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

    /// Goes on with a universe that was made for the same machine; `None` where it was made for another, or holds an invalid version.
    ///
    /// It does not say which files its packages are: [`note_sha256`](Self::note_sha256) does, of those that could be added again.
    pub fn of(universe: Universe, native: &Architecture, foreign: &[Architecture]) -> Option<Self> {
        let mut builder = Self::new(native, foreign);
        let architecture = |id: ArchitectureId| builder.architectures[id].text(&builder.text);
        let mut usable = builder.architectures.ids();
        if !usable.all(|id| {
            universe.architectures.len() > id.index() && universe.architecture_text(id) == architecture(id)
        }) {
            return None;
        }
        for id in universe.versions.ids() {
            builder.parsed.push(universe.version_text(id).parse().ok()?);
        }
        builder.text = universe.text;
        builder.names = universe.names;
        builder.versions = universe.versions;
        builder.architectures = universe.architectures;
        builder.packages = universe.packages;
        builder.groups = universe.groups;
        builder.alternatives = universe.alternatives;
        builder.related = universe.related;
        for id in builder.names.ids() {
            let span = builder.names[id].text;
            builder.by_text.insert(span.text(&builder.text), span, id);
        }
        for id in builder.versions.ids() {
            let span = builder.versions[id];
            builder.by_version.insert(span.text(&builder.text), span, id);
        }
        for id in builder.packages.ids() {
            let package = &builder.packages[id];
            let identity = (package.name, package.version, package.architecture);
            builder.candidates.insert(identity, None, id);
        }
        Some(builder)
    }

    /// Notes the `SHA256` of a package that was there before.
    pub fn note_sha256(&mut self, package: PackageId, sha256: &str) {
        let Some(digest) = digest(sha256) else { return };
        let of = &self.packages[package];
        let identity = (of.name, of.version, of.architecture);
        self.candidates.note(identity, digest, package);
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
        let fields = Fields::of(stanza);
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
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_installed(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<PackageId, UniverseError> {
        let fields = Fields::of(stanza);
        let architecture: Architecture = parsed("Architecture", fields.architecture)?;
        let architecture = self.architecture(architecture.as_str());
        self.add_fields(&fields, architecture, source)
    }

    /// Adds what is left of an installed package that has to be unpacked again: it is no other one, however alike.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_damaged(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<PackageId, UniverseError> {
        let fields = Fields::of(stanza);
        let architecture: Architecture = parsed("Architecture", fields.architecture)?;
        let architecture = self.architecture(architecture.as_str());
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
    /// # Errors
    /// As [`add`](Self::add), but for the rules of names.
    pub fn add_apart(&mut self, stanza: &Stanza<'_>, source: Source) -> Result<PackageId, UniverseError> {
        let fields = Fields::of(stanza);
        let architecture: Architecture = parsed("Architecture", fields.architecture)?;
        let architecture = self.architecture(architecture.as_str());
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
        let version: Version = parsed("Version", fields.version)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str =
        "Package: hello\nVersion: 1.0\nArchitecture: amd64\nDepends: libc6 (>= 2.34), libhello\nSHA256: aa\n";

    fn builder() -> UniverseBuilder {
        UniverseBuilder::new(&native(), &foreign())
    }

    fn native() -> Architecture {
        "amd64".parse().unwrap()
    }

    fn foreign() -> [Architecture; 1] {
        ["i386".parse().unwrap()]
    }

    /// The stanza of hello with such a digest.
    fn hello(digest: char) -> String {
        HELLO.replace("aa", &digest.to_string().repeat(64))
    }

    fn add(builder: &mut UniverseBuilder, text: &str) -> PackageId {
        let stanza = Stanza::parse(text).unwrap();
        builder.add(&stanza, Source::default()).unwrap().unwrap()
    }

    #[test]
    fn a_finished_universe_is_gone_on_with_as_if_it_had_not_been() {
        let library =
            "Package: libhello\nVersion: 2\nArchitecture: i386\nMulti-Arch: same\nProvides: greeting (= 2)\n";
        let installed =
            "Package: hello\nVersion: 1.0\nArchitecture: amd64\nDepends: libhello, libc6 (>= 2.34)\n";
        let mut at_once = builder();
        let mut first = builder();
        for begun in [&mut at_once, &mut first] {
            add(begun, &hello('a'));
            add(begun, &hello('b'));
            add(begun, library);
        }
        let finished = first.finish();
        let files: Vec<(PackageId, String)> = finished
            .packages()
            .zip(["a".repeat(64), "b".repeat(64)])
            .collect();
        let mut gone_on = UniverseBuilder::of(finished, &native(), &foreign()).unwrap();
        for (package, sha256) in files {
            gone_on.note_sha256(package, &sha256);
        }
        for begun in [&mut at_once, &mut gone_on] {
            let like = HELLO.replace("SHA256: aa\n", "");
            let (library, installed) = (library.to_owned(), installed.to_owned());
            let again = [hello('a'), hello('b'), library, like, hello('c'), installed];
            let known: Vec<usize> = again.iter().map(|text| add(begun, text).index()).collect();
            assert_eq!(known, [0, 1, 2, 0, 3, 4]);
        }
        let (at_once, gone_on) = (at_once.finish(), gone_on.finish());
        for name in ["hello", "libhello", "libc6"] {
            assert_eq!(at_once.versions_of(name), gone_on.versions_of(name));
        }
        assert!(
            at_once
                .providers_of("greeting")
                .eq(gone_on.providers_of("greeting"))
        );
        assert_eq!(gone_on.packages[PackageId::new(2)].multi_arch, MultiArch::Same);
    }

    #[test]
    fn a_universe_of_another_machine_is_not_gone_on_with() {
        let [other] = foreign();
        assert!(UniverseBuilder::of(builder().finish(), &other, &[]).is_none());
        assert!(
            UniverseBuilder::of(
                UniverseBuilder::new(&native(), &[]).finish(),
                &native(),
                &foreign()
            )
            .is_none()
        );
    }
}
