//! How much suites hold, counted once for each state of them.

use std::collections::BTreeMap;

use debian_control::name::SuiteName;

use super::filter::{Condition, Reach};
use crate::counted::{Counted, Days, Held, State, once};
use crate::listing::{PackageQuery, Totals};
use crate::sql::{ColumnType, Db, Given, Param, Sql, given_row, params};

fn state(db: &Db<'_>, suites: &[SuiteName]) -> Sql<State> {
    let given = suites.iter().map(|suite| given_row![suite.as_str()]);
    let given = Given::new(&[("codename", ColumnType::Text)], given);
    let text = "select suite.id, suite.revision from given join suite on suite.codename = given.codename";
    let mut state = db.query_given(&given, text, |row| Ok((row.get(0)?, row.get(1)?)))?;
    state.sort_unstable();
    Ok(state)
}

/// Counts what suites hold.
pub(super) fn totals(db: &Db<'_>, counted: &Counted, suites: &[SuiteName]) -> Sql<Totals> {
    let query = PackageQuery {
        suites: suites.to_vec(),
        ..PackageQuery::default()
    };
    let condition = Condition::of(db.dialect(), &query, Reach::All);
    let held = once(&counted.held, &state(db, suites)?, || held(db, &condition))?;
    // What was fetched of a private suite is in a tree of its name.
    let marks = vec!["?"; suites.len() + 1].join(", ");
    let trees = suites.iter().map(|suite| suite.as_str()).chain([""]);
    let mut values = condition.values.clone();
    values.extend(trees.map(|tree| Param::from(tree.to_owned())));
    let downloads = db.query_one(
        &format!(
            "select cast(coalesce(sum(download.count), 0) as bigint)
             from download join content on content.id = download.content_id where {} and download.tree in ({marks})",
            condition.sql
        ),
        &values,
        |row| row.get(0),
    )?;
    Ok(Totals {
        packages: held.packages,
        names: held.names,
        bytes: held.bytes,
        downloads,
    })
}

/// Each is answered by an index alone: the table has the control stanzas, hundreds of bytes a row.
fn held(db: &Db<'_>, condition: &Condition) -> Sql<Held> {
    let placed = &condition.sql;
    let (packages, bytes) = db.query_one(
        &format!(
            "select count(*), cast(coalesce(sum(content.size), 0) as bigint) from content where {placed}"
        ),
        &condition.values,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let names = db.query_one(
        &format!("select count(*) from (select distinct content.name from content where {placed}) as names"),
        &condition.values,
        |row| row.get(0),
    )?;
    Ok(Held {
        packages,
        names,
        bytes,
    })
}

/// Counts what was placed in suites since a time, by day since 1970; once, however often what a suite says of it was edited since.
pub(super) fn placed_by_day(
    db: &Db<'_>,
    counted: &Counted,
    suites: &[SuiteName],
    since: i64,
) -> Sql<Vec<(i64, u64)>> {
    once(&counted.days, &(state(db, suites)?, since), || {
        let mut days: BTreeMap<i64, u64> = BTreeMap::new();
        for suite in suites {
            let counted: Days = db.query(
                "select added_at / 86400, count(*) from
                     (select distinct added_at, content_id from placement join suite on suite.id = placement.suite_id
                      where suite.codename = ?1 and added_at >= ?2) as placed
                 group by added_at / 86400",
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
