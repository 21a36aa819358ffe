//! Trusted publishers.

use std::collections::BTreeMap;

use super::{audit, rows};
use crate::accounts::Id;
use crate::audit::AuditEvent;
use crate::publishers::{CatalogPublisher, Publishers};
use crate::sql::{Db, Row, Sql, params};
use crate::{CatalogError, SqlCatalog};

const COLUMNS: &str = "id, issuer, repository, owner_id, workflow, environment, ref, event, account, suite, packages, created_at, created_by";

impl Publishers for SqlCatalog {
    fn publishers(&self) -> Result<Vec<CatalogPublisher>, CatalogError> {
        self.read("list trusted publishers", |db| {
            let query = format!("select {COLUMNS} from trusted_publisher order by repository, workflow, id");
            db.query(&query, &[], read)
        })
    }

    fn add_publisher(
        &self,
        publisher: &CatalogPublisher,
        most: usize,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError> {
        self.write_by("add a trusted publisher", Some(&event.actor), event.at, |db| {
            let there: u64 = db.query_one("select count(*) from trusted_publisher", &[], |row| row.get(0))?;
            if there >= most as u64 {
                return Ok(false);
            }
            add(db, publisher)?;
            audit::record(db, event)?;
            Ok(true)
        })
    }

    fn delete_publisher(&self, id: &Id, event: &AuditEvent) -> Result<bool, CatalogError> {
        self.write_by("end a trusted publisher", Some(&event.actor), event.at, |db| {
            let deleted = db.execute(
                "delete from trusted_publisher where id = ?1",
                params![id.as_str()],
            )? > 0;
            if deleted {
                db.execute(
                    "delete from publisher_use where publisher = ?1",
                    params![id.as_str()],
                )?;
                audit::record(db, event)?;
            }
            Ok(deleted)
        })
    }

    fn publisher_uses(&self) -> Result<BTreeMap<String, i64>, CatalogError> {
        self.read("read when publishers were used", |db| {
            let uses: Vec<(String, i64)> =
                db.query("select publisher, at from publisher_use", &[], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            Ok(uses.into_iter().collect())
        })
    }
}

/// Notes that publishers were used.
pub(crate) fn used(db: &Db<'_>, publishers: &[String], now: i64) -> Sql<()> {
    for publisher in publishers {
        db.execute(
            "insert into publisher_use (publisher, at) values (?1, ?2)
             on conflict (publisher) do update set at = excluded.at",
            params![publisher, now],
        )?;
    }
    Ok(())
}

fn add(db: &Db<'_>, publisher: &CatalogPublisher) -> Sql<()> {
    let insert = format!(
        "insert into trusted_publisher ({COLUMNS}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    );
    db.execute(
        &insert,
        params![
            publisher.id.as_str(),
            publisher.issuer,
            publisher.repository,
            publisher.owner_id,
            publisher.workflow,
            publisher.environment,
            publisher.reference,
            publisher.event,
            publisher.account.as_str(),
            publisher.suite,
            publisher.packages.join("\n"),
            publisher.created_at,
            publisher.created_by
        ],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> Sql<CatalogPublisher> {
    let packages: String = row.get(10)?;
    Ok(CatalogPublisher {
        id: rows::text(row, 0)?,
        issuer: row.get(1)?,
        repository: row.get(2)?,
        owner_id: row.get(3)?,
        workflow: row.get(4)?,
        environment: row.get(5)?,
        reference: row.get(6)?,
        event: row.get(7)?,
        account: rows::text(row, 8)?,
        suite: row.get(9)?,
        packages: packages.lines().map(str::to_owned).collect(),
        created_at: row.get(11)?,
        created_by: row.get(12)?,
    })
}
