//! `cpkgs source add debian trixie`: distributions that are known by their names.

use std::path::Path;

use apt_client::fetch::Location;
use apt_client::source::read_bounded;
use cpkgs::apt_sources;
use cpkgs::distribution::{Archives, Distribution};

use super::add_args::AddArgs;
use super::entry::{self, Entry};
use super::import::apt_files;
use super::settings::{check_names, given_keys, source_config};
use crate::cli::failure::{Failure, USAGE};
use crate::cli::{Context, Outcome};

/// Returns the distribution that is named in the place of an address.
pub(super) fn named(args: &AddArgs) -> Option<Distribution> {
    Distribution::named(args.address.first()?)
}

/// Adds releases of a distribution, with their updates.
pub(super) fn add(
    distribution: Distribution,
    args: &AddArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let mut releases = args.address.get(1..).unwrap_or_default().to_vec();
    releases.extend(args.suite.iter().cloned());
    if releases.is_empty() {
        releases.push(own_release(distribution)?);
    }
    check_names(releases.iter().chain(&args.component), USAGE)?;
    for mirror in &args.mirror {
        mirror
            .parse::<Location>()
            .map_err(|error| Failure::new(USAGE, error))?;
    }
    let mut keys = match (&args.signed_by, distribution.keyring(Path::new("/"))) {
        (Some(file), _) => given_keys(file)?,
        (None, Some(file)) => given_keys(&file)?,
        (None, None) => return Err(no_keys(distribution)),
    };
    if let Some(wanted) = &args.fingerprint {
        keys.retain(|key| key.fingerprint() == *wanted);
    }
    let archives = archives(distribution, args)?;
    let mut entries: Vec<Entry> = Vec::new();
    for release in &releases {
        for part in distribution.parts(release, &archives) {
            if let Some(known) = entries.iter_mut().find(|entry| entry.config.url == part.url) {
                known.config.suites.extend(part.suites);
                continue;
            }
            let mut config = source_config(args, &part.url)?;
            if !entries.is_empty() {
                // What has the content of the first address does not have that of another.
                config.mirrors.clear();
            }
            config.suites = part.suites;
            config.components = match args.component.as_slice() {
                [] => distribution
                    .components()
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect(),
                named => named.to_vec(),
            };
            let keys = keys.clone();
            entries.push(Entry { config, keys });
        }
    }
    let fetcher = context.fetcher()?;
    for entry in &entries {
        entry::check(entry, &fetcher, context)?;
    }
    entry::store(entries, context)?;
    Ok(Outcome::Success)
}

/// Returns where the archives are: where it is said, or where this machine's apt has them.
fn archives(distribution: Distribution, args: &AddArgs) -> Result<Archives, Failure> {
    if let Some(archive) = &args.archive {
        archive
            .parse::<Location>()
            .map_err(|error| Failure::new(USAGE, error))?;
        return Ok(Archives::at(archive));
    }
    let addresses = apt_addresses();
    let found = distribution.archives(addresses.iter().map(String::as_str));
    found.ok_or_else(|| {
        let name = distribution.name();
        Failure::saying(
            USAGE,
            format_args!("this machine's apt has no archive of `{name}`, so its address is not known"),
        )
        .hint(format_args!(
            "name that of a mirror: `cpkgs source add {name} {} --archive URL`",
            distribution.example()
        ))
    })
}

/// Returns the addresses that this machine's apt has, in its order. What it has that cannot be read is said by `source import`.
fn apt_addresses() -> Vec<String> {
    let files = apt_files(Path::new("/etc/apt"), "sources.list", &["list", "sources"]);
    let read = files.iter().filter_map(|file| {
        let text = read_bounded(file).ok()?;
        Some(apt_sources::read(
            &file.to_string_lossy(),
            &String::from_utf8_lossy(&text),
        ))
    });
    let addresses = read.flatten().flatten().flat_map(|source| source.urls);
    addresses
        .filter(|address| address.parse::<Location>().is_ok())
        .collect()
}

/// Returns the release that this machine runs.
fn own_release(distribution: Distribution) -> Result<String, Failure> {
    let os_release = std::fs::read_to_string("/etc/os-release").ok();
    os_release
        .and_then(|text| distribution.release_of(&text))
        .ok_or_else(|| {
            let (name, example) = (distribution.name(), distribution.example());
            Failure::saying(USAGE, format_args!("no release of `{name}` is named"))
                .hint(format_args!("name it, as in `cpkgs source add {name} {example}`"))
        })
}

fn no_keys(distribution: Distribution) -> Failure {
    let (name, package) = (distribution.name(), distribution.keyring_package());
    Failure::saying(
        USAGE,
        format_args!("the keys of `{name}` are not on this machine"),
    )
    .hint(format_args!(
        "install the package `{package}`, where this machine has a package of that name"
    ))
    .hint(format_args!(
        "or extract the keys from that package, in {} of its archive, and name their file with --signed-by",
        distribution.keyring_folder()
    ))
}
