//! What the command line or a file of apt says of an archive: checked before anything is asked for.

use apt_client::source::{SourceConfig, read_bounded};
use debian_control::terminal::escaped;
use openpgp_policy::Keyring;

use super::add_args::AddArgs;
use crate::cli::failure::{Failure, USAGE};

/// Returns the source as it is said on the command line: its suites, components and keys are for the archive to complete.
pub(super) fn source_config(args: &AddArgs, url: &str) -> Result<SourceConfig, Failure> {
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
        accept_undated: args.accept_undated,
        accept_codenames: args.accept_codename.clone(),
        priority: args.priority,
        user: args.user.clone(),
        password_file,
        password_command: None,
    })
}

/// Refuses what cannot be the name of a suite or component: it stands in paths, in the configuration and on terminals.
pub(super) fn check_names<'n>(mut names: impl Iterator<Item = &'n String>, code: u8) -> Result<(), Failure> {
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
            format_args!("`{}` is not the name of a suite or component", escaped(wrong)),
        )
        .hint("expected letters, digits, `+`, `-`, `.`, `_`, `~`, and slashes between them")),
    }
}

/// Reads a file of keys.
pub(super) fn given_keys(path: &std::path::Path) -> Result<Keyring, Failure> {
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
}
