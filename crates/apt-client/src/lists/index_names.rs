//! Which indexes of a suite are wanted: a pure function of its Release and of what was asked for.

use debian_control::release::{IndexFile, Release};

use super::choose::{architectures, has_index, index_path, is_listed};
use super::error::UpdateError;
use super::manifest::KeptSuite;
use super::remote::flat_folder;

/// The indexes to have.
#[derive(Debug, Default)]
pub(super) struct IndexNames {
    pub(super) indexes: Vec<IndexName>,
    /// Components that have a `Translation-en`.
    pub(super) translations: Vec<TranslationName>,
    /// What a person should know although the rest can be used.
    pub(super) warnings: Vec<String>,
}

/// A `Packages` index that a Release lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexName {
    pub(super) component: String,
    pub(super) architecture: String,
    /// What it is called below the suite's folder, without the extension of its compression.
    pub(super) path: String,
}

/// A `Translation-en` that a Release lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TranslationName {
    pub(super) component: String,
    /// What it is called below the suite's folder, without the extension of its compression.
    pub(super) path: String,
}

/// Says which indexes of a suite are wanted.
///
/// # Errors
/// When the Release has nothing of what was asked for.
pub(super) fn index_names(release: &Release, suite: &KeptSuite) -> Result<IndexNames, UpdateError> {
    if flat_folder(&suite.asked).is_some() {
        return flat(release, suite);
    }
    let architectures = architectures(release, &suite.components, &suite.architectures);
    if architectures.is_empty() {
        return Err(UpdateError::NoArchitecture {
            url: suite.url.clone(),
            suite: suite.asked.clone(),
            wanted: suite.architectures.join(" "),
            has: release.architectures.join(" "),
        });
    }
    let mut names = IndexNames::default();
    let mut absent = Vec::new();
    let mut empty = Vec::new();
    for component in &suite.components {
        let found = of_component(release, suite, (component, &architectures))?;
        if !found.is_empty() {
            names.indexes.extend(found);
            let path = format!("{component}/i18n/Translation-en");
            if is_listed(&release.sha256, &path) {
                let component = component.clone();
                names.translations.push(TranslationName { component, path });
            }
        } else if has_component(release, component) {
            // An architecture that the Release names without an index has no packages there.
            empty.push(component.as_str());
        } else {
            // A component that the Release does not know is a mistake of whoever asks.
            absent.push(component.as_str());
        }
    }
    if !empty.is_empty() {
        names.warnings.push(format!(
            "has no index of `{}` for {}: taken as empty",
            empty.join(" "),
            architectures.join(" ")
        ));
    }
    if absent.is_empty() {
        return Ok(names);
    }
    let missing = UpdateError::NoComponent {
        url: suite.url.clone(),
        suite: suite.asked.clone(),
        component: absent.join(" "),
        has: release.components.join(" "),
    };
    if names.indexes.is_empty() && empty.is_empty() {
        return Err(missing);
    }
    names.warnings.push(missing.to_string());
    Ok(names)
}

/// Returns the indexes of a component that a Release lists.
///
/// # Errors
/// When one is listed in forms alone that are not read.
fn of_component(
    release: &Release,
    suite: &KeptSuite,
    (component, architectures): (&str, &[String]),
) -> Result<Vec<IndexName>, UpdateError> {
    let mut found = Vec::new();
    for architecture in architectures {
        let path = index_path(component, architecture);
        if is_listed(&release.sha256, &path) {
            found.push(IndexName {
                component: component.to_owned(),
                architecture: architecture.clone(),
                path,
            });
        } else if let Some(listed) = unread_form(&release.sha256, &path) {
            return Err(UpdateError::UnreadForms {
                url: suite.url.clone(),
                suite: suite.asked.clone(),
                index: path,
                listed: listed.to_owned(),
            });
        }
    }
    Ok(found)
}

/// Says which of the architectures that a source names a suite does not have.
///
/// # Errors
/// When it has none of them: whoever names them is mistaken, though packages for `all` may be there.
pub(super) fn unlisted(
    release: &Release,
    suite: &KeptSuite,
    named: &[String],
) -> Result<Option<String>, UpdateError> {
    let listed = &release.architectures;
    // A folder that stands by itself, or a Release that says nothing, may have packages for any.
    if flat_folder(&suite.asked).is_some() || listed.is_empty() {
        return Ok(None);
    }
    let is_there = |name: &&String| listed.contains(name) || has_index(release, &suite.components, name);
    let absent = named.iter().filter(|name| !is_there(name));
    let absent: Vec<&str> = absent.map(String::as_str).collect();
    let (wanted, has) = (absent.join(" "), listed.join(" "));
    if absent.is_empty() {
        return Ok(None);
    }
    if absent.len() < named.len() {
        return Ok(Some(format!("has nothing for {wanted}; it has: {has}")));
    }
    Err(UpdateError::NoArchitecture {
        url: suite.url.clone(),
        suite: suite.asked.clone(),
        wanted,
        has,
    })
}

/// A suite that stands by itself has one index, for whatever architecture.
fn flat(release: &Release, suite: &KeptSuite) -> Result<IndexNames, UpdateError> {
    let path = "Packages".to_owned();
    if let (false, Some(listed)) = (
        is_listed(&release.sha256, &path),
        unread_form(&release.sha256, &path),
    ) {
        return Err(UpdateError::UnreadForms {
            url: suite.url.clone(),
            suite: suite.asked.clone(),
            index: path,
            listed: listed.to_owned(),
        });
    }
    if !is_listed(&release.sha256, &path) {
        return Err(UpdateError::NoPackages {
            url: suite.url.clone(),
            suite: suite.asked.clone(),
        });
    }
    let architecture = suite.architectures.first();
    Ok(IndexNames {
        indexes: vec![IndexName {
            component: String::new(),
            architecture: architecture.expect("a machine has an architecture").clone(),
            path,
        }],
        ..IndexNames::default()
    })
}

/// Returns the name of a file that is an index in a form which is not read, such as `Packages.lz4`.
fn unread_form<'r>(files: &'r [IndexFile], path: &str) -> Option<&'r str> {
    let mut names = files.iter().map(|file| file.path.as_str());
    let name = names.find(|name| {
        let extension = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
        extension.is_some_and(|extension| ["lz4", "lz", "Z", "br"].contains(&extension))
    })?;
    name.rsplit('/').next()
}

/// Says whether a Release knows a component: by name, or by what it lists of it. A name may stand behind the suite's own part.
fn has_component(release: &Release, component: &str) -> bool {
    let is_named = |name: &String| {
        name == component || name.rsplit_once('/').is_some_and(|(_, short)| short == component)
    };
    let is_listed = |file: &IndexFile| {
        let below = file.path.strip_prefix(component);
        below.is_some_and(|below| below.starts_with("/binary-"))
    };
    release.components.iter().any(is_named) || release.sha256.iter().any(is_listed)
}
