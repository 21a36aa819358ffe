//! Texts of indexes on the disk, and parts of files.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use debian_control::digest::Digester;
use debian_control::limits::Limits;
use debian_control::release::IndexFile;
use debian_deb::compression::{Bounds, Decoder, Streams};

use super::choose::Choice;
use super::error::UpdateError;
use super::manifest::{KeptText, text_path};
use crate::fetch::Location;

/// Most bytes of an index of which the Release does not say how long its plain text is.
const MAX_INDEX_BYTES: u64 = 4 << 30;

/// How many times its compressed form such an index may unpack to, once it has passed so many bytes; Debian's own have 5 to 20.
const MAX_RATIO: u64 = 60;
const RATIO_FREE_BYTES: u64 = 16 << 20;

/// Hands on the text of an index that was fetched from somewhere, piece by piece: no more than is signed.
pub(super) fn unpack(
    (location, bytes): (&Location, &[u8]),
    choice: &Choice<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), UpdateError>,
) -> Result<(), UpdateError> {
    let wrong = |source: io::Error| UpdateError::Unreadable {
        location: location.clone(),
        source,
    };
    let most = choice.plain.map_or(MAX_INDEX_BYTES, |plain| plain.size);
    let bounds = Bounds::new(&Limits::default(), most);
    let bounds = match choice.plain {
        Some(_) => bounds,
        // Nobody has signed how long it is.
        None => Bounds {
            max_ratio: MAX_RATIO,
            ratio_free_bytes: RATIO_FREE_BYTES,
            ..bounds
        },
    };
    let mut decoder = Decoder::new(choice.compression, Streams::Index, bytes, bounds).map_err(wrong)?;
    let mut buffer = vec![0; 128 << 10];
    loop {
        match decoder.read(&mut buffer).map_err(wrong)? {
            0 => return Ok(()),
            read => take(
                buffer
                    .get(..read)
                    .expect("a reader fills no more than its buffer"),
            )?,
        }
    }
}

/// Reads so many bytes of a file, from a place on.
pub(super) fn read_part(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut text)?;
    Ok(text)
}

/// Returns so many bytes, from a place on; `None` where there are not so many.
pub(super) fn part(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    bytes.get(start..end)
}

/// Writes the text of an index under a name of its own until it is known to be right.
pub(super) struct TextWriter {
    file: tempfile::NamedTempFile,
    digester: Digester,
    size: u64,
}

impl TextWriter {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: tempfile::NamedTempFile::new_in(folder)?,
            digester: Digester::sha256(),
            size: 0,
        })
    }

    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.digester.update(text);
        self.size += text.len() as u64;
        self.file.write_all(text)
    }

    /// Gives the text its name; or says how it differs from what was signed.
    pub(super) fn finish(
        self,
        folder: &Path,
        plain: Option<&IndexFile>,
    ) -> io::Result<Result<KeptText, String>> {
        let (sha256, size) = (self.digester.finish().sha256, self.size);
        if let Some(plain) = plain.filter(|plain| plain.sha256 != sha256 || plain.size != size) {
            return Ok(Err(format!(
                "its text has {size} bytes and SHA256 {sha256}, expected {} and {}",
                plain.size, plain.sha256
            )));
        }
        self.file.as_file().sync_all()?;
        self.file.persist(text_path(folder, &sha256))?;
        Ok(Ok(KeptText { sha256, size }))
    }
}
