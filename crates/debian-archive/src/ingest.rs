//! From the bytes of a .deb to a file in the pool and a row in the catalog.
//!
//! Two steps, so that many packages share the second: [`Archive::stage`] copies, hashes and reads one file and may run on
//! any number of threads; [`Archive::commit`] takes a batch of them. What it answers is on disk: files synced,
//! folders synced, catalog committed, in this order.

mod commit;
mod file_kind;
mod links;

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

pub use self::file_kind::FileKind;
use debian_control::architecture::Architecture;
use debian_control::digest::{Digester, Sha256};
use debian_control::limits::Limits;
use debian_control::name::{Component, NameError, SuiteName};
use debian_control::stanza::Stanza;
use debian_deb::{Data, DebError};

use crate::archive::Archive;
use crate::config::Suite;
use crate::paths;
use archive_catalog::audit::Actor;
use archive_catalog::upload_queue::WaitingFile;
use archive_catalog::{CatalogError, Conflict, Content, Entry, NewContent, PlacementOutcome};
use archive_storage::pool::{self, PoolError, PoolName};
use archive_storage::staging::{StagedPath, Staging, StagingError};
use archive_storage::store::{FileStore, LocalFile, StoreError, folder_of};

/// Why a .deb was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not what dpkg would read, or breaks a limit.
    #[error("{0}")]
    Invalid(#[source] Box<DebError>),
    /// Debian Policy forbids its name, or that of its source, and such names were not allowed.
    #[error(
        "{0}; dpkg accepts the name but Debian Policy forbids it: `repogen add --allow-odd-names` accepts such packages"
    )]
    OddName(NameError),
    /// It is a package of the installer, whatever its file is called.
    #[error(
        "`Package-Type: udeb`: packages for the installer need a separate index, which is not supported yet"
    )]
    Installer,
    /// The suite has no place for its architecture.
    #[error("architecture `{architecture}` is not in suite `{suite}`, which has {listed}")]
    ArchitectureNotInSuite {
        /// What the package says.
        architecture: Architecture,
        /// Codename.
        suite: SuiteName,
        /// What the suite has.
        listed: String,
    },
    /// It conflicts with what the suite holds.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// Its file cannot be read.
    #[error("cannot read it")]
    Unreadable(#[source] io::Error),
    /// It cannot be staged: the disk is full or read-only, most often.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// It cannot be put into the pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The store of the archive's files does not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock on the pool cannot be had.
    #[error("cannot lock the pool")]
    Lock(#[source] io::Error),
    /// The catalog does not take it.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl IngestError {
    /// Returns whether the fault is the package's, and not the archive's.
    pub fn is_rejection(&self) -> bool {
        matches!(
            self,
            Self::Invalid(_)
                | Self::OddName(_)
                | Self::Installer
                | Self::ArchitectureNotInSuite { .. }
                | Self::Conflict(_)
                | Self::Unreadable(_)
        )
    }
}

/// The destination of a package.
#[derive(Debug, Clone, Copy)]
pub struct SuiteComponent<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// One of its components.
    pub component: &'a Component,
}

/// A file that is coming in, piece by piece; gone when dropped.
#[derive(Debug)]
pub struct IncomingFile {
    path: StagedPath,
    file: File,
    digester: Digester,
}

impl IncomingFile {
    /// Makes the file.
    pub fn start(staging: &Staging) -> Result<Self, StagingError> {
        let (path, file) = staging.create()?;
        Ok(Self {
            path,
            file,
            digester: Digester::sha256(),
        })
    }

    /// Takes the next piece.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StagingError> {
        self.digester.update(bytes);
        self.file.write_all(bytes).map_err(|source| StagingError {
            action: "write",
            path: self.path.as_path().to_owned(),
            source,
        })
    }

    /// Ends it.
    pub fn finish(self) -> ReceivedFile {
        let digests = self.digester.finish();
        ReceivedFile {
            path: self.path,
            file: self.file,
            sha256: digests.sha256,
            size: digests.size,
        }
    }
}

/// A file that came in, and its digest.
#[derive(Debug)]
pub struct ReceivedFile {
    path: StagedPath,
    file: File,
    sha256: Sha256,
    size: u64,
}

impl ReceivedFile {
    /// Makes a staged file that shares the bytes of another; `None` where it has to be copied.
    fn shared(staging: &Staging, file: &File) -> Result<Option<Self>, IngestError> {
        let Some((path, file)) = staging.share(file)? else {
            return Ok(None);
        };
        let (sha256, size) =
            pool::digest_and_size(path.as_path()).map_err(|source| staging_error("read", &path, source))?;
        Ok(Some(Self {
            path,
            file,
            sha256,
            size,
        }))
    }

