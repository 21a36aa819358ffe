//! One document of JSON: that of the tracker, or records of OSV.
//!
//! What it says comes from elsewhere and may be anything. So each record and each issue has only so many bytes, whose value in memory
//! is some tens of times as much at most; and of what nobody wants nothing is kept.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::osv::OsvRecord;
use super::source_filter::SourceFilter;
use super::tracker::TrackerIssue;

/// Most bytes of one document: that of the tracker has a tenth of it.
pub const MAX_BYTES: u64 = 1 << 30;
/// Most bytes of one record of OSV; the largest have some MiB.
pub(super) const MAX_RECORD: u64 = 8 << 20;
/// Most bytes of one issue of the tracker; the largest have some KiB.
const MAX_ISSUE: u64 = 1 << 20;
/// Most issues of the tracker that are kept: it has some ten thousand for a release.
const MAX_ISSUES: usize = 2_000_000;

/// What is wrong with a document that says nothing: it would be taken for one that knows of no vulnerability.
const EMPTY: &str = "it is empty";

/// What a document holds.
pub(super) enum Document {
    /// Issues of the tracker, by source package.
    Tracker(BTreeMap<String, BTreeMap<String, TrackerIssue>>),
    /// Records of OSV.
    Osv(Vec<OsvRecord>),
}

/// Reads a document of either kind, and of the tracker's only the packages that are wanted.
pub(super) fn read(reader: impl Read, wanted: &SourceFilter) -> serde_json::Result<Document> {
    let left = Cell::new(MAX_RECORD);
    let reader = MeteredReader { reader, left: &left };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let found = json.deserialize_any(DocumentVisitor { wanted, left: &left })?;
    left.set(MAX_BYTES);
    json.end()?;
    Ok(found)
}

/// Reads as many bytes as are left of what the record or issue at hand may have.
struct MeteredReader<'a, R> {
    reader: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for MeteredReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let room = buffer.get_mut(..most).expect("it is no more than the buffer");
        let read = self.reader.read(room)?;
        self.left.set(left.saturating_sub(read as u64));
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("one of its records is too long"));
        }
        Ok(read)
    }
}

struct DocumentVisitor<'a> {
    wanted: &'a SourceFilter,
    left: &'a Cell<u64>,
}

impl<'de> Visitor<'de> for DocumentVisitor<'_> {
    type Value = Document;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of source packages, a record of OSV, or a list of these")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Document, A::Error> {
        let mut records = Vec::new();
        let mut is_empty = true;
        while let Some(record) = list.next_element::<OsvRecord>()? {
            self.left.set(MAX_RECORD);
            let is_wanted = record.packages().any(|(_, name)| self.wanted.contains(name));
            records.extend(Some(record).filter(|_| is_wanted));
            is_empty = false;
        }
        if is_empty {
            return Err(serde::de::Error::custom(EMPTY));
        }
        Ok(Document::Osv(records))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut packages: BTreeMap<String, BTreeMap<String, TrackerIssue>> = BTreeMap::new();
        let mut record = serde_json::Map::new();
        let mut issues = 0;
        let mut is_empty = true;
        // What the fields of a record may have together.
        let mut left = MAX_RECORD;
        loop {
            self.left.set(left);
            let Some(key) = map.next_key::<String>()? else {
                break;
            };
            is_empty = false;
            // The values of a package are objects; of the fields of a record that are needed, none is.
            match map.next_value_seed(Value {
                is_wanted: self.wanted.contains(&key),
                wanted: self.wanted,
                left: self.left,
                issues: &mut issues,
            })? {
                // One that occurs twice says both.
                Part::Package(issues) => packages.entry(key).or_default().extend(issues),
                Part::Field(value) => {
                    left = self.left.get();
                    record.insert(key, value);
                }
                Part::Other => {}
            }
        }
        if is_empty {
            return Err(serde::de::Error::custom(EMPTY));
        }
        if record.contains_key("id") && record.contains_key("affected") {
            let record = serde_json::from_value(serde_json::Value::Object(record));
            return record
                .map(|record| Document::Osv(vec![record]))
                .map_err(serde::de::Error::custom);
        }
        if !record.is_empty() {
            return Err(serde::de::Error::custom(
                "its fields are neither source packages nor those of a record",
            ));
        }
        Ok(Document::Tracker(packages))
    }
}

