//! The packages of all indexes, in a form that opens in milliseconds.
//!
//! Made of the indexes once after each change of them and kept beside them: the facts, which say what each package is
//! called and where its stanza is, and the universe, which the resolver works on. Both carry the digest of the indexes
//! they were made of and a checksum; what is stale, corrupt or of another version is made again. They are written
//! beside and renamed, so two processes at once do not meet.

mod facts;
pub(crate) mod file;
mod search;
mod wanted;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use debian_control::architecture::Architecture;
use debian_control::digest::{Digester, Sha256};
use debian_control::stanza::{Stanza, StanzaError, StanzaReader, index_text};
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder, UniverseError};

use crate::fetch::Wanted;
use crate::lists::{Index, Lists};

pub use facts::{Fact, Facts};
pub use search::{Filter, Hit};
pub use wanted::wanted;

/// Why the packages cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
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
    /// This machine's architecture is none.
    #[error("`{0}` is no architecture")]
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
pub struct Library {
    lists: Lists,
    cache: PathBuf,
    machine: Machine,
    facts: Facts,
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
    /// When a name is none.
    pub fn new(native: &str, foreign: &[String]) -> Result<Self, LibraryError> {
        let parse = |name: &str| {
            name.parse()
                .map_err(|_| LibraryError::Architecture(name.to_owned()))
        };
        Ok(Self {
            native: parse(native)?,
            foreign: foreign.iter().map(|name| parse(name)).collect::<Result<_, _>>()?,
        })
    }

    /// Returns an empty universe to fill.
    pub fn builder(&self) -> UniverseBuilder {
        UniverseBuilder::new(&self.native, &self.foreign)
    }

    fn key(&self) -> String {
        let foreign: String = self.foreign.iter().map(|name| format!(" {name}")).collect();
        format!("{}{foreign}", self.native)
    }
}

impl Library {
    /// Opens it; makes it first where the indexes are newer.
    ///
    /// # Errors
    /// When an index cannot be read.
    pub fn open(cache: &Path, lists: Lists, machine: Machine) -> Result<Self, LibraryError> {
        let mut library = Self {
            cache: cache.to_owned(),
            lists,
            machine,
            facts: Facts::default(),
            made: RefCell::new(None),
            passed: Vec::new(),
        };
        match library.kept_facts() {
            Some(facts) => library.facts = facts,
            None => library.make()?,
        }
        Ok(library)
    }

