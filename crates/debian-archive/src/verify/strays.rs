//! What is served and in no configuration: suites that are gone, or were made private; components and architectures. Besides, what is
//! served that belongs to no suite alone.

use super::finding::{ArchiveVerifyError, Finding, FindingKind};
use crate::archive::{Archive, dists_folder, private_tree, suite_dists};
use crate::config::Suite;
use crate::error_text::with_causes;
use crate::publish::{
    Gone, LiveError, LiveRelease, WrongPage, shows, site_strays, site_strays_of, wrong_pages, wrong_root,
    wrong_setup,
};
use crate::served_snapshots::unknown_snapshots;
use archive_storage::store::StoreError;

/// Looks through everything that is served for what the configuration does not have.
pub(super) fn check(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let suites = &archive.config().suites;
    let public: Vec<&Suite> = suites.iter().filter(|suite| !suite.private).collect();
    let gone = archive.gone_suites()?;
    let mut strays = Strays {
        archive,
        gone,
        findings,
    };
    strays.tree("", &public)?;
    for name in archive.files().folders("private")? {
        let found = suites
            .iter()
            .find(|suite| suite.private && suite.codename.as_str() == name);
        match found {
            Some(suite) => strays.tree(&private_tree(&suite.codename), &[suite])?,
            None => strays.found(
                format!("private/{name}"),
                "no private suite in repogen.toml uses this directory",
            ),
        }
    }
    for suite in suites {
        strays.places(suite);
        strays.snapshots(suite)?;
    }
    findings.extend(
        wrong_setup::<ArchiveVerifyError>(archive)?
            .into_iter()
            .map(|path| Finding {
                kind: FindingKind::IndexStale,
                path,
                detail: "not what publishing wrote for setting machines up: run `repogen publish --force`"
                    .to_owned(),
            }),
    );
    superfluous_pages(archive, findings)
}

/// Looks for pages about nothing that is published.
fn superfluous_pages(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let mut files = site_strays(archive)?;
    for suite in &archive.config().suites {
        files.extend(site_strays_of(archive, suite)?);
    }
    findings.extend(files.into_iter().map(|path| Finding {
        kind: FindingKind::SiteStale,
        path,
        detail: "it is about nothing that is published: run `repogen prune`".to_owned(),
    }));
    Ok(())
}

/// Compares pages with what publishing wrote. Those that are wrong are looked at again by this, with the locks of those who write them.
pub(super) fn check_pages(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let mut wrong = wrong_root(archive)?;
    for suite in &archive.config().suites {
        wrong.extend(wrong_pages(archive, suite)?);
    }
    // There, publishing compares sizes only.
    let mend = match archive.files().folder() {
        Some(_) => "run `repogen publish --force`",
        None => "delete `state/site`, then run `repogen publish --force`",
    };
    findings.extend(wrong.into_iter().map(|wrong| {
        let (path, what) = match wrong {
            WrongPage::Missing(path) => (path, "it is missing"),
            WrongPage::Other(path) => (path, "it is not what publishing wrote"),
        };
        Finding {
            kind: FindingKind::SiteStale,
            path,
            detail: format!("{what}: {mend}"),
        }
    }));
    Ok(())
}

struct Strays<'a> {
    archive: &'a Archive,
    /// Suites that are served and in no configuration.
    gone: Vec<Gone>,
    findings: &'a mut Vec<Finding>,
}

