//! `cpkgs source import`.

use std::fs;
use std::path::{Path, PathBuf};

use apt_client::source::{SourceConfig, read_bounded};
use clap::Args;
use cpkgs::apt_sources::{self, AptSource, SignedBy};
use cpkgs::machine;
use debian_control::terminal::escaped;
use openpgp_policy::Keyring;

use super::entry::{self, Entry};
use super::settings::{check_names, given_keys};
use crate::cli::failure::{Failure, USAGE};
use crate::cli::{Context, Outcome};

/// Add the archives that this machine's apt has, with their keys.
///
/// Reads /etc/apt/sources.list and /etc/apt/sources.list.d, or the files that are named. Entries that cannot be used are
/// reported and left out.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A file of lines, such as sources.list, or of stanzas if its name ends in `.sources`; repeatable.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn import(args: &ImportArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let files = match args.files.as_slice() {
        [] => apt_files(Path::new("/etc/apt"), "sources.list", &["list", "sources"]),
        named => named.to_vec(),
    };
    let fetcher = context.fetcher()?;
    let (found, mut is_whole) = read_entries(&files, context)?;
    if found.is_empty() && is_whole {
        let names: Vec<String> = files.iter().map(|file| format!("`{}`", file.display())).collect();
        let names = if names.is_empty() {
            "/etc/apt".to_owned()
        } else {
            names.join(", ")
        };
        return Err(
            Failure::saying(USAGE, format_args!("there is no archive in {}", escaped(&names)))
                .hint("`cpkgs source add URL` adds one"),
        );
    }
    let mut sound = Vec::new();
    for entry in found {
        match entry::check(&entry, &fetcher, context) {
            Ok(()) => sound.push(entry),
            Err(failure) => {
                is_whole = false;
                failure.warn(&context.printer);
            }
        }
    }
    if !sound.is_empty() {
        entry::store(grouped(sound), context)?;
    }
    Ok(if is_whole {
        Outcome::Success
    } else {
        Outcome::Broken
    })
}

/// Returns the archives of some files, and whether every entry could be read.
fn read_entries(files: &[PathBuf], context: &Context) -> Result<(Vec<Entry>, bool), Failure> {
    let mut is_whole = true;
    let mut found: Vec<Entry> = Vec::new();
    for file in files {
        let read = read_bounded(file).map_err(|error| {
            let message = format!("cannot read `{}`", file.display());
            Failure::new(USAGE, anyhow::Error::new(error).context(message))
        })?;
        let text = String::from_utf8_lossy(&read);
        for source in apt_sources::read(&file.to_string_lossy(), &text) {
            let entries = source
                .map_err(|error| Failure::new(USAGE, error))
                .and_then(|source| entries(&source));
            match entries {
                Ok(entries) => {
                    for entry in entries {
                        join(&mut found, entry);
                    }
                }
                Err(failure) => {
                    is_whole = false;
                    let what = format!("an entry of `{}` is left out", file.display());
                    failure.context(what).warn(&context.printer);
                }
            }
        }
    }
    Ok((found, is_whole))
}

/// Returns the files of a kind that apt reads: one of its own name, and those of some endings in the folder beside it.
pub(super) fn apt_files(folder: &Path, name: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = [folder.join(name)]
        .into_iter()
        .filter(|file| file.is_file())
        .collect();
    let listed = fs::read_dir(folder.join(format!("{name}.d")))
        .into_iter()
        .flatten();
    let mut further: Vec<PathBuf> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| endings.contains(&ending)) && path.is_file()
        })
        .collect();
    further.sort();
    files.append(&mut further);
    files
}

/// Returns an entry of apt as archives of one address and one suite each.
fn entries(source: &AptSource) -> Result<Vec<Entry>, Failure> {
    let keys = keys(&source.signed_by)?;
    let mut entries = Vec::new();
    for url in &source.urls {
        // apt has a word of its own for folders that it copies from.
        let url = url
            .strip_prefix("copy:")
            .map_or(url.clone(), |path| format!("file:{path}"));
        let url = url.trim_end_matches('/').to_owned();
        url.parse::<apt_client::fetch::Location>()
            .map_err(|error| Failure::new(USAGE, error))?;
        for suite in &source.suites {
            let suite = suite.replace("$(ARCH)", machine::architecture());
            check_names([&suite].into_iter().chain(&source.components), USAGE)?;
            entries.push(Entry {
                config: SourceConfig {
                    url: url.clone(),
                    mirrors: Vec::new(),
                    suites: vec![suite],
                    components: source.components.clone(),
                    signed_by: String::new(),
                    architectures: source.architectures.clone(),
                    check_valid_until: source.check_valid_until,
                    accept_undated: false,
                    accept_codenames: Vec::new(),
                    priority: None,
                    user: None,
                    password_file: None,
                    password_command: None,
                },
                keys: keys.clone(),
            });
        }
    }
    Ok(entries)
}

/// Adds an archive to those that were found: a suite that stands in several entries is one, with the components of all.
fn join(found: &mut Vec<Entry>, entry: Entry) {
    let is_like = |other: &Entry| {
        other.config.url == entry.config.url && other.keys.fingerprints() == entry.keys.fingerprints()
    };
    let same_suite = found
        .iter_mut()
        .find(|other| is_like(other) && other.config.suites == entry.config.suites);
    if let Some(same) = same_suite {
        for component in entry.config.components {
            if !same.config.components.contains(&component) {
                same.config.components.push(component);
            }
        }
        return;
    }
    found.push(entry);
}

/// Puts suites of one archive that differ in nothing but their names together.
fn grouped(found: Vec<Entry>) -> Vec<Entry> {
    let mut groups: Vec<Entry> = Vec::new();
    for entry in found {
        let is_like = |other: &&mut Entry| {
            let like = SourceConfig {
                suites: entry.config.suites.clone(),
                ..other.config.clone()
            };
            like == entry.config && other.keys.fingerprints() == entry.keys.fingerprints()
        };
        match groups.iter_mut().find(is_like) {
            Some(group) => group.config.suites.extend(entry.config.suites),
            None => groups.push(entry),
        }
    }
    groups
}

/// Returns the keys that an entry names, or those that apt trusts for every archive.
fn keys(signed_by: &[SignedBy]) -> Result<Keyring, Failure> {
    let mut keys = Keyring::default();
    let mut fingerprints = Vec::new();
    for signed_by in signed_by {
        match signed_by {
            SignedBy::File(file) => keys.extend(given_keys(file)?),
            SignedBy::Keys(text) => {
                let read = Keyring::read(text.as_bytes());
                keys.extend(read.map_err(|error| Failure::new(USAGE, error))?);
            }
            SignedBy::Fingerprint(fingerprint) => fingerprints.push(*fingerprint),
        }
    }
    if signed_by.is_empty() || !fingerprints.is_empty() {
        let mut trusted = trusted_keys()?;
        trusted.retain(|key| fingerprints.is_empty() || fingerprints.contains(&key.fingerprint()));
        keys.extend(trusted);
    }
    if keys.certificates().is_empty() {
        return Err(Failure::saying(USAGE, "apt has no key for it"));
    }
    Ok(keys)
}

/// Source: apt-secure(8).
fn trusted_keys() -> Result<Keyring, Failure> {
    let mut keys = Keyring::default();
    for file in apt_files(Path::new("/etc/apt"), "trusted.gpg", &["gpg", "asc"]) {
        keys.extend(given_keys(&file)?);
    }
    Ok(keys)
}
