//! The records of a Packages index: one stanza a package.

use std::ops::ControlFlow;

use debian_control::packages::{self, DescriptionForm, Placement};

use crate::config::Suite;
use archive_catalog::{Cluster, Indexed, Position, Section, Snapshot};
use archive_index::IndexError;
use archive_index::cut;
use archive_index::records::{IndexRecord, RecordKey, Records, Visit};

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
    fn read(&self, from: Option<&RecordKey>, visit: &mut Visit<'_>) -> Result<(), IndexError> {
        let from = from.map(position);
        let mut outcome = Ok(());
        self.snapshot
            .indexed(&self.section, from.as_ref(), &mut |package| {
                let text = render(self.suite, &package);
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
pub fn render(suite: &Suite, package: &Indexed) -> String {
    let wins = suite.overrides.get(package.position.name.as_str());
    let placement = Placement {
        filename: &package.path,
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
    let mut text = packages::render(&package.control, &placement);
    text.push('\n');
    text
}

/// Returns the key of a position: nothing before the version has a NUL in it, so bytes order as positions do.
pub fn key(position: &Position) -> RecordKey {
    let cluster = position.cluster.0.as_bytes();
    let name = position.name.as_bytes();
    let architecture = position.architecture.as_bytes();
    RecordKey(
        [
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

fn position(key: &RecordKey) -> Position {
    let text = |bytes: Option<&[u8]>| {
        bytes
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default()
    };
    let mut parts = key.0.splitn(4, |byte| *byte == 0);
    Position {
        cluster: Cluster(text(parts.next())),
        name: text(parts.next()),
        architecture: text(parts.next()),
        version_key: parts.next().unwrap_or_default().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_order_as_positions_do(
            left in ("[a-b\n]{0,2}", "[a-c.+-]{1,3}", "[a-c-]{1,3}", prop::collection::vec(any::<u8>(), 0..4)),
            right in ("[a-b\n]{0,2}", "[a-c.+-]{1,3}", "[a-c-]{1,3}", prop::collection::vec(any::<u8>(), 0..4)),
        ) {
            let position = |(cluster, name, architecture, version_key)| Position {
                cluster: Cluster(cluster),
                name,
                architecture,
                version_key,
            };
            let (left, right) = (position(left), position(right));
            prop_assert_eq!(left.cmp(&right), key(&left).cmp(&key(&right)));
            prop_assert_eq!(super::position(&key(&left)), left);
        }
    }
}
