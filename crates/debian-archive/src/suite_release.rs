//! What a suite's Release says.

use debian_control::architecture::Architecture;
use debian_control::name::Component;
use debian_control::release::{IndexFile, Release};

use crate::config::{Config, Suite};

/// The time of a Release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    /// `Date`, in Unix seconds.
    pub date: i64,
    /// `Valid-Until`, in Unix seconds.
    pub valid_until: Option<i64>,
}

/// Returns the Release of a suite over its index files.
pub fn suite_release(config: &Config, suite: &Suite, files: Vec<IndexFile>, dates: Dates) -> Release {
    Release {
        origin: Some(config.origin.clone()),
        label: Some(config.label.clone()),
        suite: Some(suite.alias.as_ref().unwrap_or(&suite.codename).to_string()),
        codename: Some(suite.codename.to_string()),
        date: Some(dates.date),
        valid_until: dates.valid_until,
        not_automatic: suite.not_automatic,
        but_automatic_upgrades: suite.but_automatic_upgrades,
        acquire_by_hash: true,
        // Every index has the packages for all architectures in it, so clients need no index of those alone.
        no_support_for_architecture_all: Some("Packages".into()),
        // apt puts what its user asks for in place of the mark. Source: apt-get(8), `--snapshot`.
        snapshots: config
            .tree_url(suite)
            .map(|url| format!("{url}/snapshots/@SNAPSHOTID@/")),
        architectures: [Architecture::all()]
            .iter()
            .chain(&suite.architectures)
            .map(ToString::to_string)
            .collect(),
        components: suite.components.iter().map(ToString::to_string).collect(),
        sha256: files,
        ..Release::default()
    }
}

/// Returns the small Release beside a Packages index, which old tools read.
pub fn architecture_release(
    config: &Config,
    suite: &Suite,
    component: &Component,
    architecture: &Architecture,
) -> String {
    let mut text = String::new();
    let mut field = |name: &str, value: &str| {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    };
    field(
        "Archive",
        suite.alias.as_ref().unwrap_or(&suite.codename).as_str(),
    );
    field("Origin", &config.origin);
    field("Label", &config.label);
    field("Acquire-By-Hash", "yes");
    if suite.not_automatic {
        field("NotAutomatic", "yes");
    }
    if suite.but_automatic_upgrades {
        field("ButAutomaticUpgrades", "yes");
    }
    field("Component", component.as_str());
    field("Architecture", architecture.as_str());
    text
}
