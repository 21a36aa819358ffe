//! What is served and in no configuration: suites that are gone, or were made private; components and architectures.

use std::io;
use std::path::{Path, PathBuf};

use super::finding::{ArchiveVerifyError, Finding, FindingKind};
use crate::archive::{Archive, dists_folder, suite_dists};
use crate::config::Suite;
use crate::error_text::with_causes;
use crate::publish::{LiveError, LiveRelease};

/// Looks through everything that is served for what the configuration does not have.
pub(super) fn check(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let suites = &archive.config().suites;
    let public: Vec<&Suite> = suites.iter().filter(|suite| !suite.private).collect();
    let mut strays = Strays { archive, findings };
    strays.tree(archive.root(), &public)?;
    for folder in entries(&archive.root().join("private"))? {
        let name = name_of(&folder);
        match suites
            .iter()
            .find(|suite| suite.private && suite.codename.as_str() == name)
        {
            Some(suite) => strays.tree(&folder, &[suite])?,
            None => strays.found(&folder, "no private suite in repogen.toml uses this directory"),
        }
    }
    for suite in suites {
        strays.places(suite);
    }
    Ok(())
}

struct Strays<'a> {
    archive: &'a Archive,
    findings: &'a mut Vec<Finding>,
}

impl Strays<'_> {
    /// Checks what a tree serves, which is meant to serve these suites.
    fn tree(&mut self, tree: &Path, suites: &[&Suite]) -> Result<(), ArchiveVerifyError> {
        self.dists(&dists_folder(tree), suites)?;
        for snapshot in entries(&tree.join("snapshots"))? {
            self.dists(&dists_folder(&snapshot), suites)?;
        }
        for path in entries(tree)? {
            let name = name_of(&path);
            if let Some(codename) = name.strip_suffix(".sources")
                && !suites.iter().any(|suite| suite.codename.as_str() == codename)
            {
                self.found(&path, "it belongs to no suite that is served here");
            }
        }
        Ok(())
    }

    fn dists(&mut self, dists: &Path, suites: &[&Suite]) -> Result<(), ArchiveVerifyError> {
        for path in entries(dists)? {
            let name = name_of(&path);
            let is_link = path.is_symlink();
            let is_meant = suites.iter().any(|suite| {
                let alias = suite.alias.as_ref();
                if is_link {
                    alias.is_some_and(|alias| alias.as_str() == name)
                } else {
                    suite.codename.as_str() == name
                }
            });
            if (is_link || path.is_dir()) && !is_meant {
                self.found(&path, "no suite in repogen.toml has this name here");
            }
        }
        Ok(())
    }

    /// Checks that what a Release shows is what the suite is to have.
    fn places(&mut self, suite: &Suite) {
        let tree = self.archive.tree(suite);
        let release = suite_dists(&tree, &suite.codename).join("Release");
        let live = match LiveRelease::read(&tree, &suite.codename) {
            Ok(live) => live,
            Err(error) => {
                let (LiveError::Read { path, .. } | LiveError::Damaged { path, .. }) = &error;
                self.findings.push(Finding {
                    kind: FindingKind::IndexStale,
                    path: below(path, self.archive),
                    detail: with_causes(&error),
                });
                return;
            }
        };
        let components = live
            .components()
            .iter()
            .filter(|name| !suite.components.iter().any(|found| found.as_str() == **name));
        let architectures = live.architectures().iter().filter(|name| {
            *name != "all" && !suite.architectures.iter().any(|found| found.as_str() == **name)
        });
        let components = components.map(|name| format!("component `{name}`"));
        for what in components.chain(architectures.map(|name| format!("architecture `{name}`"))) {
            self.found(&release, &format!("it lists {what}, which repogen.toml does not"));
        }
    }

    fn found(&mut self, path: &Path, why: &str) {
        self.findings.push(Finding {
            kind: FindingKind::IndexStale,
            path: below(path, self.archive),
            detail: format!("{why}: run `repogen publish` for what to do"),
        });
    }
}

fn below(path: &Path, archive: &Archive) -> String {
    let path = path
        .strip_prefix(archive.root())
        .expect("only folders of the archive are looked through");
    path.to_string_lossy().into_owned()
}

/// Returns the paths in a folder; empty when it is missing.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, ArchiveVerifyError> {
    let list = || -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    match list() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|source| ArchiveVerifyError::List {
            path: folder.to_owned(),
            source,
        }),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .expect("an entry of a folder has a name")
        .to_string_lossy()
        .into_owned()
}
