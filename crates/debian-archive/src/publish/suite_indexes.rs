//! The index files of a suite: those that changed are built, the others stay.

use std::path::PathBuf;

use debian_control::architecture::Architecture;
use debian_control::digest::{Digester, Sha256};
use debian_control::name::Component;
use debian_control::release::IndexFile;

use super::due::contents_due;
use super::{Archive, ChunkCache, PublishError, Publishing, apply, settings};
use crate::config::{Contents, Suite};
use crate::records::contents::ContentsRecords;
use crate::records::packages::{PackagesRecords, key};
use crate::records::translation::TranslationRecords;
use crate::suite_release::architecture_release;
use archive_catalog::{ContentsState, Publication, Section, Snapshot};
use archive_index::BuildEnv;
use archive_index::records::Records;
use archive_index::{Dirty, Form, IndexError, IndexManifest, build, chunk_list};
use archive_storage::STATE;
use archive_storage::staging::{StagedPath, Staging};

/// The forms in which Packages and Translation are served.
const PACKAGES_FORMS: &[Form] = &[Form::Xz, Form::Zstd, Form::Gzip];
/// The forms in which Contents is served.
const CONTENTS_FORMS: &[Form] = &[Form::Gzip];

/// One file that the Release lists.
pub(super) struct IndexOutput {
    /// Path below the folder of the suite.
    pub(super) path: String,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
    /// Whether it is there to fetch, and not only listed.
    pub(super) served: bool,
    /// The new file, where it is not the one that is published.
    pub(super) staged: Option<StagedPath>,
}

impl IndexOutput {
    /// Returns the path under which a client that knows its digest fetches it.
    pub(super) fn by_hash(&self) -> String {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/by-hash/SHA256/{}", self.sha256)
    }

    /// Returns its line in the Release.
    pub(super) fn listed(&self) -> IndexFile {
        IndexFile {
            path: self.path.clone(),
            sha256: self.sha256,
            size: self.size,
        }
    }
}

/// All index files of a suite.
pub(super) struct Indexes {
    pub(super) outputs: Vec<IndexOutput>,
    /// Manifests to keep for the next publish, and where.
    pub(super) manifests: Vec<(PathBuf, IndexManifest)>,
    pub(super) contents: Option<ContentsState>,
}

/// What the indexes of a suite are built from.
pub(super) struct SuiteIndexes<'a> {
    pub(super) archive: &'a Archive,
    pub(super) suite: &'a Suite,
    pub(super) snapshot: &'a dyn Snapshot,
    pub(super) staging: &'a Staging,
    pub(super) publishing: Publishing,
    pub(super) date: i64,
}

/// One index and how it is built.
struct Wanted<'a> {
    /// Path of its text below the folder of the suite.
    path: String,
    records: Box<dyn Records + 'a>,
    cache: &'a ChunkCache,
    changed: Changed<'a>,
}

/// What may differ from the published index.
enum Changed<'a> {
    /// The packages of a section that the catalog says changed.
    Section(&'a Section<'a>),
    /// Anything.
    Anything,
    /// Nothing: it is not rebuilt yet, as long as it is there.
    Kept,
}

