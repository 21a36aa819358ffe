//! All that a suite holds of one name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use debian_control::name::Component;
use debian_control::package::BinaryPackage;
use debian_control::relation::RelationKind;
use serde::Serialize;

use crate::row::Row;
use crate::text;
use crate::words;

/// How many letters of a summary lists show: Debian's have 80 at most.
const SUMMARY: usize = 200;
/// How many letters of a section lists show: those that are taken since then are not longer.
const SECTION: usize = 64;

/// All that a suite holds of one name: at least one build.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its builds, the newest version first, then by architecture.
    pub builds: Vec<Build>,
    /// What the suite held and holds of it, the newest first.
    pub history: Vec<Placed>,
    /// How often it was downloaded, with all versions that the suite has or had; `None` where that is not shown.
    pub downloads: Option<u64>,
}

/// One `.deb`.
#[derive(Debug, Clone)]
pub struct Build {
    /// What its control file says.
    pub package: BinaryPackage,
    /// Component.
    pub component: Component,
    /// Section, as the suite has it.
    pub section: Option<String>,
    /// Priority, as the suite has it.
    pub priority: Option<String>,
    /// Path of the file below the root.
    pub path: String,
    /// Bytes of the file.
    pub size: u64,
    /// Digest of the file, in hexadecimal digits.
    pub sha256: String,
    /// When it came into the suite, in Unix seconds.
    pub added_at: i64,
    /// The paths that it installs.
    pub files: FileList,
    /// Its known vulnerabilities, as the newest scan found them.
    pub vulnerabilities: Vec<Vulnerability>,
    /// The CI job that brought it, where everybody may know that.
    pub job: Option<Job>,
    /// How often it was downloaded; `None` where that is not shown.
    pub downloads: Option<u64>,
}

/// A known vulnerability of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vulnerability {
    /// Its name, as `CVE-2026-1234`.
    pub id: String,
    /// How bad it is.
    pub severity: String,
    /// What is known of this version: `fixable`, `open` or `undetermined`.
    pub standing: String,
    /// The version of the source package that is fixed.
    pub fixed_version: Option<String>,
}

/// A CI job, as its issuer vouched for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Job {
    /// The address of the issuer.
    pub issuer: String,
    /// The repository.
    pub repository: String,
    /// The file of the workflow.
    pub workflow: String,
    /// The branch or tag.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// What the CI calls the run.
    pub run: Option<String>,
}

/// The first paths of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileList {
    /// As many as are shown.
    pub paths: Vec<String>,
    /// How many there are.
    pub total: usize,
}

impl FileList {
    /// How many paths of a package are shown.
    pub const SHOWN: usize = 300;
}

/// A time in which a suite held a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Version.
    pub version: String,
    /// Architecture.
    pub architecture: String,
    /// When it came, in Unix seconds.
    pub added_at: i64,
    /// When it left, in Unix seconds.
    pub removed_at: Option<i64>,
}

impl Package {
    /// How many entries of its history are shown.
    pub const HISTORY: usize = 50;

    /// Returns the build that stands for all of them.
    pub(crate) fn newest(&self) -> &Build {
        self.builds.first().expect("a name is in a suite by its builds")
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        self.newest().package.name().as_str()
    }

    /// Returns what stands for it in lists.
    pub fn row(&self) -> Row {
        let newest = self.newest();
        let name = self.name();
        let summary = text::short(newest.package.synopsis().unwrap_or_default(), SUMMARY);
        let added = self.builds.iter().map(|build| build.added_at).max();
        let size: u64 = self.builds.iter().map(|build| build.size).sum();
        let section = text::short(newest.section.as_deref().unwrap_or_default(), SECTION);
        let mut row = format!(
            "{name}\t{}\t{}\t{size}\t{section}\t{summary}\t",
            newest.package.version(),
            added.expect("a name is in a suite by its builds"),
        );
        let needs = self.targets(|kind| matches!(kind, RelationKind::Depends | RelationKind::PreDepends));
        let mentions = self.targets(|kind| !matches!(kind, RelationKind::Depends | RelationKind::PreDepends));
        for list in [needs, mentions, words::keys(name, &summary)] {
            for word in list {
                write!(row, " {word}").expect("writing to a string");
            }
            row.push_str(" \t");
        }
        row.pop();
        Row::parse(row).expect("its fields have no tabs, and are in order")
    }

    /// Returns the names that relations of these kinds mean.
    pub(crate) fn targets(&self, is_meant: impl Fn(RelationKind) -> bool) -> BTreeSet<String> {
        let kinds = RelationKind::ALL.into_iter().filter(|kind| is_meant(*kind));
        kinds
            .flat_map(|kind| self.builds.iter().map(move |build| build.package.relations(kind)))
            .flat_map(|relations| relations.0.iter().flat_map(|group| &group.0))
            .map(|relation| relation.name.as_str().to_owned())
            .collect()
    }
}
