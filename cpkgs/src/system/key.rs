//! Which package is which in dpkg's database: a package for all architectures is of the native one, as apt writes it.

use debian_control::stanza::Stanza;

use crate::machine;
use rootless::PackageKey;

/// Returns which package a stanza is of.
pub(super) fn of_stanza(stanza: &Stanza<'_>) -> PackageKey {
    let text = |name| stanza.line(name).unwrap_or_default();
    of(text("Package"), text("Architecture"))
}

/// Returns which package a name and an architecture stand for.
pub(super) fn of(name: &str, architecture: &str) -> PackageKey {
    let architecture = match architecture {
        "all" => machine::architecture(),
        other => other,
    };
    PackageKey {
        name: name.to_owned(),
        architecture: architecture.to_owned(),
    }
}