    /// Returns what is known of each package without its stanza.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns what was passed over; nothing where the library was there already.
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }

    /// Returns the indexes.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Reads the universe.
    ///
    /// # Errors
    /// When it has to be made again, and an index cannot be read.
    pub fn universe(&self) -> Result<Universe, LibraryError> {
        if let Some(universe) = self.made.take() {
            return Ok(universe);
        }
        let kept = file::read(&self.path("universe"), &self.key());
        match kept.and_then(|bytes| Universe::from_bytes(&bytes)) {
            Some(universe) if universe.len() == self.facts.len() => Ok(universe),
            _ => Ok(self.build()?.universe),
        }
    }

    /// Returns a universe that has further packages besides, at the end; `None` for those of architectures that it is not for.
    ///
    /// # Errors
    /// When an index cannot be read, or a package says something that has no meaning.
    pub fn universe_with(
        &self,
        extra: &[(String, Extra)],
    ) -> Result<(Universe, Vec<Option<PackageId>>), LibraryError> {
        let mut builder = self.filled()?.builder;
        let mut packages = Vec::new();
        for (stanza, extra) in extra {
            let origin = || stanza.lines().next().unwrap_or_default().to_owned();
            let stanza = Stanza::parse(stanza).map_err(|source| LibraryError::Stanza {
                origin: origin(),
                source,
            })?;
            let added = match *extra {
                Extra::Installed(priority) => builder.add_installed(&stanza, Source { priority }).map(Some),
                Extra::Damaged(priority) => builder.add_damaged(&stanza, Source { priority }).map(Some),
                Extra::Offered(priority) => builder.add(&stanza, Source { priority }),
            };
            let package = added.map_err(|source| LibraryError::Package {
                origin: origin(),
                source: Box::new(source),
            })?;
            packages.push(package);
        }
        Ok((builder.finish(), packages))
    }

    /// Returns the index that a package is taken from; `None` for one that is in none.
    pub fn index(&self, package: PackageId) -> Option<&Index> {
        let fact = self.facts.get(package.place())?;
        self.lists.indexes.get(fact.index)
    }

    /// Returns all indexes that have a package with the bytes that it is taken with.
    pub fn indexes(&self, package: PackageId) -> impl Iterator<Item = &Index> {
        let further = self.facts.further_indexes(package.place());
        self.index(package)
            .into_iter()
            .chain(further.filter_map(|number| self.lists.indexes.get(number)))
    }

    /// Returns the stanza of a package; empty for one that is in no index.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn stanza(&self, package: PackageId) -> Result<String, LibraryError> {
        self.facts
            .get(package.place())
            .map_or(Ok(String::new()), |fact| self.stanza_of(&fact))
    }

    /// Returns the stanza that a fact is of.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn stanza_of(&self, fact: &Fact<'_>) -> Result<String, LibraryError> {
        let Some(index) = self.lists.indexes.get(fact.index) else {
            return Ok(String::new());
        };
        let read = || {
            let mut file = File::open(&index.path)?;
            file.seek(SeekFrom::Start(fact.offset))?;
            let mut bytes = Vec::new();
            file.take(fact.length).read_to_end(&mut bytes)?;
            Ok(index_text(bytes))
        };
        read().map_err(|source| LibraryError::Read {
            path: index.path.clone(),
            source,
        })
    }

    /// Returns how to fetch the file of a package.
    ///
    /// # Errors
    /// When its stanza does not say, or names a place outside the archive.
    pub fn wanted(&self, package: PackageId) -> Result<Wanted, LibraryError> {
        let index = self.index(package);
        let suite = index.map(|index| index.codename.as_str()).unwrap_or_default();
        let roots = index.iter().flat_map(|index| &index.roots);
        wanted(&self.stanza(package)?, suite, roots)
    }

    /// Makes facts and universe of the indexes, and keeps them.
    fn make(&mut self) -> Result<(), LibraryError> {
        let built = self.build()?;
        self.facts = built.facts;
        self.passed = built.passed;
        self.made.replace(Some(built.universe));
        Ok(())
    }

    fn kept_facts(&self) -> Option<Facts> {
        let key = self.key();
        let numbers = file::read(&self.path("facts"), &key)?;
        Facts::from_parts(numbers, file::read(&self.path("facts-text"), &key)?)
    }

    fn build(&self) -> Result<Built, LibraryError> {
        let Filled {
            builder,
            facts,
            passed,
        } = self.filled()?;
        let universe = builder.finish();
        if self.lists.indexes.is_empty() {
            // What was kept may still be of use.
            return Ok(Built {
                universe,
                facts,
                passed,
            });
        }
        // What cannot be kept is made again next time.
        let _ = file::write(&self.path("universe"), &self.key(), &universe.to_bytes());
        let (numbers, text) = facts.parts();
        let _ = file::write(&self.path("facts"), &self.key(), numbers);
        let _ = file::write(&self.path("facts-text"), &self.key(), text.as_bytes());
        Ok(Built {
            universe,
            facts,
            passed,
        })
    }

    /// Reads all indexes.
    ///
    /// Packages with one name, version and architecture but other bytes are several, each with the priority of its own index:
    /// an archive that nothing is to come from by itself cannot put its file in the place of another's.
    /// A stanza that is no package is passed over, as apt does: one that somebody made badly must not keep the others away.
    fn filled(&self) -> Result<Filled, LibraryError> {
        let mut builder = self.machine.builder();
        let mut facts = facts::Maker::default();
        let mut ordered: Vec<(usize, &Index)> = self.lists.indexes.iter().enumerate().collect();
        ordered.sort_by_key(|(_, index)| std::cmp::Reverse(index.priority()));
        let mut passed = Vec::new();
        for (number, index) in ordered {
            let text = read_verified(index)?;
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
                    Ok(Some(added)) if added.place() == facts.len() => facts.add(number, &text, &stanza),
                    Ok(Some(added)) => facts.add_again(added.place(), number, &stanza),
                    Ok(None) => {}
                    Err(source @ UniverseError::TooMany(_)) => {
                        return Err(LibraryError::Package {
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
        Ok(Filled {
            builder,
            facts: facts.finish(),
            passed,
        })
    }

    fn path(&self, what: &str) -> PathBuf {
        self.cache.join("library").join(what)
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
    facts: Facts,
    passed: Vec<Passed>,
}

/// What was made of it.
struct Built {
    universe: Universe,
    facts: Facts,
    passed: Vec<Passed>,
}

/// Reads the text of an index and holds it against its digest once more: a parser sees nothing that was not signed.
fn read_verified(index: &Index) -> Result<String, LibraryError> {
    let bytes = std::fs::read(&index.path).map_err(|source| LibraryError::Read {
        path: index.path.clone(),
        source,
    })?;
    let mut digester = Digester::sha256();
    digester.update(&bytes);
    let found: Sha256 = digester.finish().sha256;
    let changed = || LibraryError::Changed {
        path: index.path.clone(),
    };
    if found != index.sha256 {
        // The next update fetches what is not there.
        let _ = std::fs::remove_file(&index.path);
        return Err(changed());
    }
    Ok(index_text(bytes))
}
