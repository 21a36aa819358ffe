//! Indexes read back, independently of the code that wrote them: as text, field by field.

use crate::TestArchive;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;

/// The fields of a stanza by their names in lower case. Values keep their continuation lines.
pub type Stanza = BTreeMap<String, String>;

/// Splits deb822 text into its stanzas.
pub fn stanzas(text: &str) -> Vec<Stanza> {
    text.split("\n\n")
        .map(stanza)
        .filter(|stanza| !stanza.is_empty())
        .collect()
}

/// Reads one stanza.
pub fn stanza(text: &str) -> Stanza {
    let mut fields = Stanza::new();
    let mut current = String::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            let value = fields
                .get_mut(&current)
                .expect("a continuation line follows a field");
            value.push('\n');
            value.push_str(line);
        } else if let Some((name, value)) = line.split_once(':') {
            current = name.to_ascii_lowercase();
            let twice = fields.insert(current.clone(), value.trim_start().to_owned());
            assert_eq!(twice, None, "field {name} stands twice in one stanza:\n{text}");
        }
    }
    fields
}

/// A line of the `SHA256` field of a Release file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The path, relative to the Release file.
    pub path: String,
    /// The digest, in lower-case hexadecimal.
    pub sha256: String,
    /// The size in bytes.
    pub size: usize,
}

/// Reads the list of files in a Release file.
pub fn listed(release: &str) -> Vec<Listed> {
    let fields = stanza(release);
    let lines = fields
        .get("sha256")
        .expect("a Release file has a SHA256 field")
        .lines()
        .skip(1);
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words.len(), 3, "a digest, a size and a path: {line}");
            Listed {
                sha256: words[0].to_owned(),
                size: words[1].parse().unwrap(),
                path: words[2].to_owned(),
            }
        })
        .collect()
}

/// Returns the SHA-256 of `bytes` in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl TestArchive {
    /// Returns the packages of one index, after checking that all its compressed forms hold the same, whole text.
    pub fn packages(&self, suite: &str, component: &str, architecture: &str) -> Vec<Stanza> {
        let mut stanzas = {
            stanzas(&self.index(&format!(
                "dists/{suite}/{component}/binary-{architecture}/Packages"
            )))
        };
        // What is added together is placed as it comes.
        stanzas.sort_by(|one: &crate::index::Stanza, other| one["package"].cmp(&other["package"]));
        stanzas
    }

    /// Returns the text of an index from its gz, xz and zst form, which have to be equal.
    pub fn index(&self, path: &str) -> String {
        let read = |suffix: &str| {
            let path = self.root().join(format!("{path}.{suffix}"));
            std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
        };
        let mut gz = String::new();
        flate2::read::MultiGzDecoder::new(&read("gz")[..])
            .read_to_string(&mut gz)
            .unwrap();
        // As apt reads it: one stream, and nothing after it.
        let bytes = read("xz");
        let mut decoder = liblzma::bufread::XzDecoder::new(&bytes[..]);
        let mut xz = String::new();
        decoder.read_to_string(&mut xz).unwrap();
        assert!(
            decoder.into_inner().is_empty(),
            "{path}.xz goes on after its first stream"
        );
        let zst = String::from_utf8(zstd::decode_all(&read("zst")[..]).unwrap()).unwrap();
        assert_eq!(gz, xz, "{path}: gz and xz differ");
        assert_eq!(gz, zst, "{path}: gz and zst differ");
        gz
    }
}
