//! Finds what an id in an address means, as far as the caller may know of it.

use archive_catalog::listing::ListedPackage;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};

/// Returns the codenames of what the caller may read.
pub(super) fn codenames(app: &App, caller: &Caller) -> Vec<SuiteName> {
    caller
        .readable(app.archive.config())
        .iter()
        .map(|suite| suite.codename.clone())
        .collect()
}

/// Returns the package of an id, as far as the caller may read it.
pub(super) fn readable(app: &App, caller: &Caller, id: &str) -> Result<ListedPackage, Problem> {
    in_suites(app, id, &codenames(app, caller))
}

/// Returns the package of an id, as far as it stands in these suites.
pub(super) fn in_suites(app: &App, id: &str, suites: &[SuiteName]) -> Result<ListedPackage, Problem> {
    let missing = || Problem::new(Code::PackageNotFound, "no package has this id");
    let digest = digest_start(id).ok_or_else(missing)?;
    app.archive
        .listing()
        .package(&digest, suites)?
        .ok_or_else(missing)
}

/// Returns the bytes that an id stands for: the first half of the digest.
fn digest_start(id: &str) -> Option<Vec<u8>> {
    // Half the digits twice are as many as a digest has.
    let whole: Sha256 = format!("{id}{id}").parse().ok().filter(|_| id.len() == 32)?;
    Some(whole.as_bytes().iter().take(16).copied().collect())
}
