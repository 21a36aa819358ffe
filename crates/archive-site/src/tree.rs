//! How the long lists of a record are divided: how many entries each part has, and of the search the best of them.
//!
//! A list that is too long has a part for each letter that its entries begin with, and so on. Parts are counted when entries come and
//! go, on the way of those entries alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use crate::list::{Entry, List};
use crate::record_store::{AFTER, InvalidRecord, RecordStore, first};

/// How many entries came (above nothing) or went (below) under each key.
pub(crate) type Deltas = BTreeMap<String, i64>;

/// Divides a list whose entries changed: any where it is not divided yet, else those under the keys of `deltas`.
pub(crate) fn settle<S: RecordStore>(store: &mut S, list: &List, deltas: &Deltas) -> Result<(), S::Error> {
    let count = match stored(store, list, "")? {
        Some(part) => changed(part.count, "", deltas)?,
        None => scan(store, list, "")?,
    };
    settle_part(store, list, "", count, deltas)
}

fn settle_part<S: RecordStore>(
    store: &mut S,
    list: &List,
    prefix: &str,
    count: usize,
    deltas: &Deltas,
) -> Result<(), S::Error> {
    let is_divided = count > list.limit || (list.is_search && prefix.is_empty());
    if count == 0 || !is_divided || prefix.len() >= list.depth {
        delete_below(store, list, prefix)?;
    } else {
        let known: BTreeMap<String, usize> = parts(store, list, prefix)?.into_iter().collect();
        let parts = if known.is_empty() {
            group(store, list, prefix)?
        } else {
            let part = |part: String| {
                let before = known.get(&part).copied().unwrap_or_default();
                let count = changed(before, &part, deltas)?;
                Ok((part, count))
            };
            nexts(deltas, prefix)
                .into_iter()
                .map(part)
                .collect::<Result<Vec<_>, S::Error>>()?
        };
        for (part, count) in parts {
            settle_part(store, list, &part, count, deltas)?;
        }
    }
    let key = part_key(list, prefix);
    if count == 0 {
        return store.delete(&key);
    }
    let mut text = count.to_string();
    if list.is_search && !prefix.is_empty() && count > list.limit {
        for (rank, name) in best_of_parts(store, list, prefix)? {
            text.push_str(&format!("\n{rank}\t{name}"));
        }
    }
    store.put(&key, &text)
}

fn part_key(list: &List, prefix: &str) -> String {
    format!("part\t{}\t{prefix}", list.id)
}

/// A part as a record has it.
struct StoredPart {
    count: usize,
    best: Vec<(String, String)>,
}

fn stored<S: RecordStore>(store: &S, list: &List, prefix: &str) -> Result<Option<StoredPart>, S::Error> {
    let text = store.get(&part_key(list, prefix))?;
    Ok(text.map(|text| part_of(&text)).transpose()?)
}

fn part_of(text: &str) -> Result<StoredPart, InvalidRecord> {
    let mut lines = text.split('\n');
    let count = lines.next().and_then(|count| count.parse().ok());
    let ranked = |line: &str| {
        let (rank, name) = line.split_once('\t').ok_or(InvalidRecord)?;
        Ok((rank.to_owned(), name.to_owned()))
    };
    Ok(StoredPart {
        count: count.ok_or(InvalidRecord)?,
        best: lines.map(ranked).collect::<Result<_, _>>()?,
    })
}

/// Returns a count after the changes under keys that begin with `prefix`.
fn changed(count: usize, prefix: &str, deltas: &Deltas) -> Result<usize, InvalidRecord> {
    let change: i64 = below(deltas, prefix).map(|(_, change)| change).sum();
    let change = isize::try_from(change).map_err(|_| InvalidRecord)?;
    count.checked_add_signed(change).ok_or(InvalidRecord)
}

