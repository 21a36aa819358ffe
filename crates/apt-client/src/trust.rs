//! Whether what an archive says counts: signed by its own key, of a time that can be, and never older than what was seen.
//!
//! Only what the signature covers is parsed. The newest Date of each suite and key is remembered, so that nobody can
//! show an old state again (a rollback) without holding the key. Where a Release without a Date is accepted, the time at which it was
//! signed stands in its place: that is a part of the signature, and nobody else can change it either.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::release::{Release, ReleaseError, format_iso};
use openpgp_policy::{Fingerprint, Verified, VerifyError};
use serde::{Deserialize, Serialize};

use crate::private_file::replace_private;

/// How far in the future a Date may be, in seconds, as apt has it.
const MAX_AHEAD: i64 = 10;
/// By how much a state may be older than the newest that was seen, in seconds, and still come from an edge that lags behind.
const MAX_BEHIND: i64 = 7 * 86_400;

/// Why a Release does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Nobody who counts signed it.
    #[error("the signature is not valid")]
    Signature(#[from] VerifyError),
    /// It is signed, and no Release.
    #[error("the signed text is not a Release")]
    Release(#[source] ReleaseError),
    /// It is a Release with a time that cannot be read.
    #[error("one of its times cannot be read")]
    Time {
        /// Whether that is its Date.
        is_date: bool,
        /// Which one.
        source: ReleaseError,
    },
    /// It does not list its files by the digest that is read.
    #[error("it lists no SHA256 of its files, and other digests are not read")]
    NoDigests,
    /// It does not say when it was made.
    #[error("it has no Date, so an old one could not be told from a new one")]
    Undated,
    /// It is from the future.
    #[error("its Date {date} is in the future, now is {now}: one of the clocks is wrong")]
    Future {
        /// Its Date.
        date: String,
        /// What the clock here says.
        now: String,
    },
    /// Its time is over.
    #[error(
        "it was valid until {until}, and now is {now}: the archive is no longer maintained, or newer states are withheld"
    )]
    Expired {
        /// `Valid-Until`.
        until: String,
        /// What the clock here says.
        now: String,
    },
    /// A newer one was seen.
    #[error(
        "its Date {} is before {}, which was seen already: an old state is being replayed",
        format_iso(*date),
        format_iso(*seen)
    )]
    Older {
        /// Its Date, in Unix seconds.
        date: i64,
        /// The newest Date that was seen, in Unix seconds.
        seen: i64,
        /// Whether it is so little older that a server which lags behind may show it.
        lags: bool,
    },
    /// It is of another suite.
    #[error("it is for suite {found}, and `{expected}` was requested")]
    OtherSuite {
        /// What it says.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// What was seen cannot be remembered.
    #[error("cannot record in `{}` what was seen", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A Release that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// What it says.
    pub release: Release,
    /// Its Date, or where one without was accepted, the time at which it was signed; in Unix seconds.
    pub date: i64,
    /// Whose signatures count.
    pub signers: Vec<Fingerprint>,
}

impl From<ReleaseError> for TrustError {
    fn from(source: ReleaseError) -> Self {
        match source {
            ReleaseError::Date { field, .. } => Self::Time {
                is_date: field == "Date",
                source,
            },
            source => Self::Release(source),
        }
    }
}

impl Trusted {
    /// Says what a person should know although the Release counts: that its time is over, or that it has none, where that was allowed.
    pub fn warnings(&self, now: i64) -> impl Iterator<Item = String> {
        let until = self.release.valid_until.filter(|until| *until < now);
        let over = until.map(|until| {
            format!(
                "was valid until {}: it is accepted because of `check_valid_until = false`, and may not be the newest",
                format_iso(until)
            )
        });
        let undated = self.release.date.is_none().then(|| {
            format!(
                "has no Date that can be read: it is accepted because of `accept_undated = true`, as of {}, when it was signed",
                format_iso(self.date)
            )
        });
        over.into_iter().chain(undated)
    }
}

