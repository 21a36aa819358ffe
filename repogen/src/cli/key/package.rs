//! `repogen key package`: the package that brings the keys to machines.

use std::fs;
use std::path::PathBuf;

use archive_catalog::Selection;
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::config::Config;
use debian_archive::keyring_package::{KeyringPackage, KeyringPackageError, KnownVersion, default_prefix};
use debian_control::name::PackageName;

use crate::cli::context::Context;
use crate::cli::exit::{Completion, Failure};
use crate::cli::files::{write_failed, write_new};
use crate::cli::{select, signing};

/// Build the package `NAME-archive-keyring`, whose upgrade brings new keys to machines.
///
/// It has the archive's public keys in `/usr/share/keyrings`, and entries for apt that name them in
/// `/usr/share/NAME-archive-keyring`. Its version is the day of the newest key, and rises with every other change of the
/// keys. Prints the path of the package, for `repogen add`.
#[derive(Debug, Args)]
pub(super) struct PackageArgs {
    /// Codename or alias of a suite to write an entry for apt for; repeatable [default: every suite that is not private].
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// The beginning of the package's name [default: the archive's origin, in lower case].
    #[arg(long)]
    name: Option<String>,
    /// `Maintainer` of the package, as `Example <apt@example.org>` [default: the origin, and postmaster at the host of `url`].
    #[arg(long, value_name = "NAME <ADDRESS>")]
    maintainer: Option<String>,
    /// The folder that the package is written to.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: &PackageArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let config = archive.config();
    let suites = if args.suite.is_empty() && config.url.is_none() {
        Vec::new()
    } else {
        let mut suites = select::suites(config, &args.suite)?;
        // A private suite is nobody's business who may not read it; whoever names it means it.
        suites.retain(|suite| !suite.private || !args.suite.is_empty());
        suites
    };
    let signer = signing::open(&config.signing, context)?;
    let prefix = args
        .name
        .clone()
        .unwrap_or_else(|| default_prefix(&config.origin));
    let maintainer = match &args.maintainer {
        Some(maintainer) => maintainer.clone(),
        None => default_maintainer(config)?,
    };
    let package = KeyringPackage::new(&prefix, &maintainer, signer.keyring(), config, &suites)?;
    let built = package.build(&known_versions(&archive, package.name())?)?;
    let path = args
        .folder
        .join(format!("{}_{}_all.deb", built.name, built.version));
    fs::create_dir_all(&args.folder).map_err(|error| write_failed(&args.folder, error))?;
    // What else has this name is not even read.
    let is_written = fs::symlink_metadata(&path)
        .is_ok_and(|found| found.is_file() && found.len() == built.bytes.len() as u64)
        && fs::read(&path).is_ok_and(|written| written == built.bytes);
    if is_written {
        context.printer.info("unchanged: the file has these keys already");
    } else if path.symlink_metadata().is_ok() {
        return Err(
            Failure::not_possible(format_args!("`{}` exists, with other content", path.display()))
                .hint("add it to the archive, so that the next one has a higher version, or delete it"),
        );
    } else {
        write_new(&path, &built.bytes, 0o644)?;
    }
    context.printer.line(path.display())?;
    Ok(Completion::Success)
}

/// Returns the versions of the package that the archive has, in whichever suite.
fn known_versions(archive: &Archive, name: &PackageName) -> Result<Vec<KnownVersion>, Failure> {
    let selection = Selection {
        name: Some(name.clone()),
        ..Selection::default()
    };
    let entries = archive.catalog().list(&selection)?;
    let known = entries.into_iter().map(|entry| KnownVersion {
        version: entry.content.version,
        sha256: entry.content.sha256,
    });
    Ok(known.collect())
}

fn default_maintainer(config: &Config) -> Result<String, Failure> {
    let address = config.url.as_deref().and_then(|url| url.split_once("://"));
    let host = address
        .and_then(|(_, rest)| rest.split(['/', ':']).next())
        .filter(|host| host.contains('.') && host.ends_with(|end: char| end.is_ascii_alphabetic()));
    match host {
        Some(host) => Ok(format!("{} <postmaster@{host}>", config.origin)),
        None => Err(Failure::usage(
            "no maintainer of the package: `url` in repogen.toml has no host name to make an address of",
        )
        .hint("name one: `--maintainer 'Example <apt@example.org>'`")),
    }
}

impl From<KeyringPackageError> for Failure {
    fn from(error: KeyringPackageError) -> Self {
        let hint = match &error {
            KeyringPackageError::Name { .. } | KeyringPackageError::Newer { .. } => {
                "choose another name: `--name NAME`"
            }
            KeyringPackageError::Maintainer(_) => "name one: `--maintainer 'Example <apt@example.org>'`",
            KeyringPackageError::NoUrl(_) => "set `url` in repogen.toml, or leave `--suite` out",
        };
        Self::not_possible(error).hint(hint)
    }
}
