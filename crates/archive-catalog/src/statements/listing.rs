//! Lists of packages.

use std::collections::BTreeMap;

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::filter::{Condition, Reach};
use super::listed::{self, KnownContent};
use super::{details, provenance, search, totals};
use crate::listing::{
    Extras, ListedPackage, Listing, PackagePage, PackageQuery, PageCursor, PageLimit, Totals,
};
use crate::provenance::Provenance;
use crate::sql::{Db, Sql};
use crate::sql_catalog::SqlCatalog;
use crate::turn::Patience;
use crate::{CatalogError, Entry};

impl Listing for SqlCatalog {
    fn page(
        &self,
        query: &PackageQuery,
        after: Option<&PageCursor>,
        most: PageLimit,
    ) -> Result<PackagePage, CatalogError> {
        if query.asks_for_details() {
            self.refresh_unless_busy()?;
        }
        self.read("list packages", |db| {
            let mut condition = Condition::of(db.dialect(), query, Reach::Few);
            if let Some(after) = after {
                condition.and(
                    "(content.name, content.version_key, content.architecture, content.sha256) > (?, ?, ?, ?)",
                    [
                        after.name.clone().into(),
                        after.version_key.clone().into(),
                        after.architecture.clone().into(),
                        after.sha256.as_bytes().to_vec().into(),
                    ],
                );
            }
            let statement = format!(
                "select content.id from content left join detail on detail.content_id = content.id where {}
                 order by content.name, content.version_key, content.architecture, content.sha256 limit {}",
                condition.sql,
                one_more(most)
            );
            let ids: Vec<i64> = db.query(&statement, &condition.values, |row| row.get(0))?;
            part(db, &ids, query, most)
        })
    }

    fn search(
        &self,
        query: &PackageQuery,
        text: &str,
        skip: usize,
        most: PageLimit,
    ) -> Result<PackagePage, CatalogError> {
        self.refresh_unless_busy()?;
        self.read("search packages", |db| {
            let ids = search::ids(
                db,
                &Condition::of(db.dialect(), query, Reach::Few),
                text,
                (skip, one_more(most)),
            )?;
            part(db, &ids, query, most)
        })
    }

    fn package(
        &self,
        digest: &[u8],
        suites: &[SuiteName],
        also: &[SuiteName],
    ) -> Result<Option<ListedPackage>, CatalogError> {
        let found = self.read_at_once("look a package up", |db| listed::by_digest(db, digest))?;
        Ok(found.and_then(|known| known.listed(suites, also)))
    }

    fn extras(&self, entries: &[Entry]) -> Result<Vec<Extras>, CatalogError> {
        self.read("read details", |db| {
            let mut all = Vec::with_capacity(entries.len());
            for part in entries.chunks(TOGETHER) {
                let digests = part.iter().map(|entry| entry.content.sha256.as_bytes());
                let found = listed::by_digests(db, digests)?;
                let found: BTreeMap<&[u8; 32], &KnownContent> =
                    found.iter().map(|known| (known.sha256(), known)).collect();
                all.extend(part.iter().map(|entry| {
                    let suites: Vec<SuiteName> =
                        entry.suites.iter().map(|(suite, _)| suite.clone()).collect();
                    // What was pruned since it was listed has nothing said of it.
                    let known = found.get(entry.content.sha256.as_bytes());
                    known.map(|known| known.extras(&suites)).unwrap_or_default()
                }));
            }
            Ok(all)
        })
    }

    fn provenance(&self, content: &Sha256, suites: &[SuiteName]) -> Result<Vec<Provenance>, CatalogError> {
        self.read("read where a package came from", |db| {
            let mut found = provenance::of(db, content)?;
            found.retain(|one| suites.contains(&one.suite));
            Ok(found)
        })
    }

    fn totals(&self, suites: &[SuiteName]) -> Result<Totals, CatalogError> {
        self.read("count packages", |db| totals::totals(db, &self.counted, suites))
    }

    fn placed_by_day(&self, suites: &[SuiteName], since: i64) -> Result<Vec<(i64, u64)>, CatalogError> {
        self.read("count placements", |db| {
            totals::placed_by_day(db, &self.counted, suites, since)
        })
    }

    fn refresh(&self) -> Result<(), CatalogError> {
        while self.read("look for new packages", details::are_behind)? {
            self.write("index packages for search", details::catch_up)?;
        }
        Ok(())
    }
}

impl SqlCatalog {
    /// Brings filters and search up to the packages, for a reader: who only reads never waits for those who write, and sees a
    /// little less rather.
    fn refresh_unless_busy(&self) -> Result<(), CatalogError> {
        while self.read("look for new packages", details::are_behind)? {
            match self.write_within(Patience::Brief, "index packages for search", details::catch_up) {
                Ok(()) => {}
                Err(error) if error.transient_failure().is_some() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns how many are looked for, to know whether the list goes on.
fn one_more(most: PageLimit) -> usize {
    most.packages.saturating_add(1)
}

/// How many contents are read together.
const TOGETHER: usize = 32;

/// Reads contents with what stands of them in the suites of a query, as far as a part goes: the first one in any case.
fn part(db: &Db<'_>, ids: &[i64], query: &PackageQuery, most: PageLimit) -> Sql<PackagePage> {
    let mut packages = Vec::new();
    let mut bytes = 0_usize;
    for together in ids.chunks(TOGETHER) {
        let found = listed::by_ids(db, together)?;
        let found: BTreeMap<i64, KnownContent> = found.into_iter().map(|known| (known.id, known)).collect();
        for id in together {
            if packages.len() >= most.packages || bytes >= most.bytes {
                return Ok(PackagePage { packages, more: true });
            }
            if let Some(listed) = found
                .get(id)
                .and_then(|known| known.listed(&query.suites, &query.also))
            {
                bytes = bytes.saturating_add(listed.entry.content.control.len());
                packages.push(listed);
            }
        }
    }
    Ok(PackagePage {
        packages,
        more: false,
    })
}
