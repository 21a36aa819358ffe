//! Files of the pool on their way out.

use archive_storage::pool;

use crate::condemned::{Condemnation, CondemnedFile, GIVEN_UP, REMEMBERED};
use crate::sql::{Db, Sql, params};
use crate::{Conflict, NewPlacement};

/// Condemns those of the files that no row names and that nobody else is deleting.
pub(crate) fn condemn(db: &Db<'_>, paths: &[String]) -> Sql<Vec<CondemnedFile>> {
    let now = db.clock()?;
    db.execute(
        "delete from condemned_file where is_deleted = 1 and since < ?1",
        params![now - REMEMBERED],
    )?;
    let mut condemned = Vec::with_capacity(paths.len());
    for path in paths {
        let (tree, below) = pool::tree_and_path(path);
        let is_needed = db.exists(
            "select 1 from pool_file where tree = ?1 and path = ?2",
            params![tree, below],
        )?;
        let is_in_hand = db.exists(
            "select 1 from condemned_file where path = ?1 and is_deleted = 0 and since >= ?2",
            params![path, now - GIVEN_UP],
        )?;
        if is_needed || is_in_hand {
            continue;
        }
        db.execute("delete from condemned_file where path = ?1", params![path])?;
        let id = db.insert(
            "insert into condemned_file (path, is_deleted, since) values (?1, 0, ?2)",
            params![path, now],
        )?;
        condemned.push(CondemnedFile {
            condemnation: Condemnation(id),
            path: path.clone(),
        });
    }
    Ok(condemned)
}

/// Notes that condemned files are gone.
pub(crate) fn deleted(db: &Db<'_>, files: &[CondemnedFile]) -> Sql<()> {
    let now = db.clock()?;
    for file in files {
        db.execute(
            "update condemned_file set is_deleted = 1, since = ?2 where id = ?1",
            params![file.condemnation.0, now],
        )?;
    }
    Ok(())
}

/// Says whether the file of a placement is there: `Err` where it is condemned and was not put there anew since.
///
/// The condemnation of one that was ends with the placement.
pub(crate) fn lift(db: &Db<'_>, wish: &NewPlacement) -> Sql<Result<(), Box<Conflict>>> {
    let path = pool::below_root(&wish.tree, &wish.path);
    let condemned: Option<(i64, bool)> = db.query_optional(
        "select id, is_deleted from condemned_file where path = ?1",
        params![path],
        |row| Ok((row.get(0)?, row.get::<i64>(1)? == 1)),
    )?;
    let Some((id, is_deleted)) = condemned else {
        return Ok(Ok(()));
    };
    if is_deleted && wish.put_after == Some(Condemnation(id)) {
        db.execute("delete from condemned_file where id = ?1", params![id])?;
        return Ok(Ok(()));
    }
    Ok(Err(Box::new(Conflict::Condemned {
        path,
        deleted: is_deleted.then_some(Condemnation(id)),
    })))
}
