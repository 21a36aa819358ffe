//! Building an index, by its steps: where to cut, compressing what is new, joining what is known.

#![expect(clippy::unwrap_used, reason = "a benchmark is a test")]

use std::ops::ControlFlow;

use archive_index::cut::{self, Cutter, SEALED};
use archive_index::records::{IndexRecord, RecordKey, Records, VisitRecord};
use archive_index::{BuildEnv, BuiltIndex, ChunkCache, Dirty, Form, IndexError, PreviousBuild, build};
use archive_storage::staging::Staging;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

const FORMS: &[Form] = &[Form::Xz, Form::Zstd, Form::Gzip];

/// Records in memory, of the size that stanzas have.
struct Stanzas(Vec<(RecordKey, String)>);

impl Stanzas {
    fn new(count: usize) -> Self {
        Self((0..count).map(stanza).collect())
    }

    fn length(&self) -> usize {
        self.0.iter().map(|(_, text)| text.len()).sum()
    }

    /// The same, with one record in the middle changed.
    fn with_one_changed(count: usize) -> (Self, RecordKey) {
        let mut stanzas = Self::new(count);
        let (key, text) = stanzas.0.get_mut(count / 2).unwrap();
        text.insert_str(0, "Changed: yes\n");
        let key = key.clone();
        (stanzas, key)
    }
}

fn stanza(number: usize) -> (RecordKey, String) {
    let name = format!("package-{number:06}");
    // What is alike in real stanzas is alike here, and what is not is not: digests above all.
    let digest: String = (0..4)
        .map(|part: usize| format!("{:016x}", cut::hash(&(number * 4 + part).to_le_bytes())))
        .collect();
    let words: String = (0..40)
        .map(|part: usize| format!(" word{}", cut::hash(&(number * 40 + part).to_le_bytes()) % 5_000))
        .collect();
    let text = format!(
        "Package: {name}\nVersion: 1.{number}-1\nArchitecture: amd64\nDepends: libc6 (>= 2.36)\nDescription: a package\n{words}\n\
         Filename: pool/main/p/{name}/{name}_1.{number}-1_amd64.deb\nSize: {number}\nSHA256: {digest}\n\n"
    );
    (RecordKey(name.into_bytes()), text)
}

impl Records for Stanzas {
    fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
        let start = from.map_or(0, |from| self.0.partition_point(|(key, _)| key < from));
        for (key, text) in self.0.iter().skip(start) {
            let record = IndexRecord {
                key,
                hash: cut::hash(&key.0),
                text: text.as_bytes(),
            };
            if visit(record)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

/// A folder to build in.
struct Place {
    folder: tempfile::TempDir,
    cache: ChunkCache,
    staging: Staging,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(folder.path()).unwrap();
        Self {
            cache: ChunkCache::new(folder.path(), &staging, FORMS),
            staging,
            folder,
        }
    }

    fn build(&self, records: &Stanzas, previous: Option<&PreviousBuild>, dirty: &Dirty) -> BuiltIndex {
        assert!(self.folder.path().is_dir());
        let env = BuildEnv {
            cache: &self.cache,
            staging: &self.staging,
        };
        build(env, records, previous, dirty, "benchmark").unwrap()
    }

    /// Keeps the files of a build, as publishing does.
    fn keep(&self, built: BuiltIndex) -> PreviousBuild {
        let kept = |form: &Form| self.folder.path().join(format!("kept{}", form.extension()));
        for (form, path, _) in &built.files {
            std::fs::copy(path.as_path(), kept(form)).unwrap();
        }
        PreviousBuild {
            manifest: built.manifest,
            files: FORMS.iter().map(|form| (*form, kept(form))).collect(),
        }
    }
}

/// Where the index of a large archive is cut, by the lengths of its stanzas alone.
#[divan::bench]
fn cutting(bencher: Bencher<'_, '_>) {
    let stanzas = Stanzas::new(63_000);
    bencher.counter(ItemsCount::new(stanzas.0.len())).bench(|| {
        let mut cutter = Cutter::new(SEALED);
        stanzas
            .0
            .iter()
            .flat_map(|(key, text)| cutter.push(cut::hash(&key.0), text.len() as u64))
            .count()
    });
}

/// Nothing is known: every chunk is compressed in each form.
#[divan::bench(sample_count = 5)]
fn compressing(bencher: Bencher<'_, '_>) {
    let stanzas = Stanzas::new(4_000);
    bencher
        .counter(BytesCount::new(stanzas.length()))
        .with_inputs(Place::new)
        .bench_refs(|place| place.build(&stanzas, None, &Dirty::All));
}

/// Every chunk is known: records are read and hashed, chunks are joined, and nothing is synced.
#[divan::bench(sample_count = 20)]
fn joining_all(bencher: Bencher<'_, '_>) {
    let stanzas = Stanzas::new(20_000);
    let place = Place::new();
    place.build(&stanzas, None, &Dirty::All);
    bencher
        .counter(BytesCount::new(stanzas.length()))
        .bench_local(|| place.build(&stanzas, None, &Dirty::All));
}

/// A record in the middle has changed, and the chunk it makes is known: what is left of a publish when compression costs
/// nothing.
#[divan::bench(sample_count = 20)]
fn joining_one_changed(bencher: Bencher<'_, '_>) {
    let before = Stanzas::new(20_000);
    let (after, changed) = Stanzas::with_one_changed(20_000);
    let place = Place::new();
    let known = place.keep(place.build(&before, None, &Dirty::All));
    let dirty = Dirty::Keys(vec![changed]);
    place.build(&after, Some(&known), &dirty);
    bencher
        .counter(BytesCount::new(after.length()))
        .bench_local(|| place.build(&after, Some(&known), &dirty));
}

/// A record came at the end, and the chunk it makes is known.
#[divan::bench(sample_count = 20)]
fn joining_one_more(bencher: Bencher<'_, '_>) {
    let before = Stanzas::new(20_000);
    let after = Stanzas::new(20_001);
    let place = Place::new();
    let known = place.keep(place.build(&before, None, &Dirty::All));
    let dirty = Dirty::Keys(vec![stanza(20_000).0]);
    place.build(&after, Some(&known), &dirty);
    bencher
        .counter(BytesCount::new(after.length()))
        .bench_local(|| place.build(&after, Some(&known), &dirty));
}
