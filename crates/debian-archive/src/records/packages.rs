//! The records of a Packages index: one stanza a package.

use std::ops::ControlFlow;

use debian_control::packages::{self, DescriptionForm, Placement};

use crate::config::Suite;
use archive_catalog::{Cluster, Indexed, Position, Section, Snapshot};
use archive_index::IndexError;
use archive_index::cut;
use archive_index::records::{IndexRecord, RecordKey, Records, VisitRecord};

/// The stanzas of one component for one architecture.
pub struct PackagesRecords<'a> {
    /// The state they are read from.
    pub snapshot: &'a dyn Snapshot,
    /// Which of them.
    pub section: Section<'a>,
    /// Whose overrides and translations count.
    pub suite: &'a Suite,
}

impl Records for PackagesRecords<'_> {
    fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
        let from = from.map(position).transpose()?;
        let mut outcome = Ok(());
        self.snapshot
            .indexed(&self.section, from.as_ref(), &mut |package| {
                let text = match render(self.suite, &package) {
                    Ok(text) => text,
                    Err(error) => {
                        outcome = Err(error);
                        return false;
                    }
                };
                let record = IndexRecord {
                    key: &key(&package.position),
                    hash: cut::hash(package.position.name.as_bytes()),
                    text: text.as_bytes(),
                };
                match visit(record) {
                    Ok(ControlFlow::Continue(())) => true,
                    Ok(ControlFlow::Break(())) => false,
                    Err(error) => {
                        outcome = Err(error);
                        false
                    }
                }
            })
            .map_err(IndexError::source)?;
        outcome
    }
}

/// Returns the stanza of a package and the blank line after it.
pub fn render(suite: &Suite, package: &Indexed) -> Result<String, IndexError> {
    let wins = suite.overrides.get(package.position.name.as_str());
    // A suite that became private or public has its files in the other tree, until publishing has linked them.
    let path = package.path.as_deref().ok_or_else(|| {
        IndexError::Record(format!(
            "`{}` has no file in the pool of the suite: expected one for each package",
            package.position.name
        ))
    })?;
    let placement = Placement {
        filename: path,
        size: package.size,
        // apt takes the strongest digest; each further one costs every client its bytes.
        md5: None,
        sha256: Some(package.sha256),
        section: wins
            .and_then(|wins| wins.section.as_deref())
            .or(package.section.as_deref()),
        priority: wins
            .and_then(|wins| wins.priority.as_deref())
            .or(package.priority.as_deref()),
        description: if suite.translations {
            DescriptionForm::Synopsis
        } else {
            DescriptionForm::Full
        },
    };
    let mut text = packages::render(&package.control, &placement).map_err(|error| {
        IndexError::Record(format!(
            "the stanza of `{}` in the catalog: {error}",
            package.position.name
        ))
    })?;
    text.push('\n');
    Ok(text)
}

/// Returns the key of a position. Bytes order as positions do: a revision has eight of them, the highest first, and
/// nothing between it and the version has a NUL in it.
pub fn key(position: &Position) -> RecordKey {
    let publication = u64::try_from(position.placed_after).expect("a catalog counts revisions from 0");
    let cluster = position.cluster.0.as_bytes();
    let name = position.name.as_bytes();
    let architecture = position.architecture.as_bytes();
    RecordKey(
        [
            &publication.to_be_bytes()[..],
            cluster,
            b"\0",
            name,
            b"\0",
            architecture,
            b"\0",
            &position.version_key,
        ]
        .concat(),
    )
}

/// Reads what [`key`] wrote. Keys come back out of a manifest, which may be of another version or changed by hand: one that
/// was taken for the start of the index would give another index than the one that is wanted.
fn position(key: &RecordKey) -> Result<Position, IndexError> {
    let malformed = || IndexError::Record(format!("{key:?} is not the key of a package"));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| malformed());
    let (publication, rest) = key.0.split_first_chunk::<8>().ok_or_else(malformed)?;
    let placed_after = i64::try_from(u64::from_be_bytes(*publication)).map_err(|_| malformed())?;
    let parts: Vec<&[u8]> = rest.splitn(4, |byte| *byte == 0).collect();
    let [cluster, name, architecture, version_key] = parts.as_slice() else {
        return Err(malformed());
    };
    Ok(Position {
        placed_after,
        cluster: Cluster(text(cluster)?),
        name: text(name)?,
        architecture: text(architecture)?,
        version_key: version_key.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_order_as_positions_do(
            left in (0..300_i64, "[a-b\n]{0,2}", "[a-c.+-]{1,3}", "[a-c-]{1,3}", prop::collection::vec(any::<u8>(), 0..4)),
            right in (0..300_i64, "[a-b\n]{0,2}", "[a-c.+-]{1,3}", "[a-c-]{1,3}", prop::collection::vec(any::<u8>(), 0..4)),
        ) {
            let position = |(placed_after, cluster, name, architecture, version_key)| Position {
                placed_after,
                cluster: Cluster(cluster),
                name,
                architecture,
                version_key,
            };
            let (left, right) = (position(left), position(right));
            prop_assert_eq!(left.cmp(&right), key(&left).cmp(&key(&right)));
            prop_assert_eq!(super::position(&key(&left)).unwrap(), left);
        }
    }

    #[test]
    fn a_malformed_key_is_an_error_and_not_the_start_of_the_index() {
        for key in [
            &b""[..],
            b"hello",
            b"\0\0\0\0\0\0\0\x01\0hello\0amd64",
            b"\0\0\0\0\0\0\0\x01\0h\xff\0amd64\0v",
            b"\xff\0\0\0\0\0\0\x01\0hello\0amd64\0v",
        ] {
            let error = position(&RecordKey(key.to_vec())).unwrap_err();
            assert!(
                error.to_string().contains("is not the key of a package"),
                "{error}"
            );
        }
    }
}
