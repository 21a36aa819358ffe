//! From what the catalog holds to what clients fetch.
//!
//! A suite is published by one process at a time, from one snapshot of the catalog: indexes first, then the Release
//! over them, its signatures, and at last the steps that put all of it in place (`plan.rs`).

mod alias;
mod apply;
mod client_setup;
mod clock;
mod compared;
mod due;
mod error;
mod gate;
mod lease;
mod mode;
mod pinned;
mod plan;
mod refusal;
mod settings;
mod site;
mod steps;
mod suite_indexes;
mod take_down;
mod vanishing;

use std::fs::File;
use std::time::Instant;

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use rustix::fs::FlockOperation;

use crate::archive::{Archive, suite_dists};
use crate::behind;
use crate::config::{Gate, Suite};
use crate::other_archive;
use crate::sign::{self, Signer};
use crate::suite_release::{Dates, suite_release};
use archive_catalog::{
    CatalogError, Counts, Publication, PublishedFile, Snapshot, SnapshotPackage, SuiteState,
};
use archive_storage::STATE;
use archive_storage::staging::Staging;
use archive_storage::store::is_alias;

pub(crate) use lease::SuiteLease;

pub use crate::behind::Behind;
pub use crate::live_release::{LiveError, LiveRelease};
pub(crate) use alias::{leads_to_suite, shows};
pub(crate) use client_setup::{SignedBy, sources_entry, wrong as wrong_setup};
pub use clock::Clock;
pub(crate) use clock::wait_for_date;
pub(crate) use due::due_at;
pub use error::PublishError;
pub use mode::PublishMode;
pub(crate) use pinned::POOL_LINK;
pub use pinned::Rendered;
pub use refusal::{Gated, Gone};
pub use site::SiteStraysError;
pub(crate) use site::{
    WrongPage, forget as forget_site, strays as site_strays, strays_of as site_strays_of, wrong_pages,
    wrong_root,
};
pub use suite_indexes::expected_packages;

use alias::AliasedSuite;
use apply::{PublishTarget, StagedRelease};
use error::write_error;
use site::SuiteSite;
use steps::IndexOutput;
use suite_indexes::{BuiltIndexes, SuiteIndexes};

/// What became of a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishOutcome {
    /// Nothing had changed, and nothing was written.
    Unchanged,
    /// A new InRelease is live.
    Published(PublishReport),
}

/// What a publish did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishReport {
    /// Packages in the suite, and those added and removed since the last publish.
    pub counts: Counts,
    /// Packages that became uninstallable, when the suite's gate warns about them.
    pub gated: Gated,
    /// Whether none of the keys that sign signed what was served before: machines that know only those refuse the suite until
    /// somebody brings them the new keyring.
    pub is_signed_by_strangers: bool,
    /// Milliseconds that each stage took: indexes, signing, writing.
    pub stages: Vec<(&'static str, u128)>,
    /// Milliseconds in all.
    pub milliseconds: u128,
}

impl Archive {
    /// Publishes a suite.
    pub fn publish(
        &self,
        suite: &Suite,
        publishing: PublishMode,
        signer: &dyn Signer,
        clock: &dyn Clock,
    ) -> Result<PublishOutcome, PublishError> {
        let started = Instant::now();
        let _lock = self.publish_lock(&suite.codename)?;
        let lease = SuiteLease::take(self.catalog(), &suite.codename)?;
        lease.during(|| self.publish_under(&lease, suite, publishing, (signer, clock), started))
    }

