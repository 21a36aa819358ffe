//! What is put around chunks to make them one file: the head and the tail of each format.
//!
//! Called when chunks are joined. It sees lengths, never compressed bytes.
//!
//! gzip members and zstd frames are simply joined: both formats say that what is joined unpacks to what its parts unpack
//! to. An xz file has to be one stream, which [`xz`] makes.

use crate::form::Form;
use crate::xz::{self, ChunkLengths};

/// Returns the bytes before the first chunk.
pub(super) fn head(form: Form) -> Vec<u8> {
    match form {
        Form::Plain | Form::Gzip | Form::Zstd => Vec::new(),
        Form::Xz => xz::head(),
    }
}

/// Returns the bytes after the last chunk.
pub(super) fn tail(
    form: Form,
    chunks: impl ExactSizeIterator<Item = ChunkLengths>,
) -> std::io::Result<Vec<u8>> {
    match form {
        // A file of no chunk is still a file of the format.
        Form::Gzip | Form::Zstd if chunks.len() == 0 => Ok(form.compress(&[])?.bytes),
        Form::Plain | Form::Gzip | Form::Zstd => Ok(Vec::new()),
        Form::Xz => Ok(xz::tail(chunks)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    fn joined(form: Form, chunks: &[&[u8]]) -> Vec<u8> {
        let mut file = head(form);
        let mut lengths = Vec::new();
        for chunk in chunks {
            let packed = form.compress(chunk).unwrap();
            lengths.push(ChunkLengths {
                plain: chunk.len() as u64,
                packed: packed.bytes.len() as u64,
                padding: packed.padding,
            });
            file.extend(packed.bytes);
        }
        file.extend(tail(form, lengths.into_iter()).unwrap());
        file
    }

    fn through(program: &str, input: &[u8]) -> Vec<u8> {
        let mut child = Command::new(program)
            .args(["-d", "-c"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let mut output = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
        writer.join().unwrap().unwrap();
        assert!(child.wait().unwrap().success(), "{program}");
        output
    }

    #[test]
    fn the_formats_own_programs_read_joined_chunks() {
        let long: Vec<u8> = (0..200_000_u32)
            .flat_map(|at| (at / 7).to_string().into_bytes())
            .collect();
        let cases: [&[&[u8]]; 4] = [
            &[],
            &[b"one\n"],
            &[b"one\n", b"", b"three\n"],
            &[&long, b"x", &long[..77_777]],
        ];
        for chunks in cases {
            for (form, program) in [(Form::Gzip, "gzip"), (Form::Xz, "xz"), (Form::Zstd, "zstd")] {
                assert!(
                    through(program, &joined(form, chunks)) == chunks.concat(),
                    "{program}, {} chunks",
                    chunks.len()
                );
            }
        }
    }
}
