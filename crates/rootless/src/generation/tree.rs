//! The tree of a generation before any of it is on the disk: what stands where, and which package it is from.
//!
//! All that packages could do to each other is decided here, on paths alone: folders of one system (`/bin` is `/usr/bin`),
//! two packages with one file, a link of one package in the way of another's files.

mod paths;
mod scan;

use std::collections::{BTreeMap, BTreeSet};

use debian_deb::tarball::DataPath;

use self::paths::{MERGED, climbs, components, merge_first, normal};
use super::GenerationError;
use super::pattern::matches;
pub(super) use paths::merged;
pub(super) use scan::{Entry, Found, scan};

/// As many links are followed from one to the next, as the kernel would.
const MAX_LINKS: usize = 40;
/// The longest path, and the longest name in one, as the kernel has them.
const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;
/// Most names that are looked at for one pattern.
const MAX_LOOKED: usize = 20_000;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A folder; it belongs to nobody.
    Folder,
    /// A file of a package.
    File {
        /// The package, by its place in the list.
        owner: usize,
        /// Where it lies in that package: not where it stands, when folders are merged.
        source: Vec<u8>,
        /// Whether it may be run.
        program: bool,
    },
    /// A symbolic link.
    Link {
        /// The package; `None` when it was made here.
        owner: Option<usize>,
        /// Where it leads, as the package has it.
        target: Vec<u8>,
    },
    /// A file or link that a program made for this generation; it belongs to nobody.
    Made,
    /// A file of which the text stands in a maintainer script; it belongs to nobody.
    Written(String),
}

/// What becomes of what a file had before it is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// It goes.
    Anew,
    /// It stays, and more comes after it.
    More,
}

/// Who may take over whose files.
pub(super) trait Ownership {
    /// Says whether the first package replaces files of the second. Source: Debian Policy 7.6.1.
    fn replaces(&self, one: usize, other: usize) -> bool;
    /// Says whether both are one package for two architectures, of which the files that both have are the same.
    fn twins(&self, one: usize, other: usize) -> bool;
    /// Returns the name of a package, for messages.
    fn name(&self, package: usize) -> &str;
}

/// What stands where, by canonical path: no component but the last is a link.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

impl Tree {
    /// Puts the packages together.
    ///
    /// # Errors
    ///
    /// When two packages have one file and neither replaces the other's, and when a file would be written through a link
    /// that leads anywhere but into the tree.
    pub(super) fn build(packages: &[Vec<Entry>], who: &dyn Ownership) -> Result<Self, GenerationError> {
        let mut tree = Self::default();
        let entries = || {
            let with_owner = |(owner, entries): (usize, &'_ Vec<Entry>)| -> Vec<(usize, Entry)> {
                entries.iter().map(|entry| (owner, entry.clone())).collect()
            };
            packages.iter().enumerate().flat_map(with_owner)
        };
        for (owner, entry) in entries() {
            tree.add_link(owner, &entry, who)?;
        }
        let folders: BTreeSet<Vec<u8>> = entries()
            .filter(|(_, entry)| entry.found == Found::Folder)
            .map(|(_, entry)| merged(&entry.path))
            .filter(|path| !tree.nodes.contains_key(path))
            .collect();
        for (owner, entry) in entries() {
            tree.add_folder(owner, &entry, &folders, who)?;
        }
        for (owner, entry) in entries() {
            tree.add_file(owner, &entry, who)?;
        }
        tree.check_links(who)?;
        tree.add_merged();
        Ok(tree)
    }

