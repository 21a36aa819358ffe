//! What apt says: a request, and all versions of all packages.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use debian_control::architecture::Architecture;
use debian_control::stanza::{Stanza, StanzaReader};
use debian_control::version::Version;
use resolver::request::{Hold, Installed, Mark};
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder};

use super::EdspError;
use crate::phasing::{self, Phasing};

/// What a version's source counts: apt chose the candidate of each package already, an earlier version, too. Source:
/// apt_preferences(5), which lets more than 1000 go back to an earlier version.
const CHOSEN: i32 = 1001;
const INSTALLED: i32 = 100;

/// A scenario.
pub(super) struct Scenario<'s> {
    pub(super) universe: Universe,
    pub(super) native: Architecture,
    pub(super) foreign: Vec<Architecture>,
    pub(super) slots: Vec<EdspPackage<'s>>,
    /// The slots that are to be there and that are to go.
    pub(super) install: Vec<usize>,
    pub(super) remove: Vec<usize>,
    pub(super) upgrade: bool,
    pub(super) forbid_new: bool,
    pub(super) forbid_remove: bool,
    /// By the numbers of packages: what was said of each, and its slot.
    versions: Vec<ScenarioVersion<'s>>,
}

/// A package as apt counts them: a name on an architecture, where what is for `all` counts as native.
pub(super) struct EdspPackage<'s> {
    pub(super) name: String,
    pub(super) architecture: String,
    pub(super) installed: Option<Installed>,
    /// Versions that may come, the one that apt chose first.
    pub(super) choices: Vec<PackageId>,
    /// Whether what is installed came by itself, or is a library, nobody holds it, and no source has any version of it.
    pub(super) is_gone: bool,
    /// Versions that close security holes, also those that apt did not choose.
    closing: Vec<&'s str>,
    /// Whether any version is essential, important or protected: apt counts that of the name, whatever is installed.
    pub(super) is_vital: bool,
}

struct ScenarioVersion<'s> {
    stanza: Stanza<'s>,
    id: &'s str,
    slot: usize,
}

/// A version as it was read, before the universe is there.
struct Read {
    package: PackageId,
    slot: usize,
    is_candidate: bool,
    is_installed: bool,
    pin: i32,
}

impl<'s> Scenario<'s> {
    pub(super) fn read(text: &'s str) -> Result<Self, EdspError> {
        let mut stanzas = StanzaReader::new(text);
        let request = stanzas.next().ok_or(EdspError::Empty)??;
        if !request.line("Request").unwrap_or_default().starts_with("EDSP 0.") {
            let first = request.fields().first();
            let first = first.map(|field| format!("{}: {}", field.name(), field.first_line()));
            return Err(EdspError::NoRequest(first.unwrap_or_default()));
        }
        let flag = |field| flag(&request, field, || "the request".to_owned());
        let native = architecture("Architecture", request.line("Architecture").unwrap_or_default())?;
        let mut foreign = Vec::new();
        for name in words(&request, "Architectures") {
            let architecture = architecture("Architectures", name)?;
            if architecture != native {
                foreign.push(architecture);
            }
        }
        let mut reader = UniverseReader {
            // apt has chosen a candidate of each package already, unless it says that others may be taken.
            is_strict: request.get("Strict-Pinning").is_none() || flag("Strict-Pinning")?,
            builder: UniverseBuilder::new(&native, &foreign),
            native: &native,
            slots: Vec::new(),
            by_name: HashMap::new(),
            ids: HashSet::new(),
            versions: Vec::new(),
            read: Vec::new(),
        };
        for stanza in stanzas {
            reader.add(stanza?)?;
        }
        let slots = reader.finished();
        let dist_upgrade = flag("Dist-Upgrade")?;
        // The older way to say that all is to be upgraded, and nothing else to be done. apt adds it to the newer one, which is exact.
        let upgrade_only = flag("Upgrade")? && !dist_upgrade && request.get("Upgrade-All").is_none();
        let mut scenario = Self {
            universe: reader.builder.finish(),
            slots,
            install: Vec::new(),
            remove: Vec::new(),
            upgrade: upgrade_only || dist_upgrade || flag("Upgrade-All")?,
            forbid_new: upgrade_only || flag("Forbid-New-Install")?,
            forbid_remove: upgrade_only || flag("Forbid-Remove")?,
            versions: reader.versions,
            native: native.clone(),
            foreign,
        };
        scenario.install = scenario.named(&request, "Install");
        scenario.remove = scenario.named(&request, "Remove");
        scenario.let_named_go();
        match words(&request, "Install").find(|name| scenario.slot(name).is_none()) {
            Some(unknown) => Err(EdspError::Unknown(unknown.to_owned())),
            None => Ok(scenario),
        }
    }

    /// Lets what is to be removed count as essential no longer: whether it goes is for apt to ask. Nothing else that is essential goes.
    fn let_named_go(&mut self) {
        let named = self.remove.iter().filter_map(|place| self.slots.get(*place));
        let named = named.flat_map(|slot| {
            let installed = slot.installed.map(|installed| installed.package);
            slot.choices.iter().copied().chain(installed)
        });
        self.universe.forget_essential(named);
    }

