//! What dpkg is told, and in which order.
//!
//! Packages are unpacked together as far as that goes, since dpkg reads and writes its database once for each call. What one
//! pre-depends on is configured before it is unpacked. Source: Debian Policy 7.2.
//!
//! What goes, goes in its turn, so that dpkg's own check of dependencies lets it; only what gives way needs `--force-depends`.

use std::collections::HashSet;
use std::path::PathBuf;

use debian_control::relation::{RelationKind, Relations};
use debian_control::stanza::Stanza;

use super::SystemError;
use rootless::{Add, Change, Configuration, PackageKey, Turn};

/// One call of dpkg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Takes packages out that nothing else needs.
    Remove(Vec<String>, Configuration),
    /// Takes packages out that give way to what comes next.
    GiveWay(Vec<String>),
    /// Unpacks files.
    Unpack(Vec<PathBuf>),
    /// Configures whatever is unpacked, in the order that dpkg finds.
    Configure,
}

impl Step {
    /// Returns the packages that it brings or takes.
    pub(super) fn packages(&self, change: &Change, files: &[PathBuf]) -> Vec<String> {
        match self {
            Self::Remove(names, _) | Self::GiveWay(names) => names.clone(),
            Self::Unpack(unpacked) => {
                let adds = change.add.iter().zip(files);
                let adds = adds.filter(|(_, file)| unpacked.contains(file));
                adds.filter_map(|(add, _)| add.key().as_ref().map(qualified))
                    .collect()
            }
            Self::Configure => Vec::new(),
        }
    }
}

/// Returns the calls that make a change; the files stand in the order of its packages.
pub(super) fn steps(change: &Change, files: &[PathBuf]) -> Result<Vec<Step>, SystemError> {
    let mut steps = Vec::new();
    let going = |turn: Turn| -> Vec<String> {
        let turn_of = |key: &&PackageKey| change.turns.get(*key).copied().unwrap_or_default() == turn;
        change.remove.iter().filter(turn_of).map(qualified).collect()
    };
    let remove =
        |names: Vec<String>| (!names.is_empty()).then_some(Step::Remove(names, change.configuration));
    steps.extend(remove(going(Turn::First)));
    let giving_way = going(Turn::GivesWay);
    if !giving_way.is_empty() {
        steps.push(Step::GiveWay(giving_way));
    }
    let mut unpacked: HashSet<String> = HashSet::new();
    let mut together = Vec::new();
    for (add, file) in change.add.iter().zip(files) {
        let (offers, needs) = offers_and_needs(add)?;
        if needs.iter().any(|name| unpacked.contains(name)) {
            steps.push(Step::Unpack(std::mem::take(&mut together)));
            steps.push(Step::Configure);
            unpacked.clear();
        }
        unpacked.extend(offers);
        together.push(file.clone());
    }
    if !together.is_empty() {
        steps.push(Step::Unpack(together));
    }
    // Removing alone may leave triggers to run.
    steps.push(Step::Configure);
    if let Some(last) = remove(going(Turn::Last)) {
        steps.extend([last, Step::Configure]);
    }
    Ok(steps)
}

/// Returns the names that a package has or provides, and those that it pre-depends on.
fn offers_and_needs(add: &Add) -> Result<(Vec<String>, Vec<String>), SystemError> {
    let database = |why: String| SystemError::Database {
        path: add.deb.clone(),
        why,
    };
    let stanza = Stanza::parse(&add.stanza).map_err(|error| database(error.to_string()))?;
    let name = stanza.line("Package").unwrap_or_default();
    let names = |kind: RelationKind| {
        let text = stanza.get(kind.field_name()).map_or("", |field| field.value());
        let relations = Relations::parse(kind, text).map_err(|source| SystemError::Relation {
            package: name.to_owned(),
            source,
        })?;
        let each = relations.0.iter().flat_map(|alternatives| &alternatives.0);
        Ok(each.map(|relation| relation.name.to_string()).collect::<Vec<_>>())
    };
    let mut offers = names(RelationKind::Provides)?;
    offers.push(name.to_owned());
    Ok((offers, names(RelationKind::PreDepends)?))
}

fn qualified(key: &PackageKey) -> String {
    match key.architecture.as_str() {
        "all" => key.name.clone(),
        architecture => format!("{}:{architecture}", key.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(stanza: &str) -> Add {
        Add {
            stanza: stanza.to_owned(),
            deb: PathBuf::new(),
            sha256: debian_control::digest::sha256(b""),
            automatic: false,
            why: None,
            provenance: None,
        }
    }

    fn gone(name: &str) -> PackageKey {
        PackageKey {
            name: name.to_owned(),
            architecture: "amd64".to_owned(),
        }
    }

    #[test]
    fn what_is_pre_depended_on_is_configured_first() {
        let change = Change {
            add: vec![
                add("Package: libc6\nProvides: libc-base\n"),
                add("Package: tool\nDepends: libc6\n"),
                add("Package: shell\nPre-Depends: libc-base (>= 2) | other\n"),
                add("Package: last\nPre-Depends: libc6\n"),
            ],
            remove: ["old", "way", "last"].map(gone).into(),
            turns: [(gone("way"), Turn::GivesWay), (gone("last"), Turn::Last)].into(),
            ..Change::default()
        };
        let files: Vec<PathBuf> = ["a", "b", "c", "d"].map(PathBuf::from).into();
        let together = |names: &[&str]| Step::Unpack(names.iter().map(PathBuf::from).collect());
        assert_eq!(
            steps(&change, &files).unwrap(),
            [
                Step::Remove(vec!["old:amd64".to_owned()], Configuration::Stays),
                Step::GiveWay(vec!["way:amd64".to_owned()]),
                together(&["a", "b"]),
                Step::Configure,
                together(&["c", "d"]),
                Step::Configure,
                Step::Remove(vec!["last:amd64".to_owned()], Configuration::Stays),
                Step::Configure,
            ]
        );
    }
}
