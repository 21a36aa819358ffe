//! Reading what stands where.

use debian_control::digest::Sha256;
use debian_control::name::{Component, PackageName, SuiteName};
use debian_control::version::Version;

use super::rows;
use crate::sql::{Db, Param, Sql, params};
use crate::{Content, Entry, ListPart, NewContent, PoolFile, Selection, YankedPackage};
use archive_storage::pool;

/// A live placement and its content.
pub(crate) struct Live {
    pub(crate) id: i64,
    pub(crate) suite: SuiteName,
    pub(crate) component: Component,
    pub(crate) content: Content,
    filename: String,
    /// Whether the file is in the public tree.
    public: bool,
}

/// Returns the content with these bytes, and its pool file in `tree`.
pub(crate) fn find(db: &Db<'_>, sha256: &Sha256, tree: &str) -> Sql<Option<(NewContent, Option<String>)>> {
    let query = format!(
        "select {}, content.paths, pool_file.path from content
         left join pool_file on pool_file.content_id = content.id and pool_file.tree = ?2
         where content.sha256 = ?1",
        rows::CONTENT
    );
    db.query_optional(&query, params![sha256.as_bytes(), tree], |row| {
        let content = NewContent {
            content: rows::content(row)?,
            paths: row.get(rows::CONTENT_WIDTH)?,
        };
        Ok((content, row.get(rows::CONTENT_WIDTH + 1)?))
    })
}

pub(crate) fn gave_file_name(db: &Db<'_>, content: &Content, counts: &dyn Fn(&str) -> bool) -> Sql<bool> {
    let query = "select suite.codename, identity.version from suite
         join identity on identity.suite_id = suite.id
         where identity.name = ?1 and identity.architecture = ?2 and identity.sha256 <> ?3";
    let (name, architecture) = (content.name.as_str(), content.architecture.as_str());
    let sha256 = content.sha256.as_bytes();
    let given = db.query(query, params![name, architecture, sha256], |row| {
        let version: Version = rows::text(row, 1)?;
        Ok(counts(row.get::<&str>(0)?) && version.without_epoch() == content.version.without_epoch())
    })?;
    Ok(given.contains(&true))
}

/// Returns the live placements that `selection` means, ordered by package and then by codename.
pub(crate) fn live(db: &Db<'_>, selection: &Selection) -> Sql<Vec<Live>> {
    let (conditions, values) = conditions(selection);
    read_live(db, &conditions.join(" and "), values)
}

fn conditions(selection: &Selection) -> (Vec<&'static str>, Vec<Param<'static>>) {
    let mut conditions = vec!["placement.removed_revision is null"];
    let mut values: Vec<Param<'static>> = Vec::new();
    if let Some(suite) = &selection.suite {
        conditions.push("suite.codename = ?");
        values.push(suite.as_str().to_owned().into());
    }
    if let Some(name) = &selection.name {
        conditions.push("placement.name = ?");
        values.push(name.as_str().to_owned().into());
    }
    if let Some(version) = &selection.version {
        conditions.push("placement.version_key = ?");
        values.push(version.sort_key().into());
    }
    if let Some(architecture) = &selection.architecture {
        conditions.push("placement.architecture = ?");
        values.push(architecture.as_str().to_owned().into());
    }
    (conditions, values)
}

fn read_live(db: &Db<'_>, condition: &str, values: Vec<Param<'static>>) -> Sql<Vec<Live>> {
    let query = format!(
        "select {}, placement.id, suite.codename, placement.component, pool_file.path, pool_file.tree
         from placement
         join content on content.id = placement.content_id
         join suite on suite.id = placement.suite_id
         join pool_file on pool_file.content_id = content.id
              and pool_file.tree = (select case when exists
                  (select 1 from pool_file own where own.content_id = content.id and own.tree = suite.codename)
                  then suite.codename else '' end)
         where {condition}
         order by placement.name, placement.version_key, placement.architecture, content.sha256, suite.codename",
        rows::CONTENT
    );
    db.query(&query, &values, |row| {
        let at = rows::CONTENT_WIDTH;
        let (path, tree): (String, String) = (row.get(at + 3)?, row.get(at + 4)?);
        Ok(Live {
            id: row.get(at)?,
            suite: rows::text(row, at + 1)?,
            component: rows::text(row, at + 2)?,
            content: rows::content(row)?,
            filename: pool::below_root(&tree, &path),
            public: tree.is_empty(),
        })
    })
}

