//! The packages of all indexes, in a form that opens in milliseconds.
//!
//! Made of the indexes once after each change of them and kept beside them: the summaries, which say what each package is
//! called and where its stanza is, the descriptions, and the universe, which the resolver works on. Each carries the digest of
//! the indexes that it was made of and a checksum; what is stale, corrupt or of another version is made again. They are
//! written beside and renamed, so two processes at once do not meet.

mod description_text;
mod descriptions;
mod summaries;
pub(crate) mod file;
mod translations;
mod search;
mod preferred;
mod download;
mod with_extra;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use debian_control::architecture::Architecture;
use debian_control::digest::{Digester, Sha256};
use debian_control::stanza::{Stanza, StanzaError, StanzaReader, index_text};
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder, UniverseError};

use crate::fetch::Download;
use crate::lists::{Index, Lists};
use translations::Translations;

pub use descriptions::Descriptions;
pub use download::download;
pub use search::{Filter, Hit};
pub use summaries::{PackageSummaries, PackageSummary, TextSpan};

/// Why what a summary names is there: the key of what is kept is made of the lists.
const SAME_LISTS: &str = "the summaries were made of these lists";

/// Why the packages cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageCacheError {
    /// An index cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An index is no longer what was verified.
    #[error("`{}` is not what was verified: run `cpkgs update` again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The control file of a package is no stanza.
    #[error("`{origin}` cannot be read")]
    Stanza {
        /// Its first line.
        origin: String,
        /// Why.
        source: StanzaError,
    },
    /// A package says something that has no meaning.
    #[error("`{origin}` has a package that cannot be used")]
    Package {
        /// The suite or file.
        origin: String,
        /// Why.
        source: Box<UniverseError>,
    },
    /// A package does not say where its file is.
    #[error("`{package}` of suite `{suite}` cannot be fetched: {why}")]
    Entry {
        /// The package.
        package: String,
        /// The suite.
        suite: String,
        /// Why.
        why: String,
    },
    /// A file is for other machines.
    #[error("`{}` is for {architecture}, which is not run here", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its architecture.
        architecture: String,
    },
    /// The host architecture is not valid.
    #[error("the host architecture `{0}` is not a valid Debian architecture")]
    Architecture(String),
}

/// A package that is in no index, with the priority it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// It is installed, whatever its architecture.
    Installed(i32),
    /// It is installed, and has to be unpacked again.
    Damaged(i32),
    /// It could be installed.
    Offered(i32),
}

/// The packages of all indexes.
pub struct PackageCache {
    lists: Lists,
    cache: PathBuf,
    machine: Machine,
    summaries: PackageSummaries,
    /// Made just now, and not yet asked for.
    made: RefCell<Option<Universe>>,
    /// What was passed over when it was made just now.
    passed: Vec<Passed>,
}

/// Stanzas of an index that are no packages: they are passed over, and the others count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The suite's codename.
    pub suite: String,
    /// How many.
    pub count: usize,
    /// What is wrong with the first one.
    pub first: String,
}

/// The architectures that packages may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    native: Architecture,
    foreign: Vec<Architecture>,
}

impl Machine {
    /// Names them.
    ///
    /// # Errors
    /// When a name is not a valid architecture.
    pub fn new(native: &str, foreign: &[String]) -> Result<Self, PackageCacheError> {
        let parse = |name: &str| {
            name.parse()
                .map_err(|_| PackageCacheError::Architecture(name.to_owned()))
        };
        Ok(Self {
            native: parse(native)?,
            foreign: foreign.iter().map(|name| parse(name)).collect::<Result<_, _>>()?,
        })
    }

    /// Says whether packages may have an architecture.
    pub fn has(&self, architecture: &str) -> bool {
        let mut all = std::iter::once(&self.native).chain(&self.foreign);
        architecture == "all" || all.any(|one| one.as_str() == architecture)
    }

    /// Returns an empty universe to fill.
    pub fn builder(&self) -> UniverseBuilder {
        UniverseBuilder::new(&self.native, &self.foreign)
    }