/// Returns the keys that begin with `prefix`, with their values.
pub(crate) fn below<'k, V: Copy>(
    keys: &'k BTreeMap<String, V>,
    prefix: &'k str,
) -> impl Iterator<Item = (&'k str, V)> {
    let from = keys.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
    from.map(|(key, value)| (key.as_str(), *value))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

/// Returns the parts of `prefix` that the keys which begin with it are in.
pub(crate) fn nexts<V: Copy>(keys: &BTreeMap<String, V>, prefix: &str) -> BTreeSet<String> {
    below(keys, prefix)
        .filter_map(|(key, _)| next(prefix, key))
        .collect()
}

fn next(prefix: &str, key: &str) -> Option<String> {
    let letter = key.get(prefix.len()..)?.chars().next()?;
    Some(format!("{prefix}{letter}"))
}

/// Returns the parts of a part, each with the number of its entries; nothing where it has none.
pub(crate) fn parts<S: RecordStore>(
    store: &S,
    list: &List,
    prefix: &str,
) -> Result<Vec<(String, usize)>, S::Error> {
    let beginning = part_key(list, prefix);
    let to = format!("{beginning}{AFTER}");
    let mut from = format!("{beginning}\u{1}");
    let mut parts = Vec::new();
    while let Some((key, text)) = first(store, &from, &to)? {
        let part = key.rsplit('\t').next().ok_or(InvalidRecord)?;
        parts.push((part.to_owned(), part_of(&text)?.count));
        // Past its own parts.
        from = format!("{key}{AFTER}");
    }
    Ok(parts)
}

fn delete_below<S: RecordStore>(store: &mut S, list: &List, prefix: &str) -> Result<(), S::Error> {
    let beginning = part_key(list, prefix);
    let mut keys = Vec::new();
    store.range(
        &format!("{beginning}\u{1}"),
        &format!("{beginning}{AFTER}"),
        &mut |key, _| {
            keys.push(key.to_owned());
            ControlFlow::Continue(())
        },
    )?;
    keys.iter().try_for_each(|key| store.delete(key))
}

/// Visits the entries that begin with `prefix`, by key, then the best first, until the visitor breaks off.
fn visit_entries<S: RecordStore>(
    store: &S,
    list: &List,
    prefix: &str,
    visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<(), S::Error> {
    let from = format!("entry\t{}\t{prefix}", list.id);
    store.range(&from, &format!("{from}{AFTER}"), &mut |key, _| visit(key))
}

/// Returns the first entries that begin with `prefix`.
pub(crate) fn entries<S: RecordStore>(
    store: &S,
    list: &List,
    prefix: &str,
    limit: usize,
) -> Result<Vec<Entry>, S::Error> {
    let mut entries = Vec::new();
    visit_entries(store, list, prefix, &mut |key| {
        entries.push(Entry::of(key));
        if entries.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    let entries = entries.into_iter().map(|entry| entry.ok_or(InvalidRecord));
    Ok(entries.collect::<Result<_, _>>()?)
}

/// Returns the first entries under a key.
pub(crate) fn exact<S: RecordStore>(
    store: &S,
    list: &List,
    key: &str,
    limit: usize,
) -> Result<Vec<Entry>, S::Error> {
    // After the key comes a tab: what goes on with a letter is another one.
    entries(store, list, &format!("{key}\t"), limit)
}

/// Returns the last key of the entries that begin with `prefix`.
pub(crate) fn last_key<S: RecordStore>(store: &S, list: &List, prefix: &str) -> Result<String, S::Error> {
    let from = format!("entry\t{}\t{prefix}", list.id);
    let last = store.last(&from, &format!("{from}{AFTER}"))?;
    let entry = last.as_deref().and_then(Entry::of);
    Ok(entry.ok_or(InvalidRecord)?.key)
}

/// Returns how many entries begin with `prefix`.
pub(crate) fn count<S: RecordStore>(store: &S, list: &List, prefix: &str) -> Result<usize, S::Error> {
    match stored(store, list, prefix)? {
        Some(part) => Ok(part.count),
        None => scan(store, list, prefix),
    }
}

fn scan<S: RecordStore>(store: &S, list: &List, prefix: &str) -> Result<usize, S::Error> {
    let mut count = 0;
    visit_entries(store, list, prefix, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// Counts the entries of each part that `prefix` is to have.
fn group<S: RecordStore>(store: &S, list: &List, prefix: &str) -> Result<Vec<(String, usize)>, S::Error> {
    let mut groups: Vec<(String, usize)> = Vec::new();
    visit_entries(store, list, prefix, &mut |key| {
        if let Some(part) = key.split('\t').nth(2).and_then(|key| next(prefix, key)) {
            match groups.last_mut().filter(|(last, _)| *last == part) {
                Some((_, count)) => *count += 1,
                None => groups.push((part, 1)),
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(groups)
}

/// Returns the names that are shown first of those that begin with `prefix`.
pub(crate) fn best<S: RecordStore>(store: &S, list: &List, prefix: &str) -> Result<Vec<String>, S::Error> {
    let best = match stored(store, list, prefix)? {
        Some(part) if part.count > list.limit => part.best,
        _ => best_of_entries(store, list, prefix)?,
    };
    Ok(best.into_iter().map(|(_, name)| name).collect())
}

/// Finds the best by those of each part.
fn best_of_parts<S: RecordStore>(
    store: &S,
    list: &List,
    prefix: &str,
) -> Result<Vec<(String, String)>, S::Error> {
    let parts = parts(store, list, prefix)?;
    if parts.is_empty() {
        return best_of_entries(store, list, prefix);
    }
    let exact = exact(store, list, prefix, list.limit)?;
    let mut found: Vec<_> = exact.into_iter().map(|entry| (entry.rank, entry.name)).collect();
    for (part, count) in parts {
        found.extend(match stored(store, list, &part)? {
            Some(part) if count > list.limit => part.best,
            _ => best_of_entries(store, list, &part)?,
        });
    }
    Ok(best_of(found, list.limit))
}

fn best_of_entries<S: RecordStore>(
    store: &S,
    list: &List,
    prefix: &str,
) -> Result<Vec<(String, String)>, S::Error> {
    // Too many without parts are all under one key, unless no part may have a longer name.
    let limit = if prefix.len() < list.depth {
        list.limit
    } else {
        usize::MAX
    };
    let entries = entries(store, list, prefix, limit)?;
    let found = entries.into_iter().map(|entry| (entry.rank, entry.name));
    Ok(best_of(found.collect(), list.limit))
}

fn best_of(mut found: Vec<(String, String)>, limit: usize) -> Vec<(String, String)> {
    found.sort_unstable();
    let mut seen = HashSet::new();
    found.retain(|(_, name)| seen.insert(name.clone()));
    found.truncate(limit);
    found
}
