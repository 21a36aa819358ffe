//! Scans the folder for dropped packages, and finds the destination of each file.

use std::ffi::OsStr;
use std::fs::{DirEntry, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use debian_control::name::{Component, SuiteName};

use super::folders::{INCOMING, REJECTED};
use super::stability::FileStamp;
use crate::config::{Config, Suite};
use crate::ingest::FileKind;

/// How many files one scan returns; the others wait for the next one.
const MOST: usize = 10_000;

/// What names begin with that this watch gives to files it is about to delete.
pub(super) const LEAVING: &str = ".leaving-";

/// A package file that was dropped.
#[derive(Debug)]
pub(super) struct DroppedFile {
    pub(super) path: PathBuf,
    pub(super) stat: FileStamp,
    /// Its destination, or why the directory it is in has none.
    pub(super) goal: Result<(SuiteName, Component), String>,
}

/// What one scan found.
#[derive(Debug, Default)]
pub(super) struct IncomingScan {
    pub(super) files: Vec<DroppedFile>,
    /// What is no package file and stays, with the reason.
    pub(super) passed_over: Vec<(PathBuf, &'static str)>,
}

/// Scans `incoming/`, its directories and theirs.
///
/// `listen` is called with each folder before it is read, so that nothing goes unseen that comes after. Links are never
/// followed, nothing is opened, and hidden files, which many programs write before they rename, are left alone.
pub(super) fn scan(
    incoming: &Path,
    config: &Config,
    listen: &mut dyn FnMut(&Path),
) -> Result<IncomingScan, (PathBuf, io::Error)> {
    let mut scan = IncomingScan::default();
    let mut folders = vec![(incoming.to_owned(), Vec::new())];
    while let Some((folder, below)) = folders.pop() {
        listen(&folder);
        for entry in entries(&folder).map_err(|error| (folder.clone(), error))? {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            match at(&below, &name, kind) {
                At::LeftAlone => {}
                At::Folder => folders.push((path, [below.clone(), vec![name]].concat())),
                At::PassedOver(why) => scan.passed_over.push((path, why)),
                At::File => match FileKind::of(&path) {
                    FileKind::Package => {
                        // Gone meanwhile: nothing to do.
                        let Ok(found) = entry.metadata() else { continue };
                        let goal = goal(config, &below);
                        let stat = FileStamp::of(&found);
                        scan.files.push(DroppedFile { path, stat, goal });
                    }
                    FileKind::NotTaken(why) => scan.passed_over.push((path, why)),
                    FileKind::Other => {}
                },
            }
            if scan.files.len() >= MOST {
                return Ok(scan);
            }
        }
    }
    Ok(scan)
}

/// Returns what is in a folder, in the order of names.
fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = match std::fs::read_dir(folder) {
        // Taken away meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

enum At {
    LeftAlone,
    Folder,
    File,
    PassedOver(&'static str),
}

fn at(below: &[std::ffi::OsString], name: &OsStr, kind: FileType) -> At {
    let hidden = name.as_bytes().starts_with(b".") && !name.as_bytes().starts_with(LEAVING.as_bytes());
    let own = below.is_empty() && name == REJECTED;
    match below.len() {
        _ if hidden || own => At::LeftAlone,
        _ if kind.is_file() => At::File,
        _ if kind.is_symlink() => At::PassedOver("it is a symbolic link: drop the file itself"),
        0 | 1 if kind.is_dir() => At::Folder,
        _ if kind.is_dir() => {
            At::PassedOver("it is a directory: put packages directly into incoming/SUITE/COMPONENT/")
        }
        _ => At::PassedOver("it is no regular file"),
    }
}

/// Returns the destination of a file in the directory `below` the drop folder.
fn goal(config: &Config, below: &[std::ffi::OsString]) -> Result<(SuiteName, Component), String> {
    let [suite_name, component_name] = match below {
        [suite, component] => [suite.to_string_lossy(), component.to_string_lossy()],
        [suite] => [suite.to_string_lossy(), "".into()],
        _ => ["".into(), "".into()],
    };
    if suite_name.is_empty() {
        let suite = config
            .suites
            .first()
            .map_or("SUITE", |suite| suite.codename.as_str());
        let component = config
            .suites
            .first()
            .map_or("COMPONENT", |suite| suite.default_component().as_str());
        return Err(format!(
            "it is not in the directory of a suite: put it into {INCOMING}/SUITE/COMPONENT/, for example {INCOMING}/{suite}/{component}/"
        ));
    }
    let Some(suite) = config.suite(&suite_name) else {
        return Err(format!(
            "no suite `{}` in repogen.toml, which lists {}",
            suite_name.escape_debug(),
            listed(config.suites.iter().map(|suite| suite.codename.as_str()))
        ));
    };
    component(suite, &component_name).map(|component| (suite.codename.clone(), component.clone()))
}

fn component<'a>(suite: &'a Suite, name: &str) -> Result<&'a Component, String> {
    let known = suite
        .components
        .iter()
        .find(|component| component.as_str() == name);
    known.ok_or_else(|| {
        let has = listed(suite.components.iter().map(Component::as_str));
        let suite = &suite.codename;
        if name.is_empty() {
            format!("it is not in the directory of a component: put it into {INCOMING}/{suite}/COMPONENT/; suite `{suite}` has {has}")
        } else {
            format!("no component `{}` in suite `{suite}`, which has {has}", name.escape_debug())
        }
    })
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text =
            "[[suite]]\ncodename = \"bookworm\"\nsuite = \"stable\"\ncomponents = [\"main\", \"extra\"]\n";
        Config::parse(text, Path::new("repogen.toml")).unwrap()
    }

    fn to(below: &[&str]) -> Result<(String, String), String> {
        let below: Vec<std::ffi::OsString> = below.iter().map(Into::into).collect();
        goal(&config(), &below).map(|(suite, component)| (suite.to_string(), component.to_string()))
    }

    #[test]
    fn a_suite_is_named_by_codename_or_alias() {
        let goal = Ok(("bookworm".to_owned(), "extra".to_owned()));
        assert_eq!(to(&["bookworm", "extra"]), goal);
        assert_eq!(to(&["stable", "extra"]), goal);
    }

    #[test]
    fn a_file_in_no_right_folder_is_told_which_would_be() {
        for (below, told) in [
            (&[][..], "incoming/bookworm/main/"),
            (&["bookworm"], "main, extra"),
            (
                &["bookwurm", "main"],
                "no suite `bookwurm` in repogen.toml, which lists bookworm",
            ),
            (
                &["stable", "x"],
                "no component `x` in suite `bookworm`, which has main, extra",
            ),
        ] {
            let error = to(below).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn links_deeper_folders_and_other_packages_are_passed_over_and_hidden_files_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let main = root.path().join("stable/main");
        std::fs::create_dir_all(main.join("deeper.deb")).unwrap();
        std::fs::create_dir_all(root.path().join("rejected")).unwrap();
        for name in [
            "stable/main/a.deb",
            "stable/main/.b.deb",
            "stable/main/c.txt",
            "stable/main/f.ddeb",
            "stable/main/g.udeb",
            "rejected/d.deb",
        ] {
            std::fs::write(root.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("a.deb", main.join("e.deb")).unwrap();
        let mut heard = Vec::new();
        let scan = scan(root.path(), &config(), &mut |folder| {
            heard.push(folder.to_owned())
        })
        .unwrap();
        let files: Vec<PathBuf> = scan.files.into_iter().map(|file| file.path).collect();
        assert_eq!(files, [main.join("a.deb"), main.join("f.ddeb")]);
        let passed: Vec<PathBuf> = scan.passed_over.into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            passed,
            [main.join("deeper.deb"), main.join("e.deb"), main.join("g.udeb")]
        );
        assert_eq!(heard, [root.path().to_owned(), root.path().join("stable"), main]);
    }
}
