//! Uploads that come in parts.

use super::rows;
use crate::accounts::Id;
use crate::error::CatalogError;
use crate::resumable_uploads::{
    ResumableUpload, ResumableUploads, UploadBounds, UploadOutcome, UploadPart, UploadsFull,
};
use crate::sql::{Db, Row, Sql, SqlError, params};
use crate::sql_catalog::SqlCatalog;

const COLUMNS: &str = "id, account_id, suite, component, waits, allows_vulnerable, name, length, received, since, placed_sha256, placed_status";

impl ResumableUploads for SqlCatalog {
    fn begin_upload(
        &self,
        upload: &ResumableUpload,
        bounds: &UploadBounds,
    ) -> Result<Option<UploadsFull>, CatalogError> {
        self.write("begin an upload", |db| begin(db, upload, bounds))
    }

    fn resumable_upload(&self, account: &Id, id: &Id) -> Result<Option<ResumableUpload>, CatalogError> {
        self.read("look an upload up", |db| {
            let select = format!("select {COLUMNS} from resumable_upload where id = ?1 and account_id = ?2");
            db.query_optional(&select, params![id.as_str(), account.as_str()], read)
        })
    }

    fn unfinished_uploads(&self, account: &Id, limit: usize) -> Result<Vec<ResumableUpload>, CatalogError> {
        self.read("list uploads", |db| {
            let select = format!(
                "select {COLUMNS} from resumable_upload where account_id = ?1 and placed_status is null
                 order by since, id limit ?2"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            db.query(&select, params![account.as_str(), limit], read)
        })
    }

    fn add_part(&self, id: &Id, part: &UploadPart, now: i64) -> Result<bool, CatalogError> {
        self.write("add to an upload", |db| add_part(db, id, part, now))
    }

    fn upload_parts(&self, id: &Id) -> Result<Vec<UploadPart>, CatalogError> {
        self.read("list parts of an upload", |db| {
            let select = "select start, size, path from upload_part where upload_id = ?1 order by start";
            db.query(select, params![id.as_str()], |row| {
                Ok(UploadPart {
                    start: row.get(0)?,
                    size: row.get(1)?,
                    path: row.get(2)?,
                })
            })
        })
    }

    fn finish_upload(&self, id: &Id, placed: &UploadOutcome, now: i64) -> Result<Vec<String>, CatalogError> {
        self.write("finish an upload", |db| {
            db.execute(
                "update resumable_upload set received = length, since = ?2, placed_sha256 = ?3, placed_status = ?4
                 where id = ?1",
                params![id.as_str(), now, placed.sha256.as_bytes(), i64::from(placed.status)],
            )?;
            forget_parts(db, id)
        })
    }

    fn forget_upload(&self, id: &Id) -> Result<Vec<String>, CatalogError> {
        self.write("forget an upload", |db| forget(db, id))
    }

    fn forget_uploads(&self, until: i64) -> Result<Vec<String>, CatalogError> {
        let any = self.read("look for old uploads", |db| {
            db.exists("select 1 from resumable_upload where since <= ?1", params![until])
        })?;
        if !any {
            return Ok(Vec::new());
        }
        self.write("forget old uploads", |db| {
            let old: Vec<Id> = db.query(
                "select id from resumable_upload where since <= ?1",
                params![until],
                |row| rows::text(row, 0),
            )?;
            let mut paths = Vec::new();
            for id in old {
                paths.extend(forget(db, &id)?);
            }
            Ok(paths)
        })
    }

    fn part_paths(&self) -> Result<Vec<String>, CatalogError> {
        self.read("list parts of uploads", |db| {
            db.query("select path from upload_part", &[], |row| row.get(0))
        })
    }
}

fn begin(db: &Db<'_>, upload: &ResumableUpload, bounds: &UploadBounds) -> Sql<Option<UploadsFull>> {
    let account = upload.account.as_str();
    let (uploads, announced): (u64, u64) = db.query_one(
        "select count(*), cast(coalesce(sum(length), 0) as bigint) from resumable_upload
         where account_id = ?1 and placed_status is null",
        params![account],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if uploads >= bounds.uploads {
        return Ok(Some(UploadsFull::Uploads(uploads)));
    }
    if announced.saturating_add(upload.length) > bounds.bytes {
        let allowed = bounds.bytes;
        return Ok(Some(UploadsFull::Bytes { announced, allowed }));
    }
    let all = "select count(*) from resumable_upload where placed_status is null";
    let all: u64 = db.query_one(all, &[], |row| row.get(0))?;
    if all >= bounds.all {
        return Ok(Some(UploadsFull::All));
    }
    db.execute(
        "insert into resumable_upload (id, account_id, suite, component, waits, allows_vulnerable, name, length, received, since)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
        params![
            upload.id.as_str(),
            account,
            upload.suite.as_str(),
            upload.component.as_str(),
            upload.waits,
            upload.allows_vulnerable,
            upload.name,
            upload.length,
            upload.since
        ],
    )?;
    Ok(None)
}

/// Adds a part that does not end the upload: its end comes with the package.
fn add_part(db: &Db<'_>, id: &Id, part: &UploadPart, now: i64) -> Sql<bool> {
    let moved = db.execute(
        "update resumable_upload set received = received + ?3, since = ?4
         where id = ?1 and received = ?2 and ?3 < length - received and placed_status is null",
        params![id.as_str(), part.start, part.size, now],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    db.execute(
        "insert into upload_part (upload_id, start, size, path) values (?1, ?2, ?3, ?4)",
        params![id.as_str(), part.start, part.size, part.path],
    )?;
    Ok(true)
}

fn forget(db: &Db<'_>, id: &Id) -> Sql<Vec<String>> {
    let paths = forget_parts(db, id)?;
    db.execute("delete from resumable_upload where id = ?1", params![id.as_str()])?;
    Ok(paths)
}

fn forget_parts(db: &Db<'_>, id: &Id) -> Sql<Vec<String>> {
    let delete = "delete from upload_part where upload_id = ?1 returning path";
    db.query(delete, params![id.as_str()], |row| row.get(0))
}

fn read(row: &Row<'_>) -> Sql<ResumableUpload> {
    let status: Option<i64> = row.get(11)?;
    Ok(ResumableUpload {
        id: rows::text(row, 0)?,
        account: rows::text(row, 1)?,
        suite: rows::text(row, 2)?,
        component: rows::text(row, 3)?,
        waits: row.get(4)?,
        allows_vulnerable: row.get(5)?,
        name: row.get(6)?,
        length: row.get(7)?,
        received: row.get(8)?,
        since: row.get(9)?,
        placed: match status {
            None => None,
            Some(status) => Some(UploadOutcome {
                sha256: rows::sha256(row, 10)?,
                status: u16::try_from(status).map_err(|error| SqlError::Column {
                    column: 11,
                    what: error.to_string(),
                })?,
            }),
        },
    })
}
