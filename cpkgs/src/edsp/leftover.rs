//! What nothing needs any more when all is done: apt asks no question about it, and is always told.

use std::collections::HashSet;
use std::fmt::Write as _;

use debian_control::stanza::Stanza;
use resolver::autoremovable::autoremovable;
use resolver::request::{Hold, Installed, Mark};
use resolver::universe::{PackageId, Source, UniverseBuilder};

use super::EdspError;
use super::scenario::Scenario;

/// Fields that say nothing of needs, as they are.
const KEPT: [&str; 8] = [
    "Package",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Essential",
    "Protected",
    "Important",
    "Provides",
];
/// Fields by which a package keeps others. Source: apt.conf(5), `APT::AutoRemove::RecommendsImportant` and
/// `SuggestsImportant`, which are on unless they are turned off.
const KEEPING: [&str; 4] = ["Pre-Depends", "Depends", "Recommends", "Suggests"];

/// The sections, in whichever component, whose packages leave behind what they depend on as asked for, when they go because something else does. Source:
/// apt.conf(5), `APT::Never-MarkAuto-Sections`, with the value that apt ships.
const LASTING: [&str; 2] = ["metapackages", "tasks"];

/// Returns installed packages that came by themselves and that nothing needs, recommends or suggests.
pub(super) fn leftover(
    scenario: &Scenario<'_>,
    after: &[Option<PackageId>],
) -> Result<Vec<PackageId>, EdspError> {
    let mut builder = UniverseBuilder::new(&scenario.native, &scenario.foreign);
    let mut installed = Vec::new();
    let mut names = Vec::new();
    let left_behind = left_behind(scenario, after);
    for (place, (slot, package)) in scenario.slots.iter().zip(after).enumerate() {
        let Some((package, stanza)) = package.and_then(|package| Some((package, scenario.stanza(package)?)))
        else {
            continue;
        };
        let text = needs_as_one(stanza);
        let added = builder.add_apart(&Stanza::parse(&text)?, Source::default());
        let added = added.map_err(|source| EdspError::Package {
            name: slot.name.clone(),
            id: scenario.number(package).to_owned(),
            source: Box::new(source),
        })?;
        let mark = match slot.installed {
            _ if scenario.install.contains(&place) || slot.is_vital => Mark::Manual,
            Some(_) if left_behind.contains(slot.name.as_str()) => Mark::Manual,
            Some(installed) => installed.mark,
            None => Mark::Automatic,
        };
        installed.push(Installed {
            package: added,
            mark,
            hold: slot.installed.map_or(Hold::Free, |installed| installed.hold),
        });
        names.push(package);
    }
    let universe = builder.finish();
    let autoremovable = autoremovable(&universe, &installed).into_iter();
    Ok(autoremovable
        .filter_map(|package| names.get(package.index()).copied())
        .collect())
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

/// Writes a package with all that it keeps as what it depends on.
fn needs_as_one(stanza: &Stanza<'_>) -> String {
    let mut text = String::new();
    for name in KEPT {
        if let Some(value) = stanza.get(name).map(|field| field.value()) {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    let needs = KEEPING
        .iter()
        .filter_map(|name| stanza.get(name))
        .map(|field| field.value());
    let needs: Vec<&str> = needs
        .map(|value| value.trim_end_matches([',', ' ', '\n']))
        .filter(|value| !value.is_empty())
        .collect();
    if !needs.is_empty() {
        let _ = writeln!(text, "Depends: {}", needs.join(", "));
    }
    text
}