    /// Goes on with a universe; `None` for one of another machine.
    fn builder_of(&self, universe: Universe) -> Option<UniverseBuilder> {
        UniverseBuilder::of(universe, &self.native, &self.foreign)
    }

    fn key(&self) -> String {
        let foreign: String = self.foreign.iter().map(|name| format!("+{name}")).collect();
        format!("{}{foreign}", self.native)
    }
}

impl PackageCache {
    /// Opens it; makes it first where the indexes are newer.
    ///
    /// # Errors
    /// When an index cannot be read.
    pub fn open(cache: &Path, lists: Lists, machine: Machine) -> Result<Self, PackageCacheError> {
        let mut library = Self {
            cache: cache.to_owned(),
            lists,
            machine,
            summaries: PackageSummaries::default(),
            made: RefCell::new(None),
            passed: Vec::new(),
        };
        match library.kept_summaries() {
            Some(summaries) => library.summaries = summaries,
            None => library.make()?,
        }
        Ok(library)
    }

    /// Returns what is known of each package without its stanza.
    pub fn summaries(&self) -> &PackageSummaries {
        &self.summaries
    }

    /// Returns what was passed over; nothing where the library was there already.
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }

    /// Returns the architectures that its packages may have.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Returns the indexes.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Reads the universe.
    ///
    /// # Errors
    /// When it has to be made again, and an index cannot be read.
    pub fn universe(&self) -> Result<Universe, PackageCacheError> {
        if let Some(universe) = self.made.take() {
            return Ok(universe);
        }
        let kept = file::read(&self.path("universe"), &self.key());
        match kept.and_then(|bytes| Universe::from_bytes(&bytes).ok()) {
            Some(universe) if universe.len() == self.summaries.len() => Ok(universe),
            _ => Ok(self.build()?.universe),
        }
    }

    /// Reads what packages say of themselves.
    ///
    /// # Errors
    /// When it has to be made again, and an index cannot be read.
    pub fn descriptions(&self) -> Result<Descriptions<'_>, PackageCacheError> {
        let kept = file::read(&self.path("descriptions"), &self.key());
        if let Some(kept) = kept.and_then(|text| Descriptions::new(&self.summaries, text)) {
            return Ok(kept);
        }
        let made = Descriptions::new(&self.summaries, self.build()?.descriptions.into_bytes());
        Ok(made.expect(SAME_LISTS))
    }

    /// Returns the index that a package is taken from; `None` for one that is in none.
    pub fn index(&self, package: PackageId) -> Option<&Index> {
        let summary = self.summaries.get(package.index())?;
        Some(self.index_of(&summary))
    }

    /// Returns all indexes that have a package with the bytes that it is taken with.
    pub fn indexes(&self, package: PackageId) -> impl Iterator<Item = &Index> {
        let summary = self.summaries.get(package.index());
        summary.into_iter().flat_map(|summary| self.indexes_of(&summary))
    }

    /// Returns the stanza of a package; empty for one that is in no index.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn stanza(&self, package: PackageId) -> Result<String, PackageCacheError> {
        self.summaries
            .get(package.index())
            .map_or(Ok(String::new()), |fact| self.stanza_of(&fact))
    }

    /// Returns the stanza that a summary is of, as it stands in its index.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn stanza_of(&self, summary: &PackageSummary<'_>) -> Result<String, PackageCacheError> {
        let index = self.index_of(summary);
        read_span(&index.path, summary.offset, summary.length)
    }

    /// Returns the whole description of a package, its first line first; `None` where its stanza has all that there is.
    ///
    /// # Errors
    /// When the file that has it cannot be read.
    pub fn translated(&self, summary: &PackageSummary<'_>) -> Result<Option<String>, PackageCacheError> {
        let read = |span: TextSpan| {
            let translations = &self.lists.translations;
            let translation = translations.get(span.file).expect(SAME_LISTS);
            read_span(&translation.path, span.offset, span.length)
        };
        summary.translated.map(read).transpose()
    }

    /// Returns the index that a summary is of.
    pub fn index_of(&self, summary: &PackageSummary<'_>) -> &Index {
        self.lists.indexes.get(summary.index).expect(SAME_LISTS)
    }

    /// Returns all indexes that have the package that a summary is of, with the same bytes.
    pub fn indexes_of(&self, summary: &PackageSummary<'_>) -> impl Iterator<Item = &Index> + use<'_> {
        let further = self.summaries.further_indexes(summary.place);
        let further = further.map(|number| self.lists.indexes.get(number).expect(SAME_LISTS));
        std::iter::once(self.index_of(summary)).chain(further)
    }

    /// Hands on the stanza of each package, index by index.
    ///
    /// What is passed over when the indexes are read is passed over here.
    ///
    /// # Errors
    /// When an index cannot be read, or `take` fails.
    pub fn each_stanza<E: From<PackageCacheError>>(
        &self,
        mut take: impl FnMut(&PackageSummary<'_>, &Stanza<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut summaries: Vec<PackageSummary<'_>> = self.summaries.by_name().collect();
        summaries.sort_by_key(|summary| summary.place);
        for of_one in summaries.chunk_by(|left, right| left.index == right.index) {
            let [first, ..] = of_one else { continue };
            let index = self.index_of(first);
            let text = read_verified(&index.path, &index.sha256)?;
            for summary in of_one {
                let start = usize::try_from(summary.offset).ok();
                let length = usize::try_from(summary.length).ok();
                let span = start
                    .zip(length)
                    .and_then(|(start, length)| text.get(start..start + length));
                let stanza = span.and_then(|text| Stanza::of_index(text).ok());
                take(summary, &stanza.expect("it was read from the same bytes before"))?;
            }
        }
        Ok(())
    }

    /// Returns how to fetch the file of a package.
    ///
    /// # Errors
    /// When its stanza does not say, or names a place outside the archive.
    pub fn download(&self, package: PackageId) -> Result<Download, PackageCacheError> {
        let index = self.index(package);
        let suite = index.map(|index| index.codename.as_str()).unwrap_or_default();
        let roots = index.iter().flat_map(|index| &index.roots);
        download(&self.stanza(package)?, suite, roots)
    }

    /// Makes summaries and universe of the indexes, and keeps them.
    fn make(&mut self) -> Result<(), PackageCacheError> {
        let built = self.build()?;
        self.summaries = built.summaries;
        self.passed = built.passed;
        self.made.replace(Some(built.universe));
        Ok(())
    }

    fn kept_summaries(&self) -> Option<PackageSummaries> {
        let key = self.key();
        let numbers = file::read(&self.path("summaries"), &key)?;
        PackageSummaries::from_parts(numbers, file::read(&self.path("summaries-text"), &key)?)
    }

    fn build(&self) -> Result<Built, PackageCacheError> {
        let Filled {
            builder,
            summaries,
            descriptions,
            passed,
        } = self.filled()?;
        let universe = builder.finish();
        if self.lists.indexes.is_empty() {
            // What was kept may still be of use.
            return Ok(Built {
                universe,
                summaries,
                descriptions,
                passed,
            });
        }
        // What cannot be kept is made again next time.
        let _ = file::write(&self.path("universe"), &self.key(), &universe.to_bytes());
        let (numbers, text) = summaries.parts();
        let _ = file::write(&self.path("summaries"), &self.key(), numbers);
        let _ = file::write(&self.path("summaries-text"), &self.key(), text.as_bytes());
        let _ = file::write(&self.path("descriptions"), &self.key(), descriptions.as_bytes());
        Ok(Built {
            universe,
            summaries,
            descriptions,
            passed,
        })
    }

    /// Reads all indexes.
    ///
    /// Packages with one name, version and architecture but other bytes are several, each with the priority of its own index:
    /// an archive that nothing is to come from by itself cannot put its file in the place of another's.
    /// A stanza that is no package is passed over, as apt does: one that somebody made badly must not keep the others away.
    fn filled(&self) -> Result<Filled, PackageCacheError> {
        let mut builder = self.machine.builder();
        let texts = self.lists.translations.iter();
        let texts = texts.map(|translation| read_verified(&translation.path, &translation.sha256));
        let texts = texts.collect::<Result<Vec<String>, _>>()?;
        let translations = Translations::read(&texts);
        let mut summaries = summaries::SummaryBuilder::default();
        let mut ordered: Vec<(usize, &Index)> = self.lists.indexes.iter().enumerate().collect();
        ordered.sort_by_key(|(_, index)| std::cmp::Reverse(index.priority()));
        let mut passed = Vec::new();
        for (number, index) in ordered {
            let text = read_verified(&index.path, &index.sha256)?;
            let mut wrong: Vec<String> = Vec::new();
            for stanza in StanzaReader::new(&text) {
                let source = Source {
                    priority: index.priority(),
                };
                let stanza = match stanza {
                    Ok(stanza) => stanza,
                    Err(error) => {
                        wrong.push(error.to_string());
                        continue;
                    }
                };
                match builder.add(&stanza, source) {
                    Ok(Some(added)) if added.index() == summaries.len() => {
                        summaries.add(number, &text, &stanza, translations.of(&stanza));
                    }
                    Ok(Some(added)) => summaries.add_again(added.index(), number, &stanza),
                    Ok(None) => {}
                    Err(source @ UniverseError::TooMany(_)) => {
                        return Err(PackageCacheError::Package {
                            origin: index.codename.clone(),
                            source: Box::new(source),
                        });
                    }
                    Err(error) => {
                        let name = stanza.line("Package").unwrap_or_default();
                        wrong.push(format!("`{name}`: {error}"));
                    }
                }
            }
            if let Some(first) = wrong.first() {
                passed.push(Passed {
                    suite: index.codename.clone(),
                    count: wrong.len(),
                    first: first.clone(),
                });
            }
        }
        let (summaries, descriptions) = summaries.finish();
        Ok(Filled {
            builder,
            summaries,
            descriptions,
            passed,
        })
    }

    /// Where something is kept: a system may have architectures that what is installed beside it has not, and neither is to make the
    /// other's again.
    fn path(&self, what: &str) -> PathBuf {
        let folder = self.cache.join("library").join(self.machine.key());
        folder.join(what)
    }

    /// Returns what the library is made of.
    fn key(&self) -> String {
        let mut digester = Digester::sha256();
        digester.update(self.lists.digest.as_bytes());
        digester.update(self.machine.key().as_bytes());
        digester.finish().sha256.to_string()
    }
}

/// What the indexes hold.
struct Filled {
    builder: UniverseBuilder,
    summaries: PackageSummaries,
    descriptions: String,
    passed: Vec<Passed>,
}

/// What was made of it.
struct Built {
    universe: Universe,
    summaries: PackageSummaries,
    descriptions: String,
    passed: Vec<Passed>,
}

/// Reads a kept text and holds it against its digest once more: a parser sees nothing that was not signed.
fn read_verified(path: &Path, sha256: &Sha256) -> Result<String, PackageCacheError> {
    let bytes = std::fs::read(path).map_err(|source| PackageCacheError::Read {
        path: path.to_owned(),
        source,
    })?;
    let mut digester = Digester::sha256();
    digester.update(&bytes);
    if digester.finish().sha256 != *sha256 {
        // The next update fetches what is not there. What cannot be deleted is found wrong again.
        let _ = std::fs::remove_file(path);
        return Err(PackageCacheError::Changed {
            path: path.to_owned(),
        });
    }
    Ok(index_text(bytes))
}

/// Reads so many bytes of a file, from an offset on.
fn read_span(path: &Path, offset: u64, length: u64) -> Result<String, PackageCacheError> {
    let read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(index_text(bytes))
    };
    read().map_err(|source| PackageCacheError::Read {
        path: path.to_owned(),
        source,
    })
}
