//! A file of settings that is read again when it was changed, without a restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use debian_archive::config::{self, ConfigError};
use debian_archive::error_text::with_causes;
use serde::de::DeserializeOwned;

/// What a file in TOML says; without the file, its default.
pub(crate) trait FileContent: Default + DeserializeOwned {
    /// Checks what cannot be said by types, or says what is wrong.
    fn check(&self) -> Result<(), String>;

    /// Reads the file.
    fn read(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads its text; errors name `path`.
    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let read: Self = config::parse_toml(text, path)?;
        read.check().map_err(|message| ConfigError::Meaning {
            path: path.to_owned(),
            message,
        })?;
        Ok(read)
    }
}

/// A file of settings, as it is now.
pub(crate) struct WatchedFile<T> {
    path: PathBuf,
    loaded: Mutex<Loaded<T>>,
}

struct Loaded<T> {
    stamp: Stamp,
    content: Arc<T>,
}

/// What tells that a file was changed; `None`: there is none.
type Stamp = Option<(SystemTime, u64)>;

impl<T: FileContent> WatchedFile<T> {
    /// Reads the file for the first time.
    pub(crate) fn new(path: PathBuf) -> Result<Self, ConfigError> {
        let stamp = stamp(&path);
        let content = Arc::new(T::read(&path)?);
        Ok(Self {
            path,
            loaded: Mutex::new(Loaded { stamp, content }),
        })
    }

    /// Reads the file again when it was changed. One that cannot be used changes nothing. Blocking.
    pub(crate) fn reload(&self) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if stamp == loaded.stamp {
            return;
        }
        loaded.stamp = stamp;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match T::read(&self.path) {
            Ok(content) => {
                loaded.content = Arc::new(content);
                tracing::info!("{name} was reloaded");
            }
            Err(error) => {
                let error = with_causes(&error);
                tracing::error!(%error, "{name} cannot be used: its previous content stays in effect");
            }
        }
    }

    /// Returns what it says.
    pub(crate) fn content(&self) -> Arc<T> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.content.clone()
    }
}

/// A file that cannot be looked at is like one that is gone: reading it then says what is wrong.
fn stamp(path: &Path) -> Stamp {
    let found = path.metadata().ok()?;
    Some((found.modified().ok()?, found.len()))
}
