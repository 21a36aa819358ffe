//! What nothing in a system needs any more, as `apt autoremove` has it.
//!
//! Besides what is needed, apt keeps what is recommended and suggested, what its configuration names, and the kernels that a machine may
//! have to start with. Source: apt.conf(5), `APT::AutoRemove` and `APT::NeverAutoRemove`, and apt's `GetProtectedKernelsRegex`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use apt_client::package_cache::PackageCacheError;
use debian_control::stanza::{Stanza, StanzaError};
use debian_control::version::Version;
use resolver::request::{Hold, Installed, Mark};
use resolver::universe::{Source, UniverseBuilder, UniverseError};

use crate::preferences::{Pattern, PatternError};
use crate::system::{AptSettings, System, SystemError};

/// Fields that say nothing of needs, as they are.
const COPIED: [&str; 8] = [
    "Package",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Essential",
    "Protected",
    "Important",
    "Provides",
];

/// What apt ships in 01autoremove: the names that stay, and how what belongs to a kernel is called in front of its release.
const NEVER: [&str; 4] = [
    "^firmware-linux.*",
    "^linux-firmware$",
    "^linux-image-[a-z0-9]*$",
    "^linux-image-[a-z0-9]*-[a-z0-9]*$",
];
const OF_KERNELS: [&str; 5] = ["linux-.*", "kfreebsd-.*", "gnumach-.*", ".*-modules", ".*-kernel"];

/// How packages of kernels are called in front of their release.
const KERNELS: [&str; 3] = ["linux-image-", "kfreebsd-image-", "gnumach-image-"];

/// How many kernels stay at least. Source: apt.conf(5), `APT::NeverAutoRemove::KernelCount`.
const KERNEL_COUNT: usize = 2;

/// What keeps packages that nothing needs.
#[derive(Debug)]
pub struct Keeping {
    /// The fields by which a package keeps others.
    fields: Vec<&'static str>,
    /// Names that stay.
    never: Vec<Pattern>,
    /// How what belongs to a kernel is called in front of its release; none where kernels are packages as others.
    of_kernels: Vec<String>,
    kernel_count: usize,
    /// The release of the kernel that runs.
    running: String,
}

