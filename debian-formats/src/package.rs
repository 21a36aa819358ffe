//! What the control file of a binary package says. Source: Debian Policy 5.3, deb-control(5).

mod check;

use std::collections::BTreeMap;

use crate::architecture::Architecture;
use crate::digest::Md5;
use crate::limits::Limits;
use crate::name::PackageName;
use crate::packages::description_md5;
use crate::relation::{RelationKind, Relations};
use crate::stanza::Stanza;
use crate::version::Version;

pub use check::ControlError;

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

/// Fields that an index adds, or that only dpkg's own database has: what a .deb says of them counts for nothing.
pub(crate) const INDEX_FIELDS: [&str; 15] = [
    "Filename",
    "Size",
    "MD5sum",
    "SHA1",
    "SHA256",
    "SHA512",
    "Description-md5",
    "MSDOS-Filename",
    "Phased-Update-Percentage",
    "Status",
    "Conffiles",
    "Config-Version",
    "Triggers-Pending",
    "Triggers-Awaited",
    "Revision",
];

impl BinaryPackage {
    /// Parses the bytes of a `control` file.
    ///
    /// One stanza of UTF-8 text, with LF or CRLF line ends, within `limits`; every field that dpkg and apt interpret is
    /// well formed. Fields that are not known are kept as they are.
    pub fn parse(control: &[u8], limits: &Limits) -> Result<Self, ControlError> {
        check::parse(control, limits)
    }

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

    /// Returns the disk space that the installed package needs, in KiB, as its maintainer estimated it.
    ///
    /// Source: Debian Policy 5.6.20.
    pub fn installed_size(&self) -> Option<u64> {
        self.line("Installed-Size")?.parse().ok()
    }

