//! Contents with what suites say of them: one statement for all that a page shows.

use std::collections::BTreeMap;

use archive_storage::pool;
use debian_control::name::{Component, SuiteName};

use super::rows;
use crate::listing::{Extras, ListedPackage, Tag};
use crate::sql::{ColumnType, Db, Given, Row, Sql, given_row, params};
use crate::{Content, Entry};

/// What the catalog has of one content.
pub(crate) struct KnownContent {
    pub(crate) id: i64,
    content: Content,
    /// How often it was fetched, by tree of the pool.
    downloads: BTreeMap<String, u64>,
    /// What each suite says of it that has it, had it or says something of it.
    suites: BTreeMap<SuiteName, Said>,
}

/// What one suite says of a content.
#[derive(Default)]
struct Said {
    /// When it first came in, as far as is known.
    first_added_at: Option<i64>,
    edited_at: Option<i64>,
    /// What it says now; `None`: the content stands there no longer.
    live: Option<Live>,
    tags: Vec<Tag>,
}

struct Live {
    component: Component,
    /// Tree of the pool and path of its file.
    file: Option<(String, String)>,
    section: Option<String>,
    priority: Option<String>,
    author: Option<String>,
}

/// Returns these contents, in no order.
pub(crate) fn by_ids(db: &Db<'_>, ids: &[i64]) -> Sql<Vec<KnownContent>> {
    let given = ids.iter().map(|id| given_row![*id]);
    let given = Given::new(&[("id", ColumnType::Integer)], given);
    of_given(db, &given, "content.id = given.id")
}

/// Returns the contents with these digests, in no order.
pub(crate) fn by_digests<'d>(
    db: &Db<'_>,
    digests: impl Iterator<Item = &'d [u8; 32]>,
) -> Sql<Vec<KnownContent>> {
    let given = digests.map(|digest| given_row![digest]);
    let given = Given::new(&[("sha256", ColumnType::Blob)], given);
    of_given(db, &given, "content.sha256 = given.sha256")
}

/// Returns the content whose digest begins with these bytes, of several the first.
///
/// It is looked up by its key first: PostgreSQL takes a ninth of a table for what lies between two values that it does not know, and
/// so would neither keep a plan of this nor read few rows by it.
pub(crate) fn by_digest(db: &Db<'_>, digest: &[u8]) -> Sql<Option<KnownContent>> {
    let mut last = digest.to_vec();
    last.resize(32, 0xff);
    let condition = "where content.id = (select first.id from content first where first.sha256 >= ?1 and first.sha256 <= ?2
                      order by first.sha256 limit 1)";
    let rows = db.query(
        &text("content", condition),
        params![digest, last.as_slice()],
        read,
    )?;
    Ok(gathered(rows).pop())
}

fn of_given(db: &Db<'_>, given: &Given<'_>, condition: &str) -> Sql<Vec<KnownContent>> {
    let text = text(&format!("given join content on {condition}"), "");
    Ok(gathered(db.query_given(given, &text, read)?))
}

/// The kinds of rows, by what they are of.
const PLACEMENT: i64 = 0;
const EDIT: i64 = 1;
const TAG: i64 = 2;
const DOWNLOADS: i64 = 3;

/// Writes the query for all that is said of the contents of `source` that meet `condition`.
fn text(source: &str, condition: &str) -> String {
    let nothing = "null, null, null, null, null, null, null, null";
    format!(
        "select {}, content.id, {PLACEMENT}, suite.codename, placement.component, placement.section, placement.priority,
                placement.author, pool_file.tree, pool_file.path, placement.added_at, placement.removed_revision
         from {source}
         left join placement on placement.content_id = content.id
         left join suite on suite.id = placement.suite_id
         left join pool_file on pool_file.content_id = content.id
              and pool_file.tree = (select case when exists
                  (select 1 from pool_file own where own.content_id = content.id and own.tree = suite.codename)
                  then suite.codename else '' end)
         {condition}
         union all
         select {nothing}, content.id, {EDIT}, suite.codename, null, null, null, null, null, null, edit.at, null
         from {source}
         join edit on edit.content_id = content.id join suite on suite.id = edit.suite_id
         {condition}
         union all
         select {nothing}, content.id, {TAG}, suite.codename, tag.name, tag.color, null, null, null, null, null, null
         from {source}
         join tag on tag.content_id = content.id join suite on suite.id = tag.suite_id
         {condition}
         union all
         select {nothing}, content.id, {DOWNLOADS}, download.tree, null, null, null, null, null, null, download.count, null
         from {source} join download on download.content_id = content.id
         {condition}",
        rows::CONTENT
    )
}

fn gathered(rows: Vec<ReadRow>) -> Vec<KnownContent> {
    let mut found: BTreeMap<i64, KnownContent> = BTreeMap::new();
    for (id, content, said) in rows {
        if let Some(content) = content {
            found.entry(id).or_insert_with(|| KnownContent {
                id,
                content,
                downloads: BTreeMap::new(),
                suites: BTreeMap::new(),
            });
        }
        // Rows of placements come first, and each content has one.
        match (found.get_mut(&id), said) {
            (Some(known), Some(RowSays::OfSuite(suite, said))) => {
                known.suites.entry(suite).or_default().add(said);
            }
            (Some(known), Some(RowSays::Fetched(tree, count))) => {
                known.downloads.insert(tree, count);
            }
            _ => {}
        }
    }
    found.into_values().collect()
}

