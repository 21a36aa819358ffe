//! What may stand next on a command line. A shell asks while somebody types: nothing is fetched and nothing is said, and what cannot be
//! read has no candidates.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use apt_client::lists::Lists;
use apt_client::package_cache::{Machine, PackageCache};
use apt_client::source::Source;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};
use cpkgs::config::Config;
use cpkgs::home::Home;
use cpkgs::installed::InstalledPackage;
use cpkgs::system::System;
use cpkgs::{installed, machine};
use resolver::request::Hold;
use rootless::generation::Generations;

use super::architectures::Architectures;

/// Names of packages that the sources have, versions and suites of one behind its name, and files where a path begins.
pub(super) fn packages(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(word) = current.to_str() else {
        return Vec::new();
    };
    if word.starts_with(['.', '/', '~']) {
        return files(current, "deb");
    }
    // A file of the working directory that ends in `.deb` needs no slash.
    let mut found = files(current, "deb");
    found.retain(|file| Path::new(file.get_value()).extension().is_some());
    found.extend(named(word).unwrap_or_default());
    found
}

/// Names of packages, for want of indexes of source packages that can be read while somebody types, and files that describe some, and
/// folders where a path begins.
pub(super) fn source_packages(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(word) = current.to_str() else {
        return Vec::new();
    };
    if word.starts_with(['.', '/', '~']) {
        return files(current, "dsc");
    }
    named(word).unwrap_or_default()
}

/// Files that end so, and folders that may have some.
fn files(current: &OsStr, extension: &'static str) -> Vec<CompletionCandidate> {
    let is_meant = move |path: &Path| path.is_dir() || path.extension().is_some_and(|end| end == extension);
    PathCompleter::any().filter(is_meant).complete(current)
}

/// Names of packages that are installed.
pub(super) fn installed(current: &OsStr) -> Vec<CompletionCandidate> {
    beginning(current, present().map(|package| package.name))
}

/// Names of packages that are held.
pub(super) fn held(current: &OsStr) -> Vec<CompletionCandidate> {
    let held = present().filter(|package| package.hold == Hold::Held);
    beginning(current, held.map(|package| package.name))
}

/// Returns what is installed: without root, or in the system where that is said already, or where nothing is installed without root and
/// `--system` may still come.
fn present() -> impl Iterator<Item = InstalledPackage> {
    let own = configured().filter(|_| !is_for_system());
    let own = own.and_then(|(home, config)| installed::read(&config.install(&home)).ok());
    let own = own.filter(|own| !own.is_empty());
    let present = own.or_else(|| System::default().installed().ok());
    present.into_iter().flatten()
}

/// Says whether the command line is about the system so far.
fn is_for_system() -> bool {
    std::env::args_os().any(|word| word == "--system")
}

/// Numbers of generations, or identifiers of changes of the system, that can be gone back to.
pub(super) fn changes(current: &OsStr) -> Vec<CompletionCandidate> {
    let own = match is_for_system() {
        true => Vec::new(),
        false => generations(OsStr::new("")),
    };
    if !own.is_empty() {
        return generations(current);
    }
    let logged = System::default().history().ok();
    let logged = logged.into_iter().flatten();
    beginning(current, logged.map(|change| change.id))
}

/// Numbers of generations.
pub(super) fn generations(current: &OsStr) -> Vec<CompletionCandidate> {
    let all = configured().and_then(|(home, config)| Generations::new(&config.install(&home)).all().ok());
    beginning(
        current,
        all.into_iter().flatten().map(|number| number.to_string()),
    )
}

/// Addresses of the configured archives.
pub(super) fn sources(current: &OsStr) -> Vec<CompletionCandidate> {
    let sources = configured().map(|(_, config)| config.sources);
    beginning(current, sources.into_iter().flatten().map(|source| source.url))
}

/// Suites of the configured archives.
pub(super) fn suites(current: &OsStr) -> Vec<CompletionCandidate> {
    let sources = configured().map(|(_, config)| config.sources);
    beginning(
        current,
        sources.into_iter().flatten().flat_map(|source| source.suites),
    )
}

