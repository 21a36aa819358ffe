//! The pages at the root, which are about all suites, and what every page refers to.

use std::path::PathBuf;

use archive_catalog::Progress;
use archive_site::{File, Site, SuiteStatus};
use archive_storage::staging::Staging;
use archive_storage::store::folder_of;
use debian_control::digest::Sha256;
use rustix::fs::FlockOperation;

use super::record::folder;
use crate::archive::Archive;
use crate::publish::apply;
use crate::publish::error::{PublishError, write_error};

/// Writes the pages at the root where they show something else than what is published, or deletes them where there is no site.
///
/// After a publication was recorded, and where there was nothing to publish: what a publish did not come to is done by the next.
pub(crate) fn write(archive: &Archive, site: Option<&Site>) -> Result<(), PublishError> {
    let note = note(archive);
    let progress = archive.catalog().progress()?;
    let digest = digest(archive, site, &progress);
    let noted = std::fs::read_to_string(&note).ok();
    if noted.as_ref() == Some(&digest) || (site.is_none() && noted.is_none()) {
        return Ok(());
    }
    // Of two publishers on one machine, the later one has seen what the earlier one recorded.
    let lock = archive.lock("site.lock", FlockOperation::LockExclusive);
    let _lock = lock.map_err(|error| write_error("lock", archive.local().join("state/site.lock"), error))?;
    let files = match site {
        Some(site) => files(archive, site)?,
        None => gone(),
    };
    put(archive, files)?;
    let noted = match site {
        Some(_) => {
            std::fs::create_dir_all(folder(archive.local())).and_then(|()| std::fs::write(&note, &digest))
        }
        None => std::fs::remove_file(&note),
    };
    noted.map_err(|error| write_error("write", note, error))
}

/// Says whether this machine wrote them.
pub(super) fn is_noted(archive: &Archive) -> bool {
    note(archive).exists()
}

/// Returns the path of the note of what was written.
fn note(archive: &Archive) -> PathBuf {
    folder(archive.local()).join("_root")
}

/// Returns all that the pages are made of, as one value.
fn digest(archive: &Archive, site: Option<&Site>, progress: &[Progress]) -> String {
    let published: Vec<_> = progress
        .iter()
        .filter_map(|progress| {
            let publication = progress.publication.as_ref()?;
            Some((
                progress.suite.as_str(),
                publication.revision,
                publication.date,
                publication.valid_until,
            ))
        })
        .collect();
    let assets = archive_site::assets().map(|file| match file {
        File::Holds(_, bytes) => Sha256::of(&bytes).to_string(),
        File::Gone(path) => path,
    });
    let all = (
        archive.files().address(),
        site,
        published,
        assets,
        env!("CARGO_PKG_VERSION"),
    );
    let text = serde_json::to_vec(&all).expect("strings, numbers and lists always serialise");
    Sha256::of(&text).to_string()
}

/// Returns the same files as gone.
fn gone() -> Vec<File> {
    let assets = archive_site::assets().map(|file| file.path().to_owned());
    let root = archive_site::ROOT.map(str::to_owned);
    root.into_iter().chain(assets).map(File::Gone).collect()
}

fn files(archive: &Archive, site: &Site) -> Result<Vec<File>, PublishError> {
    let statuses = statuses(archive, site)?;
    let mut files: Vec<File> = archive_site::assets().into();
    files.extend(archive_site::status(site, &statuses));
    files.extend(archive_site::home(site, &statuses));
    Ok(files)
}

/// Returns where the suites stand whose pages are there.
fn statuses(archive: &Archive, site: &Site) -> Result<Vec<SuiteStatus>, PublishError> {
    let mut statuses = Vec::new();
    for suite in &site.suites {
        let path = format!("{}/index.json", archive_site::suite_folder(&suite.codename));
        // One that cannot be read was changed by hand; the next publish of its suite replaces it.
        let twin = archive.files().read(&path)?;
        statuses.extend(twin.and_then(|bytes| serde_json::from_slice::<SuiteStatus>(&bytes).ok()));
    }
    Ok(statuses)
}

fn put(archive: &Archive, files: Vec<File>) -> Result<(), PublishError> {
    let store = archive.files();
    let staging = Staging::new(archive.local())?;
    for file in files {
        match file {
            File::Holds(path, bytes) => {
                if store.read(&path)?.as_ref() != Some(&bytes) {
                    apply::write(store, &path, &bytes, &staging)?;
                }
            }
            File::Gone(path) => {
                store.delete(&path)?;
                store.settle(&mut [folder_of(&path)].into_iter())?;
            }
        }
    }
    Ok(())
}
