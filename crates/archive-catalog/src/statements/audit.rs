//! The audit log.

use debian_control::digest::Sha256;

use super::rows;
use crate::audit::{Actor, Audit, AuditEvent, AuditQuery, AuditRow};
use crate::sql::{ColumnType, Db, Given, Param, Row, Sql, given_row, params};
use crate::{CatalogError, Content, SqlCatalog};

const COLUMNS: &str = "id, at, actor, address, request, action, subject, detail, hash";

impl Audit for SqlCatalog {
    fn record(&self, event: &AuditEvent) -> Result<(), CatalogError> {
        self.write("record an event", |db| record(db, event))
    }

    fn audit(&self, query: &AuditQuery, limit: usize) -> Result<Vec<AuditRow>, CatalogError> {
        self.read("read the audit log", |db| {
            let mut conditions = vec!["1 = 1"];
            let mut values: Vec<Param<'_>> = Vec::new();
            let numbers = [
                ("id < ?", query.before),
                ("at >= ?", query.since),
                ("at < ?", query.until),
            ];
            for (condition, number) in numbers {
                if let Some(number) = number {
                    conditions.push(condition);
                    values.push(number.into());
                }
            }
            for (condition, text) in [("actor = ?", &query.actor), ("subject = ?", &query.subject)] {
                if let Some(text) = text {
                    conditions.push(condition);
                    values.push(text.clone().into());
                }
            }
            if let Some(action) = &query.action {
                conditions.push("(action = ? or substr(action, 1, ?) = ?)");
                let start = format!("{action}.");
                values.push(action.clone().into());
                values.push(i64::try_from(start.chars().count()).unwrap_or(i64::MAX).into());
                values.push(start.into());
            }
            values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
            let query = format!(
                "select {COLUMNS} from audit where {} order by id desc limit ?",
                conditions.join(" and ")
            );
            db.query(&query, &values, read)
        })
    }

    fn first_broken(&self) -> Result<Option<i64>, CatalogError> {
        self.read("check the audit log", |db| {
            let query = format!("select {COLUMNS} from audit order by id");
            let mut before = Sha256::from_bytes([0; 32]);
            let mut number = 0;
            let mut broken = None;
            db.for_each(&query, &[], |row| {
                let row = read(row)?;
                number += 1;
                if row.id != number || row.chained(&before) != row.hash {
                    broken = Some(row.id);
                    return Ok(false);
                }
                before = row.hash;
                Ok(true)
            })?;
            if broken.is_some() {
                return Ok(broken);
            }
            let end = end(db)?.unwrap_or((0, Sha256::from_bytes([0; 32])));
            Ok((end != (number, before)).then_some(number + 1))
        })
    }
}

/// Adds a row after the last one.
///
/// The caller's transaction has the lock on the catalog, so no other row comes between.
pub(crate) fn record(db: &Db<'_>, event: &AuditEvent) -> Sql<()> {
    record_all(db, std::slice::from_ref(event))
}

const ROW: &[(&str, ColumnType)] = &[
    ("id", ColumnType::Integer),
    ("at", ColumnType::Integer),
    ("actor", ColumnType::Text),
    ("address", ColumnType::Text),
    ("request", ColumnType::Text),
    ("action", ColumnType::Text),
    ("subject", ColumnType::Text),
    ("detail", ColumnType::Text),
    ("hash", ColumnType::Blob),
];

/// Adds rows in the order of the events, as [`record`] does.
pub(crate) fn record_all(db: &Db<'_>, events: &[AuditEvent]) -> Sql<()> {
    // Not after the last row that is there: what was cut off would never be missed again.
    let end = end(db)?.unwrap_or((0, Sha256::from_bytes([0; 32])));
    let rows = chained(end, events);
    let Some(last) = rows.last() else { return Ok(()) };
    let given = rows.iter().map(|row| {
        given_row![
            row.id,
            row.at,
            row.actor.name.as_deref(),
            row.actor.address.as_deref(),
            row.actor.request.as_deref(),
            row.action.as_str(),
            row.subject.as_str(),
            row.detail.as_str(),
            row.hash.as_bytes()
        ]
    });
    let insert = format!("insert into audit ({COLUMNS}) select {COLUMNS} from given");
    db.execute_given(&Given::new(ROW, given), &insert)?;
    db.execute(
        "insert into audit_end (one, id, hash) values (1, ?1, ?2)
         on conflict (one) do update set id = excluded.id, hash = excluded.hash",
        params![last.id, last.hash.as_bytes()],
    )?;
    Ok(())
}

/// Returns the rows of events that follow the one of this number and hash.
fn chained((mut id, mut hash): (i64, Sha256), events: &[AuditEvent]) -> Vec<AuditRow> {
    let rows = events.iter().map(|event| {
        id += 1;
        let mut row = AuditRow {
            id,
            at: event.at,
            actor: event.actor.clone(),
            action: event.action.to_owned(),
            subject: event.subject.clone(),
            detail: detail(event),
            hash,
        };
        row.hash = row.chained(&hash);
        hash = row.hash;
        row
    });
    rows.collect()
}

/// Returns number and hash of the last row that was written.
fn end(db: &Db<'_>) -> Sql<Option<(i64, Sha256)>> {
    db.query_optional("select id, hash from audit_end", &[], |row| {
        Ok((row.get(0)?, rows::sha256(row, 1)?))
    })
}

/// Returns the detail of an event, with the token by which it was done.
fn detail(event: &AuditEvent) -> String {
    let read = serde_json::from_str::<serde_json::Value>(&event.detail);
    match (&event.actor.token, read) {
        (Some(token), Ok(serde_json::Value::Object(mut detail))) => {
            detail.insert("token".to_owned(), token.as_str().into());
            serde_json::Value::Object(detail).to_string()
        }
        _ => event.detail.clone(),
    }
}

fn read(row: &Row<'_>) -> Sql<AuditRow> {
    Ok(AuditRow {
        id: row.get(0)?,
        at: row.get(1)?,
        actor: Actor {
            authority: None,
            name: row.get(2)?,
            address: row.get(3)?,
            request: row.get(4)?,
            token: None,
        },
        action: row.get(5)?,
        subject: row.get(6)?,
        detail: row.get(7)?,
        hash: rows::sha256(row, 8)?,
    })
}

/// Returns what the audit log says of a package that came or went.
pub(super) fn package_event(
    action: &'static str,
    by: &Actor,
    content: &Content,
    mut detail: serde_json::Value,
    now: i64,
) -> AuditEvent {
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("sha256".to_owned(), content.sha256.to_string().into());
    }
    AuditEvent {
        at: now,
        actor: by.clone(),
        action,
        subject: format!("{} {} {}", content.name, content.version, content.architecture),
        detail: detail.to_string(),
    }
}
