//! `repogen replicate`: what is published, brought to another folder or bucket.

use bucket_storage::StoreUrlError;
use clap::Args;
use debian_archive::replicate::ReplicateError;
use debian_control::terminal::escaped;

use super::context::Context;
use super::exit::{Completion, Failure, REJECTED, USAGE};
use super::transfer_bar;

/// Update a mirror, in a folder or a bucket of an object store, to what is published now.
///
/// Prints one line a suite: codename, `replicated`, files and bytes written. Only what is missing is transferred, and InRelease
/// comes last, so that clients of the mirror never see a half-updated suite. Without `--suite`, all suites except private ones
/// are replicated.
#[derive(Debug, Args)]
pub(super) struct ReplicateArgs {
    /// A path, `s3://BUCKET[/PREFIX]`, `gs://BUCKET[/PREFIX]` or `az://CONTAINER[/PREFIX]`; credentials come from the usual
    /// environment variables.
    #[arg(long, value_name = "URL")]
    to: String,
    /// A suite, by codename or alias; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Finally, delete from the mirror what is no longer in this archive.
    #[arg(long)]
    delete: bool,
}

pub(super) fn run(args: ReplicateArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suites = if args.suite.is_empty() {
        archive
            .config()
            .suites
            .iter()
            .filter(|suite| !suite.private)
            .collect()
    } else {
        super::select::suites(archive.config(), &args.suite)?
    };
    let target = bucket_storage::open_named(Some(&args.to), std::env::vars_os())?
        .ok_or_else(|| Failure::usage("no target: name a path or the URL of a bucket with --to"))?;
    let mut replicated = Vec::new();
    let mut failed = None;
    for suite in suites {
        let replicated_one = transfer_bar::during(&context.printer, |progress| {
            archive.replicate(suite, target.as_ref(), progress)
        });
        match replicated_one {
            Ok(done) => {
                context.printer.line(format_args!(
                    "{}\treplicated\t{}\t{}",
                    done.suite, done.files, done.bytes
                ))?;
                replicated.push(done);
            }
            // The others are no worse for it.
            Err(error) => {
                if let Some(before) = failed.replace(Failure::from(error)) {
                    let _ = before.print();
                }
            }
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    if args.delete {
        for path in archive.delete_stale(target.as_ref(), &replicated)? {
            context
                .printer
                .line(format_args!("deleted\t{}", escaped(&path)))?;
        }
    }
    Ok(Completion::Success)
}

impl From<ReplicateError> for Failure {
    fn from(error: ReplicateError) -> Self {
        match error {
            ReplicateError::Newer { .. }
            | ReplicateError::Unpublished(_)
            | ReplicateError::Own(_)
            | ReplicateError::OtherArchive
            | ReplicateError::OtherSuite(_) => Self::new(REJECTED, error),
            error => Self::disk(error),
        }
    }
}

impl From<StoreUrlError> for Failure {
    fn from(error: StoreUrlError) -> Self {
        match error {
            StoreUrlError::Runtime { .. } => Self::disk(error),
            error => Self::new(USAGE, error),
        }
    }
}
