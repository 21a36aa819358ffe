//! Where the shared libraries of a generation lie, and which of them a program needs.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::rc::Rc;

use super::package::Package;
use super::tree::{Node, Tree};
use crate::elf::{Abi, Elf};

/// The libraries of a generation.
pub(super) struct Libraries<'a> {
    tree: &'a Tree,
    packages: &'a [Package],
    /// Where the loader looks, by canonical path.
    folders: Vec<Vec<u8>>,
    read: RefCell<HashMap<Vec<u8>, Option<Rc<Elf>>>>,
}

/// What a program needs, with what its libraries need.
#[derive(Debug, Default)]
pub(super) struct Closure {
    /// Folders besides the usual ones, by canonical path.
    pub(super) folders: Vec<Vec<u8>>,
    /// The names of all libraries.
    pub(super) names: BTreeSet<String>,
    /// Those that the generation has, by canonical path.
    pub(super) files: BTreeSet<Vec<u8>>,
    /// Names of those that the generation does not have.
    pub(super) missing: BTreeSet<String>,
    /// Whether any of it converts between encodings.
    pub(super) converts: bool,
}

impl<'a> Libraries<'a> {
    pub(super) fn new(tree: &'a Tree, packages: &'a [Package]) -> Self {
        let folders = folders(tree, packages);
        let read = RefCell::default();
        Self {
            tree,
            packages,
            folders,
            read,
        }
    }

    /// Returns the folders that the loader looks in.
    pub(super) fn folders(&self) -> &[Vec<u8>] {
        &self.folders
    }

    /// Reads the file at a canonical path; `None` when that is no ELF file.
    pub(super) fn elf(&self, path: &[u8]) -> Option<Rc<Elf>> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let elf = source_of(self.tree, self.packages, path)
            .and_then(|source| File::open(source).ok())
            .and_then(|file| Elf::read(&file).ok().flatten())
            .map(Rc::new);
        self.read.borrow_mut().insert(path.to_vec(), elf.clone());
        elf
    }

    /// Returns all that the program at a canonical path needs.
    pub(super) fn closure(&self, program: &[u8]) -> Closure {
        let mut closure = Closure::default();
        let Some(abi) = self.elf(program).map(|elf| elf.abi) else {
            return closure;
        };
        let mut pending = vec![program.to_vec()];
        while let Some(path) = pending.pop() {
            let Some(elf) = self.elf(&path) else { continue };
            closure.converts |= elf.converts;
            for folder in self.run_path(&path, &elf) {
                if !self.folders.contains(&folder) && !closure.folders.contains(&folder) {
                    closure.folders.push(folder);
                }
            }
            for name in &elf.needed {
                if !closure.names.insert(name.clone()) {
                    continue;
                }
                match self.find(name, abi, &closure.folders) {
                    Some(library) => {
                        closure.files.insert(library.clone());
                        pending.push(library);
                    }
                    None => {
                        closure.missing.insert(name.clone());
                    }
                }
            }
        }
        closure
    }

    /// Finds a library for programs of one kind. Source: ld.so(8) passes over those of another.
    fn find(&self, name: &str, abi: Abi, more: &[Vec<u8>]) -> Option<Vec<u8>> {
        let mut folders = more.iter().chain(&self.folders);
        folders.find_map(|folder| {
            let path = [folder.as_slice(), b"/", name.as_bytes()].concat();
            let (place, node) = self.tree.find(&path)?;
            let is_file = matches!(node, Node::File { .. });
            (is_file && self.elf(&place).is_some_and(|elf| elf.abi == abi)).then_some(place)
        })
    }

    fn run_path(&self, path: &[u8], elf: &Elf) -> Vec<Vec<u8>> {
        let cut = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        let origin = String::from_utf8_lossy(path.get(..cut).unwrap_or_default()).into_owned();
        let folders = elf.run_path.iter().filter_map(|folder| {
            let folder = folder.replace("${ORIGIN}", "$ORIGIN");
            let folder = match folder.strip_prefix("$ORIGIN") {
                Some(rest) => format!("{origin}{rest}"),
                None => folder.strip_prefix('/')?.to_owned(),
            };
            let (place, node) = self.tree.find(folder.as_bytes())?;
            matches!(node, Node::Folder).then_some(place)
        });
        folders.collect()
    }
}

/// Makes the links by which programs need libraries, where a package leaves that to ldconfig(8).
pub(super) fn link_sonames(tree: &mut Tree, packages: &[Package]) {
    let mut wanted = Vec::new();
    for folder in folders(tree, packages) {
        for (path, node) in tree.children(&folder) {
            let name = path.get(folder.len() + 1..).unwrap_or_default();
            let is_library = name.starts_with(b"lib") && name.windows(3).any(|part| part == b".so");
            if !matches!(node, Node::File { .. }) || !is_library {
                continue;
            }
            let file = source_of(tree, packages, path).and_then(|source| File::open(source).ok());
            let elf = file.and_then(|file| Elf::read(&file).ok().flatten());
            if let Some(soname) = elf.and_then(|elf| elf.soname)
                && !soname.contains('/')
                && soname.as_bytes() != name
            {
                wanted.push((
                    [&folder, b"/".as_slice(), soname.as_bytes()].concat(),
                    name.to_vec(),
                ));
            }
        }
    }
    for (path, target) in wanted {
        tree.make_link(&path, &target);
    }
}

/// Returns where the bytes of a file lie.
pub(super) fn source_of(tree: &Tree, packages: &[Package], path: &[u8]) -> Option<PathBuf> {
    match tree.get(path)? {
        Node::File { owner, source, .. } => {
            let folder = packages.get(*owner)?.folder.join("tree");
            Some(folder.join(OsStr::from_bytes(source)))
        }
        _ => None,
    }
}

fn folders(tree: &Tree, packages: &[Package]) -> Vec<Vec<u8>> {
    let mut folders: Vec<Vec<u8>> = Vec::new();
    let configured = configured(packages);
    let triplets = tree.children(b"usr/lib").filter(|(path, _)| is_triplet(path));
    let usual = [&b"usr/lib"[..], b"usr/lib64", b"usr/lib32"];
    let all = triplets
        .map(|(path, _)| path.to_vec())
        .chain(usual.map(<[u8]>::to_vec))
        .chain(configured);
    for path in all {
        if let Some((place, Node::Folder)) = tree.find(&path)
            && !folders.contains(&place)
        {
            folders.push(place);
        }
    }
    folders
}

fn is_triplet(path: &[u8]) -> bool {
    path.windows(7).any(|part| part == b"-linux-")
}

/// Folders that packages name in `ld.so.conf.d`. Source: ldconfig(8).
fn configured(packages: &[Package]) -> Vec<Vec<u8>> {
    let files = packages.iter().flat_map(|package| {
        let names = package.conffiles.keys();
        let names = names.filter(|path| path.starts_with("etc/ld.so.conf.d/"));
        names.map(|path| package.folder.join("tree").join(path))
    });
    let texts = files.filter_map(|path| fs::read(path).ok());
    let texts = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let lines = texts.flat_map(|text| {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix('/'));
        lines.map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>()
    });
    lines.collect()
}
