//! What filters and search look at: taken out of control stanzas, behind the packages.

use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use rusqlite::{Connection, params};

type Sql<T> = Result<T, rusqlite::Error>;

/// How many packages one writing transaction takes, so that no other writer waits long.
const BATCH: i64 = 500;

/// Says whether there are packages that filters and search do not know yet.
///
/// A content's key is higher than those before it, and a deleted content takes its row here along.
pub(super) fn are_behind(db: &Connection) -> Sql<bool> {
    db.prepare_cached(
        "select coalesce((select max(id) from content), 0) > coalesce((select max(content_id) from detail), 0)",
    )?
    .query_row([], |row| row.get(0))
}

/// Takes in the next packages.
pub(super) fn catch_up(db: &Connection) -> Sql<()> {
    let next: Vec<(i64, String)> = db
        .prepare_cached(
            "select id, control from content where id > coalesce((select max(content_id) from detail), 0)
             order by id limit ?1",
        )?
        .query_map([BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Sql<_>>()?;
    for (id, control) in next {
        // Checked when it came in. Should a later version refuse it, it is found by its name all the same.
        let package = BinaryPackage::parse(control.as_bytes(), &Limits::default()).ok();
        let package = package.as_ref();
        db.prepare_cached("insert into detail (content_id, section, maintainer) values (?1, ?2, ?3)")?
            .execute(params![
                id,
                package.and_then(BinaryPackage::section),
                package.and_then(BinaryPackage::maintainer)
            ])?;
        db.prepare_cached(
            "insert into search (rowid, name, summary, description)
             select id, name, ?2, ?3 from content where id = ?1",
        )?
        .execute(params![
            id,
            package.and_then(BinaryPackage::synopsis),
            package.and_then(BinaryPackage::description)
        ])?;
    }
    Ok(())
}
