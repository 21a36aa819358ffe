//! The digest of a file of this machine.

use std::fs::File;
use std::io;
use std::path::Path;

use debian_control::digest::{Digester, Sha256};

/// Returns the digest of a file that is no link.
pub fn digest(path: &Path) -> io::Result<Sha256> {
    Ok(digest_and_size(path)?.0)
}

/// Returns digest and size of a file that is no link.
pub fn digest_and_size(path: &Path) -> io::Result<(Sha256, u64)> {
    let descriptor = rustix::fs::open(
        path,
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    let mut digester = Digester::sha256();
    io::copy(&mut File::from(descriptor), &mut digester)?;
    let digests = digester.finish();
    Ok((digests.sha256, digests.size))
}
