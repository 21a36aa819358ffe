//! Search: words in names, summaries and descriptions, and names that nearly fit.

use std::collections::{BTreeSet, HashSet};

use super::filter::Condition;
use crate::sql::{ColumnType, Db, Dialect, Given, Param, Sql, given_row, params};

/// How many words of a query count.
const MAX_WORDS: usize = 16;
/// With so few hits, names that nearly fit are looked for.
const FEW: usize = 5;
/// How many letters a name may differ in.
const MAX_DISTANCE: usize = 2;

/// Returns the contents that `text` fits, best first, from the `skip`th on, at most `limit`.
pub(crate) fn ids(
    db: &Db<'_>,
    condition: &Condition,
    text: &str,
    (skip, limit): (usize, usize),
) -> Sql<Vec<i64>> {
    // PostgreSQL takes no text with a NUL in it, and no name has one.
    let text = &text.replace('\0', " ");
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let Hits { mut found, is_name } = matching(db, condition, &words, text, skip.saturating_add(limit))?;
    // Who writes a name that there is has not misspelt another.
    if found.len() < FEW && !is_name {
        for id in nearly(db, condition, text)? {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found.into_iter().skip(skip).take(limit).collect())
}

/// What fits a query.
struct Hits {
    /// Contents, best first.
    found: Vec<i64>,
    /// Whether the query is the whole name of one.
    is_name: bool,
}

/// Returns the first contents that have all words, or words that begin so: the name itself, names that begin so, names
/// that have the words, then summaries, then descriptions.
///
/// Each kind is read only as far as the page goes: ranking all that a usual word hits would cost as much as the archive
/// is large.
fn matching(db: &Db<'_>, condition: &Condition, words: &[&str], text: &str, limit: usize) -> Sql<Hits> {
    let name = text.to_lowercase();
    let mut page = Page {
        db,
        condition,
        limit,
        found: Vec::new(),
        known: HashSet::new(),
    };
    page.named("content.name in (?, ?)", &[text, &name])?;
    let is_name = !page.found.is_empty();
    // Who writes a whole name has finished its words. Each word that may go on is looked up with all that begin so, which for a
    // usual one is a good part of the archive.
    let ending = if is_name { Ending::Whole } else { Ending::Open };
    // Names are ASCII, and in lower case but for few: none comes after this one.
    page.named(
        "content.name > ? and content.name < ?",
        &[&name, &format!("{name}\u{10ffff}")],
    )?;
    for field in [
        SearchedField::Name,
        SearchedField::Summary,
        SearchedField::Description,
    ] {
        page.worded(field, (words, ending))?;
    }
    Ok(Hits {
        found: page.found,
        is_name,
    })
}

/// Whether the words of a query may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Whole,
}

/// How far into the description of a package its words are looked for.
#[derive(Debug, Clone, Copy)]
enum SearchedField {
    /// Its name.
    Name,
    /// Its name and its summary.
    Summary,
    /// Its name and its whole description.
    Description,
}

impl SearchedField {
    /// Returns the column that holds these words on PostgreSQL.
    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_words",
            Self::Summary => "summary_words",
            Self::Description => "description_words",
        }
    }

    /// Returns the expression that asks for all of `words`, or where they are open for words that begin so.
    ///
    /// Words are letters and digits only; quoted, they are never operators.
    fn expression(self, dialect: Dialect, (words, ending): (&[&str], Ending)) -> String {
        match dialect {
            Dialect::Sqlite => {
                let columns = match self {
                    Self::Name => "{name} : ",
                    Self::Summary => "{name summary} : ",
                    Self::Description => "",
                };
                let open = if ending == Ending::Open { "*" } else { "" };
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"{open}")).collect();
                format!("{columns}({})", words.join(" "))
            }
            Dialect::Postgres => {
                let open = if ending == Ending::Open { ":*" } else { "" };
                let words: Vec<String> = words
                    .iter()
                    .map(|word| format!("'{}'{open}", bounded(&word.to_lowercase())))
                    .collect();
                words.join(" & ")
            }
        }
    }
}

/// The longest word that is kept, in bytes: PostgreSQL takes none beyond 2,046.
const MAX_WORD: usize = 255;
/// How many bytes of words of one package are kept: PostgreSQL takes a megabyte with what it adds.
const MAX_WORDS_BYTES: usize = 256 * 1024;

/// What search knows of a package.
pub(crate) struct Searched<'a> {
    pub(crate) id: i64,
    pub(crate) name: &'a str,
    pub(crate) summary: Option<&'a str>,
    pub(crate) description: Option<String>,
}

const SEARCHED: &[(&str, ColumnType)] = &[
    ("id", ColumnType::Integer),
    ("name", ColumnType::Text),
    ("summary", ColumnType::Text),
    ("description", ColumnType::Text),
];

