//! What came of a delivery, and what follows for its receiver.

use serde_json::json;

use crate::accounts::Id;
use crate::audit::{Actor, AuditEvent};
use crate::outbox::{FAILING_SECONDS, OutboxTurn, SendFailure, SentDelivery};
use crate::sql::{Db, Sql, params};
use crate::statements::{audit, rows};
use crate::webhooks::EventKind;

/// Notes what came of a delivery, unless somebody else took it meanwhile.
pub(super) fn settle(
    db: &Db<'_>,
    sent: &SentDelivery,
    claim: &Id,
    now: i64,
    turn: &mut OutboxTurn,
) -> Sql<()> {
    let held: Option<(Id, i64, EventKind)> = db.query_optional(
        "select webhook_id, give_up_at, kind from webhook_delivery join outbox_event on outbox_event.id = event_id
         where webhook_delivery.id = ?1 and claim = ?2",
        params![sent.id, claim.as_str()],
        |row| Ok((rows::text(row, 0)?, row.get(1)?, rows::text(row, 2)?)),
    )?;
    let Some((webhook, give_up_at, kind)) = held else {
        return Ok(());
    };
    let failure = sent.failure.as_ref();
    let retry_at = failure
        .and_then(|failure| failure.retry_in)
        .map(|seconds| now + seconds)
        .filter(|at| *at <= give_up_at);
    db.execute(
        "update webhook_delivery set claim = null, claimed_until = null, due_at = ?2, finished_at = ?3, delivered = ?4,
                response_status = ?5, error = ?6 where id = ?1",
        params![
            sent.id,
            retry_at,
            retry_at.is_none().then_some(now),
            failure.is_none(),
            sent.response_status.map(u32::from),
            failure.map(|failure| failure.error.as_str())
        ],
    )?;
    match failure {
        None => {
            db.execute(
                "update webhook set failing_since = null where id = ?1 and failing_since is not null",
                params![webhook.as_str()],
            )?;
            Ok(())
        }
        Some(failure) => {
            turn.given_up += u64::from(retry_at.is_none());
            note_failure(db, (&webhook, kind), failure, now, turn)
        }
    }
}

/// Notes that nothing arrives at a receiver, and pauses it where that is so for long, or where it wants nothing more.
fn note_failure(
    db: &Db<'_>,
    (webhook, kind): (&Id, EventKind),
    failure: &SendFailure,
    now: i64,
    turn: &mut OutboxTurn,
) -> Sql<()> {
    if failure.retry_in.is_none() {
        return pause(db, webhook, &failure.error, now, turn);
    }
    // Somebody who tries a receiver sees what came of it, and mends it before anything fails.
    if kind == EventKind::Ping {
        return Ok(());
    }
    let since: i64 = db.query_one(
        "update webhook set failing_since = coalesce(failing_since, ?2) where id = ?1 returning failing_since",
        params![webhook.as_str(), now],
        |row| row.get(0),
    )?;
    if since > now - FAILING_SECONDS {
        return Ok(());
    }
    let reason = format!(
        "nothing has arrived since {}: {}",
        debian_control::release::format_iso(since),
        failure.error
    );
    pause(db, webhook, &reason, now, turn)
}

/// Pauses a receiver that is not paused yet, and records why.
pub(super) fn pause(db: &Db<'_>, webhook: &Id, reason: &str, now: i64, turn: &mut OutboxTurn) -> Sql<()> {
    let paused = db.execute(
        "update webhook set paused_at = ?2, paused_reason = ?3 where id = ?1 and paused_at is null",
        params![webhook.as_str(), now, reason],
    )?;
    if paused == 0 {
        return Ok(());
    }
    turn.paused.push((webhook.clone(), reason.to_owned()));
    audit::record(
        db,
        &AuditEvent {
            at: now,
            actor: Actor::default(),
            action: "webhook.pause",
            subject: webhook.to_string(),
            detail: json!({ "reason": reason }).to_string(),
        },
    )
}
