//! `config.toml`: which archives are asked, and where packages go.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use apt_client::fetch::DownloadLimit;
use apt_client::lock::Lock;
use apt_client::private_file::replace_private;
use apt_client::source::SourceConfig;
use serde::{Deserialize, Serialize};

use crate::home::Home;

/// Most bytes of a configuration that are read.
const MAX_BYTES: u64 = 1 << 20;

/// What stands in `config.toml`; every value may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The API that `auth` and `admin` speak to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_url: Option<String>,
    /// An API token for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<String>,
    /// Where indexes and packages are kept; `cache` below the home when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_dir: Option<PathBuf>,
    /// Where packages are installed without root; `packages` below the home when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_dir: Option<PathBuf>,
    /// What counts as installed without root.
    #[serde(default, skip_serializing_if = "is_default")]
    pub base: Base,
    /// Most kB that come from archives in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_limit: Option<DownloadLimit>,
    /// The archives.
    #[serde(default, rename = "source", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceConfig>,
    /// Overrides of the above for this run; never written.
    #[serde(skip)]
    pub overrides: ConfigOverrides,
}

/// Values that override the configuration for one command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigOverrides {
    /// Overrides `cache_dir`.
    pub cache_dir: Option<PathBuf>,
    /// Overrides `install_dir`.
    pub install_dir: Option<PathBuf>,
    /// Overrides `base`.
    pub base: Option<Base>,
    /// Overrides `download_limit`.
    pub download_limit: Option<DownloadLimit>,
    /// No network is asked.
    pub offline: bool,
}

/// What of the host counts as installed without root.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Base {
    /// Nothing.
    #[serde(rename = "self")]
    #[default]
    Own,
    /// What the host's dpkg has.
    Host,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says something that has no meaning; the text names key and line.
    #[error("`{}`, line {line}: {wrong}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// What is wrong.
        wrong: String,
    },
    /// Others may read the token in it.
    #[error("`{}` has a token in it and others may read it (mode {mode:o}): `chmod 600` it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Config {
    /// Reads the configuration of a home; one that is not there is empty.
    pub fn read(home: &Home) -> Result<Self, ConfigError> {
        let path = home.config_file();
        let read = |source| ConfigError::Read {
            path: path.clone(),
            source,
        };
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            metadata => metadata.map_err(read)?,
        };
        if metadata.len() > MAX_BYTES {
            return Err(read(io::Error::other("it is larger than 1 MiB")));
        }
        let bytes = fs::read(&path).map_err(read)?;
        let config = Self::parse(text(&bytes, &path)?, &path)?;
        let mode = metadata.permissions().mode() & 0o777;
        if config.auth_token.is_some() && mode & 0o077 != 0 {
            // Whoever wrote it by hand is better helped than turned away.
            let private = fs::set_permissions(&path, Permissions::from_mode(0o600));
            private.map_err(|_| ConfigError::Open { path, mode })?;
        }
        Ok(config)
    }

    /// Parses the text of a configuration; `path` is named in errors.
    ///
    /// # Errors
    /// When it is not TOML with the keys and values that docs/reference/cpkgs.md lists.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            ConfigError::Parse {
                path: path.to_owned(),
                line: line_at(text.as_bytes(), start),
                wrong: error.message().replace('\n', ", "),
            }
        })
    }

    /// Changes what is configured, as it is by now: what other processes have changed meanwhile stays.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn change(&mut self, home: &Home, change: impl FnOnce(&mut Self)) -> Result<(), ConfigError> {
        let path = home.config_file();
        let _lock =
            Lock::take(home.folder(), |_| {}).map_err(|source| ConfigError::Write { path, source })?;
        let overrides = std::mem::take(&mut self.overrides);
        *self = Self::read(home)?;
        change(self);
        self.overrides = overrides;
        self.write(home)
    }

    /// Writes the configuration, 0600, in one step: a reader sees the old or the new one.
    pub fn write(&self, home: &Home) -> Result<(), ConfigError> {
        let path = home.config_file();
        replace_private(&path, self.to_toml().as_bytes())
            .map_err(|source| ConfigError::Write { path, source })
    }

    /// Returns the text that [`Config::parse`] reads as this configuration.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every value of a configuration can be written as TOML")
    }

    /// Returns where indexes and packages are kept.
    pub fn cache(&self, home: &Home) -> PathBuf {
        let given = self.overrides.cache_dir.as_deref();
        below(home, given.or(self.cache_dir.as_deref()), "cache")
    }

    /// Returns where packages are installed without root.
    pub fn install(&self, home: &Home) -> PathBuf {
        let given = self.overrides.install_dir.as_deref();
        below(home, given.or(self.install_dir.as_deref()), "packages")
    }

    /// Returns what counts as installed without root.
    pub fn base(&self) -> Base {
        self.overrides.base.unwrap_or(self.base)
    }

    /// Returns how many kB may come from archives in a second.
    pub fn download_limit(&self) -> Option<DownloadLimit> {
        self.overrides.download_limit.or(self.download_limit)
    }
}

