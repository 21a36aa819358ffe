//! The data of a distribution, as far as it is about packages that an archive has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use debian_control::version::Version;

use super::advisory::{Advisory, Judged, judge};
use super::document::{self, Document, MAX_BYTES, MAX_RECORD};
use super::osv::OsvRecord;
use super::source_filter::SourceFilter;
use super::tracker::TrackerIssue;
use crate::severity::Severity;

/// Most bytes of all records of OSV in a zip, unpacked: those of Debian and of Ubuntu have some gigabytes.
const MAX_UNPACKED: u64 = 16 << 30;
/// Most records of OSV in one place.
const MAX_RECORDS: usize = 2_000_000;
/// Most packages and versions that they name, of the releases that are wanted.
const MAX_KEPT: usize = 20_000_000;

/// Why the data cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is neither the tracker's JSON nor OSV's.
    #[error("`{path}` is neither the JSON of the Debian security tracker nor records of OSV: {what}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// There is more of it than is read.
    #[error("`{path}` has more than {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: String,
    },
}

/// What is known of the packages that were wanted.
#[derive(Debug, Default)]
pub struct VulnerabilityDatabase {
    /// Issues of the tracker, by source package.
    tracker: BTreeMap<String, BTreeMap<String, TrackerIssue>>,
    /// Releases of which these say anything.
    tracked: BTreeSet<String>,
    /// Records of OSV, by ecosystem and source package.
    osv: HashMap<(String, String), Vec<usize>>,
    records: Vec<OsvRecord>,
    /// How many packages and versions the records name.
    kept: usize,
}

impl VulnerabilityDatabase {
    /// Reads a file, JSON or a zip of it, or a folder of JSON files; errors name it as it is `shown`.
    pub fn read(path: &Path, shown: &Path, wanted: &SourceFilter) -> Result<Self, DatabaseError> {
        let mut database = Self::default();
        let failed = |source| DatabaseError::Read {
            path: shown.to_owned(),
            source,
        };
        if path.is_dir() {
            database.add_folder(path, wanted)?;
            return Ok(database);
        }
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let length = file.get_ref().metadata().map_err(failed)?.len();
        let mut magic = [0_u8; 4];
        let begins = file.read(&mut magic).map_err(failed)?;
        file.rewind().map_err(failed)?;
        if magic.get(..begins) == Some(b"PK\x03\x04") {
            database.add_zip(shown, file, wanted)?;
        } else if length > MAX_BYTES {
            return Err(too_large(shown, format!("{MAX_BYTES} bytes")));
        } else {
            database.add_json(shown, file.take(MAX_BYTES), wanted)?;
        }
        Ok(database)
    }

    fn add_folder(&mut self, folder: &Path, wanted: &SourceFilter) -> Result<(), DatabaseError> {
        let files = walkdir::WalkDir::new(folder).sort_by_file_name();
        let mut is_empty = true;
        for entry in files {
            let entry = entry.map_err(|error| DatabaseError::Read {
                path: folder.to_owned(),
                source: error.into(),
            })?;
            if !entry.file_type().is_file() || entry.path().extension().is_none_or(|end| end != "json") {
                continue;
            }
            let path = entry.path();
            let file = File::open(path).map_err(|source| DatabaseError::Read {
                path: path.to_owned(),
                source,
            })?;
            self.add_json(path, BufReader::new(file).take(MAX_RECORD), wanted)?;
            is_empty = false;
        }
        if is_empty {
            Err(without_json(folder))
        } else {
            Ok(())
        }
    }

    fn add_zip(
        &mut self,
        path: &Path,
        file: impl Read + Seek,
        wanted: &SourceFilter,
    ) -> Result<(), DatabaseError> {
        let form = |error: zip::result::ZipError| DatabaseError::Form {
            path: path.to_owned(),
            what: error.to_string(),
        };
        let mut zip = zip::ZipArchive::new(file).map_err(form)?;
        if zip.len() > MAX_RECORDS {
            return Err(too_large(path, format!("{MAX_RECORDS} records")));
        }
        let mut left = MAX_UNPACKED;
        let mut is_empty = true;
        for index in 0..zip.len() {
            let entry = zip.by_index(index).map_err(form)?;
            let name = entry.name().map_err(form)?.into_owned();
            if !name.ends_with(".json") {
                continue;
            }
            let inside = path.join(name);
            let most = left.min(MAX_RECORD);
            let mut record = entry.take(most);
            let added = self.add_json(&inside, BufReader::new(&mut record), wanted);
            left -= most - record.limit();
            if left == 0 {
                return Err(too_large(path, format!("{MAX_UNPACKED} bytes unpacked")));
            }
            added?;
            is_empty = false;
        }
        if is_empty { Err(without_json(path)) } else { Ok(()) }
    }

