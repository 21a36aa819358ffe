//! The text of the last build of an index, from the chunks that are kept of it.
//!
//! For whoever knows what changed in an index and has no cheaper source of the rest than the index itself.

use crate::cache::ChunkCache;
use crate::form::Form;
use crate::manifest::IndexManifest;
use crate::records::RecordKey;

impl IndexManifest {
    /// Returns the texts of the chunks, in order, from the one that has the place of `from` on; all of them without one.
    ///
    /// An item is `None` where the cache has no whole copy of a chunk.
    pub fn chunk_texts<'a>(
        &'a self,
        cache: &'a ChunkCache,
        from: Option<&RecordKey>,
    ) -> impl Iterator<Item = Option<Vec<u8>>> + 'a {
        let after = from.map_or(0, |from| {
            self.chunks.partition_point(|chunk| chunk.first <= *from)
        });
        self.chunks.iter().skip(after.saturating_sub(1)).map(|chunk| {
            let mut text = Vec::new();
            let kept = cache.open(&chunk.digest)?;
            kept.read(Form::Plain, &mut text).then_some(text)
        })
    }
}
