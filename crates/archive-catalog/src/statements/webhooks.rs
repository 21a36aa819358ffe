//! Receivers of events, and the log of what was sent to them.

use super::webhook_columns::{COLUMNS, DELIVERY, events_text, read, read_delivery, suites_text};
use super::{audit, events};
use crate::accounts::Id;
use crate::audit::AuditEvent;
use crate::sql::{Db, Sql, params};
use crate::webhooks::{DELIVERY_SECONDS, Delivery, EventKind, NewSecret, Webhook, WebhookChange, Webhooks};
use crate::{CatalogError, SqlCatalog};

impl Webhooks for SqlCatalog {
    fn create_webhook(
        &self,
        webhook: &Webhook,
        secret: &str,
        most: u64,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError> {
        self.write_by("add a webhook", Some(&event.actor), event.at, |db| {
            let known: u64 = db.query_one("select count(*) from webhook", &[], |row| row.get(0))?;
            if known >= most {
                return Ok(false);
            }
            db.execute(
                "insert into webhook (id, name, url, events, suites, secret, created_at, created_by)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    webhook.id.as_str(),
                    webhook.name,
                    webhook.url,
                    events_text(&webhook.events),
                    suites_text(&webhook.suites),
                    secret,
                    webhook.created_at,
                    webhook.created_by
                ],
            )?;
            audit::record(db, event)?;
            Ok(true)
        })
    }

    fn webhooks(&self) -> Result<Vec<Webhook>, CatalogError> {
        self.read("list webhooks", |db| {
            let query = format!("select {COLUMNS} from webhook order by name, id");
            db.query(&query, &[], read)
        })
    }

    fn webhook(&self, id: &Id) -> Result<Option<Webhook>, CatalogError> {
        self.read("read a webhook", |db| by_id(db, id))
    }

    fn change_webhook(
        &self,
        id: &Id,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>, CatalogError> {
        self.write_by("change a webhook", Some(&event.actor), event.at, |db| {
            let Some(webhook) = by_id(db, id)? else {
                return Ok(None);
            };
            update(db, &webhook, change)?;
            audit::record(db, event)?;
            by_id(db, id)
        })
    }

    fn rotate_webhook_secret(
        &self,
        id: &Id,
        secret: &NewSecret,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>, CatalogError> {
        let action = "give a webhook another secret";
        self.write_by(action, Some(&event.actor), event.at, |db| {
            let rotated = db.execute(
                "update webhook set old_secret = secret, old_secret_until = ?3, secret = ?2 where id = ?1",
                params![id.as_str(), secret.secret, secret.old_until],
            )?;
            if rotated > 0 {
                audit::record(db, event)?;
            }
            by_id(db, id)
        })
    }

    fn delete_webhook(&self, id: &Id, event: &AuditEvent) -> Result<bool, CatalogError> {
        self.write_by("delete a webhook", Some(&event.actor), event.at, |db| {
            let deleted = db.execute("delete from webhook where id = ?1", params![id.as_str()])?;
            if deleted > 0 {
                audit::record(db, event)?;
            }
            Ok(deleted > 0)
        })
    }

    fn ping_webhook(&self, id: &Id, event: &AuditEvent) -> Result<Option<Delivery>, CatalogError> {
        self.write_by("try a webhook", Some(&event.actor), event.at, |db| {
            let Some(webhook) = by_id(db, id)? else {
                return Ok(None);
            };
            let data = serde_json::json!({ "webhook": webhook.name, "by": event.actor.name });
            let ping = events::record(db, EventKind::Ping, &data, event.at)?;
            // The first attempt is the last: who asked wants to know now.
            let delivery = db.insert(
                "insert into webhook_delivery (webhook_id, event_id, due_at, give_up_at, asked_for)
                 values (?1, ?2, ?3, ?3, 1)",
                params![id.as_str(), ping, event.at],
            )?;
            audit::record(db, event)?;
            Ok(delivery_of(db, id, delivery)?.map(|(delivery, _)| delivery))
        })
    }

    fn deliveries(&self, id: &Id, before: Option<i64>, limit: usize) -> Result<Vec<Delivery>, CatalogError> {
        self.read("list deliveries", |db| {
            let query = format!(
                "select {DELIVERY} from webhook_delivery join outbox_event on outbox_event.id = event_id
                 where webhook_id = ?1 and webhook_delivery.id < ?2 order by webhook_delivery.id desc limit ?3"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            db.query(
                &query,
                params![id.as_str(), before.unwrap_or(i64::MAX), limit],
                read_delivery,
            )
        })
    }

    fn delivery(&self, id: &Id, delivery: i64) -> Result<Option<(Delivery, String)>, CatalogError> {
        self.read("read a delivery", |db| delivery_of(db, id, delivery))
    }

    fn redeliver(
        &self,
        id: &Id,
        delivery: i64,
        event: &AuditEvent,
    ) -> Result<Option<Delivery>, CatalogError> {
        self.write_by("send again", Some(&event.actor), event.at, |db| {
            // One that is being sent just now is left to who sends it, and tried again afterwards unless it arrives.
            let again = db.execute(
                "update webhook_delivery set due_at = ?3, give_up_at = ?4, asked_for = 1, finished_at = null, delivered = 0
                 where webhook_id = ?1 and id = ?2",
                params![id.as_str(), delivery, event.at, event.at + DELIVERY_SECONDS],
            )?;
            if again > 0 {
                audit::record(db, event)?;
            }
            Ok(delivery_of(db, id, delivery)?.map(|(delivery, _)| delivery))
        })
    }
}

/// Changes a receiver.
fn update(db: &Db<'_>, webhook: &Webhook, change: &WebhookChange) -> Sql<()> {
    let id = webhook.id.as_str();
    db.execute(
        "update webhook set name = ?2, url = ?3, events = ?4, suites = ?5 where id = ?1",
        params![
            id,
            change.name.as_ref().unwrap_or(&webhook.name),
            change.url.as_ref().unwrap_or(&webhook.url),
            events_text(change.events.as_ref().unwrap_or(&webhook.events)),
            suites_text(change.suites.as_ref().unwrap_or(&webhook.suites))
        ],
    )?;
    match &change.paused {
        None => {}
        Some(Some(pause)) => {
            db.execute(
                "update webhook set paused_at = ?2, paused_reason = ?3, paused_by = ?4 where id = ?1",
                params![id, pause.at, pause.reason, pause.by.as_deref()],
            )?;
        }
        Some(None) => {
            db.execute(
                "update webhook set paused_at = null, paused_reason = null, paused_by = null, failing_since = null
                 where id = ?1",
                params![id],
            )?;
        }
    }
    Ok(())
}

fn by_id(db: &Db<'_>, id: &Id) -> Sql<Option<Webhook>> {
    let query = format!("select {COLUMNS} from webhook where id = ?1");
    db.query_optional(&query, params![id.as_str()], read)
}

/// Returns a delivery to a receiver, and the bytes that are sent.
fn delivery_of(db: &Db<'_>, id: &Id, delivery: i64) -> Sql<Option<(Delivery, String)>> {
    let query = format!(
        "select {DELIVERY} from webhook_delivery join outbox_event on outbox_event.id = event_id
         where webhook_id = ?1 and webhook_delivery.id = ?2"
    );
    db.query_optional(&query, params![id.as_str(), delivery], |row| {
        Ok((read_delivery(row)?, row.get(11)?))
    })
}