/// Returns the text of a configuration; `path` is named in errors.
fn text<'b>(bytes: &'b [u8], path: &Path) -> Result<&'b str, ConfigError> {
    std::str::from_utf8(bytes).map_err(|error| ConfigError::Parse {
        path: path.to_owned(),
        line: line_at(bytes, error.valid_up_to()),
        wrong: "expected UTF-8".to_owned(),
    })
}

/// Returns the number of the line that a byte stands in.
fn line_at(bytes: &[u8], place: usize) -> usize {
    bytes.iter().take(place).filter(|byte| **byte == b'\n').count() + 1
}

fn below(home: &Home, given: Option<&Path>, default: &str) -> PathBuf {
    home.folder().join(given.unwrap_or(Path::new(default)))
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path().to_owned()), None, Path::new("/")).unwrap();
        (folder, home)
    }

    #[test]
    fn a_configuration_that_is_written_is_read_again_and_is_private() {
        let (_folder, home) = home();
        let config = Config {
            auth_token: Some("rgt_x".to_owned()),
            base: Base::Host,
            download_limit: Some("500".parse().unwrap()),
            sources: vec![SourceConfig {
                url: "http://localhost:3000".to_owned(),
                mirrors: vec![],
                suites: vec!["stable".to_owned()],
                components: vec!["main".to_owned()],
                signed_by: "keyrings/example.pgp".to_owned(),
                architectures: vec![],
                check_valid_until: true,
                accept_undated: false,
                accept_codenames: vec![],
                priority: Some(100),
                user: None,
                password_file: None,
                password_command: None,
            }],
            ..Config::default()
        };
        config.write(&home).unwrap();
        assert_eq!(Config::read(&home).unwrap(), config);
        let mode = fs::metadata(home.config_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_a_command_is_told_counts_and_is_not_written() {
        let (_folder, home) = home();
        let mut config = Config {
            install_dir: Some(PathBuf::from("/configured")),
            ..Config::default()
        };
        config.overrides = ConfigOverrides {
            install_dir: Some(PathBuf::from("/given")),
            base: Some(Base::Host),
            ..ConfigOverrides::default()
        };
        assert_eq!(config.install(&home), Path::new("/given"));
        assert_eq!(config.cache(&home), home.folder().join("cache"));
        assert_eq!(config.base(), Base::Host);
        config.write(&home).unwrap();
        let read = Config::read(&home).unwrap();
        assert_eq!(read.install(&home), Path::new("/configured"));
        assert_eq!(read.base(), Base::Own);
    }

    #[test]
    fn a_token_that_others_may_read_is_taken_from_them() {
        let (_folder, home) = home();
        let config = Config {
            auth_token: Some("rgt_x".to_owned()),
            ..Config::default()
        };
        config.write(&home).unwrap();
        fs::set_permissions(home.config_file(), Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Config::read(&home).unwrap(), config);
        let mode = fs::metadata(home.config_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let (_folder, home) = home();
        fs::write(home.config_file(), "base = \"self\"\ncolour = true\n").unwrap();
        let text = Config::read(&home).unwrap_err().to_string();
        assert!(text.contains("line 2: unknown field `colour`"), "{text}");
    }

    #[test]
    fn what_is_no_text_is_wrong_in_its_line() {
        let (_folder, home) = home();
        fs::write(home.config_file(), b"base = \"self\"\ninstall_dir = \"\xff\"\n").unwrap();
        let error = Config::read(&home).unwrap_err();
        assert!(matches!(error, ConfigError::Parse { line: 2, .. }), "{error}");
        assert!(error.to_string().ends_with("line 2: expected UTF-8"), "{error}");
    }

    #[test]
    fn a_limit_that_is_too_small_is_named_with_its_line() {
        let text = Config::parse("download_limit = 1\n", Path::new("config.toml"));
        let text = text.unwrap_err().to_string();
        assert!(text.contains("line 1: invalid limit of downloads"), "{text}");
    }
}
