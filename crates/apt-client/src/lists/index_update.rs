//! Bringing the text of one index up to date: by its changed chunks where that is possible, else as a whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::Sha256;
use debian_control::release::{IndexFile, Release};

use super::choose::{Choice, forms};
use super::chunks::{ChunkList, Piece, unpack as unpack_chunk};
use super::error::UpdateError;
use super::manifest::{KeptText, text_path};
use super::remote::{ByHash, Remote};
use super::text::{TextWriter, part, read_part, unpack};
use crate::fetch::FileResponse;

/// The update of indexes that one Release lists.
pub(super) struct IndexUpdate<'u, 'a> {
    pub(super) folder: &'u Path,
    pub(super) release: &'u Release,
    pub(super) remote: &'u mut Remote<'a>,
}

/// Says whether a text is here, by its length; its digest is held against it whenever it is read.
pub(super) fn is_here(folder: &Path, text: &KeptText) -> bool {
    fs::metadata(text_path(folder, &text.sha256)).is_ok_and(|found| found.len() == text.size)
}

impl IndexUpdate<'_, '_> {
    /// Sees to it that an index is here which the Release lists under a name. `old` is what was its text before.
    pub(super) fn bring(&mut self, name: &str, old: Option<KeptText>) -> Result<KeptText, UpdateError> {
        let forms = forms(&self.release.sha256, name);
        if let Some(choice) = forms.first()
            && let Some(plain) = choice.plain
        {
            let text = KeptText {
                sha256: plain.sha256,
                size: plain.size,
            };
            if is_here(self.folder, &text) {
                return Ok(text);
            }
            let old = old.filter(|old| is_here(self.folder, old));
            let list = self.chunk_list(plain, choice.chunks)?;
            if let (Some(old), Some(list)) = (old, &list)
                && self.by_chunks((&old, plain), list)?.is_some()
            {
                return Ok(text);
            }
        }
        let mut failed = None;
        for form in &forms {
            match self.whole(form) {
                // As apt has it, what is listed and does not come, or cannot be read here, is got in another form.
                Err(UpdateError::Fetch(error)) if error.is_of_one_file() => {
                    failed = failed.or(Some(error.into()));
                }
                Err(error @ UpdateError::Unreadable { .. }) => failed = failed.or(Some(error)),
                done => return done,
            }
        }
        Err(failed.expect("an index that is listed has a form"))
    }

    /// Fetches the chunk list of an index and keeps it beside the text that will come.
    fn chunk_list(
        &mut self,
        plain: &IndexFile,
        listed: Option<&IndexFile>,
    ) -> Result<Option<ChunkList>, UpdateError> {
        let Some(listed) = listed else {
            return Ok(None);
        };
        let bytes = match self.remote.listed(listed, self.by_hash()) {
            // Without it, the index comes as a whole.
            Err(UpdateError::Fetch(error)) if error.is_of_one_file() => return Ok(None),
            fetched => fetched?.1,
        };
        let Some(list) = std::str::from_utf8(&bytes).ok().and_then(ChunkList::parse) else {
            return Ok(None);
        };
        let path = self.list_path(&plain.sha256);
        fs::write(&path, &bytes).map_err(|source| UpdateError::Disk { path, source })?;
        Ok(Some(list))
    }

    fn list_path(&self, text: &Sha256) -> PathBuf {
        self.folder.join(format!("{text}.chunks"))
    }

    /// Makes a new index of an old one and what is fetched of the new; `None` when that is not possible.
    fn by_chunks(
        &mut self,
        (old, plain): (&KeptText, &IndexFile),
        list: &ChunkList,
    ) -> Result<Option<()>, UpdateError> {
        // The old text may have come from an archive without chunk lists.
        let Ok(old_list) = fs::read_to_string(self.list_path(&old.sha256)) else {
            return Ok(None);
        };
        let disk = |source| disk(self.folder, source);
        let mut source = File::open(text_path(self.folder, &old.sha256)).map_err(disk)?;
        let mut holds = |start, length, sha256: &Sha256| {
            // What cannot be read is fetched, or found to be unreadable when it is written.
            read_part(&mut source, start, length).is_ok_and(|text| Sha256::of(&text) == *sha256)
        };
        let plan = ChunkList::parse(&old_list).and_then(|old| list.plan(&old, &mut holds));
        let Some(plan) = plan else {
            return Ok(None);
        };
        let packed_path = format!("{}{}", plain.path, list.compression.extension());
        let packed = self.release.sha256.iter().find(|file| file.path == packed_path);
        // By its name alone, the file could be replaced between two ranges.
        let Some(packed) = packed.filter(|_| self.release.acquire_by_hash) else {
            return Ok(None);
        };
        let mut ranges = Vec::new();
        for range in &plan.ranges {
            let Ok((_, FileResponse::Body { bytes, .. })) = self.remote.ask_range(packed, *range) else {
                return Ok(None);
            };
            ranges.push(bytes);
        }
        let mut writer = TextWriter::new(self.folder).map_err(disk)?;
        for piece in plan.pieces {
            let text = match piece {
                Piece::Old { start, length } => read_part(&mut source, start, length).map_err(disk)?,
                Piece::New {
                    range,
                    start,
                    packed,
                    length,
                    sha256,
                } => {
                    let part = ranges.get(range).and_then(|bytes| part(bytes, start, packed));
                    let Some(text) =
                        part.and_then(|part| unpack_chunk(part, list.compression, (length, sha256)))
                    else {
                        return Ok(None);
                    };
                    text
                }
            };
            writer.write(&text).map_err(disk)?;
        }
        // An old text that is no longer what it was gives another digest: then the whole is fetched.
        let made = writer.finish(self.folder, Some(plain)).map_err(disk)?;
        Ok(made.ok().map(|_| ()))
    }

    /// Fetches an index as a whole.
    fn whole(&mut self, choice: &Choice<'_>) -> Result<KeptText, UpdateError> {
        let (location, bytes) = self.remote.listed(choice.packed, self.by_hash())?;
        let disk = |source| disk(self.folder, source);
        let mut writer = TextWriter::new(self.folder).map_err(disk)?;
        unpack((&location, &bytes), choice, |text| {
            writer.write(text).map_err(disk)
        })?;
        writer
            .finish(self.folder, choice.plain)
            .map_err(disk)?
            .map_err(|what| UpdateError::Wrong { location, what })
    }

    fn by_hash(&self) -> ByHash {
        ByHash::said(self.release.acquire_by_hash)
    }
}

fn disk(folder: &Path, source: io::Error) -> UpdateError {
    UpdateError::Disk {
        path: folder.to_owned(),
        source,
    }
}