/// Adds packages.
pub(crate) fn add(db: &Db<'_>, packages: &[Searched<'_>]) -> Sql<()> {
    match db.dialect() {
        Dialect::Sqlite => {
            let given = packages.iter().map(|package| {
                let description = package.description.as_deref();
                given_row![package.id, package.name, package.summary, description]
            });
            db.execute_given(
                &Given::new(SEARCHED, given),
                "insert into search (rowid, name, summary, description) select id, name, summary, description from given",
            )
        }
        Dialect::Postgres => {
            let given = packages.iter().map(|package| {
                let (name, summary) = (Some(package.name), package.summary);
                given_row![
                    package.id,
                    lexemes(&[name]),
                    lexemes(&[name, summary]),
                    lexemes(&[name, summary, package.description.as_deref()])
                ]
            });
            db.execute_given(
                &Given::new(SEARCHED, given),
                "insert into search (content_id, name_words, summary_words, description_words)
                 select id, array_to_tsvector(string_to_array(name, ' ')), array_to_tsvector(string_to_array(summary, ' ')),
                        array_to_tsvector(string_to_array(description, ' ')) from given",
            )
        }
    }
}

/// Returns the words of texts in lower case, each once, separated by a space.
///
/// Words are split as those of a query are: PostgreSQL's own parser has rules for hyphens, paths and hosts.
fn lexemes(texts: &[Option<&str>]) -> String {
    let mut words = BTreeSet::new();
    let mut bytes = 0;
    for word in texts
        .iter()
        .flatten()
        .flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()))
    {
        let word = word.to_lowercase();
        let word = bounded(&word);
        if bytes + word.len() > MAX_WORDS_BYTES {
            break;
        }
        if !word.is_empty() && words.insert(word.to_owned()) {
            bytes += word.len();
        }
    }
    words.into_iter().collect::<Vec<_>>().join(" ")
}

fn bounded(word: &str) -> &str {
    word.get(..word.floor_char_boundary(MAX_WORD)).unwrap_or(word)
}

/// The first hits, each once.
struct Page<'a> {
    db: &'a Db<'a>,
    condition: &'a Condition,
    limit: usize,
    found: Vec<i64>,
    known: HashSet<i64>,
}

impl Page<'_> {
    /// Adds contents by their names, in the order of those.
    fn named(&mut self, names: &str, values: &[&str]) -> Sql<()> {
        self.take(&named(self.condition, names), values)
    }

    /// Adds contents that have words which begin so in a field, the oldest first.
    fn worded(&mut self, field: SearchedField, words: (&[&str], Ending)) -> Sql<()> {
        let statement = match self.db.dialect() {
            Dialect::Sqlite => format!(
                "select content.id from search cross join content on content.id = search.rowid
                 left join detail on detail.content_id = content.id
                 where search match ? and {}",
                self.condition.sql
            ),
            Dialect::Postgres => format!(
                "select content.id from search join content on content.id = search.content_id
                 left join detail on detail.content_id = content.id
                 where search.{} @@ cast(cast(? as text) as tsquery) and {} order by content.id",
                field.column(),
                self.condition.sql
            ),
        };
        self.take(&statement, &[&field.expression(self.db.dialect(), words)])
    }

    fn take(&mut self, statement: &str, values: &[&str]) -> Sql<()> {
        let values = values
            .iter()
            .map(|value| Param::from((*value).to_owned()))
            .chain(self.condition.values.iter().cloned());
        if self.found.len() >= self.limit {
            return Ok(());
        }
        let values: Vec<Param<'_>> = values.collect();
        // Those that are known already may come again.
        let statement = format!(
            "{statement} limit {}",
            self.limit.saturating_add(self.found.len())
        );
        let (known, found, limit) = (&mut self.known, &mut self.found, self.limit);
        self.db.for_each(&statement, &values, |row| {
            let id = row.get(0)?;
            if known.insert(id) {
                found.push(id);
            }
            Ok(found.len() < limit)
        })
    }
}

/// Returns the statement for contents by a condition on their names.
fn named(condition: &Condition, names: &str) -> String {
    format!(
        "select content.id from content left join detail on detail.content_id = content.id
         where {names} and {} order by content.name, content.id",
        condition.sql
    )
}

/// Returns the contents whose names differ from `text` in a few letters, the nearest first.
fn nearly(db: &Db<'_>, condition: &Condition, text: &str) -> Sql<Vec<i64>> {
    // Names first, from their index alone: whether a package may be seen is asked of the few that are near.
    let mut found = Vec::new();
    let statement = format!(
        "select content.id from content left join detail on detail.content_id = content.id
         where content.name = ? and {} order by content.id",
        condition.sql
    );
    for name in near_names(db, text)? {
        let values = std::iter::once(Param::from(name)).chain(condition.values.iter().cloned());
        let values: Vec<Param<'_>> = values.collect();
        found.extend(db.query(&statement, &values, |row| row.get::<i64>(0))?);
    }
    Ok(found)
}

