//! The catalog's own trait: each method is one transaction.

use std::path::Path;

use debian_control::digest::Sha256;
use debian_control::name::{PackageName, SuiteName};

use super::{
    accounts, audit, condemned, describe, placing, prune, publications, remove, rows, select, snapshot,
    states, trees,
};
use crate::audit::Actor;
use crate::database_url::DatabaseUrl;
use crate::lease::{Epoch, LeaseAnswer, LeaseState};
use crate::listing::Description;
use crate::postgres;
use crate::sql::{Db, Sql, params};
use crate::sql_catalog::{Backend, SqlCatalog};
use crate::{
    Catalog, CatalogError, CondemnedFile, CondemnedFiles, Conflict, Content, CountedState, Deleters, Entry,
    ListPart, MisplacedFile, NewContent, NewPlacement, PackageChange, Pin, PlacedSet, PlacementOutcome,
    PoolFile, Progress, PruneMode, PruneResult, Publication, RefusedFile, RetainedState, Retention,
    Selection, Snapshot, SnapshotId, TreeFile, YankedPackage,
};

impl SqlCatalog {
    /// Runs `work` in one writing transaction, if the authority that it rests on still holds in it.
    pub(crate) fn write_by<T>(
        &self,
        action: &'static str,
        by: Option<&Actor>,
        now: i64,
        work: impl FnOnce(&Db<'_>) -> Sql<T>,
    ) -> Result<T, CatalogError> {
        let done = self.write(action, |db| {
            if !accounts::is_authorized(db, by, now)? {
                return Ok(None);
            }
            work(db).map(Some)
        })?;
        done.ok_or(CatalogError::AuthorityEnded)
    }

    /// Has a server of PostgreSQL know how much was placed.
    fn note_placed(&self, sets: &[Vec<NewPlacement>]) {
        if let Backend::Postgres(server) = &self.database {
            server.note_placed(sets.iter().map(Vec::len).sum());
        }
    }
}

impl Catalog for SqlCatalog {
    fn ensure_suites(&self, codenames: &[SuiteName]) -> Result<(), CatalogError> {
        let known = self.read("read its suites", rows::codenames)?;
        if codenames
            .iter()
            .all(|codename| known.iter().any(|name| name == codename.as_str()))
        {
            return Ok(());
        }
        self.write("add suites", |db| {
            for codename in codenames {
                db.execute(
                    "insert into suite (codename) values (?1) on conflict do nothing",
                    params![codename.as_str()],
                )?;
            }
            Ok(())
        })
    }

    fn find(
        &self,
        sha256: &Sha256,
        tree: &str,
    ) -> Result<Option<(NewContent, Option<String>)>, CatalogError> {
        self.read_at_once("look a package up", |db| select::find(db, sha256, tree))
    }

    fn check_placements(
        &self,
        wishes: &[NewPlacement],
    ) -> Result<Vec<Result<PlacementOutcome, Box<Conflict>>>, CatalogError> {
        self.read("look packages up", |db| {
            db.keep_plans()?;
            placing::check(db, wishes)
        })
    }

    fn exceeded_quota(&self, set: &[NewPlacement]) -> Result<Option<Box<Conflict>>, CatalogError> {
        self.read("look quotas up", |db| {
            db.keep_plans()?;
            placing::exceeded_quota(db, set)
        })
    }

    fn place(&self, sets: &[Vec<NewPlacement>], now: i64) -> Result<Vec<PlacedSet>, CatalogError> {
        let placed = self.write("add packages", |db| placing::place(db, sets, now))?;
        self.note_placed(sets);
        Ok(placed)
    }

    fn place_and_change(
        &self,
        sets: &[Vec<NewPlacement>],
        change: &PackageChange,
        now: i64,
    ) -> Result<Vec<PlacedSet>, CatalogError> {
        let by = &change.by;
        let placed = self.write_by("change packages", Some(by), now, |db| {
            let placed = placing::place_all(db, sets, now)?;
            if placed.iter().all(Result::is_ok) {
                remove::remove(db, &change.removed, None, (Some(by), now))?;
                if let Some(new) = &change.described {
                    describe::describe(db, new, by, now)?;
                }
            }
            Ok(placed)
        })?;
        self.note_placed(sets);
        Ok(placed)
    }

