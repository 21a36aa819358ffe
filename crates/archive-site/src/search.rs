//! Search in the browser: names and summaries by the beginnings of their words.
//!
//! A shard holds what has a word that begins with its name: `_search/py.json` all of `python3-numpy`, `pylint` and of whatever
//! has "pyramid" in its summary, or the best of it and a note that longer names say more. So the first key has its answer in one
//! small file, and each further key needs at most one more.

use serde::Serialize;

use crate::division::{Affected, Division, Part};
use crate::file::File;
use crate::list::List;
use crate::paths::suite_folder;
use crate::record::Record;
use crate::record_store::{InvalidRecord, RecordStore};
use crate::row::Row;
use crate::tree;

#[derive(Serialize)]
struct Shard<'a> {
    /// Whether longer names hold more.
    more: bool,
    /// How many letters all of its words begin with: shards with shorter names say no more than this one.
    common: usize,
    /// Name and summary.
    packages: Vec<(&'a str, &'a str)>,
}

/// Visits the shards with words that begin as one of `affected` does.
pub(crate) fn shards<S: RecordStore, E: From<S::Error>>(
    codename: &str,
    record: &Record<S>,
    affected: Affected<'_>,
    visit: &mut dyn FnMut(File) -> Result<(), E>,
) -> Result<(), E> {
    let list = List::words();
    let division = Division {
        record,
        list: &list,
        limit: list.limit,
    };
    let folder = format!("{}/_search", suite_folder(codename));
    // There is no shard of everything.
    division.visit_parts_of_all(affected, &mut |part| match part {
        Part::Present { prefix, count, parts } => {
            let names = tree::best(&record.store, &list, prefix)?;
            let rows = names.iter().map(|name| record.row_of(name));
            let rows = rows.collect::<Result<Vec<Row>, _>>()?;
            let shard = Shard {
                more: !parts.is_empty() || count > list.limit,
                common: common(record, &list, prefix)?,
                packages: rows.iter().map(|row| (row.name(), row.summary())).collect(),
            };
            visit(File::json(format!("{folder}/{prefix}.json"), &shard))
        }
        Part::Gone { prefix } => visit(File::Gone(format!("{folder}/{prefix}.json"))),
    })
}

/// Returns how many letters all keys that begin with `prefix` have in common.
fn common<S: RecordStore>(record: &Record<S>, list: &List, prefix: &str) -> Result<usize, S::Error> {
    // In order, whatever the first and the last share all share.
    let first = tree::entries(&record.store, list, prefix, 1)?.into_iter().next();
    let first = first.ok_or(InvalidRecord)?.key;
    let last = tree::last_key(&record.store, list, prefix)?;
    let shared = first.bytes().zip(last.bytes());
    Ok(shared.take_while(|(one, other)| one == other).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::division::sum;
    use crate::memory::MemoryStore;
    use crate::words::keys;

    fn record(packages: &[(&str, &str)]) -> Record<MemoryStore> {
        let mut record = Record::begin(MemoryStore::default());
        for (name, summary) in packages {
            let keys: Vec<String> = keys(name, summary).into_iter().collect();
            let row = Row::parse(format!("{name}\t1\t5\t7\t\t{summary}\t\t\t {} ", keys.join(" ")));
            record.put(name, row.as_ref()).unwrap();
        }
        record.settle().unwrap();
        record
    }

    fn found(record: &Record<MemoryStore>, affected: Affected<'_>) -> Vec<(String, serde_json::Value)> {
        let mut files = Vec::new();
        let visited: Result<(), InvalidRecord> = shards("s", record, affected, &mut |file| {
            files.push(match file {
                File::Holds(path, bytes) => (path, serde_json::from_slice(&bytes).unwrap()),
                File::Gone(path) => (path, serde_json::Value::Null),
            });
            Ok(())
        });
        visited.unwrap();
        files
    }

    #[test]
    fn names_come_before_words_of_summaries() {
        let record = record(&[
            ("zed", "an editor of vim kind"),
            ("vim-nox", "editor"),
            ("vim", "editor"),
            ("gvim-x", "x"),
        ]);
        let shards = found(&record, None);
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
        let shards = found(&record(&packages), None);
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
        let record = record(&[("aa", "one"), ("bb", "two")]);
        let touched = sum([("aa", 1), ("gone", 1)].into_iter());
        let paths: Vec<String> = found(&record, Some(&touched))
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(paths, ["browse/s/_search/a.json", "browse/s/_search/g.json"]);
    }
}
