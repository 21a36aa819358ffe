//! Lines in blocks, each compressed by itself.

use std::io;

/// Bytes of lines in a block.
const BLOCK: usize = 1 << 20;
/// Most bytes that a block may unpack to: the line that ends it may be long.
const MAX_BLOCK: usize = BLOCK + (128 << 10);
/// Quick to make, and as quick to read as any.
const LEVEL: i32 = 1;

/// Makes blocks of lines.
pub(super) struct BlocksWriter {
    block: Vec<u8>,
    packed: Vec<u8>,
    /// The bytes of each block.
    lengths: Vec<u32>,
    failed: Option<io::Error>,
}

impl BlocksWriter {
    pub(super) fn new() -> Self {
        Self {
            block: Vec::with_capacity(MAX_BLOCK),
            packed: Vec::new(),
            lengths: Vec::new(),
            failed: None,
        }
    }

    /// Adds a line.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.block.extend_from_slice(line);
        self.block.push(b'\n');
        if self.block.len() >= BLOCK {
            self.pack();
        }
    }

    fn pack(&mut self) {
        match zstd::bulk::compress(&self.block, LEVEL) {
            Ok(packed) => {
                self.packed.extend_from_slice(&packed);
                self.lengths.push(u32::try_from(packed.len()).unwrap_or(u32::MAX));
            }
            Err(error) => self.failed = Some(error),
        }
        self.block.clear();
    }

    /// Returns the blocks, their lengths, and how many there are.
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        if !self.block.is_empty() {
            self.pack();
        }
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut bytes = self.packed;
        for length in &self.lengths {
            bytes.extend_from_slice(&length.to_le_bytes());
        }
        bytes.extend_from_slice(&(self.lengths.len() as u64).to_le_bytes());
        Ok(bytes)
    }
}

/// Blocks of lines as they are kept.
pub(super) struct Blocks {
    bytes: Vec<u8>,
    /// Where each block begins and ends.
    spans: Vec<(usize, usize)>,
}

impl Blocks {
    /// Takes what [`BlocksWriter::finish`] returned.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let (before, count) = bytes.split_last_chunk::<8>()?;
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        let (packed, lengths) = before.split_at_checked(before.len().checked_sub(count.checked_mul(4)?)?)?;
        let mut spans = Vec::with_capacity(count);
        let mut start = 0_usize;
        for length in lengths.as_chunks::<4>().0 {
            let end = start.checked_add(u32::from_le_bytes(*length) as usize)?;
            spans.push((start, end));
            start = end;
        }
        (start == packed.len()).then_some(Self { spans, bytes })
    }

    /// Returns how many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns the lines of a block.
    pub(super) fn lines(&self, block: usize) -> Vec<u8> {
        let span = self.spans.get(block);
        let packed = span.and_then(|(start, end)| self.bytes.get(*start..*end));
        packed
            .and_then(|packed| zstd::bulk::decompress(packed, MAX_BLOCK).ok())
            .expect("the checksum of the file was right when it was opened")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_from_their_blocks() {
        let mut writer = BlocksWriter::new();
        let line = |number: u32| format!("usr/share/doc/{number:0100}\tpackage");
        for number in 0..30_000 {
            writer.push(line(number).as_bytes());
        }
        let bytes = writer.finish().unwrap();
        let blocks = Blocks::from_bytes(bytes.clone()).unwrap();
        assert!(blocks.len() > 2);
        let text: Vec<u8> = (0..blocks.len()).flat_map(|block| blocks.lines(block)).collect();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().eq((0..30_000).map(line)));
        for cut in [0, 7, 8, bytes.len() - 1] {
            assert!(Blocks::from_bytes(bytes[..cut].to_vec()).is_none(), "{cut}");
        }
    }

    #[test]
    fn no_lines_are_no_blocks() {
        let blocks = Blocks::from_bytes(BlocksWriter::new().finish().unwrap()).unwrap();
        assert_eq!(blocks.len(), 0);
    }
}