    /// Returns the first line of `Description`.
    pub fn synopsis(&self) -> Option<&str> {
        self.line("Description")
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
        stanza.get("Description").map(description_md5)
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
mod tests {
    use super::*;

    fn parse(control: &str) -> Result<BinaryPackage, ControlError> {
        BinaryPackage::parse(control.as_bytes(), &Limits::default())
    }

    fn with(line: &str) -> String {
        format!("Package: hello\nVersion: 1:2.0-3\nArchitecture: amd64\n{line}\n")
    }

    fn refused(control: &str) -> String {
        parse(control)
            .map(|package| package.control().to_owned())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_package_is_what_its_fields_say() {
        let control = "package: hello\nVersion: 1:2.0-3+b1\nArchitecture: amd64\nSource: greet (1:2.0-3)\nInstalled-Size: 42\nEssential: yes\nDepends: libc6 (>= 2.28) | libc6.1,\n perl:any\nDescription: greets\n At length.\n .\n  As it is.\n";
        let package = parse(control).unwrap();
        assert_eq!(package.control(), control);
        assert_eq!(package.file_name(), "hello_2.0-3+b1_amd64.deb");
        assert_eq!(
            (package.source().as_str(), package.source_version().as_str()),
            ("greet", "1:2.0-3")
        );
        assert_eq!((package.installed_size(), package.essential()), (Some(42), true));
        assert_eq!(
            package.relations(RelationKind::Depends).to_string(),
            "libc6 (>= 2.28) | libc6.1, perl:any"
        );
        assert_eq!(package.relations(RelationKind::Breaks).0.len(), 0);
        assert_eq!(package.description().unwrap(), "greets\nAt length.\n\n As it is.");
        assert_eq!(
            (package.section(), package.priority(), package.maintainer()),
            (None, None, None)
        );
    }

    #[test]
    fn what_only_an_index_says_is_dropped() {
        let package = parse(&with(
            "filename: /etc/passwd\nSize: 1\nSHA256: x\nMD5sum: y\nX-Kept: z",
        ))
        .unwrap();
        assert_eq!(package.control(), with("X-Kept: z"));
    }

    #[test]
    fn line_ends_of_another_system_are_made_plain() {
        assert_eq!(
            parse(&with("X-A: b").replace('\n', "\r\n")).unwrap().control(),
            with("X-A: b")
        );
        assert!(refused(&with("X-A: b\rc")).contains("control character"));
    }

    #[test]
    fn every_rule_is_named_with_its_field_or_line() {
        for (control, message) in [
            (String::new(), "found nothing"),
            (
                "Package: hello\nVersion: 1\n".into(),
                "field `Architecture` is missing",
            ),
            (
                "Package:\nVersion: 1\nArchitecture: all\n".into(),
                "field `Package` is missing or empty",
            ),
            (with("\nPackage: second"), "line 4: an empty line ends the stanza"),
            (with("X-A: b\n  \nX-C: d"), "line 5: only blanks"),
            (with("PACKAGE: other"), "line 4: field `PACKAGE` stands twice"),
            (with("# comment"), "line 4"),
            (with("X-A: \u{1b}[2J"), "line 4: control character"),
            (format!("\u{feff}{}", with("X-A: b")), "byte order mark"),
            (
                with("Depends: foo (bar"),
                "field `Depends`: `(` after `foo` has no end",
            ),
            (
                with("Depends: foo [amd64]"),
                "field `Depends`: `foo [amd64]` has what only source packages have",
            ),
            (with("Recommends: foo <!nocheck>"), "only source packages"),
            (with("Provides: foo (>= 1)"), "field `Provides`"),
            (with("Conflicts: a | b"), "no alternatives"),
            (with("Multi-Arch: maybe"), "field `Multi-Arch`: `maybe`"),
            (with("Essential: perhaps"), "field `Essential`"),
            (with("Installed-Size: big"), "field `Installed-Size`"),
            (with("Section: a b"), "field `Section`"),
            (
                with("Section: a\n b"),
                "field `Section` goes on over more than one line",
            ),
            (with("Source: ../x"), "field `Source`: invalid package name"),
            (with("Source: greet 1"), "field `Source`"),
            (with("Source: greet (x)"), "field `Source`: invalid version"),
            (
                with(&format!("X-A: {}", "x".repeat(70_000))),
                "field `X-A`: 70001 bytes",
            ),
            (
                with(
                    &(0..200)
                        .map(|at| format!("X-{at}: y"))
                        .collect::<Vec<_>>()
                        .join("\n"),
                ),
                "203 fields: expected at most 200",
            ),
            (
                with(&format!("Depends: {}", vec!["aa"; 10_001].join(","))),
                "more than 10000 relations",
            ),
            (
                "Package: Hello\nVersion: 1\nArchitecture: all\n".into(),
                "field `Package`: invalid package name `Hello`",
            ),
            (
                "Package: hello\nVersion: one\nArchitecture: all\n".into(),
                "field `Version`: invalid version `one`",
            ),
            (
                "Package: hello\nVersion: 1\nArchitecture: any\n".into(),
                "field `Architecture`",
            ),
            (
                "Package: hello\nVersion: 1\nArchitecture: amd64 i386\n".into(),
                "field `Architecture`",
            ),
        ] {
            let error = refused(&control);
            assert!(error.contains(message), "{error:?} does not say {message:?}");
        }
        assert!(
            parse(&"x".repeat(2 << 20))
                .unwrap_err()
                .to_string()
                .contains("expected at most 1048576")
        );
        let latin = [with("Maintainer: J").as_bytes().trim_ascii_end(), b"\xf6rg\n"].concat();
        assert!(
            BinaryPackage::parse(&latin, &Limits::default())
                .unwrap_err()
                .to_string()
                .contains("line 4: not UTF-8")
        );
    }

    #[test]
    fn many_fields_and_lines_take_linear_time() {
        let lines = format!("Description: x\n{}", " y\n".repeat(300_000));
        assert!(parse(&with(lines.trim_end())).is_ok());
    }
}