/// Folds the placements of one content into one entry, which names its public file where there is one.
pub(crate) fn entries(placements: Vec<Live>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for placement in placements {
        let place = (placement.suite, placement.component);
        match entries.last_mut() {
            Some(last) if last.content.sha256 == placement.content.sha256 => {
                if placement.public {
                    last.filename = placement.filename;
                }
                last.suites.push(place);
            }
            _ => entries.push(Entry {
                content: placement.content,
                filename: placement.filename,
                suites: vec![place],
            }),
        }
    }
    entries
}

/// Returns the entries that `selection` means.
pub(crate) fn list(db: &Db<'_>, selection: &Selection) -> Sql<Vec<Entry>> {
    live(db, selection).map(entries)
}

/// Returns the entries of the next names.
pub(crate) fn list_part(
    db: &Db<'_>,
    selection: &Selection,
    after: Option<&PackageName>,
    names: u32,
) -> Sql<ListPart> {
    // No name sorts before the empty text.
    let after = after.map_or("", PackageName::as_str);
    let last: Option<PackageName> = db.query_optional(
        "select name from (select distinct name from content where name > ?1 order by name limit ?2) as part
         order by name desc limit 1",
        params![after, i64::from(names)],
        |row| rows::text(row, 0),
    )?;
    let Some(last) = last else {
        return Ok(ListPart {
            entries: Vec::new(),
            last: None,
        });
    };
    let (mut conditions, mut values) = conditions(selection);
    conditions.push("placement.content_id in (select id from content where name > ? and name <= ?)");
    values.push(after.to_owned().into());
    values.push(last.as_str().to_owned().into());
    Ok(ListPart {
        entries: entries(read_live(db, &conditions.join(" and "), values)?),
        last: Some(last),
    })
}

/// Returns what was yanked from a suite; what comes back is yanked no longer.
pub(crate) fn yanked(db: &Db<'_>, suite: &SuiteName) -> Sql<Vec<YankedPackage>> {
    let suite = rows::suite_id(db, suite)?;
    let query = format!(
        "select {}, placement.component, placement.yanked, placement.removed_at
         from placement join content on content.id = placement.content_id
         where placement.suite_id = ?1 and placement.yanked is not null
         order by placement.name, placement.version_key, placement.architecture",
        rows::CONTENT
    );
    db.query(&query, params![suite], |row| {
        let at = rows::CONTENT_WIDTH;
        Ok(YankedPackage {
            content: rows::content(row)?,
            component: rows::text(row, at)?,
            reason: row.get(at + 1)?,
            at: row.get(at + 2)?,
        })
    })
}

/// Returns the path of every file of the pool, below the root.
pub(crate) fn pool_paths(db: &Db<'_>) -> Sql<Vec<String>> {
    db.query("select tree, path from pool_file", &[], |row| {
        let (tree, path): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(pool::below_root(&tree, &path))
    })
}

/// Returns every file of the pool.
pub(crate) fn pool_files(db: &Db<'_>) -> Sql<Vec<PoolFile>> {
    db.query("select tree, path, size, sha256 from pool_file join content on content.id = content_id order by tree, path", &[], |row| {
            let (tree, path): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(PoolFile { path: pool::below_root(&tree, &path), size: row.get(2)?, sha256: rows::sha256(row, 3)? })
        })
}
