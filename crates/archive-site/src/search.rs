//! Search in the browser: names and summaries by the beginnings of their words.
//!
//! A shard holds what has a word that begins with its name: `_search/py.json` all of `python3-numpy`, `pylint` and of whatever
//! has "pyramid" in its summary, or the best of it and a note that longer names say more. So the first key has its answer in one
//! small file, and each further key needs at most one more.

use std::collections::BTreeSet;

use memchr::memmem;
use serde::Serialize;

use crate::division::{Affected, Division, Entry, Part, group};
use crate::file::File;
use crate::paths::suite_folder;
use crate::row::{Row, Rows};

/// How many packages a shard holds.
const LIMIT: usize = 40;
/// The longest name of a shard.
const DEPTH: usize = 20;
/// Words that say nothing.
const STOP: [&str; 12] = [
    "an", "and", "are", "as", "by", "for", "from", "in", "of", "on", "the", "to",
];

/// Returns the words by which a package is found: its name, the parts of it, and the words of its summary.
pub(crate) fn keys(name: &str, summary: &str) -> BTreeSet<String> {
    let name = name.to_ascii_lowercase();
    let mut keys = BTreeSet::new();
    let words = words(&name).chain(words(summary));
    for word in words.map(str::to_ascii_lowercase) {
        if word.len() > 1 && !STOP.contains(&word.as_str()) && !name.starts_with(&word) {
            keys.insert(word);
        }
    }
    keys.insert(name);
    keys
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_alphanumeric())
}

#[derive(Serialize)]
struct Shard<'a> {
    /// Whether longer names hold more.
    more: bool,
    /// How many letters all of its words begin with: shards with shorter names say no more than this one.
    common: usize,
    /// Name and summary.
    packages: Vec<(&'a str, &'a str)>,
}

/// Visits the shards with words that begin as one of `touched` does, or all of them.
pub(crate) fn shards(codename: &str, rows: &Rows<'_>, affected: Affected<'_>, visit: &mut dyn FnMut(File)) {
    if matches!(affected, Affected::Under(touched) if touched.is_empty()) {
        return;
    }
    let entries = entries(rows, affected);
    let division = Division {
        limit: LIMIT,
        depth: DEPTH,
        affected,
    };
    let folder = format!("{}/_search", suite_folder(codename));
    // There is no shard of everything; were the root one, it would have parts.
    division.visit_parts("", usize::MAX, &group("", &entries), &mut |part| {
        visit(match part {
            Part::Present {
                prefix,
                entries,
                parts,
            } => {
                let more = parts.is_some() || entries.len() > LIMIT;
                let shard = Shard {
                    more,
                    common: common(prefix, entries),
                    packages: best(prefix, entries),
                };
                File::json(format!("{folder}/{prefix}.json"), &shard)
            }
            Part::Gone { prefix } => File::Gone(format!("{folder}/{prefix}.json")),
        });
    });
}

/// Returns the entries below the first letters of affected keys.
fn entries<'a>(rows: &'a Rows<'a>, affected: Affected<'_>) -> Vec<Entry<'a>> {
    let mut is_wanted = [false; 256];
    match affected {
        Affected::All => is_wanted.fill(true),
        Affected::Under(keys) => {
            for first in keys.keys().filter_map(|key| key.bytes().next()) {
                if let Some(wanted) = is_wanted.get_mut(usize::from(first)) {
                    *wanted = true;
                }
            }
        }
    }
    let first = |key: &str| {
        key.bytes()
            .next()
            .is_some_and(|first| is_wanted.get(usize::from(first)) == Some(&true))
    };
    let mut entries = Vec::new();
    for row in rows.all() {
        entries.extend(row.keys().filter(|key| first(key)).map(|key| Entry { key, row }));
    }
    entries
}