    /// Returns the slots that a field of the request names. To remove what is nowhere is done already.
    fn named(&self, request: &Stanza<'_>, field: &str) -> Vec<usize> {
        words(request, field).filter_map(|name| self.slot(name)).collect()
    }

    /// Finds `name:architecture`, or a name alone: the native one, else any, of those that are there or may come. A name may have a
    /// colon of its own, such as `satisfy:command-line`.
    fn slot(&self, name: &str) -> Option<usize> {
        let is_there = |slot: &EdspPackage<'_>| slot.installed.is_some() || !slot.choices.is_empty();
        let is_whole = |slot: &EdspPackage<'_>| name == format!("{}:{}", slot.name, slot.architecture);
        let is_native =
            |slot: &EdspPackage<'_>| slot.name == name && slot.architecture == self.native.as_str();
        let is_called = |slot: &EdspPackage<'_>| slot.name == name;
        let found = |is_meant: &dyn Fn(&EdspPackage<'_>) -> bool| {
            let mut slots = self.slots.iter();
            slots.position(|slot| is_there(slot) && is_meant(slot))
        };
        found(&is_whole)
            .or_else(|| found(&is_native))
            .or_else(|| found(&is_called))
    }

    /// Holds what would be upgraded though it is not for this machine yet, and nobody named it; returns the slots.
    pub(super) fn hold_back(&mut self, phasing: &Phasing) -> Vec<usize> {
        let mut held = Vec::new();
        for (place, slot) in self.slots.iter().enumerate() {
            let newest = slot.choices.first().copied();
            let Some((installed, newest)) = slot.installed.zip(newest) else {
                continue;
            };
            let version = |package| Version::of_status(self.universe.version(package)).ok();
            let (present, next) = (version(installed.package), version(newest));
            let closes_a_hole = slot.closing.iter().any(|closing| {
                let closing = closing.parse::<Version>().ok();
                present < closing && closing <= next
            });
            let is_phased = self
                .stanza(newest)
                .is_some_and(|stanza| phasing.holds_back(stanza));
            let is_free = installed.hold == Hold::Free && !self.install.contains(&place);
            if is_free && present < next && is_phased && !closes_a_hole {
                held.push(place);
            }
        }
        self.set(&held, Hold::Held);
        held
    }

    /// Says of installed packages whether they may change.
    pub(super) fn set(&mut self, places: &[usize], hold: Hold) {
        for place in places {
            let slot = self.slots.get_mut(*place);
            if let Some(installed) = slot.and_then(|slot| slot.installed.as_mut()) {
                installed.hold = hold;
            }
        }
    }

    /// Returns apt's number of a package.
    pub(super) fn number(&self, package: PackageId) -> &'s str {
        self.versions
            .get(package.index())
            .map_or("", |version| version.id)
    }

    /// Returns the stanza of a package.
    pub(super) fn stanza(&self, package: PackageId) -> Option<&Stanza<'s>> {
        self.versions.get(package.index()).map(|version| &version.stanza)
    }

    /// Returns the slot of a package.
    pub(super) fn slot_of(&self, package: PackageId) -> Option<usize> {
        self.versions.get(package.index()).map(|version| version.slot)
    }
}

/// Reads the stanzas of packages.
struct UniverseReader<'r, 's> {
    is_strict: bool,
    builder: UniverseBuilder,
    native: &'r Architecture,
    slots: Vec<EdspPackage<'s>>,
    by_name: HashMap<(&'s str, String), usize>,
    ids: HashSet<&'s str>,
    versions: Vec<ScenarioVersion<'s>>,
    read: Vec<Read>,
}

impl<'s> UniverseReader<'_, 's> {
    fn add(&mut self, stanza: Stanza<'s>) -> Result<(), EdspError> {
        let name = stanza.line("Package").unwrap_or_default();
        let flag = |field| flag(&stanza, field, || format!("package `{name}`"));
        let id = self.id(&stanza, name)?;
        let (is_candidate, is_installed) = (flag("APT-Candidate")?, flag("Installed")?);
        let slot = self.slot(name, stanza.line("Architecture").unwrap_or_default());
        for field in ["Essential", "Important", "Protected"] {
            if stanza.line(field) == Some("yes")
                && let Some(slot) = self.slots.get_mut(slot)
            {
                slot.is_vital = true;
            }
        }
        if is_of_security(&stanza)
            && let Some(slot) = self.slots.get_mut(slot)
        {
            slot.closing.extend(stanza.line("Version"));
        }
        if self.is_strict && !is_candidate && !is_installed {
            return Ok(());
        }
        let pin = stanza.line("APT-Pin").and_then(|pin| pin.parse().ok());
        let pin: i32 = pin.unwrap_or(500);
        let priority = match (is_candidate, is_installed) {
            (true, _) => CHOSEN,
            (false, true) => INSTALLED,
            // What may be taken may be taken whatever its pin is.
            (false, false) => pin.clamp(1, CHOSEN - 1),
        };
        let package = self.builder.add_apart(&stanza, Source { priority }, is_installed);
        let package = package.map_err(|source| EdspError::Package {
            name: name.to_owned(),
            id: id.to_owned(),
            source: Box::new(source),
        })?;
        self.read.push(Read {
            package,
            slot,
            is_candidate,
            is_installed,
            pin,
        });
        if is_installed && let Some(slot) = self.slots.get_mut(slot) {
            let is_automatic = flag("APT-Automatic")?;
            let installed = Installed {
                package,
                mark: if is_automatic {
                    Mark::Automatic
                } else {
                    Mark::Manual
                },
                hold: if flag("Hold")? { Hold::Held } else { Hold::Free },
            };
            if slot.installed.replace(installed).is_some() {
                let name = format!("{}:{}", slot.name, slot.architecture);
                return Err(EdspError::InstalledTwice(name));
            }
            slot.is_gone = is_gone(&stanza, &installed, pin);
        }
        self.versions.push(ScenarioVersion { stanza, id, slot });
        Ok(())
    }

