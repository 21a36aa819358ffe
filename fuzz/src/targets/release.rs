//! Release files, and the clear-signed form of them.

use debian_control::inrelease;
use debian_control::release::Release;

use super::index::WORDS;
use crate::target::{FuzzTarget, ParserVerdict, must};

/// A Release file.
pub(super) struct ReleaseTarget;

/// An InRelease file, its envelope only: signatures are not looked at.
pub(super) struct InReleaseTarget;

/// A Release, and the same signed.
const RELEASE: &str = include_str!("../../fixtures/Release");
const INRELEASE: &[u8] = include_bytes!("../../fixtures/InRelease");

const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----

wnUEARYKAB0WIQTMcT1eP0Z3kqjx5d1Ck9OqXq5Z2AUCZz0bVwAKCRBCk9OqXq5Z
=abcd
-----END PGP SIGNATURE-----
";

/// Text with a meaning to readers of clear-signed messages.
const MARKS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b" \n",
    b"\n- ",
    b"\n-",
    b"\n\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"-----BEGIN PGP SIGNATURE-----\n",
    b"-----END PGP SIGNATURE-----\n",
    b"Hash: SHA256\n",
    b"NotDashEscaped: x\n",
    b"\0",
    b"\x0c",
    b"\xe2\x80\xa8",
];

impl FuzzTarget for ReleaseTarget {
    fn name(&self) -> &'static str {
        "release"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![RELEASE.as_bytes().to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(text) = std::str::from_utf8(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let Ok(mut release) = Release::parse(text) else {
            return Ok(ParserVerdict::Refused);
        };
        let written = release.render();
        let again = Release::parse(&written)
            .map_err(|error| format!("what it writes is refused: {error}: {written}"))?;
        // Written files stand in the order of their paths.
        release.sha256.sort_by(|left, right| left.path.cmp(&right.path));
        must(again == release, || {
            format!("it changes when written and read again: {release:?}: {again:?}")
        })?;
        must(again.render() == written, || {
            format!("it is written in two ways: {written}")
        })?;
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for InReleaseTarget {
    fn name(&self) -> &'static str {
        "inrelease"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![clear_signed(RELEASE, SIGNATURE).into_bytes(), INRELEASE.to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        MARKS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(envelope) = inrelease::split(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let written = clear_signed(&envelope.text, envelope.signature);
        let again = inrelease::split(written.as_bytes())
            .map_err(|error| format!("its text is refused when written again: {error}: {written}"))?;
        must(again.text == envelope.text, || {
            format!("another text when written again: {written}")
        })?;
        let inside =
            |part: &str| part.is_empty() || input.windows(part.len()).any(|window| window == part.as_bytes());
        must(inside(envelope.signature), || {
            "the signature is not in the file".to_owned()
        })?;
        // What is not UTF-8 is in the text as another letter.
        let is_between = |letter: char| letter.is_ascii_whitespace() || letter == char::REPLACEMENT_CHARACTER;
        let mut words = envelope.text.split(is_between);
        must(words.all(inside), || "the text is not in the file".to_owned())?;
        Ok(ParserVerdict::Accepted)
    }
}

/// Wraps `text` as a signer does.
fn clear_signed(text: &str, signature: &str) -> String {
    let escaped: String = text
        .lines()
        .map(|line| {
            if line.starts_with('-') {
                format!("- {line}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{escaped}{}\n",
        signature.trim_end()
    )
}
