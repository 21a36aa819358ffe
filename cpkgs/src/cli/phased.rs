//! What an upgrade of everything keeps back because its archive still phases it in.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use cpkgs::phasing::{self, Phasing};
use cpkgs::resolver_input::ResolverInput;
use cpkgs::system::AptSettings;
use debian_control::stanza::Stanza;
use resolver::kept_back::KeptBack;
use resolver::request::{Hold, Installed};
use resolver::universe::PackageId;

use super::failure::{Failure, UNVERIFIED};

/// Returns who draws for the system below a folder, whose apt has these settings; `None` where every update counts: without a
/// machine's id, in a reproducible build, and in a chroot, as apt has it.
pub(super) fn phasing(root: &Path, settings: &AptSettings) -> Option<Phasing> {
    Phasing::configured(settings, || {
        if std::env::var_os("SOURCE_DATE_EPOCH").is_some() || is_chroot() {
            return None;
        }
        if let Some(id) = settings.value("APT::Machine-ID") {
            return Some(id.to_owned());
        }
        // Who cannot read the id has none, as apt has it.
        fs::read_to_string(root.join("etc/machine-id")).ok()
    })
}

/// Says whether the root folder is not that of the machine's first process. Source: systemd-detect-virt(1), `--chroot`.
fn is_chroot() -> bool {
    let folders = ["/proc/1/root/.", "/."].map(fs::metadata);
    match folders {
        [Ok(first), Ok(own)] => (first.dev(), first.ino()) != (own.dev(), own.ino()),
        // Only root may look; systemd-detect-virt says no then.
        _ => false,
    }
}

/// Keeps packages at what is installed whose update is not for this machine yet, and returns them.
pub(super) fn hold_back(
    phasing: &Phasing,
    input: &ResolverInput<'_>,
    installed: &mut [Installed],
) -> Result<Vec<KeptBack>, Failure> {
    let universe = &input.universe;
    let mut held = Vec::new();
    for installed in installed.iter_mut().filter(|one| one.hold == Hold::Free) {
        let package = installed.package;
        let newer = newer(input, package);
        let preferred = |candidate: &PackageId| universe.priority(*candidate);
        // Of one priority, the newest comes last.
        let Some(candidate) = newer.iter().copied().max_by_key(preferred) else {
            continue;
        };
        let text = input.stanza(candidate)?;
        let stanza = Stanza::of_index(&text).map_err(|error| Failure::new(UNVERIFIED, error))?;
        if phasing.holds_back(&stanza) && !closes_a_hole(input, candidate, &newer) {
            installed.hold = Hold::Held;
            held.push(KeptBack {
                package,
                newest: candidate,
            });
        }
    }
    Ok(held)
}

/// Returns the newer versions of an installed package, the oldest first.
fn newer(input: &ResolverInput<'_>, package: PackageId) -> Vec<PackageId> {
    let universe = &input.universe;
    let versions = universe.versions_of(universe.name(package)).iter().copied();
    let mut newer: Vec<PackageId> = versions
        .filter(|other| {
            let architecture = universe.architecture(*other);
            architecture == universe.architecture(package) || architecture == "all"
        })
        .filter(|other| universe.compare_versions(*other, package).is_gt())
        .collect();
    newer.sort_by(|left, right| universe.compare_versions(*left, *right));
    newer
}

/// Says whether a version, or one before it that is not installed either, is of a suite of security updates.
fn closes_a_hole(input: &ResolverInput<'_>, candidate: PackageId, newer: &[PackageId]) -> bool {
    let until = newer.iter().position(|package| *package == candidate);
    let passed = newer.iter().take(until.map_or(0, |place| place + 1));
    passed.into_iter().any(|package| {
        let mut indexes = input.library().indexes(*package);
        indexes.any(|index| index.suite.as_deref().is_some_and(phasing::is_security))
    })
}