    fn remove(
        &self,
        selections: &[Selection],
        by: Option<&Actor>,
        now: i64,
    ) -> Result<Vec<Entry>, CatalogError> {
        self.write_by("remove packages", by, now, |db| {
            remove::remove(db, selections, None, (by, now))
        })
    }

    fn yank(
        &self,
        selections: &[Selection],
        reason: &str,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<Vec<Entry>, CatalogError> {
        self.write_by("yank packages", by, now, |db| {
            remove::remove(db, selections, Some(reason), (by, now))
        })
    }

    fn yanked(&self, suite: &SuiteName) -> Result<Vec<YankedPackage>, CatalogError> {
        self.read("list what was yanked", |db| select::yanked(db, suite))
    }

    fn list(&self, selection: &Selection) -> Result<Vec<Entry>, CatalogError> {
        self.read("list packages", |db| select::list(db, selection))
    }

    fn list_part(
        &self,
        selection: &Selection,
        after: Option<&PackageName>,
        names: u32,
    ) -> Result<ListPart, CatalogError> {
        self.read("list packages", |db| {
            select::list_part(db, selection, after, names)
        })
    }

    fn snapshot(
        &self,
        suite: &SuiteName,
        tree: &str,
        revision: Option<i64>,
    ) -> Result<Box<dyn Snapshot + '_>, CatalogError> {
        snapshot::open(self.reader()?, suite, tree, revision)
    }

    fn progress(&self) -> Result<Vec<Progress>, CatalogError> {
        self.read("read how far its suites are published", |db| {
            publications::progress(db)
        })
    }

    fn metadata(
        &self,
        suite: &SuiteName,
        content: &Sha256,
        revision: Option<i64>,
    ) -> Result<Description, CatalogError> {
        self.read("read what a suite says of a package", |db| {
            describe::metadata(db, suite, content, revision)
        })
    }

    fn unpublished_since(&self) -> Result<Vec<(SuiteName, i64)>, CatalogError> {
        self.read("look for what is not published", |db| {
            publications::unpublished_since(db)
        })
    }

