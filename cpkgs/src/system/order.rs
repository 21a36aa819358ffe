//! What dpkg is told, and in which order.
//!
//! Packages are unpacked together as far as that goes, since dpkg reads and writes its database once for each call. What one
//! pre-depends on is configured before it is unpacked. Source: Debian Policy 7.2.
//!
//! What goes, goes in its turn, so that dpkg's own check of dependencies lets it; only what goes before what needs it has changed
//! takes `--force-depends`. So does an installed version that goes for a moment, until its next one can be unpacked: its configuration files stay.

use std::collections::BTreeMap;
use std::path::PathBuf;

use debian_control::relation::{RelationKind, Relations};
use debian_control::stanza::Stanza;

use super::SystemError;
use rootless::{Add, Change, Configuration, PackageKey};

/// A step of a plan, for a package of the change that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is removed; nothing that is installed then needs it.
    Remove(PackageKey),
    /// It is removed although something needs it: what is unpacked next conflicts with it. Its next version may follow.
    GiveWay(PackageKey),
    /// It is removed although something needs it: what was unpacked last takes its place.
    Replaced(PackageKey),
    /// It is unpacked.
    Unpack(PackageKey),
    /// It is configured.
    Configure(PackageKey),
}

/// One call of dpkg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Takes packages out that nothing else needs.
    Remove(Vec<String>, Configuration),
    /// Takes packages out although something needs them.
    GiveWay(Vec<String>),
    /// Unpacks files.
    Unpack(Vec<PathBuf>),
    /// Configures packages that what is unpacked next pre-depends on, and others that are ready by then.
    ConfigureNamed(Vec<String>),
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
            Self::ConfigureNamed(_) | Self::Configure => Vec::new(),
        }
    }
}

/// Returns the calls that make a change by the steps of its plan; the files stand in the order of its packages.
pub(super) fn steps(
    change: &Change,
    actions: &[Action],
    files: &[PathBuf],
) -> Result<Vec<Step>, SystemError> {
    let adds = change.add.iter().zip(files);
    let adds: BTreeMap<PackageKey, (&Add, &PathBuf)> = adds
        .filter_map(|(add, file)| Some((add.key()?, (add, file))))
        .collect();
    let mut calls = Calls::new(change.configuration);
    for action in actions {
        match action {
            Action::Remove(key) => calls.remove(qualified(key)),
            Action::GiveWay(key) => calls.give_way(key),
            Action::Replaced(key) => calls.replaced.push(qualified(key)),
            Action::Unpack(key) => {
                if let Some((add, file)) = adds.get(key) {
                    calls.unpack(qualified(key), (*file).clone(), Names::of(add)?);
                }
            }
            Action::Configure(key) => calls.ready.push(qualified(key)),
        }
    }
    Ok(calls.finish())
}

/// Calls of dpkg in the making.
struct Calls {
    steps: Vec<Step>,
    configuration: Configuration,
    /// What is unpacked by the next call.
    together: Vec<PathBuf>,
    /// What is removed when that is done.
    replaced: Vec<String>,
    /// What can be configured when that is done.
    ready: Vec<String>,
    /// Packages that are not configured yet.
    open: BTreeMap<String, Names>,
}

impl Calls {
    fn new(configuration: Configuration) -> Self {
        Self {
            steps: Vec::new(),
            configuration,
            together: Vec::new(),
            replaced: Vec::new(),
            ready: Vec::new(),
            open: BTreeMap::new(),
        }
    }

    fn remove(&mut self, name: String) {
        if !self.open.is_empty() {
            self.unpack_together();
            self.configure_all();
        }
        match self.steps.last_mut() {
            Some(Step::Remove(names, _)) => names.push(name),
            _ => self.steps.push(Step::Remove(vec![name], self.configuration)),
        }
    }

    fn give_way(&mut self, key: &PackageKey) {
        let is_needed = self.is_needed_by_ready(std::slice::from_ref(&key.name));
        self.unpack_together();
        if is_needed {
            self.configure_ready();
        }
        let name = qualified(key);
        match self.steps.last_mut() {
            Some(Step::GiveWay(names)) => names.push(name),
            _ => self.steps.push(Step::GiveWay(vec![name])),
        }
    }

