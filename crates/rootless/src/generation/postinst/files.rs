//! The files that commands of one script make in the tree of a generation, and those that they would write and that are not made.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::TEMPORARY;
use super::{Applied, Effect};
use crate::generation::tree::{Node, Tree, Writing};

/// Where what is written is nobody's file.
const NO_FILES: [&str; 8] = [
    "/dev/",
    "/proc/",
    "/run/",
    "/sys/",
    "/tmp/",
    "/var/log/",
    "/var/run/",
    "/var/tmp/",
];

/// What the machine says of itself: scripts make these on a new machine, and here there is one.
const OF_THE_MACHINE: &[&str] = &[
    "/etc/fstab",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/timezone",
];
/// What it says of who uses it, which has not what a script adds.
const OF_ACCOUNTS: &[&str] = &[
    "/etc/group",
    "/etc/gshadow",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/shells",
    "/etc/subgid",
    "/etc/subuid",
];
/// What is brought about in other ways: all certificates that packages bring are joined.
const ELSEWHERE: &[&str] = &["/etc/ca-certificates.conf"];
/// How names go on that scripts give to files until they have their own, or for dpkg's questions. Source: dpkg(1).
const FOR_DPKG: &str = ".dpkg-";

/// Says whether who installs a package should know that a file is not there.
fn is_missed(path: &str) -> bool {
    path.starts_with('/')
        && !NO_FILES.iter().any(|folder| path.starts_with(folder))
        && !OF_THE_MACHINE.contains(&path)
        && !ELSEWHERE.contains(&path)
        && !path.contains(FOR_DPKG)
}

/// Says whether a path lies where packages have their files: what belongs to the machine or a person is left alone.
fn is_of_packages(path: &str) -> bool {
    ["/etc/", "/usr/", "/opt/", "/var/lib/", "/var/cache/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        && !path.split('/').any(|part| part == "..")
        && !OF_THE_MACHINE.contains(&path)
        && !OF_ACCOUNTS.contains(&path)
}

/// What is in a file that no package has.
enum Content {
    /// The same as in this file of a package.
    Copy(String),
    Text(String),
    Unknown,
}

/// What the commands of a script came to so far.
pub(super) struct Files<'a> {
    tree: &'a mut Tree,
    applied: &'a mut Applied,
    /// Files that the script makes for itself, by path.
    temporary: BTreeMap<String, Content>,
    /// Paths that were to be written, and that have not what would be there.
    left: BTreeSet<String>,
}

impl<'a> Files<'a> {
    pub(super) fn new(tree: &'a mut Tree, applied: &'a mut Applied) -> Self {
        Self {
            tree,
            applied,
            temporary: BTreeMap::new(),
            left: BTreeSet::new(),
        }
    }

    /// Returns the files that were to be written and are not made.
    pub(super) fn left(self) -> Vec<String> {
        self.left.into_iter().collect()
    }

    /// A program is run with these words later: files that they name and that are not there are its own to make.
    pub(super) fn wait_for(&mut self, words: &[String]) {
        let paths = words.iter().filter(|word| is_of_packages(word));
        let new = paths.filter(|path| self.tree.find(inside(path)).is_none());
        self.applied.awaited.extend(new.cloned());
    }

    pub(super) fn apply(&mut self, effect: Effect<'_>) {
        match effect {
            Effect::Copy { from, to } => self.copy(from, to),
            Effect::Move { from, to } => self.rename(from, to),
            Effect::Link { target, path } => self.link(target, path),
            Effect::Folder { path } if is_of_packages(path) => self.tree.make(inside(path), Node::Folder),
            Effect::Folder { .. } => {}
            Effect::Remove { path } => {
                self.temporary.remove(path);
                self.left.remove(path);
                self.tree.take_written(inside(path));
            }
            Effect::Write { path, writing, text } => self.write(path, writing, text),
        }
    }

    fn copy(&mut self, from: &str, to: &str) {
        if to.starts_with(TEMPORARY) {
            self.temporary
                .insert(to.to_owned(), Content::Copy(from.to_owned()));
            return;
        }
        match self.temporary.get(from) {
            None => self.copy_file(from, to),
            Some(Content::Copy(origin)) => {
                let origin = origin.clone();
                self.copy_file(&origin, to);
            }
            Some(Content::Text(text)) => {
                let text = text.clone();
                self.write(to, Writing::Anew, Some(&text));
            }
            Some(Content::Unknown) => self.write(to, Writing::Anew, None),
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if let Some(text) = self.tree.take_written(inside(from)) {
            self.write(to, Writing::Anew, Some(&text));
        } else if self.left.remove(from) {
            self.write(to, Writing::Anew, None);
        } else if self.temporary.contains_key(from) {
            self.copy(from, to);
            self.temporary.remove(from);
        }
    }

    fn write(&mut self, path: &str, writing: Writing, text: Option<&str>) {
        if path.starts_with(TEMPORARY) {
            self.write_temporary(path, writing, text);
            return;
        }
        if writing == Writing::More && self.applied.awaited.contains(path) {
            let addition = text.map(|text| (path.to_owned(), text.to_owned()));
            self.applied.additions.extend(addition);
            return;
        }
        let is_made =
            is_of_packages(path) && text.is_some_and(|text| self.tree.write(inside(path), writing, text));
        if is_made && writing == Writing::Anew {
            self.left.remove(path);
        } else if !is_made && is_missed(path) {
            self.left.insert(path.to_owned());
        }
    }

    fn write_temporary(&mut self, path: &str, writing: Writing, text: Option<&str>) {
        let before = match self.temporary.remove(path) {
            Some(Content::Text(before)) if writing == Writing::More => Some(before),
            Some(_) if writing == Writing::More => None,
            _ => Some(String::new()),
        };
        let text = before.zip(text).map(|(before, text)| before + text);
        let content = text.map_or(Content::Unknown, Content::Text);
        self.temporary.insert(path.to_owned(), content);
    }

    /// Copies a file of a package into a folder, or to a name.
    fn copy_file(&mut self, from: &str, to: &str) {
        let Some((_, node @ (Node::File { .. } | Node::Written(_)))) = self.tree.find(inside(from)) else {
            return;
        };
        let node = node.clone();
        let name = from.rsplit('/').next().unwrap_or_default();
        let to = match self.tree.find(inside(to)) {
            Some((_, Node::Folder)) => format!("{}/{name}", to.trim_end_matches('/')),
            _ if to.ends_with('/') => format!("{to}{name}"),
            _ => to.to_owned(),
        };
        if is_of_packages(&to) {
            self.tree.make(inside(&to), node);
        }
    }

    fn link(&mut self, target: &str, path: &str) {
        let path = match self.tree.find(inside(path)) {
            Some((_, Node::Folder)) => {
                let name = target.rsplit('/').next().unwrap_or_default();
                format!("{}/{name}", path.trim_end_matches('/'))
            }
            _ => path.to_owned(),
        };
        if !is_of_packages(&path) {
            return;
        }
        // Only where it leads to something: links to what a script makes otherwise would be in the way.
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let leads = match target.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None => format!("{}/{target}", folder.trim_start_matches('/')),
        };
        if self.tree.find(leads.as_bytes()).is_some() {
            self.tree.make_link(inside(&path), target.as_bytes());
        }
    }
}

fn inside(path: &str) -> &[u8] {
    path.trim_start_matches('/').trim_end_matches('/').as_bytes()
}
