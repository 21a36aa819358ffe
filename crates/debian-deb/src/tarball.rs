//! The tar archives inside a package, entry by entry, as dpkg reads them.
//!
//! [`deb`](crate) reads both tar archives of a package through [`walk`]. Entries are taken raw from the `tar`
//! crate, which finds the blocks; what a header says is checked here before anything believes it. The walk promises
//! never to write anything anywhere, never to allocate by a header, and to refuse every header that dpkg and GNU tar
//! (which dpkg runs for `control.tar`) would read differently, or that dpkg does not read at all: PAX headers, sparse
//! files, other extensions.
//!
//! Source: deb(5); dpkg's `lib/dpkg/tarfn.c`; the "Standard" chapter of the GNU tar manual.

mod bounds;
mod content;
mod entry;
mod error;
mod header;
mod names;
mod number;
mod path;

use std::cell::Cell;
use std::io::{self, Read};

pub use self::bounds::TarBounds;
pub use self::content::EntryContent;
pub use self::entry::{EntryKind, TarEntry};
pub use self::error::{EntryPlace, HeaderError, LongNameError, TarError, WalkError};
use self::header::{Meaning, TarHeader};
use self::names::{LongNames, read_long};
pub(crate) use self::path::printable;
pub use self::path::{DataPath, PathError};

/// Shows each entry of the tar archive in `reader` to `visit`, in order, and reads `reader` to its end.
///
/// What `visit` leaves unread of a content is passed over. The archive may end with zero blocks, as it should, or with
/// its last entry; after the first zero block nothing but zeros may follow.
///
/// # Errors
///
/// [`WalkError::Tar`] with the place of whatever dpkg would not read, or [`WalkError::Visit`] with the error of `visit`.
pub fn walk<R, E>(
    reader: R,
    bounds: &TarBounds,
    mut visit: impl FnMut(&TarEntry, &mut EntryContent<'_>) -> Result<(), E>,
) -> Result<(), WalkError<E>>
where
    R: Read,
{
    let failed = Cell::new(false);
    let mut archive = tar::Archive::new(Watched {
        inner: reader,
        failed: &failed,
        any: false,
    });
    let mut walker = Walker {
        bounds,
        number: 0,
        paths_bytes: 0,
        names: LongNames::default(),
    };
    let broken = |number, error| match failed.get() {
        true => TarError::Read(error),
        false => HeaderError::Malformed(error.to_string()).at(EntryPlace::number(number)),
    };
    for raw in archive.entries().map_err(TarError::Read)?.raw(true) {
        let mut raw = raw.map_err(|error| broken(walker.number + 1, error))?;
        let Some(entry) = walker.next(&mut raw)? else {
            continue;
        };
        let mut content = EntryContent::new(&mut raw, entry.size);
        let visited = visit(&entry, &mut content);
        // Broken content comes first: it may be why the visitor failed, or the visitor may not have minded.
        content.finish(|| EntryPlace::named(walker.number, &entry.path))?;
        visited.map_err(WalkError::Visit)?;
    }
    walker.names.finish(EntryPlace::number(walker.number))?;
    check_end(archive.into_inner())?;
    Ok(())
}

/// What is carried from header to header.
struct Walker<'a> {
    bounds: &'a TarBounds,
    number: u64,
    paths_bytes: u64,
    names: LongNames,
}

impl Walker<'_> {
    /// Checks one raw entry: `None` when it only carried a name for the next one.
    fn next<R: Read>(&mut self, raw: &mut tar::Entry<'_, R>) -> Result<Option<TarEntry>, TarError> {
        self.number += 1;
        if self.number > self.bounds.max_entries {
            return Err(TarError::TooManyEntries {
                max: self.bounds.max_entries,
            });
        }
        let number = self.number;
        let raw_header = raw.header().clone();
        let place = || EntryPlace::of(number, &raw_header);
        let header = TarHeader::check(&raw_header).map_err(|problem| problem.at(place()))?;
        let kind = match header.meaning {
            Meaning::Entry(kind) => kind,
            Meaning::LongName => {
                let name = read_long(raw, header.size, self.bounds.max_path_bytes, place)?;
                return self
                    .names
                    .set_name(name)
                    .map(|()| None)
                    .map_err(|problem| problem.at(place()));
            }
            Meaning::LongLink => {
                let target = read_long(raw, header.size, self.bounds.max_path_bytes, place)?;
                return self
                    .names
                    .set_link(target)
                    .map(|()| None)
                    .map_err(|problem| problem.at(place()));
            }
        };
        let entry = std::mem::take(&mut self.names)
            .apply(kind, header, self.bounds)
            .map_err(|(name, problem)| problem.at(EntryPlace::number(number).with_name(&name)))?;
        self.count_paths(&entry)?;
        Ok(Some(entry))
    }

    fn count_paths(&mut self, entry: &TarEntry) -> Result<(), TarError> {
        let target = match &entry.kind {
            EntryKind::Symlink { target } => target.len(),
            EntryKind::Hardlink { target, .. } => target.as_bytes().len(),
            _ => 0,
        };
        self.paths_bytes += (entry.path.as_bytes().len() + target) as u64;
        match self.paths_bytes > self.bounds.max_paths_bytes {
            true => Err(TarError::PathsTooLong {
                max_bytes: self.bounds.max_paths_bytes,
            }),
            false => Ok(()),
        }
    }
}

/// After the end mark only zeros may follow: padding, but no second archive that another reader would find.
fn check_end<R: Read>(mut rest: Watched<'_, R>) -> Result<(), TarError> {
    if !rest.any {
        return Err(TarError::Empty);
    }
    static ZEROS: [u8; 4096] = [0; 4096];
    let mut buffer = ZEROS;
    loop {
        match rest.read(&mut buffer).map_err(TarError::Read)? {
            0 => return Ok(()),
            count if buffer.get(..count) == ZEROS.get(..count) => {}
            _ => return Err(TarError::AfterEnd),
        }
    }
}

/// Tells errors of the reader from those that the `tar` crate makes itself.
struct Watched<'a, R> {
    inner: R,
    failed: &'a Cell<bool>,
    any: bool,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let answer = self.inner.read(buf);
        match &answer {
            Ok(count) => self.any |= *count > 0,
            Err(_) => self.failed.set(true),
        }
        answer
    }
}
