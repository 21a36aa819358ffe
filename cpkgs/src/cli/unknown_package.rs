//! What is said where no source has a package of a name.

use apt_client::package_cache::PackageCache;

use super::failure::{Failure, REFUSED};

/// Says that no source has a package, and which names are near.
pub(super) fn unknown_package(name: &str, library: &PackageCache) -> Failure {
    let failure = Failure::saying(REFUSED, format_args!("there is no package `{name}`"));
    match library.summaries().similar(name, 3).as_slice() {
        [] => failure.hint("`cpkgs search` looks for words"),
        near => failure.hint(format_args!("did you mean {}?", near.join(", "))),
    }
}