    /// Reads all of it: for what was bounded when it came in.
    pub fn read(&self) -> Result<Vec<u8>, IngestError> {
        std::fs::read(self.path.as_path()).map_err(|source| staging_error("read", &self.path, source))
    }

    /// Returns the digest of its bytes.
    pub fn sha256(&self) -> &Sha256 {
        &self.sha256
    }

    /// Opens it to be read from its beginning.
    pub fn open(&self) -> Result<File, IngestError> {
        File::open(self.path.as_path()).map_err(|source| staging_error("open", &self.path, source))
    }

    /// Closes it and keeps it on disk, to be read later.
    pub fn enqueue(self) -> Result<QueuedFile, IngestError> {
        QueuedFile::new(self.path, &self.file, (self.sha256, self.size))
    }
}

/// A file that came in and waits: on disk, and closed, so that many may wait.
#[derive(Debug)]
pub struct QueuedFile {
    path: StagedPath,
    sha256: Sha256,
    size: u64,
}

impl QueuedFile {
    fn new(path: StagedPath, file: &File, (sha256, size): (Sha256, u64)) -> Result<Self, IngestError> {
        file.sync_all()
            .map_err(|source| staging_error("sync", &path, source))?;
        Ok(Self { path, sha256, size })
    }

    /// Brings a file of the upload queue to this machine; `None` where its bytes are gone.
    pub(crate) fn fetch(
        store: &dyn FileStore,
        staging: &Staging,
        waiting: &WaitingFile,
    ) -> Result<Option<Self>, IngestError> {
        let (path, sha256, size) = match store.folder() {
            Some(root) => {
                let Some(path) = staging.link(&root.join(&waiting.path))? else {
                    return Ok(None);
                };
                (path, waiting.sha256, waiting.size)
            }
            None => {
                let Some(file) = store.open(&waiting.path, None)? else {
                    return Ok(None);
                };
                let mut receiving = IncomingFile::start(staging)?;
                copy(file.content, &mut receiving).map_err(|error| match error {
                    IngestError::Unreadable(source) => IngestError::Store(StoreError {
                        action: "read",
                        path: waiting.path.clone(),
                        store: store.address().to_owned(),
                        is_away: true,
                        source: source.into(),
                    }),
                    error => error,
                })?;
                let received = receiving.finish();
                (received.path, received.sha256, received.size)
            }
        };
        if sha256 != waiting.sha256 {
            let what = format!("`{}` has sha256 {sha256}, not {}", waiting.path, waiting.sha256);
            return Err(IngestError::Unreadable(io::Error::new(
                io::ErrorKind::InvalidData,
                what,
            )));
        }
        Ok(Some(Self { path, sha256, size }))
    }

    /// Returns the file as it came in.
    pub fn open(self) -> Result<ReceivedFile, IngestError> {
        let file =
            File::open(self.path.as_path()).map_err(|source| staging_error("open", &self.path, source))?;
        Ok(ReceivedFile {
            path: self.path,
            file,
            sha256: self.sha256,
            size: self.size,
        })
    }

    /// Returns its digest.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns it as what goes into a store.
    pub(crate) fn local(&self) -> LocalFile<'_> {
        LocalFile {
            path: self.path.as_path(),
            sha256: self.sha256,
            size: self.size,
        }
    }
}

/// A .deb that was read, found right and copied next to the pool.
#[derive(Debug)]
pub struct StagedPackage {
    content: NewContent,
    /// `None`: its bytes were known, and nothing was kept.
    file: Option<(StagedPath, File)>,
    /// The pool path that has these bytes already.
    held: Option<String>,
    /// The pool path that they were sent to ahead of the commit.
    sent: Option<String>,
    /// Who sent it.
    by: Option<Actor>,
}

impl StagedPackage {
    /// Brings its bytes to disk ahead of the commit, which does so too: many threads that wait share what one alone waits for.
    pub fn sync(&self) -> Result<(), IngestError> {
        match &self.file {
            Some((path, file)) => file
                .sync_all()
                .map_err(|source| staging_error("sync", path, source)),
            None => Ok(()),
        }
    }

    /// Closes it and keeps it on disk, to be read again later; `None` when nothing was kept of it.
    pub fn enqueue(self) -> Result<Option<QueuedFile>, IngestError> {
        let Content { sha256, size, .. } = self.content.content;
        self.file
            .map(|(path, file)| QueuedFile::new(path, &file, (sha256, size)))
            .transpose()
    }

