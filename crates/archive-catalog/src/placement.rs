//! What asks for a place in a suite, and what becomes of it.

use debian_control::digest::Sha256;
use debian_control::name::{Component, SuiteName};

use crate::audit::Actor;
use crate::condemned::Condemnation;
use crate::conflict::Conflict;
use crate::content::{NewContent, Selection};
use crate::listing::Description;

/// One wish: this content in that place.
#[derive(Debug, Clone)]
pub struct NewPlacement {
    /// Codename.
    pub suite: SuiteName,
    /// Component.
    pub component: Component,
    /// Tree of the pool: empty, or the codename of a private suite.
    pub tree: String,
    /// Path of the file below the tree (`pool/...`).
    pub path: String,
    /// The content.
    pub content: NewContent,
    /// Known vulnerabilities that whoever asks takes upon themselves: for the audit log.
    pub accepted: Vec<String>,
    /// By what it was judged whether the suite takes it; `None`: the suite asks nothing of what it takes.
    pub judged: Option<Judged>,
    /// What the suite is to say of it besides the .deb, where that is something.
    pub metadata: Description,
    /// Whose wish it is, who is then said to have brought it there; `None`: that of whoever has a shell on this machine,
    /// and not recorded.
    pub by: Option<Actor>,
    /// The condemnation of the path after whose deletion the bytes were put there anew.
    pub put_after: Option<Condemnation>,
}

/// By what was known of its vulnerabilities a package was judged: a scan that reads something else has it judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Digest of what the last scan kept of its source package; `None`: nothing.
    pub advisory: Option<Sha256>,
}

/// What is done together with placements, or not at all.
#[derive(Debug, Clone)]
pub struct PackageChange {
    /// What leaves its suite.
    pub removed: Vec<Selection>,
    /// What suites are to say of a content from then on.
    pub described: Option<NewDescription>,
    /// Whose wish it is.
    pub by: Actor,
}

/// What suites are to say of a content besides its .deb.
#[derive(Debug, Clone)]
pub struct NewDescription {
    /// Digest of the file.
    pub content: Sha256,
    /// The suites, which have it.
    pub suites: Vec<SuiteName>,
    /// What they are to say.
    pub description: Description,
}

/// What became of a [`NewPlacement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementOutcome {
    /// It stands in the suite now.
    Added,
    /// It was there already.
    Unchanged,
}

/// What became of a set of placements: of each, in their order, or what stood against one of them and so against all.
pub type PlacedSet = Result<Vec<PlacementOutcome>, Box<Conflict>>;
