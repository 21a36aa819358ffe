//! What is served and in no configuration: suites that are gone, or were made private; components and architectures.

use super::finding::{ArchiveVerifyError, Finding, FindingKind};
use crate::archive::{Archive, dists_folder, private_tree, suite_dists};
use crate::config::Suite;
use crate::error_text::with_causes;
use crate::publish::{
    LiveError, LiveRelease, WrongPage, site_strays, site_strays_of, wrong_pages, wrong_root,
};
use archive_storage::store::StoreError;

/// Looks through everything that is served for what the configuration does not have.
pub(super) fn check(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let suites = &archive.config().suites;
    let public: Vec<&Suite> = suites.iter().filter(|suite| !suite.private).collect();
    let mut strays = Strays { archive, findings };
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
    }
    site(archive, findings)
}

fn site(archive: &Archive, findings: &mut Vec<Finding>) -> Result<(), ArchiveVerifyError> {
    let (mut files, mut wrong) = (site_strays(archive)?, wrong_root(archive)?);
    for suite in &archive.config().suites {
        files.extend(site_strays_of(archive, suite)?);
        wrong.extend(wrong_pages(archive, suite)?);
    }
    let finding = |path, detail: String| Finding {
        kind: FindingKind::SiteStale,
        path,
        detail,
    };
    let why = "it is about nothing that is published: run `repogen prune`";
    findings.extend(files.into_iter().map(|path| finding(path, why.to_owned())));
    // There, publishing compares sizes only.
    let mend = match archive.files().folder() {
        Some(_) => "run `repogen publish --force`",
        None => "delete `state/site`, then run `repogen publish --force`",
    };
    findings.extend(wrong.into_iter().map(|wrong| match wrong {
        WrongPage::Missing(path) => finding(path, format!("it is missing: {mend}")),
        WrongPage::Other(path) => finding(path, format!("it is not what publishing wrote: {mend}")),
    }));
    Ok(())
}

struct Strays<'a> {
    archive: &'a Archive,
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
        let links = files.links(&dists)?.into_iter().map(|(name, _)| name);
        let mut strays: Vec<String> = links.filter(|name| !is_alias(name)).collect();
        // Without links, an alias is a folder.
        let has_links = files.folder().is_some();
        let folders = files.folders(&dists)?.into_iter();
        strays.extend(folders.filter(|name| !is_codename(name) && (has_links || !is_alias(name))));
        for name in strays {
            self.found(
                format!("{dists}/{name}"),
                "no suite in repogen.toml has this name here",
            );
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
