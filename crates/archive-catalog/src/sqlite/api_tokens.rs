//! Tokens for programs.

use debian_control::digest::Sha256;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows;
use crate::accounts::{ApiToken, Assertion, Id};

type Sql<T> = Result<T, rusqlite::Error>;

const COLUMNS: &str = "id, account_id, name, scopes, created_at, expires_at, last_used_at";

pub(super) fn create(db: &Connection, token: &ApiToken, hash: &Sha256) -> Sql<()> {
    db.prepare_cached(
        "insert into api_token (id, account_id, name, hash, scopes, created_at, expires_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        token.id.as_str(),
        token.account.as_str(),
        token.name,
        hash.as_bytes(),
        token.scopes.join("\n"),
        token.created_at,
        token.expires_at
    ])?;
    Ok(())
}

pub(super) fn of(db: &Connection, account: &Id) -> Sql<Vec<ApiToken>> {
    let query = format!("select {COLUMNS} from api_token where account_id = ?1 order by created_at desc, id");
    db.prepare_cached(&query)?
        .query_map([account.as_str()], read)?
        .collect()
}

pub(super) fn by_hash(db: &Connection, hash: &Sha256) -> Sql<Option<ApiToken>> {
    let query = format!("select {COLUMNS} from api_token where hash = ?1");
    db.prepare_cached(&query)?
        .query_row([hash.as_bytes()], read)
        .optional()
}

pub(super) fn by_id(db: &Connection, id: &Id) -> Sql<Option<ApiToken>> {
    let query = format!("select {COLUMNS} from api_token where id = ?1");
    db.prepare_cached(&query)?
        .query_row([id.as_str()], read)
        .optional()
}

pub(super) fn delete(db: &Connection, account: &Id, token: &Id) -> Sql<bool> {
    let deleted = db
        .prepare_cached("delete from api_token where account_id = ?1 and id = ?2")?
        .execute([account.as_str(), token.as_str()])?;
    Ok(deleted > 0)
}

/// Notes that an assertion was used, and says whether it was for the first time.
pub(super) fn use_up(db: &Connection, assertion: &Assertion, now: i64) -> Sql<bool> {
    db.prepare_cached("delete from used_assertion where expires_at < ?1")?
        .execute([now])?;
    let noted = db
        .prepare_cached(
            "insert into used_assertion (issuer, id, expires_at) values (?1, ?2, ?3) on conflict do nothing",
        )?
        .execute(params![assertion.issuer, assertion.id, assertion.expires_at])?;
    Ok(noted > 0)
}

/// Deletes the tokens of an account that were made for an hour or less and are over.
pub(super) fn forget_short_lived(db: &Connection, account: &Id, now: i64) -> Sql<()> {
    db.prepare_cached(
        "delete from api_token where account_id = ?1 and expires_at < ?2 and expires_at - created_at <= 3600",
    )?
    .execute(params![account.as_str(), now])?;
    Ok(())
}

pub(super) fn used(db: &Connection, used: &[(Id, i64)]) -> Sql<()> {
    for (id, at) in used {
        db.prepare_cached(
            "update api_token set last_used_at = max(coalesce(last_used_at, 0), ?2) where id = ?1",
        )?
        .execute(params![id.as_str(), at])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Sql<ApiToken> {
    let scopes: String = row.get(3)?;
    Ok(ApiToken {
        id: rows::text(row, 0)?,
        account: rows::text(row, 1)?,
        name: row.get(2)?,
        scopes: scopes.lines().map(str::to_owned).collect(),
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        last_used_at: row.get(6)?,
    })
}
