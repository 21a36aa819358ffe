//! Going on with a universe that was finished.

use debian_control::architecture::Architecture;

use super::build::UniverseBuilder;
use super::candidates::digest;
use super::{ArchitectureId, PackageId, Universe};
use crate::index_vec::Id as _;

impl UniverseBuilder {
    /// Goes on with a universe that was made for the same machine; `None` where it was made for another, or holds an invalid version.
    ///
    /// It does not say which files its packages are: [`note_sha256`](Self::note_sha256) does, of those that could be added again.
    pub fn of(universe: Universe, native: &Architecture, foreign: &[Architecture]) -> Option<Self> {
        let mut builder = Self::new(native, foreign);
        let architecture = |id: ArchitectureId| builder.architectures[id].text(&builder.text);
        let mut usable = builder.architectures.ids();
        if !usable.all(|id| {
            universe.architectures.len() > id.index() && universe.architecture_text(id) == architecture(id)
        }) {
            return None;
        }
        for id in universe.versions.ids() {
            builder.parsed.push(universe.version_text(id).parse().ok()?);
        }
        builder.text = universe.text;
        builder.names = universe.names;
        builder.versions = universe.versions;
        builder.architectures = universe.architectures;
        builder.packages = universe.packages;
        builder.groups = universe.groups;
        builder.alternatives = universe.alternatives;
        builder.related = universe.related;
        for id in builder.names.ids() {
            let span = builder.names[id].text;
            builder.by_text.insert(span.text(&builder.text), span, id);
        }
        for id in builder.versions.ids() {
            let span = builder.versions[id];
            builder.by_version.insert(span.text(&builder.text), span, id);
        }
        for id in builder.packages.ids() {
            let package = &builder.packages[id];
            let identity = (package.name, package.version, package.architecture);
            builder.candidates.insert(identity, None, id);
        }
        Some(builder)
    }

    /// Notes the `SHA256` of a package that was there before.
    pub fn note_sha256(&mut self, package: PackageId, sha256: &str) {
        let Some(digest) = digest(sha256) else { return };
        let of = &self.packages[package];
        let identity = (of.name, of.version, of.architecture);
        self.candidates.note(identity, digest, package);
    }
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::Stanza;

    use super::*;
    use crate::universe::{MultiArch, Source};

    const HELLO: &str =
        "Package: hello\nVersion: 1.0\nArchitecture: amd64\nDepends: libc6 (>= 2.34), libhello\nSHA256: aa\n";

    fn builder() -> UniverseBuilder {
        UniverseBuilder::new(&native(), &foreign())
    }

    fn native() -> Architecture {
        "amd64".parse().unwrap()
    }

    fn foreign() -> [Architecture; 1] {
        ["i386".parse().unwrap()]
    }

    /// The stanza of hello with such a digest.
    fn hello(digest: char) -> String {
        HELLO.replace("aa", &digest.to_string().repeat(64))
    }

    fn add(builder: &mut UniverseBuilder, text: &str) -> PackageId {
        let stanza = Stanza::parse(text).unwrap();
        builder.add(&stanza, Source::default()).unwrap().unwrap()
    }

    #[test]
    fn a_finished_universe_is_gone_on_with_as_if_it_had_not_been() {
        let library =
            "Package: libhello\nVersion: 2\nArchitecture: i386\nMulti-Arch: same\nProvides: greeting (= 2)\n";
        let installed =
            "Package: hello\nVersion: 1.0\nArchitecture: amd64\nDepends: libhello, libc6 (>= 2.34)\n";
        let mut at_once = builder();
        let mut first = builder();
        for begun in [&mut at_once, &mut first] {
            add(begun, &hello('a'));
            add(begun, &hello('b'));
            add(begun, library);
        }
        let finished = first.finish();
        let files: Vec<(PackageId, String)> = finished
            .packages()
            .zip(["a".repeat(64), "b".repeat(64)])
            .collect();
        let mut gone_on = UniverseBuilder::of(finished, &native(), &foreign()).unwrap();
        for (package, sha256) in files {
            gone_on.note_sha256(package, &sha256);
        }
        for begun in [&mut at_once, &mut gone_on] {
            let like = HELLO.replace("SHA256: aa\n", "");
            let (library, installed) = (library.to_owned(), installed.to_owned());
            let again = [hello('a'), hello('b'), library, like, hello('c'), installed];
            let known: Vec<usize> = again.iter().map(|text| add(begun, text).index()).collect();
            assert_eq!(known, [0, 1, 2, 0, 3, 4]);
        }
        let (at_once, gone_on) = (at_once.finish(), gone_on.finish());
        for name in ["hello", "libhello", "libc6"] {
            assert_eq!(at_once.versions_of(name), gone_on.versions_of(name));
        }
        assert!(
            at_once
                .providers_of("greeting")
                .eq(gone_on.providers_of("greeting"))
        );
        assert_eq!(gone_on.packages[PackageId::new(2)].multi_arch, MultiArch::Same);
    }

    #[test]
    fn a_universe_of_another_machine_is_not_gone_on_with() {
        let [other] = foreign();
        assert!(UniverseBuilder::of(builder().finish(), &other, &[]).is_none());
        assert!(
            UniverseBuilder::of(
                UniverseBuilder::new(&native(), &[]).finish(),
                &native(),
                &foreign()
            )
            .is_none()
        );
    }
}
