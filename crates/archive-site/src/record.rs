//! What the pages of a suite show, kept from one publication to the next, so that what a change leads to is looked up.
//!
//! A record is texts under keys, in order. Fields of a key stand between tabs:
//!
//! ```text
//! state                        revision, time of the publication, and digest of the settings
//! size                         bytes of all packages
//! row NAME                     the row of a name
//! need TARGET NAME             NAME cannot be installed without TARGET
//! mention TARGET NAME          another relation of NAME means TARGET
//! new AGE NAME                 each name, the newest first
//! entry LIST KEY RANK NAME     the entries of the long lists
//! part LIST PREFIX             how many entries begin so, of each part of a list that is divided
//! downloads                    when counts of downloads were last gone through, where they are shown
//! downloads NAME               how many downloads the page of a name says
//! file PATH                    what was written there
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::file::WrittenFile;
use crate::list::{List, SECTIONS};
use crate::record_store::{AFTER, InvalidRecord, RecordStore, first, last_fields};
use crate::row::Row;
use crate::tree::{self, Deltas};
use crate::words::rank;

/// The first word of the state, and the version of its form.
const MARK: &str = "archive-site 4";

/// What a site shows of a suite besides its packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordState {
    /// Revision of the suite.
    pub revision: i64,
    /// When that was published, in Unix seconds.
    pub published: i64,
    /// Digest of the settings: [`Site::digest`](crate::Site::digest), and whatever else decides about rows.
    pub settings: String,
}

/// What the site of a suite shows.
#[derive(Debug)]
pub struct Record<S> {
    pub(crate) store: S,
    /// How many entries came or went under each key of each list; `None` while all of it is new.
    touched: Option<BTreeMap<String, Deltas>>,
}

impl<S: RecordStore> Record<S> {
    /// Begins a record in a store that holds nothing.
    pub fn begin(store: S) -> Self {
        Self { store, touched: None }
    }

    /// Opens the record of a store; `None` where it holds none, or one of another form.
    pub fn open(store: S) -> Result<Option<(Self, RecordState)>, S::Error> {
        let Some(text) = store.get("state")? else {
            return Ok(None);
        };
        let mut fields = text.split('\t');
        if fields.next() != Some(MARK) {
            return Ok(None);
        }
        let mut number = || {
            fields
                .next()
                .and_then(|number| number.parse().ok())
                .ok_or(InvalidRecord)
        };
        let state = RecordState {
            revision: number()?,
            published: number()?,
            settings: fields.next().ok_or(InvalidRecord)?.to_owned(),
        };
        let record = Self {
            store,
            touched: Some(BTreeMap::new()),
        };
        Ok(Some((record, state)))
    }

    /// Notes what state it is of.
    pub fn set_state(&mut self, state: &RecordState) -> Result<(), S::Error> {
        let RecordState {
            revision,
            published,
            settings,
        } = state;
        self.store
            .put("state", &format!("{MARK}\t{revision}\t{published}\t{settings}"))
    }

    /// Changes what is shown of a name, and returns what was; [`Record::settle`] is to follow.
    pub fn put(&mut self, name: &str, row: Option<&Row>) -> Result<Option<Row>, S::Error> {
        let before = self.row(name)?;
        if before.as_ref() == row {
            return Ok(before);
        }
        let old = before.as_ref().map(keys_of).unwrap_or_default();
        let new = row.map(keys_of).unwrap_or_default();
        for key in old.difference(&new) {
            self.store.delete(key)?;
            self.touch(key, -1);
        }
        for key in new.difference(&old) {
            self.store.put(key, "")?;
            self.touch(key, 1);
        }
        match row {
            Some(row) => self.store.put(&format!("row\t{name}"), row.line())?,
            None => {
                self.store.delete(&format!("row\t{name}"))?;
                self.store.delete(&format!("downloads\t{name}"))?;
            }
        }
        let (old, new) = (before.as_ref().map_or(0, Row::size), row.map_or(0, Row::size));
        let size = self.size()?.checked_sub(old).ok_or(InvalidRecord)?;
        match size.saturating_add(new) {
            0 => self.store.delete("size")?,
            size => self.store.put("size", &size.to_string())?,
        }
        Ok(before)
    }

