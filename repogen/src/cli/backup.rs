//! `repogen backup` and `repogen restore`.

use std::path::PathBuf;

use clap::Args;
use debian_archive::backup::restore;

use super::context::Context;
use super::exit::{Completion, Failure};

/// Write configuration, catalog and keys to a new file, private keys included.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file to create; it must not exist.
    file: PathBuf,
}

/// Restore configuration, catalog and keys from a backup into a root that has none of them.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// A file written by `repogen backup` or `uploader backup`.
    file: PathBuf,
}

pub(super) fn run(args: BackupArgs, context: &mut Context) -> Result<Completion, Failure> {
    if args.file.as_os_str() == "-" {
        return Err(Failure::usage(
            "a backup goes to a file, not to standard output: name one, or `./-`",
        ));
    }
    context.archive()?.backup(&args.file)?;
    context.printer.info(format_args!(
        "wrote `{}`, which contains private keys",
        args.file.display()
    ));
    Ok(Completion::Success)
}

pub(super) fn run_restore(args: RestoreArgs, context: &mut Context) -> Result<Completion, Failure> {
    restore(&args.file, &context.location()?)?;
    context
        .printer
        .info(format_args!("restored into `{}`", context.root.display()));
    context
        .printer
        .info("next: `repogen publish --force` recreates dists/, `repogen verify` checks the pool; if something newer than the backup is served, run `repogen rebuild` first");
    Ok(Completion::Success)
}
