//! `cpkgs source add`.

use apt_client::fetch::Location;
use apt_client::repository::Repository;
use debian_control::terminal::escaped;
use openpgp_policy::Keyring;

use super::add_args::AddArgs;
use super::entry::{self, Entry};
use super::pasted::unpasted;
use super::preset;
use super::settings::{check_names, given_keys, source_config};
use crate::cli::failure::{Failure, UNVERIFIED, USAGE};
use crate::cli::{Context, Outcome};

pub(super) fn add(args: AddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if let Some(distribution) = preset::named(&args) {
        return preset::add(distribution, &args, context);
    }
    if args.archive.is_some() {
        return Err(Failure::saying(
            USAGE,
            "--archive goes with `debian` or `ubuntu` in place of the address",
        )
        .hint("another address with the same content is a --mirror"));
    }
    let (url, args) = unpasted(args)?;
    let usage = |error: apt_client::fetch::LocationError| Failure::new(USAGE, error);
    let root: Location = url.parse().map_err(usage)?;
    for mirror in &args.mirror {
        mirror.parse::<Location>().map_err(usage)?;
    }
    let mut added = source_config(&args, &url)?;
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
            let what = match args.suite.is_empty() {
                true => "name its suite with --suite, and the file with its keys with --signed-by",
                false => "name the file with its keys with --signed-by",
            };
            return Err(Failure::saying(
                USAGE,
                format_args!("`{root}` has no repository.json, so its key is unknown"),
            )
            .hint(what)
            .hint("Debian and Ubuntu are known by name: `cpkgs source add debian trixie`"));
        }
    };
    let entry = Entry {
        config: added,
        keys: keyring,
    };
    entry::check(&entry, &fetcher, context)?;
    entry::store(vec![entry], context)?;
    Ok(Outcome::Success)
}

fn suites(args: &AddArgs, repository: Option<&Repository>) -> Result<Vec<String>, Failure> {
    let known = repository.map_or(&[][..], |repository| &repository.suites);
    match (args.suite.as_slice(), known) {
        ([], [only]) => Ok(vec![only.codename.clone()]),
        ([], []) => Err(Failure::saying(
            USAGE,
            "no suite is named, and the archive does not list its suites",
        )
        .hint("name it with --suite; Debian and Ubuntu are known by name: `cpkgs source add debian trixie`")),
        ([], several) => {
            let names: Vec<String> = several.iter().map(|suite| escaped(&suite.codename)).collect();
            Err(Failure::saying(USAGE, "this archive has several suites")
                .hint(format_args!("choose with --suite: {}", names.join(", "))))
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
