//! The sources of apt: lines of a `sources.list`, and stanzas of a `.sources` file.
//!
//! Source: sources.list(5).

use std::path::PathBuf;

use debian_control::stanza::{Stanza, StanzaError, StanzaReader};
use openpgp_policy::Fingerprint;

/// One entry for binary packages, in either of apt's two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AptSource {
    /// Roots; each is an archive of its own.
    pub urls: Vec<String>,
    /// Suites, or folders that stand by themselves.
    pub suites: Vec<String>,
    /// Components.
    pub components: Vec<String>,
    /// Architectures; the machine's own when empty.
    pub architectures: Vec<String>,
    /// Which keys may sign; any that apt trusts when empty.
    pub signed_by: Vec<SignedBy>,
    /// Whether `Valid-Until` counts.
    pub check_valid_until: bool,
}

/// What says which keys may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedBy {
    /// A file of keys.
    File(PathBuf),
    /// A key among those that are known anyway.
    Fingerprint(Fingerprint),
    /// The keys themselves, armoured.
    Keys(String),
}

/// Why an entry cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AptSourceError {
    /// Options begin and do not end.
    #[error("its `[` has no `]`")]
    OpenBracket,
    /// An option has no value.
    #[error("option `{0}` has no `=`")]
    NoValue(String),
    /// There is no address.
    #[error("it has no address")]
    NoAddress,
    /// There is no suite.
    #[error("it has no suite")]
    NoSuite,
    /// There is no component, and a suite that has components.
    #[error("it has no component, and suite `{0}` does not end in `/`")]
    NoComponent(String),
    /// It does not begin as a line does.
    #[error("it begins with neither `deb` nor `deb-src`")]
    NoType,
    /// Keys are named in a way that has no meaning.
    #[error("`signed-by` `{0}` is neither an absolute path nor a fingerprint")]
    SignedBy(String),
    /// No signature is wanted.
    #[error(
        "an archive without a signature is not accepted: name its key with `signed-by` instead of `trusted=yes`"
    )]
    Trusted,
    /// Something that would change which packages there are.
    #[error("`{0}` is not supported")]
    Unsupported(String),
    /// It cannot be read.
    #[error(transparent)]
    Stanza(#[from] StanzaError),
}

/// Returns the entries of a file, by its name: stanzas in `.sources`, lines in any other. What a file has besides, such as sources
/// of source packages and entries that are turned off, is left out.
pub fn read(name: &str, text: &str) -> Vec<Result<AptSource, AptSourceError>> {
    let read = match name.ends_with(".sources") {
        true => stanzas(text),
        false => text.lines().filter_map(|read| line(read).transpose()).collect(),
    };
    read.into_iter()
        .map(|source| source.and_then(AptSource::with_components))
        .collect()
}

/// Reads a line of a sources.list; `None` when it has no entry for binary packages.
///
/// # Errors
/// When it cannot be read, or cannot be used.
pub fn line(text: &str) -> Result<Option<AptSource>, AptSourceError> {
    let text = text.split('#').next().unwrap_or_default().trim();
    let (kind, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    match kind {
        "" | "deb-src" => return Ok(None),
        "deb" => {}
        _ => return Err(AptSourceError::NoType),
    }
    let mut source = AptSource::empty();
    let mut rest = rest.trim();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options.split_once(']').ok_or(AptSourceError::OpenBracket)?;
        for option in options.split_whitespace() {
            let (key, value) = option
                .split_once('=')
                .ok_or_else(|| AptSourceError::NoValue(option.to_owned()))?;
            source.option(&key.to_ascii_lowercase(), &value.replace(',', " "))?;
        }
        rest = after.trim();
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    source.urls.extend(words.next());
    source.suites.extend(words.next());
    source.components.extend(words);
    source.checked().map(Some)
}

/// Reads the stanzas of a `.sources` file.
fn stanzas(text: &str) -> Vec<Result<AptSource, AptSourceError>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let text = lines.collect::<Vec<_>>().join("\n");
    StanzaReader::new(&text)
        .map(|read| stanza(&read?))
        .filter_map(Result::transpose)
        .collect()
}

