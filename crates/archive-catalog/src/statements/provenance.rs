//! Where packages come from.

use debian_control::digest::Sha256;

use super::rows;
use crate::audit::Actor;
use crate::provenance::{CiJob, Provenance, SourceToken};
use crate::sql::{Db, Row, Sql, SqlError, params};

/// Notes how a content comes into a suite.
pub(crate) fn record(db: &Db<'_>, (content, suite): (i64, i64), by: Option<&Actor>, now: i64) -> Sql<()> {
    db.execute(
        "delete from provenance where content_id = ?1 and suite_id = ?2",
        params![content, suite],
    )?;
    let Some(by) = by else { return Ok(()) };
    let token: Option<(String, Option<String>)> = match &by.token {
        Some(id) => db.query_optional(
            "select name, job from api_token where id = ?1",
            params![id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?,
        None => None,
    };
    let (name, job) = token.unzip();
    db.execute(
        "insert into provenance (content_id, suite_id, at, account, token_id, token_name, job)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![content, suite, now, by.name, by.token, name, job.flatten()],
    )?;
    Ok(())
}

/// Returns how a content came into each suite, by codename.
pub(crate) fn of(db: &Db<'_>, content: &Sha256) -> Sql<Vec<Provenance>> {
    db.query(
        "select suite.codename, provenance.at, account, token_id, token_name, job
         from content
         join provenance on provenance.content_id = content.id
         join suite on suite.id = provenance.suite_id
         where content.sha256 = ?1 order by suite.codename",
        params![content.as_bytes()],
        |row| {
            let token: Option<String> = row.get(3)?;
            let name: Option<String> = row.get(4)?;
            Ok(Provenance {
                suite: rows::text(row, 0)?,
                at: row.get(1)?,
                account: row.get(2)?,
                token: token.map(|id| SourceToken { id, name }),
                job: job(row, 5)?,
            })
        },
    )
}

/// Returns a job as its column has it.
pub(crate) fn written(job: &CiJob) -> Sql<String> {
    serde_json::to_string(job).map_err(|error| SqlError::Setting(error.to_string()))
}

/// Reads a column that has a job, or null.
pub(crate) fn job(row: &Row<'_>, column: usize) -> Sql<Option<CiJob>> {
    let text: Option<&str> = row.get(column)?;
    let read = text.map(serde_json::from_str).transpose();
    read.map_err(|error| SqlError::Column {
        column,
        what: error.to_string(),
    })
}