    fn publish_under(
        &self,
        lease: &SuiteLease<'_>,
        suite: &Suite,
        publishing: PublishMode,
        (signer, clock): (&dyn Signer, &dyn Clock),
        started: Instant,
    ) -> Result<PublishOutcome, PublishError> {
        // A writer that was killed may have left files in the pool.
        let _ = self.take_back_links();
        let live = LiveRelease::read_to_replace(self.files(), &suite.tree(), &suite.codename)?;
        let publishing = match (publishing, live.inrelease(), self.files().folder()) {
            // In a bucket, what the catalog says is served is taken to be there. Without an InRelease it is not: the bucket was lost,
            // or is another one.
            (PublishMode::Due, None, None) => PublishMode::Forced,
            // Which of the plain names are of which publish nobody knows: all are written.
            (PublishMode::Due, Some(_), _) if live.is_torn() => PublishMode::Forced,
            _ => publishing,
        };
        let settings = settings::digest(self.config(), suite, signer.keyring());
        if !self.is_due(suite, publishing, &live, (&settings, signer, clock.now()))? {
            self.mend_what_is_beside(lease, suite, &live, (signer, clock.now()))?;
            return Ok(PublishOutcome::Unchanged);
        }
        let state = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?
            .state()
            .clone();
        let last = state.last_date.max(live.date());
        // Under the settings that were published last, its files are where they belong.
        let moved_in = state
            .publication
            .filter(|publication| publication.settings == settings)
            .map(|publication| publication.revision);
        self.move_in(suite, moved_in)?;
        let last = match publishing {
            PublishMode::Redating => self.last_date_by(suite, clock.now())?,
            _ => last,
        };
        let date = clock::next_date(suite, last, clock)?;
        // Opened only now: what came while this publisher waited for its Date is in it.
        let snapshot = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?;
        let gated = self.gated(suite, snapshot.as_ref())?;
        let mut run = PublishRun {
            archive: self,
            lease,
            suite,
            publishing,
            revision: snapshot.state().revision,
            settings,
            date,
            live,
            gated,
            already_in_place: moved_in.is_some(),
        };
        if suite.gate == Gate::Block && !run.gated.0.is_empty() {
            let broken = std::mem::take(&mut run.gated);
            drop(snapshot);
            run.renew((signer, clock), started)?;
            let suite = suite.codename.to_string();
            return Err(PublishError::Gated { suite, broken });
        }
        run.run(snapshot.as_ref(), (signer, clock), started)
    }

    /// Writes what is served beside an unchanged suite, where it is not there or not right any more.
    fn mend_what_is_beside(
        &self,
        lease: &SuiteLease<'_>,
        suite: &Suite,
        live: &LiveRelease,
        (signer, now): (&dyn Signer, i64),
    ) -> Result<(), PublishError> {
        // Of a bucket each look is a request; there, the next change copies what differs.
        let has_links = self.files().folder().is_some();
        if has_links && live.inrelease().is_some() && !self.is_alias_served(suite)? {
            alias::mend_link(self.files(), suite, lease)?;
        }
        client_setup::write(self, suite, signer, lease)?;
        let site = site::site_of(self.config(), signer, now);
        site::write_root(self, site.as_ref(), None)?;
        // A publisher that was killed right after its publish was recorded left them.
        Ok(Staging::sweep(self.local())?)
    }

    /// Returns the newest Date of a suite to which the clock has come.
    fn last_date_by(&self, suite: &Suite, now: i64) -> Result<Option<i64>, PublishError> {
        let publications = self.catalog().publications(&suite.codename)?.into_iter();
        let dates = publications.map(|publication| publication.date);
        Ok(dates.filter(|date| !clock::is_ahead(*date, now)).max())
    }

    /// Says whether the suite is to be published, and refuses what would take from clients what nobody removed.
    fn is_due(
        &self,
        suite: &Suite,
        publishing: PublishMode,
        live: &LiveRelease,
        (settings, signer, now): (&str, &dyn Signer, i64),
    ) -> Result<bool, PublishError> {
        let snapshot = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?;
        let is_due = publishing.is_forced()
            || due::due(suite, snapshot.as_ref(), live, settings, now)
            // Clients refuse such a Release: it is not as it should be, though nothing changed.
            || snapshot.state().last_date.max(live.date()).is_some_and(|last| clock::is_ahead(last, now))
            || site::is_unfinished(self, suite);
        if is_due {
            self.refuse_to_lose(suite, publishing, (snapshot.as_ref(), live), (settings, signer))?;
        }
        Ok(is_due)
    }

