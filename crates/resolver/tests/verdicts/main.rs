//! Verdicts on what can be installed, against `dose-debcheck` and against another engine that shares no code with ours: every one is
//! the same.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "all of it is test code, also what is not itself a test"
)]

mod engine;
mod index;

use std::collections::BTreeSet;
use std::process::Command;

use debian_control::stanza::StanzaReader;
use resolver::check::check;
use resolver::universe::{Source, UniverseBuilder};

use engine::Other;
use index::index;

fn broken_here(index: &str) -> BTreeSet<(String, String)> {
    let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
    for stanza in StanzaReader::new(index) {
        builder.add(&stanza.unwrap(), Source::default()).unwrap();
    }
    let universe = builder.finish();
    let broken = check(&universe).into_iter().map(|broken| broken.package);
    broken
        .map(|id| (universe.name(id).to_owned(), universe.version(id).to_owned()))
        .collect()
}

fn broken_by_dose(index: &str) -> BTreeSet<(String, String)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), index).unwrap();
    let mut command = Command::new("dose-debcheck");
    let output = command
        .args(["--deb-native-arch=amd64", "-f"])
        .arg(file.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("total-packages:"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let value = |line: &str, field: &str| line.strip_prefix(field).map(str::to_owned);
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines
        .windows(2)
        .filter_map(|pair| Some((value(pair[0], "  package: ")?, value(pair[1], "  version: ")?)));
    pairs.collect()
}

#[test]
fn every_verdict_is_that_of_dose() {
    let (mut mixed, seeds) = (0, 60);
    for seed in 0..seeds {
        let index = index(seed);
        let (here, dose) = (broken_here(&index), broken_by_dose(&index));
        assert_eq!(here, dose, "seed {seed}");
        mixed += u64::from(!here.is_empty() && here.len() < index.matches("Package:").count());
    }
    assert!(
        mixed > seeds / 3,
        "most indexes should have packages of both kinds, {mixed} have"
    );
}

/// Names an index, a plain `Packages` file for amd64, whose every verdict is compared as well; takes some minutes for all of Debian.
const PACKAGES: &str = "RESOLVER_PACKAGES";

#[test]
fn every_verdict_is_that_of_another_engine() {
    let mut mixed = 0;
    for seed in 1_000..1_200 {
        let index = index(seed);
        let (here, there) = (broken_here(&index), Other::read(&index).broken());
        assert_eq!(here, there, "seed {seed}");
        mixed += u64::from(!here.is_empty() && here.len() < index.matches("Package:").count());
    }
    assert!(
        mixed > 66,
        "most indexes should have packages of both kinds, {mixed} have"
    );
    if let Some(path) = std::env::var_os(PACKAGES) {
        let index = std::fs::read_to_string(path).unwrap();
        assert_eq!(broken_here(&index), Other::read(&index).broken());
    }
}
