//! Makes packages, in memory.
//!
//! For tests and benchmarks of everything that takes packages, and for the few packages that the archive tools make
//! themselves. The layers are open ([`DebBuilder::control_tar`], [`compress`], [`assemble`]), so a test can put one
//! wrong brick into an otherwise right wall.
//!
//! ```
//! use debian_deb::{Data, build::DebBuilder};
//! use debian_control::limits::Limits;
//!
//! let bytes = DebBuilder::new("hello", "1.0", "amd64").file("usr/bin/hello", b"#!/bin/sh\n").build();
//! let deb = debian_deb::read(&bytes[..], &Limits::default(), Data::List)?;
//! assert_eq!(deb.files.unwrap()[0].as_str(), Some("usr/bin/hello"));
//! # Ok::<(), debian_deb::DebError>(())
//! ```

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::compression::Compression;

/// The modification time of everything in a built package: the same input makes the same bytes.
const MTIME: u64 = 1_600_000_000;

/// Longest name that fits into a tar header.
const SHORT_NAME: usize = 100;

/// Describes a package, then builds it.
///
/// Starts with what every package must have; each method adds or changes one thing. Directories above each file are
/// added by [`DebBuilder::build`], as dpkg-deb does.
#[derive(Debug, Clone)]
pub struct DebBuilder {
    fields: Vec<(String, String)>,
    control_files: Vec<(String, Vec<u8>)>,
    entries: Vec<PlannedMember>,
    control_compression: Compression,
    data_compression: Compression,
}

/// One entry of `data.tar` to be.
#[derive(Debug, Clone)]
struct PlannedMember {
    path: String,
    kind: tar::EntryType,
    mode: u32,
    target: String,
    content: Vec<u8>,
}

impl DebBuilder {
    /// Begins a package with this name, version and architecture, and no files.
    pub fn new(name: &str, version: &str, architecture: &str) -> Self {
        let fields = [
            ("Package", name),
            ("Version", version),
            ("Architecture", architecture),
            ("Maintainer", "Nobody <nobody@example.org>"),
            ("Description", "package without a description"),
        ];
        Self::with_fields(
            fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }

    /// Begins a package whose `control` has exactly this text, and no files.
    ///
    /// # Panics
    ///
    /// When the text does not begin with a field.
    pub fn from_control(control: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in control.lines() {
            match (line.starts_with([' ', '\t']), line.split_once(':')) {
                (false, Some((name, value))) => {
                    fields.push((name.to_owned(), value.trim_start().to_owned()));
                }
                _ => {
                    let (_, value) = fields.last_mut().expect("a control file begins with a field");
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
        Self::with_fields(fields)
    }

    fn with_fields(fields: Vec<(String, String)>) -> Self {
        Self {
            fields,
            control_files: Vec::new(),
            entries: Vec::new(),
            control_compression: Compression::Gzip,
            data_compression: Compression::Gzip,
        }
    }

    /// Sets a control field, in place where the package has it. Further lines of `value` carry their indentation.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match self
            .fields
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, known)) => value.clone_into(known),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Sets `Depends`.
    #[must_use]
    pub fn depends(self, relations: &str) -> Self {
        self.field("Depends", relations)
    }

    /// Adds a file beside `control`, such as a maintainer script.
    #[must_use]
    pub fn control_file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.control_files
            .push((name.to_owned(), content.as_ref().to_owned()));
        self
    }

    /// Adds a file under a path without leading slash; programs below `bin` and `sbin` may be run.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let is_program = path.split('/').any(|name| matches!(name, "bin" | "sbin"));
        let mode = if is_program { 0o755 } else { 0o644 };
        self.entry(path, tar::EntryType::Regular, mode, "", content.as_ref())
    }

