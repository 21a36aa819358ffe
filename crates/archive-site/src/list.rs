//! The long lists of a suite: all names, the names of a section, and the words of the search.

/// A list, and how it is divided; see [`crate::division`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    /// What its keys in a record begin with.
    pub(crate) id: String,
    /// How many entries a part without parts has at most.
    pub(crate) limit: usize,
    /// The longest name of a part. One of that length has no parts, whatever it holds.
    pub(crate) depth: usize,
    /// Whether it has parts however short it is, and each part that is too long knows its best entries.
    pub(crate) is_search: bool,
}

/// What the names of sections follow.
pub(crate) const SECTIONS: &str = "section/";

impl List {
    /// Returns the list of all names.
    pub(crate) fn all() -> Self {
        Self::of_names("all".to_owned())
    }

    /// Returns the list of the names of a section.
    pub(crate) fn section(section: &str) -> Self {
        Self::of_names(format!("{SECTIONS}{section}"))
    }

    fn of_names(id: String) -> Self {
        Self {
            id,
            limit: 150,
            depth: 24,
            is_search: false,
        }
    }

    /// Returns the list of all names under each of the words by which they are found.
    pub(crate) fn words() -> Self {
        Self {
            id: "words".to_owned(),
            limit: 40,
            depth: 20,
            is_search: true,
        }
    }

    /// Returns the list of an identifier that stands in a record.
    pub(crate) fn of(id: &str) -> Option<Self> {
        let section = id.strip_prefix(SECTIONS).map(Self::section);
        section.or_else(|| {
            [Self::all(), Self::words()]
                .into_iter()
                .find(|list| list.id == id)
        })
    }

    /// Returns the key of an entry.
    pub(crate) fn entry_key(&self, key: &str, rank: &str, name: &str) -> String {
        format!("entry\t{}\t{key}\t{rank}\t{name}", self.id)
    }
}

/// A name under one of the keys that it is listed under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Of the entries of a part the best has the least.
    pub(crate) rank: String,
    pub(crate) name: String,
}

impl Entry {
    /// Reads the key of an entry.
    pub(crate) fn of(key: &str) -> Option<Self> {
        let mut fields = key.split('\t').skip(2).map(str::to_owned);
        Some(Self {
            key: fields.next()?,
            rank: fields.next()?,
            name: fields.next()?,
        })
    }
}
