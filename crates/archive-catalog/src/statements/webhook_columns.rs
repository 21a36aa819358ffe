//! Receivers and deliveries from rows, and back.

use super::rows;
use crate::accounts::Suites;
use crate::sql::{Row, Sql, SqlError};
use crate::webhooks::{Delivery, DeliveryState, EventKind, Pause, Webhook};

/// The columns that [`read`] reads, in its order.
pub(super) const COLUMNS: &str = "id, name, url, events, suites, old_secret_until, paused_at, paused_reason, failing_since, created_at, created_by,
    paused_by";

/// The columns that [`read_delivery`] reads, in its order.
pub(super) const DELIVERY: &str = "webhook_delivery.id, message_id, kind, at, due_at, finished_at, delivered, attempts, attempted_at, response_status, error, body";

/// Reads a receiver.
pub(super) fn read(row: &Row<'_>) -> Sql<Webhook> {
    let paused = match (row.get(6)?, row.get(7)?) {
        (Some(at), Some(reason)) => Some(Pause {
            at,
            by: row.get(11)?,
            reason,
        }),
        (None, None) => None,
        _ => return Err(half(6, "a pause")),
    };
    Ok(Webhook {
        id: rows::text(row, 0)?,
        name: row.get(1)?,
        url: row.get(2)?,
        events: events(row, 3)?,
        suites: suites(row, 4)?,
        old_secret_until: row.get(5)?,
        paused,
        failing_since: row.get(8)?,
        created_at: row.get(9)?,
        created_by: row.get(10)?,
    })
}

/// Reads a delivery.
pub(super) fn read_delivery(row: &Row<'_>) -> Sql<Delivery> {
    let state = match (row.get(4)?, row.get(5)?, row.get(6)?) {
        (Some(due), None, false) => DeliveryState::Waiting(due),
        (None, Some(at), true) => DeliveryState::Delivered(at),
        (None, Some(at), false) => DeliveryState::GivenUp(at),
        _ => return Err(half(4, "a state")),
    };
    Ok(Delivery {
        id: row.get(0)?,
        message: row.get(1)?,
        kind: rows::text(row, 2)?,
        event_at: row.get(3)?,
        state,
        attempts: row.get(7)?,
        attempted_at: row.get(8)?,
        response_status: row.get(9)?,
        error: row.get(10)?,
    })
}

fn half(column: usize, what: &str) -> SqlError {
    SqlError::Column {
        column,
        what: format!("half of {what}"),
    }
}

/// Writes events as their column holds them.
pub(super) fn events_text(events: &[EventKind]) -> String {
    let names: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
    names.join("\n")
}

/// Reads a column that holds events.
pub(super) fn events(row: &Row<'_>, column: usize) -> Sql<Vec<EventKind>> {
    let names = row.get::<&str>(column)?.lines();
    names.map(|name| parsed(name, column)).collect()
}

/// Writes suites as their column holds them.
pub(super) fn suites_text(suites: &Suites) -> Option<String> {
    match suites {
        Suites::All => None,
        Suites::Only(suites) => {
            let names: Vec<&str> = suites.iter().map(|suite| suite.as_str()).collect();
            Some(names.join("\n"))
        }
    }
}

/// Reads a column that holds suites, or null for all.
pub(super) fn suites(row: &Row<'_>, column: usize) -> Sql<Suites> {
    let Some(names) = row.get::<Option<&str>>(column)? else {
        return Ok(Suites::All);
    };
    let suites: Sql<Vec<_>> = names.lines().map(|name| parsed(name, column)).collect();
    suites.map(Suites::Only)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, column: usize) -> Sql<T> {
    text.parse().map_err(|error: T::Err| SqlError::Column {
        column,
        what: error.to_string(),
    })
}