/// Checks that a signed text is a Release of the suite that was asked for, and counts today. `now` is in Unix seconds.
///
/// # Errors
/// When it is not of this suite, from the future, expired, or older than what `seen` has.
pub fn check(verified: Verified, asked: &Asked<'_>, now: i64) -> Result<Trusted, TrustError> {
    // As apt has it, what does not count need not be readable either.
    let counting = [
        ("Date", !asked.accept_undated),
        ("Valid-Until", asked.check_valid_until),
    ];
    let counting = counting.into_iter().filter(|(_, counts)| *counts);
    let counting: Vec<&str> = counting.map(|(field, _)| field).collect();
    let release = Release::parse_counting(&verified.text, &counting)?;
    let lists_digests = verified
        .text
        .lines()
        .any(|line| line.to_ascii_lowercase().starts_with("sha256:"));
    if !lists_digests {
        return Err(TrustError::NoDigests);
    }
    let signed = asked.accept_undated.then_some(verified.made);
    let date = release.date.or(signed).ok_or(TrustError::Undated)?;
    if date > now + MAX_AHEAD {
        return Err(TrustError::Future {
            date: format_iso(date),
            now: format_iso(now),
        });
    }
    let until = release.valid_until.filter(|_| asked.check_valid_until);
    if let Some(until) = until.filter(|until| *until < now) {
        return Err(TrustError::Expired {
            until: format_iso(until),
            now: format_iso(now),
        });
    }
    is_of(&release, asked)?;
    let newest = verified
        .signers
        .iter()
        .filter_map(|signer| asked.seen.newest(asked, signer))
        .max();
    if let Some(seen) = newest.filter(|seen| date < *seen) {
        return Err(TrustError::Older {
            date,
            seen,
            lags: seen - date <= MAX_BEHIND,
        });
    }
    Ok(Trusted {
        release,
        date,
        signers: verified.signers,
    })
}

/// Refuses a Release of another suite than the one that was asked for.
///
/// As apt has it, `NAME/updates` may call itself `NAME`, a folder that stands by itself has no name, and a Release that says
/// none cannot be told from others by it.
fn is_of(release: &Release, asked: &Asked<'_>) -> Result<(), TrustError> {
    let also = asked.accept_codenames;
    let asked = asked.suite;
    let asked = asked
        .strip_prefix("./")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(asked);
    let names = [&release.suite, &release.codename];
    let names: Vec<&str> = names.iter().filter_map(|name| name.as_deref()).collect();
    let short = asked.rsplit_once('/').map(|(short, _)| short);
    let is_meant =
        |name: &&str| *name == asked || Some(*name) == short || also.iter().any(|also| also == name);
    if names.is_empty() || asked.ends_with('/') || names.iter().any(is_meant) {
        return Ok(());
    }
    Err(TrustError::OtherSuite {
        found: {
            let mut names = names;
            names.dedup();
            names.join(" or ")
        },
        expected: asked.to_owned(),
    })
}

/// What was asked for, and what was seen of it before.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The archive's root.
    pub url: &'a str,
    /// Other suites or codenames that its Release may say it is of.
    pub accept_codenames: &'a [String],
    /// Codename or alias.
    pub suite: &'a str,
    /// Whether `Valid-Until` counts.
    pub check_valid_until: bool,
    /// Whether a Release without a Date counts as of its signature.
    pub accept_undated: bool,
    /// What was seen.
    pub seen: &'a Seen,
}

/// The newest Date that was seen, by archive, suite and key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// `URL SUITE` to fingerprint to Unix seconds.
    dates: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Seen {
    /// Reads what was remembered; a file that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read: an attacker who could make it unreadable must not gain by it.
    pub fn read(path: &Path) -> Result<Self, TrustError> {
        let error = |source| TrustError::Memory {
            path: path.to_owned(),
            source,
        };
        match std::fs::read(path) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(error(source)),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| error(source.into())),
        }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TrustError> {
        let bytes = serde_json::to_vec_pretty(self).expect("texts and numbers are JSON");
        replace_private(path, &bytes).map_err(|source| TrustError::Memory {
            path: path.to_owned(),
            source,
        })
    }

    /// Remembers a Release that counts.
    pub fn remember(&mut self, url: &str, suite: &str, trusted: &Trusted) {
        let dates = self.dates.entry(key(url, suite)).or_default();
        for signer in &trusted.signers {
            let newest = dates.entry(signer.to_string()).or_insert(trusted.date);
            *newest = trusted.date.max(*newest);
        }
    }

    fn newest(&self, asked: &Asked<'_>, signer: &Fingerprint) -> Option<i64> {
        self.dates
            .get(&key(asked.url, asked.suite))?
            .get(&signer.to_string())
            .copied()
    }
}

fn key(url: &str, suite: &str) -> String {
    format!("{} {suite}", url.trim_end_matches('/'))
}
