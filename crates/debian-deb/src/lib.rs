//! A `.deb` file, read exactly as dpkg reads it, or refused.
//!
//! Called wherever a package comes from outside: by the archive on upload, by the client before it installs.
//! [`read`] returns the control data of the package and, on request, the list of its files; [`read_with`] also hands
//! over the files. Both read any [`Read`] once from front to back and to its very end, so a digest taken on the way
//! covers the whole file. They promise never to unpack anything to disk, to seek, to allocate by a header, or to go
//! past the bounds of a [`Limits`].
//!
//! What is refused here although dpkg reads it (bytes after the end of a compressed stream, a second `control`, links
//! in place of `control`, ...) is what different programs read differently.
//!
//! Source: deb(5), and the behaviour of dpkg 1.21.

pub mod ar;
pub mod build;
pub mod compression;
pub mod conffiles;
mod control;
mod error;
mod files;
mod layout;
mod members;
pub mod tarball;
pub mod triggers;
mod visitor;

use std::io::Read;

pub use self::conffiles::Conffile;
pub use self::control::ControlFiles;
use self::control::read_control;
use self::error::tar_failure;
pub use self::error::{DebError, Role};
use self::files::Lister;
use self::layout::Layout;
pub use self::layout::{ConffileConflict, LayoutError};
use self::members::Members;
pub use self::visitor::DataVisitor;
use crate::ar::Member;
use crate::compression::{Bounds, Compression, Decoder, Streams};
pub use crate::tarball::{DataPath, EntryKind as DataKind, TarEntry as DataEntry};
use crate::tarball::{EntryContent, TarBounds, printable, walk};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;

/// What to do with `data.tar`, the larger part of most packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// Walk over it: it must be there in full, but is not decompressed.
    Skip,
    /// Decompress it to the end, check every header and that dpkg could unpack it on an empty root, and list the files.
    List,
}

/// What was read of a package.
#[derive(Debug)]
pub struct Deb {
    /// What `control` says.
    pub package: BinaryPackage,
    /// Every file of `control.tar`, `control` among them.
    pub control_files: ControlFiles,
    /// The paths of `data.tar` that are no directories, in byte order, each once. `None` unless asked for.
    pub files: Option<Vec<DataPath>>,
}

/// Reads a package to the end of `reader`.
///
/// # Errors
///
/// A [`DebError`] that names the member and the entry, says what was found and what would be right. Errors of `reader`
/// come through as [`DebError::Io`].
pub fn read<R: Read>(reader: R, limits: &Limits, data: Data) -> Result<Deb, DebError> {
    match data {
        Data::Skip => read_package(reader, limits, None),
        Data::List => {
            let mut lister = Lister::default();
            let deb = read_with(reader, limits, &mut lister)?;
            Ok(Deb {
                files: Some(lister.finish()),
                ..deb
            })
        }
    }
}

/// Reads a package to the end of `reader` and shows every entry of `data.tar` to `visitor` on the way.
///
/// # Errors
///
/// As [`read`], and [`DebError::Visitor`] with the visitor's own error.
pub fn read_with<R: Read>(
    reader: R,
    limits: &Limits,
    visitor: &mut dyn DataVisitor,
) -> Result<Deb, DebError> {
    read_package(reader, limits, Some(visitor))
}

/// The order of deb(5): format, control, data, and then nothing that anybody could take for one of them.
fn read_package<R: Read>(
    reader: R,
    limits: &Limits,
    mut visitor: Option<&mut dyn DataVisitor>,
) -> Result<Deb, DebError> {
    let mut members = Members::new(reader, limits)?;
    members.read_format()?;
    let (member, compression) = members.next_tar(Role::Control)?;
    let (package, control_files) = read_control(member, compression, limits)?;
    if let Some(visitor) = visitor.as_deref_mut() {
        visitor
            .control(&package, &control_files)
            .map_err(|source| DebError::Visitor { path: None, source })?;
    }
    let (member, compression) = members.next_tar(Role::Data)?;
    if let Some(visitor) = visitor {
        let layout = read_data(member, compression, limits, visitor)?;
        let conffiles = control_files.conffiles().expect("the control member was checked");
        for file in conffiles {
            layout.check_conffile(&file).map_err(DebError::ConffileConflict)?;
        }
    }
    members.finish()?;
    Ok(Deb {
        package,
        control_files,
        files: None,
    })
}

fn read_data<R: Read>(
    member: Member<'_, R>,
    compression: Compression,
    limits: &Limits,
    visitor: &mut dyn DataVisitor,
) -> Result<Layout, DebError> {
    let name = member.name().clone();
    let bounds = Bounds::new(limits, limits.max_data_bytes);
    let decoder = Decoder::new(compression, Streams::Package, member, bounds).map_err(DebError::Io)?;
    let bounds = TarBounds {
        max_entries: limits.max_data_entries,
        max_path_bytes: limits.max_path_bytes,
        max_paths_bytes: limits.max_paths_bytes,
    };
    let mut layout = Layout::default();
    let visit = |entry: &DataEntry, content: &mut EntryContent<'_>| {
        layout.take(entry).map_err(|problem| DebError::Layout {
            member: name.clone(),
            path: printable(&entry.name),
            problem,
        })?;
        visitor.entry(entry, content).map_err(|source| DebError::Visitor {
            path: Some(entry.path.clone()),
            source,
        })
    };
    walk(decoder, &bounds, visit).map_err(|error| tar_failure(name.clone(), error))?;
    Ok(layout)
}
