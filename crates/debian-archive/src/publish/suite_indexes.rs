//! The index files of a suite: those that changed are built, the others stay.

use std::path::PathBuf;

use debian_control::architecture::Architecture;
use debian_control::digest::{Digester, Sha256};
use debian_control::name::Component;
use debian_control::release::by_hash_path;

use super::due::contents_due;
use super::error::{PublishError, write_error};
use super::mode::PublishMode;
use super::steps::IndexOutput;
use super::{apply, settings};
use crate::archive::Archive;
use crate::config::{ContentsPolicy, Suite};
use crate::records::contents::{ChangedContents, ContentsRecords, PathChanges};
use crate::records::packages::{PackagesRecords, key};
use crate::records::translation::TranslationRecords;
use crate::suite_release::architecture_release;
use archive_catalog::{ContentsState, Publication, Section, Snapshot};
use archive_index::records::Records;
use archive_index::{BuildEnv, ChunkCache};
use archive_index::{
    BuiltIndex, Dirty, Form, IndexError, IndexManifest, PreviousBuild, build, chunk_list, keep_published,
};
use archive_storage::STATE;
use archive_storage::pool;
use archive_storage::staging::{StagedPath, Staging};

/// The forms in which Contents is served.
const CONTENTS_FORMS: &[Form] = &[Form::Gzip];

/// All index files of a suite.
pub(super) struct BuiltIndexes {
    pub(super) outputs: Vec<IndexOutput>,
    /// The new files that the outputs name, which are deleted with this value.
    pub(super) staged: Vec<StagedPath>,
    /// Manifests to keep for the next publish, and where.
    pub(super) manifests: Vec<(PathBuf, IndexManifest)>,
    pub(super) contents: Option<ContentsState>,
}

impl BuiltIndexes {
    fn keep(&mut self, staged: StagedPath) -> PathBuf {
        let path = staged.as_path().to_owned();
        self.staged.push(staged);
        path
    }
}

/// What the indexes of a suite are built from.
pub(super) struct SuiteIndexes<'a> {
    pub(super) archive: &'a Archive,
    pub(super) suite: &'a Suite,
    pub(super) snapshot: &'a dyn Snapshot,
    /// The revision of the snapshot.
    pub(super) revision: i64,
    pub(super) staging: &'a Staging,
    pub(super) publishing: PublishMode,
    pub(super) date: i64,
}

/// One index and how it is built.
struct IndexPlan<'a> {
    /// Path of its text below the folder of the suite.
    path: String,
    records: Box<dyn Records + 'a>,
    cache: &'a ChunkCache,
    changed: IndexChange<'a>,
    /// Whether a chunk list is served beside it.
    listed: bool,
}

/// What may differ from the published index.
enum IndexChange<'a> {
    /// The packages of a section that the catalog says changed.
    Section(&'a Section<'a>),
    /// The paths of a section, which the catalog knows the changes of.
    Paths(&'a Section<'a>),
    /// Anything.
    Anything,
    /// Nothing: it is rebuilt later, unless it is missing.
    Kept,
}

