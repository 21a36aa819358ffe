//! The update of one suite: its Release, then its indexes.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use debian_formats::compression::{Bounds, Decoder, Streams};
use debian_formats::digest::{Digester, Sha256};
use debian_formats::limits::Limits;
use debian_formats::release::{IndexFile, Release};

use super::choose::{Choice, architectures, choose};
use super::chunks::{ChunkList, Piece, unpack};
use super::text::{TextWriter, part, read_part};
use super::update::{Freshness, SuiteReport, UpdateError, Updating};
use super::{KeptIndex, KeptSuite, text_path};
use crate::fetch::{FetchError, Get, Got, Location, Validators};
use crate::source::Source;
use crate::trust::{Asked, Seen, Trusted, still_valid, verify};

/// Most bytes of an InRelease.
const MAX_RELEASE_BYTES: u64 = 32 << 20;
/// Most bytes of an index of which the Release does not say how long its plain text is.
const MAX_INDEX_BYTES: u64 = 4 << 30;

/// What became of it.
pub(super) struct Outcome {
    pub(super) kept: Option<KeptSuite>,
    pub(super) trusted: Option<Trusted>,
    pub(super) report: SuiteReport,
}

/// The update of one suite.
pub(super) struct SuiteUpdate<'a> {
    pub(super) updating: &'a Updating<'a>,
    pub(super) folder: &'a Path,
    pub(super) source: &'a Source,
    /// How it is asked for.
    pub(super) empty: KeptSuite,
    /// What is here of it.
    pub(super) old: Option<KeptSuite>,
    pub(super) seen: &'a Seen,
    pub(super) requests: Cell<u64>,
    pub(super) bytes: Cell<u64>,
}

