//! Exit codes, and how errors become one.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use apt_client::contents::ContentsError;
use apt_client::fetch::FetchError;
use apt_client::lists::{ListsError, UpdateError};
use apt_client::package_cache::PackageCacheError;
use apt_client::repository::RepositoryError;
use apt_client::source::SourceError;
use apt_client::source_packages::SourcesError;
use apt_client::trust::TrustError;
use cli_kit::{ErrorReport, PrintError, one_line};
use cpkgs::account::RegistryError;
use cpkgs::autoremovable::{AutoremovableError, KeepingError};
use cpkgs::config::ConfigError;
use cpkgs::local::LocalError;
use cpkgs::system::SystemError;
use rootless::RootlessError;
use rootless::generation::GenerationError;
use rootless::store::StoreError;

use super::printer::Printer;

/// Outcome; an empty search or list, too.
pub(super) const DONE: u8 = 0;
/// The request cannot be met, and nothing changed; or a check found something broken.
pub(super) const REFUSED: u8 = 1;
/// The command or the configuration is wrong.
pub(super) const USAGE: u8 = 2;
/// A network or an archive cannot be reached.
pub(super) const UNREACHABLE: u8 = 3;
/// Verification failed.
pub(super) const UNVERIFIED: u8 = 4;
/// It is not permitted.
pub(super) const NOT_PERMITTED: u8 = 5;

/// What `run` was to start is there, and no program. Source: env(1), as the next one.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// What `run` was to start is not there.
pub(super) const NOT_FOUND: u8 = 127;
/// Whoever started it wanted it to end. Source: the convention of shells for SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

/// Why a command ended early.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    report: ErrorReport,
}

impl Failure {
    /// Returns a failure with one of the codes above; what the system does not permit is told as that.
    pub(super) fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let code = if matches!(code, REFUSED | USAGE) && is_denied(&error) {
            NOT_PERMITTED
        } else {
            code
        };
        let report = ErrorReport::new(error);
        Self { code, report }
    }

    /// Returns a failure that has no error below it.
    pub(super) fn saying(code: u8, message: impl Display) -> Self {
        Self::new(code, anyhow::anyhow!("{message}"))
    }

    /// Returns why a program could not be started, with the codes that shells have for it: whoever called it took it for that program.
    pub(super) fn of_start(program: &OsStr, error: io::Error) -> Self {
        let shown = program.to_string_lossy();
        let is_name = !program.as_encoded_bytes().contains(&b'/');
        if error.kind() == io::ErrorKind::NotFound && is_name {
            return Self::saying(NOT_FOUND, format_args!("there is no program `{shown}`")).hint(
                format_args!("`cpkgs search --file {shown}` says which packages have it"),
            );
        }
        let code = match error.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        };
        let error = anyhow::Error::new(error);
        Self::new(code, error.context(format!("cannot run `{shown}`")))
    }

    /// Adds what would help.
    pub(super) fn hint(mut self, hint: impl Display) -> Self {
        self.report = self.report.hint(hint);
        self
    }

    /// Says first what could not be done; what is said so far becomes the cause.
    pub(super) fn context(mut self, what: impl Display) -> Self {
        self.report = self.report.context(what);
        self
    }

    /// Returns how much a failure says about safety: what did not verify comes before what was not there.
    pub(super) fn gravity(&self) -> u8 {
        match self.code {
            UNVERIFIED => 3,
            NOT_PERMITTED => 2,
            UNREACHABLE => 1,
            _ => 0,
        }
    }

    /// Says it as a warning, with its causes and hints: all goes on.
    pub(super) fn warn(&self, printer: &Printer) {
        printer.warning(one_line(format_args!("{:#}", self.report.error())));
        for hint in self.report.hints() {
            printer.hint(one_line(hint));
        }
    }

    /// Prints what went wrong, and returns the exit code.
    pub(super) fn print(&self) -> ExitCode {
        self.report.print();
        self.code.into()
    }
}

/// Says that no archive is configured, and how to name one.
pub(super) fn no_sources() -> Failure {
    Failure::saying(REFUSED, "there is no source of packages yet")
        .hint("`cpkgs source add URL` adds an archive, `cpkgs source add debian trixie` a release of Debian")
        .hint("`cpkgs source import` adds those of this machine's apt")
}

/// Says whether somebody has not the rights, or the disk may not be written to.
fn is_denied(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| {
            let kind = error.kind();
            matches!(
                kind,
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            )
        })
}