impl SuiteIndexes<'_> {
    /// Builds what changed.
    pub(super) fn build(&self) -> Result<Indexes, PublishError> {
        let packages = ChunkCache::new(self.archive.root(), self.staging, PACKAGES_FORMS);
        let contents = ChunkCache::new(self.archive.root(), self.staging, CONTENTS_FORMS);
        let sections = self.sections();
        let state = self.snapshot.state();
        let published = state.publication.as_ref();
        let rebuild_contents = self.publishing == Publishing::Forced
            || published
                .is_none_or(|publication| contents_due(self.suite, publication, state.revision, self.date));

        let mut indexes = Indexes {
            outputs: Vec::new(),
            manifests: Vec::new(),
            contents: None,
        };
        for section in &sections {
            let folder = format!("{}/binary-{}", section.component, section.architecture);
            self.add(
                &mut indexes,
                Wanted {
                    path: format!("{folder}/Packages"),
                    records: Box::new(PackagesRecords {
                        snapshot: self.snapshot,
                        section: section.clone(),
                        suite: self.suite,
                    }),
                    cache: &packages,
                    changed: Changed::Section(section),
                },
            )?;
            if let Some((_, manifest)) = indexes.manifests.last() {
                let list = chunk_list(manifest, "Packages");
                let output = self.small(format!("{folder}/Packages.chunks"), &list)?;
                indexes.outputs.push(output);
            }
            let release = architecture_release(
                self.archive.config(),
                self.suite,
                section.component,
                section.architecture,
            );
            indexes
                .outputs
                .push(self.small(format!("{folder}/Release"), &release)?);
            if self.suite.contents != Contents::Off {
                self.add(
                    &mut indexes,
                    Wanted {
                        path: format!("{}/Contents-{}", section.component, section.architecture),
                        records: Box::new(ContentsRecords {
                            snapshot: self.snapshot,
                            section: section.clone(),
                            staging: self.staging,
                        }),
                        cache: &contents,
                        changed: if rebuild_contents {
                            Changed::Anything
                        } else {
                            Changed::Kept
                        },
                    },
                )?;
            }
        }
        if self.suite.translations {
            for component in &self.suite.components {
                let sections = sections
                    .iter()
                    .filter(|section| section.component == component)
                    .cloned()
                    .collect();
                self.add(
                    &mut indexes,
                    Wanted {
                        path: format!("{component}/i18n/Translation-en"),
                        records: Box::new(TranslationRecords {
                            snapshot: self.snapshot,
                            sections,
                        }),
                        cache: &packages,
                        changed: Changed::Anything,
                    },
                )?;
            }
        }
        indexes.contents = match (
            self.suite.contents,
            published.and_then(|publication| publication.contents),
        ) {
            (Contents::Off, _) => None,
            (_, kept) if !rebuild_contents => kept,
            _ => Some(ContentsState {
                at: self.date,
                revision: state.revision,
            }),
        };
        Ok(indexes)
    }

    fn sections(&self) -> Vec<Section<'_>> {
        let architectures = |component| {
            self.suite.architectures.iter().map(move |architecture| Section {
                component,
                architecture,
            })
        };
        self.suite.components.iter().flat_map(architectures).collect()
    }

    fn add(&self, indexes: &mut Indexes, wanted: Wanted<'_>) -> Result<(), PublishError> {
        let manifest_path = self.manifest_path(&wanted.path);
        let settings = settings::records_digest(self.suite);
        let published = self.snapshot.state().publication.as_ref();
        // Derived data: whatever is wrong with it, the index is built from its records.
        let previous = IndexManifest::read(&manifest_path)
            .ok()
            .filter(|_| self.publishing != Publishing::Forced)
            .filter(|manifest| manifest.settings == settings)
            .filter(|manifest| {
                published.is_some_and(|publication| self.stands(publication, &wanted, manifest))
            });
        let dirty = match (&wanted.changed, &previous, published) {
            (Changed::Section(section), Some(_), Some(publication)) => {
                let positions = self.snapshot.changed_since(section, publication.revision)?;
                Dirty::Keys(positions.iter().map(key).collect())
            }
            (Changed::Kept, Some(_), _) => Dirty::Keys(Vec::new()),
            _ => Dirty::All,
        };
        let env = BuildEnv {
            cache: wanted.cache,
            staging: self.staging,
        };
        let mut built = build(env, wanted.records.as_ref(), previous.as_ref(), &dirty, &settings)?;
        for (form, output) in &built.manifest.outputs {
            let path = format!("{}{}", wanted.path, form.extension());
            let at = built.files.iter().position(|(file, ..)| file == form);
            let staged = match at.map(|at| built.files.swap_remove(at)) {
                Some((_, staged, file)) => {
                    apply::finish(&file, self.date)
                        .map_err(|source| super::write_error("sync", staged.as_path(), source))?;
                    Some(staged)
                }
                None => None,
            };
            indexes.outputs.push(IndexOutput {
                path,
                sha256: output.sha256,
                size: output.size,
                served: *form != Form::Plain,
                staged,
            });
        }
        indexes.manifests.push((manifest_path, built.manifest));
        Ok(())
    }

    /// Says whether what `manifest` describes is what was published, and lies there.
    fn stands(&self, publication: &Publication, wanted: &Wanted<'_>, manifest: &IndexManifest) -> bool {
        let dists = self
            .archive
            .tree(self.suite)
            .join("dists")
            .join(self.suite.codename.as_str());
        wanted.cache.forms().iter().all(|form| {
            let path = format!("{}{}", wanted.path, form.extension());
            let Some(output) = manifest.outputs.get(form) else {
                return false;
            };
            let Some(file) = publication.files.iter().find(|file| file.path == path) else {
                return false;
            };
            let by_hash = IndexOutput {
                path,
                sha256: output.sha256,
                size: output.size,
                served: true,
                staged: None,
            };
            file.sha256 == output.sha256
                && [&by_hash.path, &by_hash.by_hash()].into_iter().all(|path| {
                    dists
                        .join(path)
                        .metadata()
                        .is_ok_and(|found| found.len() == output.size)
                })
        })
    }

    fn manifest_path(&self, path: &str) -> PathBuf {
        let folder = self
            .archive
            .root()
            .join(STATE)
            .join("indexes")
            .join(self.suite.codename.as_str());
        folder.join(format!("{path}.json"))
    }

    /// Returns a small file, which is written where it differs from what is there.
    fn small(&self, path: String, text: &str) -> Result<IndexOutput, PublishError> {
        let mut output = IndexOutput {
            path,
            sha256: super::digest(text.as_bytes()),
            size: text.len() as u64,
            served: true,
            staged: None,
        };
        let dists = self
            .archive
            .tree(self.suite)
            .join("dists")
            .join(self.suite.codename.as_str());
        let stands = [&output.path, &output.by_hash()]
            .into_iter()
            .all(|path| std::fs::read(dists.join(path)).is_ok_and(|found| found == text.as_bytes()));
        if !stands || self.publishing == Publishing::Forced {
            output.staged = Some(apply::stage(self.staging, text.as_bytes(), self.date)?);
        }
        Ok(output)
    }
}

/// Returns digest and size of the Packages text of one index, as the catalog has it.
///
/// What a check compares a published index with.
pub fn expected_packages(
    snapshot: &dyn Snapshot,
    suite: &Suite,
    component: &Component,
    architecture: &Architecture,
) -> Result<(Sha256, u64), IndexError> {
    let mut digester = Digester::sha256();
    let records = PackagesRecords {
        snapshot,
        section: Section {
            component,
            architecture,
        },
        suite,
    };
    records.read(None, &mut |record| {
        digester.update(record.text);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    let digests = digester.finish();
    Ok((digests.sha256, digests.size))
}
