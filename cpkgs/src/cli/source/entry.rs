//! An archive that is about to be configured: checked as the next update would, then written with its keys.

use apt_client::fetch::{FetchError, Fetcher, Location};
use apt_client::lists::{self, UpdateError, Updating};
use apt_client::private_file::replace_private;
use apt_client::source::{Source, SourceConfig};
use apt_client::trust::TrustError;
use cpkgs::machine;
use cpkgs::system::System;
use debian_control::digest::Digester;
use debian_control::terminal::escaped;
use openpgp_policy::Keyring;

use super::change::change_sources;
use crate::cli::Context;
use crate::cli::architectures::Architectures;
use crate::cli::failure::{Failure, REFUSED, USAGE};

/// How much of an archive's address the name of its key file shows.
const MAX_READABLE: usize = 60;
/// How many digits of a digest tell key files of like addresses apart.
const DIGITS: usize = 16;

/// An archive with the keys that may sign for it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Everything but the name of the file with the keys.
    pub(super) config: SourceConfig,
    pub(super) keys: Keyring,
}

/// Configures archives that were checked, and says which.
pub(super) fn store(entries: Vec<Entry>, context: &mut Context) -> Result<(), Failure> {
    let mut added = Vec::new();
    for Entry { mut config, keys } in entries {
        let root: Location = config.url.parse().map_err(|error| Failure::new(USAGE, error))?;
        let keys = keys.to_binary();
        config.signed_by = key_file(&root, &config.suites, &keys);
        let path = context.home.folder().join(&config.signed_by);
        replace_private(&path, &keys).map_err(|error| {
            let message = format!("cannot write `{}`", path.display());
            Failure::new(REFUSED, anyhow::Error::new(error).context(message))
        })?;
        added.push(config);
    }
    let lines: Vec<String> = added
        .iter()
        .map(|added| {
            let (suites, components) = (added.suites.join(" "), added.components.join(" "));
            escaped(format!("added {} {suites} {components}", added.url).trim_end())
        })
        .collect();
    change_sources(context, |sources| {
        for added in added {
            // A suite is asked for once: whoever adds it again has other components or another key for it.
            for source in sources.iter_mut().filter(|source| source.url == added.url) {
                source.suites.retain(|suite| !added.suites.contains(suite));
            }
            sources.retain(|source| !source.suites.is_empty());
            sources.push(added);
        }
    })?;
    for line in lines {
        context.printer.info(line);
    }
    context.printer.info("next: `cpkgs update`");
    Ok(())
}

/// Checks that each suite can be had as it is to be added: what is wrong is said now, and not by the next update.
///
/// A wrong address, suite, component or key is refused. What only time or a setting mends is warned of: the next update may succeed.
pub(super) fn check(entry: &Entry, fetcher: &Fetcher, context: &Context) -> Result<(), Failure> {
    let added = &entry.config;
    let sources = [Source::with_keys(added, entry.keys.to_binary())?];
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
                | TrustError::Undated
                | TrustError::Time { is_date: true, .. }
                | TrustError::Future { .. }
                | TrustError::Older { .. }
                | TrustError::OtherSuite { .. }
        ),
        _ => false,
    }
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