    fn add_json(
        &mut self,
        path: &Path,
        reader: impl Read,
        wanted: &SourceFilter,
    ) -> Result<(), DatabaseError> {
        let form = |error: serde_json::Error| DatabaseError::Form {
            path: path.to_owned(),
            what: error.to_string(),
        };
        match document::read(reader, wanted).map_err(form)? {
            Document::Tracker(packages) => {
                let issues = packages.values().flat_map(BTreeMap::values);
                self.tracked
                    .extend(issues.flat_map(TrackerIssue::releases).cloned());
                self.tracker.extend(packages);
            }
            Document::Osv(records) => {
                for record in records {
                    self.add_record(record, wanted);
                }
            }
        }
        if self.records.len() > MAX_RECORDS || self.kept > MAX_KEPT {
            return Err(too_large(
                path,
                format!("{MAX_RECORDS} records, or {MAX_KEPT} versions in them"),
            ));
        }
        Ok(())
    }

    fn add_record(&mut self, mut record: OsvRecord, wanted: &SourceFilter) {
        record.keep_releases(&wanted.releases);
        let names = record.packages().filter(|(_, name)| wanted.contains(name));
        let keys: BTreeSet<(String, String)> = names
            .map(|(ecosystem, name)| (ecosystem.to_owned(), name.to_owned()))
            .collect();
        if keys.is_empty() {
            return;
        }
        self.kept += record.weight();
        let index = self.records.len();
        for key in keys {
            self.osv.entry(key).or_default().push(index);
        }
        self.records.push(record);
    }

    /// Returns what is known in a release of each source package with an issue of severity `from` or more, and of those issues only.
    pub(super) fn parts(&self, release: &str, from: Severity) -> BTreeMap<String, Advisory> {
        let mut parts: BTreeMap<String, Advisory> = BTreeMap::new();
        for (source, issues) in &self.tracker {
            let part = |(id, issue): (&String, &TrackerIssue)| Some((id.clone(), issue.part(release, from)?));
            let issues: BTreeMap<_, _> = issues.iter().filter_map(part).collect();
            if !issues.is_empty() {
                parts.entry(source.clone()).or_default().issues = issues;
            }
        }
        for ((ecosystem, source), records) in &self.osv {
            let records = records.iter().filter_map(|index| self.records.get(*index));
            let records: Vec<OsvRecord> = records
                .filter_map(|record| record.part(ecosystem, source, from))
                .collect();
            if ecosystem == release && !records.is_empty() {
                parts.entry(source.clone()).or_default().records = records;
            }
        }
        parts
    }

    /// Says whether there is anything about a source package in a release.
    pub(super) fn knows(&self, release: &str, source: &str) -> bool {
        let is_tracked = self.tracked.contains(release) && self.tracker.contains_key(source);
        is_tracked || self.osv.contains_key(&(release.to_owned(), source.to_owned()))
    }

    /// Returns the vulnerabilities of a version of a source package in a release, by name.
    pub(super) fn lookup(&self, release: &str, source: &str, version: &Version) -> BTreeMap<String, Judged> {
        let issues = self.tracker.get(source).into_iter().flatten();
        let records = self.osv.get(&(release.to_owned(), source.to_owned()));
        let records = records.into_iter().flatten();
        let records = records.filter_map(|index| self.records.get(*index));
        judge((release, source, version), issues, records)
    }
}

/// Refuses what has no document: it would be taken for one that knows of no vulnerability.
fn without_json(path: &Path) -> DatabaseError {
    DatabaseError::Form {
        path: path.to_owned(),
        what: "it has no file that ends in `.json`".to_owned(),
    }
}

fn too_large(path: &Path, limit: String) -> DatabaseError {
    DatabaseError::TooLarge {
        path: path.to_owned(),
        limit,
    }
}
