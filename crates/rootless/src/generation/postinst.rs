//! What maintainer scripts would do, read out of them: none is ever run.
//!
//! A script is followed as it would run when its package is installed for the first time ([`calls`]), and the commands whose effect is
//! a file or a link of the generation are done here: copies by ucf(1), cp(1) and install(1), links by ln(1), folders, and the
//! modules of PHP. Alternatives are in a module of their own; what else there is, is told.

mod conditions;
mod evaluate;
mod lexer;
mod parser;

use std::fs;
use std::io::Read as _;

pub(super) use self::evaluate::Call;
use self::evaluate::{Installation, TEMPORARY};
use self::lexer::MAX_SCRIPT;
pub(super) use self::lexer::UNKNOWN;
use super::libraries::source_of;
use super::package::Package;
use super::tree::{Node, Tree};

/// Returns the commands that a package's scripts would run.
pub(super) fn calls(package: &Package, tree: &Tree) -> Vec<Call> {
    let installation = Installation {
        tree,
        package: &package.record.name,
        architecture: &package.record.architecture,
    };
    evaluate::calls(&package.script("postinst", MAX_SCRIPT), &installation)
}

/// Does in a tree what the scripts of all packages would do to files.
pub(super) fn apply(calls: &[Call], tree: &mut Tree, packages: &[Package]) {
    let mut temporary: Vec<(String, String)> = Vec::new();
    for call in calls {
        for effect in effects(call) {
            match effect {
                Effect::Copy { from, to } if to.starts_with(TEMPORARY) => temporary.push((to, from)),
                Effect::Copy { from, to } => {
                    let known = temporary.iter().rev().find(|(name, _)| *name == from);
                    let from = known.map_or(from, |(_, origin)| origin.clone());
                    copy(tree, &from, &to);
                }
                Effect::Link { target, path } => link(tree, &target, &path),
                Effect::Folder { path } if is_of_packages(&path) => tree.make(inside(&path), Node::Folder),
                Effect::Folder { .. } => {}
            }
        }
    }
    enable_modules(tree, packages);
}

/// The priority of a module that names none. Source: phpenmod(8).
const PHP_PRIORITY: u32 = 20;
/// Most versions of PHP, and ways of running it, that modules are loaded in.
const MAX_PHPS: usize = 16;
/// Most bytes of a module's configuration that are looked through.
const MAX_MODULE: u64 = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
enum Effect {
    Copy { from: String, to: String },
    Link { target: String, path: String },
    Folder { path: String },
}

/// Returns what a command does to files, as far as all of it is known.
fn effects(call: &Call) -> Vec<Effect> {
    let Some((name, arguments)) = call.words.split_first() else {
        return Vec::new();
    };
    if call
        .words
        .iter()
        .chain(&call.output)
        .any(|word| word.contains(UNKNOWN))
    {
        return Vec::new();
    }
    let is_option = |word: &&String| word.starts_with('-') && word.len() > 1;
    let folders_only = arguments.iter().any(|word| word == "-d" || word == "--directory");
    let plain: Vec<&str> = operands(name, arguments).collect();
    let copy = |from: &str, to: &str| {
        vec![Effect::Copy {
            from: from.to_owned(),
            to: to.to_owned(),
        }]
    };
    match (name.rsplit('/').next().unwrap_or_default(), plain.as_slice()) {
        ("ucf", [from, to]) if !arguments.iter().any(|word| word == "--purge" || word == "-p") => {
            copy(from, to)
        }
        ("cp", [from, to]) => copy(from, to),
        ("install", [from, to]) if !folders_only => copy(from, to),
        ("cat", [from]) => call.output.as_ref().map_or_else(Vec::new, |to| copy(from, to)),
        ("ln", [target, path]) if arguments.iter().filter(is_option).any(|word| word.contains('s')) => {
            vec![Effect::Link {
                target: (*target).to_owned(),
                path: (*path).to_owned(),
            }]
        }
        ("mkdir", paths) => paths.iter().map(|path| folder(path)).collect(),
        ("install", paths) if folders_only => paths.iter().map(|path| folder(path)).collect(),
        _ => Vec::new(),
    }
}

