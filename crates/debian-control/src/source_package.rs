//! The stanzas of a Sources index: the files of a source package, and what building it needs.
//!
//! Source: Debian Policy 5.4 and 7.7, deb-src-control(5), and the Debian wiki, DebianRepository/Format.

mod wildcard;

use crate::architecture::Architecture;
use crate::changes::{ChangesError, ChangesFile, checksums};
use crate::name::{NameError, PackageName};
use crate::relation::{ArchQualifier, Relation, RelationError, RelationKind, Relations, Restriction};
use crate::stanza::Stanza;
use crate::version::{Version, VersionError};

/// A source package as an index describes it.
#[derive(Debug, Clone)]
pub struct SourcePackage<'a> {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Where its files lie, below the root of the archive.
    pub directory: &'a str,
    /// Its files, the `.dsc` among them.
    pub files: Vec<ChangesFile>,
    binaries: &'a str,
}

/// Why a stanza describes no source package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourcePackageError {
    /// A field that has to be there is not.
    #[error("it has no field `{0}`")]
    Missing(&'static str),
    /// Its name is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Its version is invalid.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// Its list of files is malformed.
    #[error(transparent)]
    Files(#[from] ChangesError),
}

/// For what a source package is built.
#[derive(Debug, Clone)]
pub struct BuildFor<'b> {
    /// The architecture that it is built on, and for.
    pub architecture: &'b Architecture,
    /// The build profiles that are active.
    pub profiles: &'b [String],
    /// Which of its packages are built.
    pub packages: BuiltPackages,
}

/// Which packages of a source are built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuiltPackages {
    /// All of them.
    #[default]
    All,
    /// Those of one architecture.
    OfArchitecture,
    /// Those for all architectures.
    Independent,
}

impl BuiltPackages {
    /// Returns the ends of the fields that count. Source: Debian Policy 7.7.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::All => &["", "-Arch", "-Indep"],
            Self::OfArchitecture => &["", "-Arch"],
            Self::Independent => &["", "-Indep"],
        }
    }
}

impl<'a> SourcePackage<'a> {
    /// Reads a stanza of a Sources index.
    ///
    /// # Errors
    /// When a field that is needed is missing or malformed.
    pub fn from_stanza(stanza: &Stanza<'a>) -> Result<Self, SourcePackageError> {
        let line = |field| stanza.line(field).ok_or(SourcePackageError::Missing(field));
        Ok(Self {
            name: line("Package")?.parse()?,
            version: line("Version")?.parse()?,
            directory: line("Directory")?,
            files: checksums(stanza)?,
            binaries: stanza.get("Binary").map_or("", |field| field.value()),
        })
    }

    /// Says whether a binary package is built of it.
    pub fn builds(&self, name: &str) -> bool {
        self.binaries.split(',').any(|binary| binary.trim() == name)
    }
}

impl BuildFor<'_> {
    /// Returns what building a source package needs and what it rules out, without the restrictions: those that do not count are left out.
    ///
    /// The stanza is one of a Sources index, a `.dsc` file, or the first of `debian/control`.
    ///
    /// # Errors
    /// When a field cannot be read.
    pub fn relations(&self, source: &Stanza<'_>) -> Result<(Relations, Relations), RelationError> {
        let read = |kind, field: &str| {
            let mut relations = Relations::default();
            for end in self.packages.fields() {
                let text = source.get(&format!("{field}{end}"));
                let text = text.map_or("", |field| field.value().trim_end_matches([',', ' ', '\n', '\t']));
                relations.0.extend(Relations::parse(kind, text)?.0);
            }
            for alternatives in &mut relations.0 {
                alternatives.0.retain(|relation| self.has(relation));
                alternatives.0.iter_mut().for_each(unrestricted);
            }
            relations.0.retain(|alternatives| !alternatives.0.is_empty());
            Ok(relations)
        };
        Ok((
            read(RelationKind::Depends, "Build-Depends")?,
            read(RelationKind::Conflicts, "Build-Conflicts")?,
        ))
    }

    /// Says whether a relation counts. Source: Debian Policy 7.1, and the Debian wiki, BuildProfileSpec.
    fn has(&self, relation: &Relation) -> bool {
        let is_of = |term: &Restriction| wildcard::matches(&term.name, self.architecture.as_str());
        let of_architecture = match relation.architectures.as_slice() {
            [] => true,
            // They are negated all or none.
            terms if terms.iter().any(|term| term.negated) => !terms.iter().any(is_of),
            terms => terms.iter().any(is_of),
        };
        let is_active = |term: &Restriction| self.profiles.iter().any(|name| **name == *term.name);
        let holds = |list: &Vec<Restriction>| list.iter().all(|term| is_active(term) != term.negated);
        of_architecture && (relation.profiles.is_empty() || relation.profiles.iter().any(holds))
    }
}

