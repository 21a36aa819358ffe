//! Long names and link targets: headers of their own before the entry they belong to.
//!
//! A name over 100 bytes stands in an extra entry of type `L` (a link target in one of type `K`) before its entry.
//! dpkg takes the last of several and forgets one that nothing follows; here each entry has at most one of each kind,
//! and each must be used.

use std::io::Read;

use super::bounds::TarBounds;
use super::content::EntryContent;
use super::entry::{EntryKind, TarEntry};
use super::error::{EntryPlace, HeaderError, LongNameError, TarError};
use super::header::{TarHeader, Type};
use super::path::DataPath;

/// Names that wait for their entry.
#[derive(Default)]
pub(super) struct LongNames {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl LongNames {
    /// Keeps the name for the next entry.
    pub(super) fn set_name(&mut self, name: Vec<u8>) -> Result<(), HeaderError> {
        set(&mut self.name, name)
    }

    /// Keeps the link target for the next entry.
    pub(super) fn set_link(&mut self, target: Vec<u8>) -> Result<(), HeaderError> {
        set(&mut self.link, target)
    }

    /// Makes the entry of type `kind` that `header` and the waiting names describe together.
    pub(super) fn apply(
        self,
        kind: Type,
        header: TarHeader,
        bounds: &TarBounds,
    ) -> Result<TarEntry, (Vec<u8>, HeaderError)> {
        let name = self.name.unwrap_or(header.name);
        let is_link = matches!(kind, Type::Symlink | Type::Hardlink);
        let target = match self.link {
            Some(_) if !is_link => return Err((name, HeaderError::LongName(LongNameError::Unused))),
            link => link.unwrap_or(header.link),
        };
        let TarHeader {
            mode, mtime, size, ..
        } = header;
        let longest = name.len().max(target.len());
        if longest > bounds.max_path_bytes {
            return Err((
                name,
                HeaderError::PathTooLong {
                    found: longest,
                    max: bounds.max_path_bytes,
                },
            ));
        }
        match describe(kind, &name, target, size) {
            Ok((path, kind)) => Ok(TarEntry {
                path,
                name: name.strip_suffix(b"/").unwrap_or(&name).into(),
                kind,
                mode,
                mtime,
                size,
            }),
            Err(problem) => Err((name, problem)),
        }
    }

    /// At the end of the archive no name may be waiting.
    pub(super) fn finish(self, place: EntryPlace) -> Result<(), TarError> {
        match self.name.or(self.link) {
            Some(_) => Err(HeaderError::LongName(LongNameError::Unused).at(place)),
            None => Ok(()),
        }
    }
}

fn set(slot: &mut Option<Vec<u8>>, text: Vec<u8>) -> Result<(), HeaderError> {
    match slot.replace(text) {
        Some(_) => Err(HeaderError::LongName(LongNameError::Doubled)),
        None => Ok(()),
    }
}

/// Reads the content of a long name's entry: text and one NUL.
///
/// Without the NUL dpkg would read on behind the name; with more behind it readers that go by the length would see
/// another name than dpkg.
pub(super) fn read_long(
    raw: &mut dyn Read,
    size: u64,
    max: usize,
    place: impl Fn() -> EntryPlace,
) -> Result<Vec<u8>, TarError> {
    if size > (max as u64).saturating_add(1) {
        return Err(HeaderError::LongName(LongNameError::TooLong { size, max }).at(place()));
    }
    let mut content = EntryContent::new(raw, size);
    let mut text = Vec::new();
    let read = content.read_to_end(&mut text);
    content.finish(&place)?;
    read.map_err(TarError::Read)?;
    match text.split_last() {
        Some((0, name)) if !name.is_empty() && !name.contains(&0) => Ok(name.to_vec()),
        _ => Err(HeaderError::LongName(LongNameError::NotTerminated).at(place())),
    }
}

/// Decides what an entry is by its type, its name and its size, as dpkg does.
fn describe(
    kind: Type,
    name: &[u8],
    target: Vec<u8>,
    size: u64,
) -> Result<(DataPath, EntryKind), HeaderError> {
    match name.strip_suffix(b"/") {
        // dpkg strips one slash and then fails to make the directory.
        Some(rest) if rest.ends_with(b"/") => return Err(HeaderError::Slashes),
        // A file with a slash at its end was a directory before POSIX: GNU tar makes one of it, dpkg a file.
        Some(_) if kind != Type::Directory => return Err(HeaderError::Slash { kind: kind.noun() }),
        _ => {}
    }
    if kind != Type::File && size != 0 {
        return Err(HeaderError::Content {
            kind: kind.noun(),
            size,
        });
    }
    let path = DataPath::parse(name).map_err(HeaderError::Path)?;
    if path.is_root() && kind != Type::Directory {
        return Err(HeaderError::Slash { kind: kind.noun() });
    }
    Ok((path, entry_kind(kind, target)?))
}

fn entry_kind(kind: Type, target: Vec<u8>) -> Result<EntryKind, HeaderError> {
    Ok(match kind {
        Type::Symlink | Type::Hardlink if target.is_empty() => return Err(HeaderError::NoTarget),
        Type::Symlink => EntryKind::Symlink {
            target: target.into_boxed_slice(),
        },
        Type::Hardlink => EntryKind::Hardlink {
            target: hardlink_target(&target)?,
            name: target.into_boxed_slice(),
        },
        Type::File => EntryKind::File,
        Type::Directory => EntryKind::Directory,
        Type::CharDevice => EntryKind::CharDevice,
        Type::BlockDevice => EntryKind::BlockDevice,
        Type::Fifo => EntryKind::Fifo,
    })
}

fn hardlink_target(raw: &[u8]) -> Result<DataPath, HeaderError> {
    let target = DataPath::parse(raw).map_err(HeaderError::Target)?;
    match target.is_root() {
        true => Err(HeaderError::NoTarget),
        false => Ok(target),
    }
}
