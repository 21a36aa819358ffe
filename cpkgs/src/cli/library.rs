//! The packages of the sources, as commands open them.

use apt_client::lists::{Lists, ListsError};
use apt_client::package_cache::{Machine, PackageCache, Passed};
use apt_client::source::Source;
use cpkgs::machine;
use debian_control::terminal::escaped;

use super::Context;
use super::architectures::Architectures;
use super::failure::{Failure, no_sources};
use super::install_target::Indexes;
use super::progress::Spinner;

impl Context {
    /// Returns the sources with their keys.
    pub(super) fn sources(&self) -> Result<Vec<Source>, Failure> {
        let each = self.config.sources.iter();
        let opened = each.map(|source| Source::open(source, self.home.folder()));
        Ok(opened.collect::<Result<_, _>>()?)
    }

    /// Opens the packages of the sources for a machine without foreign architectures, but for those that sources name.
    pub(super) fn library(&self) -> Result<PackageCache, Failure> {
        self.library_of(Indexes::Needed, &Architectures::own(&self.config))
    }

    /// Opens the packages of the sources for a machine of these architectures.
    pub(super) fn library_of(
        &self,
        indexes: Indexes,
        architectures: &Architectures,
    ) -> Result<PackageCache, Failure> {
        if self.config.sources.is_empty() && indexes == Indexes::Needed {
            return Err(no_sources());
        }
        let cache = self.config.cache(&self.home);
        let lists = match (
            Lists::open(&cache, &self.sources()?, &architectures.default),
            indexes,
        ) {
            (Err(ListsError::None), Indexes::IfAny) => Lists::none(),
            (lists, _) => lists?,
        };
        for missing in &lists.not_fetched {
            let missing = escaped(missing);
            self.printer.warning(format_args!(
                "no indexes of {missing} have been fetched: `cpkgs update` fetches them, with the `--dpkg-root` of this command"
            ));
        }
        let machine = Machine::new(machine::architecture(), &architectures.foreign)?;
        let reading = self.printer.shows_progress();
        let reading = reading.then(|| Spinner::saying("reading the packages of the sources"));
        let library = PackageCache::open(&cache, lists, machine)?;
        drop(reading);
        for Passed { suite, count, first } in library.passed() {
            let first = escaped(first);
            self.printer.warning(format_args!(
                "{count} of the packages of `{suite}` cannot be used, and are ignored; the first: {first}"
            ));
        }
        Ok(library)
    }
}
