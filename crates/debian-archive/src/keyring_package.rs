//! The package that brings an archive's keys to machines: `NAME-archive-keyring`.
//!
//! A machine that has it learns a new key as it learns of any other package, by an upgrade, while the old key still
//! signs. Pure: keys and settings come in, the bytes of a `.deb` come out, and equal input gives equal bytes.

use std::collections::BTreeSet;

use debian_control::digest::md5;
use debian_control::name::PackageName;
use debian_control::release::{format_date, format_iso};
use debian_control::version::Version;
use debian_deb::build::{DebBuilder, compress};
use debian_deb::compression::Compression;
use openpgp_policy::Keyring;

use crate::config::{Config, Suite};
use crate::publish::{SignedBy, sources_entry};

/// How many keyrings may begin on one day.
const MAX_OF_A_DAY: u32 = 1000;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum KeyringPackageError {
    /// The name cannot begin a package's.
    #[error(
        "`{name}` cannot begin the name of a package: expected lower-case letters, digits, `+`, `-` and `.`"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// The address is not one that a package may have.
    #[error("`{0}` is not a maintainer: expected `NAME <ADDRESS@HOST>` in one line")]
    Maintainer(String),
    /// A suite has no address to fetch it from.
    #[error("there is no `url` in repogen.toml, so that no entry for apt can be written for suite `{0}`")]
    NoUrl(String),
    /// A package of the name is newer than any that this day may make.
    #[error(
        "the archive has version `{newest}` of `{name}` already, newer than every version of {day}: expected one that is made of a date"
    )]
    Newer {
        /// The package.
        name: PackageName,
        /// Its newest version.
        newest: Version,
        /// The day of the newest key.
        day: String,
    },
}

/// A package to be made.
#[derive(Debug)]
pub struct KeyringPackage {
    name: PackageName,
    keyring: Keyring,
    maintainer: String,
    label: String,
    /// Name and text of the entries for apt.
    sources: Vec<(String, String)>,
}

/// A package that was made.
#[derive(Debug)]
pub struct BuiltKeyringPackage {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The `.deb` file.
    pub bytes: Vec<u8>,
}