    /// Adds a directory; those above files come by themselves.
    #[must_use]
    pub fn directory(self, path: &str) -> Self {
        self.entry(&format!("{path}/"), tar::EntryType::Directory, 0o755, "", b"")
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Symlink, 0o777, target, b"")
    }

    /// Adds another name for a file that was added before.
    #[must_use]
    pub fn hardlink(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Link, 0o644, &format!("./{target}"), b"")
    }

    /// Adds an entry of any type, mode and content under a path as it is.
    #[must_use]
    pub fn entry(
        mut self,
        path: &str,
        kind: tar::EntryType,
        mode: u32,
        target: &str,
        content: &[u8],
    ) -> Self {
        let (path, target, content) = (path.to_owned(), target.to_owned(), content.to_owned());
        self.entries.push(PlannedMember {
            path,
            kind,
            mode,
            target,
            content,
        });
        self
    }

    /// Compresses the two tar archives so; gzip unless said otherwise.
    #[must_use]
    pub fn compressed(mut self, control: Compression, data: Compression) -> Self {
        self.control_compression = control;
        self.data_compression = data;
        self
    }

    /// Returns the value of a field, or nothing where there is no such field.
    pub fn value(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// Returns the file name that Debian gives such a package: no epoch in it.
    ///
    /// Source: deb-version(7), dpkg-name(1).
    pub fn file_name(&self) -> String {
        let version = self.value("Version");
        let version = version.split_once(':').map_or(version, |(_, rest)| rest);
        format!(
            "{}_{}_{}.deb",
            self.value("Package"),
            version,
            self.value("Architecture")
        )
    }

    /// Returns the text of `control`.
    pub fn control(&self) -> String {
        self.fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect()
    }

    /// Returns `control.tar`, uncompressed.
    pub fn control_tar(&self) -> Vec<u8> {
        self.control_tar_with(self.control().as_bytes())
    }

    /// Returns `control.tar`, uncompressed, with any bytes in place of the text of `control`.
    pub fn control_tar_with(&self, control: &[u8]) -> Vec<u8> {
        let mut tar = TarWriter::new();
        tar.append("./", tar::EntryType::Directory, 0o755, "", b"");
        for (name, content) in &self.control_files {
            let mode = if matches!(name.as_str(), "conffiles" | "md5sums") {
                0o644
            } else {
                0o755
            };
            tar.append(&format!("./{name}"), tar::EntryType::Regular, mode, "", content);
        }
        tar.append("./control", tar::EntryType::Regular, 0o644, "", control);
        tar.finish()
    }

    /// Returns `data.tar`, uncompressed.
    pub fn data_tar(&self) -> Vec<u8> {
        let mut tar = TarWriter::new();
        tar.append("./", tar::EntryType::Directory, 0o755, "", b"");
        let mut above = BTreeSet::new();
        for entry in &self.entries {
            for (end, _) in entry
                .path
                .match_indices('/')
                .filter(|(end, _)| end + 1 < entry.path.len())
            {
                let directory = entry.path.get(..=end).unwrap_or_default();
                if above.insert(directory) {
                    tar.append(
                        &format!("./{directory}"),
                        tar::EntryType::Directory,
                        0o755,
                        "",
                        b"",
                    );
                }
            }
            if entry.kind.is_dir() && !above.insert(&entry.path) {
                continue;
            }
            tar.append(
                &format!("./{}", entry.path),
                entry.kind,
                entry.mode,
                &entry.target,
                &entry.content,
            );
        }
        tar.finish()
    }

    /// Returns the package.
    pub fn build(&self) -> Vec<u8> {
        let control_name = format!("control.tar{}", self.control_compression.extension());
        let data_name = format!("data.tar{}", self.data_compression.extension());
        assemble(&[
            ("debian-binary", b"2.0\n"),
            (
                &control_name,
                &compress(self.control_compression, &self.control_tar()),
            ),
            (&data_name, &compress(self.data_compression, &self.data_tar())),
        ])
    }
}

/// Writes members, in their order, into an `ar` archive.
pub fn assemble(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = ar::Header::new(name.as_bytes().to_vec(), content.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(MTIME);
        in_memory(archive.append(&header, *content));
    }
    in_memory(archive.into_inner())
}

/// Compresses `bytes`, quickly rather than well.
pub fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    in_memory(try_compress(compression, bytes))
}

fn try_compress(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(bytes.to_vec()),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes)?;
            encoder.finish()
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(bytes)?;
            encoder.finish()
        }
        Compression::Lzma => {
            let options = liblzma::stream::LzmaOptions::new_preset(0)?;
            let stream = liblzma::stream::Stream::new_lzma_encoder(&options)?;
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(bytes)?;
            encoder.finish()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1),
        Compression::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes)?;
            encoder.finish()
        }
    }
}

/// Writes GNU tar entries under names as they are given.
struct TarWriter(tar::Builder<Vec<u8>>);

impl TarWriter {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn append(&mut self, name: &str, kind: tar::EntryType, mode: u32, target: &str, content: &[u8]) {
        self.append_long(name, tar::EntryType::GNULongName);
        self.append_long(target, tar::EntryType::GNULongLink);
        self.append_short(name, kind, mode, target, content);
    }

    /// A name that does not fit goes before its entry, in one of its own.
    fn append_long(&mut self, text: &str, kind: tar::EntryType) {
        if text.len() > SHORT_NAME {
            let content = [text.as_bytes(), b"\0"].concat();
            self.append_short("././@LongLink", kind, 0o644, "", &content);
        }
    }

    fn append_short(&mut self, name: &str, kind: tar::EntryType, mode: u32, target: &str, content: &[u8]) {
        let mut header = tar::Header::new_gnu();
        put(&mut header.as_old_mut().name, name);
        put(&mut header.as_old_mut().linkname, target);
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(MTIME);
        header.set_size(content.len() as u64);
        header.set_cksum();
        in_memory(self.0.append(&header, content));
    }

    fn finish(self) -> Vec<u8> {
        in_memory(self.0.into_inner())
    }
}

fn put(field: &mut [u8; SHORT_NAME], text: &str) {
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from;
    }
}

fn in_memory<T>(result: io::Result<T>) -> T {
    result.expect("writing to memory cannot fail")
}