    /// Returns what it holds.
    pub fn content(&self) -> &Content {
        &self.content.content
    }

    /// Returns its file as what goes into a store; `None` when nothing was kept of it.
    pub(crate) fn local(&self) -> Option<LocalFile<'_>> {
        let Content { sha256, size, .. } = self.content.content;
        self.file.as_ref().map(|(path, _)| LocalFile {
            path: path.as_path(),
            sha256,
            size,
        })
    }

    /// Names who sends it, by the rights that they have now: time has passed since it was read.
    pub fn set_sender(&mut self, by: Actor) {
        self.by = Some(by);
    }
}

/// Which names packages may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NamePolicy {
    /// Those that Debian's policy allows.
    #[default]
    OfPolicy,
    /// All that dpkg takes: also of one letter, with upper case letters and `_`.
    AsDpkg,
}

impl NamePolicy {
    fn check(self, content: &Content) -> Result<(), IngestError> {
        if self == Self::OfPolicy {
            for name in [&content.name, &content.source] {
                name.check_policy().map_err(IngestError::OddName)?;
            }
        }
        Ok(())
    }
}

/// By whom and when a package is uploaded, and what is allowed.
#[derive(Debug, Clone, Default)]
pub struct UploadContext {
    /// Unix seconds.
    pub now: i64,
    /// The account, where there is one.
    pub by: Option<Actor>,
    /// Which names it may have.
    pub names: NamePolicy,
}

impl Archive {
    /// Copies, hashes and reads a .deb, for the tree of the pool that `place` means.
    pub fn stage(
        &self,
        staging: &Staging,
        reader: impl Read,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        let mut receiving = IncomingFile::start(staging)?;
        copy(reader, &mut receiving)?;
        self.inspect(receiving.finish(), place, arrival)
    }

    /// Shares, hashes and reads a .deb whose bytes need not be copied into the pool; copies it where it cannot be shared.
    ///
    /// See [`Staging::share`] for what its owner must not do with it any more.
    pub fn stage_shared(
        &self,
        staging: &Staging,
        file: File,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        match ReceivedFile::shared(staging, &file)? {
            Some(received) => self.inspect(received, place, arrival),
            None => self.stage(staging, file, place, arrival),
        }
    }

    /// Reads a .deb that was received, for the tree of the pool that `place` means.
    pub fn inspect(
        &self,
        received: ReceivedFile,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        let ReceivedFile {
            path,
            file,
            sha256,
            size,
        } = received;
        let tree = place.suite.pool_tree();
        if let Some((content, held)) = self.catalog().find(&sha256, tree)? {
            arrival.names.check(&content.content)?;
            check_type(&content.content.control)?;
            check_architecture(place.suite, &content.content.architecture)?;
            return Ok(StagedPackage {
                content,
                file: Some((path, file)),
                held,
                sent: None,
                by: arrival.by.clone(),
            });
        }
        let content = read_content(path.as_path(), (sha256, size), arrival)?;
        arrival.names.check(&content.content)?;
        check_type(&content.content.control)?;
        check_architecture(place.suite, &content.content.architecture)?;
        Ok(StagedPackage {
            content,
            file: Some((path, file)),
            held: None,
            sent: None,
            by: arrival.by.clone(),
        })
    }

