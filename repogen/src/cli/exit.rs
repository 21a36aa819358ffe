//! Exit codes, and how errors become one.

use std::process::ExitCode;

use archive_catalog::{CatalogError, InvalidDatabaseUrl};
use archive_storage::staging::StagingError;
use cli_kit::{ErrorReport, PrintError};
use debian_archive::archive::OpenError;
use debian_archive::backup::BackupError;
use debian_archive::check::CheckError;
use debian_archive::config::ConfigError;
use debian_archive::error_text;
use debian_archive::ingest::IngestError;

use debian_archive::prune::PruneError;
use debian_archive::publish::PublishError;
use debian_archive::sign::SignError;
use debian_archive::sign::keys::KeyError;
use debian_archive::verify::ArchiveVerifyError;
use debian_control::name::SuiteName;
use debian_control::terminal::escaped;

/// Done.
pub(super) const DONE: u8 = 0;
/// Something was rejected, not found, found wrong or not possible; the rest was done.
pub(super) const REJECTED: u8 = 1;
/// The command or the configuration is wrong.
pub(super) const USAGE: u8 = 2;
/// The archive or its disk cannot be used.
pub(super) const DISK: u8 = 3;
/// Signing failed.
pub(super) const SIGNING: u8 = 4;

/// What to do where a catalog is empty that should not be.
const LOST_CATALOG: &str = "name the right database, or fill this one: `repogen restore FILE`, `repogen rebuild`, or `repogen move` from where it was";
const OLD_CATALOG: &str =
    "name the right database and store, or bring this catalog up to what is served with `repogen rebuild`";

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completion {
    /// Everything was done.
    Success,
    /// What was valid was done; the rest was reported.
    WithRejections,
}

impl Completion {
    /// Returns the completion of a command with so many rejections.
    pub(super) fn after(rejections: usize) -> Self {
        if rejections == 0 {
            Self::Success
        } else {
            Self::WithRejections
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    report: ErrorReport,
}

impl Failure {
    pub(super) fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        let report = ErrorReport::new(error);
        Self { code, report }
    }

    fn saying(code: u8, message: impl std::fmt::Display) -> Self {
        let report = ErrorReport::saying(message);
        Self { code, report }
    }

    pub(super) fn usage(message: impl std::fmt::Display) -> Self {
        Self::saying(USAGE, message)
    }

    pub(super) fn not_possible(message: impl std::fmt::Display) -> Self {
        Self::saying(REJECTED, message)
    }

    pub(super) fn disk(error: impl Into<anyhow::Error>) -> Self {
        Self::new(DISK, error)
    }

    pub(super) fn hint(mut self, hint: impl std::fmt::Display) -> Self {
        self.report = self.report.hint(hint);
        self
    }

    /// Returns whether something was rejected and the command can go on with the rest.
    pub(super) fn is_rejection(&self) -> bool {
        self.code == REJECTED
    }

    /// Prints what went wrong, and returns the exit code.
    pub(super) fn print(&self) -> ExitCode {
        self.report.print();
        self.code.into()
    }
}

/// Returns an error and its causes in one line that is safe to print.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    escaped(&error_text::with_causes(error))
}

