//! The update of one suite: its Release, then its indexes.

use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use debian_control::release::{IndexFile, Release};
use openpgp_policy::VerifyError;

use super::choose::{Choice, architectures, forms};
use super::chunks::{ChunkList, Piece, unpack as unpack_chunk};
use super::message::Message;
use super::remote::{ByHash, Remote, flat_folder};
use super::text::{TextWriter, part, read_part, unpack};
use super::update::{Freshness, SuiteReport, UpdateError, Updating};
use super::{KeptIndex, KeptSuite, contents, text_path};
use crate::fetch::{FetchError, Got, Location, Validators};
use crate::source::Source;
use crate::trust::{Asked, Seen, TrustError, Trusted, check};

/// Most bytes of an InRelease.
const MAX_RELEASE_BYTES: u64 = 32 << 20;

/// Most bytes of the signatures of a Release.
const MAX_SIGNATURE_BYTES: u64 = 1 << 20;

/// What is here of what is signed.
struct Known<'a> {
    validators: &'a Validators,
    message: Message,
}

/// What an archive answered.
enum Came {
    /// What is here is what is there.
    Same(Message),
    /// Another one.
    New(Message, Validators),
}

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
    pub(super) remote: Remote<'a>,
    /// What a person should know although all goes on.
    pub(super) warning: Cell<Option<String>>,
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
                warning: self.warning.take(),
                requests: self.remote.requests.get(),
                bytes: self.remote.bytes.get(),
            },
            kept,
            trusted,
        }
    }

    /// Returns what counts from now on; `None` when that is what is here.
    fn try_run(&self) -> Result<Option<(KeptSuite, Trusted)>, UpdateError> {
        // What is not all here has to be asked for as if nothing was.
        let here = self.old.as_ref().filter(|old| self.is_here(old));
        let known = here.and_then(|old| {
            Some(Known {
                validators: &old.validators,
                message: Message::kept(self.folder, &old.message)?,
            })
        });
        let (location, came) = self.message(known)?;
        let (Came::Same(message) | Came::New(message, _)) = &came;
        let asked = Asked {
            url: &self.empty.url,
            suite: &self.empty.asked,
            accept_codenames: &self.source.accept_codenames,
            check_valid_until: self.source.check_valid_until,
            seen: self.seen,
        };
        let now = self.updating.now;
        // Keys end, and so does what a Release says of itself: one that was here already has to count today, too.
        let keyring = self.source.keyring()?;
        let count = |message: &Message| {
            let verified = message.verify(&keyring, now).map_err(TrustError::from)?;
            check(verified, &asked, now)
        };
        let trusted = match count(message) {
            // A server that lags behind others, as edges of large networks do, takes nothing away: what is here is newer.
            Err(TrustError::Older {
                date,
                seen,
                lags: true,
            }) if self.still_counts(here, &count) => {
                self.warning.set(Some(format!(
                    "stays as it is here: the server shows a state of {date}, older than that of {seen}, which is here"
                )));
                return Ok(None);
            }
            Err(source) => return Err(UpdateError::Trust { location, source }),
            Ok(trusted) => trusted,
        };
        if let Some(warning) = trusted.warning(now) {
            self.warn(warning);
        }
        let Came::New(message, validators) = came else {
            return Ok(None);
        };
        let indexes = self.indexes(&trusted.release)?;
        let kept = KeptSuite {
            message: message.keep(self.folder).map_err(|source| self.disk(source))?,
            validators,
            indexes,
            ..described(self.empty.clone(), &trusted)
        };
        Ok(Some((kept, trusted)))
    }

    /// Says whether what is here of the suite counts today.
    fn still_counts(
        &self,
        here: Option<&KeptSuite>,
        count: &impl Fn(&Message) -> Result<Trusted, TrustError>,
    ) -> bool {
        let kept = here.and_then(|old| Message::kept(self.folder, &old.message));
        kept.is_some_and(|message| count(&message).is_ok())
    }

    /// Asks for what is signed.
    fn message(&self, known: Option<Known<'_>>) -> Result<(Location, Came), UpdateError> {
        let validators = known.as_ref().map(|known| known.validators);
        let ask = |name: &str| self.remote.ask(name, MAX_RELEASE_BYTES, validators);
        let same = |location: Location| match known {
            Some(Known { message, .. }) => Ok((location, Came::Same(message))),
            None => Err(FetchError::Status {
                location,
                status: 304,
            }),
        };
        let missing = match ask("InRelease") {
            Ok((location, Got::NotModified)) => return Ok(same(location)?),
            Ok((location, Got::Body { bytes, validators })) => {
                return Ok((location, Came::New(Message::Inline(bytes), validators)));
            }
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => error,
            Err(error) => return Err(error),
        };
        match ask("Release") {
            Ok((location, Got::NotModified)) => Ok(same(location)?),
            Ok((location, Got::Body { bytes, validators })) => {
                let signature = self.signature(&location)?;
                let release = bytes;
                let message = Message::Detached { release, signature };
                Ok((location, Came::New(message, validators)))
            }
            // The one that a person expects to be there is the one to name.
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => Err(missing.into()),
            Err(error) => Err(error),
        }
    }

    fn signature(&self, release: &Location) -> Result<Vec<u8>, UpdateError> {
        match self.remote.ask("Release.gpg", MAX_SIGNATURE_BYTES, None) {
            Ok((_, Got::Body { bytes, .. })) => Ok(bytes),
            Ok((_, Got::NotModified)) => Ok(Vec::new()),
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => Err(UpdateError::Trust {
                location: release.clone(),
                source: VerifyError::Unsigned.into(),
            }),
            Err(error) => Err(error),
        }
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
        if flat_folder(&self.empty.asked).is_some() {
            let architecture = self.empty.architectures.first().cloned().unwrap_or_default();
            let index = self.listed_index(release, "Packages", (String::new(), architecture))?;
            return index
                .map(|index| vec![index])
                .ok_or_else(|| UpdateError::NoPackages {
                    url: self.empty.url.clone(),
                    suite: self.empty.asked.clone(),
                });
        }
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
        let mut absent = Vec::new();
        let mut empty = Vec::new();
        for component in &self.empty.components {
            let before = indexes.len();
            for architecture in &architectures {
                let name = format!("{component}/binary-{architecture}/Packages");
                let whose = (component.clone(), architecture.clone());
                indexes.extend(self.listed_index(release, &name, whose)?);
            }
            if indexes.len() > before {
                continue;
            }
            // An architecture that the Release names without an index has no packages there; a component that it does not
            // know is a mistake of whoever asks.
            let known = if has_component(release, component) {
                &mut empty
            } else {
                &mut absent
            };
            known.push(component.as_str());
        }
        if !empty.is_empty() {
            self.warn(format!(
                "has no index of `{}` for {}: taken as empty",
                empty.join(" "),
                architectures.join(" ")
            ));
        }
        if absent.is_empty() {
            return Ok(indexes);
        }
        let missing = UpdateError::NoComponent {
            url: self.empty.url.clone(),
            suite: self.empty.asked.clone(),
            component: absent.join(" "),
            has: release.components.join(" "),
        };
        if indexes.is_empty() && empty.is_empty() {
            return Err(missing);
        }
        // What there is can be used.
        self.warn(missing.to_string());
        Ok(indexes)
    }

    /// Adds something that a person should know although all goes on.
    fn warn(&self, what: String) {
        let before = self.warning.take();
        let all = before.map(|before| format!("{before}; {what}"));
        self.warning.set(Some(all.unwrap_or(what)));
    }

    /// Sees to it that the index of a component and architecture is here; `None` where the Release lists none of that name.
    fn listed_index(
        &self,
        release: &Release,
        name: &str,
        (component, architecture): (String, String),
    ) -> Result<Option<KeptIndex>, UpdateError> {
        let forms = forms(&release.sha256, name);
        if forms.is_empty() {
            return Ok(None);
        }
        let (sha256, size) = self.index(release, (&component, &architecture), &forms)?;
        Ok(Some(KeptIndex {
            component,
            architecture,
            sha256,
            size,
        }))
    }

    /// Sees to it that an index is here; returns its digest and length.
    fn index(
        &self,
        release: &Release,
        (component, architecture): (&str, &str),
        forms: &[Choice<'_>],
    ) -> Result<(Sha256, u64), UpdateError> {
        if let Some(choice) = forms.first()
            && let Some(plain) = choice.plain
        {
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
        let mut failed = None;
        for form in forms {
            match self.whole(release, form) {
                // As apt has it, what is listed and not served, or cannot be read here, is got in another form.
                Err(UpdateError::Fetch(error)) if error.may_be_missing() => {
                    failed = failed.or(Some(error.into()));
                }
                Err(error @ UpdateError::Unreadable { .. }) => failed = failed.or(Some(error)),
                done => return done,
            }
        }
        Err(failed.expect("an index that is listed has a form"))
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
        let bytes = match self.remote.listed(listed, by_hash(release)) {
            // Without it, the index comes as a whole.
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => return Ok(None),
            fetched => fetched?.1,
        };
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
            let Ok((_, Got::Body { bytes, .. })) = self.remote.ask_range(packed, *range) else {
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
                    let Some(text) =
                        part.and_then(|part| unpack_chunk(part, list.compression, (length, sha256)))
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
        let (location, bytes) = self.remote.listed(choice.packed, by_hash(release))?;
        let disk = |source| self.disk(source);
        let mut writer = TextWriter::new(self.folder).map_err(disk)?;
        unpack((&location, &bytes), choice, |text| {
            writer.write(text).map_err(disk)
        })?;
        writer
            .finish(self.folder, choice.plain)
            .map_err(disk)?
            .map_err(|what| UpdateError::Wrong { location, what })
    }

    fn disk(&self, source: io::Error) -> UpdateError {
        UpdateError::Disk {
            path: self.folder.to_owned(),
            source,
        }
    }
}

/// Returns a suite as its Release describes it, without what has to be fetched.
fn described(empty: KeptSuite, trusted: &Trusted) -> KeptSuite {
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
        by_hash: release.acquire_by_hash,
        contents: contents::kept(release, &empty),
        ..empty
    }
}

/// Says whether a Release knows a component: by name, or by what it lists of it. A name may stand behind the suite's own part.
fn has_component(release: &Release, component: &str) -> bool {
    let is_named = |name: &String| {
        name == component || name.rsplit_once('/').is_some_and(|(_, short)| short == component)
    };
    let is_listed = |file: &IndexFile| {
        let below = file.path.strip_prefix(component);
        below.is_some_and(|below| below.starts_with("/binary-"))
    };
    release.components.iter().any(is_named) || release.sha256.iter().any(is_listed)
}

fn by_hash(release: &Release) -> ByHash {
    ByHash::said(release.acquire_by_hash)
}
