//! The files of packages, fetched into the cache.

use std::path::PathBuf;

use apt_client::fetch::{Download, Silent, is_downloaded};
use cpkgs::resolver_input::ResolverInput;
use debian_control::digest::Sha256;
use resolver::universe::PackageId;

use super::failure::Failure;
use super::progress::DownloadBar;
use super::{Context, human_size};

/// A package's file, verified.
pub(super) struct Downloaded {
    pub(super) path: PathBuf,
    pub(super) sha256: Sha256,
}

/// Fetches the files of packages into the cache; returns them in the same order.
pub(super) fn download(
    input: &ResolverInput<'_>,
    packages: &[PackageId],
    context: &mut Context,
) -> Result<Vec<Downloaded>, Failure> {
    let wanted = downloads(input, packages)?;
    let remote: Vec<Download> = wanted.iter().flatten().cloned().collect();
    let folder = debs(context);
    let fetcher = context.fetcher()?;
    fetcher.check_reach(&remote, &folder)?;
    // What is in the cache only passes through.
    let missing = remote.iter().filter(|wanted| !is_downloaded(wanted, &folder));
    let missing: Vec<Download> = missing.cloned().collect();
    let mut paths = if missing.is_empty() {
        fetcher.debs(&remote, &folder, &Silent)?
    } else if context.printer.shows_progress() {
        fetcher.debs(&remote, &folder, &DownloadBar::new(&missing))?
    } else {
        let bytes = human_size::bytes(human_size::sum(missing.iter().map(|download| download.size)));
        let count = human_size::counted(missing.len(), "package");
        context.printer.info(format_args!("downloading {count}, {bytes}"));
        fetcher.debs(&remote, &folder, &Silent)?
    }
    .into_iter();
    let mut found = Vec::new();
    for (package, wanted) in packages.iter().zip(wanted) {
        found.extend(match (wanted, input.file(*package)) {
            (Some(wanted), _) => paths.next().map(|path| Downloaded {
                path,
                sha256: wanted.sha256,
            }),
            (None, file) => file.map(|file| Downloaded {
                path: file.path.clone(),
                sha256: file.sha256,
            }),
        });
    }
    Ok(found)
}

/// Returns the folder of downloaded packages.
pub(super) fn debs(context: &Context) -> PathBuf {
    context.config.cache(&context.home).join("debs")
}

/// Returns where packages are fetched from; nothing for one that is a file already.
pub(super) fn downloads(
    input: &ResolverInput<'_>,
    packages: &[PackageId],
) -> Result<Vec<Option<Download>>, Failure> {
    let each = packages.iter().map(|package| match input.file(*package) {
        Some(_) => Ok(None),
        None => input.library().download(*package).map(Some),
    });
    Ok(each.collect::<Result<_, _>>()?)
}
