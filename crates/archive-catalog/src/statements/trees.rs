//! Which tree of the pool has which file: for suites that become private, or public.

use debian_control::name::SuiteName;

use super::{condemned, rows};
use crate::MisplacedFile;
use crate::condemned::{CondemnedFiles, Deleters, RefusedFile, TreeFile};
use crate::sql::{Db, Param, Row, Sql, params};
use archive_storage::pool;

/// Returns what a suite held after a revision, or ever, and a tree has no file of.
pub(crate) fn files_in_other_trees(
    db: &Db<'_>,
    suite: &SuiteName,
    tree: &str,
    since: Option<i64>,
) -> Sql<Vec<MisplacedFile>> {
    let suite = rows::suite_id(db, suite)?;
    let query = format!(
        "select {}, min(placement.component), min(pool_file.tree || '\n' || pool_file.path)
         from placement
         join content on content.id = placement.content_id
         join pool_file on pool_file.content_id = content.id
         where placement.suite_id = ?1 and placement.added_revision > ?2
           and not exists (select 1 from pool_file own where own.content_id = content.id and own.tree = ?3)
         group by content.id
         order by content.id",
        rows::CONTENT
    );
    db.query(&query, params![suite, since.unwrap_or(-1), tree], |row| {
        let at = rows::CONTENT_WIDTH;
        let found: String = row.get(at + 1)?;
        let (tree, path) = found.split_once('\n').unwrap_or(("", &found));
        Ok(MisplacedFile {
            content: rows::content(row)?,
            component: rows::text(row, at)?,
            path: pool::below_root(tree, path),
        })
    })
}

/// Records files of a tree, and returns those that it does not record: their paths are condemned.
pub(crate) fn record_pool_files(db: &Db<'_>, tree: &str, files: &[TreeFile]) -> Sql<Vec<RefusedFile>> {
    let mut refused = Vec::new();
    for file in files {
        let path = pool::below_root(tree, &file.path);
        if let Err(deleted) = condemned::lift_path(db, &path, file.put_after)? {
            refused.push(RefusedFile { path, deleted });
            continue;
        }
        db.execute(
            "insert into pool_file (tree, path, content_id)
             select ?1, ?2, id from content where sha256 = ?3
             on conflict do nothing",
            params![tree, file.path, file.sha256.as_bytes()],
        )?;
    }
    Ok(refused)
}

/// What no placement needs: a suite's files are in the tree of its codename where that has one, else in the public tree.
///
/// `?1` is a tree that nobody needs, or null. `PLACEMENTS` stands for what is looked at of the placements.
const UNNEEDED: &str = "from pool_file where pool_file.tree = ?1 or not exists
    (select 1 from PLACEMENTS placement join suite on suite.id = placement.suite_id
     where placement.content_id = pool_file.content_id
     and (suite.codename = pool_file.tree or pool_file.tree = ''
          and not exists (select 1 from pool_file own where own.content_id = pool_file.content_id
                          and own.tree = suite.codename and own.tree is distinct from ?1)))";

/// Returns what no placement needs of those that there are.
fn unneeded_now() -> String {
    UNNEEDED.replace("PLACEMENTS", "placement")
}

/// Returns the files that no suite needs, below the root.
pub(crate) fn unneeded(db: &Db<'_>) -> Sql<Vec<String>> {
    first_unneeded(db, None, i64::MAX)
}

/// Returns the files that no suite would need if the placements that `ended` selects were not there, below the root. Its values are from the
/// second on.
pub(crate) fn unneeded_without(db: &Db<'_>, ended: &str, values: Vec<Param<'static>>) -> Sql<Vec<String>> {
    let placements = format!("(select * from placement where id not in ({ended}))");
    let unneeded = UNNEEDED.replace("PLACEMENTS", &placements);
    db.query(
        &format!("select tree, path {unneeded} order by tree, path"),
        &values,
        path_below_root,
    )
}

fn path_below_root(row: &Row<'_>) -> Sql<String> {
    let (tree, path): (String, String) = (row.get(0)?, row.get(1)?);
    Ok(pool::below_root(&tree, &path))
}

fn first_unneeded(db: &Db<'_>, left: Option<&str>, limit: i64) -> Sql<Vec<String>> {
    db.query(
        &format!(
            "select tree, path {} order by tree, path limit ?2",
            unneeded_now()
        ),
        params![left, limit],
        path_below_root,
    )
}

/// Forgets the files that no suite needs.
pub(crate) fn forget_unneeded(db: &Db<'_>) -> Sql<()> {
    db.execute(&format!("delete {}", unneeded_now()), params![None::<&str>])
        .map(drop)
}

/// Condemns the first of the files that no suite needs, `limit` at most. They keep their rows until they are gone: an interruption
/// leaves them to whoever asks next.
pub(crate) fn condemn_unneeded(
    db: &Db<'_>,
    left: Option<&str>,
    limit: usize,
    deleters: Deleters,
) -> Sql<CondemnedFiles> {
    let now = db.clock()?;
    let mut files = CondemnedFiles::default();
    for path in first_unneeded(db, left, i64::try_from(limit).unwrap_or(i64::MAX))? {
        if deleters == Deleters::Several && condemned::is_in_hand(db, &path, now)? {
            files.in_hand.push(path);
        } else {
            files.condemned.push(condemned::condemn_one(db, &path, now)?);
        }
    }
    Ok(files)
}
