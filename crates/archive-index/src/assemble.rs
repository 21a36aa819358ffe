//! Joins chunks to the forms of an index, and hashes what was not hashed before.
//!
//! Called by [`build`](crate::build()) once the chunks are known and cached. It writes staged files only, and never
//! trusts a cached chunk whose checksum is wrong: it deletes that one and reports it.

use std::fs::File;
use std::io::{self, Write as _};
use std::thread;

use archive_storage::staging::{StagedPath, StagingError};

use crate::build_env::BuildEnv;
use crate::cache::{CachedChunk, ChunkCache};
use crate::error::IndexError;
use crate::form::Form;
use crate::join;
use crate::manifest::{ChunkEntry, HashState, HashStates, IndexManifest, Output};
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
/// `previous` is any earlier manifest of the same index: what both begin with is not hashed again.
pub(super) fn assemble(
    env: BuildEnv<'_>,
    chunks: &[ChunkEntry],
    previous: Option<&IndexManifest>,
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
            manifest.packed.insert(joined.form, joined.packed);
            files.push((joined.form, path, file));
        }
    }
    manifest.states = states;
    Ok(Ok(BuiltIndex { manifest, files }))
}

/// Where hashing starts: after so many chunks, with these states.
struct ResumePoint {
    chunks: usize,
    states: HashStates,
    /// The states before each of these chunks, which hold for the new index too.
    earlier: Vec<HashStates>,
}

impl ResumePoint {
    /// Resumes after the chunks that both builds begin with, or from nothing where no state is kept for a form.
    fn after_common_chunks(chunks: &[ChunkEntry], previous: Option<&IndexManifest>, forms: &[Form]) -> Self {
        let from_nothing = Self {
            chunks: 0,
            states: HashStates::default(),
            earlier: Vec::new(),
        };
        let Some(manifest) = previous else {
            return from_nothing;
        };
        let common = manifest
            .chunks
            .iter()
            .zip(chunks)
            .take_while(|(old, new)| old.digest == new.digest)
            .count();
        // The state before the first chunk lacks the head of the file, which `join_form` hashes only at chunk 0.
        if common == 0 {
            return from_nothing;
        }
        let (states, earlier) = manifest
            .states
            .get(..=common)
            .and_then(<[_]>::split_last)
            .expect("a manifest has one state more than chunks");
        if !forms.iter().all(|form| states.contains_key(form)) {
            return from_nothing;
        }
        Self {
            chunks: common,
            states: states.clone(),
            earlier: earlier.to_vec(),
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
    /// Bytes of each chunk.
    packed: Vec<u64>,
    file: Option<(StagedPath, File)>,
}

/// Joins the chunks of one form; of the plain text, only the digest is made.
///
/// A file is written from its first byte in any case, since a staged file is a new file. Hashing is what can be saved:
/// the state of the last build at the resume point already covers the head and every chunk before it.
fn join_form(
    env: BuildEnv<'_>,
    chunks: &[ChunkEntry],
    resume: &ResumePoint,
    form: Form,
) -> Result<Result<JoinedForm, ChunkUnreadable>, IndexError> {
    let mut hash = match resume.chunks {
        0 => HashState::default(),
        _ => resume
            .states
            .get(&form)
            .cloned()
            .expect("a resume point after a chunk has a state of every form"),
    };
    let mut states = Vec::with_capacity(chunks.len() + 1 - resume.chunks);
    let mut lengths = Vec::with_capacity(chunks.len());
    let mut buffer = Vec::new();
    let mut file = match form {
        // Nobody fetches the plain text; only its digest is listed in the Release.
        Form::Plain => None,
        _ => Some(env.staging.create()?),
    };
    let mut write = |bytes: &[u8]| match &mut file {
        Some((path, file)) => file.write_all(bytes).map_err(|source| StagingError {
            action: "write",
            path: path.as_path().to_owned(),
            source,
        }),
        None => Ok(()),
    };
    let head = join::head(form);
    write(&head)?;
    if resume.chunks == 0 {
        hash.update(&head);
    }
    for (at, chunk) in chunks.iter().enumerate() {
        let hashed = at >= resume.chunks;
        if hashed {
            states.push(hash.clone());
        } else if form == Form::Plain {
            // Neither written nor hashed: an unchanged chunk of plain text is not even read.
            continue;
        }
        let Some(cached) = env.cache.open(&chunk.digest) else {
            return Ok(Err(ChunkUnreadable));
        };
        if !cached.read(form, &mut buffer) {
            return Ok(Err(ChunkUnreadable));
        }
        lengths.push(lengths_of(&cached, form));
        write(&buffer)?;
        if hashed {
            hash.update(&buffer);
        }
    }
    // Before the tail: the next build may append chunks here, and the tail of xz lists all of them.
    states.push(hash.clone());
    let packed = lengths.iter().map(|lengths| lengths.packed).collect();
    let tail = join::tail(form, lengths.into_iter()).map_err(IndexError::Chunk)?;
    write(&tail)?;
    hash.update(&tail);
    Ok(Ok(JoinedForm {
        form,
        output: hash.finish(),
        states,
        packed,
        file,
    }))
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
