//! Files for setting up clients: keyrings, `.sources` entries and `repository.json`.

use std::path::Path;

use serde::Serialize;

use super::apply::write_if_changed;
use super::error::{PublishError, write_error};
use crate::archive::Archive;
use crate::config::{Config, Suite};
use crate::sign::Signer;
use archive_storage::staging::Staging;

const KEYRING: &str = "archive-keyring.pgp";

/// Writes the files that differ from the existing ones.
pub(super) fn write(archive: &Archive, suite: &Suite, signer: &dyn Signer) -> Result<(), PublishError> {
    let config = archive.config();
    let keyring = signer.keyring();
    let armoured = keyring.to_armored();
    let mut files = vec![
        (archive.root().join(KEYRING), keyring.to_binary()),
        (
            archive.root().join("archive-keyring.asc"),
            armoured.clone().into_bytes(),
        ),
        (
            archive.root().join("repository.json"),
            repository_json(config, signer),
        ),
    ];
    let sources = archive.tree(suite).join(format!("{}.sources", suite.codename));
    match config.tree_url(suite) {
        Some(url) => files.push((sources, sources_entry(&url, suite, &armoured).into_bytes())),
        // One that was written when there was a URL would send clients to it still.
        None => remove(&sources)?,
    }
    if files
        .iter()
        .all(|(path, bytes)| std::fs::read(path).is_ok_and(|found| found == *bytes))
    {
        return Ok(());
    }
    let staging = Staging::new(archive.root())?;
    for (path, bytes) in files {
        write_if_changed(&path, &bytes, &staging)?;
    }
    Ok(())
}

/// Returns a deb822 entry for apt, with the keys in it. Source: sources.list(5).
fn sources_entry(url: &str, suite: &Suite, armoured: &str) -> String {
    let list = |items: Vec<String>| items.join(" ");
    let mut text = format!(
        "Types: deb\nURIs: {url}/\nSuites: {}\nComponents: {}\nArchitectures: {}\nSigned-By:\n",
        suite.codename,
        list(suite.components.iter().map(ToString::to_string).collect()),
        list(suite.architectures.iter().map(ToString::to_string).collect()),
    );
    for line in armoured.lines() {
        text.push(' ');
        text.push_str(if line.is_empty() { "." } else { line });
        text.push('\n');
    }
    text
}

#[derive(Serialize)]
struct RepositoryJson<'a> {
    url: Option<&'a str>,
    origin: &'a str,
    label: &'a str,
    fingerprints: Vec<String>,
    keyring: &'a str,
    suites: Vec<SuiteDescription<'a>>,
}

#[derive(Serialize)]
struct SuiteDescription<'a> {
    codename: &'a str,
    suite: Option<&'a str>,
    components: Vec<&'a str>,
    architectures: Vec<&'a str>,
}

fn repository_json(config: &Config, signer: &dyn Signer) -> Vec<u8> {
    let repository = RepositoryJson {
        url: config.url.as_deref(),
        origin: &config.origin,
        label: &config.label,
        fingerprints: signer
            .keyring()
            .fingerprints()
            .iter()
            .map(ToString::to_string)
            .collect(),
        keyring: KEYRING,
        // A private suite is nobody's business who may not read it.
        suites: config
            .suites
            .iter()
            .filter(|suite| !suite.private)
            .map(|suite| SuiteDescription {
                codename: suite.codename.as_str(),
                suite: suite.alias.as_ref().map(|alias| alias.as_str()),
                components: suite
                    .components
                    .iter()
                    .map(|component| component.as_str())
                    .collect(),
                architectures: suite
                    .architectures
                    .iter()
                    .map(|architecture| architecture.as_str())
                    .collect(),
            })
            .collect(),
    };
    let mut text = serde_json::to_vec_pretty(&repository).expect("strings and lists always serialise");
    text.push(b'\n');
    text
}

fn remove(path: &Path) -> Result<(), PublishError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(write_error("delete", path, error)),
        _ => Ok(()),
    }
}
