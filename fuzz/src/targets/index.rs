//! Control files and the stanzas of an index.

use debian_control::digest::{Md5, Sha256};
use debian_control::limits::Limits;
use debian_control::package::{BinaryPackage, ControlError};
use debian_control::packages::{DescriptionForm, IndexEntry, Placement, render};
use debian_control::stanza::{Stanza, StanzaReader};

use crate::target::{FuzzTarget, ParserVerdict, must};

/// The control file of a package, and what an index makes of it.
pub(super) struct ControlTarget;

/// A file of many stanzas.
pub(super) struct StanzasTarget;

const CONTROL: &str = "Package: hello
Source: hello-src (1.0)
Version: 1:2.10-3+b1
Architecture: amd64
Essential: no
Maintainer: Jos\u{e9} <jose@example.org>
Installed-Size: 280
Pre-Depends: dpkg (>= 1.15.6~)
Depends: libc6 (>= 2.34), default-mta | mail-transport-agent, python3:any (<< 4)
Provides: greeting (= 2)
Multi-Arch: foreign
Section: devel
Priority: optional
Homepage: https://example.org/
Description: says hello
 The program says hello.
 .
  * verbatim
X-Unknown: kept
";

/// Text with a meaning in control files.
pub(super) const WORDS: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b"\n \n",
    b"\r\n",
    b"\n ",
    b"\n\t",
    b"\n .\n",
    b"\nPackage: other\n",
    b"\npackage: hello\n",
    b"\nFilename: pool/x.deb\n",
    b"\nSHA256: 0\n",
    b"\nSize: 1\n",
    b"\n#comment\n",
    b"\n-Field: x\n",
    b": ",
    b" (>= 1)",
    b" | ",
    b", ",
    b":any",
    b" [amd64]",
    b" <!nocheck>",
    b"2147483648:",
    b"~",
    b"\xef\xbb\xbf",
    b"\xc2\xa0",
    b"\xe2\x80\xae",
    b"\xc2\x85",
];

impl FuzzTarget for ControlTarget {
    fn name(&self) -> &'static str {
        "control"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![CONTROL.as_bytes().to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let limits = Limits::default();
        let package = match BinaryPackage::parse(input, &limits) {
            Ok(package) => package,
            Err(error @ ControlError::Ambiguous(_)) => return Err(error.to_string()),
            Err(_) => return Ok(ParserVerdict::Refused),
        };
        let control = package.control();
        let again = BinaryPackage::parse(control.as_bytes(), &limits)
            .map_err(|error| format!("its own text is refused: {error}"))?;
        must(again.control() == control, || {
            format!("its text changes when read again: {control}")
        })?;
        for description in [DescriptionForm::Full, DescriptionForm::Synopsis] {
            check_index(&package, description)?;
        }
        Ok(ParserVerdict::Accepted)
    }
}

/// In an index the stanza is one stanza, and says of the file what the archive said.
fn check_index(package: &BinaryPackage, description: DescriptionForm) -> Result<(), String> {
    let placement = Placement {
        filename: "pool/main/h/hello/hello.deb",
        size: 4711,
        md5: Some(Md5::from_bytes([1; 16])),
        sha256: Some(Sha256::from_bytes([2; 32])),
        section: Some("net"),
        priority: None,
        description,
    };
    let text = render(package.control(), &placement)
        .map_err(|error| format!("what was read cannot be rendered: {error}"))?;
    let index = format!("{text}\n{text}");
    let stanzas: Vec<_> = StanzaReader::new(&index)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("its index cannot be read: {error}"))?;
    must(stanzas.len() == 2, || {
        format!("{} stanzas instead of 2 in an index: {index}", stanzas.len())
    })?;
    for stanza in &stanzas {
        let entry =
            IndexEntry::from_stanza(stanza).map_err(|error| format!("no entry of an index: {error}"))?;
        let same = (&entry.name, &entry.version, &entry.architecture)
            == (package.name(), package.version(), package.architecture());
        must(same, || format!("another package in the index: {text}"))?;
        let same = (entry.filename, entry.size, Some(entry.sha256))
            == (placement.filename, placement.size, placement.sha256);
        must(same, || format!("another file in the index: {text}"))?;
        must(stanza.line("Section") == placement.section, || {
            format!("another section in the index: {text}")
        })?;
    }
    Ok(())
}

impl FuzzTarget for StanzasTarget {
    fn name(&self) -> &'static str {
        "stanza"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![CONTROL.as_bytes().to_vec(), [CONTROL; 2].join("\n").into_bytes()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(text) = std::str::from_utf8(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let mut verdict = ParserVerdict::Accepted;
        for stanza in StanzaReader::new(text) {
            match stanza {
                Ok(stanza) => check_lossless(&stanza)?,
                Err(_) => verdict = ParserVerdict::Refused,
            }
        }
        Ok(verdict)
    }
}

/// Fields written as they were read are the same fields of one stanza.
fn check_lossless(stanza: &Stanza<'_>) -> Result<(), String> {
    let text: String = stanza
        .fields()
        .iter()
        .map(|field| format!("{}:{}\n", field.name(), field.raw()))
        .collect();
    let again: Vec<_> = StanzaReader::new(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("its fields are refused: {error}: {text}"))?;
    let pairs = |stanza: &Stanza<'_>| -> Vec<(String, String)> {
        stanza
            .fields()
            .iter()
            .map(|field| (field.name().to_owned(), field.raw().to_owned()))
            .collect()
    };
    let same = matches!(again.as_slice(), [again] if pairs(again) == pairs(stanza));
    must(same, || format!("its fields change when read again: {text}"))
}
