//! Recording what happened, for those who asked to be told: in the transaction in which it happened, so that neither is there without
//! the other.

use debian_control::name::{Component, SuiteName};
use debian_control::release::format_iso;
use serde_json::{Value, json};

use super::{rows, webhook_columns};
use crate::accounts::{Id, Suites};
use crate::audit::Actor;
use crate::sql::{Db, Sql, params};
use crate::webhooks::{DELIVERY_SECONDS, EventKind};
use crate::{Content, Publication};

/// Those who are told of events, as they are in this transaction.
pub(crate) struct Receivers(Vec<(Id, Vec<EventKind>, Suites)>);

/// What came into a suite or left it.
pub(crate) struct Moved<'a> {
    pub(crate) kind: EventKind,
    pub(crate) suite: &'a SuiteName,
    pub(crate) component: &'a Component,
    pub(crate) content: &'a Content,
    pub(crate) revision: i64,
    /// What brought or took it.
    pub(crate) cause: &'static str,
    /// Why it was yanked.
    pub(crate) reason: Option<&'a str>,
    pub(crate) by: Option<&'a Actor>,
}

impl Receivers {
    /// Returns those that are not paused: what happens meanwhile is not kept for others.
    pub(crate) fn read(db: &Db<'_>) -> Sql<Self> {
        db.query(
            "select id, events, suites from webhook where paused_at is null order by id",
            &[],
            |row| {
                let events = webhook_columns::events(row, 1)?;
                Ok((rows::text(row, 0)?, events, webhook_columns::suites(row, 2)?))
            },
        )
        .map(Self)
    }

    /// Says whether nobody is told of anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Records that a package came into a suite or left it.
    pub(crate) fn report_move(&self, db: &Db<'_>, moved: &Moved<'_>, now: i64) -> Sql<()> {
        if self.is_empty() {
            return Ok(());
        }
        let content = moved.content;
        let mut data = json!({
            "suite": moved.suite.as_str(),
            "component": moved.component.as_str(),
            "name": content.name.as_str(),
            "version": content.version.as_str(),
            "architecture": content.architecture.as_str(),
            "source": content.source.as_str(),
            "sha256": content.sha256.to_string(),
            "size": content.size,
            "revision": moved.revision,
            "cause": moved.cause,
            "by": moved.by.and_then(|by| by.name.as_deref()),
        });
        if let (Some(reason), Some(fields)) = (moved.reason, data.as_object_mut()) {
            fields.insert("reason".to_owned(), reason.into());
        }
        self.report(db, moved.kind, Some(moved.suite), &data, now)
            .map(drop)
    }

    /// Records that a suite was published.
    pub(crate) fn report_publication(
        &self,
        db: &Db<'_>,
        suite: &SuiteName,
        publication: &Publication,
        now: i64,
    ) -> Sql<()> {
        let data = json!({
            "suite": suite.as_str(),
            "revision": publication.revision,
            "packages": publication.packages,
            "date": format_iso(publication.date),
            "valid_until": publication.valid_until.map(format_iso),
            "inrelease_sha256": publication.inrelease.to_string(),
        });
        self.report(db, EventKind::SuitePublished, Some(suite), &data, now)
            .map(drop)
    }

    /// Records an event for those that want it, and returns for how many.
    pub(crate) fn report(
        &self,
        db: &Db<'_>,
        kind: EventKind,
        suite: Option<&SuiteName>,
        data: &Value,
        now: i64,
    ) -> Sql<usize> {
        let wants = |(_, events, suites): &&(Id, Vec<EventKind>, Suites)| {
            events.contains(&kind) && suite.is_none_or(|suite| suites.include(suite))
        };
        let told: Vec<&Id> = self.0.iter().filter(wants).map(|(id, _, _)| id).collect();
        if told.is_empty() {
            return Ok(0);
        }
        let event = record(db, kind, data, now)?;
        for webhook in &told {
            db.execute(
                "insert into webhook_delivery (webhook_id, event_id, due_at, give_up_at) values (?1, ?2, ?3, ?4)",
                params![webhook.as_str(), event, now, now + DELIVERY_SECONDS],
            )?;
        }
        Ok(told.len())
    }
}

/// Records an event and returns its key. Its text is the one of all its deliveries, so that all that is sent under its ID is the same.
pub(crate) fn record(db: &Db<'_>, kind: EventKind, data: &Value, now: i64) -> Sql<i64> {
    let message = format!("msg_{}", db.random()?);
    let body = json!({ "id": message, "type": kind.as_str(), "timestamp": format_iso(now), "data": data });
    db.insert(
        "insert into outbox_event (message_id, kind, at, body) values (?1, ?2, ?3, ?4)",
        params![message, kind.as_str(), now, body.to_string()],
    )
}
