//! Joining chunks to the forms of an index, and hashing what was not hashed before.

use std::fs::File;
use std::io::{self, Write as _};
use std::thread;

use super::build::{Built, IndexError, Workshop};
use super::cache::{CachedChunk, ChunkCache};
use super::compress::Form;
use super::join::{self, Lengths};
use super::manifest::{Chunk, Manifest, Output, Running, States};
use archive_storage::staging::{StagedPath, StagingError};

/// A cached chunk did not read back as it was stored.
pub(super) struct Broken;

/// Joins chunks to the forms of an index.
pub(super) fn assemble(
    workshop: Workshop<'_>,
    chunks: &[Chunk],
    previous: Option<&Manifest>,
    settings: &str,
) -> Result<Result<Built, Broken>, IndexError> {
    let same = previous.map_or(0, |manifest| {
        manifest
            .chunks
            .iter()
            .zip(chunks)
            .take_while(|(old, new)| old.digest == new.digest)
            .count()
    });
    let known = previous
        .filter(|_| same > 0)
        .and_then(|manifest| manifest.states.get(..=same));
    let mut states = known.map(<[_]>::to_vec).unwrap_or_default();
    let start = Start {
        chunks: if known.is_some() { same } else { 0 },
        states: states.pop().unwrap_or_default(),
    };
    states.resize(chunks.len() + 1, States::default());

    let mut manifest = Manifest::new(settings.to_owned(), chunks.to_vec());
    let mut files = Vec::new();
    for joined in join_forms(workshop, chunks, &start) {
        let Ok(joined) = joined? else {
            forget_broken(workshop.cache, chunks);
            return Ok(Err(Broken));
        };
        manifest.outputs.insert(joined.form, joined.output);
        for (slot, state) in states.iter_mut().skip(start.chunks).zip(joined.states) {
            slot.insert(joined.form, state);
        }
        if let Some((path, file)) = joined.file {
            manifest.packed.insert(joined.form, joined.packed);
            files.push((joined.form, path, file));
        }
    }
    manifest.states = states;
    Ok(Ok(Built { manifest, files }))
}

/// Joins every form, on two threads.
fn join_forms(
    workshop: Workshop<'_>,
    chunks: &[Chunk],
    start: &Start,
) -> Vec<Result<Result<Joined, Broken>, IndexError>> {
    let forms: Vec<Form> = [Form::Plain]
        .iter()
        .chain(workshop.cache.forms())
        .copied()
        .collect();
    let (near, far) = forms.split_at(forms.len() / 2);
    let join = |forms: &[Form]| -> Vec<_> {
        forms
            .iter()
            .map(|form| join_form(workshop, chunks, start, *form))
            .collect()
    };
    thread::scope(|scope| {
        let side = scope.spawn(|| join(far));
        let mut joined = join(near);
        joined.extend(side.join().unwrap_or_else(|_| {
            vec![Err(IndexError::Chunk(io::Error::other(
                "a joining thread stopped",
            )))]
        }));
        joined
    })
}

/// Where hashing starts: after so many chunks, with these states.
struct Start {
    chunks: usize,
    states: States,
}

/// One form of an index, joined.
struct Joined {
    form: Form,
    output: Output,
    /// The states of its hash before each chunk from the start on, and after the last.
    states: Vec<Running>,
    /// Bytes of each chunk.
    packed: Vec<u64>,
    file: Option<(StagedPath, File)>,
}

/// Joins the chunks of one form; of the plain text, only the digest is made.
fn join_form(
    workshop: Workshop<'_>,
    chunks: &[Chunk],
    start: &Start,
    form: Form,
) -> Result<Result<Joined, Broken>, IndexError> {
    let mut running = start.states.get(&form).cloned().unwrap_or_default();
    let mut states = Vec::with_capacity(chunks.len() + 1 - start.chunks);
    let mut lengths = Vec::with_capacity(chunks.len());
    let mut buffer = Vec::new();
    let mut file = if form == Form::Plain {
        None
    } else {
        Some(workshop.staging.create()?)
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
    if start.chunks == 0 {
        running.update(&head);
    }
    for (at, chunk) in chunks.iter().enumerate() {
        let hashed = at >= start.chunks;
        if hashed {
            states.push(running.clone());
        } else if form == Form::Plain {
            continue;
        }
        let Some(cached) = workshop.cache.open(&chunk.digest) else {
            return Ok(Err(Broken));
        };
        if !cached.read(form, &mut buffer) {
            return Ok(Err(Broken));
        }
        lengths.push(lengths_of(&cached, form));
        write(&buffer)?;
        if hashed {
            running.update(&buffer);
        }
    }
    states.push(running.clone());
    let packed = lengths.iter().map(|lengths| lengths.packed).collect();
    let tail = join::tail(form, lengths.into_iter()).map_err(IndexError::Chunk)?;
    write(&tail)?;
    running.update(&tail);
    Ok(Ok(Joined {
        form,
        output: running.finish(),
        states,
        packed,
        file,
    }))
}

fn lengths_of(chunk: &CachedChunk, form: Form) -> Lengths {
    let header = chunk.header();
    Lengths {
        plain: header.length(Form::Plain),
        packed: header.length(form),
        padding: header.padding(form),
    }
}

/// Deletes every chunk that does not read back, so that it is made anew.
fn forget_broken(cache: &ChunkCache, chunks: &[Chunk]) {
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
