//! Promotion: packages of one suite, as it is or was, into another one, all of them or none.

use std::collections::{BTreeMap, HashSet};

use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName};
use debian_control::version::Version;

use crate::archive::Archive;
use crate::check::{CheckError, Uninstallable, check_with, newly_broken};
use crate::config::Suite;
use crate::ingest::{CopyWish, IngestError, SuiteComponent, UploadContext};
use archive_catalog::listing::Description;
use archive_catalog::{CatalogError, Content, Entry, PlacementOutcome, SnapshotPackage};
use archive_storage::pool;

/// Why packages cannot be promoted.
#[derive(Debug, thiserror::Error)]
pub enum PromotionError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The suite that they are for refuses one of them.
    #[error("`{package}` cannot be promoted")]
    Refused {
        /// Name, version and architecture.
        package: String,
        /// Why.
        source: Box<IngestError>,
    },
    /// Together they are more than a quota allows.
    #[error(transparent)]
    AboveQuota(IngestError),
    /// What becomes uninstallable cannot be found out.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// A package on its way to another suite.
#[derive(Debug, Clone)]
pub struct PromotedPackage {
    /// The package, where it comes from.
    pub entry: Entry,
    /// The component that it comes to stand in.
    pub component: Component,
    /// Whether it is there already.
    pub outcome: PlacementOutcome,
    /// The newest version that the suite has of it on its architecture; `None`: it has none.
    pub held: Option<Version>,
    /// What the suite comes to say of it besides the .deb: what the one says that it comes from.
    pub metadata: Description,
}

/// Where packages are promoted from.
#[derive(Debug, Clone, Copy)]
pub struct PromotionSource<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// The revision of it; `None` for what it holds now.
    pub revision: Option<i64>,
    /// Packages that it holds, or held then.
    pub packages: &'a [SnapshotPackage],
}

/// What a promotion does.
#[derive(Debug, Clone)]
pub struct PromotionPlan {
    /// The packages, in order.
    pub packages: Vec<PromotedPackage>,
    /// What becomes uninstallable by it.
    pub broken: Vec<Uninstallable>,
}

/// Returns of each name the packages of its newest version.
pub fn newest_of_each(packages: Vec<SnapshotPackage>) -> Vec<SnapshotPackage> {
    let mut newest: BTreeMap<PackageName, Version> = BTreeMap::new();
    for package in &packages {
        let known = newest
            .entry(package.name.clone())
            .or_insert_with(|| package.version.clone());
        *known = known.clone().max(package.version.clone());
    }
    packages
        .into_iter()
        .filter(|package| newest.get(&package.name) == Some(&package.version))
        .collect()
}

impl Archive {
    /// Plans to place packages of another suite in `to`, and finds what becomes uninstallable there. Changes nothing.
    ///
    /// `arrival` is that of the promotion. A package comes to stand in the component of its name where `to` has one, and else in the default one.
    pub fn plan_promotion(
        &self,
        source: PromotionSource<'_>,
        to: &Suite,
        arrival: &UploadContext,
    ) -> Result<PromotionPlan, PromotionError> {
        let PromotionSource {
            suite: from,
            revision,
            packages,
        } = source;
        let held = self.held(to, None)?;
        let there: HashSet<&Sha256> = held.iter().map(|package| &package.sha256).collect();
        let mut newest: BTreeMap<(&PackageName, &str), &Version> = BTreeMap::new();
        for package in &held {
            let key = (&package.name, package.architecture.as_str());
            let known = newest.entry(key).or_insert(&package.version);
            *known = (*known).max(&package.version);
        }
        let mut planned = Vec::with_capacity(packages.len());
        for package in packages {
            let Some((content, Some(path))) = self.catalog().find(&package.sha256, from.pool_tree())? else {
                return Err(CatalogError::StateForgotten(from.codename.clone()).into());
            };
            let known = to.components.contains(&package.component);
            let component = if known {
                &package.component
            } else {
                to.default_component()
            };
            let is_there = there.contains(&package.sha256);
            let held = newest.get(&(&package.name, package.architecture.as_str()));
            planned.push(PromotedPackage {
                entry: Entry {
                    content: content.content,
                    filename: pool::below_root(from.pool_tree(), &path),
                    suites: vec![(from.codename.clone(), package.component.clone())],
                },
                component: component.clone(),
                outcome: if is_there {
                    PlacementOutcome::Unchanged
                } else {
                    PlacementOutcome::Added
                },
                held: held.map(|version| (*version).clone()),
                metadata: self.moving_metadata((&from.codename, revision), to, &package.sha256)?,
            });
        }
        self.check_promotion(to, &planned, arrival)?;
        let added: Vec<&Content> = planned
            .iter()
            .filter(|package| package.outcome == PlacementOutcome::Added)
            .map(|package| &package.entry.content)
            .collect();
        let broken = self.broken_by(to, &added)?;
        Ok(PromotionPlan {
            packages: planned,
            broken,
        })
    }

