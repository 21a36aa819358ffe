//! `cpkgs source NAME`.

use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Stdio};

use apt_client::fetch::{Download, Silent};
use apt_client::source_packages::FoundSource;
use clap::Args;
use cpkgs::resolver_input::ResolverInput;
use debian_control::terminal::escaped;

use crate::cli::download::put;
use crate::cli::failure::{Failure, REFUSED, UNVERIFIED};
use crate::cli::progress::DownloadBar;
use crate::cli::{Context, Outcome, human_size, source_packages};

/// Source packages to download.
#[derive(Debug, Args)]
pub(super) struct PackagesArgs {
    /// Download and verify these source packages into the working directory, and unpack them: NAME, NAME=VERSION or NAME/SUITE; the
    /// name of a binary package means what it is built of.
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Only download, do not unpack.
    #[arg(long, short = 'd')]
    download_only: bool,
}

pub(super) fn get(args: &PackagesArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let library = context.library()?;
    let input = ResolverInput::new(&library, &[], Vec::new())?;
    let found = source_packages::found(&args.packages, &input, context)?;
    for source in &found {
        download(source, context)?;
    }
    if !args.download_only {
        for source in &found {
            unpack(source, context)?;
        }
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
    let bytes = wanted.iter().map(|download| download.size).sum();
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

/// Has dpkg-source unpack a source package; where that is missing, only says so.
fn unpack(source: &FoundSource, context: &mut Context) -> Result<(), Failure> {
    let mut names = source.files.iter().map(|file| file.name.as_str());
    let Some(description) = names.find(|name| name.ends_with(".dsc")) else {
        let text = format!("source package `{}` lists no .dsc file", source.name);
        return Err(Failure::saying(UNVERIFIED, escaped(&text)));
    };
    // What it says is talk. Every file was held against what the archive has signed.
    let talk = io::stderr().as_fd().try_clone_to_owned();
    let talk = talk.map_err(|error| Failure::new(REFUSED, error))?;
    let mut command = Command::new("dpkg-source");
    command
        .args(["--no-check", "--extract", "--", description])
        .stdin(Stdio::null())
        .stdout(talk);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::saying(
            REFUSED,
            escaped(&format!("`dpkg-source` failed on `{description}` ({status})")),
        )
        .hint("a folder that is there from before is not written over")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = format!(
                "`{description}` was not unpacked: there is no dpkg-source; it comes with `dpkg-dev`"
            );
            context.printer.warning(escaped(&text));
            Ok(())
        }
        Err(error) => Err(Failure::new(
            REFUSED,
            anyhow::Error::new(error).context("cannot start `dpkg-source`"),
        )),
    }
}
