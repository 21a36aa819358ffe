//! From lines to counts.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use archive_catalog::CatalogError;
use archive_catalog::downloads::DownloadCount;
use debian_archive::archive::Archive;
use debian_control::digest::Sha256;

use super::LogSummary;
use super::line::{self, LoggedRequest};
use crate::static_files::{StaticPath, tree_of};

/// How many downloads are remembered so that their further parts are not counted.
const MAX_REMEMBERED: usize = 1 << 20;

/// Counts the downloads in lines.
pub(crate) struct LogCounter {
    /// The packages of the catalog, by path below the root.
    packages: HashMap<String, Sha256>,
    /// The path that `url` of the settings has, without a slash at its end.
    base: String,
    counts: HashMap<(Sha256, String, i64), u64>,
    /// Who fetched what on which day, as numbers that lead nowhere once the program ends.
    fetched: HashSet<u64>,
    hasher: RandomState,
}

impl LogCounter {
    /// Reads which packages the archive has.
    pub(crate) fn new(archive: &Archive) -> Result<Self, CatalogError> {
        let files = archive.catalog().pool_files()?;
        let url = archive.config().url.as_deref().unwrap_or_default();
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let base = path.map_or(String::new(), |(_, path)| format!("/{path}"));
        Ok(Self {
            packages: files.into_iter().map(|file| (file.path, file.sha256)).collect(),
            base: base.trim_end_matches('/').to_owned(),
            counts: HashMap::new(),
            fetched: HashSet::new(),
            hasher: RandomState::new(),
        })
    }

    /// Returns how many counts wait.
    pub(super) fn waiting(&self) -> usize {
        self.counts.len()
    }

    /// Forgets what waits: of a log whose position is not moved.
    pub(crate) fn forget(&mut self) {
        self.counts.clear();
    }

    /// Takes a line in.
    pub(super) fn take(&mut self, line: Option<&[u8]>, now: i64, summary: &mut LogSummary) {
        summary.lines += 1;
        let text = line.map(String::from_utf8_lossy);
        let Some(request) = text.as_deref().and_then(line::parse) else {
            summary.malformed += 1;
            return;
        };
        if request.method != "GET" || !matches!(request.status, 200 | 206) || !request.target.contains(".deb")
        {
            return;
        }
        let Some(path) = self.path(&request.target) else {
            return;
        };
        let Some(sha256) = self.packages.get(&path).copied() else {
            summary.unknown += 1;
            return;
        };
        let Some(day) = request.day(now) else {
            summary.malformed += 1;
            return;
        };
        let first = self.is_first(&request, &sha256, day);
        // A download in parts is one download.
        if request.status == 200 || first {
            let tree = tree_of(&path).to_owned();
            *self.counts.entry((sha256, tree, day)).or_default() += 1;
            summary.counted += 1;
        }
    }

    /// Returns what was counted, and begins anew.
    pub(super) fn finish(&mut self) -> Vec<DownloadCount> {
        let counts = self.counts.drain();
        let mut counts: Vec<DownloadCount> = counts
            .map(|((sha256, tree, day), count)| DownloadCount {
                sha256,
                tree,
                day,
                count,
            })
            .collect();
        // In the order of the table: rows that are neighbours there are written together.
        counts.sort_by(|a, b| (a.day, a.sha256.as_bytes()).cmp(&(b.day, b.sha256.as_bytes())));
        counts
    }

    /// Returns the path of a package below the root; `None` for what names none.
    fn path(&self, target: &str) -> Option<String> {
        let path = match target.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..))?,
            None => target,
        };
        let path = path
            .strip_prefix(&self.base)
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path);
        let path = StaticPath::parse(path)?.into_path();
        path.ends_with(".deb").then_some(path)
    }

    /// Says whether this is the first that this client has of the file on this day.
    fn is_first(&mut self, request: &LoggedRequest<'_>, sha256: &Sha256, day: i64) -> bool {
        if self.fetched.len() >= MAX_REMEMBERED {
            self.fetched.clear();
        }
        let who = self
            .hasher
            .hash_one((request.address.as_ref(), sha256.as_bytes(), day));
        self.fetched.insert(who)
    }
}
