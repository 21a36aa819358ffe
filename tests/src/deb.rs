//! Packages made in memory, byte for byte the same each time.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The time every member carries, so that the same builder gives the same bytes.
const MTIME: u64 = 1_700_000_000;

/// How a member of the package is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: `control.tar`.
    None,
    /// `control.tar.gz`.
    Gzip,
    /// `control.tar.xz`, as `dpkg-deb` writes on Debian.
    Xz,
    /// `control.tar.zst`, as `dpkg-deb` writes on Ubuntu.
    Zstd,
}

impl Compression {
    fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
        }
    }

    fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(bytes, 3).unwrap(),
        }
    }
}

/// A file of the data member.
#[derive(Debug, Clone)]
struct DataFile {
    path: String,
    mode: u32,
    content: Vec<u8>,
}

/// Builds a `.deb` from its fields and files.
///
/// ```
/// use archive_tests::DebBuilder;
/// let bytes = DebBuilder::new("hello", "1.0", "amd64").depends("libc6").file("usr/bin/hello", "#!/bin/sh\n").build();
/// assert!(bytes.starts_with(b"!<arch>\n"));
/// ```
#[derive(Debug, Clone)]
pub struct DebBuilder {
    fields: Vec<(String, String)>,
    scripts: Vec<(String, String)>,
    files: Vec<DataFile>,
    control: Compression,
    data: Compression,
}

impl DebBuilder {
    /// Starts a package with every field that Debian Policy 5.3 wants, and no files.
    pub fn new(name: &str, version: &str, architecture: &str) -> Self {
        let fields = [
            ("Package", name),
            ("Version", version),
            ("Architecture", architecture),
            ("Maintainer", "Test Archive <archive@example.org>"),
            ("Section", "misc"),
            ("Priority", "optional"),
            (
                "Description",
                "package made for a test\n It has a long description too.",
            ),
        ];
        Self::bare().fields(&fields)
    }

