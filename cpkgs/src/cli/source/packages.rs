//! `cpkgs source NAME`.

use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Stdio};

use apt_client::fetch::{Download, Silent};
use apt_client::source_packages::FoundSource;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::local_source::{self, LocalSource};
use cpkgs::resolver_input::ResolverInput;
use debian_control::terminal::escaped;

use crate::cli::download::put;
use crate::cli::failure::{Failure, REFUSED, UNVERIFIED, USAGE};
use crate::cli::progress::DownloadBar;
use crate::cli::{Context, Outcome, candidates, human_size, source_packages};

/// Source packages to download.
#[derive(Debug, Args)]
pub(super) struct PackagesArgs {
    /// Source packages to download into the working directory, verify and unpack: NAME, NAME=VERSION or NAME/SUITE; a binary
    /// package stands for its source. A `.dsc` file is unpacked from the files beside it.
    #[arg(value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::source_packages))]
    packages: Vec<String>,
    /// Only download, do not unpack.
    #[arg(long, short = 'd')]
    download_only: bool,
}

pub(super) fn get(args: &PackagesArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (paths, names): (Vec<_>, Vec<_>) = args
        .packages
        .iter()
        .cloned()
        .partition(|word| local_source::is_path(word));
    if let Some(path) = paths.iter().find(|path| !path.ends_with(".dsc")) {
        let text = format!("`{path}` is a path: expected one of a file that ends in `.dsc`");
        return Err(Failure::saying(USAGE, escaped(&text)));
    }
    if args.download_only && !paths.is_empty() {
        return Err(Failure::saying(
            USAGE,
            "a `.dsc` file of this machine is not downloaded",
        ));
    }
    let mut found = Vec::new();
    if !names.is_empty() {
        let library = context.library()?;
        let input = ResolverInput::new(&library, &[], Vec::new())?;
        found = source_packages::found(&names, &input, context)?;
    }
    for source in &found {
        download(source, context)?;
    }
    if !args.download_only {
        for source in &found {
            // Every file was held against what the archive has signed.
            unpack(description(source)?, &["--no-check"], context)?;
        }
    }
    for path in &paths {
        LocalSource::open(Path::new(path)).map_err(|error| Failure::new(USAGE, error))?;
        unpack(path, &[], context)?;
    }
    Ok(Outcome::Success)
}

/// Brings the files of a source package into the working directory, verified.
fn download(source: &FoundSource, context: &mut Context) -> Result<(), Failure> {
    let wanted: Vec<Download> = source
        .downloads()
        .map_err(|error| Failure::new(UNVERIFIED, error))?;
    let folder = context.config.cache(&context.home).join("debs");
    let fetcher = context.fetcher()?;
    fetcher.check_reach(&wanted, &folder)?;
    let bytes = human_size::sum(wanted.iter().map(|download| download.size));
    let text = format!(
        "source package `{}` {}: {} files, {}",
        source.name,
        source.version,
        wanted.len(),
        human_size::bytes(bytes)
    );
    context.printer.info(escaped(&text));
    let paths = if context.printer.shows_progress() {
        fetcher.debs(&wanted, &folder, &DownloadBar::new(&wanted))?
    } else {
        fetcher.debs(&wanted, &folder, &Silent)?
    };
    for (wanted, path) in wanted.iter().zip(paths) {
        put(&path, Path::new(&wanted.name)).map_err(|error| {
            let message = format!("cannot write `{}`", wanted.name);
            Failure::new(REFUSED, anyhow::Error::new(error).context(message))
        })?;
        if context.printer.json() {
            context.printer.value(&wanted.name)?;
        } else {
            context.printer.line(escaped(&wanted.name))?;
        }
    }
    Ok(())
}

/// Returns the name of the file that describes a source package.
fn description(source: &FoundSource) -> Result<&str, Failure> {
    let mut names = source.files.iter().map(|file| file.name.as_str());
    names.find(|name| name.ends_with(".dsc")).ok_or_else(|| {
        let text = format!("source package `{}` lists no .dsc file", source.name);
        Failure::saying(UNVERIFIED, escaped(&text))
    })
}

/// Has dpkg-source unpack a source package; where that is missing, only says so.
fn unpack(description: &str, options: &[&str], context: &mut Context) -> Result<(), Failure> {
    // What it says is talk.
    let talk = io::stderr().as_fd().try_clone_to_owned();
    let talk = talk.map_err(|error| Failure::new(REFUSED, error))?;
    let mut command = Command::new("dpkg-source");
    command
        .args(options)
        .args(["--extract", "--", description])
        .stdin(Stdio::null())
        .stdout(talk);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::saying(
            REFUSED,
            escaped(&format!("`dpkg-source` failed on `{description}` ({status})")),
        )
        .hint("an existing folder is not overwritten")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text =
                format!("`{description}` was not unpacked: dpkg-source is missing; install `dpkg-dev`");
            context.printer.warning(escaped(&text));
            Ok(())
        }
        Err(error) => Err(Failure::new(
            REFUSED,
            anyhow::Error::new(error).context("cannot start `dpkg-source`"),
        )),
    }
}
