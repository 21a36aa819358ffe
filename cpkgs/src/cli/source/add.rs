//! `cpkgs source add`.

use apt_client::fetch::{FetchError, Fetcher, Location};
use apt_client::lists::{self, UpdateError, Updating};
use apt_client::private_file::replace_private;
use apt_client::repository::Repository;
use apt_client::source::{Source, SourceConfig, read_bounded};
use apt_client::trust::TrustError;
use cpkgs::machine;
use cpkgs::system::System;
use debian_control::digest::Digester;
use debian_control::terminal::escaped;
use openpgp_policy::Keyring;

use super::add_args::AddArgs;
use super::change::change_sources;
use super::pasted::unpasted;
use crate::cli::architectures::Architectures;
use crate::cli::failure::{Failure, REFUSED, UNVERIFIED, USAGE};
use crate::cli::{Context, Outcome};

/// How much of an archive's address the name of its key file shows.
const MAX_READABLE: usize = 60;
/// How many digits of a digest tell key files of like addresses apart.
const DIGITS: usize = 16;

pub(super) fn add(args: AddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (url, args) = unpasted(args)?;
    let usage = |error: apt_client::fetch::LocationError| Failure::new(USAGE, error);
    let root: Location = url.parse().map_err(usage)?;
    for mirror in &args.mirror {
        mirror.parse::<Location>().map_err(usage)?;
    }
    let mut added = as_given(&args, &url)?;
    let fetcher = context.fetcher_with(Some(&added))?;
    let repository = match Repository::fetch(&fetcher, &root) {
        // Everything is said already.
        Err(_) if args.signed_by.is_some() && !args.suite.is_empty() => None,
        fetched => fetched?,
    };
    check_names(args.suite.iter().chain(&args.component), USAGE)?;
    added.suites = suites(&args, repository.as_ref())?;
    added.components = components(&args, repository.as_ref(), &added.suites);
    // What the archive says of itself is signed by nobody.
    check_names(added.suites.iter().chain(&added.components), UNVERIFIED)?;
    let keyring = match (&args.signed_by, &repository) {
        (Some(path), _) => given_keys(path)?,
        (None, Some(repository)) => shown_keys(&args, &repository.keys(&fetcher, &root)?, context)?,
        (None, None) => {
            return Err(Failure::saying(
                USAGE,
                format_args!("`{root}` does not describe itself, so nobody knows its key"),
            )
            .hint("give the file with its keys by --signed-by, and --suite"));
        }
    };
    let keys = keyring.to_binary();
    check_suites(&added, &keys, &fetcher, context)?;
    added.signed_by = key_file(&root, &added.suites, &keys);
    let path = context.home.folder().join(&added.signed_by);
    replace_private(&path, &keys).map_err(|error| {
        Failure::new(
            REFUSED,
            anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())),
        )
    })?;
    let what = format!(
        "added {} {} {}",
        added.url,
        added.suites.join(" "),
        added.components.join(" ")
    );
    change_sources(context, |sources| {
        // A suite is asked for once: whoever adds it again has other components or another key for it.
        for source in sources.iter_mut().filter(|source| source.url == added.url) {
            source.suites.retain(|suite| !added.suites.contains(suite));
        }
        sources.retain(|source| !source.suites.is_empty());
        sources.push(added);
    })?;
    context.printer.info(what);
    context.printer.info("next: `cpkgs update`");
    Ok(Outcome::Success)
}

/// Returns the source as it is said on the command line: its suites, components and keys are for the archive to complete.
fn as_given(args: &AddArgs, url: &str) -> Result<SourceConfig, Failure> {
    // A file that is named on the command line counts from the working directory, one in the configuration from the home.
    let password_file = args.password_file.as_ref().map(std::path::absolute);
    let password_file = password_file
        .transpose()
        .map_err(|error| Failure::new(USAGE, error))?;
    Ok(SourceConfig {
        url: url.trim_end_matches('/').to_owned(),
        mirrors: args.mirror.clone(),
        suites: Vec::new(),
        components: Vec::new(),
        signed_by: String::new(),
        architectures: args.architecture.clone(),
        check_valid_until: !args.no_check_valid_until,
        accept_codenames: args.accept_codename.clone(),
        priority: args.priority,
        user: args.user.clone(),
        password_file,
        password_command: None,
    })
}