    /// Starts a package whose control file is exactly `control`.
    pub fn from_control(control: &str) -> Self {
        let mut builder = Self::bare();
        for line in control.lines() {
            match (line.starts_with([' ', '\t']), line.split_once(':')) {
                (false, Some((name, value))) => builder
                    .fields
                    .push((name.to_owned(), value.trim_start().to_owned())),
                _ => {
                    let (_, value) = builder
                        .fields
                        .last_mut()
                        .expect("a control file begins with a field");
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
        builder
    }

    fn bare() -> Self {
        Self {
            fields: Vec::new(),
            scripts: Vec::new(),
            files: Vec::new(),
            control: Compression::Xz,
            data: Compression::Xz,
        }
    }

    fn fields(mut self, fields: &[(&str, &str)]) -> Self {
        for (name, value) in fields {
            self = self.field(name, value);
        }
        self
    }

    /// Sets a field, in its old place when it is there already.
    ///
    /// Lines after the first go in as they are, so they begin with a blank where the format wants one.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match self
            .fields
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Leaves a field out.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sets `Depends`.
    pub fn depends(self, relations: &str) -> Self {
        self.field("Depends", relations)
    }

    /// Adds a file with mode 0644, or 0755 below a `bin` folder.
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        // The kernel starts loaders, too.
        let is_program = path.contains("bin/") || path.contains("/ld-linux");
        let mode = if is_program { 0o755 } else { 0o644 };
        self.files.push(DataFile {
            path: path.to_owned(),
            mode,
            content: content.as_ref().to_vec(),
        });
        self
    }

    /// Adds a maintainer script or another member of the control archive.
    pub fn script(mut self, name: &str, content: &str) -> Self {
        self.scripts.push((name.to_owned(), content.to_owned()));
        self
    }

    /// Chooses the compression of the control and the data member.
    pub fn compression(mut self, control: Compression, data: Compression) -> Self {
        self.control = control;
        self.data = data;
        self
    }

    /// Returns the file name that Debian gives such a package: no epoch in it.
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

    /// Returns the value of a field, or nothing where there is no such field.
    pub fn value(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// Returns the control file.
    pub fn control_text(&self) -> String {
        self.fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect()
    }

    /// Returns the package.
    pub fn build(&self) -> Vec<u8> {
        let control = self.control.compress(&self.control_tar());
        let data = self.data.compress(&self.data_tar());
        let mut archive = ar::Builder::new(Vec::new());
        for (name, content) in [
            ("debian-binary".to_owned(), &b"2.0\n"[..]),
            (format!("control.tar{}", self.control.suffix()), &control),
            (format!("data.tar{}", self.data.suffix()), &data),
        ] {
            let mut header = ar::Header::new(name.into_bytes(), content.len() as u64);
            header.set_mode(0o100_644);
            header.set_mtime(MTIME);
            archive.append(&header, content).unwrap();
        }
        archive.into_inner().unwrap()
    }

    /// Writes the package into `folder`, which is made when it is not there, and returns its path.
    pub fn write_into(&self, folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(self.file_name());
        std::fs::write(&path, self.build()).unwrap();
        path
    }

    fn control_tar(&self) -> Vec<u8> {
        let mut tar = Tar::new();
        tar.folder("./");
        tar.file("./control", 0o644, self.control_text().as_bytes());
        for (name, content) in &self.scripts {
            tar.file(&format!("./{name}"), 0o755, content.as_bytes());
        }
        tar.finish()
    }

    fn data_tar(&self) -> Vec<u8> {
        let mut tar = Tar::new();
        let mut made = BTreeSet::new();
        tar.folder("./");
        for file in &self.files {
            for (end, _) in file.path.match_indices('/') {
                let folder = format!("./{}/", &file.path[..end]);
                if made.insert(folder.clone()) {
                    tar.folder(&folder);
                }
            }
            tar.file(&format!("./{}", file.path), file.mode, &file.content);
        }
        tar.finish()
    }
}

/// A tar writer that keeps the leading `./` of names, as `dpkg-deb` writes them; the `tar` crate alone would drop it.
struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn folder(&mut self, name: &str) {
        self.entry(name, tar::EntryType::Directory, 0o755, &[]);
    }

    fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entry(name, tar::EntryType::Regular, mode, content);
    }

    fn entry(&mut self, name: &str, kind: tar::EntryType, mode: u32, content: &[u8]) {
        if name.len() > 100 {
            // GNU's form for names that do not fit the header: an entry of its own in front, ending in a NUL.
            let long = [name.as_bytes(), b"\0"].concat();
            self.0
                .append(
                    &header("././@LongLink", tar::EntryType::GNULongName, 0o644, long.len()),
                    &long[..],
                )
                .unwrap();
        }
        self.0
            .append(&header(name, kind, mode, content.len()), content)
            .unwrap();
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn header(name: &str, kind: tar::EntryType, mode: u32, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    let name = &name.as_bytes()[..name.len().min(100)];
    header.as_gnu_mut().expect("made as a GNU header").name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(MTIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root").unwrap();
    header.set_groupname("root").unwrap();
    header.set_size(size as u64);
    header.set_cksum();
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;
    use std::process::Command;

    #[test]
    fn dpkg_deb_reads_back_fields_and_files_in_every_compression() {
        let folder = tempfile::tempdir().unwrap();
        for compression in [
            Compression::None,
            Compression::Gzip,
            Compression::Xz,
            Compression::Zstd,
        ] {
            let long = format!("usr/share/hello/{}", "n".repeat(150));
            let path = DebBuilder::new("hello", "1:2.0-1", "amd64")
                .depends("libc6 (>= 2.36)")
                .file("usr/bin/hello", "#!/bin/sh\n")
                .file(&long, "text")
                .compression(compression, compression)
                .write_into(folder.path());
            assert_eq!(path.file_name().unwrap(), "hello_2.0-1_amd64.deb");

            let field = |name: &str| {
                Run::of(Command::new("dpkg-deb").arg("-f").arg(&path).arg(name))
                    .ok()
                    .stdout
            };
            assert_eq!(field("Version"), "1:2.0-1\n");
            assert_eq!(field("Depends"), "libc6 (>= 2.36)\n");

            let listing = Run::of(Command::new("dpkg-deb").arg("-c").arg(&path)).ok().stdout;
            let names: Vec<&str> = listing
                .lines()
                .filter_map(|line| line.split_whitespace().last())
                .collect();
            let long = format!("./{long}");
            let wanted = [
                "./",
                "./usr/",
                "./usr/bin/",
                "./usr/bin/hello",
                "./usr/share/",
                "./usr/share/hello/",
                &long,
            ];
            assert_eq!(names, wanted);
        }
    }

    #[test]
    fn the_same_builder_gives_the_same_bytes() {
        let builder = DebBuilder::new("hello", "1.0", "all").file("etc/hello", "x");
        assert_eq!(builder.build(), builder.build());
    }

    #[test]
    fn a_control_text_goes_in_as_it_is() {
        let text = "Package: a\nVersion: 1\nDescription: one\n two\n .\n three\n";
        assert_eq!(DebBuilder::from_control(text).control_text(), text);
    }
}