impl From<PrintError> for Failure {
    fn from(error: PrintError) -> Self {
        Self::disk(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let missing = matches!(&error, ConfigError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
        let failure = Self::new(USAGE, error);
        if missing {
            failure.hint("create an archive with `repogen init`, or name one with `--root DIR`")
        } else {
            failure
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Config(error) => error.into(),
            OpenError::Catalog(error) => error.into(),
            OpenError::NoStore(_) => Self::new(DISK, error)
                .hint("mount it, or name the right folder by STORAGE_URL"),
            OpenError::NoCatalog(_) => {
                Self::new(DISK, error).hint("`repogen restore FILE` restores a backup; `repogen rebuild` reconstructs the catalog from the published tree")
            }
        }
    }
}

impl From<InvalidDatabaseUrl> for Failure {
    fn from(error: InvalidDatabaseUrl) -> Self {
        Self::new(USAGE, anyhow::Error::new(error).context("invalid DATABASE_URL"))
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::new(DISK, error)
    }
}

impl From<StagingError> for Failure {
    fn from(error: StagingError) -> Self {
        Self::new(DISK, error)
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let hint = match &error {
            IngestError::OtherArchive(other) => Some(other.hint()),
            _ => None,
        };
        let failure = Self::new(if error.is_rejection() { REJECTED } else { DISK }, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let hint = error.hint();
        let failure = Self::new(REJECTED, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        let hint = error.hint();
        let failure = Self::new(SIGNING, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Sign(error) => error.into(),
            PublishError::Check(error) => error.into(),
            error @ PublishError::Gated { .. } => Self::new(REJECTED, error)
                .hint("remove these packages or add what they need; the previous indexes were kept"),
            error @ (PublishError::WouldDrop { .. }
            | PublishError::StillServed(_)
            | PublishError::AliasServed { .. }
            | PublishError::AliasGone { .. }) => Self::new(REJECTED, error).hint(
                "add it to repogen.toml again, or drop it with `repogen publish --drop`; the previous indexes were kept",
            ),
            error @ PublishError::CatalogLost(_) => Self::new(DISK, error).hint(LOST_CATALOG),
            PublishError::OtherArchive(other) => {
                let hint = other.hint();
                Self::new(DISK, PublishError::OtherArchive(other)).hint(hint)
            }
            error @ PublishError::CatalogBehind { .. } => Self::new(DISK, error).hint(OLD_CATALOG),
            error @ PublishError::Clock { .. } => Self::new(DISK, error).hint(
                "correct the clock; if it is right and was ahead when the suite was published, `repogen publish --redate` dates the suite anew",
            ),
            error @ PublishError::Overtaken(_) => {
                Self::new(DISK, error).hint("`repogen publish --force` writes every name once more")
            }
            error => Self::new(DISK, error),
        }
    }
}

impl From<PruneError> for Failure {
    fn from(error: PruneError) -> Self {
        let hint = match error {
            PruneError::Manifest(_) => {
                Some("delete the manifest: the next publish builds that index from the catalog")
            }
            PruneError::CatalogLost(_) => Some(LOST_CATALOG),
            PruneError::OtherArchive(ref other) => Some(other.hint()),
            PruneError::UnknownSnapshot { .. } => Some(
                "`repogen rebuild` brings the catalog up to what is served; delete the directory of a snapshot that nobody is to use",
            ),
            PruneError::NotServed { .. } => Some(
                "name the right store by STORAGE_URL; in the right one, `repogen publish` has the suite served again",
            ),
            PruneError::NotRecorded(_) => Some(
                "`repogen publish` completes an interrupted publish; one that is still running needs nothing",
            ),
            PruneError::CatalogBehind { .. } => Some(OLD_CATALOG),
            _ => None,
        };
        let failure = Self::new(DISK, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<ArchiveVerifyError> for Failure {
    fn from(error: ArchiveVerifyError) -> Self {
        Self::new(DISK, error)
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        let code = match error {
            CheckError::Base { .. } | CheckError::Stanza { .. } | CheckError::Package { .. } => USAGE,
            CheckError::Catalog(_) | CheckError::Control { .. } => DISK,
        };
        Self::new(code, error)
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let code = match error {
            BackupError::Exists(_) | BackupError::TargetExists(_) | BackupError::NoBackup { .. } => REJECTED,
            _ => DISK,
        };
        Self::new(code, error)
    }
}

/// Returns the error for a command that does not name one of several suites.
pub(super) fn which_suite(codenames: &[&SuiteName]) -> Failure {
    let names = codenames
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Failure::usage("this archive has several suites").hint(format_args!("choose one with `--suite`: {names}"))
}
