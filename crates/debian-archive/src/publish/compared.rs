//! What a publish changes for those who saw the last one: keys, and packages that came and left.

use std::collections::HashSet;

use archive_catalog::{CatalogError, Counts, Publication, Snapshot};
use archive_storage::store::StoreError;
use debian_control::digest::Sha256;

use super::PublishRun;
use crate::sign::Signer;

impl PublishRun<'_> {
    /// Says whether none of the keys that sign has signed what is served.
    pub(super) fn is_signed_by_strangers(
        &self,
        since: Option<&Publication>,
        signer: &dyn Signer,
        now: i64,
    ) -> Result<bool, StoreError> {
        // Under the settings that were published last, the keys are the same.
        if since.is_none() || self.already_in_place {
            return Ok(false);
        }
        let served = format!("{}/InRelease", self.archive.dists(self.suite));
        let served = self.archive.files().read(&served)?;
        let is_theirs =
            |served: Vec<u8>| openpgp_policy::verify_inrelease(&served, signer.keyring(), now).is_err();
        Ok(served.is_some_and(is_theirs))
    }

    /// Counts what is in the indexes, and what came into them and left them since the last publish.
    pub(super) fn counts(&self, snapshot: &dyn Snapshot) -> Result<Counts, CatalogError> {
        let publication = snapshot.state().publication.as_ref();
        let places = self.suite.listed_places();
        let Some(publication) = publication.filter(|_| !self.already_in_place) else {
            return snapshot.counts(publication.map(|publication| publication.revision), &places);
        };
        // Other settings may list other places.
        let then = self.archive.catalog().snapshot(
            &self.suite.codename,
            self.suite.pool_tree(),
            Some(publication.revision),
        )?;
        let before = then
            .packages()?
            .into_iter()
            .filter(|package| publication.shows(&package.component, &package.architecture));
        let before: HashSet<Sha256> = before.map(|package| package.sha256).collect();
        let now = snapshot
            .packages()?
            .into_iter()
            .filter(|package| places.list(package));
        let now: HashSet<Sha256> = now.map(|package| package.sha256).collect();
        Ok(Counts {
            packages: now.len() as u64,
            added: now.difference(&before).count() as u64,
            removed: before.difference(&now).count() as u64,
        })
    }
}
