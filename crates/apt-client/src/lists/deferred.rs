//! Indexes that are known with each update and fetched when somebody first needs them: lists of files (`Contents`), and source packages
//! (`Sources`).

use debian_control::digest::{Digester, Sha256};
use debian_control::release::{IndexFile, Release};

use super::choose::{Choice, choose, forms};
use super::error::UpdateError;
use super::manifest::{KeptFile, KeptSuite};
use super::remote::{ByHash, Remote, flat_folder};
use super::text::unpack;
use crate::fetch::{Fetcher, Location};
use crate::source::Source;

/// Returns the forms of all lists of files that a suite was asked for.
pub(super) fn contents(release: &Release, suite: &KeptSuite) -> Vec<KeptFile> {
    forms_of(release, &contents_names(suite))
}

/// Returns the forms of all indexes of source packages that a suite was asked for.
pub(super) fn sources(release: &Release, suite: &KeptSuite) -> Vec<KeptFile> {
    forms_of(release, &sources_names(suite))
}

fn forms_of(release: &Release, names: &[String]) -> Vec<KeptFile> {
    let is_form = |path: &str| {
        names.iter().any(|name| {
            path.strip_prefix(name.as_str())
                .is_some_and(|end| end.is_empty() || end.starts_with('.') && !end.contains('/'))
        })
    };
    let files = release.sha256.iter().filter(|file| is_form(&file.path));
    files.map(KeptFile::of).collect()
}

/// Returns what the indexes of source packages may be called. Source: the Debian wiki, DebianRepository/Format.
fn sources_names(suite: &KeptSuite) -> Vec<String> {
    if flat_folder(&suite.asked).is_some() {
        return vec!["Sources".to_owned()];
    }
    let components = suite.components.iter();
    components
        .map(|component| format!("{component}/source/Sources"))
        .collect()
}

/// Returns what the lists of a suite may be called: each component has its own, or all have one.
///
/// Packages for all architectures may stand in a list by themselves. Source: the Debian wiki, DebianRepository/Format.
fn contents_names(suite: &KeptSuite) -> Vec<String> {
    let components = suite.components.iter().map(|component| format!("{component}/"));
    let folders: Vec<String> = components.chain([String::new()]).collect();
    let architectures = suite.architectures.iter().map(String::as_str).chain(["all"]);
    let each = architectures.flat_map(|architecture| {
        let name = move |folder: &String| format!("{folder}Contents-{architecture}");
        folders.iter().map(name)
    });
    each.collect()
}

/// An index as its Release lists it, which is not fetched with the others.
#[derive(Debug, Clone)]
pub struct DeferredIndex {
    /// `Codename` of its suite.
    pub codename: String,
    /// `Suite` of its Release.
    pub suite: Option<String>,
    /// Where paths in it count from: the root of its archive, then its mirrors.
    pub roots: Vec<String>,
    /// What it is called below the suite's folder, without the extension of its compression.
    pub name: String,
    /// The digest of the form that is fetched: it tells this list from others.
    pub sha256: Sha256,
    /// Bytes of that form.
    pub size: u64,
    asked: String,
    by_hash: ByHash,
    forms: Vec<IndexFile>,
    /// Which of the sources has it.
    source: usize,
}

impl DeferredIndex {
    /// Returns the lists of files that a suite of one of the sources, by its place, offers.
    pub(super) fn contents(suite: &KeptSuite, source: usize) -> impl Iterator<Item = Self> {
        Self::of(suite, &suite.contents, contents_names(suite), source)
    }

    /// Returns the indexes of source packages that a suite of one of the sources, by its place, offers.
    pub(super) fn sources(suite: &KeptSuite, source: usize) -> impl Iterator<Item = Self> {
        Self::of(suite, &suite.sources, sources_names(suite), source)
    }

    fn of(
        suite: &KeptSuite,
        forms: &[KeptFile],
        names: Vec<String>,
        source: usize,
    ) -> impl Iterator<Item = Self> {
        let forms: Vec<IndexFile> = forms.iter().map(KeptFile::listed).collect();
        names.into_iter().filter_map(move |name| {
            let packed = choose(&forms, &name)?.packed;
            Some(Self {
                codename: suite.codename.clone(),
                suite: suite.suite.clone(),
                roots: suite.roots().cloned().collect(),
                sha256: packed.sha256,
                size: packed.size,
                asked: suite.asked.clone(),
                by_hash: ByHash::said(suite.by_hash),
                forms: forms.clone(),
                name,
                source,
            })
        })
    }

    /// Says whether a person who writes `name` after a slash means its suite.
    pub fn is_suite(&self, name: &str) -> bool {
        self.codename == name || self.asked == name || self.suite.as_deref() == Some(name)
    }

    /// Fetches it, and hands its text on as it is unpacked. The text counts when this returns well.
    ///
    /// # Errors
    /// When it does not come, is not what was signed, or `take` fails.
    pub fn fetch(
        &self,
        fetcher: &Fetcher,
        sources: &[Source],
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(), UpdateError> {
        let source = sources
            .get(self.source)
            .expect("an index is fetched from the sources that it was opened with");
        let mut remote = Remote::new(fetcher, source, &self.asked);
        let mut missing = None;
        for choice in forms(&self.forms, &self.name) {
            match remote.listed(choice.packed, self.by_hash) {
                Ok((location, bytes)) => return unpack_verified((&location, &bytes), &choice, take),
                // As with the other indexes, what is listed and does not come is fetched in another form.
                Err(UpdateError::Fetch(error)) if error.is_of_one_file() => {
                    missing = missing.or(Some(error.into()));
                }
                Err(error) => return Err(error),
            }
        }
        Err(missing.expect("it was made of a form that is listed"))
    }
}

/// Unpacks what came of a form, and holds its text against what is signed.
fn unpack_verified(
    (location, bytes): (&Location, &[u8]),
    choice: &Choice<'_>,
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), UpdateError> {
    let mut digester = Digester::sha256();
    unpack((location, bytes), choice, |text| {
        digester.update(text);
        take(text);
        Ok(())
    })?;
    let found = digester.finish().sha256;
    match choice.plain.filter(|plain| plain.sha256 != found) {
        None => Ok(()),
        Some(plain) => Err(UpdateError::Wrong {
            location: location.clone(),
            what: format!("its text has SHA256 {found}, expected {}", plain.sha256),
        }),
    }
}
