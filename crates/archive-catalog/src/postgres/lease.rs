//! Leases of suites. They are beside the turns of writers: a long write must not cost a publisher its lease.

use debian_control::name::{NameError, SuiteName};

use crate::lease::{Epoch, LEASE_SECONDS, LeaseAnswer, LeaseState};
use crate::sql::{Db, Dialect, Sql, SqlError, params};

/// Takes the lease of a suite where nobody has it, by the clock of the server.
pub(crate) fn take(db: &Db<'_>, suite: &SuiteName, holder: &str) -> Sql<LeaseAnswer> {
    let taken = db.query_optional(
        "insert into publish_lease (suite_id, epoch, holder, expires_at, taken_at)
         select id, 1, ?2, clock_timestamp() + cast(?3 as bigint) * interval '1 second', clock_timestamp()
             from suite where codename = ?1
         on conflict (suite_id) do update
             set epoch = publish_lease.epoch + 1, holder = excluded.holder, expires_at = excluded.expires_at,
                 taken_at = excluded.taken_at
             where publish_lease.holder is null or publish_lease.expires_at < clock_timestamp()
         returning epoch",
        params![suite.as_str(), holder, LEASE_SECONDS],
        |row| row.get(0),
    )?;
    if let Some(epoch) = taken {
        return Ok(LeaseAnswer::Taken(Epoch(epoch)));
    }
    let by: Option<Option<String>> = db.query_optional(
        "select holder from publish_lease join suite on suite.id = suite_id where codename = ?1",
        params![suite.as_str()],
        |row| row.get(0),
    )?;
    Ok(LeaseAnswer::Held {
        // It may have been let go since.
        by: by.flatten().unwrap_or_else(|| "another publisher".to_owned()),
    })
}

/// Lengthens a lease, and says whether it is still held. One whose time was over is held still if nobody took it.
pub(crate) fn renew(db: &Db<'_>, suite: &SuiteName, epoch: Epoch) -> Sql<bool> {
    let renewed = db.execute(
        "update publish_lease set expires_at = clock_timestamp() + cast(?3 as bigint) * interval '1 second'
         where epoch = ?2 and holder is not null and suite_id = (select id from suite where codename = ?1)",
        params![suite.as_str(), epoch.0, LEASE_SECONDS],
    )?;
    Ok(renewed > 0)
}

/// Lets a lease go, where it is still held.
pub(crate) fn release(db: &Db<'_>, suite: &SuiteName, epoch: Epoch) -> Sql<()> {
    db.execute(
        "update publish_lease set holder = null
         where epoch = ?2 and suite_id = (select id from suite where codename = ?1)",
        params![suite.as_str(), epoch.0],
    )?;
    Ok(())
}

/// Returns how the leases stand, by the clock of the server.
pub(crate) fn states(db: &Db<'_>) -> Sql<Vec<LeaseState>> {
    db.query(
        "select codename, epoch,
                case when holder is not null and expires_at >= clock_timestamp()
                     then cast(extract(epoch from clock_timestamp() - taken_at) as bigint) end
         from publish_lease join suite on suite.id = suite_id order by codename",
        &[],
        |row| {
            let suite = row.get::<&str>(0)?.parse();
            Ok(LeaseState {
                suite: suite.map_err(|error: NameError| SqlError::Column {
                    column: 0,
                    what: error.to_string(),
                })?,
                epoch: row.get(1)?,
                held_for: row.get(2)?,
            })
        },
    )
}

/// Says whether what is written in this transaction may rest on a lease: nobody can take it before the end.
pub(crate) fn holds(db: &Db<'_>, suite: i64, epoch: Option<Epoch>) -> Sql<bool> {
    match (db.dialect(), epoch) {
        (Dialect::Sqlite, _) => Ok(true),
        (Dialect::Postgres, None) => Ok(false),
        (Dialect::Postgres, Some(epoch)) => db.exists(
            "select 1 from publish_lease where suite_id = ?1 and epoch = ?2 and holder is not null for update",
            params![suite, epoch.0],
        ),
    }
}
