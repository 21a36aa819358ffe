//! Where packages come from.

use debian_control::digest::Sha256;

use super::rows;
use crate::audit::Actor;
use crate::provenance::{CiJob, Provenance, SourceToken};
use crate::sql::{ColumnType, Db, Given, Row, Sql, SqlError, given_row, params};

/// A content that comes into a suite.
pub(crate) struct NewProvenance<'a> {
    pub(crate) content: i64,
    pub(crate) suite: i64,
    pub(crate) by: Option<&'a Actor>,
}

const ARRIVAL: &[(&str, ColumnType)] = &[
    ("content_id", ColumnType::Integer),
    ("suite_id", ColumnType::Integer),
    ("at", ColumnType::Integer),
    ("account", ColumnType::Text),
    ("token_id", ColumnType::Text),
];

/// Notes how contents come into suites. What nobody is said to have brought comes from nowhere.
pub(crate) fn record(db: &Db<'_>, arrivals: Vec<NewProvenance<'_>>, now: i64) -> Sql<()> {
    let given = |arrivals: &[NewProvenance<'_>]| {
        let rows = arrivals.iter().map(|arrival| {
            let (name, token) = arrival
                .by
                .map_or((None, None), |by| (by.name.clone(), by.token.clone()));
            given_row![arrival.content, arrival.suite, now, name, token]
        });
        Given::new(ARRIVAL, rows)
    };
    let (brought, others): (Vec<_>, Vec<_>) = arrivals.into_iter().partition(|arrival| arrival.by.is_some());
    db.execute_given(
        &given(&others),
        "delete from provenance where (content_id, suite_id) in (select content_id, suite_id from given)",
    )?;
    db.execute_given(
        &given(&brought),
        "insert into provenance (content_id, suite_id, at, account, token_id, token_name, job)
         select given.content_id, given.suite_id, given.at, given.account, given.token_id, api_token.name, api_token.job
             from given left join api_token on api_token.id = given.token_id where true
         on conflict (content_id, suite_id) do update
             set at = excluded.at, account = excluded.account, token_id = excluded.token_id,
                 token_name = excluded.token_name, job = excluded.job",
    )
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
