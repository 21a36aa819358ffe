//! The upload queue.

use debian_control::changes::FileName;
use debian_control::digest::Sha256;

use super::rows;
use crate::accounts::Id;
use crate::error::CatalogError;
use crate::sql::{Db, Row, Sql, params};
use crate::sql_catalog::SqlCatalog;
use crate::upload_queue::{
    CLAIM_SECONDS, ClaimedFile, Enqueued, QueueBounds, QueueClaim, QueueFull, QueueKey, QueueUsage,
    UploadQueue, WaitingFile,
};

/// The files of a set: its account, its token, its suite.
const OF_SET: &str = "account_id = ?1 and token_id = ?2 and suite_id = ?3";

impl UploadQueue for SqlCatalog {
    fn queue_room(
        &self,
        key: &QueueKey,
        size: u64,
        bounds: &QueueBounds,
    ) -> Result<Option<QueueFull>, CatalogError> {
        self.read("look at the upload queue", |db| room(db, key, size, bounds))
    }

    fn touch_queued(
        &self,
        key: &QueueKey,
        name: &FileName,
        sha256: &Sha256,
        now: i64,
    ) -> Result<bool, CatalogError> {
        // Most files are new: looking first spares a turn to write.
        let waits = self.read("look at the upload queue", |db| {
            let waiting = of_set(db, key, name)?;
            Ok(waiting.iter().any(|(_, file)| file.sha256 == *sha256))
        })?;
        Ok(waits && self.write("queue a file again", |db| touch(db, key, name, sha256, now))?)
    }

    fn enqueue(
        &self,
        key: &QueueKey,
        file: &WaitingFile,
        bounds: &QueueBounds,
        now: i64,
    ) -> Result<Enqueued, CatalogError> {
        self.write("queue a file", |db| enqueue(db, key, file, bounds, now))
    }

    fn claim_queued(
        &self,
        key: &QueueKey,
        asked: &[(FileName, Sha256)],
        claim: &Id,
    ) -> Result<QueueClaim, CatalogError> {
        self.write("claim queued files", |db| claim_files(db, key, asked, claim))
    }

    fn renew_queue_claim(&self, claim: &Id) -> Result<(), CatalogError> {
        self.write("renew a claim of queued files", |db| {
            let until = db.clock()? + i64::from(CLAIM_SECONDS);
            let renew = "update queued_file set claimed_until = ?2 where claim = ?1";
            db.execute(renew, params![claim.as_str(), until]).map(drop)
        })
    }

    fn release_queued(&self, claim: &Id, now: i64) -> Result<(), CatalogError> {
        self.write("give queued files back", |db| {
            let release =
                "update queued_file set claim = null, claimed_until = null, since = ?2 where claim = ?1";
            db.execute(release, params![claim.as_str(), now]).map(drop)
        })
    }

    fn finish_queued(&self, claim: &Id) -> Result<Vec<String>, CatalogError> {
        self.write("take files from the upload queue", |db| {
            let delete = "delete from queued_file where claim = ?1 returning path";
            db.query(delete, params![claim.as_str()], |row| row.get(0))
        })
    }

    fn forget_queued(&self, until: i64) -> Result<Vec<String>, CatalogError> {
        let old = "from queued_file where since <= ?1 and (claimed_until is null or claimed_until < ?2)";
        let any = self.read("look at the upload queue", |db| {
            db.exists(&format!("select 1 {old}"), params![until, db.clock()?])
        })?;
        if !any {
            return Ok(Vec::new());
        }
        self.write("forget queued files", |db| {
            let delete = format!("delete {old} returning path");
            db.query(&delete, params![until, db.clock()?], |row| row.get(0))
        })
    }

    fn queued_paths(&self) -> Result<Vec<String>, CatalogError> {
        self.read("list the upload queue", |db| {
            db.query("select path from queued_file", &[], |row| row.get(0))
        })
    }

    fn queue_usage(&self) -> Result<QueueUsage, CatalogError> {
        self.read("look at the upload queue", |db| {
            db.query_one("select count(*), min(since) from queued_file", &[], |row| {
                Ok(QueueUsage {
                    files: row.get(0)?,
                    oldest: row.get(1)?,
                })
            })
        })
    }
}

fn token(key: &QueueKey) -> &str {
    key.token.as_ref().map_or("", Id::as_str)
}

