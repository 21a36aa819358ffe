//! What the catalog holds, as the site shows it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use archive_catalog::downloads::Downloads;
use archive_catalog::provenance::CiJob;
use archive_catalog::{Content, NamedPackage, PastPlacement, Snapshot};
use archive_index::IndexError;
use archive_site::{Build, FileList, Job, Package, Placed, Row, Vulnerability};
use debian_control::digest::Sha256;
use debian_control::limits::Limits;
use debian_control::name::{Component, PackageName};
use debian_control::package::BinaryPackage;

use crate::archive::Archive;
use crate::config::Suite;
use crate::paths;
use crate::publish::error::PublishError;
use crate::vulnerabilities::Finding;

/// How many placements of a name are read for its history: each edit of what a suite says of a package begins another.
const EDITS: u32 = 2000;

/// The packages of a state of a suite.
pub(super) struct SitePackages<'a> {
    suite: &'a Suite,
    snapshot: &'a dyn Snapshot,
    /// `None` where they are not shown.
    downloads: Option<&'a dyn Downloads>,
}

impl<'a> SitePackages<'a> {
    pub(super) fn new(archive: &'a Archive, suite: &'a Suite, snapshot: &'a dyn Snapshot) -> Self {
        Self {
            suite,
            snapshot,
            downloads: suite.shows_downloads.then(|| archive.downloads()),
        }
    }

    /// Returns all that the indexes list of a name; `None` where that is nothing.
    pub(super) fn package(&self, name: &PackageName) -> Result<Option<Package>, PublishError> {
        let mut builds = Vec::new();
        let found = self.findings(name)?;
        let downloads = self.downloads_of(name)?;
        for named in self.snapshot.named(name)? {
            if self.is_listed(&named.content, &named.component) {
                let sha256 = named.content.sha256;
                let mut build = self.build(named, &found, builds.is_empty())?;
                build.downloads = downloads
                    .as_ref()
                    .map(|counts| counts.get(&sha256).copied().unwrap_or(0));
                builds.push(build);
            }
        }
        if builds.is_empty() {
            return Ok(None);
        }
        let history = self.snapshot.history(name, EDITS)?;
        let history = stays(&history)
            .into_iter()
            .filter(|past| self.is_listed(&past.content, &past.component));
        Ok(Some(Package {
            builds,
            history: history.take(Package::HISTORY).map(placed).collect(),
            downloads: downloads.map(total),
        }))
    }

    /// Returns the names whose counts of downloads changed since a time in Unix seconds.
    pub(super) fn names_downloaded(&self, since: i64) -> Result<Vec<PackageName>, PublishError> {
        let Some(downloads) = self.downloads else {
            return Ok(Vec::new());
        };
        Ok(downloads.names_downloaded(&self.suite.codename, self.suite.pool_tree(), since)?)
    }

    /// Returns how often a name was downloaded, of all versions that the suite has or had; `None` where that is not shown.
    pub(super) fn total_downloads(&self, name: &PackageName) -> Result<Option<u64>, PublishError> {
        Ok(self.downloads_of(name)?.map(total))
    }

    fn downloads_of(&self, name: &PackageName) -> Result<Option<HashMap<Sha256, u64>>, PublishError> {
        let Some(downloads) = self.downloads else {
            return Ok(None);
        };
        let counts = downloads.downloads_of(&self.suite.codename, self.suite.pool_tree(), name)?;
        Ok(Some(counts.into_iter().collect()))
    }

    /// Returns the rows that pages may have shown of a name since a revision: one for each package that came or left.
    pub(super) fn past_rows(&self, name: &PackageName, since: i64) -> Result<Vec<Row>, PublishError> {
        let mut rows = BTreeMap::new();
        for past in self.snapshot.history(name, u32::MAX)? {
            let is_new = past.added_revision > since || past.removed.is_some_and(|(at, _)| at > since);
            if is_new && self.is_listed(&past.content, &past.component) {
                let package = parsed(&past.content)?;
                let build = Build {
                    section: self.section(&package, past.section.as_deref()),
                    component: past.component.clone(),
                    priority: None,
                    path: String::new(),
                    size: past.content.size,
                    sha256: past.content.sha256.to_string(),
                    added_at: past.added_at,
                    files: FileList::default(),
                    vulnerabilities: Vec::new(),
                    job: None,
                    downloads: None,
                    package,
                };
                let package = Package {
                    builds: vec![build],
                    history: Vec::new(),
                    downloads: None,
                };
                let row = package.row();
                rows.insert(row.line().to_owned(), row);
            }
        }
        Ok(rows.into_values().collect())
    }