    fn unpack(&mut self, name: String, file: PathBuf, names: Names) {
        let mut offered = self.open.values().flat_map(|open| &open.offers);
        let is_awaited = offered.any(|name| names.pre_needs.contains(name));
        if is_awaited || self.is_needed_by_ready(&names.offers) {
            self.unpack_together();
            self.configure_ready();
        }
        self.together.push(file);
        self.open.insert(name, names);
    }

    /// Says whether what is ready needs one of some names: most often what it needs came before, and where that comes now, it is ready beside the
    /// installed version only.
    fn is_needed_by_ready(&self, names: &[String]) -> bool {
        let ready = self.ready.iter().filter_map(|ready| self.open.get(ready));
        let mut needed = ready.flat_map(|open| &open.needs);
        needed.any(|name| names.contains(name))
    }

    fn unpack_together(&mut self) {
        if !self.together.is_empty() {
            self.steps.push(Step::Unpack(std::mem::take(&mut self.together)));
        }
        if !self.replaced.is_empty() {
            self.steps.push(Step::GiveWay(std::mem::take(&mut self.replaced)));
        }
    }

    fn configure_ready(&mut self) {
        let ready = std::mem::take(&mut self.ready);
        for name in &ready {
            self.open.remove(name);
        }
        if !ready.is_empty() {
            self.steps.push(Step::ConfigureNamed(ready));
        }
    }

    fn configure_all(&mut self) {
        self.ready.clear();
        self.open.clear();
        self.steps.push(Step::Configure);
    }

    fn finish(mut self) -> Vec<Step> {
        self.unpack_together();
        // Removing alone may leave triggers to run.
        self.configure_all();
        self.steps
    }
}

/// The names of a package and of others that say when it is unpacked and configured.
struct Names {
    /// Those that it has or provides.
    offers: Vec<String>,
    /// Those that it pre-depends on.
    pre_needs: Vec<String>,
    /// Those that it needs without an alternative.
    needs: Vec<String>,
}

impl Names {
    fn of(add: &Add) -> Result<Self, SystemError> {
        let database = |why: String| SystemError::Database {
            path: add.deb.clone(),
            why,
        };
        let stanza = Stanza::of_index(&add.stanza).map_err(|error| database(error.to_string()))?;
        let name = stanza.line("Package").unwrap_or_default();
        let relations = |kind: RelationKind| {
            let text = stanza.get(kind.field_name()).map_or("", |field| field.value());
            // Lines of an index may end as those of DOS do, where a field is folded as well.
            Relations::parse_of_others(kind, &text.replace('\r', " ")).map_err(|source| {
                SystemError::Relation {
                    package: name.to_owned(),
                    source,
                }
            })
        };
        let pre_depends = relations(RelationKind::PreDepends)?;
        let needs = [&pre_depends, &relations(RelationKind::Depends)?]
            .into_iter()
            .flat_map(|relations| &relations.0)
            .filter_map(|alternatives| match alternatives.0.as_slice() {
                [only] => Some(only.name.to_string()),
                _ => None,
            })
            .collect();
        let mut offers = names(&relations(RelationKind::Provides)?);
        offers.push(name.to_owned());
        Ok(Self {
            offers,
            pre_needs: names(&pre_depends),
            needs,
        })
    }
}

/// Returns all names in relations.
fn names(relations: &Relations) -> Vec<String> {
    let each = relations.0.iter().flat_map(|alternatives| &alternatives.0);
    each.map(|relation| relation.name.to_string()).collect()
}

