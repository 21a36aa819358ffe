//! Who accounts are at a sign-in provider.

use super::{accounts, api_tokens, audit, rows, sessions};
use crate::accounts::{Account, Id, NewAccount};
use crate::audit::AuditEvent;
use crate::external_identities::{
    ExternalIdentities, ExternalIdentity, LinkError, LinkedIdentity, TakenAnswer,
};
use crate::sql::{Db, Row, Sql, params};
use crate::{CatalogError, SqlCatalog};

impl ExternalIdentities for SqlCatalog {
    fn account_of_identity(&self, identity: &ExternalIdentity) -> Result<Option<Account>, CatalogError> {
        self.read("look an external identity up", |db| {
            let select = "select account_id from external_identity where issuer = ?1 and subject = ?2";
            let found: Option<Id> =
                db.query_optional(select, params![identity.issuer, identity.subject], |row| {
                    rows::text(row, 0)
                })?;
            let Some(account) = found else { return Ok(None) };
            accounts::by_id(db, &account)
        })
    }

    fn linked_identities(&self, account: &Id) -> Result<Vec<LinkedIdentity>, CatalogError> {
        self.read("list external identities", |db| {
            db.query(
                "select id, account_id, issuer, subject, linked_at from external_identity where account_id = ?1
                 order by linked_at, id",
                params![account.as_str()],
                read,
            )
        })
    }

    fn link_identity(&self, link: &LinkedIdentity, event: &AuditEvent) -> Result<(), LinkError> {
        self.write_by("link an identity", Some(&event.actor), event.at, |db| {
            if accounts::by_id(db, &link.account)?.is_none() {
                return Ok(Err(crate::accounts::AccountError::Missing.into()));
            }
            let outcome = self::link(db, link)?;
            if outcome.is_ok() {
                audit::record(db, event)?;
            }
            Ok(outcome)
        })?
    }

    fn unlink_identity(&self, account: &Id, link: &Id, event: &AuditEvent) -> Result<bool, CatalogError> {
        self.write_by("unlink an identity", Some(&event.actor), event.at, |db| {
            let deleted = db.execute(
                "delete from external_identity where account_id = ?1 and id = ?2",
                params![account.as_str(), link.as_str()],
            )?;
            if deleted == 0 {
                return Ok(false);
            }
            // One of its sessions may be of this identity.
            db.execute(
                "update account set epoch = epoch + 1 where id = ?1",
                params![account.as_str()],
            )?;
            sessions::forget(db, account)?;
            audit::record(db, event)?;
            Ok(true)
        })
    }

    fn create_linked_account(
        &self,
        new: &NewAccount,
        link: &LinkedIdentity,
        event: &AuditEvent,
    ) -> Result<(), LinkError> {
        self.write_by("add an account", Some(&event.actor), event.at, |db| {
            if is_linked(db, &link.identity)? {
                return Ok(Err(LinkError::Taken));
            }
            if let Err(refused) = accounts::create(db, new, event)? {
                return Ok(Err(refused.into()));
            }
            self::link(db, link)
        })?
    }

    fn take_answer(&self, answer: &TakenAnswer, now: i64) -> Result<bool, CatalogError> {
        self.write("take the answer of a sign-in provider", |db| {
            api_tokens::use_up(db, (&answer.issuer, &answer.id), answer.expires_at, now)
        })
    }
}

/// Links an identity to an account that exists.
fn link(db: &Db<'_>, link: &LinkedIdentity) -> Sql<Result<(), LinkError>> {
    if is_linked(db, &link.identity)? {
        return Ok(Err(LinkError::Taken));
    }
    db.execute(
        "insert into external_identity (id, account_id, issuer, subject, linked_at) values (?1, ?2, ?3, ?4, ?5)",
        params![
            link.id.as_str(),
            link.account.as_str(),
            link.identity.issuer,
            link.identity.subject,
            link.linked_at
        ],
    )?;
    Ok(Ok(()))
}

fn is_linked(db: &Db<'_>, identity: &ExternalIdentity) -> Sql<bool> {
    db.exists(
        "select 1 from external_identity where issuer = ?1 and subject = ?2",
        params![identity.issuer, identity.subject],
    )
}

fn read(row: &Row<'_>) -> Sql<LinkedIdentity> {
    Ok(LinkedIdentity {
        id: rows::text(row, 0)?,
        account: rows::text(row, 1)?,
        identity: ExternalIdentity {
            issuer: row.get(2)?,
            subject: row.get(3)?,
        },
        linked_at: row.get(4)?,
    })
}
