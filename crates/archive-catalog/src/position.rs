//! Where a package stands in an index.

use debian_control::architecture::Architecture;
use debian_control::digest::Sha256;
use debian_control::name::Component;
use debian_control::stanza::Stanza;

use super::Content;

/// Order of a stanza in an index: by the publication after which it was placed, then cluster, name, architecture, version.
///
/// What was placed last comes last, so that a change leaves the beginning of an index as it is; what comes between two
/// publications stands together, as it compresses best. Nothing that reads an index asks for an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The revision of the suite's newest publication when it was placed; 0 before the first one.
    pub placed_after: i64,
    /// What puts packages that read alike beside each other.
    pub cluster: Cluster,
    /// `Package`.
    pub name: String,
    /// `Architecture`.
    pub architecture: String,
    /// Sort key of `Version`.
    pub version_key: Vec<u8>,
}

/// The maintainer and the source of a package.
///
/// Stanzas of one maintainer, and of one source, are alike in their text; beside each other they compress better by a
/// twentieth than in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cluster(pub String);

impl Cluster {
    /// Returns the cluster of a content.
    pub fn of(content: &Content) -> Self {
        let stanza = Stanza::parse(&content.control).ok();
        let maintainer = stanza.as_ref().and_then(|stanza| stanza.get("Maintainer"));
        let maintainer = maintainer.map_or("", |field| field.value());
        // The value of one line has no line end in it, which sorts before whatever it has.
        Self(format!(
            "{}\n{}",
            maintainer.lines().next().unwrap_or_default(),
            content.source
        ))
    }
}

/// What an index is made of: one component for one architecture, with `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// Component.
    pub component: &'a Component,
    /// Architecture.
    pub architecture: &'a Architecture,
}

/// One package of an index.
#[derive(Debug, Clone)]
pub struct Indexed {
    /// Its order.
    pub position: Position,
    /// Its checked control stanza.
    pub control: String,
    /// Path of its file below the tree; `None` where the tree has no file of it.
    pub path: Option<String>,
    /// Bytes of its file.
    pub size: u64,
    /// Digest of its file.
    pub sha256: Sha256,
    /// Replaces `Section`.
    pub section: Option<String>,
    /// Replaces `Priority`.
    pub priority: Option<String>,
}
