//! Files that may be compressed, as the extension of their name says.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use debian_control::limits::Limits;
use debian_deb::compression::{Bounds, Compression, Decoder, Streams};

/// Reads a file to its end, which unpacks to `most_bytes` at most.
pub(crate) fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let extension = path.extension().and_then(|end| end.to_str());
    let compression = extension
        .and_then(|end| Compression::from_extension(&format!(".{end}")))
        .unwrap_or(Compression::None);
    let input = BufReader::new(File::open(path)?);
    let bounds = Bounds::new(&Limits::default(), most_bytes);
    let mut bytes = Vec::new();
    Decoder::new(compression, Streams::Index, input, bounds)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
