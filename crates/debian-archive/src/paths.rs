//! The paths of a .deb's data member, packed for the catalog.

use debian_deb::DataPath;

/// Packs paths, sorted, as NUL-terminated strings under zstd.
///
/// A Contents index has one path a line, so a path with a line break in it has no place there and is left out.
pub fn pack(paths: &[DataPath]) -> std::io::Result<Vec<u8>> {
    let mut sorted: Vec<&[u8]> = paths
        .iter()
        .map(DataPath::as_bytes)
        .filter(|path| !path.contains(&b'\n'))
        .collect();
    sorted.sort_unstable();
    let mut plain = Vec::with_capacity(sorted.iter().map(|path| path.len() + 1).sum());
    for path in sorted {
        plain.extend_from_slice(path);
        plain.push(0);
    }
    zstd::bulk::compress(&plain, 3)
}

/// Unpacks what [`pack`] packed.
pub fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::decode_all(packed)
}

/// Returns the paths of an unpacked list.
pub fn split(plain: &[u8]) -> impl Iterator<Item = &[u8]> {
    plain.split(|byte| *byte == 0).filter(|path| !path.is_empty())
}
