//! What a generation has, as files for elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::generation::ORIGINALS;

/// How deep folders may lie.
const MAX_DEPTH: usize = 64;

/// Folders of the root that Debian has as links to others below `/usr`.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];
/// Folders that programs expect, and no package need have, with their permissions.
const EXPECTED: [(&str, u32); 7] = [
    ("dev", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("var/tmp", 0o1777),
];
/// Files without which no user has a name. A maintainer script makes them of a package that not every generation has.
const USERS: [(&str, &str); 2] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
];

/// Something of an exported generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Folder(u32),
    Link(PathBuf),
    /// A file, by where its bytes are, and whether it may be run.
    File(PathBuf, bool),
    Text(&'static str),
}

/// Returns what a generation has, by path from the root.
pub(super) fn entries(generation: &Path) -> io::Result<BTreeMap<PathBuf, Entry>> {
    let install = generation.parent().and_then(Path::parent).unwrap_or(generation);
    let root = generation.join("root");
    let mut found = BTreeMap::new();
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            return Err(io::Error::other("folders lie too deep"));
        }
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                found.insert(path.clone(), Entry::Folder(0o755));
                pending.push((path, depth + 1));
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path())?;
                found.extend(linked(install, &path, target)?);
            } else {
                let is_program = entry.metadata()?.permissions().mode() & 0o111 != 0;
                let original = generation.join(ORIGINALS).join(&path);
                let from = if original.is_file() {
                    original
                } else {
                    entry.path()
                };
                found.insert(path, Entry::File(from, is_program));
            }
        }
    }
    complete(&mut found);
    Ok(found)
}

/// Returns what stands for a link: configuration that generations share is a file, which its owner may have deleted.
fn linked(install: &Path, path: &Path, target: PathBuf) -> io::Result<Option<(PathBuf, Entry)>> {
    let depth = path.components().count() - 1;
    let shared: OsString = Path::new(&"../".repeat(depth + 3)).join(path).into();
    if target.as_os_str() != shared {
        return Ok(Some((path.to_owned(), Entry::Link(target))));
    }
    let own = install.join(path);
    match fs::metadata(&own) {
        Ok(known) if known.is_file() => {
            let is_program = known.permissions().mode() & 0o111 != 0;
            Ok(Some((path.to_owned(), Entry::File(own, is_program))))
        }
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds what every root has.
fn complete(found: &mut BTreeMap<PathBuf, Entry>) {
    for name in MERGED {
        let target = Path::new("usr").join(name);
        if found.contains_key(&target) {
            found.entry(PathBuf::from(name)).or_insert(Entry::Link(target));
        }
    }
    for (name, mode) in EXPECTED {
        found.insert(PathBuf::from(name), Entry::Folder(mode));
    }
    for (name, text) in USERS {
        found.entry(PathBuf::from(name)).or_insert(Entry::Text(text));
    }
    let parents: Vec<PathBuf> = found
        .keys()
        .flat_map(|path| path.ancestors().skip(1))
        .map(Path::to_owned)
        .collect();
    for parent in parents
        .into_iter()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        found.entry(parent).or_insert(Entry::Folder(0o755));
    }
}

/// Says whether a path is plain text, without what would end a word of a shell or a field of a list.
pub(super) fn is_plain(path: &Path) -> bool {
    !path
        .as_os_str()
        .as_bytes()
        .iter()
        .any(|byte| matches!(byte, b'\n' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_place_of_a_generation_is_what_its_package_has_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let generation = folder.path().join("gen/1");
        for folder in ["root", ORIGINALS] {
            fs::create_dir_all(generation.join(folder).join("usr/lib")).unwrap();
            fs::write(generation.join(folder).join("usr/lib/a.py"), folder).unwrap();
        }
        fs::write(generation.join("root/usr/lib/b.py"), "").unwrap();
        let found = entries(&generation).unwrap();
        let file = |path: &str| found.get(Path::new(path)).cloned();
        let from = |path: &str| Some(Entry::File(generation.join(path), false));
        assert_eq!(file("usr/lib/a.py"), from("originals/usr/lib/a.py"));
        assert_eq!(file("usr/lib/b.py"), from("root/usr/lib/b.py"));
    }
}
