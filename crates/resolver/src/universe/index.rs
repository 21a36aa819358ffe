//! The last step of building: everything in order.

use std::cmp::Reverse;
use std::sync::OnceLock;

use super::build::UniverseBuilder;
use super::{Field, NameId, PackageId, Provider, Universe, VersionId};
use crate::index_vec::{IndexVec, Span};

impl UniverseBuilder {
    /// Puts names and versions in order.
    pub fn finish(self) -> Universe {
        let mut universe = Universe {
            ranks: ranks(&self),
            text: self.text,
            names: self.names,
            by_text: Vec::new(),
            versions: self.versions,
            architectures: self.architectures,
            packages: self.packages,
            groups: self.groups,
            alternatives: self.alternatives,
            related: self.related,
            named: Vec::new(),
            providers: Vec::new(),
            wanted: OnceLock::new(),
        };
        let mut by_text: Vec<NameId> = universe.names.ids().collect();
        by_text.sort_unstable_by_key(|id| universe.name_text(*id));
        universe.by_text = by_text;
        universe.order_packages();
        universe.order_providers();
        universe
    }
}

/// Ranks versions by their order.
fn ranks(builder: &UniverseBuilder) -> IndexVec<VersionId, u32> {
    let mut keys: Vec<(Vec<u8>, VersionId)> = builder
        .parsed
        .ids()
        .map(|id| (builder.parsed[id].sort_key(), id))
        .collect();
    keys.sort_unstable();
    let mut ranks = IndexVec::filled(keys.len(), 0);
    let mut rank = 0;
    let mut last: &[u8] = &[];
    for (key, id) in &keys {
        if key != last {
            rank += 1;
        }
        last = key;
        ranks[*id] = rank;
    }
    ranks
}

impl Universe {
    /// Orders the packages of each name: preferred sources first, then newest, then the native architecture.
    pub(super) fn order_packages(&mut self) {
        let mut named: Vec<PackageId> = self.packages.ids().collect();
        named.sort_by_key(|id| {
            let package = &self.packages[*id];
            let newest = Reverse(self.ranks[package.version]);
            (
                package.name,
                Reverse(package.priority),
                newest,
                package.architecture,
            )
        });
        let mut start = 0;
        for run in named.chunk_by(|left, right| self.packages[*left].name == self.packages[*right].name) {
            if let Some(first) = run.first() {
                self.names[self.packages[*first].name].packages = Span::between(start, start + run.len());
            }
            start += run.len();
        }
        self.named = named;
    }

    /// Orders the providers of each name: preferred sources first, then what the archive calls more important, then by
    /// name, newest first.
    pub(super) fn order_providers(&mut self) {
        let mut found: Vec<(NameId, Provider)> = Vec::new();
        for package in self.packages.ids() {
            for group in self.related(package, Field::Provides) {
                found.extend(self.group(*group).iter().map(|provided| {
                    let provider = Provider {
                        package,
                        version: provided.constraint.map(|(_, version)| version),
                        qualifier: provided.qualifier,
                    };
                    (provided.name, provider)
                }));
            }
        }
        found.sort_by_key(|(name, provider)| {
            let package = &self.packages[provider.package];
            let rank = (Reverse(package.priority), package.importance);
            let version = Reverse(self.ranks[package.version]);
            (
                *name,
                rank,
                self.name_text(package.name),
                version,
                package.architecture,
            )
        });
        let mut start = 0;
        for run in found.chunk_by(|left, right| left.0 == right.0) {
            if let Some((name, _)) = run.first() {
                self.names[*name].providers = Span::between(start, start + run.len());
            }
            start += run.len();
        }
        self.providers = found.into_iter().map(|(_, provider)| provider).collect();
    }
}
