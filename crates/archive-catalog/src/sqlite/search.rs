//! Search: words in names, summaries and descriptions, and names that nearly fit.

use std::collections::HashSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::listing::Condition;

type Sql<T> = Result<T, rusqlite::Error>;

/// How many words of a query count.
const MAX_WORDS: usize = 16;
/// With so few hits, names that nearly fit are looked for.
const FEW: usize = 5;
/// How many letters a name may differ in.
const MAX_DISTANCE: usize = 2;

/// Returns the contents that `text` fits, best first, from the `skip`th on, at most `limit`.
pub(super) fn ids(
    db: &Connection,
    condition: &Condition,
    text: &str,
    (skip, limit): (usize, usize),
) -> Sql<Vec<i64>> {
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
fn matching(db: &Connection, condition: &Condition, words: &[&str], text: &str, limit: usize) -> Sql<Hits> {
    // Quoted, a word is a word to FTS5 and never an operator.
    let query: Vec<String> = words.iter().map(|word| format!("\"{word}\"*")).collect();
    let query = query.join(" ");
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
    // Names are ASCII, and in lower case but for few: none comes after this one.
    page.named(
        "content.name > ? and content.name < ?",
        &[&name, &format!("{name}\u{10ffff}")],
    )?;
    for columns in ["{name} : ", "{name summary} : ", ""] {
        page.worded(&format!("{columns}({query})"))?;
    }
    Ok(Hits {
        found: page.found,
        is_name,
    })
}

/// The first hits, each once.
struct Page<'a> {
    db: &'a Connection,
    condition: &'a Condition,
    limit: usize,
    found: Vec<i64>,
    known: HashSet<i64>,
}

impl Page<'_> {
    /// Adds contents by their names, in the order of those.
    fn named(&mut self, names: &str, values: &[&str]) -> Sql<()> {
        let statement = format!(
            "select content.id from content left join detail on detail.content_id = content.id
             where {names} and {} order by content.name, content.id",
            self.condition.sql
        );
        self.take(&statement, values)
    }

    /// Adds contents that an expression of FTS5 fits, the oldest first.
    fn worded(&mut self, expression: &str) -> Sql<()> {
        let statement = format!(
            "select content.id from search cross join content on content.id = search.rowid
             left join detail on detail.content_id = content.id
             where search match ? and {}",
            self.condition.sql
        );
        self.take(&statement, &[expression])
    }

    fn take(&mut self, statement: &str, values: &[&str]) -> Sql<()> {
        let values = values
            .iter()
            .map(|value| Value::from((*value).to_owned()))
            .chain(self.condition.values.iter().cloned());
        let mut query = self.db.prepare_cached(statement)?;
        let mut rows = query.query(params_from_iter(values))?;
        while self.found.len() < self.limit
            && let Some(row) = rows.next()?
        {
            let id = row.get(0)?;
            if self.known.insert(id) {
                self.found.push(id);
            }
        }
        Ok(())
    }
}

/// Returns the contents whose names differ from `text` in a few letters, the nearest first.
fn nearly(db: &Connection, condition: &Condition, text: &str) -> Sql<Vec<i64>> {
    // Names first, from their index alone: whether a package may be seen is asked of the few that are near.
    let mut found = Vec::new();
    let statement = format!(
        "select content.id from content left join detail on detail.content_id = content.id
         where content.name = ? and {} order by content.id",
        condition.sql
    );
    for name in near_names(db, text)? {
        let values = std::iter::once(Value::from(name)).chain(condition.values.iter().cloned());
        let mut query = db.prepare_cached(&statement)?;
        let ids = query.query_map(params_from_iter(values), |row| row.get(0))?;
        found.extend(ids.collect::<Sql<Vec<i64>>>()?);
    }
    Ok(found)
}

/// Returns the names that differ from `text` in a few letters, the nearest first.
fn near_names(db: &Connection, text: &str) -> Sql<Vec<String>> {
    let wanted: Vec<char> = text.to_lowercase().chars().collect();
    let length = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let most = i64::try_from(MAX_DISTANCE).unwrap_or_default();
    let mut query = db.prepare_cached(
        "select distinct name from content indexed by content_name where length(name) between ?1 and ?2",
    )?;
    let mut rows = query.query([length.saturating_sub(most), length.saturating_add(most)])?;
    let mut near: Vec<(usize, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str()?;
        let distance = distance(&wanted, name);
        // One letter in two is no misprint.
        if distance <= MAX_DISTANCE && distance * 2 < wanted.len() {
            near.push((distance, name.to_owned()));
        }
    }
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
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