/// Makes a relation one that a binary package can have, which is built for one machine: what is native is what it means anyway.
fn unrestricted(relation: &mut Relation) {
    relation.architectures.clear();
    relation.profiles.clear();
    if relation.qualifier == Some(ArchQualifier::Native) {
        relation.qualifier = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZA: &str = "Package: hello\nBinary: hello, hello-doc\nVersion: 1:2.10-3\nDirectory: pool/main/h/hello\n\
        Build-Depends: debhelper-compat (= 13), a [amd64] | b, c [!linux-any], d [any-amd64 armhf], e:native <!nocheck>, f <x y> <z>\n\
        Build-Depends-Indep: help2man:any\nBuild-Depends-Arch: g\nBuild-Conflicts: old [amd64], older [arm64]\n\
        Checksums-Sha256:\n \
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 3 hello_2.10-3.dsc\n";

    fn needs(architecture: &str, profiles: &[&str], packages: BuiltPackages) -> (String, String) {
        let stanza = Stanza::parse(STANZA).unwrap();
        let profiles: Vec<String> = profiles.iter().map(|name| (*name).to_owned()).collect();
        let build = BuildFor {
            architecture: &architecture.parse().unwrap(),
            profiles: &profiles,
            packages,
        };
        let (depends, conflicts) = build.relations(&stanza).unwrap();
        (depends.to_string(), conflicts.to_string())
    }

    #[test]
    fn relations_count_by_architecture_profiles_and_what_is_built() {
        assert_eq!(
            needs("amd64", &[], BuiltPackages::All),
            (
                "debhelper-compat (= 13), a | b, d, e, g, help2man:any".into(),
                "old".into()
            )
        );
        assert_eq!(
            needs("armhf", &["nocheck", "z"], BuiltPackages::OfArchitecture),
            ("debhelper-compat (= 13), b, d, f, g".into(), String::new())
        );
        assert_eq!(
            needs("hurd-amd64", &["y", "x"], BuiltPackages::Independent).0,
            "debhelper-compat (= 13), b, c, d, e, f, help2man:any"
        );
    }

    #[test]
    fn a_stanza_names_files_and_binaries() {
        let stanza = Stanza::parse(STANZA).unwrap();
        let source = SourcePackage::from_stanza(&stanza).unwrap();
        assert!(source.builds("hello-doc") && !source.builds("hell"));
        assert_eq!(source.files[0].name.as_str(), "hello_2.10-3.dsc");
        let without = STANZA.replace("Directory", "Folder");
        assert_eq!(
            SourcePackage::from_stanza(&Stanza::parse(&without).unwrap()).unwrap_err(),
            SourcePackageError::Missing("Directory")
        );
        let climbing = STANZA.replace("hello_2.10-3.dsc", "../x.dsc");
        let error = SourcePackage::from_stanza(&Stanza::parse(&climbing).unwrap()).unwrap_err();
        assert!(matches!(error, SourcePackageError::Files(_)), "{error}");
    }
}
