//! What is given up, held back and forgotten.

use crate::accounts::Id;
use crate::outbox::OutboxBounds;
use crate::sql::{Db, Sql, params};
use crate::statements::rows;

/// For how long it is known what was announced, in seconds: longer than before the end of a key its end is announced.
const ANNOUNCED_SECONDS: i64 = 400 * 24 * 3600;

/// Gives up what waited for a receiver until its time was over, because the receiver is paused.
pub(super) fn give_up_paused(db: &Db<'_>, now: i64) -> Sql<u64> {
    db.execute(
        "update webhook_delivery set due_at = null, finished_at = ?1, claim = null, claimed_until = null,
                error = coalesce(error, 'the webhook was paused until it was too late')
         where due_at is not null and give_up_at < ?1 and asked_for = 0
           and (claimed_until is null or claimed_until < ?1)
           and webhook_id in (select id from webhook where paused_at is not null)",
        params![now],
    )
}

/// Returns the receivers for which too much waits.
pub(super) fn overfull(db: &Db<'_>, most: u64) -> Sql<Vec<Id>> {
    db.query(
        "select webhook_id from webhook_delivery where due_at is not null group by webhook_id having count(*) > ?1 order by webhook_id",
        params![most],
        |row| rows::text(row, 0),
    )
}

/// Forgets deliveries that are over, by their age and by their number, and events of which none is left.
pub(super) fn forget(db: &Db<'_>, bounds: &OutboxBounds, now: i64) -> Sql<()> {
    db.execute(
        "delete from webhook_delivery where finished_at < ?1",
        params![bounds.until],
    )?;
    db.execute(
        "delete from webhook_delivery where id in
             (select id from
                 (select id, row_number() over (partition by webhook_id order by id desc) as place
                  from webhook_delivery where finished_at is not null) as ranked
              where place > ?1)",
        params![bounds.kept],
    )?;
    db.execute(
        "delete from outbox_event where not exists (select 1 from webhook_delivery where event_id = outbox_event.id)",
        &[],
    )?;
    db.execute(
        "delete from announcement where at < ?1",
        params![now - ANNOUNCED_SECONDS],
    )?;
    Ok(())
}