impl From<PrintError> for Failure {
    fn from(error: PrintError) -> Self {
        Self::new(REFUSED, error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let code = match error {
            ConfigError::Parse { .. } | ConfigError::Open { .. } => USAGE,
            _ => REFUSED,
        };
        Self::new(code, error)
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let hint = match &error {
            FetchError::Denied { .. } => Some(
                "a private archive requires a login: `user` and `password_file` in its [[source]], apt_auth.conf(5), or `cpkgs auth login`",
            ),
            FetchError::NotCached { .. } => Some(
                "with a network, `cpkgs install --download-only` fetches packages into the cache; `cpkgs download` on another machine makes files for `cpkgs install ./FILE.deb`",
            ),
            FetchError::Proxy { .. } | FetchError::ProxyLogin { .. } => {
                Some("`http_proxy` and `https_proxy` name proxies, `no_proxy` hosts to ask without one")
            }
            _ => None,
        };
        let failure = Self::new(fetch_code(&error), error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn fetch_code(error: &FetchError) -> u8 {
    match error {
        FetchError::Location(_) => UNVERIFIED,
        FetchError::Denied { .. } => NOT_PERMITTED,
        FetchError::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            NOT_PERMITTED
        }
        FetchError::Astray { .. } | FetchError::TooLong { .. } | FetchError::Wrong { .. } => UNVERIFIED,
        FetchError::Keep { .. } => REFUSED,
        _ => UNREACHABLE,
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Fetch(error) => error.into(),
            error => Self::new(UNVERIFIED, error),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::new(USAGE, error)
    }
}

impl From<ListsError> for Failure {
    fn from(error: ListsError) -> Self {
        let none = matches!(error, ListsError::None);
        let failure = Self::new(REFUSED, error);
        if none {
            failure.hint("`cpkgs update` fetches them")
        } else {
            failure
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Fetch(error) => error.into(),
            UpdateError::Lists(error) => error.into(),
            UpdateError::Source(error) => error.into(),
            error @ UpdateError::Trust {
                source: TrustError::Expired { .. } | TrustError::Time { is_date: false, .. },
                ..
            } => Self::new(UNVERIFIED, error).hint(
                "for a snapshot or an archived suite: `check_valid_until = false` in its [[source]], or `cpkgs source add ... --no-check-valid-until`",
            ),
            error @ UpdateError::Trust {
                source: TrustError::Undated | TrustError::Time { is_date: true, .. },
                ..
            } => Self::new(UNVERIFIED, error).hint(
                "if the archive makes no better one: `accept_undated = true` in its [[source]], or `cpkgs source add ... --accept-undated`; the time of its signature then counts",
            ),
            error @ UpdateError::Trust {
                source: TrustError::OtherSuite { .. },
                ..
            } => Self::new(UNVERIFIED, error).hint(
                "if the archive means it so: `accept_codenames` in its [[source]], or `cpkgs source add ... --accept-codename NAME`",
            ),
            error @ (UpdateError::Trust { .. }
            | UpdateError::Wrong { .. }
            | UpdateError::Unreadable { .. }
            | UpdateError::Location(_)) => Self::new(UNVERIFIED, error),
            UpdateError::Memory(error) => error.into(),
            error => Self::new(REFUSED, error),
        }
    }
}

impl Failure {
    /// Returns that of a list, named by `what`, that was fetched later than the Release which names it.
    fn of_list(what: String, source: UpdateError) -> Self {
        let is_away = source.is_away();
        let failure = Self::from(source).context(what);
        match is_away {
            true => failure,
            false => {
                failure.hint("if the archive has changed since the last `cpkgs update`, another one helps")
            }
        }
    }
}

impl From<ContentsError> for Failure {
    fn from(error: ContentsError) -> Self {
        let what = error.to_string();
        match error {
            ContentsError::Fetch { source, .. } => Self::of_list(what, *source),
            error => Self::new(REFUSED, error),
        }
    }
}

impl From<SourcesError> for Failure {
    fn from(error: SourcesError) -> Self {
        let what = error.to_string();
        match error {
            SourcesError::Fetch { source, .. } => Self::of_list(what, *source),
            error => Self::new(REFUSED, error),
        }
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        let code = match error {
            TrustError::Memory { .. } => REFUSED,
            _ => UNVERIFIED,
        };
        Self::new(code, error)
    }
}

impl From<RootlessError> for Failure {
    fn from(error: RootlessError) -> Self {
        let code = if error.is_verification() {
            UNVERIFIED
        } else {
            REFUSED
        };
        Self::new(code, error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        RootlessError::from(error).into()
    }
}

impl From<GenerationError> for Failure {
    fn from(error: GenerationError) -> Self {
        RootlessError::from(error).into()
    }
}

impl From<PackageCacheError> for Failure {
    fn from(error: PackageCacheError) -> Self {
        let code = match error {
            PackageCacheError::Changed { .. } | PackageCacheError::Entry { .. } => UNVERIFIED,
            PackageCacheError::Architecture(_) => USAGE,
            _ => REFUSED,
        };
        Self::new(code, error)
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let code = match error {
            LocalError::Read { .. } | LocalError::Kind { .. } => USAGE,
            _ => REFUSED,
        };
        Self::new(code, error)
    }
}

impl From<AutoremovableError> for Failure {
    fn from(error: AutoremovableError) -> Self {
        match error {
            AutoremovableError::Index(error) => error.into(),
            AutoremovableError::Keeping(KeepingError::Settings(error)) => error.into(),
            error => Self::new(REFUSED, error),
        }
    }
}

impl From<SystemError> for Failure {
    fn from(error: SystemError) -> Self {
        let (code, hint) = match &error {
            SystemError::NotRoot => (NOT_PERMITTED, Some("run it with sudo")),
            SystemError::Stopped { .. } | SystemError::StoppedAtEnd => (INTERRUPTED, None),
            SystemError::Changed { .. } => (UNVERIFIED, None),
            SystemError::Package(error) if error.is_verification() => (UNVERIFIED, None),
            SystemError::Failed { unfinished, .. } if unfinished.is_empty() => {
                (REFUSED, Some("what dpkg did until then is kept"))
            }
            SystemError::Failed { .. } => (
                REFUSED,
                Some("what dpkg did until then is kept; `cpkgs repair --system` does the rest"),
            ),
            _ => (REFUSED, None),
        };
        let remaining = match &error {
            SystemError::Stopped { remaining } => Some(format!(
                "not done: {}; the same command continues",
                remaining.join(", ")
            )),
            _ => None,
        };
        let failure = Self::new(code, error);
        match hint.map(str::to_owned).or(remaining) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let code = match &error {
            RegistryError::Address(_) | RegistryError::NotHttp(_) => USAGE,
            RegistryError::Unreachable { .. } | RegistryError::Stranger { .. } => UNREACHABLE,
            RegistryError::Problem { status, .. } => match status {
                401 | 403 => NOT_PERMITTED,
                429 | 500.. => UNREACHABLE,
                _ => REFUSED,
            },
            RegistryError::File { .. } => USAGE,
            _ => REFUSED,
        };
        let hint = match &error {
            RegistryError::Problem { code, .. } => registry_hint(code),
            RegistryError::Stranger { .. } => {
                Some("is the address right? it is where the API answers, without `/api`")
            }
            _ => None,
        };
        let failure = Self::new(code, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Returns what would help against a problem that a registry tells of.
fn registry_hint(code: &str) -> Option<&'static str> {
    match code {
        "unauthenticated" => Some("`cpkgs auth login` signs in; programs set CPKGS_TOKEN"),
        "invalid_token" => Some("the token was revoked or has ended: `cpkgs auth login` makes another"),
        "scope_too_small" => Some("the token is for something else: `cpkgs auth status` says for what"),
        "suite_required" => Some("choose one with --suite"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_does_not_permit_is_told_as_that() {
        let path = std::path::PathBuf::from("/x");
        for (kind, code) in [
            (io::ErrorKind::PermissionDenied, NOT_PERMITTED),
            (io::ErrorKind::ReadOnlyFilesystem, NOT_PERMITTED),
            (io::ErrorKind::StorageFull, REFUSED),
        ] {
            let source = io::Error::from(kind);
            let failure = Failure::from(ConfigError::Write {
                path: path.clone(),
                source,
            });
            assert_eq!(failure.code, code, "{kind:?}");
        }
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(
            Failure::from(LocalError::Read { path, source }).code,
            NOT_PERMITTED
        );
        for (kind, code) in [
            (io::ErrorKind::PermissionDenied, NOT_PERMITTED),
            (io::ErrorKind::IsADirectory, UNREACHABLE),
        ] {
            let location = "file:/archive/InRelease".parse().expect("it is an address");
            let source = io::Error::from(kind);
            let failure = Failure::from(FetchError::Unreadable { location, source });
            assert_eq!(failure.code, code, "{kind:?}");
        }
    }
}
