//! Sign-ins: the sessions of accounts.

use super::rows;
use crate::accounts::{Id, Session, SignIn};
use crate::sql::{Db, Row, Sql, params};

/// Notes a sign-in, and forgets those that are over.
pub(crate) fn begin(db: &Db<'_>, sign_in: &SignIn, now: i64) -> Sql<()> {
    db.execute("delete from session where expires_at < ?1", params![now])?;
    let session = &sign_in.session;
    db.execute(
        "insert into session (id, account_id, epoch, created_at, expires_at, address, agent)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            session.id.as_str(),
            session.account.as_str(),
            session.epoch,
            sign_in.created_at,
            sign_in.expires_at,
            sign_in.address,
            sign_in.agent
        ],
    )?;
    Ok(())
}

/// Returns the sign-ins of an account that are not over, newest first.
pub(crate) fn of(db: &Db<'_>, account: &Id, now: i64) -> Sql<Vec<SignIn>> {
    db.query(
        "select session.id, session.account_id, session.epoch, session.created_at, session.expires_at, session.address, session.agent
         from session join account on account.id = session.account_id
         where session.account_id = ?1 and session.epoch = account.epoch and session.expires_at > ?2
         order by session.created_at desc, session.id",
        params![account.as_str(), now],
        read,
    )
}

/// Ends a session before its time.
pub(crate) fn end(db: &Db<'_>, session: &Id, expires_at: i64, now: i64) -> Sql<()> {
    db.execute("delete from ended_session where expires_at < ?1", params![now])?;
    db.execute(
        "insert into ended_session (id, expires_at) values (?1, ?2) on conflict do nothing",
        params![session.as_str(), expires_at],
    )?;
    db.execute("delete from session where id = ?1", params![session.as_str()])?;
    Ok(())
}

/// Forgets the sign-ins of an account, whose epoch has ended.
pub(crate) fn forget(db: &Db<'_>, account: &Id) -> Sql<()> {
    db.execute(
        "delete from session where account_id = ?1",
        params![account.as_str()],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> Sql<SignIn> {
    Ok(SignIn {
        session: Session {
            id: rows::text(row, 0)?,
            account: rows::text(row, 1)?,
            epoch: row.get(2)?,
        },
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        address: row.get(5)?,
        agent: row.get(6)?,
    })
}
