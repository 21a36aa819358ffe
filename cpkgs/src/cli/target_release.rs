//! `--target-release`: a release that is preferred for one command, as apt's.

use std::collections::BTreeSet;

use apt_client::lists::Index;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::preferences::Preferences;
use debian_control::terminal::escaped;

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE};

/// Which release is preferred.
#[derive(Debug, Default, Args)]
pub(super) struct ReleaseArgs {
    /// Prefer packages of this suite or codename to all others, except packages that have a preferences record.
    #[arg(long, short = 't', value_name = "SUITE", add = ArgValueCompleter::new(candidates::suites))]
    target_release: Option<String>,
}

impl ReleaseArgs {
    /// Says whether one is named.
    pub(super) fn is_named(&self) -> bool {
        self.target_release.is_some()
    }

    /// Adds it to preferences; one that no source has is refused, as apt does.
    pub(super) fn apply(&self, preferences: &mut Preferences, indexes: &[Index]) -> Result<(), Failure> {
        let Some(release) = &self.target_release else {
            return Ok(());
        };
        let is_known = preferences
            .prefer_release(release, indexes)
            .map_err(|error| Failure::saying(USAGE, error))?;
        if is_known {
            return Ok(());
        }
        let known: BTreeSet<&str> = indexes.iter().map(|index| index.codename.as_str()).collect();
        let known: Vec<String> = known
            .into_iter()
            .map(escaped)
            .map(|name| name.to_string())
            .collect();
        Err(Failure::saying(
            REFUSED,
            format_args!("no source has a suite `{}`", escaped(release)),
        )
        .hint(format_args!("the sources have {}", known.join(", "))))
    }
}
