//! Whether a package is the one that the index means.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use debian_control::stanza::Stanza;
use debian_control::version::Version;
use debian_deb::{ControlFiles, DataEntry, DataVisitor, read_with};

use super::error::Problem;
use super::{Expected, StoreError, check_digest};

impl Expected {
    /// Takes what the stanza of an index says, and the digest of the file that it means.
    pub fn of(stanza: &Stanza<'_>, sha256: debian_control::digest::Sha256) -> Self {
        let field = |name| stanza.line(name).unwrap_or_default().to_owned();
        Self {
            name: field("Package"),
            version: field("Version"),
            architecture: field("Architecture"),
            sha256,
        }
    }

    /// What the package says of itself must be what the verified index says of it: else another package comes under a
    /// name that was agreed to. apt does not look.
    pub(super) fn agrees(&self, package: &BinaryPackage) -> Result<(), Problem> {
        let same_version = self
            .version
            .parse()
            .is_ok_and(|version: Version| version == *package.version());
        let name = package.name().as_str();
        let architecture = package.architecture().as_str();
        let fields = [
            ("Package", &self.name, name, name == self.name),
            ("Version", &self.version, package.version().as_str(), same_version),
            (
                "Architecture",
                &self.architecture,
                architecture,
                architecture == self.architecture,
            ),
        ];
        match fields.into_iter().find(|(.., same)| !same) {
            None => Ok(()),
            Some((field, expected, found, _)) => Err(Problem::Disagrees {
                field,
                expected: expected.clone(),
                found: found.to_owned(),
            }),
        }
    }
}

/// Reads a file from end to end as dpkg would, and checks that it is the package that was expected: its digest, what it says of
/// itself, and that nothing in it lies outside of it. For whoever hands it on instead of unpacking it.
///
/// # Errors
///
/// When it is not, or cannot be read.
pub fn examine(deb: &Path, expected: &Expected) -> Result<(), StoreError> {
    let mut file = File::open(deb).map_err(|source| StoreError::io(deb, source))?;
    check_digest(&mut file, deb, expected)?;
    let reader = BufReader::with_capacity(128 << 10, file);
    read_with(reader, &Limits::for_installing(), &mut Examination { expected })
        .map(drop)
        .map_err(|error| StoreError::of_deb(expected, error))
}

struct Examination<'a> {
    expected: &'a Expected,
}

impl DataVisitor for Examination<'_> {
    fn control(&mut self, package: &BinaryPackage, _: &ControlFiles) -> io::Result<()> {
        self.expected.agrees(package).map_err(io::Error::other)
    }

    fn entry(&mut self, _: &DataEntry, content: &mut dyn Read) -> io::Result<()> {
        io::copy(content, &mut io::sink()).map(drop)
    }
}
