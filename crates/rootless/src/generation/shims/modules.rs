//! What modules of Python load besides what Python itself does: libraries that may look for their files at fixed paths, as those of Tk, Qt and
//! GObject introspection do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;

use memchr::memmem;

use super::{MAX_SCRIPT, Site};
use crate::generation::libraries::source_of;
use crate::generation::own_paths::is_of_path;
use crate::generation::tree::Node;

/// Where modules lie: Python's own below a folder with its version, those of packages below one without.
const ALL: &[u8] = b"usr/lib/python3";
const OF_PACKAGES: &[u8] = b"usr/lib/python3/dist-packages/";
/// How the names of the packages begin that Python is divided into.
const PYTHON: [&str; 2] = ["python3.", "libpython3"];
/// And of those that have the C library.
const LIBC: &str = "libc6";
/// What a module calls that loads a library by its name. Source: the documentation of ctypes and cffi.
const LOADERS: [&[u8]; 4] = [FINDER, b"CDLL", b"LoadLibrary", b"dlopen"];
/// The one that asks ldconfig(8) which libraries there are.
const FINDER: &[u8] = b"find_library";
/// Longest name of a library.
const MAX_NAME: usize = 64;

/// What modules load.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The extension modules of packages, and all libraries, by canonical path, without what Python has itself.
    pub(super) files: BTreeSet<Vec<u8>>,
    /// Whether any of it is looked for in the list of libraries, which lies at a fixed path.
    pub(super) is_listed: bool,
}

/// Returns what the modules of a generation load.
pub(super) fn loaded(site: &Site<'_>) -> Loaded {
    let known = libraries(site);
    let (mut own, mut all) = (BTreeSet::new(), BTreeSet::new());
    let mut is_listed = false;
    for (path, node) in site.tree.nodes() {
        let Node::File { owner, .. } = node else { continue };
        if path.starts_with(ALL) && path.ends_with(b".so") {
            let found = if is_of(site, *owner, &PYTHON) {
                &mut own
            } else {
                &mut all
            };
            found.extend(site.libraries.closure(path).files);
            found.insert(path.to_vec());
        } else if path.starts_with(OF_PACKAGES) && path.ends_with(b".py") {
            let text = read(site, path).unwrap_or_default();
            let libraries = named(&text, &known);
            is_listed |= !libraries.is_empty() && memmem::find(&text, FINDER).is_some();
            for library in libraries {
                all.extend(site.libraries.closure(&library).files);
                all.insert(library);
            }
        }
    }
    all.retain(|path| !own.contains(path));
    Loaded {
        files: all,
        is_listed,
    }
}

/// Says whether a package has a name that begins in one of some ways.
fn is_of(site: &Site<'_>, owner: usize, names: &[&str]) -> bool {
    let package = site.packages.get(owner);
    package.is_some_and(|package| names.iter().any(|name| package.record.name.starts_with(name)))
}

/// Returns the libraries of a generation by their names, each with its canonical path. Those of the C library are loaded already.
fn libraries(site: &Site<'_>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut known = BTreeMap::new();
    for folder in site.libraries.folders() {
        for (path, _) in site.tree.children(folder) {
            let name = path.get(folder.len() + 1..).unwrap_or_default();
            if memmem::find(name, b".so").is_some()
                && let Some((place, Node::File { owner, .. })) = site.tree.find(path)
                && !is_of(site, *owner, &[LIBC])
            {
                known.entry(name.to_vec()).or_insert(place);
            }
        }
    }
    known
}

fn read(site: &Site<'_>, path: &[u8]) -> Option<Vec<u8>> {
    let file = File::open(source_of(site.tree, site.packages, path)?).ok()?;
    let mut text = Vec::new();
    file.take(MAX_SCRIPT).read_to_end(&mut text).ok()?;
    Some(text)
}

/// Returns where those of the known libraries lie whose names stand between quotes in a text that loads some: `magic`, or `libmagic.so.1`.
fn named(text: &[u8], known: &BTreeMap<Vec<u8>, Vec<u8>>) -> BTreeSet<Vec<u8>> {
    if !LOADERS.iter().any(|loader| memmem::find(text, loader).is_some()) {
        return BTreeSet::new();
    }
    let words = text.split(|byte| matches!(byte, b'\'' | b'"'));
    let words = words.filter(|word| {
        !word.is_empty() && word.len() <= MAX_NAME && word.iter().all(|byte| is_of_path(*byte))
    });
    let find = |word: &[u8]| {
        let first = [b"lib", word, b".so"].concat();
        let found = known.range(first.clone()..).next();
        let found = found.filter(|(name, _)| name.starts_with(&first));
        found.map(|(_, place)| place).or_else(|| known.get(word)).cloned()
    };
    words.filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_the_libraries_that_it_loads_by_either_name() {
        let all = ["libmagic.so.1", "libenchant-2.so.2", "libmagical.so.1"];
        let known: BTreeMap<Vec<u8>, Vec<u8>> = all
            .iter()
            .map(|name| (name.as_bytes().to_vec(), format!("usr/lib/{name}").into_bytes()))
            .collect();
        let found = |text: &str| {
            let found = named(text.as_bytes(), &known);
            let text = |path| String::from_utf8(path).unwrap();
            found.into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(found("find_library('magic')"), ["usr/lib/libmagic.so.1"]);
        assert_eq!(
            found("CDLL(\"libenchant-2.so.2\")"),
            ["usr/lib/libenchant-2.so.2"]
        );
        assert!(found("find_library('mag') or find_library('no such')").is_empty());
        assert!(found("print('magic')").is_empty());
    }
}
