//! The update of one suite: its signed Release, then the indexes that it lists.

use std::io;
use std::path::Path;

use debian_control::release::format_iso;
use openpgp_policy::{Keyring, VerifyError};

use super::deferred;
use super::error::UpdateError;
use super::index_names::{IndexNames, index_names, unlisted};
use super::index_update::{IndexUpdate, is_here};
use super::manifest::{KeptIndex, KeptSuite, KeptTranslation};
use super::remote::Remote;
use super::report::{Freshness, SuiteReport};
use super::signed_release::SignedRelease;
use crate::fetch::{FetchError, FileResponse, Location, Validators};
use crate::source::Source;
use crate::trust::{Asked, Seen, TrustError, Trusted, check};

/// Most bytes of an InRelease.
const MAX_RELEASE_BYTES: u64 = 32 << 20;

/// Most bytes of the signatures of a Release.
const MAX_SIGNATURE_BYTES: u64 = 1 << 20;

/// The signed release of the last update.
struct PreviousRelease {
    validators: Validators,
    signed: SignedRelease,
}

/// What an archive answered.
enum Answer {
    /// What is here is what is there.
    Same(SignedRelease),
    /// Another one.
    New(SignedRelease, Validators),
}

/// The indexes of a suite.
struct Fetched {
    indexes: Vec<KeptIndex>,
    translations: Vec<KeptTranslation>,
    /// Whether all came that is listed and served.
    is_whole: bool,
}

/// What became of a suite.
pub(super) struct Outcome {
    pub(super) kept: Option<KeptSuite>,
    pub(super) trusted: Option<Trusted>,
    pub(super) report: SuiteReport,
}

/// The update of one suite.
pub(super) struct SuiteUpdate<'a> {
    pub(super) folder: &'a Path,
    pub(super) source: &'a Source,
    /// How it is asked for.
    pub(super) asked: KeptSuite,
    /// What is here of it.
    pub(super) old: Option<KeptSuite>,
    pub(super) seen: &'a Seen,
    /// Unix seconds.
    pub(super) now: i64,
    pub(super) remote: Remote<'a>,
    /// What a person should know although all goes on.
    pub(super) warnings: Vec<String>,
}