    /// Refuses a publish in place of what another archive serves, or from a catalog that is not that of what is served.
    fn refuse_to_lose(
        &self,
        suite: &Suite,
        publishing: PublishMode,
        (snapshot, live): (&dyn Snapshot, &LiveRelease),
        (settings, signer): (&str, &dyn Signer),
    ) -> Result<(), PublishError> {
        let is_dropping = publishing == PublishMode::Dropping;
        if !is_dropping && is_catalog_lost(snapshot.state(), live) {
            return Err(PublishError::CatalogLost(suite.codename.clone()));
        }
        let other =
            other_archive::find::<PublishError>(self, suite, (snapshot, live), Some(signer.keyring()))?;
        if let Some(other) = other {
            return Err(PublishError::OtherArchive(other));
        }
        if is_dropping {
            return Ok(());
        }
        if let Some(behind) = behind::behind(self, suite, snapshot, live)? {
            return Err(PublishError::CatalogBehind {
                suite: suite.codename.clone(),
                behind,
            });
        }
        let publication = snapshot.state().publication.as_ref();
        let is_as_published = publication.is_some_and(|publication| publication.settings == settings);
        // Under the settings that were published last, it has the names that they give it; and each look into a bucket is a request.
        if is_as_published && self.files().folder().is_none() {
            return Ok(());
        }
        self.refuse_to_drop(suite, publication, || snapshot.packages())?;
        if publication.is_some()
            && !is_as_published
            && let Some(alias) = alias::lost(self, suite)?
        {
            return Err(PublishError::AliasGone {
                suite: suite.codename.to_string(),
                alias,
            });
        }
        Ok(())
    }

