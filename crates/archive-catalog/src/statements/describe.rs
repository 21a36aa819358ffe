//! What suites say of a package besides its .deb.

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::{audit, publications, rows};
use crate::NewDescription;
use crate::audit::{Actor, AuditEvent};
use crate::listing::{Description, Tag};
use crate::sql::{Db, Sql, params};

/// Changes section, priority and tags of a content in some suites.
pub(crate) fn describe(db: &Db<'_>, new: &NewDescription, by: &Actor, now: i64) -> Sql<()> {
    let NewDescription {
        content,
        suites,
        description,
    } = new;
    let Some(id) = rows::content_id(db, content)? else {
        return Ok(());
    };
    for suite in suites {
        let suite = rows::suite_id(db, suite)?;
        if description.section.is_some() || description.priority.is_some() {
            replace(db, id, suite, description, now)?;
        }
        if let Some(tags) = &description.tags {
            set_tags(db, id, suite, tags)?;
        }
        touch(db, id, suite, now)?;
    }
    audit::record(
        db,
        &AuditEvent {
            at: now,
            actor: by.clone(),
            action: "package.describe",
            subject: content.to_string(),
            detail: serde_json::json!({
                "suites": suites.iter().map(SuiteName::as_str).collect::<Vec<_>>(),
                "section": description.section,
                "priority": description.priority,
                "tags": description.tags.as_ref().map(|tags| tags.iter().map(|tag| &tag.name).collect::<Vec<_>>()),
            })
            .to_string(),
        },
    )
}

/// Returns what a suite says of a content, or said when it last had it, up to a revision.
pub(crate) fn metadata(
    db: &Db<'_>,
    suite: &SuiteName,
    content: &Sha256,
    revision: Option<i64>,
) -> Sql<Description> {
    let Some(id) = rows::content_id(db, content)? else {
        return Ok(Description::default());
    };
    let suite = rows::suite_id(db, suite)?;
    // Found by the content: the rows that came into the suite up to a revision are nearly all that it has.
    let said = db.query_optional(
        "select section, priority from placement
             where content_id = ?1 and +suite_id = ?2 and +added_revision <= ?3 order by added_revision desc, id desc limit 1",
        params![id, suite, revision.unwrap_or(i64::MAX)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((section, priority)) = said else {
        return Ok(Description::default());
    };
    let tags: Vec<Tag> = db.query(
        "select name, color from tag where content_id = ?1 and suite_id = ?2 order by name",
        params![id, suite],
        |row| {
            Ok(Tag {
                name: row.get(0)?,
                color: row.get(1)?,
            })
        },
    )?;
    Ok(Description {
        section,
        priority,
        tags: (!tags.is_empty()).then_some(tags),
    })
}

/// Replaces the tags that a suite gives to a content.
pub(crate) fn set_tags(db: &Db<'_>, content: i64, suite: i64, tags: &[Tag]) -> Sql<()> {
    db.execute(
        "delete from tag where content_id = ?1 and suite_id = ?2",
        params![content, suite],
    )?;
    for tag in tags {
        db.execute(
            "insert into tag (content_id, suite_id, name, color) values (?1, ?2, ?3, ?4)",
            params![content, suite, tag.name, tag.color],
        )?;
    }
    Ok(())
}

/// Notes that what a suite says of a content changed.
pub(crate) fn touch(db: &Db<'_>, content: i64, suite: i64, now: i64) -> Sql<()> {
    db.execute(
        "insert into edit (content_id, suite_id, at) values (?1, ?2, ?3)
         on conflict (content_id, suite_id) do update set at = excluded.at",
        params![content, suite, now],
    )?;
    Ok(())
}

/// Ends the live placement of a content in a suite, and begins another that says something else.
fn replace(db: &Db<'_>, content: i64, suite: i64, description: &Description, now: i64) -> Sql<()> {
    let revision = rows::raise_revision(db, suite)?;
    let newest = publications::newest_revision(db, suite)?;
    let ended: Vec<i64> = db.query(
        "update placement set removed_revision = ?3, removed_at = ?4
             where content_id = ?1 and suite_id = ?2 and removed_revision is null returning id",
        params![content, suite, revision, now],
        |row| row.get(0),
    )?;
    for id in ended {
        db.execute("insert into placement (suite_id, component, content_id, cluster, name, architecture, version_key,
                                    added_revision, added_at, section, priority, author, placed_after)
             select suite_id, component, content_id, cluster, name, architecture, version_key,
                    cast(?2 as bigint), added_at, coalesce(?3, section), coalesce(?4, priority), author,
                    cast(?5 as bigint)
             from placement where id = ?1", params![id, revision, description.section, description.priority, newest])?;
    }
    Ok(())
}
