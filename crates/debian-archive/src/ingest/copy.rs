//! From one suite to another.

use std::io;

use archive_catalog::listing::Description;
use archive_catalog::{CatalogError, Content, Entry, PackageChange, PlacementOutcome};
use archive_storage::pool::{self, PoolName};
use archive_storage::store::folder_of;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::commit::Commit;
use super::read::{UploadContext, check_architecture};
use super::{IngestError, StagedPackage, SuiteComponent};
use crate::archive::Archive;
use crate::config::Suite;

/// What is to come into a suite, and where.
#[derive(Debug, Clone)]
pub struct CopyWish<'a> {
    /// What is known of it, and its file.
    pub entry: &'a Entry,
    /// Where it is to be.
    pub place: SuiteComponent<'a>,
    /// What the suite is to say of it besides the .deb.
    pub metadata: Description,
}

impl Archive {
    /// Places what another suite holds.
    ///
    /// The file is shared where both suites are in one tree of the pool, and linked into the other tree else.
    pub fn copy(&self, wish: CopyWish<'_>, arrival: &UploadContext) -> Result<PlacementOutcome, IngestError> {
        let placed = self.copy_all(&[wish], arrival)?;
        Ok(*placed.first().expect("one answer for each place"))
    }

    /// Returns the section, priority and tags that go with a package from one suite to another: what `from` says of it, or said of it at a
    /// revision. Nothing goes from a private suite to a public one, where everybody could read it.
    pub fn moving_metadata(
        &self,
        (from, revision): (&SuiteName, Option<i64>),
        to: &Suite,
        content: &Sha256,
    ) -> Result<Description, CatalogError> {
        let is_secret = |suite: &Suite| suite.private && suite.codename != to.codename;
        // One that is no longer configured may have been private.
        let from_secret = self.config().suite(from.as_str()).is_none_or(is_secret);
        if from_secret && !to.private {
            return Ok(Description::default());
        }
        self.catalog().metadata(from, content, revision)
    }

    /// Finds out whether a suite would take what another suite holds, and returns what would be placed.
    pub(crate) fn known_package(
        &self,
        CopyWish {
            entry,
            place,
            metadata,
        }: &CopyWish<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        let found = self
            .catalog()
            .find(&entry.content.sha256, place.suite.pool_tree())?;
        let (content, held) = found.ok_or_else(|| IngestError::Unreadable(io::ErrorKind::NotFound.into()))?;
        check_architecture(place.suite, &content.content.architecture)?;
        let staged = StagedPackage {
            content,
            file: None,
            held,
            sent: None,
            by: arrival.by.clone(),
            vulnerable: arrival.vulnerable,
            metadata: metadata.clone(),
        };
        self.check_placement(&staged, place)?;
        Ok(staged)
    }

    /// Places what other suites hold: all of it, or nothing where one of the suites refuses something.
    ///
    /// The answers are in the order of the wishes.
    pub fn copy_all(
        &self,
        wishes: &[CopyWish<'_>],
        arrival: &UploadContext,
    ) -> Result<Vec<PlacementOutcome>, IngestError> {
        let commit = Commit {
            change: None,
            now: arrival.now,
        };
        self.copy_with(wishes, arrival, commit)
    }

    /// Does the same and what goes with it, in one step: all of it, or nothing where one of the suites refuses something.
    pub fn copy_and_change(
        &self,
        wishes: &[CopyWish<'_>],
        change: &PackageChange,
        arrival: &UploadContext,
    ) -> Result<(), IngestError> {
        if wishes.is_empty() {
            self.catalog().place_and_change(&[], change, arrival.now)?;
            return Ok(());
        }
        let commit = Commit {
            change: Some(change),
            now: arrival.now,
        };
        self.copy_with(wishes, arrival, commit).map(drop)
    }

    fn copy_with(
        &self,
        wishes: &[CopyWish<'_>],
        arrival: &UploadContext,
        commit: Commit<'_>,
    ) -> Result<Vec<PlacementOutcome>, IngestError> {
        let mut set = Vec::with_capacity(wishes.len());
        for wish in wishes {
            set.push((self.known_package(wish, arrival)?, wish.place));
        }
        // Only now that nothing speaks against any of them: a link that no row names would be left over.
        let new: Vec<(&Content, &SuiteComponent<'_>)> = set
            .iter()
            .filter(|(staged, _)| staged.held.is_none())
            .map(|(staged, place)| (staged.content(), place))
            .collect();
        let noted = if new.is_empty() {
            None
        } else {
            self.note_links(&new)?
        };
        for ((staged, place), CopyWish { entry, .. }) in set.iter_mut().zip(wishes) {
            if staged.held.is_none() {
                let tree = place.suite.pool_tree();
                let file_name = staged.content().file_name();
                let name = PoolName {
                    component: place.component,
                    source: &staged.content().source,
                    file_name: &file_name,
                };
                let usual = self.usual_name(tree, staged.content())?;
                let sha256 = &entry.content.sha256;
                let held = pool::copy(self.files(), tree, &entry.filename, &name, usual, sha256)?;
                let path = pool::below_root(tree, &held);
                self.files().settle(&mut [folder_of(&path)].into_iter())?;
                staged.held = Some(held);
            }
        }
        if set.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = self.commit_with(&[&set], commit)?;
        let answer = answers.pop().expect("one answer for each set");
        // What was refused after its file was linked is taken back with the note.
        if let (Some(noted), Ok(_)) = (noted, &answer) {
            noted.settle_links();
        }
        answer
    }
}