impl Strays<'_> {
    /// Checks what a tree serves, which is meant to serve these suites.
    fn tree(&mut self, tree: &str, suites: &[&Suite]) -> Result<(), ArchiveVerifyError> {
        let files = self.archive.files();
        self.dists(tree, suites)?;
        for snapshot in files.folders(&format!("{tree}snapshots"))? {
            self.dists(&format!("{tree}snapshots/{snapshot}/"), suites)?;
        }
        for name in files.names(tree.trim_end_matches('/'))? {
            if let Some(codename) = name.strip_suffix(".sources")
                && !suites.iter().any(|suite| suite.codename.as_str() == codename)
            {
                self.found(
                    format!("{tree}{name}"),
                    "it belongs to no suite that is served here",
                );
            }
        }
        Ok(())
    }

    fn dists(&mut self, tree: &str, suites: &[&Suite]) -> Result<(), ArchiveVerifyError> {
        let dists = dists_folder(tree);
        let files = self.archive.files();
        let is_codename = |name: &String| suites.iter().any(|suite| suite.codename.as_str() == *name);
        let is_alias = |name: &String| {
            let mut aliases = suites.iter().filter_map(|suite| suite.alias.as_ref());
            aliases.any(|alias| alias.as_str() == *name)
        };
        let links = files.links(&dists)?.into_iter();
        let mut strays: Vec<(String, bool)> = links
            .filter(|(name, _)| !is_alias(name))
            .map(|(name, target)| (name, self.is_of_suite(&target)))
            .collect();
        // Without links, an alias is a folder.
        let has_links = files.folder().is_some();
        for name in files.folders(&dists)? {
            if !is_codename(&name) && (has_links || !is_alias(&name)) {
                let is_ours = self.is_of_suite(&name) || self.shows_suite(&format!("{dists}/{name}"))?;
                strays.push((name, is_ours));
            }
        }
        for (name, is_ours) in strays {
            let path = format!("{dists}/{name}");
            if is_ours {
                self.found(path, "no suite in repogen.toml has this name here");
            } else {
                let detail =
                    "no suite in repogen.toml has this name here, and none was published under it: delete it";
                self.findings.push(Finding {
                    kind: FindingKind::IndexStale,
                    path,
                    detail: detail.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Says whether a name is that of a suite which the configuration has, or which is served still.
    fn is_of_suite(&self, name: &str) -> bool {
        let suites = &self.archive.config().suites;
        suites.iter().any(|suite| suite.codename.as_str() == name)
            || self.gone.iter().any(|gone| gone.suite.as_str() == name)
    }

    /// Says whether a folder has the copy of a suite, as a bucket has it under an alias.
    fn shows_suite(&self, folder: &str) -> Result<bool, StoreError> {
        let files = self.archive.files();
        let suites = self.archive.config().suites.iter().map(|suite| &suite.codename);
        for codename in suites.chain(self.gone.iter().map(|gone| &gone.suite)) {
            if files.folder().is_none() && shows(files, folder, codename.as_str())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks that the catalog knows the snapshots of a suite.
    fn snapshots(&mut self, suite: &Suite) -> Result<(), ArchiveVerifyError> {
        for id in unknown_snapshots::<ArchiveVerifyError>(self.archive, suite)? {
            let tree = self.archive.snapshot_tree(suite, &id);
            self.findings.push(Finding {
                kind: FindingKind::IndexStale,
                path: suite_dists(&tree, &suite.codename),
                detail: "the catalog, which is older, does not know this snapshot: run `repogen rebuild`"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// Checks that what a Release shows is what the suite is to have.
    fn places(&mut self, suite: &Suite) {
        let tree = suite.tree();
        let release = format!("{}/Release", suite_dists(&tree, &suite.codename));
        let live = match LiveRelease::read(self.archive.files(), &tree, &suite.codename) {
            Ok(live) => live,
            Err(error) => {
                let (LiveError::Read(StoreError { path, .. }) | LiveError::Damaged { path, .. }) = &error;
                self.findings.push(Finding {
                    kind: FindingKind::IndexStale,
                    path: path.clone(),
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
            let why = format!("it lists {what}, which repogen.toml does not");
            self.found(release.clone(), &why);
        }
    }

    fn found(&mut self, path: String, why: &str) {
        self.findings.push(Finding {
            kind: FindingKind::IndexStale,
            path,
            detail: format!("{why}: run `repogen publish` for what to do"),
        });
    }
}
