//! Files for setting up clients: keyrings, `.sources` entries and `repository.json`.

use std::path::PathBuf;

use debian_control::digest::Digester;
use openpgp_policy::Keyring;
use serde::Serialize;

use super::apply::write as write_file;
use super::error::PublishError;
use super::lease::SuiteLease;
use super::settings;
use crate::archive::Archive;
use crate::config::{Config, Suite};
use crate::other_archive::KEYRING;
use crate::sign::Signer;
use archive_catalog::CatalogError;
use archive_storage::STATE;
use archive_storage::staging::Staging;
use archive_storage::store::StoreError;

/// The public keys as text.
const ARMOURED_KEYRING: &str = "archive-keyring.asc";
/// What a client needs to set itself up.
const REPOSITORY: &str = "repository.json";

/// Returns where the entry for apt is that uses a suite, below the root.
fn sources_path(suite: &Suite) -> String {
    format!("{}{}.sources", suite.tree(), suite.codename)
}

/// Writes the files that differ from the existing ones.
pub(super) fn write(
    archive: &Archive,
    suite: &Suite,
    signer: &dyn Signer,
    lease: &SuiteLease<'_>,
) -> Result<(), PublishError> {
    let config = archive.config();
    let keyring = signer.keyring();
    let armoured = keyring.to_armored();
    let mut files = vec![
        (KEYRING.to_owned(), keyring.to_binary()),
        (ARMOURED_KEYRING.to_owned(), armoured.clone().into_bytes()),
        (REPOSITORY.to_owned(), repository_json(config, keyring)),
    ];
    let sources = sources_path(suite);
    let url = config.tree_url(suite);
    if let Some(url) = &url {
        files.push((
            sources.clone(),
            sources_entry(url, suite, SignedBy::Keys(&armoured)).into_bytes(),
        ));
    }
    let seen = SeenFiles::of(archive, suite, &files);
    if archive.files().folder().is_none() && seen.is_noted() {
        return Ok(());
    }
    // One that was written when there was a URL would send clients to it still.
    if url.is_none() {
        archive.files().delete(&sources)?;
    }
    let mut staging = None;
    for (path, bytes) in &files {
        if archive.files().read(path)?.as_ref() == Some(bytes) {
            continue;
        }
        let staging = match &mut staging {
            Some(staging) => staging,
            none => none.insert(Staging::new(archive.local())?),
        };
        lease.check_time()?;
        write_file(archive.files(), path, bytes, staging)?;
    }
    seen.note();
    Ok(())
}

/// Returns the files that are not what publishing wrote: what a machine is set up with tells it whom to trust.
///
/// What only waits for a publish, since a setting was changed, is not among them.
pub(crate) fn wrong<E>(archive: &Archive) -> Result<Vec<String>, E>
where
    E: From<CatalogError> + From<StoreError>,
{
    let (files, config) = (archive.files(), archive.config());
    // Where the keyring itself is damaged, no signature is found good.
    let keyring = files.read(KEYRING)?.and_then(|bytes| Keyring::read(&bytes).ok());
    let Some(keyring) = keyring else {
        return Ok(Vec::new());
    };
    let mut wrong = Vec::new();
    let armoured = files.read(ARMOURED_KEYRING)?;
    let is_same = |bytes: Vec<u8>| {
        Keyring::read(&bytes).is_ok_and(|armoured| armoured.to_binary() == keyring.to_binary())
    };
    if !armoured.is_some_and(is_same) {
        wrong.push(ARMOURED_KEYRING.to_owned());
    }
    let mut are_all_published = true;
    for suite in &config.suites {
        let snapshot = archive
            .catalog()
            .snapshot(&suite.codename, suite.pool_tree(), None)?;
        let publication = snapshot.state().publication.as_ref();
        let settings = settings::digest(config, suite, &keyring);
        if publication.is_none_or(|publication| publication.settings != settings) {
            are_all_published = false;
            continue;
        }
        let path = sources_path(suite);
        let expected = config
            .tree_url(suite)
            .map(|url| sources_entry(&url, suite, SignedBy::Keys(&keyring.to_armored())).into_bytes());
        if files.read(&path)? != expected {
            wrong.push(path);
        }
    }
    if are_all_published && files.read(REPOSITORY)? != Some(repository_json(config, &keyring)) {
        wrong.push(REPOSITORY.to_owned());
    }
    Ok(wrong)
}

/// Has the next publish look at the files in the store, whatever this machine saw there.
pub(super) fn forget(archive: &Archive, suite: &Suite) {
    let _ = std::fs::remove_file(SeenFiles::note_of(archive, suite));
}

/// What this machine saw in the store when it last looked there: a look at each file is a request.
struct SeenFiles {
    note: PathBuf,
    digest: String,
}

impl SeenFiles {
    fn of(archive: &Archive, suite: &Suite, files: &[(String, Vec<u8>)]) -> Self {
        let mut digester = Digester::sha256();
        digester.update(archive.files().address().as_bytes());
        for (path, bytes) in files {
            digester.update(format!("\n{path} {}\n", bytes.len()).as_bytes());
            digester.update(bytes);
        }
        Self {
            note: Self::note_of(archive, suite),
            digest: digester.finish().sha256.to_string(),
        }
    }

    fn note_of(archive: &Archive, suite: &Suite) -> PathBuf {
        let folder = archive.local().join(STATE).join("client-setup");
        folder.join(suite.codename.as_str())
    }

    fn is_noted(&self) -> bool {
        std::fs::read_to_string(&self.note).is_ok_and(|noted| noted == self.digest)
    }

    /// Notes that they are there. Where that fails, the next publish looks again.
    fn note(&self) {
        let made = self.note.parent().map(std::fs::create_dir_all);
        if made.is_some_and(|made| made.is_ok()) {
            let _ = std::fs::write(&self.note, &self.digest);
        }
    }
}

/// How an entry names the keys that apt trusts for it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SignedBy<'a> {
    /// It has them in it, armoured.
    Keys(&'a str),
    /// A keyring on the client's disk.
    File(&'a str),
}

/// Returns a deb822 entry for apt. Source: sources.list(5).
pub(crate) fn sources_entry(url: &str, suite: &Suite, signed_by: SignedBy<'_>) -> String {
    let list = |items: Vec<String>| items.join(" ");
    let mut text = format!(
        "Types: deb\nURIs: {url}/\nSuites: {}\nComponents: {}\nArchitectures: {}\nSigned-By:",
        suite.codename,
        list(suite.components.iter().map(ToString::to_string).collect()),
        list(suite.architectures.iter().map(ToString::to_string).collect()),
    );
    match signed_by {
        SignedBy::File(path) => text.extend([" ", path, "\n"]),
        SignedBy::Keys(armoured) => {
            text.push('\n');
            for line in armoured.lines() {
                text.extend([" ", if line.is_empty() { "." } else { line }, "\n"]);
            }
        }
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

fn repository_json(config: &Config, keyring: &Keyring) -> Vec<u8> {
    let repository = RepositoryJson {
        url: config.url.as_deref(),
        origin: &config.origin,
        label: &config.label,
        fingerprints: keyring.fingerprints().iter().map(ToString::to_string).collect(),
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
