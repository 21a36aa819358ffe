//! What nothing needs any more when all is done: apt asks no question about it, and is always told.

use std::collections::HashSet;

use resolver::request::{Hold, Mark};
use resolver::universe::{PackageId, UniverseBuilder};

use super::EdspError;
use super::scenario::Scenario;
use crate::autoremovable::{InstalledStanza, Keeping, autoremovable};

/// The sections, in whichever component, whose packages leave behind what they depend on as asked for, when they go because something else does. Source:
/// apt.conf(5), `APT::Never-MarkAuto-Sections`, with the value that apt ships.
const LASTING: [&str; 2] = ["metapackages", "tasks"];

/// Returns installed packages that came by themselves and that nothing needs and nothing keeps.
pub(super) fn leftover(
    scenario: &Scenario<'_>,
    after: &[Option<PackageId>],
    keeping: &Keeping,
) -> Result<Vec<PackageId>, EdspError> {
    let mut installed = Vec::new();
    let mut packages = Vec::new();
    let left_behind = left_behind(scenario, after);
    for (place, (slot, package)) in scenario.slots.iter().zip(after).enumerate() {
        let Some((package, stanza)) = package.and_then(|package| Some((package, scenario.stanza(package)?)))
        else {
            continue;
        };
        let mark = match slot.installed {
            _ if scenario.install.contains(&place) || slot.is_vital => Mark::Manual,
            Some(_) if left_behind.contains(slot.name.as_str()) => Mark::Manual,
            Some(installed) => installed.mark,
            None => Mark::Automatic,
        };
        installed.push(InstalledStanza {
            stanza,
            mark,
            hold: slot.installed.map_or(Hold::Free, |installed| installed.hold),
        });
        packages.push(package);
    }
    let builder = UniverseBuilder::new(&scenario.native, &scenario.foreign);
    let places = autoremovable(builder, &installed, keeping)?.into_iter();
    Ok(places.filter_map(|place| packages.get(place).copied()).collect())
}

/// Returns the names that metapackages depend on which go without being named.
fn left_behind<'s>(scenario: &'s Scenario<'_>, after: &[Option<PackageId>]) -> HashSet<&'s str> {
    let slots = scenario.slots.iter().zip(after).enumerate();
    let gone = slots.filter(|(place, (_, after))| after.is_none() && !scenario.remove.contains(place));
    let gone = gone.filter_map(|(_, (slot, _))| scenario.stanza(slot.installed?.package));
    let lasting = gone.filter(|stanza| {
        stanza
            .line("Section")
            .and_then(|section| section.rsplit('/').next())
            .is_some_and(|section| LASTING.contains(&section))
    });
    lasting
        .flat_map(|stanza| ["Pre-Depends", "Depends"].map(|name| stanza.get(name)))
        .flatten()
        .flat_map(|field| field.value().split([',', '|']))
        .filter_map(|relation| relation.trim().split([' ', '(', ':', '\n']).next())
        .collect()
}
