//! The pages at the root, which are about all suites, and what every page refers to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use archive_catalog::{CatalogError, Progress, Publication};
use archive_site::{File, Record, Site, SuiteStatus, WrittenFile};
use archive_storage::staging::Staging;
use archive_storage::store::folder_of;
use debian_control::digest::Sha256;
use debian_control::name::SuiteName;
use rustix::fs::FlockOperation;
use serde::Serialize;

use super::record::{SiteRecord, folder};
use super::record_store::ChangedRecord;
use super::visibility::is_shown;
use crate::archive::Archive;
use crate::config::Suite;
use crate::publish::apply;
use crate::publish::error::{PublishError, write_error};

/// Held while they are written.
pub(super) const LOCK: &str = "site.lock";

/// Whether files are as this machine left them: each look into a bucket is a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// They are: nobody else published since.
    AsNoted,
    /// Another machine may have written them, or a folder is cheaper to read.
    Unknown,
}

/// Writes the pages at the root where they show something else than what is published, or deletes them where there is no site.
///
/// After a publication was recorded, and where there was nothing to publish: what a publish did not come to is done by the next.
/// `follows` is what that publication took the place of, where what is there is to be trusted.
pub(crate) fn write(
    archive: &Archive,
    site: Option<&Site>,
    follows: Option<(&SuiteName, Option<&Publication>)>,
) -> Result<(), PublishError> {
    let note = note(archive);
    let progress = archive.catalog().progress()?;
    let published = published(archive, &progress);
    let digest = digest(site, &published);
    let noted = std::fs::read_to_string(&note).ok();
    let standing = match (follows, noted.as_deref()) {
        (Some(follows), Some(noted)) => standing(archive, &progress, follows, noted),
        _ => Standing::Unknown,
    };
    let is_noted = noted.as_ref().and_then(|noted| noted.lines().next()) == Some(&digest);
    if is_noted || (site.is_none() && noted.is_none()) {
        return Ok(());
    }
    // Of two publishers on one machine, the later one has seen what the earlier one recorded.
    let lock = archive.lock(LOCK, FlockOperation::LockExclusive);
    let _lock = lock.map_err(|error| write_error("lock", archive.local().join("state").join(LOCK), error))?;
    let files = match site {
        Some(site) => files(archive, site, (&progress, standing))?,
        None => gone(),
    };
    let text = note_text(&digest, &published, &files);
    let was = noted_files(noted.as_deref().unwrap_or_default());
    put(archive, files, (&was, standing))?;
    let noted = match site {
        Some(_) => {
            std::fs::create_dir_all(folder(archive.local())).and_then(|()| std::fs::write(&note, text))
        }
        None => std::fs::remove_file(&note),
    };
    noted.map_err(|error| write_error("write", note, error))
}

/// Says whether this machine wrote what is there: what its note says was published is what a publication took the place of.
fn standing(
    archive: &Archive,
    progress: &[Progress],
    (suite, before): (&SuiteName, Option<&Publication>),
    noted: &str,
) -> Standing {
    let mut progress = progress.to_vec();
    for progress in progress.iter_mut().filter(|progress| progress.suite == *suite) {
        progress.publication = before.cloned();
    }
    let is_own = noted.lines().nth(1) == Some(&published(archive, &progress));
    if is_own && archive.files().folder().is_none() {
        Standing::AsNoted
    } else {
        Standing::Unknown
    }
}

/// Says whether this machine wrote them.
pub(super) fn is_noted(archive: &Archive) -> bool {
    note(archive).exists()
}

/// Says whether the pages are to be there: with the first publication of a suite that they show.
pub(super) fn is_due(archive: &Archive) -> Result<bool, CatalogError> {
    let progress = archive.catalog().progress()?;
    let is_published = |suite: &Suite| {
        let mut progress = progress.iter();
        progress.any(|progress| progress.suite == suite.codename && progress.publication.is_some())
    };
    let mut suites = archive.config().suites.iter();
    Ok(suites.any(|suite| is_shown(archive, suite) && is_published(suite)))
}

/// Returns the files that are there whatever the settings say of them.
pub(super) fn expected() -> Vec<String> {
    let assets = archive_site::assets().map(|file| file.path().to_owned());
    // Without an address there is no sitemap.
    let root = archive_site::ROOT
        .into_iter()
        .filter(|path| *path != "sitemap.xml");
    root.map(str::to_owned).chain(assets).collect()
}

/// Returns what this machine wrote there last; `None` where something else is published since.
pub(super) fn written(archive: &Archive) -> Result<Option<BTreeMap<String, WrittenFile>>, CatalogError> {
    let published = published(archive, &archive.catalog().progress()?);
    let text = std::fs::read_to_string(note(archive)).unwrap_or_default();
    if text.lines().nth(1) != Some(&published) {
        return Ok(None);
    }
    Ok(Some(noted_files(&text)))
}