impl SuiteUpdate<'_> {
    pub(super) fn run(mut self) -> Outcome {
        let (kept, trusted, outcome) = match self.try_run() {
            Ok(None) => (None, None, Ok(Freshness::Unchanged)),
            Ok(Some((kept, trusted))) => {
                let is_same = |old: &KeptSuite| old.indexes == kept.indexes && old.date == kept.date;
                let freshness = if self.old.as_ref().is_some_and(is_same) {
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
                url: self.asked.url,
                suite: self.asked.asked,
                outcome,
                warnings: self.warnings,
                requests: self.remote.requests,
                bytes: self.remote.bytes,
            },
            kept,
            trusted,
        }
    }

    /// Says whether the suite can be had as it is asked for, and fetches no index of it. Returns what a person should know.
    ///
    /// # Errors
    /// When it cannot be reached, does not count, or has nothing of what is asked for.
    pub(super) fn check(mut self) -> Result<Vec<String>, UpdateError> {
        let (location, answer) = self.signed_release(None)?;
        let (Answer::Same(signed) | Answer::New(signed, _)) = answer;
        let trusted = self.verify(&signed, &self.source.keyring()?);
        let trusted = trusted.map_err(|source| UpdateError::Trust { location, source })?;
        self.warnings.extend(trusted.warnings(self.now));
        let names = index_names(&trusted.release, &self.asked)?;
        let unlisted = unlisted(&trusted.release, &self.asked, &self.source.architectures)?;
        self.warnings.extend(unlisted);
        self.warnings.extend(names.warnings);
        Ok(self.warnings)
    }

    /// Returns what counts from now on; `None` when that is what is here.
    fn try_run(&mut self) -> Result<Option<(KeptSuite, Trusted)>, UpdateError> {
        // What is not all here has to be asked for as if nothing was.
        let here = self.old.clone().filter(|old| self.is_complete(old));
        let known = here.as_ref().and_then(|old| {
            Some(PreviousRelease {
                validators: old.validators.clone(),
                signed: SignedRelease::kept(self.folder, &old.message)?,
            })
        });
        let (location, answer) = self.signed_release(known)?;
        let (Answer::Same(signed) | Answer::New(signed, _)) = &answer;
        // Verified on every update, also after a 304: an expired key or a past Valid-Until ends a suite that was here already.
        let keyring = self.source.keyring()?;
        let trusted = match self.verify(signed, &keyring) {
            // A server that lags behind others, as edges of large networks do, takes nothing away: what is here is newer.
            Err(TrustError::Older {
                date,
                seen,
                lags: true,
            }) if here.is_some_and(|here| self.still_counts(&here, &keyring)) => {
                self.warnings.push(format!(
                    "was not changed: the server has a state of {}, older than the local one of {}",
                    format_iso(date),
                    format_iso(seen)
                ));
                return Ok(None);
            }
            verified => verified.map_err(|source| UpdateError::Trust { location, source })?,
        };
        self.warnings.extend(trusted.warnings(self.now));
        let Answer::New(signed, validators) = answer else {
            return Ok(None);
        };
        let names = index_names(&trusted.release, &self.asked)?;
        let Fetched {
            indexes,
            translations,
            is_whole,
        } = self.indexes(&trusted, &names)?;
        self.warnings.extend(names.warnings);
        let message = signed.keep(self.folder).map_err(|source| self.disk(source))?;
        let kept = KeptSuite {
            message,
            // What did not come is asked for again, though the Release stay what it is.
            validators: if is_whole {
                validators
            } else {
                Validators::default()
            },
            indexes,
            translations,
            ..described(self.asked.clone(), &trusted)
        };
        Ok(Some((kept, trusted)))
    }

    fn verify(&self, signed: &SignedRelease, keyring: &Keyring) -> Result<Trusted, TrustError> {
        let asked = Asked {
            url: &self.asked.url,
            suite: &self.asked.asked,
            accept_codenames: &self.source.accept_codenames,
            check_valid_until: self.source.check_valid_until,
            accept_undated: self.source.accept_undated,
            seen: self.seen,
        };
        check(signed.verify(keyring, self.now)?, &asked, self.now)
    }

    /// Says whether what is here of the suite counts today.
    fn still_counts(&self, here: &KeptSuite, keyring: &Keyring) -> bool {
        let kept = SignedRelease::kept(self.folder, &here.message);
        kept.is_some_and(|signed| self.verify(&signed, keyring).is_ok())
    }

    /// Says whether everything is here that was asked for, as it is asked for now.
    fn is_complete(&self, old: &KeptSuite) -> bool {
        old.architectures == self.asked.architectures && old.texts().all(|text| is_here(self.folder, &text))
    }

    /// Asks for what is signed: `InRelease`, or `Release` with the signatures beside it.
    fn signed_release(&mut self, known: Option<PreviousRelease>) -> Result<(Location, Answer), UpdateError> {
        let validators = known.as_ref().map(|known| known.validators.clone());
        let same = |location: Location| match known {
            Some(PreviousRelease { signed, .. }) => Ok((location, Answer::Same(signed))),
            None => Err(FetchError::Status {
                location,
                status: 304,
            }),
        };
        let missing = match self
            .remote
            .ask("InRelease", MAX_RELEASE_BYTES, validators.as_ref())
        {
            Ok((location, FileResponse::NotModified)) => return Ok(same(location)?),
            Ok((location, FileResponse::Body { bytes, validators })) => {
                return Ok((location, Answer::New(SignedRelease::Inline(bytes), validators)));
            }
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => error,
            Err(error) => return Err(error),
        };
        match self.remote.ask("Release", MAX_RELEASE_BYTES, validators.as_ref()) {
            Ok((location, FileResponse::NotModified)) => Ok(same(location)?),
            Ok((location, FileResponse::Body { bytes, validators })) => {
                let signature = self.signature(&location)?;
                let release = bytes;
                let signed = SignedRelease::Detached { release, signature };
                Ok((location, Answer::New(signed, validators)))
            }
            // The one that a person expects to be there is the one to name.
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => Err(missing.into()),
            Err(error) => Err(error),
        }
    }

    fn signature(&mut self, release: &Location) -> Result<Vec<u8>, UpdateError> {
        match self.remote.ask("Release.gpg", MAX_SIGNATURE_BYTES, None) {
            Ok((_, FileResponse::Body { bytes, .. })) => Ok(bytes),
            Ok((location, FileResponse::NotModified)) => Err(FetchError::Status {
                location,
                status: 304,
            }
            .into()),
            Err(UpdateError::Fetch(error)) if error.may_be_missing() => Err(UpdateError::Trust {
                location: release.clone(),
                source: VerifyError::Unsigned.into(),
            }),
            Err(error) => Err(error),
        }
    }

    /// Sees to it that all indexes are here.
    fn indexes(&mut self, trusted: &Trusted, names: &IndexNames) -> Result<Fetched, UpdateError> {
        let mut update = IndexUpdate {
            folder: self.folder,
            release: &trusted.release,
            remote: &mut self.remote,
        };
        let old = self.old.as_ref();
        let mut indexes = Vec::new();
        for name in &names.indexes {
            let is_same = |kept: &&KeptIndex| {
                kept.component == name.component && kept.architecture == name.architecture
            };
            let old = old.and_then(|old| old.indexes.iter().find(is_same));
            indexes.push(KeptIndex {
                text: update.bring(&name.path, old.map(|old| old.text))?,
                component: name.component.clone(),
                architecture: name.architecture.clone(),
            });
        }
        let mut translations = Vec::new();
        let mut is_whole = true;
        for name in &names.translations {
            let is_same = |kept: &&KeptTranslation| kept.component == name.component;
            let old = old.and_then(|old| old.translations.iter().find(is_same));
            match update.bring(&name.path, old.map(|old| old.text)) {
                Ok(text) => translations.push(KeptTranslation {
                    component: name.component.clone(),
                    text,
                }),
                // Packages can be installed without their long descriptions; apt goes on here, too.
                Err(UpdateError::Fetch(error)) if error.may_be_missing() => {}
                Err(UpdateError::Fetch(error)) if error.is_of_one_file() => {
                    is_whole = false;
                    self.warnings.push(format!(
                        "the long descriptions of {} cannot be fetched, and packages are shown without them: {error}",
                        name.component
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Fetched {
            indexes,
            translations,
            is_whole,
        })
    }

    fn disk(&self, source: io::Error) -> UpdateError {
        UpdateError::Disk {
            path: self.folder.to_owned(),
            source,
        }
    }
}

/// Returns a suite as its Release describes it, without what has to be fetched.
fn described(asked: KeptSuite, trusted: &Trusted) -> KeptSuite {
    let release = &trusted.release;
    KeptSuite {
        codename: release.codename.clone().unwrap_or_else(|| asked.asked.clone()),
        suite: release.suite.clone(),
        version: release.version.clone(),
        origin: release.origin.clone(),
        label: release.label.clone(),
        date: trusted.date,
        valid_until: release.valid_until,
        not_automatic: release.not_automatic,
        but_automatic_upgrades: release.but_automatic_upgrades,
        signers: trusted.signers.iter().map(ToString::to_string).collect(),
        by_hash: release.acquire_by_hash,
        contents: deferred::contents(release, &asked),
        sources: deferred::sources(release, &asked),
        ..asked
    }
}