    /// Places what was planned: all of it, or nothing where the suite refuses one of them.
    pub fn promote(
        &self,
        to: &Suite,
        plan: &PromotionPlan,
        arrival: &UploadContext,
    ) -> Result<Vec<PlacementOutcome>, IngestError> {
        let wishes: Vec<CopyWish<'_>> = plan.packages.iter().map(|package| copy_of(to, package)).collect();
        self.copy_all(&wishes, arrival)
    }

    /// Finds the first package that the suite would refuse, and what a quota has against all of them.
    fn check_promotion(
        &self,
        to: &Suite,
        packages: &[PromotedPackage],
        arrival: &UploadContext,
    ) -> Result<(), PromotionError> {
        let mut set = Vec::with_capacity(packages.len());
        for package in packages {
            let wish = copy_of(to, package);
            let staged = self.known_package(&wish, arrival).map_err(|source| {
                let content = &package.entry.content;
                PromotionError::Refused {
                    package: format!("{} {} {}", content.name, content.version, content.architecture),
                    source: Box::new(source),
                }
            })?;
            set.push((staged, wish.place));
        }
        self.check_quotas(&set).map_err(PromotionError::AboveQuota)
    }

    /// Returns what would become uninstallable in a suite if these packages came into it.
    fn broken_by(&self, suite: &Suite, added: &[&Content]) -> Result<Vec<Uninstallable>, CheckError> {
        if added.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = self
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?;
        let base = self.gate_base(suite)?;
        let check = |added: &[&Content]| check_with(suite, snapshot.as_ref(), added, &base);
        let mut after = check(added)?.broken;
        if !after.is_empty() {
            newly_broken(&check(&[])?.broken, &mut after);
        }
        Ok(after)
    }
}

fn copy_of<'a>(to: &'a Suite, package: &'a PromotedPackage) -> CopyWish<'a> {
    CopyWish {
        entry: &package.entry,
        place: SuiteComponent {
            suite: to,
            component: &package.component,
        },
        metadata: package.metadata.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_name_the_newest_version_stays_on_every_architecture_that_has_it() {
        let package = |name: &str, version: &str, architecture: &str| SnapshotPackage {
            component: "main".parse().unwrap(),
            name: name.parse().unwrap(),
            architecture: architecture.parse().unwrap(),
            version: version.parse().unwrap(),
            sha256: Sha256::from_bytes([0; 32]),
            size: 1,
            path: None,
        };
        let newest = newest_of_each(vec![
            package("aa", "1.9", "amd64"),
            package("aa", "1.10", "amd64"),
            package("aa", "1.10", "arm64"),
            package("aa", "1.9", "i386"),
            package("bb", "1", "all"),
        ]);
        let told: Vec<String> = newest
            .iter()
            .map(|one| format!("{} {} {}", one.name, one.version, one.architecture))
            .collect();
        assert_eq!(told, ["aa 1.10 amd64", "aa 1.10 arm64", "bb 1 all"]);
    }
}
