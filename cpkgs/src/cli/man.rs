//! `cpkgs man`: made from the same words as `--help`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::failure::{Failure, REFUSED};
use super::{Arguments, Context, Outcome};

/// Write the man pages, one for each command, into a folder.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder, such as /usr/local/share/man/man1.
    folder: PathBuf,
}

pub(super) fn run(args: &ManArgs, _context: &mut Context) -> Result<Outcome, Failure> {
    let what = format!("cannot write man pages into `{}`", args.folder.display());
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), &args.folder))
        .map_err(|error| Failure::new(REFUSED, anyhow::Error::new(error).context(what)))?;
    Ok(Outcome::Success)
}
