//! The alias of a suite, `dists/ALIAS`: a link in a folder, and a copy in a store that has no links.

use std::collections::BTreeSet;

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use debian_control::release::Release;

use super::apply::StagedRelease;
use super::error::PublishError;
use super::lease::SuiteLease;
use super::steps::IndexOutput;
use crate::archive::{Archive, dists_folder};
use crate::config::Suite;
use crate::live_release::signed_text;
use archive_storage::store::{FileStore, PutNew, StoreError, delete_folder};

/// What was published under the name of a suite, for its alias.
pub(super) struct AliasedSuite<'a> {
    pub(super) files: &'a dyn FileStore,
    /// Looked at before each name that changes.
    pub(super) lease: &'a SuiteLease<'a>,
    pub(super) suite: &'a Suite,
    /// All that the archive has.
    pub(super) suites: &'a [Suite],
    /// The tree, or that of a snapshot.
    pub(super) tree: &'a str,
    pub(super) outputs: &'a [IndexOutput],
    pub(super) release: &'a StagedRelease,
    /// What was live before: an alias that shows the same needs only what changed.
    pub(super) before: Option<Sha256>,
    /// Whether other names may still show the suite.
    pub(super) may_be_renamed: bool,
}

impl AliasedSuite<'_> {
    /// Has `dists/ALIAS` show the suite, and takes away what showed it under other names.
    pub(super) fn follow(&self) -> Result<(), PublishError> {
        let dists = dists_folder(self.tree);
        let codename = &self.suite.codename;
        let alias = self.suite.alias.as_ref().filter(|alias| *alias != codename);
        for (name, target) in self.files.links(&dists)? {
            let is_wanted = alias.is_some_and(|alias| alias.as_str() == name);
            if target == codename.as_str() && !is_wanted {
                self.files.delete(&format!("{dists}/{name}"))?;
            }
        }
        if let Some(alias) = alias
            && !self
                .files
                .link_folder(&format!("{dists}/{alias}"), codename.as_str())?
        {
            self.copy(&format!("{dists}/{codename}"), &format!("{dists}/{alias}"))?;
        }
        if self.files.folder().is_none() && self.may_be_renamed {
            self.take_other_names_down(&dists)?;
        }
        Ok(self.files.settle(&mut [dists.as_str()].into_iter())?)
    }

    /// Copies the suite to another name in the order of a publish; the store copies by itself what it has.
    fn copy(&self, from: &str, to: &str) -> Result<(), PublishError> {
        let inrelease = format!("{to}/InRelease");
        let there = self.files.read_with_head(&inrelease)?;
        let shown = there.as_ref().map(|(bytes, _)| Sha256::of(bytes));
        let shows_the_last = shown.is_some() && shown == self.before;
        let is_new = |output: &&IndexOutput| output.served && (output.staged.is_some() || !shows_the_last);
        for output in self.outputs.iter().filter(is_new) {
            self.keep(output, from, to)?;
        }
        let indexes = self
            .outputs
            .iter()
            .filter(is_new)
            .map(|output| output.path.as_str());
        for name in indexes.chain(["Release.gpg", "Release"]) {
            self.lease.check_time()?;
            self.files
                .copy(&format!("{from}/{name}"), &format!("{to}/{name}"))?;
        }
        self.lease.check_time()?;
        let head = there.as_ref().map(|(_, head)| head);
        // Where another publisher was faster, its state is the newer one.
        let release = self.release.files();
        self.files
            .replace_if(&inrelease, &release.inrelease.local(), head)?;
        let listed: BTreeSet<&str> = self.outputs.iter().map(|output| output.path.as_str()).collect();
        let before = there.and_then(|(bytes, _)| {
            let text = String::from_utf8_lossy(&bytes);
            Release::parse(signed_text(&text)?).ok()
        });
        for gone in before.iter().flat_map(|release| &release.sha256) {
            if !listed.contains(gone.path.as_str()) {
                self.lease.check_time()?;
                self.files.delete(&format!("{to}/{}", gone.path))?;
            }
        }
        Ok(())
    }

    /// Gives an index the name for its digest, which no other content ever has: sent where this publish made it, else copied.
    fn keep(&self, output: &IndexOutput, from: &str, to: &str) -> Result<(), PublishError> {
        let path = output.by_hash();
        let (source, target) = (format!("{from}/{path}"), format!("{to}/{path}"));
        let staged = output.staged_file();
        let put = || match &staged {
            Some(staged) => self.files.put_new(&target, &staged.local()),
            None => self.files.copy_new(&source, &target, &output.sha256),
        };
        if put()? == PutNew::Other {
            // A damaged one: no client could use it.
            self.files.delete(&target)?;
            put()?;
        }
        Ok(())
    }

    /// Takes copies of this suite down that stand under a name which it no longer has.
    fn take_other_names_down(&self, dists: &str) -> Result<(), PublishError> {
        let codename = self.suite.codename.as_str();
        for name in self.files.folders(dists)? {
            let folder = format!("{dists}/{name}");
            // Where the alias is another suite's now, that one's next publish puts itself in the place of this.
            let mut others = self
                .suites
                .iter()
                .filter(|suite| suite.tree() == self.suite.tree());
            if others.any(|suite| suite.alias.as_ref().is_some_and(|alias| alias.as_str() == name)) {
                continue;
            }
            if name != codename && shows(self.files, &folder, codename)? {
                delete_folder(self.files, &folder)?;
            }
        }
        Ok(())
    }
}