    /// Places what another suite holds.
    ///
    /// The file is shared where both suites are in one tree of the pool, and linked into the other tree else.
    pub fn copy(
        &self,
        entry: &Entry,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<PlacementOutcome, IngestError> {
        let placed = self.copy_all(&[(entry, *place)], arrival)?;
        Ok(*placed.first().expect("one answer for each place"))
    }

    /// Finds out whether a suite would take what another suite holds, without placing it.
    pub fn check_copy(
        &self,
        entry: &Entry,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<(), IngestError> {
        self.known_package(entry, place, arrival).map(drop)
    }

    fn known_package(
        &self,
        entry: &Entry,
        place: &SuiteComponent<'_>,
        arrival: &UploadContext,
    ) -> Result<StagedPackage, IngestError> {
        let found = self
            .catalog()
            .find(&entry.content.sha256, place.suite.pool_tree())?;
        let (content, held) = found.ok_or_else(|| IngestError::Unreadable(io::ErrorKind::NotFound.into()))?;
        check_architecture(place.suite, &content.content.architecture)?;
        let staged = StagedPackage {
            content,
            file: None,
            held,
            sent: None,
            by: arrival.by.clone(),
        };
        self.check_placement(&staged, place)?;
        Ok(staged)
    }

    /// Places what other suites hold: all of it, or nothing where one of the suites refuses something.
    ///
    /// The answers are in the order of the wishes.
    pub fn copy_all(
        &self,
        wishes: &[(&Entry, SuiteComponent<'_>)],
        arrival: &UploadContext,
    ) -> Result<Vec<PlacementOutcome>, IngestError> {
        let mut set = Vec::with_capacity(wishes.len());
        for (entry, place) in wishes {
            set.push((self.known_package(entry, place, arrival)?, *place));
        }
        // Only now that nothing speaks against any of them: a link that no row names would be left over.
        let new: Vec<(&Content, &SuiteComponent<'_>)> = set
            .iter()
            .filter(|(staged, _)| staged.held.is_none())
            .map(|(staged, place)| (staged.content(), place))
            .collect();
        let noted = if new.is_empty() {
            None
        } else {
            self.note_links(&new)?
        };
        for ((staged, place), (entry, _)) in set.iter_mut().zip(wishes) {
            if staged.held.is_none() {
                let tree = place.suite.pool_tree();
                let file_name = staged.content().file_name();
                let name = PoolName {
                    component: place.component,
                    source: &staged.content().source,
                    file_name: &file_name,
                };
                let held = pool::copy(self.files(), tree, &entry.filename, &name, &entry.content.sha256)?;
                let path = pool::below_root(tree, &held);
                self.files().settle(&mut [folder_of(&path)].into_iter())?;
                staged.held = Some(held);
            }
        }
        if set.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = self.commit_sets(&[&set], arrival.now)?;
        let answer = answers.pop().expect("one answer for each set");
        // What was refused after its file was linked is taken back with the note.
        if let (Some(noted), Ok(_)) = (noted, &answer) {
            noted.settle_links();
        }
        answer
    }
}

/// Reads the .deb at `path`, whose digest and size are known.
fn read_content(
    path: &Path,
    content: (Sha256, u64),
    arrival: &UploadContext,
) -> Result<NewContent, IngestError> {
    let file = File::open(path).map_err(|source| StagingError {
        action: "open",
        path: path.to_owned(),
        source,
    })?;
    read_content_from(file, content, arrival)
}

/// Reads a .deb, whose digest and size are known.
pub(crate) fn read_content_from(
    reader: impl Read,
    (sha256, size): (Sha256, u64),
    arrival: &UploadContext,
) -> Result<NewContent, IngestError> {
    let deb = debian_deb::read(
        io::BufReader::with_capacity(64 * 1024, reader),
        &Limits::default(),
        Data::List,
    )
    .map_err(|error| IngestError::Invalid(Box::new(error)))?;
    let package = &deb.package;
    let paths = paths::pack(deb.files.as_deref().unwrap_or_default()).map_err(IngestError::Unreadable)?;
    let content = Content {
        sha256,
        size,
        name: package.name().clone(),
        version: package.version().clone(),
        architecture: package.architecture().clone(),
        source: package.source().clone(),
        control: package.control().to_owned(),
        created_at: arrival.now,
    };
    Ok(NewContent { content, paths })
}

/// Refuses a package of the installer by what it says of itself: a name can be changed, and a body has none.
///
/// Source: deb-control(5), `Package-Type`.
fn check_type(control: &str) -> Result<(), IngestError> {
    let stanza = Stanza::parse(control).expect("the control file was parsed when it was read");
    match stanza.line("Package-Type") {
        Some(kind) if kind.eq_ignore_ascii_case("udeb") => Err(IngestError::Installer),
        _ => Ok(()),
    }
}

fn check_architecture(suite: &Suite, architecture: &Architecture) -> Result<(), IngestError> {
    if suite.takes(architecture) {
        return Ok(());
    }
    Err(IngestError::ArchitectureNotInSuite {
        architecture: architecture.clone(),
        suite: suite.codename.clone(),
        listed: suite
            .architectures
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// Hands all that a reader has to the staged file.
fn copy(mut reader: impl Read, receiving: &mut IncomingFile) -> Result<(), IngestError> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(IngestError::Unreadable(error)),
        };
        receiving.write(
            buffer
                .get(..count)
                .expect("a reader fills no more than its buffer"),
        )?;
    }
}

fn staging_error(action: &'static str, path: &StagedPath, source: io::Error) -> IngestError {
    StagingError {
        action,
        path: path.as_path().to_owned(),
        source,
    }
    .into()
}
