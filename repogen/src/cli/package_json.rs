//! A package as one line of JSON.

use archive_catalog::Entry;
use archive_catalog::listing::Extras;
use debian_archive::package_view::PackageView;

use super::context::Context;
use super::exit::Failure;

/// Prints packages as JSON, one a line.
pub(super) fn print(entries: &[Entry], extras: &[Extras], context: &mut Context) -> Result<(), Failure> {
    for (entry, extras) in entries.iter().zip(extras) {
        let view = PackageView::new(entry, extras).map_err(Failure::disk)?;
        context
            .printer
            .line(serde_json::to_string(&view).map_err(Failure::disk)?)?;
    }
    Ok(())
}