impl SuiteIndexes<'_> {
    /// Builds what changed.
    pub(super) fn build(&self) -> Result<BuiltIndexes, PublishError> {
        // In one order, whatever that of the settings is.
        let forms: Vec<Form> = Form::COMPRESSED
            .into_iter()
            .filter(|form| self.suite.compressions.contains(form))
            .collect();
        let packages = ChunkCache::new(self.archive.local(), self.staging, &forms);
        let contents = ChunkCache::new(self.archive.local(), self.staging, CONTENTS_FORMS);
        let sections = self.sections();
        let rebuild_contents = self.rebuild_contents(&sections, &contents);
        let mut indexes = BuiltIndexes {
            outputs: Vec::new(),
            staged: Vec::new(),
            manifests: Vec::new(),
            contents: self.contents_state(rebuild_contents),
        };
        for section in &sections {
            self.add_packages(&mut indexes, section, &packages)?;
            if self.suite.contents != ContentsPolicy::Off {
                self.add_contents(&mut indexes, section, &contents, rebuild_contents)?;
            }
        }
        if self.suite.translations {
            for component in &self.suite.components {
                self.add_translation(&mut indexes, component, &sections, &packages)?;
            }
        }
        Ok(indexes)
    }

    /// Says whether the Contents of a suite are built anew: all of them, or none, since the publication has one revision for them, which the
    /// next ones are built on.
    fn rebuild_contents(&self, sections: &[Section<'_>], cache: &ChunkCache) -> bool {
        let state = self.snapshot.state();
        let is_missing = |section: &Section<'_>| self.last_build(&contents_path(section), cache).is_none();
        self.publishing.is_forced()
            || state
                .publication
                .as_ref()
                .is_none_or(|publication| contents_due(self.suite, publication, state.revision, self.date))
            || sections.iter().any(is_missing)
    }

    /// What the next publish is to know of the Contents that this one serves.
    fn contents_state(&self, rebuilt: bool) -> Option<ContentsState> {
        if self.suite.contents == ContentsPolicy::Off {
            return None;
        }
        if rebuilt {
            return Some(ContentsState {
                at: self.date,
                revision: self.revision,
            });
        }
        let published = self.snapshot.state().publication.as_ref();
        published.and_then(|publication| publication.contents)
    }

    fn add_packages(
        &self,
        indexes: &mut BuiltIndexes,
        section: &Section<'_>,
        cache: &ChunkCache,
    ) -> Result<(), PublishError> {
        let folder = format!("{}/binary-{}", section.component, section.architecture);
        let plan = IndexPlan {
            path: format!("{folder}/Packages"),
            records: Box::new(PackagesRecords {
                snapshot: self.snapshot,
                section: section.clone(),
                suite: self.suite,
            }),
            cache,
            changed: IndexChange::Section(section),
            listed: true,
        };
        self.add(indexes, plan)?;
        let release = architecture_release(
            self.archive.config(),
            self.suite,
            section.component,
            section.architecture,
        );
        self.add_small(indexes, format!("{folder}/Release"), &release)
    }

    fn add_contents(
        &self,
        indexes: &mut BuiltIndexes,
        section: &Section<'_>,
        cache: &ChunkCache,
        rebuild: bool,
    ) -> Result<(), PublishError> {
        let plan = IndexPlan {
            path: contents_path(section),
            records: Box::new(ContentsRecords {
                snapshot: self.snapshot,
                section: section.clone(),
                staging: self.staging,
            }),
            cache,
            changed: if rebuild {
                IndexChange::Paths(section)
            } else {
                IndexChange::Kept
            },
            listed: false,
        };
        self.add(indexes, plan)
    }

    fn add_translation(
        &self,
        indexes: &mut BuiltIndexes,
        component: &Component,
        sections: &[Section<'_>],
        cache: &ChunkCache,
    ) -> Result<(), PublishError> {
        let sections = sections
            .iter()
            .filter(|section| section.component == component)
            .cloned()
            .collect();
        let plan = IndexPlan {
            path: format!("{component}/i18n/Translation-en"),
            records: Box::new(TranslationRecords {
                snapshot: self.snapshot,
                sections,
            }),
            cache,
            changed: IndexChange::Anything,
            listed: false,
        };
        self.add(indexes, plan)
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

    fn add(&self, indexes: &mut BuiltIndexes, index: IndexPlan<'_>) -> Result<(), PublishError> {
        let manifest_path = self.manifest_path(&index.path);
        let previous = self.last_build(&index.path, index.cache);
        if previous.is_none()
            && IndexManifest::read(&manifest_path).is_err()
            && let Some(publication) = &self.snapshot.state().publication
        {
            self.take_published(publication, &index)?;
        }
        let mut built = self.build_on(&index, previous.as_ref())?;
        let is_changed = !built.files.is_empty();
        for (form, output) in &built.manifest.outputs {
            let path = format!("{}{}", index.path, form.extension());
            let at = built.files.iter().position(|(file, ..)| file == form);
            let staged = match at.map(|at| built.files.swap_remove(at)) {
                // What is the same again is not sent again.
                Some(_) if self.served_folder().is_none() && self.is_published(&path, &output.sha256) => None,
                Some((_, staged, file)) => {
                    apply::finish(&file, self.date)
                        .map_err(|source| write_error("sync", staged.as_path(), source))?;
                    Some(indexes.keep(staged))
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
        if index.listed {
            let (folder, name) = index.path.rsplit_once('/').expect("an index is in a folder");
            let list = chunk_list(&built.manifest, name);
            self.add_small(indexes, format!("{folder}/{name}.chunks"), &list)?;
        }
        if is_changed {
            indexes.manifests.push((manifest_path, built.manifest));
        }
        Ok(())
    }

    /// Builds an index on what is known of the last one.
    fn build_on(
        &self,
        index: &IndexPlan<'_>,
        previous: Option<&PreviousBuild>,
    ) -> Result<BuiltIndex, PublishError> {
        let settings = &settings::records_digest(self.suite);
        let env = BuildEnv {
            cache: index.cache,
            staging: self.staging,
        };
        let published = self.snapshot.state().publication.as_ref();
        let dirty = match (&index.changed, previous, published) {
            (IndexChange::Section(section), Some(_), Some(publication)) => {
                let positions = self.snapshot.changed_since(section, publication.revision)?;
                Dirty::Keys(positions.iter().map(key).collect())
            }
            (IndexChange::Paths(section), Some(previous), _) => {
                if let Some(built) = self.changed_contents(section, env, previous, settings)? {
                    return Ok(built);
                }
                Dirty::All
            }
            (IndexChange::Kept, Some(_), _) => Dirty::Keys(Vec::new()),
            _ => Dirty::All,
        };
        Ok(build(env, index.records.as_ref(), previous, &dirty, settings)?)
    }

    /// Builds a Contents index on the lines of the last one; `None` where they cannot be built on.
    fn changed_contents(
        &self,
        section: &Section<'_>,
        env: BuildEnv<'_>,
        previous: &PreviousBuild,
        settings: &str,
    ) -> Result<Option<BuiltIndex>, PublishError> {
        let published = self.snapshot.state().publication.as_ref();
        let Some(contents) = published.and_then(|publication| publication.contents) else {
            return Ok(None);
        };
        let Some(changes) = PathChanges::since(self.snapshot, section, contents.revision)? else {
            return Ok(None);
        };
        let records = ChangedContents {
            previous: &previous.manifest,
            cache: env.cache,
            changes: &changes,
        };
        // The last index is derived data: whatever is wrong with it, this one is built from all path lists.
        Ok(build(env, &records, Some(previous), &changes.dirty(), settings).ok())
    }

    /// Returns the last build of an index, where this one can build on it.
    ///
    /// Derived data: whatever is wrong with it, the index is built from its records.
    fn last_build(&self, path: &str, cache: &ChunkCache) -> Option<PreviousBuild> {
        let publication = self.snapshot.state().publication.as_ref()?;
        let manifest = IndexManifest::read(&self.manifest_path(path)).ok()?;
        let can_be_built_on =
            !self.publishing.is_forced() && manifest.settings == settings::records_digest(self.suite);
        can_be_built_on.then(|| self.previous_build(publication, path, cache, manifest))?
    }

    /// Returns the build that `manifest` describes, where its files were published and still exist.
    fn previous_build(
        &self,
        publication: &Publication,
        index: &str,
        cache: &ChunkCache,
        manifest: IndexManifest,
    ) -> Option<PreviousBuild> {
        // Of a bucket there is no file here that parts could be copied from.
        let dists = self.served_folder()?;
        let published = |form: &Form| {
            let path = format!("{index}{}", form.extension());
            let output = manifest.outputs.get(form)?;
            let file = publication.files.iter().find(|file| file.path == path)?;
            let by_hash = dists.join(by_hash_path(&path, &output.sha256));
            let is_there = file.sha256 == output.sha256
                && [&dists.join(&path), &by_hash]
                    .into_iter()
                    .all(|path| path.metadata().is_ok_and(|found| found.len() == output.size));
            is_there.then_some((*form, by_hash))
        };
        // One that was published in more forms is not what is to be published now.
        if manifest.outputs.len() != cache.forms().len() + 1 {
            return None;
        }
        let files = cache.forms().iter().map(published).collect::<Option<_>>()?;
        Some(PreviousBuild { manifest, files })
    }

    /// Fills the cache with the chunks that are published, where this machine has built nothing: compressing all of a large
    /// index takes far longer than reading it.
    fn take_published(&self, publication: &Publication, index: &IndexPlan<'_>) -> Result<(), PublishError> {
        if !index.listed || self.publishing.is_forced() {
            return Ok(());
        }
        let Some(list) = self.published_copy(publication, &format!("{}.chunks", index.path))? else {
            return Ok(());
        };
        let mut copies = Vec::new();
        for form in index.cache.forms() {
            let path = format!("{}{}", index.path, form.extension());
            let Some(copy) = self.published_copy(publication, &path)? else {
                return Ok(());
            };
            copies.push((*form, copy));
        }
        let files = copies
            .iter()
            .map(|(form, copy)| (*form, copy.as_path().to_owned()))
            .collect();
        if let Ok(list) = std::fs::read_to_string(list.as_path()) {
            // What cannot be taken is compressed, from its records.
            let _ = keep_published(index.cache, &list, &files);
        }
        Ok(())
    }

    /// Copies a published file to a staged one; `None` where what is served is not what was published.
    fn published_copy(
        &self,
        publication: &Publication,
        path: &str,
    ) -> Result<Option<StagedPath>, PublishError> {
        let Some(file) = publication.files.iter().find(|file| file.path == path) else {
            return Ok(None);
        };
        let served = format!(
            "{}/{}",
            self.archive.dists(self.suite),
            by_hash_path(path, &file.sha256)
        );
        let Some(mut opened) = self.archive.files().open(&served, None)? else {
            return Ok(None);
        };
        let (staged, mut copy) = self.staging.create()?;
        std::io::copy(&mut opened.content, &mut copy)
            .map_err(|source| write_error("write", staged.as_path(), source))?;
        let found = pool::digest_and_size(staged.as_path())
            .map_err(|source| write_error("read", staged.as_path(), source))?;
        Ok((found == (file.sha256, file.size)).then_some(staged))
    }

    fn manifest_path(&self, path: &str) -> PathBuf {
        let folder = self
            .archive
            .local()
            .join(STATE)
            .join("indexes")
            .join(self.suite.codename.as_str());
        folder.join(format!("{path}.json"))
    }

    /// Returns the folder that the suite is served from; `None` where a look at each file is a request.
    fn served_folder(&self) -> Option<PathBuf> {
        let root = self.archive.files().folder()?;
        Some(root.join(self.archive.dists(self.suite)))
    }

    /// Returns whether a small file is published as it is now.
    fn is_served(&self, output: &IndexOutput, text: &str) -> bool {
        match self.served_folder() {
            Some(dists) => [&output.path, &output.by_hash()]
                .into_iter()
                .all(|path| std::fs::read(dists.join(path)).is_ok_and(|found| found == text.as_bytes())),
            None => self.is_published(&output.path, &output.sha256),
        }
    }

    /// Returns whether the catalog says that a file is published with these bytes; it is taken to be there then, and `repogen verify`
    /// finds what is not.
    fn is_published(&self, path: &str, sha256: &Sha256) -> bool {
        let published = self.snapshot.state().publication.as_ref();
        let mut files = published.iter().flat_map(|publication| &publication.files);
        !self.publishing.is_forced() && files.any(|file| file.path == path && file.sha256 == *sha256)
    }

    /// Adds a small file, which is written only if it differs from the existing one.
    fn add_small(&self, indexes: &mut BuiltIndexes, path: String, text: &str) -> Result<(), PublishError> {
        let mut output = IndexOutput {
            path,
            sha256: Sha256::of(text.as_bytes()),
            size: text.len() as u64,
            served: true,
            staged: None,
        };
        if !self.is_served(&output, text) || self.publishing.is_forced() {
            let staged = apply::stage(self.staging, text.as_bytes(), self.date)?;
            output.staged = Some(indexes.keep(staged));
        }
        indexes.outputs.push(output);
        Ok(())
    }
}

/// Returns the path of the Contents of a section, below the folder of the suite.
fn contents_path(section: &Section<'_>) -> String {
    format!("{}/Contents-{}", section.component, section.architecture)
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