/// Checks that each suite can be had as it is to be added: what is wrong is said now, and not by the next update.
///
/// A wrong address, suite, component or key is refused. What only time or a setting mends is warned of: the next update may succeed.
fn check_suites(
    added: &SourceConfig,
    keys: &[u8],
    fetcher: &Fetcher,
    context: &Context,
) -> Result<(), Failure> {
    let sources = [Source::with_keys(added, keys.to_vec())?];
    let checking = Updating {
        fetcher,
        sources: &sources,
        architectures: &Architectures::of(&System::default())?.default,
        cache: &context.config.cache(&context.home),
        trust_file: &context.home.trust_file(),
        now: machine::now(),
    };
    for (suite, checked) in lists::check(&checking)? {
        match checked {
            Ok(warnings) => {
                for warning in warnings {
                    let warning = escaped(&format!("{suite} of {} {warning}", added.url));
                    context.printer.warning(warning);
                }
            }
            Err(error) if may_pass(&error, added) => {
                let failure = Failure::from(error);
                let failure = failure.context(format_args!("`update` cannot use suite `{suite}` yet"));
                failure.warn(&context.printer);
            }
            Err(error) => {
                let what = format!("suite `{suite}` of `{}` was not added", added.url);
                return Err(Failure::from(error).context(what));
            }
        }
    }
    Ok(())
}

/// Says whether a later update may succeed with the source as it is added, or with another setting of it.
fn may_pass(error: &UpdateError, added: &SourceConfig) -> bool {
    match error {
        // Passwords may be written into auth.conf afterwards; one that was given and is not taken is wrong.
        UpdateError::Fetch(FetchError::Denied { .. }) => added.user.is_none(),
        UpdateError::Fetch(error) => error.is_passing(),
        UpdateError::Trust { source, .. } => matches!(
            source,
            TrustError::Expired { .. }
                | TrustError::Future { .. }
                | TrustError::Older { .. }
                | TrustError::OtherSuite { .. }
        ),
        _ => false,
    }
}

/// Refuses what cannot be the name of a suite or component: it stands in paths, in the configuration and on terminals.
fn check_names<'n>(mut names: impl Iterator<Item = &'n String>, code: u8) -> Result<(), Failure> {
    let sound = |letter: char| letter.is_ascii_alphanumeric() || "+-._~/".contains(letter);
    let is_name = |name: &&String| {
        let parts = name.strip_suffix('/').unwrap_or(name);
        let parts = parts.strip_prefix("./").unwrap_or(parts);
        name.len() <= 255
            && name.chars().all(sound)
            && (matches!(parts, "" | ".") && name.ends_with('/')
                || parts
                    .split('/')
                    .all(|part| !part.is_empty() && !part.starts_with('.')))
    };
    match names.find(|name| !is_name(name)) {
        None => Ok(()),
        Some(wrong) => Err(Failure::saying(
            code,
            format_args!("`{}` is no name of a suite or component", escaped(wrong)),
        )
        .hint("expected letters, digits, `+`, `-`, `.`, `_`, `~`, and slashes between them")),
    }
}

fn suites(args: &AddArgs, repository: Option<&Repository>) -> Result<Vec<String>, Failure> {
    let known = repository.map_or(&[][..], |repository| &repository.suites);
    match (args.suite.as_slice(), known) {
        ([], [only]) => Ok(vec![only.codename.clone()]),
        ([], []) => Err(Failure::saying(USAGE, "which suite is not said").hint("name it by --suite")),
        ([], several) => {
            let names: Vec<String> = several.iter().map(|suite| escaped(&suite.codename)).collect();
            Err(Failure::saying(USAGE, "this archive has several suites")
                .hint(format_args!("say which by --suite: {}", names.join(", "))))
        }
        (asked, _) => Ok(asked.to_vec()),
    }
}