fn configured() -> Option<(Home, Config)> {
    let variable = |name| std::env::var_os(name).map(Into::into);
    let here = std::env::current_dir().ok()?;
    let home = Home::find(variable("CPKGS_HOME"), variable("HOME"), &here)?;
    let mut config = Config::read(&home).ok()?;
    let typed: Vec<OsString> = std::env::args_os().collect();
    config.overrides.install_dir = overriding(&typed, "--install-dir", "CPKGS_INSTALL_DIR");
    config.overrides.cache_dir = overriding(&typed, "--cache-dir", "CPKGS_CACHE_DIR");
    Some((home, config))
}

/// Returns the folder that an option says, among the words that are typed so far, or else a variable.
fn overriding(typed: &[OsString], option: &str, variable: &str) -> Option<PathBuf> {
    let said = typed.iter().enumerate().rev().find_map(|(place, word)| {
        let rest = word.as_encoded_bytes().strip_prefix(option.as_bytes())?;
        match rest.strip_prefix(b"=") {
            Some(folder) => Some(OsStr::from_bytes(folder).to_owned()),
            None if rest.is_empty() => typed.get(place + 1).cloned(),
            None => None,
        }
    });
    let folder = said.or_else(|| std::env::var_os(variable));
    let folder = folder.filter(|folder| !folder.is_empty())?;
    // The shell has not read it yet.
    match folder.as_encoded_bytes().strip_prefix(b"~/") {
        Some(below) => Some(PathBuf::from(std::env::var_os("HOME")?).join(OsStr::from_bytes(below))),
        None => std::path::absolute(folder).ok(),
    }
}

fn library() -> Option<PackageCache> {
    let (home, config) = configured()?;
    let cache = config.cache(&home);
    let architectures = Architectures::own(&config);
    let sources = config
        .sources
        .iter()
        .map(|source| Source::open(source, home.folder()));
    let sources = sources.collect::<Result<Vec<_>, _>>().ok()?;
    let lists = Lists::open(&cache, &sources, &architectures.default).ok()?;
    let machine = Machine::new(machine::architecture(), &architectures.foreign).ok()?;
    PackageCache::open(&cache, lists, machine).ok()
}

fn named(word: &str) -> Option<Vec<CompletionCandidate>> {
    let library = library()?;
    let sign = word.find(['=', '/']);
    if let Some((package, sign)) = sign.and_then(|at| word.split_at_checked(at)) {
        return Some(chosen(&library, package, sign));
    }
    let descriptions = library.descriptions().ok()?;
    let mut found: Vec<CompletionCandidate> = Vec::new();
    for summary in library.summaries().beginning_with(word) {
        if found.last().is_none_or(|last| last.get_value() != summary.name) {
            let synopsis = debian_control::terminal::escaped(descriptions.synopsis(&summary));
            found.push(CompletionCandidate::new(summary.name).help(Some(synopsis.into())));
        }
    }
    Some(found)
}

/// Versions of a package where an equals sign is behind its name, and suites that have it where a slash is; `choice` begins with that.
fn chosen(library: &PackageCache, package: &str, choice: &str) -> Vec<CompletionCandidate> {
    let (name, architecture) = package.split_once(':').unzip();
    let summaries = library.summaries().named(name.unwrap_or(package));
    let summaries =
        summaries.filter(|summary| architecture.is_none_or(|wanted| summary.architecture == wanted));
    let words = summaries.flat_map(|summary| {
        if choice.starts_with('=') {
            vec![summary.version.to_owned()]
        } else {
            let indexes = library.indexes_of(&summary);
            let names = indexes.flat_map(|index| [Some(&index.codename), index.suite.as_ref()]);
            names.flatten().cloned().collect()
        }
    });
    let sign = choice.get(..1).unwrap_or_default();
    let current = format!("{package}{choice}");
    beginning(
        OsStr::new(&current),
        words.map(|word| format!("{package}{sign}{word}")),
    )
}

/// Returns the words that begin as far as one is typed, each once.
fn beginning(current: &OsStr, words: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let mut found: Vec<String> = words.filter(|word| word.starts_with(&*current)).collect();
    found.sort();
    found.dedup();
    found.into_iter().map(CompletionCandidate::new).collect()
}