/// Returns what dpkg calls a package.
pub(super) fn qualified(key: &PackageKey) -> String {
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

    /// Returns the calls for steps that are written as the resolver's tests write them; a file is named by its package.
    fn calls(actions: &str, adds: &[&str]) -> Vec<Step> {
        let change = Change {
            add: adds
                .iter()
                .map(|stanza| add(&format!("{stanza}Architecture: amd64\n")))
                .collect(),
            ..Change::default()
        };
        let name = |add: &Add| add.key().unwrap().name;
        let files: Vec<PathBuf> = change.add.iter().map(|add| PathBuf::from(name(add))).collect();
        let actions = actions
            .split(", ")
            .map(|action| match action.rsplit_once(' ').unwrap() {
                ("remove", name) => Action::Remove(gone(name)),
                ("give way", name) => Action::GiveWay(gone(name)),
                ("replaced", name) => Action::Replaced(gone(name)),
                ("unpack", name) => Action::Unpack(gone(name)),
                ("configure", name) => Action::Configure(gone(name)),
                other => panic!("{other:?}"),
            });
        steps(&change, &actions.collect::<Vec<_>>(), &files).unwrap()
    }

    fn together(names: &[&str]) -> Step {
        Step::Unpack(names.iter().map(PathBuf::from).collect())
    }

    fn qualified_names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| format!("{name}:amd64")).collect()
    }

    #[test]
    fn what_is_pre_depended_on_is_configured_first() {
        let remove = |name| Step::Remove(qualified_names(&[name]), Configuration::Stays);
        assert_eq!(
            calls(
                "remove old, unpack libc6, configure libc6, unpack tool, unpack shell, configure shell, configure tool, \
                 unpack other, configure other, remove last",
                &[
                    "Package: libc6\nProvides: libc-base\n",
                    "Package: tool\nDepends: libc6\n",
                    "Package: shell\nPre-Depends: libc-base (>= 2) | other\n",
                    "Package: other\nPre-Depends: libc6\n",
                ]
            ),
            [
                remove("old"),
                together(&["libc6", "tool"]),
                // The tool is not ready by then.
                Step::ConfigureNamed(qualified_names(&["libc6"])),
                together(&["shell", "other"]),
                Step::Configure,
                remove("last"),
                Step::Configure,
            ]
        );
    }

    #[test]
    fn folded_fields_may_have_lines_that_end_as_those_of_dos() {
        let names = Names::of(&add(
            "Package: tool\r\nPre-Depends: libc6\r\n (>= 2),\r\n libz1\r\nDepends: one,\r\n two |\r\n three\r\n",
        ));
        let names = names.unwrap();
        assert_eq!(names.pre_needs, ["libc6", "libz1"]);
        assert_eq!(names.needs, ["libc6", "libz1", "one"]);
    }

    #[test]
    fn what_is_replaced_goes_after_its_replacement_and_what_is_in_conflict_before() {
        assert_eq!(
            calls(
                "unpack libt64, replaced lib, configure libt64, unpack more, configure more, give way mta, unpack postfix, configure postfix",
                &["Package: libt64\n", "Package: more\n", "Package: postfix\n"]
            ),
            [
                together(&["libt64", "more"]),
                Step::GiveWay(qualified_names(&["lib", "mta"])),
                together(&["postfix"]),
                Step::Configure,
            ]
        );
    }

    #[test]
    fn what_goes_for_a_moment_goes_by_itself_and_comes_with_what_follows() {
        assert_eq!(
            calls(
                "give way q, unpack p, configure p, unpack q, configure q",
                &[
                    "Package: p\nConflicts: q (<< 2)\n",
                    "Package: q\nConflicts: p (<< 2)\n"
                ]
            ),
            [
                Step::GiveWay(qualified_names(&["q"])),
                together(&["p", "q"]),
                Step::Configure,
            ]
        );
        assert_eq!(
            calls(
                "give way q, unpack p, configure p, unpack q, configure q",
                &[
                    "Package: p\nConflicts: q (<< 2)\n",
                    "Package: q\nPre-Depends: p (>= 2)\n"
                ]
            ),
            [
                Step::GiveWay(qualified_names(&["q"])),
                together(&["p"]),
                Step::ConfigureNamed(qualified_names(&["p"])),
                together(&["q"]),
                Step::Configure,
            ]
        );
    }

    #[test]
    fn what_is_ready_beside_the_installed_version_of_another_is_configured_before_that_changes() {
        assert_eq!(
            calls(
                "unpack p, configure p, unpack q, unpack r, configure r, configure q",
                &[
                    "Package: p\nDepends: q\n",
                    "Package: q\nDepends: r\n",
                    "Package: r\nPre-Depends: p (>= 2)\n"
                ]
            ),
            [
                together(&["p"]),
                Step::ConfigureNamed(qualified_names(&["p"])),
                together(&["q", "r"]),
                Step::Configure,
            ]
        );
    }
}
