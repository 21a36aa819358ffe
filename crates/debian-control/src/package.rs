//! What the control file of a binary package says. Source: Debian Policy 5.3, deb-control(5).

mod check;
mod error;
mod second_reader;
mod values;

use std::collections::BTreeMap;

use crate::architecture::Architecture;
use crate::description::{description_md5, synopsis_of};
use crate::digest::Md5;
use crate::name::PackageName;
use crate::relation::{RelationKind, Relations};
use crate::stanza::Stanza;
use crate::version::Version;

pub use error::ControlError;

/// The checked control stanza of a binary package.
#[derive(Debug, Clone)]
pub struct BinaryPackage {
    control: String,
    name: PackageName,
    version: Version,
    architecture: Architecture,
    source: PackageName,
    source_version: Version,
    relations: BTreeMap<RelationKind, Relations>,
    none: Relations,
}

impl BinaryPackage {
    /// Returns the stanza: fields, order and indentation as they came, less what only an index says; one line break at
    /// its end.
    pub fn control(&self) -> &str {
        &self.control
    }

    /// Returns `Package`.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// Returns `Version`.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Returns `Architecture`.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Returns the name of the source package: that of the package where there is no `Source`.
    pub fn source(&self) -> &PackageName {
        &self.source
    }

    /// Returns the version of the source package: that of the package where `Source` has none.
    pub fn source_version(&self) -> &Version {
        &self.source_version
    }

    /// Returns `Section`.
    pub fn section(&self) -> Option<&str> {
        self.line("Section")
    }

    /// Returns `Priority`.
    pub fn priority(&self) -> Option<&str> {
        self.line("Priority")
    }

    /// Returns `Maintainer`.
    pub fn maintainer(&self) -> Option<&str> {
        self.line("Maintainer")
    }

    /// Returns `Homepage`.
    pub fn homepage(&self) -> Option<&str> {
        self.line("Homepage")
    }

    /// Returns `Multi-Arch`.
    pub fn multi_arch(&self) -> Option<&str> {
        self.line("Multi-Arch")
    }

    /// Says whether it is `Essential: yes`.
    pub fn essential(&self) -> bool {
        self.line("Essential")
            .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
    }

    /// Returns the disk space that the installed package needs, in KiB, as its maintainer estimated it; `None` where that is no
    /// whole number, or one that 63 bits do not hold.
    ///
    /// Source: Debian Policy 5.6.20.
    pub fn installed_size(&self) -> Option<u64> {
        let kibibytes: i64 = self.line("Installed-Size")?.parse().ok()?;
        kibibytes.try_into().ok()
    }

    /// Returns the first line of `Description`.
    pub fn synopsis(&self) -> Option<&str> {
        let stanza = self.stanza();
        let synopsis = stanza.get("Description").map(synopsis_of)?;
        Some(synopsis).filter(|synopsis| !synopsis.is_empty())
    }

    /// Returns the whole description as text: synopsis, then the lines of the extended description without the blank
    /// that they begin with, and ` .` as an empty line.
    ///
    /// Source: Debian Policy 5.6.13.
    pub fn description(&self) -> Option<String> {
        let stanza = self.stanza();
        let field = stanza.get("Description")?;
        let lines = field
            .continuation()
            .map(|line| match line.get(1..).unwrap_or_default() {
                "." => "",
                text => text,
            });
        Some(
            std::iter::once(field.first_line())
                .chain(lines)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }

    /// Returns the digest by which an index and a Translation file agree on a description: MD5 of the value as it is
    /// written, and a line break.
    pub fn description_md5(&self) -> Option<Md5> {
        let stanza = self.stanza();
        stanza.get("Description").and_then(description_md5)
    }

    /// Returns the relations of a field; none where the package has no such field.
    pub fn relations(&self, kind: RelationKind) -> &Relations {
        self.relations.get(&kind).unwrap_or(&self.none)
    }

    /// Returns the name of its file: `NAME_VERSION_ARCH.deb`, the version without its epoch.
    pub fn file_name(&self) -> String {
        format!(
            "{}_{}_{}.deb",
            self.name,
            self.version.without_epoch(),
            self.architecture
        )
    }

    /// Returns the fields.
    pub fn stanza(&self) -> Stanza<'_> {
        Stanza::parse(&self.control).expect("the text was written from a parsed stanza")
    }

    fn line(&self, name: &str) -> Option<&str> {
        // Fields were checked to stand once.
        crate::stanza::find_line(&self.control, name).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests;
