//! Taking packages out of suites.

use std::collections::BTreeMap;

use super::events::{Moved, Receivers};
use super::{audit, describe, rows, select};
use crate::audit::Actor;
use crate::sql::{Db, Sql, params};
use crate::webhooks::EventKind;
use crate::{Entry, Selection};

/// Ends the live placements that `selections` mean, each of them something else, under one new revision a suite; where they are `yanked`, says why.
pub(crate) fn remove(
    db: &Db<'_>,
    selections: &[Selection],
    yanked: Option<&str>,
    (by, now): (Option<&Actor>, i64),
) -> Sql<Vec<Entry>> {
    let mut meant = Vec::new();
    for selection in selections {
        meant.extend(select::live(db, selection)?);
    }
    let mut revisions = BTreeMap::new();
    let receivers = Receivers::read(db)?;
    for placement in &meant {
        let suite = rows::suite_id(db, &placement.suite)?;
        let revision = match revisions.get(&suite) {
            Some(revision) => *revision,
            None => rows::raise_revision(db, suite)?,
        };
        revisions.insert(suite, revision);
        db.execute(
            "update placement set removed_revision = ?1, removed_at = ?2, yanked = ?4 where id = ?3",
            params![revision, now, placement.id, yanked],
        )?;
        if let Some(id) = rows::content_id(db, &placement.content.sha256)? {
            describe::touch(db, id, suite, now)?;
        }
        let moved = Moved {
            kind: EventKind::PackageRemoved,
            suite: &placement.suite,
            component: &placement.component,
            content: &placement.content,
            revision,
            cause: if yanked.is_some() { "yanked" } else { "removed" },
            reason: yanked,
            by,
        };
        receivers.report_move(db, &moved, now)?;
        if let Some(by) = by {
            let suite = placement.suite.as_str();
            let (action, place) = match yanked {
                Some(reason) => (
                    "package.yank",
                    serde_json::json!({ "suite": suite, "reason": reason }),
                ),
                None => ("package.remove", serde_json::json!({ "suite": suite })),
            };
            audit::record(
                db,
                &audit::package_event(action, by, &placement.content, place, now),
            )?;
        }
    }
    Ok(select::entries(meant))
}
