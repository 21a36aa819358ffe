//! Building an index from its records and from what is left of the last build.
//!
//! The entry of this crate, called once for each index of a publish. It never answers with a chunk that it read from the
//! cache and that was not what was written: such chunks are compressed again, from the records.

use std::io;

use crate::assemble::{BuiltIndex, ChunkUnreadable, assemble};
use crate::build_env::BuildEnv;
use crate::chunker::{PreviousChunks, chunk};
use crate::error::IndexError;
use crate::previous::PreviousBuild;
use crate::records::{RecordKey, Records};

/// Which records may differ from the last build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dirty {
    /// Any of them.
    All,
    /// Those at these places, in order; a place may have lost its record.
    Keys(Vec<RecordKey>),
}

/// Builds an index in all its forms.
///
/// `previous` is a build of the same index under the same settings, whose records, but for `dirty` ones, were the same.
pub fn build(
    env: BuildEnv<'_>,
    records: &dyn Records,
    previous: Option<&PreviousBuild>,
    dirty: &Dirty,
    settings: &str,
) -> Result<BuiltIndex, IndexError> {
    let unchanged = match (previous, dirty) {
        (Some(previous), Dirty::Keys(keys)) => PreviousChunks {
            chunks: &previous.manifest.chunks,
            dirty: keys,
        },
        _ => PreviousChunks::default(),
    };
    let chunks = chunk(env.cache, records, unchanged)?;
    if let Some(previous) = previous
        && previous.manifest.chunks == chunks
    {
        return Ok(BuiltIndex {
            manifest: previous.manifest.clone(),
            files: Vec::new(),
        });
    }
    match assemble(env, &chunks, previous, settings)? {
        Ok(built) => Ok(built),
        // `assemble` has deleted what is damaged; cutting every record again compresses it from its text.
        Err(ChunkUnreadable) => {
            let chunks = chunk(env.cache, records, PreviousChunks::default())?;
            assemble(env, &chunks, None, settings)?.map_err(|ChunkUnreadable| {
                IndexError::Chunk(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it reads back other than it was written",
                ))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::io::Read as _;

    use archive_storage::staging::Staging;
    use debian_control::digest::Sha256;
    use sha2::Digest as _;

    use super::*;
    use crate::cache::ChunkCache;
    use crate::chunker::digest;
    use crate::cut;
    use crate::form::Form;
    use crate::manifest::{ChunkEntry, ChunkKind, IndexManifest, ManifestError, Output};
    use crate::records::{IndexRecord, VisitRecord};

    /// Records in memory.
    struct Listed(BTreeMap<RecordKey, String>);

    impl Records for Listed {
        fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
            let start = from.cloned().unwrap_or_default();
            for (key, text) in self.0.range(start..) {
                if visit(IndexRecord {
                    key,
                    hash: cut::hash(&key.0),
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

    struct Bench {
        root: tempfile::TempDir,
        cache: ChunkCache,
        staging: Staging,
    }

    impl Bench {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let staging = Staging::new(root.path()).unwrap();
            let cache = ChunkCache::new(root.path(), &staging, &[Form::Gzip]);
            Self { root, cache, staging }
        }

        /// Builds on an earlier manifest, whose files lie where the last build of this bench put them.
        fn build(&self, records: &Listed, previous: Option<&IndexManifest>, dirty: &Dirty) -> BuiltIndex {
            let env = BuildEnv {
                cache: &self.cache,
                staging: &self.staging,
            };
            let published = |output: &Output| self.root.path().join(output.sha256.to_string());
            let previous = previous.map(|manifest| PreviousBuild {
                manifest: manifest.clone(),
                files: BTreeMap::from([(Form::Gzip, published(&manifest.outputs[&Form::Gzip]))]),
            });
            let built = build(env, records, previous.as_ref(), dirty, "settings").unwrap();
            for (form, path, _) in &built.files {
                std::fs::copy(path.as_path(), published(&built.manifest.outputs[form])).unwrap();
            }
            built
        }
    }

    fn key(number: u64) -> RecordKey {
        RecordKey(format!("package-{number:06}").into_bytes())
    }

    /// About a thousand bytes that do not repeat.
    fn text(number: u64, edition: u64) -> String {
        let line = |at: u64| {
            format!(
                "{:016x}",
                cut::hash(&[number.to_le_bytes(), edition.to_le_bytes(), at.to_le_bytes()].concat())
            )
        };
        (0..50 + number % 20).map(line).collect::<Vec<_>>().join("\n") + "\n\n"
    }

    fn listed(count: u64) -> Listed {
        Listed(
            (0..count)
                .map(|number| (key(number * 10), text(number, 0)))
                .collect(),
        )
    }

    /// A text of so many KiB.
    fn long(number: u64, edition: u64, kib: u64) -> String {
        let line = |at: u64| {
            let bytes = [number, edition, at].map(u64::to_le_bytes).concat();
            format!("{:016x}", cut::hash(&bytes))
        };
        (0..kib * 60).map(line).collect::<Vec<_>>().join("\n") + "\n\n"
    }

    #[test]
    fn what_comes_after_a_record_that_is_larger_than_a_piece_is_listed() {
        let bench = Bench::new();
        let mut records = Listed(BTreeMap::from([(key(10), long(10, 0, 40))]));
        let first = bench.build(&records, None, &Dirty::All).manifest;
        records.0.insert(key(20), text(20, 0));
        let second = bench.build(&records, Some(&first), &Dirty::Keys(vec![key(20)]));
        assert_eq!(
            second.manifest,
            Bench::new().build(&records, None, &Dirty::All).manifest
        );
        assert!(!second.files.is_empty());
    }

    #[test]
    fn records_larger_than_pieces_and_sealed_chunks_make_the_same_chunks_in_any_history() {
        let bench = Bench::new();
        let mut records = Listed(BTreeMap::new());
        let mut manifest = bench.build(&records, None, &Dirty::All).manifest;
        for round in 0..150_u64 {
            let random = |of: u64, below: u64| cut::hash(&[round, of].map(u64::to_le_bytes).concat()) % below;
            let mut dirty = BTreeSet::new();
            for edit in 0..1 + random(0, 3) {
                let number = random(10 + edit, 40);
                let kib = [1, 2, 27, 29, 40, 90, 300, 1_000][random(20 + edit, 8) as usize];
                if random(30 + edit, 3) == 0 {
                    records.0.remove(&key(number));
                } else {
                    records.0.insert(key(number), long(number, round, kib));
                }
                dirty.insert(key(number));
            }
            let dirty = Dirty::Keys(dirty.into_iter().collect());
            manifest = bench.build(&records, Some(&manifest), &dirty).manifest;
            let anew = Bench::new().build(&records, None, &Dirty::All).manifest;
            assert_eq!(manifest, anew, "round {round}");
        }
    }

    #[test]
    fn a_build_on_the_last_one_gives_the_bytes_of_a_build_from_nothing() {
        let bench = Bench::new();
        let mut records = listed(4_000);
        let mut manifest = bench.build(&records, None, &Dirty::All).manifest;
        assert!(manifest.chunks.len() > 6, "{}", manifest.chunks.len());
        for round in 0..60_u64 {
            let mut dirty = std::collections::BTreeSet::new();
            for edit in 0..1 + round % 4 {
                let number = cut::hash(&[round.to_le_bytes(), edit.to_le_bytes()].concat()) % 40_000;
                // The ends are where chunks are special.
                let number = match round % 10 {
                    0 => 0,
                    1 => 39_990 + edit,
                    _ => number,
                };
                dirty.insert(key(number));
                if edit == 0 && records.0.contains_key(&key(number)) && round % 3 == 0 {
                    records.0.remove(&key(number));
                } else {
                    records.0.insert(key(number), text(number, round + 1));
                }
            }
            let built = bench.build(
                &records,
                Some(&manifest),
                &Dirty::Keys(dirty.into_iter().collect()),
            );
            let anew = bench.build(&records, None, &Dirty::All);
            assert_eq!(built.manifest.chunks, anew.manifest.chunks, "round {round}");
            assert_eq!(built.manifest.outputs, anew.manifest.outputs, "round {round}");
            assert_eq!(built.manifest, anew.manifest, "round {round}");
            manifest = built.manifest;
        }
    }

    #[test]
    fn records_at_the_end_change_little_and_are_sealed_in_time() {
        const ADDED: u64 = 2_500;
        const AT_A_TIME: u64 = 5;
        let bench = Bench::new();
        let mut records = listed(300);
        let mut manifest = bench.build(&records, None, &Dirty::All).manifest;
        let mut compressed = Vec::new();
        for batch in 0..ADDED / AT_A_TIME {
            let numbers = batch * AT_A_TIME..(batch + 1) * AT_A_TIME;
            let keys: Vec<RecordKey> = numbers.clone().map(|number| key(100_000 + number)).collect();
            records
                .0
                .extend(keys.iter().cloned().zip(numbers.map(|number| text(number, 7))));
            let built = bench.build(&records, Some(&manifest), &Dirty::Keys(keys));
            let known: BTreeSet<&Sha256> = manifest.chunks().collect();
            let changed = built
                .manifest
                .chunks
                .iter()
                .filter(|chunk| !known.contains(&chunk.digest));
            compressed.push(changed.map(|chunk| chunk.length).sum::<u64>());
            manifest = built.manifest;
        }
        assert_eq!(manifest, Bench::new().build(&records, None, &Dirty::All).manifest);
        let is_sealed = |chunk: &&ChunkEntry| chunk.kind() == ChunkKind::Sealed;
        let sealed = manifest.chunks.iter().filter(is_sealed).count();
        let open = manifest.chunks.len() - sealed;
        assert!(sealed >= 2 && open < 24, "{sealed} sealed, {open} open");
        compressed.sort_unstable();
        let median = compressed[compressed.len() / 2];
        let most = compressed[compressed.len() - 1];
        assert!(median <= 2 * cut::PIECE.most, "{median}");
        // A chunk that is sealed, and groups of what was read to find its end.
        let read_beyond = cut::SEALED.most - cut::SEALED.least;
        assert!(
            most <= cut::SEALED.most + read_beyond + 2 * cut::PIECE.most,
            "{most}"
        );
    }

    #[test]
    fn the_joined_file_is_what_the_outputs_say() {
        let bench = Bench::new();
        let records = listed(1_500);
        let built = bench.build(&records, None, &Dirty::All);
        let (_, path, _) = &built.files[0];
        let packed = std::fs::read(path.as_path()).unwrap();
        assert_eq!(digest(&packed), built.manifest.outputs[&Form::Gzip].sha256);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(packed.as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(digest(&plain), built.manifest.outputs[&Form::Plain].sha256);
        assert_eq!(
            plain,
            records
                .0
                .values()
                .map(String::as_str)
                .collect::<String>()
                .into_bytes()
        );
    }

    #[test]
    fn broken_and_missing_chunks_are_made_anew() {
        let bench = Bench::new();
        let mut records = listed(3_000);
        let first = bench.build(&records, None, &Dirty::All);
        let chunks: Vec<_> = walkdir::WalkDir::new(bench.root.path().join("state/chunks"))
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .collect();
        for (at, chunk) in chunks.iter().enumerate() {
            let mut bytes = std::fs::read(chunk.path()).unwrap();
            match at % 3 {
                0 => std::fs::remove_file(chunk.path()).unwrap(),
                1 => std::fs::write(chunk.path(), &bytes[..bytes.len() / 2]).unwrap(),
                _ => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    std::fs::write(chunk.path(), bytes).unwrap();
                }
            }
        }
        records.0.insert(key(5), text(5, 1));
        let built = bench.build(&records, Some(&first.manifest), &Dirty::Keys(vec![key(5)]));
        let anew = Bench::new().build(&records, None, &Dirty::All);
        assert_eq!(built.manifest, anew.manifest);
    }

    #[test]
    fn nothing_changed_makes_no_files() {
        let bench = Bench::new();
        let records = listed(100);
        let first = bench.build(&records, None, &Dirty::All);
        let again = bench.build(&records, Some(&first.manifest), &Dirty::Keys(Vec::new()));
        assert!(again.files.is_empty());
        assert_eq!(again.manifest, first.manifest);
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_not_when_it_was_changed() {
        let bench = Bench::new();
        let manifest = bench.build(&listed(900), None, &Dirty::All).manifest;
        let path = bench.root.path().join("manifest.json");
        manifest.write(&path, &bench.staging).unwrap();
        assert_eq!(IndexManifest::read(&path).unwrap(), manifest);
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(
            IndexManifest::read(&path),
            Err(ManifestError::Damaged(damaged)) if damaged == path
        ));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(
            IndexManifest::read(&path),
            Err(ManifestError::Missing(_))
        ));
        // A folder in its place can be opened and not be read.
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(
            IndexManifest::read(&path),
            Err(ManifestError::Read { .. })
        ));
    }

    #[test]
    fn a_manifest_of_another_format_is_told_from_a_damaged_one() {
        let bench = Bench::new();
        let path = bench.root.path().join("manifest.json");
        let text = br#"{"format":1,"unknown":[]}"#;
        let digest = hex::encode(sha2::Sha256::digest(text)).into_bytes();
        std::fs::write(&path, [digest, text.to_vec()].concat()).unwrap();
        assert!(matches!(
            IndexManifest::read(&path),
            Err(ManifestError::OtherFormat { found: 1, .. })
        ));
    }
}
