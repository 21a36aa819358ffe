//! From staged packages to files of the pool and rows of the catalog.

use std::collections::BTreeMap;
use std::io;

use debian_control::digest::Sha256;
use rustix::fs::FlockOperation;

use super::links::PoolLink;
use super::{IngestError, StagedPackage, SuiteComponent, VulnerablePolicy};
use crate::archive::Archive;
use archive_catalog::listing::Description;
use archive_catalog::{
    CatalogError, Conflict, Judged, NewPlacement, PackageChange, PlacedSet, PlacementOutcome,
};
use archive_storage::pool::{self, PoolName};
use archive_storage::store::folder_of;

/// A member of a set, and its expected outcome.
struct PlannedPlacement {
    placement: NewPlacement,
    outcome: PlacementOutcome,
}

/// How sets are committed.
#[derive(Clone, Copy)]
pub(super) struct Commit<'a> {
    /// What is done together with the one set that there is then, or not at all.
    pub(super) change: Option<&'a PackageChange>,
    /// In Unix seconds.
    pub(super) now: i64,
}

/// Sees that the file of a package is where its placement says.
type PutFile<'a> =
    dyn FnMut(&StagedPackage, &SuiteComponent<'_>, &mut NewPlacement) -> Result<(), IngestError> + 'a;

impl Archive {
    /// Puts a batch of staged packages into the pool and the catalog, each by itself.
    ///
    /// The order of the answers is that of the batch. An error of the archive itself ends the whole batch; nothing
    /// of it is in the catalog then.
    pub fn commit(
        &self,
        batch: &[(StagedPackage, SuiteComponent<'_>)],
        now: i64,
    ) -> Result<Vec<Result<PlacementOutcome, IngestError>>, IngestError> {
        let sets: Vec<&[(StagedPackage, SuiteComponent<'_>)]> = batch.chunks(1).collect();
        let answers = self.commit_sets(&sets, now)?.into_iter();
        Ok(answers
            .map(|answer| answer.map(|placed| *placed.first().expect("one answer for each package of a set")))
            .collect())
    }

    /// The same for packages that come as sets: of each all are taken, or none where one is refused.
    pub fn commit_sets(
        &self,
        sets: &[&[(StagedPackage, SuiteComponent<'_>)]],
        now: i64,
    ) -> Result<Vec<Result<Vec<PlacementOutcome>, IngestError>>, IngestError> {
        self.commit_with(sets, Commit { change: None, now })
    }

    pub(super) fn commit_with(
        &self,
        sets: &[&[(StagedPackage, SuiteComponent<'_>)]],
        commit: Commit<'_>,
    ) -> Result<Vec<Result<Vec<PlacementOutcome>, IngestError>>, IngestError> {
        self.take_back_links()?;
        let mut plans = self.check_placements(sets)?;
        for (set, plan) in sets.iter().zip(&plans) {
            for ((staged, _), planned) in set.iter().zip(plan.iter().flatten()) {
                if planned.outcome == PlacementOutcome::Added && staged.sent.is_none() {
                    staged.sync()?;
                }
            }
        }
        // Shared with other writers. Whoever deletes from the pool takes it alone, so that no file goes between its
        // link and its row.
        let lock = self
            .lock("pool.lock", FlockOperation::LockShared)
            .map_err(IngestError::Lock)?;
        let pairs = sets
            .iter()
            .zip(&plans)
            .flat_map(|(set, plan)| set.iter().zip(plan.iter().flatten()));
        let to_link: Vec<PoolLink<'_>> = pairs
            .filter(|((staged, _), planned)| {
                planned.outcome == PlacementOutcome::Added && staged.held.is_none()
            })
            .map(|((staged, place), _)| (staged.content(), place))
            .collect();
        let noted = self.note_links(&to_link)?;
        let mut files = Vec::new();
        for (set, plan) in sets.iter().zip(&mut plans) {
            let Ok(plan) = plan else {
                // What was sent ahead for a set that is refused now.
                files.extend(set.iter().filter_map(|(staged, place)| {
                    let sent = staged.sent.as_ref()?;
                    Some(pool::below_root(place.suite.pool_tree(), sent))
                }));
                continue;
            };
            for ((staged, place), planned) in set.iter().zip(plan) {
                match planned.outcome {
                    PlacementOutcome::Added => {
                        planned.placement.path = self.link(staged, place)?;
                        let NewPlacement { tree, path, .. } = &planned.placement;
                        files.push(pool::below_root(tree, path));
                    }
                    PlacementOutcome::Unchanged => self.restore_missing(staged, place)?,
                }
            }
        }
        self.files()
            .settle(&mut files.iter().map(|file| folder_of(file)))?;
        let mut answers = self.place(plans, commit)?;
        for (set, answer) in sets.iter().zip(&mut answers) {
            self.judge_anew(set, answer, commit)?;
            self.put_anew(set, answer, commit)?;
        }
        drop(lock);
        if answers.iter().any(Result::is_err) {
            self.drop_orphans(&files)?;
        }
        if let Some(noted) = noted {
            noted.settle_links();
        }
        Ok(answers)
    }

    /// Does ahead of the commit what takes its time: many threads that wait share what the one that commits would wait for alone.
    ///
    /// In a folder the bytes are synced; to a bucket they are sent, under the name that they are to have.
    pub fn prepare(&self, staged: &mut StagedPackage, place: &SuiteComponent<'_>) -> Result<(), IngestError> {
        if self.files().folder().is_some() {
            return staged.sync();
        }
        let is_new = self.outcome(staged, place)? == Ok(PlacementOutcome::Added);
        if is_new && staged.held.is_none() && staged.sent.is_none() {
            staged.sent = Some(self.link(staged, place)?);
        }
        Ok(())
    }

    /// Returns the expected outcome of each member of each set, or why one of a set is refused.
    fn check_placements(
        &self,
        sets: &[&[(StagedPackage, SuiteComponent<'_>)]],
    ) -> Result<Vec<Result<Vec<PlannedPlacement>, IngestError>>, IngestError> {
        let members = sets.iter().flat_map(|set| set.iter());
        let wishes: Vec<NewPlacement> = members.map(|(staged, place)| placement(staged, place)).collect();
        let checked = self.catalog().check_placements(&wishes)?;
        check_count(wishes.len(), checked.len())?;
        let mut checked = wishes.into_iter().zip(checked);
        sets.iter()
            .map(|set| self.plan(set, checked.by_ref().take(set.len())))
            .collect()
    }

    /// Refuses what would exceed a quota if it were placed together, without placing it.
    pub(crate) fn check_quotas(
        &self,
        set: &[(StagedPackage, SuiteComponent<'_>)],
    ) -> Result<(), IngestError> {
        let plans = self.check_placements(&[set])?;
        let plan = plans.into_iter().next().expect("one plan for each set")?;
        let placements: Vec<NewPlacement> = plan.into_iter().map(|planned| planned.placement).collect();
        match self.catalog().exceeded_quota(&placements)? {
            Some(conflict) => Err(IngestError::Conflict(conflict)),
            None => Ok(()),
        }
    }

    /// Returns the plan of a set by what was `checked` of its members, or why one of them is refused.
    fn plan(
        &self,
        set: &[(StagedPackage, SuiteComponent<'_>)],
        checked: impl Iterator<Item = (NewPlacement, Result<PlacementOutcome, Box<Conflict>>)>,
    ) -> Result<Result<Vec<PlannedPlacement>, IngestError>, IngestError> {
        let mut plan = Vec::with_capacity(set.len());
        // All of them are taken, also after one that is refused: the next set follows.
        let checked: Vec<_> = checked.collect();
        for ((staged, place), (mut placement, outcome)) in set.iter().zip(checked) {
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(conflict) => return Ok(Err(IngestError::Conflict(conflict))),
            };
            if outcome == PlacementOutcome::Added {
                match self.judge(staged, place) {
                    Ok((judged, accepted)) => {
                        placement.judged = judged;
                        placement.accepted = accepted;
                    }
                    Err(refused @ IngestError::Vulnerable(_)) => return Ok(Err(refused)),
                    Err(error) => return Err(error),
                }
            }
            plan.push(PlannedPlacement { placement, outcome });
        }
        Ok(Ok(plan))
    }

    /// Says what a placement would meet with.
    fn outcome(
        &self,
        staged: &StagedPackage,
        place: &SuiteComponent<'_>,
    ) -> Result<Result<PlacementOutcome, Box<Conflict>>, IngestError> {
        let mut checked = self.catalog().check_placements(&[placement(staged, place)])?;
        check_count(1, checked.len())?;
        Ok(checked.remove(0))
    }

    /// Writes the plans that are to be done into the catalog, in one transaction.
    fn place(
        &self,
        plans: Vec<Result<Vec<PlannedPlacement>, IngestError>>,
        commit: Commit<'_>,
    ) -> Result<Vec<Result<Vec<PlacementOutcome>, IngestError>>, IngestError> {
        let is_new = |plan: &&Vec<PlannedPlacement>| {
            let mut outcomes = plan.iter().map(|planned| planned.outcome);
            commit.change.is_some() || outcomes.any(|outcome| outcome == PlacementOutcome::Added)
        };
        let placements =
            |plan: &Vec<PlannedPlacement>| plan.iter().map(|planned| planned.placement.clone()).collect();
        let sets: Vec<Vec<NewPlacement>> = plans.iter().flatten().filter(is_new).map(placements).collect();
        let placed = match commit.change {
            _ if sets.is_empty() => Vec::new(),
            None => self.catalog().place(&sets, commit.now)?,
            Some(change) => self.catalog().place_and_change(&sets, change, commit.now)?,
        };
        check_answers(sets.iter().map(Vec::len).collect(), &placed)?;
        let mut placed = placed.into_iter();
        let answers = plans.into_iter().map(|plan| match plan {
            Ok(plan) if is_new(&&plan) => {
                let placed = placed.next().expect("the answers were counted above");
                placed.map_err(IngestError::Conflict)
            }
            Ok(plan) => Ok(plan.iter().map(|planned| planned.outcome).collect()),
            Err(refused) => Err(refused),
        });
        Ok(answers.collect())
    }

    /// Checks that nothing in the catalog speaks against a placement.
    pub(super) fn check_placement(
        &self,
        staged: &StagedPackage,
        place: &SuiteComponent<'_>,
    ) -> Result<(), IngestError> {
        match self.outcome(staged, place)? {
            Ok(PlacementOutcome::Unchanged) => Ok(()),
            Ok(PlacementOutcome::Added) => self.judge(staged, place).map(drop),
            Err(conflict) => Err(IngestError::Conflict(conflict)),
        }
    }

    /// Returns by what a package is judged, and the known vulnerabilities that the suite does not take and that are accepted; an error
    /// where they are not.
    fn judge(
        &self,
        staged: &StagedPackage,
        place: &SuiteComponent<'_>,
    ) -> Result<(Option<Judged>, Vec<String>), IngestError> {
        let Some((judged, blocked)) = self.blocking_vulnerabilities(place.suite, staged.content())? else {
            return Ok((None, Vec::new()));
        };
        match (blocked, staged.vulnerable) {
            (None, _) => Ok((Some(judged), Vec::new())),
            (Some(blocked), VulnerablePolicy::Accept) => Ok((Some(judged), blocked.ids)),
            (Some(blocked), VulnerablePolicy::Refuse) => Err(IngestError::Vulnerable(Box::new(blocked))),
        }
    }

    /// Returns whether these bytes are placed in a component of a suite.
    pub fn is_placed(&self, sha256: &Sha256, place: &SuiteComponent<'_>) -> Result<bool, IngestError> {
        let Some((content, held)) = self.catalog().find(sha256, place.suite.pool_tree())? else {
            return Ok(false);
        };
        let staged = StagedPackage {
            content,
            file: None,
            held,
            sent: None,
            by: None,
            vulnerable: VulnerablePolicy::Refuse,
            metadata: Description::default(),
        };
        Ok(self.outcome(&staged, place)? == Ok(PlacementOutcome::Unchanged))
    }

    /// Gives staged bytes their name in the pool.
    fn link(&self, staged: &StagedPackage, place: &SuiteComponent<'_>) -> Result<String, IngestError> {
        if let Some(sent) = &staged.sent {
            return Ok(sent.clone());
        }
        if let Some(held) = &staged.held {
            self.restore_missing(staged, place)?;
            return Ok(held.clone());
        }
        self.put(staged, place)
    }

    /// Sends staged bytes to the pool.
    fn put(&self, staged: &StagedPackage, place: &SuiteComponent<'_>) -> Result<String, IngestError> {
        let content = staged.content();
        let file_name = content.file_name();
        let name = PoolName {
            component: place.component,
            source: &content.source,
            file_name: &file_name,
        };
        let file = staged
            .local()
            .ok_or_else(|| IngestError::Unreadable(io::ErrorKind::NotFound.into()))?;
        if let Some(other) = self.other_store()? {
            return Err(IngestError::OtherArchive(other));
        }
        let tree = place.suite.pool_tree();
        let usual = self.usual_name(tree, content)?;
        Ok(pool::put(self.files(), tree, &file, &name, usual)?)
    }

    /// Puts a file back that the catalog names and the pool has lost.
    fn restore_missing(&self, staged: &StagedPackage, place: &SuiteComponent<'_>) -> Result<(), IngestError> {
        let (Some(held), Some(file)) = (&staged.held, staged.local()) else {
            return Ok(());
        };
        let tree = place.suite.pool_tree();
        let path = pool::below_root(tree, held);
        let found = self.files().head(&path)?;
        if found.is_some_and(|found| found.size == staged.content().size) {
            return Ok(());
        }
        staged.sync()?;
        pool::restore(self.files(), tree, &file, held)?;
        Ok(self.files().settle(&mut [folder_of(&path)].into_iter())?)
    }

    /// Places a set again, or refuses it, that was judged by what is no longer known: a scan ended between that and the transaction.
    fn judge_anew(
        &self,
        set: &[(StagedPackage, SuiteComponent<'_>)],
        answer: &mut Result<Vec<PlacementOutcome>, IngestError>,
        commit: Commit<'_>,
    ) -> Result<(), IngestError> {
        while let Err(IngestError::Conflict(conflict)) = &*answer
            && **conflict == Conflict::ScannedMeanwhile
        {
            *answer = self.place_anew(set, commit, &mut |staged, place, placement| {
                // It has its name by now.
                placement.path = self.link(staged, place)?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Places a set again whose bytes were deleted by another machine while they were sent: prune had found them without a row.
    fn put_anew(
        &self,
        set: &[(StagedPackage, SuiteComponent<'_>)],
        answer: &mut Result<Vec<PlacementOutcome>, IngestError>,
        commit: Commit<'_>,
    ) -> Result<(), IngestError> {
        let mut gone = BTreeMap::new();
        while let Err(IngestError::Conflict(conflict)) = &*answer
            && let Conflict::Condemned {
                path,
                deleted: Some(condemnation),
            } = conflict.as_ref()
        {
            gone.insert(path.clone(), *condemnation);
            if set.iter().any(|(staged, _)| staged.file.is_none()) {
                return Ok(());
            }
            *answer = self.place_anew(set, commit, &mut |staged, place, placement| {
                let path = self.put(staged, place)?;
                let below_root = pool::below_root(place.suite.pool_tree(), &path);
                self.files().settle(&mut [folder_of(&below_root)].into_iter())?;
                placement.put_after = gone.get(&below_root).copied();
                placement.path = path;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Checks a set again and places it, or says why it is refused now; `put` sees to the file of each package that is new.
    fn place_anew(
        &self,
        set: &[(StagedPackage, SuiteComponent<'_>)],
        commit: Commit<'_>,
        put: &mut PutFile<'_>,
    ) -> Result<Result<Vec<PlacementOutcome>, IngestError>, IngestError> {
        let plans = self.check_placements(&[set])?.pop();
        let mut plan = match plans.expect("one plan for each set") {
            Ok(plan) => plan,
            Err(refused) => return Ok(Err(refused)),
        };
        for ((staged, place), planned) in set.iter().zip(&mut plan) {
            if planned.outcome == PlacementOutcome::Added {
                put(staged, place, &mut planned.placement)?;
            }
        }
        let mut again = self.place(vec![Ok(plan)], commit)?;
        Ok(again.pop().expect("one answer for each set"))
    }

    /// Deletes the files that were linked and that no row names: those of packages that were refused after all.
    fn drop_orphans(&self, linked: &[String]) -> Result<(), IngestError> {
        let _lock = match self.files().folder() {
            Some(_) => Some(
                self.lock("pool.lock", FlockOperation::LockExclusive)
                    .map_err(IngestError::Lock)?,
            ),
            None => None,
        };
        self.delete_from_pool(linked).map(drop)
    }
}

/// Checks that the catalog answered for every package of every set.
///
/// A missing answer would reach the uploader of the package as success.
fn check_answers(asked: Vec<usize>, placed: &[PlacedSet]) -> Result<(), CatalogError> {
    let complete = placed.len() == asked.len()
        && asked.iter().zip(placed).all(|(asked, placed)| {
            placed.as_ref().is_ok_and(|placed| placed.len() == *asked) || placed.is_err()
        });
    if complete {
        return Ok(());
    }
    let answered: Vec<Option<usize>> = placed
        .iter()
        .map(|placed| placed.as_ref().ok().map(Vec::len))
        .collect();
    Err(CatalogError::Incomplete { asked, answered })
}

/// Checks that the catalog said of each package what its placement meets with.
fn check_count(asked: usize, answered: usize) -> Result<(), CatalogError> {
    if asked == answered {
        return Ok(());
    }
    Err(CatalogError::Incomplete {
        asked: vec![asked],
        answered: vec![Some(answered)],
    })
}

fn placement(staged: &StagedPackage, place: &SuiteComponent<'_>) -> NewPlacement {
    NewPlacement {
        suite: place.suite.codename.clone(),
        component: place.component.clone(),
        tree: place.suite.pool_tree().to_owned(),
        path: String::new(),
        content: staged.content.clone(),
        put_after: None,
        accepted: Vec::new(),
        judged: None,
        metadata: staged.metadata.clone(),
        by: staged.by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_missing_is_an_error() {
        let two = || Ok(vec![PlacementOutcome::Added, PlacementOutcome::Unchanged]);
        let one = || Ok(vec![PlacementOutcome::Added]);
        assert!(check_answers(vec![2, 1], &[two(), one()]).is_ok());
        for placed in [
            vec![],
            vec![two()],
            vec![one(), one()],
            vec![two(), Ok(Vec::new())],
            vec![two(), one(), one()],
        ] {
            assert!(
                matches!(
                    check_answers(vec![2, 1], &placed),
                    Err(CatalogError::Incomplete { .. })
                ),
                "{placed:?}"
            );
        }
    }
}