/// Returns the files of a note; a line that cannot be read is left out.
fn noted_files(note: &str) -> BTreeMap<String, WrittenFile> {
    let file = |line: &str| {
        let (path, written) = line.split_once('\t')?;
        Some((path.to_owned(), WrittenFile::parse(written)?))
    };
    note.lines().skip(2).filter_map(file).collect()
}

/// Returns a note: a digest of what the pages are made of, one of the publications in it, and what was written.
fn note_text(digest: &str, published: &str, files: &[File]) -> String {
    let mut text = format!("{digest}\n{published}\n");
    for file in files {
        if let File::Holds(path, bytes) = file {
            text.push_str(&format!("{path}\t{}\n", WrittenFile::of(bytes)));
        }
    }
    text
}

/// Returns the path of the note of what was written.
fn note(archive: &Archive) -> PathBuf {
    folder(archive.local()).join("_root")
}

/// Returns what is published, and where, as one value.
fn published(archive: &Archive, progress: &[Progress]) -> String {
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
    digest_of(&(archive.files().address(), published))
}

/// Returns all that the pages are made of, as one value.
fn digest(site: Option<&Site>, published: &str) -> String {
    let assets = archive_site::assets().map(|file| match file {
        File::Holds(_, bytes) => Sha256::of(&bytes).to_string(),
        File::Gone(path) => path,
    });
    digest_of(&(site, published, assets, env!("CARGO_PKG_VERSION")))
}

fn digest_of(value: &impl Serialize) -> String {
    let text = serde_json::to_vec(value).expect("strings, numbers and lists always serialise");
    Sha256::of(&text).to_string()
}

/// Returns the same files as gone.
fn gone() -> Vec<File> {
    let assets = archive_site::assets().map(|file| file.path().to_owned());
    let root = archive_site::ROOT.map(str::to_owned);
    root.into_iter().chain(assets).map(File::Gone).collect()
}

fn files(archive: &Archive, site: &Site, known: (&[Progress], Standing)) -> Result<Vec<File>, PublishError> {
    let statuses = statuses(archive, site, known)?;
    let mut files: Vec<File> = archive_site::assets().into();
    files.extend(archive_site::status(site, &statuses));
    files.extend(archive_site::home(site, &statuses));
    Ok(files)
}

/// Returns where the suites stand whose pages are there.
fn statuses(
    archive: &Archive,
    site: &Site,
    (progress, standing): (&[Progress], Standing),
) -> Result<Vec<SuiteStatus>, PublishError> {
    let mut statuses = Vec::new();
    for suite in &site.suites {
        let mut progress = progress.iter();
        let progress = progress.find(|progress| progress.suite.as_str() == suite.codename);
        if let (Standing::AsNoted, Some(status)) = (standing, progress.and_then(|own| recorded(archive, own)))
        {
            statuses.push(status);
            continue;
        }
        let path = format!("{}/index.json", archive_site::suite_folder(&suite.codename));
        // One that cannot be read was changed by hand; the next publish of its suite replaces it.
        let twin = archive.files().read(&path)?;
        statuses.extend(twin.and_then(|bytes| serde_json::from_slice::<SuiteStatus>(&bytes).ok()));
    }
    Ok(statuses)
}

/// Returns where a suite stands whose pages this machine wrote for its newest publication.
fn recorded(archive: &Archive, progress: &Progress) -> Option<SuiteStatus> {
    let publication = progress.publication.as_ref()?;
    let record = SiteRecord::of(archive, &progress.suite);
    if record.is_unfinished(true) {
        return None;
    }
    // Damaged, it is as good as lost: what is there is asked.
    let mut store = record.open().ok()??;
    let mut change = store.change().ok()?;
    let (record, state) = Record::open(ChangedRecord(&mut change)).ok()??;
    let is_newest = (state.revision, state.published) == (publication.revision, publication.date);
    is_newest
        .then(|| SuiteStatus::new(progress.suite.as_str(), &super::published(publication), &record).ok())?
}

/// Writes files where they hold something else. `noted` has what this machine wrote last.
fn put(
    archive: &Archive,
    files: Vec<File>,
    (noted, standing): (&BTreeMap<String, WrittenFile>, Standing),
) -> Result<(), PublishError> {
    let store = archive.files();
    let staging = Staging::new(archive.local())?;
    for file in files {
        let was = noted.get(file.path());
        match file {
            File::Holds(path, bytes) => {
                let is_as_noted = was.map(|was| *was == WrittenFile::of(&bytes));
                let is_there = match (is_as_noted, standing) {
                    (Some(is_there), Standing::AsNoted) => is_there,
                    // Each look into a bucket is a request: none for what is other than this machine left it.
                    (Some(false), Standing::Unknown) if store.folder().is_none() => false,
                    _ => store.read(&path)?.as_ref() == Some(&bytes),
                };
                if !is_there {
                    apply::write(store, &path, &bytes, &staging)?;
                }
            }
            File::Gone(_) if was.is_none() && standing == Standing::AsNoted => {}
            File::Gone(path) => {
                store.delete(&path)?;
                store.settle(&mut [folder_of(&path)].into_iter())?;
            }
        }
    }
    Ok(())
}
