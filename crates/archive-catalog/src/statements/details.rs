//! What filters and search look at: taken out of control stanzas, behind the packages.

use super::search;
use crate::sql::{Db, Sql, params};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;

/// How many packages one writing transaction takes, so that no other writer waits long.
const BATCH: i64 = 500;

/// Says whether there are packages that filters and search do not know yet.
///
/// A content's key is higher than those before it, and a deleted content takes its row here along.
pub(crate) fn are_behind(db: &Db<'_>) -> Sql<bool> {
    db.query_one("select coalesce((select max(id) from content), 0) > coalesce((select max(content_id) from detail), 0)", &[], |row| row.get(0))
}

/// Takes in the next packages.
pub(crate) fn catch_up(db: &Db<'_>) -> Sql<()> {
    let next: Vec<(i64, String, String)> = db.query(
        "select id, name, control from content where id > coalesce((select max(content_id) from detail), 0)
             order by id limit ?1",
        params![BATCH],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    for (id, name, control) in next {
        // Checked when it came in. Should a later version refuse it, it is found by its name all the same.
        let package = BinaryPackage::parse(control.as_bytes(), &Limits::default()).ok();
        let package = package.as_ref();
        db.execute(
            "insert into detail (content_id, section, maintainer) values (?1, ?2, ?3)",
            params![
                id,
                package.and_then(BinaryPackage::section),
                package.and_then(BinaryPackage::maintainer)
            ],
        )?;
        search::add(
            db,
            id,
            &name,
            package.and_then(BinaryPackage::synopsis),
            package.and_then(BinaryPackage::description).as_deref(),
        )?;
    }
    Ok(())
}
