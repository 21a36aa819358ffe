//! Accounts.

use std::collections::BTreeMap;

use debian_control::digest::Sha256;

use super::{api_tokens, audit, publishers, rows, sessions};
use crate::accounts::{
    Account, AccountChange, AccountError, Accounts, ApiToken, Assertion, Authority, CredentialId, Email, Id,
    NewAccount, OwnedToken, Session, SignIn, Suites, Username,
};
use crate::audit::{Actor, AuditEvent};
use crate::sql::{ColumnType, Db, Given, Row, Sql, given_row, params};
use crate::{CatalogError, SqlCatalog};

/// What a writing transaction came to: done, or what stands against it.
pub(crate) type Outcome<T> = Result<T, AccountError>;

/// The columns that [`read`] reads, in its order. No codename has a space in it.
pub(crate) const COLUMNS: &str = "account.id, account.username, account.email, account.role, account.all_suites, account.epoch, account.created_at, account.disabled, (select string_agg(suite, ' ' order by suite) from account_suite where account_suite.account_id = account.id)";

/// How many columns [`COLUMNS`] has.
const WIDTH: usize = 9;

impl Accounts for SqlCatalog {
    fn create_account(&self, new: &NewAccount, event: &AuditEvent) -> Result<(), AccountError> {
        self.write_by("add an account", Some(&event.actor), event.at, |db| {
            create(db, new, event)
        })?
    }

    fn account(&self, id: &Id) -> Result<Option<Account>, CatalogError> {
        self.read_at_once("read an account", |db| by_id(db, id))
    }

    fn account_named(&self, name: &Username) -> Result<Option<(Account, Option<String>)>, CatalogError> {
        self.read_at_once("read an account", |db| {
            let query = format!(
                "select {COLUMNS}, password from account where lower(username) = ?1 and deleted_at is null"
            );
            db.query_optional(&query, params![name.as_str().to_ascii_lowercase()], |row| {
                Ok((read(row)?, row.get(WIDTH)?))
            })
        })
    }

    fn accounts(&self, after: Option<&Username>, limit: usize) -> Result<Vec<Account>, CatalogError> {
        self.read_at_once("list accounts", |db| {
            let query = format!(
                "select {COLUMNS} from account where deleted_at is null and lower(username) > ?1
                 order by lower(username) limit ?2"
            );
            let after = after.map_or(String::new(), |name| name.as_str().to_ascii_lowercase());
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            db.query(&query, params![after, limit], read)
        })
    }

    fn change_account(
        &self,
        id: &Id,
        change: &AccountChange,
        event: &AuditEvent,
    ) -> Result<Account, AccountError> {
        self.write_by("change an account", Some(&event.actor), event.at, |db| {
            let outcome = self::change(db, id, change)?;
            if outcome.is_ok() {
                audit::record(db, event)?;
            }
            Ok(outcome)
        })?
    }

    fn delete_account(&self, id: &Id, event: &AuditEvent) -> Result<(), AccountError> {
        self.write_by("delete an account", Some(&event.actor), event.at, |db| {
            let outcome = delete(db, id, event.at)?;
            if outcome.is_ok() {
                audit::record(db, event)?;
            }
            Ok(outcome)
        })?
    }

    fn create_token(&self, token: &ApiToken, hash: &Sha256, event: &AuditEvent) -> Result<(), CatalogError> {
        self.write_by("add a token", Some(&event.actor), event.at, |db| {
            api_tokens::create(db, token, hash)?;
            audit::record(db, event)
        })
    }

