//! `cpkgs source`.

use std::path::PathBuf;

use apt_client::fetch::{FetchError, Fetcher, Location};
use apt_client::lists::{self, UpdateError, Updating};
use apt_client::private_file::replace_private;
use apt_client::repository::Repository;
use apt_client::source::{Source, SourceConfig, read_bounded};
use apt_client::trust::TrustError;
use clap::{Args, Subcommand};
use cpkgs::machine;
use cpkgs::system::System;
use debian_control::digest::Digester;
use debian_control::terminal::escaped;
use openpgp_policy::{Fingerprint, Keyring};
use serde::Serialize;

use super::architectures::Architectures;
use super::failure::{Failure, REFUSED, UNVERIFIED, USAGE};
use super::{Context, Outcome};

/// How much of an archive's address the name of its key file shows.
const MAX_READABLE: usize = 60;
/// How many digits of a digest tell key files of like addresses apart.
const DIGITS: usize = 16;

/// Names the archives that packages come from.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    Add(Box<AddArgs>),
    /// Lists the archives.
    List,
    Remove(RemoveArgs),
}

/// Adds an archive, after showing its key.
///
/// An archive that describes itself (repository.json) needs nothing but its address. Of any other, say the suite and where its
/// keys are.
#[derive(Debug, Args)]
struct AddArgs {
    /// The archive's root: http://, https:// or file:/, or a folder; or a whole line of a sources.list.
    #[arg(required = true, num_args = 1.., value_name = "URL")]
    address: Vec<String>,
    /// A suite or codename, or a folder with a slash at its end (`./`) that has everything by itself; may be given several times.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// A component; may be given several times.
    #[arg(long, value_name = "COMPONENT")]
    component: Vec<String>,
    /// A file with the keys that may sign, armoured or binary.
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    signed_by: Option<PathBuf>,
    /// The fingerprint of the key that may sign; the archive has the key itself.
    #[arg(long, value_name = "FPR")]
    fingerprint: Option<Fingerprint>,
    /// An architecture; may be given several times. This machine's own when left out.
    #[arg(long, value_name = "ARCH")]
    architecture: Vec<String>,
    /// Another address with the same content; may be given several times.
    #[arg(long, value_name = "URL")]
    mirror: Vec<String>,
    /// Takes indexes whose Valid-Until is past: for snapshots and ended suites.
    #[arg(long)]
    no_check_valid_until: bool,
    /// The name to sign in with, for a private archive.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Another suite or codename that its Release may say it is of; may be given several times.
    #[arg(long, value_name = "NAME")]
    accept_codename: Vec<String>,
    /// How much its packages are preferred, as in apt_preferences(5): 500 is usual, with 100 only newer versions of what is
    /// installed from it come by themselves, below 0 none.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-32768..=32767))]
    priority: Option<i32>,
}

/// Forgets an archive, or some of its suites.
#[derive(Debug, Args)]
struct RemoveArgs {
    /// The archive's root, as `source list` has it.
    url: String,
    /// Only this suite; may be given several times.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
}

/// An archive as `source list --json` prints it.
#[derive(Serialize)]
struct SourceView<'a> {
    url: &'a str,
    suites: &'a [String],
    components: &'a [String],
    signed_by: &'a str,
    architectures: &'a [String],
    fingerprints: &'a [String],
    priority: Option<i32>,
}

pub(super) fn run(args: SourceArgs, context: &mut Context) -> Result<Outcome, Failure> {
    match args.command {
        SourceCommand::Add(args) => add(*args, context),
        SourceCommand::List => list(context),
        SourceCommand::Remove(args) => remove(&args, context),
    }
}

