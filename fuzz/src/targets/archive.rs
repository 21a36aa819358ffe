//! What an archive reads beside packages: its settings, and the manifest that the last build of an index left.

use std::path::Path;

use archive_index::IndexManifest;
use debian_archive::config::Config;
use sha2::{Digest as _, Sha256};

use crate::target::{FuzzTarget, ParserVerdict, must};

/// `repogen.toml`.
pub(super) struct ArchiveConfigTarget;

/// The manifest of an index, with its digest before it.
pub(super) struct ManifestTarget;

impl FuzzTarget for ArchiveConfigTarget {
    fn name(&self) -> &'static str {
        "archive-config"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            b"origin = \"Example\"\nlabel = \"Example\"\nurl = \"https://example.org/debian\"\n\n[signing]\nkey = \"keys/archive.pgp\"\n\n[[suite]]\n\
              codename = \"bookworm\"\nsuite = \"stable\"\ncomponents = [\"main\", \"contrib\"]\n\
              architectures = [\"amd64\", \"arm64\"]\nvalid_for = \"14d\"\ncontents = \"1h\"\n"
                .to_vec(),
        ]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"[[suite]]\n",
            b"codename = ",
            b"[signing]\n",
            b"\"0s\"",
            b"\"off\"",
            b"\"../x\"",
            b"9999999999d",
            b"\"\\u0000\"",
        ]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Some(config) = std::str::from_utf8(input)
            .ok()
            .and_then(|text| Config::parse(text, Path::new("repogen.toml")).ok())
        else {
            return Ok(ParserVerdict::Refused);
        };
        must(!config.suites.is_empty(), || {
            "an archive without a suite".to_owned()
        })?;
        for suite in &config.suites {
            let found = config.suite(suite.codename.as_str());
            must(
                found.is_some_and(|found| found.codename == suite.codename),
                || format!("`{}` is two suites", suite.codename),
            )?;
        }
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for ManifestTarget {
    fn name(&self) -> &'static str {
        "manifest"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![with_digest(include_bytes!("../../fixtures/manifest.json"))]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[
            b"null",
            b"[]",
            b"{}",
            b"-1",
            b"18446744073709551616",
            b"\"gz\"",
            b"\"chunks\":",
            b"\"format\":5",
        ]
    }

    /// The digest is made right again: a file that is only cut or changed is refused without being parsed.
    fn repair(&self, input: &mut Vec<u8>, seed: u32) {
        if !seed.is_multiple_of(8) {
            *input = with_digest(input.get(64..).unwrap_or_default());
        }
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let path = Path::new("manifest");
        let Ok(manifest) = IndexManifest::parse(input, path) else {
            return Ok(ParserVerdict::Refused);
        };
        let text = serde_json::to_vec(&manifest).map_err(|error| error.to_string())?;
        let again = IndexManifest::parse(&with_digest(&text), path)
            .map_err(|error| format!("what it writes is refused: {error}"))?;
        must(again == manifest, || {
            "it changes when written and read again".to_owned()
        })?;
        // The chunk list is made from it, and relies on its lists being of one length.
        let _ = archive_index::chunk_list(&manifest, "Packages");
        Ok(ParserVerdict::Accepted)
    }
}

fn with_digest(text: &[u8]) -> Vec<u8> {
    [hex::encode(Sha256::digest(text)).as_bytes(), text].concat()
}
