//! What the client reads: of an archive before anything is verified, and of the machine it runs on.

use std::path::Path;

use apt_client::contents::Lines;
use apt_client::fetch::Location;
use apt_client::lists::{ChunkList, Piece};
use apt_client::repository::Repository;
use cpkgs::autoremovable::Keeping;
use cpkgs::config::Config;
use cpkgs::edsp;
use cpkgs::phasing::Phasing;
use cpkgs::preferences::{Candidate, Preferences};
use cpkgs::system::AptSettings;
use debian_control::stanza::StanzaReader;
use resolver::request::Recommends;

use crate::target::{FuzzTarget, ParserVerdict, must};

/// The unsigned `repository.json`, and the addresses it leads to.
pub(super) struct RepositoryTarget;

/// Two chunk lists, of the old and of the new index, with a NUL between them.
pub(super) struct ChunkListTarget;

/// A `Contents` index.
pub(super) struct ContentsTarget;

/// A request of apt to its external solver.
pub(super) struct EdspTarget;

/// A file of apt's preferences.
pub(super) struct PreferencesTarget;

/// `config.toml` of the client.
pub(super) struct ClientConfigTarget;

impl FuzzTarget for RepositoryTarget {
    fn name(&self) -> &'static str {
        "repository"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            br#"{"origin":"Example","fingerprints":["0123456789ABCDEF0123456789ABCDEF01234567"],
            "keyring":"keys/archive-keyring.pgp","suites":[{"codename":"bookworm","suite":"stable","components":["main"]}]}"#
                .to_vec(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"../",
            b"/./",
            b"//",
            b"%2e%2e/",
            b"?",
            b"#",
            b"\\\\",
            b"\\u0000",
            b"https://other.example/",
            b"null",
        ]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(repository) = Repository::parse(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let root: Location = "https://example.org/debian"
            .parse()
            .map_err(|error| format!("the root is refused: {error}"))?;
        let Some(Ok(keyring)) = repository.keyring.as_deref().map(|path| root.below(path)) else {
            return Ok(ParserVerdict::Refused);
        };
        must(keyring.same_origin(&root), || {
            format!("`{keyring}` is on another host")
        })?;
        must(keyring.url().path().starts_with("/debian/"), || {
            format!("`{keyring}` is above the root")
        })?;
        let again: Location = keyring
            .to_string()
            .parse()
            .map_err(|error| format!("`{keyring}` is refused when read again: {error}"))?;
        must(again == keyring, || {
            format!("`{keyring}` is `{again}` when read again")
        })?;
        Ok(ParserVerdict::Accepted)
    }
}

const CHUNK_LIST: &str = "Format: 1
Index: Packages
Size: 30
Forms: gz xz zst
Starts: 0 24 0
Chunks:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 10 9 11 8
 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 20 19 21 18
 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9825 30 29 31 28
";

impl FuzzTarget for ChunkListTarget {
    fn name(&self) -> &'static str {
        "chunk-list"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let new = CHUNK_LIST.replace("9825 30 29 31 28", "9826 40 19 21 17");
        vec![
            format!("{CHUNK_LIST}\0{CHUNK_LIST}").into_bytes(),
            format!("{CHUNK_LIST}\0{new}").into_bytes(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"18446744073709551615",
            b"9223372036854775808",
            b"zst",
            b"gz",
            b" 0",
            b"\n ",
        ]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let lists = std::str::from_utf8(input)
            .ok()
            .and_then(|text| text.split_once('\0'));
        let Some((Some(old), Some(new))) =
            lists.map(|(old, new)| (ChunkList::parse(old), ChunkList::parse(new)))
        else {
            return Ok(ParserVerdict::Refused);
        };
        let Some(plan) = new.plan(&old, &mut |_, _, _| false) else {
            return Ok(ParserVerdict::Refused);
        };
        for piece in &plan.pieces {
            let Piece::New {
                range, start, packed, ..
            } = piece
            else {
                continue;
            };
            let range = plan.ranges.get(*range).ok_or("a piece is in no range")?;
            let end = start.checked_add(*packed).ok_or("a piece has no end")?;
            must(end <= range.1, || "a piece is outside its range".to_owned())?;
        }
        let ends = plan
            .ranges
            .iter()
            .map(|(start, length)| start.checked_add(*length));
        must(ends.into_iter().all(|end| end.is_some()), || {
            "a range has no end".to_owned()
        })?;
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for ContentsTarget {
    fn name(&self) -> &'static str {
        "contents"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            b"usr/bin/hello  devel/hello\nusr/share/doc/a b\tadmin/x,contrib/net/y\n".to_vec(),
            b"words for people\nFILE LOCATION\n./bin/sh shells/dash\n".to_vec(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[b"FILE LOCATION\n", b"./", b"\t", b",", b"/"]
    }

    /// A text is the same lines, however the pieces are cut in which it comes.
    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let whole = lines(input, input.len());
        for size in [1, 7] {
            must(lines(input, size) == whole, || {
                format!("other lines in pieces of {size} bytes")
            })?;
        }
        for line in &whole {
            must(line.contains(&b'\t') && !line.contains(&b'\n'), || {
                format!("`{}` is not one line with packages", line.escape_ascii())
            })?;
        }
        Ok(if whole.is_empty() {
            ParserVerdict::Refused
        } else {
            ParserVerdict::Accepted
        })
    }
}

fn lines(text: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut lines = Lines::new(|line: &[u8]| found.push(line.to_vec()));
    for piece in text.chunks(size.max(1)) {
        lines.take(piece);
    }
    lines.finish();
    found
}

const REQUEST: &str = "Request: EDSP 0.5
Architecture: amd64
Architectures: amd64 i386
Machine-ID: 0123
Install: app
Remove: old:amd64
Strict-Pinning: no

Package: app
Architecture: amd64
Version: 2
APT-ID: 1
APT-Pin: 500
APT-Candidate: yes
Source: app
Multi-Arch: foreign
Depends: lib (>= 1), old | new
Section: net

Package: lib
Architecture: i386
Version: 1:1-1
APT-ID: 2
APT-Pin: 990
Multi-Arch: same
Provides: new (= 1)

Package: lib
Architecture: amd64
Version: 1:1-1
APT-ID: 3
APT-Pin: 500
Multi-Arch: same
Provides: new (= 1)

Package: old
Architecture: all
Version: 0
APT-ID: 4
APT-Pin: 100
Installed: yes
APT-Automatic: yes
Essential: no
Conflicts: app (<< 1)
";

impl FuzzTarget for EdspTarget {
    fn name(&self) -> &'static str {
        "edsp"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let upgrade = REQUEST.replace("Install: app\n", "Upgrade-All: yes\nForbid-Remove: yes\n");
        vec![REQUEST.as_bytes().to_vec(), upgrade.into_bytes()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"\n\nPackage: x\n",
            b"\nInstalled: yes",
            b"\nHold: yes",
            b"\nDist-Upgrade: yes",
            b"\nForbid-New-Install: yes",
            b"\nAutoremove: yes",
            b"\nDepends: ",
            b"\nConflicts: lib",
            b"\nBreaks: old (<< 3)",
            b"\nEssential: yes",
            b"4294967296",
            b":any",
        ]
    }

