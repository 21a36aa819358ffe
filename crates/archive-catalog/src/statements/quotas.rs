//! Quotas and what of them is used.

use std::collections::BTreeMap;

use super::{audit, rows};
use crate::audit::AuditEvent;
use crate::quotas::{Quota, QuotaOwner, QuotaState, Quotas, Usage};
use crate::sql::{Db, Row, Sql, params};
use crate::{CatalogError, Conflict, NewPlacement, SqlCatalog};

impl Quotas for SqlCatalog {
    fn quota(&self, owner: &QuotaOwner) -> Result<Option<QuotaState>, CatalogError> {
        self.read("read a quota", |db| {
            let Some(quota) = of(db, owner)? else {
                return Ok(None);
            };
            let usage = usage(db, owner)?;
            Ok(Some(QuotaState { quota, usage }))
        })
    }

    fn set_quota(&self, owner: &QuotaOwner, quota: &Quota, event: &AuditEvent) -> Result<bool, CatalogError> {
        self.write_by("set a quota", Some(&event.actor), event.at, |db| {
            let (table, condition, name) = row_of(owner);
            let statement = format!("update {table} set max_bytes = ?2, max_packages = ?3 where {condition}");
            let is_set = db.execute(&statement, params![name, quota.max_bytes, quota.max_packages])? > 0;
            if is_set {
                audit::record(db, event)?;
            }
            Ok(is_set)
        })
    }
}

/// What is used of the quotas that a transaction runs into, as far as it has got; `None` for an owner without one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(BTreeMap<String, Option<QuotaState>>);

impl Tally {
    /// Returns what is used once `wish` is placed, or the quota that it would exceed; `is_planned` says whether its bytes count for
    /// an owner already by what is to be placed before it.
    ///
    /// Whoever has a shell is bound by none, but what they place is counted.
    pub(crate) fn with(
        &self,
        db: &Db<'_>,
        suite: i64,
        wish: &NewPlacement,
        is_planned: impl Fn(&QuotaOwner) -> bool,
    ) -> Sql<Result<Self, Box<Conflict>>> {
        let mut tally = self.clone();
        let mut owners = vec![QuotaOwner::Suite(wish.suite.clone())];
        if let Some(name) = wish.by.as_ref().and_then(|by| by.name.as_ref()) {
            owners.push(QuotaOwner::Account(rows::parsed(name)?));
        }
        for owner in owners {
            let key = owner.to_string();
            if !tally.0.contains_key(&key) {
                tally.0.insert(key.clone(), limited(db, &owner)?);
            }
            let Some(Some(state)) = tally.0.get_mut(&key) else {
                continue;
            };
            let before = state.usage;
            if !is_planned(&owner) && !keeps(db, &owner, suite, wish)? {
                state.usage.bytes = before.bytes.saturating_add(wish.content.content.size);
            }
            state.usage.packages = before.packages.saturating_add(1);
            if wish.by.is_some()
                && let Some((unit, needed, allowed)) = state.quota.exceeded_by(&state.usage)
            {
                return Ok(Err(Box::new(Conflict::QuotaExceeded {
                    owner,
                    unit,
                    used: before.of(unit),
                    needed,
                    allowed,
                })));
            }
        }
        Ok(Ok(tally))
    }

    /// Has the refusal of a set say what was used before the set: nothing of it is placed.
    pub(crate) fn restate(&self, db: &Db<'_>, conflict: &mut Conflict) -> Sql<()> {
        let Conflict::QuotaExceeded {
            owner, unit, used, ..
        } = conflict
        else {
            return Ok(());
        };
        let before = match self.0.get(&owner.to_string()) {
            Some(Some(state)) => state.usage,
            _ => usage(db, owner)?,
        };
        *used = before.of(*unit);
        Ok(())
    }
}

/// Returns a quota that limits something, and what of it is used.
fn limited(db: &Db<'_>, owner: &QuotaOwner) -> Sql<Option<QuotaState>> {
    let quota = of(db, owner)?.filter(|quota| *quota != Quota::default());
    quota
        .map(|quota| {
            Ok(QuotaState {
                quota,
                usage: usage(db, owner)?,
            })
        })
        .transpose()
}

/// Says whether the bytes of a package count for an owner already.
fn keeps(db: &Db<'_>, owner: &QuotaOwner, suite: i64, wish: &NewPlacement) -> Sql<bool> {
    let sha256 = wish.content.content.sha256.as_bytes();
    let select =
        "select 1 from placement join content on content.id = placement.content_id where sha256 = ?1";
    match owner {
        QuotaOwner::Suite(_) => db.exists(&format!("{select} and suite_id = ?2"), params![sha256, suite]),
        QuotaOwner::Account(name) => db.exists(
            &format!("{select} and author = ?2"),
            params![sha256, name.as_str()],
        ),
    }
}

/// Returns the quota of an owner; `None` where there is none of that name.
fn of(db: &Db<'_>, owner: &QuotaOwner) -> Sql<Option<Quota>> {
    let (table, condition, name) = row_of(owner);
    let select = format!("select max_bytes, max_packages from {table} where {condition}");
    db.query_optional(&select, params![name], |row: &Row<'_>| {
        Ok(Quota {
            max_bytes: row.get(0)?,
            max_packages: row.get(1)?,
        })
    })
}

/// Returns the table of an owner, what its row is found by, and its name.
fn row_of(owner: &QuotaOwner) -> (&'static str, &'static str, &str) {
    match owner {
        QuotaOwner::Suite(suite) => ("suite", "codename = ?1", suite.as_str()),
        QuotaOwner::Account(name) => ("account", "username = ?1 and deleted_at is null", name.as_str()),
    }
}

fn usage(db: &Db<'_>, owner: &QuotaOwner) -> Sql<Usage> {
    let (condition, name) = match owner {
        QuotaOwner::Suite(suite) => (
            "suite_id = (select id from suite where codename = ?1)",
            suite.as_str(),
        ),
        QuotaOwner::Account(name) => ("author = ?1", name.as_str()),
    };
    let select = format!(
        "select (select cast(coalesce(sum(size), 0) as bigint) from content
                 where id in (select content_id from placement where {condition})),
                (select count(*) from placement where {condition} and removed_revision is null)"
    );
    db.query_one(&select, params![name], |row| {
        Ok(Usage {
            bytes: row.get(0)?,
            packages: row.get(1)?,
        })
    })
}
