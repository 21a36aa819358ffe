//! The records of Translation-en: the long descriptions, each once.

use std::collections::BTreeMap;

use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use debian_control::packages;

use archive_catalog::{Section, Snapshot};
use archive_index::IndexError;
use archive_index::cut;
use archive_index::records::{IndexRecord, RecordKey, Records, VisitRecord};

/// The descriptions of one component, over all its architectures.
pub struct TranslationRecords<'a> {
    /// The state they are read from.
    pub snapshot: &'a dyn Snapshot,
    /// The indexes whose packages they describe.
    pub sections: Vec<Section<'a>>,
}

impl Records for TranslationRecords<'_> {
    fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
        // A description stands once, however many architectures and versions share it.
        let mut entries: BTreeMap<RecordKey, String> = BTreeMap::new();
        for section in &self.sections {
            let mut wrong = None;
            self.snapshot
                .indexed(section, None, &mut |package| match BinaryPackage::parse(
                    package.control.as_bytes(),
                    &Limits::default(),
                ) {
                    Ok(parsed) => {
                        if let (Some(md5), Some(text)) =
                            (parsed.description_md5(), packages::translation_entry(&parsed))
                        {
                            let name = package.position.name.as_bytes();
                            entries.insert(RecordKey([name, b"\0", md5.as_bytes()].concat()), text);
                        }
                        true
                    }
                    Err(error) => {
                        wrong = Some(format!(
                            "the stanza of `{}` in the catalog: {error}",
                            package.position.name
                        ));
                        false
                    }
                })
                .map_err(IndexError::source)?;
            if let Some(message) = wrong {
                return Err(IndexError::Record(message));
            }
        }
        for (key, mut text) in entries {
            if from.is_some_and(|from| key < *from) {
                continue;
            }
            text.push('\n');
            let name = key
                .0
                .split(|byte| *byte == 0)
                .next()
                .expect("a split has a first part");
            if visit(IndexRecord {
                key: &key,
                hash: cut::hash(name),
                text: text.as_bytes(),
            })?
            .is_break()
            {
                break;
            }
        }
        Ok(())
    }
}