    /// Notes that an entry came or went; other keys are passed over.
    fn touch(&mut self, key: &str, change: i64) {
        let mut fields = key.split('\t');
        if let (Some(touched), Some("entry"), Some(list), Some(key)) =
            (&mut self.touched, fields.next(), fields.next(), fields.next())
        {
            let deltas = touched.entry(list.to_owned()).or_default();
            *deltas.entry(key.to_owned()).or_default() += change;
        }
    }

    /// Notes how many downloads the page of a name says.
    pub fn set_downloads(&mut self, name: &str, downloads: u64) -> Result<(), S::Error> {
        let key = format!("downloads\t{name}");
        self.store.put(&key, &downloads.to_string())
    }

    /// Returns how many downloads the page of a name says; `None` where it says nothing.
    pub fn downloads(&self, name: &str) -> Result<Option<u64>, S::Error> {
        self.number(&format!("downloads\t{name}"))
    }

    /// Notes when counts of downloads were gone through, in Unix seconds.
    pub fn set_downloads_read(&mut self, at: i64) -> Result<(), S::Error> {
        self.store.put("downloads", &at.to_string())
    }

    /// Returns when counts of downloads were last gone through, in Unix seconds.
    pub fn downloads_read(&self) -> Result<Option<i64>, S::Error> {
        self.number("downloads")
    }

    /// Notes what was written at a path; `None` where a file was deleted.
    pub fn set_file(&mut self, path: &str, written: Option<&WrittenFile>) -> Result<(), S::Error> {
        let key = format!("file\t{path}");
        match written {
            Some(written) => self.store.put(&key, &written.to_string()),
            None => self.store.delete(&key),
        }
    }

