//! The xz container: one stream of many blocks, which are compressed apart.
//!
//! Called when a chunk is compressed to a block, and when blocks are joined. Two streams end to end pass `xz -t`, but apt
//! reads only the first. Source: the .xz file format 1.2.1, sections 2 to 4.

/// Returns the dictionary for a text: the power of two that holds it, up to that which holds the largest chunk.
///
/// An encoder clears tables in proportion to it, which for a small chunk would be most of the work.
pub(super) fn dictionary(plain: &[u8]) -> u32 {
    const LEAST: usize = 64 << 10;
    const MOST: usize = 1 << 20;
    let size = plain.len().clamp(LEAST, MOST).next_power_of_two();
    u32::try_from(size).expect("it is clamped to far less")
}
/// Stream flags: check CRC32.
const FLAGS: [u8; 2] = [0, 1];
const MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];

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

/// Returns the bytes before the first block.
pub(super) fn head() -> Vec<u8> {
    [&MAGIC[..], &FLAGS, &crc(&FLAGS)].concat()
}

/// Makes an xz block of LZMA2 data, with both sizes in its header so that readers can go from block to block.
///
/// Returns the block and the number of padding bytes in it.
pub(super) fn block(packed: &[u8], plain: &[u8]) -> (Vec<u8>, u8) {
    // Section 3.1: the header's size, set below, then flags: one filter, and both sizes present.
    let mut header = vec![0, 0xc0];
    number(&mut header, packed.len() as u64);
    number(&mut header, plain.len() as u64);
    // Filter 0x21 is LZMA2, with one byte of properties: the size of its dictionary.
    header.extend([0x21, 1, dictionary_byte(dictionary(plain))]);
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

/// Returns how many bytes of padding a block has, as [`block`] makes them; `None` where the bytes are no such block.
pub(super) fn padding(block: &[u8]) -> Option<u8> {
    let [words, flags, rest @ ..] = block else {
        return None;
    };
    (*flags == 0xc0).then_some(())?;
    let header = (u64::from(*words) + 1) * 4;
    let mut packed = 0_u64;
    for (at, byte) in rest.iter().take(9).enumerate() {
        packed |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let padding = header.checked_add(packed)?.wrapping_neg() % 4;
            // After the padding stands the CRC.
            let whole = header.checked_add(packed)?.checked_add(padding + 4)?;
            return (whole == block.len() as u64).then_some(padding as u8);
        }
    }
    None
}

/// Returns the index of a stream, which lists all of its blocks, and the footer.
///
/// It is why blocks that were compressed apart can be one stream: nothing in a block says where it stands, and only this
/// end counts them. Both are a few bytes a chunk, made anew for each file.
pub(super) fn tail(chunks: impl ExactSizeIterator<Item = ChunkLengths>) -> Vec<u8> {
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
    use super::*;

    #[test]
    fn the_dictionary_is_named_exactly() {
        assert_eq!(dictionary_byte(4 << 10), 0);
        assert_eq!(dictionary_byte(768 << 10), 15);
        assert_eq!(dictionary_byte(8 << 20), 22);
    }
}