    fn is_listed(&self, content: &Content, component: &Component) -> bool {
        self.suite.takes(&content.architecture) && self.suite.components.contains(component)
    }

    /// Makes a build; the paths of the newest alone are shown.
    fn build(&self, named: NamedPackage, found: &[Finding], is_newest: bool) -> Result<Build, PublishError> {
        let package = parsed(&named.content)?;
        let path = named.path.ok_or_else(|| {
            IndexError::Record(format!(
                "`{}` has no file in the pool of the suite",
                named.content.name
            ))
        })?;
        let is_of_it = |finding: &&Finding| {
            finding.version == named.content.version.as_str()
                && finding.architecture == named.content.architecture.as_str()
        };
        let wins = self.suite.overrides_of(&named.content.name);
        let priority = wins.and_then(|wins| wins.priority.clone()).or(named.priority);
        Ok(Build {
            section: self.section(&package, named.section.as_deref()),
            priority: priority.or_else(|| package.priority().map(str::to_owned)),
            component: named.component,
            path,
            size: named.content.size,
            sha256: named.content.sha256.to_string(),
            added_at: named.added_at,
            vulnerabilities: found.iter().filter(is_of_it).map(vulnerability).collect(),
            job: named.job.filter(|job| job.is_public).map(job),
            downloads: None,
            files: if is_newest {
                file_list(&named.content, &named.paths)?
            } else {
                FileList::default()
            },
            package,
        })
    }

    /// Returns what the newest scan found of a name.
    fn findings(&self, name: &PackageName) -> Result<Vec<Finding>, PublishError> {
        let Some(text) = self.snapshot.finding(name)? else {
            return Ok(Vec::new());
        };
        serde_json::from_str(&text)
            .map_err(|error| IndexError::Record(format!("the vulnerabilities of `{name}`: {error}")).into())
    }

    fn section(&self, package: &BinaryPackage, placed: Option<&str>) -> Option<String> {
        let wins = self.suite.overrides_of(package.name());
        let section = wins.and_then(|wins| wins.section.as_deref()).or(placed);
        section.or(package.section()).map(str::to_owned)
    }
}

fn total(counts: HashMap<Sha256, u64>) -> u64 {
    counts
        .into_values()
        .fold(0, |sum, count| sum.saturating_add(count))
}

fn parsed(content: &Content) -> Result<BinaryPackage, PublishError> {
    BinaryPackage::parse(content.control.as_bytes(), &Limits::default()).map_err(|error| {
        IndexError::Record(format!(
            "the stanza of `{}` in the catalog: {error}",
            content.name
        ))
        .into()
    })
}

fn file_list(content: &Content, packed: &[u8]) -> Result<FileList, PublishError> {
    let plain = paths::unpack(packed)
        .map_err(|error| IndexError::Record(format!("the file list of `{}`: {error}", content.name)))?;
    let shown = paths::split(&plain).take(FileList::SHOWN);
    Ok(FileList {
        paths: shown
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect(),
        total: paths::split(&plain).count(),
    })
}

fn vulnerability(finding: &Finding) -> Vulnerability {
    Vulnerability {
        id: finding.id.clone(),
        severity: finding.severity.as_str().to_owned(),
        standing: finding.standing.as_str().to_owned(),
        fixed_version: finding.fixed_version.clone(),
    }
}

fn job(job: CiJob) -> Job {
    Job {
        issuer: job.issuer,
        repository: job.repository,
        workflow: job.workflow,
        reference: job.reference,
        commit: job.commit,
        run: job.run,
    }
}

/// Returns each stay in a suite once, newest first: what a suite says of a package can be edited, which ends a placement and begins
/// another.
fn stays(history: &[PastPlacement]) -> Vec<&PastPlacement> {
    let mut begun: HashMap<(Sha256, i64), i64> = HashMap::new();
    let mut stays = Vec::new();
    for past in history {
        let key = (past.content.sha256, past.added_at);
        let next = begun.insert(key, past.added_revision);
        let goes_on = past.removed.is_some_and(|(revision, _)| next == Some(revision));
        if !goes_on {
            stays.push(past);
        }
    }
    stays.sort_by_key(|past| Reverse(past.added_at));
    stays
}

fn placed(past: &PastPlacement) -> Placed {
    Placed {
        version: past.content.version.to_string(),
        architecture: past.content.architecture.to_string(),
        added_at: past.added_at,
        removed_at: past.removed.map(|(_, at)| at),
    }
}
