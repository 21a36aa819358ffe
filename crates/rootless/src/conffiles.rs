//! Configuration files: they lie beside the generations, in `etc`, so that what a person changed in one stays.
//!
//! Which text of a file the packages had when it was last brought here is kept in `conffiles.json`. What is here, what the
//! packages had then, and what they have now decide what happens, as with dpkg, but nothing is ever asked: a changed file
//! stays, and the packages' new one is put beside it. Doing it again changes nothing, so that a process that was killed on
//! the way is made up for by the next one.
//!
//! Source: Debian Policy 10.7.3, and dpkg(1), "conffiles".

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use debian_control::digest::sha256;
use serde::{Deserialize, Serialize};

use crate::generation::{PackageRecord, Plan};
use crate::store::Store;

/// What is added to the name of a new file beside one that was changed.
const BESIDE: &str = ".cpkgs-new";

/// Which texts the packages had when their files were brought here.
#[derive(Debug, Default, Serialize, Deserialize)]
struct MergedFiles {
    /// The generation they are of.
    generation: u64,
    /// SHA-256 by path.
    files: BTreeMap<String, String>,
}

/// Why configuration cannot be brought to a generation's.
#[derive(Debug, thiserror::Error)]
#[error("cannot bring `{}` up to date", path.display())]
pub struct ConffileError {
    path: PathBuf,
    source: io::Error,
}

/// What is done with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConffileAction {
    Write,
    Keep,
    WriteBeside,
    Remove,
}

/// Removes configuration files, and what was put beside them, whoever changed them; not those that a generation has.
///
/// # Errors
///
/// When one cannot be removed.
pub fn purge(install: &Path, plan: &Plan, paths: &BTreeSet<String>) -> Result<(), ConffileError> {
    let kept: BTreeSet<&String> = plan
        .packages
        .iter()
        .flat_map(|package| package.conffiles.keys())
        .collect();
    for path in paths.iter().filter(|path| !kept.contains(path)) {
        for place in [install.join(path), install.join(format!("{path}{BESIDE}"))] {
            if place.symlink_metadata().is_ok() {
                remove(install, &place).map_err(|source| failed(&place, source))?;
            }
        }
    }
    Ok(())
}

/// Brings the configuration files to those of a generation; returns those that were changed here and have a new one beside.
///
/// # Errors
///
/// When one cannot be read or written. What was done stands, and the rest is done the next time.
pub fn merge(install: &Path, store: &Store, plan: &Plan) -> Result<Vec<String>, ConffileError> {
    let state = install.join("conffiles.json");
    let mut known = read_merged(&state).map_err(|source| failed(&state, source))?;
    if known.generation == plan.number {
        return Ok(Vec::new());
    }
    let mut beside = Vec::new();
    let mut files = BTreeMap::new();
    for package in &plan.packages {
        for (path, new) in &package.conffiles {
            let place = install.join(path);
            let base = known.files.remove(path);
            let act = || -> io::Result<ConffileAction> {
                let action = decide(base.as_deref(), digest(&place)?.as_deref(), Some(new));
                carry_out(action, &place, store, package, path)?;
                Ok(action)
            };
            if act().map_err(|source| failed(&place, source))? == ConffileAction::WriteBeside {
                beside.push(path.clone());
            }
            files.insert(path.clone(), new.clone());
        }
    }
    for (path, base) in known.files {
        let place = install.join(&path);
        let here = digest(&place).map_err(|source| failed(&place, source))?;
        if decide(Some(&base), here.as_deref(), None) == ConffileAction::Remove {
            remove(install, &place).map_err(|source| failed(&place, source))?;
        }
    }
    let known = MergedFiles {
        generation: plan.number,
        files,
    };
    write_merged(&state, &known).map_err(|source| failed(&state, source))?;
    Ok(beside)
}

/// What was there before, what is here, what shall be there: three texts, one decision.
fn decide(base: Option<&str>, here: Option<&str>, new: Option<&str>) -> ConffileAction {
    match (base, here, new) {
        // Nobody has it any more: it goes unless somebody changed it.
        (_, None, None) => ConffileAction::Keep,
        (base, here, None) => {
            if base == here {
                ConffileAction::Remove
            } else {
                ConffileAction::Keep
            }
        }
        // Removed here on purpose, and it stays so.
        (Some(_), None, Some(_)) => ConffileAction::Keep,
        (None, None, Some(_)) => ConffileAction::Write,
        (_, here, new) if here == new => ConffileAction::Keep,
        (base, here, _) if base == here => ConffileAction::Write,
        (base, _, new) if base == new => ConffileAction::Keep,
        _ => ConffileAction::WriteBeside,
    }
}

fn carry_out(
    action: ConffileAction,
    place: &Path,
    store: &Store,
    package: &PackageRecord,
    path: &str,
) -> io::Result<()> {
    let place = match action {
        ConffileAction::Keep | ConffileAction::Remove => return Ok(()),
        ConffileAction::Write => place.to_owned(),
        ConffileAction::WriteBeside => {
            let mut name = place.as_os_str().to_owned();
            name.push(BESIDE);
            PathBuf::from(name)
        }
    };
    let source = store.path(&package.store).join("tree").join(path);
    let mode = fs::metadata(&source)?.permissions().mode() & 0o777 | 0o200;
    let folder = place.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".cpkgs-").tempfile_in(folder)?;
    file.write_all(&fs::read(&source)?)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(&place)?;
    Ok(())
}

/// Removes a file and the folders that it leaves empty, up to `etc`.
fn remove(install: &Path, place: &Path) -> io::Result<()> {
    fs::remove_file(place)?;
    let top = install.join("etc");
    for folder in place.ancestors().skip(1).take_while(|folder| *folder != top) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => Ok(Some(sha256(&bytes?).to_string())),
    }
}

fn read_merged(path: &Path) -> io::Result<MergedFiles> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(MergedFiles::default()),
        text => Ok(serde_json::from_slice(&text?)?),
    }
}

fn write_merged(path: &Path, known: &MergedFiles) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Only its owner may read it.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(known)?)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(folder)?.sync_all()
}

fn failed(path: &Path, source: io::Error) -> ConffileError {
    ConffileError {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_texts_decide() {
        let table = [
            // before, here, now
            (None, None, Some("1"), ConffileAction::Write),
            (Some("1"), Some("1"), Some("2"), ConffileAction::Write),
            (Some("1"), Some("mine"), Some("1"), ConffileAction::Keep),
            (Some("1"), Some("mine"), Some("2"), ConffileAction::WriteBeside),
            (Some("1"), Some("2"), Some("2"), ConffileAction::Keep),
            (Some("1"), None, Some("2"), ConffileAction::Keep),
            (None, Some("mine"), Some("1"), ConffileAction::WriteBeside),
            (Some("1"), Some("1"), None, ConffileAction::Remove),
            (Some("1"), Some("mine"), None, ConffileAction::Keep),
            (Some("1"), None, None, ConffileAction::Keep),
        ];
        for (base, here, new, expected) in table {
            assert_eq!(decide(base, here, new), expected, "{base:?} {here:?} {new:?}");
        }
    }
}
