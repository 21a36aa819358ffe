//! Reading some files together.
//!
//! MD5 is the slowest of what is made of a file, and made of up to sixteen files at once in little more time than of one. So
//! most files, which are short, are held whole until a batch of them has been read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use debian_control::digest::{DigestReader, Md5, Sha256};
use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use debian_control::packages::{self, DescriptionForm, Placement};
use sha1::{Digest as _, Sha1};

use super::md5_lanes::{MAX_LANES, md5_of_each};
use super::overrides::with_field;
use super::{Scan, ScanError, ScannedFile};

/// The longest file that is held whole, in bytes.
const MAX_HELD: u64 = 1 << 20;

/// How many files are read together: twice the lanes of MD5, so that few of them are idle at the end.
pub(super) const BATCH_FILES: usize = 2 * MAX_LANES;

/// Reads batches of files, in the same memory each time.
#[derive(Debug, Default)]
pub(super) struct BatchReader {
    held: [Vec<u8>; BATCH_FILES],
}

impl BatchReader {
    /// Reads files, at most [`BATCH_FILES`]; returns what came of each, `None` where its architecture is not looked for.
    pub(super) fn read(
        &mut self,
        scan: &Scan<'_>,
        paths: &[PathBuf],
    ) -> Vec<Result<Option<ScannedFile>, ScanError>> {
        assert!(paths.len() <= BATCH_FILES, "a batch of {} files", paths.len());
        let mut inspected: Vec<Result<Option<Inspected>, ScanError>> = paths
            .iter()
            .zip(&mut self.held)
            .map(|(path, held)| inspect(scan, path, held))
            .collect();
        if scan.hashes.md5 {
            let (files, bytes): (Vec<&mut Inspected>, Vec<&[u8]>) = inspected
                .iter_mut()
                .zip(&self.held)
                .filter_map(|(inspected, held)| Some((inspected.as_mut().ok()?.as_mut()?, held.as_slice())))
                .filter(|(file, _)| file.md5.is_none())
                .unzip();
            for (file, md5) in files.into_iter().zip(md5_of_each(&bytes)) {
                file.md5 = Some(md5);
            }
        }
        let rendered = paths
            .iter()
            .zip(inspected)
            .map(|(path, inspected)| Ok(inspected?.map(|file| file.render(scan, path))));
        rendered.collect()
    }
}

/// What is known of a file before it is written into an index.
struct Inspected {
    filename: String,
    package: BinaryPackage,
    size: u64,
    /// Not yet, for a file that is held.
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    sha256: Sha256,
}

/// Reads one file, and holds a short one; `None` when its architecture is not looked for.
fn inspect(scan: &Scan<'_>, path: &Path, held: &mut Vec<u8>) -> Result<Option<Inspected>, ScanError> {
    let filename = path
        .to_str()
        .filter(|path| !path.contains('\n'))
        .ok_or(ScanError::Path)?;
    let filename = format!(
        "{}{}",
        scan.prefix,
        filename.strip_prefix("./").unwrap_or(filename)
    );
    let mut file = File::open(path)?;
    held.clear();
    file.by_ref().take(MAX_HELD + 1).read_to_end(held)?;
    let sha1 = scan.hashes.sha1.then(Sha1::new);
    let is_wanted = |package: &BinaryPackage| {
        let architecture = package.architecture();
        scan.architecture
            .is_none_or(|wanted| architecture == wanted || architecture.is_all())
    };
    let size = held.len() as u64;
    if size <= MAX_HELD {
        let package = debian_deb::read(held.as_slice(), &Limits::default(), scan.data)?.package;
        return Ok(is_wanted(&package).then(|| Inspected {
            filename,
            package,
            size,
            md5: None,
            sha1: sha1.map(|sha1| sha1.chain_update(&held)),
            sha256: Sha256::of(held),
        }));
    }
    let whole = held.as_slice().chain(file);
    let mut reader = Sha1Reader {
        inner: match scan.hashes.md5 {
            true => DigestReader::md5_and_sha256(whole),
            false => DigestReader::sha256(whole),
        },
        sha1,
    };
    let package = debian_deb::read(&mut reader, &Limits::default(), scan.data)?.package;
    let digests = reader.inner.finish();
    Ok(is_wanted(&package).then_some(Inspected {
        filename,
        package,
        size: digests.size,
        md5: digests.md5,
        sha1: reader.sha1,
        sha256: digests.sha256,
    }))
}

impl Inspected {
    /// Writes its stanza.
    fn render(self, scan: &Scan<'_>, path: &Path) -> ScannedFile {
        let package = self.package;
        let placement = Placement {
            filename: &self.filename,
            size: self.size,
            md5: self.md5,
            sha256: scan.hashes.sha256.then_some(self.sha256),
            section: None,
            priority: None,
            description: DescriptionForm::Full,
        };
        let mut text = packages::render(package.control(), &placement).expect("the package was read from it");
        if let Some(sha1) = self.sha1 {
            text = with_field(&text, "SHA1", &format!("{:x}", sha1.finalize()));
        }
        if let Some(medium) = scan.medium {
            text = with_field(&text, "X-Medium", medium);
        }
        let key = (
            package.name().to_string(),
            package.architecture().to_string(),
            package.version().clone(),
        );
        ScannedFile {
            key,
            path: path.to_owned(),
            text,
        }
    }
}

/// Takes SHA-1 of what is read through it, where it is wanted: nothing else here makes it.
struct Sha1Reader<R> {
    inner: R,
    sha1: Option<Sha1>,
}

impl<R: Read> Read for Sha1Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(
                buffer
                    .get(..count)
                    .expect("a reader fills no more than its buffer"),
            );
        }
        Ok(count)
    }
}
