//! What maintainer scripts would do, read out of them: none is ever run.
//!
//! A script is followed as it would run when its package is installed for the first time ([`calls`]), and the commands whose effect is
//! a file or a link of the generation are done here: copies by ucf(1), cp(1) and install(1), links by ln(1), folders, texts that stand in
//! the script, and the modules of PHP. Alternatives are in a module of their own; what else there is, is told.

mod conditions;
mod evaluate;
mod files;
mod lexer;
mod parser;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;

pub(super) use self::evaluate::Call;
use self::evaluate::{Installation, Output};
use self::files::Files;
use self::lexer::MAX_SCRIPT;
pub(super) use self::lexer::UNKNOWN;
use super::libraries::source_of;
use super::package::Package;
use super::tree::{Node, Tree, Writing};

/// Returns the commands that a package's scripts would run.
pub(super) fn calls(package: &Package, tree: &Tree) -> Vec<Call> {
    let installation = Installation {
        tree,
        package: &package.record.name,
        architecture: &package.record.architecture,
    };
    evaluate::calls(&package.script("postinst", MAX_SCRIPT), &installation)
}

/// What the scripts of packages came to.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The files that each package's would write by themselves, and that are not made.
    pub(super) unwritten: Vec<Vec<String>>,
    /// Paths that programs are to make which are run as scripts run them.
    pub(super) awaited: BTreeSet<String>,
    /// What comes after what those make, by path.
    pub(super) additions: Vec<(String, String)>,
}

/// Does in a tree what the scripts of all packages would do to files. `is_run` says whether a command is run later.
pub(super) fn apply(
    calls: &[Vec<Call>],
    tree: &mut Tree,
    packages: &[Package],
    is_run: impl Fn(&Call) -> bool,
) -> Applied {
    let mut applied = Applied::default();
    for calls in calls {
        let mut files = Files::new(tree, &mut applied);
        for call in calls {
            if is_run(call) {
                files.wait_for(&call.words);
            }
            for effect in effects(call) {
                files.apply(effect);
            }
        }
        let left = files.left();
        applied.unwritten.push(left);
    }
    enable_modules(tree, packages);
    applied
}

/// The priority of a module that names none. Source: phpenmod(8).
const PHP_PRIORITY: u32 = 20;
/// Most versions of PHP, and ways of running it, that modules are loaded in.
const MAX_PHPS: usize = 16;
/// Most bytes of a module's configuration that are looked through.
const MAX_MODULE: u64 = 64 << 10;

/// What a command does to files.
#[derive(Debug, PartialEq, Eq)]
enum Effect<'a> {
    Copy {
        from: &'a str,
        to: &'a str,
    },
    Move {
        from: &'a str,
        to: &'a str,
    },
    Link {
        target: &'a str,
        path: &'a str,
    },
    Folder {
        path: &'a str,
    },
    Remove {
        path: &'a str,
    },
    /// `text` is nothing where it is not known.
    Write {
        path: &'a str,
        writing: Writing,
        text: Option<&'a str>,
    },
}

/// Returns what a command does to files, as far as all of it is known.
fn effects(call: &Call) -> Vec<Effect<'_>> {
    let is_known = |word: &String| !word.contains(UNKNOWN);
    let output = call.output.as_ref().filter(|output| is_known(&output.path));
    let write = |text| {
        output.map(|output| Effect::Write {
            path: &output.path,
            writing: output.writing,
            text,
        })
    };
    let text = output.and_then(|output| output.text.as_deref());
    let Some((name, arguments)) = call.words.split_first() else {
        return write(text).into_iter().collect();
    };
    if !call.words.iter().all(is_known) {
        return write(None).into_iter().collect();
    }
    let is_option = |word: &&String| word.starts_with('-') && word.len() > 1;
    let has = |options: &[&str]| arguments.iter().any(|word| options.contains(&word.as_str()));
    let folders_only = has(&["-d", "--directory"]);
    let plain: Vec<&str> = operands(name, arguments).collect();
    match (name.rsplit('/').next().unwrap_or_default(), plain.as_slice()) {
        ("ucf", &[from, to]) if !has(&["--purge", "-p"]) => vec![Effect::Copy { from, to }],
        ("cp", &[from, to]) => vec![Effect::Copy { from, to }],
        ("install", &[from, to]) if !folders_only => vec![Effect::Copy { from, to }],
        ("cat", &[from])
            if let Some(Output {
                path,
                writing: Writing::Anew,
                ..
            }) = output =>
        {
            vec![Effect::Copy { from, to: path }]
        }
        ("mv", &[from, to]) => vec![Effect::Move { from, to }],
        ("rm", paths) => paths
            .iter()
            .copied()
            .map(|path| Effect::Remove { path })
            .collect(),
        ("ln", &[target, path]) if arguments.iter().filter(is_option).any(|word| word.contains('s')) => {
            vec![Effect::Link { target, path }]
        }
        ("mkdir", paths) => paths
            .iter()
            .copied()
            .map(|path| Effect::Folder { path })
            .collect(),
        ("install", paths) if folders_only => paths
            .iter()
            .copied()
            .map(|path| Effect::Folder { path })
            .collect(),
        ("tee", paths) => teed(paths, arguments).collect(),
        _ => write(text).into_iter().collect(),
    }
}

/// Returns what becomes of files that get a copy of what comes through a pipe.
fn teed<'a>(paths: &[&'a str], arguments: &[String]) -> impl Iterator<Item = Effect<'a>> {
    let is_more = arguments.iter().any(|word| word == "-a" || word == "--append");
    let writing = if is_more { Writing::More } else { Writing::Anew };
    paths.iter().map(move |path| Effect::Write {
        path,
        writing,
        text: None,
    })
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
