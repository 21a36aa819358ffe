//! `repogen rebuild`: a lost catalog made again.

use archive_catalog::DatabaseUrl;
use clap::Args;
use debian_archive::config::Config;
use debian_archive::rebuild::{RebuildError, rebuild};

use super::context::Context;
use super::exit::{Completion, Failure};
use super::signing;
use super::system_clock::now;
use debian_control::counted::counted;
use debian_control::terminal::escaped;

/// Reconstruct a lost catalog from dists/, snapshots/ and pool/, or bring a restored one up to what is served.
///
/// Prints one line a suite: codename, `rebuilt`, packages, pinned snapshots. A catalog from an older backup is brought up to
/// what is served, and keeps everything else: accounts, authors, snapshots. Only data signed by the archive's own key is used.
/// Accounts, and the identities of pruned packages, can be restored from a backup only.
#[derive(Debug, Args)]
pub(super) struct RebuildArgs {}

pub(super) fn run(_: RebuildArgs, context: &mut Context) -> Result<Completion, Failure> {
    let config = Config::read(&context.root)?;
    let location = context.location()?;
    let signer = signing::open(&config.signing, context)?;
    let rebuilt = rebuild(&location, signer.keyring(), now())?;
    for problem in &rebuilt.problems {
        context.printer.info(format_args!(
            "{}: {}",
            escaped(&problem.path),
            escaped(&problem.what)
        ));
    }
    for suite in &rebuilt.suites {
        context.printer.line(format_args!(
            "{}\trebuilt\t{}\t{}",
            suite.codename, suite.packages, suite.pinned
        ))?;
    }
    if let Some(path) = &rebuilt.set_aside {
        context.printer.info(format_args!(
            "the unreadable catalog was moved to `{}`",
            path.display()
        ));
    }
    if rebuilt.unnamed > 0 {
        context.printer.info(format_args!(
            "left in place in the pool: {} that no index lists; `repogen add` adds such files again, `repogen prune` deletes them",
            counted(rebuilt.unnamed, "file")
        ));
    }
    context
        .printer
        .info("next: `repogen publish`, then `repogen verify`");
    Ok(Completion::after(rebuilt.problems.len()))
}

impl From<RebuildError> for Failure {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::Open(error) => error.into(),
            RebuildError::Catalog(error) => error.into(),
            RebuildError::Pool(error) => error.into(),
            RebuildError::Exists(catalog) => {
                let hint = match &catalog {
                    DatabaseUrl::Sqlite(_) => {
                        "to rebuild it anyway, move it and its -wal and -shm files away first"
                    }
                    DatabaseUrl::Postgres(_) => "to rebuild it anyway, name an empty database",
                };
                Self::not_possible(RebuildError::Exists(catalog)).hint(hint)
            }
            RebuildError::File { .. } | RebuildError::Live(_) | RebuildError::Store(_) => Self::disk(error),
        }
    }
}