    /// Returns what was written, by path.
    pub fn files(&self) -> Result<BTreeMap<String, WrittenFile>, S::Error> {
        let mut files = BTreeMap::new();
        let mut is_valid = true;
        self.store
            .range("file\t", &format!("file\t{AFTER}"), &mut |key, text| {
                match (key.split_once('\t'), WrittenFile::parse(text)) {
                    (Some((_, path)), Some(written)) => {
                        files.insert(path.to_owned(), written);
                    }
                    _ => is_valid = false,
                }
                ControlFlow::Continue(())
            })?;
        if is_valid {
            Ok(files)
        } else {
            Err(InvalidRecord.into())
        }
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, S::Error> {
        let text = self.store.get(key)?;
        let number = text.map(|text| text.parse().map_err(|_| InvalidRecord));
        Ok(number.transpose()?)
    }

    /// Divides the lists whose entries changed.
    pub fn settle(&mut self) -> Result<(), S::Error> {
        let touched = match self.touched.replace(BTreeMap::new()) {
            Some(touched) => touched,
            None => {
                let mut ids = self.ids(&format!("entry\t{SECTIONS}"))?;
                ids.extend([List::all(), List::words()].map(|list| list.id));
                ids.into_iter().map(|id| (id, Deltas::new())).collect()
            }
        };
        for (id, deltas) in touched {
            let list = List::of(&id).ok_or(InvalidRecord)?;
            tree::settle(&mut self.store, &list, &deltas)?;
        }
        Ok(())
    }

    /// Returns the second fields of keys that begin so, each once.
    fn ids(&self, beginning: &str) -> Result<Vec<String>, S::Error> {
        let to = format!("{beginning}{}", char::MAX);
        let mut from = beginning.to_owned();
        let mut ids = Vec::new();
        while let Some((key, _)) = first(&self.store, &from, &to)? {
            let id = key.split('\t').nth(1).ok_or(InvalidRecord)?;
            let field = key.split('\t').next().unwrap_or_default();
            // A line feed is next to a tab.
            from = format!("{field}\t{id}\n");
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    /// Returns the row of a name.
    pub(crate) fn row(&self, name: &str) -> Result<Option<Row>, S::Error> {
        let line = self.store.get(&format!("row\t{name}"))?;
        Ok(line
            .map(|line| Row::parse(line).ok_or(InvalidRecord))
            .transpose()?)
    }

    /// Says whether there is a name.
    pub fn has(&self, name: &str) -> Result<bool, S::Error> {
        Ok(self.store.get(&format!("row\t{name}"))?.is_some())
    }

    /// Returns the row of a name that another key leads to.
    pub(crate) fn row_of(&self, name: &str) -> Result<Row, S::Error> {
        Ok(self.row(name)?.ok_or(InvalidRecord)?)
    }

    /// Returns all names.
    pub(crate) fn names(&self) -> Result<Vec<String>, S::Error> {
        last_fields(&self.store, "row\t", usize::MAX)
    }

    /// Returns how many names there are.
    pub(crate) fn count(&self) -> Result<usize, S::Error> {
        tree::count(&self.store, &List::all(), "")
    }

    /// Returns the bytes of all packages.
    pub(crate) fn size(&self) -> Result<u64, S::Error> {
        let size = self.store.get("size")?.map_or(Ok(0), |size| size.parse());
        Ok(size.map_err(|_| InvalidRecord)?)
    }

    /// Returns the first names that cannot be installed without one, and how many there are.
    pub(crate) fn needed_by(&self, name: &str, limit: usize) -> Result<(Vec<String>, usize), S::Error> {
        let beginning = format!("need\t{name}\t");
        let shown = last_fields(&self.store, &beginning, limit)?;
        let mut total = shown.len();
        if total == limit {
            total = 0;
            let to = format!("{beginning}{AFTER}");
            self.store.range(&beginning, &to, &mut |_, _| {
                total += 1;
                ControlFlow::Continue(())
            })?;
        }
        Ok((shown, total))
    }

    /// Returns the names with a relation that means one.
    pub(crate) fn linked_by(&self, name: &str) -> Result<Vec<String>, S::Error> {
        let mut names = last_fields(&self.store, &format!("need\t{name}\t"), usize::MAX)?;
        names.extend(last_fields(
            &self.store,
            &format!("mention\t{name}\t"),
            usize::MAX,
        )?);
        Ok(names)
    }

    /// Returns the rows that came last, the newest first.
    pub(crate) fn newest(&self, limit: usize) -> Result<Vec<Row>, S::Error> {
        let names = last_fields(&self.store, "new\t", limit)?;
        names.iter().map(|name| self.row_of(name)).collect()
    }

    /// Returns the sections that there are, with how many names each has.
    pub(crate) fn sections(&self) -> Result<Vec<(String, usize)>, S::Error> {
        let ids = self.ids(&format!("part\t{SECTIONS}"))?;
        let section = |id: &String| {
            let section = id.strip_prefix(SECTIONS).ok_or(InvalidRecord)?.to_owned();
            let count = tree::count(&self.store, &List::section(&section), "")?;
            Ok((section, count))
        };
        ids.iter().map(section).collect()
    }
}

/// Returns the keys that stand for a row, besides its own.
fn keys_of(row: &Row) -> BTreeSet<String> {
    let name = row.name();
    let age = i64::MAX.abs_diff(row.added_at());
    let mut keys = BTreeSet::from([
        format!("new\t{age:020}\t{name}"),
        List::all().entry_key(name, "", name),
        List::section(row.section()).entry_key(name, "", name),
    ]);
    keys.extend(row.needs().map(|target| format!("need\t{target}\t{name}")));
    keys.extend(row.mentions().map(|target| format!("mention\t{target}\t{name}")));
    let words = List::words();
    keys.extend(
        row.keys()
            .map(|word| words.entry_key(word, &rank(name, word), name)),
    );
    keys
}
