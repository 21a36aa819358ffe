//! The lists of files that archives offer (`Contents`): known with each update, fetched when somebody looks for a file.

use debian_control::digest::{Digester, Sha256};
use debian_control::release::{IndexFile, Release};

use super::choose::{Choice, choose};
use super::error::UpdateError;
use super::manifest::{KeptFile, KeptSuite};
use super::remote::{ByHash, Remote};
use super::text::unpack;
use crate::fetch::Fetcher;
use crate::source::Source;

/// Returns the forms of all lists of files that a suite was asked for.
pub(super) fn kept(release: &Release, suite: &KeptSuite) -> Vec<KeptFile> {
    let names = names(suite);
    let is_form = |path: &str| {
        names.iter().any(|name| {
            path.strip_prefix(name.as_str())
                .is_some_and(|end| end.is_empty() || end.starts_with('.') && !end.contains('/'))
        })
    };
    let files = release.sha256.iter().filter(|file| is_form(&file.path));
    files.map(KeptFile::of).collect()
}

/// Returns what the lists of a suite may be called: each component has its own, or all have one.
///
/// Packages for all architectures may stand in a list by themselves. Source: the Debian wiki, DebianRepository/Format.
fn names(suite: &KeptSuite) -> Vec<String> {
    let components = suite.components.iter().map(|component| format!("{component}/"));
    let folders: Vec<String> = components.chain([String::new()]).collect();
    let architectures = suite.architectures.iter().map(String::as_str).chain(["all"]);
    let each = architectures.flat_map(|architecture| {
        let name = move |folder: &String| format!("{folder}Contents-{architecture}");
        folders.iter().map(name)
    });
    each.collect()
}

/// A list of the files of packages, as its Release lists it.
#[derive(Debug, Clone)]
pub struct Contents {
    /// `Codename` of its suite.
    pub codename: String,
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

impl Contents {
    /// Returns the lists that a suite of one of the sources, by its place, offers.
    pub(super) fn of(suite: &KeptSuite, source: usize) -> impl Iterator<Item = Self> {
        let forms: Vec<IndexFile> = suite.contents.iter().map(KeptFile::listed).collect();
        names(suite).into_iter().filter_map(move |name| {
            let packed = choose(&forms, &name)?.packed;
            Some(Self {
                codename: suite.codename.clone(),
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
            .expect("a list of files is fetched from the sources that it was opened with");
        let choice = choose(&self.forms, &self.name).expect("it was made of a form that is listed");
        let Choice { packed, plain, .. } = choice;
        let (location, bytes) = Remote::new(fetcher, source, &self.asked).listed(packed, self.by_hash)?;
        let mut digester = Digester::sha256();
        unpack((&location, &bytes), &choice, |text| {
            digester.update(text);
            take(text);
            Ok(())
        })?;
        let found = digester.finish().sha256;
        match plain.filter(|plain| plain.sha256 != found) {
            None => Ok(()),
            Some(plain) => Err(UpdateError::Wrong {
                location,
                what: format!("its text has SHA256 {found}, expected {}", plain.sha256),
            }),
        }
    }
}