/// The key of a content; in the row of a placement, the content; what its row says.
type ReadRow = (i64, Option<Content>, Option<RowSays>);

/// What one row says.
enum RowSays {
    OfSuite(SuiteName, Saying),
    /// How often it was fetched from a tree of the pool.
    Fetched(String, u64),
}

/// What one row says for a suite.
enum Saying {
    Placed { added_at: i64, live: Option<Live> },
    Edited(i64),
    Tagged(Tag),
}

fn read(row: &Row<'_>) -> Sql<ReadRow> {
    let at = rows::CONTENT_WIDTH;
    let (id, kind) = (row.get(at)?, row.get::<i64>(at + 1)?);
    if kind == DOWNLOADS {
        let fetched = RowSays::Fetched(row.get(at + 2)?, row.get(at + 9)?);
        return Ok((id, None, Some(fetched)));
    }
    let content = (kind == PLACEMENT).then(|| rows::content(row)).transpose()?;
    let Some(suite) = rows::optional_text(row, at + 2)? else {
        return Ok((id, content, None));
    };
    let saying = match kind {
        PLACEMENT => Saying::Placed {
            added_at: row.get(at + 9)?,
            live: live(row, at)?,
        },
        EDIT => Saying::Edited(row.get(at + 9)?),
        _ => Saying::Tagged(Tag {
            name: row.get(at + 3)?,
            color: row.get(at + 4)?,
        }),
    };
    Ok((id, content, Some(RowSays::OfSuite(suite, saying))))
}

/// Reads what a placement says, where it has not ended.
fn live(row: &Row<'_>, at: usize) -> Sql<Option<Live>> {
    if row.get::<Option<i64>>(at + 10)?.is_some() {
        return Ok(None);
    }
    let tree: Option<String> = row.get(at + 7)?;
    let path: Option<String> = row.get(at + 8)?;
    Ok(Some(Live {
        component: rows::text(row, at + 3)?,
        file: tree.zip(path),
        section: row.get(at + 4)?,
        priority: row.get(at + 5)?,
        author: row.get(at + 6)?,
    }))
}

impl Said {
    fn add(&mut self, saying: Saying) {
        match saying {
            Saying::Placed { added_at, live } => {
                self.first_added_at = self.first_added_at.into_iter().chain([added_at]).min();
                self.live = self.live.take().or(live);
            }
            Saying::Edited(at) => self.edited_at = Some(at),
            Saying::Tagged(tag) => {
                let place = self.tags.partition_point(|before| before.name < tag.name);
                self.tags.insert(place, tag);
            }
        }
    }
}

impl KnownContent {
    pub(crate) fn sha256(&self) -> &[u8; 32] {
        self.content.sha256.as_bytes()
    }

    /// Returns it with what stands of it in `suites`, and where it stands in those of `also`; `None` when it stands in none of the
    /// former.
    pub(crate) fn listed(&self, suites: &[SuiteName], also: &[SuiteName]) -> Option<ListedPackage> {
        let mut filename = None;
        let mut places = Vec::new();
        for (suite, said) in &self.suites {
            let is_asked_for = suites.contains(suite);
            if !is_asked_for && !also.contains(suite) {
                continue;
            }
            let Some(live) = &said.live else { continue };
            let Some((tree, path)) = &live.file else { continue };
            // The public file where there is one.
            if is_asked_for && (filename.is_none() || tree.is_empty()) {
                filename = Some(pool::below_root(tree, path));
            }
            places.push((suite.clone(), live.component.clone()));
        }
        Some(ListedPackage {
            entry: Entry {
                content: self.content.clone(),
                filename: filename?,
                suites: places,
            },
            extras: self.extras(suites),
        })
    }

    /// Returns what these suites say of it; of several, the first by codename counts.
    pub(crate) fn extras(&self, suites: &[SuiteName]) -> Extras {
        // What was fetched of a private suite is in a tree of its name.
        let is_shown = |tree: &str| tree.is_empty() || suites.iter().any(|suite| suite.as_str() == tree);
        let shown = self.downloads.iter().filter(|(tree, _)| is_shown(tree));
        let mut found = Extras {
            downloads: shown.map(|(_, count)| count).sum(),
            ..Extras::default()
        };
        let mut created_at: Option<i64> = None;
        for (suite, said) in self.suites.iter().filter(|(suite, _)| suites.contains(suite)) {
            created_at = created_at.into_iter().chain(said.first_added_at).min();
            found.updated_at = found.updated_at.max(said.edited_at);
            let Some(live) = &said.live else { continue };
            found.section = found.section.or_else(|| live.section.clone());
            found.priority = found.priority.or_else(|| live.priority.clone());
            found
                .authors
                .extend(live.author.clone().map(|author| (suite.clone(), author)));
            if found.tags.is_empty() {
                found.tags.clone_from(&said.tags);
            }
        }
        found.created_at = created_at.unwrap_or_default();
        found
    }
}
