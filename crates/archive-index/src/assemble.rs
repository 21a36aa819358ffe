//! Joins chunks to the forms of an index, and hashes what was not hashed before.
//!
//! Called by [`build`](crate::build()) once the chunks are known and cached. It writes staged files only, and never
//! trusts a cached chunk whose checksum is wrong: it deletes that one and reports it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::thread;

use archive_storage::staging::{StagedPath, StagingError};

use crate::build_env::BuildEnv;
use crate::cache::{CachedChunk, ChunkCache};
use crate::error::IndexError;
use crate::form::Form;
use crate::join;
use crate::manifest::{ChunkEntry, HashState, HashStates, IndexManifest, Output};
use crate::previous::PreviousBuild;
use crate::xz::ChunkLengths;

/// An index that was built.
#[derive(Debug)]
pub struct BuiltIndex {
    /// What the next build may build on, and digests and sizes of all forms.
    pub manifest: IndexManifest,
    /// The staged files; none when they are those of the last build.
    pub files: Vec<(Form, StagedPath, File)>,
}

/// A cached chunk that is missing or does not read back as it was stored.
pub(super) struct ChunkUnreadable;

/// Joins chunks to the forms of an index.
///
/// `previous` is any earlier build of the same index: what both begin with is copied, and not hashed again.
pub(super) fn assemble(
    env: BuildEnv<'_>,
    chunks: &[ChunkEntry],
    previous: Option<&PreviousBuild>,
    settings: &str,
) -> Result<Result<BuiltIndex, ChunkUnreadable>, IndexError> {
    let forms: Vec<Form> = [Form::Plain].iter().chain(env.cache.forms()).copied().collect();
    let mut resume = ResumePoint::after_common_chunks(chunks, previous, &forms);
    let mut states = std::mem::take(&mut resume.earlier);
    states.resize(chunks.len() + 1, HashStates::default());

    let mut manifest = IndexManifest::new(settings.to_owned(), chunks.to_vec());
    let mut files = Vec::new();
    for joined in join_forms(env, chunks, &resume, &forms) {
        let Ok(joined) = joined? else {
            forget_damaged(env.cache, chunks);
            return Ok(Err(ChunkUnreadable));
        };
        manifest.outputs.insert(joined.form, joined.output);
        for (slot, state) in states.iter_mut().skip(resume.chunks).zip(joined.states) {
            slot.insert(joined.form, state);
        }
        if let Some((path, file)) = joined.file {
            let packed = joined.lengths.iter().map(|lengths| lengths.packed);
            manifest.packed.insert(joined.form, packed.collect());
            if joined.form == Form::Xz {
                manifest.padding = joined.lengths.iter().map(|lengths| lengths.padding).collect();
            }
            files.push((joined.form, path, file));
        }
    }
    manifest.padding.resize(chunks.len(), 0);
    manifest.states = states;
    Ok(Ok(BuiltIndex { manifest, files }))
}

/// Where joining starts: after so many chunks, with these states and files.
#[derive(Default)]
struct ResumePoint {
    chunks: usize,
    /// The states before each of these chunks, which hold for the new index too.
    earlier: Vec<HashStates>,
    /// What each form has before this point.
    forms: BTreeMap<Form, CommonForm>,
}

/// The beginning of one form that two builds have in common.
struct CommonForm {
    state: HashState,
    lengths: Vec<ChunkLengths>,
    /// The file of the last build; none for the plain text.
    file: Option<File>,
}

impl ResumePoint {
    /// Resumes after the chunks that both builds begin with, or from nothing where a form has not all that it takes.
    fn after_common_chunks(chunks: &[ChunkEntry], previous: Option<&PreviousBuild>, forms: &[Form]) -> Self {
        let Some(previous) = previous else {
            return Self::default();
        };
        let manifest = &previous.manifest;
        let common = manifest
            .chunks
            .iter()
            .zip(chunks)
            .take_while(|(old, new)| old.digest == new.digest)
            .count();
        // The state before the first chunk lacks the head of the file, which `join_form` hashes only at chunk 0.
        if common == 0 {
            return Self::default();
        }
        let (states, earlier) = manifest
            .states
            .get(..=common)
            .and_then(<[_]>::split_last)
            .expect("a manifest has one state more than chunks");
        let begun = |form: &Form| {
            Some((
                *form,
                CommonForm {
                    state: states.get(form)?.clone(),
                    lengths: manifest.lengths(*form, common)?,
                    file: match form {
                        Form::Plain => None,
                        _ => Some(previous.open(*form)?),
                    },
                },
            ))
        };
        match forms.iter().map(begun).collect() {
            Some(forms) => Self {
                chunks: common,
                earlier: earlier.to_vec(),
                forms,
            },
            None => Self::default(),
        }
    }
}

