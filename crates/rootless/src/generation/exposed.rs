//! Which packages have their programs in `bin`: those that somebody asked for.
//!
//! A generation has all that those need as well, with programs such as `su`, `mount` or `passwd` among it. Before the host's in PATH,
//! and without their special permissions, they would take the place of programs that work.
//!
//! Debian divides a program over several packages, though, and has packages that only bring others. So a package that was asked for
//! also stands for what it needs of its own source, and one that has nothing but documentation for what it needs. Of the source of the
//! first one is also what those need that it stands for, and what has its name: `ruby-rubygems` for `ruby`, `gnat-12` for `gnat`. What a
//! package brings that only brings others counts as asked for itself: `ruby` for `ruby-full`.

use std::collections::{BTreeSet, HashMap, HashSet};

use debian_control::relation::{RelationKind, Relations};

use super::package::Package;
use super::plan::Programs;
use super::tree::{Entry, Found, merged};

/// Returns the packages, by their index, whose programs are in `bin`.
pub(super) fn exposed(packages: &[Package], programs: Programs) -> BTreeSet<usize> {
    if programs == Programs::All {
        return (0..packages.len()).collect();
    }
    let about: Vec<About> = packages.iter().map(About::of).collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, about) in about.iter().enumerate() {
        for name in &about.names {
            by_name.entry(name).or_default().push(index);
        }
    }
    let asked_for = packages
        .iter()
        .enumerate()
        .filter(|(_, package)| !package.record.automatic);
    // Each with the package that was asked for: PostgreSQL's programs are of a package that is built from the source of the one that
    // only brings a server, and that the server's needs.
    let mut queue: Vec<(usize, usize)> = asked_for.map(|(index, _)| (index, index)).collect();
    let mut seen: BTreeSet<(usize, usize)> = queue.iter().copied().collect();
    while let Some((index, first)) = queue.pop() {
        let (Some(one), Some(asked_for)) = (about.get(index), about.get(first)) else {
            continue;
        };
        for needed in one.needs.iter().filter_map(|name| by_name.get(name.as_str())) {
            for index in needed.iter().copied() {
                let stands_for = about
                    .get(index)
                    .is_some_and(|other| one.stands_for(other) || asked_for.is_divided_into(other));
                // Who asks for a package that only brings others asks for these.
                let firsts = [Some(first), one.is_meta.then_some(index)];
                for first in firsts.into_iter().flatten().filter(|_| stands_for) {
                    if seen.insert((index, first)) {
                        queue.push((index, first));
                    }
                }
            }
        }
    }
    seen.into_iter().map(|(index, _)| index).collect()
}

/// What counts of a package here.
struct About {
    name: String,
    source: String,
    /// Its name and those that it provides.
    names: Vec<String>,
    needs: Vec<String>,
    is_essential: bool,
    /// Whether it has nothing but documentation, and links that are no programs.
    is_meta: bool,
    /// The files among its programs, and where links among them lead, from the root.
    programs: HashSet<Vec<u8>>,
    leads_to: Vec<Vec<u8>>,
}

impl About {
    fn of(package: &Package) -> Self {
        let name = &package.record.name;
        let stanza = package.stanza();
        let related = |kinds: &[RelationKind]| -> Vec<String> {
            let fields = kinds.iter().map(|kind| (*kind, stanza.get(kind.field_name())));
            let relations = fields
                .filter_map(|(kind, field)| Relations::parse_of_others(kind, field?.value()).ok())
                .flat_map(|relations| relations.0)
                .flat_map(|alternatives| alternatives.0);
            relations.map(|relation| relation.name.to_string()).collect()
        };
        let source = stanza.line("Source").and_then(|text| text.split(' ').next());
        let mut names = related(&[RelationKind::Provides]);
        names.push(name.clone());
        let programs = || package.entries.iter().filter(|entry| entry.is_among_programs());
        let files = programs().filter(|entry| matches!(entry.found, Found::File { .. }));
        Self {
            name: name.clone(),
            source: source.unwrap_or(name).to_owned(),
            names,
            needs: related(&[RelationKind::PreDepends, RelationKind::Depends]),
            is_essential: stanza.line("Essential") == Some("yes"),
            is_meta: is_meta(package),
            programs: files.map(|entry| merged(&entry.path)).collect(),
            leads_to: programs().filter_map(Entry::leads_to).collect(),
        }
    }

    /// Says whether who asks for this package means the programs of another that it needs.
    fn stands_for(&self, needed: &Self) -> bool {
        let mut leads_to = self.leads_to.iter();
        self.source == needed.source
            || !needed.is_essential && (self.is_meta || leads_to.any(|path| needed.programs.contains(path)))
    }

    /// Says whether this one, which was asked for, and another are parts of one thing: of one source, or with a name that says so.
    fn is_divided_into(&self, other: &Self) -> bool {
        self.source == other.source || is_part(&self.name, &other.name) && !other.is_essential
    }
}

/// Says whether a package's name is that of another with something behind it: a part, or a version.
fn is_part(whole: &str, name: &str) -> bool {
    let rest = name.strip_prefix(whole);
    rest.is_some_and(|rest| rest.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
}

fn is_meta(package: &Package) -> bool {
    let own = format!("usr/share/{}/", package.record.name);
    let documentation = ["usr/share/doc/", "usr/share/lintian/", "usr/share/bug/", &own];
    let mut entries = package.entries.iter();
    entries.all(|entry| {
        let mut folders = documentation.iter();
        // What leads to another package's folder is nothing of its own: `usr/lib/jvm/default-java`.
        let is_link = matches!(entry.found, Found::Link { .. }) && !entry.is_among_programs();
        is_link
            || matches!(entry.found, Found::Folder)
            || folders.any(|folder| entry.path.starts_with(folder.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_name_of_the_whole_and_something_behind_it() {
        for (whole, part) in [
            ("ruby", "ruby3.1"),
            ("ruby", "ruby-rubygems"),
            ("gnat", "gnat-12"),
        ] {
            assert!(is_part(whole, part), "{part}");
        }
        for (whole, other) in [
            ("git", "gitk"),
            ("ruby", "ruby"),
            ("ruby", "libruby3.1"),
            ("gcc", "g++-12"),
        ] {
            assert!(!is_part(whole, other), "{other}");
        }
    }
}