    /// The answer is stanzas that apt can read, whatever was asked.
    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let keeping = Keeping::new(&AptSettings::default(), "").map_err(|error| error.to_string())?;
        let phasing = Phasing::new("0123456789abcdef0123456789abcdef");
        let answer = edsp::answer(input, Recommends::Take, &keeping, phasing.as_ref());
        for stanza in StanzaReader::new(&answer) {
            let stanza = stanza.map_err(|error| format!("the answer cannot be read: {error}: {answer}"))?;
            let first = stanza.fields().first().map(|field| field.name());
            let known = ["Install", "Remove", "Autoremove", "Error"];
            must(first.is_some_and(|first| known.contains(&first)), || {
                format!("no stanza of an answer: {answer}")
            })?;
        }
        Ok(if answer.starts_with("Error") {
            ParserVerdict::Refused
        } else {
            ParserVerdict::Accepted
        })
    }
}

impl FuzzTarget for PreferencesTarget {
    fn name(&self) -> &'static str {
        "preferences"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            b"# why\nPackage: hello lib*\nPin: version 1.*\nPin-Priority: 1001\n\n\
              Package: *\nPin: release o=Example,n=bookworm\nPin-Priority: -1\n"
                .to_vec(),
            b"Explanation: by host\nPackage: x\nPin: origin \"example.org\"\nPin-Priority: 500\n".to_vec(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"Pin: release a=",
            b"Pin: origin ",
            b"/regex/",
            b"src:",
            b"****",
            b"[a-",
            b"32768",
            b"\n#",
        ]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(text) = std::str::from_utf8(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let mut preferences = Preferences::default();
        if preferences.add(text).is_err() || preferences.is_empty() {
            return Ok(ParserVerdict::Refused);
        }
        for name in ["hello", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"] {
            let priority = preferences.priority(Candidate {
                name,
                architecture: "amd64",
                version: "1.0-1",
                source: &|| Some("hello".to_owned()),
                indexes: &[],
            });
            // Source: apt_preferences(5), "Pin-Priority"; apt keeps it as a short.
            must(priority.is_none_or(|value| i16::try_from(value).is_ok()), || {
                format!("priority {priority:?}")
            })?;
        }
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for ClientConfigTarget {
    fn name(&self) -> &'static str {
        "client-config"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            b"base = \"host\"\ncache_dir = \"/var/cache/x\"\n\n[[source]]\nurl = \"https://example.org/debian\"\n\
              suites = [\"bookworm\"]\ncomponents = [\"main\"]\nsigned_by = \"/etc/keys/x.asc\"\n"
                .to_vec(),
            b"".to_vec(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"[[source]]\n",
            b" = ",
            b"\"\"\"",
            b"url = ",
            b"[a.b]\n",
            b"9223372036854775808",
        ]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let path = Path::new("config.toml");
        let Some(config) = std::str::from_utf8(input)
            .ok()
            .and_then(|text| Config::parse(text, path).ok())
        else {
            return Ok(ParserVerdict::Refused);
        };
        let written = config.to_toml();
        let again = Config::parse(&written, path)
            .map_err(|error| format!("what it writes is refused: {error}: {written}"))?;
        must(again.to_toml() == written, || {
            format!("it changes when written and read again: {written}")
        })?;
        Ok(ParserVerdict::Accepted)
    }
}