    /// Returns the number by which apt knows a version: each has one of its own.
    fn id(&mut self, stanza: &Stanza<'s>, name: &str) -> Result<&'s str, EdspError> {
        let id = stanza.line("APT-ID").unwrap_or_default();
        let wrong = match id {
            "" => "missing".to_owned(),
            id if id.bytes().any(|byte| !byte.is_ascii_digit()) => format!("no number, but `{id}`"),
            id if !self.ids.insert(id) => format!("`{id}`, which another has"),
            id => return Ok(id),
        };
        let name = name.to_owned();
        Err(EdspError::Number { name, wrong })
    }

    fn slot(&mut self, name: &'s str, architecture: &str) -> usize {
        let architecture = match architecture {
            "all" => self.native.as_str(),
            other => other,
        };
        let slots = &mut self.slots;
        *self
            .by_name
            .entry((name, architecture.to_owned()))
            .or_insert_with(|| {
                slots.push(EdspPackage {
                    name: name.to_owned(),
                    architecture: architecture.to_owned(),
                    installed: None,
                    choices: Vec::new(),
                    is_gone: false,
                    closing: Vec::new(),
                    is_vital: false,
                });
                slots.len() - 1
            })
    }

    /// Puts the versions that may come in order.
    fn finished(&mut self) -> Vec<EdspPackage<'s>> {
        let mut slots = std::mem::take(&mut self.slots);
        self.read
            .sort_by_key(|read| (!read.is_candidate, Reverse(read.pin)));
        for read in &self.read {
            let Some(slot) = slots.get_mut(read.slot) else {
                continue;
            };
            if read.is_candidate || !self.is_strict {
                slot.choices.push(read.package);
            }
            slot.is_gone &= read.is_installed;
        }
        slots
    }
}

/// Says whether no source has an installed version, and nobody asked for it or holds it.
///
/// What makes a system marks all that it begins with as asked for: nobody asked for a library of a former release.
fn is_gone(stanza: &Stanza<'_>, installed: &Installed, pin: i32) -> bool {
    let section = stanza.line("Section").unwrap_or_default();
    let is_library = matches!(section.rsplit('/').next(), Some("libs" | "oldlibs"));
    // Where a source has it, its release is said.
    let has_source = pin > INSTALLED || stanza.get("APT-Release").is_some();
    (installed.mark == Mark::Automatic || is_library) && installed.hold == Hold::Free && !has_source
}

/// Says whether a suite of security updates has a version: `APT-Release` has a line for each suite, such as ` o=Debian,a=stable`.
fn is_of_security(stanza: &Stanza<'_>) -> bool {
    let releases = stanza
        .get("APT-Release")
        .map(|field| field.value())
        .unwrap_or_default();
    let mut fields = releases.split([',', '\n']);
    fields.any(|field| field.trim().strip_prefix("a=").is_some_and(phasing::is_security))
}

fn architecture(field: &'static str, text: &str) -> Result<Architecture, EdspError> {
    text.parse().map_err(|_| EdspError::Architecture {
        field,
        text: text.to_owned(),
    })
}

fn words<'s>(request: &Stanza<'s>, field: &str) -> impl Iterator<Item = &'s str> + use<'s> {
    let value = request.get(field).map(|field| field.value()).unwrap_or_default();
    value.split_ascii_whitespace()
}

fn flag(stanza: &Stanza<'_>, field: &'static str, place: impl FnOnce() -> String) -> Result<bool, EdspError> {
    match stanza.line(field) {
        None | Some("no") => Ok(false),
        Some("yes") => Ok(true),
        Some(found) => Err(EdspError::Flag {
            field,
            place: place(),
            found: found.to_owned(),
        }),
    }
}