    /// Refuses a publish that would remove packages from clients that nobody removed.
    pub(crate) fn refuse_to_drop(
        &self,
        suite: &Suite,
        publication: Option<&Publication>,
        packages: impl FnOnce() -> Result<Vec<SnapshotPackage>, CatalogError>,
    ) -> Result<(), PublishError> {
        if let Some(what) = vanishing::find(suite, publication, packages)? {
            return Err(PublishError::WouldDrop {
                suite: suite.codename.to_string(),
                what,
            });
        }
        match &suite.alias {
            Some(alias) if self.is_alias_served(suite)? => Err(PublishError::AliasServed {
                suite: suite.codename.to_string(),
                alias: alias.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Says whether another suite is served under the alias of this one.
    fn is_alias_served(&self, suite: &Suite) -> Result<bool, PublishError> {
        let alias = suite.alias.as_ref().filter(|alias| **alias != suite.codename);
        alias.map_or(Ok(false), |alias| self.is_served(suite, alias))
    }

    /// Says whether a name in the tree of a suite stands for another one.
    fn is_served(&self, suite: &Suite, name: &SuiteName) -> Result<bool, PublishError> {
        let folder = suite_dists(&suite.tree(), name);
        match self.files().folder() {
            Some(root) => {
                let found = root.join(folder).symlink_metadata();
                Ok(found.is_ok_and(|found| found.is_dir()))
            }
            // What shows another suite of this archive is a copy of that, which had this alias until now.
            None => {
                let suites = &self.config().suites;
                Ok(alias::shows_none_of(self.files(), &folder, suites)?)
            }
        }
    }

    /// Does `work` while no other process publishes the suite, on this machine or another.
    fn while_unpublished<T>(
        &self,
        suite: &SuiteName,
        work: impl FnOnce(&SuiteLease<'_>) -> Result<T, PublishError>,
    ) -> Result<T, PublishError> {
        let _lock = self.publish_lock(suite)?;
        let lease = SuiteLease::take(self.catalog(), suite)?;
        lease.during(|| work(&lease))
    }

    /// Waits until no other process publishes the suite or prunes, on this machine.
    fn publish_lock(&self, suite: &SuiteName) -> Result<File, PublishError> {
        let name = format!("publish-{suite}.lock");
        self.lock(&name, FlockOperation::LockExclusive)
            .map_err(|source| write_error("lock", self.local().join(STATE).join(&name), source))
    }
}

/// One publish under way.
struct PublishRun<'a> {
    archive: &'a Archive,
    lease: &'a SuiteLease<'a>,
    suite: &'a Suite,
    publishing: PublishMode,
    /// The revision to publish: usually the suite's present one.
    revision: i64,
    settings: String,
    date: i64,
    live: LiveRelease,
    gated: Gated,
    /// Whether it was published under these settings before, so that all files are in the right trees.
    already_in_place: bool,
}

impl PublishRun<'_> {
    /// Re-signs what is published, when that is due while the gate blocks: clients must not be left with a
    /// Release that expires.
    fn renew(mut self, by: (&dyn Signer, &dyn Clock), started: Instant) -> Result<(), PublishError> {
        let catalog = self.archive.catalog();
        let open = |revision| catalog.snapshot(&self.suite.codename, self.suite.pool_tree(), revision);
        let Some(published) = open(None)?.state().publication.clone() else {
            return Ok(());
        };
        if !due::renewal_due(self.suite, &published, &self.settings, self.date) {
            return Ok(());
        }
        let snapshot = open(Some(published.revision))?;
        self.revision = published.revision;
        // What the live indexes are made of is compared with where the suite stands, which is not what is written here.
        self.publishing = PublishMode::Forced;
        self.run(snapshot.as_ref(), by, started).map(|_| ())
    }

    /// Gives indexes and Release files the names under which they are served, and the alias its suite.
    fn put_in_place(
        &self,
        outputs: &[IndexOutput],
        release: &StagedRelease,
        served_before: &[String],
    ) -> Result<(), PublishError> {
        // What this machine remembers of the store may be of settings that another machine has published over since.
        if self.publishing.is_forced() || !self.already_in_place {
            client_setup::forget(self.archive, self.suite);
        }
        let steps = plan::plan(outputs, release.files(), served_before);
        let files = self.archive.files();
        let target = PublishTarget {
            files,
            dists: &self.archive.dists(self.suite),
            before: self.live.head(),
            lease: self.lease,
            suite: &self.suite.codename,
        };
        apply::apply(&steps, &target)?;
        let aliased = AliasedSuite {
            files,
            lease: self.lease,
            suite: self.suite,
            suites: &self.archive.config().suites,
            tree: &self.suite.tree(),
            outputs,
            release,
            before: self.live.inrelease(),
            may_be_renamed: !self.already_in_place,
        };
        aliased.follow().map_err(PublishError::after_names_changed)
    }

    /// Returns the index files that were served until now, below the folder of the suite.
    ///
    /// Those of the live Release, and those that the catalog says: a publisher that was killed may have come to one of both only.
    fn served_before(&self, snapshot: &dyn Snapshot) -> Vec<String> {
        let publication = snapshot.state().publication.as_ref();
        let recorded = publication.iter().flat_map(|publication| &publication.files);
        let mut served: Vec<String> = recorded.map(|file| file.path.clone()).collect();
        served.extend(self.live.listed().map(|(path, _)| path.to_owned()));
        served.sort();
        served.dedup();
        served
    }

    /// The steps of a publish, in their order.
    fn run(
        &self,
        snapshot: &dyn Snapshot,
        (signer, clock): (&dyn Signer, &dyn Clock),
        started: Instant,
    ) -> Result<PublishOutcome, PublishError> {
        let mut stages = Stages {
            last: started,
            stages: Vec::new(),
        };
        let staging = Staging::new(self.archive.local())?;
        let indexes = self.indexes(snapshot, &staging)?;
        stages.end("indexes");

        let dates = self.dates();
        let listed = indexes.outputs.iter().map(IndexOutput::listed).collect();
        let release = suite_release(self.archive.config(), self.suite, listed, dates).render();
        // Made now, also under a Date that is a little ahead: apt allows that of a Date, and its verifiers refuse a signature of the future.
        let signatures = sign::sign_checked(signer, &release, clock.now())?;
        stages.end("signing");

        let since = snapshot.state().publication.as_ref();
        let counts = self.counts(snapshot)?;
        let publication = Publication {
            revision: self.revision,
            packages: counts.packages,
            date: self.date,
            superseded_at: None,
            settings: self.settings.clone(),
            inrelease: Sha256::of(&signatures.inrelease),
            valid_until: dates.valid_until,
            contents: indexes.contents,
            files: served(&indexes.outputs),
        };
        let staged = StagedRelease::new(&staging, &release, &signatures, self.date)?;
        let is_signed_by_strangers = self.is_signed_by_strangers(since, signer, clock.now())?;
        self.put_in_place(&indexes.outputs, &staged, &self.served_before(snapshot))?;
        client_setup::write(self.archive, self.suite, signer, self.lease)?;
        stages.end("files");
        let site = site::site_of(self.archive.config(), signer, clock.now());
        // A page that cannot be written keeps no package from those who install it: that is said in the end.
        let pages = SuiteSite {
            archive: self.archive,
            suite: self.suite,
            publishing: self.publishing,
            snapshot,
            staging: &staging,
            lease: self.lease,
            is_of_one_machine: self.already_in_place || self.lease.epoch().is_none(),
        }
        .write(site.as_ref(), &publication);
        stages.end("site");
        self.record(&publication, (signer, clock))?;
        // Who asks for a publish anyhow wants what is there looked at, and under other settings it may be another machine's.
        let is_known = !self.publishing.is_forced() && self.already_in_place;
        let follows = is_known.then_some((&self.suite.codename, since));
        let pages = pages.and_then(|()| site::write_root(self.archive, site.as_ref(), follows));
        // Only what the next publish costs depends on them.
        let manifests = indexes.manifests.into_iter();
        manifests.for_each(|(path, manifest)| drop(manifest.write(&path, &staging)));
        stages.end("writing");
        pages.map_err(|source| PublishError::Pages {
            suite: self.suite.codename.clone(),
            source: Box::new(source),
        })?;
        Ok(PublishOutcome::Published(PublishReport {
            counts,
            gated: self.gated.clone(),
            is_signed_by_strangers,
            stages: stages.stages,
            milliseconds: started.elapsed().as_millis(),
        }))
    }

    /// Returns the times of the Release.
    fn dates(&self) -> Dates {
        Dates {
            date: self.date,
            valid_until: self.suite.valid_for.map(|span| self.date + span.seconds()),
        }
    }

    /// Builds the indexes that changed.
    fn indexes(&self, snapshot: &dyn Snapshot, staging: &Staging) -> Result<BuiltIndexes, PublishError> {
        SuiteIndexes {
            archive: self.archive,
            suite: self.suite,
            snapshot,
            revision: self.revision,
            staging,
            publishing: match self.archive.files().folder() {
                // Nobody looks there whether the tree that it is to be served from has what another had.
                None if !self.already_in_place => PublishMode::Forced,
                // What an alias leads to is another suite's, and goes from here with the first file that is written.
                Some(root) if is_alias(&root.join(self.archive.dists(self.suite))) => PublishMode::Forced,
                _ => self.publishing,
            },
            date: self.date,
        }
        .build()
    }

    /// Records what is in place now.
    fn record(
        &self,
        publication: &Publication,
        (signer, clock): (&dyn Signer, &dyn Clock),
    ) -> Result<(), PublishError> {
        if !self.already_in_place {
            // Before it is recorded: where this is cut off, the next publish does it again.
            self.archive
                .render_all_pinned(self.suite, self.lease, (signer, clock))?;
            self.archive.move_out(self.suite)?;
        }
        self.archive
            .catalog()
            .published(&self.suite.codename, publication, self.lease.epoch(), self.date)?;
        Ok(())
    }
}

/// Returns the index files that clients can fetch.
fn served(outputs: &[IndexOutput]) -> Vec<PublishedFile> {
    let served = outputs.iter().filter(|output| output.served);
    served
        .map(|output| PublishedFile {
            path: output.path.clone(),
            sha256: output.sha256,
            size: output.size,
        })
        .collect()
}

/// Says whether a suite that never held anything in the catalog is served with packages: the catalog is not that of what is
/// served.
pub(crate) fn is_catalog_lost(state: &SuiteState, live: &LiveRelease) -> bool {
    let was_ever_changed = state.revision > 0 || state.publication.is_some();
    let empty = Sha256::of(b"");
    let has_packages = live
        .listed()
        .any(|(path, sha256)| path.ends_with("/Packages") && *sha256 != empty);
    !was_ever_changed && has_packages
}

/// Milliseconds by stage.
struct Stages {
    last: Instant,
    stages: Vec<(&'static str, u128)>,
}

impl Stages {
    fn end(&mut self, stage: &'static str) {
        self.stages.push((stage, self.last.elapsed().as_millis()));
        self.last = Instant::now();
    }
}