    /// Returns everything, folders before what lies in them.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&[u8], &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_slice(), node))
    }

    /// Returns what stands at a canonical path.
    pub(super) fn get(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Returns what lies right in a folder, with its whole path.
    pub(super) fn children<'a>(
        &'a self,
        folder: &'a [u8],
    ) -> impl Iterator<Item = (&'a [u8], &'a Node)> + 'a {
        let prefix = [folder, b"/"].concat();
        let mut from = prefix.clone();
        std::iter::from_fn(move || {
            loop {
                let (path, node) = self.nodes.range(from.clone()..).next()?;
                let name = path.strip_prefix(prefix.as_slice())?;
                let Some(cut) = name.iter().position(|&byte| byte == b'/') else {
                    from = [path.as_slice(), b"\0"].concat();
                    return Some((path.as_slice(), node));
                };
                // All that lies deeper is passed over at once: `0` comes right after the slash.
                let deeper = name.get(..cut).unwrap_or_default();
                from = [prefix.as_slice(), deeper, b"0"].concat();
            }
        })
    }

    /// Returns what stands at a path of the installed system when every link is followed, with its canonical path.
    pub(super) fn find(&self, path: &[u8]) -> Option<(Vec<u8>, &Node)> {
        let place = self.canonical(&merged(path))?;
        let node = self.nodes.get(&place)?;
        Some((place, node))
    }

    /// Returns the paths that fit a pattern, in order; a star stands for anything within a name. Only so many names are looked at:
    /// links within a package make a short pattern fit without end.
    pub(super) fn fitting(&self, pattern: &str) -> Vec<String> {
        let mut found = vec![String::new()];
        let mut looked = 0;
        for part in pattern.split('/') {
            let mut next = Vec::new();
            for folder in &found {
                let path = |name: &str| {
                    [folder.as_str(), name]
                        .join("/")
                        .trim_start_matches('/')
                        .to_owned()
                };
                if !part.contains('*') {
                    next.push(path(part));
                    continue;
                }
                let Some((place, _)) = self.find(folder.as_bytes()) else {
                    continue;
                };
                let names = self.children(&place).filter_map(|(path, _)| {
                    looked += 1;
                    let name = path.rsplit(|byte| *byte == b'/').next()?;
                    std::str::from_utf8(name).ok()
                });
                next.extend(names.filter(|name| matches(part, name)).map(path));
                if looked > MAX_LOOKED {
                    return Vec::new();
                }
            }
            found = next;
        }
        found.retain(|path| self.find(path.as_bytes()).is_some());
        found
    }

    /// Makes a link that no package has, and the folders above it. What a package has stays.
    pub(super) fn make_link(&mut self, path: &[u8], target: &[u8]) {
        let target = target.to_vec();
        self.make(path, Node::Link { owner: None, target });
    }

    /// Puts something where no package has anything, with the folders above it; nothing at a path that the kernel would not take.
    pub(super) fn make(&mut self, path: &[u8], node: Node) {
        let Some(place) = self
            .canonical_parent(&merged(path))
            .filter(|place| is_possible(place))
        else {
            return;
        };
        let ends = place
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(end, _)| end);
        for end in ends.collect::<Vec<_>>() {
            let folder = place.get(..end).unwrap_or_default();
            let known = self.nodes.entry(folder.to_vec()).or_insert(Node::Folder);
            // Nothing lies below a file.
            if *known != Node::Folder {
                return;
            }
        }
        self.nodes.entry(place).or_insert(node);
    }

    /// Writes a text to a file that no package has, or more to what was written there before; says whether that can be.
    pub(super) fn write(&mut self, path: &[u8], writing: Writing, text: &str) -> bool {
        let Some(place) = self.canonical(&merged(path)) else {
            return false;
        };
        if let Some(Node::Written(known)) = self.nodes.get_mut(&place) {
            if writing == Writing::Anew {
                known.clear();
            }
            known.push_str(text);
            return true;
        }
        if self.nodes.contains_key(&place) {
            return false;
        }
        self.make(&place, Node::Written(text.to_owned()));
        self.nodes.contains_key(&place)
    }

    /// Takes away a file that was written, and returns what was in it.
    pub(super) fn take_written(&mut self, path: &[u8]) -> Option<String> {
        let place = self.canonical_parent(&merged(path))?;
        let Some(Node::Written(text)) = self.nodes.get_mut(&place) else {
            return None;
        };
        let text = std::mem::take(text);
        self.nodes.remove(&place);
        Some(text)
    }

    /// Returns where a link leads from where it stands: relative when that is in the tree.
    ///
    /// On an installed system `/` is the root; here it is a folder somewhere, so what is absolute or climbs to the root
    /// would lead to the host.
    pub(super) fn relative(&self, path: &[u8], target: &[u8]) -> Vec<u8> {
        let depth = path.split(|&byte| byte == b'/').count() - 1;
        if !target.starts_with(b"/") && !climbs(target, depth) {
            return target.to_vec();
        }
        let absolute = normal(path, target);
        let known = merged(&absolute);
        if self
            .canonical(&known)
            .is_none_or(|place| !self.nodes.contains_key(&place))
        {
            return [b"/".as_slice(), &absolute].concat();
        }
        let up = b"../".repeat(depth);
        [up.as_slice(), &known].concat()
    }

    fn add_link(&mut self, owner: usize, entry: &Entry, who: &dyn Ownership) -> Result<(), GenerationError> {
        let Found::Link { target } = &entry.found else {
            return Ok(());
        };
        if MERGED.contains(&entry.path.as_slice()) {
            return Ok(());
        }
        let path = merged(&entry.path);
        // What was a link from the one to the other, before they became one.
        let leads = normal(&entry.path, target);
        if leads != entry.path && merged(&leads) == path {
            return Ok(());
        }
        let node = Node::Link {
            owner: Some(owner),
            target: target.clone(),
        };
        self.put(path, node, who)
    }

    fn add_folder(
        &mut self,
        owner: usize,
        entry: &Entry,
        folders: &BTreeSet<Vec<u8>>,
        who: &dyn Ownership,
    ) -> Result<(), GenerationError> {
        if entry.found != Found::Folder {
            return Ok(());
        }
        let path = merged(&entry.path);
        match self.canonical(&path) {
            Some(place) if folders.contains(&place) => {
                self.nodes.entry(place).or_insert(Node::Folder);
                Ok(())
            }
            _ => Err(through(who.name(owner), &path)),
        }
    }

    fn add_file(&mut self, owner: usize, entry: &Entry, who: &dyn Ownership) -> Result<(), GenerationError> {
        let Found::File { program } = entry.found else {
            return Ok(());
        };
        let path = merged(&entry.path);
        let place = self.canonical_parent(&path);
        let place = place.ok_or_else(|| through(who.name(owner), &path))?;
        let node = Node::File {
            owner,
            source: entry.path.clone(),
            program,
        };
        self.put(place, node, who)
    }

    /// A link that stands in a folder which is itself a link of another package: nobody means that.
    fn check_links(&self, who: &dyn Ownership) -> Result<(), GenerationError> {
        for (path, node) in &self.nodes {
            if let Node::Link { owner, .. } = node
                && self.canonical_parent(path).as_ref() != Some(path)
            {
                let name = owner.map_or("", |owner| who.name(owner));
                return Err(through(name, path));
            }
        }
        Ok(())
    }

    fn add_merged(&mut self) {
        for name in MERGED {
            let target = [b"usr/", name].concat();
            if self.nodes.contains_key(&target) {
                let owner = None;
                self.nodes.insert(name.to_vec(), Node::Link { owner, target });
            }
        }
    }

    /// Puts a file or link where it belongs, unless that is another package's.
    fn put(&mut self, path: Vec<u8>, node: Node, who: &dyn Ownership) -> Result<(), GenerationError> {
        let Some(known) = self.nodes.get(&path) else {
            self.nodes.insert(path, node);
            return Ok(());
        };
        if *known == node {
            return Ok(());
        }
        let (Some(one), Some(other)) = (owner_of(&node), owner_of(known)) else {
            let name = owner_of(&node).map_or("", |owner| who.name(owner));
            return Err(through(name, &path));
        };
        if one == other {
            // The package has it twice now that folders are merged: the file counts, not the link to it.
            if matches!(node, Node::File { .. }) {
                self.nodes.insert(path, node);
            }
            return Ok(());
        }
        let same_link =
            matches!((&node, known), (Node::Link { target: a, .. }, Node::Link { target: b, .. }) if a == b);
        match (who.replaces(one, other), who.replaces(other, one)) {
            (true, false) => {
                self.nodes.insert(path, node);
                Ok(())
            }
            (_, true) => Ok(()),
            _ if same_link || who.twins(one, other) => Ok(()),
            _ => Err(GenerationError::Conflict {
                path: shown(&path),
                one: who.name(other).to_owned(),
                other: who.name(one).to_owned(),
            }),
        }
    }

    fn canonical_parent(&self, path: &[u8]) -> Option<Vec<u8>> {
        match path.iter().rposition(|&byte| byte == b'/') {
            None => Some(path.to_vec()),
            Some(cut) => {
                let mut place = self.canonical(path.get(..cut)?)?;
                if !place.is_empty() {
                    place.push(b'/');
                }
                place.extend_from_slice(path.get(cut + 1..)?);
                Some(place)
            }
        }
    }

    /// Follows every link on the way, with the tree as the root. `None` when they go in circles.
    fn canonical(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut pending: Vec<&[u8]> = components(path).collect();
        let mut here: Vec<u8> = Vec::with_capacity(path.len());
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == b".." {
                leave(&mut here);
                continue;
            }
            if !here.is_empty() {
                here.push(b'/');
            }
            here.extend_from_slice(name);
            if let Some(Node::Link { target, .. }) = self.nodes.get(&here) {
                links += 1;
                if links > MAX_LINKS {
                    return None;
                }
                leave(&mut here);
                if target.starts_with(b"/") {
                    here.clear();
                }
                pending.extend(components(target));
                merge_first(here.is_empty(), &mut pending);
            }
        }
        Some(here)
    }
}

/// Goes from a path to the folder it lies in; the root is empty.
fn leave(path: &mut Vec<u8>) {
    let end = path.iter().rposition(|&byte| byte == b'/');
    path.truncate(end.unwrap_or_default());
}

/// Says whether a canonical path is one that a file can have.
fn is_possible(path: &[u8]) -> bool {
    let is_name =
        |name: &[u8]| !matches!(name, b"" | b"." | b"..") && name.len() <= MAX_NAME && !name.contains(&0);
    path.len() < MAX_PATH && path.split(|&byte| byte == b'/').all(is_name)
}

fn owner_of(node: &Node) -> Option<usize> {
    match node {
        Node::Folder | Node::Made | Node::Written(_) => None,
        Node::File { owner, .. } => Some(*owner),
        Node::Link { owner, .. } => *owner,
    }
}

fn through(name: &str, path: &[u8]) -> GenerationError {
    GenerationError::Through {
        name: name.to_owned(),
        path: shown(path),
    }
}

/// Returns a path for a message.
pub(super) fn shown(path: &[u8]) -> String {
    DataPath::parse(path).map_or_else(|_| "?".to_owned(), |path| path.to_string())
}

#[cfg(test)]
mod tests;
