//! Tokens for programs.

use debian_control::digest::Sha256;

use super::{provenance, rows};
use crate::accounts::{ApiToken, Id, OwnedToken};
use crate::provenance::CiJob;
use crate::sql::{Db, Row, Sql, params};

/// The columns that [`read`] reads, in its order.
pub(crate) const COLUMNS: &str = "api_token.id, api_token.account_id, api_token.name, api_token.scopes, api_token.created_at, api_token.expires_at, api_token.last_used_at";

/// How many columns [`COLUMNS`] has.
const WIDTH: usize = 7;

pub(crate) fn create(db: &Db<'_>, token: &ApiToken, hash: &Sha256) -> Sql<()> {
    db.execute(
        "insert into api_token (id, account_id, name, hash, scopes, created_at, expires_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            token.id.as_str(),
            token.account.as_str(),
            token.name,
            hash.as_bytes(),
            token.scopes.join("\n"),
            token.created_at,
            token.expires_at
        ],
    )?;
    Ok(())
}

/// Notes the CI job that a token is given to.
pub(crate) fn set_job(db: &Db<'_>, token: &Id, job: &CiJob) -> Sql<()> {
    db.execute(
        "update api_token set job = ?2 where id = ?1",
        params![token.as_str(), provenance::written(job)?],
    )?;
    Ok(())
}

pub(crate) fn of(db: &Db<'_>, account: &Id) -> Sql<Vec<ApiToken>> {
    let query = format!("select {COLUMNS} from api_token where account_id = ?1 order by created_at desc, id");
    db.query(&query, params![account.as_str()], |row| read(row, 0))
}

/// Returns tokens of all accounts, by their keys.
pub(crate) fn all(db: &Db<'_>, after: Option<&Id>, limit: usize) -> Sql<Vec<OwnedToken>> {
    db.query(
        &format!(
            "select {COLUMNS}, account.username from api_token join account on account.id = api_token.account_id
             where api_token.id > ?1 order by api_token.id limit ?2"
        ),
        params![
            after.map_or("", Id::as_str),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ],
        |row| {
            Ok(OwnedToken {
                token: read(row, 0)?,
                owner: rows::text(row, WIDTH)?,
            })
        },
    )
}

/// Gives a token another secret, and its expiry. Whoever has the new secret is not the CI job that the old one was given to.
pub(crate) fn rotate(db: &Db<'_>, token: &ApiToken, hash: &Sha256) -> Sql<bool> {
    let rotated = db.execute(
        "update api_token set hash = ?3, expires_at = ?4, job = null where account_id = ?1 and id = ?2",
        params![
            token.account.as_str(),
            token.id.as_str(),
            hash.as_bytes(),
            token.expires_at
        ],
    )?;
    Ok(rotated > 0)
}

pub(crate) fn by_id(db: &Db<'_>, id: &Id) -> Sql<Option<ApiToken>> {
    let query = format!("select {COLUMNS} from api_token where id = ?1");
    db.query_optional(&query, params![id.as_str()], |row| read(row, 0))
}

pub(crate) fn delete(db: &Db<'_>, account: &Id, token: &Id) -> Sql<bool> {
    let deleted = db.execute(
        "delete from api_token where account_id = ?1 and id = ?2",
        params![account.as_str(), token.as_str()],
    )?;
    Ok(deleted > 0)
}

/// Notes that a proof of an issuer was used, which is over anyway at a time; says whether it was for the first time.
pub(crate) fn use_up(db: &Db<'_>, (issuer, id): (&str, &str), expires_at: i64, now: i64) -> Sql<bool> {
    db.execute("delete from used_assertion where expires_at < ?1", params![now])?;
    let noted = db.execute(
        "insert into used_assertion (issuer, id, expires_at) values (?1, ?2, ?3) on conflict do nothing",
        params![issuer, id, expires_at],
    )?;
    Ok(noted > 0)
}

/// Deletes the tokens of an account that were made for an hour or less and are over.
pub(crate) fn forget_short_lived(db: &Db<'_>, account: &Id, now: i64) -> Sql<()> {
    db.execute(
        "delete from api_token where account_id = ?1 and expires_at < ?2 and expires_at - created_at <= 3600",
        params![account.as_str(), now],
    )?;
    Ok(())
}

pub(crate) fn used(db: &Db<'_>, used: &[(Id, i64)]) -> Sql<()> {
    for (id, at) in used {
        // Times are noted by the minute, which may have begun before the token was made.
        db.execute(
            "update api_token set last_used_at = case when created_at > ?2 then created_at else ?2 end
             where id = ?1 and coalesce(last_used_at, 0) < ?2",
            params![id.as_str(), at],
        )?;
    }
    Ok(())
}

/// Reads a token from the columns of a row that begin at `first`.
pub(crate) fn read(row: &Row<'_>, first: usize) -> Sql<ApiToken> {
    let scopes: String = row.get(first + 3)?;
    Ok(ApiToken {
        id: rows::text(row, first)?,
        account: rows::text(row, first + 1)?,
        name: row.get(first + 2)?,
        scopes: scopes.lines().map(str::to_owned).collect(),
        created_at: row.get(first + 4)?,
        expires_at: row.get(first + 5)?,
        last_used_at: row.get(first + 6)?,
    })
}
