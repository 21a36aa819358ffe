//! What a `.deb` says, and whether a suite may have it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use archive_catalog::audit::Actor;
use archive_catalog::{Content, NewContent};
use archive_storage::staging::StagingError;
use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::limits::Limits;
use debian_control::section::check_foreign_section;
use debian_control::stanza::Stanza;
use debian_deb::Data;

use super::error::IngestError;
use crate::config::Suite;
use crate::paths;

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
    pub(super) fn check(self, content: &Content) -> Result<(), IngestError> {
        if self == Self::OfPolicy {
            for name in [&content.name, &content.source] {
                name.check_policy().map_err(IngestError::OddName)?;
            }
        }
        Ok(())
    }
}

/// What to do with a package whose known vulnerabilities its suite does not take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VulnerablePolicy {
    /// It is refused.
    #[default]
    Refuse,
    /// It is taken, and the audit log says so.
    Accept,
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
    /// What to do where it has vulnerabilities that the suite does not take.
    pub vulnerable: VulnerablePolicy,
}

/// Reads the .deb at `path`, whose digest and size are known.
pub(super) fn read_content(
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
    let paths = paths::pack(deb.files.as_deref().expect("the list was asked for"))
        .map_err(IngestError::Unreadable)?;
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

/// Refuses a package of the installer by what it says of itself, for a name can be changed and a body has none; and one whose section or
/// priority no list has a place for.
///
/// Source: deb-control(5), `Package-Type`.
pub(super) fn check_fields(control: &str) -> Result<(), IngestError> {
    let stanza = Stanza::parse(control).expect("the control file was parsed when it was read");
    if stanza
        .line("Package-Type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("udeb"))
    {
        return Err(IngestError::Installer);
    }
    for field in ["Section", "Priority"] {
        if let Some(value) = stanza.line(field) {
            check_foreign_section(field, value).map_err(IngestError::Section)?;
        }
    }
    Ok(())
}

pub(super) fn check_architecture(suite: &Suite, architecture: &Architecture) -> Result<(), IngestError> {
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