/// Why it is not known what keeps packages.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// apt's configuration cannot be read.
    #[error(transparent)]
    Settings(#[from] SystemError),
    /// A name in it is not understood.
    #[error("`APT::NeverAutoRemove` of apt's configuration is not understood")]
    Pattern(#[from] PatternError),
}

impl Keeping {
    /// Reads apt's configuration of a system.
    ///
    /// # Errors
    /// When it cannot be read or is not understood.
    pub fn read(system: &System) -> Result<Self, KeepingError> {
        Self::here(&AptSettings::read(system)?)
    }

    /// Reads settings of the apt of the machine that runs.
    ///
    /// # Errors
    /// When they are not understood.
    pub fn here(settings: &AptSettings) -> Result<Self, KeepingError> {
        let running = rustix::system::uname();
        Self::new(settings, &running.release().to_string_lossy())
    }

    /// Reads settings of apt; `running` is the release of the kernel that runs.
    ///
    /// # Errors
    /// When they are not understood.
    pub fn new(settings: &AptSettings, running: &str) -> Result<Self, KeepingError> {
        // A system without apt has none of it.
        let members = |list: &str, shipped: &[&'static str]| -> Vec<String> {
            let members = match settings.is_empty() {
                true => shipped.to_vec(),
                false => settings.members(list),
            };
            members.into_iter().map(str::to_owned).collect()
        };
        let mut fields = vec!["Pre-Depends", "Depends"];
        for (name, field) in [
            ("APT::AutoRemove::RecommendsImportant", "Recommends"),
            ("APT::AutoRemove::SuggestsImportant", "Suggests"),
        ] {
            fields.extend(settings.is_on(name).then_some(field));
        }
        let never = members("APT::NeverAutoRemove", &NEVER);
        // A member of the list by its place, and no name.
        let is_count = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
        let never = never.iter().filter(|name| !is_count(name));
        let count = settings.number("APT::NeverAutoRemove::KernelCount");
        Ok(Self {
            fields,
            never: never
                .map(|name| Pattern::expression(name))
                .collect::<Result<_, _>>()?,
            of_kernels: match settings.is_on("APT::Protect-Kernels") {
                true => members("APT::VersionedKernelPackages", &OF_KERNELS),
                false => Vec::new(),
            },
            kernel_count: count
                .and_then(|count| count.try_into().ok())
                .unwrap_or(0)
                .max(KERNEL_COUNT),
            running: running.to_owned(),
        })
    }

    /// Returns patterns of the names that stay among what is installed.
    fn names(&self, installed: &[InstalledStanza<'_>]) -> Result<Vec<Pattern>, PatternError> {
        let mut names = self.never.clone();
        for release in self.kernels(installed) {
            for before in &self.of_kernels {
                let expression = format!("^{before}-{}$", regex_lite::escape(&release));
                names.push(Pattern::expression(&expression)?);
            }
        }
        Ok(names)
    }

    /// Returns the releases of the kernels that stay: the one that runs, the newest, and as many more of the newest as are asked for.
    fn kernels(&self, installed: &[InstalledStanza<'_>]) -> BTreeSet<String> {
        let mut releases: BTreeMap<Version, Vec<&str>> = BTreeMap::new();
        for present in installed {
            let name = present.stanza.line("Package").unwrap_or_default();
            let version = present
                .stanza
                .line("Version")
                .and_then(|version| version.parse().ok());
            if let Some((release, version)) = release_of(name).zip(version) {
                releases.entry(version).or_default().push(release);
            }
        }
        let is_running = |releases: &&Vec<&str>| releases.contains(&self.running.as_str());
        let runs = releases.values().find(is_running);
        let newest = releases.values().rev().filter(|releases| !is_running(releases));
        // The newest stays, whatever runs.
        let more = match runs {
            Some(_) => self.kernel_count - 1,
            None => self.kernel_count,
        };
        let kept = runs.into_iter().chain(newest.take(more)).flatten();
        let kept = kept.map(|release| (*release).to_owned());
        kept.chain([self.running.clone()]).collect()
    }
}

/// Returns the release of the kernel that a package is.
fn release_of(name: &str) -> Option<&str> {
    let release = KERNELS.iter().find_map(|kernel| name.strip_prefix(kernel))?;
    let is_debug = release.ends_with("-dbg") || release.ends_with("-dbgsym");
    let number = release.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (!is_debug && number.len() < release.len() && number.starts_with('.')).then_some(release)
}

/// An installed package.
pub struct InstalledStanza<'s> {
    /// What dpkg knows of it.
    pub stanza: &'s Stanza<'s>,
    /// How it came.
    pub mark: Mark,
    /// Whether it may change.
    pub hold: Hold,
}

/// Why it is not known what is needed.
#[derive(Debug, thiserror::Error)]
pub enum AutoremovableError {
    /// A package cannot be used.
    #[error("installed package `{name}` cannot be used")]
    Package {
        /// Its name.
        name: String,
        /// Why.
        source: Box<UniverseError>,
    },
    /// What is known of a package cannot be found.
    #[error(transparent)]
    Index(#[from] PackageCacheError),
    /// What is known of a package cannot be read.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
    /// It is not known what keeps packages.
    #[error(transparent)]
    Keeping(#[from] KeepingError),
}

/// Returns the places of the packages that came by themselves and that nothing needs and nothing keeps.
///
/// # Errors
/// When a package says something that has no meaning.
pub fn autoremovable(
    mut builder: UniverseBuilder,
    installed: &[InstalledStanza<'_>],
    keeping: &Keeping,
) -> Result<Vec<usize>, AutoremovableError> {
    let names = keeping.names(installed).map_err(KeepingError::Pattern)?;
    let mut packages = Vec::new();
    for present in installed {
        let name = present.stanza.line("Package").unwrap_or_default();
        let failed = |source| AutoremovableError::Package {
            name: name.to_owned(),
            source: Box::new(source),
        };
        let text = needs_as_one(present.stanza, &keeping.fields);
        let stanza = Stanza::of_index(&text).map_err(|error| {
            failed(UniverseError::Value {
                field: "Package",
                wrong: error.to_string(),
            })
        })?;
        let stays = names.iter().any(|pattern| pattern.matches(name));
        packages.push(Installed {
            package: builder
                .add_apart(&stanza, Source::default(), true)
                .map_err(failed)?,
            mark: if stays { Mark::Manual } else { present.mark },
            hold: present.hold,
        });
    }
    let unneeded: HashSet<_> = resolver::autoremovable::autoremovable(&builder.finish(), &packages)
        .into_iter()
        .collect();
    let places = packages.iter().enumerate();
    let places = places.filter(|(_, installed)| unneeded.contains(&installed.package));
    Ok(places.map(|(place, _)| place).collect())
}

/// Writes a package with all that it keeps as what it depends on.
fn needs_as_one(stanza: &Stanza<'_>, fields: &[&str]) -> String {
    let mut text = String::new();
    for name in COPIED {
        if let Some(value) = stanza.get(name).map(|field| field.value()) {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    let needs = fields.iter().filter_map(|name| stanza.get(name));
    let needs = needs.map(|field| field.value().trim_end_matches([',', ' ', '\n']).to_owned());
    let needs: Vec<String> = needs.filter(|value| !value.is_empty()).collect();
    if !needs.is_empty() {
        let _ = writeln!(text, "Depends: {}", needs.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names of what is not needed of packages that came by themselves, each a name, a version and fields.
    fn unneeded_of(lines: &[(&str, &str, &str)], settings: &str, running: &str) -> Vec<String> {
        let texts: Vec<String> = lines
            .iter()
            .map(|(name, version, fields)| {
                format!("Package: {name}\nVersion: {version}\nArchitecture: amd64\n{fields}")
            })
            .collect();
        let stanzas: Vec<Stanza<'_>> = texts.iter().map(|text| Stanza::of_index(text).unwrap()).collect();
        let present = |stanza| InstalledStanza {
            stanza,
            mark: Mark::Automatic,
            hold: Hold::Free,
        };
        let installed: Vec<InstalledStanza<'_>> = stanzas.iter().map(present).collect();
        let keeping = Keeping::new(&AptSettings::told(settings), running).unwrap();
        let builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &[]);
        let places = autoremovable(builder, &installed, &keeping).unwrap();
        places
            .into_iter()
            .map(|place| lines[place].0.to_owned())
            .collect()
    }

    const KERNELS: [(&str, &str, &str); 6] = [
        ("linux-image-6.1.0-9-amd64", "6.1.27-1", ""),
        ("linux-image-6.1.0-10-amd64", "6.1.38-1", ""),
        ("linux-image-6.1.0-8-amd64", "6.1.25-1", ""),
        ("linux-image-6.1.0-7-amd64", "6.1.20-1", ""),
        ("linux-headers-6.1.0-7-amd64", "6.1.20-1", ""),
        ("linux-headers-6.1.0-8-amd64", "6.1.25-1", ""),
    ];

    #[test]
    fn the_kernel_that_runs_and_the_newest_stay_with_what_belongs_to_them() {
        let gone = unneeded_of(&KERNELS, "", "6.1.0-7-amd64");
        let old = [
            "linux-image-6.1.0-9-amd64",
            "linux-image-6.1.0-8-amd64",
            "linux-headers-6.1.0-8-amd64",
        ];
        assert_eq!(gone, old);
        // Where the newest runs, or none of them, two stay.
        for running in ["6.1.0-10-amd64", "elsewhere"] {
            let gone = unneeded_of(&KERNELS, "", running);
            let newest = ["linux-image-6.1.0-9-amd64", "linux-image-6.1.0-10-amd64"];
            assert!(
                !gone.iter().any(|name| newest.contains(&name.as_str())),
                "{gone:?}"
            );
            assert_eq!(gone.len(), 4);
        }
        let three = "APT::NeverAutoRemove::KernelCount=3\nAPT::VersionedKernelPackages::=linux-.*\n";
        assert_eq!(unneeded_of(&KERNELS, three, "6.1.0-7-amd64").len(), 2);
        let none = "APT::Protect-Kernels=false\n";
        assert_eq!(unneeded_of(&KERNELS, none, "6.1.0-7-amd64").len(), KERNELS.len());
    }

    #[test]
    fn what_the_configuration_names_stays_with_what_it_needs() {
        let packages = [
            ("firmware-linux-free", "1", "Depends: data\n"),
            ("data", "1", ""),
            ("own-tool", "1", ""),
            ("junk", "1", ""),
        ];
        assert_eq!(unneeded_of(&packages, "", ""), ["own-tool", "junk"]);
        let own = "APT::NeverAutoRemove::=^OWN-\n";
        assert_eq!(
            unneeded_of(&packages, own, ""),
            ["firmware-linux-free", "data", "junk"]
        );
        assert!(Keeping::new(&AptSettings::told("APT::NeverAutoRemove::=("), "").is_err());
    }

    #[test]
    fn what_is_suggested_stays_unless_the_configuration_says_otherwise() {
        let packages = [
            (
                "base",
                "1",
                "Essential: yes\nSuggests: doc\nRecommends: tool (>= 2)\n",
            ),
            ("doc", "1", ""),
            ("tool", "2", ""),
        ];
        assert_eq!(unneeded_of(&packages, "", ""), [""; 0]);
        let settings = "APT::AutoRemove::SuggestsImportant=0\nAPT::AutoRemove::RecommendsImportant=no\n";
        assert_eq!(unneeded_of(&packages, settings, ""), ["doc", "tool"]);
    }
}
