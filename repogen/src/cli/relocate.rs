//! `repogen move`: an archive to another database, another store of files, or both.

use archive_catalog::DatabaseUrl;
use archive_storage::store::FileStore;
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::relocate::{RelocateError, RelocateMode};

use super::context::Context;
use super::exit::{Completion, Failure, REJECTED};
use super::transfer_bar;

/// Copy the archive to another database, folder or bucket, and compare every row and digest.
///
/// Writers wait meanwhile; the source is not changed. After an interruption, run it again. Prints what was copied, then what to
/// set so that programs use the copy.
#[derive(Debug, Args)]
pub(super) struct MoveArgs {
    /// Where the catalog goes: `sqlite:PATH` or `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE`.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Where the files go: a path, `s3://BUCKET[/PREFIX]`, `gs://BUCKET[/PREFIX]` or `az://CONTAINER[/PREFIX]`.
    #[arg(long, value_name = "URL")]
    storage: Option<String>,
    /// Print what would be copied, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: MoveArgs, context: &mut Context) -> Result<Completion, Failure> {
    if args.database.is_none() && args.storage.is_none() {
        return Err(Failure::usage(
            "nothing to move: use --database, --storage or both",
        ));
    }
    let database: Option<DatabaseUrl> = args
        .database
        .as_deref()
        .map(|url| url.parse().map_err(Failure::usage))
        .transpose()?;
    let storage = bucket_storage::open_named(args.storage.as_deref(), std::env::vars_os())?;
    let mode = if args.dry_run {
        RelocateMode::DryRun
    } else {
        RelocateMode::Copy
    };
    let archive = context.archive()?;
    archive.without_writers(|| copy(context, &archive, (storage.as_deref(), database.as_ref()), mode))?;
    if args.dry_run {
        context.printer.info("nothing was written (--dry-run)");
        return Ok(Completion::Success);
    }
    context.printer.info(
        "the copy is complete and was compared; to use it, stop the programs, run this again, and set:",
    );
    if let Some(url) = &args.storage {
        context.printer.info(format_args!("  STORAGE_URL={url}"));
    }
    if let Some(url) = &database {
        // Without the password, which a log has no business with.
        context.printer.info(format_args!("  DATABASE_URL={url}"));
    }
    Ok(Completion::Success)
}

/// Copies what has another place to go to.
fn copy(
    context: &mut Context,
    archive: &Archive,
    (storage, database): (Option<&dyn FileStore>, Option<&DatabaseUrl>),
    mode: RelocateMode,
) -> Result<(), Failure> {
    let done = match mode {
        RelocateMode::DryRun => "to copy",
        RelocateMode::Copy => "copied",
    };
    // Files first: a catalog that names files is never where they are not.
    if let Some(store) = storage {
        let relocated = transfer_bar::during(&context.printer, |progress| {
            archive.copy_files(store, mode, progress)
        })?;
        context.printer.line(format_args!(
            "storage\t{done}\t{}\t{}",
            relocated.files, relocated.bytes
        ))?;
    }
    if let Some(url) = database {
        archive.copy_catalog(url, mode)?;
        context.printer.line(format_args!("database\t{done}"))?;
    }
    Ok(())
}

impl From<RelocateError> for Failure {
    fn from(error: RelocateError) -> Self {
        match error {
            RelocateError::Same(_) | RelocateError::OtherCatalog(_) | RelocateError::OtherFiles(_) => {
                Self::new(REJECTED, error)
            }
            error => Self::disk(error),
        }
    }
}
