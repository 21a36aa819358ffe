//! Which packages are the same as others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{ArchitectureId, NameId, PackageId, VersionId};

/// Name, version text and architecture; packages that share them may still be several.
pub(super) type Identity = (NameId, VersionId, ArchitectureId);

/// The first half of a SHA-256: no archive can make another's by trying.
pub(super) type Digest = [u8; 16];

/// Which packages there are of each identity.
#[derive(Default)]
pub(super) struct Candidates {
    /// The first one of each, and the digest of its file.
    first: HashMap<Identity, (PackageId, Option<Digest>)>,
    /// Further ones, with other bytes.
    further: HashMap<Identity, Vec<PackageId>>,
    by_digest: HashMap<(Identity, Digest), PackageId>,
}

impl Candidates {
    /// Returns the package with these bytes.
    pub(super) fn with_digest(&self, identity: Identity, digest: Digest) -> Option<PackageId> {
        match self.first.get(&identity)? {
            (package, Some(known)) if *known == digest => Some(*package),
            _ => self.by_digest.get(&(identity, digest)).copied(),
        }
    }

    /// Returns all packages of an identity, the first one first.
    pub(super) fn of(&self, identity: Identity) -> impl Iterator<Item = PackageId> {
        let first = self.first.get(&identity).map(|(package, _)| *package);
        let further = self.further.get(&identity).into_iter().flatten().copied();
        first.into_iter().chain(further)
    }

    /// Notes the digest of a package that was inserted without one.
    pub(super) fn note(&mut self, identity: Identity, digest: Digest, package: PackageId) {
        match self.first.get_mut(&identity) {
            Some((first, known)) if *first == package => *known = Some(digest),
            _ => {
                self.by_digest.insert((identity, digest), package);
            }
        }
    }

    pub(super) fn insert(&mut self, identity: Identity, digest: Option<Digest>, package: PackageId) {
        match self.first.entry(identity) {
            Entry::Vacant(vacant) => {
                vacant.insert((package, digest));
            }
            Entry::Occupied(_) => {
                self.further.entry(identity).or_default().push(package);
                if let Some(digest) = digest {
                    self.by_digest.insert((identity, digest), package);
                }
            }
        }
    }
}

/// Returns the first half of a digest; `None` if the text is not a SHA-256.
pub(super) fn digest(text: &str) -> Option<Digest> {
    let digits = text.get(..32).filter(|_| text.len() == 64)?;
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}
