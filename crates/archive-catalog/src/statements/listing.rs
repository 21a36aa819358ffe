//! Lists of packages.

use std::collections::{BTreeMap, BTreeSet};

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::filter::{Condition, Reach};
use super::{describe, details, provenance, rows, search, select};
use crate::audit::Actor;
use crate::listing::{
    Description, Extras, ListedPackage, Listing, PackagePage, PackageQuery, PageCursor, PageLimit, Tag,
    Totals,
};
use crate::provenance::Provenance;
use crate::sql::{Db, Sql, params};
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
            part(db, &ids, &query.suites, most)
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
            part(db, &ids, &query.suites, most)
        })
    }

    fn package(&self, digest: &[u8], suites: &[SuiteName]) -> Result<Option<ListedPackage>, CatalogError> {
        self.read("look a package up", |db| {
            let mut end = digest.to_vec();
            end.resize(32, 0xff);
            let found: Option<i64> = db.query_optional(
                "select id from content where sha256 >= ?1 and sha256 <= ?2",
                params![digest, end],
                |row| row.get(0),
            )?;
            Ok(match found {
                Some(id) => listed(db, id, suites)?,
                None => None,
            })
        })
    }

    fn extras(&self, entries: &[Entry]) -> Result<Vec<Extras>, CatalogError> {
        self.read("read details", |db| {
            entries
                .iter()
                .map(|entry| match rows::content_id(db, &entry.content.sha256)? {
                    Some(id) => extras(db, id, entry.suites.iter().map(|(suite, _)| suite)),
                    None => Ok(Extras::default()),
                })
                .collect()
        })
    }

    fn provenance(&self, content: &Sha256, suites: &[SuiteName]) -> Result<Vec<Provenance>, CatalogError> {
        self.read("read where a package came from", |db| {
            let mut found = provenance::of(db, content)?;
            found.retain(|one| suites.contains(&one.suite));
            Ok(found)
        })
    }

    fn describe(
        &self,
        content: &Sha256,
        suites: &[SuiteName],
        description: &Description,
        by: &Actor,
        now: i64,
    ) -> Result<(), CatalogError> {
        self.write("change a package", |db| {
            describe::describe(db, content, suites, description, by, now)
        })
    }

    fn totals(&self, suites: &[SuiteName]) -> Result<Totals, CatalogError> {
        self.read("count packages", |db| {
            let query = PackageQuery {
                suites: suites.to_vec(),
                ..PackageQuery::default()
            };
            let condition = Condition::of(db.dialect(), &query, Reach::All);
            let placed = &condition.sql;
            // Each is answered by an index alone: the table has the control stanzas, hundreds of bytes a row.
            let (packages, bytes) = db.query_one(
                &format!("select count(*), cast(coalesce(sum(content.size), 0) as bigint) from content where {placed}"),
                &condition.values,
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let names = db.query_one(
                &format!("select count(*) from (select distinct content.name from content where {placed}) as names"),
                &condition.values,
                |row| row.get(0),
            )?;
            let downloads = db.query_one(
                &format!(
                    "select cast(coalesce(sum(download.count), 0) as bigint)
                     from download join content on content.id = download.content_id where {placed}"
                ),
                &condition.values,
                |row| row.get(0),
            )?;
            Ok(Totals {
                packages,
                names,
                bytes,
                downloads,
            })
        })
    }

    fn placed_by_day(&self, suites: &[SuiteName], since: i64) -> Result<Vec<(i64, u64)>, CatalogError> {
        self.read("count placements", |db| {
            let mut days: BTreeMap<i64, u64> = BTreeMap::new();
            for suite in suites {
                let counted: Vec<(i64, u64)> = db.query(
                    "select added_at / 86400, count(*) from placement join suite on suite.id = placement.suite_id
                     where suite.codename = ?1 and added_at >= ?2 group by added_at / 86400",
                    params![suite.as_str(), since],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                for (day, count) in counted {
                    *days.entry(day).or_default() += count;
                }
            }
            Ok(days.into_iter().collect())
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

/// Reads contents with what stands of them in `suites`, as far as a part goes: the first one in any case.
fn part(db: &Db<'_>, ids: &[i64], suites: &[SuiteName], most: PageLimit) -> Sql<PackagePage> {
    let mut packages = Vec::new();
    let mut bytes = 0_usize;
    for id in ids {
        if packages.len() >= most.packages || bytes >= most.bytes {
            return Ok(PackagePage { packages, more: true });
        }
        if let Some(listed) = listed(db, *id, suites)? {
            bytes = bytes.saturating_add(listed.entry.content.control.len());
            packages.push(listed);
        }
    }
    Ok(PackagePage {
        packages,
        more: false,
    })
}

/// Reads a content with what stands of it in `suites`; `None` when it stands in none of these.
fn listed(db: &Db<'_>, id: i64, suites: &[SuiteName]) -> Sql<Option<ListedPackage>> {
    Ok(match entry(db, id, suites)? {
        Some(entry) => Some(ListedPackage {
            entry,
            extras: extras(db, id, suites)?,
        }),
        None => None,
    })
}

fn entry(db: &Db<'_>, id: i64, suites: &[SuiteName]) -> Sql<Option<Entry>> {
    let placements = select::live_of(db, id)?
        .into_iter()
        .filter(|placement| suites.contains(&placement.suite))
        .collect();
    Ok(select::entries(placements).pop())
}

/// Reads what these suites say of a content; of several, the first by codename counts.
fn extras<'a>(db: &Db<'_>, content: i64, suites: impl IntoIterator<Item = &'a SuiteName>) -> Sql<Extras> {
    let mut found = Extras {
        downloads: db
            .query_optional(
                "select count from download where content_id = ?1",
                params![content],
                |row| row.get(0),
            )?
            .unwrap_or_default(),
        ..Extras::default()
    };
    let mut created_at: Option<i64> = None;
    for suite in suites.into_iter().collect::<BTreeSet<_>>() {
        let Some(said) = said(db, content, suite)? else {
            continue;
        };
        created_at = created_at.into_iter().chain(said.first_added_at).min();
        found.updated_at = found.updated_at.max(said.edited_at);
        let Some(live) = said.live else { continue };
        found.section = found.section.or(live.section);
        found.priority = found.priority.or(live.priority);
        found
            .authors
            .extend(live.author.map(|author| (suite.clone(), author)));
        if found.tags.is_empty() {
            found.tags = live.tags;
        }
    }
    found.created_at = created_at.unwrap_or_default();
    Ok(found)
}

/// What one suite says of a content.
struct Said {
    /// When it first came in, as far as is known.
    first_added_at: Option<i64>,
    edited_at: Option<i64>,
    /// What it says now; `None`: the content stands there no longer.
    live: Option<LiveContent>,
}

struct LiveContent {
    section: Option<String>,
    priority: Option<String>,
    author: Option<String>,
    tags: Vec<Tag>,
}

fn said(db: &Db<'_>, content: i64, suite: &SuiteName) -> Sql<Option<Said>> {
    let suite: Option<i64> = db.query_optional(
        "select id from suite where codename = ?1",
        params![suite.as_str()],
        |row| row.get(0),
    )?;
    // A suite that was added to the settings may have no row yet.
    let Some(suite) = suite else { return Ok(None) };
    let first_added_at = db.query_one(
        "select min(added_at) from placement where content_id = ?1 and suite_id = ?2",
        params![content, suite],
        |row| row.get(0),
    )?;
    let edited_at = db.query_optional(
        "select at from edit where content_id = ?1 and suite_id = ?2",
        params![content, suite],
        |row| row.get(0),
    )?;
    let live = db.query_optional(
        "select section, priority, author from placement
             where content_id = ?1 and suite_id = ?2 and removed_revision is null",
        params![content, suite],
        |row| {
            Ok(LiveContent {
                section: row.get(0)?,
                priority: row.get(1)?,
                author: row.get(2)?,
                tags: Vec::new(),
            })
        },
    )?;
    let live = live
        .map(|live| {
            let tags = db.query(
                "select name, color from tag where content_id = ?1 and suite_id = ?2 order by name",
                params![content, suite],
                |row| {
                    Ok(Tag {
                        name: row.get(0)?,
                        color: row.get(1)?,
                    })
                },
            )?;
            Sql::Ok(LiveContent { tags, ..live })
        })
        .transpose()?;
    Ok(Some(Said {
        first_added_at,
        edited_at,
        live,
    }))
}