fn stanza(stanza: &Stanza<'_>) -> Result<Option<AptSource>, AptSourceError> {
    let words = |field: &str| -> Vec<String> {
        let value = stanza.get(field).map(|field| field.value()).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    if is_no(stanza.line("Enabled").unwrap_or_default()) || !words("Types").iter().any(|word| word == "deb") {
        return Ok(None);
    }
    let mut source = AptSource {
        urls: words("URIs"),
        suites: words("Suites"),
        components: words("Components"),
        ..AptSource::empty()
    };
    let options = [
        ("architectures", "arch"),
        ("architectures-add", "arch+"),
        ("architectures-remove", "arch-"),
        ("check-valid-until", "check-valid-until"),
        ("check-date", "check-date"),
        ("valid-until-min", "valid-until-min"),
        ("valid-until-max", "valid-until-max"),
        ("date-max-future", "date-max-future"),
        ("trusted", "trusted"),
        ("snapshot", "snapshot"),
    ];
    for (field, option) in options {
        if let Some(field) = stanza.get(field) {
            source.option(option, field.value())?;
        }
    }
    if let Some(field) = stanza.get("Signed-By") {
        if field.value().contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            source.signed_by.push(SignedBy::Keys(unfolded(field.value())));
        } else {
            source.option("signed-by", &field.value().replace(',', " "))?;
        }
    }
    source.checked().map(Some)
}

/// Returns a text as it was before it became the value of a field: without the blank of each line, and empty lines without dot.
fn unfolded(value: &str) -> String {
    let lines = value.lines().map(|line| match line.trim() {
        "." => "",
        line => line,
    });
    lines.collect::<Vec<_>>().join("\n").trim_start().to_owned() + "\n"
}

impl AptSource {
    fn empty() -> Self {
        Self {
            urls: Vec::new(),
            suites: Vec::new(),
            components: Vec::new(),
            architectures: Vec::new(),
            signed_by: Vec::new(),
            check_valid_until: true,
        }
    }