fn components(args: &AddArgs, repository: Option<&Repository>, suites: &[String]) -> Vec<String> {
    if !args.component.is_empty() {
        return args.component.clone();
    }
    let mut found: Vec<String> = Vec::new();
    for suite in suites {
        let known = repository.and_then(|repository| repository.suite(suite));
        for component in known.iter().flat_map(|suite| &suite.components) {
            if !found.contains(component) {
                found.push(component.clone());
            }
        }
    }
    let is_flat = |suite: &String| suite.ends_with('/');
    if found.is_empty() && !suites.iter().all(is_flat) {
        found.push("main".to_owned());
    }
    found
}

fn given_keys(path: &std::path::Path) -> Result<Keyring, Failure> {
    let shown = path.display();
    let bytes = read_bounded(path).map_err(|error| {
        Failure::new(
            USAGE,
            anyhow::Error::new(error).context(format!("cannot read `{shown}`")),
        )
    })?;
    Keyring::read(&bytes).map_err(|error| {
        Failure::new(
            USAGE,
            anyhow::Error::new(error).context(format!("`{shown}` contains no usable keys")),
        )
    })
}

/// Shows the keys that an archive offers; returns those that were agreed to.
fn shown_keys(args: &AddArgs, offered: &Keyring, context: &mut Context) -> Result<Keyring, Failure> {
    if let Some(wanted) = &args.fingerprint {
        let mut keyring = offered.clone();
        keyring.retain(|key| key.fingerprint() == *wanted);
        if keyring.certificates().is_empty() {
            let has: Vec<String> = offered.fingerprints().iter().map(ToString::to_string).collect();
            return Err(Failure::saying(
                UNVERIFIED,
                format_args!("the archive has no key {wanted}; it has {}", has.join(", ")),
            ));
        }
        return Ok(keyring);
    }
    for key in offered.certificates() {
        context.printer.error_line(format_args!(
            "key {} {}",
            key.fingerprint(),
            escaped(&key.user_ids().join(", "))
        ));
    }
    context.confirm_key("Do you trust this key to sign for this archive?")?;
    Ok(offered.clone())
}

/// Returns a name for the keys of an archive, below the home: no two archives share one, whatever they are called.
fn key_file(root: &Location, suites: &[String], keys: &[u8]) -> String {
    let text = format!("{root} {}", suites.join(" "));
    let mut digester = Digester::sha256();
    digester.update(text.as_bytes());
    // Other keys get another file: until the configuration is written, the old ones count.
    digester.update(keys);
    let unlike: String = digester
        .finish()
        .sha256
        .to_string()
        .chars()
        .take(DIGITS)
        .collect();
    let readable = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let readable: String = readable
        .chars()
        .take(MAX_READABLE)
        .map(|letter| match letter {
            '.' => letter,
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '-',
        })
        .collect();
    format!("keyrings/{}-{unlike}.pgp", readable.trim_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_suite_leads_nowhere_else() {
        let check = |name: &str| check_names([name.to_owned()].iter(), USAGE).is_ok();
        for name in [
            "stable",
            "bookworm/updates",
            "focal/mongodb-org/7.0",
            "./",
            "/",
            "debs/",
            "./a/b/",
        ] {
            assert!(check(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/../b",
            "a//b",
            "x\ny",
            "main,contrib",
            "a\u{1b}[31m",
            "a/./b",
            "./../x/",
        ] {
            assert!(!check(name), "{name:?}");
        }
    }

    fn file(url: &str, suites: &[&str]) -> String {
        let suites: Vec<String> = suites.iter().map(|suite| (*suite).to_owned()).collect();
        key_file(&url.parse().unwrap(), &suites, b"keys")
    }

    #[test]
    fn archives_of_like_names_do_not_share_a_file_of_keys() {
        let long = "x".repeat(90);
        let names = [
            file("http://h/a-b", &["s"]),
            file("http://h/a/b", &["s"]),
            file("https://h/a/b", &["s"]),
            file("http://h/a/b", &["s-t"]),
            file("http://h/a/b", &["s", "t"]),
            file(&format!("http://h/{long}1"), &["s"]),
            file(&format!("http://h/{long}2"), &["s"]),
        ];
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }
}