impl SuiteUpdate<'_> {
    pub(super) fn run(&self) -> Outcome {
        let (kept, trusted, outcome) = match self.try_run() {
            Ok(None) => (None, None, Ok(Freshness::Unchanged)),
            Ok(Some((kept, trusted))) => {
                let same = self
                    .old
                    .as_ref()
                    .is_some_and(|old| old.indexes == kept.indexes && old.date == kept.date);
                let freshness = if same {
                    Freshness::Unchanged
                } else {
                    Freshness::New
                };
                (Some(kept), Some(trusted), Ok(freshness))
            }
            Err(error) => (None, None, Err(error)),
        };
        Outcome {
            report: SuiteReport {
                url: self.empty.url.clone(),
                suite: self.empty.asked.clone(),
                outcome,
                warning: trusted
                    .as_ref()
                    .and_then(|trusted| trusted.warning(self.updating.now)),
                requests: self.requests.get(),
                bytes: self.bytes.get(),
            },
            kept,
            trusted,
        }
    }

    /// Returns what counts from now on; `None` when that is what is here.
    fn try_run(&self) -> Result<Option<(KeptSuite, Trusted)>, UpdateError> {
        // What is not all here has to be asked for as if nothing was.
        let known = self.old.as_ref().filter(|old| self.is_here(old));
        let path = format!("dists/{}/InRelease", self.empty.asked);
        let (location, got) = self.ask(&path, MAX_RELEASE_BYTES, known.map(|old| &old.validators))?;
        let trust = |source| UpdateError::Trust {
            location: location.clone(),
            source,
        };
        let (bytes, validators) = match got {
            Got::NotModified => {
                let until = known.and_then(|old| old.valid_until);
                still_valid(until, self.updating.now).map_err(trust)?;
                return Ok(None);
            }
            Got::Body { bytes, validators } => (bytes, validators),
        };
        let asked = Asked {
            url: &self.empty.url,
            suite: &self.empty.asked,
            seen: self.seen,
        };
        let keyring = self.source.keyring()?;
        let trusted = verify(&bytes, &keyring, &asked, self.updating.now).map_err(trust)?;
        let indexes = self.indexes(&trusted.release)?;
        let kept = described(self.empty.clone(), &trusted, validators, indexes);
        Ok(Some((kept, trusted)))
    }

    fn is_here(&self, old: &KeptSuite) -> bool {
        old.indexes
            .iter()
            .all(|index| self.has(&index.sha256, index.size))
    }

    fn has(&self, sha256: &Sha256, size: u64) -> bool {
        fs::metadata(text_path(self.folder, sha256)).is_ok_and(|found| found.len() == size)
    }

    fn indexes(&self, release: &Release) -> Result<Vec<KeptIndex>, UpdateError> {
        let architectures = architectures(release, &self.empty.architectures);
        if architectures.is_empty() {
            return Err(UpdateError::NoArchitecture {
                url: self.empty.url.clone(),
                suite: self.empty.asked.clone(),
                wanted: self.empty.architectures.join(" "),
                has: release.architectures.join(" "),
            });
        }
        let mut indexes = Vec::new();
        for component in &self.empty.components {
            let mut found = 0;
            for architecture in &architectures {
                let name = format!("{component}/binary-{architecture}/Packages");
                let Some(choice) = choose(release, &name) else {
                    continue;
                };
                found += 1;
                let (sha256, size) = self.index(release, (component, architecture), &choice)?;
                indexes.push(KeptIndex {
                    component: component.clone(),
                    architecture: architecture.clone(),
                    sha256,
                    size,
                });
            }
            if found == 0 {
                return Err(UpdateError::NoComponent {
                    url: self.empty.url.clone(),
                    suite: self.empty.asked.clone(),
                    component: component.clone(),
                    has: release.components.join(" "),
                });
            }
        }
        Ok(indexes)
    }

    /// Sees to it that an index is here; returns its digest and length.
    fn index(
        &self,
        release: &Release,
        (component, architecture): (&str, &str),
        choice: &Choice<'_>,
    ) -> Result<(Sha256, u64), UpdateError> {
        if let Some(plain) = choice.plain {
            if self.has(&plain.sha256, plain.size) {
                return Ok((plain.sha256, plain.size));
            }
            let kept = self.old.iter().flat_map(|old| &old.indexes);
            let old = kept
                .filter(|kept| kept.component == component && kept.architecture == architecture)
                .find(|kept| self.has(&kept.sha256, kept.size));
            let list = self.chunk_list(release, plain, choice.chunks)?;
            if let (Some(old), Some(list)) = (old, &list)
                && self.by_chunks(release, (old, plain), list, choice)?.is_some()
            {
                return Ok((plain.sha256, plain.size));
            }
        }
        self.whole(release, choice)
    }

    /// Fetches the chunk list of an index and keeps it beside the text that will come.
    fn chunk_list(
        &self,
        release: &Release,
        plain: &IndexFile,
        listed: Option<&IndexFile>,
    ) -> Result<Option<ChunkList>, UpdateError> {
        let Some(listed) = listed else {
            return Ok(None);
        };
        let (_, bytes) = self.file(release, listed)?;
        let Some(list) = std::str::from_utf8(&bytes).ok().and_then(ChunkList::parse) else {
            return Ok(None);
        };
        let path = self.list_path(&plain.sha256);
        fs::write(&path, &bytes).map_err(|source| UpdateError::Disk { path, source })?;
        Ok(Some(list))
    }

    fn list_path(&self, text: &Sha256) -> PathBuf {
        self.folder.join(format!("{text}.chunks"))
    }

    /// Makes a new index of an old one and what is fetched of the new; `None` when that is not possible.
    fn by_chunks(
        &self,
        release: &Release,
        (old, plain): (&KeptIndex, &IndexFile),
        list: &ChunkList,
        choice: &Choice<'_>,
    ) -> Result<Option<()>, UpdateError> {
        let old_list = fs::read_to_string(self.list_path(&old.sha256)).unwrap_or_default();
        let Some(plan) = ChunkList::parse(&old_list).and_then(|old| list.plan(&old)) else {
            return Ok(None);
        };
        let stem = plain.path.as_str();
        let packed_path = format!("{stem}{}", list.compression.extension());
        let packed = release.sha256.iter().find(|file| file.path == packed_path);
        let Some(packed) = packed.filter(|_| release.acquire_by_hash && choice.chunks.is_some()) else {
            return Ok(None);
        };
        let mut ranges = Vec::new();
        for range in &plan.ranges {
            let Ok((_, Got::Body { bytes, .. })) = self.ask_range(&self.by_hash(packed), *range) else {
                return Ok(None);
            };
            ranges.push(bytes);
        }
        let disk = |source| self.disk(source);
        let mut source = File::open(text_path(self.folder, &old.sha256)).map_err(disk)?;
        let mut writer = TextWriter::new(self.folder).map_err(disk)?;
        for piece in plan.pieces {
            let text = match piece {
                Piece::Old { start, length } => read_part(&mut source, start, length).map_err(disk)?,
                Piece::New {
                    range,
                    start,
                    packed,
                    length,
                    sha256,
                } => {
                    let part = ranges.get(range).and_then(|bytes| part(bytes, start, packed));
                    let Some(text) = part.and_then(|part| unpack(part, list.compression, (length, sha256)))
                    else {
                        return Ok(None);
                    };
                    text
                }
            };
            writer.write(&text).map_err(disk)?;
        }
        // An old text that is no longer what it was gives another digest: then the whole is fetched.
        let made = writer.finish(self.folder, Some(plain)).map_err(disk)?;
        Ok(made.ok().map(|_| ()))
    }

    /// Fetches an index as a whole.
    fn whole(&self, release: &Release, choice: &Choice<'_>) -> Result<(Sha256, u64), UpdateError> {
        let (location, bytes) = self.file(release, choice.packed)?;
        let wrong = |what: String| UpdateError::Wrong {
            location: location.clone(),
            what,
        };
        let most = choice.plain.map_or(MAX_INDEX_BYTES, |plain| plain.size);
        let bounds = Bounds::new(&Limits::default(), most);
        let mut decoder = Decoder::new(
            choice.compression,
            Streams::Index,
            BufReader::new(&bytes[..]),
            bounds,
        )
        .map_err(|error| wrong(error.to_string()))?;
        let mut writer = TextWriter::new(self.folder).map_err(|source| self.disk(source))?;
        let mut buffer = vec![0; 128 << 10];
        loop {
            let read = decoder
                .read(&mut buffer)
                .map_err(|error| wrong(error.to_string()))?;
            if read == 0 {
                break;
            }
            writer
                .write(buffer.get(..read).unwrap_or_default())
                .map_err(|source| self.disk(source))?;
        }
        writer
            .finish(self.folder, choice.plain)
            .map_err(|source| self.disk(source))?
            .map_err(wrong)
    }

    /// Fetches a file that the Release lists, and holds it against that.
    fn file(&self, release: &Release, listed: &IndexFile) -> Result<(Location, Vec<u8>), UpdateError> {
        let mut paths = vec![self.below(&listed.path)];
        if release.acquire_by_hash {
            paths.insert(0, self.by_hash(listed));
        }
        let mut missing = None;
        for path in paths {
            match self.ask(&path, listed.size, None) {
                Ok((location, Got::Body { bytes, .. })) => {
                    check(&location, &bytes, listed)?;
                    return Ok((location, bytes));
                }
                Ok((_, Got::NotModified)) => {}
                Err(UpdateError::Fetch(error @ FetchError::Missing { .. })) => {
                    missing = missing.or(Some(error))
                }
                Err(error) => return Err(error),
            }
        }
        Err(missing
            .expect("what is asked for without conditions comes or is missing")
            .into())
    }

    fn below(&self, path: &str) -> String {
        format!("dists/{}/{path}", self.empty.asked)
    }

    fn by_hash(&self, listed: &IndexFile) -> String {
        let folder = listed.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.below(&format!("{folder}by-hash/SHA256/{}", listed.sha256))
    }

    fn ask(
        &self,
        path: &str,
        limit: u64,
        known: Option<&Validators>,
    ) -> Result<(Location, Got), UpdateError> {
        self.ask_roots(path, (limit, known, None))
    }

    fn ask_range(&self, path: &str, range: (u64, u64)) -> Result<(Location, Got), UpdateError> {
        self.ask_roots(path, (range.1, None, Some(range)))
    }

    /// Asks the archive for a file or a part of it, and its mirrors when it cannot be reached.
    fn ask_roots(
        &self,
        path: &str,
        (limit, known, range): (u64, Option<&Validators>, Option<(u64, u64)>),
    ) -> Result<(Location, Got), UpdateError> {
        let mut failed = None;
        for root in self.source.roots() {
            let location = root.below(path)?;
            self.requests.set(self.requests.get() + 1);
            let get = Get {
                location: &location,
                limit,
                known,
                range,
            };
            match self.updating.fetcher.get(&get) {
                Ok(got) => {
                    if let Got::Body { bytes, .. } = &got {
                        self.bytes.set(self.bytes.get() + bytes.len() as u64);
                    }
                    return Ok((location, got));
                }
                Err(error) if error.is_passing() => failed = failed.or(Some(error)),
                Err(error) => return Err(error.into()),
            }
        }
        Err(failed.expect("an archive has a root").into())
    }

    fn disk(&self, source: io::Error) -> UpdateError {
        UpdateError::Disk {
            path: self.folder.to_owned(),
            source,
        }
    }
}