    /// Takes an option by its name in a line. What says how apt fetches, or what it fetches besides packages, has no meaning here.
    fn option(&mut self, key: &str, value: &str) -> Result<(), AptSourceError> {
        match key {
            "arch" => self
                .architectures
                .extend(value.split_whitespace().map(str::to_owned)),
            "signed-by" => {
                for word in value.split_whitespace() {
                    self.signed_by.push(signed_by(word)?);
                }
            }
            "check-valid-until" => self.check_valid_until = !is_no(value),
            "trusted" if is_yes(value) => return Err(AptSourceError::Trusted),
            // Without them, what apt refuses would be taken here, or the other way round.
            "arch+" | "arch-" | "valid-until-min" | "valid-until-max" | "date-max-future" => {
                return Err(AptSourceError::Unsupported(key.to_owned()));
            }
            "check-date" if is_no(value) => {
                return Err(AptSourceError::Unsupported("check-date=no".to_owned()));
            }
            "snapshot" if !matches!(value.trim(), "enable" | "disable") => {
                return Err(AptSourceError::Unsupported(format!("snapshot={}", value.trim())));
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses what has no component, and is not a folder that stands by itself: apt takes it for malformed.
    fn with_components(self) -> Result<Self, AptSourceError> {
        let has_some = !self.components.is_empty();
        let suite = self.suites.iter().find(|suite| !suite.ends_with('/'));
        match suite.filter(|_| !has_some) {
            Some(suite) => Err(AptSourceError::NoComponent(suite.clone())),
            None => Ok(self),
        }
    }

    fn checked(self) -> Result<Self, AptSourceError> {
        if self.urls.is_empty() {
            return Err(AptSourceError::NoAddress);
        }
        if self.suites.is_empty() {
            return Err(AptSourceError::NoSuite);
        }
        Ok(self)
    }
}

fn signed_by(word: &str) -> Result<SignedBy, AptSourceError> {
    if word.starts_with('/') {
        return Ok(SignedBy::File(word.into()));
    }
    // With `!`, apt takes no subkey of it; here only keys that may sign count anyway.
    let digits = word.strip_suffix('!').unwrap_or(word);
    let fingerprint = digits
        .parse()
        .map_err(|_| AptSourceError::SignedBy(word.to_owned()))?;
    Ok(SignedBy::Fingerprint(fingerprint))
}

/// Source: apt's `StringToBool`.
fn is_no(value: &str) -> bool {
    let words = ["no", "false", "without", "off", "disable", "0"];
    words.contains(&value.trim().to_ascii_lowercase().as_str())
}

fn is_yes(value: &str) -> bool {
    let words = ["yes", "true", "with", "on", "enable", "1"];
    words.contains(&value.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(url: &str, suites: &[&str], components: &[&str]) -> AptSource {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        AptSource {
            urls: vec![url.to_owned()],
            suites: owned(suites),
            components: owned(components),
            ..AptSource::empty()
        }
    }

    fn one(text: &str) -> AptSource {
        line(text).unwrap().unwrap()
    }

    #[test]
    fn a_line_has_options_an_address_a_suite_and_components() {
        assert_eq!(
            one(
                "deb\t[ arch=amd64,i386 signed-by=/k.gpg check-valid-until=no lang=de ]  http://h/d  sid  main contrib # mine"
            ),
            AptSource {
                architectures: vec!["amd64".to_owned(), "i386".to_owned()],
                signed_by: vec![SignedBy::File("/k.gpg".into())],
                check_valid_until: false,
                ..source("http://h/d", &["sid"], &["main", "contrib"])
            }
        );
        assert_eq!(one("deb file:/a ./"), source("file:/a", &["./"], &[]));
    }

    #[test]
    fn only_lines_for_binary_packages_are_entries() {
        for text in ["", "  # deb http://h sid main", "deb-src http://h/d sid main"] {
            assert!(line(text).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_used_says_why() {
        for (text, why) in [
            ("deb [arch=amd64 http://h sid main", "its `[` has no `]`"),
            ("deb [trusted] http://h sid", "option `trusted` has no `=`"),
            ("deb", "it has no address"),
            ("deb http://h", "it has no suite"),
            ("rpm http://h sid main", "neither `deb` nor `deb-src`"),
            ("deb [trusted=YES] http://h sid main", "without a signature"),
            ("deb [signed-by=k.gpg] http://h sid main", "`k.gpg`"),
            ("deb [arch+=i386] http://h sid main", "`arch+` is not supported"),
            (
                "deb [valid-until-max=86400] http://h sid main",
                "`valid-until-max` is not supported",
            ),
            (
                "deb [check-date=no] http://h sid main",
                "`check-date=no` is not supported",
            ),
        ] {
            let error = line(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn an_entry_without_a_component_is_of_a_folder_that_stands_by_itself() {
        let refused = |name: &str, text: &str| read(name, text).remove(0).unwrap_err().to_string();
        let why = "it has no component, and suite `sid` does not end in `/`";
        assert_eq!(refused("a.list", "deb http://h/d sid"), why);
        let stanza = "Types: deb\nURIs: http://h/d\nSuites: ./ sid\n";
        assert_eq!(refused("a.sources", stanza), why);
        assert!(read("a.list", "deb http://h/d $(ARCH)/").remove(0).is_ok());
    }

    #[test]
    fn a_stanza_has_several_addresses_and_suites() {
        let text = "# Debian\nTypes: deb deb-src\nURIs: http://a/d http://b/d\nSuites: trixie\n trixie-updates\n\
            Components: main\nSigned-By: /a.pgp, /b.pgp\n#Enabled: no\nArchitectures: arm64\n\n\
            Types: deb-src\nURIs: http://a/d\nSuites: sid\nComponents: main\n\n\
            Enabled: no\nTypes: deb\nURIs: http://a/d\nSuites: sid\nComponents: main\n";
        let read: Vec<AptSource> = read("debian.sources", text)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let mut wanted = AptSource {
            architectures: vec!["arm64".to_owned()],
            signed_by: vec![SignedBy::File("/a.pgp".into()), SignedBy::File("/b.pgp".into())],
            ..source("http://a/d", &["trixie", "trixie-updates"], &["main"])
        };
        wanted.urls.push("http://b/d".to_owned());
        assert_eq!(read, [wanted]);
    }

    #[test]
    fn a_key_in_a_stanza_is_itself_again() {
        let text = "Types: deb\nURIs: http://a\nSuites: s\nComponents: c\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \
            .\n mDME\n -----END PGP PUBLIC KEY BLOCK-----\n";
        let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n";
        let read = read("x.sources", text).remove(0).unwrap();
        assert_eq!(read.signed_by, [SignedBy::Keys(key.to_owned())]);
    }
}
