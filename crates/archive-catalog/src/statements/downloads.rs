//! Downloads by day.

use super::rows;
use crate::CatalogError;
use crate::downloads::{DownloadCount, DownloadGroup, DownloadQuery, DownloadSum, Downloads, LogPosition};
use crate::sql::{Db, Param, Row, Sql, params};
use crate::sql_catalog::SqlCatalog;
use debian_control::digest::Sha256;
use debian_control::name::{PackageName, SuiteName};

impl Downloads for SqlCatalog {
    fn count_downloads(&self, counts: &[DownloadCount], now: i64) -> Result<(), CatalogError> {
        self.write("count downloads", |db| add(db, counts, now))
    }

    fn count_logged(
        &self,
        counts: &[DownloadCount],
        before: Option<&LogPosition>,
        after: &LogPosition,
        now: i64,
    ) -> Result<bool, CatalogError> {
        self.write("count downloads", |db| {
            let moved = move_on(db, before, after, now)?;
            if moved {
                add(db, counts, now)?;
            }
            Ok(moved)
        })
    }

    fn logs(&self) -> Result<Vec<LogPosition>, CatalogError> {
        self.read("read how far logs are counted", |db| {
            db.query(
                "select head, head_bytes, position from ingested_log order by head_bytes desc, head",
                &[],
                |row| {
                    Ok(LogPosition {
                        head: Sha256::from_bytes(row.get(0)?),
                        head_bytes: row.get(1)?,
                        position: row.get(2)?,
                    })
                },
            )
        })
    }

    fn downloads_of(
        &self,
        suite: &SuiteName,
        tree: &str,
        name: &PackageName,
    ) -> Result<Vec<(Sha256, u64)>, CatalogError> {
        self.read("read the downloads of a package", |db| {
            db.query(
                "select download_day.sha256, cast(sum(download_day.count) as bigint)
                 from download_day
                 where tree = ?2 and sha256 in (
                     select identity.sha256 from identity join suite on suite.id = identity.suite_id
                     where suite.codename = ?1 and identity.name = ?3)
                 group by download_day.sha256 order by download_day.sha256",
                params![suite.as_str(), tree, name.as_str()],
                |row| Ok((Sha256::from_bytes(row.get(0)?), row.get(1)?)),
            )
        })
    }

    fn names_downloaded(
        &self,
        suite: &SuiteName,
        tree: &str,
        since: i64,
    ) -> Result<Vec<PackageName>, CatalogError> {
        self.read("read what was downloaded", |db| {
            db.query(
                "select distinct identity.name
                 from download_day
                 join identity on identity.sha256 = download_day.sha256
                 join suite on suite.id = identity.suite_id
                 where download_day.noted_at >= ?3 and download_day.tree = ?2 and suite.codename = ?1
                 order by identity.name",
                params![suite.as_str(), tree, since],
                |row| rows::text(row, 0),
            )
        })
    }

    fn sum_downloads(&self, query: &DownloadQuery) -> Result<Vec<DownloadSum>, CatalogError> {
        if query.suites.is_empty() {
            return Ok(Vec::new());
        }
        self.read("sum downloads up", |db| {
            let (sql, values) = statement(query);
            db.query(&sql, &values, |row| sum(row, query.group))
        })
    }
}

fn add(db: &Db<'_>, counts: &[DownloadCount], now: i64) -> Sql<()> {
    for counted in counts {
        let (sha256, count) = (counted.sha256.as_bytes(), counted.count);
        db.execute(
            "insert into download (content_id, tree, count)
             select id, cast(?3 as text), cast(?2 as bigint) from content where sha256 = ?1
             on conflict (content_id, tree) do update set count = download.count + excluded.count",
            params![sha256, count, counted.tree],
        )?;
        db.execute(
            "insert into download_day (day, sha256, tree, count, noted_at) values (?1, ?2, ?3, ?4, ?5)
             on conflict (day, sha256, tree)
             do update set count = download_day.count + excluded.count, noted_at = excluded.noted_at",
            params![counted.day, sha256, counted.tree, count, now],
        )?;
    }
    Ok(())
}