fn described(
    empty: KeptSuite,
    trusted: &Trusted,
    validators: Validators,
    indexes: Vec<KeptIndex>,
) -> KeptSuite {
    let release = &trusted.release;
    KeptSuite {
        codename: release.codename.clone().unwrap_or_else(|| empty.asked.clone()),
        suite: release.suite.clone(),
        origin: release.origin.clone(),
        label: release.label.clone(),
        date: trusted.date,
        valid_until: release.valid_until,
        not_automatic: release.not_automatic,
        but_automatic_upgrades: release.but_automatic_upgrades,
        signers: trusted.signers.iter().map(ToString::to_string).collect(),
        validators,
        indexes,
        ..empty
    }
}

/// Holds bytes against what the Release lists.
fn check(location: &Location, bytes: &[u8], listed: &IndexFile) -> Result<(), FetchError> {
    let mut digester = Digester::sha256();
    digester.update(bytes);
    let sha256 = digester.finish().sha256;
    let (what, found, expected) = if bytes.len() as u64 != listed.size {
        ("size", bytes.len().to_string(), listed.size.to_string())
    } else if sha256 != listed.sha256 {
        ("SHA256", sha256.to_string(), listed.sha256.to_string())
    } else {
        return Ok(());
    };
    Err(FetchError::Wrong {
        location: location.clone(),
        what,
        found,
        expected,
    })
}