fn add(args: AddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (url, args) = unpasted(args)?;
    let usage = |error: apt_client::fetch::LocationError| Failure::new(USAGE, error);
    let root: Location = url.parse().map_err(usage)?;
    for mirror in &args.mirror {
        mirror.parse::<Location>().map_err(usage)?;
    }
    // A file that is named on the command line counts from the working directory, one in the configuration from the home.
    let password_file = args.password_file.as_ref().map(std::path::absolute);
    let password_file = password_file
        .transpose()
        .map_err(|error| Failure::new(USAGE, error))?;
    let mut added = SourceConfig {
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
    };
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

/// Changes which archives are configured, and deletes the keys that none of them has any more.
fn change_sources(context: &mut Context, change: impl FnOnce(&mut Vec<SourceConfig>)) -> Result<(), Failure> {
    let mut before = Vec::new();
    context.config.change(&context.home, |config| {
        before = config.sources.clone();
        change(&mut config.sources);
    })?;
    let is_used = |file: &str| {
        let mut sources = context.config.sources.iter();
        sources.any(|source| source.signed_by == file)
    };
    for source in before {
        // What lies elsewhere is somebody else's file.
        if source.signed_by.starts_with("keyrings/") && !is_used(&source.signed_by) {
            let path = context.home.folder().join(&source.signed_by);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let text = format!("cannot delete `{}`: {error}", path.display());
                    context.printer.warning(escaped(&text));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Reads a line of a sources.list that was pasted for the address, and a folder for its `file:` address.
///
/// Source: sources.list(5), "THE DEB AND DEB-SRC TYPES: GENERAL FORMAT".
fn unpasted(mut args: AddArgs) -> Result<(String, AddArgs), Failure> {
    let text = args.address.join(" ").trim().to_owned();
    let Some(line) = text
        .strip_prefix("deb")
        .filter(|rest| rest.starts_with([' ', '\t']))
    else {
        let path = std::path::Path::new(&text);
        if !text.contains(':') && path.is_dir() {
            let path = std::path::absolute(path).map_err(|error| Failure::new(USAGE, error))?;
            return Ok((format!("file:{}", path.display()), args));
        }
        return Ok((text, args));
    };
    let wrong = |what: &str| {
        Failure::saying(
            USAGE,
            format_args!("`{}` is no line of a sources.list: {what}", escaped(&text)),
        )
        .hint("expected `deb [OPTION=VALUE ...] URL SUITE COMPONENT ...`")
    };
    let mut rest = line.trim();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options
            .split_once(']')
            .ok_or_else(|| wrong("its `[` has no `]`"))?;
        for option in options.split_whitespace() {
            let (key, value) = option
                .split_once('=')
                .ok_or_else(|| wrong("an option has no `=`"))?;
            match key {
                "signed-by" if args.signed_by.is_none() && value.starts_with('/') => {
                    args.signed_by = Some(value.into());
                }
                "signed-by" if args.fingerprint.is_none() && args.signed_by.is_none() => {
                    args.fingerprint = Some(
                        value
                            .parse()
                            .map_err(|_| wrong("`signed-by` is no file and no fingerprint"))?,
                    );
                }
                "arch" => args.architecture.extend(value.split(',').map(str::to_owned)),
                "check-valid-until" => args.no_check_valid_until = value == "no",
                // Trust without a signature is not to be had.
                "trusted" if value == "yes" => {
                    return Err(wrong("`trusted=yes` is not taken: name the key by `signed-by`"));
                }
                _ => {}
            }
        }
        rest = after.trim();
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    let url = words.next().ok_or_else(|| wrong("it has no address"))?;
    args.suite.extend(words.next());
    args.component.extend(words);
    if args.suite.is_empty() {
        return Err(wrong("it has no suite"));
    }
    Ok((url, args))
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

fn list(context: &mut Context) -> Result<Outcome, Failure> {
    for source in &context.config.sources {
        let keyring = Source::open(source, context.home.folder()).and_then(|source| source.keyring());
        let fingerprints: Vec<String> = match keyring {
            Ok(keyring) => keyring.fingerprints().iter().map(ToString::to_string).collect(),
            Err(error) => {
                let text = format!("{:#}", anyhow::Error::new(error));
                context.printer.warning(escaped(&text));
                Vec::new()
            }
        };
        let view = SourceView {
            url: &source.url,
            suites: &source.suites,
            components: &source.components,
            signed_by: &source.signed_by,
            architectures: &source.architectures,
            fingerprints: &fingerprints,
            priority: source.priority,
        };
        if context.printer.json() {
            context.printer.value(&view)?;
            continue;
        }
        let [suites, components, architectures, fingerprints] = [
            view.suites,
            view.components,
            view.architectures,
            view.fingerprints,
        ]
        .map(|words| words.join(" "));
        let priority = view
            .priority
            .map_or(String::new(), |priority| format!("\tpriority {priority}"));
        context.printer.row(format_args!(
            "{}\t{suites}\t{components}\t{architectures}\t{fingerprints}{priority}",
            view.url
        ))?;
    }
    Ok(Outcome::Success)
}

fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let url = args.url.trim_end_matches('/');
    let mut is_known = false;
    change_sources(context, |sources| {
        let before = sources.clone();
        let named = sources
            .iter_mut()
            .filter(|source| source.url.trim_end_matches('/') == url);
        for source in named {
            source
                .suites
                .retain(|suite| !args.suite.is_empty() && !args.suite.contains(suite));
        }
        sources.retain(|source| !source.suites.is_empty());
        is_known = *sources != before;
    })?;
    if !is_known {
        return Err(
            Failure::saying(REFUSED, format_args!("there is no such source: `{url}`"))
                .hint("`cpkgs source list` names them"),
        );
    }
    context.printer.info(format_args!("removed {}", escaped(url)));
    context.printer.info("next: `cpkgs update`");
    Ok(Outcome::Success)
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