/// Moves the position of a log on, unless somebody else did.
fn move_on(db: &Db<'_>, before: Option<&LogPosition>, after: &LogPosition, now: i64) -> Sql<bool> {
    let changed = match before {
        None => db.execute(
            "insert into ingested_log (head, head_bytes, position, at) values (?1, ?2, ?3, ?4) on conflict do nothing",
            params![after.head.as_bytes(), after.head_bytes, after.position, now],
        )?,
        // A log that was shorter than a head has a longer one now.
        Some(before) => db.execute(
            "update ingested_log set head = ?1, head_bytes = ?2, position = ?3, at = ?4 where head = ?5 and position = ?6",
            params![
                after.head.as_bytes(),
                after.head_bytes,
                after.position,
                now,
                before.head.as_bytes(),
                before.position
            ],
        )?,
    };
    Ok(changed == 1)
}

/// Returns the statement for a query, and the values in it.
fn statement(query: &DownloadQuery) -> (String, Vec<Param<'static>>) {
    let marks = vec!["?"; query.suites.len()].join(", ");
    let (columns, of_identity) = match query.group {
        DownloadGroup::Day => ("download_day.day", ""),
        DownloadGroup::Package => ("known.name", ", identity.name"),
        DownloadGroup::Version => ("known.name, known.version", ", identity.name, identity.version"),
        DownloadGroup::Suite => ("known.codename", ", suite.codename"),
    };
    let order = match query.group {
        DownloadGroup::Day => columns.to_owned(),
        _ => format!("downloads desc, {columns}"),
    };
    let named = if query.name.is_some() {
        "and identity.name = ?"
    } else {
        ""
    };
    // A content stands in several suites: it is told apart by suite only where that is asked for.
    let sql = format!(
        "with readable (codename, tree) as (values {}),
              known as (
                  select distinct identity.sha256, readable.tree{of_identity}
                  from identity
                  join suite on suite.id = identity.suite_id
                  join readable on readable.codename = suite.codename
                  where suite.codename in ({marks}) {named}
                    and identity.sha256 in (select sha256 from download_day where day >= ? and day <= ?))
         select {columns}, cast(sum(download_day.count) as bigint) as downloads
         from download_day
         join known on known.sha256 = download_day.sha256 and known.tree = download_day.tree
         where download_day.day >= ? and download_day.day <= ?
         group by {columns} order by {order} limit ? offset ?",
        vec!["(cast(? as text), cast(? as text))"; query.suites.len()].join(", ")
    );
    let mut values: Vec<Param<'static>> = Vec::new();
    for (codename, tree) in &query.suites {
        values.extend([codename.as_str().to_owned().into(), tree.clone().into()]);
    }
    values.extend(
        query
            .suites
            .iter()
            .map(|(codename, _)| codename.as_str().to_owned().into()),
    );
    values.extend(query.name.iter().map(|name| name.as_str().to_owned().into()));
    let days = [query.from, query.to, query.from, query.to];
    values.extend(days.map(Param::Integer));
    values.push(Param::Unsigned(query.limit as u64));
    values.push(Param::Unsigned(query.skip as u64));
    (sql, values)
}

fn sum(row: &Row<'_>, group: DownloadGroup) -> Sql<DownloadSum> {
    let mut sum = DownloadSum::default();
    let last = match group {
        DownloadGroup::Day => {
            sum.day = Some(row.get(0)?);
            1
        }
        DownloadGroup::Package => {
            sum.name = Some(row.get(0)?);
            1
        }
        DownloadGroup::Version => {
            sum.name = Some(row.get(0)?);
            sum.version = Some(row.get(1)?);
            2
        }
        DownloadGroup::Suite => {
            sum.suite = Some(row.get(0)?);
            1
        }
    };
    sum.downloads = row.get(last)?;
    Ok(sum)
}