    fn exchange(
        &self,
        assertion: &Assertion,
        token: &ApiToken,
        hash: &Sha256,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError> {
        self.write("exchange an assertion for a token", |db| {
            if !api_tokens::use_up(
                db,
                (&assertion.issuer, &assertion.id),
                assertion.expires_at,
                event.at,
            )? {
                return Ok(false);
            }
            api_tokens::forget_short_lived(db, &token.account, event.at)?;
            api_tokens::create(db, token, hash)?;
            api_tokens::set_job(db, &token.id, &assertion.job)?;
            publishers::used(db, &assertion.publishers, event.at)?;
            audit::record(db, event)?;
            Ok(true)
        })
    }

    fn tokens(&self, account: &Id) -> Result<Vec<ApiToken>, CatalogError> {
        self.read_at_once("list tokens", |db| api_tokens::of(db, account))
    }

    fn all_tokens(&self, after: Option<&Id>, limit: usize) -> Result<Vec<OwnedToken>, CatalogError> {
        self.read_at_once("list tokens", |db| api_tokens::all(db, after, limit))
    }

    fn rotate_token(
        &self,
        token: &ApiToken,
        hash: &Sha256,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError> {
        self.write_by(
            "give a token another secret",
            Some(&event.actor),
            event.at,
            |db| {
                let rotated = api_tokens::rotate(db, token, hash)?;
                if rotated {
                    audit::record(db, event)?;
                }
                Ok(rotated)
            },
        )
    }

    fn token(&self, id: &Id) -> Result<Option<ApiToken>, CatalogError> {
        self.read_at_once("look a token up", |db| api_tokens::by_id(db, id))
    }

    fn delete_token(&self, account: &Id, token: &Id, event: &AuditEvent) -> Result<bool, CatalogError> {
        self.write_by("delete a token", Some(&event.actor), event.at, |db| {
            let deleted = api_tokens::delete(db, account, token)?;
            if deleted {
                audit::record(db, event)?;
            }
            Ok(deleted)
        })
    }

    fn token_by_hash(&self, hash: &Sha256) -> Result<Option<(ApiToken, Account)>, CatalogError> {
        self.read_at_once("look a token up", |db| {
            let query = format!(
                "select {COLUMNS}, {} from api_token join account on account.id = api_token.account_id
                 where api_token.hash = ?1 and account.deleted_at is null and account.disabled = 0",
                api_tokens::COLUMNS
            );
            db.query_optional(&query, params![hash.as_bytes()], |row| {
                Ok((api_tokens::read(row, WIDTH)?, read(row)?))
            })
        })
    }

    fn tokens_used(&self, used: &[(Id, i64)]) -> Result<(), CatalogError> {
        self.write("note the use of tokens", |db| api_tokens::used(db, used))
    }

    fn session_owner(&self, session: &Session) -> Result<Option<Account>, CatalogError> {
        self.read_at_once("look a session up", |db| {
            let query = format!(
                "select {COLUMNS} from account
                 where id = ?1 and epoch = ?2 and deleted_at is null and disabled = 0
                   and not exists (select 1 from ended_session where ended_session.id = ?3)"
            );
            db.query_optional(
                &query,
                params![session.account.as_str(), session.epoch, session.id.as_str()],
                read,
            )
        })
    }

    fn begin_session(&self, sign_in: &SignIn, event: &AuditEvent) -> Result<(), CatalogError> {
        self.write("begin a session", |db| {
            sessions::begin(db, sign_in, event.at)?;
            audit::record(db, event)
        })
    }

    fn sessions(&self, account: &Id, now: i64) -> Result<Vec<SignIn>, CatalogError> {
        self.read("list sessions", |db| sessions::of(db, account, now))
    }

    fn end_sessions(&self, account: &Id, event: &AuditEvent) -> Result<(), AccountError> {
        self.write("end sessions", |db| {
            let ended = db.execute(
                "update account set epoch = epoch + 1 where id = ?1 and deleted_at is null",
                params![account.as_str()],
            )?;
            if ended == 0 {
                return Ok(Err(AccountError::Missing));
            }
            sessions::forget(db, account)?;
            audit::record(db, event)?;
            Ok(Ok(()))
        })?
    }

    fn end_session(
        &self,
        session: &Session,
        expires_at: i64,
        event: &AuditEvent,
    ) -> Result<(), CatalogError> {
        self.write("end a session", |db| {
            sessions::end(db, &session.id, expires_at, event.at)?;
            audit::record(db, event)
        })
    }
}

/// Says whether the authority that a change rests on still holds: nobody can end it while this transaction runs.
pub(crate) fn is_authorized(db: &Db<'_>, by: Option<&Actor>, now: i64) -> Sql<bool> {
    match by.and_then(|by| by.authority.as_ref()) {
        Some(authority) => Ok(!ended(db, &[authority], now)?.contains(&true)),
        None => Ok(true),
    }
}

const AUTHORITY: &[(&str, ColumnType)] = &[
    ("number", ColumnType::Integer),
    ("account_id", ColumnType::Text),
    ("token_id", ColumnType::Text),
    ("session_id", ColumnType::Text),
];

/// Says of each of these authorities whether it is no longer what it was when it was checked.
pub(crate) fn ended(db: &Db<'_>, authorities: &[&Authority], now: i64) -> Sql<Vec<bool>> {
    let given = (0_u64..).zip(authorities).map(|(number, authority)| {
        let (token, session) = match &authority.credential {
            CredentialId::Token(id) => (Some(id.as_str()), None),
            CredentialId::Session(id) => (None, Some(id.as_str())),
        };
        given_row![number, authority.account.id.as_str(), token, session]
    });
    let query = format!(
        "select {COLUMNS}, given.number from given join account on account.id = given.account_id
         where account.deleted_at is null
           and (given.token_id is null or exists (select 1 from api_token where api_token.id = given.token_id))
           and not exists (select 1 from ended_session where ended_session.id = given.session_id)"
    );
    let given = Given::new(AUTHORITY, given);
    let found: Vec<(u64, Account)> =
        db.query_given(&given, &query, |row| Ok((row.get(WIDTH)?, read(row)?)))?;
    // The epoch is a part of the account: a new password changes it.
    let found: BTreeMap<u64, Account> = found.into_iter().collect();
    let holds = |number: u64, authority: &Authority| {
        authority.expires_at.is_none_or(|end| end > now) && found.get(&number) == Some(&authority.account)
    };
    let ended = (0..)
        .zip(authorities)
        .map(|(number, authority)| !holds(number, authority));
    Ok(ended.collect())
}

pub(crate) fn create(db: &Db<'_>, new: &NewAccount, event: &AuditEvent) -> Sql<Outcome<()>> {
    let account = &new.account;
    let name_taken = db.exists(
        "select 1 from account where lower(username) = ?1",
        params![account.username.as_str().to_ascii_lowercase()],
    )?;
    if name_taken {
        return Ok(Err(AccountError::NameTaken(account.username.clone())));
    }
    if let Some(email) = &account.email
        && email_taken(db, email, &account.id)?
    {
        return Ok(Err(AccountError::EmailTaken(email.clone())));
    }
    db.execute(
        "insert into account (id, username, email, password, role, all_suites, epoch, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            account.id.as_str(),
            account.username.as_str(),
            account.email.as_ref().map(Email::as_str),
            new.password,
            account.role.as_str(),
            account.suites == Suites::All,
            account.epoch,
            account.created_at
        ],
    )?;
    set_suites(db, &account.id, &account.suites)?;
    audit::record(db, event)?;
    Ok(Ok(()))
}

fn change(db: &Db<'_>, id: &Id, change: &AccountChange) -> Sql<Outcome<Account>> {
    let Some(account) = by_id(db, id)? else {
        return Ok(Err(AccountError::Missing));
    };
    let role = change.role.unwrap_or(account.role);
    let disabled = change.disabled.unwrap_or(account.disabled);
    if (role.as_str() != "admin" || disabled) && is_last_admin(db, id)? {
        return Ok(Err(AccountError::LastAdmin));
    }
    if let Some(email) = &change.email {
        if email_taken(db, email, id)? {
            return Ok(Err(AccountError::EmailTaken(email.clone())));
        }
        db.execute(
            "update account set email = ?2 where id = ?1",
            params![id.as_str(), email.as_str()],
        )?;
    }
    if let Some(password) = &change.password {
        db.execute(
            "update account set password = ?2 where id = ?1",
            params![id.as_str(), password],
        )?;
    }
    db.execute(
        "update account set disabled = ?2 where id = ?1",
        params![id.as_str(), disabled],
    )?;
    if change.password.is_some() || role != account.role || disabled && !account.disabled {
        db.execute(
            "update account set role = ?2, epoch = epoch + 1 where id = ?1",
            params![id.as_str(), role.as_str()],
        )?;
        sessions::forget(db, id)?;
    }
    if let Some(suites) = &change.suites {
        set_suites(db, id, suites)?;
    }
    Ok(by_id(db, id)?.ok_or(AccountError::Missing))
}

fn delete(db: &Db<'_>, id: &Id, now: i64) -> Sql<Outcome<()>> {
    if by_id(db, id)?.is_none() {
        return Ok(Err(AccountError::Missing));
    }
    if is_last_admin(db, id)? {
        return Ok(Err(AccountError::LastAdmin));
    }
    db.execute(
        "delete from api_token where account_id = ?1",
        params![id.as_str()],
    )?;
    sessions::forget(db, id)?;
    db.execute(
        "delete from external_identity where account_id = ?1",
        params![id.as_str()],
    )?;
    db.execute(
        "delete from account_suite where account_id = ?1",
        params![id.as_str()],
    )?;
    db.execute(
        "update account set email = null, password = null, role = 'user', all_suites = 0, epoch = epoch + 1,
                deleted_at = ?2 where id = ?1",
        params![id.as_str(), now],
    )?;
    Ok(Ok(()))
}

/// Returns an account that is not deleted.
pub(crate) fn by_id(db: &Db<'_>, id: &Id) -> Sql<Option<Account>> {
    let query = format!("select {COLUMNS} from account where id = ?1 and deleted_at is null");
    db.query_optional(&query, params![id.as_str()], read)
}

fn is_last_admin(db: &Db<'_>, id: &Id) -> Sql<bool> {
    let admins: Vec<String> = db.query(
        "select id from account where role = 'admin' and deleted_at is null and disabled = 0 limit 2",
        &[],
        |row| row.get(0),
    )?;
    Ok(matches!(admins.as_slice(), [only] if only == id.as_str()))
}

fn email_taken(db: &Db<'_>, email: &Email, but: &Id) -> Sql<bool> {
    db.exists(
        "select 1 from account where lower(email) = ?1 and id <> ?2 and deleted_at is null",
        params![email.as_str().to_ascii_lowercase(), but.as_str()],
    )
}

fn set_suites(db: &Db<'_>, id: &Id, suites: &Suites) -> Sql<()> {
    db.execute(
        "update account set all_suites = ?2 where id = ?1",
        params![id.as_str(), *suites == Suites::All],
    )?;
    db.execute(
        "delete from account_suite where account_id = ?1",
        params![id.as_str()],
    )?;
    let Suites::Only(suites) = suites else {
        return Ok(());
    };
    for suite in suites {
        db.execute(
            "insert into account_suite (account_id, suite) values (?1, ?2) on conflict do nothing",
            params![id.as_str(), suite.as_str()],
        )?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Sql<Account> {
    Ok(Account {
        id: rows::text(row, 0)?,
        username: rows::text(row, 1)?,
        email: rows::optional_text(row, 2)?,
        role: rows::text(row, 3)?,
        suites: if row.get(4)? {
            Suites::All
        } else {
            let suites: Option<&str> = row.get(8)?;
            let suites = suites.unwrap_or_default().split_terminator(' ');
            Suites::Only(suites.map(rows::parsed).collect::<Sql<_>>()?)
        },
        epoch: row.get(5)?,
        created_at: row.get(6)?,
        disabled: row.get(7)?,
    })
}