/// Joins every form, on two threads: the forms share no file, and more threads would wait for the disk.
fn join_forms(
    env: BuildEnv<'_>,
    chunks: &[ChunkEntry],
    resume: &ResumePoint,
    forms: &[Form],
) -> Vec<Result<Result<JoinedForm, ChunkUnreadable>, IndexError>> {
    let (near, far) = forms.split_at(forms.len() / 2);
    let join = |forms: &[Form]| -> Vec<_> {
        forms
            .iter()
            .map(|form| join_form(env, chunks, resume, *form))
            .collect()
    };
    thread::scope(|scope| {
        let side = scope.spawn(|| join(far));
        let mut joined = join(near);
        joined.extend(side.join().unwrap_or_else(|_| {
            vec![Err(IndexError::Chunk(io::Error::other(
                "a joining thread panicked",
            )))]
        }));
        joined
    })
}

/// One form of an index, joined.
struct JoinedForm {
    form: Form,
    output: Output,
    /// The states of its hash before each chunk from the resume point on, and after the last.
    states: Vec<HashState>,
    /// The lengths of each chunk.
    lengths: Vec<ChunkLengths>,
    file: Option<(StagedPath, File)>,
}

/// Joins the chunks of one form; of the plain text, only the digest is made.
///
/// What is before the resume point is neither hashed nor seen: the kernel copies it, or on a file system that can (XFS,
/// btrfs) lets both files share it. `verify` finds what a disk has damaged there.
fn join_form(
    env: BuildEnv<'_>,
    chunks: &[ChunkEntry],
    resume: &ResumePoint,
    form: Form,
) -> Result<Result<JoinedForm, ChunkUnreadable>, IndexError> {
    let begun = resume.forms.get(&form);
    let mut hash = begun.map_or_else(HashState::default, |begun| begun.state.clone());
    let mut lengths = begun.map_or_else(Vec::new, |begun| begun.lengths.clone());
    let mut states = Vec::with_capacity(chunks.len() + 1 - resume.chunks);
    let mut buffer = Vec::new();
    let mut file = match form {
        // Nobody fetches the plain text; only its digest is listed in the Release.
        Form::Plain => None,
        _ => Some(env.staging.create()?),
    };
    match (begun, &mut file) {
        (Some(begun), Some(file)) => copy_beginning(begun, form, file)?,
        (Some(_), None) => {}
        (None, file) => {
            let head = join::head(form);
            write(file, &head)?;
            hash.update(&head);
        }
    }
    for chunk in chunks.iter().skip(resume.chunks) {
        states.push(hash.clone());
        let Some(cached) = env.cache.open(&chunk.digest) else {
            return Ok(Err(ChunkUnreadable));
        };
        if !cached.read(form, &mut buffer) {
            return Ok(Err(ChunkUnreadable));
        }
        lengths.push(lengths_of(&cached, form));
        write(&mut file, &buffer)?;
        hash.update(&buffer);
    }
    // Before the tail: the next build may append chunks here, and the tail of xz lists all of them.
    states.push(hash.clone());
    let tail = join::tail(form, lengths.iter().copied()).map_err(IndexError::Chunk)?;
    write(&mut file, &tail)?;
    hash.update(&tail);
    Ok(Ok(JoinedForm {
        form,
        output: hash.finish(),
        states,
        lengths,
        file,
    }))
}

/// Copies what two builds begin with out of the file of the last one.
fn copy_beginning(
    begun: &CommonForm,
    form: Form,
    (path, file): &mut (StagedPath, File),
) -> Result<(), StagingError> {
    let packed: u64 = begun.lengths.iter().map(|lengths| lengths.packed).sum();
    let length = join::head(form).len() as u64 + packed;
    let from = begun.file.as_ref().expect("a compressed form was opened");
    // By copy_file_range(2) where source and target are files, as here.
    let copied = io::copy(&mut from.take(length), file);
    let whole = copied.and_then(|copied| match copied == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    });
    whole.map_err(|source| StagingError {
        action: "copy the index of the last publish into",
        path: path.as_path().to_owned(),
        source,
    })
}

fn write(file: &mut Option<(StagedPath, File)>, bytes: &[u8]) -> Result<(), StagingError> {
    match file {
        Some((path, file)) => file.write_all(bytes).map_err(|source| StagingError {
            action: "write",
            path: path.as_path().to_owned(),
            source,
        }),
        None => Ok(()),
    }
}

fn lengths_of(chunk: &CachedChunk, form: Form) -> ChunkLengths {
    let header = chunk.header();
    ChunkLengths {
        plain: header.length(Form::Plain),
        packed: header.length(form),
        padding: header.padding(form),
    }
}

/// Deletes every chunk that does not read back, so that it is compressed again.
fn forget_damaged(cache: &ChunkCache, chunks: &[ChunkEntry]) {
    let mut buffer = Vec::new();
    for chunk in chunks {
        let whole = cache.open(&chunk.digest).is_some_and(|cached| {
            cached.header().length(Form::Plain) == chunk.length
                && Form::ALL.into_iter().all(|form| cached.read(form, &mut buffer))
        });
        if !whole {
            cache.forget(&chunk.digest);
        }
    }
}
