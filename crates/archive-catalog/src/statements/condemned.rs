//! Files of the pool on their way out.

use archive_storage::pool;

use crate::condemned::{Condemnation, CondemnedFile, GIVEN_UP, REMEMBERED};
use crate::sql::{Db, Sql, params};

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
        if !is_needed && !is_in_hand(db, path, now)? {
            condemned.push(condemn_one(db, path, now)?);
        }
    }
    Ok(condemned)
}

/// Says whether somebody is deleting a file, below the root.
pub(crate) fn is_in_hand(db: &Db<'_>, path: &str, now: i64) -> Sql<bool> {
    db.exists(
        "select 1 from condemned_file where path = ?1 and is_deleted = 0 and since >= ?2",
        params![path, now - GIVEN_UP],
    )
}

/// Condemns a file, whoever condemned it before.
pub(crate) fn condemn_one(db: &Db<'_>, path: &str, now: i64) -> Sql<CondemnedFile> {
    db.execute("delete from condemned_file where path = ?1", params![path])?;
    let id = db.insert(
        "insert into condemned_file (path, is_deleted, since) values (?1, 0, ?2)",
        params![path, now],
    )?;
    Ok(CondemnedFile {
        condemnation: Condemnation(id),
        path: path.to_owned(),
    })
}

/// Notes that condemned files are gone.
pub(crate) fn deleted(db: &Db<'_>, files: &[CondemnedFile]) -> Sql<()> {
    let now = db.clock()?;
    for file in files {
        let was_it = db.execute(
            "update condemned_file set is_deleted = 1, since = ?2 where id = ?1",
            params![file.condemnation.0, now],
        )?;
        // Whoever took it for left behind, and condemned it anew, answers for its row.
        if was_it > 0 {
            let (tree, below) = pool::tree_and_path(&file.path);
            db.execute(
                "delete from pool_file where tree = ?1 and path = ?2",
                params![tree, below],
            )?;
        }
    }
    Ok(())
}

/// Says whether a file below the root is there: `Err` where it is condemned and was not put there anew since, with the case, once the
/// file is gone. The condemnation of one that was ends here.
pub(crate) fn lift_path(
    db: &Db<'_>,
    path: &str,
    put_after: Option<Condemnation>,
) -> Sql<Result<(), Option<Condemnation>>> {
    let condemned: Option<(i64, bool)> = db.query_optional(
        "select id, is_deleted from condemned_file where path = ?1",
        params![path],
        |row| Ok((row.get(0)?, row.get::<i64>(1)? == 1)),
    )?;
    let Some((id, is_deleted)) = condemned else {
        return Ok(Ok(()));
    };
    if is_deleted && put_after == Some(Condemnation(id)) {
        db.execute("delete from condemned_file where id = ?1", params![id])?;
        return Ok(Ok(()));
    }
    Ok(Err(is_deleted.then_some(Condemnation(id))))
}
