//! Which package a name alone means.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use debian_control::version::Version;

use super::summaries::PackageSummary;
use super::{Hit, PackageCache};
use crate::lists::Index;

impl PackageCache {
    /// Returns the packages of a name, the one first that a request for the name alone brings where nothing is installed.
    ///
    /// The order is the resolver's: by the priority of their sources, then the newest first, then by architecture, foreign ones last.
    pub fn preferred(&self, name: &str) -> Vec<PackageSummary<'_>> {
        let mut found: Vec<PackageSummary<'_>> = self.summaries.named(name).collect();
        found.sort_by_cached_key(|summary| {
            let priority = self.indexes_of(summary).map(Index::priority).max();
            let version = summary.version.parse::<Version>().ok();
            (Reverse((priority, version)), self.distance(summary.architecture))
        });
        found
    }

    /// Leaves of what was found the preferred package of each name and architecture that it runs as, in the order that it has.
    pub fn preferred_hits<'h>(&self, hits: Vec<Hit<'h>>) -> Vec<Hit<'h>> {
        // Once for each name: one may have thousands of versions.
        let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
        let is_preferred = |hit: &Hit<'h>| {
            let PackageSummary { name, place, .. } = hit.summary;
            let places = known.entry(name).or_insert_with(|| self.preferred_places(name));
            places.contains(&place)
        };
        hits.into_iter().filter(is_preferred).collect()
    }

    /// Returns the places of the preferred packages of a name, one for each architecture that they run as.
    fn preferred_places(&self, name: &str) -> Vec<usize> {
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        for summary in self.preferred(name) {
            let runs_as = self.distance(summary.architecture).max(NATIVE);
            first.entry(runs_as).or_insert(summary.place);
        }
        first.into_values().collect()
    }

    /// Says how far an architecture is from the machine's own; packages of `all` run as that.
    fn distance(&self, architecture: &str) -> usize {
        let mut all = ["all", self.machine.native.as_str()]
            .into_iter()
            .chain(self.machine.foreign.iter().map(|foreign| foreign.as_str()));
        all.position(|one| one == architecture).unwrap_or(usize::MAX)
    }
}

/// How far the machine's own architecture is.
const NATIVE: usize = 1;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fmt::Write as _;
    use std::path::PathBuf;

    use debian_control::digest::sha256;
    use debian_control::stanza::StanzaReader;

    use super::super::summaries::SummaryBuilder;
    use super::super::{Descriptions, Filter, Machine};
    use super::*;
    use crate::lists::Lists;

    fn index() -> Index {
        Index {
            url: String::new(),
            roots: Vec::new(),
            asked: String::new(),
            codename: String::new(),
            suite: None,
            version: None,
            component: String::new(),
            architecture: String::new(),
            origin: None,
            label: None,
            date: 0,
            valid_until: None,
            not_automatic: false,
            but_automatic_upgrades: false,
            configured_priority: None,
            signers: Vec::new(),
            path: PathBuf::new(),
            sha256: sha256(b""),
            size: 0,
        }
    }

    /// Returns which versions of the packages in an index a search for a word shows.
    fn shown(text: &str, word: &str) -> Vec<String> {
        let mut maker = SummaryBuilder::default();
        for stanza in StanzaReader::new(text) {
            maker.add(0, text, &stanza.unwrap(), None);
        }
        let (summaries, descriptions) = maker.finish();
        let library = PackageCache {
            lists: Lists {
                indexes: vec![index()],
                ..Lists::none()
            },
            cache: PathBuf::new(),
            machine: Machine::new("amd64", &["i386".to_owned()]).unwrap(),
            summaries,
            made: RefCell::new(None),
            passed: Vec::new(),
        };
        let descriptions = Descriptions::new(library.summaries(), descriptions.into_bytes()).unwrap();
        let filter = Filter {
            words: vec![word.to_owned()],
            ..Filter::default()
        };
        let hits = library.preferred_hits(descriptions.search(&filter)).into_iter();
        let texts = hits.map(|hit| {
            let PackageSummary {
                name,
                version,
                architecture,
                ..
            } = hit.summary;
            format!("{name} {version} {architecture}")
        });
        texts.collect()
    }

    #[test]
    fn of_each_architecture_one_version_is_shown() {
        let package = |version: &str, architecture: &str, words: &str| {
            format!(
                "Package: tool\nVersion: {version}\nArchitecture: {architecture}\nDescription: {words}\n\n"
            )
        };
        let text = [
            package("1", "amd64", "old words"),
            package("10", "all", "words"),
            package("9", "amd64", "words"),
            package("2", "i386", "words"),
            package("3", "i386", "words"),
        ]
        .concat();
        assert_eq!(shown(&text, "words"), ["tool 10 all", "tool 3 i386"]);
        // What only a version says that is not preferred is not found.
        assert_eq!(shown(&text, "old"), [""; 0]);
    }

    #[test]
    fn thousands_of_versions_of_one_name_are_ordered_once() {
        let mut text = String::new();
        for version in 0..20_000 {
            write!(text, "Package: tool\nVersion: {version}\nArchitecture: amd64\n\n").unwrap();
        }
        assert_eq!(shown(&text, "tool"), ["tool 19999 amd64"]);
    }
}