fn folder(path: &str) -> Effect {
    Effect::Folder {
        path: path.to_owned(),
    }
}

/// Returns the arguments of a command that are no options, nor values of options.
fn operands<'a>(name: &str, arguments: &'a [String]) -> impl Iterator<Item = &'a str> {
    let with_value: &[&str] = match name {
        "install" => &["-m", "-o", "-g", "--mode", "--owner", "--group"],
        "mkdir" => &["-m", "--mode"],
        "ucf" => &["--debconf-template", "--src-dir", "--state-dir"],
        _ => &[],
    };
    let mut is_value = false;
    arguments.iter().map(String::as_str).filter(move |word| {
        let was_value = std::mem::replace(&mut is_value, with_value.contains(word));
        !was_value && !word.starts_with('-')
    })
}

/// What the machine says of itself and of who uses it: scripts make these on a new machine, and here there is one.
const OF_THE_MACHINE: &[&str] = &[
    "/etc/fstab",
    "/etc/group",
    "/etc/gshadow",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/resolv.conf",
    "/etc/shadow",
    "/etc/shells",
    "/etc/subgid",
    "/etc/subuid",
    "/etc/timezone",
];

/// Says whether a path lies where packages have their files: what belongs to the machine or a person is left alone.
fn is_of_packages(path: &str) -> bool {
    ["/etc/", "/usr/", "/opt/", "/var/lib/", "/var/cache/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        && !path.split('/').any(|part| part == "..")
        && !OF_THE_MACHINE.contains(&path)
}

fn inside(path: &str) -> &[u8] {
    path.trim_start_matches('/').trim_end_matches('/').as_bytes()
}

fn copy(tree: &mut Tree, from: &str, to: &str) {
    let Some((_, node @ Node::File { .. })) = tree.find(inside(from)) else {
        return;
    };
    let node = node.clone();
    // Into a folder, or to a name.
    let name = from.rsplit('/').next().unwrap_or_default();
    let to = match tree.find(inside(to)) {
        Some((_, Node::Folder)) => format!("{}/{name}", to.trim_end_matches('/')),
        _ if to.ends_with('/') => format!("{to}{name}"),
        _ => to.to_owned(),
    };
    if is_of_packages(&to) {
        tree.make(inside(&to), node);
    }
}

fn link(tree: &mut Tree, target: &str, path: &str) {
    let path = match tree.find(inside(path)) {
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
    if tree.find(leads.as_bytes()).is_some() {
        tree.make_link(inside(&path), target.as_bytes());
    }
}

/// Has PHP load its modules: each that is available, in every way of running that it has, as phpenmod(8) does.
fn enable_modules(tree: &mut Tree, packages: &[Package]) {
    let folders = |tree: &Tree, folder: &[u8]| -> Vec<Vec<u8>> {
        let children = tree.children(folder).filter(|(_, node)| **node == Node::Folder);
        children.map(|(path, _)| path.to_vec()).collect()
    };
    let mut versions = folders(tree, b"etc/php");
    versions.truncate(MAX_PHPS);
    for version in versions {
        let available = [version.as_slice(), b"/mods-available"].concat();
        let modules: Vec<Vec<u8>> = tree.children(&available).map(|(path, _)| path.to_vec()).collect();
        let mut kinds = folders(tree, &version);
        kinds.retain(|kind| *kind != available);
        kinds.truncate(MAX_PHPS);
        for module in &modules {
            let mut text = String::new();
            if let Some(source) = source_of(tree, packages, module)
                && let Ok(file) = fs::File::open(source)
            {
                // What is no text names no priority.
                let _ = file.take(MAX_MODULE).read_to_string(&mut text);
            }
            let priority = text
                .lines()
                .find_map(|line| line.trim_start_matches([';', ' ']).strip_prefix("priority="));
            let priority: u32 = priority
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(PHP_PRIORITY);
            let name = module.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            for kind in &kinds {
                let path = [
                    kind.as_slice(),
                    format!("/conf.d/{priority:02}-").as_bytes(),
                    name,
                ]
                .concat();
                tree.make_link(&path, &[b"/", module.as_slice()].concat());
            }
        }
    }
}

#[cfg(test)]
mod tests;