    fn leases(&self) -> Result<Vec<LeaseState>, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(Vec::new()),
            Backend::Postgres(_) => self.read("look for leases", postgres::lease_states),
        }
    }

    fn take_lease(&self, suite: &SuiteName, holder: &str) -> Result<LeaseAnswer, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(LeaseAnswer::NotNeeded),
            Backend::Postgres(server) => server.take_lease(suite, holder),
        }
    }

    fn renew_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<bool, CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(true),
            Backend::Postgres(server) => server.renew_lease(suite, epoch),
        }
    }

    fn release_lease(&self, suite: &SuiteName, epoch: Epoch) -> Result<(), CatalogError> {
        match &self.database {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(server) => server.release_lease(suite, epoch),
        }
    }

    fn published(
        &self,
        suite: &SuiteName,
        publication: &Publication,
        lease: Option<Epoch>,
        now: i64,
    ) -> Result<(), CatalogError> {
        let recorded = self.write("record a publish", |db| {
            publications::record(db, suite, publication, lease, now)
        })?;
        recorded
            .then_some(())
            .ok_or_else(|| CatalogError::LeaseLost(suite.clone()))
    }

    fn publications(&self, suite: &SuiteName) -> Result<Vec<Publication>, CatalogError> {
        self.read("read what was published", |db| publications::all(db, suite))
    }

    fn published_at(&self, suite: &SuiteName, date: i64) -> Result<Option<i64>, CatalogError> {
        self.read("read what was published", |db| {
            publications::revision_at(db, suite, date)
        })
    }

    fn states(&self, suite: &SuiteName) -> Result<Vec<RetainedState>, CatalogError> {
        self.read("read what can be gone back to", |db| states::all(db, suite))
    }

    fn counted_states(&self, suite: &SuiteName) -> Result<Vec<CountedState>, CatalogError> {
        self.read("read what can be gone back to", |db| states::counted(db, suite))
    }

    fn pin(&self, suite: &SuiteName, pin: &Pin, by: Option<&Actor>, now: i64) -> Result<(), CatalogError> {
        self.write_by("pin a snapshot", by, now, |db| {
            if let (true, Some(by)) = (states::pin(db, suite, pin, now)?, by) {
                audit::record(db, &states::event("snapshot.create", by, suite, &pin.id, now))?;
            }
            Ok(())
        })
    }

    fn unpin(
        &self,
        suite: &SuiteName,
        id: &SnapshotId,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<bool, CatalogError> {
        self.write_by("let a snapshot go", by, now, |db| {
            let was_there = states::unpin(db, suite, id)?;
            if let (true, Some(by)) = (was_there, by) {
                audit::record(db, &states::event("snapshot.delete", by, suite, id, now))?;
            }
            Ok(was_there)
        })
    }

    fn roll_back(
        &self,
        suite: &SuiteName,
        counted: &CountedState,
        by: Option<&Actor>,
        now: i64,
    ) -> Result<bool, CatalogError> {
        let CountedState { state, packages } = counted;
        let changed = self.write_by("go back", by, now, |db| {
            if states::packages_at(db, suite, state.revision)? != *packages {
                return Ok(None);
            }
            let changed = states::roll_back(db, suite, state.revision, (by, now))?;
            if let (true, Some(by)) = (changed, by) {
                audit::record(db, &states::event("suite.rollback", by, suite, &state.id, now))?;
            }
            Ok(Some(changed))
        })?;
        changed.ok_or_else(|| CatalogError::StateForgotten(suite.clone()))
    }

    fn gave_file_name(&self, content: &Content, counts: &dyn Fn(&str) -> bool) -> Result<bool, CatalogError> {
        self.read("look a file name up", |db| {
            db.keep_plans()?;
            select::gave_file_name(db, content, counts)
        })
    }

    fn pool_paths(&self) -> Result<Vec<String>, CatalogError> {
        self.read("list the pool", select::pool_paths)
    }

    fn pool_files(&self) -> Result<Vec<PoolFile>, CatalogError> {
        self.read("list the pool", select::pool_files)
    }

    fn condemn(&self, paths: &[String]) -> Result<Vec<CondemnedFile>, CatalogError> {
        self.write("condemn files of the pool", |db| condemned::condemn(db, paths))
    }

    fn condemned_deleted(&self, files: &[CondemnedFile]) -> Result<(), CatalogError> {
        self.write("note that files of the pool are gone", |db| {
            condemned::deleted(db, files)
        })
    }

    fn unpublish(&self, suite: &SuiteName) -> Result<(), CatalogError> {
        self.write("forget a publish", |db| publications::forget(db, suite))
    }

    fn files_in_other_trees(
        &self,
        suite: &SuiteName,
        tree: &str,
        since: Option<i64>,
    ) -> Result<Vec<MisplacedFile>, CatalogError> {
        self.read("look for files in other trees", |db| {
            trees::files_in_other_trees(db, suite, tree, since)
        })
    }

    fn record_pool_files(&self, tree: &str, files: &[TreeFile]) -> Result<Vec<RefusedFile>, CatalogError> {
        self.write("record files of a tree", |db| {
            trees::record_pool_files(db, tree, files)
        })
    }

    fn condemn_unneeded(
        &self,
        left: Option<&str>,
        limit: usize,
        deleters: Deleters,
    ) -> Result<CondemnedFiles, CatalogError> {
        self.write("condemn files that no suite needs", |db| {
            trees::condemn_unneeded(db, left, limit, deleters)
        })
    }

    fn prune(
        &self,
        retentions: &[Retention],
        now: i64,
        mode: PruneMode,
    ) -> Result<PruneResult, CatalogError> {
        match mode {
            PruneMode::Delete => self.write("apply retention", |db| prune::prune(db, retentions, now)),
            PruneMode::DryRun => {
                self.read("look at what retention ends", |db| prune::preview(db, retentions))
            }
        }
    }

    fn copy_to(&self, path: &Path) -> Result<(), CatalogError> {
        match &self.database {
            Backend::Sqlite(file) => file.copy_to(path),
            Backend::Postgres(_) => {
                let url = DatabaseUrl::Sqlite(path.to_owned());
                self.copy_into(&Self::create(&url)?)?;
                let mut log = path.as_os_str().to_owned();
                log.push("-wal");
                // SQLite writes its log into the file when the last connection goes.
                if Path::new(&log).exists() {
                    return Err(CatalogError::Corrupt {
                        location: url.to_string(),
                        what: "its log was not written back".to_owned(),
                    });
                }
                Ok(())
            }
        }
    }
}
