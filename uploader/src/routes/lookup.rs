//! Finds what an id in an address means, as far as the caller may know of it.

use std::slice;

use archive_catalog::listing::ListedPackage;
use debian_archive::config::Suite;
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
    as_said_by(app, caller, id, None)
}

/// Returns the package of an id as one suite that the caller may read has it, or as all of these do: where it stands is told of all.
pub(crate) fn as_said_by(
    app: &App,
    caller: &Caller,
    id: &str,
    only: Option<&Suite>,
) -> Result<ListedPackage, Problem> {
    let readable = codenames(app, caller);
    let Some(only) = only else {
        return in_suites(app, id, &readable);
    };
    let digest = digest_start(id).ok_or_else(no_such_package)?;
    let listing = app.archive.listing();
    let found = listing.package(&digest, slice::from_ref(&only.codename), &readable)?;
    found.ok_or_else(|| Problem::new(Code::PackageNotFound, "the package is not in this suite"))
}

/// Returns the package of an id, as far as it stands in these suites.
pub(crate) fn in_suites(app: &App, id: &str, suites: &[SuiteName]) -> Result<ListedPackage, Problem> {
    let digest = digest_start(id).ok_or_else(no_such_package)?;
    let found = app.archive.listing().package(&digest, suites, &[])?;
    found.ok_or_else(no_such_package)
}

/// Returns the package of this content, if it is in one of these suites; where it stands is told of those of `also` as well.
pub(crate) fn of_content(
    app: &App,
    content: &Sha256,
    suites: &[SuiteName],
    also: &[SuiteName],
) -> Result<Option<ListedPackage>, Problem> {
    let (digest, _) = content.as_bytes().split_at(ID_BYTES);
    Ok(app.archive.listing().package(digest, suites, also)?)
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
