//! Packages that are files of this machine.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use debian_control::digest::{Digester, Sha256};
use debian_control::limits::Limits;
use debian_control::stanza::Stanza;
use debian_deb::{Data, DebError, read};

/// A package that is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDeb {
    /// The file.
    pub path: PathBuf,
    /// Its control, with `Size` and `SHA256` as an index would have them.
    pub stanza: String,
    /// Its digest.
    pub sha256: Sha256,
}

/// Why a file cannot be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device: reading it might never end.
    #[error("`{}` is not a regular file", path.display())]
    Kind {
        /// Its path.
        path: PathBuf,
    },
    /// It is no package.
    #[error("`{}` is not a package that can be installed", path.display())]
    Deb {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<DebError>,
    },
}

impl LocalDeb {
    /// Returns `Architecture`.
    pub fn architecture(&self) -> String {
        let stanza = Stanza::of_index(&self.stanza).ok();
        let line = stanza.as_ref().and_then(|stanza| stanza.line("Architecture"));
        line.unwrap_or_default().to_owned()
    }

    /// Reads a package as dpkg would, without its files.
    ///
    /// # Errors
    /// When it cannot be read, or is no package.
    pub fn open(path: &Path) -> Result<Self, LocalError> {
        let cannot = |source| LocalError::Read {
            path: path.to_owned(),
            source,
        };
        // A pipe is not even opened: that waits for whoever writes.
        if !path.metadata().map_err(cannot)?.is_file() {
            return Err(LocalError::Kind {
                path: path.to_owned(),
            });
        }
        let mut input = HashingReader {
            inner: BufReader::new(File::open(path).map_err(cannot)?),
            digester: Digester::sha256(),
            size: 0,
        };
        let deb =
            read(&mut input, &Limits::for_installing(), Data::Skip).map_err(|source| LocalError::Deb {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        io::copy(&mut input, &mut io::sink()).map_err(cannot)?;
        let sha256 = input.digester.finish().sha256;
        let control = deb.package.control().trim_end_matches('\n');
        Ok(Self {
            path: path.to_owned(),
            stanza: format!("{control}\nSize: {}\nSHA256: {sha256}\n", input.size),
            sha256,
        })
    }
}

struct HashingReader<R> {
    inner: R,
    digester: Digester,
    size: u64,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digester
            .update(buffer.get(..read).expect("a read fills no more than the buffer"));
        self.size += read as u64;
        Ok(read)
    }
}
