//! `cpkgs gc`.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;

use super::failure::{Failure, REFUSED};
use super::human_size::{bytes, counted};
use super::{Context, Outcome};

/// Delete old generations, and packages that no generation uses.
#[derive(Debug, Args)]
pub(super) struct GcArgs {
    /// How many generations are kept; those that only hold packages do not count, and the current one always stays.
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_one)]
    keep: NonZeroUsize,
    /// Also delete the downloaded packages in the cache.
    #[arg(long)]
    downloads: bool,
}

pub(super) fn run(args: &GcArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let install = context.config.install(&context.home);
    let _lock = context.lock(&install)?;
    let swept = rootless::collect(&install, args.keep.get())?;
    context.printer.info(format_args!(
        "removed {} and {}",
        counted(swept.generations, "generation"),
        counted(swept.packages, "package")
    ));
    let cleared = match args.downloads {
        true => clear(&context.config.cache(&context.home).join("debs"))?,
        false => Cleared::default(),
    };
    if args.downloads {
        let count = counted(cleared.files, "downloaded file");
        let size = bytes(cleared.bytes);
        context.printer.info(format_args!("removed {count}, {size}"));
    }
    if context.printer.json() {
        let value = serde_json::json!({
            "generations": swept.generations,
            "packages": swept.packages,
            "downloads": cleared.files,
        });
        context.printer.value(&value)?;
    }
    Ok(Outcome::Success)
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "expected a number of generations, at least 1".to_owned())
}

/// How much was taken out of a cache.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cleared {
    files: usize,
    bytes: u64,
}

/// Removes the files of a folder; none where it is not there.
fn clear(folder: &Path) -> Result<Cleared, Failure> {
    clear_files(folder).map_err(|error| {
        let message = format!("cannot remove what is in `{}`", folder.display());
        Failure::new(REFUSED, anyhow::Error::new(error).context(message))
    })
}

fn clear_files(folder: &Path) -> io::Result<Cleared> {
    let mut cleared = Cleared::default();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(cleared),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            fs::remove_file(entry.path())?;
            cleared.files += 1;
            cleared.bytes += metadata.len();
        }
    }
    Ok(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_generations_that_is_none_is_told_what_would_be_one() {
        assert_eq!(at_least_one("2"), Ok(NonZeroUsize::MIN.saturating_add(1)));
        for wrong in ["0", "x", "-1", ""] {
            assert!(at_least_one(wrong).unwrap_err().contains("at least 1"), "{wrong}");
        }
    }

    #[test]
    fn downloads_go_and_what_is_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.deb"), [0; 10]).unwrap();
        fs::write(folder.path().join("two.deb.part"), [0; 5]).unwrap();
        fs::create_dir(folder.path().join("other")).unwrap();
        let cleared = clear_files(folder.path()).unwrap();
        assert_eq!(cleared, Cleared { files: 2, bytes: 15 });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(
            clear_files(&folder.path().join("gone")).unwrap(),
            Cleared::default()
        );
    }
}