impl KeyringPackage {
    /// Describes a package `PREFIX-archive-keyring` with these keys, and with an entry for apt for each of `suites`.
    pub fn new(
        prefix: &str,
        maintainer: &str,
        keyring: &Keyring,
        config: &Config,
        suites: &[&Suite],
    ) -> Result<Self, KeyringPackageError> {
        let name = package_name(prefix)?;
        check_maintainer(maintainer)?;
        let installed = format!("/{}", keyring_path(&name));
        let entry = |suite: &&Suite| {
            let url = config
                .tree_url(suite)
                .ok_or_else(|| KeyringPackageError::NoUrl(suite.codename.to_string()))?;
            let text = sources_entry(&url, suite, SignedBy::File(&installed));
            Ok((format!("{}.sources", suite.codename), text))
        };
        Ok(Self {
            keyring: keyring.clone(),
            maintainer: maintainer.to_owned(),
            label: config.label.clone(),
            sources: suites.iter().map(entry).collect::<Result<_, _>>()?,
            name,
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// Builds the package under the version that comes after those in `known`, versions and files of this name.
    ///
    /// The version is the day of the newest key or self-signature, as `2026.11.27`. Where the archive has other content
    /// under it, as when a key was taken out, a counter follows: `2026.11.27.1`. What is in the archive as it would be
    /// built keeps its version.
    pub fn build(&self, known: &[KnownVersion]) -> Result<BuiltKeyringPackage, KeyringPackageError> {
        let certificates = self.keyring.certificates().iter();
        let changed = certificates.map(|certificate| certificate.changed()).max();
        let changed = changed.expect("a keyring has a certificate");
        let day = format_iso(changed).chars().take(10).collect::<String>();
        let base = day.replace('-', ".");
        let newest = known.iter().max_by(|a, b| a.version.cmp(&b.version));
        for count in 0..MAX_OF_A_DAY {
            let text = match count {
                0 => base.clone(),
                count => format!("{base}.{count}"),
            };
            let version: Version = text.parse().expect("a date and a counter are a version");
            if newest.is_some_and(|newest| version < newest.version) {
                continue;
            }
            let bytes = self.build_as(&text, changed);
            let taken = newest.filter(|newest| newest.version == version);
            if taken.is_none_or(|known| known.sha256 == debian_control::digest::sha256(&bytes)) {
                return Ok(BuiltKeyringPackage {
                    name: self.name.clone(),
                    version,
                    bytes,
                });
            }
        }
        Err(KeyringPackageError::Newer {
            name: self.name.clone(),
            newest: newest.expect("without one the first is taken").version.clone(),
            day,
        })
    }

    fn build_as(&self, version: &str, changed: i64) -> Vec<u8> {
        let files = self.files(version, changed);
        let kibibytes = files
            .iter()
            .map(|(_, bytes)| bytes.len().div_ceil(1024))
            .sum::<usize>();
        let sums: String = files
            .iter()
            .map(|(path, bytes)| format!("{}  {path}\n", md5(bytes)))
            .collect();
        let description = format!(
            "keys of the archive {}\n The public keys that sign this archive, as files that apt's option\n Signed-By \
             names. An upgrade of this package brings new keys before old\n ones are retired.",
            self.label
        );
        let package = DebBuilder::new(self.name.as_str(), version, "all")
            .field("Maintainer", &self.maintainer)
            .field("Installed-Size", &kibibytes.to_string())
            .field("Section", "misc")
            .field("Priority", "optional")
            .field("Multi-Arch", "foreign")
            .field("Description", &description)
            .control_file("md5sums", sums.as_bytes());
        let add = |package: DebBuilder, (path, bytes): &(String, Vec<u8>)| package.file(path, bytes);
        files.iter().fold(package, add).build()
    }

    /// Returns the files of the package, each under its path without leading slash.
    fn files(&self, version: &str, changed: i64) -> Vec<(String, Vec<u8>)> {
        let name = &self.name;
        let mut files = vec![(keyring_path(name), self.keyring.to_binary())];
        // Not in /etc/apt/sources.list.d: a machine that was set up by the archive's own entry has the source already,
        // and apt refuses two entries for one source that name different keys.
        for (file, text) in &self.sources {
            files.push((format!("usr/share/{name}/{file}"), text.clone().into_bytes()));
        }
        let docs = format!("usr/share/doc/{name}");
        let changelog = compress(Compression::Gzip, self.changelog(version, changed).as_bytes());
        files.push((format!("{docs}/changelog.gz"), changelog));
        files.push((format!("{docs}/copyright"), self.copyright(changed).into_bytes()));
        files
    }

    fn changelog(&self, version: &str, changed: i64) -> String {
        let keys: BTreeSet<String> = self
            .keyring
            .fingerprints()
            .iter()
            .map(ToString::to_string)
            .collect();
        let keys: String = keys.iter().map(|key| format!("    - {key}\n")).collect();
        format!(
            "{} ({version}) stable; urgency=medium\n\n  * The keys that sign the archive:\n{keys}\n -- {}  {}\n",
            self.name,
            self.maintainer,
            format_date(changed).replace("UTC", "+0000")
        )
    }

    fn copyright(&self, changed: i64) -> String {
        let year: String = format_iso(changed).chars().take(4).collect();
        format!(
            "This package was made by repogen from the public keys of the archive {}.\n\nCopyright: {year} {}\n\n\
             The keys and this package may be copied, changed and used by anybody, for any purpose.\n",
            self.label, self.maintainer
        )
    }
}

/// A version of the package that the archive has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownVersion {
    /// The version.
    pub version: Version,
    /// The digest of its file.
    pub sha256: debian_control::digest::Sha256,
}

/// Returns where the keyring is on a machine, without leading slash.
fn keyring_path(name: &PackageName) -> String {
    format!("usr/share/keyrings/{name}.pgp")
}

/// Returns what begins the name of the package of an archive with this origin, as `example-corp` for `Example Corp.`.
pub fn default_prefix(origin: &str) -> String {
    let words = origin.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

/// Returns the name of the package, one that the archive takes: dpkg accepts more.
fn package_name(prefix: &str) -> Result<PackageName, KeyringPackageError> {
    let name: Result<PackageName, _> = format!("{prefix}-archive-keyring").parse();
    name.ok()
        .filter(|name| name.check_policy().is_ok())
        .ok_or_else(|| KeyringPackageError::Name {
            name: prefix.escape_debug().to_string(),
        })
}

fn check_maintainer(maintainer: &str) -> Result<(), KeyringPackageError> {
    let address = maintainer
        .strip_suffix('>')
        .and_then(|rest| rest.split_once(" <"))
        .filter(|(name, _)| !name.is_empty() && !name.contains(['<', '>', ',']));
    let valid = !maintainer.contains(char::is_control)
        && address.is_some_and(|(_, address)| {
            let parts = address.split_once('@');
            !address.contains([' ', '<', '>', ','])
                && parts
                    .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
        });
    if valid {
        Ok(())
    } else {
        Err(KeyringPackageError::Maintainer(
            maintainer.escape_debug().to_string(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use debian_control::digest::sha256;

    use super::*;
    use crate::sign::keys::{self, NewKey};

    fn keyring(created: &[i64]) -> Keyring {
        let mut keyring = Keyring::default();
        for created in created {
            let new = NewKey {
                user_id: "Example archive signing key",
                created: *created,
                expires: None,
            };
            let key = keys::generate(&new, keys::OsRng).unwrap();
            keyring.insert(key.certificate().clone());
        }
        keyring
    }

    fn package(keyring: &Keyring) -> KeyringPackage {
        let text = "url = \"https://apt.example.org\"\n[[suite]]\ncodename = \"stable\"\n";
        let config = Config::parse(text, Path::new("repogen.toml")).unwrap();
        let suites: Vec<&Suite> = config.suites.iter().collect();
        KeyringPackage::new("example", "Example <apt@example.org>", keyring, &config, &suites).unwrap()
    }

    fn known(built: &BuiltKeyringPackage) -> KnownVersion {
        KnownVersion {
            version: built.version.clone(),
            sha256: sha256(&built.bytes),
        }
    }

    #[test]
    fn the_version_is_the_day_of_the_newest_key() {
        let built = package(&keyring(&[1_700_000_000, 1_600_000_000]))
            .build(&[])
            .unwrap();
        assert_eq!(built.version.to_string(), "2023.11.14");
    }

    #[test]
    fn a_keyring_that_changed_on_its_day_has_a_higher_version_and_one_that_did_not_keeps_it() {
        let both = package(&keyring(&[1_700_000_000, 1_700_000_001]));
        let first = both.build(&[]).unwrap();
        assert_eq!(both.build(&[known(&first)]).unwrap().version, first.version);
        let other = package(&keyring(&[1_700_000_001]))
            .build(&[known(&first)])
            .unwrap();
        assert_eq!(other.version.to_string(), "2023.11.14.1");
        // Back to the first keys: the version rises all the same, or nobody upgrades.
        let back = both.build(&[known(&first), known(&other)]).unwrap();
        assert_eq!(back.version.to_string(), "2023.11.14.2");
    }

    #[test]
    fn a_version_that_no_date_reaches_is_an_error() {
        let newest = KnownVersion {
            version: "1:1".parse().unwrap(),
            sha256: sha256(b""),
        };
        let error = package(&keyring(&[1_700_000_000])).build(&[newest]).unwrap_err();
        assert!(error.to_string().contains("`1:1`"), "{error}");
    }

    #[test]
    fn a_maintainer_is_a_name_and_an_address_in_one_line() {
        assert!(check_maintainer("Example <apt@example.org>").is_ok());
        for wrong in [
            "",
            "Example",
            "<a@b>",
            "Example <a>",
            "A\nDepends: x <a@b>",
            "A <a@b>, B <b@c>",
            "A <a@b@c>",
        ] {
            assert!(check_maintainer(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_name_is_one_that_the_archive_takes() {
        assert!(package_name("example.org+x").is_ok());
        for wrong in ["", "Example", "a_b", "../x", "a/b", "-a", "a b", "a\n", "\u{e9}"] {
            assert!(package_name(wrong).is_err(), "{wrong:?}");
        }
        let long = "a".repeat(300);
        assert!(package_name(&long).is_err());
    }

    #[test]
    fn an_origin_gives_the_beginning_of_a_name() {
        assert_eq!(default_prefix("Example Corp., Ltd"), "example-corp-ltd");
        assert_eq!(default_prefix("Ö"), "");
    }
}
