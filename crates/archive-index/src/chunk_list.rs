//! The chunk list of an index, by which a client that has most of it fetches the rest.
//!
//! A signed file beside the index. Each of its lines describes one chunk: the digest of its plain text, and its bytes
//! plain and in each compressed form. A client that holds a text of that digest already needs no byte of the chunk;
//! any other it fetches by Range from the file of the form it likes. A gzip chunk is a whole member, a zstd chunk a
//! whole frame, an xz chunk a whole block of a stream with CRC32.

use std::fmt::{self, Write as _};

use crate::form::Form;
use crate::join;
use crate::manifest::IndexManifest;

/// Returns the chunk list of the index called `name`, in the form of a control stanza.
pub fn chunk_list(manifest: &IndexManifest, name: &str) -> String {
    let forms: Vec<Form> = manifest.packed.keys().copied().collect();
    let words = |word: &dyn Fn(&Form) -> String| forms.iter().map(word).collect::<Vec<_>>().join(" ");
    let mut text = format!("Format: 1\nIndex: {name}\n");
    let mut write = |arguments: fmt::Arguments<'_>| text.write_fmt(arguments).expect("writing to a string");
    if let Some(plain) = manifest.outputs.get(&Form::Plain) {
        write(format_args!("Size: {}\nSHA256: {}\n", plain.size, plain.sha256));
    }
    write(format_args!(
        "Forms: {}\nStarts: {}\nChunks:\n",
        words(&|form| form.extension().trim_start_matches('.').to_owned()),
        words(&|form| join::head(*form).len().to_string()),
    ));
    for (at, chunk) in manifest.chunks.iter().enumerate() {
        write(format_args!(" {} {}", chunk.digest, chunk.length));
        for lengths in manifest.packed.values() {
            let length = lengths
                .get(at)
                .expect("a manifest has a length of every chunk in every form");
            write(format_args!(" {length}"));
        }
        write(format_args!("\n"));
    }
    text
}