/// Returns the names that differ from `text` in a few letters, the nearest first.
fn near_names(db: &Db<'_>, text: &str) -> Sql<Vec<String>> {
    let wanted: Vec<char> = text.to_lowercase().chars().collect();
    let lengths = (
        wanted.len().saturating_sub(MAX_DISTANCE),
        wanted.len().saturating_add(MAX_DISTANCE),
    );
    // The index has all that is asked for; SQLite would read the table.
    let index = match db.dialect() {
        Dialect::Sqlite => "indexed by content_name",
        Dialect::Postgres => "",
    };
    let statement = format!("select distinct name from content {index} where length(name) between ?1 and ?2");
    let mut near: Vec<(usize, String)> = Vec::new();
    db.for_each(&statement, params![lengths.0, lengths.1], |row| {
        let name = row.get(0)?;
        let distance = distance(&wanted, name);
        // One letter in two is no misprint.
        if distance <= MAX_DISTANCE && distance * 2 < wanted.len() {
            near.push((distance, String::from(name)));
        }
        Ok(true)
    })?;
    near.sort();
    Ok(near.into_iter().map(|(_, name)| name).collect())
}

/// Returns how many letters have to be put in, taken out or changed (Levenshtein); of more than [`MAX_DISTANCE`], only that it is more.
fn distance(one: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=one.len()).collect();
    for (at, letter) in other.chars().enumerate() {
        let mut corner = at;
        let mut left = at + 1;
        let mut least = left;
        for (index, cell) in row.iter_mut().enumerate() {
            let above = *cell;
            *cell = match index.checked_sub(1).and_then(|before| one.get(before)) {
                None => at + 1,
                Some(wanted) => (corner + usize::from(*wanted != letter))
                    .min(above + 1)
                    .min(left + 1),
            };
            left = *cell;
            corner = above;
            least = least.min(left);
        }
        // No later row has less.
        if least > MAX_DISTANCE {
            return least;
        }
    }
    *row.last()
        .expect("a row has one distance more than the word has letters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog as _;
    use crate::DatabaseUrl;
    use crate::listing::PackageQuery;
    use crate::sql_catalog::SqlCatalog;
    use crate::statements::filter::Reach;
    use crate::testing::TestServer;
    use crate::tests::{placement, with_suites};

    /// Returns how a database carries out a statement.
    fn explained(catalog: &SqlCatalog, statement: &str, values: &[Param<'_>]) -> String {
        let explain = |db: &Db<'_>| match db.dialect() {
            Dialect::Sqlite => db.query(&format!("explain query plan {statement}"), values, |row| {
                row.get::<String>(3)
            }),
            Dialect::Postgres => db.query(&format!("explain {statement}"), values, |row| {
                row.get::<String>(0)
            }),
        };
        catalog.read("explain", explain).unwrap().join("\n")
    }

    #[test]
    fn names_are_looked_up_one_by_one_however_many_packages_are_placed() {
        let folder = tempfile::tempdir().unwrap();
        for url in [
            DatabaseUrl::Sqlite(folder.path().join("catalog.db")),
            TestServer::shared().database(),
        ] {
            let catalog = with_suites(&url);
            let packages: Vec<_> = (0..2000)
                .map(|number| vec![placement(&format!("package-{number}"), "1.0", "misc")])
                .collect();
            catalog.place(&packages, 0).unwrap();
            catalog.write("count", |db| db.batch("analyze")).unwrap();
            let query = PackageQuery {
                suites: vec!["stable".parse().unwrap()],
                ..PackageQuery::default()
            };
            let dialect = catalog.read("ask", |db| Ok(db.dialect())).unwrap();
            let condition = Condition::of(dialect, &query, Reach::Few);
            for (names, values) in [
                ("content.name in (?, ?)", ["package-7", "package-8"]),
                (
                    "content.name > ? and content.name < ?",
                    ["package-7", "package-8"],
                ),
            ] {
                let values = values.map(|value| Param::from(value.to_owned())).into_iter();
                let values: Vec<Param<'_>> = values.chain(condition.values.iter().cloned()).collect();
                let plan = explained(
                    &catalog,
                    &format!("{} limit 51", named(&condition, names)),
                    &values,
                );
                assert!(plan.contains("content_name"), "{plan}");
                for whole in [
                    "Seq Scan on placement",
                    "Seq Scan on content",
                    "SCAN placement",
                    "SCAN content",
                ] {
                    assert!(!plan.contains(whole), "{plan}");
                }
            }
        }
    }

    #[test]
    fn distances_count_letters() {
        for (one, other, expected) in [
            ("nginx", "nginx", 0),
            ("ngnix", "nginx", 2),
            ("ngin", "nginx", 1),
            ("kitten", "sitting", 3),
            ("", "ab", 2),
            ("nginx", "apache", MAX_DISTANCE + 1),
        ] {
            let letters: Vec<char> = one.chars().collect();
            let found = distance(&letters, other).min(MAX_DISTANCE + 1);
            assert_eq!(found, expected, "{one} {other}");
        }
    }
}
