//! A universe as it is kept on the disk, where anything may have happened to it.

use debian_control::stanza::StanzaReader;
use resolver::check::check;
use resolver::universe::{Source, Universe, UniverseBuilder};

use crate::target::{FuzzTarget, ParserVerdict, must};

/// The bytes of a universe.
pub(super) struct UniverseTarget;

const INDEX: &str = "Package: app
Version: 1.0-1
Architecture: amd64
Multi-Arch: same
Pre-Depends: base (>= 1)
Depends: virtual | other (<< 2), lib:any
Recommends: more
Conflicts: old
Breaks: other (= 1)

Package: base
Version: 2
Architecture: all
Essential: yes

Package: other
Version: 1:1~rc1
Architecture: amd64
Provides: virtual (= 3), lib
Replaces: app

Package: lib
Version: 1
Architecture: i386
Multi-Arch: allowed

Package: app
Version: 2
Architecture: i386
Multi-Arch: same
Depends: base
";

fn universe() -> Option<Universe> {
    let mut builder = UniverseBuilder::new(&"amd64".parse().ok()?, &["i386".parse().ok()?]);
    for stanza in StanzaReader::new(INDEX) {
        builder.add(&stanza.ok()?, Source::default()).ok()?;
    }
    Some(builder.finish())
}

impl FuzzTarget for UniverseTarget {
    fn name(&self) -> &'static str {
        "universe"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![universe().expect("the index of the target is right").to_bytes()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[b"\xff\xff\xff\xff", b"\0\0\0\0"]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(universe) = Universe::from_bytes(input) else {
            return Ok(ParserVerdict::Refused);
        };
        // Whatever it says, it can be asked.
        let broken = check(&universe).len();
        must(broken <= universe.len(), || {
            format!("{broken} of {} packages are broken", universe.len())
        })?;
        for package in universe.packages() {
            let name = universe.name(package);
            let _ = (universe.version(package), universe.architecture(package));
            let _ = universe.versions_of(name).len();
        }
        Ok(ParserVerdict::Accepted)
    }
}
