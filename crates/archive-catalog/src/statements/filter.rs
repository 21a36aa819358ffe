//! Which packages a reader asks for, as a condition in SQL.

use crate::listing::PackageQuery;
use crate::sql::{Dialect, Param};

/// A condition on `content` and `detail`, and the values in it.
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) values: Vec<Param<'static>>,
}

/// How many packages a condition is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The first that it holds for: each is looked up.
    Few,
    /// All.
    All,
}

/// Returns a text to compare with: PostgreSQL takes none with a NUL in it, and no column has one.
fn text(text: &str) -> Param<'static> {
    text.replace('\0', "\u{fffd}").into()
}

impl Condition {
    pub(crate) fn of(dialect: Dialect, query: &PackageQuery, reach: Reach) -> Self {
        let mut condition = Self::placed(dialect, query, reach);
        condition.and_equal(
            "content.name",
            query.name.as_ref().map(|name| name.as_str().to_owned().into()),
        );
        condition.and_equal(
            "content.version_key",
            query.version.as_ref().map(|version| version.sort_key().into()),
        );
        condition.and_equal(
            "content.architecture",
            query
                .architecture
                .as_ref()
                .map(|name| name.as_str().to_owned().into()),
        );
        if let Some(maintainer) = &query.maintainer {
            condition.and(
                match dialect {
                    Dialect::Sqlite => "instr(lower(detail.maintainer), ?) > 0",
                    Dialect::Postgres => "strpos(lower(detail.maintainer), ?) > 0",
                },
                [text(&maintainer.to_ascii_lowercase())],
            );
        }
        condition
    }

    /// Returns the condition that a content is placed now, where and as the query asks. What a placement says of its content has to
    /// hold of one placement, so all of it is inside one `exists`.
    fn placed(dialect: Dialect, query: &PackageQuery, reach: Reach) -> Self {
        let mut placed =
            String::from("placement.content_id = content.id and placement.removed_revision is null");
        let mut values: Vec<Param<'static>> = Vec::new();
        let marks = vec!["?"; query.suites.len()].join(", ");
        placed.push_str(&format!(
            " and placement.suite_id in (select id from suite where codename in ({marks}))"
        ));
        values.extend(
            query
                .suites
                .iter()
                .map(|suite| Param::from(suite.as_str().to_owned())),
        );
        if let Some(component) = &query.component {
            placed.push_str(" and placement.component = ?");
            values.push(component.as_str().to_owned().into());
        }
        if let Some(section) = &query.section {
            placed.push_str(" and coalesce(placement.section, detail.section) = ?");
            values.push(text(section));
        }
        if let Some(author) = &query.author {
            placed.push_str(" and placement.author = ?");
            values.push(text(author));
        }
        if let Some(tag) = &query.tag {
            placed.push_str(
                " and exists (select 1 from tag where tag.content_id = placement.content_id
                  and tag.suite_id = placement.suite_id and tag.name = ?)",
            );
            values.push(text(tag));
        }
        let sql = match (dialect, reach) {
            // Of what exists, PostgreSQL would make a join with all that is placed.
            (Dialect::Postgres, Reach::Few) => {
                format!("coalesce((select true from placement where {placed} limit 1), false)")
            }
            _ => format!("exists (select 1 from placement where {placed})"),
        };
        Self { sql, values }
    }

    pub(crate) fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Param<'static>>) {
        self.sql.push_str(" and ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn and_equal(&mut self, column: &str, value: Option<Param<'static>>) {
        if let Some(value) = value {
            self.and(&format!("{column} = ?"), [value]);
        }
    }
}
