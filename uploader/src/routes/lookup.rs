//! Finds what an id in an address means, as far as the caller may know of it.

use archive_catalog::listing::ListedPackage;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Code, Problem};

/// How many bytes of a content's digest make its id.
const ID_BYTES: usize = 16;

/// Returns the codenames of what the caller may read.
pub(crate) fn codenames(app: &App, caller: &Caller) -> Vec<SuiteName> {
    caller
        .readable(app.archive.config())
        .iter()
        .map(|suite| suite.codename.clone())
        .collect()
}

/// Returns the package of an id, as far as the caller may read it.
pub(crate) fn readable(app: &App, caller: &Caller, id: &str) -> Result<ListedPackage, Problem> {
    in_suites(app, id, &codenames(app, caller))
}

/// Returns the package of an id, as far as it stands in these suites.
pub(crate) fn in_suites(app: &App, id: &str, suites: &[SuiteName]) -> Result<ListedPackage, Problem> {
    let digest = digest_start(id).ok_or_else(no_such_package)?;
    let found = app.archive.listing().package(&digest, suites)?;
    found.ok_or_else(no_such_package)
}

/// Returns the package of this content, if it is in one of these suites.
pub(crate) fn of_content(
    app: &App,
    content: &Sha256,
    suites: &[SuiteName],
) -> Result<Option<ListedPackage>, Problem> {
    let (digest, _) = content.as_bytes().split_at(ID_BYTES);
    Ok(app.archive.listing().package(digest, suites)?)
}

fn no_such_package() -> Problem {
    Problem::new(Code::PackageNotFound, "no package has this ID")
}

/// Returns the bytes that an id stands for: the first half of the digest.
fn digest_start(id: &str) -> Option<Vec<u8>> {
    // In one spelling only: a package has one address.
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if id.len() != 2 * ID_BYTES || !id.bytes().all(is_digit) {
        return None;
    }
    // Half the digits twice are as many as a digest has.
    let whole: Sha256 = format!("{id}{id}").parse().ok()?;
    Some(whole.as_bytes().iter().take(ID_BYTES).copied().collect())
}