/// Returns the files of a name that wait in a set, by their keys.
fn of_set(db: &Db<'_>, key: &QueueKey, name: &FileName) -> Sql<Vec<(i64, WaitingFile)>> {
    let suite = rows::suite_id(db, &key.suite)?;
    let query = format!(
        "select id, name, sha256, size, path from queued_file where {OF_SET} and name = ?4 order by id"
    );
    db.query(
        &query,
        params![key.account.as_str(), token(key), suite, name.as_str()],
        |row| Ok((row.get(0)?, waiting(row)?)),
    )
}

fn waiting(row: &Row<'_>) -> Sql<WaitingFile> {
    Ok(WaitingFile {
        name: rows::text(row, 1)?,
        sha256: rows::sha256(row, 2)?,
        size: row.get(3)?,
        path: row.get(4)?,
    })
}

fn touch(db: &Db<'_>, key: &QueueKey, name: &FileName, sha256: &Sha256, now: i64) -> Sql<bool> {
    let suite = rows::suite_id(db, &key.suite)?;
    let update = format!("update queued_file set since = ?6 where {OF_SET} and name = ?4 and sha256 = ?5");
    let touched = db.execute(
        &update,
        params![
            key.account.as_str(),
            token(key),
            suite,
            name.as_str(),
            sha256.as_bytes(),
            now
        ],
    )?;
    Ok(touched > 0)
}

fn enqueue(db: &Db<'_>, key: &QueueKey, file: &WaitingFile, bounds: &QueueBounds, now: i64) -> Sql<Enqueued> {
    if touch(db, key, &file.name, &file.sha256, now)? {
        return Ok(Enqueued::Already);
    }
    if let Some(full) = room(db, key, file.size, bounds)? {
        return Ok(Enqueued::Full(full));
    }
    let suite = rows::suite_id(db, &key.suite)?;
    db.execute(
        "insert into queued_file (account_id, token_id, suite_id, name, sha256, size, path, since)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            key.account.as_str(),
            token(key),
            suite,
            file.name.as_str(),
            file.sha256.as_bytes(),
            file.size,
            file.path,
            now
        ],
    )?;
    Ok(Enqueued::Added)
}

fn room(db: &Db<'_>, key: &QueueKey, size: u64, bounds: &QueueBounds) -> Sql<Option<QueueFull>> {
    let suite = rows::suite_id(db, &key.suite)?;
    let account = key.account.as_str();
    let (files, queued): (u64, u64) = db.query_one(
        "select count(*), cast(coalesce(sum(size), 0) as bigint) from queued_file where account_id = ?1",
        params![account],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if files >= bounds.files {
        return Ok(Some(QueueFull::Files(files)));
    }
    if queued.saturating_add(size) > bounds.bytes {
        let allowed = bounds.bytes;
        return Ok(Some(QueueFull::Bytes { queued, allowed }));
    }
    let sets = "select count(*) from (select distinct token_id, suite_id from queued_file where account_id = ?1) as sets";
    let sets: u64 = db.query_one(sets, params![account], |row| row.get(0))?;
    let is_known = format!("select 1 from queued_file where {OF_SET}");
    if sets >= bounds.sets && !db.exists(&is_known, params![account, token(key), suite])? {
        return Ok(Some(QueueFull::Sets(bounds.sets)));
    }
    let all: u64 = db.query_one("select count(*) from queued_file", &[], |row| row.get(0))?;
    Ok((all >= bounds.all_files).then_some(QueueFull::All))
}

fn claim_files(db: &Db<'_>, key: &QueueKey, asked: &[(FileName, Sha256)], claim: &Id) -> Sql<QueueClaim> {
    let now = db.clock()?;
    let mut claimed = Vec::with_capacity(asked.len());
    let mut ids = Vec::with_capacity(asked.len());
    for (name, sha256) in asked {
        let (same, other): (Vec<_>, Vec<_>) = of_set(db, key, name)?
            .into_iter()
            .partition(|(_, file)| file.sha256 == *sha256);
        let found = same.into_iter().next();
        if let Some((id, _)) = &found {
            let is_held = "select 1 from queued_file where id = ?1 and claimed_until >= ?2 and claim <> ?3";
            if db.exists(is_held, params![id, now, claim.as_str()])? {
                return Ok(QueueClaim::Held);
            }
            ids.push(*id);
        }
        claimed.push(ClaimedFile {
            file: found.map(|(_, file)| file),
            other_bytes: !other.is_empty(),
        });
    }
    for id in ids {
        db.execute(
            "update queued_file set claim = ?2, claimed_until = ?3 where id = ?1",
            params![id, claim.as_str(), now + i64::from(CLAIM_SECONDS)],
        )?;
    }
    Ok(QueueClaim::Claimed(claimed))
}