/// One value of the object that a document is.
struct Value<'a> {
    is_wanted: bool,
    wanted: &'a SourceFilter,
    left: &'a Cell<u64>,
    /// How many issues are kept.
    issues: &'a mut usize,
}

enum Part {
    /// The issues of a wanted package.
    Package(BTreeMap<String, TrackerIssue>),
    /// A field of a record.
    Field(serde_json::Value),
    /// A package that is not wanted.
    Other,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Part;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Part, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Part;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the issues of a source package, or a field of a record")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Part, E> {
        Ok(Part::Field(text.into()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Part, E> {
        Ok(Part::Field(serde_json::Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        let mut values: Vec<serde_json::Value> = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Part::Field(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        if !self.is_wanted {
            self.left.set(MAX_BYTES);
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Part::Other);
        }
        let mut issues = BTreeMap::new();
        self.left.set(MAX_ISSUE);
        while let Some((id, mut issue)) = map.next_entry::<String, TrackerIssue>()? {
            self.left.set(MAX_ISSUE);
            issue.keep_releases(&self.wanted.releases);
            if issue.is_of_no_release() {
                continue;
            }
            *self.issues += 1;
            if *self.issues > MAX_ISSUES {
                return Err(serde::de::Error::custom(format!(
                    "it has more than {MAX_ISSUES} issues"
                )));
            }
            issues.insert(id, issue);
        }
        Ok(Part::Package(issues))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> SourceFilter {
        SourceFilter {
            sources: Some(["hello".to_owned()].into()),
            releases: ["stable".to_owned()].into(),
        }
    }

    fn read_all(parts: &[(&str, usize)]) -> Result<usize, String> {
        let text: String = parts.iter().map(|(text, times)| text.repeat(*times)).collect();
        match read(text.as_bytes(), &wanted()) {
            Ok(Document::Tracker(packages)) => Ok(packages.values().map(BTreeMap::len).sum()),
            Ok(Document::Osv(records)) => Ok(records.len()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_document_may_be_long_and_a_record_or_an_issue_may_not() {
        let issue = r#""CVE-2026-1":{"releases":{"stable":{"status":"open"}}},"#;
        let last = r#""CVE-2026-2":{"releases":{"stable":{"status":"open"}}}}}"#;
        let other = r#""other":{"CVE-2026-3":{"description":"#;
        let long = (MAX_RECORD + 9) as usize;
        assert_eq!(
            read_all(&[("{\"hello\":{", 1), (issue, long / issue.len()), (last, 1)]),
            Ok(2)
        );
        assert_eq!(
            read_all(&[("{", 1), (other, 1), ("\"", 1), ("x", long), ("\"}}}", 1)]),
            Ok(0)
        );
        let error = |parts: &[(&str, usize)]| read_all(parts).unwrap_err();
        for parts in [
            &[(r#"{"hello":{"CVE-1":{"x":""#, 1), ("x", long), ("\"}}}", 1)][..],
            &[(r#"{"hello":{""#, 1), ("x", long), ("\":{}}}", 1)][..],
            &[("{\"", 1), ("x", long), ("\":{}}", 1)][..],
            &[(r#"{"id":"x","affected":["#, 1), ("{},", long), ("{}]}", 1)][..],
            &[
                (r#"{"id":"x","#, 1),
                (r#""a":"x","#, long / 8),
                ("\"affected\":[]}", 1),
            ][..],
            &[(r#"[{"id":"x","aliases":["#, 1), ("\"\",", long), ("\"\"]}]", 1)][..],
        ] {
            assert!(error(parts).contains("too long"), "{}", error(parts));
        }
        // What takes far more in memory than in the document.
        let affected = error(&[(r#"[{"id":"x","affected":["#, 1), ("{},", 20_000), ("{}]}]", 1)]);
        assert!(affected.contains("more than 10000"), "{affected}");
    }

    #[test]
    fn issues_of_other_releases_are_not_kept_and_a_package_that_occurs_twice_says_both() {
        let text = r#"{"hello":{"CVE-1":{"releases":{"sid":{"status":"open"}}},"CVE-2":{"releases":{"stable":{"status":"open"}}}},"hello":{}}"#;
        assert_eq!(read_all(&[(text, 1)]), Ok(1));
    }
}
