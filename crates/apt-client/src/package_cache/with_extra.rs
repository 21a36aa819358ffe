//! A universe that has packages besides which are in no index: what is installed, and files that were named.
//!
//! Hardly a system is without an installed package that no archive has any more. What is installed changes less often than commands
//! are run, so a universe with it is kept like the one of the indexes.

use debian_control::digest::Digester;
use debian_control::stanza::Stanza;
use resolver::universe::{PackageId, Source, Universe, UniverseBuilder};

use super::{Extra, PackageCache, PackageCacheError, file};

/// Bytes that each number takes behind a universe.
const NUMBER: usize = 4;

/// The packages that were added, as far as the universe is for their architectures.
type Added = Vec<Option<PackageId>>;

impl PackageCache {
    /// Returns a universe that has further packages besides, at the end; `None` for those of architectures that it is not for.
    ///
    /// # Errors
    /// When an index cannot be read, or a package says something that has no meaning.
    pub fn universe_with(&self, extra: &[(String, Extra)]) -> Result<(Universe, Added), PackageCacheError> {
        let is_installed = |(_, extra): &(String, Extra)| match extra {
            Extra::Installed(_) | Extra::Damaged(_) => true,
            Extra::Offered(_) => false,
        };
        if !extra.iter().all(is_installed) {
            return self.add(extra);
        }
        let path = self.path("universe-installed");
        let key = self.key_with(extra);
        let kept = file::read(&path, &key).and_then(|bytes| from_bytes(bytes, extra.len()));
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (universe, added) = self.add(extra)?;
        // What cannot be kept is made again next time.
        let _ = file::write(&path, &key, &to_bytes(&universe, &added));
        Ok((universe, added))
    }

    fn add(&self, extra: &[(String, Extra)]) -> Result<(Universe, Added), PackageCacheError> {
        let parsed = extra.iter().map(|(text, _)| {
            Stanza::of_index(text).map_err(|source| PackageCacheError::Stanza {
                origin: first_line(text),
                source,
            })
        });
        let parsed = parsed.collect::<Result<Vec<Stanza<'_>>, _>>()?;
        let mut builder = self.begun(&parsed)?;
        let mut packages = Vec::new();
        for (stanza, (text, extra)) in parsed.iter().zip(extra) {
            let added = match *extra {
                Extra::Installed(priority) => builder.add_installed(stanza, Source { priority }).map(Some),
                Extra::Damaged(priority) => builder.add_damaged(stanza, Source { priority }).map(Some),
                Extra::Offered(priority) => builder.add(stanza, Source { priority }),
            };
            let package = added.map_err(|source| PackageCacheError::Package {
                origin: first_line(text),
                source: Box::new(source),
            })?;
            packages.push(package);
        }
        Ok((builder.finish(), packages))
    }

    /// Returns a universe of the indexes that packages can be added to: the one that is kept, where there is one.
    fn begun(&self, extra: &[Stanza<'_>]) -> Result<UniverseBuilder, PackageCacheError> {
        let universe = self.universe()?;
        let files = self.files_like(&universe, extra)?;
        let Some(mut builder) = self.machine.builder_of(universe) else {
            return Ok(self.filled()?.builder);
        };
        for (package, sha256) in files {
            builder.note_sha256(package, &sha256);
        }
        Ok(builder)
    }

    /// Returns the `SHA256` of each package that could be one of these with a file of its own.
    fn files_like(
        &self,
        universe: &Universe,
        extra: &[Stanza<'_>],
    ) -> Result<Vec<(PackageId, String)>, PackageCacheError> {
        let mut files = Vec::new();
        for stanza in extra.iter().filter(|stanza| stanza.line("SHA256").is_some()) {
            let named = stanza.line("Package").unwrap_or_default();
            for package in universe.versions_of(named) {
                if stanza.line("Version") == Some(universe.version(*package)) {
                    let text = self.stanza(*package)?;
                    let known = Stanza::of_index(&text).ok();
                    let sha256 = known.and_then(|known| Some(known.line("SHA256")?.to_owned()));
                    files.extend(sha256.map(|sha256| (*package, sha256)));
                }
            }
        }
        Ok(files)
    }

    /// Returns what a universe is made of that has these packages, too.
    fn key_with(&self, extra: &[(String, Extra)]) -> String {
        let mut digester = Digester::sha256();
        digester.update(self.key().as_bytes());
        for (stanza, extra) in extra {
            digester.update(format!("{extra:?} {}\n{stanza}", stanza.len()).as_bytes());
        }
        digester.finish().sha256.to_string()
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Returns a universe as bytes, and behind it the place of each package that was added, counted from one; zero for none.
fn to_bytes(universe: &Universe, added: &Added) -> Vec<u8> {
    let mut bytes = universe.to_bytes();
    for package in added {
        let place = package.map_or(0, |package| package.index() + 1);
        let place = u32::try_from(place).expect("a universe counts its packages in 32 bits");
        bytes.extend(place.to_le_bytes());
    }
    bytes
}

fn from_bytes(mut bytes: Vec<u8>, count: usize) -> Option<(Universe, Added)> {
    let at = bytes.len().checked_sub(count.checked_mul(NUMBER)?)?;
    let numbers = bytes.split_off(at);
    let universe = Universe::from_bytes(&bytes).ok()?;
    let (numbers, _) = numbers.as_chunks::<NUMBER>();
    let added = numbers.iter().map(|number| {
        let place = usize::try_from(u32::from_le_bytes(*number)).ok()?;
        match place.checked_sub(1) {
            None => Some(None),
            Some(index) => PackageId::from_index(index, &universe).map(Some),
        }
    });
    let added = added.collect::<Option<Added>>()?;
    Some((universe, added))
}

#[cfg(test)]
mod tests {
    use super::super::Machine;
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_made_and_nothing_else_is_taken_for_it() {
        let mut builder = Machine::new("amd64", &[]).unwrap().builder();
        let mut add = |text: &str| {
            let stanza = Stanza::of_index(text).unwrap();
            builder.add(&stanza, Source { priority: 500 }).unwrap()
        };
        let one = add("Package: one\nVersion: 1\nArchitecture: amd64\n");
        let other = add("Package: other\nVersion: 1\nArchitecture: i386\n");
        let two = add("Package: two\nVersion: 2\nArchitecture: all\n");
        let added = vec![two, other, one];
        assert_eq!(added[1], None);
        let universe = builder.finish();
        let bytes = to_bytes(&universe, &added);
        let (again, numbers) = from_bytes(bytes.clone(), added.len()).unwrap();
        assert_eq!(numbers, added);
        assert_eq!(again.to_bytes(), universe.to_bytes());
        // Of another count, cut, or with a place that is not there.
        assert!(from_bytes(bytes.clone(), 2).is_none());
        assert!(from_bytes(bytes[..8].to_vec(), 3).is_none());
        let mut wrong = bytes;
        wrong.splice(wrong.len() - 4.., 9_u32.to_le_bytes());
        assert!(from_bytes(wrong, 3).is_none());
    }
}
