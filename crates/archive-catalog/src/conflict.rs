//! What stands against a placement.

use debian_control::architecture::Architecture;
use debian_control::counted::counted;
use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName, SuiteName};

use crate::condemned::Condemnation;
use crate::quotas::{QuotaOwner, QuotaUnit};

/// Why a placement was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Other bytes hold that identity.
    #[error(
        "`{name}` {version} {architecture} stands for other bytes in suite `{suite}` (sha256 {held}, not {offered}): give the changed package a new version"
    )]
    OtherBytes {
        /// Codename.
        suite: SuiteName,
        /// Package.
        name: PackageName,
        /// Version as it was first taken.
        version: String,
        /// Architecture.
        architecture: Architecture,
        /// Digest that the identity stands for.
        held: Sha256,
        /// Digest of what was offered.
        offered: Sha256,
    },
    /// A version that compares equal, in other letters.
    #[error(
        "version `{offered}` of `{name}` {architecture} equals `{held}`, which suite `{suite}` has had: give the package a version that differs"
    )]
    EqualVersion {
        /// Codename.
        suite: SuiteName,
        /// Package.
        name: PackageName,
        /// Architecture.
        architecture: Architecture,
        /// Version text that was taken first.
        held: String,
        /// Version text that was offered.
        offered: String,
    },
    /// The same bytes stand in another component of the suite.
    #[error(
        "it is in component `{held}` of suite `{suite}` already: remove it there before adding it to `{offered}`"
    )]
    OtherComponent {
        /// Codename.
        suite: SuiteName,
        /// Where it stands.
        held: String,
        /// Where it was to go.
        offered: Component,
    },
    /// Another content holds the pool path: somebody else was faster.
    #[error("pool path `{0}` was taken by another package at the same moment: try again")]
    PathTaken(String),
    /// The file at the pool path is being deleted, or was.
    #[error("an older file at pool path `{path}` is being deleted: try again")]
    Condemned {
        /// Below the root.
        path: String,
        /// The case, once the file is gone: a placement whose bytes were put there after that may name it.
        deleted: Option<Condemnation>,
    },
    /// There would be more than the quota of the suite, or of who asked, allows.
    #[error(
        "the quota of {owner} is {}: {used} {} used, and with this it would be {needed}",
        counted(*allowed, unit.as_str()),
        if *used == 1 { "is" } else { "are" }
    )]
    QuotaExceeded {
        /// Whose quota.
        owner: QuotaOwner,
        /// What of it.
        unit: QuotaUnit,
        /// How much is used.
        used: u64,
        /// How much would be.
        needed: u64,
        /// How much may be.
        allowed: u64,
    },
    /// A scan for vulnerabilities has read something else of its source package than it was judged by.
    #[error("a scan for vulnerabilities ended at the same moment: try again")]
    ScannedMeanwhile,
    /// The authority of whoever asked ended, or changed, before the transaction.
    #[error("the account or its credential has changed since its rights were checked")]
    AuthorityEnded,
}