/// Has `dists/ALIAS` of a published suite lead to it again, where the store has links and it does not.
pub(super) fn mend_link(
    files: &dyn FileStore,
    suite: &Suite,
    lease: &SuiteLease<'_>,
) -> Result<(), PublishError> {
    if leads_to_suite(files, suite)? {
        return Ok(());
    }
    let dists = dists_folder(&suite.tree());
    if let Some(alias) = &suite.alias {
        lease.check_time()?;
        files.link_folder(&format!("{dists}/{alias}"), suite.codename.as_str())?;
    }
    Ok(files.settle(&mut [dists.as_str()].into_iter())?)
}

/// Says whether the alias of a suite is a link to it, or it has none.
pub(crate) fn leads_to_suite(files: &dyn FileStore, suite: &Suite) -> Result<bool, StoreError> {
    let Some(alias) = suite.alias.as_ref().filter(|alias| **alias != suite.codename) else {
        return Ok(true);
    };
    let link = (alias.to_string(), suite.codename.to_string());
    Ok(files.links(&dists_folder(&suite.tree()))?.contains(&link))
}

/// Returns a name under which a suite is served in its tree, and which the configuration gives neither to it nor to another suite.
pub(super) fn lost(archive: &Archive, suite: &Suite) -> Result<Option<String>, PublishError> {
    let (files, tree, codename) = (archive.files(), suite.tree(), suite.codename.as_str());
    let dists = dists_folder(&tree);
    let is_named = |name: &str| {
        let mut suites = archive
            .config()
            .suites
            .iter()
            .filter(|other| other.tree() == tree);
        suites.any(|other| {
            let alias = other.alias.as_ref().map(SuiteName::as_str);
            other.codename.as_str() == name || alias == Some(name)
        })
    };
    let links = files.links(&dists)?.into_iter();
    let mut showing = links.filter(|(name, target)| target == codename && !is_named(name));
    if let Some((name, _)) = showing.next() {
        return Ok(Some(name));
    }
    if files.folder().is_some() {
        return Ok(None);
    }
    for name in files.folders(&dists)? {
        if !is_named(&name) && shows(files, &format!("{dists}/{name}"), codename)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Says whether a folder shows the suite of this codename.
pub(crate) fn shows(files: &dyn FileStore, folder: &str, codename: &str) -> Result<bool, StoreError> {
    let shown = files.read(&format!("{folder}/InRelease"))?;
    Ok(shown.is_some_and(|inrelease| is_of(&inrelease, codename)))
}

/// Says whether a folder shows something that is none of these suites.
pub(super) fn shows_none_of(
    files: &dyn FileStore,
    folder: &str,
    suites: &[Suite],
) -> Result<bool, StoreError> {
    let shown = files.read(&format!("{folder}/InRelease"))?;
    let is_one = |inrelease: &Vec<u8>| {
        let mut suites = suites.iter();
        suites.any(|suite| is_of(inrelease, suite.codename.as_str()))
    };
    Ok(shown.is_some_and(|inrelease| !is_one(&inrelease)))
}

fn is_of(inrelease: &[u8], codename: &str) -> bool {
    let text = String::from_utf8_lossy(inrelease);
    let release = signed_text(&text).and_then(|text| Release::parse(text).ok());
    release.is_some_and(|release| release.codename.as_deref() == Some(codename))
}
