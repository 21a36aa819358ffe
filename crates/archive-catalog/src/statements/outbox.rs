//! Deliveries to be sent: who sends them, what came of it, and what is forgotten.

mod settle;
mod tidy;

use serde_json::Value;

use super::events::Receivers;
use super::rows;
use crate::accounts::Id;
use crate::outbox::{
    CLAIM_SECONDS, Outbox, OutboxBounds, OutboxTurn, OutboxUsage, SentDelivery, TakenDelivery, Taking,
};
use crate::sql::{Db, Sql, params};
use crate::webhooks::EventKind;
use crate::{CatalogError, SqlCatalog};

/// What may be taken of a receiver by time `?2`.
const DUE: &str = "webhook_id = ?1 and due_at is not null and due_at <= ?2 and (claimed_until is null or claimed_until < ?2)";

impl Outbox for SqlCatalog {
    fn has_due(&self, taking: &Taking) -> Result<bool, CatalogError> {
        self.read("look for deliveries", |db| {
            let now = db.clock()?;
            for (webhook, is_paused, room) in with_room(db, taking)? {
                if !due(db, &webhook, is_paused, room.min(1), now)?.is_empty() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn take_deliveries(&self, sent: &[SentDelivery], taking: &Taking) -> Result<OutboxTurn, CatalogError> {
        self.write("take deliveries", |db| {
            let now = db.clock()?;
            let mut turn = OutboxTurn::default();
            for delivery in sent {
                settle::settle(db, delivery, &taking.claim, now, &mut turn)?;
            }
            let mut left = taking.most;
            for (webhook, is_paused, room) in with_room(db, taking)? {
                for id in due(db, &webhook, is_paused, room.min(left), now)? {
                    turn.taken.push(take(db, id, &taking.claim, now)?);
                    left -= 1;
                }
            }
            Ok(turn)
        })
    }

    fn tidy_outbox(&self, bounds: &OutboxBounds) -> Result<OutboxTurn, CatalogError> {
        let nothing = self.read("look for deliveries", |db| {
            Ok(!db.exists("select 1 from outbox_event limit 1", &[])?)
        })?;
        if nothing {
            return Ok(OutboxTurn::default());
        }
        self.write("tidy deliveries", |db| {
            let now = db.clock()?;
            let mut turn = OutboxTurn {
                given_up: tidy::give_up_paused(db, now)?,
                ..OutboxTurn::default()
            };
            for webhook in tidy::overfull(db, bounds.waiting)? {
                let reason = format!("more than {} deliveries wait for it", bounds.waiting);
                settle::pause(db, &webhook, &reason, now, &mut turn)?;
            }
            tidy::forget(db, bounds, now)?;
            Ok(turn)
        })
    }

    fn outbox_usage(&self) -> Result<OutboxUsage, CatalogError> {
        self.read("look for deliveries", |db| {
            let (paused_by_server, paused_by_people) = db.query_one(
                "select count(*) - count(paused_by), count(paused_by) from webhook where paused_at is not null",
                &[],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            db.query_one(
                "select count(*), min(case when asked_for = 1 or webhook.paused_at is null then due_at end)
                 from webhook_delivery join webhook on webhook.id = webhook_id
                 where due_at is not null",
                &[],
                |row| {
                    Ok(OutboxUsage {
                        waiting: row.get(0)?,
                        oldest_due: row.get(1)?,
                        paused_by_server,
                        paused_by_people,
                    })
                },
            )
        })
    }

    fn announce_key(&self, subject: &str, data: &Value, now: i64) -> Result<bool, CatalogError> {
        let known = "select 1 from announcement where subject = ?1";
        let is_known = |db: &Db<'_>| db.exists(known, params![subject]);
        if self.read("look for what was announced", is_known)? {
            return Ok(false);
        }
        self.write("announce the end of a key", |db| {
            if is_known(db)? || Receivers::read(db)?.report(db, EventKind::KeyExpiring, None, data, now)? == 0
            {
                return Ok(false);
            }
            db.execute(
                "insert into announcement (subject, at) values (?1, ?2)",
                params![subject, now],
            )?;
            Ok(true)
        })
    }
}

/// Returns the receivers to which more may be sent: whether they are paused, and how much. Those come first to which least is being sent.
fn with_room(db: &Db<'_>, taking: &Taking) -> Sql<Vec<(Id, bool, usize)>> {
    let mut found: Vec<(Id, bool, usize)> = db.query(
        "select id, case when paused_at is null then 0 else 1 end from webhook order by id",
        &[],
        |row| {
            let id: Id = rows::text(row, 0)?;
            let busy = taking.busy.iter().find(|(busy, _)| *busy == id);
            let room = taking
                .most_of_one
                .saturating_sub(busy.map_or(0, |(_, count)| *count));
            Ok((id, row.get(1)?, room.min(taking.most)))
        },
    )?;
    found.retain(|(_, _, room)| *room > 0);
    found.sort_by_key(|(_, _, room)| std::cmp::Reverse(*room));
    Ok(found)
}

/// Returns the deliveries to a receiver that are due, those first that are so for longest.
fn due(db: &Db<'_>, webhook: &Id, is_paused: bool, most: usize, now: i64) -> Sql<Vec<i64>> {
    // Of a receiver that is paused much may wait that is not to be sent: those that were asked for have an index of their own.
    let condition = if is_paused { "and asked_for = 1" } else { "" };
    let query =
        format!("select id from webhook_delivery where {DUE} {condition} order by due_at, id limit ?3");
    db.query(&query, params![webhook.as_str(), now, most], |row| row.get(0))
}

fn take(db: &Db<'_>, id: i64, claim: &Id, now: i64) -> Sql<TakenDelivery> {
    db.execute(
        "update webhook_delivery set claim = ?2, claimed_until = ?3, attempts = attempts + 1, attempted_at = ?4 where id = ?1",
        params![id, claim.as_str(), now + i64::from(CLAIM_SECONDS), now],
    )?;
    db.query_one(
        "select webhook.id, url, secret, old_secret, old_secret_until, message_id, body, attempts from webhook_delivery
         join webhook on webhook.id = webhook_id join outbox_event on outbox_event.id = event_id
         where webhook_delivery.id = ?1",
        params![id],
        |row| {
            let old: Option<String> = row.get(3)?;
            let old = old.filter(|_| matches!(row.get(4), Ok(Some(until)) if now < until));
            Ok(TakenDelivery {
                id,
                webhook: rows::text(row, 0)?,
                url: row.get(1)?,
                secrets: std::iter::once(row.get(2)?).chain(old).collect(),
                message: row.get(5)?,
                body: row.get(6)?,
                attempt: row.get(7)?,
            })
        },
    )
}