/// Returns how many letters all keys begin with; `prefix` are some of them.
fn common(prefix: &str, entries: &[Entry<'_>]) -> usize {
    let first = entries.first().map_or(prefix, |entry| entry.key).as_bytes();
    let shared = |key: &str| {
        first
            .iter()
            .zip(key.bytes())
            .take_while(|(one, other)| **one == *other)
            .count()
    };
    entries
        .iter()
        .map(|entry| shared(entry.key))
        .min()
        .unwrap_or(prefix.len())
}

/// Returns the packages that are shown first: named so, then short, then by name.
fn best<'a>(prefix: &str, entries: &[Entry<'a>]) -> Vec<(&'a str, &'a str)> {
    let rank = |entry: &Entry<'a>| {
        let name = entry.row.name();
        let head = name.as_bytes().get(..prefix.len());
        let is_named = head.is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()));
        let is_part = is_named || memmem::find(name.as_bytes(), prefix.as_bytes()).is_some();
        (!is_named, !is_part, name.len(), name)
    };
    let mut ranked: Vec<_> = entries.iter().map(|entry| (rank(entry), entry.row)).collect();
    // A package has few words that begin alike: among so many entries there are as many packages as fit.
    let enough = LIMIT * 4;
    if ranked.len() > enough {
        ranked.select_nth_unstable_by(enough, |left, right| left.0.cmp(&right.0));
        ranked.truncate(enough);
    }
    ranked.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    ranked.dedup_by(|later, earlier| later.0.3 == earlier.0.3);
    ranked.truncate(LIMIT);
    let shown = |(_, row): (_, &Row<'a>)| (row.name(), row.summary());
    ranked.into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::division::sum;

    fn lines(packages: &[(&str, &str)]) -> Vec<String> {
        let line = |(name, summary): &(&str, &str)| {
            let keys: Vec<String> = keys(name, summary).into_iter().collect();
            format!("{name}\t1\t5\t7\t\t{summary}\t\t\t {} ", keys.join(" "))
        };
        packages.iter().map(line).collect()
    }

    fn found(lines: &[String], affected: Affected<'_>) -> Vec<(String, serde_json::Value)> {
        let rows = Rows::new(lines.iter().map(|line| Row::parse(line).unwrap()).collect());
        let mut files = Vec::new();
        shards("s", &rows, affected, &mut |file| match file {
            File::Holds(path, bytes) => files.push((path, serde_json::from_slice(&bytes).unwrap())),
            File::Gone(path) => files.push((path, serde_json::Value::Null)),
        });
        files
    }

    #[test]
    fn a_package_is_found_by_its_name_its_parts_and_its_summary() {
        let all: Vec<String> = keys("python3-numpy", "Fast array facility for Python (3)")
            .into_iter()
            .collect();
        assert_eq!(all, ["array", "facility", "fast", "numpy", "python3-numpy"]);
        let plus: Vec<String> = keys("G++", "GNU C++ compiler").into_iter().collect();
        assert_eq!(plus, ["compiler", "g++", "gnu"]);
    }

    #[test]
    fn names_come_before_words_of_summaries() {
        let lines = lines(&[
            ("zed", "an editor of vim kind"),
            ("vim-nox", "editor"),
            ("vim", "editor"),
            ("gvim-x", "x"),
        ]);
        let shards = found(&lines, Affected::All);
        let (_, vi) = shards
            .iter()
            .find(|(path, _)| path == "browse/s/_search/v.json")
            .unwrap();
        assert_eq!(vi["more"], false);
        let names: Vec<&str> = vi["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[0].as_str().unwrap())
            .collect();
        assert_eq!(names, ["vim", "vim-nox", "zed"]);
    }

    #[test]
    fn too_many_are_divided_and_no_shard_is_large() {
        let packages: Vec<(String, String)> = (0..3000)
            .map(|at| {
                (
                    format!("python3-{at:04}"),
                    format!(
                        "a library for the thing number {at} of them, which is {}",
                        "long ".repeat(5)
                    ),
                )
            })
            .collect();
        let packages: Vec<(&str, &str)> = packages
            .iter()
            .map(|(name, summary)| (&**name, &**summary))
            .collect();
        let shards = found(&lines(&packages), Affected::All);
        let size = |value: &serde_json::Value| value.to_string().len();
        let largest = shards.iter().map(|(_, value)| size(value)).max().unwrap();
        assert!(largest < 6000, "{largest}");
        let get = |name: &str| {
            &shards
                .iter()
                .find(|(path, _)| *path == format!("browse/s/_search/{name}.json"))
                .unwrap()
                .1
        };
        assert_eq!(get("python3-")["more"], true);
        // Nothing else begins with a `p`: the letters between are skipped.
        assert_eq!(get("p")["common"], 8);
        assert_eq!(get("python3-004")["more"], false);
        assert_eq!(get("python3-004")["packages"].as_array().unwrap().len(), 10);
    }

    #[test]
    fn a_change_touches_the_shards_of_its_words_only() {
        let lines = lines(&[("aa", "one"), ("bb", "two")]);
        let touched = sum([("aa", 1), ("gone", 1)].into_iter());
        let paths: Vec<String> = found(&lines, Affected::Under(&touched))
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(paths, ["browse/s/_search/a.json", "browse/s/_search/g.json"]);
    }
}
