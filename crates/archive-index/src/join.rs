//! What is put around chunks to make them one file: the head and the tail of each format.
//!
//! Called when chunks are joined, and when one is compressed to an xz block. It sees lengths, never compressed bytes of
//! other chunks.
//!
//! gzip members and zstd frames are simply joined. xz files are one stream of many blocks: two streams end to end
//! pass `xz -t`, but apt reads only the first. Source: the .xz file format 1.2.1, sections 2 to 4.

use crate::compress::{Form, XZ_DICTIONARY};

/// Stream flags: check CRC32.
const FLAGS: [u8; 2] = [0, 1];
const XZ_MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];

/// The lengths of one chunk that the end of a file needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkLengths {
    /// Bytes of plain text.
    pub plain: u64,
    /// Bytes of the compressed chunk.
    pub packed: u64,
    /// How many of them are padding (xz only), which the index of a stream does not count.
    pub padding: u8,
}

/// Returns what stands before the first chunk.
pub(super) fn head(form: Form) -> Vec<u8> {
    match form {
        Form::Plain | Form::Gzip | Form::Zstd => Vec::new(),
        Form::Xz => [&XZ_MAGIC[..], &FLAGS, &crc(&FLAGS)].concat(),
    }
}

/// Returns what stands after the last chunk.
pub(super) fn tail(
    form: Form,
    chunks: impl ExactSizeIterator<Item = ChunkLengths>,
) -> std::io::Result<Vec<u8>> {
    match form {
        // A file of no chunk is still a file of the format.
        Form::Gzip | Form::Zstd if chunks.len() == 0 => Ok(form.compress(&[])?.bytes),
        Form::Plain | Form::Gzip | Form::Zstd => Ok(Vec::new()),
        Form::Xz => Ok(xz_end(chunks)),
    }
}

/// Makes an xz block of LZMA2 data, with both sizes in its header so that readers can go from block to block.
///
/// Returns the block and the number of padding bytes in it.
pub(super) fn xz_block(packed: &[u8], plain: &[u8]) -> (Vec<u8>, u8) {
    // Section 3.1: the header's size, set below, then flags: one filter, and both sizes present.
    let mut header = vec![0, 0xc0];
    number(&mut header, packed.len() as u64);
    number(&mut header, plain.len() as u64);
    // Filter 0x21 is LZMA2, with one byte of properties: the size of its dictionary.
    header.extend([0x21, 1, dictionary_byte(XZ_DICTIONARY)]);
    pad(&mut header);
    // The first byte is the length in words of four, less one, and the CRC is one more.
    let words = u8::try_from(header.len() / 4).expect("a block header has at most 28 bytes");
    if let Some(first) = header.first_mut() {
        *first = words;
    }
    header.extend(crc(&header));
    let mut block = header;
    block.extend_from_slice(packed);
    let padding = pad(&mut block);
    block.extend(crc(plain));
    (block, padding)
}

/// Returns the index of a stream, which lists all of its blocks, and the footer.
///
/// It is why blocks that were compressed apart can be one stream: nothing in a block says where it stands, and only this
/// end counts them. Both are a few bytes a chunk, made anew for each file.
fn xz_end(chunks: impl ExactSizeIterator<Item = ChunkLengths>) -> Vec<u8> {
    // Section 4: an indicator byte where a block would have the size of its header, which is never 0.
    let mut index = vec![0];
    number(&mut index, chunks.len() as u64);
    for chunk in chunks {
        // The unpadded size: header, data and check. Readers add the padding again.
        number(&mut index, chunk.packed - u64::from(chunk.padding));
        number(&mut index, chunk.plain);
    }
    pad(&mut index);
    index.extend(crc(&index));
    // Section 2.1.2.2: the size of the index in words of four bytes, less one.
    let words = u32::try_from(index.len() / 4 - 1).expect("an index of chunks is far below 16 GiB");
    let footer = [&words.to_le_bytes()[..], &FLAGS].concat();
    index.extend(crc(&footer));
    index.extend(footer);
    index.extend(b"YZ");
    index
}

/// Appends a number as section 1.2 has it: seven bits a byte, the lowest first.
fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends zeros up to a multiple of four, and returns how many.
fn pad(bytes: &mut Vec<u8>) -> u8 {
    let padding = bytes.len().wrapping_neg() % 4;
    bytes.resize(bytes.len() + padding, 0);
    padding as u8
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_le_bytes()
}

/// Names a dictionary size as section 5.3.1 has it: 2^n, or 2^n + 2^(n-1).
const fn dictionary_byte(size: u32) -> u8 {
    let mut code = 0;
    while code < 40 && (2 | (code & 1) as u64) << (code / 2 + 11) < size as u64 {
        code += 1;
    }
    code
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

    #[test]
    fn the_dictionary_is_named_exactly() {
        assert_eq!(dictionary_byte(4 << 10), 0);
        assert_eq!(dictionary_byte(768 << 10), 15);
        assert_eq!(dictionary_byte(8 << 20), 22);
    }
}
