//! Distributions that need no description: what their archives are called, which suites belong together, and which file has their keys.

use std::path::{Path, PathBuf};

/// A distribution that is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Source: the Debian wiki, SourcesList, and the sources.list that Debian's installer writes.
    Debian,
    /// Source: the ubuntu.sources that Ubuntu's installer writes.
    Ubuntu,
}

/// A part of a distribution that has an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its root.
    pub url: String,
    /// Its suites.
    pub suites: Vec<String>,
}

/// Where the archives of a distribution are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archives {
    /// The root of its main archive.
    main: String,
    /// The root of the archive of security fixes, of Debian alone.
    security: String,
}

impl Archives {
    /// Takes the root of a main archive, beside which the mirrors of Debian have the security fixes.
    pub fn at(main: &str) -> Self {
        let main = main.trim_end_matches('/');
        Self {
            main: main.to_owned(),
            security: format!("{main}-security"),
        }
    }
}

/// Releases of Debian that have neither updates nor security fixes of their own.
const DEBIAN_MOVING: [&str; 4] = ["sid", "unstable", "experimental", "rc-buggy"];

impl Distribution {
    /// Returns the distribution of a name, if it is one that is known.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "debian" => Some(Self::Debian),
            "ubuntu" => Some(Self::Ubuntu),
            _ => None,
        }
    }

    /// Returns the name that it is known by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Ubuntu => "ubuntu",
        }
    }

    /// Returns an example of a release.
    pub fn example(self) -> &'static str {
        match self {
            Self::Debian => "trixie",
            Self::Ubuntu => "noble",
        }
    }

    /// Finds its archives among the addresses that a machine has; `None` where none is called as they are.
    pub fn archives<'a>(self, addresses: impl Iterator<Item = &'a str> + Clone) -> Option<Archives> {
        let called = |names: &[&str]| {
            let mut addresses = addresses.clone().map(|address| address.trim_end_matches('/'));
            addresses.find(|address| {
                let name = address.rsplit_once('/').map(|(_, name)| name);
                name.is_some_and(|name| names.contains(&name))
            })
        };
        let main = Archives::at(called(match self {
            Self::Debian => &["debian"],
            Self::Ubuntu => &["ubuntu", "ubuntu-ports"],
        })?);
        Some(match called(&["debian-security"]) {
            Some(security) => Archives {
                security: security.to_owned(),
                ..main
            },
            None => main,
        })
    }

    /// Returns the addresses and suites of a release with its updates.
    pub fn parts(self, release: &str, archives: &Archives) -> Vec<Part> {
        let part = |url: &str, suffixes: &[&str]| Part {
            url: url.to_owned(),
            suites: suffixes
                .iter()
                .map(|suffix| format!("{release}{suffix}"))
                .collect(),
        };
        match self {
            Self::Debian if DEBIAN_MOVING.contains(&release) => vec![part(&archives.main, &[""])],
            Self::Debian => vec![
                part(&archives.main, &["", "-updates"]),
                part(&archives.security, &["-security"]),
            ],
            Self::Ubuntu => vec![part(&archives.main, &["", "-updates", "-security"])],
        }
    }

    /// Returns the components that are taken when none are named.
    pub fn components(self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["main"],
            Self::Ubuntu => &["main", "universe"],
        }
    }

    /// Returns the package that has its keys, on Debian and on Ubuntu.
    pub fn keyring_package(self) -> &'static str {
        match self {
            Self::Debian => "debian-archive-keyring",
            Self::Ubuntu => "ubuntu-keyring",
        }
    }

    /// Returns the folder of that package in its archive, for machines that do not have it.
    pub fn keyring_folder(self) -> &'static str {
        match self {
            Self::Debian => "pool/main/d/debian-archive-keyring/",
            Self::Ubuntu => "pool/main/u/ubuntu-keyring/",
        }
    }

    /// Returns the file with its keys on the machine below `root`, if it is there.
    pub fn keyring(self, root: &Path) -> Option<PathBuf> {
        let name = match self {
            Self::Debian => "debian-archive-keyring",
            Self::Ubuntu => "ubuntu-archive-keyring",
        };
        // Debian 13 and later have both, the second as a link.
        let mut files = ["pgp", "gpg"]
            .into_iter()
            .map(|ending| root.join(format!("usr/share/keyrings/{name}.{ending}")));
        files.find(|file| file.is_file())
    }

    /// Returns the release that a machine runs, by its os-release, if it is one of this distribution. Source: os-release(5).
    pub fn release_of(self, os_release: &str) -> Option<String> {
        let value = |key: &str| {
            let mut lines = os_release.lines();
            let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(value.trim_matches(['"', '\'']).to_owned())
        };
        (value("ID")? == self.name()).then(|| value("VERSION_CODENAME"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suites(distribution: Distribution, release: &str, addresses: &[&str]) -> Vec<String> {
        let archives = distribution.archives(addresses.iter().copied()).unwrap();
        let each = distribution
            .parts(release, &archives)
            .into_iter()
            .map(|part| format!("{} {}", part.url, part.suites.join(" ")));
        each.collect()
    }

    #[test]
    fn a_release_comes_with_its_updates_and_security_fixes() {
        let both = [
            "https://example.org/apt",
            "http://mirror.example.org/debian/",
            "http://security.example.org/debian-security",
        ];
        assert_eq!(
            suites(Distribution::Debian, "trixie", &both),
            [
                "http://mirror.example.org/debian trixie trixie-updates",
                "http://security.example.org/debian-security trixie-security"
            ]
        );
        assert_eq!(
            suites(Distribution::Debian, "sid", &both),
            ["http://mirror.example.org/debian sid"]
        );
        assert_eq!(
            suites(
                Distribution::Ubuntu,
                "noble",
                &["http://mirror.example.org/ubuntu-ports"]
            ),
            ["http://mirror.example.org/ubuntu-ports noble noble-updates noble-security"]
        );
    }

    #[test]
    fn security_fixes_of_debian_are_beside_its_main_archive_unless_they_are_known() {
        assert_eq!(
            suites(Distribution::Debian, "trixie", &["http://example.org/pub/debian"]),
            [
                "http://example.org/pub/debian trixie trixie-updates",
                "http://example.org/pub/debian-security trixie-security"
            ]
        );
    }

    #[test]
    fn an_archive_of_another_name_is_not_taken_for_that_of_a_distribution() {
        let others = [
            "http://example.org/debian-backports",
            "http://debian/apt",
            "debian",
        ];
        assert_eq!(Distribution::Debian.archives(others.into_iter()), None);
        assert_eq!(
            Distribution::Ubuntu.archives(["http://example.org/debian"].into_iter()),
            None
        );
    }

    #[test]
    fn the_keys_of_either_ending_are_found_and_the_newer_first() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Distribution::Debian.keyring(root.path()), None);
        let folder = root.path().join("usr/share/keyrings");
        std::fs::create_dir_all(&folder).unwrap();
        for ending in ["gpg", "pgp"] {
            let file = folder.join(format!("debian-archive-keyring.{ending}"));
            std::fs::write(&file, "").unwrap();
            assert_eq!(Distribution::Debian.keyring(root.path()), Some(file));
        }
    }

    #[test]
    fn the_release_of_a_machine_counts_for_its_own_distribution_only() {
        let text = "PRETTY_NAME=\"Ubuntu 24.04\"\nID=ubuntu\nVERSION_CODENAME=noble\n";
        assert_eq!(Distribution::Ubuntu.release_of(text), Some("noble".to_owned()));
        assert_eq!(Distribution::Debian.release_of(text), None);
        assert_eq!(Distribution::Debian.release_of("ID=debian\n"), None);
    }
}
