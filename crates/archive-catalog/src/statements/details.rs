//! What filters and search look at: taken out of control stanzas, behind the packages.

use super::search::{self, Searched};
use crate::sql::{ColumnType, Db, Given, Sql, given_row, params};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;

/// How many packages one writing transaction takes, so that no other writer waits long.
const BATCH: i64 = 500;
/// How many of them are parsed and written together.
const TOGETHER: usize = 50;

/// Says whether there are packages that filters and search do not know yet.
///
/// A content's key is higher than those before it, and a deleted content takes its row here along.
pub(crate) fn are_behind(db: &Db<'_>) -> Sql<bool> {
    db.query_one("select coalesce((select max(id) from content), 0) > coalesce((select max(content_id) from detail), 0)", &[], |row| row.get(0))
}

const DETAIL: &[(&str, ColumnType)] = &[
    ("content_id", ColumnType::Integer),
    ("section", ColumnType::Text),
    ("maintainer", ColumnType::Text),
];

/// Takes in the next packages.
pub(crate) fn catch_up(db: &Db<'_>) -> Sql<()> {
    let next: Vec<(i64, String, String)> = db.query(
        "select id, name, control from content where id > coalesce((select max(content_id) from detail), 0)
             order by id limit ?1",
        params![BATCH],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    next.chunks(TOGETHER).try_for_each(|part| add(db, part))
}

/// Takes in packages, by key, name and control stanza.
fn add(db: &Db<'_>, packages: &[(i64, String, String)]) -> Sql<()> {
    // Checked when it came in. Should a later version refuse it, it is found by its name all the same.
    let parse = |control: &String| BinaryPackage::parse(control.as_bytes(), &Limits::default()).ok();
    let parsed: Vec<Option<BinaryPackage>> = packages.iter().map(|(_, _, control)| parse(control)).collect();
    let read = || packages.iter().zip(parsed.iter().map(Option::as_ref));
    let details = read().map(|((id, _, _), package)| {
        let section = package.and_then(BinaryPackage::section);
        given_row![*id, section, package.and_then(BinaryPackage::maintainer)]
    });
    db.execute_given(
        &Given::new(DETAIL, details),
        "insert into detail (content_id, section, maintainer) select content_id, section, maintainer from given",
    )?;
    let searched = read().map(|((id, name, _), package)| Searched {
        id: *id,
        name,
        summary: package.and_then(BinaryPackage::synopsis),
        description: package.and_then(BinaryPackage::description),
    });
    search::add(db, &searched.collect::<Vec<_>>())
}
