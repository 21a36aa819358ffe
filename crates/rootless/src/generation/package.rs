//! A package that goes into a generation: what the store has of it, read once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use debian_control::digest::{md5, sha256};
use debian_control::relation::{RelationKind, Relations};
use debian_control::stanza::{Stanza, index_text};
use debian_control::version::Version;
use debian_deb::conffiles;

use super::tree::{Entry, Found, Ownership, scan};
use super::{GenerationError, PackageRecord};
use crate::store::Store;

/// A package that goes into a generation.
pub(super) struct Package {
    pub(super) record: PackageRecord,
    pub(super) folder: PathBuf,
    /// The text of its control file.
    pub(super) control: String,
    pub(super) entries: Vec<Entry>,
    /// Paths of configuration files that it has, from the root, with MD5: as dpkg's status has it.
    pub(super) conffiles: BTreeMap<String, String>,
    version: Version,
    replaces: Relations,
}

impl Package {
    /// Reads a package from the store, and fills in what its plan does not say yet.
    pub(super) fn read(store: &Store, mut record: PackageRecord) -> Result<Self, GenerationError> {
        let folder = store.path(&record.store);
        let failed = |source| GenerationError::io(&folder, source);
        let broken = |why: String| GenerationError::Broken {
            name: record.name.clone(),
            why,
        };
        let control = fs::read(folder.join("control/control")).map_err(failed)?;
        let control = index_text(control).replace("\r\n", "\n");
        let stanza = Stanza::of_index(&control).map_err(|error| broken(error.to_string()))?;
        let replaces = stanza.get("Replaces").map_or(Ok(Relations::default()), |field| {
            Relations::parse(RelationKind::Replaces, field.value())
        });
        let replaces = replaces.map_err(|error| broken(error.to_string()))?;
        let version = record.version.parse::<Version>();
        let version = version.map_err(|error| broken(error.to_string()))?;
        let entries = scan(&folder.join("tree")).map_err(failed)?;
        let mut digests = BTreeMap::new();
        for path in listed(&folder).map_err(failed)? {
            let is_file =
                |entry: &&Entry| entry.path == path.as_bytes() && matches!(entry.found, Found::File { .. });
            // Configuration lies below etc; what a package lists elsewhere is a file like any other.
            if path.starts_with("etc/") && entries.iter().any(|entry| is_file(&entry)) {
                let bytes = fs::read(folder.join("tree").join(&path)).map_err(failed)?;
                record.conffiles.insert(path.clone(), sha256(&bytes).to_string());
                digests.insert(path, md5(&bytes).to_string());
            }
        }
        Ok(Self {
            record,
            folder,
            control,
            entries,
            conffiles: digests,
            version,
            replaces,
        })
    }

    /// Returns the text of a maintainer script, so many bytes of it at most; nothing when it has none.
    pub(super) fn script(&self, name: &str, most: usize) -> String {
        let mut bytes = Vec::new();
        let opened = fs::File::open(self.folder.join("control").join(name));
        let read = opened.and_then(|file| file.take(most as u64).read_to_end(&mut bytes));
        if read.is_err() {
            bytes.clear();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns what its control file says.
    pub(super) fn stanza(&self) -> Stanza<'_> {
        Stanza::of_index(&self.control).expect("it was parsed when the package was read")
    }

    /// Returns whether several architectures of it may be installed at once.
    pub(super) fn is_same(&self) -> bool {
        let stanza = self.stanza();
        stanza.line("Multi-Arch") == Some("same")
    }

    /// Returns whether every Debian has it.
    pub(super) fn is_base(&self) -> bool {
        let stanza = self.stanza();
        stanza.line("Essential") == Some("yes") || stanza.line("Priority") == Some("required")
    }

    fn replaces(&self, other: &Self) -> bool {
        let mut relations = self.replaces.0.iter().flat_map(|alternatives| &alternatives.0);
        relations.any(|relation| {
            let version = relation.constraint.as_ref();
            relation.name.as_str() == other.record.name
                && version.is_none_or(|version| version.is_met_by(&other.version))
        })
    }
}

/// Returns the paths of a package's `conffiles`, from the root. One that is no text is left out: plans name configuration by text, so it
/// is a file of the generation like any other.
fn listed(folder: &std::path::Path) -> io::Result<Vec<String>> {
    let bytes = match fs::read(folder.join("control/conffiles")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        bytes => bytes?,
    };
    let listed =
        conffiles::parse(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let kept = listed.iter().filter(|file| !file.remove_on_upgrade);
    let paths = kept.filter_map(|file| std::str::from_utf8(&file.path).ok()?.strip_prefix('/'));
    Ok(paths.map(str::to_owned).collect())
}

/// The packages of a generation, as owners of files.
pub(super) struct Owners<'a>(pub(super) &'a [Package]);

impl Ownership for Owners<'_> {
    fn replaces(&self, one: usize, other: usize) -> bool {
        match (self.0.get(one), self.0.get(other)) {
            (Some(one), Some(other)) => one.replaces(other),
            _ => false,
        }
    }

    fn twins(&self, one: usize, other: usize) -> bool {
        match (self.0.get(one), self.0.get(other)) {
            (Some(one), Some(other)) => {
                one.record.name == other.record.name && one.is_same() && other.is_same()
            }
            _ => false,
        }
    }

    fn name(&self, package: usize) -> &str {
        self.0.get(package).map_or("", |package| &package.record.name)
    }
}
